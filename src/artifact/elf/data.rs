//! Where constants lie: by the sections when they are sane, else by the segments.

use std::ops::Range;

use goblin::elf::program_header::{PF_X, PT_LOAD, ProgramHeader};
use goblin::elf::section_header::{
    SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS, SHT_PROGBITS, SHT_STRTAB, SectionHeader,
};

use crate::bytes::Gap;

use super::{Elf, FORMAT, to_u64, to_usize};

impl Elf<'_> {
    pub(super) fn constant_data(
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
