//! The walk through the directories: files, links, and what each of them is made of.

use std::collections::{BTreeMap, BTreeSet};

use crate::bytes::{Blob, Budget, Extents, Fill, Gap, Kind};

use super::directory::{Name, Reader};
use super::inode::{
    BLOCK, BLOCKS, CHARACTER, ENCRYPT, EXTENTS, FILE, FOLDER, INLINE, Image, Inode, LINK, PIPE, SOCKET,
};
use super::map::MOST_BLOCKS;
use super::{NAME, wide};
use crate::unpack::name;
use crate::unpack::registry::{Listing, Remark};

/// The inode of the root directory.
pub(super) const ROOT: u32 = 2;
/// Directories inside directories. Real ones reach 20.
const DEEPEST: u32 = 256;
/// Longest path, and longest target of a link, in bytes: PATH_MAX.
const LONGEST: usize = 4096;
/// Ours: bytes of all paths of an image. 60 000 real ones have 5 MiB.
const PATHS: u64 = 128 << 20;
/// How many times its own length an image may have as content before its files are read with one budget:
/// blocks that are shared save a third in earnest.
const SHARED: u64 = 4;

/// Lists the files and links of an image.
pub(super) fn list(image: &Image<'_>, budget: &Budget, listing: &mut Listing) {
    let mut walk = Walk {
        image,
        budget,
        listing,
        seen: BTreeSet::new(),
        linked: BTreeMap::new(),
        todo: Vec::new(),
        listed: 0,
        paths: 0,
        content: 0,
        untold: 0,
    };
    walk.todo.push(Folder {
        number: ROOT,
        path: String::new(),
        depth: 0,
        at: image.superblock.at,
    });
    while let Some(folder) = walk.todo.pop() {
        if let Err(gap) = walk.folder(&folder) {
            walk.listing.remark(gap);
            break;
        }
    }
    walk.finish();
}

/// A directory that was not looked at yet.
struct Folder {
    number: u32,
    path: String,
    depth: u32,
    /// Where its name is.
    at: u64,
}

struct Walk<'a> {
    image: &'a Image<'a>,
    budget: &'a Budget,
    listing: &'a mut Listing,
    /// Directories that were read.
    seen: BTreeSet<u32>,
    /// Content of files with more names than one, or in many pieces.
    linked: BTreeMap<u32, Blob>,
    todo: Vec<Folder>,
    /// Names so far, and bytes of all paths.
    listed: u64,
    paths: u64,
    /// Bytes of all files.
    content: u64,
    /// Remarks that are too many to be told.
    untold: u64,
}

impl Walk<'_> {
    /// One directory. `Err` is a limit that the whole has hit.
    fn folder(&mut self, folder: &Folder) -> Result<(), Gap> {
        let inode = match self.image.inode(folder.number, folder.at) {
            Ok(inode) => inode,
            Err(gap) => {
                self.note(&folder.path, gap, 0);
                return self.image.spent(folder.at);
            }
        };
        if folder.number != ROOT {
            // What is wrong with the inode was told with its name.
            self.image.take_remarks();
        }
        if !self.seen.insert(folder.number) {
            let gap = Gap::invalid(NAME, folder.at, "directory seen before", folder.number.into());
            self.note(&folder.path, gap, 0);
            return Ok(());
        }
        if inode.flags & ENCRYPT != 0 {
            self.note(&folder.path, encrypted(inode.at, "names in a directory"), 0);
        }
        let (image, budget, listed) = (self.image, self.budget, self.listed);
        let mut reader = Reader {
            image,
            inode: &inode,
            budget,
            note: &mut |gap, unread| self.note(&folder.path, gap, unread),
            listed,
            names: Vec::new(),
        };
        let read = reader.all();
        let (mut names, listed) = (reader.names, reader.listed);
        self.listed = listed;
        self.tell(&folder.path);
        let mut known = BTreeSet::new();
        for name in &names {
            if !known.insert(&*name.raw) {
                let gap = Gap::odd(NAME, name.at, "name seen before", name.inode.into());
                self.note(&folder.path, gap, 0);
            }
        }
        // As the inodes lie on the disk: the names of an indexed directory are in no order.
        names.sort_by_key(|name| name.inode);
        let first = self.todo.len();
        for name in names {
            self.entry(folder, &name)?;
            self.image.spent(name.at)?;
        }
        self.todo.get_mut(first..).unwrap_or_default().reverse();
        read
    }

    /// One name: a file, a link, or a directory to look at later. `Err` is a limit of the whole.
    fn entry(&mut self, folder: &Folder, name: &Name) -> Result<(), Gap> {
        let Some(path) = self.path(folder, name)? else {
            return Ok(());
        };
        let inode = match self.image.inode(name.inode, name.at) {
            Ok(inode) => inode,
            Err(gap) => {
                self.note(&path, gap, 0);
                return Ok(());
            }
        };
        // An inode of zeros is told once, by its mode.
        if inode.links == 0 && inode.mode != 0 {
            let gap = Gap::invalid(NAME, inode.at.saturating_add(0x1a), "i_links_count", 0);
            self.note(&path, gap, 0);
        }
        match inode.mode & 0xf000 {
            FILE => self.file(&path, &inode),
            LINK => self.link(&path, &inode)?,
            FOLDER if folder.depth < DEEPEST => {
                self.tell(&path);
                self.todo.push(Folder {
                    number: name.inode,
                    path,
                    depth: folder.depth.saturating_add(1),
                    at: name.at,
                });
                return Ok(());
            }
            FOLDER => {
                let depth = folder.depth.saturating_add(1).into();
                let gap = Gap::over(NAME, name.at, "directory depth", depth, DEEPEST.into(), "");
                self.note(&path, gap, 0);
            }
            PIPE | SOCKET | CHARACTER | BLOCKS => {}
            _ => {
                let gap = Gap::invalid(NAME, inode.at, "i_mode", inode.mode.into());
                self.note(&path, gap, inode.size);
            }
        }
        self.tell(&path);
        Ok(())
    }

    /// The path of a name; `None` where it is too long for Android. A name never has a slash in it, and is
    /// never taken for a path.
    fn path(&mut self, folder: &Folder, name: &Name) -> Result<Option<String>, Gap> {
        let text = name::text(&name.raw);
        let mut path = String::with_capacity(folder.path.len().saturating_add(text.len()).saturating_add(1));
        path.push_str(&folder.path);
        if !path.is_empty() {
            path.push('/');
        }
        let parts: Vec<&str> = text.split('/').collect();
        path.push_str(&parts.join("\\x2f"));
        if parts.len() > 1 {
            let gap = Gap::invalid(NAME, name.at.saturating_add(8), "name with a slash", b'/'.into());
            self.note(&path, gap, 0);
        }
        let len = wide(path.len());
        if path.len() > LONGEST {
            let gap = Gap::over(NAME, name.at, "path length", len, wide(LONGEST), "");
            self.note(&folder.path, gap, 0);
            return Ok(None);
        }
        self.remember(len, name.at)?;
        Ok(Some(path))
    }

    /// Charges `len` bytes of names.
    fn remember(&mut self, len: u64, at: u64) -> Result<(), Gap> {
        self.paths = self.paths.saturating_add(len);
        if self.paths > PATHS {
            return Err(Gap::over(NAME, at, "bytes of names", self.paths, PATHS, ""));
        }
        Ok(())
    }

    fn file(&mut self, path: &str, inode: &Inode) {
        let known = self.linked.get(&inode.number).cloned();
        let blob = known.unwrap_or_else(|| {
            let (blob, pieces) = self.content(path, inode);
            // Whatever it says of its names: what is in many pieces is kept once.
            if inode.links > 1 || pieces > 1 {
                self.linked.insert(inode.number, blob.clone());
            }
            blob
        });
        self.content = self
            .content
            .saturating_add(blob.len().min(self.budget.limits.item));
        self.listing.blob(path, blob);
    }

    /// The bytes of a file or a link, and in how many pieces they are.
    fn content(&mut self, path: &str, inode: &Inode) -> (Blob, usize) {
        let mut size = inode.size;
        if inode.flags & ENCRYPT != 0 {
            let mut lost = Extents::new(NAME, size);
            lost.push(0, size, Fill::Lost(encrypted(inode.at, "file")));
            return (lost.into_blob(), 1);
        }
        if inode.flags & INLINE != 0 {
            return (self.inline(inode, size), 1);
        }
        let runs = self.image.runs(inode);
        let block_size = self.image.superblock.block_size;
        let most = MOST_BLOCKS.saturating_mul(block_size);
        if size > most {
            // Nothing can be that long: what has blocks is.
            let at = inode.at.saturating_add(4);
            self.note(path, Gap::invalid(NAME, at, "i_size", size), 0);
            size = runs.last().map_or(0, |run| {
                run.first.saturating_add(run.count).saturating_mul(block_size)
            });
            size = size.min(most);
        }
        let extents = self.image.extents(runs, size);
        let pieces = extents.count();
        (extents.into_blob(), pieces)
    }

    /// Content that is in the inode.
    fn inline(&self, inode: &Inode, size: u64) -> Blob {
        let mut pieces = Extents::new(NAME, size);
        match self.image.inline(inode) {
            Ok((start, rest)) => {
                let mut at = 0;
                for range in [start, rest] {
                    let len = range.end.saturating_sub(range.start);
                    pieces.push(at, len, Fill::From(self.image.blob.slice(range)));
                    at = at.saturating_add(len);
                }
                if at < size {
                    // mke2fs writes files of one long hole so. The kernel reads zeros.
                    self.image
                        .remark(Gap::odd(NAME, inode.at.saturating_add(4), "i_size", size));
                }
            }
            Err(gap) => pieces.push(0, size, Fill::Lost(gap)),
        }
        pieces.into_blob()
    }

    /// A symbolic link: its target is in `i_block` where that is long enough, else in a block.
    fn link(&mut self, path: &str, inode: &Inode) -> Result<(), Gap> {
        if inode.flags & ENCRYPT != 0 {
            self.note(path, encrypted(inode.at, "symbolic link"), inode.size);
            return Ok(());
        }
        let fast = inode.flags & (EXTENTS | INLINE) == 0 && !inode.has_blocks;
        let content = if fast {
            let start = inode.block_at();
            let whole = start.saturating_add(wide(BLOCK));
            self.image
                .blob
                .slice(start..whole.min(start.saturating_add(inode.size)))
        } else {
            self.content(path, inode).0
        };
        let most = wide(LONGEST);
        let target = match content.read(NAME, 0..most) {
            Ok(target) => target,
            Err(gap) => {
                self.note(path, gap, inode.size);
                return Ok(());
            }
        };
        if wide(target.len()) < inode.size {
            let gap = Gap::invalid(NAME, inode.at.saturating_add(4), "i_size", inode.size);
            self.note(path, gap, 0);
        }
        let target = target.split(|b| *b == 0).next().unwrap_or_default();
        let target = name::text(target);
        self.remember(wide(target.len()), inode.at)?;
        self.listing.links.push((path.into(), target.into()));
        Ok(())
    }

    /// Remarks what is wrong with one path, and how many bytes are lost by it.
    fn note(&mut self, path: &str, gap: Gap, unread: u64) {
        if wide(self.listing.notices.len()) >= self.budget.limits.notices {
            self.untold = self.untold.saturating_add(1);
            return;
        }
        self.listing.notices.push(Remark {
            entry: (!path.is_empty()).then(|| path.into()),
            gap,
            unread,
        });
    }

    fn tell(&mut self, path: &str) {
        for gap in self.image.take_remarks() {
            self.note(path, gap, 0);
        }
    }

    fn finish(self) {
        if self.untold > 0 {
            let limit = self.budget.limits.notices;
            let got = limit.saturating_add(self.untold);
            self.listing.remark(Gap::over(NAME, 0, "remarks", got, limit, ""));
        }
        // Files may share blocks, and have none: bound what they are together.
        let honest = self.image.blob.len().saturating_mul(SHARED);
        self.listing.overlaps = self.content > honest.max(self.budget.limits.task);
    }
}

fn encrypted(at: u64, what: &'static str) -> Gap {
    Gap {
        format: NAME,
        at,
        what: what.into(),
        kind: Kind::Encrypted,
    }
}
