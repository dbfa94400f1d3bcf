//! The check of `lifecycles/`.

use super::Lint;
use super::place::Step::{At, Key};
use super::text;
use crate::rule::row::LifecycleFile;

/// Kinds of components that flows know.
const KINDS: [&str; 6] = [
    "activity",
    "application",
    "provider",
    "receiver",
    "service",
    "view",
];

impl Lint<'_> {
    pub(super) fn lifecycles(&mut self, file: &LifecycleFile) {
        if file.sources.is_empty() {
            self.say(
                &[Key("sources")],
                "no `sources`: say where the order is from".to_owned(),
            );
        }
        for (i, row) in file.component.iter().enumerate() {
            let at = [Key("component"), At(i), Key("kind")];
            self.holds(&at, "kind of component", &row.kind, |kind| KINDS.contains(&kind));
            self.once(&at, "component", &row.kind);
            let lists = [
                ("before", &row.before),
                ("away", &row.away),
                ("back", &row.back),
                ("last", &row.last),
            ];
            for (list, names) in lists {
                for (j, name) in names.iter().enumerate() {
                    let at = [Key("component"), At(i), Key(list), At(j)];
                    self.holds(&at, "name of a method", name, text::is_member);
                }
            }
        }
        let names = [
            ("callback", "names", &file.callback.names),
            ("callback", "starts", &file.callback.starts),
            ("callback", "answers", &file.callback.answers),
            ("callback", "removers", &file.callback.removers),
            ("layout", "finders", &file.layout.finders),
        ];
        for (table, list, names) in names {
            for (i, name) in names.iter().enumerate() {
                let at = [Key(table), Key(list), At(i)];
                self.holds(&at, "name of a method", name, text::is_member);
            }
        }
        let classes = [
            ("callback", "carriers", &file.callback.carriers),
            ("callback", "keeps", &file.callback.keeps),
            ("unknown", "quiet", &file.unknown.quiet),
            ("unknown", "holders", &file.unknown.holders),
        ];
        for (table, list, classes) in classes {
            for (i, class) in classes.iter().enumerate() {
                let at = [Key(table), Key(list), At(i)];
                self.holds(&at, "class descriptor, `La/b/C;`", class, text::is_class);
            }
        }
        let descriptors = [
            ("descriptors", &file.callback.descriptors),
            ("constructors", &file.callback.constructors),
        ];
        for (list, texts) in descriptors {
            for (i, text) in texts.iter().enumerate() {
                let at = [Key("callback"), Key(list), At(i)];
                self.holds(&at, "descriptor of a method, `(La/B;)V`", text, |text| {
                    text.starts_with('(') && text.contains(')')
                });
            }
        }
        let starts = [
            ("libraries", &file.unknown.libraries),
            ("platform", &file.unknown.platform),
        ];
        for (list, starts) in starts {
            for (i, start) in starts.iter().enumerate() {
                let at = [Key("unknown"), Key(list), At(i)];
                self.holds(&at, "beginning of a class descriptor, `La/b/`", start, |start| {
                    start.starts_with('L') && start.ends_with('/')
                });
            }
        }
    }
}
