//! ELF: what a native library needs, imports, exports, and where its constant strings are.
//!
//! Spec: System V ABI chapters 4 and 5, `elf(5)`, and what Android's linker checks
//! (AOSP `bionic/linker/linker_phdr.cpp`). The loader goes by program headers and the dynamic table;
//! section headers are only for tools, and may be absent or lie. So do we: sections are believed when
//! they fit the file, and never alone decide what is searched.
//!
//! Fields are decoded by goblin, table by table; counts are bounded by the bytes there are before it
//! is asked, and what it could not read is a [`Gap`]. Compressed sections are never inflated.

use std::ops::Range;

use goblin::container::{Container, Ctx};
use goblin::elf::dynamic::{Dyn, Dynamic, dyn32, dyn64};
use goblin::elf::program_header::{PF_X, PT_DYNAMIC, PT_LOAD, ProgramHeader};
use goblin::elf::section_header::{
    SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_DYNSYM, SHT_NOBITS, SHT_PROGBITS, SHT_STRTAB, SectionHeader,
};
use goblin::elf::sym::{STB_LOCAL, STT_FILE, STT_SECTION, Sym, Symtab};
use goblin::elf::{self, Header};
use memchr::memchr;

use crate::bytes::Gap;

const FORMAT: &str = "elf";

/// bionic refuses a table of program headers over 64 KiB: 1170 of 56 bytes, 2048 of 32.
const MAX_PROGRAM_HEADERS_BYTES: usize = 1 << 16;
/// Ours: dynamic entries read. The largest table met has 190; each is checked against every segment.
const MAX_DYNAMIC: usize = 4096;
/// Ours: section headers read. Android's own libraries have 40; object files of one section per
/// function a few thousand.
const MAX_SECTIONS: usize = 1 << 16;
/// `e_phnum` and `e_shstrndx` value that says "look elsewhere" (`PN_XNUM`, `SHN_XINDEX`).
const ESCAPE: u16 = 0xffff;

/// A library or executable, borrowed.
#[derive(Debug)]
pub struct Elf<'a> {
    /// 32 or 64, or 0 when the header cannot be read.
    pub bits: u8,
    /// `e_machine`: 40 ARM, 183 AArch64, 3 x86, 62 x86-64, 8 MIPS.
    pub machine: u16,
    /// `DT_SONAME`.
    pub soname: Option<&'a [u8]>,
    /// `DT_NEEDED`, in order.
    pub needed: Vec<&'a [u8]>,
    /// Byte ranges that hold constant data, in file order, not overlapping: sections when they are
    /// sane, else segments that are not executable, else the whole file.
    pub data: Vec<Range<usize>>,
    /// What could not be read, and what is odd.
    pub gaps: Vec<Gap>,
    symbols: Option<Symtab<'a>>,
    names: &'a [u8],
    /// Address, offset in the file and size there of what is loaded.
    loads: Vec<[u64; 3]>,
}

/// A dynamic symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbol<'a> {
    /// Name, without its NUL.
    pub name: &'a [u8],
    /// Address, 0 for an import.
    pub value: u64,
    /// Whether another library has to provide it.
    pub import: bool,
}

impl<'a> Elf<'a> {
    /// Whether these bytes claim to be ELF.
    pub fn sniff(head: &[u8]) -> bool {
        head.starts_with(b"\x7fELF")
    }

    /// Reads the headers and the dynamic table; symbols are read when asked for. Never fails: what is
    /// broken is in [`gaps`](Self::gaps), and the whole file is then [`data`](Self::data).
    pub fn open(file: &'a [u8]) -> Self {
        let whole = 0..file.len();
        let mut this = Self {
            bits: 0,
            machine: 0,
            soname: None,
            needed: Vec::new(),
            data: vec![whole],
            gaps: Vec::new(),
            symbols: None,
            names: &[],
            loads: Vec::new(),
        };
        let header = match header(file) {
            Ok(header) => header,
            Err(gap) => {
                this.gaps.push(gap);
                return this;
            }
        };
        let ctx = context(&header);
        this.bits = if ctx.is_big() { 64 } else { 32 };
        this.machine = header.e_machine;
        if header.e_version != 1 {
            this.gaps
                .push(Gap::odd(FORMAT, 0x14, "e_version", u64::from(header.e_version)));
        }
        if !matches!(
            header.e_type,
            elf::header::ET_EXEC | elf::header::ET_DYN | elf::header::ET_REL
        ) {
            this.gaps
                .push(Gap::odd(FORMAT, 0x10, "e_type", u64::from(header.e_type)));
        }
        if !matches!(header.e_machine, 3 | 8 | 40 | 62 | 183 | 243) {
            this.gaps
                .push(Gap::odd(FORMAT, 0x12, "e_machine", u64::from(header.e_machine)));
        }
        let segments = this.segments(file, &header, ctx);
        let loads = segments.iter().filter(|s| s.p_type == PT_LOAD);
        this.loads = loads.map(|s| [s.p_vaddr, s.p_offset, s.p_filesz]).collect();
        let sections = this.sections(file, &header, ctx);
        this.dynamic(file, &segments, &sections, ctx);
        this.data = this.constant_data(file, &segments, &sections);
        this
    }

    /// Dynamic symbols that have a name, in table order.
    pub fn symbols(&self) -> impl Iterator<Item = Symbol<'a>> + '_ {
        self.symbols.iter().flat_map(Symtab::iter).filter_map(|sym: Sym| {
            if matches!(sym.st_type(), STT_SECTION | STT_FILE) || sym.st_name == 0 {
                return None;
            }
            let name = c_string(self.names, sym.st_name)?;
            if name.is_empty() || sym.st_bind() == STB_LOCAL {
                return None;
            }
            Some(Symbol {
                name,
                value: sym.st_value,
                import: sym.st_shndx == 0,
            })
        })
    }

    /// Where in the file the byte at `address` is.
    pub fn file_offset(&self, address: u64) -> Option<usize> {
        self.loads.iter().find_map(|[start, offset, len]| {
            let at = address.checked_sub(*start).filter(|at| at < len)?;
            usize::try_from(offset.checked_add(at)?).ok()
        })
    }

    /// Bytes to the start of each part of the file that is loaded.
    pub fn loaded(&self) -> impl Iterator<Item = usize> + '_ {
        self.loads.iter().map(|[_, offset, _]| to_usize(*offset))
    }

    /// How many dynamic symbols have a name that lies outside the string table.
    pub fn nameless(&self) -> u64 {
        let broken = |sym: &Sym| sym.st_name != 0 && c_string(self.names, sym.st_name).is_none();
        to_u64(self.symbols.iter().flat_map(Symtab::iter).filter(broken).count())
    }

    /// Names that other libraries have to provide.
    pub fn imports(&self) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.symbols().filter(|s| s.import).map(|s| s.name)
    }

    /// Symbols offered to others, `Java_…` and `JNI_OnLoad` among them.
    pub fn exports(&self) -> impl Iterator<Item = Symbol<'a>> + '_ {
        self.symbols().filter(|s| !s.import)
    }

    fn segments(&mut self, file: &[u8], header: &Header, ctx: Ctx) -> Vec<ProgramHeader> {
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
        segments
    }

    fn sections(&mut self, file: &[u8], header: &Header, ctx: Ctx) -> Vec<SectionHeader> {
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

    fn dynamic(&mut self, file: &'a [u8], segments: &[ProgramHeader], sections: &[SectionHeader], ctx: Ctx) {
        let Some(place) = segments.iter().find(|s| s.p_type == PT_DYNAMIC) else {
            return;
        };
        let entry = if ctx.is_big() {
            dyn64::SIZEOF_DYN
        } else {
            dyn32::SIZEOF_DYN
        };
        let left = to_u64(file.len()).saturating_sub(place.p_offset);
        if place.p_filesz > left {
            self.gaps.push(Gap::truncated(
                FORMAT,
                place.p_offset,
                "PT_DYNAMIC",
                place.p_filesz,
                left,
            ));
        }
        let bytes = place
            .p_filesz
            .min(left)
            .min(to_u64(MAX_DYNAMIC.saturating_mul(entry)));
        let bytes = bytes.saturating_sub(bytes.checked_rem(to_u64(entry)).unwrap_or(0));
        let mut table: Vec<ProgramHeader> = segments
            .iter()
            .filter(|s| s.p_type == PT_LOAD && s.p_memsz > 0)
            .cloned()
            .collect();
        table.push(ProgramHeader {
            p_filesz: bytes,
            ..place.clone()
        });
        let Ok(Some(dynamic)) = Dynamic::parse(file, &table, ctx) else {
            self.gaps
                .push(Gap::invalid(FORMAT, place.p_offset, "PT_DYNAMIC", place.p_filesz));
            return;
        };
        let info = &dynamic.info;
        if info.strtab != 0 || info.strsz != 0 {
            let left = file.len().saturating_sub(info.strtab);
            if info.strtab == 0 {
                self.gaps
                    .push(Gap::invalid(FORMAT, place.p_offset, "DT_STRTAB", 0));
            } else if info.strsz > left {
                self.gaps.push(Gap::truncated(
                    FORMAT,
                    to_u64(info.strtab),
                    "DT_STRSZ",
                    to_u64(info.strsz),
                    to_u64(left),
                ));
            }
            if info.strtab != 0 {
                let end = info.strtab.saturating_add(info.strsz).min(file.len());
                self.names = file.get(info.strtab..end).unwrap_or_default();
            }
        }
        self.symbols = self.symbol_table(file, &dynamic, sections, ctx);
        for d in &dynamic.dyns {
            let Dyn { d_tag, d_val } = *d;
            match d_tag {
                elf::dynamic::DT_NEEDED => {
                    self.needed
                        .extend(c_string(self.names, to_usize(d_val)).filter(|n| !n.is_empty()));
                }
                elf::dynamic::DT_SONAME => self.soname = c_string(self.names, to_usize(d_val)),
                _ => {}
            }
        }
    }

    /// The table of dynamic symbols. Its length is written nowhere: the hash tables imply it, the
    /// section header repeats it, and the string table usually follows it.
    fn symbol_table(
        &mut self,
        file: &'a [u8],
        dynamic: &Dynamic,
        sections: &[SectionHeader],
        ctx: Ctx,
    ) -> Option<Symtab<'a>> {
        let info = &dynamic.info;
        if info.symtab == 0 || info.symtab >= file.len() {
            return None;
        }
        let size = Sym::size(ctx.container);
        let fits = file
            .len()
            .saturating_sub(info.symtab)
            .checked_div(size)
            .unwrap_or(0);
        let mut count = 0_usize;
        if let Some(at) = info.hash {
            // DT_HASH: nbucket, nchain; nchain is the number of symbols.
            match word(file, to_usize(at).saturating_add(4), ctx) {
                Some(n) if to_usize(u64::from(n)) <= fits => count = to_usize(u64::from(n)),
                n => self
                    .gaps
                    .push(Gap::odd(FORMAT, at, "DT_HASH nchain", n.map_or(0, u64::from))),
            }
            if word(file, to_usize(at), ctx) == Some(0) {
                self.gaps.push(Gap::odd(FORMAT, at, "DT_HASH nbucket", 0));
            }
        }
        if let Some(at) = info.gnu_hash {
            match gnu_hash_symbols(file, to_usize(at), ctx) {
                Ok(n) => count = count.max(n.min(fits)),
                Err(gap) => self.gaps.push(gap),
            }
        }
        let section = sections
            .iter()
            .find(|s| s.sh_type == SHT_DYNSYM && to_usize(s.sh_offset) == info.symtab);
        if let Some(s) = section {
            let n = to_usize(s.sh_size).checked_div(size).unwrap_or(0);
            if n <= fits {
                count = count.max(n);
            }
        }
        if let Some(gap) = info.strtab.checked_sub(info.symtab) {
            let n = gap.checked_div(size).unwrap_or(0);
            // Only where nothing else says it: other tables may lie between the two.
            if count == 0 {
                count = n.min(fits);
            }
        }
        Symtab::parse(file, info.symtab, count.min(fits), ctx).ok()
    }

    fn constant_data(
        &mut self,
        file: &[u8],
        segments: &[ProgramHeader],
        sections: &[SectionHeader],
    ) -> Vec<Range<usize>> {
        let mut sane = !sections.is_empty();
        let mut ranges = Vec::new();
        let mut lies = 0_u64;
        for s in sections {
            if s.sh_size == 0 {
                continue;
            }
            let loaded = s.sh_flags & u64::from(SHF_ALLOC) != 0;
            if s.sh_type == SHT_NOBITS {
                // `.bss` and `.tbss` can be written; constants that take no room in the file cannot be.
                if loaded && s.sh_flags & u64::from(SHF_WRITE) == 0 {
                    lies = lies.saturating_add(1);
                    sane = false;
                }
                continue;
            }
            let end = s.sh_offset.checked_add(s.sh_size);
            if end.is_none_or(|end| end > to_u64(file.len())) {
                // One is enough to distrust the table; the others are counted in it.
                lies = lies.saturating_add(1);
                sane = false;
                continue;
            }
            let code = s.sh_flags & u64::from(SHF_EXECINSTR) != 0;
            if loaded && !code && matches!(s.sh_type, SHT_PROGBITS | SHT_STRTAB) {
                ranges.push(to_usize(s.sh_offset)..to_usize(end.unwrap_or(0)));
            }
        }
        if lies > 0 {
            self.gaps
                .push(Gap::odd(FORMAT, 0, "sections that do not fit", lies));
        }
        if !sane || ranges.is_empty() {
            ranges = segments
                .iter()
                .filter(|s| s.p_type == PT_LOAD && s.p_flags & PF_X == 0)
                .map(|s| {
                    let start = to_usize(s.p_offset).min(file.len());
                    start..start.saturating_add(to_usize(s.p_filesz)).min(file.len())
                })
                .collect();
            // Old linkers put constants in front of the code, in one executable segment.
            let separate = segments.iter().filter(|s| s.p_type == PT_LOAD).count();
            if separate < 3 || ranges.iter().all(Range::is_empty) {
                ranges = std::iter::once(0..file.len()).collect();
            }
        }
        merge(ranges)
    }
}

fn header(file: &[u8]) -> Result<Header, Gap> {
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

fn context(header: &Header) -> Ctx {
    Ctx {
        container: header.container().unwrap_or(Container::Big),
        le: header.endianness().unwrap_or(goblin::container::Endian::Little),
    }
}

/// How many symbols a `DT_GNU_HASH` table reaches: `nbuckets`, `symoffset`, `bloom_size`,
/// `bloom_shift`, the bloom filter, the buckets, the chains; the last chain ends at a set low bit.
fn gnu_hash_symbols(file: &[u8], at: usize, ctx: Ctx) -> Result<usize, Gap> {
    let field = |i: usize| word(file, at.saturating_add(i.saturating_mul(4)), ctx);
    let (Some(buckets), Some(first), Some(bloom)) = (field(0), field(1), field(2)) else {
        return Err(Gap::truncated(
            FORMAT,
            to_u64(at),
            "DT_GNU_HASH",
            16,
            to_u64(file.len().saturating_sub(at)),
        ));
    };
    if !bloom.is_power_of_two() {
        return Err(Gap::invalid(
            FORMAT,
            to_u64(at),
            "DT_GNU_HASH bloom_size",
            u64::from(bloom),
        ));
    }
    let mask = if ctx.is_big() { 8 } else { 4 };
    let table = at
        .saturating_add(16)
        .saturating_add(to_usize(u64::from(bloom)).saturating_mul(mask));
    let bytes = to_usize(u64::from(buckets)).saturating_mul(4);
    let Some(heads) = file.get(table..table.saturating_add(bytes)) else {
        return Err(Gap::invalid(
            FORMAT,
            to_u64(at),
            "DT_GNU_HASH nbuckets",
            u64::from(buckets),
        ));
    };
    let last = heads
        .as_chunks::<4>()
        .0
        .iter()
        .map(|b| u32::from_le_bytes(*b))
        .max()
        .unwrap_or(0);
    if last < first {
        return Ok(to_usize(u64::from(first)));
    }
    let chains = table.saturating_add(bytes);
    let mut i = last;
    loop {
        let index = to_usize(u64::from(i.saturating_sub(first)));
        match word(file, chains.saturating_add(index.saturating_mul(4)), ctx) {
            Some(hash) if hash & 1 == 0 => i = i.saturating_add(1),
            Some(_) => return Ok(to_usize(u64::from(i)).saturating_add(1)),
            None => {
                return Err(Gap::invalid(
                    FORMAT,
                    to_u64(chains),
                    "DT_GNU_HASH chain",
                    u64::from(i),
                ));
            }
        }
    }
}

fn word(file: &[u8], at: usize, _: Ctx) -> Option<u32> {
    file.get(at..)
        .and_then(|rest| rest.first_chunk::<4>())
        .map(|b| u32::from_le_bytes(*b))
}

/// The NUL-terminated string at byte `at`; `None` when it starts or ends outside.
fn c_string(table: &[u8], at: usize) -> Option<&[u8]> {
    let rest = table.get(at..)?;
    rest.get(..memchr(0, rest)?)
}

/// Sorted, without overlaps or empty ranges.
fn merge(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|r| !r.is_empty());
    ranges.sort_by_key(|r| (r.start, r.end));
    let mut out: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for r in ranges {
        match out.last_mut() {
            Some(last) if r.start <= last.end => last.end = last.end.max(r.end),
            _ => out.push(r),
        }
    }
    out
}

fn to_usize(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn to_u64(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[expect(
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::single_range_in_vec_init,
    reason = "small constants, and lists of one range"
)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Where [`library`] puts things, from the start of the file.
    const DYNSTR: usize = 0x100;
    const DYNSYM: usize = 0x180;
    const HASH: usize = 0x200;
    const DYNAMIC: usize = 0x240;
    const RODATA: usize = 0x2c0;
    const SHSTRTAB: usize = 0x2f0;
    const SECTIONS: usize = 0x300;

    /// A 64-bit library with one import (`connect`), one export (`Java_a`), one dependency, a
    /// `.rodata` and sections for it and `.dynsym`.
    fn library() -> Vec<u8> {
        let mut file = vec![0; SECTIONS + 4 * 64];
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, b"\x7fELF\x02\x01\x01");
        put(16, &[3, 0, 183, 0, 1, 0, 0, 0]);
        put(32, &64_u64.to_le_bytes());
        put(40, &u64::try_from(SECTIONS).unwrap().to_le_bytes());
        put(52, &[64, 0, 56, 0, 2, 0, 64, 0, 4, 0, 3, 0]);
        let segment = |kind: u32, flags: u32, at: usize, size: usize| {
            let (at, size) = (at as u64, size as u64);
            let mut bytes = [kind.to_le_bytes(), flags.to_le_bytes()].concat();
            bytes.extend([at, at, at, size, size, 1].iter().flat_map(|n| n.to_le_bytes()));
            bytes
        };
        put(64, &segment(1, 4, 0, SECTIONS));
        put(120, &segment(2, 4, DYNAMIC, 7 * 16));
        put(DYNSTR, b"\0connect\0Java_a\0libc.so\0libx.so\0");
        let symbol = |name: u32, section: u16, value: u64| {
            let mut bytes = name.to_le_bytes().to_vec();
            bytes.extend([0x12, 0]);
            bytes.extend(section.to_le_bytes());
            bytes.extend([value, 0].iter().flat_map(|n| n.to_le_bytes()));
            bytes
        };
        put(DYNSYM + 24, &symbol(1, 0, 0));
        put(DYNSYM + 48, &symbol(9, 1, 0x10));
        put(HASH, &[1, 0, 0, 0, 3, 0, 0, 0]);
        let entries: [(u64, u64); 7] = [
            (1, 16),
            (14, 24),
            (5, DYNSTR as u64),
            (10, 33),
            (6, DYNSYM as u64),
            (4, HASH as u64),
            (0, 0),
        ];
        for (i, (tag, value)) in entries.iter().enumerate() {
            put(
                DYNAMIC + i * 16,
                &[tag.to_le_bytes(), value.to_le_bytes()].concat(),
            );
        }
        put(RODATA, b"http://a.example/x\0");
        put(SHSTRTAB, b"\0.rodata\0.x\0");
        let section = |kind: u32, flags: u64, at: usize, size: usize| {
            let mut bytes = [1_u32.to_le_bytes(), kind.to_le_bytes()].concat();
            bytes.extend(
                [flags, at as u64, at as u64, size as u64]
                    .iter()
                    .flat_map(|n| n.to_le_bytes()),
            );
            bytes
        };
        put(SECTIONS + 64, &section(1, 2, RODATA, 0x20));
        put(SECTIONS + 128, &section(11, 2, DYNSYM, 72));
        put(SECTIONS + 192, &section(3, 0, SHSTRTAB, 16));
        file
    }

    #[track_caller]
    fn check(at: usize, bytes: &[u8], gaps: &[&str], data: &[Range<usize>]) {
        let mut file = library();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        let elf = Elf::open(&file);
        let said: Vec<String> = elf.gaps.iter().map(ToString::to_string).collect();
        assert_eq!(said, gaps);
        assert_eq!(elf.data, data);
    }

    #[test]
    fn a_sound_library_gives_its_tables_and_no_gap() {
        let file = library();
        let elf = Elf::open(&file);
        assert_eq!(elf.gaps, []);
        assert_eq!((elf.bits, elf.machine), (64, 183));
        assert_eq!(elf.needed, [b"libc.so"]);
        assert_eq!(elf.soname, Some(&b"libx.so"[..]));
        assert_eq!(elf.imports().collect::<Vec<_>>(), [b"connect"]);
        assert_eq!(
            elf.exports().collect::<Vec<_>>(),
            [Symbol {
                name: b"Java_a",
                value: 16,
                import: false
            }]
        );
        assert_eq!(elf.nameless(), 0);
        assert_eq!(elf.data, [RODATA..RODATA + 0x20]);
    }

    #[test]
    fn sections_that_are_gone_or_lie_do_not_hide_the_data() {
        let whole = [0..library().len()];
        check(
            40,
            &[0; 8],
            &["elf: e_shoff at 0x28: odd value 0x0, read as Android reads it"],
            &whole,
        );
        check(
            40,
            &[0xff; 8],
            &["elf: e_shoff at 0x28: odd value 0xffffffffffffffff, read as Android reads it"],
            &whole,
        );
        check(
            60,
            &[0xff, 0xff],
            &["elf: e_shnum at 0x3c: odd value 0xffff, read as Android reads it"],
            &whole,
        );
        let one = ["elf: sections that do not fit at 0x0: odd value 0x1, read as Android reads it"];
        check(SECTIONS + 64 + 32, &[0xff; 8], &one, &whole);
        check(SECTIONS + 64 + 4, &[8], &one, &whole);
    }

    #[test]
    fn counts_from_the_file_are_held_against_its_length() {
        let data = [RODATA..RODATA + 0x20];
        check(
            HASH + 4,
            &[0xff; 4],
            &["elf: DT_HASH nchain at 0x200: odd value 0xffffffff, read as Android reads it"],
            &data,
        );
        check(
            56,
            &[0xff, 0xff],
            &[
                "elf: e_phnum at 0x38: invalid value 0xffff",
                "elf: program headers at 0x40: truncated, needs 3669960 bytes, 960 left",
            ],
            &data,
        );
        check(
            DYNAMIC + 3 * 16 + 8,
            &[0xff; 8],
            &["elf: DT_STRSZ at 0x100: truncated, needs 18446744073709551615 bytes, 768 left"],
            &data,
        );
        let mut file = library();
        file[DYNSYM + 24..DYNSYM + 28].copy_from_slice(&[0xff; 4]);
        assert_eq!(Elf::open(&file).nameless(), 1);
    }

    #[test]
    fn a_header_that_cannot_be_read_leaves_the_bytes_to_be_searched() {
        for (length, gap) in [
            (0, "elf: e_ident at 0x0: truncated, needs 16 bytes, 0 left"),
            (4, "elf: e_ident at 0x0: truncated, needs 16 bytes, 4 left"),
            (40, "elf: ELF header at 0x0: truncated, needs 64 bytes, 40 left"),
        ] {
            let file = &library()[..length];
            let elf = Elf::open(file);
            assert_eq!(elf.gaps[0].to_string(), gap);
            assert_eq!(elf.data, [0..length]);
        }
        check(
            4,
            &[3],
            &["elf: EI_CLASS at 0x4: invalid value 0x3"],
            &[0..library().len()],
        );
        check(
            5,
            &[2],
            &["elf: EI_DATA (big endian) at 0x5: unsupported value 0x2"],
            &[0..library().len()],
        );
    }

    #[test]
    fn every_prefix_is_read_without_a_panic() {
        let file = library();
        for end in 0..file.len() {
            Elf::open(&file[..end]).symbols().count();
        }
    }

    proptest! {
        #[test]
        fn any_change_of_a_sound_library_is_read_without_a_panic(
            changes in proptest::collection::vec((0..0x400_usize, any::<u64>(), 1..9_usize), 1..6),
        ) {
            let mut file = library();
            for (at, value, length) in changes {
                for (to, from) in file.iter_mut().skip(at).zip(value.to_le_bytes()).take(length) {
                    *to = from;
                }
            }
            let elf = Elf::open(&file);
            elf.symbols().count();
            elf.nameless();
            for range in &elf.data {
                assert!(range.start < range.end && range.end <= file.len());
            }
        }
    }
}
