//! The examples of rules, as small facts made from a line of text.
//!
//! A line is one or more facts of one unit, set apart by ` ; `; ` | ` begins another unit of the same
//! build. Each fact is its kind and words; a word with spaces goes in double quotes. What a line does not
//! say is what the signatures say: the owner of a host, the weight of a category, the meaning of a key.
//!
//! ```text
//! endpoint http://tracking.miui.com/tracks [source=asset] [sink]
//! identifier imei call [api=…] [weight=8] [string]
//! sink sms [API]
//! switch settings secure upload_log_pref = 1 [from=code] [state=on]
//! tracker umeng [classes=0]
//! permission android.permission.READ_SMS
//! defines com.acme.permission.READ normal
//! component exported service com.acme.Sync [permission=…] [action=…] [authority=…] [disabled]
//! manifest debuggable=true target=19 shared-user=android.uid.system
//! network-security [cleartext] [domain=…] [user]
//! signer 7b6dc7079c34739ce81159719fb5eb61d2a03225 [platform]
//! package com.adups.fota
//! nested assets/plugin.apk [com.acme.plugin]
//! notice zip odd "zip: local header"
//! property ro.debuggable = 1
//! unit app system:priv-app/Acme.apk
//! ```

use crate::bytes::GapClass;
use crate::fact::endpoint::{Finder, Found};
use crate::fact::{
    Component, DefaultFrom, IdentifierRead, KnownSwitch, ManifestFacts, Nested, NetworkSecurity, NoticeFact,
    Road, Signer, SinkUse, Site, Source, Switch, SwitchKind, SwitchState, TrackerUse, UnitFacts, UnitKind,
};
use crate::link;
use crate::rule::row::Namespace;
use crate::rule::{FindingRule, Flag, FlagKind, Rules};

/// An example that does not do what it is there for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The rule.
    pub rule: String,
    /// The line.
    pub example: String,
    /// What is wrong, for people.
    pub what: String,
}

/// Examples of all rules that do not do what they are there for, by rule.
pub fn all(rules: &Rules) -> Vec<Failure> {
    let finder = Finder::new(rules);
    rules
        .findings
        .iter()
        .flat_map(|rule| examples(rule, rules, &finder))
        .collect()
}

/// The same for one rule, which must be among `rules`.
pub fn examples(rule: &FindingRule, rules: &Rules, finder: &Finder<'_>) -> Vec<Failure> {
    let hits = rule.hits.iter().map(|line| (line, true));
    let misses = rule.misses.iter().map(|line| (line, false));
    let failed = hits.chain(misses).filter_map(|(line, wanted)| {
        let what = match found(line, &rule.id, rules, finder) {
            Err(problem) => problem,
            Ok(found) if found == wanted => return None,
            Ok(true) => "must not give this finding, and does".to_owned(),
            Ok(false) => "must give this finding, and does not".to_owned(),
        };
        Some(Failure {
            rule: rule.id.clone(),
            example: line.clone(),
            what,
        })
    });
    failed.collect()
}

/// Whether a rule finds something in an example.
fn found(line: &str, rule: &str, rules: &Rules, finder: &Finder<'_>) -> Result<bool, String> {
    let mut units = units(line, rules, finder)?;
    let linked = link::link(&mut units, rules);
    Ok(super::run(&units, &linked, rules)
        .iter()
        .any(|finding| finding.rule == rule))
}

/// The units that a line stands for.
///
/// # Errors
/// A kind of fact or a word that does not exist.
pub fn units(line: &str, rules: &Rules, finder: &Finder<'_>) -> Result<Vec<UnitFacts>, String> {
    let mut units = Vec::new();
    for (n, part) in line.split(" | ").enumerate() {
        let mut unit = UnitFacts::default();
        unit.unit.kind = UnitKind::App;
        unit.unit.name = format!("Example{n}");
        unit.unit.place = format!("Example{n}.apk");
        unit.unit.physical.clone_from(&unit.unit.place);
        for fact in part.split(" ; ") {
            let words = words(fact);
            let mut words = Words { all: &words, fact };
            let kind = words.next()?.to_owned();
            add(&mut unit, &kind, &mut words, rules, finder)?;
            if let Some(word) = words.all.first() {
                return Err(format!("`{word}` says nothing in `{fact}`"));
            }
        }
        units.push(unit);
    }
    Ok(units)
}

/// Words of a fact, taken one after the other.
struct Words<'a> {
    all: &'a [String],
    fact: &'a str,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Result<&'a str, String> {
        let (first, rest) = self
            .all
            .split_first()
            .ok_or_else(|| format!("`{}` ends too early", self.fact))?;
        self.all = rest;
        Ok(first)
    }

    /// The next word if it is this one.
    fn flag(&mut self, word: &str) -> bool {
        match self.all.split_first() {
            Some((first, rest)) if first == word => {
                self.all = rest;
                true
            }
            _ => false,
        }
    }

    /// The value of the next word if it is `name=value`.
    fn value(&mut self, name: &str) -> Option<&'a str> {
        let (first, rest) = self.all.split_first()?;
        let value = first.strip_prefix(name)?.strip_prefix('=')?;
        self.all = rest;
        Some(value)
    }

    fn wrong(&self, word: &str) -> String {
        format!("`{word}` in `{}` is not a word of this language", self.fact)
    }

    fn read<T: serde::de::DeserializeOwned>(&self, word: &str) -> Result<T, String> {
        serde_json::from_value(serde_json::Value::String(word.to_owned())).map_err(|_| self.wrong(word))
    }

    fn number<T: std::str::FromStr>(&self, word: &str) -> Result<T, String> {
        word.parse().map_err(|_| self.wrong(word))
    }
}

/// Splits at spaces outside double quotes, which are taken off.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                words.extend(Some(std::mem::take(&mut word)).filter(|w| !w.is_empty()))
            }
            c => word.push(c),
        }
    }
    words.extend(Some(word).filter(|w| !w.is_empty()));
    words
}

fn add(
    unit: &mut UnitFacts,
    kind: &str,
    words: &mut Words<'_>,
    rules: &Rules,
    finder: &Finder<'_>,
) -> Result<(), String> {
    match kind {
        "endpoint" => endpoint(unit, words, finder)?,
        "identifier" => unit.identifiers.push(identifier(words, rules)?),
        "sink" => {
            let channel = words.next()?.to_owned();
            let api = words.next().unwrap_or("Lexample/Api;->call").to_owned();
            unit.sinks.push(SinkUse {
                channel,
                api,
                sites: vec![Site::default()],
                count: 1,
            });
        }
        "switch" => unit.switches.push(switch(words, rules)?),
        "tracker" => unit.trackers.push(tracker(words, rules)?),
        "signer" => unit.signers.push(signer(words)?),
        "nested" => {
            let place = format!("{}!{}", unit.unit.place, words.next()?);
            unit.nested.push(Nested {
                place,
                package: words.next().ok().map(str::to_owned),
            });
        }
        "notice" => unit.notices.push(NoticeFact {
            place: unit.unit.place.clone(),
            physical: unit.unit.physical.clone(),
            format: words.next()?.to_owned(),
            class: words.next().and_then(|word| words.read::<GapClass>(word))?,
            at: 0,
            text: words.next().unwrap_or("example: field at 0x0: odd").to_owned(),
            unread: 0,
        }),
        "property" => {
            unit.unit.kind = UnitKind::Config;
            let name = words.next()?.to_owned();
            words.flag("=");
            unit.properties.insert(name, words.next()?.to_owned());
        }
        "unit" => {
            let word = words.next()?;
            unit.unit.kind = words.read(word)?;
            words.next()?.clone_into(&mut unit.unit.place);
            let partition = unit
                .unit
                .place
                .split_once(':')
                .map_or("", |(partition, _)| partition);
            unit.unit.partition = partition.to_owned();
        }
        _ => return manifest(unit.manifest.get_or_insert_default(), kind, words, rules),
    }
    Ok(())
}

fn manifest(
    manifest: &mut ManifestFacts,
    kind: &str,
    words: &mut Words<'_>,
    rules: &Rules,
) -> Result<(), String> {
    match kind {
        "package" => words.next()?.clone_into(&mut manifest.package),
        "permission" => manifest.permissions.push(words.next()?.to_owned()),
        "defines" => manifest
            .defines
            .push((words.next()?.to_owned(), words.next()?.to_owned())),
        "component" => manifest.components.push(component(words, rules)?),
        "manifest" => {
            while let Ok(word) = words.next() {
                let (name, value) = word.split_once('=').unwrap_or((word, "true"));
                let flag = value == "true";
                match name {
                    "debuggable" => manifest.debuggable = Some(flag),
                    "allow-backup" => manifest.allow_backup = Some(flag),
                    "cleartext-traffic" => manifest.cleartext_traffic = Some(flag),
                    "persistent" => manifest.persistent = flag,
                    "target" => manifest.target_sdk = Some(words.number(value)?),
                    "min" => manifest.min_sdk = Some(words.number(value)?),
                    "shared-user" => manifest.shared_user_id = Some(value.to_owned()),
                    _ => return Err(words.wrong(word)),
                }
            }
        }
        "network-security" => {
            let mut security = NetworkSecurity::default();
            while let Ok(word) = words.next() {
                match word.split_once('=') {
                    None if word == "cleartext" => security.cleartext = Some(true),
                    None if word == "user" => security.trusts_user = true,
                    Some(("domain", domain)) => security.cleartext_domains.push(domain.to_owned()),
                    _ => return Err(words.wrong(word)),
                }
            }
            manifest.network_security = Some(security);
        }
        _ => return Err(format!("`{kind}` is no kind of fact")),
    }
    Ok(())
}

fn endpoint(unit: &mut UnitFacts, words: &mut Words<'_>, finder: &Finder<'_>) -> Result<(), String> {
    let text = words.next()?;
    let source = words
        .value("source")
        .map_or(Ok(Source::Code), |word| words.read(word))?;
    let at_sink = words.flag("sink");
    for hit in finder.text(text.as_bytes()) {
        if let Some(Found::Endpoint(mut endpoint)) = finder.endpoint(text.as_bytes(), &hit, source) {
            endpoint.at_sink = at_sink;
            endpoint.sites.push(Site::default());
            endpoint.count = 1;
            unit.endpoints.push(*endpoint);
        }
    }
    Ok(())
}

fn identifier(words: &mut Words<'_>, rules: &Rules) -> Result<IdentifierRead, String> {
    let category = words.next()?.to_owned();
    let known = rules
        .identifiers
        .category(&category)
        .ok_or_else(|| words.wrong(&category))?;
    let road = words.next()?;
    let road: Road = words.read(road)?;
    let api = words.value("api").unwrap_or("Example.read").to_owned();
    let weight = words
        .value("weight")
        .map_or(Ok(known.weight), |word| words.number(word))?;
    let in_code = !words.flag("string");
    Ok(IdentifierRead {
        category,
        api,
        weight,
        road,
        in_code,
        sites: vec![Site::default()],
        count: 1,
    })
}

fn switch(words: &mut Words<'_>, rules: &Rules) -> Result<Switch, String> {
    let word = words.next()?;
    let kind: SwitchKind = words.read(word)?;
    let namespace = if kind == SwitchKind::Settings {
        words.next()?
    } else {
        ""
    };
    let key = words.next()?;
    if !words.flag("=") {
        return Err(format!(
            "`{}` needs ` = value`; ` = ?` when it is not known",
            words.fact
        ));
    }
    let default = Some(words.next()?).filter(|value| *value != "?");
    let flag = flag(kind, namespace, key, rules);
    let from = match (kind, default) {
        (_, None) => DefaultFrom::Unresolved,
        (SwitchKind::Preference, _) => DefaultFrom::PreferenceXml,
        (SwitchKind::Resource, _) => DefaultFrom::Resource,
        (SwitchKind::Property | SwitchKind::InitService | SwitchKind::ConfigFile, _) => DefaultFrom::Property,
        (SwitchKind::MetaData | SwitchKind::AppAttribute, _) => DefaultFrom::Manifest,
        (SwitchKind::Settings | SwitchKind::File, _) => DefaultFrom::Code,
    };
    let on = default.and_then(|value| match flag {
        Some(flag) => flag.is_on(value),
        None => match value {
            "1" | "true" => Some(true),
            "0" | "false" => Some(false),
            _ => None,
        },
    });
    let state = match on {
        Some(true) => SwitchState::On,
        Some(false) => SwitchState::Off,
        None => SwitchState::Unknown,
    };
    let from = words.value("from").map_or(Ok(from), |word| words.read(word))?;
    let state = words.value("state").map_or(Ok(state), |word| words.read(word))?;
    Ok(Switch {
        kind,
        namespace: namespace.to_owned(),
        key: key.to_owned(),
        default: default.map(str::to_owned),
        from,
        state,
        known: flag.map(known),
        sites: vec![Site::default()],
        count: 1,
    })
}

fn flag<'r>(kind: SwitchKind, namespace: &str, key: &str, rules: &'r Rules) -> Option<&'r Flag> {
    let kind = match kind {
        SwitchKind::Settings => {
            let all = [Namespace::System, Namespace::Secure, Namespace::Global];
            return rules
                .flags
                .settings(all.into_iter().find(|n| n.as_str() == namespace), key);
        }
        SwitchKind::Preference => FlagKind::Preference,
        SwitchKind::Property => FlagKind::Property,
        SwitchKind::Resource => FlagKind::Resource,
        SwitchKind::MetaData => FlagKind::MetaData,
        SwitchKind::AppAttribute => FlagKind::AppAttribute,
        SwitchKind::InitService => FlagKind::InitService,
        SwitchKind::ConfigFile => FlagKind::ConfigFile,
        SwitchKind::File => FlagKind::File,
    };
    rules.flags.lookup(kind, key)
}

fn known(flag: &Flag) -> KnownSwitch {
    KnownSwitch {
        meaning: flag.meaning.to_string(),
        vendor: flag.vendor.to_string(),
        severity: flag.severity.to_string(),
        on_value: flag.on.to_string(),
    }
}

fn tracker(words: &mut Words<'_>, rules: &Rules) -> Result<TrackerUse, String> {
    let id = words.next()?;
    let row = rules.trackers.get(id).ok_or_else(|| words.wrong(id))?;
    Ok(TrackerUse {
        id: id.to_owned(),
        name: row.name.to_string(),
        owner: row.owner.as_ref().map(ToString::to_string),
        country: row.country.as_ref().map(ToString::to_string),
        categories: row.categories.iter().map(ToString::to_string).collect(),
        classes: words.value("classes").map_or(Ok(1), |word| words.number(word))?,
        other: Vec::new(),
        sites: vec![Site::default()],
    })
}

fn component(words: &mut Words<'_>, rules: &Rules) -> Result<Component, String> {
    let mut component = Component {
        enabled: true,
        exported: words.flag("exported"),
        ..Component::default()
    };
    words.next()?.clone_into(&mut component.kind);
    while let Ok(word) = words.next() {
        match word.split_once('=') {
            Some(("permission", name)) => component.permission = Some(name.to_owned()),
            Some(("action", action)) => {
                component
                    .triggers
                    .extend(rules.triggers.action(action).map(str::to_owned));
                component.actions.push(action.to_owned());
            }
            Some(("authority", name)) => component.authorities.push(name.to_owned()),
            None if word == "disabled" => component.enabled = false,
            None => word.clone_into(&mut component.name),
            Some(_) => return Err(words.wrong(word)),
        }
    }
    Ok(component)
}

fn signer(words: &mut Words<'_>) -> Result<Signer, String> {
    let sha1 = words.next()?.to_owned();
    // The platform flag is what the framework's signer decides; an example may say it outright by naming
    // a unit with `package android` and the same certificate.
    Ok(Signer {
        scheme: 1,
        sha256: format!("of {sha1}"),
        sha1,
        ..Signer::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::ALL;
    use crate::rule::Match;

    #[test]
    fn every_example_of_every_rule_holds() {
        let rules = Rules::bundled().unwrap();
        assert!(rules.findings.len() > 100, "only {} rules", rules.findings.len());
        let failed: Vec<String> = all(&rules)
            .into_iter()
            .map(|failure| format!("{}: {}: {}", failure.rule, failure.what, failure.example))
            .collect();
        assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    }

    #[test]
    fn detectors_and_their_rules_go_together() {
        let rules = Rules::bundled().unwrap();
        let with_rule: Vec<&str> = rules
            .findings
            .iter()
            .filter(|rule| matches!(rule.select, Match::Detector(_)))
            .map(|rule| rule.id.as_str())
            .collect();
        let detectors: Vec<&str> = ALL.iter().map(|detector| detector.rule()).collect();
        assert_eq!(with_rule, detectors);
    }

    #[test]
    fn a_word_that_means_nothing_is_named() {
        let rules = Rules::bundled().unwrap();
        let finder = Finder::new(&rules);
        let problem = |line: &str| units(line, &rules, &finder).unwrap_err();
        assert_eq!(problem("hoax x"), "`hoax` is no kind of fact");
        assert_eq!(problem("identifier"), "`identifier` ends too early");
        assert_eq!(problem("sink net a b"), "`b` says nothing in `sink net a b`");
        assert!(problem("identifier imei walk").contains("`walk`"));
        assert!(problem("switch settings secure k 1").contains("needs ` = value`"));
    }

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(words(r#"notice zip "a b" c"#), ["notice", "zip", "a b", "c"]);
    }
}
