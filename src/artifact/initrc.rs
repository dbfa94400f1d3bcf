//! Init scripts: services, what starts them, and what they set.
//!
//! Spec: AOSP `system/core/init/README.md` and `tokenizer.cpp`: statements are lines of words parted
//! by white space; `\` before a line end joins lines; double quotes hold white space; `#` starts a
//! comment at the start of a word. `on`, `service` and `import` open a section; other lines belong
//! to the section before them.

use crate::bytes::Gap;

const FORMAT: &str = "initrc";

/// Ours: a word is cut here. Real ones are paths and arguments.
const MAX_WORD: usize = 4096;
/// Ours: words of one statement. A real `chmod` has 3, an `exec` with arguments 20.
const MAX_WORDS: usize = 256;

/// A script, read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// `service` sections in file order.
    pub services: Vec<Service>,
    /// `on` sections in file order.
    pub actions: Vec<Action>,
    /// `import` lines: path as written and line number.
    pub imports: Vec<(String, u32)>,
    /// What could not be read, and what is odd.
    pub gaps: Vec<Gap>,
}

/// A program that init runs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Name, unique on a device.
    pub name: String,
    /// Path of the program.
    pub path: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// `class`, more than one since Android 8; `default` when absent.
    pub class: Vec<String>,
    /// `user`, when given.
    pub user: Option<String>,
    /// Not started with its class.
    pub disabled: bool,
    /// Not started again when it ends.
    pub oneshot: bool,
    /// Line of `service`, from 1.
    pub line: u32,
}

/// Commands that run on a trigger.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Action {
    /// Triggers, all of which must hold: `boot`, `property:sys.x=1`.
    pub triggers: Vec<String>,
    /// Commands: words and line number.
    pub commands: Vec<(Vec<String>, u32)>,
    /// Line of `on`, from 1.
    pub line: u32,
}

impl Action {
    /// Commands with this first word.
    pub fn commands<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a [String], u32)> {
        self.commands
            .iter()
            .filter(move |(words, _)| words.first().is_some_and(|w| w == name))
            .map(|(words, line)| (words.get(1..).unwrap_or_default(), *line))
    }
}

/// Reads a script. Bytes that are not UTF-8 become U+FFFD.
pub fn parse(file: &[u8]) -> Script {
    enum Section {
        None,
        Service,
        Action,
    }
    let mut script = Script::default();
    let mut section = Section::None;
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    for (words, line) in (Statements { file, at: 0, line: 1 }) {
        let mut words = words.into_iter();
        let Some(first) = words.next() else { continue };
        match first.as_str() {
            "service" => {
                section = Section::Service;
                let (name, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                if name.is_empty() || path.is_empty() {
                    script.gaps.push(Gap::invalid(
                        FORMAT,
                        0,
                        "service without a program, line",
                        u64::from(line),
                    ));
                    section = Section::None;
                    continue;
                }
                script.services.push(Service {
                    name,
                    path,
                    args: words.collect(),
                    line,
                    ..Service::default()
                });
            }
            "on" => {
                section = Section::Action;
                let triggers = words.filter(|w| w != "&&").collect();
                script.actions.push(Action {
                    triggers,
                    line,
                    ..Action::default()
                });
            }
            "import" => {
                section = Section::None;
                script.imports.extend(words.next().map(|path| (path, line)));
            }
            option => match section {
                Section::Action => {
                    if let Some(action) = script.actions.last_mut() {
                        let all = std::iter::once(first).chain(words).collect();
                        action.commands.push((all, line));
                    }
                }
                Section::Service => {
                    if let Some(service) = script.services.last_mut() {
                        service.option(option, words);
                    }
                }
                Section::None => {}
            },
        }
    }
    script
}

impl Service {
    fn option(&mut self, name: &str, mut words: impl Iterator<Item = String>) {
        match name {
            "class" => self.class = words.collect(),
            "user" => self.user = words.next(),
            "disabled" => self.disabled = true,
            "oneshot" => self.oneshot = true,
            _ => {}
        }
    }
}

/// Statements of a script: words and the line they start on.
struct Statements<'a> {
    file: &'a [u8],
    at: usize,
    line: u32,
}

impl Iterator for Statements<'_> {
    type Item = (Vec<String>, u32);

    fn next(&mut self) -> Option<Self::Item> {
        let mut words: Vec<String> = Vec::new();
        let mut word: Vec<u8> = Vec::new();
        let mut line = self.line;
        let mut quoted = false;
        loop {
            let Some(&b) = self.file.get(self.at) else {
                push(&mut words, &mut word);
                return (!words.is_empty()).then_some((words, line));
            };
            self.at = self.at.saturating_add(1);
            match b {
                b'\n' => {
                    self.line = self.line.saturating_add(1);
                    quoted = false;
                    push(&mut words, &mut word);
                    if !words.is_empty() {
                        return Some((words, line));
                    }
                    line = self.line;
                }
                b'\\' => {
                    let next = self.file.get(self.at).copied();
                    self.at = self.at.saturating_add(1);
                    match next {
                        Some(b'\n') => self.line = self.line.saturating_add(1),
                        Some(b'\r') if self.file.get(self.at) == Some(&b'\n') => {
                            self.at = self.at.saturating_add(1);
                            self.line = self.line.saturating_add(1);
                        }
                        Some(b'n') => word.push(b'\n'),
                        Some(b't') => word.push(b'\t'),
                        Some(other) => word.push(other),
                        None => {}
                    }
                }
                b'"' => quoted = !quoted,
                b'#' if !quoted && word.is_empty() => {
                    let rest = self.file.get(self.at..).unwrap_or_default();
                    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                    self.at = self.at.saturating_add(end);
                }
                b' ' | b'\t' | b'\r' if !quoted => push(&mut words, &mut word),
                _ if word.len() < MAX_WORD => word.push(b),
                _ => {}
            }
        }
    }
}

fn push(words: &mut Vec<String>, word: &mut Vec<u8>) {
    if !word.is_empty() && words.len() < MAX_WORDS {
        words.push(String::from_utf8_lossy(word).into_owned());
    }
    word.clear();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn services_keep_their_options() {
        let rc =
            parse(b"service logd /system/bin/logd -d \\\n  now\n  class core main\n  user log\n  disabled\n");
        let service = &rc.services[0];
        assert_eq!(
            (service.name.as_str(), service.path.as_str()),
            ("logd", "/system/bin/logd")
        );
        assert_eq!(service.args, ["-d", "now"]);
        assert_eq!(service.class, ["core", "main"]);
        assert!(service.disabled && !service.oneshot);
        assert_eq!(service.line, 1);
    }

    #[test]
    fn an_action_has_triggers_and_commands() {
        let rc = parse(
            b"on property:a.b=1 && boot # why\n    setprop x.y \"a b\"\n\n    start z\nimport /x.rc\n  lost",
        );
        let action = &rc.actions[0];
        assert_eq!(action.triggers, ["property:a.b=1", "boot"]);
        let set: Vec<_> = action.commands("setprop").collect();
        assert_eq!(set, [(&["x.y".to_owned(), "a b".to_owned()][..], 2)]);
        assert_eq!(action.commands("start").next().unwrap().1, 4);
        assert_eq!(rc.imports, [("/x.rc".to_owned(), 5)]);
    }

    #[test]
    fn a_service_without_a_program_is_said() {
        assert_eq!(parse(b"service x\n  disabled").gaps.len(), 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(file in "[ \n\\\\\"#a-z\\PC]{0,200}", more in proptest::collection::vec(any::<u8>(), 0..200)) {
            parse(file.as_bytes());
            parse(&more);
        }
    }
}
