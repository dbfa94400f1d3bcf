//! A filter that turns down most strings before anything is hashed.

/// Which first bytes and lengths the texts of a table have.
#[derive(Debug, Clone)]
pub(super) struct Shapes {
    /// By first byte: bit `length / 4`, the last bit for 124 bytes and more; all bits for a prefix.
    lengths: [u32; 256],
    /// Whether some row matches by its end, so that nothing can be turned down by its start.
    any: bool,
}

impl Default for Shapes {
    fn default() -> Self {
        Self {
            lengths: [0; 256],
            any: false,
        }
    }
}

impl Shapes {
    /// Lets a text through that equals this one.
    pub(super) fn add_exact(&mut self, text: &[u8]) {
        self.add(text, bucket(text.len()));
    }

    /// Lets every text through that starts like this one.
    pub(super) fn add_prefix(&mut self, text: &[u8]) {
        self.add(text, u32::MAX);
    }

    /// Lets every text through.
    pub(super) fn add_any(&mut self) {
        self.any = true;
    }

    /// Whether a row may match: `false` is certain, `true` is not.
    pub(super) fn may_hold(&self, text: &[u8]) -> bool {
        let Some(first) = text.first() else { return false };
        let lengths = self.lengths.get(usize::from(*first)).copied().unwrap_or_default();
        self.any || lengths & bucket(text.len()) != 0
    }

    fn add(&mut self, text: &[u8], bits: u32) {
        let lengths = text
            .first()
            .and_then(|first| self.lengths.get_mut(usize::from(*first)));
        if let Some(lengths) = lengths {
            *lengths |= bits;
        }
    }
}

fn bucket(length: usize) -> u32 {
    1_u32.wrapping_shl(u32::try_from(length / 4).unwrap_or(31).min(31))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_passes_by_first_byte_and_length_or_by_a_prefix() {
        let mut shapes = Shapes::default();
        shapes.add_exact(b"ro.serialno");
        shapes.add_prefix(b"content://sms");
        assert!(shapes.may_hold(b"ro.serialno"));
        assert!(!shapes.may_hold(b"ro.serialno.of.another"));
        assert!(!shapes.may_hold(b"so.serialno"));
        assert!(shapes.may_hold(b"content://sms/inbox/of/any/length"));
        assert!(!shapes.may_hold(b""));
    }
}
