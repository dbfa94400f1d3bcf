//! Places in the code as people see them: the class, the method, and the instructions around.

use std::fmt::Write as _;

use crate::artifact::dex::{Insn, mutf8, write_insn};

use super::engine::At;
use super::reading::Reading;

/// Instructions before the one that is meant, in evidence: its key and its default.
const BEFORE: usize = 2;
/// Instructions after it: what becomes of the result.
const AFTER: usize = 1;
/// Bytes of most lines: a call with its descriptor.
const LINE: usize = 128;

impl Reading<'_> {
    /// The class descriptor of the method of a place.
    pub fn class(&self, at: At) -> Option<String> {
        let method = self.walked.get(usize::from(at.dex))?.method(at.method)?;
        Some(self.package.dex(at.dex)?.type_text(method.type_))
    }

    /// Name and descriptor of the method of a place, `a(Landroid/content/Context;)V`.
    pub fn method(&self, at: At) -> Option<String> {
        let method = self.walked.get(usize::from(at.dex))?.method(at.method)?;
        let dex = self.package.dex(at.dex)?;
        let id = dex.method(method.method)?;
        let name = dex
            .string(id.name)
            .map(|name| mutf8(name).into_owned())
            .unwrap_or_default();
        Some(format!("{name}{}", dex.proto_text(id.proto)))
    }

    /// The method that the instruction of a place calls: its class and its name, as they are written there.
    pub fn callee(&self, at: At) -> Option<(String, String)> {
        let method = self.walked.get(usize::from(at.dex))?.method(at.method)?;
        let dex = self.package.dex(at.dex)?;
        let insn = dex.code(method.code_off).ok()?.insns_at(at.pc).next()?;
        let id = dex.method(insn.method()?)?;
        Some((dex.type_text(id.class), mutf8(dex.string(id.name)?).into_owned()))
    }

    /// The instructions around a place; the one that is meant is marked with `→`.
    pub fn lines(&self, at: At) -> Vec<Box<str>> {
        self.around(at).unwrap_or_default()
    }

    fn around(&self, at: At) -> Option<Vec<Box<str>>> {
        let method = self.walked.get(usize::from(at.dex))?.method(at.method)?;
        let dex = self.package.dex(at.dex)?;
        let code = dex.code(method.code_off).ok()?;
        // Instructions have no marks: which ones lie before a place is known only from the start.
        let mut before: [Option<u32>; BEFORE] = [None; BEFORE];
        let mut insns = code.insns();
        let meant = loop {
            let insn = insns.next()?;
            if insn.pc >= at.pc {
                break (insn.pc == at.pc).then_some(insn)?;
            }
            let [_, last] = before;
            before = [last, Some(insn.pc)];
        };
        // Lines are kept in many places: each has no more room than it needs.
        let mut text = String::with_capacity(LINE);
        let mut line = |insn: &Insn<'_>, sign: char| -> Box<str> {
            text.clear();
            // Writing to a string cannot fail.
            let _ = write!(text, "{sign} {:04x}: ", insn.pc);
            let _ = write_insn(&mut text, dex, insn);
            text.as_str().into()
        };
        let mut lines = Vec::with_capacity(BEFORE.saturating_add(1).saturating_add(AFTER));
        for pc in before.into_iter().flatten() {
            lines.extend(code.insns_at(pc).next().map(|insn| line(&insn, ' ')));
        }
        lines.push(line(&meant, '→'));
        let after = insns.take(AFTER).take_while(|insn| !insn.is_payload());
        lines.extend(after.map(|insn| line(&insn, ' ')));
        Some(lines)
    }
}
