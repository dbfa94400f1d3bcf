//! Writes small dex files for tests: an assembler of classes and methods.
//!
//! ```ignore
//! let mut dex = DexBuilder::new();
//! dex.class("La/B;").static_field("URL", "Ljava/lang/String;", Some(Value::string("http://x")))
//!     .method("f", "()V", 2, |m| {
//!         m.const_string(0, "http://y").invoke_static("La/C;", "g", "(Ljava/lang/String;)V", &[0]).return_void();
//!     });
//! let bytes = dex.build();
//! ```
//!
//! Names are put into the tables as they are used; `build` sorts them as the format wants. The checksum
//! is right, the SHA-1 is zero (Android does not look at it). Nothing here checks what a caller asks for,
//! so wrong code can be written on purpose.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::collections::{BTreeMap, BTreeSet};

pub const PUBLIC: u32 = 0x1;
pub const PRIVATE: u32 = 0x2;
pub const STATIC: u32 = 0x8;
pub const FINAL: u32 = 0x10;
pub const NATIVE: u32 = 0x100;
pub const INTERFACE: u32 = 0x200;
pub const ABSTRACT: u32 = 0x400;
pub const CONSTRUCTOR: u32 = 0x10000;

/// Something in a table, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ref {
    String(String),
    Type(String),
    Proto(String),
    /// Class, name, type.
    Field(String, String, String),
    /// Class, name, descriptor such as `(I)V`.
    Method(String, String, String),
    /// A method handle, by number.
    Handle(u16),
    /// A call site, by number.
    CallSite(u16),
}

/// An encoded value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Byte(i8),
    Short(i16),
    Char(u16),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    Ref(Ref),
    Enum(String, String, String),
    Array(Vec<Value>),
    Annotation(Annotation),
    Null,
    Boolean(bool),
}

impl Value {
    pub fn string(text: &str) -> Self {
        Self::Ref(Ref::String(text.into()))
    }
}

/// An annotation: its type, and its elements by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation {
    pub type_: String,
    pub elements: Vec<(String, Value)>,
}

#[derive(Debug, Clone)]
enum Part {
    /// Code units, and a reference whose index goes into unit `1` (a second one into unit `3`).
    Units(Vec<u16>, Option<Ref>, Option<Ref>),
    /// A jump: units, label, and how many units (1 or 2) its distance takes at unit 1 (0: in the opcode).
    Jump(Vec<u16>, String, u8),
    Label(String),
    /// Cases of a switch: keys (none: packed from `first`), targets, and the label of the switch itself.
    Switch {
        first: i32,
        keys: Option<Vec<i32>>,
        targets: Vec<String>,
        from: String,
    },
    Array {
        width: u16,
        data: Vec<u8>,
    },
}

/// The code of a method.
#[derive(Debug, Clone, Default)]
pub struct Asm {
    parts: Vec<Part>,
    outs: u16,
    switches: u32,
    tries: Vec<(String, String, Vec<(Option<String>, String)>)>,
}

fn words(ins: &[u16]) -> Part {
    Part::Units(ins.to_vec(), None, None)
}

impl Asm {
    /// Code units as they are.
    pub fn raw(&mut self, units: &[u16]) -> &mut Self {
        self.push(words(units))
    }
    fn push(&mut self, part: Part) -> &mut Self {
        self.parts.push(part);
        self
    }
    /// An instruction of one unit: opcode and high byte.
    pub fn op(&mut self, op: u8, high: u8) -> &mut Self {
        self.raw(&[u16::from(op) | u16::from(high) << 8])
    }
    /// `op vA, vB` (format 12x).
    pub fn op_12x(&mut self, op: u8, a: u8, b: u8) -> &mut Self {
        self.op(op, a | b << 4)
    }
    /// `op vA, vB, vC` (format 23x).
    pub fn op_23x(&mut self, op: u8, a: u8, b: u8, c: u8) -> &mut Self {
        self.raw(&[
            u16::from(op) | u16::from(a) << 8,
            u16::from(b) | u16::from(c) << 8,
        ])
    }
    /// `op vA, reference` (format 21c).
    pub fn op_21c(&mut self, op: u8, a: u8, r: Ref) -> &mut Self {
        self.push(Part::Units(
            vec![u16::from(op) | u16::from(a) << 8, 0],
            Some(r),
            None,
        ))
    }
    /// `op vA, vB, reference` (format 22c).
    pub fn op_22c(&mut self, op: u8, a: u8, b: u8, r: Ref) -> &mut Self {
        self.push(Part::Units(
            vec![u16::from(op) | u16::from(a | b << 4) << 8, 0],
            Some(r),
            None,
        ))
    }
    pub fn nop(&mut self) -> &mut Self {
        self.op(0, 0)
    }
    pub fn const_string(&mut self, a: u8, text: &str) -> &mut Self {
        self.op_21c(0x1a, a, Ref::String(text.into()))
    }
    pub fn const_string_jumbo(&mut self, a: u8, text: &str) -> &mut Self {
        self.push(Part::Units(
            vec![0x1b | u16::from(a) << 8, 0, 0],
            Some(Ref::String(text.into())),
            None,
        ))
    }
    pub fn const_class(&mut self, a: u8, class: &str) -> &mut Self {
        self.op_21c(0x1c, a, Ref::Type(class.into()))
    }
    pub fn const_int(&mut self, a: u8, n: i32) -> &mut Self {
        if a < 16 && (-8..8).contains(&n) {
            return self.op(0x12, a | (n as u8) << 4);
        }
        let n = n as u32;
        self.raw(&[0x14 | u16::from(a) << 8, n as u16, (n >> 16) as u16])
    }
    pub fn const_wide(&mut self, a: u8, n: i64) -> &mut Self {
        let n = n as u64;
        self.raw(&[
            0x18 | u16::from(a) << 8,
            n as u16,
            (n >> 16) as u16,
            (n >> 32) as u16,
            (n >> 48) as u16,
        ])
    }
    pub fn move_object(&mut self, a: u8, b: u8) -> &mut Self {
        self.op_12x(0x07, a, b)
    }
    pub fn move_result(&mut self, a: u8) -> &mut Self {
        self.op(0x0a, a)
    }
    pub fn move_result_wide(&mut self, a: u8) -> &mut Self {
        self.op(0x0b, a)
    }
    pub fn move_result_object(&mut self, a: u8) -> &mut Self {
        self.op(0x0c, a)
    }
    pub fn move_exception(&mut self, a: u8) -> &mut Self {
        self.op(0x0d, a)
    }
    pub fn return_void(&mut self) -> &mut Self {
        self.op(0x0e, 0)
    }
    pub fn return_(&mut self, a: u8) -> &mut Self {
        self.op(0x0f, a)
    }
    pub fn return_wide(&mut self, a: u8) -> &mut Self {
        self.op(0x10, a)
    }
    pub fn return_object(&mut self, a: u8) -> &mut Self {
        self.op(0x11, a)
    }
    pub fn throw(&mut self, a: u8) -> &mut Self {
        self.op(0x27, a)
    }
    pub fn check_cast(&mut self, a: u8, class: &str) -> &mut Self {
        self.op_21c(0x1f, a, Ref::Type(class.into()))
    }
    pub fn instance_of(&mut self, a: u8, b: u8, class: &str) -> &mut Self {
        self.op_22c(0x20, a, b, Ref::Type(class.into()))
    }
    pub fn new_instance(&mut self, a: u8, class: &str) -> &mut Self {
        self.op_21c(0x22, a, Ref::Type(class.into()))
    }
    pub fn new_array(&mut self, a: u8, len: u8, class: &str) -> &mut Self {
        self.op_22c(0x23, a, len, Ref::Type(class.into()))
    }
    pub fn filled_new_array(&mut self, registers: &[u8], class: &str) -> &mut Self {
        self.op_35c(0x24, registers, Ref::Type(class.into()))
    }
    pub fn array_length(&mut self, a: u8, b: u8) -> &mut Self {
        self.op_12x(0x21, a, b)
    }
    pub fn aget_object(&mut self, a: u8, array: u8, i: u8) -> &mut Self {
        self.op_23x(0x46, a, array, i)
    }
    pub fn aput_object(&mut self, a: u8, array: u8, i: u8) -> &mut Self {
        self.op_23x(0x4d, a, array, i)
    }
    /// The opcode for a value of this type, from the one for `int`: `iget` and its kin are in one order.
    fn typed(base: u8, type_: &str) -> u8 {
        base + match type_.as_bytes()[0] {
            b'J' | b'D' => 1,
            b'L' | b'[' => 2,
            b'Z' => 3,
            b'B' => 4,
            b'C' => 5,
            b'S' => 6,
            _ => 0,
        }
    }
    pub fn iget(&mut self, a: u8, object: u8, class: &str, name: &str, type_: &str) -> &mut Self {
        let op = Self::typed(0x52, type_);
        self.op_22c(op, a, object, Ref::Field(class.into(), name.into(), type_.into()))
    }
    pub fn iput(&mut self, a: u8, object: u8, class: &str, name: &str, type_: &str) -> &mut Self {
        let op = Self::typed(0x59, type_);
        self.op_22c(op, a, object, Ref::Field(class.into(), name.into(), type_.into()))
    }
    pub fn sget(&mut self, a: u8, class: &str, name: &str, type_: &str) -> &mut Self {
        let op = Self::typed(0x60, type_);
        self.op_21c(op, a, Ref::Field(class.into(), name.into(), type_.into()))
    }
    pub fn sput(&mut self, a: u8, class: &str, name: &str, type_: &str) -> &mut Self {
        let op = Self::typed(0x67, type_);
        self.op_21c(op, a, Ref::Field(class.into(), name.into(), type_.into()))
    }
    /// `op {registers}, reference` (format 35c): five registers of 0 to 15 at most.
    pub fn op_35c(&mut self, op: u8, registers: &[u8], r: Ref) -> &mut Self {
        self.outs = self.outs.max(registers.len() as u16);
        let mut packed = 0_u16;
        for (i, &r) in registers.iter().take(4).enumerate() {
            packed |= u16::from(r & 0xf) << (4 * i);
        }
        let fifth = registers.get(4).copied().unwrap_or(0) & 0xf;
        let first = u16::from(op) | u16::from(fifth) << 8 | (registers.len() as u16) << 12;
        self.push(Part::Units(vec![first, 0, packed], Some(r), None))
    }
    /// `op {vS .. vS+n-1}, reference` (format 3rc).
    pub fn op_3rc(&mut self, op: u8, start: u16, n: u8, r: Ref) -> &mut Self {
        self.outs = self.outs.max(u16::from(n));
        self.push(Part::Units(
            vec![u16::from(op) | u16::from(n) << 8, 0, start],
            Some(r),
            None,
        ))
    }
    fn invoke(&mut self, op: u8, class: &str, name: &str, descriptor: &str, registers: &[u8]) -> &mut Self {
        let method = Ref::Method(class.into(), name.into(), descriptor.into());
        let in_row = registers.windows(2).all(|w| w[1] == w[0] + 1);
        if registers.len() > 5 || registers.iter().any(|&r| r > 15) {
            assert!(in_row, "more than five registers, or high ones, must be a range");
            return self.op_3rc(op + 6, u16::from(registers[0]), registers.len() as u8, method);
        }
        self.op_35c(op, registers, method)
    }
    pub fn invoke_virtual(
        &mut self,
        class: &str,
        name: &str,
        descriptor: &str,
        registers: &[u8],
    ) -> &mut Self {
        self.invoke(0x6e, class, name, descriptor, registers)
    }
    pub fn invoke_super(&mut self, class: &str, name: &str, descriptor: &str, registers: &[u8]) -> &mut Self {
        self.invoke(0x6f, class, name, descriptor, registers)
    }
    pub fn invoke_direct(
        &mut self,
        class: &str,
        name: &str,
        descriptor: &str,
        registers: &[u8],
    ) -> &mut Self {
        self.invoke(0x70, class, name, descriptor, registers)
    }
    pub fn invoke_static(
        &mut self,
        class: &str,
        name: &str,
        descriptor: &str,
        registers: &[u8],
    ) -> &mut Self {
        self.invoke(0x71, class, name, descriptor, registers)
    }
    pub fn invoke_interface(
        &mut self,
        class: &str,
        name: &str,
        descriptor: &str,
        registers: &[u8],
    ) -> &mut Self {
        self.invoke(0x72, class, name, descriptor, registers)
    }
    pub fn invoke_custom(&mut self, call_site: u16, registers: &[u8]) -> &mut Self {
        self.op_35c(0xfc, registers, Ref::CallSite(call_site))
    }
    pub fn invoke_polymorphic(
        &mut self,
        class: &str,
        name: &str,
        descriptor: &str,
        proto: &str,
        registers: &[u8],
    ) -> &mut Self {
        let method = Ref::Method(class.into(), name.into(), descriptor.into());
        self.op_35c(0xfa, registers, method);
        if let Some(Part::Units(units, _, second)) = self.parts.last_mut() {
            units.push(0);
            *second = Some(Ref::Proto(proto.into()));
        }
        self
    }
    /// A place that jumps name.
    pub fn label(&mut self, name: &str) -> &mut Self {
        self.push(Part::Label(name.into()))
    }
    pub fn goto(&mut self, label: &str) -> &mut Self {
        self.push(Part::Jump(vec![0x2a, 0, 0], label.into(), 2))
    }
    /// A test of one register against zero: `0x38` is `if-eqz`, then `nez ltz gez gtz lez`.
    pub fn if_z(&mut self, op: u8, a: u8, label: &str) -> &mut Self {
        self.push(Part::Jump(
            vec![u16::from(op) | u16::from(a) << 8, 0],
            label.into(),
            1,
        ))
    }
    pub fn if_eqz(&mut self, a: u8, label: &str) -> &mut Self {
        self.if_z(0x38, a, label)
    }
    pub fn if_nez(&mut self, a: u8, label: &str) -> &mut Self {
        self.if_z(0x39, a, label)
    }
    /// A test of two registers: `0x32` is `if-eq`, then `ne lt ge gt le`.
    pub fn if_cmp(&mut self, op: u8, a: u8, b: u8, label: &str) -> &mut Self {
        self.push(Part::Jump(
            vec![u16::from(op) | u16::from(a | b << 4) << 8, 0],
            label.into(),
            1,
        ))
    }
    fn switch(
        &mut self,
        op: u8,
        a: u8,
        first: i32,
        keys: Option<Vec<i32>>,
        targets: Vec<String>,
    ) -> &mut Self {
        let from = format!("switch {}", self.switches);
        let data = format!("cases {}", self.switches);
        let after = format!("after {}", self.switches);
        self.switches += 1;
        self.label(&from).push(Part::Jump(
            vec![u16::from(op) | u16::from(a) << 8, 0, 0],
            data.clone(),
            2,
        ));
        self.goto(&after).label(&data).push(Part::Switch {
            first,
            keys,
            targets,
            from,
        });
        self.label(&after)
    }
    /// A switch from `first` on; what no case takes goes on behind it.
    pub fn packed_switch(&mut self, a: u8, first: i32, targets: &[&str]) -> &mut Self {
        self.switch(
            0x2b,
            a,
            first,
            None,
            targets.iter().map(|t| (*t).into()).collect(),
        )
    }
    pub fn sparse_switch(&mut self, a: u8, cases: &[(i32, &str)]) -> &mut Self {
        let keys = cases.iter().map(|c| c.0).collect();
        self.switch(0x2c, a, 0, Some(keys), cases.iter().map(|c| c.1.into()).collect())
    }
    pub fn fill_array_data(&mut self, a: u8, width: u16, data: &[u8]) -> &mut Self {
        let (label, after) = (
            format!("array {}", self.switches),
            format!("after {}", self.switches),
        );
        self.switches += 1;
        self.push(Part::Jump(vec![0x26 | u16::from(a) << 8, 0, 0], label.clone(), 2))
            .goto(&after)
            .label(&label);
        self.push(Part::Array {
            width,
            data: data.to_vec(),
        })
        .label(&after)
    }
    /// Code between two labels is guarded: handlers are a type (none: all) and a label each.
    pub fn try_(&mut self, start: &str, end: &str, handlers: &[(Option<&str>, &str)]) -> &mut Self {
        let handlers = handlers
            .iter()
            .map(|(t, l)| (t.map(Into::into), (*l).into()))
            .collect();
        self.tries.push((start.into(), end.into(), handlers));
        self
    }

    /// Resolves labels and references.
    fn assemble(&self, pools: &Pools) -> (Vec<u16>, BTreeMap<&str, u32>) {
        let mut at = 0_u32;
        let mut labels = BTreeMap::new();
        for (i, part) in self.parts.iter().enumerate() {
            let is_data = |p: Option<&Part>| matches!(p, Some(Part::Switch { .. } | Part::Array { .. }));
            if (is_data(Some(part)) || matches!(part, Part::Label(_)) && is_data(self.parts.get(i + 1)))
                && at % 2 == 1
            {
                at += 1;
            }
            at += match part {
                Part::Units(u, ..) | Part::Jump(u, ..) => u.len() as u32,
                Part::Label(name) => {
                    labels.insert(name.as_str(), at);
                    0
                }
                Part::Switch { keys, targets, .. } => {
                    let n = targets.len() as u32;
                    if keys.is_some() { 2 + 4 * n } else { 4 + 2 * n }
                }
                Part::Array { data, .. } => 4 + data.len().div_ceil(2) as u32,
            };
        }
        let mut out = Vec::new();
        for part in &self.parts {
            let here = out.len() as u32;
            match part {
                Part::Units(units, r, second) => {
                    let mut units = units.clone();
                    if let Some(r) = r {
                        let i = pools.index(r);
                        units[1] = i as u16;
                        if units[0] & 0xff == 0x1b {
                            units[2] = (i >> 16) as u16;
                        }
                    }
                    if let Some(r) = second {
                        units[3] = pools.index(r) as u16;
                    }
                    out.extend(units);
                }
                Part::Jump(units, label, wide) => {
                    let mut units = units.clone();
                    let distance = labels[label.as_str()].wrapping_sub(here);
                    units[1] = distance as u16;
                    if *wide == 2 {
                        units[2] = (distance >> 16) as u16;
                    }
                    out.extend(units);
                }
                Part::Label(_) => {}
                Part::Switch {
                    first,
                    keys,
                    targets,
                    from,
                } => {
                    if here % 2 == 1 {
                        out.push(0);
                    }
                    out.push(if keys.is_some() { 0x200 } else { 0x100 });
                    out.push(targets.len() as u16);
                    let firsts = keys.clone().unwrap_or_else(|| vec![*first]);
                    let distances = targets
                        .iter()
                        .map(|t| labels[t.as_str()].wrapping_sub(labels[from.as_str()]) as i32);
                    for n in firsts.into_iter().chain(distances) {
                        out.extend([n as u16, (n >> 16) as u16]);
                    }
                }
                Part::Array { width, data } => {
                    if here % 2 == 1 {
                        out.push(0);
                    }
                    let n = data.len() / usize::from(*width);
                    out.extend([0x300, *width, n as u16, (n >> 16) as u16]);
                    out.extend(
                        data.chunks(2)
                            .map(|c| u16::from(c[0]) | u16::from(*c.get(1).unwrap_or(&0)) << 8),
                    );
                }
            }
        }
        (out, labels)
    }
}

#[derive(Debug, Clone)]
struct Member {
    name: String,
    descriptor: String,
    access: u32,
    value: Option<Value>,
    registers: u16,
    code: Option<Asm>,
    annotations: Vec<Annotation>,
    parameter_annotations: Vec<Vec<Annotation>>,
}

/// One class.
#[derive(Debug, Clone)]
pub struct Class {
    name: String,
    access: u32,
    superclass: Option<String>,
    interfaces: Vec<String>,
    source: Option<String>,
    annotations: Vec<Annotation>,
    fields: Vec<Member>,
    methods: Vec<Member>,
}

impl Class {
    pub fn access(&mut self, access: u32) -> &mut Self {
        self.access = access;
        self
    }
    /// The superclass; `java.lang.Object` unless said.
    pub fn superclass(&mut self, name: &str) -> &mut Self {
        self.superclass = Some(name.into());
        self
    }
    pub fn interface(&mut self, name: &str) -> &mut Self {
        self.interfaces.push(name.into());
        self
    }
    pub fn source(&mut self, name: &str) -> &mut Self {
        self.source = Some(name.into());
        self
    }
    pub fn annotation(&mut self, annotation: Annotation) -> &mut Self {
        self.annotations.push(annotation);
        self
    }
    fn field(&mut self, name: &str, type_: &str, access: u32, value: Option<Value>) -> &mut Self {
        self.fields.push(Member {
            name: name.into(),
            descriptor: type_.into(),
            access,
            value,
            registers: 0,
            code: None,
            annotations: Vec::new(),
            parameter_annotations: Vec::new(),
        });
        self
    }
    pub fn static_field(&mut self, name: &str, type_: &str, value: Option<Value>) -> &mut Self {
        self.field(name, type_, PUBLIC | STATIC, value)
    }
    pub fn static_final_field(&mut self, name: &str, type_: &str) -> &mut Self {
        self.field(name, type_, PUBLIC | STATIC | FINAL, None)
    }
    pub fn instance_field(&mut self, name: &str, type_: &str) -> &mut Self {
        self.field(name, type_, PUBLIC, None)
    }
    /// A public static method; `registers` in all, its arguments are in the last ones.
    pub fn method(
        &mut self,
        name: &str,
        descriptor: &str,
        registers: u16,
        code: impl FnOnce(&mut Asm),
    ) -> &mut Self {
        self.method_with(name, descriptor, PUBLIC | STATIC, registers, code)
    }
    /// A public method with `this` in the first argument register.
    pub fn virtual_method(
        &mut self,
        name: &str,
        descriptor: &str,
        registers: u16,
        code: impl FnOnce(&mut Asm),
    ) -> &mut Self {
        self.method_with(name, descriptor, PUBLIC, registers, code)
    }
    pub fn constructor(
        &mut self,
        descriptor: &str,
        registers: u16,
        code: impl FnOnce(&mut Asm),
    ) -> &mut Self {
        self.method_with("<init>", descriptor, PUBLIC | CONSTRUCTOR, registers, code)
    }
    /// The static initialiser.
    pub fn clinit(&mut self, registers: u16, code: impl FnOnce(&mut Asm)) -> &mut Self {
        self.method_with("<clinit>", "()V", STATIC | CONSTRUCTOR, registers, code)
    }
    pub fn method_with(
        &mut self,
        name: &str,
        descriptor: &str,
        access: u32,
        registers: u16,
        code: impl FnOnce(&mut Asm),
    ) -> &mut Self {
        let mut asm = Asm::default();
        code(&mut asm);
        self.declare(name, descriptor, access);
        let method = self.methods.last_mut().unwrap();
        method.registers = registers;
        method.code = Some(asm);
        self
    }
    /// A method without code: abstract or native.
    pub fn declare(&mut self, name: &str, descriptor: &str, access: u32) -> &mut Self {
        self.methods.push(Member {
            name: name.into(),
            descriptor: descriptor.into(),
            access,
            value: None,
            registers: 0,
            code: None,
            annotations: Vec::new(),
            parameter_annotations: Vec::new(),
        });
        self
    }
    /// An annotation of the field that was added last.
    pub fn annotate_field(&mut self, annotation: Annotation) -> &mut Self {
        self.fields.last_mut().unwrap().annotations.push(annotation);
        self
    }
    /// An annotation of the method that was added last.
    pub fn annotate_method(&mut self, annotation: Annotation) -> &mut Self {
        self.methods.last_mut().unwrap().annotations.push(annotation);
        self
    }
    /// Annotations of each parameter of the method that was added last.
    pub fn annotate_parameters(&mut self, annotations: Vec<Vec<Annotation>>) -> &mut Self {
        self.methods.last_mut().unwrap().parameter_annotations = annotations;
        self
    }
}

/// A dex in the making.
#[derive(Debug, Clone)]
pub struct DexBuilder {
    version: [u8; 3],
    classes: Vec<Class>,
    extra: BTreeSet<Ref>,
    /// Kind (`METHOD_HANDLE_TYPE_*`) and method or field.
    handles: Vec<(u16, Ref)>,
    call_sites: Vec<Vec<Value>>,
}

impl Default for DexBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl DexBuilder {
    pub fn new() -> Self {
        Self {
            version: *b"035",
            classes: Vec::new(),
            extra: BTreeSet::new(),
            handles: Vec::new(),
            call_sites: Vec::new(),
        }
    }
    pub fn version(&mut self, version: &[u8; 3]) -> &mut Self {
        self.version = *version;
        self
    }
    /// The class of this name; made when it is named first.
    pub fn class(&mut self, name: &str) -> &mut Class {
        if let Some(i) = self.classes.iter().position(|c| c.name == name) {
            return &mut self.classes[i];
        }
        self.classes.push(Class {
            name: name.into(),
            access: PUBLIC,
            superclass: Some("Ljava/lang/Object;".into()),
            interfaces: Vec::new(),
            source: None,
            annotations: Vec::new(),
            fields: Vec::new(),
            methods: Vec::new(),
        });
        self.classes.last_mut().unwrap()
    }
    /// A string that is in the table though nothing uses it.
    pub fn string(&mut self, text: &str) -> &mut Self {
        self.extra.insert(Ref::String(text.into()));
        self
    }
    /// A method handle; returns its number. Kinds: 4 invoke-static, 5 instance, 6 constructor, 3 iget …
    pub fn method_handle(&mut self, kind: u16, target: Ref) -> u16 {
        self.handles.push((kind, target));
        self.handles.len() as u16 - 1
    }
    /// A call site: method handle, name, method type, then extra arguments; returns its number.
    pub fn call_site(&mut self, handle: u16, name: &str, proto: &str, arguments: Vec<Value>) -> u16 {
        let mut values = vec![
            Value::Ref(Ref::Handle(handle)),
            Value::string(name),
            Value::Ref(Ref::Proto(proto.into())),
        ];
        values.extend(arguments);
        self.call_sites.push(values);
        self.call_sites.len() as u16 - 1
    }

    pub fn build(&self) -> Vec<u8> {
        Writer::new(self).write()
    }
}

/// `(Ljava/lang/String;I)V` → parameters and result.
fn split(descriptor: &str) -> (Vec<String>, String) {
    let (parameters, result) = descriptor.strip_prefix('(').unwrap().split_once(')').unwrap();
    let mut list = Vec::new();
    let mut rest = parameters;
    while !rest.is_empty() {
        let dims = rest.len() - rest.trim_start_matches('[').len();
        let len = match rest.as_bytes()[dims] {
            b'L' => rest.find(';').unwrap() + 1,
            _ => dims + 1,
        };
        list.push(rest[..len].into());
        rest = &rest[len..];
    }
    (list, result.into())
}

fn shorty(descriptor: &str) -> String {
    let (parameters, result) = split(descriptor);
    let short = |t: &String| {
        if t.starts_with('[') {
            'L'
        } else {
            t.chars().next().unwrap()
        }
    };
    std::iter::once(&result).chain(&parameters).map(short).collect()
}

/// The tables, sorted.
#[derive(Debug, Default)]
struct Pools {
    strings: Vec<String>,
    string_index: BTreeMap<String, u32>,
    types: BTreeMap<String, u32>,
    /// Sorted by result and parameters.
    protos: Vec<String>,
    fields: Vec<(String, String, String)>,
    methods: Vec<(String, String, String)>,
}

impl Pools {
    fn new(refs: &BTreeSet<Ref>) -> Self {
        let mut strings = BTreeSet::new();
        let mut types = BTreeSet::new();
        let mut protos = BTreeSet::new();
        let mut fields = BTreeSet::new();
        let mut methods = BTreeSet::new();
        for r in refs {
            match r {
                Ref::String(s) => {
                    strings.insert(s.clone());
                }
                Ref::Type(t) => {
                    types.insert(t.clone());
                }
                Ref::Proto(p) => {
                    protos.insert(p.clone());
                }
                Ref::Field(c, n, t) => {
                    types.extend([c.clone(), t.clone()]);
                    strings.insert(n.clone());
                    fields.insert((c.clone(), n.clone(), t.clone()));
                }
                Ref::Method(c, n, p) => {
                    types.insert(c.clone());
                    strings.insert(n.clone());
                    protos.insert(p.clone());
                    methods.insert((c.clone(), n.clone(), p.clone()));
                }
                Ref::Handle(_) | Ref::CallSite(_) => {}
            }
        }
        for p in &protos {
            let (parameters, result) = split(p);
            types.extend(parameters);
            types.insert(result);
            strings.insert(shorty(p));
        }
        strings.extend(types.iter().cloned());
        let mut strings: Vec<String> = strings.into_iter().collect();
        strings.sort_by_key(|s| s.encode_utf16().collect::<Vec<_>>());
        let string_index: BTreeMap<_, _> = strings.iter().cloned().zip(0..).collect();
        let mut types: Vec<String> = types.into_iter().collect();
        types.sort_by_key(|t| string_index[t]);
        let types: BTreeMap<String, u32> = types.into_iter().zip(0..).collect();
        let mut pools = Self {
            strings,
            string_index,
            types,
            ..Self::default()
        };
        pools.protos = protos.into_iter().collect();
        pools.protos.sort_by_key(|p| {
            let (parameters, result) = split(p);
            (
                pools.types[&result],
                parameters.iter().map(|t| pools.types[t]).collect::<Vec<_>>(),
            )
        });
        pools.fields = fields.into_iter().collect();
        pools
            .fields
            .sort_by_key(|(c, n, t)| (pools.types[c], pools.string_index[n], pools.types[t]));
        pools.methods = methods.into_iter().collect();
        let protos = pools.protos.clone();
        let proto = |p: &String| protos.iter().position(|q| q == p).unwrap();
        pools
            .methods
            .sort_by_key(|(c, n, p)| (pools.types[c], pools.string_index[n], proto(p)));
        pools
    }

    fn index(&self, r: &Ref) -> u32 {
        let found = match r {
            Ref::String(s) => return self.string_index[s],
            Ref::Type(t) => return self.types[t],
            Ref::Handle(i) | Ref::CallSite(i) => return u32::from(*i),
            Ref::Proto(p) => self.protos.iter().position(|q| q == p),
            Ref::Field(c, n, t) => self
                .fields
                .iter()
                .position(|f| f == &(c.clone(), n.clone(), t.clone())),
            Ref::Method(c, n, p) => self
                .methods
                .iter()
                .position(|m| m == &(c.clone(), n.clone(), p.clone())),
        };
        found.unwrap() as u32
    }
}

struct Writer<'b> {
    dex: &'b DexBuilder,
    pools: Pools,
    data: Vec<u8>,
    base: usize,
    /// Type of map item, number, offset.
    map: Vec<(u16, u32, u32)>,
}

impl<'b> Writer<'b> {
    fn new(dex: &'b DexBuilder) -> Self {
        let mut refs = dex.extra.clone();
        for class in &dex.classes {
            refs.insert(Ref::Type(class.name.clone()));
            refs.extend(
                class
                    .superclass
                    .iter()
                    .chain(&class.interfaces)
                    .map(|t| Ref::Type(t.clone())),
            );
            refs.extend(class.source.iter().map(|s| Ref::String(s.clone())));
            class
                .annotations
                .iter()
                .for_each(|a| collect_annotation(a, &mut refs));
            for f in &class.fields {
                refs.insert(Ref::Field(
                    class.name.clone(),
                    f.name.clone(),
                    f.descriptor.clone(),
                ));
                f.value.iter().for_each(|v| collect(v, &mut refs));
            }
            for m in &class.methods {
                refs.insert(Ref::Method(
                    class.name.clone(),
                    m.name.clone(),
                    m.descriptor.clone(),
                ));
                for part in m.code.iter().flat_map(|c| &c.parts) {
                    if let Part::Units(_, a, b) = part {
                        refs.extend(a.iter().chain(b).cloned());
                    }
                }
                let tries = m.code.iter().flat_map(|c| &c.tries).flat_map(|t| &t.2);
                refs.extend(tries.filter_map(|h| h.0.clone()).map(Ref::Type));
            }
            for m in class.fields.iter().chain(&class.methods) {
                let all = m
                    .annotations
                    .iter()
                    .chain(m.parameter_annotations.iter().flatten());
                all.for_each(|a| collect_annotation(a, &mut refs));
            }
        }
        refs.extend(dex.handles.iter().map(|h| h.1.clone()));
        dex.call_sites
            .iter()
            .flatten()
            .for_each(|v| collect(v, &mut refs));
        Self {
            dex,
            pools: Pools::new(&refs),
            data: Vec::new(),
            base: 0,
            map: Vec::new(),
        }
    }

    fn here(&self) -> u32 {
        (self.base + self.data.len()) as u32
    }
    fn align(&mut self) {
        while !self.here().is_multiple_of(4) {
            self.data.push(0);
        }
    }
    fn u16(&mut self, n: u16) {
        self.data.extend(n.to_le_bytes());
    }
    fn u32(&mut self, n: u32) {
        self.data.extend(n.to_le_bytes());
    }
    fn note(&mut self, kind: u16, count: u32, off: u32) {
        match self.map.iter_mut().find(|m| m.0 == kind) {
            Some(m) => m.1 += count,
            None => self.map.push((kind, count, off)),
        }
    }

    fn type_list(&mut self, types: &[String]) -> u32 {
        if types.is_empty() {
            return 0;
        }
        self.align();
        let off = self.here();
        self.u32(types.len() as u32);
        for t in types {
            self.u16(self.pools.types[t] as u16);
        }
        self.note(0x1001, 1, off);
        off
    }

    fn write(mut self) -> Vec<u8> {
        let dex = self.dex;
        let sizes = [
            self.pools.strings.len() * 4,
            self.pools.types.len() * 4,
            self.pools.protos.len() * 12,
            self.pools.fields.len() * 8,
            self.pools.methods.len() * 8,
            dex.classes.len() * 32,
            dex.call_sites.len() * 4,
            dex.handles.len() * 8,
        ];
        let mut starts = [0_usize; 9];
        starts[0] = 0x70;
        for i in 0..8 {
            starts[i + 1] = starts[i] + sizes[i];
        }
        self.base = starts[8];
        let mut ids = Vec::new();
        let mut word = |n: u32| ids.extend(n.to_le_bytes());

        // Data first, in an order where each item knows what it refers to.
        let mut class_words = Vec::new();
        let protos = self.pools.protos.clone();
        let parameters: Vec<u32> = protos.iter().map(|p| self.type_list(&split(p).0)).collect();
        for class in &dex.classes {
            let words = self.class(class);
            class_words.extend(words);
        }
        let call_sites: Vec<u32> = dex.call_sites.iter().map(|site| self.array_item(site)).collect();
        let mut string_offs = Vec::new();
        for s in self.pools.strings.clone() {
            let off = self.here();
            string_offs.push(off);
            uleb(&mut self.data, s.encode_utf16().count() as u32);
            for unit in s.encode_utf16() {
                match unit {
                    1..0x80 => self.data.push(unit as u8),
                    0..0x800 => self
                        .data
                        .extend([0xc0 | (unit >> 6) as u8, 0x80 | (unit & 0x3f) as u8]),
                    _ => self.data.extend([
                        0xe0 | (unit >> 12) as u8,
                        0x80 | (unit >> 6 & 0x3f) as u8,
                        0x80 | (unit & 0x3f) as u8,
                    ]),
                }
            }
            self.data.push(0);
            self.note(0x2002, 1, off);
        }
        self.align();
        let map_off = self.here();
        let kinds = [1_u16, 2, 3, 4, 5, 6, 7, 8];
        let widths = [4, 4, 12, 8, 8, 32, 4, 8];
        self.map.push((0, 1, 0));
        for i in 0..8 {
            if sizes[i] > 0 {
                self.map
                    .push((kinds[i], (sizes[i] / widths[i]) as u32, starts[i] as u32));
            }
        }
        self.map.push((0x1000, 1, map_off));
        self.map.sort_by_key(|m| m.2);
        self.u32(self.map.len() as u32);
        for (kind, count, off) in self.map.clone() {
            self.u16(kind);
            self.u16(0);
            self.u32(count);
            self.u32(off);
        }

        string_offs.iter().for_each(|&off| word(off));
        let mut types: Vec<_> = self.pools.types.iter().collect();
        types.sort_by_key(|t| t.1);
        types.iter().for_each(|(t, _)| word(self.pools.string_index[*t]));
        for (p, off) in self.pools.protos.iter().zip(parameters) {
            word(self.pools.string_index[&shorty(p)]);
            word(self.pools.types[&split(p).1]);
            word(off);
        }
        for (c, n, t) in &self.pools.fields {
            word(self.pools.types[c] | self.pools.types[t] << 16);
            word(self.pools.string_index[n]);
        }
        for (c, n, p) in &self.pools.methods {
            word(self.pools.types[c] | self.pools.index(&Ref::Proto(p.clone())) << 16);
            word(self.pools.string_index[n]);
        }
        class_words.into_iter().for_each(&mut word);
        call_sites.into_iter().for_each(&mut word);
        for (kind, target) in &dex.handles {
            word(u32::from(*kind));
            word(self.pools.index(target));
        }
        assert_eq!(0x70 + ids.len(), self.base);

        let mut out = Vec::new();
        out.extend(b"dex\n");
        out.extend(dex.version);
        out.push(0);
        out.extend([0; 24]);
        let mut word = |n: usize| out.extend((n as u32).to_le_bytes());
        word(self.base + self.data.len());
        word(0x70);
        word(0x1234_5678);
        word(0);
        word(0);
        word(map_off as usize);
        for i in 0..6 {
            word(sizes[i] / widths[i]);
            word(if sizes[i] == 0 { 0 } else { starts[i] });
        }
        word(self.data.len());
        word(self.base);
        out.extend(ids);
        out.extend(&self.data);
        fix_checksum(&mut out);
        out
    }

    fn class(&mut self, class: &Class) -> Vec<u32> {
        let interfaces = self.type_list(&class.interfaces);
        let mut fields: Vec<&Member> = class.fields.iter().collect();
        fields.sort_by_key(|f| self.field(class, f));
        let mut methods: Vec<&Member> = class.methods.iter().collect();
        methods.sort_by_key(|m| self.method(class, m));
        let is_static = |m: &&&Member| m.access & STATIC != 0;
        let is_direct = |m: &&&Member| m.access & (STATIC | PRIVATE | CONSTRUCTOR) != 0;
        let statics: Vec<&Member> = fields.iter().filter(is_static).copied().collect();
        let instance: Vec<&Member> = fields.iter().filter(|f| !is_static(f)).copied().collect();
        let direct: Vec<&Member> = methods.iter().filter(is_direct).copied().collect();
        let virtual_: Vec<&Member> = methods.iter().filter(|m| !is_direct(m)).copied().collect();

        let last = statics.iter().rposition(|f| f.value.is_some());
        let values: Vec<Value> = statics
            .iter()
            .take(last.map_or(0, |n| n + 1))
            .map(|f| f.value.clone().unwrap_or_else(|| zero(&f.descriptor)))
            .collect();
        let values_off = if values.is_empty() {
            0
        } else {
            self.array_item(&values)
        };
        let annotations_off = self.annotations(class, &fields, &methods);

        let mut offs = BTreeMap::new();
        for m in &methods {
            if let Some(code) = &m.code {
                let off = self.code(m, code);
                offs.insert(self.method(class, m), off);
            }
        }
        let mut class_data_off = 0;
        if !class.fields.is_empty() || !class.methods.is_empty() {
            class_data_off = self.here();
            self.note(0x2000, 1, class_data_off);
            for list in [&statics, &instance, &direct, &virtual_] {
                uleb(&mut self.data, list.len() as u32);
            }
            for list in [&statics, &instance] {
                let mut last = 0;
                for f in list {
                    let i = self.field(class, f);
                    uleb(&mut self.data, i - last);
                    uleb(&mut self.data, f.access);
                    last = i;
                }
            }
            for list in [&direct, &virtual_] {
                let mut last = 0;
                for m in list {
                    let i = self.method(class, m);
                    uleb(&mut self.data, i - last);
                    uleb(&mut self.data, m.access);
                    uleb(&mut self.data, offs.get(&i).copied().unwrap_or(0));
                    last = i;
                }
            }
        }
        let string = |s: &Option<String>| s.as_ref().map_or(u32::MAX, |s| self.pools.string_index[s]);
        vec![
            self.pools.types[&class.name],
            class.access,
            class
                .superclass
                .as_ref()
                .map_or(u32::MAX, |t| self.pools.types[t]),
            interfaces,
            string(&class.source),
            annotations_off,
            class_data_off,
            values_off,
        ]
    }

    fn field(&self, class: &Class, f: &Member) -> u32 {
        self.pools.index(&Ref::Field(
            class.name.clone(),
            f.name.clone(),
            f.descriptor.clone(),
        ))
    }
    fn method(&self, class: &Class, m: &Member) -> u32 {
        self.pools.index(&Ref::Method(
            class.name.clone(),
            m.name.clone(),
            m.descriptor.clone(),
        ))
    }

    fn code(&mut self, method: &Member, asm: &Asm) -> u32 {
        let (units, labels) = asm.assemble(&self.pools);
        let wide = |t: &String| if t == "J" || t == "D" { 2 } else { 1 };
        let this = u16::from(method.access & STATIC == 0);
        let ins = this + split(&method.descriptor).0.iter().map(wide).sum::<u16>();
        self.align();
        let off = self.here();
        self.note(0x2001, 1, off);
        self.u16(method.registers.max(ins));
        self.u16(ins);
        self.u16(asm.outs);
        self.u16(asm.tries.len() as u16);
        self.u32(0);
        self.u32(units.len() as u32);
        for &unit in &units {
            self.u16(unit);
        }
        if asm.tries.is_empty() {
            return off;
        }
        if units.len() % 2 == 1 {
            self.u16(0);
        }
        let mut handlers = Vec::new();
        uleb(&mut handlers, asm.tries.len() as u32);
        for (start, end, list) in &asm.tries {
            let (start, end) = (labels[start.as_str()], labels[end.as_str()]);
            self.u32(start);
            self.u16((end - start) as u16);
            self.u16(handlers.len() as u16);
            let typed = list.iter().filter(|h| h.0.is_some()).count() as i32;
            let all = list.iter().any(|h| h.0.is_none());
            sleb(&mut handlers, if all { -typed } else { typed });
            for (t, label) in list {
                if let Some(t) = t {
                    uleb(&mut handlers, self.pools.types[t]);
                }
                uleb(&mut handlers, labels[label.as_str()]);
            }
        }
        self.data.extend(handlers);
        off
    }

    fn array_item(&mut self, values: &[Value]) -> u32 {
        let off = self.here();
        self.note(0x2005, 1, off);
        let mut out = Vec::new();
        array(&self.pools, values, &mut out);
        self.data.extend(out);
        off
    }

    fn annotation_set(&mut self, annotations: &[Annotation]) -> u32 {
        let mut items: Vec<&Annotation> = annotations.iter().collect();
        items.sort_by_key(|a| self.pools.types[&a.type_]);
        let mut offs = Vec::new();
        for a in items {
            offs.push(self.here());
            self.note(0x2004, 1, offs[0]);
            let mut out = vec![1];
            annotation(&self.pools, a, &mut out);
            self.data.extend(out);
        }
        self.align();
        let off = self.here();
        self.note(0x1003, 1, off);
        self.u32(offs.len() as u32);
        offs.into_iter().for_each(|o| self.u32(o));
        off
    }

    fn annotations(&mut self, class: &Class, fields: &[&Member], methods: &[&Member]) -> u32 {
        let on_class = if class.annotations.is_empty() {
            0
        } else {
            self.annotation_set(&class.annotations)
        };
        let mut lists: [Vec<(u32, u32)>; 3] = Default::default();
        for f in fields.iter().filter(|f| !f.annotations.is_empty()) {
            let off = self.annotation_set(&f.annotations);
            lists[0].push((self.field(class, f), off));
        }
        for m in methods.iter().filter(|m| !m.annotations.is_empty()) {
            let off = self.annotation_set(&m.annotations);
            lists[1].push((self.method(class, m), off));
        }
        for m in methods.iter().filter(|m| !m.parameter_annotations.is_empty()) {
            let sets: Vec<u32> = m
                .parameter_annotations
                .iter()
                .map(|a| if a.is_empty() { 0 } else { self.annotation_set(a) })
                .collect();
            self.align();
            let off = self.here();
            self.note(0x1002, 1, off);
            self.u32(sets.len() as u32);
            sets.into_iter().for_each(|s| self.u32(s));
            lists[2].push((self.method(class, m), off));
        }
        if on_class == 0 && lists.iter().all(Vec::is_empty) {
            return 0;
        }
        self.align();
        let off = self.here();
        self.note(0x2006, 1, off);
        self.u32(on_class);
        lists.iter().for_each(|l| self.u32(l.len() as u32));
        for (i, off) in lists.into_iter().flatten() {
            self.u32(i);
            self.u32(off);
        }
        off
    }
}

fn zero(type_: &str) -> Value {
    match type_ {
        "Z" => Value::Boolean(false),
        "J" => Value::Long(0),
        "F" => Value::Float(0.0),
        "D" => Value::Double(0.0),
        "B" => Value::Byte(0),
        "C" => Value::Char(0),
        "S" => Value::Short(0),
        "I" => Value::Int(0),
        _ => Value::Null,
    }
}

fn collect(value: &Value, refs: &mut BTreeSet<Ref>) {
    match value {
        Value::Ref(r) => {
            refs.insert(r.clone());
        }
        Value::Enum(c, n, t) => {
            refs.insert(Ref::Field(c.clone(), n.clone(), t.clone()));
        }
        Value::Array(values) => values.iter().for_each(|v| collect(v, refs)),
        Value::Annotation(a) => collect_annotation(a, refs),
        _ => {}
    }
}

fn collect_annotation(a: &Annotation, refs: &mut BTreeSet<Ref>) {
    refs.insert(Ref::Type(a.type_.clone()));
    for (name, value) in &a.elements {
        refs.insert(Ref::String(name.clone()));
        collect(value, refs);
    }
}

fn array(pools: &Pools, values: &[Value], out: &mut Vec<u8>) {
    uleb(out, values.len() as u32);
    values.iter().for_each(|v| encode(pools, v, out));
}

fn annotation(pools: &Pools, a: &Annotation, out: &mut Vec<u8>) {
    uleb(out, pools.types[&a.type_]);
    uleb(out, a.elements.len() as u32);
    let mut elements: Vec<_> = a.elements.iter().collect();
    elements.sort_by_key(|e| pools.string_index[&e.0]);
    for (name, value) in elements {
        uleb(out, pools.string_index[name]);
        encode(pools, value, out);
    }
}

fn encode(pools: &Pools, value: &Value, out: &mut Vec<u8>) {
    let mut signed = |kind: u8, n: i64| {
        let mut len = 8;
        while len > 1 && n << (64 - 8 * (len - 1)) >> (64 - 8 * (len - 1)) == n {
            len -= 1;
        }
        out.push(kind | ((len - 1) as u8) << 5);
        out.extend(&n.to_le_bytes()[..len]);
    };
    match value {
        Value::Byte(n) => signed(0, i64::from(*n)),
        Value::Short(n) => signed(2, i64::from(*n)),
        Value::Int(n) => signed(4, i64::from(*n)),
        Value::Long(n) => signed(6, *n),
        Value::Char(n) => unsigned(3, u32::from(*n), out),
        Value::Float(n) => {
            out.push(0x10 | 3 << 5);
            out.extend(n.to_le_bytes());
        }
        Value::Double(n) => {
            out.push(0x11 | 7 << 5);
            out.extend(n.to_le_bytes());
        }
        Value::Ref(r) => {
            let kind = match r {
                Ref::Proto(_) => 0x15,
                Ref::Handle(_) | Ref::CallSite(_) => 0x16,
                Ref::String(_) => 0x17,
                Ref::Type(_) => 0x18,
                Ref::Field(..) => 0x19,
                Ref::Method(..) => 0x1a,
            };
            unsigned(kind, pools.index(r), out);
        }
        Value::Enum(c, n, t) => {
            unsigned(
                0x1b,
                pools.index(&Ref::Field(c.clone(), n.clone(), t.clone())),
                out,
            );
        }
        Value::Array(values) => {
            out.push(0x1c);
            array(pools, values, out);
        }
        Value::Annotation(a) => {
            out.push(0x1d);
            annotation(pools, a, out);
        }
        Value::Null => out.push(0x1e),
        Value::Boolean(b) => out.push(0x1f | u8::from(*b) << 5),
    }
}

fn unsigned(kind: u8, n: u32, out: &mut Vec<u8>) {
    let len = (4 - n.leading_zeros() as usize / 8).max(1);
    out.push(kind | ((len - 1) as u8) << 5);
    out.extend(&n.to_le_bytes()[..len]);
}

fn uleb(out: &mut Vec<u8>, mut n: u32) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn sleb(out: &mut Vec<u8>, mut n: i32) {
    loop {
        let byte = (n & 0x7f) as u8;
        n >>= 7;
        if (n == 0 && byte & 0x40 == 0) || (n == -1 && byte & 0x40 != 0) {
            return out.push(byte);
        }
        out.push(byte | 0x80);
    }
}

/// Puts the right Adler-32 into a dex that was changed.
pub fn fix_checksum(dex: &mut [u8]) {
    let (mut a, mut b) = (1_u32, 0_u32);
    for &byte in &dex[12..] {
        a = (a + u32::from(byte)) % 65521;
        b = (b + a) % 65521;
    }
    dex[8..12].copy_from_slice(&(b << 16 | a).to_le_bytes());
}

/// The dex inside an odex of Dalvik: `dey\n036` with nothing after the dex.
pub fn odex(dex: &[u8]) -> Vec<u8> {
    let mut out = b"dey\n036\0".to_vec();
    for n in [
        40,
        dex.len() as u32,
        40 + dex.len() as u32,
        0,
        40 + dex.len() as u32,
        0,
        0,
        0,
    ] {
        out.extend(n.to_le_bytes());
    }
    out.extend(dex);
    out
}

/// A container of version 041 with these files in it: headers grow by eight bytes, and every offset
/// counts from the container's start.
pub fn container(dexes: &[Vec<u8>]) -> Vec<u8> {
    let total: usize = dexes.iter().map(|dex| (dex.len() + 8).next_multiple_of(4)).sum();
    let mut out = Vec::new();
    for dex in dexes {
        let start = out.len() as u32;
        let moved = move_by(dex, start + 8);
        out.extend(&moved[..0x70]);
        out.extend((total as u32).to_le_bytes());
        out.extend(start.to_le_bytes());
        out.extend(&moved[0x70..]);
        out.resize(out.len().next_multiple_of(4), 0);
        let end = out.len() as u32;
        let header = &mut out[start as usize..];
        header[4..7].copy_from_slice(b"041");
        header[0x20..0x24].copy_from_slice(&(end - start).to_le_bytes());
        header[0x24..0x28].copy_from_slice(&0x78_u32.to_le_bytes());
        header[0x68..0x70].fill(0);
        fix_checksum(header);
    }
    out
}

/// Adds `by` to every offset of a dex that has no annotations, no static values and no call sites.
fn move_by(dex: &[u8], by: u32) -> Vec<u8> {
    let word = |at: usize| u32::from_le_bytes(dex[at..at + 4].try_into().unwrap());
    let mut out = dex.to_vec();
    let mut add = |at: usize| {
        let old = word(at);
        if old != 0 {
            out[at..at + 4].copy_from_slice(&(old + by).to_le_bytes());
        }
    };
    for at in [0x34, 0x3c, 0x44, 0x4c, 0x54, 0x5c, 0x64] {
        add(at);
    }
    let table = |size: usize, width: usize| {
        let (count, off) = (word(size) as usize, word(size + 4) as usize);
        (0..count).map(move |i| off + i * width)
    };
    table(0x38, 4).for_each(&mut add);
    table(0x48, 12).for_each(|at| add(at + 8));
    for at in table(0x60, 32) {
        [12, 20, 24, 28].into_iter().for_each(|field| add(at + field));
    }
    let map = word(0x34) as usize;
    (0..word(map) as usize).for_each(|i| add(map + 4 + 12 * i + 8));
    // Members: two lists of fields and two of methods, whose code offsets may grow by a byte; padding of
    // five bytes is always valid, so the builder's files keep their length only when it fits.
    for at in table(0x60, 32) {
        let data = word(at + 24) as usize;
        if data == 0 {
            continue;
        }
        let mut p = data;
        let mut next = |out: &mut Vec<u8>, shift: bool| {
            let (start, mut value, mut bits) = (p, 0_u32, 0);
            loop {
                let byte = dex[p];
                p += 1;
                value |= u32::from(byte & 0x7f) << bits;
                bits += 7;
                if byte < 0x80 {
                    break;
                }
            }
            if shift && value != 0 {
                let mut new = value + by;
                for (i, slot) in (start..p).enumerate() {
                    out[slot] = (new & 0x7f) as u8 | if i + 1 < p - start { 0x80 } else { 0 };
                    new >>= 7;
                }
                assert_eq!(new, 0, "a code offset outgrew its bytes");
            }
            value
        };
        let counts: Vec<u32> = (0..4).map(|_| next(&mut out, false)).collect();
        for _ in 0..2 * (counts[0] + counts[1]) {
            next(&mut out, false);
        }
        for _ in 0..counts[2] + counts[3] {
            next(&mut out, false);
            next(&mut out, false);
            next(&mut out, true);
        }
    }
    out
}
