use super::*;

fn parse(authority: &str) -> Result<Target, BadTarget> {
    Target::parse("https", authority, "/")
}

#[test]
fn one_spelling_for_each_place() {
    let cases = [
        ("https", "example.org", "/a?b", "https://example.org/a?b"),
        ("https", "EXAMPLE.org:443", "", "https://example.org/"),
        ("http", "example.org:80", "/", "http://example.org/"),
        ("http", "example.org:443", "/", "http://example.org:443/"),
        (
            "https",
            "xn--bcher-kva.example",
            "/",
            "https://xn--bcher-kva.example/",
        ),
        ("https", "a_b.example", "/", "https://a_b.example/"),
        (
            "https",
            "localhost:8443",
            "?q=1",
            "https://localhost:8443/?q=1",
        ),
        (
            "http",
            "127.0.0.1:8080",
            "/x/../y",
            "http://127.0.0.1:8080/y",
        ),
        ("http", "[::1]:80", "/", "http://[::1]/"),
        ("http", "[2001:DB8:0:0::1]", "/", "http://[2001:db8::1]/"),
        ("https", "1.example", "/", "https://1.example/"),
        ("https", "0x1.example", "/", "https://0x1.example/"),
    ];
    for (scheme, authority, path, expected) in cases {
        let target = Target::parse(scheme, authority, path).unwrap();
        assert_eq!(target.to_string(), expected);
    }
}

#[test]
fn odd_places_are_none() {
    let cases = [
        ("", BadTarget::NoHost),
        (":443", BadTarget::NoHost),
        ("user@example.org", BadTarget::UserInfo),
        ("user:secret@example.org", BadTarget::UserInfo),
        ("example.org@", BadTarget::UserInfo),
        ("example.org.", BadTarget::TrailingDot),
        ("127.0.0.1.", BadTarget::TrailingDot),
        ("example..org", BadTarget::BadHost),
        (".example.org", BadTarget::BadHost),
        ("exa mple.org", BadTarget::BadHost),
        ("exa%6dple.org", BadTarget::BadHost),
        ("bücher.example", BadTarget::BadHost),
        ("example.org\r\nx: y", BadTarget::BadPort),
        ("example.org/path", BadTarget::BadHost),
        ("example.org\\", BadTarget::BadHost),
        ("example.org#", BadTarget::BadHost),
        ("example.org\0", BadTarget::BadHost),
        ("::1", BadTarget::BadPort),
        ("example.org:", BadTarget::BadPort),
        ("example.org:0", BadTarget::BadPort),
        ("example.org:080", BadTarget::BadPort),
        ("example.org:+80", BadTarget::BadPort),
        ("example.org:65536", BadTarget::BadPort),
        ("example.org:80:80", BadTarget::BadPort),
        ("2130706433", BadTarget::OddAddress),
        ("0x7f000001", BadTarget::OddAddress),
        ("0X7F.1", BadTarget::OddAddress),
        ("0x", BadTarget::OddAddress),
        ("017700000001", BadTarget::OddAddress),
        ("0177.0.0.1", BadTarget::OddAddress),
        ("127.1", BadTarget::OddAddress),
        ("127.0.1", BadTarget::OddAddress),
        ("127.0.0.01", BadTarget::OddAddress),
        ("127.0.0.0x1", BadTarget::OddAddress),
        ("127.0.0.1.1", BadTarget::OddAddress),
        ("256.0.0.1", BadTarget::OddAddress),
        ("example.123", BadTarget::OddAddress),
        ("[::1", BadTarget::BadHost),
        ("[::1]x", BadTarget::BadHost),
        ("[::1]:", BadTarget::BadPort),
        ("[]", BadTarget::BadHost),
        ("[127.0.0.1]", BadTarget::BadHost),
        ("[fe80::1%eth0]", BadTarget::Zone),
        ("[fe80::1%25eth0]", BadTarget::Zone),
        ("[::ffff:127.0.0.1]", BadTarget::OddAddress),
        ("[::ffff:7f00:1]", BadTarget::CarriedAddress),
        ("[::7f00:1]", BadTarget::CarriedAddress),
        ("[64:ff9b::7f00:1]", BadTarget::CarriedAddress),
        ("[64:ff9b:1::7f00:1]", BadTarget::CarriedAddress),
        ("[2002:7f00:1::]", BadTarget::CarriedAddress),
        (
            "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
            BadTarget::CarriedAddress,
        ),
    ];
    for (authority, expected) in cases {
        assert_eq!(parse(authority), Err(expected), "{authority:?}");
    }
    let long = format!("{}.example", "a".repeat(64));
    assert_eq!(parse(&long), Err(BadTarget::BadHost));
    let long = "a.".repeat(130) + "example";
    assert_eq!(parse(&long), Err(BadTarget::BadHost));
}

#[test]
fn only_two_schemes_and_paths_that_fit() {
    for scheme in ["", "ftp", "HTTP", "file", "ws"] {
        let target = Target::parse(scheme, "example.org", "/");
        assert_eq!(target, Err(BadTarget::Scheme), "{scheme}");
    }
    let bad = |path: &str| Target::parse("http", "example.org", path).unwrap_err();
    assert_eq!(bad("http://other.example/"), BadTarget::BadPath);
    assert_eq!(bad("/a b"), BadTarget::BadPath);
    assert_eq!(bad(&format!("/{}", "a".repeat(2_000))), BadTarget::TooLong);
    assert_eq!(
        bad(&format!("/?{}", "a".repeat(20_000))),
        BadTarget::TooLong
    );
}

#[test]
fn a_host_header_says_the_same() {
    let target = Target::parse("https", "example.org", "/").unwrap();
    for same in ["example.org", "EXAMPLE.ORG", "example.org:443"] {
        assert_eq!(target.check_host_header(same.as_bytes()), Ok(()), "{same}");
    }
    for other in [
        "",
        "example.com",
        "example.org:80",
        "example.org.",
        "a@example.org",
    ] {
        let said = target.check_host_header(other.as_bytes());
        assert_eq!(said, Err(BadTarget::OtherHost), "{other}");
    }
    assert_eq!(target.check_host_header(b"\xff"), Err(BadTarget::OtherHost));
}
