//! Whether a dex is another one, optimised.

use super::{Kind, bytes};
use crate::artifact::dex::{Dex, Dialect};

/// Bytes of the header that hold the checksum: Dalvik writes a new one.
const CHECKSUM: (usize, usize) = (8, 12);

/// Whether `dex` is the same as `plain` to the byte, but for instructions that are still optimised, and
/// optimised forms of what `plain` has there.
pub fn is_form_of(dex: &Dex<'_>, plain: &Dex<'_>) -> bool {
    let (a, b) = (dex.bytes(), plain.bytes());
    let compact = |dex: &Dex<'_>| dex.header().compact.is_some() || dex.header().in_container();
    if a.len() != b.len() || compact(dex) || compact(plain) {
        return false;
    }
    if a == b && dex.dialect() == plain.dialect() {
        return true;
    }
    let mut optimised = vec![CHECKSUM];
    let mut code = Vec::new();
    for body in dex.bodies().flatten() {
        let start = usize::try_from(body.code.start()).unwrap_or(usize::MAX);
        code.push((start, start.saturating_add(bytes(body.code.units()))));
        for insn in body.code.insns() {
            let kind = Kind::of(insn.op);
            if kind == Kind::Plain {
                continue;
            }
            let at = start.saturating_add(bytes(insn.pc));
            let end = at.saturating_add(insn.bytes().len());
            let was = b.get(at..end).unwrap_or_default();
            if !stands_for(kind, insn.bytes(), was, dex.dialect()) {
                return false;
            }
            optimised.push((at, end));
        }
    }
    // Where methods overlap, what is the number of a field to one is an instruction to another.
    code.sort_unstable();
    code.dedup();
    let overlap = |pair: &[(usize, usize)]| matches!(pair, [(_, end), (start, _)] if start < end);
    if code.windows(2).any(overlap) {
        return false;
    }
    optimised.sort_unstable();
    let mut from = 0;
    for (start, end) in optimised.into_iter().chain([(a.len(), a.len())]) {
        let plain = from..start.max(from);
        if a.get(plain.clone()) != b.get(plain) {
            return false;
        }
        from = end.max(from);
    }
    true
}

/// Whether an instruction of this kind may be what became of another: the same but for its opcode and the two
/// bytes that say what it works on.
fn stands_for(kind: Kind, insn: &[u8], was: &[u8], dialect: Dialect) -> bool {
    let ([_, registers, _, _, rest @ ..], [op, same, _, _, also @ ..]) = (insn, was) else {
        // An instruction of one unit has nothing but its opcode.
        return matches!((kind, insn, was), (Kind::Opcode(op), [_, a], [b, c]) if *b == op && a == c);
    };
    let narrow = |base: u8| dialect == Dialect::Odex && (base..=base.saturating_add(6)).contains(op);
    let fits = match kind {
        Kind::Plain | Kind::Opcode(_) => false,
        Kind::Field(0x52) => *op == 0x52 || narrow(0x52),
        Kind::Field(0x59) => *op == 0x59 || narrow(0x59),
        Kind::Field(real) | Kind::Virtual(real) | Kind::Super(real) => *op == real,
        Kind::Inline(false) => (0x6e..=0x71).contains(op),
        Kind::Inline(true) => (0x74..=0x77).contains(op),
    };
    fits && registers == same && rest == also
}
