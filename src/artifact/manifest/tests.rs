//! Documents are written by `tests/build/res.rs`.

use proptest::prelude::*;

use super::*;
use crate::artifact::build::{TableBuilder, Val, XmlBuilder};

fn read(builder: XmlBuilder, table: Option<Vec<u8>>) -> Manifest {
    let data = builder.build();
    let table = table.unwrap_or_default();
    let table = Some(Table::open(&table)).filter(|t| !t.packages().is_empty());
    Manifest::read(&Xml::open(&data), table.as_ref())
}

fn root() -> XmlBuilder {
    XmlBuilder::new().open("manifest", &[("package", "a.b".into())])
}

fn sdk(builder: XmlBuilder, target: u32) -> XmlBuilder {
    builder.empty(
        "uses-sdk",
        &[
            ("android:minSdkVersion", 9.into()),
            ("android:targetSdkVersion", target.into()),
        ],
    )
}

#[test]
fn the_head_of_a_manifest() {
    let m = read(
        XmlBuilder::new()
            .utf16()
            .open(
                "manifest",
                &[
                    ("package", "a.b".into()),
                    ("coreApp", "true".into()),
                    ("android:versionCode", 7.into()),
                    ("android:versionCodeMajor", 1.into()),
                    ("android:versionName", "1.2".into()),
                    ("android:sharedUserId", "android.uid.system".into()),
                ],
            )
            .empty("uses-permission", &[("android:name", "p.ONE".into())])
            .empty("uses-permission-sdk-23", &[("android:name", "p.TWO".into())])
            .empty(
                "permission",
                &[
                    ("android:name", "p.OWN".into()),
                    ("android:protectionLevel", 0x12.into()),
                ],
            )
            .empty("permission-group", &[("android:name", "g".into())])
            .empty(
                "instrumentation",
                &[
                    ("android:name", ".T".into()),
                    ("android:targetPackage", "c".into()),
                ],
            )
            .empty(
                "overlay",
                &[
                    ("android:targetPackage", "android".into()),
                    ("android:priority", 3.into()),
                ],
            ),
        None,
    );
    assert_eq!(
        (m.package.as_str(), m.core_app, m.version_code),
        ("a.b", true, Some(1 << 32 | 7))
    );
    assert_eq!(m.version_name.as_deref(), Some("1.2"));
    assert_eq!(m.shared_user_id.as_deref(), Some("android.uid.system"));
    let uses: Vec<_> = m
        .uses_permissions
        .iter()
        .map(|p| (p.name.as_str(), p.runtime_only))
        .collect();
    assert_eq!(uses, [("p.ONE", false), ("p.TWO", true)]);
    assert_eq!(
        (m.defines[0].tag, m.defines[0].level.as_str()),
        ("permission", "signature|privileged")
    );
    assert_eq!(m.defines[1].tag, "permission-group");
    assert_eq!(m.instrumentation, [("a.b.T".to_owned(), "c".to_owned())]);
    let overlay = m.overlay.unwrap();
    assert_eq!(
        (overlay.target.as_str(), overlay.priority, overlay.is_static),
        ("android", 3, false)
    );
    assert!(m.gaps.is_empty());
}

#[test]
fn a_filter_exports_and_a_word_decides() {
    let app = |target| {
        sdk(root(), target)
            .open("application", &[("android:permission", "p.APP".into())])
            .open("receiver", &[("android:name", ".R".into())])
            .open("intent-filter", &[("android:priority", 5.into())])
            .empty("action", &[("android:name", "boot".into())])
            .empty("category", &[("android:name", "c".into())])
            .empty(
                "data",
                &[
                    ("android:scheme", "http".into()),
                    ("android:host", "x".into()),
                    ("android:pathPrefix", "/p".into()),
                ],
            )
            .close()
            .close()
            .empty(
                "service",
                &[("android:name", "S".into()), ("android:permission", "p.S".into())],
            )
            .empty(
                "activity",
                &[("android:name", "x.A".into()), ("android:exported", true.into())],
            )
            .empty(
                "provider",
                &[
                    ("android:name", ".P".into()),
                    ("android:authorities", "a;b".into()),
                ],
            )
    };
    let exported = |m: &Manifest| m.components.iter().map(|c| c.exported).collect::<Vec<_>>();
    let m = read(app(16), None);
    assert_eq!(exported(&m), [true, false, true, true]);
    assert_eq!(exported(&read(app(17), None)), [true, false, true, false]);
    assert_eq!(exported(&read(app(31), None)), [false, false, true, false]);
    let names: Vec<_> = m.components.iter().map(|c| (c.tag, c.name.as_str())).collect();
    assert_eq!(
        names,
        [
            ("receiver", "a.b.R"),
            ("service", "a.b.S"),
            ("activity", "x.A"),
            ("provider", "a.b.P")
        ]
    );
    let filter = &m.components[0].filters[0];
    assert_eq!(
        (filter.priority, &*filter.actions[0], &*filter.data[0]),
        (5, "boot", "http://x/p*")
    );
    assert_eq!(m.components[0].permission.as_deref(), Some("p.APP"));
    assert_eq!(m.components[1].permission.as_deref(), Some("p.S"));
    assert_eq!(m.components[3].authorities, ["a", "b"]);
    assert_eq!(m.components[3].read_permission.as_deref(), Some("p.APP"));
}

#[test]
fn references_are_resolved_or_kept() {
    let mut t = TableBuilder::new(0x7f, "a.b");
    let name = t.add("string", "app", "App".into());
    let off = t.add("bool", "off", false.into());
    let config = t.add("xml", "net", "res/xml/net.xml".into());
    let m = read(
        root()
            .open(
                "application",
                &[
                    ("android:label", Val::Ref(name)),
                    ("android:process", Val::Ref(0x1004_0001)),
                    ("android:enabled", Val::Ref(off)),
                    ("android:allowBackup", Val::Ref(off)),
                    ("android:networkSecurityConfig", Val::Ref(config)),
                ],
            )
            .empty(
                "meta-data",
                &[
                    ("android:name", "k".into()),
                    ("android:resource", Val::Ref(config)),
                ],
            )
            .open("service", &[("android:name", ".S".into())])
            .empty(
                "meta-data",
                &[("android:name", "s".into()), ("android:value", true.into())],
            ),
        Some(t.build()),
    );
    assert_eq!(m.application.label.as_deref(), Some("App"));
    assert_eq!(m.application.process.as_deref(), Some("@0x10040001"));
    assert_eq!(m.application.network_security.as_deref(), Some("res/xml/net.xml"));
    assert_eq!(m.application.allow_backup, Some(false));
    let meta: Vec<_> = m
        .meta_data
        .iter()
        .map(|d| (d.name.as_str(), d.value.as_str(), d.component))
        .collect();
    assert_eq!(meta, [("k", "res/xml/net.xml", None), ("s", "true", Some(0))]);
    assert!(!m.components[0].enabled);
    assert!(
        m.attributes
            .contains(&("android:allowBackup".to_owned(), "false".to_owned()))
    );
}

#[test]
fn elements_count_only_where_the_platform_looks() {
    let m = read(
        root()
            .open("x", &[])
            .empty("uses-permission", &[("android:name", "decoy".into())])
            .close()
            .open("application", &[])
            .open("service", &[("android:name", ".S".into())])
            .empty("activity", &[("android:name", ".decoy".into())]),
        None,
    );
    assert!(m.uses_permissions.is_empty());
    assert_eq!(m.components.len(), 1);
}

#[test]
fn a_document_without_ids_goes_by_names() {
    let m = read(
        root()
            .without_ids()
            .empty("uses-permission", &[("android:name", "p".into())]),
        None,
    );
    assert_eq!(m.uses_permissions[0].name, "p");
}

#[test]
fn what_is_no_manifest_says_so() {
    let m = read(XmlBuilder::new().open("x", &[]), None);
    assert_eq!(m.gaps[0].what, "document without a manifest element");
    let m = read(XmlBuilder::new().open("manifest", &[]), None);
    assert_eq!(m.gaps[0].what, "manifest without a package name");
}

#[test]
fn twenty_thousand_nested_elements_are_no_problem() {
    let mut b = root().open("application", &[]);
    for _ in 0..20_000 {
        b = b.open("x", &[]);
    }
    assert_eq!(read(b, None).package, "a.b");
}

#[test]
fn one_long_string_many_times_is_cut_off() {
    let long = "x".repeat(30_000);
    let mut b = root();
    for _ in 0..1000 {
        b = b.empty("uses-permission", &[("android:name", long.as_str().into())]);
    }
    let m = read(b, None);
    assert!(m.uses_permissions.len() < 1000);
    assert_eq!(m.gaps[0].what, "text");
}

#[test]
fn a_domain_inherits_what_it_does_not_say() {
    let data = XmlBuilder::new()
        .open("network-security-config", &[])
        .open("base-config", &[("cleartextTrafficPermitted", false.into())])
        .open("trust-anchors", &[])
        .empty("certificates", &[("src", "system".into())])
        .close()
        .close()
        .open("domain-config", &[("cleartextTrafficPermitted", "true".into())])
        .open("domain", &[("includeSubdomains", true.into())])
        .text(" a.example ")
        .close()
        .open("domain-config", &[])
        .open("domain", &[])
        .text("b.example")
        .close()
        .open("trust-anchors", &[])
        .empty("certificates", &[("src", "user".into())])
        .close()
        .open("pin-set", &[])
        .open("pin", &[])
        .text("AAAA")
        .close()
        .close()
        .close()
        .close()
        .open("debug-overrides", &[])
        .open("trust-anchors", &[])
        .empty("certificates", &[("src", "user".into())])
        .build();
    let c = network_security(&Xml::open(&data));
    assert_eq!((c.cleartext, c.trusts_user), (Some(false), false));
    let domain = |name: &str, subdomains, trusts_user, pinned| Domain {
        name: name.to_owned(),
        subdomains,
        cleartext: Some(true),
        trusts_user,
        pinned,
    };
    assert_eq!(
        c.domains,
        [
            domain("a.example", true, false, false),
            domain("b.example", false, true, true)
        ]
    );
    assert!(c.gaps.is_empty());
}

#[test]
fn preferences_have_their_defaults_resolved() {
    let mut t = TableBuilder::new(0x7f, "a");
    let title = t.add("string", "t", "Join the programme".into());
    let on = t.add("bool", "on", true.into());
    let table = t.build();
    let data = XmlBuilder::new()
        .open("PreferenceScreen", &[])
        .empty(
            "SwitchPreference",
            &[
                ("android:key", "k".into()),
                ("android:defaultValue", Val::Ref(on)),
                ("android:title", Val::Ref(title)),
            ],
        )
        .empty(
            "miui.preference.X",
            &[
                ("key", "l".into()),
                ("defaultValue", "3".into()),
                ("android:dependency", "k".into()),
            ],
        )
        .empty("Preference", &[("android:title", "no key".into())])
        .build();
    let (rows, gaps) = preferences(&Xml::open(&data), Some(&Table::open(&table)));
    assert!(gaps.is_empty());
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (rows[0].default.as_deref(), rows[0].boolean),
        (Some("true"), true)
    );
    assert_eq!(rows[0].title.as_deref(), Some("Join the programme"));
    assert_eq!(
        (rows[1].key.as_str(), rows[1].default.as_deref(), rows[1].boolean),
        ("l", Some("3"), false)
    );
    assert_eq!(rows[1].dependency.as_deref(), Some("k"));
}

proptest! {
    #[test]
    fn no_flip_panics(flips in prop::collection::vec((0_usize..900, any::<u8>()), 1..4)) {
        let mut data = root()
            .open("application", &[("android:label", Val::Ref(0x7f01_0000))])
            .open("service", &[("android:name", ".S".into())])
            .open("intent-filter", &[])
            .empty("action", &[("android:name", "x".into())])
            .build();
        for (at, byte) in &flips {
            if let Some(b) = data.get_mut(*at) {
                *b = *byte;
            }
        }
        let xml = Xml::open(&data);
        Manifest::read(&xml, None);
        network_security(&xml);
        preferences(&xml, None);
    }
}
