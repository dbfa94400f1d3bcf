//! Switches that more than one place has a say in.
//!
//! A setting is given its first value by one package (the settings provider's `def_…` resources, a
//! property file) and read by others, each with a default of its own for the case that it is absent.
//! What counts on the device is the first value; without one, every reader goes by its own default.

use std::collections::BTreeMap;

use crate::fact::{DefaultFrom, Switch, SwitchKind, SwitchState, UnitFacts};

/// The package that gives settings their first values, from its own resources.
const SETTINGS_PROVIDER: &str = "com.android.providers.settings";
/// How the settings provider names such a resource.
const FIRST_VALUE: &str = "def_";

/// One place that has a say in a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reader {
    /// Index of the unit.
    pub unit: usize,
    /// Index of the switch in the unit.
    pub switch: usize,
}

/// A switch by kind, namespace and key, and everyone who has a say in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Where it lives.
    pub kind: SwitchKind,
    /// Namespace.
    pub namespace: String,
    /// Key.
    pub key: String,
    /// Who gives it its first value, strongest first.
    pub first: Vec<Reader>,
    /// Who reads it, by unit.
    pub readers: Vec<Reader>,
    /// What it comes to on a device that nobody has touched.
    pub state: SwitchState,
}

impl Joined {
    /// Whether readers disagree about what an absent value means.
    pub fn disagrees(&self, units: &[UnitFacts]) -> bool {
        let state = |wanted: SwitchState| {
            let mut switches = self.readers.iter().filter_map(|reader| reader.switch(units));
            switches.any(|switch| switch.state == wanted)
        };
        self.first.is_empty()
            && !is_set_by_build(self.kind, &self.key)
            && state(SwitchState::On)
            && state(SwitchState::Off)
    }
}

impl Reader {
    /// The switch that is meant.
    pub fn switch<'a>(&self, units: &'a [UnitFacts]) -> Option<&'a Switch> {
        units.get(self.unit)?.switches.get(self.switch)
    }
}

/// Whether it is a property that only the build itself sets (AOSP `property_service.cpp`: `ro.` cannot be
/// changed once set).
pub(super) fn is_set_by_build(kind: SwitchKind, key: &str) -> bool {
    kind == SwitchKind::Property && key.starts_with("ro.")
}

/// Joins all switches of the build that live in a place shared between apps. Preferences are each app's
/// own and are not joined.
pub(super) fn join(units: &[UnitFacts]) -> Vec<Joined> {
    let mut shared: BTreeMap<(SwitchKind, &str, &str), Joined> = BTreeMap::new();
    let mut first: BTreeMap<&str, Vec<Reader>> = BTreeMap::new();
    for (u, unit) in units.iter().enumerate() {
        let provider = unit
            .manifest
            .as_ref()
            .is_some_and(|m| m.package == SETTINGS_PROVIDER);
        for (s, switch) in unit.switches.iter().enumerate() {
            let reader = Reader { unit: u, switch: s };
            match switch.kind {
                SwitchKind::Settings | SwitchKind::Property => {
                    let key = (switch.kind, switch.namespace.as_str(), switch.key.as_str());
                    let entry = shared.entry(key).or_insert_with(|| Joined {
                        kind: switch.kind,
                        namespace: switch.namespace.clone(),
                        key: switch.key.clone(),
                        first: Vec::new(),
                        readers: Vec::new(),
                        state: SwitchState::Unknown,
                    });
                    if switch.from == DefaultFrom::Property {
                        &mut entry.first
                    } else {
                        &mut entry.readers
                    }
                    .push(reader);
                }
                SwitchKind::Resource if provider => {
                    if let Some(key) = switch.key.strip_prefix(FIRST_VALUE) {
                        first.entry(key).or_default().push(reader);
                    }
                }
                _ => {}
            }
        }
    }
    let mut joined: Vec<Joined> = shared.into_values().collect();
    for switch in &mut joined {
        if switch.kind == SwitchKind::Settings
            && let Some(given) = first.get(switch.key.as_str())
        {
            switch.first.extend(given);
        }
        let having = if switch.first.is_empty() {
            &switch.readers
        } else {
            &switch.first
        };
        let states = having
            .iter()
            .filter_map(|reader| reader.switch(units))
            .map(|s| s.state);
        switch.state = states.max().unwrap_or(SwitchState::Unknown);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::ManifestFacts;

    fn unit(package: &str, switches: &[(SwitchKind, &str, SwitchState)]) -> UnitFacts {
        let switches = switches.iter().map(|(kind, key, state)| Switch {
            kind: *kind,
            namespace: if *kind == SwitchKind::Settings {
                "secure".to_owned()
            } else {
                String::new()
            },
            key: (*key).to_owned(),
            default: None,
            from: DefaultFrom::Code,
            state: *state,
            known: None,
            sites: Vec::new(),
            count: 1,
        });
        UnitFacts {
            manifest: Some(ManifestFacts {
                package: package.to_owned(),
                ..ManifestFacts::default()
            }),
            switches: switches.collect(),
            ..UnitFacts::default()
        }
    }

    #[test]
    fn readers_that_disagree_are_seen() {
        let on = unit("a", &[(SwitchKind::Settings, "k", SwitchState::On)]);
        let off = unit("b", &[(SwitchKind::Settings, "k", SwitchState::Off)]);
        let units = [on, off];
        let joined = join(&units);
        assert!(joined.len() == 1 && joined[0].disagrees(&units));
        assert_eq!(joined[0].state, SwitchState::On);
    }

    #[test]
    fn a_first_value_settles_it() {
        let on = unit("a", &[(SwitchKind::Settings, "k", SwitchState::On)]);
        let off = unit("b", &[(SwitchKind::Settings, "k", SwitchState::Off)]);
        let provider = unit(
            SETTINGS_PROVIDER,
            &[(SwitchKind::Resource, "def_k", SwitchState::Off)],
        );
        let units = [on, off, provider];
        let joined = join(&units);
        assert!(!joined[0].disagrees(&units));
        assert_eq!(joined[0].state, SwitchState::Off);
    }
}
