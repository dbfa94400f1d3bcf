//! Sizes as people write them.

use serde::Deserialize;

/// A size in the file: a number of bytes, or text such as `"256MiB"`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "toml::Value")]
pub(super) struct Size(pub(super) u64);

impl TryFrom<toml::Value> for Size {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        match value {
            toml::Value::Integer(n) => u64::try_from(n).map(Self).map_err(|_| WRONG_SIZE.to_owned()),
            toml::Value::String(text) => size(&text).map(Self),
            _ => Err(WRONG_SIZE.to_owned()),
        }
    }
}

const WRONG_SIZE: &str = "a number of bytes is wanted, like 512MiB, 2GiB or 1000000";

/// Reads a size: `2GiB`, `512M`, `1000000`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let one: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err(WRONG_SIZE.to_owned()),
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(one))
        .ok_or_else(|| WRONG_SIZE.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        assert_eq!(size("2GiB"), Ok(2 << 30));
        assert_eq!(size("64 m"), Ok(64 << 20));
        assert_eq!(size("1000"), Ok(1000));
        for wrong in ["", "GiB", "-1", "1.5G", "99999999999G", "1 parsec"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
