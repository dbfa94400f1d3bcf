//! One linear walk over all code of a dex file: who uses which string, field and method of interest, and
//! which methods are worth interpreting. Nothing is stored per instruction that is of no interest.

use crate::artifact::dex::{Body, Dex};
use crate::bytes::Gap;

use super::package::{NONE, Package, count, index};
use super::table::{Table, field, method, string};

/// A method that has code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Method {
    /// Class, by number in the package; [`NONE`] for a class that another file defines first.
    pub(crate) class: u32,
    /// Type index of the class.
    pub(crate) type_: u32,
    /// Index in the method table.
    pub(crate) method: u32,
    /// Bytes to its code.
    pub(crate) code_off: u32,
    /// `ACC_*` flags.
    pub(crate) access: u32,
    /// What its instructions use: [`method`] and [`string`] bits, see [`Method::needs_values`].
    pub(crate) calls: u8,
    pub(crate) strings: u8,
}

impl Method {
    /// Whether what its registers hold is worth computing.
    fn needs_values(&self) -> bool {
        let calls = |bits| self.calls & bits != 0;
        calls(method::ARGS | method::IDENTIFIER)
            || self.strings & string::HOT != 0
            || (self.strings & string::VALUE != 0 && calls(method::USE | method::TEXT))
    }
}

/// An instruction that uses something: what, in which method, where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    /// Index of the string, field or method.
    pub(crate) what: u32,
    /// Number of the method in [`Walked::methods`].
    pub(crate) by: u32,
    /// Code unit of the instruction.
    pub(crate) pc: u32,
}

/// Writes of one field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Puts {
    /// How many instructions write it, at most 255.
    pub(crate) count: u8,
    /// Number of the method that writes it first.
    pub(crate) by: u32,
}

/// What one walk found.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// Methods with code, in the order of the file.
    pub(crate) methods: Vec<Method>,
    /// By method index: number in `methods`, or [`NONE`].
    pub(crate) number_of: Vec<u32>,
    /// Uses of strings of interest.
    pub(crate) strings: Vec<Use>,
    /// Calls of identifiers and sinks.
    pub(crate) sites: Vec<Use>,
    /// Reads of identifier fields.
    pub(crate) reads: Vec<Use>,
    /// Calls of methods whose class the package defines.
    pub(crate) edges: Vec<Use>,
    /// Reads of string fields of the package's own classes.
    pub(crate) own_reads: Vec<Use>,
    /// Writes, by field index.
    pub(crate) puts: Vec<Puts>,
    /// Numbers of the methods that are worth interpreting.
    pub(crate) wanted: Vec<u32>,
    /// Bytes of instructions that were walked.
    pub(crate) bytes: u64,
    /// What could not be read.
    pub(crate) gaps: Vec<Gap>,
}

impl Walked {
    /// Walks over a file.
    pub(crate) fn new(package: &Package<'_>, dex_no: u16, dex: &Dex<'_>, table: &Table) -> Self {
        let mut walked = Self {
            number_of: vec![NONE; index(dex.method_count())],
            puts: vec![Puts { count: 0, by: NONE }; index(dex.field_count())],
            ..Self::default()
        };
        for body in dex.bodies() {
            match body {
                Ok(body) => walked.body(package, dex_no, &body, table),
                Err(gap) => walked.gaps.push(gap),
            }
        }
        walked
    }

    fn body(&mut self, package: &Package<'_>, dex_no: u16, body: &Body<'_>, table: &Table) {
        let number = count(self.methods.len());
        let type_ = body.class.class;
        // Of two definitions of a class the first counts; the code of the other is read all the same.
        let home = package.home(dex_no, type_);
        let class = home
            .filter(|n| package.class(*n).is_some_and(|c| c.dex == dex_no && c.def.index == body.class.index))
            .unwrap_or(NONE);
        let mut method = Method {
            class,
            type_,
            method: body.method.index,
            code_off: body.method.code_off,
            access: body.method.access,
            calls: 0,
            strings: 0,
        };
        let mut insns = body.code.insns();
        for insn in insns.by_ref() {
            match insn.op.0 {
                0x6e..=0x72 | 0x74..=0x78 => self.call(insn.index(), number, insn.pc, table, &mut method),
                0x1a | 0x1b => self.string(insn.string(), number, insn.pc, table, &mut method),
                // iget*, sget*
                0x52..=0x58 | 0x60..=0x66 => self.read(insn.index(), number, insn.pc, table),
                // iput*, sput*
                0x59..=0x5f | 0x67..=0x6d => self.put(insn.index(), number),
                // invoke-polymorphic, invoke-custom: the latter joins strings.
                0xfa..=0xfd => method.calls |= method::TEXT,
                _ => {}
            }
        }
        if let Some(gap) = insns.gap() {
            self.gaps.push(gap);
        }
        self.bytes = self.bytes.saturating_add(u64::try_from(body.code.insns.len()).unwrap_or(u64::MAX));
        if let Some(slot) = self.number_of.get_mut(index(method.method)).filter(|slot| **slot == NONE) {
            *slot = number;
        }
        if method.needs_values() {
            self.wanted.push(number);
        }
        self.methods.push(method);
    }

    #[inline]
    fn call(&mut self, what: Option<u32>, by: u32, pc: u32, table: &Table, method: &mut Method) {
        let Some(what) = what else { return };
        let bits = table.methods.get(index(what)).copied().unwrap_or_default();
        if bits == 0 {
            return;
        }
        method.calls |= bits;
        if bits & method::OWN != 0 {
            self.edges.push(Use { what, by, pc });
        }
        if bits & method::SITE != 0 {
            self.sites.push(Use { what, by, pc });
        }
    }

    #[inline]
    fn string(&mut self, what: Option<u32>, by: u32, pc: u32, table: &Table, method: &mut Method) {
        let Some(what) = what else { return };
        let bits = table.string(what);
        if bits != 0 {
            method.strings |= bits;
            self.strings.push(Use { what, by, pc });
        }
    }

    #[inline]
    fn read(&mut self, what: Option<u32>, by: u32, pc: u32, table: &Table) {
        let Some(what) = what else { return };
        let bits = table.fields.get(index(what)).copied().unwrap_or_default();
        if bits & field::SITE != 0 {
            self.reads.push(Use { what, by, pc });
        }
        if bits & field::OWN_TEXT != 0 {
            self.own_reads.push(Use { what, by, pc });
        }
    }

    #[inline]
    fn put(&mut self, what: Option<u32>, by: u32) {
        let Some(puts) = what.and_then(|what| self.puts.get_mut(index(what))) else { return };
        if puts.count == 0 {
            puts.by = by;
        }
        puts.count = puts.count.saturating_add(1);
    }

    /// A method by number.
    pub(crate) fn method(&self, number: u32) -> Option<&Method> {
        self.methods.get(index(number))
    }
}
