//! Every error the app produces, as RFC 9457 problem details.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::store;

/// Why a request failed. Each variant says which status it becomes.
#[derive(Debug, Clone)]
pub enum Error {
    /// 400: the request cannot be read.
    Malformed(String),
    /// 422: the request can be read, but a field has an invalid value.
    Invalid {
        /// The field, as the caller wrote it.
        field: &'static str,
        /// The values that it may have. The text continues the sentence that begins with the field.
        reason: String,
    },
    /// 408: the body did not arrive in time.
    BodyTooSlow,
    /// 413: the body exceeds the limit; `drained` if all of it was read nevertheless.
    BodyTooLarge {
        /// Whether the connection can be used for another request.
        drained: bool,
    },
    /// 415: the body is not JSON.
    NotJson,
    /// 429: a stress run is in progress.
    Busy {
        /// The time until it ends.
        retry_after: Duration,
    },
    /// 503: more requests are in flight than the instance accepts.
    Overloaded,
    /// 503: the sentence names what is unavailable.
    Unavailable(String),
    /// 404: the app does not set the number of instances itself.
    NoScaler,
    /// Any other status without a body: 404, 405, 500.
    Status(StatusCode),
}

/// Problem details as sent (RFC 9457), with the two members every error of this API carries.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Always `about:blank`: the status is the kind of problem.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What went wrong with this request, and what to do.
    detail: String,
    /// The same text, under the name that clients of the first version use.
    error: String,
    /// The query name, body member, or header with the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<&'static str>,
    /// The instance that responds.
    instance_id: String,
}

impl Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Overloaded | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoScaler => StatusCode::NOT_FOUND,
            Self::Status(status) => *status,
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Malformed(sentence) | Self::Unavailable(sentence) => sentence.clone(),
            Self::Invalid { field, reason } => format!("{field} {reason}"),
            Self::BodyTooSlow => "the body did not arrive in time".to_owned(),
            Self::BodyTooLarge { .. } => "the body is larger than 64 KiB".to_owned(),
            Self::Overloaded => "too many requests are in flight: try again in a moment".to_owned(),
            Self::NotJson => "the body must be JSON: send content type application/json".to_owned(),
            Self::Busy { .. } => {
                "a stress run is in progress: wait for its end, or stop it".to_owned()
            }
            Self::NoScaler => {
                "this app does not scale itself: set SCALER=elastic-premium, or remove the function Autoscale".to_owned()
            }
            Self::Status(StatusCode::NOT_FOUND) => "there is nothing at this path".to_owned(),
            Self::Status(StatusCode::METHOD_NOT_ALLOWED) => {
                "this path does not accept this method".to_owned()
            }
            Self::Status(_) => "the request could not be processed".to_owned(),
        }
    }

    /// The body, with this instance's id.
    pub(super) fn problem(&self, instance_id: &str) -> Problem {
        let status = self.status();
        let sentence = self.sentence();
        Problem {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: sentence.clone(),
            error: sentence,
            field: match self {
                Self::Invalid { field, .. } => Some(field),
                _ => None,
            },
            instance_id: instance_id.to_owned(),
        }
    }
}

impl IntoResponse for Error {
    /// Another layer adds the body, because it knows the instance's id; see [`super::outer`].
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let headers = response.headers_mut();
        match &self {
            Self::Busy { retry_after } => {
                let seconds = retry_after.as_secs_f64().ceil().max(1.0) as u64;
                headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            Self::Overloaded | Self::Unavailable(_) => {
                headers.insert(RETRY_AFTER, HeaderValue::from(1));
            }
            // The unread part of the body would be parsed as the next request.
            Self::BodyTooSlow | Self::BodyTooLarge { drained: false } => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl Problem {
    /// Writes the problem into a response as its body.
    pub(super) fn write_to(&self, response: &mut Response) {
        // A struct of strings and numbers always serialises.
        let body = serde_json::to_vec(self).unwrap_or_default();
        response
            .headers_mut()
            .remove(axum::http::header::CONTENT_LENGTH);
        response.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        *response.body_mut() = Body::from(body);
    }
}

impl From<store::Error> for Error {
    /// Causes are logged here and never sent.
    fn from(error: store::Error) -> Self {
        match &error {
            store::Error::Other(cause) => {
                if cause.is_some() {
                    tracing::error!(reason = error.with_cause(), "database statement failed");
                }
                return Self::Status(StatusCode::INTERNAL_SERVER_ERROR);
            }
            store::Error::QueueFull => return Self::Overloaded,
            store::Error::Unavailable(Some(_)) => {
                tracing::warn!(reason = error.with_cause(), "database statement failed");
            }
            _ => {}
        }
        Self::Unavailable(error.to_string())
    }
}
