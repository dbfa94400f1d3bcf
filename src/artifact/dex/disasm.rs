//! Instructions as text, for evidence.
//!
//! The notation is that of smali and of `dexdump`: mnemonic, registers, then the literal, the target or
//! the name of what is referred to, with full descriptors. Names and strings come from the input: they
//! are escaped and cut here, so a line of evidence is one line and inert.

use std::fmt::{self, Write as _};

use super::opcode::Format::*;
use super::opcode::Reference;
use super::{Dex, Insn, Payload, Registers, mutf8};

/// Ours: characters of a string or a name in a line. Enough for a URL; the length of the whole is told.
const MAX_CHARS: usize = 200;
/// Ours: registers of a range that are listed.
const MAX_REGISTERS: usize = 16;
/// Ours: cases of a switch that are listed.
const MAX_CASES: usize = 8;

/// One instruction as a line, such as `invoke-static {v0}, La/B;->c(I)V`.
pub fn disassemble(dex: &Dex<'_>, insn: &Insn<'_>) -> String {
    text(|out| write_insn(out, dex, insn))
}

/// Writes one instruction, as [`disassemble`] does.
pub fn write_insn(out: &mut String, dex: &Dex<'_>, insn: &Insn<'_>) -> fmt::Result {
    Line { dex, insn }.write(out)
}

struct Line<'d, 'a> {
    dex: &'d Dex<'a>,
    insn: &'d Insn<'a>,
}

impl Line<'_, '_> {
    fn write(&self, f: &mut String) -> fmt::Result {
        let insn = self.insn;
        if insn.is_payload() {
            return payload(f, insn);
        }
        let info = insn.info();
        f.write_str(info.name)?;
        let (a, b) = (insn.a(), insn.b());
        match info.format {
            F10x | Unused => Ok(()),
            F11x => write!(f, " v{a}"),
            F12x | F22x | F32x => write!(f, " v{a}, v{b}"),
            F23x => write!(f, " v{a}, v{b}, v{}", insn.c()),
            F11n | F21s | F21h | F31i | F51l => {
                write!(f, " v{a}, ")?;
                number(f, insn.literal().unwrap_or(0))
            }
            F22b | F22s => {
                write!(f, " v{a}, v{b}, ")?;
                number(f, insn.literal().unwrap_or(0))
            }
            F10t | F20t | F30t => write!(f, " {:04x}", insn.target().unwrap_or(0)),
            F21t | F31t => write!(f, " v{a}, {:04x}", insn.target().unwrap_or(0)),
            F22t => write!(f, " v{a}, v{b}, {:04x}", insn.target().unwrap_or(0)),
            F21c | F31c => {
                write!(f, " v{a}, ")?;
                self.reference(f)
            }
            F22c | F22cs => {
                write!(f, " v{a}, v{b}, ")?;
                self.reference(f)
            }
            F20bc => {
                f.write_str(" ")?;
                self.reference(f)
            }
            F35c | F35ms | F35mi | F3rc | F3rms | F3rmi | F45cc | F4rcc => {
                registers(f, insn.registers())?;
                self.reference(f)?;
                let Some(proto) = insn.second_index() else {
                    return Ok(());
                };
                f.write_str(", ")?;
                self.dex.write_proto(f, proto)
            }
        }
    }

    fn reference(&self, f: &mut String) -> fmt::Result {
        let i = self.insn.index().unwrap_or(0);
        let dex = self.dex;
        match self.insn.info().reference {
            Reference::None => Ok(()),
            Reference::String => match dex.string(i) {
                Some(bytes) => {
                    f.write_char('"')?;
                    escape(f, bytes)?;
                    f.write_char('"')
                }
                None => write!(f, "string@{i}"),
            },
            Reference::Type => dex.write_type(f, i),
            Reference::Field => dex.write_field(f, i),
            Reference::Method | Reference::MethodAndProto => dex.write_method(f, i),
            Reference::Proto => dex.write_proto(f, i),
            Reference::CallSite => write!(f, "call_site@{i}"),
            Reference::MethodHandle => write!(f, "method_handle@{i}"),
            Reference::FieldOffset => write!(f, "[obj+{i:04x}]"),
            Reference::VtableIndex => write!(f, "[{i:04x}] // vtable #{i:04x}"),
            Reference::Inline => write!(f, "[{i:04x}] // inline #{i:04x}"),
            Reference::Error => write!(f, "error@{i:04x}"),
        }
    }
}

/// Texts for people: escaped and cut; where an index leads nowhere they say so (`type@9`).
impl Dex<'_> {
    /// The descriptor of a type.
    pub fn type_text(&self, i: u32) -> String {
        text(|out| self.write_type(out, i))
    }

    /// `La/B;->name:I`
    pub fn field_text(&self, i: u32) -> String {
        text(|out| self.write_field(out, i))
    }

    /// `La/B;->name(I)V`
    pub fn method_text(&self, i: u32) -> String {
        text(|out| self.write_method(out, i))
    }

    /// `(I)V`
    pub fn proto_text(&self, i: u32) -> String {
        text(|out| self.write_proto(out, i))
    }

    fn write_type(&self, out: &mut impl fmt::Write, i: u32) -> fmt::Result {
        match self.type_descriptor(i) {
            Some(descriptor) => escape(out, descriptor),
            None => write!(out, "type@{i}"),
        }
    }

    fn write_name(&self, out: &mut impl fmt::Write, i: u32) -> fmt::Result {
        match self.string(i) {
            Some(name) => escape(out, name),
            None => write!(out, "string@{i}"),
        }
    }

    fn write_field(&self, out: &mut impl fmt::Write, i: u32) -> fmt::Result {
        let Some(field) = self.field(i) else {
            return write!(out, "field@{i}");
        };
        self.write_type(out, field.class)?;
        out.write_str("->")?;
        self.write_name(out, field.name)?;
        out.write_char(':')?;
        self.write_type(out, field.type_)
    }

    fn write_method(&self, out: &mut impl fmt::Write, i: u32) -> fmt::Result {
        let Some(method) = self.method(i) else {
            return write!(out, "method@{i}");
        };
        self.write_type(out, method.class)?;
        out.write_str("->")?;
        self.write_name(out, method.name)?;
        self.write_proto(out, method.proto)
    }

    fn write_proto(&self, out: &mut impl fmt::Write, i: u32) -> fmt::Result {
        let Some(proto) = self.proto(i) else {
            return write!(out, "proto@{i}");
        };
        out.write_char('(')?;
        // 255: the most that a method can have.
        for type_ in proto.parameters.iter().take(255) {
            self.write_type(out, type_)?;
        }
        out.write_char(')')?;
        self.write_type(out, proto.return_type)
    }
}

fn text(write: impl FnOnce(&mut String) -> fmt::Result) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out);
    out
}

fn number(f: &mut String, n: i64) -> fmt::Result {
    let sign = if n < 0 { "-" } else { "" };
    write!(f, "{sign}{:#x}", n.unsigned_abs())
}

fn registers(f: &mut String, registers: Registers) -> fmt::Result {
    f.write_str(" {")?;
    for (i, register) in registers.iter().take(MAX_REGISTERS).enumerate() {
        write!(f, "{}v{register}", if i == 0 { "" } else { ", " })?;
    }
    if registers.len() > MAX_REGISTERS {
        let last = registers.get(registers.len().saturating_sub(1)).unwrap_or(0);
        write!(f, " .. v{last}")?;
    }
    f.write_str("}, ")
}

fn payload(f: &mut String, insn: &Insn<'_>) -> fmt::Result {
    let Some(payload) = insn.payload() else {
        return write!(f, "payload ({} units)", insn.width());
    };
    let (name, len) = match payload {
        Payload::Packed { targets, .. } => ("packed-switch-data", targets.len()),
        Payload::Sparse { targets, .. } => ("sparse-switch-data", targets.len()),
        Payload::Array { width, data } => {
            return write!(f, "array-data ({} bytes, {width} each)", data.len());
        }
    };
    write!(f, "{name} ({len} cases)")?;
    for (key, target) in payload.cases().take(MAX_CASES) {
        write!(f, " {key}: {target:+}")?;
    }
    if len > MAX_CASES {
        f.write_str(" …")
    } else {
        Ok(())
    }
}

/// A string of the input as text that is safe on one line: control, format and direction characters are
/// written as escapes, and what is over [`MAX_CHARS`] is cut and counted.
fn escape(out: &mut impl fmt::Write, bytes: &[u8]) -> fmt::Result {
    // Nearly every name is as it is.
    let plain = |b: &u8| (0x20..0x7f).contains(b) && !matches!(b, b'"' | b'\\');
    if bytes.len() <= MAX_CHARS
        && bytes.iter().all(plain)
        && let Ok(text) = str::from_utf8(bytes)
    {
        return out.write_str(text);
    }
    // A character has one byte at least and six at most.
    let head = bytes.get(..MAX_CHARS.saturating_mul(6)).unwrap_or(bytes);
    for (n, c) in mutf8(head).chars().enumerate() {
        if n == MAX_CHARS {
            return write!(out, "… ({} bytes)", bytes.len());
        }
        match c {
            '"' | '\\' => {
                out.write_char('\\')?;
                out.write_char(c)?;
            }
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            _ if c.is_control() || invisible(c) => write!(out, "\\u{{{:x}}}", u32::from(c))?,
            _ => out.write_char(c)?,
        }
    }
    Ok(())
}

/// Characters that a terminal or a browser obeys instead of showing: line separators, direction marks,
/// zero-width ones, tags.
fn invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(c, '\u{61c}' | '\u{ad}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::super::build::{DexBuilder, Ref};
    use super::*;

    #[track_caller]
    fn lines(dex: &DexBuilder) -> Vec<String> {
        let bytes = dex.build();
        let opened = Dex::open(&bytes);
        assert_eq!(opened.gaps, []);
        let dex = opened.dexes[0];
        let bodies = dex.bodies().map(Result::unwrap);
        bodies
            .flat_map(|b| b.code.insns().map(|i| disassemble(&dex, &i)).collect::<Vec<_>>())
            .collect()
    }

    #[test]
    fn an_instruction_reads_like_smali() {
        let mut dex = DexBuilder::new();
        dex.class("La/B;").method("f", "()V", 9, |m| {
            m.const_int(0, -3).const_int(8, 0x12345).const_wide(2, -1);
            m.const_string(1, "say \"hi\"\n\u{202e}");
            m.invoke_static("La/C;", "g", "(Ljava/lang/String;J)I", &[1, 2, 3])
                .move_result(4);
            m.label("x").if_cmp(0x35, 4, 0, "x").sget(1, "La/B;", "S", "[I");
            m.packed_switch(0, 7, &["x"])
                .op_22c(0xe3, 1, 2, Ref::CallSite(8))
                .return_void();
        });
        assert_eq!(
            lines(&dex),
            [
                "const/4 v0, -0x3",
                "const v8, 0x12345",
                "const-wide v2, -0x1",
                "const-string v1, \"say \\\"hi\\\"\\n\\u{202e}\"",
                "invoke-static {v1, v2, v3}, La/C;->g(Ljava/lang/String;J)I",
                "move-result v4",
                "if-ge v4, v0, 000f",
                "sget-object v1, La/B;->S:[I",
                "packed-switch v0, 001a",
                "goto/32 0020",
                "nop",
                "packed-switch-data (1 cases) 7: -4",
                "iget-quick v1, v2, [obj+0008]",
                "return-void",
            ]
        );
    }

    #[test]
    fn a_long_string_is_cut_and_its_length_told() {
        let mut dex = DexBuilder::new();
        dex.class("La/B;").method("f", "()V", 1, |m| {
            m.const_string(0, &"x".repeat(70_000)).return_void();
        });
        let lines = lines(&dex);
        assert_eq!(
            lines[0].len(),
            "const-string v0, \"\"… (70000 bytes)".len() + MAX_CHARS
        );
    }
}
