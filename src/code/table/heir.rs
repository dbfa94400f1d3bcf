//! Members of interest that a class has from those above it.

use super::super::interest::{Interest, Member};
use super::super::package::{Package, index};
use super::NO_CLASS;

/// Finds members through superclasses and interfaces: a maker's subclass reads what its parent reads.
pub(super) struct Heirs<'p, 'a, 'r> {
    pub(super) package: &'p Package<'a>,
    pub(super) interest: &'p Interest<'r>,
    pub(super) dex: u16,
    pub(super) classes: &'p [Vec<u16>],
    /// The type that was asked for last: methods are sorted by class.
    pub(super) memo: Option<(u32, bool)>,
}

impl Heirs<'_, '_, '_> {
    /// Whether a type has an ancestor of interest.
    pub(super) fn any(&mut self, type_: u32) -> bool {
        if let Some((_, any)) = self.memo.filter(|(last, _)| *last == type_) {
            return any;
        }
        let mut any = false;
        self.visit(type_, &mut |class, _, _| {
            any = self.interest.info(class).inherited;
            any
        });
        self.memo = Some((type_, any));
        any
    }

    pub(super) fn find(&self, type_: u32, name: &[u8]) -> Option<Member> {
        if let Some(class) = self.class(self.dex, type_)
            && let Some(member) = self.member(class, self.dex, type_, name)
        {
            return Some(member);
        }
        // A constructor is not inherited, and one that calls its parent's is found there.
        if name == b"<init>" {
            return None;
        }
        let mut found = None;
        self.visit(type_, &mut |class, dex, type_| {
            if self.interest.info(class).inherited {
                found = self.member(class, dex, type_, name);
            }
            found.is_some()
        });
        found
    }

    fn class(&self, dex: u16, type_: u32) -> Option<u16> {
        let class = *self.classes.get(usize::from(dex))?.get(index(type_))?;
        (class != NO_CLASS).then_some(class)
    }

    fn member(&self, class: u16, dex: u16, type_: u32, name: &[u8]) -> Option<Member> {
        self.interest
            .method(class, self.package.type_name(dex, type_)?, name)
    }

    /// Calls `f` for each class of interest above a type, nearest first, until it says that it is done.
    fn visit(&self, type_: u32, f: &mut impl FnMut(u16, u16, u32) -> bool) {
        for (dex_no, type_, class) in self.package.chain(self.dex, type_) {
            let Some(dex) = self.package.dex(dex_no) else {
                return;
            };
            let interfaces = class
                .map(|class| dex.interfaces(&class.def).unwrap_or_default())
                .unwrap_or_default();
            // 32: an interface of interest is one of the first; a hostile list has 65 535.
            for type_ in std::iter::once(type_).chain(interfaces.iter().take(32)) {
                if let Some(class) = self.class(dex_no, type_)
                    && f(class, dex_no, type_)
                {
                    return;
                }
            }
        }
    }
}
