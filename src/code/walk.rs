//! One linear walk over all code of a dex file: who uses which string, field and method of interest, and
//! which methods are worth interpreting. Nothing is stored per instruction that is of no interest.

use std::sync::LazyLock;

use crate::artifact::dex::{Body, Dex, Dialect, Op};
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
    fn needs_values(&self, package: &Package<'_>, dex_no: u16, dex: &Dex<'_>) -> bool {
        let calls = |bits| self.calls & bits != 0;
        // Whether it hands an identifier to its callers is worth a look only if it returns something.
        let returns = || {
            let proto = dex.method(self.method).and_then(|id| dex.proto(id.proto));
            proto.is_some_and(|proto| package.type_name(dex_no, proto.return_type) != Some(b"V"))
        };
        calls(method::ARGS)
            || (calls(method::IDENTIFIER) && returns())
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
                Ok(body) => walked.body(package, dex_no, dex, &body, table),
                Err(gap) => walked.gaps.push(gap),
            }
        }
        walked
    }

    // Not inlined: its loop needs all registers for itself.
    #[inline(never)]
    fn body(&mut self, package: &Package<'_>, dex_no: u16, dex: &Dex<'_>, body: &Body<'_>, table: &Table) {
        let number = count(self.methods.len());
        let type_ = body.class.class;
        // Of two definitions of a class the first counts; the code of the other is read all the same.
        let home = package.home(dex_no, type_);
        let class = home
            .filter(|n| {
                package
                    .class(*n)
                    .is_some_and(|c| c.dex == dex_no && c.def.index == body.class.index)
            })
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
        let steps = match dex.dialect() {
            Dialect::Standard => &STEPS.0,
            Dialect::Odex => &STEPS.1,
        };
        let (units, _) = body.code.insns.as_chunks::<2>();
        let mut at = 0_usize;
        while let Some([op, high]) = units.get(at) {
            let Step { width, kind } = steps.get(usize::from(*op)).copied().unwrap_or_default();
            // Cannot wrap: `at` is inside, and no instruction has more than five units.
            let after = at.wrapping_add(usize::from(width));
            let unit = |i: usize| {
                units
                    .get(at.saturating_add(i))
                    .map_or(0, |unit| u32::from(u16::from_le_bytes(*unit)))
            };
            // Of most instructions one number of a table says that they are of no interest.
            match kind {
                Kind::Other => {}
                Kind::Call => {
                    let what = unit(1);
                    let bits = table.methods.get(index(what)).copied().unwrap_or_default();
                    if bits != 0 {
                        self.call(what, bits, number, at, &mut method);
                    }
                }
                Kind::String => {
                    let what = unit(1);
                    let bits = table.string(what);
                    if bits != 0 {
                        self.string(what, bits, number, at, &mut method);
                    }
                }
                Kind::Read => {
                    let what = unit(1);
                    let bits = table.field(what);
                    if bits != 0 {
                        self.read(what, bits, number, at, &mut method);
                    }
                }
                Kind::Put => {
                    let what = unit(1);
                    if table.field(what) != 0 {
                        self.put(what, number);
                    }
                }
                Kind::Special => match (op, high) {
                    (0, 1..=3) => {
                        let payload = body.code.insns_at(count(at)).next();
                        let width = payload.map_or(units.len(), |payload| index(payload.width()));
                        at = at.saturating_add(width.max(1));
                        continue;
                    }
                    (0x1b, _) => {
                        let what = unit(1) | unit(2).wrapping_shl(16);
                        self.string(what, table.string(what), number, at, &mut method);
                    }
                    (0xfc | 0xfd, _) => method.calls |= method::TEXT,
                    _ => {}
                },
            }
            at = after;
        }
        if at != units.len() {
            // The last instruction does not fit: the careful reader says how.
            let mut insns = body.code.insns();
            insns.by_ref().for_each(drop);
            self.gaps.extend(insns.gap());
        }
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(body.code.insns.len()).unwrap_or(u64::MAX));
        if let Some(slot) = self
            .number_of
            .get_mut(index(method.method))
            .filter(|slot| **slot == NONE)
        {
            *slot = number;
        }
        if method.needs_values(package, dex_no, dex) {
            self.wanted.push(number);
        }
        self.methods.push(method);
    }

    fn call(&mut self, what: u32, bits: u8, by: u32, at: usize, method: &mut Method) {
        let used = Use {
            what,
            by,
            pc: count(at),
        };
        method.calls |= bits;
        if bits & method::OWN != 0 {
            self.edges.push(used);
        }
        if bits & method::SITE != 0 {
            self.sites.push(used);
        }
    }

    fn string(&mut self, what: u32, bits: u8, by: u32, at: usize, method: &mut Method) {
        if bits != 0 {
            method.strings |= bits;
            self.strings.push(Use {
                what,
                by,
                pc: count(at),
            });
        }
    }

    fn read(&mut self, what: u32, bits: u8, by: u32, at: usize, method: &mut Method) {
        let used = Use {
            what,
            by,
            pc: count(at),
        };
        if bits & field::SITE != 0 {
            self.reads.push(used);
        }
        if bits & field::OWN_TEXT != 0 {
            self.own_reads.push(used);
        }
        if bits & field::VALUE != 0 {
            method.strings |= string::VALUE;
        }
    }

    fn put(&mut self, what: u32, by: u32) {
        let Some(puts) = self.puts.get_mut(index(what)) else {
            return;
        };
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

/// What the walk needs to know of an opcode.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    /// Code units.
    width: u8,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Other,
    Call,
    String,
    Read,
    Put,
    /// `nop`, which may be the data of a switch or an array; `const-string/jumbo`; `invoke-custom`.
    Special,
}

/// Steps by opcode: standard, and of an odex.
static STEPS: LazyLock<([Step; 256], [Step; 256])> = LazyLock::new(|| {
    let steps = |dialect| {
        std::array::from_fn(|byte| {
            let op = Op::new(u8::try_from(byte).unwrap_or(0), dialect);
            let kind = match op.0 {
                0x6e..=0x72 | 0x74..=0x78 => Kind::Call,
                0x1a => Kind::String,
                // iget*, sget*
                0x52..=0x58 | 0x60..=0x66 => Kind::Read,
                // iput*, sput*
                0x59..=0x5f | 0x67..=0x6d => Kind::Put,
                0x00 | 0x1b | 0xfc | 0xfd => Kind::Special,
                _ => Kind::Other,
            };
            Step {
                width: u8::try_from(op.width()).unwrap_or(1),
                kind,
            }
        })
    };
    (steps(Dialect::Standard), steps(Dialect::Odex))
});
