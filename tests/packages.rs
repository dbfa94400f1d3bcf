//! Packages in packages: what was packed is found, and whatever becomes of the bytes, limits hold and
//! losses are told.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use phonehome::bytes::{Budget, Limits, Place};
use phonehome::unpack::{Class, Leaf, open_package};
use proptest::collection::vec;
use proptest::prelude::*;
use zip::write::SimpleFileOptions;

/// What is packed.
#[derive(Debug, Clone)]
enum Node {
    /// A file of so many bytes.
    File(u16),
    Zip(Vec<Node>, bool),
    Tar(Vec<Node>),
    Gzip(Box<Node>),
}

impl Node {
    /// Its bytes. `next` numbers the files, so that no two are the same; they go to `files`.
    fn pack(&self, next: &mut u32, files: &mut Vec<Vec<u8>>) -> Vec<u8> {
        let mut pack = |node: &Node| node.pack(next, files);
        match self {
            Self::File(len) => {
                *next += 1;
                let line = format!("file {next} of https://example.com/\n");
                let bytes: Vec<u8> = line
                    .bytes()
                    .cycle()
                    .take(line.len() + usize::from(*len))
                    .collect();
                files.push(bytes.clone());
                bytes
            }
            Self::Zip(nodes, deflate) => {
                let method = match deflate {
                    true => zip::CompressionMethod::Deflated,
                    false => zip::CompressionMethod::Stored,
                };
                let options = SimpleFileOptions::default().compression_method(method);
                let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
                for (i, node) in nodes.iter().enumerate() {
                    writer
                        .start_file(format!("{i}.{}", node.ending()), options)
                        .unwrap();
                    writer.write_all(&pack(node)).unwrap();
                }
                writer.finish().unwrap().into_inner()
            }
            Self::Tar(nodes) => {
                let mut builder = tar::Builder::new(Vec::new());
                for (i, node) in nodes.iter().enumerate() {
                    let bytes = pack(node);
                    let mut header = tar::Header::new_ustar();
                    header.set_size(bytes.len() as u64);
                    let name = format!("{i}.{}", node.ending());
                    builder.append_data(&mut header, name, &*bytes).unwrap();
                }
                builder.into_inner().unwrap()
            }
            Self::Gzip(node) => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(&pack(node)).unwrap();
                encoder.finish().unwrap()
            }
        }
    }

    fn ending(&self) -> &'static str {
        match self {
            Self::File(_) => "txt",
            Self::Zip(..) => "zip",
            Self::Tar(_) => "tar",
            Self::Gzip(node) => match **node {
                Self::File(_) => "txt.gz",
                Self::Zip(..) => "zip.gz",
                Self::Tar(_) => "tgz",
                Self::Gzip(_) => "gz.gz",
            },
        }
    }

    fn format(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Zip(..) => "zip",
            Self::Tar(_) => "tar",
            Self::Gzip(_) => "gzip",
        }
    }
}

/// A package with up to three more layers in it.
fn package() -> impl Strategy<Value = Node> {
    let node = (0..3000_u16)
        .prop_map(Node::File)
        .prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                (vec(inner.clone(), 1..4), any::<bool>())
                    .prop_map(|(nodes, deflate)| Node::Zip(nodes, deflate)),
                vec(inner.clone(), 1..4).prop_map(Node::Tar),
                inner.prop_map(|node| Node::Gzip(Box::new(node))),
            ]
        });
    vec(node, 1..4).prop_map(|nodes| Node::Zip(nodes, true))
}

/// Everything in it by its place, with the limits held: bytes, and what is told of them.
fn open(
    name: &str,
    format: &'static str,
    data: &[u8],
    limits: Limits,
) -> (BTreeMap<String, Vec<u8>>, Vec<String>) {
    let budget = Budget::new(limits);
    let root = Leaf::plain(Place::root(name), Class::Archive(format), data.to_vec());
    let packages = open_package(&root, &budget);
    let (mut files, mut told, mut decoded) = (BTreeMap::new(), Vec::new(), 0);
    assert!(packages.len() as u64 <= limits.nested + 1);
    for package in &packages {
        told.extend(package.notices.iter().map(|notice| notice.gap.to_string()));
        assert!(package.place.logical().starts_with(name));
        for leaf in &package.leaves {
            let read = leaf.read(&budget);
            assert!(read.bytes.len() as u64 <= limits.item);
            assert!(read.unread == 0 || !read.gaps.is_empty(), "a loss without a word");
            decoded += read.bytes.len() as u64;
            told.extend(read.gaps.iter().map(ToString::to_string));
            files.insert(leaf.place().physical().to_owned(), read.bytes.to_vec());
        }
    }
    // The last before the end may be as large as one item.
    assert!(decoded <= limits.task + limits.item, "{decoded} bytes");
    (files, told)
}

/// Low, so that they are reached.
const LOW: Limits = Limits {
    depth: 2,
    ratio: 100,
    item: 4096,
    task: 8192,
    entries: 40,
    listed: 10,
    nested: 4,
    notices: 100,
    memory: 1 << 20,
};

proptest! {
    #[test]
    fn what_was_packed_is_found(node in package()) {
        let mut expect = Vec::new();
        let data = node.pack(&mut 0, &mut expect);
        let (files, told) = open("a.zip", "zip", &data, Limits::default());
        prop_assert_eq!(told, Vec::<String>::new());
        let mut found: Vec<Vec<u8>> = files.into_values().collect();
        found.sort();
        expect.sort();
        prop_assert_eq!(found, expect);
    }

    #[test]
    fn limits_hold_and_what_they_cost_is_told(node in package()) {
        let mut expect = Vec::new();
        let data = node.pack(&mut 0, &mut expect);
        let (files, told) = open("a.zip", "zip", &data, LOW);
        let whole = expect.iter().all(|bytes| files.values().any(|found| found == bytes));
        prop_assert!(whole || !told.is_empty());
    }

    #[test]
    fn a_package_with_changed_bytes_is_read_the_same_each_time(
        node in package(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let mut data = node.pack(&mut 0, &mut Vec::new());
        for (at, byte) in changes {
            let at = at.index(data.len());
            data[at] = byte;
        }
        if is_cut {
            data.truncate(cut.index(data.len()));
        }
        for limits in [LOW, Limits::default()] {
            prop_assert_eq!(open("a.zip", "zip", &data, limits), open("a.zip", "zip", &data, limits));
        }
    }

    #[test]
    fn any_bytes_behind_a_magic_are_opened(
        node in package(),
        start in 0..40_usize,
        bytes in vec(any::<u8>(), 0..400),
    ) {
        let Node::Zip(nodes, _) = node else { unreachable!() };
        let head = nodes[0].pack(&mut 0, &mut Vec::new());
        let data = [head.get(..start).unwrap_or(&head), &bytes].concat();
        open(&format!("a.{}", nodes[0].ending()), nodes[0].format(), &data, LOW);
    }
}
