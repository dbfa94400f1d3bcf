//! Dalvik executables, read in place.
//!
//! Spec: Android *Dalvik executable format* (<https://source.android.com/docs/core/runtime/dex-format>),
//! versions 035 to 041, the compact dex of Android 9 (`cdex001`, see [`compact`]), and the optimised files
//! of Dalvik (`dey\n036`), AOSP `dalvik/libdex/DexFile.h`.
//!
//! [`Dex::open`] reads the header and finds the tables; everything else is read on demand, borrows the
//! file and allocates nothing. Errors are per item: an index that leads nowhere is `None`, an item that
//! cannot be read is a [`Gap`], and the items beside it are not touched by it. A wrong checksum or
//! signature, an unknown map item, a string that is no MUTF-8 never hide anything.
//!
//! Items may share bytes, and a hostile file makes thousands of classes share one huge method. Readers
//! of one item do not know of each other; whoever reads the whole file takes the walks that do:
//! [`Dex::strings`], [`Dex::bodies`], [`Dex::all_annotations`], [`Dex::all_static_values`].

mod annotation;
mod class;
mod code;
pub mod compact;
mod disasm;
mod dynamic;
mod header;
mod ids;
mod insn;
mod leb;
mod map;
mod mutf8;
pub mod opcode;
mod value;
mod verify;
mod walk;

#[cfg(test)]
#[path = "../../../tests/build/dex.rs"]
pub(crate) mod build;

use sha1::{Digest, Sha1};

use crate::bytes::{Cursor, Gap, wide};

pub use annotation::{Annotation, Annotations, Target};
pub use class::{ClassDef, Field, Fields, Members, Method, Methods};
pub use code::{Catch, Catches, Code, Tries, Try};
pub use disasm::{disassemble, write_insn};
pub use dynamic::{CallSite, MethodHandle};
pub use header::{Header, Section};
pub use ids::{FieldId, MethodId, Proto, TypeList};
pub use insn::{Insn, Insns, Payload, Registers};
pub use mutf8::mutf8;
pub use opcode::{Dialect, Op};
pub use value::{AllStaticValues, Item, Value, Values};
pub use walk::{Bodies, Body, Meter};

use header::Tables;

/// The name under which gaps of this reader are reported.
pub const FORMAT: &str = "dex";

/// Index that means "none" (`NO_INDEX`).
const NO_INDEX: u32 = u32::MAX;

/// Ours: logical files in one container of version 041. A header has 0x78 bytes; real containers hold
/// as many files as an APK has `classes*.dex`, the largest met 36.
const MAX_DEXES: usize = 4096;

/// One logical dex. Cheap to copy; borrows the file.
#[derive(Debug, Clone, Copy)]
pub struct Dex<'a> {
    /// What the offsets of items count from: the container; of a compact dex its data section.
    data: &'a [u8],
    /// What the offsets of the tables of ids and classes count from: the container, always.
    file: &'a [u8],
    header: Header,
    /// Bytes from the container's start to the header.
    at: usize,
    /// Bytes from the start of what was opened to `data`.
    base: usize,
    tables: Tables<'a>,
    dialect: Dialect,
}

/// What [`Dex::open`] found.
#[derive(Debug, Default)]
pub struct Opened<'a> {
    /// The logical files, in the order of the container; one before version 041.
    pub dexes: Vec<Dex<'a>>,
    /// What is wrong with headers and tables. Offsets count from the start of the dex, or of the odex
    /// where its own header is meant.
    pub gaps: Vec<Gap>,
}

impl<'a> Dex<'a> {
    /// Opens a dex, a container of several, or the dex inside an odex.
    pub fn open(data: &'a [u8]) -> Opened<'a> {
        let mut opened = Opened::default();
        if data.starts_with(b"dey\n") {
            match inner(data) {
                Ok(Inner { dex, at, gap }) => {
                    opened.gaps.extend(gap);
                    opened.read(dex, at, Dialect::Odex);
                }
                Err(gap) => opened.gaps.push(gap),
            }
        } else {
            opened.read(data, 0, Dialect::Standard);
        }
        opened
    }

    /// What the offsets of items count from: the file; of a compact dex its data section.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// Bytes from the start of what was opened to [`Dex::data`].
    pub fn base(&self) -> usize {
        self.base
    }

    /// The header, as it is in the file.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Who wrote the bytecode.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether the checksum of the header is right. Android checks it before it loads a dex from an
    /// APK; this reads every byte, so it is no part of [`Dex::open`]. A compact dex keeps the checksum of
    /// the dex that it was made from: there is nothing to compare it with.
    pub fn checksum(&self) -> Result<(), Gap> {
        if self.header.compact.is_some() {
            return Ok(());
        }
        let len = self.header.len(self.data.len().saturating_sub(self.at));
        let file = self
            .data
            .get(self.at..self.at.saturating_add(len))
            .unwrap_or_default();
        let sum = adler32(file.get(12..).unwrap_or_default());
        if sum == self.header.checksum {
            return Ok(());
        }
        let at = wide(self.at).saturating_add(8);
        Err(Gap::odd(FORMAT, at, "checksum", u64::from(self.header.checksum)))
    }

    /// Whether the file is, byte for byte, what the signature of the header was made of. Android never
    /// asks; whoever compares two files does. Reads every byte.
    pub fn is_original(&self) -> bool {
        let len = self.header.len(self.data.len().saturating_sub(self.at));
        let from = self.at.saturating_add(SIGNED_FROM);
        let signed = self.data.get(from..self.at.saturating_add(len));
        let sum = |bytes| <[u8; 20]>::from(Sha1::digest(bytes));
        self.header.compact.is_none() && signed.is_some_and(|bytes| sum(bytes) == self.header.signature)
    }
}

/// Bytes before what the signature covers: magic, checksum and the signature itself.
const SIGNED_FROM: usize = 32;

impl<'a> Opened<'a> {
    /// Reads the dex files of `data`, which starts at byte `from` of what was opened.
    fn read(&mut self, data: &'a [u8], from: usize, dialect: Dialect) {
        let mut at = 0_usize;
        loop {
            let header = match Header::read(data, at, &mut self.gaps) {
                Ok(header) => header,
                Err(gap) => return self.gaps.push(gap),
            };
            let (file, section, offset) = match header.compact {
                Some(_) => compact::sections(data, &header, &mut self.gaps),
                None => (data, data, 0),
            };
            let tables = Tables::cut(file, at, &header, &mut self.gaps);
            self.dexes.push(Dex {
                data: section,
                file,
                header,
                at,
                base: from.saturating_add(offset),
                tables,
                dialect,
            });
            if !header.in_container() {
                return;
            }
            let left = data.len().saturating_sub(at);
            let next = at.saturating_add(header.len(left));
            if next >= data.len() || next <= at {
                return;
            }
            if self.dexes.len() >= MAX_DEXES {
                let got = wide(self.dexes.len());
                return self
                    .gaps
                    .push(Gap::over(FORMAT, wide(at), "dex container", got, got, ""));
            }
            at = next;
        }
    }
}

/// The dex inside an odex: `DexOptHeader`, version 036, whose fields are magic, `dexOffset`, `dexLength`
/// and then those of the optimiser's own data. What is around the dex is not read.
fn inner(data: &[u8]) -> Result<Inner<'_>, Gap> {
    const ODEX: &str = "odex";
    let mut c = Cursor::new(ODEX, data);
    let magic: [u8; 8] = c.array("magic")?;
    let [.., a, b, d, e] = magic;
    let version = (magic != *b"dey\n036\0")
        .then(|| Gap::invalid(ODEX, 4, "version", u64::from(u32::from_le_bytes([a, b, d, e]))));
    let off = c.u32("dex_offset")?;
    let len = c.u32("dex_length")?;
    let Some(rest) = data.get(size(off)..).filter(|rest| !rest.is_empty()) else {
        return Err(Gap::invalid(ODEX, 8, "dex_offset", u64::from(off)));
    };
    let at = size(off);
    Ok(match rest.get(..size(len)) {
        Some(dex) => Inner {
            dex,
            at,
            gap: version,
        },
        None => Inner {
            dex: rest,
            at,
            gap: Some(Gap::truncated(
                ODEX,
                12,
                "dex_length",
                u64::from(len),
                wide(rest.len()),
            )),
        },
    })
}

/// What an odex holds.
struct Inner<'a> {
    dex: &'a [u8],
    /// Bytes from the start of the odex.
    at: usize,
    gap: Option<Gap>,
}

/// Adler-32 (RFC 1950, section 8.2), sixteen bytes at a time: each lane sums every sixteenth byte, which
/// the compiler turns into vector instructions.
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u64 = 65521;
    let (mut a, mut b) = (1_u64, 0_u64);
    // 347 blocks of 16 bytes: zlib's NMAX of 5552 bytes, for which no lane overflows.
    for run in bytes.chunks(5552) {
        let (blocks, tail) = run.as_chunks::<16>();
        let mut sums = [0_u32; 16];
        let mut sums_of_sums = [0_u32; 16];
        for block in blocks {
            for ((sum, sum_of_sums), &byte) in sums.iter_mut().zip(&mut sums_of_sums).zip(block) {
                *sum_of_sums = sum_of_sums.wrapping_add(*sum);
                *sum = sum.wrapping_add(u32::from(byte));
            }
        }
        b = b.wrapping_add(a.wrapping_mul(wide(blocks.len()).wrapping_mul(16)));
        for ((&sum, &sum_of_sums), weight) in sums.iter().zip(&sums_of_sums).zip((1..=16_u64).rev()) {
            a = a.wrapping_add(u64::from(sum));
            b = b.wrapping_add(u64::from(sum_of_sums).wrapping_mul(16));
            b = b.wrapping_add(u64::from(sum).wrapping_mul(weight));
        }
        for &byte in tail {
            a = a.wrapping_add(u64::from(byte));
            b = b.wrapping_add(a);
        }
        a = a.wrapping_rem(MODULUS);
        b = b.wrapping_rem(MODULUS);
    }
    // Both are below 2^16 here.
    u32::try_from(b.wrapping_shl(16) | a).unwrap_or(u32::MAX)
}

/// A 32-bit size or offset of the file as a memory index. Never loses a bit where `usize` has 32 or
/// more; elsewhere it leads outside of the file.
#[inline]
fn size(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// A number of items that came from a 32-bit field.
#[inline]
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]
mod tests {
    use super::build::{DexBuilder, odex};
    use super::*;

    #[test]
    fn adler_is_that_of_the_rfc() {
        assert_eq!(adler32(b""), 1);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        let long: Vec<u8> = (0..100_000_u32).map(|i| i.to_le_bytes()[0]).collect();
        let (mut a, mut b) = (1_u32, 0_u32);
        for &byte in &long {
            a = (a + u32::from(byte)) % 65521;
            b = (b + a) % 65521;
        }
        assert_eq!(adler32(&long), b << 16 | a);
    }

    fn sample() -> Vec<u8> {
        let mut dex = DexBuilder::new();
        dex.class("La;").method("f", "()V", 1, |m| {
            m.const_string(0, "http://x").return_void();
        });
        dex.build()
    }

    /// What is noted when a sample is opened after `change`; the marker must still be found in it.
    #[track_caller]
    fn check(change: impl FnOnce(&mut Vec<u8>), expect: &[&str]) {
        let mut bytes = sample();
        change(&mut bytes);
        let opened = Dex::open(&bytes);
        let gaps: Vec<String> = opened.gaps.iter().map(Gap::to_string).collect();
        assert_eq!(gaps, expect);
        let body = opened.dexes[0].bodies().next().unwrap().unwrap();
        let string = body.code.insns().find_map(|insn| insn.string()).unwrap();
        assert_eq!(opened.dexes[0].string(string), Some(&b"http://x"[..]));
    }

    fn put(bytes: &mut [u8], at: usize, n: u32) {
        bytes[at..at + 4].copy_from_slice(&n.to_le_bytes());
    }

    #[test]
    fn a_sound_dex_opens_without_a_gap_and_its_checksum_is_right() {
        check(|_| {}, &[]);
        let mut bytes = sample();
        assert_eq!(Dex::open(&bytes).dexes[0].checksum(), Ok(()));
        *bytes.last_mut().unwrap() ^= 1;
        assert!(Dex::open(&bytes).dexes[0].checksum().is_err());
    }

    #[test]
    fn wrong_numbers_in_the_header_are_noted_and_hide_nothing() {
        let odd = "read as Android reads it";
        check(
            |b| put(b, 0x20, 7),
            &[&format!("dex: file_size at 0x20: odd value 0x7, {odd}")],
        );
        check(
            |b| put(b, 0x28, 0x7856_3412),
            &[&format!("dex: endian_tag at 0x28: odd value 0x78563412, {odd}")],
        );
        check(
            |b| put(b, 0x24, 0x78),
            &[&format!("dex: header_size at 0x24: odd value 0x78, {odd}")],
        );
        check(
            |b| put(b, 0x34, 0),
            &[&format!("dex: map_off at 0x34: odd value 0x0, {odd}")],
        );
        check(
            |b| b[6] = b'6',
            &[&format!("dex: version at 0x4: odd value 0x363330, {odd}")],
        );
    }

    #[test]
    fn a_table_that_is_said_to_be_elsewhere_is_found_where_it_belongs() {
        check(
            |b| put(b, 0x3c, u32::MAX),
            &["dex: string_ids at 0x3c: invalid value 0xffffffff"],
        );
        check(
            |b| put(b, 0x5c, 0x7fff_fffc),
            &["dex: method_ids at 0x5c: invalid value 0x7ffffffc"],
        );
    }

    #[test]
    fn a_table_that_is_said_to_be_endless_ends_where_the_next_one_starts() {
        let mut bytes = sample();
        let count = Dex::open(&bytes).dexes[0].string_count();
        put(&mut bytes, 0x38, u32::MAX);
        let opened = Dex::open(&bytes);
        assert_eq!(opened.dexes[0].string_count(), count);
        assert_eq!(opened.gaps.len(), 1);
    }

    #[test]
    fn the_dex_in_an_odex_is_found_and_speaks_its_dialect() {
        let mut dex = DexBuilder::new();
        dex.class("La;").method("f", "()V", 3, |m| {
            m.raw(&[0x10f8, 0x0007, 0x0002])
                .raw(&[0x21f2, 0x0010])
                .raw(&[0x00f1]);
        });
        let bytes = odex(&dex.build());
        let opened = Dex::open(&bytes);
        assert_eq!(opened.gaps, []);
        let body = opened.dexes[0].bodies().next().unwrap().unwrap();
        let lines: Vec<_> = body
            .code
            .insns()
            .map(|i| disassemble(&opened.dexes[0], &i))
            .collect();
        assert_eq!(
            lines,
            [
                "invoke-virtual-quick {v2}, [0007] // vtable #0007",
                "iget-quick v1, v2, [obj+0010]",
                "return-void-barrier",
            ]
        );
    }

    #[test]
    fn an_odex_that_is_cut_off_keeps_what_is_there() {
        let whole = odex(&sample());
        let opened = Dex::open(&whole[..whole.len() - 40]);
        assert_eq!(opened.dexes.len(), 1);
        assert_eq!(opened.gaps[0].what, "dex_length");
    }

    #[test]
    fn a_container_holds_several_dexes_whose_offsets_count_from_its_start() {
        let bytes = build::container(&[sample(), sample()]);
        let opened = Dex::open(&bytes);
        assert_eq!(opened.gaps, []);
        assert_eq!(opened.dexes.len(), 2);
        for dex in &opened.dexes {
            assert_eq!(dex.bodies().filter(Result::is_ok).count(), 1);
            assert_eq!(dex.verify(), []);
            assert_eq!(dex.checksum(), Ok(()));
        }
    }

    #[test]
    fn what_is_no_dex_is_a_gap() {
        for (bytes, expect) in [
            (
                &b"dex\n035"[..],
                "dex: magic at 0x4: truncated, needs 4 bytes, 3 left",
            ),
            (&b""[..], "dex: magic at 0x0: truncated, needs 4 bytes, 0 left"),
            (
                &b"cdex001\0"[..],
                "dex: checksum at 0x8: truncated, needs 4 bytes, 0 left",
            ),
            (&b"\x7fELF0000"[..], "dex: magic at 0x0: invalid value 0x464c457f"),
        ] {
            let opened = Dex::open(bytes);
            assert_eq!(opened.dexes.len(), 0);
            assert_eq!(opened.gaps[0].to_string(), expect);
        }
    }

    /// Reads all that there is, the way the walks do.
    fn read_all(bytes: &[u8]) -> usize {
        let opened = Dex::open(bytes);
        let mut seen = opened.gaps.len();
        for dex in &opened.dexes {
            seen += dex.verify().len() + dex.strings().count() + usize::from(dex.checksum().is_err());
            for body in dex.bodies().flatten() {
                let mut insns = body.code.insns();
                seen += insns
                    .by_ref()
                    .map(|insn| disassemble(dex, &insn).len() + insn.registers().len())
                    .sum::<usize>();
                seen += usize::from(insns.gap().is_some());
                seen += body
                    .code
                    .tries()
                    .flatten()
                    .map(|t| t.catches.count())
                    .sum::<usize>();
            }
            for class in dex.classes() {
                seen += dex
                    .members(&class)
                    .map_or(0, |m| m.fields().count() + m.static_fields().count());
            }
            seen += dex
                .all_annotations()
                .flatten()
                .map(|a| a.elements.count())
                .sum::<usize>();
            seen += dex.all_static_values().count();
            for i in 0..dex.call_site_count().min(100) {
                seen += dex.call_site(i).map_or(0, |site| site.arguments.count());
                seen += usize::from(dex.method_handle(i).is_some());
            }
        }
        seen
    }

    /// One of everything that the format has.
    fn rich() -> Vec<u8> {
        let mut dex = DexBuilder::new();
        dex.version(b"039").string("\u{1f600}").string("ü");
        let link = build::Ref::Method("LF;".into(), "link".into(), "()V".into());
        let handle = dex.method_handle(4, link);
        let site = dex.call_site(
            handle,
            "make",
            "(I)V",
            vec![build::Value::Array(vec![build::Value::Int(300)])],
        );
        let note = build::Annotation {
            type_: "LN;".into(),
            elements: vec![("v".into(), build::Value::string("w"))],
        };
        let class = dex.class("La;");
        class.annotation(note.clone()).interface("LI;").source("a.java");
        class
            .static_field("s", "Ljava/lang/String;", Some(build::Value::string("static")))
            .annotate_field(note.clone());
        class.instance_field("i", "I");
        class.method("f", "(IJ)I", 9, |m| {
            m.label("start")
                .const_string(0, "x")
                .const_string_jumbo(1, "y")
                .const_wide(2, 1 << 40);
            m.invoke_virtual("La;", "g", "(IIIIII)V", &[0, 1, 2, 3, 4, 5])
                .invoke_custom(site, &[0]);
            m.invoke_polymorphic("LH;", "invoke", "([Ljava/lang/Object;)V", "(I)V", &[0, 1])
                .label("end");
            m.packed_switch(0, 1, &["start", "end"])
                .sparse_switch(0, &[(1, "end"), (9, "start")]);
            m.fill_array_data(0, 4, &[1, 2, 3, 4, 5, 6, 7, 8])
                .goto("end")
                .label("catch")
                .move_exception(0);
            m.return_(0)
                .try_("start", "end", &[(Some("LE;"), "catch"), (None, "catch")]);
        });
        class
            .annotate_method(note.clone())
            .annotate_parameters(vec![vec![note], vec![]]);
        class.declare("n", "()V", build::PUBLIC | build::NATIVE);
        dex.build()
    }

    #[test]
    fn a_rich_sample_is_sound() {
        let bytes = rich();
        let dex = Dex::open(&bytes).dexes[0];
        assert_eq!(dex.verify(), []);
        assert!(
            dex.bodies()
                .all(|b| b.is_ok_and(|b| b.code.tries().all(|t| t.is_ok_and(|t| t.catches.count() == 2))))
        );
        assert!(read_all(&bytes) > 500);
    }

    #[test]
    fn every_prefix_is_read_without_a_panic() {
        let bytes = rich();
        for len in 0..bytes.len() {
            assert!(read_all(&bytes[..len]) > 0);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_change_of_a_sample_is_read_without_a_panic(
            changes in proptest::collection::vec((0_usize..4096, proptest::num::u8::ANY), 1..8),
            wrap in 0_u8..3,
        ) {
            let mut bytes = match wrap {
                0 => rich(),
                1 => odex(&rich()),
                _ => build::container(&[rich(), sample()]),
            };
            for (at, byte) in changes {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            read_all(&bytes);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(mut bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
            read_all(&bytes);
            bytes.splice(..0, *b"dex\n035\0");
            read_all(&bytes);
        }
    }
}
