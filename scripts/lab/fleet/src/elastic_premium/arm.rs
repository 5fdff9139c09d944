//! Azure Resource Manager, emulated: `GET` and `PATCH` of `{site}/config/web` with the bearer token of the app's identity.
//! A web page cannot use it: it does not know the token, and there is no CORS.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;

use super::configuration::{Change, Configuration, Refused};
use super::credentials::{Credentials, Unauthenticated};
use super::reply::{Reply, error, json_reply};
use crate::Fleet;

/// The emulated site. Except for the name, its id is fixed, because it belongs to no account.
pub(super) const SITE_ID: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/\
    Microsoft.Web/sites/elastic-visits";
const SITE_NAME: &str = "elastic-visits";

/// A request to ARM.
pub(super) struct ArmRequest {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    /// `None` if it was too large or did not arrive.
    pub(super) body: Option<Bytes>,
}

pub(super) async fn answer(
    fleet: &Fleet,
    credentials: &Credentials,
    request: &ArmRequest,
) -> Reply {
    match credentials.check(&request.headers) {
        Ok(()) => {}
        Err(Unauthenticated::Missing) => {
            return error(
                StatusCode::UNAUTHORIZED,
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
            );
        }
        Err(Unauthenticated::Invalid) => {
            return error(
                StatusCode::UNAUTHORIZED,
                "InvalidAuthenticationToken",
                "The access token is invalid or expired.",
            );
        }
    }
    if let Err((code, message)) = check_version(&request.query) {
        return error(StatusCode::BAD_REQUEST, code, message);
    }
    // Names of resources are not case-sensitive.
    let configuration = format!("{SITE_ID}/config/web");
    if !request.path.eq_ignore_ascii_case(&configuration) {
        return error(
            StatusCode::NOT_FOUND,
            "ResourceNotFound",
            "The emulator has one resource only: the site in SCALER_SITE_ID with /config/web.",
        );
    }
    let change = match request.method {
        Method::GET => Ok(Change::default()),
        Method::PATCH => match &request.body {
            Some(body) => Change::parse(body),
            None => Err(Refused("The request content was not received.".to_owned())),
        },
        _ => {
            return error(
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                "The emulator accepts GET and PATCH only.",
            );
        }
    };
    let configured = match change {
        Ok(change) => fleet.configure(change).await,
        Err(refused) => Some(Err(refused)),
    };
    match configured {
        Some(Ok(configuration)) => json_reply(StatusCode::OK, &resource(configuration)),
        Some(Err(Refused(reason))) => error(StatusCode::BAD_REQUEST, "BadRequest", &reason),
        None => error(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "The fleet has ended.",
        ),
    }
}

/// Checks `api-version=YYYY-MM-DD`, which ARM requires in every request.
fn check_version(query: &str) -> Result<(), (&'static str, &'static str)> {
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    let Some((_, version)) = parameters.find(|(name, _)| name == "api-version") else {
        return Err((
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ));
    };
    let date = version.strip_suffix("-preview").unwrap_or(&version);
    let is_date = date.len() == 10
        && date.bytes().enumerate().all(|(place, letter)| match place {
            4 | 7 => letter == b'-',
            _ => letter.is_ascii_digit(),
        });
    is_date.then_some(()).ok_or((
        "InvalidApiVersionParameter",
        "The api-version is invalid; its form is YYYY-MM-DD, such as 2025-05-01.",
    ))
}

/// The part of the resource that is emulated.
fn resource(configuration: Configuration) -> serde_json::Value {
    json!({
        "id": format!("{SITE_ID}/config/web"),
        "name": SITE_NAME,
        "type": "Microsoft.Web/sites/config",
        "properties": {
            "minimumElasticInstanceCount": configuration.minimum,
            "functionAppScaleLimit": configuration.limit,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_version_is_a_date() {
        for query in [
            "api-version=2025-05-01",
            "a=b&api-version=2023-12-01-preview",
        ] {
            assert_eq!(check_version(query), Ok(()), "{query}");
        }
        for (query, code) in [
            ("", "MissingApiVersionParameter"),
            ("api_version=2025-05-01", "MissingApiVersionParameter"),
            ("api-version=", "InvalidApiVersionParameter"),
            ("api-version=latest", "InvalidApiVersionParameter"),
            ("api-version=2025-5-1", "InvalidApiVersionParameter"),
        ] {
            assert_eq!(check_version(query).expect_err(query).0, code);
        }
    }
}
