//! What methods of the platform compute, by their models. [`string`](super::string) and [`array`](super::array) have
//! those of which nothing else is modelled.
//!
//! Java SE `String`, `StringBuilder`, `Integer`. `None`: it is not known, since an argument is
//! not or since it is not modelled. What the platform throws ends the execution.

use std::rc::Rc;

use super::super::platform::{Edit, Model};
use super::super::table::Shape;
use super::heap::{Object, Slot};
use super::numbers::low;
use super::step::at;
use super::{Executor, Stop};

/// The result of a call, where it is known.
pub(super) type Answer = Result<Option<Slot>, Stop>;

/// What a call does not return.
pub(super) const DONE: Answer = Ok(Some(Slot::Unknown));

impl Executor<'_, '_> {
    /// Does what a model says; `slots` are the registers of the call.
    pub(super) fn platform(&mut self, model: Model, shape: Shape, is_static: bool, slots: &[Slot]) -> Answer {
        let letters = shape.letters();
        let mut registers = slots.iter().copied();
        let this = if is_static {
            Slot::Unknown
        } else {
            registers.next().unwrap_or(Slot::Unknown)
        };
        let mut args = Vec::with_capacity(letters.len());
        for letter in letters {
            args.push(registers.next().unwrap_or(Slot::Unknown));
            if matches!(letter, b'J' | b'D') {
                registers.next();
            }
        }
        if args.contains(&Slot::Unknown) {
            return Ok(None);
        }
        let first = args.first().copied().unwrap_or(Slot::Unknown);
        let second = args.get(1).copied().unwrap_or(Slot::Unknown);
        let letter = letters.first().copied().unwrap_or(b'V');
        match model {
            Model::Wrap => self.constructed(this, letters, &args),
            Model::Append | Model::Insert | Model::SetLength | Model::Reverse | Model::Edit(_) => {
                self.edited(model, this, letters, &args)
            }
            Model::Text | Model::This => match self.heap.get(this) {
                Some(Object::Text(_)) => Ok(Some(this)),
                Some(Object::Boxed(_, slot)) if shape.result != b'S' => Ok(Some(as_(shape.result, *slot))),
                _ => self.valued(this, b'L'),
            },
            Model::First => match (letter, first) {
                (b'S', _) => match self.parsed(first, Slot::Int(10), b'J') {
                    Some(slot) => {
                        let slot = slot?;
                        self.heap.allocate(Object::Boxed(b'J', slot)).map(Some)
                    }
                    None => Ok(None),
                },
                (letter, slot) => self.heap.allocate(Object::Boxed(letter, slot)).map(Some),
            },
            Model::Concat => match (self.units(this)?, self.units(first)?) {
                (Some(a), Some(b)) => self.text(&[&a[..], &b[..]].concat()),
                _ => Ok(None),
            },
            Model::ValueOf => match letters {
                [] => self.valued(this, b'L'),
                [b'I' | b'J', b'I'] => match (first, second) {
                    (_, Slot::Int(10)) => self.valued(first, letter),
                    _ => Ok(None),
                },
                [_] => self.valued(first, letter),
                [b'[', b'I', b'I'] => match self.slice(first, second, args.get(2).copied())? {
                    Some(units) => self.text(&units),
                    None => Ok(None),
                },
                _ => Ok(None),
            },
            Model::Replace => self.replaced(this, letters, first, second),
            Model::Trim => self.mapped(this, |units| Some(trim(units).to_vec())),
            Model::Lower => self.mapped(this, |units| ascii(units, u8::to_ascii_lowercase)),
            Model::Upper => self.mapped(this, |units| ascii(units, u8::to_ascii_uppercase)),
            Model::Substring => {
                let Some(units) = self.units(this)? else {
                    return Ok(None);
                };
                let end = if letters.len() > 1 {
                    at(second)?
                } else {
                    units.len()
                };
                let part = units.get(at(first)?..end).ok_or(Stop::Unknown)?;
                self.text(part)
            }
            Model::Parse => {
                let radix = if letters.len() > 1 { second } else { Slot::Int(10) };
                self.parsed(first, radix, shape.result)
                    .map_or(Err(Stop::Unknown), |slot| slot.map(Some))
            }
            Model::Compute(compute) => self.computed(compute, this, letters, &args),
            _ => Ok(None),
        }
    }

    /// The units of a text or of a builder; `None` where they are not known.
    pub(super) fn units(&mut self, slot: Slot) -> Result<Option<Rc<[u16]>>, Stop> {
        let units: Rc<[u16]> = match self.heap.get(slot) {
            Some(Object::Text(units)) => Rc::clone(units),
            Some(Object::Builder(units)) => units.as_slice().into(),
            _ if slot == Slot::Int(0) => return Err(Stop::Unknown),
            _ => return Ok(None),
        };
        self.spend_on(units.len())?;
        Ok(Some(units))
    }

    pub(super) fn text(&mut self, units: &[u16]) -> Answer {
        self.spend_on(units.len())?;
        self.heap.text(units).map(Some)
    }

    /// A value as `append` and `valueOf` write it, by the letter of the parameter.
    fn written(&mut self, slot: Slot, letter: u8) -> Result<Option<Vec<u16>>, Stop> {
        let text = match (letter, slot) {
            (b'Z', Slot::Int(n)) => if n == 0 { "false" } else { "true" }.to_owned(),
            (b'C', Slot::Int(n)) => return Ok(u16::try_from(n).ok().map(|unit| vec![unit])),
            (b'I', Slot::Int(n)) => n.to_string(),
            (b'J', Slot::Long(n)) => n.to_string(),
            (b'S' | b'T' | b'L', Slot::Int(0)) => "null".to_owned(),
            (b'S' | b'T' | b'L' | b'[', Slot::Ref(_)) => {
                let (letter, slot) = match self.heap.get(slot) {
                    Some(Object::Boxed(letter, slot)) => (*letter, *slot),
                    Some(Object::Numbers(b'C', _)) => return self.slice(slot, Slot::Int(0), None),
                    _ => return Ok(self.units(slot)?.map(|units| units.to_vec())),
                };
                // A number in an object, which is none itself.
                return self.written(slot, letter);
            }
            _ => return Ok(None),
        };
        Ok(Some(text.encode_utf16().collect()))
    }

    fn valued(&mut self, slot: Slot, letter: u8) -> Answer {
        match self.written(slot, letter)? {
            Some(units) => self.text(&units),
            None => Ok(None),
        }
    }

    fn constructed(&mut self, this: Slot, letters: &[u8], args: &[Slot]) -> Answer {
        let Some(Object::Fresh(is_text)) = self.heap.get(this) else {
            return Ok(None);
        };
        let is_text = *is_text;
        let first = args.first().copied().unwrap_or(Slot::Unknown);
        let units = match letters {
            [] => Some(Vec::new()),
            [b'I'] if !is_text => Some(Vec::new()),
            [b'S' | b'T' | b'L'] => self.units(first)?.map(|units| units.to_vec()),
            [b'[', ..] => self.decoded(letters, args)?,
            _ => None,
        };
        let Some(units) = units else { return Ok(None) };
        self.heap.charge(units.len().saturating_mul(2))?;
        *self.heap.get_mut(this)? = if is_text {
            Object::Text(units.into())
        } else {
            Object::Builder(units)
        };
        DONE
    }

    fn edited(&mut self, model: Model, this: Slot, letters: &[u8], args: &[Slot]) -> Answer {
        let first = args.first().copied().unwrap_or(Slot::Unknown);
        let part = match (model, letters) {
            (Model::Append, [letter]) => self.written(first, *letter)?,
            (Model::Append, [b'[', b'I', b'I']) => self.slice(
                first,
                args.get(1).copied().unwrap_or(Slot::Unknown),
                args.get(2).copied(),
            )?,
            (Model::Insert, [_, letter]) => {
                self.written(args.get(1).copied().unwrap_or(Slot::Unknown), *letter)?
            }
            (Model::Append | Model::Insert, _) => None,
            _ => Some(Vec::new()),
        };
        let Some(part) = part else { return Ok(None) };
        self.heap.charge(part.len().saturating_mul(2))?;
        let whole = match self.heap.get(this) {
            Some(Object::Builder(units)) => units.len(),
            _ => return Ok(None),
        };
        self.spend_on(if model == Model::Append { part.len() } else { whole })?;
        let Object::Builder(units) = self.heap.get_mut(this)? else {
            return Ok(None);
        };
        match model {
            Model::Append => units.extend(part),
            Model::Insert => {
                let place = at(first)?;
                if place > units.len() {
                    return Err(Stop::Unknown);
                }
                units.splice(place..place, part);
            }
            // What is longer is filled with zeros: no text.
            Model::SetLength => units.truncate(at(first)?),
            // Pairs stay in order.
            Model::Reverse if units.iter().any(|unit| (0xd800..0xe000).contains(unit)) => return Ok(None),
            Model::Reverse => units.reverse(),
            Model::Edit(Edit::SetCharAt) => {
                let (Slot::Int(c), place) = (args.get(1).copied().unwrap_or(Slot::Unknown), at(first)?)
                else {
                    return Ok(None);
                };
                let [a, b, ..] = c.to_le_bytes();
                *units.get_mut(place).ok_or(Stop::Unknown)? = u16::from_le_bytes([a, b]);
            }
            Model::Edit(edit) => {
                let start = at(first)?;
                let end = match edit {
                    Edit::Delete => at(args.get(1).copied().unwrap_or(Slot::Unknown))?.min(units.len()),
                    _ => start.saturating_add(1),
                };
                if start > end || end > units.len() {
                    return Err(Stop::Unknown);
                }
                units.drain(start..end);
            }
            _ => return Ok(None),
        }
        Ok(Some(this))
    }

    fn mapped(&mut self, this: Slot, f: impl Fn(&[u16]) -> Option<Vec<u16>>) -> Answer {
        match self.units(this)?.and_then(|units| f(&units)) {
            Some(units) => self.text(&units),
            None => Ok(None),
        }
    }

    /// `replace` of one character by another, or of a plain text.
    fn replaced(&mut self, this: Slot, letters: &[u8], from: Slot, to: Slot) -> Answer {
        let Some(units) = self.units(this)? else {
            return Ok(None);
        };
        match (letters, from, to) {
            ([b'C', b'C'], Slot::Int(from), Slot::Int(to)) => {
                let to = u16::try_from(to).map_err(|_| Stop::Unknown)?;
                let one = |unit: &u16| if i32::from(*unit) == from { to } else { *unit };
                self.text(&units.iter().map(one).collect::<Vec<u16>>())
            }
            ([b'T', b'T'], ..) => {
                let (Some(from), Some(to)) = (self.units(from)?, self.units(to)?) else {
                    return Ok(None);
                };
                if from.is_empty() {
                    return Ok(None);
                }
                self.spend_on(units.len().saturating_mul(from.len()))?;
                let mut out = Vec::new();
                let mut rest = &units[..];
                while let Some(unit) = rest.first() {
                    match rest.strip_prefix(&from[..]) {
                        Some(after) => {
                            self.heap.charge(to.len().saturating_mul(2))?;
                            out.extend_from_slice(&to);
                            rest = after;
                        }
                        None => {
                            out.push(*unit);
                            rest = rest.get(1..).unwrap_or_default();
                        }
                    }
                }
                self.text(&out)
            }
            _ => Ok(None),
        }
    }

    /// A number that a text says; `None` where it says none.
    fn parsed(&mut self, text: Slot, radix: Slot, letter: u8) -> Option<Result<Slot, Stop>> {
        let units = match self.units(text) {
            Ok(units) => units?,
            Err(stop) => return Some(Err(stop)),
        };
        let text = String::from_utf16(&units).ok().filter(|text| text.is_ascii())?;
        if letter == b'Z' {
            return Some(Ok(Slot::Int(i32::from(text.eq_ignore_ascii_case("true")))));
        }
        let Slot::Int(radix @ 2..=36) = radix else {
            return None;
        };
        let radix = radix.unsigned_abs();
        Some(Ok(match letter {
            b'J' => Slot::Long(i64::from_str_radix(&text, radix).ok()?),
            b'I' => Slot::Int(i32::from_str_radix(&text, radix).ok()?),
            _ => return None,
        }))
    }
}

/// A number of an object as a method returns it.
fn as_(letter: u8, slot: Slot) -> Slot {
    match (letter, slot) {
        (b'J', Slot::Int(n)) => Slot::Long(i64::from(n)),
        (b'I' | b'C' | b'Z', Slot::Long(n)) => Slot::Int(low(n)),
        (_, slot) => slot,
    }
}

fn trim(units: &[u16]) -> &[u16] {
    let dark = |unit: &u16| *unit > 0x20;
    let start = units.iter().position(dark).unwrap_or(units.len());
    let end = units
        .iter()
        .rposition(dark)
        .map_or(start, |last| last.saturating_add(1));
    units.get(start..end).unwrap_or_default()
}

/// ASCII only: of other letters the language decides.
fn ascii(units: &[u16], f: fn(&u8) -> u8) -> Option<Vec<u16>> {
    let one = |unit: &u16| {
        u8::try_from(*unit)
            .ok()
            .filter(u8::is_ascii)
            .map(|byte| u16::from(f(&byte)))
    };
    units.iter().map(one).collect()
}
