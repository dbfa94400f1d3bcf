//! What a package asks before it does something: switches, files, whether there is an account.

use std::collections::{BTreeMap, BTreeSet};

use super::switch::{known, known_file};
use super::{Sites, add_site};
use crate::code::flow::{MAX_QUESTIONS, Questions, Traced};
use crate::code::{Access, Arg, At, Call, Called, Interest, Store, Use};
use crate::fact::model::{Asked, SinkUse};

/// The questions of a package, by number.
pub(super) struct Asking {
    pub(super) questions: Questions,
    /// As people name them.
    names: Vec<String>,
}

impl Asking {
    /// Switches that the signatures know and others that are on or off, with the calls that read them; accounts.
    pub(super) fn new(calls: &[Call], package: Option<&str>, interest: &Interest<'_>) -> Self {
        let mut asking = Self {
            questions: Questions::default(),
            names: Vec::new(),
        };
        for (row, word) in interest.conditions() {
            if let Some(number) = asking.number(word) {
                asking.questions.rows.insert(row, number);
            }
        }
        // Of too many the ones that the signatures know are told.
        let mut all: BTreeMap<(bool, String), Vec<At>> = BTreeMap::new();
        for call in calls {
            for (known, name) in asked(call, package, interest) {
                all.entry((!known, name)).or_default().push(call.at);
            }
        }
        for ((_, name), places) in all {
            if let Some(number) = asking.number(&name) {
                asking
                    .questions
                    .at
                    .extend(places.into_iter().map(|at| (at, number)));
            }
        }
        asking
    }

    fn number(&mut self, name: &str) -> Option<u8> {
        let at = match self.names.iter().position(|known| known == name) {
            Some(at) => at,
            None => {
                self.names.push(name.to_owned());
                self.names.len().saturating_sub(1)
            }
        };
        u8::try_from(at).ok().filter(|number| *number < MAX_QUESTIONS)
    }

    /// As people name some of them, sorted.
    pub(super) fn names(&self, numbers: &[u8]) -> Vec<String> {
        let names = numbers
            .iter()
            .filter_map(|number| self.names.get(usize::from(*number)));
        let sorted: BTreeSet<&String> = names.collect();
        sorted.into_iter().cloned().collect()
    }

    /// Adds to the places where data leaves what may be asked before.
    pub(super) fn add(
        &self,
        traced: &Traced,
        sites: &Sites<'_, '_>,
        interest: &Interest<'_>,
        sinks: &mut [SinkUse],
    ) {
        for asked in &traced.asked {
            let name = self.names(&asked.questions).join(" and ");
            let Some(row) = interest.sink(asked.row) else {
                continue;
            };
            let api = row.api();
            let Some(sink) = sinks
                .iter_mut()
                .find(|sink| *sink.channel == *row.channel && sink.api == api)
            else {
                continue;
            };
            let at = match sink.asks.iter().position(|known| known.what == name) {
                Some(at) => at,
                None => {
                    sink.asks.push(Asked {
                        what: name,
                        sites: Vec::new(),
                        count: 0,
                    });
                    sink.asks.len().saturating_sub(1)
                }
            };
            if let Some(known) = sink.asks.get_mut(at) {
                add_site(&mut known.sites, &mut known.count, || sites.at(asked.at));
            }
        }
        for sink in sinks {
            sink.asks.sort_by(|a, b| a.what.cmp(&b.what));
        }
    }
}

/// What a call asks, and whether the signatures know it.
fn asked(call: &Call, package: Option<&str>, interest: &Interest<'_>) -> Vec<(bool, String)> {
    let flags = &interest.rules().flags;
    let texts = |args: &[Arg]| -> Vec<String> {
        let whole = args.iter().filter_map(|arg| match arg {
            Arg::Text(text) if text.whole => Some(text.to_str().into_owned()),
            _ => None,
        });
        whole.collect()
    };
    match &call.what {
        Called::Key {
            store,
            access: Access::Get,
            key,
            boolean,
            ..
        } => {
            let named = texts(key).into_iter().map(|key| {
                let known = known(flags, package, *store, &key).is_some();
                (known, format!("{} {key}", store.name()))
            });
            let any = *boolean || *store == Store::Account;
            named.filter(|(known, _)| *known || any).collect()
        }
        Called::Use(Use::Path, paths) => {
            let here = |path: &String| {
                let (folder, name) = path.rsplit_once('/')?;
                known_file(flags, folder, name)?;
                Some((true, format!("file {path}")))
            };
            texts(paths).iter().filter_map(here).collect()
        }
        _ => Vec::new(),
    }
}
