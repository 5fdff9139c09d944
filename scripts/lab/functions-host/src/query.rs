//! Query strings as the host passes them on without proxying: one value for each name (`HttpRequestExtensions.cs`,
//! `GetQueryCollectionAsDictionary`). Pure.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What `UrlEncoder.Default` escapes (`DefaultUrlEncoder.cs`).
pub(super) const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b';')
    .remove(b'@');

/// A parameter, decoded.
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// All its values except empty ones, joined by commas, as `StringValues` prints them.
    pub(crate) value: String,
    /// The last of its values.
    pub(crate) last: String,
}

/// The parameters in order. Names are compared without case.
pub(crate) fn parameters(query: &str) -> Vec<Parameter> {
    let mut places = HashMap::new();
    let mut parameters: Vec<Parameter> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let place = *places
            .entry(name.to_lowercase())
            .or_insert(parameters.len());
        let Some(parameter) = parameters.get_mut(place) else {
            parameters.push(Parameter {
                name: name.into_owned(),
                value: value.clone().into_owned(),
                last: value.into_owned(),
            });
            continue;
        };
        if !value.is_empty() && !parameter.value.is_empty() {
            parameter.value.push(',');
        }
        parameter.value.push_str(&value);
        parameter.last = value.into_owned();
    }
    parameters
}

/// The first value of a parameter, with its name in any case, decoded.
pub fn parameter<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// Appends a query with these parameters to `target` (`QueryHelpers.AddQueryString`).
pub(crate) fn append(target: &mut String, parameters: &[Parameter]) {
    for (number, Parameter { name, value, .. }) in parameters.iter().enumerate() {
        target.push(if number == 0 { '?' } else { '&' });
        // Writing to a string cannot fail.
        let _ = write!(
            target,
            "{}={}",
            utf8_percent_encode(name, ESCAPED),
            utf8_percent_encode(value, ESCAPED)
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rebuilt(query: &str) -> String {
        let mut target = String::new();
        append(&mut target, &parameters(query));
        target
    }

    /// `HttpRequestExtensionsTest.cs`; `QueryHelpers.AddQueryString` and `StringValues` of ASP.NET Core.
    #[test]
    fn repeated_names_become_one_value() {
        for (query, expected) in [
            ("", ""),
            ("a=1&a=2", "?a=1,2"),
            ("a=1&A=2&b=3", "?a=1,2&b=3"),
            ("a=1&b=2&a=3", "?a=1,3&b=2"),
            ("b", "?b="),
            ("c=", "?c="),
            ("a=&a=2&a", "?a=2"),
            ("=x", "?=x"),
            ("&&", ""),
            ("name=Ink%20And+Toner", "?name=Ink%20And%20Toner"),
            ("x=a/b?c:d&y=%26%3D%2B", "?x=a%2Fb%3Fc%3Ad&y=%26%3D%2B"),
            ("z=-._~!$()*,;@", "?z=-._~!$()*,;@"),
            ("ä=%C3%A4", "?%C3%A4=%C3%A4"),
        ] {
            assert_eq!(rebuilt(query), expected, "{query}");
        }
    }

    proptest! {
        /// A rebuilt query does not change when it is rebuilt again.
        #[test]
        fn rebuilding_twice_changes_nothing(query in "[a-cA-C=&%+,0-9ä]{0,40}") {
            let once = rebuilt(&query);
            prop_assert_eq!(rebuilt(once.trim_start_matches('?')), once);
        }
    }
}
