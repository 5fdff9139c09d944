use super::*;

/// Reads a response that arrives in parts of `piece` bytes. Returns the status, the body, whether the connection may
/// be used again, and what is left over. The server closes the connection at the end.
fn read(text: &[u8], piece: usize) -> Result<(u16, Vec<u8>, bool, usize), Failure> {
    let mut pieces = text.chunks(piece);
    let mut received = BytesMut::new();
    let mut kept = Vec::new();
    let mut head = loop {
        if let Some(head) = super::head(&mut received, None)? {
            break head;
        }
        received.extend_from_slice(pieces.next().ok_or(Failure::Closed)?);
    };
    let mut keep = |part: &[u8]| kept.extend_from_slice(part);
    while !head.body.take(&mut received, LARGEST_BODY, &mut keep)? {
        match pieces.next() {
            Some(piece) => received.extend_from_slice(piece),
            None if head.body.ends_here() => break,
            None => return Err(Failure::Closed),
        }
    }
    let left = received.len() + pieces.map(<[u8]>::len).sum::<usize>();
    Ok((head.response.status.as_u16(), kept, head.keeps_alive, left))
}

#[test]
fn responses_may_come_in_any_pieces() {
    for (text, status, body, keeps_alive, left) in [
        (
            "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
            201,
            "ok",
            true,
            0,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok",
            200,
            "ok",
            true,
            0,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: x, Close\r\n\r\nok",
            200,
            "ok",
            false,
            0,
        ),
        (
            "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
            200,
            "ok",
            false,
            0,
        ),
        (
            "HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok",
            200,
            "ok",
            true,
            0,
        ),
        (
            "HTTP/1.1 200 OK\r\n\r\nto the end",
            200,
            "to the end",
            false,
            0,
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, "", true, 0),
        (
            "HTTP/1.1 304 x\r\ncontent-length: 9\r\n\r\n",
            304,
            "",
            true,
            0,
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\na: b\r\n\r\nHTTP/1.1 201 x\r\ncontent-length: 0\r\n\r\n",
            201,
            "",
            true,
            0,
        ),
        (
            "HTTP/1.1 503 x\r\ntransfer-encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n01\r\nd\r\n0\r\nx: y\r\n\r\n",
            503,
            "abcd",
            true,
            0,
        ),
        (
            "HTTP/1.1 200 x\r\ntransfer-encoding: gzip, Chunked\r\ncontent-length: 1\r\n\r\n1\r\nd\r\n0\r\n\r\n",
            200,
            "d",
            false,
            0,
        ),
        (
            "HTTP/1.1 200 x\r\ntransfer-encoding: gzip\r\n\r\nzip",
            200,
            "zip",
            false,
            0,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP",
            200,
            "ok",
            true,
            4,
        ),
    ] {
        for piece in [1, 2, 3, 7, 1_000] {
            let expected = (status, body.as_bytes().to_vec(), keeps_alive, left);
            assert_eq!(
                read(text.as_bytes(), piece),
                Ok(expected),
                "{text} in pieces of {piece}"
            );
        }
        // The other responses end only when the connection ends.
        if text.contains("ength") || text.contains("hunked") {
            for end in 0..text.len() - left {
                let part = read(&text.as_bytes()[..end], 1_000);
                assert_eq!(part, Err(Failure::Closed), "{text} up to {end}");
            }
        }
    }
}

#[test]
fn ambiguous_responses_are_refused() {
    for text in [
        "SSH-2.0-x\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 101 x\r\nupgrade: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
    ] {
        assert_eq!(
            read(text.as_bytes(), 1_000),
            Err(Failure::NotHttp),
            "{text}"
        );
    }
}

#[test]
fn all_sizes_are_bounded() {
    let filler = "x".repeat(LARGEST_HEAD);
    let headers = "a: b\r\n".repeat(MOST_HEADERS + 1);
    for text in [
        format!("HTTP/1.1 200 OK\r\na: {filler}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\na: {filler}"),
        format!("HTTP/1.1 200 OK\r\n{headers}\r\n"),
        "HTTP/1.1 200 OK\r\ncontent-length: 1048577\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\n\r\n{}", filler.repeat(5)),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffff\r\n".to_owned(),
        format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;{}",
            &filler[..5_000]
        ),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\na: {filler}"),
    ] {
        let start = &text[..text.len().min(60)];
        assert_eq!(
            read(text.as_bytes(), 100_000),
            Err(Failure::TooLarge),
            "{start}"
        );
    }
}

#[test]
fn an_instance_name_is_shared_shortened_and_sanitised() {
    let of = |value: &str, last: Option<&Arc<str>>| {
        let text = format!("HTTP/1.1 200 x\r\ncontent-length: 0\r\nX-Instance-Id: {value}\r\n\r\n");
        let head = super::head(&mut BytesMut::from(text.as_bytes()), last);
        head.ok().flatten().expect("a head").response.instance
    };
    let one = of("one", None).expect("a name");
    assert!(Arc::ptr_eq(&one, &of("one", Some(&one)).expect("a name")));
    assert_eq!(of("two", Some(&one)).as_deref(), Some("two"));
    assert_eq!(of("", Some(&one)), None);
    assert_eq!(
        of(&"y".repeat(100), None).map(|name| name.len()),
        Some(LONGEST_ID)
    );
    assert_eq!(of("a\u{80}\tb", None).as_deref(), Some("ab"));
}
