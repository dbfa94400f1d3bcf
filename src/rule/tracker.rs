//! SDKs that collect, advertise, push or fingerprint.

use rustc_hash::{FxHashMap, FxHashSet};

use super::host::{Purpose, parents};
use super::row::TrackerFile;

/// An SDK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracker {
    /// Id.
    pub id: Box<str>,
    /// Name.
    pub name: Box<str>,
    /// Owner, when known.
    pub owner: Option<Box<str>>,
    /// Country of the owner's seat, ISO 3166.
    pub country: Option<Box<str>>,
    /// `analytics`, `ads`, `push` …
    pub categories: Box<[Box<str>]>,
    /// A remark for people.
    pub note: Option<Box<str>>,
}

/// The table of SDKs.
#[derive(Debug, Default)]
pub struct Trackers {
    rows: Vec<Tracker>,
    by_id: FxHashMap<Box<str>, usize>,
    /// Packages as `com/adups/`, with their final slash.
    packages: FxHashMap<Box<[u8]>, usize>,
    /// Classes as `com/tencent/wxop/stat`.
    classes: FxHashMap<Box<[u8]>, usize>,
    /// The first two segments, or the one that there is, of every package and class: most
    /// descriptors are turned down by these alone.
    roots: FxHashSet<Box<[u8]>>,
    hosts: FxHashMap<Box<str>, usize>,
    components: FxHashMap<Box<str>, usize>,
    libraries: FxHashMap<Box<str>, usize>,
    /// Library names with a `*`, in order.
    patterns: Vec<(Box<str>, usize)>,
    categories: FxHashMap<Box<str>, Purpose>,
}

impl Trackers {
    /// The SDK that a class belongs to, by descriptor: the longest package or class listed wins.
    pub fn class(&self, descriptor: &[u8]) -> Option<&Tracker> {
        let path = descriptor.strip_prefix(b"L")?.strip_suffix(b";")?;
        self.rows.get(self.class_row(path)?)
    }

    fn class_row(&self, path: &[u8]) -> Option<usize> {
        let mut slashes = memchr::memchr_iter(b'/', path);
        let first = slashes.next().unwrap_or(path.len());
        let second = slashes.next().unwrap_or(path.len());
        let known = |end: usize| path.get(..end).is_some_and(|root| self.roots.contains(root));
        if !known(second) && !known(first) {
            return None;
        }
        // An inner class belongs to its outer one, which may be listed by name.
        let outer = path.split(|byte| *byte == b'$').next().unwrap_or(path);
        let by_class = self.classes.get(path).or_else(|| self.classes.get(outer));
        if let Some(row) = by_class {
            return Some(*row);
        }
        memchr::memrchr_iter(b'/', path)
            .find_map(|slash| self.packages.get(path.get(..=slash)?))
            .copied()
    }

    /// The SDK that a lower-case host belongs to.
    pub fn host(&self, host: &str) -> Option<&Tracker> {
        self.rows
            .get(*parents(host).find_map(|name| self.hosts.get(name))?)
    }

    /// The SDK that a component belongs to, by class name with dots: listed itself, or its class is.
    pub fn component(&self, name: &str) -> Option<&Tracker> {
        if let Some(row) = self.components.get(name) {
            return self.rows.get(*row);
        }
        self.rows.get(self.class_row(name.replace('.', "/").as_bytes())?)
    }

    /// The SDK that a native library belongs to, by file name.
    pub fn library(&self, file: &str) -> Option<&Tracker> {
        let row = self.libraries.get(file).copied();
        let row = row.or_else(|| {
            self.patterns
                .iter()
                .find(|(p, _)| fits(p, file))
                .map(|(_, row)| *row)
        });
        self.rows.get(row?)
    }

    /// An SDK by id.
    pub fn get(&self, id: &str) -> Option<&Tracker> {
        self.rows.get(*self.by_id.get(id)?)
    }

    /// What an SDK does, by the name that [`Tracker::categories`] holds.
    pub fn category(&self, id: &str) -> Option<&Purpose> {
        self.categories.get(id)
    }

    /// All that SDKs may do, by name.
    pub fn categories(&self) -> Vec<&Purpose> {
        let mut all: Vec<&Purpose> = self.categories.values().collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// All SDKs, in the order of the files.
    pub fn rows(&self) -> impl Iterator<Item = &Tracker> {
        self.rows.iter()
    }

    pub(super) fn add(&mut self, file: TrackerFile) {
        for row in file.category {
            let row = Purpose {
                id: row.id.into(),
                title: row.title.into(),
                class: row.class,
            };
            self.categories.insert(row.id.clone(), row);
        }
        for row in file.tracker {
            let at = self
                .by_id
                .get(row.id.as_str())
                .copied()
                .unwrap_or(self.rows.len());
            let tracker = Tracker {
                id: row.id.into(),
                name: row.name.into(),
                owner: row.owner.map(Into::into),
                country: row.country.map(Into::into),
                categories: row.categories.into_iter().map(Into::into).collect(),
                note: row.note.map(Into::into),
            };
            match self.rows.get_mut(at) {
                Some(old) => {
                    *old = tracker;
                    self.forget(at);
                }
                None => {
                    self.by_id.insert(tracker.id.clone(), at);
                    self.rows.push(tracker);
                }
            }
            for prefix in row.classes {
                let path = prefix.replace('.', "/");
                let package = path.trim_end_matches('/');
                let root: Vec<&str> = package.splitn(3, '/').take(2).collect();
                self.roots.insert(root.join("/").into_bytes().into());
                self.packages
                    .insert(format!("{package}/").into_bytes().into(), at);
                if !path.ends_with('/') {
                    self.classes.insert(path.into_bytes().into(), at);
                }
            }
            self.hosts
                .extend(row.hosts.into_iter().map(|host| (host.into(), at)));
            self.components
                .extend(row.components.into_iter().map(|name| (name.into(), at)));
            for library in row.libraries {
                if library.contains('*') {
                    self.patterns.push((library.into(), at));
                } else {
                    self.libraries.insert(library.into(), at);
                }
            }
        }
    }

    /// Takes every name of a row that is being replaced out of the tables.
    fn forget(&mut self, row: usize) {
        self.packages.retain(|_, at| *at != row);
        self.classes.retain(|_, at| *at != row);
        self.hosts.retain(|_, at| *at != row);
        self.components.retain(|_, at| *at != row);
        self.libraries.retain(|_, at| *at != row);
        self.patterns.retain(|(_, at)| *at != row);
    }
}

/// Whether a name fits a pattern in which `*` stands for any text.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|start| name.strip_prefix(start)) else {
        return false;
    };
    let Some(end) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Trackers {
        let mut trackers = Trackers::default();
        let file = r#"
            [[tracker]]
            id = "outer"
            name = "Outer"
            categories = ["ads"]
            classes = ["com.maker.", "tms."]
            libraries = ["libcore*.so", "libone.so"]
            hosts = ["ads.example"]
            components = ["elsewhere.Service"]
            [[tracker]]
            id = "inner"
            name = "Inner"
            categories = ["push"]
            classes = ["com.maker.push.", "com.maker.Stat"]
        "#;
        trackers.add(toml::from_str(file).unwrap());
        trackers
    }

    #[track_caller]
    fn check(descriptor: &str, id: Option<&str>) {
        assert_eq!(
            table().class(descriptor.as_bytes()).map(|row| &*row.id),
            id,
            "{descriptor}"
        );
    }

    #[test]
    fn the_longest_package_wins() {
        check("Lcom/maker/a/B;", Some("outer"));
        check("Lcom/maker/push/a/B;", Some("inner"));
        check("Lcom/makers/a/B;", None);
        check("Ltms/a;", Some("outer"));
        check("Ltms;", None);
        check("[Lcom/maker/A;", None);
        check("I", None);
        check("L;", None);
    }

    #[test]
    fn a_prefix_without_a_dot_is_a_class_or_a_package() {
        check("Lcom/maker/Stat;", Some("inner"));
        check("Lcom/maker/Stat$1;", Some("inner"));
        check("Lcom/maker/Stat/A;", Some("inner"));
        check("Lcom/maker/Status;", Some("outer"));
    }

    #[test]
    fn libraries_hosts_and_components_are_found_too() {
        let table = table();
        let id = |row: Option<&Tracker>| row.map(|row| row.id.to_string());
        assert_eq!(id(table.library("libcore190.so")).as_deref(), Some("outer"));
        assert_eq!(id(table.library("libcore190.so.gz")), None);
        assert_eq!(id(table.library("libone.so")).as_deref(), Some("outer"));
        assert_eq!(id(table.host("a.ads.example")).as_deref(), Some("outer"));
        assert_eq!(id(table.component("elsewhere.Service")).as_deref(), Some("outer"));
        assert_eq!(
            id(table.component("com.maker.push.Service")).as_deref(),
            Some("inner")
        );
    }

    #[test]
    fn a_row_with_the_same_id_replaces_all_of_it() {
        let mut table = table();
        table.add(toml::from_str("[[tracker]]\nid = \"outer\"\nname = \"New\"\ncategories = []").unwrap());
        assert_eq!(table.class(b"Lcom/maker/a/B;"), None);
        assert_eq!(table.get("outer").map(|row| &*row.name), Some("New"));
    }

    #[test]
    fn a_pattern_may_have_several_stars() {
        assert!(fits("lib*core*.so", "libmycore12.so"));
        assert!(!fits("lib*core*.so", "libmy12.so"));
        assert!(fits("exact", "exact"));
        assert!(!fits("exact", "exactly"));
    }
}
