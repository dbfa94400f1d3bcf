//! The files of a build that define the classes which all apps see.
//!
//! What was compiled or optimised when the build was made refers to those classes by slots and offsets. They
//! are those of the boot class path, and of the libraries that an app may ask for: all of them lie in a folder
//! `framework`. In which order they are loaded is not looked at, since no two define the same class. A build
//! that has APEX files, some of which hold classes too, has no code any more that refers to them so.

use super::{Class, Leaf, Tree};

/// Ours: files of a framework. Real ones have up to two hundred, with a copy for each architecture.
const MAX_FILES: usize = 2048;

/// Names of folders for code of one architecture.
const ARCHITECTURES: [&str; 7] = ["arm", "arm64", "mips", "mips64", "riscv64", "x86", "x86_64"];

/// The files of the framework that may hold classes, by logical place.
pub fn framework(tree: &Tree) -> Vec<Leaf> {
    let leaves = tree.leaves.iter().filter(|leaf| is_framework(leaf));
    leaves.take(MAX_FILES).cloned().collect()
}

fn is_framework(leaf: &Leaf) -> bool {
    let name = leaf.name();
    let code = match leaf.class {
        Class::Archive(_) => name.ends_with(".jar"),
        Class::Elf => name.ends_with(".oat") || name.ends_with(".odex"),
        Class::Dex | Class::Odex | Class::Vdex => true,
        _ => false,
    };
    let mut folders = leaf.path().rsplit('/').skip(1);
    code && folders.any(|folder| folder == "framework")
}

/// A place with the folder of its architecture left open, `framework/*/boot.oat`; `None` where it is in none.
pub fn any_architecture(place: &str) -> Option<String> {
    let (folder, name) = place.rsplit_once('/')?;
    let (above, architecture) = folder.rsplit_once('/')?;
    ARCHITECTURES
        .contains(&architecture)
        .then(|| format!("{above}/*/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Place;
    use crate::unpack::classify;

    #[test]
    fn code_in_a_folder_of_the_framework_counts() {
        let paths = [
            "system:app/a/oat/arm64/a.odex",
            "system:framework/arm/boot.oat",
            "system:framework/core.jar",
            "system:framework/framework-res.apk",
            "system:framework/oat/arm/services.odex",
            "system:lib/framework.so",
        ];
        let leaf = |path: &&str| {
            Leaf::plain(Place::new(path, path), classify(path, b""), Vec::new()).in_partition(7)
        };
        let tree = Tree::of(paths.iter().map(leaf).collect());
        let found: Vec<String> = framework(&tree)
            .iter()
            .map(|leaf| leaf.path().to_owned())
            .collect();
        assert_eq!(
            found,
            [
                "framework/arm/boot.oat",
                "framework/core.jar",
                "framework/oat/arm/services.odex"
            ]
        );
    }

    #[test]
    fn copies_for_other_architectures_have_one_name() {
        let name = any_architecture("system:framework/arm64/boot.oat");
        assert_eq!(name.as_deref(), Some("system:framework/*/boot.oat"));
        assert_eq!(any_architecture("system:framework/boot.oat"), None);
    }
}
