//! A small library made by hand, and what becomes of it when its numbers lie.

use proptest::prelude::*;

use super::*;

/// Where [`library`] puts things, from the start of the file.
const DYNSTR: usize = 0x100;
const DYNSYM: usize = 0x180;
const HASH: usize = 0x200;
const DYNAMIC: usize = 0x240;
const RODATA: usize = 0x2c0;
const SHSTRTAB: usize = 0x2f0;
const SECTIONS: usize = 0x300;

/// A 64-bit library with one import (`connect`), one export (`Java_a`), one dependency, a
/// `.rodata` and sections for it and `.dynsym`.
fn library() -> Vec<u8> {
    let mut file = vec![0; SECTIONS + 4 * 64];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"\x7fELF\x02\x01\x01");
    put(16, &[3, 0, 183, 0, 1, 0, 0, 0]);
    put(32, &64_u64.to_le_bytes());
    put(40, &u64::try_from(SECTIONS).unwrap().to_le_bytes());
    put(52, &[64, 0, 56, 0, 2, 0, 64, 0, 4, 0, 3, 0]);
    let segment = |kind: u32, flags: u32, at: usize, size: usize| {
        let (at, size) = (at as u64, size as u64);
        let mut bytes = [kind.to_le_bytes(), flags.to_le_bytes()].concat();
        bytes.extend([at, at, at, size, size, 1].iter().flat_map(|n| n.to_le_bytes()));
        bytes
    };
    put(64, &segment(1, 4, 0, SECTIONS));
    put(120, &segment(2, 4, DYNAMIC, 7 * 16));
    put(DYNSTR, b"\0connect\0Java_a\0libc.so\0libx.so\0");
    let symbol = |name: u32, section: u16, value: u64| {
        let mut bytes = name.to_le_bytes().to_vec();
        bytes.extend([0x12, 0]);
        bytes.extend(section.to_le_bytes());
        bytes.extend([value, 0].iter().flat_map(|n| n.to_le_bytes()));
        bytes
    };
    put(DYNSYM + 24, &symbol(1, 0, 0));
    put(DYNSYM + 48, &symbol(9, 1, 0x10));
    put(HASH, &[1, 0, 0, 0, 3, 0, 0, 0]);
    let entries: [(u64, u64); 7] = [
        (1, 16),
        (14, 24),
        (5, DYNSTR as u64),
        (10, 33),
        (6, DYNSYM as u64),
        (4, HASH as u64),
        (0, 0),
    ];
    for (i, (tag, value)) in entries.iter().enumerate() {
        put(
            DYNAMIC + i * 16,
            &[tag.to_le_bytes(), value.to_le_bytes()].concat(),
        );
    }
    put(RODATA, b"http://a.example/x\0");
    put(SHSTRTAB, b"\0.rodata\0.x\0");
    let section = |kind: u32, flags: u64, at: usize, size: usize| {
        let mut bytes = [1_u32.to_le_bytes(), kind.to_le_bytes()].concat();
        bytes.extend(
            [flags, at as u64, at as u64, size as u64]
                .iter()
                .flat_map(|n| n.to_le_bytes()),
        );
        bytes
    };
    put(SECTIONS + 64, &section(1, 2, RODATA, 0x20));
    put(SECTIONS + 128, &section(11, 2, DYNSYM, 72));
    put(SECTIONS + 192, &section(3, 0, SHSTRTAB, 16));
    file
}

#[track_caller]
fn check(at: usize, bytes: &[u8], gaps: &[&str], data: &[Range<usize>]) {
    let mut file = library();
    file[at..at + bytes.len()].copy_from_slice(bytes);
    let elf = Elf::open(&file);
    let said: Vec<String> = elf.gaps.iter().map(ToString::to_string).collect();
    assert_eq!(said, gaps);
    assert_eq!(elf.data, data);
}

#[test]
fn a_sound_library_gives_its_tables_and_no_gap() {
    let file = library();
    let elf = Elf::open(&file);
    assert_eq!(elf.gaps, []);
    assert_eq!((elf.bits, elf.machine), (64, 183));
    assert_eq!(elf.needed, [b"libc.so"]);
    assert_eq!(elf.soname, Some(&b"libx.so"[..]));
    assert_eq!(elf.imports().collect::<Vec<_>>(), [b"connect"]);
    assert_eq!(
        elf.exports().collect::<Vec<_>>(),
        [Symbol {
            name: b"Java_a",
            value: 16,
            import: false
        }]
    );
    assert_eq!(elf.nameless(), 0);
    assert_eq!(elf.data, [RODATA..RODATA + 0x20]);
}

#[test]
fn sections_that_are_gone_or_lie_do_not_hide_the_data() {
    let whole = [0..library().len()];
    check(
        40,
        &[0; 8],
        &["elf: e_shoff at 0x28: odd value 0x0, read as Android reads it"],
        &whole,
    );
    check(
        40,
        &[0xff; 8],
        &["elf: e_shoff at 0x28: odd value 0xffffffffffffffff, read as Android reads it"],
        &whole,
    );
    check(
        60,
        &[0xff, 0xff],
        &["elf: e_shnum at 0x3c: odd value 0xffff, read as Android reads it"],
        &whole,
    );
    let one = ["elf: sections that do not fit at 0x0: odd value 0x1, read as Android reads it"];
    check(SECTIONS + 64 + 32, &[0xff; 8], &one, &whole);
    check(SECTIONS + 64 + 4, &[8], &one, &whole);
}

#[test]
fn a_segment_outside_of_the_file_is_told_though_it_is_not_loaded() {
    let mut file = library();
    // PT_NOTE in place of PT_DYNAMIC, from where no file is.
    file[120] = 4;
    file[120 + 8 + 6] = 0x70;
    let gaps: Vec<String> = Elf::open(&file).gaps.iter().map(Gap::to_string).collect();
    assert!(
        gaps.contains(&"elf: p_offset at 0x40: odd value 0x70000000000240, read as Android reads it".into()),
        "{gaps:?}"
    );
}

#[test]
fn counts_from_the_file_are_held_against_its_length() {
    let data = [RODATA..RODATA + 0x20];
    check(
        HASH + 4,
        &[0xff; 4],
        &["elf: DT_HASH nchain at 0x200: odd value 0xffffffff, read as Android reads it"],
        &data,
    );
    check(
        56,
        &[0xff, 0xff],
        &[
            "elf: e_phnum at 0x38: invalid value 0xffff",
            "elf: program headers at 0x40: truncated, needs 3669960 bytes, 960 left",
        ],
        &data,
    );
    check(
        DYNAMIC + 3 * 16 + 8,
        &[0xff; 8],
        &["elf: DT_STRSZ at 0x100: truncated, needs 18446744073709551615 bytes, 768 left"],
        &data,
    );
    let mut file = library();
    file[DYNSYM + 24..DYNSYM + 28].copy_from_slice(&[0xff; 4]);
    assert_eq!(Elf::open(&file).nameless(), 1);
}

#[test]
fn a_header_that_cannot_be_read_leaves_the_bytes_to_be_searched() {
    for (length, gap) in [
        (0, "elf: e_ident at 0x0: truncated, needs 16 bytes, 0 left"),
        (4, "elf: e_ident at 0x0: truncated, needs 16 bytes, 4 left"),
        (40, "elf: ELF header at 0x0: truncated, needs 64 bytes, 40 left"),
    ] {
        let file = &library()[..length];
        let elf = Elf::open(file);
        assert_eq!(elf.gaps[0].to_string(), gap);
        assert_eq!(elf.data, [0..length]);
    }
    check(
        4,
        &[3],
        &["elf: EI_CLASS at 0x4: invalid value 0x3"],
        &[0..library().len()],
    );
    check(
        5,
        &[2],
        &["elf: EI_DATA (big endian) at 0x5: unsupported value 0x2"],
        &[0..library().len()],
    );
}

#[test]
fn every_prefix_is_read_without_a_panic() {
    let file = library();
    for end in 0..file.len() {
        Elf::open(&file[..end]).symbols().count();
    }
}

proptest! {
    #[test]
    fn any_change_of_a_sound_library_is_read_without_a_panic(
        changes in proptest::collection::vec((0..0x400_usize, any::<u64>(), 1..9_usize), 1..6),
    ) {
        let mut file = library();
        for (at, value, length) in changes {
            for (to, from) in file.iter_mut().skip(at).zip(value.to_le_bytes()).take(length) {
                *to = from;
            }
        }
        let elf = Elf::open(&file);
        elf.symbols().count();
        elf.nameless();
        for range in &elf.data {
            assert!(range.start < range.end && range.end <= file.len());
        }
    }
}
