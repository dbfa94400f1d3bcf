//! The header of the file, the program headers and the section headers.

use goblin::container::{Container, Ctx};
use goblin::elf::program_header::{PT_LOAD, PT_NULL, ProgramHeader};
use goblin::elf::section_header::SectionHeader;
use goblin::elf::{self, Header};

use crate::bytes::Gap;

use super::{Elf, FORMAT, to_u64, to_usize};

/// bionic refuses a table of program headers over 64 KiB: 1170 of 56 bytes, 2048 of 32.
const MAX_PROGRAM_HEADERS_BYTES: usize = 1 << 16;

/// Ours: section headers read. Android's own libraries have 40; object files of one section per
/// function a few thousand.
const MAX_SECTIONS: usize = 1 << 16;
/// `e_phnum` and `e_shstrndx` value that says "look elsewhere" (`PN_XNUM`, `SHN_XINDEX`).
const ESCAPE: u16 = 0xffff;

pub(super) fn header(file: &[u8]) -> Result<Header, Gap> {
    let ident = file
        .get(..16)
        .ok_or_else(|| Gap::truncated(FORMAT, 0, "e_ident", 16, to_u64(file.len())))?;
    let class = ident.get(4).copied().unwrap_or(0);
    let data = ident.get(5).copied().unwrap_or(0);
    if !Elf::sniff(ident) {
        return Err(Gap::invalid(FORMAT, 0, "magic", 0));
    }
    let need = match class {
        1 => 52,
        2 => 64,
        _ => return Err(Gap::invalid(FORMAT, 4, "EI_CLASS", u64::from(class))),
    };
    if !matches!(data, 1 | 2) {
        return Err(Gap::invalid(FORMAT, 5, "EI_DATA", u64::from(data)));
    }
    if data == 2 {
        // Decodes, but no Android runs it: said, and then read as it is written.
        return Err(Gap::unsupported(FORMAT, 5, "EI_DATA (big endian)", 2));
    }
    if file.len() < need {
        return Err(Gap::truncated(
            FORMAT,
            0,
            "ELF header",
            to_u64(need),
            to_u64(file.len()),
        ));
    }
    elf::Elf::parse_header(file).map_err(|_| Gap::invalid(FORMAT, 0, "ELF header", 0))
}

pub(super) fn context(header: &Header) -> Ctx {
    Ctx {
        container: header.container().unwrap_or(Container::Big),
        le: header.endianness().unwrap_or(goblin::container::Endian::Little),
    }
}

impl Elf<'_> {
    pub(super) fn segments(&mut self, file: &[u8], header: &Header, ctx: Ctx) -> Vec<ProgramHeader> {
        let size = ProgramHeader::size(ctx);
        let count = usize::from(header.e_phnum);
        if count == 0 {
            if header.e_type != elf::header::ET_REL {
                self.gaps.push(Gap::odd(FORMAT, 0x20, "e_phnum", 0));
            }
            return Vec::new();
        }
        if usize::from(header.e_phentsize) != size {
            self.gaps.push(Gap::invalid(
                FORMAT,
                0x36,
                "e_phentsize",
                u64::from(header.e_phentsize),
            ));
        }
        if header.e_phnum == ESCAPE || count.saturating_mul(size) > MAX_PROGRAM_HEADERS_BYTES {
            self.gaps
                .push(Gap::invalid(FORMAT, 0x38, "e_phnum", u64::from(header.e_phnum)));
        }
        let offset = to_usize(header.e_phoff);
        let left = file.len().saturating_sub(offset);
        if left < count.saturating_mul(size) {
            self.gaps.push(Gap::truncated(
                FORMAT,
                header.e_phoff,
                "program headers",
                to_u64(count.saturating_mul(size)),
                to_u64(left),
            ));
        }
        let fits = left.checked_div(size).unwrap_or(0);
        let cap = MAX_PROGRAM_HEADERS_BYTES.checked_div(size).unwrap_or(0);
        let segments = ProgramHeader::parse(file, offset, count.min(fits).min(cap), ctx).unwrap_or_default();
        let mut broken = 0_u32;
        for s in segments.iter().filter(|s| s.p_type == PT_LOAD) {
            let end = s.p_offset.checked_add(s.p_filesz);
            if end.is_none_or(|end| end > to_u64(file.len())) && broken == 0 {
                self.gaps.push(Gap::truncated(
                    FORMAT,
                    s.p_offset,
                    "PT_LOAD",
                    s.p_filesz,
                    to_u64(file.len()).saturating_sub(s.p_offset),
                ));
                broken = broken.saturating_add(1);
            }
            if s.p_align > 1 && !s.p_align.is_power_of_two() {
                self.gaps
                    .push(Gap::invalid(FORMAT, s.p_offset, "p_align", s.p_align));
            }
        }
        // What is not loaded is of no use to the device, and may lie; none that a linker wrote does.
        let outside = |s: &&ProgramHeader| {
            let end = s.p_offset.checked_add(s.p_filesz);
            let named = !matches!(s.p_type, PT_LOAD | PT_NULL);
            named && s.p_filesz > 0 && end.is_none_or(|end| end > to_u64(file.len()))
        };
        if let Some(s) = segments.iter().find(outside) {
            self.gaps
                .push(Gap::odd(FORMAT, header.e_phoff, "p_offset", s.p_offset));
        }
        segments
    }

    pub(super) fn sections(&mut self, file: &[u8], header: &Header, ctx: Ctx) -> Vec<SectionHeader> {
        if header.e_shoff == 0 && header.e_shnum == 0 {
            return Vec::new();
        }
        let size = SectionHeader::size(ctx);
        if usize::from(header.e_shentsize) != size {
            self.gaps.push(Gap::odd(
                FORMAT,
                0x3a,
                "e_shentsize",
                u64::from(header.e_shentsize),
            ));
            return Vec::new();
        }
        let offset = to_usize(header.e_shoff);
        let fits = file.len().saturating_sub(offset).checked_div(size).unwrap_or(0);
        if header.e_shoff == 0 || fits == 0 {
            self.gaps.push(Gap::odd(FORMAT, 0x28, "e_shoff", header.e_shoff));
            return Vec::new();
        }
        let count = match header.e_shnum {
            // The number is in the first header when it does not fit.
            0 => SectionHeader::parse_from(file, offset, 1, ctx)
                .ok()
                .and_then(|s| s.first().map(|s| to_usize(s.sh_size)))
                .unwrap_or(0),
            n => usize::from(n),
        };
        if count > fits.min(MAX_SECTIONS) {
            self.gaps.push(Gap::odd(FORMAT, 0x3c, "e_shnum", to_u64(count)));
            return Vec::new();
        }
        if count == 0 {
            return Vec::new();
        }
        let sections = SectionHeader::parse_from(file, offset, count, ctx).unwrap_or_default();
        if usize::from(header.e_shstrndx) >= sections.len() && header.e_shstrndx != ESCAPE
            || header.e_shstrndx == 0
            || header.e_shstrndx == ESCAPE && sections.len() < usize::from(ESCAPE)
        {
            self.gaps
                .push(Gap::odd(FORMAT, 0x3e, "e_shstrndx", u64::from(header.e_shstrndx)));
        }
        sections
    }
}
