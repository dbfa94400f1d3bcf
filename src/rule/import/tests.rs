use super::*;
use crate::rule::check::check;

fn run(name: &str, text: &str) -> (tempfile::TempDir, Result<Imported, RuleError>) {
    let dir = tempfile::tempdir().unwrap();
    let list = dir.path().join(name);
    fs::write(&list, text).unwrap();
    let imported = import(&list, &dir.path().join("mine"), None);
    (dir, imported)
}

const EXODUS: &str = r#"{"trackers": {
    "1": {"name": "Acme \"Insight\"", "code_signature": "com.acme.insight.|org\\.acme\\.stat.*|NC",
          "network_signature": "stats\\.acme\\.example|acme[0-9]+\\.example", "website": "https://acme.example",
          "categories": ["Analytics", "Advertisement", "Poetry"]},
    "2": {"name": "Known", "code_signature": "com.umeng.analytics.", "network_signature": ""}
}}"#;

#[test]
fn an_exodus_list_becomes_trackers() {
    let (dir, imported) = run("etip.json", EXODUS);
    let imported = imported.unwrap();
    assert_eq!(
        (imported.format, imported.rows, imported.known, imported.skipped),
        (Format::Exodus, 1, 1, 1)
    );
    let mine = dir.path().join("mine");
    assert_eq!(check(&mine).unwrap(), []);
    let rules = Rules::load(&[mine]).unwrap();
    let tracker = rules.trackers.class(b"Lorg/acme/stat/A;").unwrap();
    assert_eq!(
        (&*tracker.id, &*tracker.name),
        ("exodus-acme-insight", "Acme \"Insight\"")
    );
    assert_eq!(
        tracker.categories.iter().map(|c| &**c).collect::<Vec<_>>(),
        ["ads", "analytics"]
    );
    assert_eq!(
        &*rules.trackers.host("a.stats.acme.example").unwrap().id,
        "exodus-acme-insight"
    );
    assert_eq!(
        &*rules.trackers.class(b"Lcom/umeng/analytics/A;").unwrap().id,
        "umenganalytics"
    );
}

#[test]
fn an_exodus_list_may_be_a_list() {
    let (_dir, imported) = run(
        "list.json",
        r#"[{"name": "Acme", "code_signature": "com.acme.insight.", "network_signature": null}]"#,
    );
    assert_eq!(imported.unwrap().rows, 1);
}

#[test]
fn a_hosts_file_becomes_hosts() {
    let text = "# Title: My list\n# Licence: CC0\n127.0.0.1 localhost\n0.0.0.0 ads.acme.example # why\n\
                ::1 deep.ads.acme.example\nbare.example\n0.0.0.0 tracking.miui.com\n0.0.0.0 new.data.mistat.xiaomi.com\n\
                0.0.0.0 not_a host!\n";
    let (dir, imported) = run("My List.txt", text);
    let imported = imported.unwrap();
    assert_eq!(
        (imported.format, imported.license.as_deref()),
        (Format::Hosts, Some("CC0"))
    );
    assert_eq!((imported.rows, imported.known, imported.skipped), (3, 2, 2));
    assert!(imported.file.ends_with("mine/hosts/my-list.toml"));
    let mine = dir.path().join("mine");
    assert_eq!(check(&mine).unwrap(), []);
    let rules = Rules::load(&[mine]).unwrap();
    assert_eq!(
        &*rules.hosts.lookup("x.ads.acme.example").unwrap().purpose,
        "tracking"
    );
    assert_eq!(
        &*rules.hosts.lookup("new.data.mistat.xiaomi.com").unwrap().owner,
        "Xiaomi"
    );
    assert_eq!(
        &*rules.hosts.lookup("tracking.miui.com").unwrap().purpose,
        "telemetry"
    );
}

#[test]
fn an_adguard_list_becomes_hosts() {
    let text = "[Adblock Plus]\n! Title: Native trackers\n! License: GPL-3.0\n||ads.acme.example^\n\
                ||b.example^$third-party\n@@||good.example^\n||c.example/path\n||d.*^\n##.banner\n";
    let (_dir, imported) = run("native.txt", text);
    let imported = imported.unwrap();
    assert_eq!(
        (imported.format, imported.rows, imported.skipped),
        (Format::Adguard, 2, 4)
    );
    assert_eq!(imported.license.as_deref(), Some("GPL-3.0"));
    let written = fs::read_to_string(imported.file).unwrap();
    assert!(written.starts_with(
        "# Imported from native.txt (adguard format). Title: Native trackers. Licence: GPL-3.0."
    ));
}

#[test]
fn a_file_of_someone_else_is_not_written_over() {
    let (dir, imported) = run("my.txt", "0.0.0.0 ads.acme.example\n");
    let file = imported.unwrap().file;
    let list = dir.path().join("my.txt");
    let mine = dir.path().join("mine");
    assert!(import(&list, &mine, None).is_ok());
    fs::write(&file, "# mine\n").unwrap();
    let error = import(&list, &mine, None).unwrap_err();
    assert!(error.to_string().contains("no import wrote it"), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "# mine\n");
    assert_eq!(
        fs::read_dir(file.parent().unwrap()).unwrap().count(),
        1,
        "nothing is left beside it"
    );
}

#[test]
fn a_list_without_use_is_told() {
    for text in [
        "",
        "{",
        "{\"trackers\": {}}",
        "just prose without a single name\n",
        "\u{0}\u{1}\n",
    ] {
        let (_dir, imported) = run("my.txt", text);
        assert!(imported.is_err(), "{text:?}");
    }
}

#[test]
fn text_of_a_list_cannot_leave_its_quotes() {
    let evil = "a\"]\nowner = \"b\\\u{7f}";
    let parsed: toml::Table = toml::from_str(&format!("x = {}", quoted(evil))).unwrap();
    assert_eq!(parsed.len(), 1);
    assert_eq!(slug("../../etc/passwd"), "etc-passwd");
    assert_eq!(slug("..."), "list");
}

proptest::proptest! {
    #[test]
    fn any_text_is_taken_or_refused(text in ".{0,300}", lines in proptest::collection::vec("[|0-9a-z.^ $#!:*-]{0,30}", 0..8)) {
        let rules = Rules::default();
        let text = format!("{text}\n{}", lines.join("\n"));
        for format in [Format::Hosts, Format::Adguard] {
            let rows = list::rows(&text, format, &rules);
            proptest::prop_assert!(toml::from_str::<crate::rule::row::HostFile>(&rows.body).is_ok());
        }
        let _ = exodus::rows(&text, &rules);
    }
}
