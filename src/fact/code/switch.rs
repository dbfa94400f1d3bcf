//! Switches that code reads, with the default that it falls back to.

use std::collections::BTreeMap;

use super::reads::namespace;
use super::{Sites, add_site};
use crate::code::{Access, Arg, Call, Called, Interest, Store, Use};
use crate::fact::model::{DefaultFrom, KnownSwitch, Switch, SwitchKind, SwitchState};
use crate::rule::{Flag, FlagKind, Flags};

/// Entry of a place that writes the switch instead of reading it.
const WRITTEN: &str = "written";

/// A switch that is only written is a row of its own.
type Key = (SwitchKind, String, String, Option<String>, SwitchState, bool);

/// A switch before its places are collected.
struct Found<'r> {
    kind: SwitchKind,
    namespace: String,
    key: String,
    default: Option<String>,
    from: DefaultFrom,
    state: SwitchState,
    known: &'r Flag,
    written: bool,
}

/// The switches that the signatures know.
pub(super) fn switches(
    sites: &Sites<'_, '_>,
    calls: &[Call],
    package: Option<&str>,
    interest: &Interest<'_>,
) -> Vec<Switch> {
    let flags = &interest.rules().flags;
    let mut all: BTreeMap<Key, Switch> = BTreeMap::new();
    let mut through_caller: Vec<(SwitchKind, String)> = Vec::new();
    for call in calls {
        let found = match &call.what {
            Called::Key {
                store,
                access,
                key,
                value,
                boolean,
            } => keyed(flags, package, *store, *access, key, value.as_deref(), *boolean),
            Called::Use(Use::Path, paths) => paths.iter().filter_map(|path| file(flags, path)).collect(),
            _ => continue,
        };
        for found in found {
            if call.wrapped {
                through_caller.push((found.kind, found.key.clone()));
            }
            let id = (
                found.kind,
                found.namespace.clone(),
                found.key.clone(),
                found.default.clone(),
                found.state,
                found.written,
            );
            let switch = all.entry(id).or_insert_with(|| Switch {
                kind: found.kind,
                namespace: found.namespace,
                key: found.key,
                default: found.default,
                from: found.from,
                state: found.state,
                known: Some(KnownSwitch {
                    meaning: found.known.meaning.to_string(),
                    vendor: found.known.vendor.to_string(),
                    severity: found.known.severity.to_string(),
                    on_value: found.known.on.to_string(),
                }),
                sites: Vec::new(),
                count: 0,
            });
            let written = found.written;
            add_site(&mut switch.sites, &mut switch.count, || {
                let mut site = sites.at(call.at);
                site.entry = written.then(|| WRITTEN.into());
                site
            });
        }
    }
    // A default that is a parameter is answered by the callers, where they were found.
    all.retain(|(.., written), switch| {
        switch.from != DefaultFrom::Unresolved
            || *written
            || !through_caller
                .iter()
                .any(|(kind, key)| *kind == switch.kind && *key == switch.key)
    });
    all.into_values().collect()
}

fn keyed<'r>(
    flags: &'r Flags,
    package: Option<&str>,
    store: Store,
    access: Access,
    keys: &[Arg],
    value: Option<&[Arg]>,
    boolean: bool,
) -> Vec<Found<'r>> {
    let kind = match store {
        Store::Preference => SwitchKind::Preference,
        Store::Property => SwitchKind::Property,
        _ => SwitchKind::Settings,
    };
    let mut all = Vec::new();
    for key in keys {
        let Arg::Text(key) = key else { continue };
        if !key.whole {
            continue;
        }
        let key = key.to_str();
        let Some(known) = known(flags, package, store, &key) else {
            continue;
        };
        let (default, from, state) = match value.filter(|_| access == Access::Get) {
            Some(value) => default(known, value, boolean),
            None => (None, DefaultFrom::Unresolved, SwitchState::Unknown),
        };
        all.push(Found {
            kind,
            namespace: namespace(store)
                .map(|n| n.as_str().to_owned())
                .unwrap_or_default(),
            key: key.into_owned(),
            default,
            from,
            state,
            known,
            written: access == Access::Put,
        });
    }
    all
}

/// The row of a key, if the signatures have one that holds in a package.
pub(super) fn known<'r>(
    flags: &'r Flags,
    package: Option<&str>,
    store: Store,
    key: &str,
) -> Option<&'r Flag> {
    let own = |kind| flags.all(kind, key).find(|flag| is_here(flag, package));
    match store {
        Store::System | Store::Secure | Store::Global => flags.settings(namespace(store), key),
        Store::Preference => own(FlagKind::Preference),
        Store::Property => own(FlagKind::Property),
        Store::Account => None,
    }
}

/// A row for one package's own key holds there; where the package is not known it may hold.
fn is_here(flag: &Flag, package: Option<&str>) -> bool {
    match (&flag.place, package) {
        (Some(place), Some(package)) => &**place == package,
        _ => true,
    }
}

/// The default as text, `0|1` when a branch decides, and what it comes to.
fn default(known: &Flag, value: &[Arg], boolean: bool) -> (Option<String>, DefaultFrom, SwitchState) {
    let unresolved = (None, DefaultFrom::Unresolved, SwitchState::Unknown);
    let mut texts = Vec::new();
    let mut states = Vec::new();
    for arg in value {
        let text = match arg {
            Arg::Int(n) if boolean => if *n == 0 { "false" } else { "true" }.to_owned(),
            Arg::Int(n) => n.to_string(),
            Arg::Text(text) if text.whole => text.to_str().into_owned(),
            _ => return unresolved,
        };
        states.push(known.is_on(&text));
        texts.push(text);
    }
    texts.sort();
    texts.dedup();
    let on = states.iter().filter(|state| **state == Some(true)).count();
    let state = match (on, states.len()) {
        (_, 0) => return unresolved,
        (on, all) if on == all => SwitchState::On,
        (0, _) if states.iter().all(|state| *state == Some(false)) => SwitchState::Off,
        (0, _) => SwitchState::Unknown,
        _ => SwitchState::Conditional,
    };
    (Some(texts.join("|")), DefaultFrom::Code, state)
}

pub(super) fn known_file<'r>(flags: &'r Flags, folder: &str, name: &str) -> Option<&'r Flag> {
    flags
        .all(FlagKind::File, name)
        .find(|flag| flag.place.as_deref().is_none_or(|p| p == folder))
}

/// A file whose presence decides. It is not there until someone makes it.
fn file<'r>(flags: &'r Flags, path: &Arg) -> Option<Found<'r>> {
    let Arg::Text(path) = path else { return None };
    let path = path.to_str();
    let (folder, name) = path.rsplit_once('/')?;
    let known = known_file(flags, folder, name)?;
    let state = match &*known.on {
        "absent" => SwitchState::On,
        "present" => SwitchState::Off,
        _ => SwitchState::Unknown,
    };
    Some(Found {
        kind: SwitchKind::File,
        namespace: folder.to_owned(),
        key: name.to_owned(),
        default: Some("absent".to_owned()),
        from: DefaultFrom::Code,
        state,
        known,
        written: false,
    })
}
