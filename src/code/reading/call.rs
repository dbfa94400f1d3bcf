//! Calls whose arguments were resolved, and those of methods around an identifier.

use super::super::engine::{At, Record, Returns};
use super::super::interp::What;
use super::super::package::{NONE, index};
use super::super::platform::Member;
use super::super::value::{Atom, AtomId, Val};
use super::super::walk;
use super::{Arg, Call, Called, Reading, Returned, Text, WrapperCall};

/// Calls of one wrapper that are told.
const MAX_WRAPPER_CALLS: u32 = 256;

impl Reading<'_> {
    /// Calls whose arguments were resolved, in the order of the files.
    pub fn calls(&self) -> impl Iterator<Item = Call> {
        self.found.records.iter().filter_map(|record| {
            let what = self.called(record)?;
            Some(Call {
                at: record.at,
                what,
                wrapped: record.via.is_some(),
            })
        })
    }

    fn called(&self, record: &Record) -> Option<Called> {
        let arguments = self.found.arguments(record);
        let arg = |i: usize| arguments.get(i).map(|val| self.args(*val)).unwrap_or_default();
        Some(match record.what {
            What::Key(store, access, letter) => Called::Key {
                store,
                access,
                key: arg(0),
                value: (arguments.len() > 1).then(|| arg(1)),
                boolean: letter == b'Z',
            },
            What::Sink(row) => Called::Sink {
                row,
                texts: arguments.iter().map(|val| self.args(*val)).collect(),
            },
            What::Member(Member::Method) => Called::Method {
                class: arg(0),
                name: arg(1),
            },
            What::Member(Member::Field) => Called::Field {
                class: arg(0),
                name: arg(1),
            },
            What::Named => Called::Class(arg(0)),
            What::Use(what) => Called::Use(what, arg(0)),
            What::Text => Called::Text(arg(0)),
            What::Computed(dex, callee) => Called::Computed {
                by: self.package.dex(dex)?.method_text(callee),
                text: self.texts(arguments),
            },
            What::Call(..) => return None,
        })
    }

    /// Calls of methods that return an identifier or the content of a key.
    pub fn wrapper_calls(&self) -> Vec<WrapperCall> {
        let mut all = Vec::new();
        for (dex, walked, _) in self.by_file() {
            let mut wrappers: Vec<(u32, Returns)> = Vec::new();
            for wrapper in self.found.wrappers.iter().filter(|wrapper| wrapper.dex == dex) {
                let method = walked.method(wrapper.method).map_or(NONE, |method| method.method);
                wrappers.push((method, wrapper.returns));
            }
            wrappers.sort_unstable();
            wrappers.dedup();
            let mut wrappers: Vec<(u32, Returned, u32)> = wrappers
                .into_iter()
                .map(|(method, returns)| match returns {
                    Returns::Row(row) => (method, Returned::Identifier(row), 0),
                    Returns::Key(store, key) => (method, Returned::Key(store, self.args(key).into()), 0),
                })
                .collect();
            if wrappers.is_empty() {
                continue;
            }
            let mut wraps = vec![false; walked.number_of.len()];
            for (method, ..) in &wrappers {
                if let Some(wraps) = wraps.get_mut(index(*method)) {
                    *wraps = true;
                }
            }
            let calls = |edge: &&walk::Use| wraps.get(index(edge.what)).copied().unwrap_or(false);
            for edge in walked.edges.iter().filter(calls) {
                let first = wrappers.partition_point(|(method, ..)| *method < edge.what);
                let same = wrappers
                    .iter_mut()
                    .skip(first)
                    .take_while(|(method, ..)| *method == edge.what);
                for (_, returned, told) in same {
                    *told = told.saturating_add(1);
                    if *told <= MAX_WRAPPER_CALLS {
                        let at = At {
                            dex,
                            method: edge.by,
                            pc: edge.pc,
                        };
                        all.push(WrapperCall {
                            at,
                            returned: returned.clone(),
                        });
                    }
                }
            }
        }
        all
    }

    /// The alternatives of a value, sorted.
    fn args(&self, val: Val) -> Vec<Arg> {
        let mut all: Vec<Arg> = self
            .found
            .values
            .alternatives(val)
            .as_slice()
            .iter()
            .map(|id| self.arg(*id))
            .collect();
        all.sort();
        all.dedup();
        all
    }

    /// What a method computes: texts, or those in an array.
    fn texts(&self, computed: &[Val]) -> Vec<Arg> {
        let values = &self.found.values;
        let mut all = Vec::new();
        for val in computed {
            for id in values.alternatives(*val).as_slice() {
                match values.elements(*id).as_slice() {
                    [] => all.push(self.arg(*id)),
                    elements => all.extend(elements.iter().flat_map(|(_, val)| self.args(*val))),
                }
            }
        }
        all.sort();
        all.dedup();
        all
    }

    fn arg(&self, id: AtomId) -> Arg {
        let values = &self.found.values;
        match values.atom(id) {
            Atom::Int(n) => Arg::Int(n),
            Atom::Param(n) => Arg::Parameter(n),
            Atom::Class(dex, type_) => Arg::Class(
                self.package
                    .dex(dex)
                    .map(|dex| dex.type_text(type_))
                    .unwrap_or_default(),
            ),
            Atom::Lit(_) | Atom::Made(_) | Atom::Cat(..) => {
                let mut bytes = Vec::new();
                let _ = values.render(id, &mut bytes);
                let whole =
                    !values.any_part(Val::one(id), |atom| !matches!(atom, Atom::Lit(_) | Atom::Made(_)));
                Arg::Text(Text { bytes, whole })
            }
            _ => Arg::Unknown,
        }
    }
}
