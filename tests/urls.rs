//! Hosts of real packages against lists made by hand, by another program.
//!
//! Needs `PHONEHOME_CORPUS` (the unpacked corpus) and `PHONEHOME_TRUTH` (the lists); without them it
//! says so and passes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use phonehome::artifact::dex::Dex;
use phonehome::bytes::Budget;
use phonehome::fact::endpoint::{Finder, Found};
use phonehome::fact::{HostKind, Source};
use phonehome::rule::Rules;
use phonehome::unpack;

/// Every string of every dex file in a package and the packages nested in it.
fn strings(apk: &Path) -> Vec<Vec<u8>> {
    let budget = Budget::default();
    let tree = unpack::walk(apk, &budget).unwrap();
    let mut all = Vec::new();
    for package in tree
        .leaves
        .iter()
        .flat_map(|leaf| unpack::open_package(leaf, &budget))
    {
        for leaf in &package.leaves {
            let read = leaf.read(&budget);
            for dex in Dex::open(&read.bytes).dexes {
                all.extend((0..dex.string_count()).filter_map(|i| dex.string(i).map(<[u8]>::to_vec)));
            }
        }
    }
    all
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push(path)
        }
    }
    found
}

/// What stands between `://` and the next `/`, `?` or `:`.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', ':']).next().unwrap_or_default()
}

#[test]
fn every_host_on_the_lists_is_found_and_none_that_is_not_in_the_bytes() {
    let (Ok(corpus), Ok(truth)) = (env::var("PHONEHOME_CORPUS"), env::var("PHONEHOME_TRUTH")) else {
        eprintln!("PHONEHOME_CORPUS or PHONEHOME_TRUTH is not set: skipped");
        return;
    };
    let rules = Rules::bundled().unwrap();
    let finder = Finder::new(&rules);
    let apks = files(&Path::new(&corpus).join("apks"));
    let lists = files(&Path::new(&truth).join("urls"));
    assert_eq!(lists.len(), 10);
    for list in lists {
        let name = list.file_stem().unwrap().to_str().unwrap();
        let apk = apks
            .iter()
            .find(|apk| apk.ends_with(name))
            .unwrap_or_else(|| panic!("{name} is not there"));
        let strings = strings(apk);
        let (mut found, mut templates, mut aside) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for text in &strings {
            for hit in finder.text(text) {
                match finder.endpoint(text, &hit, Source::StringTable) {
                    Some(Found::Endpoint(e)) if e.host_kind == HostKind::Template => {
                        templates.insert(e.path);
                    }
                    Some(Found::Endpoint(e)) => {
                        let text = String::from_utf8_lossy(text).to_lowercase();
                        assert!(text.contains(&e.host), "{name}: {} is not in {text}", e.host);
                        found.insert(e.host);
                    }
                    Some(Found::Aside(host)) => {
                        aside.insert(host);
                    }
                    None => {}
                }
            }
        }
        for line in fs::read_to_string(&list)
            .unwrap()
            .lines()
            .filter(|line| !line.starts_with('#'))
        {
            let (_, url) = line.split_once('\t').unwrap();
            let host = host(url);
            let known = if host.contains('%') {
                templates.iter().any(|path| url.ends_with(path))
            } else {
                found.contains(host) || aside.contains(host)
            };
            assert!(known, "{name}: {url} is missing");
        }
        for schema in ["schemas.android.com", "xmlpull.org", "www.jivesoftware.com"] {
            assert!(!found.contains(schema), "{name}: {schema} is no server");
        }
        println!(
            "{name}: {} hosts, {} templates, {} set aside",
            found.len(),
            templates.len(),
            aside.len()
        );
    }
}
