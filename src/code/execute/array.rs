//! What methods of the platform do with arrays of bytes and characters: copies, charsets, Base64.

use super::super::platform::Compute;
use super::charset::{Charset, base64};
use super::heap::{Object, Slot};
use super::platform::{Answer, DONE};
use super::step::{at, len};
use super::{Executor, Stop};

/// `android.util.Base64.URL_SAFE`
const URL_SAFE: i32 = 8;

impl Executor<'_, '_> {
    /// Characters of an array from `from` on; `None` where they are not known.
    pub(super) fn slice(
        &mut self,
        array: Slot,
        from: Slot,
        n: Option<Slot>,
    ) -> Result<Option<Vec<u16>>, Stop> {
        let Some(Object::Numbers(b'C', cells)) = self.heap.get(array) else {
            return Ok(None);
        };
        let cells = part(cells, from, n)?;
        let units = cells
            .iter()
            .map(|cell| u16::try_from(*cell).unwrap_or(0))
            .collect();
        let size = cells.len();
        self.spend_on(size)?;
        Ok(Some(units))
    }

    /// The text that `new String(…)` makes of an array.
    pub(super) fn decoded(&mut self, letters: &[u8], args: &[Slot]) -> Result<Option<Vec<u16>>, Stop> {
        let arg = |i: usize| args.get(i).copied().unwrap_or(Slot::Unknown);
        let (from, n, charset) = match letters {
            [_] => (Slot::Int(0), None, None),
            [_, b'S' | b'L'] => (Slot::Int(0), None, Some(arg(1))),
            [_, b'I', b'I'] => (arg(1), Some(arg(2)), None),
            [_, b'I', b'I', b'S' | b'L'] => (arg(1), Some(arg(2)), Some(arg(3))),
            _ => return Ok(None),
        };
        match self.heap.get(arg(0)) {
            Some(Object::Numbers(b'C', _)) if charset.is_none() => self.slice(arg(0), from, n),
            Some(Object::Numbers(b'B', _)) => {
                let Some(bytes) = self.bytes_of(arg(0), from, n)? else {
                    return Ok(None);
                };
                let charset = match charset {
                    Some(slot) => self.charset(slot)?,
                    None => Some(Charset::Utf8),
                };
                Ok(charset.and_then(|charset| charset.decode(&bytes)))
            }
            _ => Ok(None),
        }
    }

    /// `getBytes`, with or without a charset.
    pub(super) fn encoded(&mut self, units: &[u16], letters: &[u8], charset: Slot) -> Answer {
        let charset = if letters.is_empty() {
            Some(Charset::Utf8)
        } else {
            self.charset(charset)?
        };
        match charset.and_then(|charset| charset.encode(units)) {
            Some(bytes) => self.bytes(&bytes),
            None => Ok(None),
        }
    }

    /// The charset that an object or a text names.
    fn charset(&mut self, slot: Slot) -> Result<Option<Charset>, Stop> {
        if let Some(Object::Charset(charset)) = self.heap.get(slot) {
            return Ok(Some(*charset));
        }
        let units = self.units(slot)?;
        let name = units.and_then(|units| String::from_utf16(&units).ok());
        Ok(name.and_then(|name| Charset::named(&name)))
    }

    /// Bytes of an array from `from` on; `None` where they are not known.
    pub(super) fn bytes_of(
        &mut self,
        array: Slot,
        from: Slot,
        n: Option<Slot>,
    ) -> Result<Option<Vec<u8>>, Stop> {
        let Some(Object::Numbers(b'B', cells)) = self.heap.get(array) else {
            return Ok(None);
        };
        let bytes: Vec<u8> = part(cells, from, n)?.iter().map(|cell| byte(*cell)).collect();
        self.spend_on(bytes.len())?;
        Ok(Some(bytes))
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Answer {
        self.spend_on(bytes.len())?;
        self.heap.charge(bytes.len().saturating_mul(8))?;
        let cells = bytes
            .iter()
            .map(|byte| i64::from(i8::from_le_bytes([*byte])))
            .collect();
        self.heap.allocate(Object::Numbers(b'B', cells)).map(Some)
    }

    pub(super) fn on_array(&mut self, compute: Compute, this: Slot, letters: &[u8], args: &[Slot]) -> Answer {
        let arg = |i: usize| args.get(i).copied().unwrap_or(Slot::Unknown);
        match compute {
            Compute::Charset => match self.charset(arg(0))? {
                Some(charset) => self.heap.allocate(Object::Charset(charset)).map(Some),
                None => Ok(None),
            },
            Compute::Base64Decoder => self.heap.allocate(Object::Decoder(false)).map(Some),
            Compute::Base64UrlDecoder => self.heap.allocate(Object::Decoder(true)).map(Some),
            Compute::Base64Decode => self.decode_base64(this, letters, arg(0), arg(1)),
            Compute::ArrayCopy => self.array_copy(args),
            Compute::Stream | Compute::StreamBytes | Compute::Write => {
                self.streamed(compute, this, letters, args)
            }
            Compute::CopyOf => self.copy(arg(0), Slot::Int(0), arg(1)),
            _ => self.copy(arg(0), arg(1), arg(2)),
        }
    }

    /// `ByteArrayOutputStream`: made, written to, asked for what was written.
    fn streamed(&mut self, compute: Compute, this: Slot, letters: &[u8], args: &[Slot]) -> Answer {
        let bytes = match (compute, letters, args) {
            (Compute::StreamBytes, ..) => match self.heap.get(this) {
                Some(Object::Stream(bytes)) => {
                    let bytes = bytes.clone();
                    return self.bytes(&bytes);
                }
                _ => return Ok(None),
            },
            (Compute::Stream, ..) => Some(Vec::new()),
            (_, b"I", [Slot::Int(n)]) => Some(vec![byte(i64::from(*n))]),
            (_, b"[", [array]) => self.bytes_of(*array, Slot::Int(0), None)?,
            (_, b"[II", [array, from, n]) => self.bytes_of(*array, *from, Some(*n))?,
            _ => None,
        };
        let Some(bytes) = bytes else { return Ok(None) };
        self.heap.charge(bytes.len())?;
        match (self.heap.get_mut(this)?, compute) {
            (object @ Object::Opaque, Compute::Stream) => *object = Object::Stream(bytes),
            (Object::Stream(before), Compute::Write) => before.extend(bytes),
            _ => return Ok(None),
        }
        DONE
    }

    fn decode_base64(&mut self, this: Slot, letters: &[u8], from: Slot, flags: Slot) -> Answer {
        let (url, lenient) = match (self.heap.get(this), letters, flags) {
            (Some(Object::Decoder(url)), [_], _) => (*url, false),
            (None, [_, b'I'], Slot::Int(flags)) => (flags & URL_SAFE != 0, true),
            _ => return Ok(None),
        };
        let text: Vec<u8> = match self.heap.get(from) {
            Some(Object::Numbers(b'B', cells)) => cells.iter().map(|cell| byte(*cell)).collect(),
            _ => match self.units(from)? {
                // What is no byte is no digit either.
                Some(units) => units
                    .iter()
                    .map(|unit| u8::try_from(*unit).unwrap_or(b'?'))
                    .collect(),
                None => return Ok(None),
            },
        };
        self.spend_on(text.len())?;
        let bytes = base64(&text, url, lenient).ok_or(Stop::Unknown)?;
        self.bytes(&bytes)
    }

    /// `System.arraycopy`: as if by way of a third array.
    fn array_copy(&mut self, args: &[Slot]) -> Answer {
        let [from, from_at, to, to_at, n] = *args else {
            return Ok(None);
        };
        let (from_at, to_at, n) = (at(from_at)?, at(to_at)?, at(n)?);
        self.spend_on(n)?;
        let (from_end, to_end) = (from_at.saturating_add(n), to_at.saturating_add(n));
        self.heap.charge(n.saturating_mul(8))?;
        let source = match self.heap.get(from) {
            Some(Object::Numbers(letter, cells)) => {
                let part = cells.get(from_at..from_end).ok_or(Stop::Unknown)?;
                Object::Numbers(*letter, part.to_vec())
            }
            Some(Object::Refs(slots)) => {
                Object::Refs(slots.get(from_at..from_end).ok_or(Stop::Unknown)?.to_vec())
            }
            _ => return Ok(None),
        };
        match (self.heap.get_mut(to)?, source) {
            (Object::Numbers(a, cells), Object::Numbers(b, part)) if *a == b => {
                cells
                    .get_mut(to_at..to_end)
                    .ok_or(Stop::Unknown)?
                    .copy_from_slice(&part);
            }
            (Object::Refs(slots), Object::Refs(part)) => {
                slots
                    .get_mut(to_at..to_end)
                    .ok_or(Stop::Unknown)?
                    .copy_from_slice(&part);
            }
            _ => return Ok(None),
        }
        DONE
    }

    /// The elements of an array from one to another; beyond its end there are zeros.
    fn copy(&mut self, array: Slot, from: Slot, to: Slot) -> Answer {
        let (Slot::Int(from_n), Slot::Int(to_n)) = (from, to) else {
            return Ok(None);
        };
        let n = to_n.checked_sub(from_n).ok_or(Stop::Unknown)?;
        let (letter, have) = match self.heap.get(array) {
            Some(Object::Numbers(letter, cells)) => (*letter, cells.len()),
            Some(Object::Refs(slots)) => (b'L', slots.len()),
            _ => return Ok(None),
        };
        let from = at(from)?;
        let some = have
            .checked_sub(from)
            .ok_or(Stop::Unknown)?
            .min(at(Slot::Int(n))?);
        let new = self.heap.array(letter, n)?;
        self.array_copy(&[array, Slot::Int(from_n), new, Slot::Int(0), Slot::Int(len(some)?)])?;
        Ok(Some(new))
    }
}

/// A part of an array of numbers: `n` from `from` on, or all.
fn part(cells: &[i64], from: Slot, n: Option<Slot>) -> Result<&[i64], Stop> {
    let from = at(from)?;
    let end = match n {
        Some(n) => from.saturating_add(at(n)?),
        None => cells.len(),
    };
    cells.get(from..end).ok_or(Stop::Unknown)
}

fn byte(cell: i64) -> u8 {
    let [byte, ..] = cell.to_le_bytes();
    byte
}
