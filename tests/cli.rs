//! The command line: what it prints, what it writes, how it ends.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Standard output, standard error and the exit code, as one text.
#[track_caller]
fn run_in(folder: &Path, args: &[&str]) -> (String, i32) {
    let output = Command::cargo_bin("phonehome")
        .unwrap()
        .current_dir(folder)
        .env_clear()
        .env("SOURCE_DATE_EPOCH", "1772323200")
        .args(args)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let code = output.status.code().unwrap_or(-1);
    let mut all = text(&output.stdout);
    let errors = text(&output.stderr);
    if !errors.is_empty() {
        all.push_str("--- stderr\n");
        all.push_str(&errors);
    }
    all.push_str(&format!("--- exit {code}\n"));
    (all, code)
}

fn run(args: &[&str]) -> String {
    run_in(&root(), args).0
}

#[track_caller]
fn ends(folder: &Path, args: &[&str], code: i32, says: &[&str]) {
    let (text, got) = run_in(folder, args);
    assert_eq!(got, code, "{args:?}\n{text}");
    for words in says {
        assert!(text.contains(words), "{args:?} does not say {words:?}\n{text}");
    }
}

const OLD: &str = "tests/reports/old.json";
const NEW: &str = "tests/reports/new.json";

#[test]
fn a_report_as_text() {
    insta::assert_snapshot!(run(&["report", NEW]));
}

#[test]
fn a_report_with_all_its_evidence() {
    insta::assert_snapshot!(run(&["report", NEW, "-vv"]));
}

#[test]
fn a_comparison_as_text() {
    insta::assert_snapshot!(run(&["diff", OLD, NEW, "--isolated"]));
}

#[test]
fn a_verdict_as_text() {
    insta::assert_snapshot!(run(&["gate", NEW, "--baseline", OLD, "-v", "--isolated"]));
}

#[test]
fn an_explanation_as_text() {
    insta::assert_snapshot!(run(&["explain", "7f3a", "--from", NEW, "--isolated"]));
}

#[test]
fn gaps_as_text() {
    insta::assert_snapshot!(run(&["ls", NEW, "--gaps", "--isolated"]));
}

#[test]
fn settings_with_where_they_come_from() {
    let dir = TempDir::new().unwrap();
    fs::write(
        dir.path().join("phonehome.toml"),
        "[scan]\nmax-item = \"1GiB\"\n[gate]\nmax-score = 5\n",
    )
    .unwrap();
    let (text, _) = run_in(dir.path(), &["scan", "--show-config", "--threads", "2"]);
    let shown = text.replace(dir.path().canonicalize().unwrap().to_str().unwrap(), "DIR");
    insta::assert_snapshot!(shown);
}

#[test]
fn help_of_every_command() {
    for command in [
        "scan",
        "diff",
        "gate",
        "explain",
        "report",
        "ls",
        "signatures",
        "formats",
        "init",
        "completions",
    ] {
        let text = run(&[command, "-h"]);
        assert!(
            text.contains("Example: phonehome"),
            "{command} has no example\n{text}"
        );
        insta::assert_snapshot!(format!("help_{command}"), text);
    }
    let all = run(&["--help"]);
    assert!(all.contains("no command opens a network connection"));
    insta::assert_snapshot!("help", all);
}

#[test]
fn the_version_is_on_standard_output() {
    ends(&root(), &["--version"], 0, &["phonehome "]);
}

#[test]
fn bad_input_is_named_with_what_to_do() {
    let dir = TempDir::new().unwrap();
    let at = dir.path();
    fs::create_dir(at.join("empty")).unwrap();
    fs::write(at.join("notes.txt"), "nothing of a phone in here\n").unwrap();
    fs::write(at.join("firmware.zip"), b"").unwrap();
    ends(
        at,
        &["scan", "firmwere.zip"],
        3,
        &["no file or folder firmwere.zip", "did you mean ./firmware.zip?"],
    );
    ends(
        at,
        &["scan", "empty"],
        3,
        &["nothing to analyse in empty", "help"],
    );
    ends(
        at,
        &["scan", "notes.txt"],
        3,
        &["nothing to analyse in notes.txt", "help"],
    );
    ends(
        at,
        &["scan", "firmware.zip"],
        3,
        &["nothing to analyse in firmware.zip"],
    );
    ends(at, &["scan", "-"], 3, &["from a pipe", "save it to a file"]);
    ends(at, &["scan", "/dev/null"], 3, &["neither a file nor a folder"]);
    ends(at, &["gate", "notes.txt"], 3, &["nothing to analyse"]);
    fs::write(at.join("old.json"), "{}").unwrap();
    ends(
        at,
        &["gate", "old.json"],
        3,
        &["is not a saved report", "-o json=report.json"],
    );
    ends(at, &["report", "none.json"], 3, &["no file or folder none.json"]);
    ends(
        at,
        &["explain", "7f3a91c2"],
        2,
        &["a finding's id needs its report"],
    );
}

#[test]
fn a_truncated_build_never_passes() {
    let dir = TempDir::new().unwrap();
    let whole = fs::read(root().join("samples/acme-1.0.zip")).unwrap();
    fs::write(dir.path().join("cut.zip"), &whole[..whole.len() - 2000]).unwrap();
    fs::write(dir.path().join("whole.zip"), &whole).unwrap();
    ends(dir.path(), &["scan", "cut.zip"], 0, &["truncated"]);
    ends(
        dir.path(),
        &["gate", "cut.zip"],
        4,
        &["undecided", "cut.zip", "truncated"],
    );
    ends(
        dir.path(),
        &["scan", "cut.zip", "--fail-on", "critical"],
        4,
        &["--fail-on"],
    );
    ends(dir.path(), &["scan", "cut.zip", "-o", "json=cut.json"], 0, &[]);
    ends(
        dir.path(),
        &["gate", "cut.zip", "--baseline", "cut.json"],
        4,
        &["undecided"],
    );
    ends(
        dir.path(),
        &["scan", "whole.zip", "-o", "json=whole.json"],
        0,
        &[],
    );
    ends(
        dir.path(),
        &["gate", "whole.zip", "--baseline", "whole.json"],
        0,
        &["gate: pass"],
    );
}

#[test]
fn bad_files_of_the_user_are_underlined() {
    let dir = TempDir::new().unwrap();
    let at = dir.path();
    fs::copy(root().join(NEW), at.join("new.json")).unwrap();
    fs::write(at.join("policy.toml"), "[gate]\nfail_on = \"high\"\n").unwrap();
    ends(
        at,
        &["gate", "new.json", "--policy", "policy.toml"],
        2,
        &[
            "unknown key `fail_on`",
            "policy.toml:2:1",
            "did you mean `fail-on`?",
        ],
    );
    fs::write(at.join("policy.toml"), "[gate]\nmin-coverage = 95\n").unwrap();
    ends(
        at,
        &["gate", "new.json", "--policy", "policy.toml"],
        2,
        &["0.95 means 95 %"],
    );
    ends(
        at,
        &["gate", "new.json", "--policy", "none.toml"],
        2,
        &["none.toml cannot be read"],
    );
    fs::create_dir_all(at.join("sigs/hosts")).unwrap();
    fs::write(
        at.join("sigs/hosts/acme.toml"),
        "hosts = [\n  { hots = \"a.example\" },\n]\n",
    )
    .unwrap();
    ends(
        at,
        &["scan", "new.json", "--signatures", "sigs"],
        2,
        &["signature file", "acme.toml:2", "help"],
    );
    fs::write(at.join("phonehome.toml"), "[scan]\nskipp = []\n").unwrap();
    ends(
        at,
        &["scan", "new.json"],
        2,
        &["unknown key `skipp`", "did you mean `skip`?"],
    );
    ends(
        at,
        &["scan", "new.json", "-o", "jsn"],
        2,
        &["did you mean `json`?"],
    );
}

#[test]
fn nothing_is_written_when_nothing_is_found_to_scan() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("notes.txt"), "x\n").unwrap();
    ends(dir.path(), &["scan", "notes.txt", "-o", "json=r.json"], 3, &[]);
    ends(
        dir.path(),
        &["scan", "notes.txt", "-o", "notes.txt"],
        2,
        &["is an input"],
    );
    let names: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names, ["notes.txt"]);
}

#[test]
fn waivers_are_found_beside_the_policy_and_judged_by_the_day() {
    let dir = TempDir::new().unwrap();
    let at = dir.path();
    fs::copy(root().join(NEW), at.join("new.json")).unwrap();
    fs::write(
        at.join("phonehome.toml"),
        "[gate]\nfail-on = \"critical\"\naccept-unread = [\"product:app/Odd/**\"]\n",
    )
    .unwrap();
    let waiver = "[[waive]]\nfinding = \"7f3a91c2\"\nreason = \"tracked as ACME-1\"\nby = \"ana\"\nuntil = 2026-06-30\n";
    fs::write(at.join("waivers.toml"), waiver).unwrap();
    ends(at, &["gate", "new.json"], 0, &["gate: pass"]);
    ends(
        at,
        &["gate", "new.json", "--isolated"],
        4,
        &["not read: product:app/Odd/Odd.apk"],
    );
    ends(
        at,
        &["gate", "new.json", "--waivers", "/dev/null"],
        1,
        &["7f3a91c2"],
    );
    ends(
        at,
        &["gate", "new.json", "--today", "2026-06-20"],
        0,
        &["waiver ends 2026-06-30"],
    );
    ends(
        at,
        &["gate", "new.json", "--today", "2026-07-01"],
        1,
        &["waiver ended 2026-06-30", "waivers.toml:1"],
    );
    fs::write(at.join("waivers.toml"), waiver.replace("91c2", "91c3")).unwrap();
    ends(at, &["gate", "new.json"], 1, &["matches nothing", "`7f3a91c2`"]);
    ends(
        at,
        &["gate", "new.json", "--strict-waivers"],
        2,
        &["matches nothing"],
    );
}

#[test]
fn a_configuration_inside_the_input_is_not_believed() {
    let dir = TempDir::new().unwrap();
    let at = dir.path();
    fs::write(at.join("phonehome.toml"), "[gate]\nfail-on = \"none\"\n").unwrap();
    fs::write(at.join("build.prop"), "ro.build.id=X\n").unwrap();
    let (text, _) = run_in(at, &["scan", ".", "--show-config"]);
    assert!(
        text.contains("fail-on = \"high\"") && text.contains("lies in the input"),
        "{text}"
    );
}

#[test]
fn init_writes_a_sound_file_once() {
    let dir = TempDir::new().unwrap();
    ends(dir.path(), &["init"], 0, &[]);
    ends(dir.path(), &["scan", "--show-config"], 0, &["phonehome.toml"]);
    ends(dir.path(), &["init"], 2, &["is there already"]);
}

#[test]
fn a_hostile_name_is_shown_and_not_obeyed() {
    let dir = TempDir::new().unwrap();
    let at = dir.path();
    let report = fs::read_to_string(root().join(NEW)).unwrap();
    let evil = "\\u001b]0;x\\u0007\\u202e\\u0085::error ::x";
    fs::write(
        at.join("evil.json"),
        report.replace("Phone X", evil).replace("AcmeAnalytics", evil),
    )
    .unwrap();
    let calls: [&[&str]; 5] = [
        &["report", "evil.json"],
        &["report", "evil.json", "-o", "json"],
        &["explain", "7f3a", "--from", "evil.json"],
        &["diff", "evil.json", "evil.json"],
        &["scan", "no\u{1b}[31m\u{202e}such.zip"],
    ];
    for args in calls {
        let (text, _) = run_in(at, args);
        let active = |c: char| c != '\n' && phonehome::report::inert::is_active(c);
        assert!(!text.chars().any(active), "{args:?}: {text:?}");
        assert!(
            !text.lines().any(|line| line.trim_start().starts_with("::")),
            "{text}"
        );
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let output = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!(
            "{} report {NEW} --all | true; exit 0",
            env!("CARGO_BIN_EXE_phonehome")
        ))
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
