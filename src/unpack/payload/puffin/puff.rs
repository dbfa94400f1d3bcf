//! Takes deflate streams apart.
//!
//! Spec: puffin `README.md` ("Puff format"), `puffer.cc`, `puff_writer.cc`. Each block of a stream is its
//! metadata (length less one in 2 bytes, then the block's header and its code lengths), runs of literals, and
//! pairs of length and distance; numbers are big-endian.

use std::mem;

use super::bits::Bits;
use super::code::{self, Code, DISTANCES, LITERALS, Lengths};

/// Literals of one run: a byte says up to 127 of them, two more bytes the rest.
const SHORT_RUN: usize = 127;
const LONGEST_RUN: usize = (1 << 16) + SHORT_RUN;
/// A pair's length that means the end of a block.
pub(super) const END: u16 = 259;

/// Appends the puff of the deflate stream that is in these bits of `data`. It has no more than `most` bytes.
/// On an error, the bit where it is broken.
pub(super) fn deflate(data: &[u8], from: u64, to: u64, most: u64, out: &mut Vec<u8>) -> Result<(), u64> {
    let mut puff = Puff {
        most: out
            .len()
            .saturating_add(usize::try_from(most).unwrap_or(usize::MAX)),
        out,
        run: Vec::new(),
    };
    // Blocks are looked for to the end of the last byte; what is less than a byte is none.
    let end = to.div_ceil(8).saturating_mul(8);
    let mut bits = Bits::new(data, from, end);
    while bits.left() >= 8 {
        block(&mut bits, &mut puff)?;
    }
    if bits.at() > to {
        return Err(to);
    }
    Ok(())
}

fn block(bits: &mut Bits<'_>, puff: &mut Puff<'_>) -> Result<(), u64> {
    let start = bits.at();
    let last = bits.take(1)?;
    let kind = bits.take(2)?;
    let mut metadata = vec![byte(last << 7 | kind << 5)];
    let codes = match kind {
        0 => return stored(bits, metadata, puff),
        1 => Code::fixed().zip(Code::fixed_distances()).ok_or(start)?,
        2 => dynamic(bits, &mut metadata)?,
        _ => return Err(start),
    };
    puff.metadata(&metadata, start)?;
    symbols(bits, &codes, puff)
}

/// A block that is not compressed.
fn stored(bits: &mut Bits<'_>, mut metadata: Vec<u8>, puff: &mut Puff<'_>) -> Result<(), u64> {
    let skipped = bits.take(8_u64.saturating_sub(bits.at() & 7) & 7)?;
    // There is room for five bits; they are zeros everywhere.
    if skipped > 0x1f {
        return Err(bits.at());
    }
    if let Some(header) = metadata.first_mut() {
        *header |= byte(skipped);
    }
    let at = bits.at();
    puff.metadata(&metadata, at)?;
    let (length, check) = (bits.take(16)?, bits.take(16)?);
    if length ^ check != 0xffff {
        return Err(at);
    }
    for literal in bits.bytes(length.into())? {
        puff.literal(*literal, at)?;
    }
    puff.pair(END, 1, bits.at())
}

/// The code lengths of a block.
fn dynamic(bits: &mut Bits<'_>, metadata: &mut Vec<u8>) -> Result<(Code, Code), u64> {
    let start = bits.at();
    let mut count = |n| -> Result<usize, u64> {
        let value = bits.take(n)?;
        metadata.push(byte(value));
        Ok(usize::try_from(value).unwrap_or(usize::MAX))
    };
    let literals = count(5)?.saturating_add(257);
    let distances = count(5)?.saturating_add(1);
    let lengths = count(4)?.saturating_add(4);
    if literals > LITERALS || distances > DISTANCES {
        return Err(start);
    }
    let mut first = Vec::with_capacity(lengths);
    for _ in 0..lengths {
        first.push(byte(bits.take(3)?));
    }
    for pair in first.chunks(2) {
        let [high, low] = [0, 1].map(|n| pair.get(n).copied().unwrap_or(0));
        metadata.push(high << 4 | low);
    }
    let code = code::length_code(&first).ok_or(start)?;
    let all = literals.saturating_add(distances);
    let mut lengths = Lengths::default();
    while lengths.count() < all {
        let symbol = code.read(bits)?;
        let extra = bits.take(code::repeat_bits(symbol))?;
        let base = match symbol {
            0..=16 => u32::from(symbol),
            17 => 20,
            _ => 28,
        };
        metadata.push(byte(base.saturating_add(extra)));
        if !lengths.push(symbol, extra) {
            return Err(bits.at());
        }
    }
    if lengths.count() != all {
        return Err(bits.at());
    }
    lengths.codes(literals).ok_or(start)
}

/// The symbols of a block, to its end.
fn symbols(
    bits: &mut Bits<'_>,
    (literals, distances): &(Code, Code),
    puff: &mut Puff<'_>,
) -> Result<(), u64> {
    loop {
        let at = bits.at();
        let symbol = literals.read(bits)?;
        match symbol {
            0..=255 => puff.literal(byte(symbol.into()), at)?,
            256 => return puff.pair(END, 1, at),
            _ => {
                let length = extra(bits, code::length(symbol))?;
                let symbol = distances.read(bits)?;
                let distance = extra(bits, code::distance(symbol))?;
                puff.pair(length, distance, at)?;
            }
        }
    }
}

/// A length or distance with its extra bits.
fn extra(bits: &mut Bits<'_>, symbol: Option<(u16, u8)>) -> Result<u16, u64> {
    let (lowest, extra) = symbol.ok_or(bits.at())?;
    let value = u16::try_from(bits.take(extra.into())?).unwrap_or(0);
    Ok(lowest.saturating_add(value))
}

fn byte(value: u32) -> u8 {
    u8::try_from(value & 0xff).unwrap_or(0)
}

/// What is written. Literals are counted when their run is over.
struct Puff<'a> {
    out: &'a mut Vec<u8>,
    most: usize,
    /// Literals that are not written yet.
    run: Vec<u8>,
}

impl Puff<'_> {
    fn literal(&mut self, byte: u8, at: u64) -> Result<(), u64> {
        self.run.push(byte);
        if self.run.len() >= LONGEST_RUN {
            self.flush(at)?;
        }
        Ok(())
    }

    fn flush(&mut self, at: u64) -> Result<(), u64> {
        let mut run = mem::take(&mut self.run);
        match run.len().checked_sub(SHORT_RUN.saturating_add(1)) {
            None if run.is_empty() => {}
            None => self.put(&[u8::try_from(run.len().saturating_sub(1)).unwrap_or(0)], at)?,
            Some(rest) => {
                let [high, low] = u16::try_from(rest).unwrap_or(0).to_be_bytes();
                self.put(&[0x7f, high, low], at)?;
            }
        }
        self.put(&run, at)?;
        // The next run is written where this one was.
        run.clear();
        self.run = run;
        Ok(())
    }

    fn pair(&mut self, length: u16, distance: u16, at: u64) -> Result<(), u64> {
        self.flush(at)?;
        let length = length.checked_sub(3).ok_or(at)?;
        match length.checked_sub(127) {
            None => self.put(&[0x80 | byte(length.into())], at)?,
            Some(rest) => self.put(&[0xff, byte(rest.into())], at)?,
        }
        if length == END.saturating_sub(3) {
            return Ok(());
        }
        self.put(&distance.saturating_sub(1).to_be_bytes(), at)
    }

    fn metadata(&mut self, metadata: &[u8], at: u64) -> Result<(), u64> {
        let length = u16::try_from(metadata.len()).map_err(|_| at)?.saturating_sub(1);
        self.put(&length.to_be_bytes(), at)?;
        self.put(metadata, at)
    }

    fn put(&mut self, bytes: &[u8], at: u64) -> Result<(), u64> {
        if self.out.len().saturating_add(bytes.len()) > self.most {
            return Err(at);
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }
}
