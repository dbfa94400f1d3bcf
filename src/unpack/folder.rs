//! A folder: an unpacked dump.
//!
//! Only regular files are ever opened. Links are noted as text and not followed; pipes, sockets and
//! devices are a gap, since opening one may hang or act. Entries are taken in order of their names,
//! so that the file system's order does not matter.

use std::collections::BTreeSet;
use std::fs::{self, FileType};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirEntryExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::bytes::{Blob, Budget, Gap, Kind, wide};

use super::leaf::Data;
use super::name;
use super::registry::{Entry, Format, Listing, Remark};

/// Folders.
pub(super) struct Folder;

const NAME: &str = "folder";
/// Folders inside folders. Real ones reach 20; a loop of mounts would never end.
const DEEPEST: usize = 256;

impl Format for Folder {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "an unpacked dump: partitions as folders, or one system folder; links are not followed"
    }

    fn sniff(&self, _: &[u8]) -> bool {
        false
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    fn list(&self, _: &Blob, _: &str, _: &Budget) -> Listing {
        Listing::default()
    }
}

/// Lists everything below `root`.
pub(super) fn list(root: &Path, budget: &Budget) -> Listing {
    let mut listing = Listing::default();
    let mut seen = BTreeSet::new();
    let mut todo = vec![(root.to_path_buf(), String::new(), 0_usize)];
    while let Some((folder, path, depth)) = todo.pop() {
        if let Err(gap) = entries(&folder, &path, depth, budget, &mut seen, &mut todo, &mut listing) {
            let over = matches!(
                gap.kind,
                Kind::OverLimit {
                    option: "--max-entries",
                    ..
                }
            );
            listing.notices.push(Remark {
                entry: Some(path.into()),
                gap,
                unread: 0,
            });
            if over {
                break;
            }
        }
    }
    listing.entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    listing
}

type Todo = Vec<(PathBuf, String, usize)>;

fn entries(
    folder: &Path,
    path: &str,
    depth: usize,
    budget: &Budget,
    seen: &mut BTreeSet<(u64, u64)>,
    todo: &mut Todo,
    listing: &mut Listing,
) -> Result<(), Gap> {
    let io = |_| Gap {
        format: NAME,
        at: 0,
        what: "folder".into(),
        kind: Kind::Io,
    };
    let meta = fs::metadata(folder).map_err(io)?;
    if !seen.insert((meta.dev(), meta.ino())) {
        // The same folder mounted inside itself.
        return Err(Gap::odd(NAME, 0, "folder seen before", meta.ino()));
    }
    if depth > DEEPEST {
        return Err(Gap::over(NAME, 0, "folder depth", wide(depth), wide(DEEPEST), ""));
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        budget.entries(NAME, 1)?;
        found.push((entry.file_name(), entry.file_type(), entry.ino(), entry));
    }
    found.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    // Pushed backwards, so that they are popped in order.
    for (file, kind, _, entry) in found.into_iter().rev() {
        let text = name::text(file.as_bytes());
        let inner = if path.is_empty() {
            text.into_string()
        } else {
            format!("{path}/{text}")
        };
        let full = folder.join(&file);
        match kind {
            Ok(kind) if kind.is_dir() => todo.push((full, inner, depth.saturating_add(1))),
            Ok(kind) if kind.is_symlink() => {
                let target = fs::read_link(&full).map(|to| name::text(to.as_os_str().as_bytes()).into());
                listing.links.push((inner, target.unwrap_or_default()));
            }
            Ok(kind) if kind.is_file() => {
                let Ok(meta) = entry.metadata() else {
                    let gap = Gap {
                        format: NAME,
                        at: 0,
                        what: "file".into(),
                        kind: Kind::Io,
                    };
                    listing.notices.push(Remark {
                        entry: Some(inner.into()),
                        gap,
                        unread: 0,
                    });
                    continue;
                };
                let (size, data) = (meta.len(), Data::Plain(Blob::lazy(full, meta.len())));
                listing.entries.push(Entry {
                    name: inner.into(),
                    size,
                    data,
                });
            }
            kind => {
                let gap = Gap::unsupported(NAME, 0, kind.as_ref().map_or("file", special), 0);
                listing.notices.push(Remark {
                    entry: Some(inner.into()),
                    gap,
                    unread: 0,
                });
            }
        }
    }
    Ok(())
}

fn special(kind: &FileType) -> &'static str {
    if kind.is_fifo() {
        "pipe"
    } else if kind.is_socket() {
        "socket"
    } else {
        "device"
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn only_files_are_opened_and_links_stay_text() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir_all(root.join("b/c")).unwrap();
        fs::write(root.join("b/c/file"), b"x").unwrap();
        fs::write(root.join("a"), b"y").unwrap();
        symlink("..", root.join("b/loop")).unwrap();
        let _socket = UnixListener::bind(root.join("socket")).unwrap();
        let got = list(root, &Budget::default());
        let names: Vec<&str> = got.entries.iter().map(|entry| &*entry.name).collect();
        assert_eq!(names, ["a", "b/c/file"]);
        assert_eq!(got.links, [("b/loop".to_string(), "..".to_string())]);
        assert_eq!(got.notices.len(), 1);
        assert_eq!(got.notices[0].gap.what, "socket");
    }
}
