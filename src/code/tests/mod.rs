//! Tiny dex files, and what is said of them: one line per resolved call.

mod ciphered;
mod computed;
mod hole;
mod hostile;
mod method;
mod reading;
mod refused;

use std::sync::LazyLock;

use super::*;
use crate::artifact::dex::build::{Asm, DexBuilder, Value};
use crate::rule::Rules;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::bundled().unwrap());

const BUILDER: &str = "Ljava/lang/StringBuilder;";
const STRING: &str = "Ljava/lang/String;";
const URL: &str = "Ljava/net/URL;";
const SECURE: &str = "Landroid/provider/Settings$Secure;";
const GET_INT: &str = "(Landroid/content/ContentResolver;Ljava/lang/String;I)I";
const GET_BOOLEAN: &str = "(Ljava/lang/String;Z)Z";
const PREFERENCES: &str = "Landroid/content/SharedPreferences;";

fn hot(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"://").is_some()
}

fn arg(arg: &Arg) -> String {
    match arg {
        Arg::Int(n) => n.to_string(),
        Arg::Text(text) => format!("{:?}", text.to_str()),
        Arg::Class(class) => class.clone(),
        Arg::Parameter(n) => format!("p{n}"),
        Arg::Unknown => "?".to_owned(),
    }
}

fn args(all: &[Arg]) -> String {
    all.iter().map(arg).collect::<Vec<_>>().join(" | ")
}

/// One line per resolved call: what, its arguments, and the method that it is in.
fn lines(files: &[Vec<u8>]) -> Vec<String> {
    lines_by(&RULES, files)
}

fn lines_by(rules: &Rules, files: &[Vec<u8>]) -> Vec<String> {
    let interest = Interest::new(rules);
    let dexes: Vec<Dex<'_>> = files.iter().flat_map(|file| Dex::open(file).dexes).collect();
    let reading = analyse(&dexes, &interest, &hot);
    let mut out: Vec<String> = reading
        .calls()
        .filter_map(|call| {
            let what = match &call.what {
                Called::Key {
                    store,
                    access,
                    key,
                    value,
                    ..
                } => {
                    let value = value
                        .as_ref()
                        .map(|value| format!(", {}", args(value)))
                        .unwrap_or_default();
                    format!("{store:?} {access:?} {}{value}", args(key))
                }
                Called::Sink { row, texts } => {
                    let texts: Vec<String> = texts.iter().map(|text| args(text)).collect();
                    format!("{} {}", interest.sink(*row)?.name, texts.join(", "))
                }
                Called::Method { class, name } => format!("method {}, {}", args(class), args(name)),
                Called::Field { class, name } => format!("field {}, {}", args(class), args(name)),
                Called::Class(name) => format!("class {}", args(name)),
                Called::Use(what, text) => format!("{what:?} {}", args(text)),
                Called::Text(text) => format!("text {}", args(text)),
                Called::Computed { by, text } => format!("computed {} by {by}", args(text)),
            };
            let wrapped = if call.wrapped { " by caller" } else { "" };
            Some(format!(
                "{}: {what}{wrapped}",
                reading.method(call.at)?.split('(').next()?
            ))
        })
        .collect();
    out.sort();
    out.dedup();
    out
}

/// A dex with one class `La;`.
fn dex(build: impl FnOnce(&mut DexBuilder)) -> Vec<u8> {
    let mut dex = DexBuilder::new();
    build(&mut dex);
    dex.build()
}

#[track_caller]
fn check(build: impl FnOnce(&mut DexBuilder), expect: &[&str]) {
    assert_eq!(lines(&[dex(build)]), expect);
}

fn with_reading<T>(file: &[u8], f: impl FnOnce(&Reading<'_>, &Interest<'_>) -> T) -> T {
    let interest = Interest::new(&RULES);
    let opened = Dex::open(file);
    f(&analyse(&opened.dexes, &interest, &hot), &interest)
}

/// `new URL(vA)` in register `r`.
fn url(c: &mut Asm, r: u8, text: u8) {
    c.new_instance(r, URL)
        .invoke_direct(URL, "<init>", "(Ljava/lang/String;)V", &[r, text]);
}

fn append(c: &mut Asm, builder: u8, what: u8) {
    c.invoke_virtual(
        BUILDER,
        "append",
        "(Ljava/lang/String;)Ljava/lang/StringBuilder;",
        &[builder, what],
    );
}

fn to_string(c: &mut Asm, r: u8, builder: u8) {
    c.invoke_virtual(BUILDER, "toString", "()Ljava/lang/String;", &[builder])
        .move_result_object(r);
}

fn builder(c: &mut Asm, r: u8) {
    c.new_instance(r, BUILDER)
        .invoke_direct(BUILDER, "<init>", "()V", &[r]);
}

fn secure_int(c: &mut Asm, key: u8, default: u8) {
    c.invoke_static(SECURE, "getInt", GET_INT, &[0, key, default])
        .move_result(0);
}
