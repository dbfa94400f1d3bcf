//! Code as a ROM keeps it: what was checked, compiled or optimised when the ROM was built (AOSP's
//! *dexpreopt*), in whatever file it is.
//!
//! | Android | beside the package | with the dex in it as |
//! |---|---|---|
//! | to 4.4 | odex | optimised by Dalvik, [`dex`](super::dex) |
//! | 5 to 7 | odex or oat, both ELF | a dex, here and there optimised, [`oat`] |
//! | 8 and later | odex (ELF) and vdex | in the vdex, optimised until 11, [`vdex`] |
//!
//! Two steps, since what was optimised is put back in a copy: [`restore`] gives the file with its
//! instructions as the package had them, [`open`] the dex files in it. Both take any file: of one that keeps
//! no code, or only plain dex, they change nothing.

#[cfg(test)]
#[path = "../../../tests/build/preopt.rs"]
pub(crate) mod build;

use crate::bytes::Bytes;

use super::dex::{Dex, Opened};
use super::elf::Elf;
use super::oat::{self, Oat};
pub use super::quick::{ClassPath, Restored, is_form_of};
use super::quick::{Layouts, Restorer, Rules, needs_classes};
use super::vdex::{self, Vdex};

/// The name under which gaps of Dalvik's files are reported.
const ODEX: &str = "odex";

/// The dex files in `data`: of a dex, a compact dex, an odex, a vdex, or an ELF file that is an oat. Offsets
/// in gaps count from the start of the dex where a dex is meant, from that of the file otherwise.
pub fn open(data: &[u8]) -> Opened<'_> {
    if Vdex::sniff(data) {
        let vdex = Vdex::open(data);
        let mut opened = vdex.dexes();
        opened.gaps.splice(..0, vdex.gaps);
        return opened;
    }
    if !Elf::sniff(data) {
        return Dex::open(data);
    }
    match Oat::open(data) {
        Some(oat) => {
            let mut opened = oat.dexes();
            opened.gaps.splice(..0, oat.gaps);
            opened
        }
        None => Opened::default(),
    }
}

/// The file with its optimised instructions as they were before, as far as that can be known; the rest is
/// counted in a gap.
///
/// A vdex tells it in tables. In an odex or oat it follows from the classes that an instruction works on: of
/// those in the file itself and in `boot`, what the boot class path of the same ROM defines; that is asked for
/// where something in the file depends on it. It has to be all of it, from the same build: where a class
/// differs its slots do. If the code does not fit it, it is not used.
pub fn restore<'p>(file: &Bytes, boot: impl FnOnce() -> &'p ClassPath) -> Restored {
    if Vdex::sniff(file) {
        return restore_vdex(file);
    }
    if file.starts_with(b"dey\n") {
        let parts: Vec<_> = Dex::open(file).dexes.into_iter().map(|dex| (dex, 0)).collect();
        return by_class(file, ODEX, &parts, boot, Rules::Dalvik);
    }
    let oat = Elf::sniff(file).then(|| Oat::open(file)).flatten();
    let Some(oat) = oat else {
        return Restored::unchanged(file);
    };
    let mut parts = Vec::new();
    for part in &oat.files {
        let start = part.range.map_or(0, |(start, _)| start);
        parts.extend(oat.dex(part).dexes.into_iter().map(|dex| (dex, start)));
    }
    let rules = match oat.version {
        ..50 => Rules::Art5,
        50..70 => Rules::Art6,
        _ => Rules::Art7,
    };
    by_class(file, oat::FORMAT, &parts, boot, rules)
}

/// Writes back dex files without tables; each with the byte of the file that it starts at.
fn by_class<'p>(
    file: &Bytes,
    format: &'static str,
    parts: &[(Dex<'_>, usize)],
    boot: impl FnOnce() -> &'p ClassPath,
    rules: Rules,
) -> Restored {
    let dexes = || parts.iter().map(|(dex, _)| *dex);
    let (none, mut own) = (ClassPath::default(), ClassPath::default());
    let mut boot_or_none = &none;
    if dexes().any(|dex| needs_classes(&dex)) {
        own = ClassPath::new(dexes());
        boot_or_none = boot();
    }
    let run = |boot: &ClassPath| {
        let mut layouts = Layouts::new(boot, &own, rules);
        let mut restorer = Restorer::new(file, format);
        for (dex, start) in parts {
            restorer.by_class(dex, *start, &mut layouts);
        }
        restorer
    };
    let restorer = run(boot_or_none);
    let Some(misfit) = restorer.misfit() else {
        return restorer.finish();
    };
    // Another ROM's classes: better none than wrong ones.
    let mut restorer = run(&none);
    restorer.gap(misfit);
    restorer.finish()
}

fn restore_vdex(file: &Bytes) -> Restored {
    let vdex = Vdex::open(file);
    if !vdex.may_be_quickened() {
        return Restored::unchanged(file);
    }
    let mut restorer = Restorer::new(file, vdex::FORMAT);
    let mut infos = vdex.infos();
    for (i, part) in vdex.files.iter().enumerate() {
        if let Err(gap) = infos.dex(i, part) {
            restorer.gap(gap);
        }
        for dex in vdex.dex(part).dexes {
            for body in dex.bodies() {
                // What cannot be read is told by whoever reads the code next.
                let Ok(body) = body else {
                    infos.skip();
                    continue;
                };
                let info = infos.of(&body);
                restorer.method(&dex, &body.code, part.start, info);
            }
        }
    }
    restorer.finish()
}

/// The version in a magic as a number; `None` where it is none.
pub(super) fn number([a, b, c, nul]: [u8; 4]) -> Option<u32> {
    let digits = [a, b, c];
    let right = nul == 0 && digits.iter().all(u8::is_ascii_digit);
    right.then(|| {
        let value = |d: &u8| u32::from(d.saturating_sub(b'0'));
        digits
            .iter()
            .fold(0, |n: u32, d| n.saturating_mul(10).saturating_add(value(d)))
    })
}

#[cfg(test)]
mod tests;
