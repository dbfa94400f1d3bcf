//! Paths in a package, named as the device names them.
//!
//! `system/app/Mms.apk` in a zip, in a dump, or `app/Mms.apk` in a system folder are all
//! `system:app/Mms.apk`. A folder is a partition because of what is in it, not because of a list of
//! names: makers invent new partitions with every generation.

use std::collections::{BTreeMap, BTreeSet};

/// Folders right below a partition's root that only partitions have.
const MARKS: &[&str] = &[
    "app",
    "priv-app",
    "framework",
    "etc",
    "lib",
    "lib64",
    "bin",
    "xbin",
    "overlay",
    "apex",
    "usr",
];
/// A single folder around everything is skipped so many times.
const WRAPPED: usize = 8;

/// How the paths of one tree become logical names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// Folder (with `/` at the end, or empty for the root) → partition, longest first.
    partitions: Vec<(String, String)>,
    /// A folder around everything that says nothing.
    wrapper: String,
}

impl Layout {
    /// The layout of these paths. `name` is the name of the root, in case it is a partition itself.
    pub(super) fn of<'a>(name: &str, paths: impl Iterator<Item = &'a str> + Clone) -> Self {
        let mut wrapper = String::new();
        for _ in 0..WRAPPED {
            let here = paths.clone().filter_map(|path| path.strip_prefix(&*wrapper));
            if is_root(here.clone()) {
                let partitions = vec![(wrapper.clone(), partition_name(name, &wrapper))];
                return Self { partitions, wrapper };
            }
            let partitions = below(here.clone());
            if !partitions.is_empty() {
                return Self::nested(wrapper, partitions, paths);
            }
            let tops: BTreeSet<&str> = here
                .map(|path| path.split_once('/').map_or("", |(top, _)| top))
                .take(4096)
                .collect();
            match tops.first() {
                Some(top) if tops.len() == 1 && !top.is_empty() => wrapper = format!("{wrapper}{top}/"),
                _ => break,
            }
        }
        Self::default()
    }

    /// The layout of the files of one partition, whose paths are to be given as `name/path`.
    pub(super) fn partition<'a>(name: &str, paths: impl Iterator<Item = &'a str> + Clone) -> Self {
        Self::nested(String::new(), vec![name.to_string()], paths)
    }

    /// Where the system's root is a partition too (`system/system/app`), its folders are partitions.
    fn nested<'a>(wrapper: String, tops: Vec<String>, paths: impl Iterator<Item = &'a str> + Clone) -> Self {
        let mut partitions = Vec::new();
        for top in tops {
            let folder = format!("{wrapper}{top}/");
            let here = paths.clone().filter_map(|path| path.strip_prefix(&*folder));
            let inner = below(here);
            if inner.contains(&"system".to_string()) {
                partitions.extend(
                    inner
                        .into_iter()
                        .map(|inner| (format!("{folder}{inner}/"), inner)),
                );
            }
            partitions.push((folder, top));
        }
        partitions.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        Self { partitions, wrapper }
    }

    /// The logical name of a path.
    pub(super) fn logical(&self, path: &str) -> String {
        self.split(path).1
    }

    /// The logical name of a path, and how many bytes of it are the partition's name and the colon.
    pub(super) fn split(&self, path: &str) -> (usize, String) {
        for (folder, partition) in &self.partitions {
            if let Some(rest) = path.strip_prefix(&**folder).filter(|rest| !rest.is_empty()) {
                return (partition.len().saturating_add(1), format!("{partition}:{rest}"));
            }
        }
        (0, path.strip_prefix(&*self.wrapper).unwrap_or(path).to_string())
    }

    /// Whether a path is inside a partition.
    pub(super) fn inside(&self, path: &str) -> bool {
        self.partitions
            .iter()
            .any(|(folder, _)| path.starts_with(&**folder))
    }
}

/// The top folders that are partitions.
fn below<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut tops: BTreeMap<&str, bool> = BTreeMap::new();
    for path in paths {
        let Some((top, rest)) = path.split_once('/') else {
            continue;
        };
        // The system's own partition may hold the whole root, with `system/` in it.
        let rest = rest.strip_prefix("system/").unwrap_or(rest);
        let mark = rest == "build.prop"
            || rest
                .split_once('/')
                .is_some_and(|(next, _)| MARKS.contains(&next));
        // An APK has `lib/` and may have `assets/app/`: those are not partitions of a device.
        let package = matches!(top, "META-INF" | "assets" | "res" | "lib");
        if mark && !package {
            tops.insert(top, true);
        }
    }
    tops.into_keys().map(str::to_string).collect()
}

/// Whether the root is a partition: apps or the framework right below it, or its properties.
fn is_root<'a>(mut paths: impl Iterator<Item = &'a str>) -> bool {
    paths.any(|path| {
        path == "build.prop"
            || ["app/", "priv-app/", "framework/"]
                .iter()
                .any(|folder| path.starts_with(folder))
                && (path.ends_with(".apk") || path.ends_with(".jar"))
    })
}

/// A partition is named after its folder where that looks like one, else it is the system.
fn partition_name(root: &str, wrapper: &str) -> String {
    let name = wrapper
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .filter(|name| !name.is_empty())
        .unwrap_or(root);
    let known = ["vendor", "product", "system_ext", "odm", "oem", "cust"].contains(&name)
        || name.starts_with("my_")
        || name.starts_with("mi_");
    if known {
        name.to_string()
    } else {
        "system".to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(root: &str, paths: &[&str], expect: &[&str]) {
        let layout = Layout::of(root, paths.iter().copied());
        let got: Vec<String> = paths.iter().map(|path| layout.logical(path)).collect();
        assert_eq!(got, expect);
    }

    #[test]
    fn a_rom_zip_a_dump_and_a_system_folder_name_alike() {
        check(
            "ota.zip",
            &["META-INF/a", "system/app/A.apk", "system/build.prop"],
            &["META-INF/a", "system:app/A.apk", "system:build.prop"],
        );
        check(
            "dump",
            &["x/system/app/A.apk", "x/vendor/etc/a"],
            &["system:app/A.apk", "vendor:etc/a"],
        );
        check(
            "x1",
            &["app/A.apk", "build.prop", "vendor/lib/a.so"],
            &["system:app/A.apk", "system:build.prop", "system:vendor/lib/a.so"],
        );
        check("vendor", &["app/A.apk"], &["vendor:app/A.apk"]);
    }

    #[test]
    fn a_system_that_is_the_root_is_seen_through() {
        check(
            "dump",
            &[
                "system/system/app/A.apk",
                "system/init.rc",
                "system/product/app/B.apk",
            ],
            &["system:app/A.apk", "system:init.rc", "product:app/B.apk"],
        );
        check(
            "dump",
            &["system/system/etc/a", "vendor/etc/b"],
            &["system:etc/a", "vendor:etc/b"],
        );
    }

    #[test]
    fn a_folder_of_packages_has_no_partition() {
        check("apks", &["a.apk", "b/c.apk"], &["a.apk", "b/c.apk"]);
    }
}
