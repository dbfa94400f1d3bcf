//! Fields: static ones with what the initialiser of their class leaves there, those of objects, and objects made.

use super::super::package::index;
use super::heap::{FieldKey, Object, Slot};
use super::{Executor, MAX_CLASSES, MAX_INITIALISER, MAX_NESTED, Stop};
use crate::artifact::dex::{Insn, Value};

/// Ours: fields of one object.
const MAX_FIELDS: usize = 64;
/// `ACC_FINAL`
const FINAL: u32 = 0x10;

/// How far the initialisation of a class is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Its initialiser runs, or waits for that of another class.
    Running,
    Done,
    /// Only fields that its initialiser does not write are known.
    Failed,
}

impl<'a> Executor<'a, '_> {
    /// The content of a static field; of one outside of the package only charsets are known.
    pub(super) fn static_field(&mut self, dex_no: u16, field: u32) -> Result<Slot, Stop> {
        let Some((class, key)) = self.declared(dex_no, field) else {
            return self.outside(dex_no, field);
        };
        if self.running != Some(class) {
            match self.classes.get(&class).copied() {
                None => return Err(Stop::Class(class)),
                // Each waits for the other: which one is first is not known.
                Some(State::Running) => return Err(Stop::Unknown),
                Some(State::Done) if self.is_settled(class, key) => {}
                Some(State::Failed) if self.puts(key) == 0 => {}
                Some(_) => return Ok(Slot::Unknown),
            }
        }
        Ok(self.heap.field(key).unwrap_or(Slot::Unknown))
    }

    pub(super) fn set_static_field(&mut self, dex_no: u16, field: u32, slot: Slot) -> Result<(), Stop> {
        let Some((class, key)) = self.declared(dex_no, field) else {
            return Ok(());
        };
        if self.running != Some(class) {
            match self.classes.get(&class).copied() {
                None => return Err(Stop::Class(class)),
                Some(State::Running) => return Err(Stop::Unknown),
                Some(_) => {}
            }
        }
        self.heap.charge(size_of::<(FieldKey, Slot)>())?;
        self.heap.set_field(key, slot);
        Ok(())
    }

    /// A constant of the platform: that of a charset has its name.
    fn outside(&mut self, dex_no: u16, field: u32) -> Result<Slot, Stop> {
        let id = self.package.dex(dex_no).and_then(|dex| dex.field(field));
        let charset = id
            .filter(|id| self.package.type_name(dex_no, id.type_) == Some(b"Ljava/nio/charset/Charset;"))
            .and_then(|id| std::str::from_utf8(self.package.text(dex_no, id.name)?).ok())
            .and_then(super::charset::Charset::named);
        match charset {
            Some(charset) => self.heap.allocate(Object::Charset(charset)),
            None => Ok(Slot::Unknown),
        }
    }

    /// The field that an id names, with the number of the class that declares it.
    fn declared(&mut self, dex_no: u16, field: u32) -> Option<(u32, FieldKey)> {
        if let Some(known) = self.fields.get(&(dex_no, field)) {
            return *known;
        }
        let found = self.find_field(dex_no, field);
        self.fields.insert((dex_no, field), found);
        found
    }

    fn find_field(&mut self, dex_no: u16, field: u32) -> Option<(u32, FieldKey)> {
        let id = self.package.dex(dex_no)?.field(field)?;
        let name = self.package.text(dex_no, id.name)?;
        let type_ = self.package.type_name(dex_no, id.type_)?;
        let mut cost = 0;
        let mut found = None;
        'chain: for (_, _, class) in self.package.chain(dex_no, id.class) {
            let Some(class) = class else { break };
            let Some(home) = self.package.dex(class.dex) else {
                break;
            };
            let Ok(members) = home.members(&class.def) else {
                break;
            };
            for member in members.fields().filter_map(Result::ok) {
                cost = u64::saturating_add(cost, 1);
                let same = if class.dex == dex_no {
                    home.field(member.index)
                        .is_some_and(|other| other.name == id.name && other.type_ == id.type_)
                } else {
                    home.field(member.index).is_some_and(|other| {
                        self.package.text(class.dex, other.name) == Some(name)
                            && self.package.type_name(class.dex, other.type_) == Some(type_)
                    })
                };
                if same {
                    let number = self.package.home(class.dex, class.def.class);
                    found = number.map(|number| (number, (class.dex, member.index)));
                    break 'chain;
                }
            }
        }
        self.left = self.left.saturating_sub(cost);
        found
    }

    /// Whether nobody but the initialiser of its class writes a field.
    fn is_settled(&mut self, class: u32, key: FieldKey) -> bool {
        if let Some(settled) = self.settled.get(&key) {
            return *settled;
        }
        let settled = self.find_settled(class, key).unwrap_or(false);
        self.settled.insert(key, settled);
        settled
    }

    fn find_settled(&mut self, class: u32, key: FieldKey) -> Option<bool> {
        let def = self.package.class(class)?.def;
        let dex = *self.package.dex(key.0)?;
        let members = dex.members(&def).ok()?;
        let field = members
            .fields()
            .filter_map(Result::ok)
            .find(|f| f.index == key.1)?;
        if field.access & FINAL != 0 {
            return Some(true);
        }
        let puts = self.puts(key);
        let mut own = 0_u32;
        if let Some((_, code)) = self
            .initialiser(class)
            .and_then(|(dex, number)| self.code(dex, number))
        {
            self.left = self.left.saturating_sub(u64::from(code.units()));
            for insn in code.insns() {
                if matches!(insn.op.0, 0x67..=0x6d)
                    && self.declared(key.0, insn.index()?) == Some((class, key))
                {
                    own = own.saturating_add(1);
                }
            }
        }
        // At 255 it is counted no further.
        Some(puts == own && puts < 255 && !self.is_written_elsewhere(class, key))
    }

    /// How many instructions of its own file write a field, at most 255; more where they are not counted, see
    /// [`field`](super::super::table::field).
    fn puts(&self, key: FieldKey) -> u32 {
        let table = self.tables.get(usize::from(key.0));
        if table.is_none_or(|table| table.field(key.1) == 0) {
            return u32::MAX;
        }
        let walked = self.walked.get(usize::from(key.0));
        let puts = walked.and_then(|walked| walked.puts.get(index(key.1)));
        puts.map_or(u32::MAX, |puts| u32::from(puts.count))
    }

    /// Whether another file of the package writes it.
    fn is_written_elsewhere(&mut self, class: u32, key: FieldKey) -> bool {
        let Some(id) = self.package.dex(key.0).and_then(|dex| dex.field(key.1)) else {
            return true;
        };
        let name = self.package.text(key.0, id.name);
        for (other, walked) in (0_u16..).zip(self.walked).filter(|(other, _)| *other != key.0) {
            let Some(dex) = self.package.dex(other) else {
                continue;
            };
            self.left = self
                .left
                .saturating_sub(u64::try_from(walked.puts.len() >> 6).unwrap_or(0));
            for (field, _) in (0_u32..).zip(&walked.puts).filter(|(_, puts)| puts.count > 0) {
                let Some(id) = dex.field(field) else { continue };
                if self.package.home(other, id.class) == Some(class)
                    && self.package.text(other, id.name) == name
                {
                    return true;
                }
            }
        }
        false
    }

    fn initialiser(&self, class: u32) -> Option<(u16, u32)> {
        let class = self.package.class(class)?;
        let dex = self.package.dex(class.dex)?;
        let members = dex.members(&class.def).ok()?;
        let method = members.methods().filter_map(Result::ok).find(|method| {
            let name = dex
                .method(method.index)
                .and_then(|id| self.package.text(class.dex, id.name));
            name == Some(b"<clinit>")
        })?;
        super::super::resolve::direct(self.walked, class.dex, method.index)
    }

    /// Initialises a class, and those that it needs for that.
    pub(super) fn initialise(&mut self, class: u32, nested: u32) {
        self.classes.insert(class, State::Running);
        let state = if self.read_initial(class).is_some() {
            self.run_initialiser(class, nested)
        } else {
            State::Failed
        };
        self.classes.insert(class, state);
    }

    fn run_initialiser(&mut self, class: u32, nested: u32) -> State {
        let Some(method) = self.initialiser(class) else {
            return State::Done;
        };
        for _ in 0..MAX_CLASSES {
            self.begin(MAX_INITIALISER);
            let before = self.running.replace(class);
            let result = self.run(method, &[], 0);
            self.running = before;
            match result {
                Ok(_) if self.heap.keep() => return State::Done,
                Ok(_) => return State::Failed,
                Err(stop) => {
                    self.heap.undo();
                    match stop {
                        Stop::Class(other) if nested < MAX_NESTED => {
                            self.initialise(other, nested.saturating_add(1));
                        }
                        _ => return State::Failed,
                    }
                }
            }
        }
        State::Failed
    }

    /// What static fields hold before the initialiser runs: it stays.
    fn read_initial(&mut self, class: u32) -> Option<()> {
        let class = *self.package.class(class)?;
        let dex = *self.package.dex(class.dex)?;
        self.begin(MAX_INITIALISER);
        let fields = dex.members(&class.def).ok()?;
        for field in fields.static_fields().filter_map(Result::ok) {
            self.spend(1).ok()?;
            let type_ = dex.field(field.index)?.type_;
            let zero = match self.package.type_name(class.dex, type_) {
                Some(b"J") => Slot::Long(0),
                Some(b"F" | b"D") => Slot::Unknown,
                _ => Slot::Int(0),
            };
            self.heap.set_field((class.dex, field.index), zero);
        }
        let mut fields = fields.static_fields().filter_map(Result::ok);
        let mut next = 0_u32;
        for item in dex.static_values(&class.def).ok()?.filter_map(Result::ok) {
            self.spend(1).ok()?;
            if item.depth > 0 {
                continue;
            }
            // One item for each field, in the same order.
            let Some(field) = fields.nth(index(item.slot.checked_sub(next)?)) else {
                break;
            };
            next = item.slot.saturating_add(1);
            let slot = match item.value {
                Value::String(string) => self.literal_text(class.dex, string).ok()?,
                Value::Boolean(b) => Slot::Int(i32::from(b)),
                Value::Byte(n) => Slot::Int(i32::from(n)),
                Value::Short(n) => Slot::Int(i32::from(n)),
                Value::Char(n) => Slot::Int(i32::from(n)),
                Value::Int(n) => Slot::Int(n),
                Value::Long(n) => Slot::Long(n),
                Value::Null => Slot::Int(0),
                _ => Slot::Unknown,
            };
            self.heap.set_field((class.dex, field.index), slot);
        }
        self.heap.keep().then_some(())
    }

    /// A new object: of the package, a text or a builder; of others nothing is known.
    pub(super) fn new_instance(&mut self, dex_no: u16, type_: u32) -> Result<Slot, Stop> {
        let object = match (
            self.package.home(dex_no, type_),
            self.package.type_name(dex_no, type_),
        ) {
            (Some(class), _) => Object::Instance(class, Vec::new()),
            (None, Some(b"Ljava/lang/String;")) => Object::Fresh(true),
            (None, Some(b"Ljava/lang/StringBuilder;" | b"Ljava/lang/StringBuffer;")) => Object::Fresh(false),
            _ => Object::Opaque,
        };
        self.heap.allocate(object)
    }

    pub(super) fn instance_field(
        &mut self,
        dex_no: u16,
        insn: &Insn<'a>,
        object: Slot,
    ) -> Result<Slot, Stop> {
        let key = insn.index().and_then(|field| self.declared(dex_no, field));
        let Some(Object::Instance(_, fields)) = self.heap.get(object) else {
            return Ok(Slot::Unknown);
        };
        let Some((_, key)) = key else {
            return Ok(Slot::Unknown);
        };
        let set = fields.iter().find(|(other, _)| *other == key);
        Ok(match (set, insn.op.0) {
            (Some((_, slot)), _) => *slot,
            // iget-wide: a long or a double.
            (None, 0x53) => Slot::Long(0),
            (None, _) => Slot::Int(0),
        })
    }

    pub(super) fn set_instance_field(
        &mut self,
        dex_no: u16,
        insn: &Insn<'a>,
        object: Slot,
        slot: Slot,
    ) -> Result<(), Stop> {
        let key = insn.index().and_then(|field| self.declared(dex_no, field));
        self.heap.charge(size_of::<(FieldKey, Slot)>())?;
        let (object, Some((_, key))) = (self.heap.get_mut(object)?, key) else {
            return Err(Stop::Unknown);
        };
        match object {
            Object::Instance(_, fields) => {
                let full = fields.len() >= MAX_FIELDS;
                match fields.iter_mut().find(|(other, _)| *other == key) {
                    Some((_, old)) => *old = slot,
                    None if full => return Err(Stop::Unknown),
                    None => fields.push((key, slot)),
                }
            }
            Object::Opaque => {}
            _ => return Err(Stop::Unknown),
        }
        Ok(())
    }
}
