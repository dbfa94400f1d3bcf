//! The dynamic table, and the symbols that it leads to.

use goblin::container::Ctx;
use goblin::elf;
use goblin::elf::dynamic::{Dyn, Dynamic, dyn32, dyn64};
use goblin::elf::program_header::{PT_DYNAMIC, PT_LOAD, ProgramHeader};
use goblin::elf::section_header::{SHT_DYNSYM, SectionHeader};
use goblin::elf::sym::{Sym, Symtab};

use crate::bytes::Gap;

use super::{Elf, FORMAT, c_string, to_u64, to_usize};

/// Ours: dynamic entries read. The largest table met has 190; each is checked against every segment.
const MAX_DYNAMIC: usize = 4096;

impl<'a> Elf<'a> {
    pub(super) fn dynamic(
        &mut self,
        file: &'a [u8],
        segments: &[ProgramHeader],
        sections: &[SectionHeader],
        ctx: Ctx,
    ) {
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
