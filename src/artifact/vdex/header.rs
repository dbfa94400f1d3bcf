//! The headers: which sections there are, as each version says it.

use super::super::preopt;
use super::{FORMAT, Quickening, Vdex, size};
use crate::bytes::{Cursor, Gap, wide};

/// Ours: sections of version 027 that are looked at; there are four.
const MAX_SECTIONS: u32 = 64;

impl<'a> Vdex<'a> {
    pub(super) fn read(&mut self) -> Result<(), Gap> {
        let mut c = Cursor::new(FORMAT, self.data);
        let magic: [u8; 4] = c.array("magic")?;
        if magic != *b"vdex" {
            let got = u64::from(u32::from_le_bytes(magic));
            return Err(Gap::invalid(FORMAT, 0, "magic", got));
        }
        let digits = c.array("version")?;
        self.version = preopt::number(digits).unwrap_or(0);
        match self.version {
            6 | 10 => self.flat(c),
            19 | 21 => self.split(c),
            27 => self.sections(c),
            _ => {
                let got = u64::from(u32::from_le_bytes(digits));
                self.search();
                Err(Gap::unsupported(FORMAT, 4, "version", got))
            }
        }
    }

    /// `Header` of 006 and 010.
    fn flat(&mut self, mut c: Cursor<'a>) -> Result<(), Gap> {
        let count = c.u32("number_of_dex_files")?;
        let dex_size = c.u32("dex_size")?;
        let verifier_deps_size = c.u32("verifier_deps_size")?;
        let quickening_info_size = c.u32("quickening_info_size")?;
        let checksums = self.checksums(&mut c, count);
        let start = c.position();
        self.part(&mut c, "dex_size", dex_size);
        self.dex_section(start, c.position(), 0, count, checksums);
        self.part(&mut c, "verifier_deps_size", verifier_deps_size);
        let info = self.part(&mut c, "quickening_info_size", quickening_info_size);
        if !info.is_empty() {
            self.quickening = match self.version {
                6 => Quickening::Sequence(info),
                _ => Quickening::Pairs(info),
            };
        }
        Ok(())
    }

    /// `VerifierDepsHeader` and `DexSectionHeader` of 019 and 021.
    fn split(&mut self, mut c: Cursor<'a>) -> Result<(), Gap> {
        let dex_section_version: [u8; 4] = c.array("dex_section_version")?;
        let count = c.u32("number_of_dex_files")?;
        let verifier_deps_size = c.u32("verifier_deps_size")?;
        if self.version >= 21 {
            // Which boot class path and which class loaders the verifier saw: text at the end.
            c.u32("bootclasspath_checksums_size")?;
            c.u32("class_loader_context_size")?;
        }
        let checksums = self.checksums(&mut c, count);
        match &dex_section_version {
            b"000\0" => return Ok(()),
            b"002\0" => {}
            other => {
                self.search();
                let got = u64::from(u32::from_le_bytes(*other));
                return Err(Gap::unsupported(FORMAT, 8, "dex_section_version", got));
            }
        }
        let dex_size = c.u32("dex_size")?;
        let dex_shared_data_size = c.u32("dex_shared_data_size")?;
        let quickening_info_size = c.u32("quickening_info_size")?;
        let start = c.position();
        self.part(&mut c, "dex_size", dex_size);
        let end = c.position();
        let shared = self.part(&mut c, "dex_shared_data_size", dex_shared_data_size);
        self.dex_section(start, end, shared.len(), count, checksums);
        self.part(&mut c, "verifier_deps_size", verifier_deps_size);
        let info = self.part(&mut c, "quickening_info_size", quickening_info_size);
        if !info.is_empty() {
            self.quickening = Quickening::Tables(info);
        }
        Ok(())
    }

    /// `VdexFileHeader` and `VdexSectionHeader`s of 027: checksums are section 0, dex files section 1.
    /// Nothing is optimised in it.
    fn sections(&mut self, mut c: Cursor<'a>) -> Result<(), Gap> {
        let number_of_sections = c.u32("number_of_sections")?;
        if number_of_sections > MAX_SECTIONS {
            let (got, limit) = (u64::from(number_of_sections), u64::from(MAX_SECTIONS));
            self.gaps
                .push(Gap::over(FORMAT, 8, "number_of_sections", got, limit, ""));
        }
        let (mut checksums, mut dexes): (&[[u8; 4]], _) = (&[], None);
        let mut count = 0;
        for _ in 0..number_of_sections.min(MAX_SECTIONS) {
            let at = wide(c.position());
            let kind = c.u32("section_kind")?;
            let offset = c.u32("section_offset")?;
            let section_size = c.u32("section_size")?;
            let (start, end) = (size(offset), size(offset).saturating_add(size(section_size)));
            let found = self.data.get(start..end);
            if found.is_none() {
                let have = wide(self.data.len().saturating_sub(start));
                let need = u64::from(section_size);
                self.gaps
                    .push(Gap::truncated(FORMAT, at, "section_size", need, have));
            }
            let end = end.min(self.data.len());
            match kind {
                0 => {
                    checksums = found.unwrap_or_default().as_chunks().0;
                    count = section_size.wrapping_shr(2);
                }
                1 => dexes = (start < end).then_some((start, end)),
                // What the verifier found, and tables that a class is looked up in.
                2 | 3 => {}
                _ => self
                    .gaps
                    .push(Gap::unsupported(FORMAT, at, "section_kind", u64::from(kind))),
            }
        }
        if let Some((start, end)) = dexes {
            self.dex_section(start, end, 0, count, checksums);
        }
        Ok(())
    }

    /// The checksums behind the first header, as many as there are.
    fn checksums(&mut self, c: &mut Cursor<'a>, count: u32) -> &'a [[u8; 4]] {
        let size = u32::checked_mul(count, 4).unwrap_or(u32::MAX);
        self.part(c, "number_of_dex_files", size).as_chunks().0
    }

    /// A part of the file. What is missing of it is a gap.
    fn part(&mut self, c: &mut Cursor<'a>, what: &'static str, len: u32) -> &'a [u8] {
        let (at, have) = (c.position(), c.left());
        if size(len) > have {
            self.gaps
                .push(Gap::truncated(FORMAT, wide(at), what, u64::from(len), wide(have)));
        }
        c.take(what, size(len).min(have)).unwrap_or_default()
    }
}
