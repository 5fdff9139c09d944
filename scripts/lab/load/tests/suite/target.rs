//! The address of the app.

use load::target::Target;

#[test]
fn what_is_not_an_address_is_refused_without_showing_secrets() {
    for (text, part) in [
        ("", "does not begin"),
        ("localhost:7071", "does not begin"),
        ("ftp://host/", "neither http"),
        ("http://", "no URL"),
        ("http:///api", "no URL"),
        ("http://a b/", "no URL"),
        ("http://host:99999/", "no port"),
        ("http://host:/", "no port"),
        ("http://user:hunter2@host/", "password"),
        ("http://a b?code=hunter2", "no URL"),
        ("gopher://host?code=hunter2", "neither http"),
    ] {
        let said = Target::parse(text).expect_err(text);
        assert!(said.contains(part), "{text}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
