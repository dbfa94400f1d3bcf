//! What is in the image of a partition, and in an APEX file.

use crate::bytes::Blob;

use super::super::super::image::avb;
use super::super::super::layout::Layout;
use super::super::super::registry::{Entry, Listing};
use super::super::super::{Class, Leaf, classify, name};
use super::super::context::{self, Context};
use super::super::{APEX, ending, tell_apart};
use super::{Outer, Pending, below};

impl Outer<'_> {
    /// Takes the files of a partition. Packages stay closed, APEX files are opened.
    pub(super) fn partition(&mut self, mut listing: Listing, inner: &str, file: &Pending, blob: &Blob) {
        tell_apart(&mut listing);
        let partition = file.context.partition(&file.path);
        self.footer(
            blob,
            inner,
            &Context {
                partition: Some(partition.as_str().into()),
                ..Context::default()
            },
        );
        let prefix = format!("{partition}/{}", file.context.prefix);
        let full = |name: &str| format!("{prefix}{}", name::inert(name));
        let paths: Vec<String> = listing.entries.iter().map(|entry| full(&entry.name)).collect();
        let layout = Layout::partition(&partition, paths.iter().map(String::as_str));
        for (entry, path) in std::mem::take(&mut listing.entries).into_iter().zip(&paths) {
            let (length, logical) = layout.split(path);
            let class = classify(&entry.name, &[]);
            if matches!(class, Class::Archive(_)) && APEX.contains(&ending(&entry.name).as_str()) {
                self.queue.push_back(Pending {
                    path: below(inner, &entry.name),
                    logical,
                    size: entry.size,
                    data: entry.data,
                    depth: file.depth.saturating_add(1),
                    context: Context::default(),
                });
                continue;
            }
            let place = self.place(&logical, &below(inner, &entry.name));
            let leaf = Leaf::at(place, class, entry.data, Some(entry.size));
            self.leaves.push(leaf.in_partition(length));
        }
        for (link, target) in std::mem::take(&mut listing.links) {
            self.links.push((layout.logical(&full(&link)), target));
        }
        self.remarks(listing, inner, |name| layout.logical(&full(name)));
    }

    /// The image in an APEX file, whose files the device mounts below `/apex` under its name; and what
    /// describes it.
    pub(super) fn apex(&mut self, mut listing: Listing, inner: &str, file: &Pending) {
        tell_apart(&mut listing);
        let name = match &*file.context.prefix {
            "" => stem_of(&file.path),
            prefix => prefix.trim_end_matches('/').to_string(),
        };
        let context = Context {
            partition: Some("apex".into()),
            prefix: format!("{name}/").into(),
            peers: None,
        };
        for entry in std::mem::take(&mut listing.entries) {
            let path = below(inner, &entry.name);
            if is_payload(&entry) {
                self.descend(path, entry, file, context.clone());
                continue;
            }
            let place = self.place(&format!("{}!{}", file.logical, entry.name), &path);
            let class = classify(&entry.name, &[]);
            self.leaves
                .push(Leaf::at(place, class, entry.data, Some(entry.size)));
        }
        self.remarks(listing, inner, |name| format!("{}!{name}", file.logical));
    }

    /// What verified boot says of an image at its end: the fingerprint of its build and others.
    pub(super) fn footer(&mut self, blob: &Blob, inner: &str, context: &Context) {
        let Some((vbmeta, _)) = avb::footer(blob) else {
            return;
        };
        let partition = context.partition(inner);
        let text = vbmeta.text();
        if text.is_empty() {
            return;
        }
        let place = self.place(
            &format!("{partition}:avb.properties"),
            &below(inner, "avb.properties"),
        );
        let leaf = Leaf::plain(place, Class::Props, text);
        self.leaves
            .push(leaf.in_partition(partition.len().saturating_add(1)));
    }
}

/// Whether a zip is an APEX file, or one that is compressed.
pub(super) fn is_apex(listing: &Listing) -> bool {
    listing.entries.iter().any(is_payload)
}

fn is_payload(entry: &Entry) -> bool {
    matches!(&*entry.name, "apex_payload.img" | "original_apex")
}

/// The name under which the device mounts an APEX file: `com.android.vndk.v30@1.apex` is
/// `com.android.vndk.v30`.
fn stem_of(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.rsplit_once('.').map_or(name, |(name, _)| name);
    context::partition(name.split('@').next().unwrap_or(name))
}
