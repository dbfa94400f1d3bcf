//! Entries of directories, and the names in them.

/// Bytes of an entry of a directory.
pub(super) const ENTRY: usize = 32;
/// Entries that a long name may take: 13 UTF-16 units each.
const MAX_LONG: u8 = 20;

/// Bits of `DIR_Attr`.
const VOLUME_ID: u8 = 0x08;
pub(super) const DIRECTORY: u8 = 0x10;
/// Read only, hidden, system and a volume's name, all at once: an entry of a long name.
const LONG_NAME: u8 = 0x0f;
const ATTRIBUTES: u8 = 0x3f;

/// Reads entries of a directory one after another: a long name stands in those before its file's.
#[derive(Default)]
pub(super) struct Entries {
    /// UTF-16 units of a long name, the first part last.
    long: Vec<[u16; 13]>,
    /// The number of the part that comes next, 0 when it is whole; and the checksum of its short name.
    expect: u8,
    checksum: u8,
}

/// What an entry is.
pub(super) enum Step {
    /// Nothing by itself.
    On,
    /// The end of the directory.
    End,
    /// A file or directory with this name.
    Found(Vec<u8>),
}

impl Entries {
    pub(super) fn next(&mut self, entry: &[u8; ENTRY]) -> Step {
        let [first, ..] = *entry;
        let attributes = entry[11];
        if first == 0 {
            return Step::End;
        }
        if first == 0xe5 {
            self.long.clear();
            return Step::On;
        }
        if attributes & ATTRIBUTES == LONG_NAME {
            self.part(entry);
            return Step::On;
        }
        let long = std::mem::take(&mut self.long);
        if attributes & VOLUME_ID != 0 {
            return Step::On;
        }
        let (short, _) = entry.split_first_chunk::<11>().unwrap_or((&[b' '; 11], &[]));
        if short == b".          " || short == b"..         " {
            return Step::On;
        }
        let whole = !long.is_empty() && self.expect == 0 && self.checksum == checksum(short);
        Step::Found(if whole {
            long_name(&long)
        } else {
            short_name(short, entry[12])
        })
    }

    /// A part of a long name: its number, with a bit for the last, which comes first.
    fn part(&mut self, entry: &[u8; ENTRY]) {
        const LAST: u8 = 0x40;
        let (order, sum) = (entry[0], entry[13]);
        let number = order & !LAST;
        if order & LAST != 0 && (1..=MAX_LONG).contains(&number) {
            self.long.clear();
            self.checksum = sum;
        } else if self.long.is_empty() || number == 0 || number != self.expect || sum != self.checksum {
            return self.long.clear();
        }
        self.expect = number.saturating_sub(1);
        let mut units = [0; 13];
        let bytes = entry
            .get(1..11)
            .into_iter()
            .chain(entry.get(14..26))
            .chain(entry.get(28..32));
        for (unit, pair) in units
            .iter_mut()
            .zip(bytes.flat_map(|bytes| bytes.as_chunks::<2>().0))
        {
            *unit = u16::from_le_bytes(*pair);
        }
        self.long.push(units);
    }
}

fn long_name(parts: &[[u16; 13]]) -> Vec<u8> {
    let units = parts.iter().rev().flatten().copied();
    let units = units.take_while(|unit| *unit != 0);
    let text: String = char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    text.into_bytes()
}

/// Eight bytes and three, padded with spaces; `case` says which of both is shown in lower case (`DIR_NTRes`).
fn short_name(name: &[u8; 11], case: u8) -> Vec<u8> {
    let (base, extension) = name.split_at(8);
    let mut base = base.trim_ascii_end().to_vec();
    let mut extension = extension.trim_ascii_end().to_vec();
    // What marks a deleted entry, where a name begins with it.
    if let Some(first @ 0x05) = base.first_mut() {
        *first = 0xe5;
    }
    if case & 0x08 != 0 {
        base.make_ascii_lowercase();
    }
    if case & 0x10 != 0 {
        extension.make_ascii_lowercase();
    }
    if !extension.is_empty() {
        base.push(b'.');
        base.append(&mut extension);
    }
    base
}

/// Of a short name, kept with each part of the long one.
fn checksum(name: &[u8; 11]) -> u8 {
    name.iter()
        .fold(0_u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte))
}
