//! Reads a response in parts (RFC 9112).

use std::mem::MaybeUninit;
use std::sync::Arc;

use bytes::{Buf as _, BytesMut};
use http::StatusCode;
use httparse::Status;

use super::failure::Failure;

/// Larger heads are refused.
const LARGEST_HEAD: usize = 256 * 1024;
/// More headers are refused.
const MOST_HEADERS: usize = 100;
/// Larger bodies are refused, unless the caller allows more.
pub(super) const LARGEST_BODY: u64 = 1024 * 1024;
/// The longest line before a chunk: a number, and extensions that are rarely used.
const LONGEST_CHUNK_LINE: usize = 4 * 1024;
/// Longer ids are shortened.
const LONGEST_ID: usize = 64;

/// A response without its body.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: StatusCode,
    /// The instance that sent the response, if it says so.
    pub(super) instance: Option<Arc<str>>,
    /// The target of a redirect.
    pub(super) location: Option<String>,
    /// The server's clock (RFC 9110, 5.6.7), as received.
    pub(super) date: Option<[u8; 29]>,
}

/// The head of a response, and what follows from it for the body.
pub(super) struct Head {
    pub(super) response: Response,
    pub(super) body: Body,
    /// Whether the server accepts another request on this connection after the body was read.
    pub(super) keeps_alive: bool,
}

/// The rest of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// This number of bytes.
    Length(u64),
    /// A chunk's line follows. This number of bytes came before it.
    ChunkLine(u64),
    /// The rest of a chunk including its line end, and the total bytes of all chunks up to its end.
    Chunk { left: u64, total: u64 },
    /// The lines after the last chunk.
    Trailers,
    /// Everything until the server closes the connection. This number of bytes came so far.
    ToEnd(u64),
}

/// Takes the head out of the received data, if it is complete. Heads of interim responses are skipped. If the
/// response comes from the instance `last`, it shares its name.
///
/// # Errors
/// When it is not HTTP, or too large.
pub(super) fn head(
    received: &mut BytesMut,
    last: Option<&Arc<str>>,
) -> Result<Option<Head>, Failure> {
    loop {
        let mut headers = [const { MaybeUninit::uninit() }; MOST_HEADERS];
        let mut parsed = httparse::Response::new(&mut []);
        let parser = httparse::ParserConfig::default();
        let parsing =
            parser.parse_response_with_uninit_headers(&mut parsed, received, &mut headers);
        let length = match parsing {
            Ok(Status::Complete(length)) if length <= LARGEST_HEAD => length,
            Ok(Status::Partial) if received.len() <= LARGEST_HEAD => return Ok(None),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(Failure::TooLarge),
            Err(_) => return Err(Failure::NotHttp),
        };
        let code = parsed.code.unwrap_or_default();
        let status = StatusCode::from_u16(code).map_err(|_| Failure::NotHttp)?;
        // The client offers no protocol to switch to.
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Failure::NotHttp);
        }
        if status.is_informational() {
            received.advance(length);
            continue;
        }
        let head = Fields::of(parsed.headers)?.into_head(status, parsed.version == Some(1), last);
        received.advance(length);
        return Ok(Some(head));
    }
}

/// The relevant headers.
#[derive(Default)]
struct Fields<'a> {
    length: Option<u64>,
    encoding: Option<&'a [u8]>,
    closes: bool,
    keeps: bool,
    instance: Option<&'a [u8]>,
    location: Option<&'a [u8]>,
    date: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    fn of(headers: &[httparse::Header<'a>]) -> Result<Self, Failure> {
        let mut fields = Self::default();
        for header in headers {
            let is = |name| header.name.eq_ignore_ascii_case(name);
            if is("content-length") {
                let length = std::str::from_utf8(header.value).ok();
                let digits = length.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
                let length = digits.and_then(|text| text.parse().ok());
                // Two different lengths could be interpreted in two ways.
                if length.is_none() || fields.length.is_some_and(|other| Some(other) != length) {
                    return Err(Failure::NotHttp);
                }
                fields.length = length;
            } else if is("transfer-encoding") {
                fields.encoding = Some(header.value);
            } else if is("connection") {
                let has = |word: &[u8]| {
                    tokens(header.value).any(|token| token.eq_ignore_ascii_case(word))
                };
                fields.closes |= has(b"close");
                fields.keeps |= has(b"keep-alive");
            } else if is("x-instance-id") {
                fields.instance = Some(header.value);
            } else if is("location") {
                fields.location = Some(header.value);
            } else if is("date") {
                fields.date = Some(header.value);
            }
        }
        Ok(fields)
    }

    /// RFC 9112, 6.3 and 9.3.
    fn into_head(self, status: StatusCode, is_1_1: bool, last: Option<&Arc<str>>) -> Head {
        let chunked = self.encoding.map(|value| {
            let last = tokens(value).last();
            last.is_some_and(|token| token.eq_ignore_ascii_case(b"chunked"))
        });
        let empty = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let body = match (chunked, self.length) {
            _ if empty => Body::Length(0),
            (Some(true), _) => Body::ChunkLine(0),
            (None, Some(length)) => Body::Length(length),
            _ => Body::ToEnd(0),
        };
        let persistent = if is_1_1 { !self.closes } else { self.keeps };
        let ambiguous = chunked.is_some() && self.length.is_some();
        Head {
            response: Response {
                status,
                instance: self.instance.and_then(|value| name(value, last)),
                location: self.location.map(readable),
                date: self.date.and_then(|value| value.try_into().ok()),
            },
            keeps_alive: persistent && !ambiguous && !matches!(body, Body::ToEnd(_)),
            body,
        }
    }
}

fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// An instance's name, without characters that could control a terminal.
fn name(value: &[u8], last: Option<&Arc<str>>) -> Option<Arc<str>> {
    if let Some(last) = last.filter(|last| last.as_bytes() == value) {
        return Some(Arc::clone(last));
    }
    let name: String = readable(value).chars().take(LONGEST_ID).collect();
    (!name.is_empty()).then(|| name.into())
}

fn readable(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    text.chars().filter(|letter| !letter.is_control()).collect()
}

impl Body {
    /// Passes the received part of the body to `keep`, and removes it. Returns whether the body is complete.
    ///
    /// # Errors
    /// When it is not HTTP, or larger than `largest`.
    pub(super) fn take(
        &mut self,
        received: &mut BytesMut,
        largest: u64,
        keep: &mut impl FnMut(&[u8]),
    ) -> Result<bool, Failure> {
        loop {
            match self {
                Self::Length(left) => {
                    fits(*left, largest)?;
                    *left -= give(received, *left, keep);
                    return Ok(*left == 0);
                }
                Self::ToEnd(came) => {
                    *came += give(received, u64::MAX, keep);
                    fits(*came, largest)?;
                    return Ok(false);
                }
                Self::ChunkLine(total) => match httparse::parse_chunk_size(received) {
                    Err(_) => return Err(Failure::NotHttp),
                    Ok(Status::Partial) if received.len() <= LONGEST_CHUNK_LINE => {
                        return Ok(false);
                    }
                    Ok(Status::Partial) => return Err(Failure::TooLarge),
                    Ok(Status::Complete((line, size))) => {
                        received.advance(line);
                        let total = total.saturating_add(size);
                        fits(total, largest)?;
                        *self = match size {
                            0 => Self::Trailers,
                            left => Self::Chunk { left, total },
                        };
                    }
                },
                Self::Chunk { left: 0, total } => {
                    if received.len() < 2 {
                        return Ok(false);
                    }
                    if !received.starts_with(b"\r\n") {
                        return Err(Failure::NotHttp);
                    }
                    received.advance(2);
                    *self = Self::ChunkLine(*total);
                }
                Self::Chunk { left, .. } => {
                    let given = give(received, *left, keep);
                    *left -= given;
                    if given == 0 {
                        return Ok(false);
                    }
                }
                Self::Trailers => {
                    let Some(end) = received.iter().position(|byte| *byte == b'\n') else {
                        let fits = received.len() <= LARGEST_HEAD;
                        return if fits {
                            Ok(false)
                        } else {
                            Err(Failure::TooLarge)
                        };
                    };
                    let is_last = received[..end].trim_ascii().is_empty();
                    received.advance(end + 1);
                    if is_last {
                        *self = Self::Length(0);
                    }
                }
            }
        }
    }

    /// Whether the body is complete if the server closes the connection now.
    pub(super) fn ends_here(&self) -> bool {
        matches!(self, Self::ToEnd(_))
    }
}

fn fits(length: u64, largest: u64) -> Result<(), Failure> {
    if length > largest {
        return Err(Failure::TooLarge);
    }
    Ok(())
}

/// Passes on at most `most` bytes of the received data. Returns how many.
fn give(received: &mut BytesMut, most: u64, keep: &mut impl FnMut(&[u8])) -> u64 {
    let length = usize::try_from(most).map_or(received.len(), |most| most.min(received.len()));
    keep(&received[..length]);
    received.advance(length);
    length as u64
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
