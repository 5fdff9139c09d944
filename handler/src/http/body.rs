//! Reads request bodies whole, within a limit of size and time.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use http_body_util::BodyExt as _;

use super::Error;

/// The largest body that is taken.
const LIMIT: usize = 64 * 1024;
/// How much of a larger one is read and thrown away, so that a client still sending can read the answer.
const DISCARD: usize = 2 * 1024 * 1024;
/// How long a body may take to arrive.
const DEADLINE: Duration = Duration::from_secs(10);

/// The request once its body has arrived: in memory for the one path that looks at it. Elsewhere a body says
/// nothing, and is not kept, so that requests under way cost no more memory than their heads.
///
/// # Errors
/// When it is too large or too slow, or cannot be read.
pub(super) async fn arrived(request: Request) -> Result<Request, Error> {
    let (parts, body) = request.into_parts();
    let wanted = parts.uri.path() == super::stress::PATH;
    let read = tokio::time::timeout(DEADLINE, collect(body, wanted)).await;
    let bytes = read.unwrap_or(Err(Error::BodyTooSlow))?;
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

async fn collect(mut body: Body, wanted: bool) -> Result<Bytes, Error> {
    let mut kept = Vec::new();
    let mut size = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Error::Malformed("the body could not be read".to_owned()))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        size = size.saturating_add(data.len());
        if size <= LIMIT && wanted {
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
