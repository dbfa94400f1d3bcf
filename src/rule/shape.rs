//! A filter that turns down most strings before anything is compared.

use rustc_hash::FxHashSet;

/// Bytes of a start or an end that are looked up at once.
const PART: usize = 8;

/// How the texts of a table look: which lengths they have by first byte, how prefixes start, how
/// suffixes end.
#[derive(Debug, Clone)]
pub(super) struct Shapes {
    /// By first byte: bit `length / 4`, the last bit for 124 bytes and more.
    lengths: [u32; 256],
    heads: FxHashSet<[u8; PART]>,
    tails: FxHashSet<[u8; PART]>,
    /// Some prefix or suffix is shorter than a part, so that nothing can be turned down.
    any: bool,
}

impl Default for Shapes {
    fn default() -> Self {
        Self {
            lengths: [0; 256],
            heads: FxHashSet::default(),
            tails: FxHashSet::default(),
            any: false,
        }
    }
}

impl Shapes {
    /// Lets a text through that may equal this one.
    pub(super) fn add_exact(&mut self, text: &[u8]) {
        let lengths = text
            .first()
            .and_then(|first| self.lengths.get_mut(usize::from(*first)));
        if let Some(lengths) = lengths {
            *lengths |= bucket(text.len());
        }
    }

    /// Lets every text through that starts like this one.
    pub(super) fn add_prefix(&mut self, text: &[u8]) {
        match text.first_chunk() {
            Some(head) => {
                self.heads.insert(*head);
            }
            None => self.any = true,
        }
    }

    /// Lets every text through that ends like this one.
    pub(super) fn add_suffix(&mut self, text: &[u8]) {
        match text.last_chunk() {
            Some(tail) => {
                self.tails.insert(*tail);
            }
            None => self.any = true,
        }
    }

    /// Whether a row may equal a text: `false` is certain, `true` is not.
    pub(super) fn may_equal(&self, text: &[u8]) -> bool {
        let lengths = text
            .first()
            .and_then(|first| self.lengths.get(usize::from(*first)));
        lengths.is_some_and(|lengths| lengths & bucket(text.len()) != 0)
    }

    /// Whether a row may be the start or the end of a text: `false` is certain, `true` is not.
    pub(super) fn may_hold(&self, text: &[u8]) -> bool {
        self.any
            || text.first_chunk().is_some_and(|head| self.heads.contains(head))
            || text.last_chunk().is_some_and(|tail| self.tails.contains(tail))
    }
}

fn bucket(length: usize) -> u32 {
    1_u32.wrapping_shl(u32::try_from(length / 4).unwrap_or(31).min(31))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_passes_by_what_it_looks_like() {
        let mut shapes = Shapes::default();
        shapes.add_exact(b"ro.serialno");
        shapes.add_prefix(b"content://sms");
        shapes.add_suffix(b"/baidu/.cuid");
        assert!(shapes.may_equal(b"ro.serialno"));
        assert!(!shapes.may_equal(b"ro.serialno.of.another"));
        assert!(!shapes.may_equal(b"so.serialno"));
        assert!(!shapes.may_equal(b""));
        assert!(shapes.may_hold(b"content://sms/inbox/of/any/length"));
        assert!(shapes.may_hold(b"/sdcard/baidu/.cuid"));
        assert!(!shapes.may_hold(b"com.acme.sms"));
        shapes.add_prefix(b"short");
        assert!(shapes.may_hold(b""));
    }
}
