//! Which method a call reaches, asked once for each id.

use super::super::resolve;
use super::Engine;

impl<'a> Engine<'a, '_> {
    pub(super) fn name(&self, dex: u16, number: u32) -> Option<&'a [u8]> {
        let file = self.package.dex(dex)?;
        let method = self.walked.get(usize::from(dex))?.method(number)?;
        self.package.text(dex, file.method(method.method)?.name)
    }

    /// The method that an id of a file names, when that file itself defines it.
    pub(super) fn direct(&self, dex: u16, callee: u32) -> Option<(u16, u32)> {
        resolve::direct(self.walked, dex, callee)
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
        if self.left == 0 {
            return None;
        }
        let class = self.package.dex(dex)?.method(callee)?.class;
        let mut cost = 0;
        let found = resolve::search(self.package, self.walked, (dex, class), dex, callee, &mut cost);
        self.left = self.left.saturating_sub(cost);
        found
    }

    /// Whether a call of this method reaches this method and no other.
    pub(super) fn is_final(&self, dex: u16, number: u32) -> bool {
        resolve::is_final(self.package, self.walked, dex, number)
    }
}
