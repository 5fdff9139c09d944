//! Where one HTTP/1.1 answer ends, and what it says.

use std::io;
use std::ops::Range;

/// More than any server measured here sends.
const MAX_HEADERS: usize = 32;

/// One complete answer at the start of a buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The server will take another request on this connection.
    pub keeps_alive: bool,
    /// Where the body stands; a chunked one with its framing.
    pub body: Range<usize>,
}

impl Answer {
    /// 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The answer that `received` begins with, or `None` while a part is missing.
///
/// A body that only the end of the connection ends is refused, as no server measured here sends one.
pub(crate) fn parse(received: &[u8]) -> io::Result<Option<Answer>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(begin) = head
        .parse(received)
        .map_err(|error| malformed(&error.to_string()))?
    else {
        return Ok(None);
    };
    let status = head.code.unwrap_or_default();
    let mut length = matches!(status, 204 | 304).then_some(0);
    let mut chunked = false;
    let mut keeps_alive = true;
    for header in head.headers.iter() {
        let is = |name| header.name.eq_ignore_ascii_case(name);
        if is("content-length") {
            let text = std::str::from_utf8(header.value).unwrap_or_default();
            length = Some(text.parse().map_err(|_| malformed("bad content-length"))?);
        } else if is("transfer-encoding") {
            chunked = header.value.eq_ignore_ascii_case(b"chunked");
        } else if is("connection") {
            keeps_alive = !header.value.eq_ignore_ascii_case(b"close");
        }
    }
    let length = if chunked {
        chunks(&received[begin..])?
    } else {
        let length = length.ok_or_else(|| malformed("a body without a length"))?;
        (received.len() - begin >= length).then_some(length)
    };
    Ok(length.map(|length| Answer {
        status,
        keeps_alive,
        body: begin..begin + length,
    }))
}

/// How long a chunked body is, its framing included; `None` while a part is missing. Trailers are not expected.
fn chunks(body: &[u8]) -> io::Result<Option<usize>> {
    let mut at = 0;
    loop {
        let chunk = httparse::parse_chunk_size(&body[at..]).map_err(|_| malformed("bad chunk"))?;
        let httparse::Status::Complete((begin, size)) = chunk else {
            return Ok(None);
        };
        let size = usize::try_from(size).map_err(|_| malformed("huge chunk"))?;
        at += begin + size + 2;
        if at > body.len() {
            return Ok(None);
        }
        if size == 0 {
            return Ok(Some(at));
        }
    }
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("no HTTP answer: {what}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_with_its_last_byte() {
        let text = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok";
        for end in 0..text.len() {
            assert_eq!(parse(&text[..end]).expect("a part of it"), None, "{end}");
        }
        let answer = parse(text).expect("an answer").expect("all of it");
        assert_eq!((answer.status, answer.keeps_alive), (201, true));
        assert!(answer.is_success());
        assert_eq!(&text[answer.body], b"ok");
    }

    #[test]
    fn chunks_are_walked() {
        let text = b"HTTP/1.1 503 x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        for end in 0..text.len() {
            assert_eq!(parse(&text[..end]).expect("a part of it"), None, "{end}");
        }
        let answer = parse(text).expect("an answer").expect("all of it");
        assert_eq!((answer.status, answer.keeps_alive), (503, false));
        assert!(!answer.is_success());
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        for text in [
            "SSH-2.0-x\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        ] {
            parse(text.as_bytes()).expect_err(text);
        }
        let no_body = parse(b"HTTP/1.1 204 No Content\r\n\r\n").expect("an answer");
        assert_eq!(no_body.expect("all of it").status, 204);
    }
}
