//! Which method a call reaches: its own class, then the classes above, in whatever file of the package.

use super::package::{NONE, Package, index};
use super::table::descriptor;
use super::walk::Walked;

/// The method that an id of a file names, when that file itself defines it: its number there.
pub(crate) fn direct(walked: &[Walked], dex: u16, callee: u32) -> Option<(u16, u32)> {
    let number = *walked.get(usize::from(dex))?.number_of.get(index(callee))?;
    (number != NONE).then_some((dex, number))
}

/// The method with the name and the descriptor of `callee`, an id of file `dex`, that objects of a type run:
/// that of its own class or of the first class above that has one. `cost` grows by the members looked at.
pub(crate) fn search(
    package: &Package<'_>,
    walked: &[Walked],
    from: (u16, u32),
    dex: u16,
    callee: u32,
    cost: &mut u64,
) -> Option<(u16, u32)> {
    let file = package.dex(dex)?;
    let id = file.method(callee)?;
    let name = package.text(dex, id.name)?;
    let mut wanted = None;
    for (_, _, class) in package.chain(from.0, from.1) {
        let class = class?;
        let home = package.dex(class.dex)?;
        let members = home.members(&class.def).ok()?;
        for member in members.methods().filter_map(Result::ok) {
            *cost = cost.saturating_add(1);
            let Some(other) = home.method(member.index) else {
                continue;
            };
            let same = if class.dex == dex {
                other.name == id.name && other.proto == id.proto
            } else {
                package.text(class.dex, other.name) == Some(name)
                    && *wanted.get_or_insert_with(|| descriptor(file, id)) == descriptor(home, other)
            };
            if same {
                if let Some(found) = direct(walked, class.dex, member.index) {
                    return Some(found);
                }
                break;
            }
        }
    }
    None
}

/// Whether a call of this method reaches this method and no other.
pub(crate) fn is_final(package: &Package<'_>, walked: &[Walked], dex: u16, number: u32) -> bool {
    /// `ACC_PRIVATE | ACC_STATIC | ACC_FINAL`
    const ALONE: u32 = 0x1a;
    let Some(method) = walked.get(usize::from(dex)).and_then(|w| w.method(number)) else {
        return false;
    };
    let class = package.class(method.class);
    method.access & ALONE != 0 || class.is_some_and(|class| !class.extended || class.def.access & 0x10 != 0)
}
