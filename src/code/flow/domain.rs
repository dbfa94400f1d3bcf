//! What a register holds while flows are followed: which objects, which text or number, and which
//! identifiers went into it.
//!
//! A method is looked at once, for all its callers: what it does not know is a *symbol* (a parameter,
//! what a field of it held, a static field), and a call replaces the symbols by what the caller has.
//! Sets are interned, so a value is twelve bytes and two values are equal when their numbers are.

use rustc_hash::FxHashMap;

use super::super::hierarchy::{M, Type};
use super::super::package::{count, index};
use super::super::value::{Val, Values, Why};
use super::bind::Bound;
use super::keyed::Place;
use super::sets::Sets;

/// Steps of one package; beyond that it is cut short. The largest app of the corpus needs a tenth.
pub(super) const MAX_STEPS: usize = 1 << 21;
/// Objects kept for one value; of more, the first are kept.
pub(super) const MAX_OBJECTS: usize = 12;
/// Fields of fields of a symbol that are told apart.
const MAX_PATH: u8 = 3;
/// Calls that an object made in a method called is told apart by.
const MAX_CONTEXT: u8 = 2;

/// An object, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ObjId(pub(crate) u32);

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Obj {
    /// Whatever the caller gave as this parameter, `this` being the first.
    Param(u8),
    /// What a cell of another object held when the method began.
    Load(ObjId, Key),
    /// A symbol, as far as a call on it reaches this method.
    As(ObjId, M),
    /// The static fields of a class.
    Statics(Type),
    /// Allocated at this instruction.
    New(M, u32),
    /// Handed out by a method that is not known, called at this instruction.
    Handed(M, u32),
    /// The object that a method called at this instruction made.
    Within(ObjId, M, u32),
    /// What the system makes one of: an activity, a service.
    Component(Type),
    /// What all components share: preferences, intents on their way, listeners that wait.
    World,
    /// What the system gives an entry point as this parameter.
    Given(M, u8),
}

/// A cell of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    /// A field, by the number of its name.
    Field(u32),
    /// What a key of a map, an extra of an intent, a preference is, by the number of its text.
    Text(u32),
    /// An element by position.
    Index(u16),
    /// The element, or the key, that a symbol says: a caller knows which.
    Of(ObjId),
    /// The element kept under some key that is computed: of what all parts of an app share, none that the code spells.
    Computed,
    /// Some element, some key: which one is not known.
    Any,
    /// The text that a builder has, what a stream was given: the object as a whole.
    Content,
    /// The address that a connection goes to.
    Address,
    /// What a user types into a view.
    Typed,
    /// How many elements were added.
    Length,
}

/// An origin, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RootId(pub(super) u32);

/// Where something in a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Root {
    /// An identifier read at this place: row of the signatures.
    Source(M, u32, u16),
    /// What is read at this place under the texts that a caller has yet to give.
    Named(M, u32, Place, Val),
    /// Whatever this symbol is.
    Symbol(ObjId),
    /// Whatever this symbol is, or holds in any cell.
    Whole(ObjId),
    /// What lets one guess the identifier that is read at this place.
    Guess(M, u32, u16),
    /// What lets one guess whatever this symbol is.
    GuessOf(ObjId),
}

/// The way that something took, by number; the last step first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Way(pub(super) u32);

impl Way {
    /// The beginning.
    pub(crate) const START: Self = Self(0);
}

/// One step of a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// The beginning.
    Start,
    /// Something happened at an instruction.
    At(Way, M, u32, What),
    /// It went the first way, into a method called at an instruction, and there the second way.
    Through(Way, M, u32, Way),
}

/// What happens to a value at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// It is read.
    Read,
    /// It is put into a field, a map, an intent.
    Stored,
    /// It becomes part of a text or an object.
    Mixed,
    /// It is hashed.
    Hashed,
    /// It is encrypted.
    Encrypted,
    /// It is encoded or compressed.
    Encoded,
    /// It is handed to a method.
    Passed,
    /// It leaves.
    Leaves,
}

/// A set of objects, by number; 0 is the empty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Objs(pub(super) u32);

impl Objs {
    /// No object that is followed.
    pub(crate) const NONE: Self = Self(0);
}

/// A set of origins with the way each took, by number; 0 is the empty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Taint(pub(super) u32);

impl Taint {
    /// Nothing of interest.
    pub(crate) const NONE: Self = Self(0);
}

/// What a register or a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct V {
    pub(crate) objs: Objs,
    pub(crate) val: Val,
    pub(crate) taint: Taint,
}

impl Default for V {
    fn default() -> Self {
        Self::UNSET
    }
}

impl V {
    /// Never written.
    pub(crate) const UNSET: Self = Self {
        objs: Objs::NONE,
        val: Val::UNSET,
        taint: Taint::NONE,
    };

    /// A text or number.
    pub(crate) fn of(val: Val) -> Self {
        Self { val, ..Self::UNSET }
    }
}

#[derive(Debug, Clone, Copy)]
struct Info {
    obj: Obj,
    /// Its class, where it is known; of a symbol the declared one.
    type_: Type,
    /// How many cells, or calls, it is away from the first.
    depth: u8,
    /// Stands for whatever a caller has.
    symbol: bool,
}

/// The arena of one package.
#[derive(Debug)]
pub(crate) struct Domain<'a> {
    pub(crate) values: Values<'a>,
    infos: Vec<Info>,
    obj_ids: FxHashMap<Obj, ObjId>,
    pub(super) objs: Sets<ObjId>,
    /// The set that is only this object, by object; empty while nobody asked for it.
    pub(super) singles: Vec<Objs>,
    pub(super) roots: Vec<Root>,
    pub(super) root_ids: FxHashMap<Root, RootId>,
    pub(super) taints: Sets<(RootId, Way)>,
    pub(super) steps: Vec<Step>,
    pub(super) step_ids: FxHashMap<Step, Way>,
    /// Fields by the number of their name, and whether all that is ever in them are numbers.
    plain: FxHashMap<u32, bool>,
    texts: FxHashMap<Box<[u8]>, u32>,
    text_names: Vec<Box<[u8]>>,
    work: u64,
    /// Nobody calls: what was never written is empty, not a symbol.
    pub(crate) outermost: bool,
    pub(super) obj_joins: FxHashMap<(Objs, Objs), Objs>,
    pub(super) taint_joins: FxHashMap<(Taint, Taint), Taint>,
    /// What was found out for one call, see [`Binding`](super::bind::Binding).
    pub(super) bound: Bound,
}

impl<'a> Domain<'a> {
    pub(crate) fn new() -> Self {
        let mut domain = Self {
            values: Values::new(),
            infos: Vec::new(),
            obj_ids: FxHashMap::default(),
            objs: Sets::new(),
            singles: Vec::new(),
            roots: Vec::new(),
            root_ids: FxHashMap::default(),
            taints: Sets::new(),
            steps: Vec::new(),
            step_ids: FxHashMap::default(),
            plain: FxHashMap::default(),
            texts: FxHashMap::default(),
            text_names: Vec::new(),
            work: 0,
            outermost: false,
            obj_joins: FxHashMap::default(),
            taint_joins: FxHashMap::default(),
            bound: Bound::default(),
        };
        domain.way(Step::Start);
        domain
    }

    /// What was done since this was asked last, in steps of some twenty machine words.
    pub(crate) fn take_work(&mut self) -> u64 {
        std::mem::take(&mut self.work)
    }

    /// Counts something done on so many items.
    pub(crate) fn charge(&mut self, items: usize) {
        let items = u64::try_from(items).unwrap_or(u64::MAX);
        self.work = self.work.saturating_add(items.saturating_add(1));
    }

    /// Whether something had to be refused: what follows is not to be relied on.
    pub(crate) fn is_full(&self) -> bool {
        self.steps.len() >= MAX_STEPS || self.objs.is_full() || self.taints.is_full() || self.values.is_full()
    }

    /// An instruction uses a field of this name, for a number or for an object.
    pub(crate) fn use_field(&mut self, name: u32, plain: bool) {
        let known = self.plain.entry(name).or_insert(true);
        *known &= plain;
    }

    /// Whether a cell holds nothing but numbers, so far as code of the package uses it.
    pub(crate) fn is_plain(&self, key: Key) -> bool {
        match key {
            Key::Field(name) => self.plain.get(&name).copied().unwrap_or(false),
            _ => false,
        }
    }

    /// The number of a text: the name of a field, a key.
    pub(crate) fn text(&mut self, text: &[u8]) -> u32 {
        if let Some(id) = self.texts.get(text) {
            return *id;
        }
        let id = count(self.texts.len());
        self.texts.insert(text.into(), id);
        self.text_names.push(text.into());
        id
    }

    /// The text with a number.
    pub(crate) fn text_of(&self, id: u32) -> &[u8] {
        self.text_names
            .get(index(id))
            .map(AsRef::as_ref)
            .unwrap_or_default()
    }

    /// An object. `type_` counts where it is not known yet.
    pub(crate) fn obj(&mut self, obj: Obj, type_: Type) -> ObjId {
        if let Some(id) = self.obj_ids.get(&obj) {
            if type_ != Type::UNKNOWN
                && let Some(info) = self.infos.get_mut(index(id.0))
                && info.type_ == Type::UNKNOWN
            {
                info.type_ = type_;
            }
            return *id;
        }
        let (depth, symbol) = match obj {
            Obj::Param(_) | Obj::Statics(_) | Obj::World => (0, true),
            Obj::Load(base, _) => (self.depth(base).saturating_add(1), self.is_symbol(base)),
            Obj::As(base, _) => (self.depth(base), true),
            Obj::Within(base, ..) => (self.depth(base).saturating_add(1), false),
            Obj::New(..) | Obj::Handed(..) | Obj::Component(_) | Obj::Given(..) => (0, false),
        };
        let id = ObjId(count(self.infos.len()));
        self.infos.push(Info {
            obj,
            type_,
            depth,
            symbol,
        });
        self.singles.push(Objs::NONE);
        self.obj_ids.insert(obj, id);
        id
    }

    /// What an object is.
    pub(crate) fn what(&self, obj: ObjId) -> Obj {
        self.infos.get(index(obj.0)).map_or(Obj::World, |info| info.obj)
    }

    /// Its class.
    pub(crate) fn type_of(&self, obj: ObjId) -> Type {
        self.infos
            .get(index(obj.0))
            .map_or(Type::UNKNOWN, |info| info.type_)
    }

    /// How many cells, or calls, an object is away from the first.
    pub(crate) fn depth(&self, obj: ObjId) -> u8 {
        self.infos.get(index(obj.0)).map_or(0, |info| info.depth)
    }

    /// Whether its class is exactly the one that is known.
    pub(crate) fn is_exact(&self, obj: ObjId) -> bool {
        match self.what(obj) {
            Obj::New(..) | Obj::Component(_) => true,
            Obj::Within(inner, ..) => self.is_exact(inner),
            _ => false,
        }
    }

    /// Whether it was made where nobody looks.
    pub(crate) fn is_handed(&self, obj: ObjId) -> bool {
        match self.what(obj) {
            Obj::Handed(..) | Obj::Given(..) => true,
            Obj::Within(inner, ..) | Obj::Load(inner, _) => self.is_handed(inner),
            _ => false,
        }
    }

    /// Whether it stands for whatever a caller has.
    pub(crate) fn is_symbol(&self, obj: ObjId) -> bool {
        self.infos.get(index(obj.0)).is_some_and(|info| info.symbol)
    }

    /// The object that a method called made, as its caller knows it.
    pub(crate) fn within(&mut self, obj: ObjId, m: M, pc: u32) -> ObjId {
        if self.depth(obj) >= MAX_CONTEXT {
            return obj;
        }
        let type_ = self.type_of(obj);
        self.obj(Obj::Within(obj, m, pc), type_)
    }

    /// The symbol for what a cell of a symbol holds; `None` where the path is too long.
    pub(crate) fn load(&mut self, base: ObjId, key: Key, type_: Type) -> Option<ObjId> {
        (self.depth(base) < MAX_PATH).then(|| self.obj(Obj::Load(base, key), type_))
    }

    /// A value of which nothing is known.
    pub(crate) fn unknown(&self) -> V {
        V::of(self.values.unknown(Why::Computed))
    }

    /// Either of two values.
    pub(crate) fn join(&mut self, a: V, b: V) -> V {
        if a == b {
            return a;
        }
        V {
            objs: self.union(a.objs, b.objs),
            val: self.values.join(a.val, b.val),
            taint: self.mix(a.taint, b.taint),
        }
    }
}
