//! In which order units are worked on.
//!
//! Where nothing has to be decoded to get at a file, the largest unit comes first, so that no thread is left
//! with it at the end. Where files share decoded units (operations of a payload, clusters of a file system),
//! each is to be decoded once: then the order is that of the input. Configuration is one unit a partition,
//! but its files lie all over the image: they are read and kept as they come by, and the unit is worked on
//! at the end.

use crate::bytes::Budget;

use super::{Groups, Leaf, Unit};

/// Bytes of configuration files that one step reads: a few decoded units.
const RUN: u64 = 4 << 20;

/// One piece of the work.
#[derive(Debug)]
pub enum Step {
    /// A whole unit.
    Unit(Unit),
    /// Files of a unit that comes later, by its number among those and theirs in it.
    Files(Vec<(usize, usize, Leaf)>),
}

impl Step {
    /// Reads the files and keeps their bytes.
    pub fn keep(files: &mut [(usize, usize, Leaf)], budget: &Budget) {
        for (.., leaf) in files {
            leaf.keep(budget);
        }
    }
}

/// The steps of a run, and the units that come after all of them.
pub fn order(groups: &mut Groups) -> (Vec<Step>, Vec<Unit>) {
    let units = std::mem::take(&mut groups.units);
    if !groups.layered {
        return (units.into_iter().map(Step::Unit).collect(), Vec::new());
    }
    let mut steps: Vec<(u64, Step)> = Vec::new();
    let mut later = Vec::new();
    for unit in units {
        let origin = unit.leaves.first().map_or(0, Leaf::origin);
        if unit.kind != super::GroupKind::Config {
            steps.push((origin, Step::Unit(unit)));
            continue;
        }
        let mut files: Vec<(u64, usize, Leaf)> = unit
            .leaves
            .iter()
            .enumerate()
            .map(|(n, leaf)| (leaf.origin(), n, leaf.clone()))
            .collect();
        files.sort_by_key(|(origin, n, _)| (*origin, *n));
        let mut run = Vec::new();
        let (mut start, mut size) = (0, 0_u64);
        for (origin, n, leaf) in files {
            let far = origin.saturating_sub(start) > RUN;
            if !run.is_empty() && (far || size > RUN) {
                steps.push((start, Step::Files(std::mem::take(&mut run))));
            }
            if run.is_empty() {
                (start, size) = (origin, 0);
            }
            size = size.saturating_add(leaf.size);
            run.push((later.len(), n, leaf));
        }
        if !run.is_empty() {
            steps.push((start, Step::Files(run)));
        }
        later.push(unit);
    }
    steps.sort_by_key(|(origin, _)| *origin);
    (steps.into_iter().map(|(_, step)| step).collect(), later)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::{Blob, Place};
    use crate::unpack::{Class, Tree, group};

    #[test]
    fn what_lies_together_is_read_together_and_configuration_is_worked_on_last() {
        let image = Blob::from(vec![7; 16 << 20]);
        let leaf = |path: &str, at: u64, class| {
            let len = path.find(':').map_or(0, |at| at + 1);
            Leaf::plain(Place::new(path, path), class, image.slice(at..at + 9)).in_partition(len)
        };
        let leaves = vec![
            leaf("system:etc/b", 5 << 20, Class::Text),
            leaf("system:bin/x", 2 << 20, Class::Elf),
            leaf("system:etc/a", 1 << 20, Class::Text),
            leaf("system:etc/c", 100, Class::Text),
        ];
        let tree = Tree {
            layered: true,
            ..Tree::of(leaves)
        };
        let (steps, later) = order(&mut group(tree));
        let shape: Vec<String> = steps
            .iter()
            .map(|step| match step {
                Step::Unit(unit) => unit.place.logical().to_string(),
                Step::Files(files) => files
                    .iter()
                    .map(|(.., leaf)| leaf.path())
                    .collect::<Vec<_>>()
                    .join(" "),
            })
            .collect();
        assert_eq!(shape, ["etc/c etc/a", "system:bin/x", "etc/b"]);
        assert_eq!(later.len(), 1);
    }
}
