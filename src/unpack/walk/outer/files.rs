//! What becomes of files: those that containers list, and those that are none.

use std::rc::Rc;
use std::sync::Arc;

use crate::bytes::{Gap, Notice, Place};

use super::super::super::layout::Layout;
use super::super::super::leaf::Task;
use super::super::super::registry::{Entry, Format, Holds, Listing};
use super::super::super::{Class, Leaf, classify, links, name, parts};
use super::super::context::{Context, Peers};
use super::super::{container, ending, tell_apart};
use super::{Outer, Pending, below};

/// What is said of a file that nobody knows.
const UNKNOWN: &str = "unknown format";

impl Outer<'_> {
    /// Takes what a container lists: containers outside of partitions are queued, the rest are leaves.
    pub(super) fn add(&mut self, mut listing: Listing, inner: &str, depth: u32) {
        parts::join(&mut listing, self.budget);
        tell_apart(&mut listing);
        let layout = Layout::of(
            self.root.logical(),
            listing.entries.iter().map(|entry| &*entry.name),
        );
        let place = self.place(inner, inner);
        // Entries that share bytes decode to more than the archive holds: bound their sum.
        let shared = listing.overlaps.then(Arc::<Task>::default);
        let is_container = |entry: &Entry, class| {
            let name = &entry.name;
            let closed = name.ends_with(".apk") || name.ends_with(".jar");
            matches!(class, Class::Archive(_) | Class::Unknown) && !closed && !layout.inside(name)
        };
        let all = listing
            .entries
            .iter()
            .filter(|entry| is_container(entry, classify(&entry.name, &[])))
            .map(|entry| (entry.name.clone(), below(inner, &entry.name), entry.data.clone()));
        let peers = Peers::new(all.collect(), &self.taken);
        let mut scripted = false;
        for entry in std::mem::take(&mut listing.entries) {
            let name = name::inert(&entry.name);
            let (partition, logical) = layout.split(&name);
            let path = below(inner, &entry.name);
            let class = classify(&entry.name, &[]);
            // The first of that name is the one that recovery runs.
            if links::is_script(&entry.name) && !std::mem::replace(&mut scripted, true) {
                let leaf = Leaf::at(place.clone(), class, entry.data.clone(), Some(entry.size));
                let script = leaf.read(self.budget).bytes;
                if let Err(gap) = links::read(&script, &layout, &mut self.link_room, &mut self.links) {
                    self.notices.push(Notice {
                        place: self.place(&logical, &path),
                        gap,
                        unread: 0,
                    });
                }
            }
            if is_container(&entry, class) {
                self.queue.push_back(Pending {
                    path,
                    logical,
                    size: entry.size,
                    data: entry.data,
                    depth: depth.saturating_add(1),
                    context: Context {
                        peers: Some(Rc::clone(&peers)),
                        ..Context::default()
                    },
                });
                continue;
            }
            let mut leaf = Leaf::at(self.place(&logical, &path), class, entry.data, Some(entry.size));
            leaf.task = shared.clone();
            self.leaves.push(leaf.in_partition(partition));
        }
        for (link, target) in std::mem::take(&mut listing.links) {
            self.links.push((layout.logical(&name::inert(&link)), target));
        }
        self.remarks(listing, inner, |entry| layout.logical(&name::inert(entry)));
    }

    /// Takes a file that is no container.
    pub(super) fn keep(&mut self, leaf: Leaf, path: &str, head: &[u8], inner: &str) {
        let mut class = classify(path, head);
        // A stream is by its name alone what turned out not to be one.
        let is_stream = |format: &dyn Format| format.holds() == Holds::Stream;
        if matches!(class, Class::Archive(_)) && container(path, head).is_some_and(is_stream) {
            class = Class::Unknown;
        }
        if class == Class::Unknown && is_text(head) {
            class = Class::Text;
        }
        if inner.is_empty() && self.format.is_empty() {
            self.format = class.name();
        }
        let first = head.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let gap = match class {
            Class::Unread(name) => Some(Gap::unsupported(name, 0, "format not read yet", first.into())),
            // `payload.bin`, `system.img` of no bytes at all: an upload that failed.
            Class::Unknown if leaf.size == 0 && matches!(&*ending(path), "img" | "bin") => {
                Some(Gap::truncated("file", 0, "file", 1, 0))
            }
            // Not where the format that it claims to be has told why it is not, and counted its bytes.
            Class::Unknown if !head.is_empty() && !self.is_told(&leaf.place()) => {
                Some(Gap::unsupported("file", 0, UNKNOWN, first.into()))
            }
            _ => None,
        };
        if let Some(gap) = gap {
            self.notices.push(Notice {
                place: leaf.place(),
                gap,
                unread: leaf.size,
            });
        }
        self.leaves.push(leaf.classed(class));
    }

    /// Whether the last that was told is that this place was not read.
    pub(super) fn is_told(&self, place: &Place) -> bool {
        let mut last = self
            .notices
            .iter()
            .rev()
            .take_while(|notice| notice.place == *place);
        last.any(|notice| notice.gap.is_loss() && notice.unread > 0)
    }

    /// Leaves out the images that are parts of others.
    pub(super) fn drop_taken(&mut self) {
        let root = format!("{}/", self.root.physical());
        let taken = self.taken.take();
        let is_taken = |place: &Place| {
            let path = place.physical().strip_prefix(&root);
            path.is_some_and(|path| taken.contains(path))
        };
        self.leaves
            .retain(|leaf| leaf.class != Class::Unknown || !is_taken(&leaf.place()));
        self.notices
            .retain(|notice| notice.gap.what != UNKNOWN || !is_taken(&notice.place));
    }
}

/// Whether this looks like text: UTF-8 without control characters but white space.
fn is_text(head: &[u8]) -> bool {
    let sound = match str::from_utf8(head) {
        Ok(_) => true,
        // A character may be cut at the end of the head.
        Err(e) => e.error_len().is_none(),
    };
    sound
        && !head.is_empty()
        && !head
            .iter()
            .any(|&b| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c))
}
