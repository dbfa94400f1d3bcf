//! The configuration that a resource is for, `ResTable_config`.

use crate::artifact::chunk::u16_at;

/// A `ResTable_config`, borrowed. Old tables have shorter ones; what is not there is "any".
#[derive(Debug, Clone, Copy, Default)]
pub struct Config<'a> {
    data: &'a [u8],
}

impl<'a> Config<'a> {
    /// From the bytes of the structure, its `size` field included.
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data }
    }

    /// Whether it is for every device.
    pub fn is_default(&self) -> bool {
        self.data
            .get(4..)
            .is_none_or(|fields| fields.iter().all(|b| *b == 0))
    }

    fn byte(&self, at: usize) -> u8 {
        self.data.get(at).copied().unwrap_or_default()
    }

    fn half(&self, at: usize) -> u16 {
        u16_at(self.data, at).unwrap_or_default()
    }

    /// As in the name of a `values-…` folder: `zh-rCN`, `mcc460-mnc01`, `v21`; empty for the default.
    pub fn qualifier(&self) -> String {
        if self.is_default() {
            return String::new();
        }
        let mut parts: Vec<String> = Vec::new();
        let mut number = |prefix: &str, n: u16, suffix: &str| {
            if n != 0 {
                parts.push(format!("{prefix}{n}{suffix}"));
            }
        };
        number("mcc", self.half(4), "");
        match self.half(6) {
            0xffff => parts.push("mnc00".to_owned()),
            n => number("mnc", n, ""),
        }
        parts.extend(self.locale());
        let mut number = |prefix: &str, n: u16, suffix: &str| {
            if n != 0 {
                parts.push(format!("{prefix}{n}{suffix}"));
            }
        };
        number("sw", self.half(30), "dp");
        number("w", self.half(32), "dp");
        number("h", self.half(34), "dp");
        let layout = self.byte(28);
        let pick = |value: u8, names: &[&str]| -> Option<String> {
            names
                .get(usize::from(value))
                .filter(|n| !n.is_empty())
                .map(|n| (*n).to_owned())
        };
        parts.extend(pick(layout >> 6, &["", "ldltr", "ldrtl"]));
        parts.extend(pick(layout & 0x0f, &["", "small", "normal", "large", "xlarge"]));
        parts.extend(pick((layout >> 4) & 3, &["", "notlong", "long"]));
        parts.extend(pick(self.byte(12), &["", "port", "land", "square"]));
        let mode = self.byte(29);
        parts.extend(pick(
            mode & 0x0f,
            &[
                "",
                "",
                "desk",
                "car",
                "television",
                "appliance",
                "watch",
                "vrheadset",
            ],
        ));
        parts.extend(pick((mode >> 4) & 3, &["", "notnight", "night"]));
        parts.extend(self.density());
        parts.extend(pick(self.byte(13), &["", "notouch", "stylus", "finger"]));
        parts.extend(pick(self.byte(16), &["", "nokeys", "qwerty", "12key"]));
        parts.extend(pick(self.byte(17), &["", "nonav", "dpad", "trackball", "wheel"]));
        if self.half(20) != 0 {
            parts.push(format!("{}x{}", self.half(20), self.half(22)));
        }
        if self.half(24) != 0 {
            parts.push(format!("v{}", self.half(24)));
        }
        if parts.is_empty() {
            // A dimension that is not named here.
            return "other".to_owned();
        }
        parts.join("-")
    }

    fn locale(&self) -> Option<String> {
        let language = code(self.byte(8), self.byte(9), b'a')?;
        Some(match code(self.byte(10), self.byte(11), b'0') {
            Some(region) => format!("{language}-r{region}"),
            None => language,
        })
    }

    fn density(&self) -> Option<String> {
        Some(match self.half(14) {
            0 => return None,
            120 => "ldpi".to_owned(),
            160 => "mdpi".to_owned(),
            213 => "tvdpi".to_owned(),
            240 => "hdpi".to_owned(),
            320 => "xhdpi".to_owned(),
            480 => "xxhdpi".to_owned(),
            640 => "xxxhdpi".to_owned(),
            0xfffe => "anydpi".to_owned(),
            0xffff => "nodpi".to_owned(),
            n => format!("{n}dpi"),
        })
    }
}

/// A language or region: two letters, or three packed into 15 bits above `base` with the top bit set.
fn code(first: u8, second: u8, base: u8) -> Option<String> {
    if first == 0 {
        return None;
    }
    let bytes = if first & 0x80 == 0 {
        vec![first, second]
    } else {
        let packed = u16::from_be_bytes([first, second]);
        [packed & 0x1f, (packed >> 5) & 0x1f, (packed >> 10) & 0x1f]
            .iter()
            .map(|n| base.saturating_add(u8::try_from(*n).unwrap_or_default()))
            .collect()
    };
    let text = bytes
        .iter()
        .filter(|b| b.is_ascii_alphanumeric())
        .map(|b| char::from(*b))
        .collect::<String>();
    Some(text).filter(|t| !t.is_empty())
}
