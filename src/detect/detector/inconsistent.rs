//! One switch, several defaults.

use crate::detect::case::{self, Case};
use crate::detect::{Draft, View};
use crate::fact::SwitchState;
use crate::rule::DetectorMatch;

use super::{Detector, Found};

/// A unit that takes a shared switch for on where it is not set, while others take it for off.
pub(super) struct Inconsistent;

impl Detector for Inconsistent {
    fn rule(&self) -> &'static str {
        "switch.inconsistent"
    }

    fn run<'a>(&self, view: &View<'a>, told: &DetectorMatch, out: &mut Vec<Found<'a>>) {
        let units = view.scene.units;
        for (index, switch) in view.facts.switches.iter().enumerate() {
            let named = || told.key.as_ref().is_some_and(|wanted| wanted.is(&switch.key));
            if switch.state != SwitchState::On || !(switch.known.is_some() || named()) {
                continue;
            }
            let Some(joined) = view.scene.linked.joined(switch) else {
                continue;
            };
            // Reads of one key in one unit come as several switches; the first speaks for them.
            let mine = joined.readers.iter().filter(|r| r.unit == view.index);
            let mut mine = mine.filter(|r| r.switch(units).is_some_and(|s| s.state == SwitchState::On));
            if !joined.disagrees(units) || mine.next().is_none_or(|first| first.switch != index) {
                continue;
            }
            let mut draft = Draft::new(case::switch_name(switch));
            Case::Switch(switch).add_to(&mut draft, view);
            for reader in &joined.readers {
                let (Some(unit), Some(other)) = (units.get(reader.unit), reader.switch(units)) else {
                    continue;
                };
                match other.state {
                    SwitchState::On => draft.detail("on in", [unit.unit.name.as_str()]),
                    SwitchState::Off => draft.detail("off in", [unit.unit.name.as_str()]),
                    SwitchState::Conditional | SwitchState::Unknown => {}
                }
            }
            out.push(Found {
                draft,
                values: vec![("switch", case::switch_name(switch))],
            });
        }
    }
}
