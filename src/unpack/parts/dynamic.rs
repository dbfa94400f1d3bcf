//! `dynamic_partitions_op_list`: the logical partitions that a block-based OTA makes.
//!
//! Spec: AOSP `build/tools/releasetools/common.py` (`DynamicPartitionsDifference`) and
//! `bootable/recovery/updater/dynamic_partitions.cpp`. Text, one operation a line, `#` before comments:
//! `remove_all_groups`, `add_group G BYTES`, `resize_group G BYTES`, `remove_group G`, `add P G`,
//! `resize P BYTES`, `move P G`, `remove P`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use crate::bytes::{Budget, Gap};

use super::super::registry::{Entry, Remark};
use super::transfer::NAME;
use super::{BELIEVABLE, split_path, wide};

/// The name of such a list.
pub(super) const LIST: &str = "dynamic_partitions_op_list";
/// Ours: bytes of a list that are read. The largest met has 1 KB.
const LARGEST: u64 = 1 << 20;
/// Ours: partitions of one list. A super partition has some ten.
const PARTITIONS: usize = 256;

/// A remark for each partition that is given a size, and whose image is not there.
pub(super) fn missing(entries: &[Entry], budget: &Budget) -> Vec<Remark> {
    let is_list = |entry: &&Entry| split_path(&entry.name).1 == LIST;
    let lists: Vec<&Entry> = entries.iter().filter(is_list).collect();
    let mut there = BTreeSet::new();
    if !lists.is_empty() {
        there.extend(entries.iter().filter_map(|entry| image(&entry.name)));
    }
    let mut remarks = Vec::new();
    for entry in lists {
        let mut text = Vec::new();
        let read = entry.data.serial(budget).and_then(|(serial, _)| {
            let read = serial.take(LARGEST).read_to_end(&mut text);
            read.map_err(|e| Gap::of(e, NAME, 0))
        });
        if let Err(gap) = read {
            remarks.push(Remark {
                entry: Some(entry.name.clone()),
                gap,
                unread: 0,
            });
        }
        let (folder, _) = split_path(&entry.name);
        for (partition, (at, size)) in sizes(&String::from_utf8_lossy(&text)) {
            if size > 0 && !there.contains(&(folder, &*partition)) {
                let gap = Gap::truncated(NAME, at, "image of a dynamic partition", size, 0);
                remarks.push(Remark {
                    entry: Some(format!("{folder}{partition}.img").into()),
                    gap,
                    unread: if size > BELIEVABLE { 0 } else { size },
                });
            }
        }
    }
    remarks
}

/// The size that a partition has in the end.
pub(super) fn size(text: &str, partition: &str) -> Option<u64> {
    let (_, size) = *sizes(text).get(partition)?;
    Some(size)
}

/// The folder and the partition that a file is of: `system` for `system.img`, `system.new.dat.br`.
fn image(path: &str) -> Option<(&str, &str)> {
    let (folder, file) = split_path(path);
    let (partition, rest) = file.split_once('.')?;
    let image = |word| matches!(word, "img" | "dat" | "list");
    rest.split('.').any(image).then_some((folder, partition))
}

/// The size that each partition has in the end, and where in the list it is given.
fn sizes(text: &str) -> BTreeMap<String, (u64, u64)> {
    let mut sizes = BTreeMap::new();
    let mut at = 0_u64;
    for line in text.split_inclusive('\n') {
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next().map(str::parse)) {
            (Some("remove_all_groups"), ..) => sizes.clear(),
            (Some("remove"), Some(partition), _) => {
                sizes.remove(partition);
            }
            (Some("resize"), Some(partition), Some(Ok(size))) if sizes.len() < PARTITIONS => {
                sizes.insert(partition.to_string(), (at, size));
            }
            _ => {}
        }
        at = at.saturating_add(wide(line.len()));
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Blob;
    use crate::unpack::leaf::Data;

    #[test]
    fn a_partition_that_is_listed_and_not_there_is_noticed() {
        let list = "# Remove all\nresize old 9\nremove_all_groups\nadd_group main 99\nadd system main\n\
                    add vendor main\nadd odm main\nadd none main\nadd gone main\nresize system 40\n\
                    resize vendor 30\nresize odm 20\nresize none 0\nresize gone 3\nremove gone\n";
        let names = [
            "a/dynamic_partitions_op_list",
            "a/system.new.dat.br",
            "vendor.img",
            "a/odm.txt",
        ];
        let entry = |name: &&str| Entry {
            name: (*name).into(),
            size: 0,
            data: Data::Plain(Blob::from(list.as_bytes().to_vec())),
        };
        let entries: Vec<Entry> = names.iter().map(entry).collect();
        let got: Vec<(String, String)> = missing(&entries, &Budget::default())
            .into_iter()
            .map(|remark| (remark.entry.unwrap().into(), remark.gap.to_string()))
            .collect();
        let gap = |at, size| {
            format!("block-ota: image of a dynamic partition at {at}: truncated, needs {size} bytes, 0 left")
        };
        assert_eq!(
            got,
            [
                ("a/odm.img".to_string(), gap("0xa9", 20)),
                ("a/vendor.img".to_string(), gap("0x98", 30))
            ]
        );
    }
}
