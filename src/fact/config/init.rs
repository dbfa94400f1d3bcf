//! Init scripts: services that are started, properties that are set, servers that are named.

use std::collections::BTreeSet;

use crate::artifact::initrc;
use crate::fact::{DefaultFrom, SwitchKind, SwitchState};
use crate::rule::FlagKind;

use super::line::site;
use super::{ConfigFacts, MAX_LINE, Reading, switch};

impl Reading<'_, '_> {
    /// Reads an init script.
    pub fn init_script(&mut self, file: &[u8]) -> ConfigFacts {
        let read = initrc::parse(file);
        let mut facts = ConfigFacts {
            gaps: read.gaps,
            ..ConfigFacts::default()
        };
        let mut told: BTreeSet<u64> = BTreeSet::new();
        for service in &read.services {
            told.insert(service.line.into());
            let line = format!(
                "service {} {} {}",
                service.name,
                service.path,
                service.args.join(" ")
            );
            let site = site(self.place, &format!("line {}", service.line), line.trim_end());
            for word in &service.args {
                self.endpoints
                    .text(self.finder, word.as_bytes(), self.source, false, |_| site.clone());
            }
            if let Some(flag) = self.rules.flags.lookup(FlagKind::InitService, &service.name) {
                let mut known = switch(
                    flag,
                    SwitchKind::InitService,
                    "",
                    None,
                    DefaultFrom::Property,
                    site,
                );
                known.default = Some(if service.disabled { "disabled" } else { "started" }.to_owned());
                // A disabled service waits for a command or a property.
                known.state = if service.disabled {
                    SwitchState::Conditional
                } else {
                    SwitchState::On
                };
                facts.switches.push(known);
            }
        }
        for action in &read.actions {
            for (words, line) in action.commands("setprop") {
                let [key, value, ..] = words else { continue };
                told.insert(line.into());
                let site = site(
                    self.place,
                    &format!("line {line}"),
                    &format!("setprop {key} {value}"),
                );
                self.endpoints
                    .text(self.finder, value.as_bytes(), self.source, false, |_| {
                        site.clone()
                    });
                if let Some(flag) = self.rules.flags.lookup(FlagKind::Property, key) {
                    let mut known = switch(
                        flag,
                        SwitchKind::Property,
                        "",
                        Some(value),
                        DefaultFrom::Property,
                        site,
                    );
                    if known.state == SwitchState::On
                        && action.triggers.iter().any(|t| t.starts_with("property:"))
                    {
                        known.state = SwitchState::Conditional;
                    }
                    facts.switches.push(known);
                }
            }
            for (words, line) in action.commands.iter().filter(|(words, _)| {
                matches!(
                    words.first().map(String::as_str),
                    Some("exec" | "exec_background" | "exec_start" | "write")
                )
            }) {
                told.insert((*line).into());
                let site = site(self.place, &format!("line {line}"), &words.join(" "));
                for word in words {
                    self.endpoints
                        .text(self.finder, word.as_bytes(), self.source, false, |_| site.clone());
                }
            }
        }
        // A comment, or a line that init does not know, may name a server all the same.
        for (number, line) in (1_u64..).zip(file.split(|b| *b == b'\n')) {
            let line = line.get(..MAX_LINE).unwrap_or(line);
            if told.contains(&number) || memchr::memmem::find(line, b"://").is_none() {
                continue;
            }
            let place = self.place;
            self.endpoints.text(self.finder, line, self.source, false, |_| {
                site(
                    place,
                    &format!("line {number}"),
                    String::from_utf8_lossy(line).trim(),
                )
            });
        }
        facts
    }
}
