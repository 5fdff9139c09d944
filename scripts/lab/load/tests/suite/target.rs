//! The address of the app.

use load::target::Target;

#[test]
fn invalid_addresses_are_refused_without_showing_secrets() {
    for (text, part) in [
        ("", "does not begin"),
        ("localhost:7071", "does not begin"),
        ("ftp://host/", "neither http"),
        ("http://", "not a URL"),
        ("http:///api", "not a URL"),
        ("http://a b/", "not a URL"),
        ("http://host:99999/", "invalid port"),
        ("http://host:/", "invalid port"),
        ("http://user:hunter2@host/", "password"),
        ("http://a b?code=hunter2", "not a URL"),
        ("gopher://host?code=hunter2", "neither http"),
    ] {
        let said = Target::parse(text).expect_err(text);
        assert!(said.contains(part), "{text}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
