//! What the pages in `docs/` show works as it stands there.
//!
//! A block marked `sh` is run line by line in one folder a page, which holds `samples/`; `# exit N` at the end of a
//! line says how it ends, else with 0. A block whose first line is `# NAME.toml` or `# NAME.txt` is that file.
//! `BLESS=1 cargo test --test all docs::` rewrites the table of formats.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use phonehome::unpack;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = fs::read_dir(root().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect();
    pages.sort();
    pages
}

/// Fenced blocks: the word after the fence, and the lines.
fn blocks(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(word) = line.strip_prefix("```") {
            blocks.push((word, lines.by_ref().take_while(|line| *line != "```").collect()));
        }
    }
    blocks
}

/// Words of a command line, with single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (i, part) in line.split('\'').enumerate() {
        if i % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn link(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copy = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&copy).unwrap();
            link(&path, &copy);
        } else {
            fs::copy(&path, &copy).unwrap();
        }
    }
}

fn run(dir: &Path, page: &str, line: &str) {
    let (command, comment) = line.split_once('#').unwrap_or((line, ""));
    let code: i32 = comment
        .trim()
        .strip_prefix("exit ")
        .map_or(0, |code| code.parse().unwrap());
    let words = words(command);
    assert_eq!(words[0], "phonehome", "{page}: {line}");
    let mut program = Command::new(env!("CARGO_BIN_EXE_phonehome"));
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("PHONEHOME_") {
            program.env_remove(key);
        }
    }
    let done = program.args(&words[1..]).current_dir(dir).output().unwrap();
    assert_eq!(
        done.status.code(),
        Some(code),
        "{page}: {line}\n{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
}

#[test]
fn every_command_of_the_pages_works_as_it_stands() {
    let mut count = 0;
    for page in pages() {
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&page).unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("samples")).unwrap();
        link(&root().join("samples"), &dir.path().join("samples"));
        for (word, lines) in blocks(&text) {
            let file = lines.first().and_then(|line| line.strip_prefix("# "));
            match file.filter(|file| file.ends_with(".toml") || file.ends_with(".txt")) {
                Some(file) => {
                    let path = dir.path().join(file);
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(path, lines[1..].join("\n") + "\n").unwrap();
                }
                None if word == "sh" => {
                    for line in lines {
                        run(dir.path(), &name, line);
                        count += 1;
                    }
                }
                None => {}
            }
        }
    }
    assert!(count > 30, "{count} commands");
}

#[test]
fn every_link_of_the_pages_leads_somewhere() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split([')', '#']).next().unwrap();
            assert!(
                target.starts_with("http") || page.parent().unwrap().join(target).exists(),
                "{}: {target}",
                page.display()
            );
        }
    }
}

#[test]
fn the_table_of_formats_is_that_of_the_program() {
    let mut table = String::from("| format | endings | what is read |\n|---|---|---|\n");
    for format in unpack::ALL {
        let endings: Vec<String> = format.endings().iter().map(|e| format!("`.{e}`")).collect();
        writeln!(
            table,
            "| {} | {} | {} |",
            format.name(),
            endings.join(" "),
            format.about()
        )
        .unwrap();
    }
    let page = root().join("docs/formats.md");
    let text = fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once("<!-- formats -->\n").unwrap();
    let (found, after) = rest.split_once("<!-- end -->").unwrap();
    let found = found.trim();
    if std::env::var_os("BLESS").is_some() {
        let text = format!("{before}<!-- formats -->\n\n{table}\n<!-- end -->{after}");
        fs::write(&page, text).unwrap();
        return;
    }
    assert_eq!(found, table.trim());
}
