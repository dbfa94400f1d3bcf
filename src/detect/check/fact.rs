//! One fact of an example: its words, and what the signatures say where they are silent.

use crate::bytes::GapClass;
use crate::fact::endpoint::{Finder, Found};
use crate::fact::{
    Component, DefaultFrom, FlowFact, FlowStep, IdentifierRead, KnownSwitch, ManifestFacts, Nested,
    NetworkSecurity, NoticeFact, Road, Signer, SinkUse, Site, Source, StepKind, Switch, SwitchKind,
    SwitchState, TrackerUse, UnitFacts, UnitKind,
};
use crate::rule::row::Namespace;
use crate::rule::{Flag, FlagKind, Rules};

use super::words::Words;
use crate::detect::word::Word as _;

/// Adds a fact of this kind to the unit, taking the words that belong to it.
pub(super) fn add(
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
                asks: Vec::new(),
            });
        }
        "flow" => unit.flows.push(flow(words, rules, finder)?),
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

/// What the manifest needs to be started, and the way itself, go without saying.
fn flow(words: &mut Words<'_>, rules: &Rules, finder: &Finder<'_>) -> Result<FlowFact, String> {
    let category = words.next()?.to_owned();
    let known = rules
        .identifiers
        .category(&category)
        .ok_or_else(|| words.wrong(&category))?;
    let channel = words.next()?.to_owned();
    if !rules
        .sinks
        .channel(&channel)
        .is_some_and(|channel| channel.leaves)
    {
        return Err(words.wrong(&channel));
    }
    let made = [StepKind::Hashed, StepKind::Encrypted, StepKind::Encoded];
    let made = made.into_iter().filter(|kind| words.flag(kind.word())).collect();
    let weight = words
        .value("weight")
        .map_or(Ok(known.weight), |word| words.number(word))?;
    let mut endpoints = Vec::new();
    if let Ok(text) = words.next() {
        for hit in finder.text(text.as_bytes()) {
            if let Some(Found::Endpoint(endpoint)) = finder.endpoint(text.as_bytes(), &hit, Source::Code) {
                endpoints.push(*endpoint);
            }
        }
    }
    let step = |what| FlowStep {
        what,
        site: Site::default(),
    };
    Ok(FlowFact {
        category,
        api: "Example.read".to_owned(),
        weight,
        channel,
        sink: "Lexample/Api;->send".to_owned(),
        endpoints,
        made,
        from: Site::default(),
        to: Site::default(),
        starts: Vec::new(),
        asks: Vec::new(),
        way: vec![step(StepKind::Read), step(StepKind::Leaves)],
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
