//! Of which methods it is worth asking what they return: those that return a text or an array of characters or
//! bytes, and whose own code computes it from numbers. Anything else may be executed on the way, and is cheap to
//! refuse; this only keeps the number of calls small.

use std::rc::Rc;

use super::super::package::{NONE, Package, index};
use super::super::platform::{Compute, Model};
use super::super::resolve;
use super::super::table::{letter, method};
use super::Executor;
use crate::artifact::dex::Dex;

/// Code units of a method that may be one: a switch with a thousand texts is longer, a parser, too.
const MAX_UNITS: u32 = 1 << 14;
/// Parameters of one.
const MAX_PARAMETERS: usize = 8;
/// Methods that only hand on to others that compute.
const MAX_HANDS: u32 = 3;
/// `ACC_STATIC`
const STATIC: u32 = 0x8;

/// What the prototype of a method says of it, and what came of looking closer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    NotYet,
    /// It is none of the package's own, is given nothing that may be a constant, or returns something else.
    No,
    Maybe,
    /// It has no parameters: what is computed of nothing that may be a constant is computed of its object, if it has one.
    Alone,
    /// It does not compute what it returns, or is not the only one that a call may reach.
    Refused,
}

/// A method that computes a text.
#[derive(Debug)]
pub(super) struct Candidate {
    /// File, and number among its methods.
    pub(super) method: (u16, u32),
    pub(super) is_static: bool,
    /// Letters of the parameters, and of the elements where they are arrays.
    pub(super) parameters: Vec<(u8, u8)>,
    /// The same of the result.
    pub(super) result: (u8, u8),
}

impl Candidate {
    /// Whether an argument must be a constant.
    pub(super) fn asks(&self, parameter: usize) -> bool {
        self.parameters
            .get(parameter)
            .is_some_and(|(letter, _)| may_be_given(*letter))
    }
}

impl<'a> Executor<'a, '_> {
    /// Whether such a method has no object.
    pub(crate) fn is_static(&mut self, dex: u16, callee: u32) -> Option<bool> {
        self.candidate(dex, callee).map(|candidate| candidate.is_static)
    }

    /// Of each parameter of such a method, whether it takes two registers.
    pub(crate) fn wide_parameters(&mut self, dex: u16, callee: u32) -> Option<Vec<bool>> {
        let candidate = self.candidate(dex, callee)?;
        let parameters = candidate.parameters.iter();
        Some(
            parameters
                .map(|(letter, _)| matches!(letter, b'J' | b'D'))
                .collect(),
        )
    }

    /// The method that a call reaches, where it computes a text.
    #[inline]
    pub(super) fn candidate(&mut self, dex: u16, callee: u32) -> Option<Rc<Candidate>> {
        match self.asked(dex, callee) {
            // Of nearly all methods their prototype says so.
            Asked::No | Asked::Refused => None,
            asked => self.candidate_of(dex, callee, asked),
        }
    }

    /// What is known of a method, one of the package's own or not.
    #[inline]
    fn asked(&mut self, dex: u16, callee: u32) -> Asked {
        match self
            .asked
            .get(usize::from(dex))
            .and_then(|all| all.get(index(callee)))
        {
            Some(Asked::NotYet) => self.ask(dex, callee),
            Some(asked) => *asked,
            None => Asked::No,
        }
    }

    fn ask(&mut self, dex_no: u16, callee: u32) -> Asked {
        let table = self.tables.get(usize::from(dex_no));
        let is_own = table
            .and_then(|table| table.methods.get(index(callee)))
            .is_some_and(|bits| bits & method::OWN != 0);
        let mut asked = Asked::No;
        if is_own
            && let Some((dex, id)) = self
                .package
                .dex(dex_no)
                .and_then(|dex| Some((dex, dex.method(callee)?)))
        {
            let protos = self.protos.get_mut(usize::from(dex_no));
            let known = protos.and_then(|protos| protos.get_mut(index(id.proto)));
            if let Some(known) = known {
                if *known == Asked::NotYet {
                    *known = prototype(self.package, dex_no, dex, id.proto).unwrap_or(Asked::No);
                }
                asked = *known;
            }
        }
        self.answer(dex_no, callee, asked);
        asked
    }

    fn answer(&mut self, dex: u16, callee: u32, asked: Asked) {
        let methods = self.asked.get_mut(usize::from(dex));
        if let Some(slot) = methods.and_then(|methods| methods.get_mut(index(callee))) {
            *slot = asked;
        }
    }

    fn candidate_of(&mut self, dex: u16, callee: u32, asked: Asked) -> Option<Rc<Candidate>> {
        if let Some(known) = self.candidates.get(&(dex, callee)) {
            return Some(Rc::clone(known));
        }
        let found = match asked {
            // Most of these are getters.
            Asked::Alone if !self.is_alone(dex, callee) => None,
            _ => self.find_candidate(dex, callee),
        };
        let Some(found) = found.map(Rc::new) else {
            self.answer(dex, callee, Asked::Refused);
            return None;
        };
        self.candidates.insert((dex, callee), Rc::clone(&found));
        Some(found)
    }

    /// Whether a method is static, and defined where it is called.
    fn is_alone(&self, dex: u16, callee: u32) -> bool {
        let found = resolve::direct(self.walked, dex, callee);
        found
            .and_then(|(home, number)| self.walked.get(usize::from(home))?.method(number))
            .is_some_and(|method| method.access & STATIC != 0)
    }

    fn find_candidate(&mut self, dex_no: u16, callee: u32) -> Option<Candidate> {
        let dex = *self.package.dex(dex_no)?;
        let id = dex.method(callee)?;
        let proto = dex.proto(id.proto)?;
        let shape = |type_: u32| {
            let name = self.package.type_name(dex_no, type_);
            let element = name.and_then(|name| name.get(1)).copied().unwrap_or_default();
            (letter(name), element)
        };
        let (home, number) = match resolve::direct(self.walked, dex_no, callee) {
            Some(found) => found,
            None => {
                let home = self.package.home(dex_no, id.class)?;
                // What a class inherits is mostly the platform's, and not looked for.
                if self.package.class(home)?.dex == dex_no {
                    return None;
                }
                self.target(dex_no, callee, NONE)?
            }
        };
        if !resolve::is_final(self.package, self.walked, home, number) || !self.computes(home, number, 0) {
            return None;
        }
        let result = shape(proto.return_type);
        let parameters: Vec<(u8, u8)> = proto.parameters.iter().map(shape).collect();
        let is_static = self.walked.get(usize::from(home))?.method(number)?.access & STATIC != 0;
        Some(Candidate {
            method: (home, number),
            is_static,
            parameters,
            result,
        })
    }

    /// Whether a method makes texts of numbers, looks them up in a table, or hands on to one that does.
    fn computes(&mut self, dex_no: u16, number: u32, hands: u32) -> bool {
        if let Some(known) = self.computing.get(&(dex_no, number)) {
            return *known;
        }
        // One that is being looked at already is a circle.
        self.computing.insert((dex_no, number), false);
        let computes = self.find_computes(dex_no, number, hands).unwrap_or(false);
        self.computing.insert((dex_no, number), computes);
        computes
    }

    fn find_computes(&mut self, dex_no: u16, number: u32, hands: u32) -> Option<bool> {
        let (_, code) = self.code(dex_no, number)?;
        if code.units() > MAX_UNITS {
            return None;
        }
        let tables = self.tables;
        let table = tables.get(usize::from(dex_no))?;
        let walked = self.walked.get(usize::from(dex_no))?;
        let has_object = walked.method(number)?.access & STATIC == 0;
        let (mut arithmetic, mut characters, mut texts) = (false, false, false);
        let (mut static_read, mut table_read, mut decodes) = (false, false, false);
        let mut called = Vec::new();
        // The last call was one whose result is not known.
        let mut foreign = false;
        // Handlers come last.
        let mut in_handler = false;
        for insn in code.insns() {
            match insn.op.0 {
                // Who goes on with what the platform gives ends with what is not known.
                0x0a..=0x0c if foreign && !in_handler => return None,
                0x0d => in_handler = true,
                // iget*: nothing is known of the object that is asked first.
                0x52..=0x58 if has_object && hands == 0 => return None,
                0x24 | 0x25 => foreign = false,
                // sums, and, or, xor, shifts, of two registers or of a number
                0x90..=0xa5 | 0xb0..=0xc5 | 0xd0..=0xe2 => arithmetic = true,
                // int-to-byte, int-to-char; aget-byte, aget-char, aput-byte, aput-char
                0x8d | 0x8e | 0x48 | 0x49 | 0x4f | 0x50 => characters = true,
                // sget-object, then aget-object
                0x62 => static_read = true,
                0x46 => table_read |= static_read,
                0x6e..=0x72 | 0x74..=0x78 => {
                    let callee = insn.index()?;
                    let bits = table.methods.get(index(callee)).copied().unwrap_or_default();
                    if bits & method::OWN != 0 {
                        called.push(callee);
                        foreign = false;
                        continue;
                    }
                    let mark = table.mark(callee);
                    let letters = mark.map(|mark| mark.shape.letters()).unwrap_or_default();
                    let model = mark.and_then(|mark| mark.member.model);
                    foreign = matches!(
                        model,
                        None | Some(Model::Key(..) | Model::Member(_) | Model::Use(_) | Model::Read(_))
                    ) && !self.is_of_array(dex_no, callee);
                    match model {
                        Some(Model::Compute(Compute::Base64Decode | Compute::CipherFinal)) => decodes = true,
                        Some(Model::Compute(Compute::CharAt | Compute::Chars | Compute::Bytes)) => {
                            characters = true;
                        }
                        Some(Model::Wrap | Model::ValueOf) => texts |= letters.first() == Some(&b'['),
                        Some(Model::Append | Model::Insert) => texts |= letters.last() == Some(&b'C'),
                        Some(Model::Edit(_)) => texts = true,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        // An array that is handed back is made a text by the caller.
        if decodes || table_read || characters && arithmetic && (texts || self.returns_array(dex_no, number))
        {
            return Some(true);
        }
        if hands >= MAX_HANDS {
            return None;
        }
        called.sort_unstable();
        called.dedup();
        Some(
            called
                .into_iter()
                .any(|callee| self.hands_to(dex_no, callee, hands)),
        )
    }

    fn is_of_interface(&self, dex_no: u16, callee: u32) -> bool {
        /// `ACC_INTERFACE`
        const INTERFACE: u32 = 0x200;
        let class = || {
            let id = self.package.dex(dex_no)?.method(callee)?;
            self.package.class(self.package.home(dex_no, id.class)?)
        };
        class().is_some_and(|class| class.def.access & INTERFACE != 0)
    }

    /// Whether a method is one of arrays, which is `clone`.
    fn is_of_array(&self, dex_no: u16, callee: u32) -> bool {
        let class = self
            .package
            .dex(dex_no)
            .and_then(|dex| dex.method(callee))
            .map(|id| id.class);
        class
            .and_then(|class| self.package.type_name(dex_no, class))
            .is_some_and(|name| name.starts_with(b"["))
    }

    fn returns_array(&self, dex_no: u16, number: u32) -> bool {
        let returned = || {
            let method = self.walked.get(usize::from(dex_no))?.method(number)?;
            let dex = self.package.dex(dex_no)?;
            let type_ = dex.proto(dex.method(method.method)?.proto)?.return_type;
            self.package.type_name(dex_no, type_)
        };
        matches!(returned(), Some(b"[B" | b"[C"))
    }

    /// Whether a call within a method leads to one that computes, and gives back what it does.
    fn hands_to(&mut self, dex_no: u16, callee: u32, hands: u32) -> bool {
        if self.asked(dex_no, callee) == Asked::No {
            return false;
        }
        match self.target(dex_no, callee, NONE) {
            Some((home, number)) => self.computes(home, number, hands.saturating_add(1)),
            // Of an interface: whoever implements it.
            None => self.is_of_interface(dex_no, callee),
        }
    }
}

/// What a prototype says: it returns a text or an array, of what may be a constant.
fn prototype(package: &Package<'_>, dex_no: u16, dex: &Dex<'_>, proto: u32) -> Option<Asked> {
    const ASKED: [&[u8]; 4] = [b"Ljava/lang/String;", b"[B", b"[C", b"[Ljava/lang/String;"];
    let proto = dex.proto(proto)?;
    let result = package.type_name(dex_no, proto.return_type)?;
    if !ASKED.contains(&result) || proto.parameters.len() > MAX_PARAMETERS {
        return None;
    }
    let mut parameters = proto.parameters.iter();
    let given = |type_| may_be_given(letter(package.type_name(dex_no, type_)));
    Some(if proto.parameters.is_empty() {
        Asked::Alone
    } else if parameters.any(given) {
        Asked::Maybe
    } else {
        Asked::No
    })
}

/// Whether a parameter of this type must be given a constant.
fn may_be_given(letter: u8) -> bool {
    matches!(letter, b'S' | b'I' | b'C' | b'Z' | b'J' | b'[')
}
