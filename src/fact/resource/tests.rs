//! Switches and strings of tables and documents made by hand.

use super::*;
use crate::artifact::build::{TableBuilder, Val, XmlBuilder};
use crate::artifact::manifest::Manifest;
use crate::artifact::manifest::{Overlay, preferences};
use crate::bytes::Place;
use crate::fact::{Switch, SwitchState};
use crate::rule::Rules;

fn rules() -> Rules {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("switches")).unwrap();
    let row = |kind: &str, key: &str, place: &str, on: &str| {
        format!(
            "[[switch]]\nkind = \"{kind}\"\nkey = \"{key}\"\n{place}on = \"{on}\"\nvendor = \"V\"\n\
                 meaning = \"m\"\nabsent = \"\"\nseverity = \"low\"\nsrc = [\"own\"]\n\n"
        )
    };
    let text = [
        row("resource", "zz_def_flag", "where = \"a.b\"\n", "false"),
        row("meta-data", "zz.meta", "", "true"),
        row("preference", "zz_text", "", "wifi"),
    ];
    std::fs::write(dir.path().join("switches/t.toml"), text.concat()).unwrap();
    Rules::load(&[dir.path().to_owned()]).unwrap()
}

fn rows(switches: Switches<'_>) -> Vec<(String, String, SwitchState, bool)> {
    let (rows, dropped) = switches.finish();
    assert_eq!(dropped, 0);
    let known = |s: &Switch| s.known.is_some();
    rows.iter()
        .map(|s| (s.key.clone(), s.default.clone().unwrap(), s.state, known(s)))
        .collect()
}

#[test]
fn resources_count_in_the_package_that_the_row_names() {
    let rules = rules();
    let place = Place::root("resources.arsc");
    let table = |name: &str| {
        let mut t = TableBuilder::new(0x7f, name);
        t.add("bool", "zz_def_flag", false.into());
        t.add_for("zh", "bool", "zz_def_flag", true.into());
        t.add("bool", "other", true.into());
        t.build()
    };
    let of = |name: &str, target: Option<&str>| {
        let mut s = Switches::new(&rules.flags);
        let data = table(name);
        let overlay = target.map(|t| Overlay {
            target: t.to_owned(),
            is_static: true,
            priority: 0,
        });
        s.manifest(
            &place,
            &Manifest {
                overlay,
                ..Manifest::default()
            },
        );
        s.table(&place, &Table::open(&data));
        rows(s)
    };
    let expect = [
        (
            "zz_def_flag".to_owned(),
            "false".to_owned(),
            SwitchState::On,
            true,
        ),
        (
            "zz_def_flag".to_owned(),
            "true".to_owned(),
            SwitchState::Off,
            true,
        ),
    ];
    assert_eq!(of("a.b", None), expect);
    assert_eq!(of("c.d", None), []);
    assert_eq!(of("c.d", Some("a.b")), expect);
}

#[test]
fn a_preference_is_kept_when_it_is_on_or_off_or_known() {
    let rules = rules();
    let pref = |key: &str, default: Val| [("android:key", Val::from(key)), ("android:defaultValue", default)];
    let data = XmlBuilder::new()
        .open("PreferenceScreen", &[])
        .empty("CheckBoxPreference", &pref("box", true.into()))
        .empty("ListPreference", &pref("list", "3".into()))
        .empty("ListPreference", &pref("zz_text", "wifi".into()))
        .empty("CheckBoxPreference", &pref("framework", Val::Ref(0x1005_0001)))
        .build();
    let (found, _) = preferences(&Xml::open(&data), None);
    let mut s = Switches::new(&rules.flags);
    s.preferences(&Place::root("res/xml/p.xml"), "a.b", &found);
    s.preferences(&Place::root("res/xml-v11/p.xml"), "a.b", &found);
    let (all, _) = s.finish();
    assert_eq!(all.iter().map(|s| s.count).collect::<Vec<_>>(), [2, 2]);
    let line = "<CheckBoxPreference key=\"box\" defaultValue=\"true\">";
    assert_eq!(*all[0].sites[0].lines, [line.into()]);
    assert_eq!((all[0].state, all[1].state), (SwitchState::On, SwitchState::On));
    assert_eq!(all[1].key, "zz_text");
}

#[test]
fn meta_data_counts_when_the_signatures_know_it() {
    let rules = rules();
    let meta = |name: &str| {
        [
            ("android:name", Val::from(name)),
            ("android:value", Val::Bool(true)),
        ]
    };
    let data = XmlBuilder::new()
        .open("manifest", &[("package", "a.b".into())])
        .open("application", &[])
        .empty("meta-data", &meta("zz.meta"))
        .empty("meta-data", &meta("other"))
        .build();
    let mut s = Switches::new(&rules.flags);
    s.manifest(
        &Place::root("AndroidManifest.xml"),
        &Manifest::read(&Xml::open(&data), None),
    );
    assert_eq!(
        rows(s),
        [("zz.meta".to_owned(), "true".to_owned(), SwitchState::On, true)]
    );
}

#[test]
fn a_damaged_file_gives_up_its_strings_all_the_same() {
    let mut t = TableBuilder::new(0x7f, "a");
    t.add("string", "s", "http://x".into());
    let mut data = t.build();
    data.truncate(data.len() - 8);
    let mut seen = Vec::new();
    let gaps = table_strings(&Table::open(&data), &mut |s, entry| {
        seen.push((String::from_utf8_lossy(s).into_owned(), entry()));
    });
    assert!(gaps.iter().any(Gap::is_loss));
    assert_eq!(seen, [("http://x".to_owned(), SALVAGED.to_owned())]);
}

#[test]
fn strings_of_a_document_come_with_their_place() {
    let data = XmlBuilder::new()
        .utf16()
        .open("a", &[("b", "http://x".into())])
        .build();
    let mut seen = Vec::new();
    let gaps = xml_strings(&Xml::open(&data), &mut |s, entry| {
        seen.push((s.to_vec(), entry()))
    });
    assert!(gaps.is_empty());
    assert_eq!(seen, [(b"http://x".to_vec(), "a:b".to_owned())]);
}
