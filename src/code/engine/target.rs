//! Which method a call reaches: its own class, then the classes above, in whatever file of the package.

use super::super::package::{NONE, index};
use super::super::table::descriptor;
use super::Engine;

impl<'a> Engine<'a, '_> {
    pub(super) fn name(&self, dex: u16, number: u32) -> Option<&'a [u8]> {
        let file = self.package.dex(dex)?;
        let method = self.walked.get(usize::from(dex))?.method(number)?;
        self.package.text(dex, file.method(method.method)?.name)
    }

    /// The method that an id of a file names, when that file itself defines it.
    pub(super) fn direct(&self, dex: u16, callee: u32) -> Option<(u16, u32)> {
        let number = *self.walked.get(usize::from(dex))?.number_of.get(index(callee))?;
        (number != NONE).then_some((dex, number))
    }

    /// The method that a call reaches if no subclass overrides it: its own class, then the classes above.
    pub(super) fn target(&mut self, dex: u16, callee: u32) -> Option<(u16, u32)> {
        if let Some(found) = self.direct(dex, callee) {
            return Some(found);
        }
        if let Some(found) = self.targets.get(&(dex, callee)) {
            return *found;
        }
        let found = self.search(dex, callee);
        self.targets.insert((dex, callee), found);
        found
    }

    fn search(&mut self, dex: u16, callee: u32) -> Option<(u16, u32)> {
        let file = self.package.dex(dex)?;
        let id = file.method(callee)?;
        let name = self.package.text(dex, id.name)?;
        if self.left == 0 {
            return None;
        }
        let mut wanted = None;
        let mut cost = 0_u64;
        let mut found = None;
        for (_, _, class) in self.package.chain(dex, id.class) {
            let Some(class) = class else { break };
            let Some(home) = self.package.dex(class.dex) else {
                break;
            };
            let Ok(members) = home.members(&class.def) else {
                break;
            };
            for member in members.methods().filter_map(Result::ok) {
                cost = cost.saturating_add(1);
                let Some(other) = home.method(member.index) else {
                    continue;
                };
                let same = if class.dex == dex {
                    other.name == id.name && other.proto == id.proto
                } else {
                    self.package.text(class.dex, other.name) == Some(name)
                        && *wanted.get_or_insert_with(|| descriptor(file, id)) == descriptor(home, other)
                };
                if same {
                    found = self.direct(class.dex, member.index);
                    break;
                }
            }
            if found.is_some() {
                break;
            }
        }
        self.left = self.left.saturating_sub(cost);
        found
    }

    /// Whether a call of this method reaches this method and no other.
    pub(super) fn is_final(&self, dex: u16, number: u32) -> bool {
        /// `ACC_PRIVATE | ACC_STATIC | ACC_FINAL`
        const ALONE: u32 = 0x1a;
        let Some(method) = self.walked.get(usize::from(dex)).and_then(|w| w.method(number)) else {
            return false;
        };
        let class = self.package.class(method.class);
        method.access & ALONE != 0
            || class.is_some_and(|class| !class.extended || class.def.access & 0x10 != 0)
    }
}
