//! A typed value of binary XML and resource tables.
//!
//! Spec: `Res_value` of AOSP `ResourceTypes.h`: size (2 bytes, not looked at, as on the device), res0,
//! dataType, data (4 bytes).

use std::fmt;

/// Bytes of a `Res_value`.
pub(super) const SIZE: usize = 8;

const REFERENCE: u8 = 0x01;
const ATTRIBUTE: u8 = 0x02;
const STRING: u8 = 0x03;
const FLOAT: u8 = 0x04;
const DIMENSION: u8 = 0x05;
const FRACTION: u8 = 0x06;
const DYNAMIC_REFERENCE: u8 = 0x07;
const DYNAMIC_ATTRIBUTE: u8 = 0x08;
const INT_DEC: u8 = 0x10;
const INT_HEX: u8 = 0x11;
const INT_BOOLEAN: u8 = 0x12;
const INT_LAST: u8 = 0x1f;

/// A typed value. Strings are indices into the pool of the file that the value is in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Value {
    /// `dataType`.
    pub kind: u8,
    /// `data`; what it means depends on `kind`.
    pub data: u32,
}

impl Value {
    /// Reads a `Res_value` at the start of `data`.
    pub(super) fn read(data: &[u8]) -> Option<Self> {
        let [_, _, _, kind, a, b, c, d] = *data.first_chunk::<SIZE>()?;
        Some(Self {
            kind,
            data: u32::from_le_bytes([a, b, c, d]),
        })
    }

    /// Index into the string pool, of a string.
    pub fn string(self) -> Option<u32> {
        (self.kind == STRING).then_some(self.data)
    }

    /// Resource id, of a reference (dynamic ones too); not of an attribute reference.
    pub fn reference(self) -> Option<u32> {
        (matches!(self.kind, REFERENCE | DYNAMIC_REFERENCE) && self.data != 0).then_some(self.data)
    }

    /// The value of a boolean.
    pub fn boolean(self) -> Option<bool> {
        (self.kind == INT_BOOLEAN).then_some(self.data != 0)
    }

    /// The bits of an integer (decimal, hexadecimal, boolean or colour).
    pub fn integer(self) -> Option<u32> {
        (INT_DEC..=INT_LAST).contains(&self.kind).then_some(self.data)
    }

    /// Whether this is an integer that is neither a boolean nor a colour.
    pub fn is_number(self) -> bool {
        matches!(self.kind, INT_DEC | INT_HEX)
    }

    /// Whether there is no value (`@null`, `@empty`, or a reference to nothing).
    pub fn is_null(self) -> bool {
        self.kind == 0 || (matches!(self.kind, REFERENCE | DYNAMIC_REFERENCE) && self.data == 0)
    }
}

/// As `aapt` writes it: `@0x7f040001`, `?0x01010036`, `true`, `12`, `0x1f`, `#ff00aa00`. A string prints
/// as its index, `"3"`: only its pool knows more.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = self.data;
        match self.kind {
            0 => write!(f, "@null"),
            REFERENCE | DYNAMIC_REFERENCE if data == 0 => write!(f, "@null"),
            REFERENCE | DYNAMIC_REFERENCE => write!(f, "@0x{data:08x}"),
            ATTRIBUTE | DYNAMIC_ATTRIBUTE => write!(f, "?0x{data:08x}"),
            STRING => write!(f, "\"{data}\""),
            FLOAT => write!(f, "{}", f32::from_bits(data)),
            DIMENSION => write!(
                f,
                "{}{}",
                complex(data),
                unit(data, &["px", "dip", "sp", "pt", "in", "mm"])
            ),
            FRACTION => write!(f, "{}{}", complex(data) * 100.0, unit(data, &["%", "%p"])),
            INT_DEC => write!(f, "{}", data.cast_signed()),
            INT_BOOLEAN => write!(f, "{}", data != 0),
            0x1c | 0x1e => write!(f, "#{data:08x}"),
            0x1d | 0x1f => write!(f, "#{:06x}", data & 0x00ff_ffff),
            INT_HEX | 0x13..=0x1b => write!(f, "0x{data:x}"),
            kind => write!(f, "(type 0x{kind:02x}) 0x{data:08x}"),
        }
    }
}

/// `complex_value`: a 24-bit signed mantissa and one of four radix points.
fn complex(data: u32) -> f32 {
    let mantissa = (data & 0xffff_ff00).cast_signed() >> 8;
    let scale = match (data >> 4) & 3 {
        0 => 1.0,
        1 => 1.0 / 128.0,
        2 => 1.0 / 32_768.0,
        _ => 1.0 / 8_388_608.0,
    };
    #[expect(clippy::as_conversions, reason = "24 bits are exact in a float")]
    let mantissa = mantissa as f32;
    mantissa * scale
}

fn unit(data: u32, names: &[&'static str]) -> &'static str {
    names
        .get(usize::try_from(data & 0xf).unwrap_or(usize::MAX))
        .copied()
        .unwrap_or("?")
}
