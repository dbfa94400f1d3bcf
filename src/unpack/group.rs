//! Leaves that belong together become one unit of work: an app with the code beside it, a jar, a
//! library, the configuration of a partition.

use std::collections::BTreeMap;

use crate::bytes::{Notice, Place};

use super::{Class, Leaf, Tree, any_architecture};

/// What kind of unit it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An APK with the odex, vdex or oat beside it. Also an archive that is neither APK nor jar.
    App,
    /// A jar of the framework with the code beside it. Also code that has no package: a lone dex, a
    /// boot image.
    Jar,
    /// A native library or executable.
    Library,
    /// Configuration of one partition, and whatever is not one of the others.
    Config,
}

/// What one task works on.
#[derive(Debug, Clone)]
pub struct Unit {
    /// What it is.
    pub kind: Kind,
    /// The primary leaf's place; for configuration the partition, `system:`, or the tree's root.
    pub place: Place,
    /// `system`, or empty where there is no partition.
    pub partition: String,
    /// The primary leaf first, then what belongs to it, by logical place.
    pub leaves: Vec<Leaf>,
}

impl Unit {
    /// Bytes of all its leaves, decoded, as their containers claim.
    pub fn size(&self) -> u64 {
        self.leaves
            .iter()
            .fold(0, |sum: u64, leaf| sum.saturating_add(leaf.size))
    }
}

/// What was left alone, by class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skipped {
    /// `image`, `sound`, `font` …
    pub class: &'static str,
    /// How many leaves.
    pub count: u64,
    /// Their bytes, decoded.
    pub bytes: u64,
}

/// A tree, grouped.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    /// Largest first, equal sizes by logical place; of a layered tree in the order of the input.
    pub units: Vec<Unit>,
    /// Whether [`Tree::layered`] holds.
    pub layered: bool,
    /// What is in no unit, by class.
    pub skipped: Vec<Skipped>,
    /// The tree's notices: what could not be listed, and the formats that are not read.
    pub notices: Vec<Notice>,
    /// Symbolic links, logical place → target as written.
    pub links: Vec<(String, String)>,
}

/// Groups the leaves of a tree.
pub fn group(tree: Tree) -> Groups {
    let mut sorter = Sorter {
        root: tree.root.clone(),
        ..Sorter::default()
    };
    let mut beside = Vec::new();
    for leaf in tree.leaves {
        match leaf.class {
            Class::Odex | Class::Vdex => beside.push(leaf),
            Class::Elf if leaf.name().ends_with(".oat") || leaf.name().ends_with(".odex") => {
                beside.push(leaf);
            }
            _ => sorter.take(leaf),
        }
    }
    for leaf in beside {
        sorter.attach(leaf);
    }
    let mut units = sorter.units;
    units.extend(sorter.config.into_values());
    if tree.layered {
        units.sort_by_cached_key(|unit| {
            let origin = unit.leaves.first().map_or(0, Leaf::origin);
            (origin, unit.place.clone())
        });
    } else {
        units.sort_by_cached_key(|unit| (std::cmp::Reverse(unit.size()), unit.place.clone()));
    }
    let skipped = sorter
        .skipped
        .into_iter()
        .map(|(class, (count, bytes))| Skipped { class, count, bytes });
    Groups {
        units,
        layered: tree.layered,
        skipped: skipped.collect(),
        notices: tree.notices,
        links: tree.links,
    }
}

struct Sorter {
    root: Place,
    units: Vec<Unit>,
    /// Folder and stem of a package → its unit: `system:app/Mms` for `system:app/Mms.apk`.
    stems: BTreeMap<String, usize>,
    config: BTreeMap<String, Unit>,
    skipped: BTreeMap<&'static str, (u64, u64)>,
}

impl Default for Sorter {
    fn default() -> Self {
        let root = Place::root("");
        Self {
            root,
            units: Vec::new(),
            stems: BTreeMap::new(),
            config: BTreeMap::new(),
            skipped: BTreeMap::new(),
        }
    }
}

impl Sorter {
    fn take(&mut self, leaf: Leaf) {
        if let Some(class) = leaf.class.skipped() {
            let (count, bytes) = self.skipped.entry(class).or_default();
            *count = count.saturating_add(1);
            *bytes = bytes.saturating_add(leaf.size);
            return;
        }
        let kind = match leaf.class {
            Class::Archive(_) if leaf.name().ends_with(".jar") => Kind::Jar,
            Class::Archive(_) => Kind::App,
            Class::Dex => Kind::Jar,
            Class::Elf => Kind::Library,
            Class::Unknown if is_program(leaf.path()) => Kind::Library,
            _ => return self.configuration(leaf),
        };
        self.unit(kind, leaf);
    }

    fn unit(&mut self, kind: Kind, leaf: Leaf) {
        let place = leaf.place();
        if let (Kind::App | Kind::Jar, Some((stem, _))) = (kind, place.logical().rsplit_once('.')) {
            self.stems.entry(stem.to_string()).or_insert(self.units.len());
        }
        let partition = leaf.partition().to_string();
        self.units.push(Unit {
            kind,
            place,
            partition,
            leaves: vec![leaf],
        });
    }

    /// Code that was compiled from a package belongs to it: `X.odex` beside `X.apk`, `oat/arm64/X.odex`
    /// below its folder, or of the framework `boot-X.oat` with the boot image. Alone it is a unit of its own,
    /// with its copies for other architectures.
    fn attach(&mut self, leaf: Leaf) {
        let place = leaf.place();
        let stem = place
            .logical()
            .rsplit_once('.')
            .map_or(place.logical(), |(stem, _)| stem);
        let copies = any_architecture(stem);
        let names = [Some(stem.to_string()), compiled_from(stem), copies.clone()];
        let mut units = names.iter().flatten().filter_map(|name| self.stems.get(name));
        match units.next().and_then(|i| self.units.get_mut(*i)) {
            Some(unit) => unit.leaves.push(leaf),
            None => {
                let number = self.units.len();
                self.stems.extend(copies.map(|name| (name, number)));
                self.unit(Kind::Jar, leaf);
            }
        }
    }

    fn configuration(&mut self, leaf: Leaf) {
        let partition = leaf.partition();
        let unit = self.config.entry(partition.to_string()).or_insert_with(|| {
            let root = self.root.physical();
            let place = match partition {
                "" => self.root.clone(),
                partition => Place::new(&format!("{partition}:"), root),
            };
            Unit {
                kind: Kind::Config,
                place,
                partition: partition.to_string(),
                leaves: Vec::new(),
            }
        });
        unit.leaves.push(leaf);
    }
}

/// The package that `oat/arm64/X` or a part of the boot image was compiled from, without its ending.
fn compiled_from(stem: &str) -> Option<String> {
    let (folder, name) = stem.rsplit_once('/')?;
    if let Some((above, _architecture)) = folder.rsplit_once('/')
        && let Some(base) = above.strip_suffix("oat")
    {
        return Some(format!("{base}{name}"));
    }
    // Since Android 7 the boot image is a file for each jar; the first one has no name of its own.
    let jar = match name.strip_prefix("boot") {
        Some("") => "core-oj",
        Some(rest) => rest.strip_prefix('-')?,
        None => return None,
    };
    let folder = match any_architecture(stem) {
        Some(_) => folder.rsplit_once('/')?.0,
        None => folder,
    };
    Some(format!("{folder}/{jar}"))
}

/// Programs seldom have an ending; their folder says it.
fn is_program(path: &str) -> bool {
    ["bin/", "xbin/", "sbin/"]
        .iter()
        .any(|folder| path.starts_with(folder) || path.contains(&format!("/{folder}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unpack::classify;

    fn tree(paths: &[(&str, usize)]) -> Tree {
        let leaf = |(path, size): &(&str, usize)| {
            let partition = path.find(':').map_or(0, |at| at.saturating_add(1));
            Leaf::plain(Place::new(path, path), classify(path, b""), vec![0; *size]).in_partition(partition)
        };
        Tree::of(paths.iter().map(leaf).collect())
    }

    #[test]
    fn code_beside_a_package_belongs_to_it() {
        let got = group(tree(&[
            ("system:app/A.apk", 4),
            ("system:app/A.odex", 4),
            ("system:app/B/B.apk", 3),
            ("system:app/B/oat/arm64/B.odex", 1),
            ("system:app/B/oat/arm64/B.vdex", 1),
            ("system:framework/f.jar", 1),
            ("system:framework/oat/arm/f.odex", 1),
            ("system:framework/arm/boot.oat", 1),
        ]));
        let shape: Vec<(Kind, &str, usize)> = got
            .units
            .iter()
            .map(|unit| (unit.kind, unit.place.logical(), unit.leaves.len()))
            .collect();
        assert_eq!(
            shape,
            [
                (Kind::App, "system:app/A.apk", 2),
                (Kind::App, "system:app/B/B.apk", 3),
                (Kind::Jar, "system:framework/f.jar", 2),
                (Kind::Jar, "system:framework/arm/boot.oat", 1),
            ]
        );
    }

    #[test]
    fn parts_of_the_boot_image_belong_to_their_jars_and_copies_to_each_other() {
        let got = group(tree(&[
            ("system:app/A/oat/arm/A.odex", 1),
            ("system:app/A/oat/arm64/A.odex", 1),
            ("system:framework/arm/boot-f.oat", 1),
            ("system:framework/arm/boot-gone.oat", 1),
            ("system:framework/arm/boot.oat", 1),
            ("system:framework/arm64/boot-f.oat", 1),
            ("system:framework/arm64/boot-gone.oat", 1),
            ("system:framework/arm64/boot.oat", 1),
            ("system:framework/boot-f.vdex", 1),
            ("system:framework/f.jar", 1),
        ]));
        let shape: Vec<(&str, usize)> = got
            .units
            .iter()
            .map(|unit| (unit.place.logical(), unit.leaves.len()))
            .collect();
        assert_eq!(
            shape,
            [
                ("system:framework/f.jar", 4),
                ("system:app/A/oat/arm/A.odex", 2),
                ("system:framework/arm/boot-gone.oat", 2),
                ("system:framework/arm/boot.oat", 2),
            ]
        );
    }

    #[test]
    fn configuration_is_one_unit_a_partition_and_media_is_counted() {
        let got = group(tree(&[
            ("system:build.prop", 1),
            ("system:etc/hosts", 1),
            ("vendor:build.prop", 1),
            ("META-INF/com/android/metadata", 1),
            ("system:media/a.ogg", 7),
            ("system:bin/sh", 9),
        ]));
        let shape: Vec<(Kind, &str, usize)> = got
            .units
            .iter()
            .map(|unit| (unit.kind, unit.place.logical(), unit.leaves.len()))
            .collect();
        assert_eq!(
            shape,
            [
                (Kind::Library, "system:bin/sh", 1),
                (Kind::Config, "system:", 2),
                (Kind::Config, "ota.zip", 1),
                (Kind::Config, "vendor:", 1),
            ]
        );
        assert_eq!(
            got.skipped,
            [Skipped {
                class: "sound",
                count: 1,
                bytes: 7
            }]
        );
    }
}
