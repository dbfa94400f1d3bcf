//! The classes of one package, over all its dex files.
//!
//! A class that two files define belongs to the first, as on the device. What no file defines is
//! *outside*: the framework, a library, nothing.

use rustc_hash::FxHashMap;

use crate::artifact::dex::{ClassDef, Dex};
use crate::bytes::Gap;

/// No class, no method.
pub(crate) const NONE: u32 = u32::MAX;
/// Steps up a chain of superclasses. Real ones have a dozen; a hostile one is a circle.
const MAX_CHAIN: usize = 64;

/// A class that the package defines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Class {
    /// Which file.
    pub(crate) dex: u16,
    /// Its definition there.
    pub(crate) def: ClassDef,
    /// Whether another class of the package extends or implements it.
    pub(crate) extended: bool,
}

/// Longest name of a class that is compared. The specification knows no limit; real ones end at 200, and
/// a hostile file gives ten thousand types one name of a megabyte.
const MAX_NAME: usize = 1024;

/// All dex files of a package and what they define.
#[derive(Debug)]
pub(crate) struct Package<'a> {
    /// The files, in the order of the device.
    pub(crate) dexes: Vec<Dex<'a>>,
    /// Their strings, by index, found once: asking the file looks for the end each time.
    texts: Vec<Vec<&'a [u8]>>,
    /// All classes, in the order of the files.
    pub(crate) classes: Vec<Class>,
    /// By file, then by type: the class, or [`NONE`] when it is outside.
    homes: Vec<Vec<u32>>,
}

impl<'a> Package<'a> {
    /// Reads the strings and finds the classes. Files beyond the 65 535th are not looked at.
    pub(crate) fn new(dexes: &[Dex<'a>], gaps: &mut Vec<(u16, Gap)>) -> Self {
        let dexes: Vec<Dex<'a>> = dexes.iter().take(usize::from(u16::MAX)).copied().collect();
        let mut package = Self {
            dexes,
            texts: Vec::new(),
            classes: Vec::new(),
            homes: Vec::new(),
        };
        package.read_texts(gaps);
        package.find_classes();
        package.mark_extended();
        package
    }

    fn read_texts(&mut self, gaps: &mut Vec<(u16, Gap)>) {
        for (dex_no, dex) in self.numbered() {
            let mut texts: Vec<&[u8]> = Vec::with_capacity(index(dex.string_count()));
            for string in dex.strings() {
                match string {
                    Ok((i, bytes)) => {
                        // A string that could not be read is empty.
                        texts.resize(index(i), &[]);
                        texts.push(bytes);
                    }
                    Err(gap) => gaps.push((dex_no, gap)),
                }
            }
            self.texts.push(texts);
        }
    }

    /// The strings of a file, by index. May end before the table does.
    pub(crate) fn texts(&self, dex: u16) -> &[&'a [u8]] {
        self.texts
            .get(usize::from(dex))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// A string of a file, MUTF-8.
    #[inline]
    pub(crate) fn text(&self, dex: u16, string: u32) -> Option<&'a [u8]> {
        self.texts(dex).get(index(string)).copied()
    }

    /// The descriptor of a type; `None` for one that is too long to be real.
    #[inline]
    pub(crate) fn type_name(&self, dex: u16, type_: u32) -> Option<&'a [u8]> {
        let name = self.text(dex, self.dex(dex)?.type_name(type_)?)?;
        (name.len() <= MAX_NAME).then_some(name)
    }

    fn find_classes(&mut self) {
        let several = self.dexes.len() > 1;
        let mut names: FxHashMap<&'a [u8], u32> = FxHashMap::default();
        for (dex_no, dex) in self.numbered() {
            let mut home = vec![NONE; index(dex.type_count())];
            for def in dex.classes() {
                let Some(slot) = home.get_mut(index(def.class)).filter(|slot| **slot == NONE) else {
                    continue;
                };
                let number = count(self.classes.len());
                if several {
                    let Some(name) = self.type_name(dex_no, def.class) else {
                        continue;
                    };
                    if names.contains_key(name) {
                        continue;
                    }
                    names.insert(name, number);
                }
                *slot = number;
                self.classes.push(Class {
                    dex: dex_no,
                    def,
                    extended: false,
                });
            }
            self.homes.push(home);
        }
        if several {
            let mut homes = std::mem::take(&mut self.homes);
            for ((dex_no, _), home) in self.numbered().zip(&mut homes) {
                for (type_, slot) in (0_u32..).zip(home.iter_mut()).filter(|(_, slot)| **slot == NONE) {
                    let name = self
                        .type_name(dex_no, type_)
                        .filter(|name| name.first() == Some(&b'L'));
                    *slot = name.and_then(|name| names.get(name)).copied().unwrap_or(NONE);
                }
            }
            self.homes = homes;
        }
    }

    fn mark_extended(&mut self) {
        let mut extended = Vec::new();
        for class in &self.classes {
            let Some(dex) = self.dex(class.dex) else { continue };
            extended.extend(class.def.superclass.and_then(|type_| self.home(class.dex, type_)));
            let interfaces = dex.interfaces(&class.def).unwrap_or_default();
            extended.extend(interfaces.iter().filter_map(|type_| self.home(class.dex, type_)));
        }
        for number in extended {
            if let Some(class) = self.classes.get_mut(index(number)) {
                class.extended = true;
            }
        }
    }

    /// The files with their numbers.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (u16, Dex<'a>)> + use<'a> {
        let dexes = self.dexes.clone();
        dexes
            .into_iter()
            .enumerate()
            .filter_map(|(n, dex)| Some((u16::try_from(n).ok()?, dex)))
    }

    /// A file by number.
    pub(crate) fn dex(&self, dex: u16) -> Option<&Dex<'a>> {
        self.dexes.get(usize::from(dex))
    }

    /// The number of the class that defines a type of a file.
    pub(crate) fn home(&self, dex: u16, type_: u32) -> Option<u32> {
        let home = self.homes.get(usize::from(dex))?.get(index(type_))?;
        (*home != NONE).then_some(*home)
    }

    /// A class by number.
    pub(crate) fn class(&self, number: u32) -> Option<&Class> {
        self.classes.get(index(number))
    }

    /// The class of a type, its superclass, and so on up to the first that is outside, which is given
    /// as a type. Ends after [`MAX_CHAIN`] steps.
    pub(crate) fn chain(&self, dex: u16, type_: u32) -> impl Iterator<Item = (u16, u32, Option<&Class>)> {
        let mut next = Some((dex, type_));
        std::iter::from_fn(move || {
            let (dex, type_) = next?;
            let class = self.home(dex, type_).and_then(|number| self.class(number));
            next = class.and_then(|class| class.def.superclass.map(|super_| (class.dex, super_)));
            Some((dex, type_, class))
        })
        .take(MAX_CHAIN)
    }
}

/// A 32-bit index of the file as a memory index; leads outside where `usize` is narrower.
#[inline]
pub(crate) fn index(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// A length as a 32-bit number.
#[inline]
pub(crate) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
