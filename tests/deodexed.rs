//! A ROM whose packages hold no `classes.dex` says what its deodexed twin says: the same findings, word for
//! word, but for the file that the code is in.
//!
//! The twin is the sample ROM with a framework and a jar of its own beside it. From that the code is taken out
//! and kept as each generation of Android does, optimised as its installer or build would have: slots of
//! virtual methods and offsets of fields in place of names, checks left out.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read as _, Write as _};
use std::path::Path;

use dex::{ABSTRACT, Asm, DexBuilder, NATIVE, PUBLIC, Ref};
use phonehome::artifact::dex::{Dex, Insn, Op};
use phonehome::artifact::vdex::Vdex;
use phonehome::rule::Rules;
use phonehome::scan::{Options, scan};
use preopt::{Part, Quickened};
use serde_json::Value;

use crate::build::{dex, preopt};

/// Virtual methods of `java.lang.Object`, in front of all others in a table.
const OBJECT_METHODS: usize = 11;
/// Bytes of an object before its fields.
const OBJECT_SIZE: usize = 8;

// ---------------------------------------------------------------------------------------------- the build

/// Classes of the framework that the apps of the sample call, as their superclass and the virtual methods, by
/// name as in the file. None of them overrides one of another.
const FRAMEWORK: [(&str, &str, &[(&str, &str)]); 9] = [
    (
        "Landroid/content/ContentResolver;",
        "Ljava/lang/Object;",
        &[(
            "query",
            "(Landroid/net/Uri;[Ljava/lang/String;Ljava/lang/String;[Ljava/lang/String;Ljava/lang/String;)\
             Landroid/database/Cursor;",
        )],
    ),
    (
        "Landroid/content/Context;",
        "Ljava/lang/Object;",
        &[
            ("getContentResolver", "()Landroid/content/ContentResolver;"),
            ("getSystemService", "(Ljava/lang/String;)Ljava/lang/Object;"),
        ],
    ),
    (
        "Landroid/telephony/TelephonyManager;",
        "Ljava/lang/Object;",
        &[
            ("getDeviceId", "()Ljava/lang/String;"),
            ("getLine1Number", "()Ljava/lang/String;"),
            ("getSimSerialNumber", "()Ljava/lang/String;"),
        ],
    ),
    (
        "Ljava/lang/Class;",
        "Ljava/lang/Object;",
        &[(
            "getMethod",
            "(Ljava/lang/String;[Ljava/lang/Class;)Ljava/lang/reflect/Method;",
        )],
    ),
    (
        "Ljava/lang/StringBuilder;",
        "Ljava/lang/Object;",
        &[("append", "(Ljava/lang/String;)Ljava/lang/StringBuilder;")],
    ),
    (
        "Ljava/lang/reflect/Method;",
        "Ljava/lang/Object;",
        &[(
            "invoke",
            "(Ljava/lang/Object;[Ljava/lang/Object;)Ljava/lang/Object;",
        )],
    ),
    (
        "Ljava/net/URL;",
        "Ljava/lang/Object;",
        &[("openConnection", "()Ljava/net/URLConnection;")],
    ),
    (
        "Ljava/net/URLConnection;",
        "Ljava/lang/Object;",
        &[("connect", "()V"), ("getContentLength", "()I")],
    ),
    (
        "Ljava/net/HttpURLConnection;",
        "Ljava/net/URLConnection;",
        &[("disconnect", "()V"), ("getResponseCode", "()I")],
    ),
];

fn framework() -> Vec<u8> {
    let mut dex = DexBuilder::new();
    for (name, superclass, methods) in FRAMEWORK {
        let class = dex.class(name).superclass(superclass).access(PUBLIC | ABSTRACT);
        for (method, proto) in methods {
            class.declare(method, proto, PUBLIC | NATIVE);
        }
    }
    dex.build()
}

const BASE: &str = "Lcom/acme/ext/Base;";
const PROBE: &str = "Lcom/acme/ext/Probe;";
const TELEPHONY: &str = "Landroid/telephony/TelephonyManager;";
const CONTEXT: &str = "Landroid/content/Context;";
const STRING: &str = "Ljava/lang/String;";

/// A jar with what the apps of the sample lack: fields, and a call of the superclass's method.
fn library() -> Vec<u8> {
    let mut dex = DexBuilder::new();
    let base = dex.class(BASE);
    base.instance_field("context", CONTEXT)
        .instance_field("id", STRING);
    base.virtual_method("read", "()V", 4, |m| {
        m.iget(0, 3, BASE, "context", CONTEXT)
            .const_string(1, "phone")
            .invoke_virtual(
                CONTEXT,
                "getSystemService",
                "(Ljava/lang/String;)Ljava/lang/Object;",
                &[0, 1],
            )
            .move_result_object(0)
            .check_cast(0, TELEPHONY)
            .invoke_virtual(TELEPHONY, "getDeviceId", "()Ljava/lang/String;", &[0])
            .move_result_object(0)
            .iput(0, 3, BASE, "id", STRING)
            .return_void();
    });
    let probe = dex.class(PROBE).superclass(BASE);
    probe.instance_field("url", STRING);
    probe.virtual_method("send", "()V", 5, |m: &mut Asm| {
        m.invoke_super(BASE, "read", "()V", &[4])
            .nop()
            .const_string(0, "https://probe.acme.example.com/v2/id?imei=")
            .iput(0, 4, PROBE, "url", STRING)
            .iget(1, 4, BASE, "id", STRING)
            .invoke_virtual(STRING, "length", "()I", &[1])
            .move_result(2)
            .if_eqz(2, "end")
            .new_instance(3, "Ljava/net/URL;")
            .invoke_direct("Ljava/net/URL;", "<init>", "(Ljava/lang/String;)V", &[3, 0])
            .op_3rc(
                0x74,
                3,
                1,
                Ref::Method(
                    "Ljava/net/URL;".into(),
                    "openConnection".into(),
                    "()Ljava/net/URLConnection;".into(),
                ),
            )
            .move_result_object(3)
            .invoke_virtual("Ljava/net/URLConnection;", "connect", "()V", &[3])
            .label("end")
            .return_void();
    });
    dex.build()
}

/// Entries of an archive by name.
type Entries = BTreeMap<String, Vec<u8>>;

fn unzip(bytes: &[u8]) -> Entries {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut out = Entries::new();
    for i in 0..archive.len() {
        let mut entry = archive.by_index(i).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        out.insert(entry.name().unwrap().into_owned(), bytes);
    }
    out
}

fn zip(entries: &Entries) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A package of the build.
struct Package {
    /// Without ending: `app/AcmeStats`, `framework/ext`.
    stem: String,
    ending: &'static str,
    entries: Entries,
    code: Vec<u8>,
}

/// The build: its packages, and its other files.
fn build() -> (Vec<Package>, Entries) {
    let rom = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/acme-1.0.zip");
    let mut bytes = Vec::new();
    File::open(rom).unwrap().read_to_end(&mut bytes).unwrap();
    let (mut packages, mut rest) = (Vec::new(), Entries::new());
    for (name, bytes) in unzip(&bytes) {
        let stem = name
            .strip_suffix(".apk")
            .and_then(|stem| stem.strip_prefix("system/"));
        let Some(stem) = stem else {
            rest.insert(name, bytes);
            continue;
        };
        let mut entries = unzip(&bytes);
        match entries.remove("classes.dex") {
            Some(code) => packages.push(Package {
                stem: stem.into(),
                ending: "apk",
                entries,
                code,
            }),
            None => {
                rest.insert(name, zip(&entries));
            }
        }
    }
    let manifest = || {
        Entries::from([(
            "META-INF/MANIFEST.MF".to_owned(),
            b"Manifest-Version: 1.0\n".to_vec(),
        )])
    };
    for (stem, code) in [("framework/framework", framework()), ("framework/ext", library())] {
        packages.push(Package {
            stem: stem.into(),
            ending: "jar",
            entries: manifest(),
            code,
        });
    }
    (packages, rest)
}

// ------------------------------------------------------------------------------------------- the optimiser

/// Whose instructions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Android 4.
    Dalvik,
    /// Android 5 to 7: no table says what was there.
    Art,
    /// Android 8 to 11: a table does.
    Vdex,
}

/// Where the members of the classes are that can be resolved when the build is made.
#[derive(Default)]
struct Model {
    /// Superclass, own virtual methods, own fields, the latter two in the order of the file.
    classes: BTreeMap<String, (String, Vec<String>, Vec<String>)>,
}

impl Model {
    fn add(&mut self, bytes: &[u8]) {
        let dex = &Dex::open(bytes).dexes[0];
        let text = |i: u32| String::from_utf8(dex.string(i).unwrap().to_vec()).unwrap();
        let type_ = |i: u32| String::from_utf8(dex.type_descriptor(i).unwrap().to_vec()).unwrap();
        for class in dex.classes() {
            let members = dex.members(&class).unwrap();
            let methods = members
                .methods()
                .map(Result::unwrap)
                .filter(|method| method.is_virtual);
            let methods = methods.map(|method| text(dex.method(method.index).unwrap().name));
            let fields = members
                .fields()
                .map(Result::unwrap)
                .filter(|field| !field.is_static);
            let fields = fields.map(|field| text(dex.field(field.index).unwrap().name));
            let superclass = type_(class.superclass.unwrap());
            self.classes.insert(
                type_(class.class),
                (superclass, methods.collect(), fields.collect()),
            );
        }
    }

    /// Members of a class and its superclasses, and the number of the one of this name.
    fn find(&self, class: &str, name: &str, fields: bool) -> (usize, Option<usize>) {
        let Some((superclass, methods, own_fields)) = self.classes.get(class) else {
            return (0, None);
        };
        let own = if fields { own_fields } else { methods };
        let (above, inherited) = self.find(superclass, name, fields);
        let here = own.iter().position(|member| member == name).map(|i| above + i);
        (above + own.len(), here.or(inherited))
    }

    fn slot(&self, class: &str, name: &str) -> Option<u16> {
        let number = self.find(class, name, false).1?;
        Some((OBJECT_METHODS + number) as u16)
    }

    /// All fields are references, which come first and take four bytes each.
    fn offset(&self, class: &str, name: &str) -> Option<u16> {
        let number = self.find(class, name, true).1?;
        Some((OBJECT_SIZE + 4 * number) as u16)
    }
}

/// What becomes of an instruction: its new bytes, and what the table keeps of it.
fn optimised(dex: &Dex<'_>, insn: &Insn<'_>, model: &Model, style: Style) -> Option<(Vec<u8>, Vec<u16>)> {
    let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap().to_vec()).unwrap();
    let [op, registers] = insn.unit(0).to_le_bytes();
    let dalvik = style == Style::Dalvik;
    match insn.op {
        Op::NOP if style == Style::Vdex => return Some((Vec::new(), vec![0xffff])),
        Op::CHECK_CAST if style == Style::Vdex => return Some((vec![0; 4], vec![insn.a(), insn.unit(1)])),
        Op::RETURN_VOID => return Some((vec![if dalvik { 0xf1 } else { 0x73 }], Vec::new())),
        _ => {}
    }
    let (op, number) = if let Some(field) = insn.field() {
        let field = dex.field(field)?;
        let class = text(dex.type_descriptor(field.class));
        let op = match insn.op {
            Op::IGET_OBJECT => {
                if dalvik {
                    0xf4
                } else {
                    0xe5
                }
            }
            Op::IPUT_OBJECT => {
                if dalvik {
                    0xf7
                } else {
                    0xe8
                }
            }
            _ => return None,
        };
        (op, model.offset(&class, &text(dex.string(field.name)))?)
    } else {
        let method = dex.method(insn.method()?)?;
        let class = text(dex.type_descriptor(method.class));
        let name = text(dex.string(method.name));
        // Number 6 of Dalvik's own list of methods; its registers stay.
        if dalvik && class == STRING && name == "length" {
            return Some((vec![0xee, registers, 6, 0], Vec::new()));
        }
        let slot = model.slot(&class, &name)?;
        match op {
            0x6e => (if dalvik { 0xf8 } else { 0xe9 }, slot),
            0x6f if dalvik => (0xfa, slot),
            0x74 => (if dalvik { 0xf9 } else { 0xea }, slot),
            _ => return None,
        }
    };
    let [low, high] = number.to_le_bytes();
    Some((vec![op, registers, low, high], vec![insn.unit(1)]))
}

/// Optimises a part. `whole` is a file that it can be read in.
fn optimise(part: &Part, whole: &[u8], model: &Model, style: Style) -> Part {
    let mut quick = part.clone();
    let opened = phonehome::artifact::preopt::open(whole);
    let dex = &opened.dexes[0];
    let mut slots = 0;
    for body in dex.bodies().map(Result::unwrap) {
        let mut insns = Vec::new();
        for insn in body.code.insns() {
            let Some((bytes, kept)) = optimised(dex, &insn, model, style) else {
                continue;
            };
            let at = body.code.start() as usize + 2 * insn.pc as usize;
            let target = quick.data.as_mut().unwrap_or(&mut quick.main);
            target[at..][..bytes.len()].copy_from_slice(&bytes);
            slots += usize::from(bytes.len() == 4 && bytes[0] >= 0xe3);
            if !kept.is_empty() {
                insns.push((insn.pc, kept));
            }
        }
        // A method without anything optimised has no entry, though a nop may be in it.
        if insns.iter().all(|(_, kept)| kept[0] == 0xffff) {
            insns.clear();
        }
        let (index, code_off) = (body.method.index, body.method.code_off);
        quick.methods.push(Quickened {
            index,
            code_off,
            insns,
        });
    }
    // Of the framework there are only names.
    let has_code = !quick.methods.is_empty();
    assert!(slots > 4 || !has_code, "{slots} names were taken out");
    quick
}

// ------------------------------------------------------------------------------------------- the comparison

/// How a generation keeps its code.
#[derive(Debug, Clone, Copy)]
enum Kept {
    /// An odex of Dalvik beside the package.
    Odex,
    /// An oat of this version, the dex in it.
    Oat(u32),
    /// A vdex of this version, and an oat that has no dex; compact or plain dex.
    Vdex(u32, bool),
}

/// Writes the build into a folder, with its code in the packages or beside them.
fn write(root: &Path, kept: Kept, deodexed: bool) {
    let put = |name: &str, bytes: &[u8]| {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    let (packages, rest) = build();
    rest.iter().for_each(|(name, bytes)| put(name, bytes));
    let boot = framework();
    for package in &packages {
        let Package {
            stem, ending, code, ..
        } = package;
        let (folder, name) = stem.rsplit_once('/').unwrap();
        // A folder for each app since Android 5.
        let folder = match kept {
            Kept::Oat(_) | Kept::Vdex(..) if folder != "framework" => format!("system/{folder}/{name}"),
            _ => format!("system/{folder}"),
        };
        let mut entries = package.entries.clone();
        if deodexed {
            entries.insert("classes.dex".into(), code.clone());
        }
        put(&format!("{folder}/{name}.{ending}"), &zip(&entries));
        if deodexed {
            continue;
        }
        let mut model = Model::default();
        model.add(&boot);
        model.add(code);
        let beside = match name {
            "framework" => "system/framework/arm64/boot".to_owned(),
            name => format!("{folder}/oat/arm64/{name}"),
        };
        let plain = Part::plain(code);
        let ending = if name == "framework" { "oat" } else { "odex" };
        match kept {
            Kept::Odex => {
                let quick = optimise(&plain, code, &model, Style::Dalvik);
                put(&format!("{folder}/{name}.odex"), &dex::odex(&quick.main));
            }
            Kept::Oat(version) => {
                let quick = optimise(&plain, code, &model, Style::Art);
                put(
                    &format!("{beside}.{ending}"),
                    &preopt::oat(version, 0x1000, &[quick.main]),
                );
            }
            Kept::Vdex(version, compact) => {
                let part = if compact { Part::compact(code) } else { plain };
                let whole = match &part.data {
                    Some(_) => preopt::Compact::of(code).join(),
                    None => code.clone(),
                };
                let quick = optimise(&part, &whole, &model, Style::Vdex);
                let file = preopt::vdex(version, &[quick]);
                assert_eq!(Vdex::open(&file).gaps, []);
                put(&format!("{beside}.vdex"), &file);
                put(&format!("{beside}.{ending}"), &preopt::oat(138, 0x1000, &[]));
            }
        }
    }
}

/// What is compared of a report.
const PARTS: [&str; 5] = ["build", "findings", "apps", "rules", "set_aside"];

/// What a scan says, without where in the build the code lies.
fn findings(root: &Path) -> Value {
    let options = Options::default();
    let report = scan(root, &options, &Rules::bundled().unwrap(), &|_| {}).unwrap();
    let mut report = serde_json::to_value(report).unwrap();
    assert_eq!(report["notices"], Value::Array(Vec::new()));
    assert_eq!(report["coverage"]["unread"], 0);
    for finding in report["findings"].as_array_mut().unwrap() {
        let mut sites: Vec<Value> = finding["sites"].as_array().unwrap().clone();
        let way = finding["way"].as_array().into_iter().flatten();
        sites.extend(way.map(|step| step["site"].clone()));
        finding.as_object_mut().unwrap().remove("way");
        for site in &mut sites {
            let site = site.as_object_mut().unwrap();
            if site.contains_key("class") {
                site.remove("place");
                site.remove("physical");
            }
        }
        finding["sites"] = Value::Array(sites);
    }
    Value::from_iter(PARTS.map(|key| (key, report[key].take())))
}

/// The elements of a list, one by one, so that a difference can be read.
fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[track_caller]
fn as_its_twin(kept: Kept) {
    let folder = tempfile::tempdir().unwrap();
    let (rom, twin) = (folder.path().join("kept/rom"), folder.path().join("deodexed/rom"));
    write(&rom, kept, false);
    write(&twin, kept, true);
    let (rom, twin) = (findings(&rom), findings(&twin));
    let list = |report: &Value| -> Vec<String> {
        let findings = report["findings"].as_array().unwrap().iter();
        findings
            .map(|finding| format!("{} {} {}", finding["id"], finding["place"], finding["title"]))
            .collect()
    };
    assert!(
        list(&twin)
            .iter()
            .any(|line| line.contains("probe.acme.example.com")),
        "{kept:?}"
    );
    assert_eq!(list(&rom), list(&twin), "{kept:?}");
    for key in PARTS {
        for (rom, twin) in elements(&rom[key]).zip(elements(&twin[key])) {
            assert_eq!(rom, twin, "{kept:?}: {key}");
        }
        assert_eq!(rom[key], twin[key], "{kept:?}");
    }
}

#[test]
fn an_odex_of_android_4_says_what_the_package_would() {
    as_its_twin(Kept::Odex);
}

#[test]
fn an_oat_of_android_5_to_7_says_what_the_package_would() {
    for version in [39, 45, 64, 79, 88] {
        as_its_twin(Kept::Oat(version));
    }
}

#[test]
fn a_vdex_of_android_8_to_10_says_what_the_package_would() {
    for (version, compact) in [(6, false), (10, false), (19, false), (19, true), (21, true)] {
        as_its_twin(Kept::Vdex(version, compact));
    }
}
