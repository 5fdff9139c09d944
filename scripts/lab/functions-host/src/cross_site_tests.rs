use super::*;

const OWN: &str = "127.0.0.1:7071";
const PROTECTED: Target = Target::Function(Level::Function);

/// Checks a request with the given headers (each only if it is not empty).
fn check(
    policy: &Policy,
    method: &str,
    target: Target,
    [host, origin, site]: [&str; 3],
) -> Result<(), Refusal> {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::HOST, host),
        (header::ORIGIN, origin),
        (SEC_FETCH_SITE, site),
    ] {
        if !value.is_empty() {
            headers.insert(name, value.parse().expect("a header value"));
        }
    }
    let method = method.parse().expect("a method");
    policy.check(&method, &Uri::from_static("/x"), &headers, target)
}

fn policy(address: &str, cors_origins: &str) -> Policy {
    Policy::new(address.parse().expect("an address"), cors_origins)
}

#[test]
fn a_foreign_page_reads_open_functions_only() {
    let policy = policy(OWN, "");
    let open = Target::Function(Level::Anonymous);
    let admin = Target::Function(Level::Admin);
    for headers in [
        [OWN, "", "cross-site"],
        [OWN, "", "same-site"],
        [OWN, "https://evil.example", ""],
        [OWN, "https://evil.example", "cross-site"],
        [OWN, "null", "cross-site"],
        ["evil.example:7071", "", ""],
        [
            "evil.example:7071",
            "http://evil.example:7071",
            "same-origin",
        ],
    ] {
        for (method, target, passes) in [
            ("GET", open, true),
            ("HEAD", open, true),
            ("OPTIONS", open, true),
            ("POST", open, false),
            ("PUT", open, false),
            ("DELETE", open, false),
            ("get", open, false),
            ("PURGE", open, false),
            ("GET", PROTECTED, false),
            ("HEAD", PROTECTED, false),
            ("OPTIONS", PROTECTED, false),
            ("POST", PROTECTED, false),
            ("GET", admin, false),
            ("GET", Target::Admin, false),
            ("OPTIONS", Target::Admin, false),
            ("POST", Target::Admin, false),
            ("GET", Target::Other, true),
            ("POST", Target::Other, false),
        ] {
            let verdict = check(&policy, method, target, headers);
            assert_eq!(verdict.is_ok(), passes, "{method} {target:?} {headers:?}");
        }
    }
}

#[test]
fn the_refusal_names_the_reason() {
    let policy = policy(OWN, "");
    for (headers, refusal) in [
        (
            ["evil.example", "https://evil.example", "cross-site"],
            Refusal::Host,
        ),
        (["me@localhost", "", ""], Refusal::Host),
        ([OWN, "https://evil.example", "cross-site"], Refusal::Origin),
        ([OWN, "http://127.0.0.1:7071", "cross-site"], Refusal::Site),
        ([OWN, "", "cross-site"], Refusal::Site),
        ([OWN, "", "anything else"], Refusal::Site),
    ] {
        assert_eq!(
            check(&policy, "POST", PROTECTED, headers),
            Err(refusal),
            "{headers:?}"
        );
    }
}

#[test]
fn programs_and_the_emulators_own_pages_are_allowed() {
    let policy = policy(OWN, "");
    for headers in [
        ["", "", ""],
        [OWN, "", ""],
        [OWN, "", "none"],
        [OWN, "", "same-origin"],
        [OWN, "http://127.0.0.1:7071", "same-origin"],
        ["localhost:7071", "http://localhost:7071", "same-origin"],
        ["LocalHost:7071", "http://localhost:7071", ""],
        ["[::1]:7071", "http://[::1]:7071", "same-origin"],
        // Through a forwarder with a different port.
        ["localhost:8080", "http://localhost:8080", "same-origin"],
        ["localhost", "http://localhost", "same-origin"],
    ] {
        assert_eq!(
            check(&policy, "POST", Target::Admin, headers),
            Ok(()),
            "{headers:?}"
        );
    }
}

#[test]
fn an_own_origin_has_the_port_and_no_tls() {
    let policy = policy(OWN, "");
    for origin in [
        "http://127.0.0.1:3000",
        "http://127.0.0.1",
        "https://127.0.0.1:7071",
        "http://localhost:3000",
        "http://127.0.0.1:7071.evil.example",
        "http://me@127.0.0.1:7071",
        "chrome-extension://abcdef",
        "file://",
        "null",
        "127.0.0.1:7071",
    ] {
        let verdict = check(&policy, "POST", PROTECTED, [OWN, origin, ""]);
        assert_eq!(verdict, Err(Refusal::Origin), "{origin}");
    }
}

#[test]
fn own_hosts_depend_on_the_address() {
    let loopback = [
        "127.0.0.1",
        "127.0.0.1:7071",
        "127.8.9.10:1",
        "localhost",
        "localhost.:7071",
        "app.localhost:7071",
        "[::1]",
        "[::1]:7071",
        "[::ffff:127.0.0.1]:7071",
    ];
    let foreign = [
        "evil.example",
        "localhost.evil.example",
        "notlocalhost",
        "127.0.0.1.evil.example",
        "me@localhost",
        "[::1",
        "local host",
        "1.2.3.4.5",
    ];
    let others = [
        "192.168.1.5",
        "192.168.1.5:7071",
        "[fd00::5]:7071",
        "10.0.0.1",
        "0.0.0.0:7071",
    ];
    for (address, own_others) in [
        (OWN, &[][..]),
        ("[::1]:7071", &[]),
        ("192.168.1.5:7071", &["192.168.1.5", "192.168.1.5:7071"]),
        ("[fd00::5]:7071", &["[fd00::5]:7071"]),
        ("0.0.0.0:7071", &others),
        ("[::]:7071", &others),
    ] {
        let policy = policy(address, "");
        let own = |host| check(&policy, "POST", PROTECTED, [host, "", ""]).is_ok();
        for host in loopback {
            assert!(own(host), "{host} at {address}");
        }
        for host in foreign {
            assert!(!own(host), "{host} at {address}");
        }
        for host in others {
            assert_eq!(own(host), own_others.contains(&host), "{host} at {address}");
        }
    }
}

#[test]
fn cors_origins_are_not_foreign() {
    let named = policy(
        OWN,
        " https://App.example , http://localhost:3000, nonsense,",
    );
    for (origin, passes) in [
        ("https://app.example", true),
        ("https://app.example:443", true),
        ("http://localhost:3000", true),
        ("http://app.example", false),
        ("https://app.example:8443", false),
        ("http://localhost:3001", false),
        ("https://other.app.example", false),
        ("null", false),
    ] {
        for target in [PROTECTED, Target::Admin] {
            let verdict = check(&named, "POST", target, [OWN, origin, "cross-site"]);
            assert_eq!(verdict.is_ok(), passes, "{origin} {target:?}");
        }
    }
    // Without an Origin the page is unknown, and another host is not an address of this emulator.
    assert!(check(&named, "GET", PROTECTED, [OWN, "", "cross-site"]).is_err());
    let rebound = ["evil.example", "https://app.example", "cross-site"];
    assert_eq!(
        check(&named, "POST", PROTECTED, rebound),
        Err(Refusal::Host)
    );
}

#[test]
fn a_star_opens_the_functions_to_every_origin_but_not_the_hosts_endpoints() {
    let any = policy(OWN, "*");
    let page = [OWN, "https://any.example", "cross-site"];
    assert_eq!(check(&any, "POST", PROTECTED, page), Ok(()));
    assert_eq!(
        check(&any, "POST", Target::Admin, page),
        Err(Refusal::Origin)
    );
    assert!(check(&any, "GET", PROTECTED, [OWN, "", "cross-site"]).is_err());
    assert_eq!(check(&any, "POST", Target::Admin, [OWN, "", ""]), Ok(()));
}

#[test]
fn one_foreign_value_among_several_is_enough() {
    let policy = policy(OWN, "https://app.example");
    let target = "http://evil.example/x".parse::<Uri>().expect("a target");
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, OWN.parse().expect("a header value"));
    let verdict = policy.check(&Method::POST, &target, &headers, PROTECTED);
    assert_eq!(verdict, Err(Refusal::Host));

    let own = Uri::from_static("/x");
    for (name, value, refusal) in [
        (header::HOST, "evil.example", Refusal::Host),
        (header::ORIGIN, "https://evil.example", Refusal::Origin),
        (SEC_FETCH_SITE, "cross-site", Refusal::Site),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, OWN.parse().expect("a header value"));
        headers.insert(
            header::ORIGIN,
            "http://127.0.0.1:7071".parse().expect("a header value"),
        );
        headers.insert(
            SEC_FETCH_SITE,
            "same-origin".parse().expect("a header value"),
        );
        headers.append(name, value.parse().expect("a header value"));
        let verdict = policy.check(&Method::POST, &own, &headers, PROTECTED);
        assert_eq!(verdict, Err(refusal), "{value}");
    }
}

#[test]
fn a_page_from_another_address_is_foreign_where_every_address_is_an_own_host() {
    let everywhere = policy("0.0.0.0:7071", "");
    let own = "192.168.1.10:7071";
    for (origin, passes) in [
        ("http://192.168.1.10:7071", true),
        ("http://localhost:7071", true),
        ("http://203.0.113.9:7071", false),
        ("http://203.0.113.9", false),
        ("https://192.168.1.10:7071", false),
    ] {
        let verdict = check(&everywhere, "POST", Target::Admin, [own, origin, ""]);
        assert_eq!(verdict.is_ok(), passes, "{origin}");
    }
}

#[test]
fn a_page_that_is_only_in_referer_is_checked_by_it() {
    let everywhere = policy("0.0.0.0:7071", "https://friend.example");
    for (page, passes) in [
        ("http://192.168.1.10:7071/?tab=fleet", true),
        ("https://friend.example/tool", true),
        ("http://203.0.113.9:7071/", false),
        ("http://192.168.1.10:8080/", false),
        ("about:blank", false),
        ("\u{e9}", false),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "192.168.1.10:7071".parse().expect("a value"));
        headers.insert(header::REFERER, page.parse().expect("a value"));
        let uri = Uri::from_static("/api/stress");
        let verdict = everywhere.check(&Method::GET, &uri, &headers, PROTECTED);
        assert_eq!(verdict.is_ok(), passes, "{page}");
    }
}
