//! Where in a file a row stands.

use toml::de::{DeTable, DeValue};

use crate::rule::load::position;

/// One step from a table or a list to what is in it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'s> {
    /// A key of a table.
    Key(&'s str),
    /// A place in a list, from 0.
    At(usize),
}

/// A parsed file that remembers where each value stands.
pub(super) struct Tree<'t>(Option<toml::Spanned<DeTable<'t>>>);

impl<'t> Tree<'t> {
    pub(super) fn parse(text: &'t str) -> Self {
        Self(DeTable::parse(text).ok())
    }

    /// Line of a value, from 1; of what holds it, where the value itself is not there.
    pub(super) fn line(&self, text: &str, steps: &[Step<'_>]) -> usize {
        let mut start = 0;
        let mut table = self.0.as_ref().map(toml::Spanned::get_ref);
        let mut list: Option<&toml::de::DeArray<'_>> = None;
        for step in steps {
            let value = match step {
                Step::Key(key) => table.and_then(|table| table.get(*key)),
                Step::At(index) => list.and_then(|list| list.get(*index)),
            };
            let Some(value) = value else { break };
            start = value.span().start;
            (table, list) = match value.get_ref() {
                DeValue::Table(inner) => (Some(inner), None),
                DeValue::Array(inner) => (None, Some(inner)),
                _ => (None, None),
            };
        }
        position(text, start).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_steps() {
        let text = "a = 1\nlist = [\n  { b = 1 },\n  { b = 2 },\n]\n[[table]]\nc = [\n  1,\n]\n";
        let tree = Tree::parse(text);
        let line = |steps: &[Step<'_>]| tree.line(text, steps);
        assert_eq!(line(&[Step::Key("a")]), 1);
        assert_eq!(line(&[Step::Key("list"), Step::At(1), Step::Key("b")]), 4);
        assert_eq!(line(&[Step::Key("list"), Step::At(1), Step::Key("missing")]), 4);
        assert_eq!(
            line(&[Step::Key("table"), Step::At(0), Step::Key("c"), Step::At(0)]),
            8
        );
        assert_eq!(line(&[]), 1);
    }
}
