//! Puts deflate streams together again.
//!
//! Spec: puffin `huffer.cc`, `puff_reader.cc`; see [`puff`](super::puff) for the form.

use crate::bytes::{Cursor, Gap};

use super::super::NAME;
use super::bits::Sink;
use super::code::{self, Code, DISTANCES, LITERALS, Lengths};
use super::puff::END;

/// What stands in a puff after a block's metadata.
enum Item<'a> {
    Literals(&'a [u8]),
    /// Length and distance.
    Pair(u16, u16),
    End,
}

/// Writes the deflate stream of a puff, which ends at bit `to`. On an error, the bit where it breaks off.
pub(super) fn deflate(puff: &[u8], to: u64, out: &mut Sink) -> Result<(), u64> {
    let mut c = Cursor::new(NAME, puff);
    while c.left() > 0 {
        let at = out.at();
        let length = big(&mut c).map_err(|_| at)?;
        let metadata = c
            .take("metadata", usize::from(length).saturating_add(1))
            .map_err(|_| at)?;
        let (header, metadata) = metadata.split_first().ok_or(at)?;
        let kind = header >> 5 & 3;
        out.put(u64::from(header >> 7), 1);
        out.put(kind.into(), 2);
        let codes = match kind {
            0 => {
                stored(header & 0x1f, &mut c, out)?;
                continue;
            }
            1 => Code::fixed().zip(Code::fixed_distances()).ok_or(at)?,
            2 => dynamic(metadata, out)?,
            _ => return Err(at),
        };
        symbols(&mut c, &codes, out)?;
        if out.at() > to {
            return Err(to);
        }
    }
    // Less than a byte may be left, of which the puff says nothing.
    let rest = to.checked_sub(out.at()).filter(|rest| *rest < 8).ok_or(to)?;
    out.put(0, rest);
    Ok(())
}

/// A block that is not compressed.
fn stored(skipped: u8, c: &mut Cursor<'_>, out: &mut Sink) -> Result<(), u64> {
    let at = out.at();
    out.put(skipped.into(), 8_u64.saturating_sub(at & 7) & 7);
    let literals = match item(c).map_err(|_| at)? {
        Item::Literals(literals) => match item(c).map_err(|_| at)? {
            Item::End => literals,
            _ => return Err(at),
        },
        Item::End => &[],
        Item::Pair(..) => return Err(at),
    };
    let length = u16::try_from(literals.len()).map_err(|_| at)?;
    out.put(length.into(), 16);
    out.put((!length).into(), 16);
    out.bytes(literals);
    Ok(())
}

/// The code lengths of a block.
fn dynamic(metadata: &[u8], out: &mut Sink) -> Result<(Code, Code), u64> {
    let at = out.at();
    let mut c = Cursor::new(NAME, metadata);
    let mut count = |bits: u64| -> Result<usize, u64> {
        let value = c.u8("count").map_err(|_| at)?;
        if u64::from(value) >> bits != 0 {
            return Err(at);
        }
        out.put(value.into(), bits);
        Ok(value.into())
    };
    let literals = count(5)?.saturating_add(257);
    let distances = count(5)?.saturating_add(1);
    let lengths = count(4)?.saturating_add(4);
    if literals > LITERALS || distances > DISTANCES {
        return Err(at);
    }
    let pairs = c.take("code lengths", lengths.div_ceil(2)).map_err(|_| at)?;
    let first: Vec<u8> = pairs
        .iter()
        .flat_map(|pair| [pair >> 4, pair & 0xf])
        .take(lengths)
        .collect();
    for length in &first {
        if *length > 7 {
            return Err(at);
        }
        out.put((*length).into(), 3);
    }
    let code = code::length_code(&first).ok_or(at)?;
    let mut lengths = Lengths::default();
    for value in c.rest() {
        let (symbol, extra) = match value {
            0..=15 => (*value, 0),
            16..=19 => (16, value.saturating_sub(16)),
            20..=27 => (17, value.saturating_sub(20)),
            28..=155 => (18, value.saturating_sub(28)),
            _ => return Err(at),
        };
        code.write(symbol.into(), out)?;
        out.put(extra.into(), code::repeat_bits(symbol.into()));
        if !lengths.push(symbol.into(), extra.into()) {
            return Err(at);
        }
    }
    if lengths.count() != literals.saturating_add(distances) {
        return Err(at);
    }
    lengths.codes(literals).ok_or(at)
}

/// The symbols of a block, to its end.
fn symbols(c: &mut Cursor<'_>, (literals, distances): &(Code, Code), out: &mut Sink) -> Result<(), u64> {
    loop {
        let at = out.at();
        match item(c).map_err(|_| at)? {
            Item::Literals(bytes) => {
                for byte in bytes {
                    literals.write((*byte).into(), out)?;
                }
            }
            Item::Pair(length, distance) => {
                let (symbol, extra, bits) = code::of_length(length).ok_or(at)?;
                literals.write(symbol, out)?;
                out.put(extra.into(), bits.into());
                let (symbol, extra, bits) = code::of_distance(distance).ok_or(at)?;
                distances.write(symbol, out)?;
                out.put(extra.into(), bits.into());
            }
            Item::End => return literals.write(256, out),
        }
    }
}

/// The next run of literals, pair, or end of a block.
fn item<'a>(c: &mut Cursor<'a>) -> Result<Item<'a>, Gap> {
    let head = c.u8("head")?;
    let short = u16::from(head & 0x7f);
    if head & 0x80 == 0 {
        let len = match short {
            127 => usize::from(big(c)?).saturating_add(128),
            short => usize::from(short).saturating_add(1),
        };
        return c.take("literals", len).map(Item::Literals);
    }
    let length = match short {
        127 => u16::from(c.u8("length")?).saturating_add(130),
        short => short.saturating_add(3),
    };
    if length == END {
        return Ok(Item::End);
    }
    let distance = big(c)?;
    if length > END || distance > 0x7fff {
        return Err(Gap::invalid(NAME, 0, "pair", length.into()));
    }
    Ok(Item::Pair(length, distance.saturating_add(1)))
}

/// A number of two bytes, big-endian.
fn big(c: &mut Cursor<'_>) -> Result<u16, Gap> {
    c.array("number").map(u16::from_be_bytes)
}
