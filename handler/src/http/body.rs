//! Reads request bodies whole, within a limit of size and time.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use http_body_util::BodyExt as _;

use super::Error;

/// The largest accepted body.
const LIMIT: usize = 64 * 1024;
/// How much of a larger body is read and discarded, so that a client that is still sending can read the response.
const DISCARD: usize = 2 * 1024 * 1024;
/// How long a body may take to arrive.
const DEADLINE: Duration = Duration::from_secs(10);

/// Returns the request once its body has arrived. With `keep`, the new request has the body in memory; without, it has
/// an empty one, so that a request in flight uses no more memory than its head.
///
/// # Errors
/// When the body is too large or too slow, or cannot be read.
pub(super) async fn receive(request: Request, keep: bool) -> Result<Request, Error> {
    let (parts, body) = request.into_parts();
    let read = tokio::time::timeout(DEADLINE, collect(body, keep)).await;
    let bytes = read.unwrap_or(Err(Error::BodyTooSlow))?;
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

async fn collect(mut body: Body, keep: bool) -> Result<Bytes, Error> {
    let mut kept = Vec::new();
    let mut size = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Error::Malformed("the body could not be read".to_owned()))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        size = size.saturating_add(data.len());
        if size <= LIMIT && keep {
            kept.extend_from_slice(&data);
        }
        if size > DISCARD {
            return Err(Error::BodyTooLarge { drained: false });
        }
    }
    if size > LIMIT {
        Err(Error::BodyTooLarge { drained: true })
    } else {
        Ok(kept.into())
    }
}
