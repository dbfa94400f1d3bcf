//! What a field holds: its initial value, and what the one method that sets it puts there. Whatever else may
//! be written stays a hole beside it.

use crate::artifact::dex;

use super::super::package::index;
use super::super::table::string;
use super::super::value::{Atom, Lit, Val};
use super::Engine;

/// Code units of a method that sets a field.
const MAX_SETTER: u32 = 1 << 15;

impl Engine<'_, '_> {
    /// What a field holds, as far as its initial value and its writes tell.
    pub(super) fn field(&mut self, dex: u16, field: u32, depth: u32) -> Option<Val> {
        if let Some(known) = self.fields.get(&(dex, field)) {
            return *known;
        }
        self.fields.insert((dex, field), None);
        let val = self.field_value(dex, field, depth);
        self.fields.insert((dex, field), val);
        val
    }

    fn field_value(&mut self, dex: u16, field: u32, depth: u32) -> Option<Val> {
        if self.left == 0 {
            return None;
        }
        if let Some(text) = self.tables.get(usize::from(dex))?.constants.get(&field) {
            return Some(Val::one(self.values.made(text.as_bytes())));
        }
        let file = *self.package.dex(dex)?;
        let id = file.field(field)?;
        let class = *self.package.class(self.package.home(dex, id.class)?)?;
        if class.dex != dex {
            let other = self.same_field(class.dex, &class.def, self.package.text(dex, id.name)?)?;
            return self.field(class.dex, other, depth);
        }
        let members = file.members(&class.def).ok()?;
        let mut cost = 0_u64;
        let mut statics = members
            .static_fields()
            .filter_map(Result::ok)
            .inspect(|_| cost = cost.saturating_add(1));
        let statics = statics.position(|f| f.index == field);
        self.left = self.left.saturating_sub(cost >> 3);
        let puts = *self.walked.get(usize::from(dex))?.puts.get(index(field))?;
        let foreign = self.package.dexes.len() > 1 && self.written_elsewhere(dex, field);
        let numeric = matches!(self.package.type_name(dex, id.type_), Some(b"I" | b"Z" | b"J"));
        let initial = statics.and_then(|slot| self.initial(dex, &class.def, slot));
        // Zero and null are what a field holds before anything else: only a number is known by it.
        let initial = match initial {
            Some(val) => Some(val),
            None if statics.is_some() && numeric => Some(Val::ZERO),
            None => None,
        };
        if puts.count == 0 && !foreign {
            return initial;
        }
        let setter = self
            .walked
            .get(usize::from(dex))
            .and_then(|w| w.method(puts.by))
            .copied();
        let by_initialiser = setter.is_some_and(|setter| {
            setter.type_ == id.class
                && file
                    .method(setter.method)
                    .and_then(|id| self.package.text(dex, id.name))
                    .is_some_and(|name| {
                        if statics.is_some() {
                            name == b"<clinit>"
                        } else {
                            name == b"<init>"
                        }
                    })
        });
        let hole = self.values.val(Atom::Field(dex, field));
        let put = if by_initialiser || puts.count == 1 {
            self.put(dex, puts.by, field)
        } else {
            None
        };
        let put = put.map(|val| {
            let val = self.resolve(val, depth.saturating_add(1));
            self.values
                .fill(val, &mut |_, atom| matches!(atom, Atom::Param(_)).then_some(hole))
        });
        let only = puts.count == 1 && !foreign;
        match (put, initial) {
            (Some(val), _) if only && by_initialiser => Some(val),
            // Set once, by a method that need not have run.
            (Some(val), Some(initial)) if only => Some(self.values.join(initial, val)),
            (Some(val), None) if only && statics.is_none() => Some(val),
            (Some(val), _) => Some(self.values.join(val, hole)),
            (None, Some(initial)) => Some(self.values.join(initial, hole)),
            (None, None) => None,
        }
        .filter(|val| !self.values.is_unknown(*val))
    }

    /// What a method puts into a field.
    fn put(&mut self, dex: u16, number: u32, field: u32) -> Option<Val> {
        if !self.setters.contains_key(&(dex, number)) {
            let mut all: Vec<(u32, Val)> = Vec::new();
            if self.interpret(dex, number, &[], MAX_SETTER) {
                let mut puts = std::mem::take(&mut self.machine.outcome.puts);
                puts.sort_unstable();
                for (field, val) in puts {
                    match all.last_mut() {
                        Some((last, before)) if *last == field => *before = self.values.join(*before, val),
                        _ => all.push((field, val)),
                    }
                }
            }
            self.setters.insert((dex, number), all);
        }
        let all = self.setters.get(&(dex, number))?;
        let at = all.binary_search_by_key(&field, |(field, _)| *field).ok()?;
        all.get(at).map(|(_, val)| *val)
    }

    fn same_field(&mut self, dex: u16, def: &dex::ClassDef, name: &[u8]) -> Option<u32> {
        let file = self.package.dex(dex)?;
        let members = file.members(def).ok()?;
        let mut cost = 0_u64;
        let found = members.fields().filter_map(Result::ok).find(|member| {
            cost = cost.saturating_add(1);
            file.field(member.index)
                .and_then(|id| self.package.text(dex, id.name))
                == Some(name)
        });
        self.left = self.left.saturating_sub(cost);
        found.map(|member| member.index)
    }

    /// Whether another file of the package writes a field.
    fn written_elsewhere(&mut self, dex: u16, field: u32) -> bool {
        let Some(file) = self.package.dex(dex) else {
            return false;
        };
        let Some(id) = file.field(field) else { return false };
        let (home, name) = (self.package.home(dex, id.class), self.package.text(dex, id.name));
        let mut cost = 0_u64;
        let mut found = false;
        for (other, walked) in self.walked.iter().enumerate() {
            let Ok(other) = u16::try_from(other) else { break };
            let Some(file) = self.package.dex(other).filter(|_| other != dex) else {
                continue;
            };
            for (n, _) in (0_u32..).zip(&walked.puts).filter(|(_, puts)| puts.count > 0) {
                cost = cost.saturating_add(1);
                let Some(id) = file.field(n) else { continue };
                if self.package.home(other, id.class) == home && self.package.text(other, id.name) == name {
                    found = true;
                }
            }
        }
        self.left = self.left.saturating_sub(cost >> 3);
        found
    }

    /// The initial value of the `slot`th static field of a class.
    fn initial(&mut self, dex: u16, def: &dex::ClassDef, slot: usize) -> Option<Val> {
        let file = self.package.dex(dex)?;
        let values = file.static_values(def).ok()?;
        self.left = self.left.saturating_sub(u64::try_from(slot).unwrap_or(u64::MAX));
        let item = values
            .filter_map(Result::ok)
            .find(|item| index(item.slot) == slot && item.depth == 0)?;
        Some(match item.value {
            dex::Value::String(string) => {
                let bytes = self.package.text(dex, string)?;
                let hot = self.tables.get(usize::from(dex))?.string(string) & string::HOT != 0;
                self.values.lit(Lit { dex, string, bytes }, hot)
            }
            dex::Value::Boolean(b) => self.values.int(i64::from(b)),
            dex::Value::Byte(n) => self.values.int(i64::from(n)),
            dex::Value::Short(n) => self.values.int(i64::from(n)),
            dex::Value::Char(n) => self.values.int(i64::from(n)),
            dex::Value::Int(n) => self.values.int(i64::from(n)),
            dex::Value::Long(n) => self.values.int(n),
            dex::Value::Type(type_) => self.values.val(Atom::Class(dex, type_)),
            _ => return None,
        })
    }
}
