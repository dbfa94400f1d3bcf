//! What an input says of its own images, against what they are.
//!
//! Verified boot: the signature of each vbmeta, the digest of each partition that one describes, the key of each
//! that it chains to. Payloads: the hash of each image; reading it, the hashes of all operations. Reads every byte
//! of every image that something is said of.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;

use crate::bytes::{Blob, Budget, Bytes, Gap, Kind};

use super::image::avb::descriptor::{Descriptor, Hash};
use super::image::avb::{self, Vbmeta, verify::Check};
use super::walk::{Images, OpenError, images};

/// Something that is said, and whether it is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The partition that it is about.
    pub about: String,
    /// The partition whose vbmeta says it; empty where the package does.
    pub by: String,
    /// What is said: `signature`, `hash`, `hash tree`, `key`, `image`.
    pub what: &'static str,
    /// Whether it is so.
    pub check: Check,
    /// SHA-1 of the key of a signature, lower-case hexadecimal.
    pub key: Option<String>,
}

/// What is to be checked, and with what.
enum Job<'a> {
    Signature(&'a Vbmeta),
    Digest(&'a Descriptor),
    Key(&'a Bytes),
    Sum([u8; 32]),
}

/// Everything that an input says of its own images, checked: by partition.
pub fn verify(path: &Path, budget: &Budget) -> Result<Vec<Claim>, OpenError> {
    let Images { all, sums } = images(path, budget)?;
    let mut vbmetas: BTreeMap<&str, Vbmeta> = BTreeMap::new();
    for (name, image) in &all {
        let own = Vbmeta::read(image, 0).ok();
        if let Some(vbmeta) = own.or_else(|| avb::footer(image).map(|(vbmeta, _)| vbmeta)) {
            vbmetas.insert(name, vbmeta);
        }
    }
    let mut jobs: Vec<(&str, &str, Job<'_>)> = Vec::new();
    for (by, vbmeta) in &vbmetas {
        // One at the end of an image is signed where another chains to it, or not at all.
        if vbmeta.algorithm != "NONE" || by.starts_with("vbmeta") {
            jobs.push((by, by, Job::Signature(vbmeta)));
        }
        for descriptor in &vbmeta.descriptors {
            match descriptor {
                Descriptor::Hash(Hash { partition, .. }) => {
                    jobs.push((partition, by, Job::Digest(descriptor)))
                }
                Descriptor::Hashtree(tree) => jobs.push((&tree.partition, by, Job::Digest(descriptor))),
                Descriptor::Chain {
                    partition,
                    public_key,
                    ..
                } => jobs.push((partition, by, Job::Key(public_key))),
                Descriptor::Cmdline { .. } => {}
            }
        }
    }
    for (name, sum) in &sums {
        jobs.push((name, "", Job::Sum(*sum)));
    }
    let check = |(about, by, job): (&str, &str, Job<'_>)| {
        let (what, check) = job.run(all.get(about), vbmetas.get(about));
        let signed = what == "signature";
        Claim {
            about: about.to_owned(),
            by: by.to_owned(),
            what,
            check,
            key: vbmetas.get(by).filter(|_| signed).map(Vbmeta::key_sha1),
        }
    };
    let mut claims: Vec<Claim> = jobs.into_par_iter().with_max_len(1).map(check).collect();
    claims.sort_by(|a, b| (&a.about, &a.by, a.what).cmp(&(&b.about, &b.by, b.what)));
    Ok(claims)
}

impl Job<'_> {
    fn run(self, image: Option<&Blob>, vbmeta: Option<&Vbmeta>) -> (&'static str, Check) {
        let missing =
            |need| Check::NotChecked(Gap::truncated("vbmeta", 0, "image of the partition", need, 0));
        let of = |descriptor: &Descriptor| match (image, descriptor) {
            (Some(image), _) => broken(descriptor.verify(image)),
            (None, Descriptor::Hash(hash)) => missing(hash.image_size),
            (None, Descriptor::Hashtree(tree)) => missing(tree.image_size),
            (None, _) => missing(0),
        };
        match self {
            Self::Signature(vbmeta) => ("signature", vbmeta.verify()),
            Self::Digest(descriptor @ Descriptor::Hash(_)) => ("hash", of(descriptor)),
            Self::Digest(descriptor) => ("hash tree", of(descriptor)),
            Self::Key(key) => {
                let check = match vbmeta {
                    Some(vbmeta) if *vbmeta.public_key == **key => Check::Same,
                    Some(_) => Check::Differs,
                    None => missing(1),
                };
                ("key", check)
            }
            Self::Sum(sum) => {
                let descriptor = Descriptor::Hash(Hash {
                    partition: String::new(),
                    image_size: image.map_or(0, Blob::len),
                    algorithm: "sha256".to_owned(),
                    salt: Bytes::default(),
                    digest: sum.to_vec().into(),
                });
                ("image", of(&descriptor))
            }
        }
    }
}

/// Data that is not what its package says is not a matter of what could be read.
fn broken(check: Check) -> Check {
    match check {
        Check::NotChecked(Gap {
            what,
            kind: Kind::Invalid { .. },
            ..
        }) if what == "data_sha256_hash" => Check::Differs,
        check => check,
    }
}

#[cfg(test)]
#[expect(clippy::print_stdout, reason = "a test says where it did not run")]
mod tests {
    use super::*;

    #[test]
    fn real_packages_are_what_they_say_as_far_as_they_are_there() {
        let Some(corpus) = std::env::var_os("PHONEHOME_CORPUS") else {
            println!("not run: PHONEHOME_CORPUS is not set");
            return;
        };
        let path = Path::new(&corpus).join("roms/mix2s-20.4.30-payload.zip");
        let claims = verify(&path, &Budget::default()).unwrap();
        let sound = |claim: &&Claim| claim.check == Check::Same;
        let sound: Vec<(&str, &str)> = claims
            .iter()
            .filter(sound)
            .map(|claim| (&*claim.about, claim.what))
            .collect();
        let expect = [
            ("boot", "image"),
            ("product", "image"),
            ("system", "image"),
            ("vbmeta", "image"),
            ("vbmeta", "signature"),
        ];
        assert_eq!(sound, expect);
        assert!(claims.iter().all(|claim| claim.check != Check::Differs));
    }
}
