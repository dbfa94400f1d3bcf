//! What methods of the platform compute of texts, characters and numbers, where the signatures have a word for no more
//! than that.

use super::super::platform::Compute;
use super::heap::{Object, Slot};
use super::platform::{Answer, DONE};
use super::step::{at, len};
use super::{Executor, Stop};

impl Executor<'_, '_> {
    /// What is computed of a text, of characters or of numbers.
    pub(super) fn computed(&mut self, compute: Compute, this: Slot, letters: &[u8], args: &[Slot]) -> Answer {
        let first = args.first().copied().unwrap_or(Slot::Unknown);
        let second = args.get(1).copied().unwrap_or(Slot::Unknown);
        let bool = |holds: bool| Ok(Some(Slot::Int(i32::from(holds))));
        match compute {
            Compute::Nothing => return DONE,
            Compute::Abs | Compute::Max | Compute::Min => return Ok(mathematics(compute, first, second)),
            Compute::Box => return self.heap.allocate(Object::Boxed(b'C', first)).map(Some),
            Compute::Digit => return Ok(digit(first, second)),
            Compute::Hex => {
                let text = match first {
                    Slot::Int(n) => format!("{n:x}"),
                    Slot::Long(n) => format!("{n:x}"),
                    _ => return Ok(None),
                };
                return self.text(&text.encode_utf16().collect::<Vec<u16>>());
            }
            Compute::IsDigit | Compute::IsLetter | Compute::IsLower | Compute::IsUpper => {
                let Slot::Int(c @ 0..0x80) = first else {
                    return Ok(None);
                };
                let [c, ..] = c.to_le_bytes();
                return bool(match compute {
                    Compute::IsDigit => c.is_ascii_digit(),
                    Compute::IsLetter => c.is_ascii_alphabetic(),
                    Compute::IsLower => c.is_ascii_lowercase(),
                    _ => c.is_ascii_uppercase(),
                });
            }
            Compute::ArrayCopy
            | Compute::CopyOf
            | Compute::CopyOfRange
            | Compute::Charset
            | Compute::Base64Decode
            | Compute::Base64Decoder
            | Compute::Base64UrlDecoder
            | Compute::Stream
            | Compute::StreamBytes
            | Compute::Write => return self.on_array(compute, this, letters, args),
            Compute::Cipher
            | Compute::CipherFinal
            | Compute::CipherInit
            | Compute::DesKey
            | Compute::Digest
            | Compute::DigestFinal
            | Compute::DigestUpdate
            | Compute::Iv
            | Compute::Key
            | Compute::KeyBytes
            | Compute::Mac
            | Compute::MacInit
            | Compute::SecretKey
            | Compute::TripleDesKey => return self.ciphered(compute, this, letters, args),
            _ => {}
        }
        let Some(units) = self.units(this)? else {
            return Ok(None);
        };
        match compute {
            Compute::Length => Ok(Some(Slot::Int(len(units.len())?))),
            Compute::IsEmpty => bool(units.is_empty()),
            Compute::CharAt => {
                let unit = units.get(at(first)?).ok_or(Stop::Unknown)?;
                Ok(Some(Slot::Int(i32::from(*unit))))
            }
            Compute::HashCode => Ok(Some(Slot::Int(units.iter().fold(0_i32, |hash, unit| {
                hash.wrapping_mul(31).wrapping_add(i32::from(*unit))
            })))),
            Compute::Chars => {
                let cells = units.iter().map(|unit| i64::from(*unit)).collect();
                self.heap.allocate(Object::Numbers(b'C', cells)).map(Some)
            }
            Compute::Bytes => self.encoded(&units, letters, first),
            Compute::IndexOf | Compute::LastIndexOf if letters == [b'I'] || letters == [b'I', b'I'] => {
                let Slot::Int(c) = first else { return Ok(None) };
                let from = if letters.len() > 1 { at(second)? } else { 0 };
                let found = if compute == Compute::IndexOf {
                    let rest = units.get(from..).unwrap_or_default();
                    let place = rest.iter().position(|unit| i32::from(*unit) == c);
                    place.map(|place| place.saturating_add(from))
                } else if letters.len() > 1 {
                    return Ok(None);
                } else {
                    units.iter().rposition(|unit| i32::from(*unit) == c)
                };
                Ok(Some(Slot::Int(found.map_or(Ok(-1), len)?)))
            }
            Compute::Equals => match self.heap.get(first) {
                None => bool(false),
                Some(Object::Text(other)) => bool(*units == **other),
                Some(Object::Opaque) => Ok(None),
                Some(_) => bool(false),
            },
            _ => {
                let Some(other) = self.units(first)? else {
                    return Ok(None);
                };
                match (compute, letters) {
                    (Compute::StartsWith, [b'S']) => bool(units.starts_with(&other)),
                    (Compute::EndsWith, [b'S']) => bool(units.ends_with(&other)),
                    (Compute::Contains, [_]) => {
                        let found = self.find(&units, &other, 0)?;
                        bool(found.is_some())
                    }
                    (Compute::IndexOf, [b'S', ..]) => {
                        let from = if letters.len() > 1 { at(second)? } else { 0 };
                        let found = self.find(&units, &other, from)?;
                        Ok(Some(Slot::Int(found.map_or(Ok(-1), len)?)))
                    }
                    (Compute::Split, [b'S']) => self.split(&units, &other),
                    _ => Ok(None),
                }
            }
        }
    }

    fn find(&mut self, units: &[u16], other: &[u16], from: usize) -> Result<Option<usize>, Stop> {
        self.spend_on(units.len().saturating_mul(other.len()))?;
        let rest = units.get(from..).unwrap_or_default();
        if other.is_empty() {
            return Ok(Some(from.min(units.len())));
        }
        let found = rest.windows(other.len()).position(|window| window == other);
        Ok(found.map(|place| place.saturating_add(from)))
    }

    /// `split` at one character that means itself.
    fn split(&mut self, units: &[u16], at: &[u16]) -> Answer {
        let plain = |unit: &u16| u8::try_from(*unit).is_ok_and(|byte| !b".$|()[{^?*+\\".contains(&byte));
        let is_letter = |unit: &u16| u8::try_from(*unit).is_ok_and(|byte| byte.is_ascii_alphanumeric());
        let at = match at {
            [one] if plain(one) => *one,
            [slash, one] if *slash == u16::from(b'\\') && !is_letter(one) => *one,
            _ => return Ok(None),
        };
        let mut parts: Vec<&[u16]> = units.split(|unit| *unit == at).collect();
        // Empty parts at the end are left out, but not the only one.
        while parts.len() > 1 && parts.last().is_some_and(|part| part.is_empty()) {
            parts.pop();
        }
        let mut slots = Vec::with_capacity(parts.len());
        for part in parts {
            slots.push(self.heap.text(part)?);
        }
        self.heap.allocate(Object::Refs(slots)).map(Some)
    }
}

fn digit(c: Slot, radix: Slot) -> Option<Slot> {
    let (Slot::Int(c @ 0..0x80), Slot::Int(radix @ 2..=36)) = (c, radix) else {
        return None;
    };
    let digit = char::from_u32(c.unsigned_abs())?.to_digit(radix.unsigned_abs());
    Some(Slot::Int(digit.map_or(-1, u32::cast_signed)))
}

fn mathematics(compute: Compute, a: Slot, b: Slot) -> Option<Slot> {
    Some(match (compute, a, b) {
        (Compute::Abs, Slot::Int(a), _) => Slot::Int(a.wrapping_abs()),
        (Compute::Abs, Slot::Long(a), _) => Slot::Long(a.wrapping_abs()),
        (Compute::Max, Slot::Int(a), Slot::Int(b)) => Slot::Int(a.max(b)),
        (Compute::Max, Slot::Long(a), Slot::Long(b)) => Slot::Long(a.max(b)),
        (Compute::Min, Slot::Int(a), Slot::Int(b)) => Slot::Int(a.min(b)),
        (Compute::Min, Slot::Long(a), Slot::Long(b)) => Slot::Long(a.min(b)),
        _ => return None,
    })
}
