//! Azure Resource Manager, emulated: `GET` and `PATCH` of `{site}/config/web` with the bearer token of the app's identity.
//! A web page cannot use it: it does not know the token, and there is no CORS.

use bytes::Bytes;
use functions_host::{json_response, parameter};
use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::json;

use super::configuration::{Change, Configuration, Refused};
use super::credentials::Credentials;
use super::reply::{Reply, error};
use crate::Fleet;

/// The emulated site. Except for the name, its id is fixed, because it belongs to no account.
pub(super) const SITE_ID: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/\
    Microsoft.Web/sites/elastic-visits";
const SITE_NAME: &str = "elastic-visits";

/// Status, code, and message of an error.
type ArmError = (StatusCode, &'static str, String);

/// Responds to a request. The body is `None` if it was too large or did not arrive.
pub(super) async fn answer(
    fleet: &Fleet,
    credentials: &Credentials,
    parts: &Parts,
    body: Option<Bytes>,
) -> Reply {
    match configured(fleet, credentials, parts, body).await {
        Ok(configuration) => Ok(json_response(StatusCode::OK, &resource(configuration))),
        Err((status, code, message)) => error(status, code, &message),
    }
}

/// The configuration after the change that the request asks for.
async fn configured(
    fleet: &Fleet,
    credentials: &Credentials,
    parts: &Parts,
    body: Option<Bytes>,
) -> Result<Configuration, ArmError> {
    let refuse = |status, (code, message): (_, &str)| (status, code, message.to_owned());
    let bad = |Refused(reason)| (StatusCode::BAD_REQUEST, "BadRequest", reason);
    credentials
        .check(&parts.headers)
        .map_err(|why| refuse(StatusCode::UNAUTHORIZED, why))?;
    check_version(parts.uri.query().unwrap_or_default())
        .map_err(|why| refuse(StatusCode::BAD_REQUEST, why))?;
    // Names of resources are not case-sensitive.
    let configuration = format!("{SITE_ID}/config/web");
    if !parts.uri.path().eq_ignore_ascii_case(&configuration) {
        let message =
            "The emulator has one resource only: the site in SCALER_SITE_ID with /config/web.";
        return Err(refuse(StatusCode::NOT_FOUND, ("ResourceNotFound", message)));
    }
    let change = match parts.method {
        Method::GET => Change::default(),
        Method::PATCH => body
            .ok_or_else(|| Refused("The request content was not received.".to_owned()))
            .and_then(|body| Change::parse(&body))
            .map_err(bad)?,
        _ => {
            let message = "The emulator accepts GET and PATCH only.";
            return Err(refuse(
                StatusCode::METHOD_NOT_ALLOWED,
                ("MethodNotAllowed", message),
            ));
        }
    };
    let ended = ("ServiceUnavailable", "The fleet has ended.");
    let configured = fleet.configure(change).await;
    configured
        .ok_or_else(|| refuse(StatusCode::SERVICE_UNAVAILABLE, ended))?
        .map_err(bad)
}

/// Checks `api-version=YYYY-MM-DD`, which ARM requires in every request.
fn check_version(query: &str) -> Result<(), (&'static str, &'static str)> {
    let Some(version) = parameter(query, "api-version") else {
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
