//! The classes that code was compiled against, as far as slots and offsets follow from them.
//!
//! Of each class its superclass, interfaces, instance fields and virtual methods are kept, and nothing of the
//! files that it is from: a framework of 60 MB is some 10 MB here, and can be kept while a whole build is
//! read.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::artifact::dex::{ClassDef, Dex};

/// Ours: bytes of a name that is compared with others. The longest real ones have some three hundred.
pub(super) const MAX_NAME: usize = 512;
/// Ours: bytes of all names that are read for one file. A dex of 65 536 methods has six million; a hostile
/// one has as many references to one huge string.
pub(super) const MAX_NAMES: usize = 64 << 20;
/// Ours: bytes of all names that are kept. A framework of Android 7 has about eight million.
const MAX_TEXT: usize = 32 << 20;
/// Ours: classes, fields, methods and interfaces that are kept. The same framework has half a million.
const MAX_ITEMS: usize = 2 << 20;

const ACC_INTERFACE: u32 = 0x200;

/// Classes by name. Of two with one name the first counts.
#[derive(Debug, Default)]
pub struct ClassPath {
    texts: Vec<Arc<[u8]>>,
    /// Name → its number in `texts`.
    numbers: FxHashMap<Arc<[u8]>, u32>,
    classes: FxHashMap<u32, Item>,
    interfaces: Vec<u32>,
    /// Name and type.
    fields: Vec<[u32; 2]>,
    /// Name, prototype, access.
    methods: Vec<[u32; 3]>,
    /// Bytes of `texts`.
    size: usize,
}

/// What is kept of a class: numbers of names, and ranges of the lists.
#[derive(Debug)]
struct Item {
    access: u32,
    superclass: Option<u32>,
    /// Interfaces, fields and methods; `None` where not all of them could be read.
    lists: Option<[Range<usize>; 3]>,
}

impl ClassPath {
    /// The classes of these files, in this order.
    pub fn new<'d>(dexes: impl IntoIterator<Item = Dex<'d>>) -> Self {
        let mut this = Self::default();
        dexes.into_iter().for_each(|dex| this.add(&dex));
        this
    }

    /// Adds the classes of a dex. What is more than any build has is left out.
    pub fn add(&mut self, dex: &Dex<'_>) {
        let mut reader = Reader {
            dex: *dex,
            strings: FxHashMap::default(),
            protos: FxHashMap::default(),
            left: MAX_NAMES,
            full: false,
            path: self,
        };
        for class in dex.classes() {
            reader.class(&class);
            if reader.full {
                break;
            }
        }
    }

    /// Whether it holds no class.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// The class of this name.
    pub(super) fn find(&self, name: &[u8]) -> Option<Class<'_>> {
        let item = self.classes.get(self.numbers.get(name)?)?;
        Some(Class { path: self, item })
    }

    fn text(&self, number: u32) -> &[u8] {
        let text = usize::try_from(number).ok().and_then(|i| self.texts.get(i));
        text.map_or(&[], |text| text)
    }

    /// The number of a name; `None` where there is no room for it.
    fn number(&mut self, text: &[u8]) -> Option<u32> {
        if let Some(number) = self.numbers.get(text) {
            return Some(*number);
        }
        let size = self.size.checked_add(text.len())?;
        let number = u32::try_from(self.texts.len()).ok()?;
        if size > MAX_TEXT || self.texts.len() >= MAX_ITEMS {
            return None;
        }
        self.size = size;
        let text: Arc<[u8]> = text.into();
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        Some(number)
    }

    /// Where the lists end.
    fn ends(&self) -> [usize; 3] {
        [self.interfaces.len(), self.fields.len(), self.methods.len()]
    }
}

/// A class, borrowed. What is asked for is `None` where it is not all known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Class<'a> {
    path: &'a ClassPath,
    item: &'a Item,
}

/// A virtual method.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method<'a> {
    pub(super) name: &'a [u8],
    /// `(ILjava/lang/String;)V`
    pub(super) proto: &'a [u8],
    pub(super) access: u32,
}

impl<'a> Class<'a> {
    pub(super) fn is_interface(&self) -> bool {
        self.item.access & ACC_INTERFACE != 0
    }

    pub(super) fn superclass(&self) -> Option<&'a [u8]> {
        Some(self.path.text(self.item.superclass?))
    }

    /// The interfaces that it names itself.
    pub(super) fn interfaces(&self) -> Option<impl Iterator<Item = &'a [u8]> + use<'a>> {
        let [range, ..] = self.item.lists.clone()?;
        let path = self.path;
        Some(path.interfaces.get(range)?.iter().map(|i| path.text(*i)))
    }

    /// Names and types of its instance fields, in the order of the file.
    pub(super) fn fields(&self) -> Option<impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a>> {
        let [_, range, _] = self.item.lists.clone()?;
        let path = self.path;
        let fields = path.fields.get(range)?.iter();
        Some(fields.map(|[name, type_]| (path.text(*name), path.text(*type_))))
    }

    /// Its virtual methods, in the order of the file.
    pub(super) fn methods(&self) -> Option<impl Iterator<Item = Method<'a>> + use<'a>> {
        let [.., range] = self.item.lists.clone()?;
        let path = self.path;
        let methods = path.methods.get(range)?.iter();
        Some(methods.map(|[name, proto, access]| Method {
            name: path.text(*name),
            proto: path.text(*proto),
            access: *access,
        }))
    }
}

/// Adds the classes of one dex.
struct Reader<'p, 'd> {
    path: &'p mut ClassPath,
    dex: Dex<'d>,
    /// String or prototype of the dex → number of its text, `None` for what is none.
    strings: FxHashMap<u32, Option<u32>>,
    protos: FxHashMap<u32, Option<u32>>,
    /// Bytes of names that may still be read.
    left: usize,
    /// There is no room for more.
    full: bool,
}

impl Reader<'_, '_> {
    fn class(&mut self, class: &ClassDef) {
        let Some(name) = self.type_(class.class).filter(|i| !self.path.text(*i).is_empty()) else {
            return;
        };
        if self.path.classes.contains_key(&name) {
            return;
        }
        let from = self.path.ends();
        let read = self.lists(class);
        let lists = read.map(|()| {
            let [a, b, c] = from;
            let [interfaces, fields, methods] = self.path.ends();
            [a..interfaces, b..fields, c..methods]
        });
        let superclass = class.superclass.and_then(|i| self.type_(i));
        if self.full {
            return;
        }
        let item = Item {
            access: class.access,
            superclass,
            lists,
        };
        self.path.classes.insert(name, item);
    }

    fn lists(&mut self, class: &ClassDef) -> Option<()> {
        let dex = self.dex;
        for i in dex.interfaces(class).ok()?.iter() {
            let name = self.type_(i)?;
            self.charge()?;
            self.path.interfaces.push(name);
        }
        let members = dex.members(class).ok()?;
        for field in members.fields() {
            let field = field.ok()?;
            if field.is_static {
                continue;
            }
            let id = dex.field(field.index)?;
            let field = [self.string(id.name)?, self.type_(id.type_)?];
            self.charge()?;
            self.path.fields.push(field);
        }
        for method in members.methods() {
            let method = method.ok()?;
            if !method.is_virtual {
                continue;
            }
            let id = dex.method(method.index)?;
            let found = [self.string(id.name)?, self.proto(id.proto)?, method.access];
            self.charge()?;
            self.path.methods.push(found);
        }
        Some(())
    }

    /// Counts an item that is about to be kept.
    fn charge(&mut self) -> Option<()> {
        let [a, b, c] = self.path.ends();
        let sum = a.saturating_add(b).saturating_add(c);
        self.full |= sum.saturating_add(self.path.classes.len()) >= MAX_ITEMS;
        (!self.full).then_some(())
    }

    /// Counts the bytes of a name that was read; one more, since even nothing takes a step.
    fn spend(&mut self, len: usize) -> Option<()> {
        match self.left.checked_sub(len.saturating_add(1)) {
            Some(left) => self.left = left,
            None => self.full = true,
        }
        (!self.full).then_some(())
    }

    fn number(&mut self, text: &[u8]) -> Option<u32> {
        let number = self.path.number(text);
        self.full |= number.is_none();
        number
    }

    fn type_(&mut self, i: u32) -> Option<u32> {
        self.string(self.dex.type_name(i)?)
    }

    fn string(&mut self, i: u32) -> Option<u32> {
        if let Some(known) = self.strings.get(&i) {
            return *known;
        }
        let text = self.dex.string(i)?;
        self.spend(text.len())?;
        let number = match text.len() {
            0..=MAX_NAME => Some(self.number(text)?),
            _ => None,
        };
        self.strings.insert(i, number);
        number
    }

    fn proto(&mut self, i: u32) -> Option<u32> {
        if let Some(known) = self.protos.get(&i) {
            return *known;
        }
        let text = self.proto_text(i);
        let number = match text {
            Some(text) => Some(self.number(&text)?),
            None => None,
        };
        self.protos.insert(i, number);
        number
    }

    fn proto_text(&mut self, i: u32) -> Option<Vec<u8>> {
        let proto = self.dex.proto(i)?;
        let mut text = vec![b'('];
        for parameter in proto.parameters.iter() {
            self.append(parameter, &mut text)?;
        }
        text.push(b')');
        self.append(proto.return_type, &mut text)?;
        Some(text)
    }

    fn append(&mut self, type_: u32, text: &mut Vec<u8>) -> Option<()> {
        let number = self.type_(type_)?;
        self.spend(self.path.text(number).len())?;
        text.extend(self.path.text(number));
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::dex::build::{ABSTRACT, DexBuilder, INTERFACE, PUBLIC};

    fn lines(class: &Class<'_>) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let interfaces = class.interfaces().unwrap().map(text);
        let fields = class.fields().unwrap();
        let fields = fields.map(|(name, type_)| format!("{}:{}", text(name), text(type_)));
        let methods = class.methods().unwrap();
        let methods = methods.map(|method| format!("{}{}", text(method.name), text(method.proto)));
        interfaces.chain(fields).chain(methods).collect()
    }

    #[test]
    fn the_files_are_not_needed_any_more() {
        let build = |name: &str| {
            let mut dex = DexBuilder::new();
            let class = dex.class("La;").superclass("Lb;").interface("LI;");
            class.instance_field(name, "[I").static_field("s", "J", None);
            class
                .virtual_method("f", "(JLa;)V", 5, |m| {
                    m.return_void();
                })
                .method("direct", "()V", 1, |m| {
                    m.return_void();
                });
            dex.class("LI;").access(PUBLIC | INTERFACE | ABSTRACT);
            dex.build()
        };
        let path = {
            let (first, second) = (build("first"), build("second"));
            ClassPath::new([first, second].iter().flat_map(|bytes| Dex::open(bytes).dexes))
        };
        let class = path.find(b"La;").unwrap();
        assert_eq!(class.superclass(), Some(&b"Lb;"[..]));
        assert_eq!(lines(&class), ["LI;", "first:[I", "f(JLa;)V"]);
        assert!(!class.is_interface() && path.find(b"LI;").unwrap().is_interface());
        assert!(path.find(b"Lb;").is_none());
    }

    #[test]
    fn a_class_whose_members_are_cut_off_is_known_by_its_superclass_alone() {
        let mut dex = DexBuilder::new();
        dex.class("La;").superclass("Lb;").instance_field("f", "I");
        let mut bytes = dex.build();
        let class = Dex::open(&bytes).dexes[0].class(0).unwrap();
        let end = u32::try_from(bytes.len()).unwrap();
        let at = bytes
            .windows(4)
            .rposition(|word| word == class.class_data_off.to_le_bytes())
            .unwrap();
        // The last such word is the map's; the one before it is the class's.
        let at = bytes[..at]
            .windows(4)
            .rposition(|word| word == class.class_data_off.to_le_bytes())
            .unwrap_or(at);
        bytes[at..at.saturating_add(4)].copy_from_slice(&end.to_le_bytes());
        let path = ClassPath::new(Dex::open(&bytes).dexes);
        let class = path.find(b"La;").unwrap();
        assert_eq!(class.superclass(), Some(&b"Lb;"[..]));
        assert!(class.fields().is_none());
    }
}
