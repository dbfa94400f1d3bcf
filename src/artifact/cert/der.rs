//! Just enough DER (ITU-T X.690) to find a certificate in a signature and hand out its very bytes:
//! a digest is taken over what is in the file, not over what a decoder would write.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[0]`, constructed.
pub(super) const CONTEXT_0: u8 = 0xa0;

/// A tag with its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tlv<'a> {
    /// Class, constructed bit and number; numbers above 30 do not occur here.
    pub(super) tag: u8,
    /// The value.
    pub(super) body: &'a [u8],
    /// Tag, length and value.
    pub(super) whole: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// The values inside a constructed one.
    pub(super) fn fields(&self) -> Der<'a> {
        Der::new(self.body)
    }
}

/// Values one after the other. Ends at the first that is not DER.
#[derive(Debug, Clone)]
pub(super) struct Der<'a> {
    rest: &'a [u8],
}

impl<'a> Der<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    /// The next value, if it has this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<Tlv<'a>> {
        let mut ahead = self.clone();
        let tlv = ahead.next().filter(|t| t.tag == tag)?;
        *self = ahead;
        Some(tlv)
    }
}

impl<'a> Iterator for Der<'a> {
    type Item = Tlv<'a>;

    fn next(&mut self) -> Option<Tlv<'a>> {
        let data = std::mem::take(&mut self.rest);
        let [tag, first, ..] = *data else { return None };
        let (header, len) = match first {
            0..0x80 => (2, usize::from(first)),
            // Four bytes of length reach 4 GiB; 0x80 is BER's indefinite length.
            0x81..=0x84 => {
                let bytes = usize::from(first & 0x7f);
                let len = data.get(2..)?.get(..bytes)?;
                let len = len.iter().fold(0_usize, |n, b| n << 8 | usize::from(*b));
                (bytes.saturating_add(2), len)
            }
            0x80 | 0x85..=0xff => return None,
        };
        let end = len.checked_add(header)?;
        let whole = data.get(..end)?;
        self.rest = data.get(end..)?;
        Some(Tlv {
            tag,
            body: whole.get(header..)?,
            whole,
        })
    }
}
