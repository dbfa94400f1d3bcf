//! ELF: what a native library needs, imports, exports, and where its constant strings are.
//!
//! Spec: System V ABI chapters 4 and 5, `elf(5)`, and what Android's linker checks
//! (AOSP `bionic/linker/linker_phdr.cpp`). The loader goes by program headers and the dynamic table;
//! section headers are only for tools, and may be absent or lie. So do we: sections are believed when
//! they fit the file, and never alone decide what is searched.
//!
//! Fields are decoded by goblin, table by table; counts are bounded by the bytes there are before it
//! is asked, and what it could not read is a [`Gap`]. Compressed sections are never inflated.

mod data;
mod dynamic;
mod header;

use std::ops::Range;

use goblin::elf;
use goblin::elf::program_header::PT_LOAD;
use goblin::elf::sym::{STB_LOCAL, STT_FILE, STT_SECTION, Sym, Symtab};
use memchr::memchr;

use crate::bytes::Gap;

use header::{context, header};

const FORMAT: &str = "elf";

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
}

/// The NUL-terminated string at byte `at`; `None` when it starts or ends outside.
fn c_string(table: &[u8], at: usize) -> Option<&[u8]> {
    let rest = table.get(at..)?;
    rest.get(..memchr(0, rest)?)
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
mod tests;
