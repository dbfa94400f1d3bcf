//! The wire format of Protocol Buffers, read strictly.
//!
//! Spec: <https://protobuf.dev/programming-guides/encoding>. A message is a row of fields, each a tag (field
//! number and wire type) and a value. Fields that nobody asks for are skipped by their length; groups, which
//! nothing here uses, field number 0, and varints of more than 64 bits are refused. There is no recursion: a
//! message within a message is bytes until someone reads it as one.

use crate::bytes::{Gap, wide};

use super::NAME;

/// Bytes of the longest varint: 64 bits, seven in a byte.
const VARINT: usize = 10;

/// The fields of a message, in order. Ends with the first that is damaged.
#[derive(Debug, Clone)]
pub(super) struct Message<'a> {
    rest: &'a [u8],
    /// Bytes from the payload's start to `rest`.
    at: u64,
}

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) number: u64,
    /// Bytes from the payload's start to its tag.
    pub(super) at: u64,
    value: Value<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Varint(u64),
    /// Length-delimited, with its place.
    Bytes(&'a [u8], u64),
    /// Fixed 32 or 64 bits: no field that is read here has one.
    Fixed,
}

impl<'a> Message<'a> {
    /// The message in `data`, which begins `at` bytes from the payload's start.
    pub(super) fn new(data: &'a [u8], at: u64) -> Self {
        Self { rest: data, at }
    }

    /// Bytes from the payload's start.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    fn take(&mut self, what: &'static str, len: u64) -> Result<&'a [u8], Gap> {
        let split = usize::try_from(len)
            .ok()
            .and_then(|len| self.rest.split_at_checked(len));
        let Some((head, rest)) = split else {
            return Err(Gap::truncated(NAME, self.at, what, len, wide(self.rest.len())));
        };
        self.rest = rest;
        self.at = self.at.saturating_add(len);
        Ok(head)
    }

    fn varint(&mut self, what: &'static str) -> Result<u64, Gap> {
        let mut value = 0_u64;
        for (n, byte) in self.rest.iter().take(VARINT).enumerate() {
            let bits = u64::from(byte & 0x7f);
            let shift = u32::try_from(n).unwrap_or(0).saturating_mul(7);
            // The tenth byte has room for one bit.
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                self.take(what, wide(n).saturating_add(1))?;
                return Ok(value);
            }
        }
        let left = wide(self.rest.len());
        if left < wide(VARINT) {
            return Err(Gap::truncated(NAME, self.at, what, left.saturating_add(1), left));
        }
        Err(Gap::invalid(NAME, self.at, what, value))
    }

    fn field(&mut self) -> Result<Field<'a>, Gap> {
        let at = self.at;
        let tag = self.varint("field tag")?;
        let number = tag >> 3;
        if number == 0 || tag > u64::from(u32::MAX) {
            return Err(Gap::invalid(NAME, at, "field number", number));
        }
        let value = match tag & 7 {
            0 => Value::Varint(self.varint("field value")?),
            1 => self.take("fixed64 field", 8).map(|_| Value::Fixed)?,
            2 => {
                let len = self.varint("field length")?;
                let start = self.at;
                Value::Bytes(self.take("field", len)?, start)
            }
            5 => self.take("fixed32 field", 4).map(|_| Value::Fixed)?,
            kind => return Err(Gap::invalid(NAME, at, "wire type", kind)),
        };
        Ok(Field { number, at, value })
    }
}

impl<'a> Iterator for Message<'a> {
    type Item = Result<Field<'a>, Gap>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

impl<'a> Field<'a> {
    /// Its value as an integer, an enum or a bool.
    pub(super) fn int(&self, what: &'static str) -> Result<u64, Gap> {
        match self.value {
            Value::Varint(value) => Ok(value),
            _ => Err(Gap::invalid(NAME, self.at, what, self.number)),
        }
    }

    /// Its value as bytes or a string.
    pub(super) fn bytes(&self, what: &'static str) -> Result<&'a [u8], Gap> {
        match self.value {
            Value::Bytes(data, _) => Ok(data),
            _ => Err(Gap::invalid(NAME, self.at, what, self.number)),
        }
    }

    /// Its value as a message.
    pub(super) fn message(&self, what: &'static str) -> Result<Message<'a>, Gap> {
        match self.value {
            Value::Bytes(data, at) => Ok(Message::new(data, at)),
            _ => Err(Gap::invalid(NAME, self.at, what, self.number)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(data: &[u8], expect: &str) {
        let mut got = String::new();
        for field in Message::new(data, 0) {
            match field {
                Ok(Field {
                    number,
                    value: Value::Varint(n),
                    ..
                }) => got += &format!("{number}={n} "),
                Ok(Field {
                    number,
                    value: Value::Bytes(b, at),
                    ..
                }) => got += &format!("{number}={b:?}@{at} "),
                Ok(Field { number, .. }) => got += &format!("{number} "),
                Err(gap) => got += &gap.to_string(),
            }
        }
        assert_eq!(got.trim_end(), expect);
    }

    #[test]
    fn integers_bytes_and_what_is_not_asked_for() {
        check(b"\x08\x96\x01\x12\x02ab", "1=150 2=[97, 98]@5");
        check(b"\x0d1234\x11abcdefgh\x18\x00", "1 2 3=0");
        check(
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            "1=18446744073709551615",
        );
    }

    #[test]
    fn what_the_format_does_not_allow_ends_the_message() {
        check(
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x08\x00",
            "payload: field value at 0x1: invalid value 0x7fffffffffffffff",
        );
        check(b"\x0b\x08\x00", "payload: wire type at 0x0: invalid value 0x3");
        check(b"\x00\x00", "payload: field number at 0x0: invalid value 0x0");
        check(
            b"\x08\x00\x12\x05ab",
            "1=0 payload: field at 0x4: truncated, needs 5 bytes, 2 left",
        );
        check(
            b"\x08",
            "payload: field value at 0x1: truncated, needs 1 bytes, 0 left",
        );
        check(
            b"\xff\xff\xff\xff\x7f\x00",
            "payload: field number at 0x0: invalid value 0xffffffff",
        );
    }

    #[test]
    fn a_field_of_another_kind_is_not_taken() {
        let field = Message::new(b"\x08\x01", 7).next().unwrap().unwrap();
        assert_eq!(
            field.bytes("name").unwrap_err().to_string(),
            "payload: name at 0x7: invalid value 0x1"
        );
        assert!(field.int("size").is_ok() && field.message("info").is_err());
    }
}
