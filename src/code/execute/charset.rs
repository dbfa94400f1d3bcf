//! Bytes as text and text as bytes: the charsets that every platform has, and Base64.

/// A charset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    Ascii,
    Latin1,
}

impl Charset {
    /// By its name, `utf-8`, or by that of its constant, `UTF_8`.
    pub(super) fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase().replace('_', "-");
        Some(match name.as_str() {
            "utf-8" | "utf8" => Self::Utf8,
            "us-ascii" | "ascii" => Self::Ascii,
            "iso-8859-1" | "iso8859-1" | "latin1" => Self::Latin1,
            _ => return None,
        })
    }

    /// The UTF-16 units of a text; `None` where a byte would be replaced by another character.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<Vec<u16>> {
        Some(match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok()?.encode_utf16().collect(),
            Self::Ascii if !bytes.is_ascii() => return None,
            Self::Ascii | Self::Latin1 => bytes.iter().map(|byte| u16::from(*byte)).collect(),
        })
    }

    /// The bytes of a text; `None` where a character would be replaced by `?`.
    pub(super) fn encode(self, units: &[u16]) -> Option<Vec<u8>> {
        match self {
            Self::Utf8 => String::from_utf16(units).ok().map(String::into_bytes),
            Self::Ascii => units
                .iter()
                .map(|unit| u8::try_from(*unit).ok().filter(u8::is_ascii))
                .collect(),
            Self::Latin1 => units.iter().map(|unit| u8::try_from(*unit).ok()).collect(),
        }
    }
}

/// Decodes Base64 (RFC 4648, 4 and 5). `lenient`: what is no digit is passed over, as `android.util.Base64` does.
/// `None` where the platform would throw.
pub(super) fn base64(text: &[u8], url: bool, lenient: bool) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let (mut bits, mut have, mut ended) = (0_u32, 0_u32, false);
    for byte in text {
        let digit = match (*byte, url) {
            (b'A'..=b'Z', _) => byte.wrapping_sub(b'A'),
            (b'a'..=b'z', _) => byte.wrapping_sub(b'a').wrapping_add(26),
            (b'0'..=b'9', _) => byte.wrapping_sub(b'0').wrapping_add(52),
            (b'+', false) | (b'-', true) => 62,
            (b'/', false) | (b'_', true) => 63,
            (b'=', _) if ended || have == 2 || have == 3 => {
                ended = true;
                continue;
            }
            (b'=', _) => return None,
            _ if lenient => continue,
            _ => return None,
        };
        if ended {
            return None;
        }
        bits = bits.wrapping_shl(6) | u32::from(digit);
        have = have.wrapping_add(1);
        if have == 4 {
            let [_, a, b, c] = bits.to_be_bytes();
            out.extend([a, b, c]);
            (bits, have) = (0, 0);
        }
    }
    match have {
        0 => {}
        2 => {
            let [.., a] = bits.wrapping_shr(4).to_be_bytes();
            out.push(a);
        }
        3 => {
            let [.., a, b] = bits.wrapping_shr(2).to_be_bytes();
            out.extend([a, b]);
        }
        _ => return None,
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded_in_both_alphabets_with_and_without_padding() {
        for (text, url, expect) in [
            ("", false, Some(&b""[..])),
            ("Zm9v", false, Some(b"foo")),
            ("Zm8=", false, Some(b"fo")),
            ("Zg==", false, Some(b"f")),
            ("Zg", false, Some(b"f")),
            ("-_-_", true, Some(b"\xfb\xff\xbf")),
            ("+/+/", false, Some(b"\xfb\xff\xbf")),
            ("Z", false, None),
            ("Zg==Zg", false, None),
            ("=Zg", false, None),
        ] {
            assert_eq!(base64(text.as_bytes(), url, true).as_deref(), expect, "{text}");
        }
        assert_eq!(base64(b"Zm\n9v", false, true).as_deref(), Some(&b"foo"[..]));
        assert_eq!(base64(b"Zm\n9v", false, false), None);
    }

    #[test]
    fn what_a_charset_does_not_have_is_not_known() {
        assert_eq!(Charset::named("UTF_8"), Some(Charset::Utf8));
        assert_eq!(Charset::Utf8.decode(b"\xff"), None);
        assert_eq!(Charset::Ascii.encode(&[0xe9]), None);
        assert_eq!(Charset::Latin1.encode(&[0xe9]), Some(vec![0xe9]));
    }
}
