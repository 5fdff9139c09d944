//! Query parameters by name. Each is checked separately, so that an error can name it.

use std::borrow::Cow;

use axum::http::Uri;

use super::Error;

/// The parameters of one request. Unknown names are ignored.
pub(super) struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    pub(super) fn of(uri: &'a Uri) -> Self {
        Self(form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).collect())
    }

    /// The value of `name`; `None` if it is absent.
    ///
    /// A repeated name is refused: it is unclear which value the caller means.
    pub(super) fn value(&self, name: &'static str) -> Result<Option<&str>, Error> {
        let mut values = self
            .0
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| &**value);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Error::Invalid {
                field: name,
                reason: "must be given only once".to_owned(),
            }),
            (value, None) => Ok(value),
        }
    }

    /// A whole number from `least` to `most`; `None` if it is absent.
    pub(super) fn whole(
        &self,
        name: &'static str,
        least: i64,
        most: i64,
    ) -> Result<Option<i64>, Error> {
        let Some(text) = self.value(name)? else {
            return Ok(None);
        };
        // The parser would also accept a sign.
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text
            .parse()
            .ok()
            .filter(|number| digits && (least..=most).contains(number));
        let refused = || Error::Invalid {
            field: name,
            reason: format!("must be a whole number from {least} to {most}"),
        };
        number.map(Some).ok_or_else(refused)
    }
}
