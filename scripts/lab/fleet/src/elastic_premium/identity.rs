//! The identity endpoint of App Service, emulated: `GET /msi/token?resource=...&api-version=2019-08-01`
//! (learn.microsoft.com/azure/app-service/overview-managed-identity, "REST endpoint reference"). It issues tokens for
//! Azure Resource Manager only, because local databases accept none.

use functions_host::{json_response, parameter};
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;

use super::credentials::Credentials;
use super::reply::{Reply, error};

/// The path of `IDENTITY_ENDPOINT`.
pub(super) const PATH: &str = "/msi/token";
const API_VERSION: &str = "2019-08-01";
const RESOURCE: &str = "https://management.azure.com";
const HEADER: &str = "x-identity-header";

pub(super) fn answer(
    credentials: &Credentials,
    method: &Method,
    headers: &HeaderMap,
    query: &str,
) -> Reply {
    if method != Method::GET {
        return bad("The identity endpoint accepts GET only.");
    }
    let secret = headers.get(HEADER).map(|value| value.as_bytes());
    if secret != Some(credentials.secret.as_bytes()) {
        return error(
            StatusCode::UNAUTHORIZED,
            "Unauthorized",
            "The header X-IDENTITY-HEADER is missing or is not the value of IDENTITY_HEADER.",
        );
    }
    if parameter(query, "api-version").as_deref() != Some(API_VERSION) {
        return bad("The query needs api-version=2019-08-01.");
    }
    let resource = parameter(query, "resource");
    let Some(resource) = resource.filter(|text| text.trim_end_matches('/') == RESOURCE) else {
        return bad(
            "The emulator issues tokens for the resource https://management.azure.com/ only.",
        );
    };
    let token = credentials.token();
    Ok(json_response(
        StatusCode::OK,
        &json!({
            "access_token": token.text,
            "expires_on": token.expires_on.to_string(),
            "resource": resource,
            "token_type": "Bearer",
            // For a user-assigned identity, as in the request.
            "client_id": parameter(query, "client_id"),
        }),
    ))
}

fn bad(message: &str) -> Reply {
    error(StatusCode::BAD_REQUEST, "BadRequest", message)
}

#[cfg(test)]
mod tests {
    use functions_host::Body;
    use http::{HeaderValue, Response};

    use super::*;

    fn ask(secret: &str, query: &str) -> Response<Body> {
        let mut credentials = Credentials::new();
        "s".clone_into(&mut credentials.secret);
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_str(secret).expect("a header"));
        answer(&credentials, &Method::GET, &headers, query).expect("a response")
    }

    #[test]
    fn only_the_app_gets_a_token_and_only_for_arm() {
        let good = "resource=https%3A%2F%2Fmanagement.azure.com%2F&api-version=2019-08-01";
        assert_eq!(ask("s", good).status(), 200);
        assert_eq!(ask("S", good).status(), 401);
        for query in [
            "",
            "resource=https://management.azure.com/",
            "resource=https://management.azure.com/&api-version=2017-09-01",
            "api-version=2019-08-01",
            "resource=https://ossrdbms-aad.database.windows.net&api-version=2019-08-01",
        ] {
            assert_eq!(ask("s", query).status(), 400, "{query}");
        }
    }
}
