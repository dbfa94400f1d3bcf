//! The dex reader against AOSP's `dexdump`: every class, member, instruction, operand, handler, initial
//! value, annotation, call site and method handle that it lists must be what we read, in the same order.
//!
//! Two inputs, both outside of this repository: `dexdump`'s own test files with its expected output, and
//! real applications, where the program `dexdump` is installed. Without `PHONEHOME_CORPUS` nothing runs.

use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use phonehome::artifact::dex::opcode::{Format, Reference};
use phonehome::artifact::dex::{Code, Dex, Insn, Item, Target, Value};

fn corpus() -> Option<PathBuf> {
    let path = std::env::var_os("PHONEHOME_CORPUS").map(PathBuf::from);
    if path.is_none() {
        println!("PHONEHOME_CORPUS is not set: nothing is compared");
    }
    path
}

fn text(bytes: Option<&[u8]>) -> String {
    String::from_utf8_lossy(bytes.expect("an index leads nowhere")).into_owned()
}

/// What we read, line by line.
struct Ours<'a> {
    dex: Dex<'a>,
    lines: Vec<String>,
}

impl Ours<'_> {
    fn of(data: &[u8]) -> Vec<String> {
        let opened = Dex::open(data);
        assert_eq!(opened.gaps, [], "a sound file has no gaps");
        let mut lines = Vec::new();
        for dex in opened.dexes {
            assert_eq!(dex.verify(), [], "a sound file breaks no rule");
            assert_eq!(dex.checksum(), Ok(()), "a sound file has the right checksum");
            let mut ours = Ours {
                dex,
                lines: Vec::new(),
            };
            ours.all();
            lines.append(&mut ours.lines);
        }
        lines
    }

    fn name(&self, string: u32) -> String {
        text(self.dex.string(string))
    }
    fn type_(&self, i: u32) -> String {
        text(self.dex.type_descriptor(i))
    }
    fn proto(&self, i: u32) -> String {
        let proto = self.dex.proto(i).unwrap();
        let parameters: String = proto.parameters.iter().map(|t| self.type_(t)).collect();
        format!("({parameters}){}", self.type_(proto.return_type))
    }
    fn field(&self, i: u32) -> String {
        let f = self.dex.field(i).unwrap();
        format!(
            "{}.{}:{}",
            self.type_(f.class),
            self.name(f.name),
            self.type_(f.type_)
        )
    }
    fn method(&self, i: u32) -> String {
        let m = self.dex.method(i).unwrap();
        format!(
            "{}.{}:{}",
            self.type_(m.class),
            self.name(m.name),
            self.proto(m.proto)
        )
    }

    fn all(&mut self) {
        let dex = self.dex;
        let mut annotations = vec![Vec::new(); dex.class_count() as usize];
        for a in dex.all_annotations() {
            let a = a.unwrap();
            let visibility = ["BUILD", "RUNTIME", "SYSTEM"][usize::from(a.visibility)];
            let on = match a.target {
                Target::Class => "class",
                Target::Field(_) => "field",
                Target::Method(_) => "method",
                Target::Parameter(..) => "parameter",
            };
            let line = format!("annotation {on} {visibility} {}", self.type_(a.type_));
            annotations[a.class.index as usize].push(line);
            assert!(a.elements.into_iter().all(|e| e.is_ok()));
        }
        for (class, mut notes) in dex.classes().zip(annotations) {
            notes.sort();
            self.lines.append(&mut notes);
            self.lines.push(format!("class {}", self.type_(class.class)));
            self.lines.push(format!("flags {:#06x}", class.access));
            if let Some(parent) = class.superclass {
                self.lines.push(format!("super {}", self.type_(parent)));
            }
            for i in dex.interfaces(&class).unwrap().iter() {
                self.lines.push(format!("interface {}", self.type_(i)));
            }
            let values: Vec<Item> = dex.static_values(&class).unwrap().map(Result::unwrap).collect();
            let mut outermost = values.iter().filter(|v| v.depth == 0);
            let members = dex.members(&class).unwrap();
            for field in members.fields() {
                let field = field.unwrap();
                let f = dex.field(field.index).unwrap();
                self.lines.push(format!("name {}", self.name(f.name)));
                self.lines.push(format!("type {}", self.type_(f.type_)));
                self.lines.push(format!("access {:#06x}", field.access));
                if let Some(value) = outermost
                    .next()
                    .filter(|_| field.is_static)
                    .and_then(|v| self.value(v.value))
                {
                    self.lines.push(format!("value {value}"));
                }
            }
            for method in members.methods() {
                let method = method.unwrap();
                let m = dex.method(method.index).unwrap();
                self.lines.push(format!("name {}", self.name(m.name)));
                self.lines.push(format!("type {}", self.proto(m.proto)));
                self.lines.push(format!("access {:#06x}", method.access));
                if method.code_off != 0 {
                    self.code(dex.code(method.code_off).unwrap());
                }
            }
        }
        for i in 0..dex.method_handle_count() {
            let handle = dex.method_handle(i).unwrap();
            let kinds = [
                "put-static",
                "get-static",
                "put-instance",
                "get-instance",
                "invoke-static",
                "invoke-instance",
            ];
            let kind = kinds.get(usize::from(handle.kind)).copied().unwrap_or("other");
            self.lines.push(format!("handle {kind}"));
            if let Some(m) = handle.method() {
                let m = dex.method(m).unwrap();
                self.lines
                    .push(format!("target {} {}", self.type_(m.class), self.name(m.name)));
            } else {
                let f = dex.field(handle.field().unwrap()).unwrap();
                self.lines
                    .push(format!("target {} {}", self.type_(f.class), self.name(f.name)));
            }
        }
        for i in 0..dex.call_site_count() {
            let site = dex.call_site(i).unwrap();
            self.lines.push(format!(
                "site {} {} {}",
                site.handle,
                self.name(site.name),
                self.proto(site.proto)
            ));
            for argument in site.arguments.map(Result::unwrap).filter(|a| a.depth == 0) {
                let value = self.value(argument.value).unwrap_or_default();
                self.lines.push(format!("argument {}", value.trim_matches('"')));
            }
        }
    }

    /// As `dexdump` writes it; `None` where its notation does not tell (members, floats are compared
    /// by their beginning elsewhere).
    fn value(&self, value: Value) -> Option<String> {
        Some(match value {
            Value::Byte(n) => n.to_string(),
            Value::Short(n) => n.to_string(),
            Value::Char(n) => n.to_string(),
            Value::Int(n) => n.to_string(),
            Value::Long(n) => n.to_string(),
            Value::Float(n) => float(f64::from(n)),
            Value::Double(n) => float(n),
            Value::String(i) => format!("\"{}\"", escape(&self.name(i))),
            Value::Type(i) => self.type_(i),
            Value::Null => "null".into(),
            Value::Boolean(b) => b.to_string(),
            Value::MethodHandle(i) => i.to_string(),
            Value::MethodType(i) => self.proto(i),
            _ => return None,
        })
    }

    fn code(&mut self, code: Code<'_>) {
        self.lines.push(format!("registers {}", code.registers));
        self.lines.push(format!("ins {}", code.ins));
        self.lines.push(format!("outs {}", code.outs));
        self.lines.push(format!("insns {}", code.units()));
        let mut insns = code.insns();
        for insn in insns.by_ref() {
            let at = code.off + 16 + insn.pc * 2;
            let line = format!("{at:06x}|{:04x}|{}", insn.pc, self.insn(&insn));
            self.lines.push(line);
        }
        assert_eq!(insns.gap(), None);
        for t in code.tries() {
            let t = t.unwrap();
            self.lines.push(format!("try {:#06x} {:#06x}", t.start, t.end));
            for c in t.catches {
                let c = c.unwrap();
                let type_ = c.type_.map_or_else(|| "<any>".into(), |t| self.type_(t));
                self.lines.push(format!("catch {type_} {:#06x}", c.pc));
            }
        }
    }

    fn insn(&self, insn: &Insn<'_>) -> String {
        let name = insn.op.name();
        if insn.is_payload() {
            let name = match insn.unit(0) {
                0x100 => "packed-switch-data",
                0x200 => "sparse-switch-data",
                _ => "array-data",
            };
            assert!(insn.payload().is_some());
            return format!("{name} ({} units)", insn.width());
        }
        let (a, b, c) = (insn.a(), insn.b(), insn.c());
        let list: Vec<String> = insn.registers().iter().map(|r| format!("v{r}")).collect();
        let (registers, width) = match insn.op.format() {
            Format::F10x | Format::F10t | Format::F20t | Format::F30t => (String::new(), 0),
            Format::F11n => (format!("v{a}"), 1),
            Format::F21s | Format::F21h => (format!("v{a}"), 2),
            Format::F31i => (format!("v{a}"), 4),
            Format::F51l => (format!("v{a}"), 8),
            Format::F11x | Format::F21c | Format::F31c | Format::F21t | Format::F31t => (format!("v{a}"), 0),
            Format::F12x | Format::F22x | Format::F32x | Format::F22t | Format::F22c => {
                (format!("v{a}, v{b}"), 0)
            }
            Format::F22b => (format!("v{a}, v{b}"), 1),
            Format::F22s => (format!("v{a}, v{b}"), 2),
            Format::F23x => (format!("v{a}, v{b}, v{c}"), 0),
            Format::F35c | Format::F3rc | Format::F45cc | Format::F4rcc => {
                (format!("{{{}}}", list.join(", ")), 0)
            }
            other => panic!("{other:?} in a plain dex"),
        };
        let mut line = format!("{name} {registers}").trim_end().to_owned();
        if let Some(literal) = insn.literal() {
            let shift = match (insn.op.format(), insn.is_wide()) {
                (Format::F21h, true) => 48,
                (Format::F21h, false) => 16,
                _ => 0,
            };
            let bits = 8 * width;
            let literal = (literal >> shift) as u64 & (u64::MAX >> (64 - bits));
            line += &format!(" #{literal:x}");
        }
        if let Some(offset) = insn.offset() {
            line += &format!(" {offset:+}");
            assert_eq!(insn.target(), Some(insn.pc.wrapping_add_signed(offset)));
        }
        let Some(i) = insn.index() else { return line };
        line += &match insn.op.reference() {
            Reference::String => format!(" string@{i:x}"),
            Reference::Type => format!(" {} type@{i:x}", self.type_(i)),
            Reference::Field => format!(" {} field@{i:x}", self.field(i)),
            Reference::Method => format!(" {} method@{i:x}", self.method(i)),
            Reference::Proto => format!(" {} proto@{i:x}", self.proto(i)),
            Reference::CallSite => format!(" call_site@{i:x}"),
            Reference::MethodHandle => format!(" method_handle@{i:x}"),
            Reference::MethodAndProto => {
                let proto = insn.second_index().unwrap();
                format!(
                    " {}, {} method@{i:x}, proto@{proto:x}",
                    self.method(i),
                    self.proto(proto)
                )
            }
            other => panic!("{other:?} in a plain dex"),
        };
        line
    }
}

/// Six significant digits, as C's `%g`, near enough to compare.
fn float(n: f64) -> String {
    format!("{n:.4e}")
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out
}

/// What `dexdump -adfh` or `-ad` lists, in the same form.
fn theirs(output: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut notes = Vec::new();
    let mut on = "";
    let mut float_field = false;
    let mut input = output.lines();
    while let Some(line) = input.next() {
        let trimmed = line.trim_start();
        if let Some((at, pc, insn)) = split_insn(line) {
            let mut insn = insn.to_owned();
            // A string is printed as it is, line feeds and all.
            while insn.starts_with("const-string") && !ends_with_index(&insn) {
                insn.push('\n');
                insn.push_str(input.next().expect("a string without an end"));
            }
            lines.push(format!("{at}|{pc}|{}", normal(&insn)));
            continue;
        }
        if let Some(rest) = trimmed.strip_prefix("Annotations on ") {
            on = rest.split(' ').next().unwrap();
        } else if let Some(rest) = trimmed.strip_prefix("VISIBILITY_") {
            let mut words = rest.splitn(3, ' ');
            let (visibility, type_) = (words.next().unwrap(), words.next().unwrap());
            notes.push(format!("annotation {on} {visibility} {type_}"));
        } else if let Some((range, to)) = trimmed
            .split_once(" - ")
            .filter(|(a, _)| line.starts_with("        0x") && a.len() >= 6)
        {
            // Ranges of handlers; those of local variables have more words.
            if to.len() >= 6 && !to.contains(' ') {
                lines.push(format!("try {range} {to}"));
            }
        } else if let Some((type_, pc)) = trimmed
            .split_once(" -> ")
            .filter(|_| line.starts_with("          "))
        {
            lines.push(format!("catch {type_} {pc}"));
        } else if let Some(rest) = trimmed.strip_prefix("Method handle #") {
            let _ = rest;
            let kind = value_of(input.next().unwrap());
            let kind = match kind {
                "put-static" | "get-static" | "put-instance" | "get-instance" | "invoke-static"
                | "invoke-instance" => kind,
                _ => "other",
            };
            lines.push(format!("handle {kind}"));
            lines.push(format!("target {}", value_of(input.next().unwrap())));
        } else if trimmed.starts_with("Call site #") {
            let mut word = || value_of(input.next().unwrap()).rsplit_once(" (").unwrap().0;
            lines.push(format!("site {} {} {}", word(), word(), word()));
        } else if trimmed.starts_with("link_argument[") {
            let (value, kind) = value_of(trimmed).rsplit_once(" (").unwrap();
            let value = if matches!(kind, "double)" | "float)") {
                float(value.parse().unwrap())
            } else {
                value.into()
            };
            lines.push(format!("argument {value}"));
        } else if let Some((key, value)) = trimmed.split_once(": ").map(|(k, v)| (k.trim_end(), v)) {
            let quoted = value
                .strip_prefix('\'')
                .and_then(|v| v.rsplit_once('\''))
                .map_or(value, |v| v.0);
            let hex = value.split_once(" (").map_or(value, |v| v.0);
            let line = match key {
                "Class descriptor" => {
                    notes.sort();
                    lines.append(&mut notes);
                    format!("class {quoted}")
                }
                "Access flags" => format!("flags {hex}"),
                "Superclass" => format!("super {quoted}"),
                "name" => format!("name {quoted}"),
                "type" => {
                    float_field = matches!(quoted, "F" | "D");
                    format!("type {quoted}")
                }
                "access" => format!("access {hex}"),
                "registers" | "ins" | "outs" => format!("{key} {value}"),
                "insns size" => format!("insns {}", value.split(' ').next().unwrap()),
                "value" if float_field => format!("value {}", float(value.parse().unwrap())),
                "value" => format!("value {value}"),
                _ if key.starts_with('#') && value.starts_with('\'') => format!("interface {quoted}"),
                _ => continue,
            };
            lines.push(line);
        }
    }
    lines
}

fn value_of(line: &str) -> &str {
    line.split_once(": ").unwrap().1
}

fn split_insn(line: &str) -> Option<(&str, &str, &str)> {
    let (at, rest) = line.split_once(": ")?;
    let (_, text) = rest.split_once('|')?;
    let (pc, insn) = text.split_once(": ")?;
    let hex = |s: &str| s.len() >= 4 && s.bytes().all(|b| b.is_ascii_hexdigit());
    (hex(at) && hex(pc)).then_some((at, pc, insn))
}

fn ends_with_index(insn: &str) -> bool {
    insn.rsplit_once("// string@")
        .is_some_and(|(_, i)| i.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// An instruction without the ways in which `dexdump` writes one thing twice.
fn normal(insn: &str) -> String {
    let hex = |s: &str| u64::from_str_radix(s, 16).unwrap();
    if let Some((head, i)) = insn.rsplit_once(" // string@") {
        let head: Vec<&str> = head.splitn(3, ' ').collect();
        return format!(
            "{} {} string@{:x}",
            head[0],
            head[1].trim_end_matches(','),
            hex(i)
        );
    }
    if let Some(rest) = insn.strip_prefix("goto/32 #") {
        return format!("goto/32 {:+}", hex(rest) as u32 as i32);
    }
    let Some((head, comment)) = insn.split_once(" // ") else {
        // `{v0}, call_site@0003`: the index is hexadecimal, with zeros.
        if let Some((head, i)) = insn.rsplit_once('@') {
            return format!(
                "{}@{:x}",
                head.replace("}, ", "} ").replace(", method", " method"),
                hex(i)
            );
        }
        return insn.into();
    };
    if comment == "spacer" {
        return head.into();
    }
    if let Some(literal) = comment.strip_prefix('#') {
        let (head, _) = head.rsplit_once(", #").unwrap();
        return format!("{head} #{:x}", hex(literal));
    }
    if let Some(distance) = comment.strip_prefix(['+', '-']) {
        let sign = &comment[..1];
        let head = head
            .rsplit_once(", ")
            .map_or_else(|| head.split_once(' ').unwrap().0, |h| h.0);
        let distance = hex(distance) as i64;
        return format!("{head} {:+}", if sign == "-" { -distance } else { distance });
    }
    let indices: Vec<String> = comment
        .split(", ")
        .map(|part| {
            let (kind, i) = part.split_once('@').unwrap();
            format!("{kind}@{:x}", hex(i))
        })
        .collect();
    // The name is behind the registers: in braces, or as many as start with `v` and a digit.
    let (mnemonic, rest) = head.split_once(' ').unwrap();
    let end = match rest.strip_prefix('{') {
        Some(list) => list.find('}').unwrap() + 2,
        None => {
            let is_register = |s: &str| s.strip_prefix('v').is_some_and(|n| n.parse::<u16>().is_ok());
            let mut end = 0;
            for part in rest.split(", ").take_while(|part| is_register(part)) {
                end += part.len() + 2;
            }
            end - 2
        }
    };
    format!(
        "{mnemonic} {} {} {}",
        &rest[..end],
        &rest[end + 2..],
        indices.join(", ")
    )
}

#[track_caller]
fn compare(what: &str, ours: &[String], theirs: &[String]) {
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert_eq!(
            a,
            b,
            "{what}, line {i}, after {:#?}",
            &ours[i.saturating_sub(5)..i]
        );
    }
    assert_eq!(
        ours.len(),
        theirs.len(),
        "{what}: {:?} / {:?}",
        ours.last(),
        theirs.last()
    );
}

#[test]
fn the_expected_output_of_dexdump_is_what_we_read() {
    let Some(corpus) = corpus() else { return };
    let mut compared = 0;
    for entry in std::fs::read_dir(corpus.join("dexdump-goldens")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "dex") {
            let golden =
                String::from_utf8_lossy(&std::fs::read(path.with_extension("txt")).unwrap()).into_owned();
            let ours = Ours::of(&std::fs::read(&path).unwrap());
            compare(&path.display().to_string(), &ours, &theirs(&golden));
            compared += ours.len();
        }
    }
    println!("{compared} lines agree");
    assert!(compared > 10_000);
}

/// The dex files of an archive, and of the archives in it.
fn dexes(data: &[u8], depth: u32, out: &mut Vec<Vec<u8>>) {
    let Ok(mut zip) = zip::ZipArchive::new(Cursor::new(data)) else {
        return;
    };
    for i in 0..zip.len() {
        let Ok(mut file) = zip.by_index(i) else { continue };
        let name = String::from_utf8_lossy(file.name_raw()).into_owned();
        let ext = Path::new(&name)
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or("");
        if matches!(ext, "dex" | "apk" | "jar") {
            let mut bytes = Vec::new();
            if file.read_to_end(&mut bytes).is_err() {
                continue;
            }
            if bytes.starts_with(b"dex\n") {
                out.push(bytes);
            } else if depth < 3 {
                dexes(&bytes, depth + 1, out);
            }
        }
    }
}

#[test]
fn an_installed_dexdump_lists_what_we_read_in_real_applications() {
    let Some(corpus) = corpus() else { return };
    if Command::new("dexdump").output().is_err() {
        println!("dexdump is not installed: nothing is compared");
        return;
    }
    // Megabytes of dex; the whole corpus takes minutes and a thousand lines of text per kilobyte.
    let budget: usize = std::env::var("PHONEHOME_ORACLE_MB")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(4);
    let mut left = budget << 20;
    let mut inputs = Vec::new();
    for folder in ["apks/analytics", "apks/msa", "roms"] {
        let mut paths: Vec<_> = std::fs::read_dir(corpus.join(folder))
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        paths.sort();
        inputs.extend(
            paths
                .into_iter()
                .filter(|p| p.extension().is_some_and(|e| e == "apk" || e == "zip")),
        );
    }
    let dir = tempfile::tempdir().unwrap();
    let (mut files, mut compared) = (0, 0);
    for input in inputs {
        let mut found = Vec::new();
        if std::fs::metadata(&input).unwrap().len() < 1 << 28 {
            dexes(&std::fs::read(&input).unwrap(), 0, &mut found);
        }
        for (i, data) in found.into_iter().enumerate() {
            let Some(rest) = left.checked_sub(data.len()) else {
                continue;
            };
            left = rest;
            let path = dir.path().join("classes.dex");
            std::fs::write(&path, &data).unwrap();
            let output = Command::new("dexdump")
                .args(["-a", "-d"])
                .arg(&path)
                .output()
                .unwrap();
            let theirs = theirs(&String::from_utf8_lossy(&output.stdout));
            let ours = Ours::of(&data);
            compare(&format!("{}, dex {i}", input.display()), &ours, &theirs);
            files += 1;
            compared += ours.len();
        }
    }
    println!("{compared} lines of {files} files agree");
    assert!(files > 0);
}
