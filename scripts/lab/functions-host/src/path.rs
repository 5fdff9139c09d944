//! A request path in the form of Kestrel's routing, and in the form that YARP sends to the handler. Pure.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The path for the comparison with routes: percent-decoded except `%2F`, then without dot segments (ASP.NET Core,
/// `PathDecoder.cs` and `UrlDecoder.cs`). `None` if Kestrel returns 400.
pub(crate) fn decode(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.starts_with('/') || !raw.is_ascii() {
        return None;
    }
    let decoded = if raw.contains('%') {
        Cow::Owned(unescape(raw)?)
    } else {
        Cow::Borrowed(raw)
    };
    if decoded.contains("/.") {
        return Some(Cow::Owned(without_dot_segments(&decoded)));
    }
    Some(decoded)
}

/// The path for the handler: YARP does not keep the original path but encodes the decoded one again, including every
/// `%` that is left in it (`RequestUtilities.cs`, `MakeDestinationAddress`). For the usual spelling of a path, the
/// result is the same.
pub(crate) fn encode(path: &str) -> Cow<'_, str> {
    utf8_percent_encode(path, ESCAPED).into()
}

/// The path as .NET writes a decoded one into a URL: text in the form of an escape stays one
/// (`PathString.ToUriComponent`, `Uri.AbsolutePath`).
pub(crate) fn escape(path: &str) -> String {
    let mut written = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(percent) = rest.find('%') {
        let escape = rest
            .get(percent..percent + 3)
            .filter(|escape| escape[1..].bytes().all(|digit| digit.is_ascii_hexdigit()));
        written.push_str(&encode(&rest[..percent]));
        written.push_str(escape.unwrap_or("%25"));
        rest = &rest[percent + escape.map_or(1, str::len)..];
    }
    written.push_str(&encode(rest));
    written
}

/// All characters except the slash and RFC 3986 `pchar`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@')
    .remove(b'/');

/// Decodes escapes of valid UTF-8, and leaves the rest unchanged. `None` for an escaped NUL.
fn unescape(raw: &str) -> Option<String> {
    let mut decoded = String::with_capacity(raw.len());
    let mut rest = raw;
    while !rest.is_empty() {
        let run = escapes(rest);
        if run.is_empty() {
            let end = rest[1..].find('%').map_or(rest.len(), |next| next + 1);
            decoded.push_str(&rest[..end]);
            rest = &rest[end..];
            continue;
        }
        if run.contains(&0) {
            return None;
        }
        let mut written = 0;
        for chunk in run.utf8_chunks() {
            for letter in chunk.valid().chars() {
                let length = letter.len_utf8() * 3;
                match letter {
                    '/' => decoded.push_str(&rest[written..written + 3]),
                    letter => decoded.push(letter),
                }
                written += length;
            }
            let length = chunk.invalid().len() * 3;
            decoded.push_str(&rest[written..written + length]);
            written += length;
        }
        rest = &rest[written..];
    }
    Some(decoded)
}

/// The bytes of the escapes at the beginning of `text`.
fn escapes(text: &str) -> Vec<u8> {
    let is_escape =
        |escape: &&[u8]| escape[0] == b'%' && escape[1..].iter().all(u8::is_ascii_hexdigit);
    let escapes = text.as_bytes().chunks_exact(3).take_while(is_escape);
    percent_decode_str(&text[..escapes.count() * 3]).collect()
}

/// RFC 3986 section 5.2.4 for a path that starts with a slash.
fn without_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path[1..].split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => {
                kept.push(segment);
                continue;
            }
        }
        if last {
            // A trailing dot segment leaves the slash before it.
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{decode, encode, escape};

    #[test]
    fn escapes_are_decoded_except_the_slash() {
        for (raw, expected) in [
            ("/api/stress", "/api/stress"),
            ("/%61pi/%73tress", "/api/stress"),
            ("/api%2Fstress", "/api%2Fstress"),
            ("/api%2fstress", "/api%2fstress"),
            ("/api/%2573tress", "/api/%73tress"),
            ("/caf%C3%A9", "/café"),
            ("/%FFx%e2%82", "/%FFx%e2%82"),
            ("/100%", "/100%"),
            ("/a%2", "/a%2"),
            ("/a%zz%41", "/a%zzA"),
            ("/a+b", "/a+b"),
            ("//api", "//api"),
        ] {
            assert_eq!(decode(raw).as_deref(), Some(expected), "{raw}");
        }
        assert_eq!(decode("/a%00"), None);
        assert_eq!(decode("*"), None);
    }

    #[test]
    fn dot_segments_are_removed_after_decoding() {
        for (raw, expected) in [
            ("/a/./b", "/a/b"),
            ("/a/../b", "/b"),
            ("/../../b", "/b"),
            ("/a/%2e%2E/b", "/b"),
            ("/a/.", "/a/"),
            ("/a/..", "/"),
            ("/.", "/"),
            ("/a/.../b", "/a/.../b"),
            ("/.well-known/x", "/.well-known/x"),
            ("/a//../b", "/a/b"),
        ] {
            assert_eq!(decode(raw).as_deref(), Some(expected), "{raw}");
        }
    }

    #[test]
    fn the_forwarded_path_is_encoded_again() {
        for (decoded, expected) in [
            ("/api/stress", "/api/stress"),
            ("/API/Visit;v=1", "/API/Visit;v=1"),
            ("/café au lait", "/caf%C3%A9%20au%20lait"),
            ("/api%2Fstress", "/api%252Fstress"),
        ] {
            assert_eq!(encode(decoded), expected);
        }
    }

    #[test]
    fn an_escaped_path_keeps_its_escapes() {
        for (decoded, expected) in [
            ("/", "/"),
            ("/café au lait", "/caf%C3%A9%20au%20lait"),
            ("/a%2Fb", "/a%2Fb"),
            ("/100%", "/100%25"),
            ("/a%zz%é", "/a%25zz%25%C3%A9"),
            ("/a?b#c", "/a%3Fb%23c"),
        ] {
            assert_eq!(escape(decoded), expected, "{decoded}");
        }
    }
}
