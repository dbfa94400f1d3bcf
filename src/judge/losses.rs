//! Which losses of one side cover which items: what a judge cannot know.

use crate::bytes::GapClass;
use crate::fact::NoticeFact;

use super::Side;

/// A notice of something that was lost, with its place free of the input's own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss<'a> {
    /// The notice.
    pub notice: &'a NoticeFact,
    /// Its logical place without the input's name: empty for the input itself.
    pub place: &'a str,
}

impl Loss<'_> {
    /// Whether it is a loss of the input itself: nobody knows what else was in there.
    pub fn is_whole(&self) -> bool {
        self.place.is_empty()
    }

    /// Whether the item at `place` (free of the input's name) may have been lost by it: it lies in
    /// what was lost, or a part of it was lost.
    pub fn covers(&self, place: &str) -> bool {
        within(place, self.place) || within(self.place, place)
    }

    /// The same loss in another build, whatever its offsets and numbers are.
    pub fn same(&self, other: &Self) -> bool {
        self.place == other.place
            && self.notice.class == other.notice.class
            && self.notice.format == other.notice.format
    }
}

/// The losses of a side: its notices without those of things that are merely odd.
pub fn losses<'a>(side: &Side<'a>) -> Vec<Loss<'a>> {
    side.notices
        .iter()
        .filter(|n| n.class != GapClass::Odd)
        .map(|notice| Loss {
            notice,
            place: side.strip(&notice.place),
        })
        .collect()
}

/// Whether `inner` is `outer` or lies in it. The input itself (empty) holds everything.
fn within(inner: &str, outer: &str) -> bool {
    match inner.strip_prefix(outer) {
        Some(rest) => {
            outer.is_empty() || rest.is_empty() || rest.starts_with(['!', '/', ':']) || outer.ends_with(':')
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(loss: &str, item: &str, covered: bool) {
        let notice = NoticeFact {
            place: loss.into(),
            physical: loss.into(),
            format: "zip".into(),
            class: GapClass::Truncated,
            at: 0,
            text: String::new(),
            unread: 0,
        };
        let loss = Loss {
            notice: &notice,
            place: &notice.place,
        };
        assert_eq!(loss.covers(item), covered, "{:?} {item:?}", loss.place);
    }

    #[test]
    fn a_loss_covers_what_it_holds_and_what_holds_it() {
        check("", "system:app/Mms.apk", true);
        check("system:", "system:app/Mms.apk", true);
        check("system:app/Mms.apk", "system:app/Mms.apk", true);
        check("system:app/Mms.apk!classes.dex", "system:app/Mms.apk", true);
        check("system:app/Mms.apk", "system:app/Mms.apk!classes.dex", true);
        check("system:app/Mms.apk", "system:app/Mms.apk2", false);
        check("system:app/Mms.apk!res/a.xml", "system:app/Other.apk", false);
    }
}
