//! The rows of signature files, put where they are looked up.

use super::super::row::{ClassRow, IdentifierFile, Match, MemberRow, ValueRow};
use super::{Category, Identifier, IdentifierKind, Identifiers, SPEAKING};

impl Identifiers {
    /// Categories first: rows take their weight from them.
    pub(in crate::rule) fn add_categories(&mut self, file: &mut IdentifierFile) {
        for row in std::mem::take(&mut file.category) {
            let row = Category {
                id: row.id.into(),
                title: row.title.into(),
                class: row.class.into(),
                weight: row.weight,
                condition: row.condition.map(Into::into),
            };
            self.categories.insert(row.id.clone(), row);
        }
    }

    pub(in crate::rule) fn add(&mut self, file: IdentifierFile) {
        for class in file.class {
            self.add_class(class);
        }
        for (kind, rows) in [
            (IdentifierKind::Settings, file.settings),
            (IdentifierKind::Property, file.property),
            (IdentifierKind::Uri, file.uri),
            (IdentifierKind::Path, file.path),
            (IdentifierKind::Binder, file.binder),
            (IdentifierKind::Service, file.service),
            (IdentifierKind::Broadcast, file.broadcast),
            (IdentifierKind::Native, file.native),
            (IdentifierKind::Ioctl, file.ioctl),
            (IdentifierKind::Command, file.command),
            (IdentifierKind::Constant, file.constant),
            (IdentifierKind::Reflected, file.reflected),
            (IdentifierKind::Input, file.input),
            (IdentifierKind::Extra, file.extra),
        ] {
            for row in rows {
                self.add_value(kind, row);
            }
        }
    }

    /// Sorts what is searched; called once, after the last file.
    pub(in crate::rule) fn seal(&mut self) {
        for kind in SPEAKING {
            let Some(values) = self.values.get(&kind) else {
                continue;
            };
            for (prefix, _) in &values.prefixes {
                self.shapes.add_prefix(prefix.as_bytes());
            }
            for (suffix, _) in &values.suffixes {
                self.shapes.add_suffix(suffix.as_bytes());
            }
            #[expect(
                clippy::iter_over_hash_type,
                reason = "a text is exact in one kind only, or means the same"
            )]
            for (text, rows) in &values.exact {
                self.shapes.add_exact(text.as_bytes());
                if let Some(row) = rows.first() {
                    self.speaking.entry(text.as_bytes().into()).or_insert(*row);
                }
            }
        }
        #[expect(clippy::iter_over_hash_type, reason = "each kind is sorted on its own")]
        for values in self.values.values_mut() {
            values.prefixes.sort_unstable();
        }
    }

    fn weight(&self, category: &str, own: Option<u8>) -> u8 {
        own.or_else(|| self.categories.get(category).map(|category| category.weight))
            .unwrap_or(0)
    }

    fn add_class(&mut self, class: ClassRow) {
        let members = self.classes.entry(class.class.as_bytes().into()).or_default();
        let mut members = std::mem::take(members);
        let rows = class.methods.into_iter().map(|row| (IdentifierKind::Method, row));
        for (kind, row) in rows.chain(class.fields.into_iter().map(|row| (IdentifierKind::Field, row))) {
            let MemberRow {
                name,
                category,
                weight,
                makes,
                permission,
                desc,
                note,
                ..
            } = row;
            let category: Box<str> = category
                .as_deref()
                .or(class.category.as_deref())
                .unwrap_or_default()
                .into();
            let row = Identifier {
                kind,
                class: class.class.as_str().into(),
                name: name.into(),
                how: Match::Exact,
                namespace: None,
                weight: self.weight(&category, weight),
                category,
                makes: makes.or(class.makes),
                permission: permission
                    .as_deref()
                    .or(class.permission.as_deref())
                    .map(Into::into),
                descriptors: desc.into_iter().map(Into::into).collect(),
                note: note.as_deref().or(class.note.as_deref()).map(Into::into),
            };
            let index = if kind == IdentifierKind::Method {
                &mut members.methods
            } else {
                &mut members.fields
            };
            match index
                .get(row.name.as_bytes())
                .and_then(|at| self.rows.get_mut(*at))
            {
                Some(old) => *old = row,
                None => {
                    index.insert(row.name.as_bytes().into(), self.rows.len());
                    self.rows.push(row);
                }
            }
        }
        self.classes.insert(class.class.into_bytes().into(), members);
    }

    fn add_value(&mut self, kind: IdentifierKind, row: ValueRow) {
        let ValueRow {
            value,
            how,
            namespace,
            category,
            weight,
            permission,
            note,
            ..
        } = row;
        let row = Identifier {
            kind,
            class: Box::default(),
            name: value.into(),
            how,
            namespace,
            weight: self.weight(&category, weight),
            category: category.into(),
            makes: None,
            permission: permission.map(Into::into),
            descriptors: Box::default(),
            note: note.map(Into::into),
        };
        let values = self.values.entry(kind).or_default();
        let at = self.rows.len();
        let old = match how {
            Match::Exact => {
                let rows = values.exact.entry(row.name.clone()).or_default();
                let same = rows
                    .iter()
                    .copied()
                    .find(|at| self.rows.get(*at).is_some_and(|r| r.namespace == namespace));
                if same.is_none() {
                    rows.push(at);
                }
                same
            }
            Match::Prefix | Match::Suffix => {
                let list = if how == Match::Prefix {
                    &mut values.prefixes
                } else {
                    &mut values.suffixes
                };
                let same = list.iter().find(|(text, _)| *text == row.name).map(|(_, at)| *at);
                if same.is_none() {
                    list.push((row.name.clone(), at));
                }
                same
            }
        };
        match old.and_then(|at| self.rows.get_mut(at)) {
            Some(old) => *old = row,
            None => self.rows.push(row),
        }
    }
}
