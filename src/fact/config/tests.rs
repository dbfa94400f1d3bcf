//! What each kind of file gives.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::bundled().unwrap());

fn read(
    name: &str,
    f: impl FnOnce(&mut Reading<'_, '_>) -> ConfigFacts,
) -> (ConfigFacts, Vec<(String, String)>) {
    let finder = Finder::new(&RULES);
    let mut endpoints = Endpoints::default();
    let place = Place::root(name);
    let facts = f(&mut Reading {
        place: &place,
        rules: &RULES,
        finder: &finder,
        endpoints: &mut endpoints,
        source: Source::Config,
    });
    let (endpoints, _) = endpoints.finish();
    let found = endpoints
        .into_iter()
        .map(|e| (e.url, e.sites[0].entry.as_deref().unwrap_or_default().to_owned()))
        .collect();
    (facts, found)
}

fn pair(url: &str, entry: &str) -> (String, String) {
    (url.to_owned(), entry.to_owned())
}

#[test]
fn a_property_may_hold_a_host_and_ro_keeps_its_first_value() {
    let (facts, found) = read("build.prop", |r| {
        r.properties(b"ro.a=1\nro.a=2\nx.y=1\nx.y=2\nro.url=http://a.foo.com/x\n")
    });
    assert_eq!(facts.properties["ro.a"], "1");
    assert_eq!(facts.properties["x.y"], "2");
    assert_eq!(found, [pair("http://a.foo.com/x", "line 5")]);
}

#[test]
fn known_keys_of_gps_files_and_known_services_are_switches() {
    let (facts, found) = read("gps.conf", |r| {
        r.text(b"# SUPL_HOST=off.foo.com\nSUPL_HOST=supl.foo.com\nSUPL_PORT=7275\n")
    });
    let switch = &facts.switches[0];
    assert_eq!(
        (switch.key.as_str(), switch.state),
        ("SUPL_HOST", SwitchState::On)
    );
    assert_eq!(switch.sites[0].entry.as_deref(), Some("line 2"));
    assert_eq!(found, [pair("supl.foo.com", "line 2")]);
    let (facts, _) = read("init.rc", |r| {
        r.init_script(b"service mqsasd /system/bin/mqsasd\n  class main\n")
    });
    assert_eq!(facts.switches[0].state, SwitchState::On);
}

#[test]
fn xml_is_searched_by_value_and_as_text_behind_what_is_broken() {
    let file = b"<!-- http://no.foo.com -->\n<a>\n<b u='http://a.foo.com/?x=1&amp;y=2'/>\n<c>b.foo.com</c></a>\n<d e='\nhttps://c.foo.com/";
    let (facts, found) = read("x.xml", |r| r.xml(file));
    assert_eq!(
        found,
        [
            pair("http://a.foo.com/?x=1&y=2", "line 3: a/b@u"),
            pair("b.foo.com", "line 4: a/c"),
            pair("https://c.foo.com/", "line 6"),
        ]
    );
    assert_eq!(facts.gaps.len(), 1);
}

#[test]
fn other_text_is_searched_by_line() {
    let (_, found) = read("a.js", |r| {
        r.text(b"var a=1;\nvar u='http://a.foo.com/x', v=b.foo.com;")
    });
    assert_eq!(found, [pair("http://a.foo.com/x", "line 2")]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(file in "([a-z=. \n#<>/'\"&;]|http://|service |on )*", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for file in [file.as_bytes(), &bytes] {
            read("a.conf", |r| r.text(file));
            read("a.xml", |r| r.xml(file));
        }
    }
}
