//! Identifiers read, by any road.

use std::collections::BTreeMap;

use super::{Sites, add_site};
use crate::code::{Access, Arg, At, Call, Called, Interest, Returned, Store, Use};
use crate::fact::model::{IdentifierRead, Road};
use crate::rule::row::Namespace;
use crate::rule::{Identifier, IdentifierKind};

type Key = (String, String, Road);

/// Reads by row and road. A bare string counts only where nothing better names the same row.
#[derive(Default)]
struct Reads {
    sure: BTreeMap<Key, IdentifierRead>,
    bare: BTreeMap<Key, IdentifierRead>,
}

impl Reads {
    fn add(&mut self, sites: &Sites<'_, '_>, row: &Identifier, road: Road, in_code: bool, at: At) {
        let key = (row.category.to_string(), row.api(), road);
        let map = if in_code { &mut self.sure } else { &mut self.bare };
        let read = map.entry(key).or_insert_with(|| IdentifierRead {
            category: row.category.to_string(),
            api: row.api(),
            weight: row.weight,
            road,
            in_code,
            sites: Vec::new(),
            count: 0,
        });
        add_site(&mut read.sites, &mut read.count, || sites.at(at));
    }

    fn finish(mut self) -> Vec<IdentifierRead> {
        self.bare.retain(|key, _| !self.sure.contains_key(key));
        self.sure.append(&mut self.bare);
        self.sure.into_values().collect()
    }
}

pub(super) fn reads(sites: &Sites<'_, '_>, calls: &[Call], interest: &Interest<'_>) -> Vec<IdentifierRead> {
    let mut reads = Reads::default();
    for site in sites.reading.call_sites() {
        if let Some(row) = site.identifier.and_then(|row| interest.identifier(row)) {
            reads.add(sites, row, Road::Call, true, site.at);
        }
    }
    for (at, row) in sites.reading.field_reads() {
        if let Some(row) = interest.identifier(row) {
            reads.add(sites, row, Road::Field, true, at);
        }
    }
    for call in sites.reading.wrapper_calls() {
        match &call.returned {
            Returned::Identifier(row) => {
                if let Some(row) = interest.identifier(*row) {
                    reads.add(sites, row, Road::Wrapper, true, call.at);
                }
            }
            Returned::Key(store, keys) => {
                for row in keys.iter().filter_map(|key| stored(interest, *store, key)) {
                    reads.add(sites, row, Road::Wrapper, true, call.at);
                }
            }
        }
    }
    for call in calls {
        for (row, road) in resolved(interest, &call.what) {
            reads.add(sites, row, road, true, call.at);
        }
    }
    for used in sites.reading.string_uses().filter(|used| used.value) {
        if let Some(row) = interest.rules().identifiers.text(used.bytes)
            && let Some(road) = road(row.kind)
        {
            reads.add(sites, row, road, false, used.at);
        }
    }
    reads.finish()
}

/// The namespace of a store that is one of Settings.
pub(super) fn namespace(store: Store) -> Option<Namespace> {
    match store {
        Store::System => Some(Namespace::System),
        Store::Secure => Some(Namespace::Secure),
        Store::Global => Some(Namespace::Global),
        Store::Preference | Store::Property | Store::Account => None,
    }
}

fn stored<'r>(interest: &Interest<'r>, store: Store, key: &Arg) -> Option<&'r Identifier> {
    let Arg::Text(key) = key else { return None };
    let identifiers = &interest.rules().identifiers;
    match store {
        Store::Preference | Store::Account => None,
        Store::Property => identifiers.value(IdentifierKind::Property, &key.to_str()),
        _ => identifiers.settings(namespace(store), &key.to_str()),
    }
}

/// The rows that the resolved arguments of a call name.
fn resolved<'r>(interest: &Interest<'r>, called: &Called) -> Vec<(&'r Identifier, Road)> {
    let identifiers = &interest.rules().identifiers;
    let values = |kinds: &[IdentifierKind], args: &[Arg], road: Road| {
        let texts = args.iter().filter_map(|arg| match arg {
            Arg::Text(text) => Some(text.to_str()),
            _ => None,
        });
        let rows = texts.filter_map(|text| kinds.iter().find_map(|kind| identifiers.value(*kind, &text)));
        rows.map(|row| (row, road)).collect()
    };
    match called {
        Called::Key {
            store,
            access: Access::Get,
            key,
            ..
        } => {
            let road = if *store == Store::Property {
                Road::Property
            } else {
                Road::SettingsKey
            };
            key.iter()
                .filter_map(|key| stored(interest, *store, key))
                .map(|row| (row, road))
                .collect()
        }
        Called::Method { class, name } => member(interest, class, name, true),
        Called::Field { class, name } => member(interest, class, name, false),
        Called::Class(names) => values(&[IdentifierKind::Constant], names, Road::Reflection),
        Called::Use(what, args) => match what {
            Use::Path => values(&[IdentifierKind::Path], args, Road::Path),
            Use::Uri => values(&[IdentifierKind::Uri], args, Road::ContentUri),
            Use::Command => values(&[IdentifierKind::Command], args, Road::Command),
            Use::Extra => values(&[IdentifierKind::Extra], args, Road::Broadcast),
            Use::Service => values(&[IdentifierKind::Binder], args, Road::Service),
            Use::Action => {
                let mut all: Vec<_> = values(&[IdentifierKind::Service], args, Road::Service);
                all.extend(values(&[IdentifierKind::Broadcast], args, Road::Broadcast));
                all
            }
        },
        _ => Vec::new(),
    }
}

/// A method or field looked up through reflection: by class and name where the class is known, else by
/// a name that means the same everywhere.
fn member<'r>(
    interest: &Interest<'r>,
    class: &[Arg],
    name: &[Arg],
    is_method: bool,
) -> Vec<(&'r Identifier, Road)> {
    let identifiers = &interest.rules().identifiers;
    let classes: Vec<String> = class
        .iter()
        .filter_map(|arg| match arg {
            Arg::Class(descriptor) => Some(descriptor.clone()),
            Arg::Text(text) => Some(format!("L{};", text.to_str().replace('.', "/"))),
            _ => None,
        })
        .collect();
    let mut all = Vec::new();
    for name in name {
        let Arg::Text(name) = name else { continue };
        let mut found = classes.iter().filter_map(|class| {
            if is_method {
                identifiers.method(class.as_bytes(), &name.bytes)
            } else {
                identifiers.field(class.as_bytes(), &name.bytes)
            }
        });
        let by_name = || identifiers.reflected(&name.to_str()).filter(|_| is_method);
        all.extend(found.next().or_else(by_name).map(|row| (row, Road::Reflection)));
    }
    all
}

/// The road that a bare string points to.
fn road(kind: IdentifierKind) -> Option<Road> {
    Some(match kind {
        IdentifierKind::Property => Road::Property,
        IdentifierKind::Uri => Road::ContentUri,
        IdentifierKind::Path => Road::Path,
        IdentifierKind::Binder | IdentifierKind::Service => Road::Service,
        IdentifierKind::Broadcast => Road::Broadcast,
        IdentifierKind::Constant => Road::Constant,
        _ => return None,
    })
}
