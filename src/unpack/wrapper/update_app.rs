//! Huawei and Honor: `UPDATE.APP`.
//!
//! No specification; as `splituapp` and `huextract` read it. Little-endian. 92 bytes, mostly zeros, then
//! records that begin at multiples of four: a header of `header_len` bytes, which ends with a CRC-16 of each
//! `block_size` bytes of the data, and the data. Several records of one name are parts of one image: sparse
//! images over one address space, as `super` comes.

use std::collections::BTreeMap;

use crate::bytes::{Blob, Budget, Cursor, Gap};

use super::super::parts;
use super::super::registry::{Format, Holds, Listing};
use super::{Images, text, wide};

/// Huawei's update packages.
pub(in crate::unpack) struct UpdateApp;

const NAME: &str = "update-app";
const MAGIC: [u8; 4] = [0x55, 0xaa, 0x5a, 0xa5];
/// Bytes before the first record.
const START: u64 = 92;
/// Bytes of a record's header without the checksums.
const HEADER: u64 = 98;
const ALIGN: u64 = 4;
/// Ours: zeros between two records.
const PADDING: u64 = 1 << 20;
/// Zeros that are looked at together.
const STEP: u64 = 64 << 10;
/// `SPARSE_HEADER_MAGIC`.
const SPARSE: [u8; 4] = 0xed26_ff3a_u32.to_le_bytes();

impl Format for UpdateApp {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "Huawei UPDATE.APP; images in several records are put together"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.get(92..96) == Some(&MAGIC)
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    fn holds(&self) -> Holds {
        Holds::Volumes
    }

    fn list(&self, blob: &Blob, _: &str, budget: &Budget) -> Listing {
        let mut images = Images::new(NAME, blob, budget);
        let mut all = Vec::new();
        let read = records(&mut images, &mut all);
        together(&mut images, all);
        images.end(read)
    }
}

/// A record: where its header is, and what it holds.
struct Record {
    at: u64,
    name: Box<str>,
    from: u64,
    size: u64,
}

impl Record {
    fn read(images: &Images<'_>, at: u64) -> Result<Self, Gap> {
        let bytes = images.exact(at, HEADER, "header")?;
        let mut c = Cursor::new(NAME, &bytes);
        let magic: [u8; 4] = c.array("magic")?;
        if magic != MAGIC {
            return Err(Gap::invalid(NAME, at, "magic", u32::from_le_bytes(magic).into()));
        }
        let header_len = u64::from(c.u32("header_len")?);
        if header_len < HEADER {
            return Err(Gap::invalid(NAME, at, "header_len", header_len));
        }
        c.skip("unknown, hardware id, sequence", 16)?;
        let size = u64::from(c.u32("data_size")?);
        c.skip("date and time", 32)?;
        // The device's own names are in lower case.
        let name = text(c.take("name", 16)?).to_ascii_lowercase();
        Ok(Self {
            at,
            name: name.into(),
            from: at.saturating_add(header_len),
            size,
        })
    }
}

fn records(images: &mut Images<'_>, all: &mut Vec<Record>) -> Result<(), Gap> {
    let mut at = START;
    while let Some(next) = padding(images.blob, at)? {
        images.row(next)?;
        let record = match Record::read(images, next) {
            Ok(record) => record,
            Err(gap) if all.is_empty() => return Err(gap),
            Err(gap) => {
                images.lose(gap, next);
                return Ok(());
            }
        };
        at = record
            .from
            .saturating_add(record.size)
            .checked_next_multiple_of(ALIGN)
            .unwrap_or(u64::MAX);
        all.push(record);
    }
    if all.is_empty() {
        return Err(Gap::truncated(NAME, START, "header", HEADER, 0));
    }
    Ok(())
}

/// Where the zeros end that begin at `at`, at a multiple of four; none where nothing else comes.
fn padding(blob: &Blob, at: u64) -> Result<Option<u64>, Gap> {
    let mut from = at;
    while from < blob.len() {
        let chunk = blob.read(NAME, from..from.saturating_add(STEP))?;
        if let Some(zeros) = chunk.iter().position(|byte| *byte != 0) {
            let next = from.saturating_add(wide(zeros));
            return Ok(Some(next.saturating_sub(next.saturating_sub(at) % ALIGN)));
        }
        from = from.saturating_add(wide(chunk.len()));
        if chunk.is_empty() || from.saturating_sub(at) > PADDING {
            return Err(Gap::invalid(NAME, at, "magic", 0));
        }
    }
    Ok(None)
}

/// Lists the images of all records.
fn together(images: &mut Images<'_>, all: Vec<Record>) {
    let mut sets: BTreeMap<Box<str>, Vec<Record>> = BTreeMap::new();
    for record in all {
        sets.entry(record.name.clone()).or_default().push(record);
    }
    for (name, records) in sets {
        let data = |record: &Record| {
            images
                .blob
                .slice(record.from..record.from.saturating_add(record.size))
        };
        let sparse = |record: &Record| {
            let mut head = [0; 4];
            data(record).read_at(0, &mut head).is_ok() && head == SPARSE
        };
        if let [first, _, ..] = &*records
            && records.iter().all(sparse)
        {
            let (image, remarks) = parts::overlay(records.iter().map(data).collect(), images.budget);
            if let Some(image) = image {
                for (gap, unread) in remarks {
                    images.listing.lost(&name, gap, unread);
                }
                images.put(first.at, &name, image);
                continue;
            }
        }
        for record in records {
            images.add(record.at, &record.name, record.from, record.size);
        }
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]
mod tests {
    use super::super::tests::{check, field, sparse, survives};
    use super::*;

    /// A package of these records.
    fn package(records: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = vec![0; 92];
        for (number, (name, data)) in (1_u32..).zip(records) {
            let sums = data.len().div_ceil(4096) * 2;
            out.extend(MAGIC);
            out.extend(u32::try_from(98 + sums).unwrap().to_le_bytes());
            out.extend([1, 0, 0, 0]);
            out.extend(b"HW8x50\xff\xff");
            out.extend(number.to_le_bytes());
            out.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
            out.extend(field("2020.01.01", 16));
            out.extend(field("00.00.00", 16));
            out.extend(field(name, 16));
            out.extend([0; 16]);
            out.extend([0, 0, 0, 16, 0, 0]);
            out.extend(vec![0x5a; sums]);
            out.extend(*data);
            out.resize(out.len().next_multiple_of(4), 0);
        }
        out
    }

    const RECORDS: &[(&str, &[u8])] = &[("SHA256RSA", b"sums"), ("BOOT", b"kernel"), ("SYSTEM", b"files")];

    #[test]
    fn records_are_listed_under_the_names_of_the_device() {
        let expect: &[(&str, &[u8])] = &[("boot", b"kernel"), ("sha256rsa", b"sums"), ("system", b"files")];
        check(&UpdateApp, &package(RECORDS), expect, &[]);
        let mut padded = package(RECORDS.get(..1).unwrap());
        padded.extend([0; 400]);
        padded.extend(package(RECORDS.get(1..).unwrap()).get(92..).unwrap());
        padded.extend([0; 4000]);
        check(&UpdateApp, &padded, expect, &[]);
    }

    #[test]
    fn sparse_images_of_one_name_are_one_and_others_are_not() {
        let (a, b) = (sparse(3, 0, b"abcd"), sparse(3, 2, b"wxyz"));
        let all = package(&[("SUPER", &a), ("BOOT", b"1"), ("SUPER", &b), ("BOOT", b"2")]);
        let whole: &[u8] = b"abcd\0\0\0\0wxyz";
        check(
            &UpdateApp,
            &all,
            &[("boot", b"1"), ("boot", b"2"), ("super", whole)],
            &[],
        );
    }

    #[test]
    fn what_is_no_record_ends_the_package() {
        let mut all = package(RECORDS);
        all.extend(b"rest of it");
        let expect: &[(&str, &[u8])] = &[("boot", b"kernel"), ("sha256rsa", b"sums"), ("system", b"files")];
        let gap = "update-app: header at 0x19c: truncated, needs 98 bytes, 10 left";
        check(&UpdateApp, &all, expect, &[gap]);
        all.extend([1; 100]);
        let gap = "update-app: magic at 0x19c: invalid value 0x74736572";
        check(&UpdateApp, &all, expect, &[gap]);
    }

    #[test]
    fn every_prefix_and_every_flip_is_survived() {
        // Nothing tells how many records there are.
        let ends = [1, 2, 3].map(|n| package(RECORDS.get(..n).unwrap()).len());
        let unseen = |cut| ends.iter().any(|end| (end - 3..=*end).contains(&cut));
        survives(&UpdateApp, &package(RECORDS), unseen);
    }
}
