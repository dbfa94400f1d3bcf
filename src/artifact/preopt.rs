//! Code as a ROM keeps it: what was checked, compiled or optimised when the ROM was built (AOSP's
//! *dexpreopt*), in whatever file it is.
//!
//! | Android | beside the package | with the dex in it as |
//! |---|---|---|
//! | to 4.4 | odex | optimised by Dalvik, [`dex`](super::dex) |
//! | 5 to 7 | odex or oat, both ELF | a dex, here and there optimised, [`oat`](super::oat) |
//! | 8 and later | odex (ELF) and vdex | in the vdex, optimised until 11, [`vdex`](super::vdex) |
//!
//! Two steps, since what was optimised is put back in a copy: [`restore`] gives the file with its
//! instructions as the package had them, [`open`] the dex files in it. Both take any file: of one that keeps
//! no code, or only plain dex, they change nothing.

use crate::bytes::Bytes;

use super::dex::{Dex, Opened};
use super::elf::Elf;
use super::oat::{self, Oat};
pub use super::quick::Restored;
use super::quick::{Info, Restorer};
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

/// The file with its optimised instructions as they were before, as far as that can be known.
///
/// A vdex tells it in tables. In an odex or oat only what stands for itself is written back; calls by table
/// slot and accesses by offset are left and counted.
pub fn restore(file: &Bytes) -> Restored {
    if Vdex::sniff(file) {
        return restore_vdex(file);
    }
    if file.starts_with(b"dey\n") {
        let mut restorer = Restorer::new(file, ODEX);
        for dex in Dex::open(file).dexes {
            without_info(&mut restorer, &dex, 0);
        }
        return restorer.finish();
    }
    if !Elf::sniff(file) {
        return Restored::unchanged(file);
    }
    let mut restorer = Restorer::new(file, oat::FORMAT);
    let oat = Oat::open(file).unwrap_or_default();
    for part in &oat.files {
        let start = part.range.map_or(0, |(start, _)| start);
        for dex in oat.dex(part).dexes {
            without_info(&mut restorer, &dex, start);
        }
    }
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

/// Writes back a dex that starts at byte `start` of the file and has no table.
fn without_info(restorer: &mut Restorer<'_>, dex: &Dex<'_>, start: usize) {
    for body in dex.bodies().flatten() {
        restorer.method(dex, &body.code, start, Info::None);
    }
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
