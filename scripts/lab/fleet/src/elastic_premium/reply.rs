//! Responses of the two endpoints.

use functions_host::{Body, json_response};
use http::header::{HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use serde_json::json;

use super::faults::Answer;

/// The connection is closed instead of a response.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed on demand")]
pub(crate) struct Closed;

pub(super) type Reply = Result<Response<Body>, Closed>;

/// An error in the form of ARM and of the identity endpoint.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Reply {
    let error = json!({ "error": { "code": code, "message": message } });
    Ok(json_response(status, &error))
}

/// Applies a fault to a request.
pub(super) async fn faulty(answer: Answer) -> Reply {
    let (status, retry_after) = match answer {
        Answer::Status(status, retry_after) => (status, retry_after),
        Answer::Hang => std::future::pending().await,
        Answer::Close => return Err(Closed),
    };
    let (code, message) = match status {
        StatusCode::FORBIDDEN => (
            "AuthorizationFailed",
            "The client does not have authorization to perform action 'Microsoft.Web/sites/config/write' over the \
             scope, or the scope is invalid. If access was recently granted, please refresh your credentials.",
        ),
        StatusCode::TOO_MANY_REQUESTS => (
            "TooManyRequests",
            "The number of requests exceeds the limit. Please retry after the time in the header Retry-After.",
        ),
        _ => (
            "InternalServerError",
            "Encountered internal server error. Please try again later.",
        ),
    };
    let mut response = error(status, code, message)?;
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}
