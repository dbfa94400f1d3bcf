//! Writes what a ROM keeps its code in, for tests: compact dex, vdex, oat. See `dex.rs` for the dex in them.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn put(bytes: &mut [u8], at: usize, n: usize) {
    bytes[at..at + 4].copy_from_slice(&(n as u32).to_le_bytes());
}

fn push(out: &mut Vec<u8>, words: &[usize]) {
    words.iter().for_each(|n| out.extend((*n as u32).to_le_bytes()));
}

fn align(out: &mut Vec<u8>, to: usize) {
    out.resize(out.len().next_multiple_of(to), 0);
}

fn leb(out: &mut Vec<u8>, mut n: u32) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn read_leb(bytes: &[u8], at: &mut usize) -> u32 {
    let (mut value, mut bits) = (0_u32, 0);
    loop {
        let byte = bytes[*at];
        *at += 1;
        value |= u32::from(byte & 0x7f) << bits;
        bits += 7;
        if byte < 0x80 {
            return value;
        }
    }
}

/// A table of offsets by method, 0 for none, and where its own table and minimum are.
fn offsets(list: &[u32]) -> (Vec<u8>, usize, u32) {
    let minimum = list
        .iter()
        .copied()
        .filter(|&off| off != 0)
        .min()
        .unwrap_or(u32::MAX);
    let (mut out, mut blocks) = (Vec::new(), Vec::new());
    for block in list.chunks(16) {
        blocks.push(out.len());
        let set = block.iter().enumerate().filter(|(_, off)| **off != 0);
        let mask = set.fold(0_u16, |mask, (i, _)| mask | 1 << i);
        out.extend(mask.to_be_bytes());
        let mut last = minimum;
        for &off in block.iter().filter(|off| **off != 0) {
            leb(&mut out, off.wrapping_sub(last));
            last = off;
        }
    }
    align(&mut out, 4);
    let table = out.len();
    push(&mut out, &blocks);
    (out, table, minimum)
}

/// A dex in the two parts of a compact one. Where the data is goes into the header when they are joined.
#[derive(Debug, Clone)]
pub struct Compact {
    pub main: Vec<u8>,
    pub data: Vec<u8>,
}

impl Compact {
    /// The compact form of a dex: its data section is all of the dex, with code and members in the form of
    /// a compact dex behind it. Method `i` has its debug info at `3 * i + 1`, every fourth has none.
    pub fn of(dex: &[u8]) -> Self {
        let mut data = dex.to_vec();
        let map = word(dex, 0x34) as usize;
        let items = || (0..word(dex, map) as usize).map(|i| map + 4 + 12 * i);
        let mut end = (word(dex, 0x64) + 32 * word(dex, 0x60)) as usize;
        for item in items() {
            let (kind, count, off) = (word(dex, item) as u16, word(dex, item + 4), word(dex, item + 8));
            match kind {
                7 => end = end.max((off + 4 * count) as usize),
                8 => end = end.max((off + 8 * count) as usize),
                _ => {}
            }
            if (1..=8).contains(&kind) {
                put(&mut data, item + 8, off as usize + 0x18);
            }
        }
        let mut main = dex[..0x70].to_vec();
        main.resize(0x88, 0);
        main.extend(&dex[0x70..end]);
        for i in 0..word(dex, 0x60) as usize {
            let class = word(dex, 0x64) as usize + 32 * i;
            let members = word(dex, class + 24) as usize;
            if members != 0 {
                let at = Self::members(dex, members, &mut data);
                put(&mut main, class + 0x18 + 24, at);
            }
        }
        align(&mut data, 4);
        let methods = word(dex, 0x58);
        let list: Vec<u32> = (0..methods)
            .map(|i| if i % 4 == 3 { 0 } else { 3 * i + 1 })
            .collect();
        let (table, blocks, minimum) = offsets(&list);
        put(&mut main, 0x74, data.len());
        put(&mut main, 0x78, blocks);
        put(&mut main, 0x7c, minimum as usize);
        put(&mut main, 0x84, data.len());
        data.extend(table);
        main[..8].copy_from_slice(b"cdex001\0");
        let len = main.len();
        put(&mut main, 0x20, len);
        put(&mut main, 0x24, 0x88);
        for at in [0x3c, 0x44, 0x4c, 0x54, 0x5c, 0x64] {
            let off = word(&main, at) as usize;
            put(&mut main, at, if off == 0 { 0 } else { off + 0x18 });
        }
        put(&mut main, 0x68, data.len());
        align(&mut main, 4);
        Self { main, data }
    }

    fn members(dex: &[u8], mut at: usize, data: &mut Vec<u8>) -> usize {
        let mut out = Vec::new();
        let counts: Vec<u32> = (0..4).map(|_| read_leb(dex, &mut at)).collect();
        counts.iter().for_each(|n| leb(&mut out, *n));
        for _ in 0..2 * (counts[0] + counts[1]) {
            leb(&mut out, read_leb(dex, &mut at));
        }
        for _ in 0..counts[2] + counts[3] {
            leb(&mut out, read_leb(dex, &mut at));
            leb(&mut out, read_leb(dex, &mut at));
            let code = read_leb(dex, &mut at) as usize;
            leb(
                &mut out,
                if code == 0 {
                    0
                } else {
                    Self::code(dex, code, data) as u32
                },
            );
        }
        let start = data.len();
        data.extend(out);
        start
    }

    fn code(dex: &[u8], at: usize, data: &mut Vec<u8>) -> usize {
        let half = |at: usize| u16::from_le_bytes([dex[at], dex[at + 1]]);
        let [registers, ins, outs, tries] = [0, 2, 4, 6].map(|field| half(at + field));
        let units = word(dex, at + 12);
        let len = 2 * units as usize;
        let registers = registers - ins;
        let mut before = Vec::new();
        let mut flags = (units as u16 & 0x7ff) << 5;
        if units > 0x7ff {
            flags |= 1 << 4;
            let rest = units & !0x7ff;
            before.extend([rest as u16, (rest >> 16) as u16]);
        }
        for (bit, field) in [registers, ins, outs, tries].into_iter().enumerate() {
            if field > 0xf {
                flags |= 1 << bit;
                before.push(field & !0xf);
            }
        }
        align(data, 4);
        before
            .iter()
            .rev()
            .for_each(|unit| data.extend(unit.to_le_bytes()));
        let start = data.len();
        let fields = (registers & 0xf) << 12 | (ins & 0xf) << 8 | (outs & 0xf) << 4 | tries & 0xf;
        data.extend(fields.to_le_bytes());
        data.extend(flags.to_le_bytes());
        data.extend(&dex[at + 16..at + 16 + len]);
        if tries > 0 {
            align(data, 4);
            let after = (at + 16 + len).next_multiple_of(4);
            // Handlers have no length of their own; a copy of what follows holds them.
            data.extend(&dex[after..dex.len().min(after + 8 * usize::from(tries) + 64)]);
        }
        start
    }

    /// The file that a compact dex alone would be.
    pub fn join(&self) -> Vec<u8> {
        let mut out = self.main.clone();
        let len = out.len();
        put(&mut out, 0x6c, len);
        out.extend(&self.data);
        out
    }
}

/// What was optimised in a method.
#[derive(Debug, Clone, Default)]
pub struct Quickened {
    pub index: u32,
    pub code_off: u32,
    /// Of every instruction that may have been: the code unit and the indices; `0xffff` is none.
    pub insns: Vec<(u32, Vec<u16>)>,
}

/// A dex for a vdex.
#[derive(Debug, Clone)]
pub struct Part {
    pub main: Vec<u8>,
    /// The data of a compact one; the same data twice is there once.
    pub data: Option<Vec<u8>>,
    /// All methods that have code, in the order of the file.
    pub methods: Vec<Quickened>,
}

impl Part {
    pub fn plain(dex: &[u8]) -> Self {
        Self {
            main: dex.to_vec(),
            data: None,
            methods: Vec::new(),
        }
    }

    pub fn compact(dex: &[u8]) -> Self {
        let Compact { main, data } = Compact::of(dex);
        Self {
            main,
            data: Some(data),
            methods: Vec::new(),
        }
    }
}

/// A vdex of version 6, 10, 19, 21 or 27. Its checksums are 1, 2 and so on.
pub fn vdex(version: u32, parts: &[Part]) -> Vec<u8> {
    let mut out = format!("vdex{version:03}\0").into_bytes();
    let (info, tables) = match version {
        6 => (sequence(parts), Vec::new()),
        10 => (pairs(parts), Vec::new()),
        19 | 21 => by_method(parts),
        _ => Default::default(),
    };
    let prefix = if tables.is_empty() { 0 } else { 4 };
    let dex_size: usize = parts
        .iter()
        .map(|p| p.main.len().next_multiple_of(4) + prefix)
        .sum();
    let mut shared: Vec<u8> = Vec::new();
    let mut places = Vec::new();
    for part in parts {
        let data = part.data.as_deref().unwrap_or_default();
        let known = shared
            .windows(data.len().max(1))
            .position(|window| window == data);
        places.push(known.unwrap_or(shared.len()));
        if known.is_none() {
            shared.extend(data);
            align(&mut shared, 4);
        }
    }
    let deps = b"deps";
    match version {
        6 | 10 => push(&mut out, &[parts.len(), dex_size, deps.len(), info.len()]),
        19 | 21 => {
            out.extend(b"002\0");
            push(&mut out, &[parts.len(), deps.len()]);
            if version == 21 {
                push(&mut out, &[3, 2]);
            }
        }
        _ => {
            let sums = 4 * parts.len();
            let dexes = dex_size + shared.len();
            push(&mut out, &[4]);
            push(&mut out, &[0, 60, sums, 1, 60 + sums, dexes]);
            push(
                &mut out,
                &[2, 60 + sums + dexes, deps.len(), 3, 60 + sums + dexes, 0],
            );
        }
    }
    (0..parts.len()).for_each(|i| push(&mut out, &[i + 1]));
    if prefix != 0 {
        push(&mut out, &[dex_size, shared.len(), info.len()]);
    }
    let section = out.len() + dex_size;
    for (i, (part, place)) in parts.iter().zip(places).enumerate() {
        if prefix != 0 {
            push(&mut out, &[tables[i]]);
        }
        let start = out.len();
        out.extend(&part.main);
        align(&mut out, 4);
        if part.data.is_some() {
            put(&mut out, start + 0x6c, section + place - start);
        }
    }
    out.extend(shared);
    out.extend(deps);
    out.extend(info);
    if version == 21 {
        out.extend(b"bcpcl");
    }
    out
}

fn sequence(parts: &[Part]) -> Vec<u8> {
    let mut out = Vec::new();
    for method in parts.iter().flat_map(|part| &part.methods) {
        let mut info = Vec::new();
        for (pc, indices) in &method.insns {
            for &index in indices.iter().filter(|index| **index != 0xffff) {
                leb(&mut info, *pc);
                leb(&mut info, u32::from(index));
            }
        }
        push(&mut out, &[info.len()]);
        out.extend(info);
    }
    out
}

fn indices(method: &Quickened) -> Vec<u8> {
    let all = method.insns.iter().flat_map(|(_, indices)| indices);
    all.flat_map(|index| index.to_le_bytes()).collect()
}

fn pairs(parts: &[Part]) -> Vec<u8> {
    let (mut out, mut list) = (Vec::new(), Vec::new());
    for part in parts {
        let mut pairs = Vec::new();
        for method in part.methods.iter().filter(|method| !method.insns.is_empty()) {
            pairs.push((method.code_off, out.len()));
            let info = indices(method);
            push(&mut out, &[info.len()]);
            out.extend(info);
        }
        list.push(pairs);
    }
    let mut starts = Vec::new();
    for pairs in list {
        starts.push(out.len());
        pairs
            .iter()
            .for_each(|(code, at)| push(&mut out, &[*code as usize, *at]));
    }
    push(&mut out, &starts);
    out
}

fn by_method(parts: &[Part]) -> (Vec<u8>, Vec<usize>) {
    let (mut out, mut starts) = (Vec::new(), Vec::new());
    let mut lists = Vec::new();
    for part in parts {
        let mut list = vec![0_u32; word(&part.main, 0x58) as usize];
        for method in part.methods.iter().filter(|method| !method.insns.is_empty()) {
            list[method.index as usize] = out.len() as u32 + 1;
            let info = indices(method);
            leb(&mut out, info.len() as u32 / 2);
            out.extend(info);
        }
        lists.push(list);
    }
    for list in lists {
        align(&mut out, 4);
        starts.push(out.len());
        let (table, blocks, minimum) = offsets(&list);
        push(&mut out, &[minimum as usize, blocks]);
        out.extend(table);
    }
    (out, starts)
}

/// An oat in an ELF file whose `.rodata` is at byte `start`, with these dex files from `/a/b.apk`.
pub fn oat(version: u32, start: usize, dexes: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"\x7fELF\x02\x01\x01".to_vec();
    out.resize(16, 0);
    out.extend([3, 0, 183, 0, 1, 0, 0, 0]);
    push(&mut out, &[0, 0, 64, 0, 0, 0, 0]);
    out.extend([64, 0, 56, 0, 1, 0, 64, 0, 0, 0, 0, 0]);
    let load = out.len();
    out.resize(start, 0);
    let store = b"key\0value\0";
    let header: usize = match version {
        0..=45 => 84,
        46..=126 => 72,
        _ => 76,
    };
    let mut oat = format!("oat\n{version:03}\0").into_bytes();
    push(&mut oat, &[7, 2, 3, dexes.len()]);
    if version >= 127 {
        push(&mut oat, &[header + store.len()]);
    }
    oat.resize(header - 4, 0);
    push(&mut oat, &[store.len()]);
    oat.extend(store);
    let mut places = Vec::new();
    for (i, dex) in dexes.iter().enumerate() {
        let location = if i == 0 {
            "/a/b.apk".into()
        } else {
            format!("/a/b.apk:classes{}.dex", i + 1)
        };
        push(&mut oat, &[location.len()]);
        oat.extend(location.bytes());
        if version >= 230 {
            oat.extend(b"dex\n035\0");
        }
        push(&mut oat, &[i + 1]);
        if version >= 230 {
            oat.extend([0xab; 20]);
        }
        places.push(oat.len());
        push(&mut oat, &[0x1c]);
        let fields = match version {
            0..=78 => word(dex, 0x60) as usize,
            79..=126 => 2,
            127..=131 => 4,
            _ => 8,
        };
        push(&mut oat, &vec![0x0001_0000; fields]);
    }
    if version < 124 {
        for (dex, place) in dexes.iter().zip(places) {
            align(&mut oat, 4);
            let at = oat.len();
            put(&mut oat, place, at);
            oat.extend(dex);
        }
    }
    push(&mut oat, &[0xffff_ffff]);
    let len = oat.len();
    out[load..load + 8].copy_from_slice(&[1, 0, 0, 0, 4, 0, 0, 0]);
    for (at, n) in [
        (8, start),
        (16, start),
        (24, start),
        (32, len),
        (40, len),
        (48, 4096),
    ] {
        put(&mut out, load + at, n);
    }
    out.extend(oat);
    out
}
