//! Prefix codes of deflate, in both directions.
//!
//! Spec: RFC 1951, sections 3.2.2 to 3.2.7.

use super::bits::{Bits, Sink};

/// Most bits of a code.
const LONGEST: usize = 15;
/// Symbols of the literal and length code, and of the distance code.
pub(super) const LITERALS: usize = 286;
pub(super) const DISTANCES: usize = 30;
/// The order in which lengths of the code for code lengths stand (3.2.7).
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/// Lowest length or distance of each symbol, and how many bits follow it (3.2.5).
const LENGTHS: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
const OFFSETS: [(u16, u8); DISTANCES] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];

/// A prefix code: of each symbol its code (first bit lowest) and length, 0 where it has none.
pub(super) struct Code {
    codes: Vec<(u16, u8)>,
    /// For each run of bits of the longest code's length: symbol and length of the code that begins it.
    table: Vec<(u16, u8)>,
    width: u32,
}

impl Code {
    /// The code with these lengths; `None` where there are more codes than bits can tell apart.
    pub(super) fn new(lengths: &[u8]) -> Option<Self> {
        let mut counts = [0_u32; LONGEST + 1];
        for length in lengths {
            let count = counts.get_mut(usize::from(*length))?;
            *count = count.saturating_add(1);
        }
        let mut next = [0_u32; LONGEST + 1];
        let (mut code, mut width) = (0_u32, 0_u32);
        for (bits, (next, count)) in (0_u32..).zip(next.iter_mut().zip(counts)).skip(1) {
            code <<= 1;
            *next = code;
            code = code.saturating_add(count);
            if code > 1_u32.checked_shl(bits)? {
                return None;
            }
            if count > 0 {
                width = bits;
            }
        }
        let mut codes = Vec::with_capacity(lengths.len());
        let mut table = vec![(0, 0); 1_usize.checked_shl(width)?];
        for (symbol, length) in (0_u16..).zip(lengths) {
            if *length == 0 {
                codes.push((0, 0));
                continue;
            }
            let bits = next.get_mut(usize::from(*length))?;
            let code = u16::try_from(*bits).ok()?.reverse_bits() >> 16_u8.saturating_sub(*length);
            *bits = bits.saturating_add(1);
            codes.push((code, *length));
            let step = 1_usize.checked_shl((*length).into())?;
            for entry in table.iter_mut().skip(code.into()).step_by(step) {
                *entry = (symbol, *length);
            }
        }
        Some(Self { codes, table, width })
    }

    /// The code for literals and lengths that is fixed (3.2.6).
    pub(super) fn fixed() -> Option<Self> {
        let lengths = [(8, 144), (9, 112), (7, 24), (8, 8)];
        let lengths: Vec<u8> = lengths
            .iter()
            .flat_map(|(bits, n)| std::iter::repeat_n(*bits, *n))
            .collect();
        Self::new(&lengths)
    }

    /// The code for distances that is fixed.
    pub(super) fn fixed_distances() -> Option<Self> {
        Self::new(&[5; DISTANCES])
    }

    /// The next symbol.
    pub(super) fn read(&self, bits: &mut Bits<'_>) -> Result<u16, u64> {
        let mask = 1_u32.checked_shl(self.width).unwrap_or(0).wrapping_sub(1);
        let index = usize::try_from(bits.peek() & mask).unwrap_or(usize::MAX);
        match self.table.get(index) {
            Some((symbol, length)) if *length > 0 => {
                bits.skip((*length).into())?;
                Ok(*symbol)
            }
            _ => Err(bits.at()),
        }
    }

    /// Writes a symbol.
    pub(super) fn write(&self, symbol: usize, out: &mut Sink) -> Result<(), u64> {
        match self.codes.get(symbol) {
            Some((code, length)) if *length > 0 => {
                out.put((*code).into(), (*length).into());
                Ok(())
            }
            _ => Err(out.at()),
        }
    }
}

/// Lengths of the two codes of a block, as they are taken apart or put together: symbols of the code for code
/// lengths, each with the bits that follow it.
#[derive(Default)]
pub(super) struct Lengths {
    all: Vec<u8>,
}

impl Lengths {
    /// One more symbol, with the value of its extra bits. `false` where it cannot stand here.
    pub(super) fn push(&mut self, symbol: u16, extra: u32) -> bool {
        let (length, times) = match symbol {
            0..=15 => (u8::try_from(symbol).unwrap_or(0), 1),
            16 => match self.all.last() {
                Some(last) => (*last, extra.saturating_add(3)),
                None => return false,
            },
            17 => (0, extra.saturating_add(3)),
            18 => (0, extra.saturating_add(11)),
            _ => return false,
        };
        self.all.extend((0..times).map(|_| length));
        true
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// The two codes, of which the first has so many symbols.
    pub(super) fn codes(&self, literals: usize) -> Option<(Code, Code)> {
        let (literals, distances) = self.all.split_at_checked(literals)?;
        Some((Code::new(literals)?, Code::new(distances)?))
    }
}

/// Extra bits of a symbol of the code for code lengths.
pub(super) fn repeat_bits(symbol: u16) -> u64 {
    match symbol {
        16 => 2,
        17 => 3,
        18 => 7,
        _ => 0,
    }
}

/// The code for code lengths, whose first lengths are these, in their own order.
pub(super) fn length_code(lengths: &[u8]) -> Option<Code> {
    let mut all = [0; ORDER.len()];
    for (index, length) in ORDER.iter().zip(lengths) {
        *all.get_mut(*index)? = *length;
    }
    Code::new(&all)
}

/// Lowest length of a symbol, and its extra bits.
pub(super) fn length(symbol: u16) -> Option<(u16, u8)> {
    LENGTHS.get(usize::from(symbol.checked_sub(257)?)).copied()
}

/// Lowest distance of a symbol, and its extra bits.
pub(super) fn distance(symbol: u16) -> Option<(u16, u8)> {
    OFFSETS.get(usize::from(symbol)).copied()
}

/// The symbol of a length from 3 to 258: symbol, value of the extra bits, their number.
pub(super) fn of_length(length: u16) -> Option<(usize, u16, u8)> {
    let (index, extra, bits) = find(&LENGTHS, length)?;
    Some((index.saturating_add(257), extra, bits))
}

/// The symbol of a distance from 1 to 32768.
pub(super) fn of_distance(distance: u16) -> Option<(usize, u16, u8)> {
    find(&OFFSETS, distance)
}

fn find(table: &[(u16, u8)], value: u16) -> Option<(usize, u16, u8)> {
    let index = table
        .partition_point(|(lowest, _)| *lowest <= value)
        .checked_sub(1)?;
    let (lowest, bits) = table.get(index)?;
    Some((index, value.saturating_sub(*lowest), *bits))
}
