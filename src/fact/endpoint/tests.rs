//! What is an endpoint, what is not, and whose it is said to be.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::fact::{HostKind, Site};

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::bundled().unwrap());

fn urls(text: &[u8], hits: &[Hit]) -> Vec<String> {
    let finder = Finder::new(&RULES);
    let found = hits
        .iter()
        .filter_map(|hit| finder.endpoint(text, hit, Source::Code));
    found
        .map(|found| match found {
            Found::Endpoint(endpoint) => endpoint.url,
            Found::Aside(host) => format!("aside {host}"),
        })
        .collect()
}

#[track_caller]
fn text(text: &str, expect: &[&str]) {
    let hits = Finder::new(&RULES).text(text.as_bytes());
    assert_eq!(urls(text.as_bytes(), &hits), expect, "{text}");
}

#[track_caller]
fn raw(data: &[u8], expect: &[&str]) {
    let hits = Finder::new(&RULES).raw(data);
    assert_eq!(urls(data, &hits), expect);
}

fn one(text: &str) -> Endpoint {
    let finder = Finder::new(&RULES);
    let hits = finder.text(text.as_bytes());
    match finder.endpoint(text.as_bytes(), &hits[0], Source::Code) {
        Some(Found::Endpoint(endpoint)) => *endpoint,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn urls_are_found_wherever_they_stand() {
    text("http://api.foo.com/x?y=1", &["http://api.foo.com/x?y=1"]);
    text("see HTTPS://Api.Foo.com/X.", &["https://api.foo.com/X"]);
    text("(http://a.foo.com/b)", &["http://a.foo.com/b"]);
    text("http://a.foo.com/b_(c)", &["http://a.foo.com/b_(c)"]);
    text(
        "http://a.foo.com,https://b.foo.com;ws://c.foo.com/d",
        &["http://a.foo.com", "https://b.foo.com", "ws://c.foo.com/d"],
    );
    text(
        "http://a.foo.com/?u=http://b.foo.com/",
        &["http://a.foo.com/?u=http://b.foo.com/", "http://b.foo.com/"],
    );
    text(
        "http://a.foo.comhttp://b.foo.com",
        &["http://a.foo.com", "http://b.foo.com"],
    );
    text(r#"{"u":"http:\/\/a.foo.com\/b"}"#, &["http://a.foo.com/b"]);
    text(
        "http://a.foo.com/?u=https%3A%2F%2Fb.foo.com%2Fc&d",
        &[
            "http://a.foo.com/?u=https%3A%2F%2Fb.foo.com%2Fc&d",
            "https://b.foo.com/c",
        ],
    );
    text("Ahttp://a.foo.com", &["http://a.foo.com"]);
    text("//cdn.foo.com/x.js", &["//cdn.foo.com/x.js"]);
    text("访问http://www.foo.com查看", &["http://www.foo.com"]);
    text("http://www.例え.jp/x", &["http://www.例え.jp/x"]);
    text("http://m.foo.com&type=1", &["http://m.foo.com&type=1"]);
    text("http://m.foo.com/[a-z]+/([", &["http://m.foo.com/[a-z]+/"]);
    text("mqtt://broker.foo.com:1883", &["mqtt://broker.foo.com:1883"]);
}

#[test]
fn what_is_not_known_is_a_hole() {
    text("http://%1$s/gslb/?ver=4.0", &["http://{}/gslb/?ver=4.0"]);
    text("http://%s/x/y", &["http://{}/x/y"]);
    text(
        "https://{host}/api/v1?a=%d&b=%02x&c=%20s",
        &["https://{}/api/v1?a={}&b={}&c=%20s"],
    );
    text(
        "https://${region}.api.foo.com:8080/x",
        &["https://{}.api.foo.com:8080/x"],
    );
    text("https://api.foo.com{}", &["https://api.foo.com{}"]);
    text("https://api.foo.com{}/x{}", &["https://api.foo.com{}/x{}"]);
    text("{}://api.foo.com/x", &["//api.foo.com/x"]);
    text("%s://api.foo.com/x", &["//api.foo.com/x"]);
    text("http://www.{}/abc", &["http://www.{}/abc"]);
    text("http://{}:{}/download", &["http://{}/download"]);
    text("{}.api.foo.com", &["{}.api.foo.com"]);
    text("api.foo.com{}", &["api.foo.com{}"]);
    for nothing in [
        "http://",
        "https://%s",
        "%s://%s",
        "http://%s:%d/",
        "{}://{}/{}",
        "http://www.",
    ] {
        text(nothing, &[]);
    }
    assert_eq!(one("http://%1$s/gslb/?ver=4.0").host, "");
    assert_eq!(one("https://%s.api.foo.com/x").host, "{}.api.foo.com");
    assert_eq!(one("https://%s.api.foo.com/x").host_kind, HostKind::Template);
    assert_eq!(one("https://api.foo.com{}").host, "api.foo.com");
}

#[test]
fn a_name_alone_is_a_host_only_when_it_can_be_nothing_else() {
    for host in [
        "app.chat.foo.net",
        "app.chat.foo.net:5222",
        "foo.com",
        "cn.bing.com",
        "api.foo.com.cn/v1/x",
        "dev.market.n.foo.com",
        "www.foo.info",
        "t1.t2.foo.io",
        "io.foo.com",
    ] {
        text(host, &[host]);
    }
    for other in [
        "com.foo.bar",
        "com.foo.net",
        "java.net",
        "android.net",
        "org.foo.app",
        "android.intent.action.VIEW",
        "libfoo.so",
        "a.b.zip",
        "ro.product.name",
        "ro.build.id",
        "persist.sys.foo.in",
        "foo.txt",
        "README.md",
        "user.id",
        "event.to",
        "1.2.3",
        "v1.2.com.",
        "e.printStackTrace",
        "me@foo.com",
        "mailto:me@foo.com",
        "Settings.Secure",
        "foo.com()",
        "x.y = foo.com.z",
        "a.b",
        "http.agent",
        "text/foo.com",
        "/data/foo.com/x",
        "com.foo.maker.provider.com",
        "file.de",
        "string.app_name",
        "foo..com",
        "-foo.com-",
        "com.cn",
        "Call foo.com or not",
        "%s.com",
        "*.foo.com",
    ] {
        text(other, &[]);
    }
    text(
        "a.foo.com,b.foo.com;c.foo.com:80",
        &["a.foo.com", "b.foo.com", "c.foo.com:80"],
    );
    text("visit www.foo.com now", &["www.foo.com"]);
    text("HOST=north.pool.foo.org\nX=1", &["north.pool.foo.org"]);
}

#[test]
fn an_address_is_told_from_a_version() {
    for address in [
        "58.68.235.14",
        "10.237.12.2",
        "220.181.3.9:8091",
        "192.168.1.100",
        "2001:4860:4860::8888",
    ] {
        text(address, &[address]);
    }
    for other in [
        "4.2.2.1",
        "2.5.29.15",
        "1.2.840.113549",
        "256.1.1.1",
        "1.2.3.4.5",
        "01.02.03.04",
        "10.0.0.0/8",
        "255.255.255.0",
        "3.10.0.200x",
        "12:34:56",
        "ad::add",
        "std::x",
        "30.0.0.0",
    ] {
        text(other, &[]);
    }
    text("58.68.235.14,59.151.110.251", &["58.68.235.14", "59.151.110.251"]);
    text("http://4.2.2.1/x", &["http://4.2.2.1/x"]);
    text("http://[2001:4860::1]:80/x", &["http://[2001:4860::1]:80/x"]);
    text("http://127.0.0.1:8080/", &["aside 127.0.0.1"]);
    text("http://localhost/", &["aside localhost"]);
    assert!(one("10.237.12.17:9085").private && !one("58.68.235.14").private);
    assert!(one("http://100.64.3.4/x").private && !one("http://100.128.3.4/x").private);
}

#[test]
fn schemas_and_manuals_are_set_aside_and_examples_are_not() {
    text(
        "http://schemas.android.com/apk/res/android",
        &["aside schemas.android.com"],
    );
    text("http://www.w3.org/2001/XMLSchema", &["aside www.w3.org"]);
    text("http://www.foo.com/DTDs/List-1.0.dtd", &["aside www.foo.com"]);
    text(
        "https://marker-001.example.com/path",
        &["https://marker-001.example.com/path"],
    );
}

#[test]
fn test_servers_and_internal_names_are_marked() {
    for staging in [
        "http://test.ad.foo.com/",
        "https://sandbox.foo.com",
        "http://staging01.n.foo.com/x",
        "https://a-test.foo.com",
    ] {
        assert!(one(staging).staging, "{staging}");
    }
    for live in [
        "http://latest.foo.com/",
        "http://test.com/x",
        "https://contest.foo.com",
    ] {
        assert!(!one(live).staging, "{live}");
    }
    assert!(one("http://test.data.foo.srv/v3").private);
    assert!(one("http://zc-foo-stag00.bj:9085").private);
    assert!(one("http://proxy:3128/").private);
    assert!(
        one("http://a.foo.com").cleartext
            && !one("https://a.foo.com").cleartext
            && !one("a.foo.com").cleartext
    );
}

#[test]
fn tricks_with_the_authority_lead_to_the_host_that_is_contacted() {
    assert_eq!(one("http://good.com@evil.foo.com/").host, "evil.foo.com");
    assert_eq!(one("http://good.com:80@evil.foo.com:81/").port, Some(81));
    assert_eq!(one("http://evil.foo.com\\@good.com/").host, "evil.foo.com");
    assert_eq!(one("http://%65vil.foo.com/").host, "evil.foo.com");
    assert_eq!(one("http:///evil.foo.com/").host, "evil.foo.com");
    assert_eq!(one("http://973078529/x").host, "58.0.0.1");
    assert_eq!(one("http://evil.foo.com.:80/").host, "evil.foo.com");
}

#[test]
fn raw_bytes_give_urls_and_names_that_are_set_off() {
    raw(b"\x00\x01http://a.foo.com/x\x00junk", &["http://a.foo.com/x"]);
    raw(
        b"\x00app.chat.foo.net\x00\x01\x02me.foo.com(\x00",
        &["app.chat.foo.net"],
    );
    raw(b"var a='api.foo.com',b=x.com;", &["api.foo.com"]);
    raw(b"<a href=\"http://a.foo.com/x\">t</a>", &["http://a.foo.com/x"]);
    let wide: Vec<u8> = "\u{feff}see http://a.foo.com/x now"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    raw(&wide, &["http://a.foo.com/x"]);
    raw(b"\x00http\x00://a.foo.com\x00", &["//a.foo.com"]);
}

#[test]
fn a_long_url_is_cut_and_many_urls_in_one_take_linear_time() {
    let long = format!("http://a.foo.com/{}", "x".repeat(1 << 20));
    let endpoint = one(&long);
    assert!(endpoint.url.len() <= MAX_URL + 16);
    let many = "http://a.foo.com/".repeat(60_000);
    assert_eq!(Finder::new(&RULES).text(many.as_bytes()).len(), 60_000);
    let dots = "a.".repeat(500_000);
    assert!(Finder::new(&RULES).text(dots.as_bytes()).is_empty());
}

#[test]
fn places_of_one_url_are_merged_and_the_best_are_kept() {
    let finder = Finder::new(&RULES);
    let mut all = Endpoints::default();
    let site = |entry: &str| Site {
        entry: Some(entry.into()),
        ..Site::default()
    };
    for n in 0..20 {
        all.text(&finder, b"http://a.foo.com/x", Source::StringTable, false, |_| {
            site(&n.to_string())
        });
    }
    all.text(&finder, b"http://a.foo.com/x", Source::Code, true, |_| {
        site("code")
    });
    all.text(&finder, b"http://www.w3.org/x", Source::Code, false, |_| site(""));
    let (endpoints, aside) = all.finish();
    let endpoint = &endpoints[0];
    assert_eq!(
        (endpoints.len(), endpoint.count, endpoint.sites.len()),
        (1, 21, 8)
    );
    assert_eq!((endpoint.source, endpoint.at_sink), (Source::Code, true));
    assert_eq!(endpoint.sites[0].entry.as_deref(), Some("code"));
    assert_eq!(aside.get("www.w3.org"), Some(&1));
}

proptest! {
    #[test]
    fn any_text_is_searched_without_a_panic(
        text in "([a-z0-9.:/%{}$@\\[\\]\\\\ ]|http://|\\PC|\u{0}|\\.com){0,80}",
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let finder = Finder::new(&RULES);
        for text in [text.as_bytes(), &bytes] {
            for hits in [finder.text(text), finder.raw(text)] {
                for hit in &hits {
                    assert!(hit.range.end <= text.len());
                    finder.endpoint(text, hit, Source::Code);
                }
            }
        }
    }
}
