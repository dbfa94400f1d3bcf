#!/usr/bin/env python3
"""Writes the inputs of the samples of makers' wrappers, the same bytes each time. Python 3.11, no packages.

    python3 samples/wrapper.py          # then: BLESS=1 cargo test --test all formats::, and read the diff
"""
import gzip
import io
import pathlib
import struct
import tarfile
import zlib

from image import SYSTEM, cpio

HERE = pathlib.Path(__file__).parent
NOTE = b"made by https://vendor.example/\n"
BOOT = cpio(("init.rc", 0o100644, b"service a /vendor/bin/a\n"))


def field(text, size):
    return text.encode().ljust(size, b"\0")


def sparse(total, at, data, block=64, kind=0xCAC1):
    """Blocks of `total`, of which those from `at` on are there; packed, if `kind` says so."""
    count = len(data) // block
    stored = data if kind == 0xCAC1 else literals(data)
    out = struct.pack("<I4H4I", 0xED26FF3A, 1, 0, 28, 12, block, total, 3, 0)
    rest = total - at - count
    for kind, blocks, data in [(0xCAC3, at, b""), (kind, count, stored), (0xCAC3, rest, b"")]:
        out += struct.pack("<HHII", kind, 0, blocks, 12 + len(data)) + data
    return out


def halves(data, kind=0xCAC1):
    """Two sparse images that are one."""
    data = data + bytes(-len(data) % 128)
    total, half = len(data) // 64, len(data) // 2
    return sparse(total, 0, data[:half], kind=kind), sparse(total, half // 64, data[half:], kind=kind)


def literals(data):
    """An LZ4 block without a match."""
    rest = len(data) - 15
    if rest < 0:
        return bytes([len(data) << 4]) + data
    return b"\xf0" + b"\xff" * (rest // 255) + bytes([rest % 255]) + data


def frame(data):
    """A zstd frame of one raw block."""
    size = len(data)
    return struct.pack("<IBI", 0xFD2FB528, 0xA0, size) + struct.pack("<I", size << 3 | 1)[:3] + data


def update_app(*records):
    out = bytes(92)
    for number, (name, data) in enumerate(records, 1):
        sums = -(-len(data) // 4096) * 2
        out += struct.pack("<III", 0xA55AAA55, 98 + sums, 1) + b"HW8x50\xff\xff"
        out += struct.pack("<II", number, len(data)) + field("2020.01.01", 16) + field("00.00.00", 16)
        out += field(name, 16) + bytes(16) + struct.pack("<HHH", 0, 4096, 0) + bytes(sums) + data
        out += bytes(-len(out) % 4)
    return out


def kdz(*files):
    out, at, data = bytes.fromhex("2805000024382225"), 0x528, b""
    for number in range(4):
        if number == 2:
            out += bytes([3 if len(files) > 2 else 0])
        name, content = files[number] if number < len(files) else ("", b"")
        out += field(name, 256) + struct.pack("<QQ", len(content), at)
        at, data = at + len(content), data + content
    return out.ljust(0x528, b"\0") + data


def dz(*chunks):
    """Chunks: (slice, its first sector, first sector, packed, how long it is)."""
    out = struct.pack("<IIII", 0x74189632, 2, 1, 0) + field("h990", 32) + field("H99010b", 144)
    out = (out + struct.pack("<I", len(chunks))).ljust(512, b"\0")
    for number, (name, start, at, data, size) in enumerate(chunks):
        head = struct.pack("<I", 0x78951230) + field(name, 32) + field(f"{name}_{at}.bin", 64)
        head += struct.pack("<II", size, len(data)) + bytes(16)
        head += struct.pack("<8I", at, -(-size // 512), 0, 0, number, 0, 0, start)
        out += head.ljust(512, b"\0") + data
    return out


def sin(*blocks):
    """Blocks: (place, data, packed or nothing)."""
    table, data = b"GPTP" + struct.pack(">I", 24) + bytes(16), b""
    for place, plain, packed in blocks:
        if packed:
            words = [len(data), len(plain), len(packed), place, 0]
        else:
            words = [len(data), len(plain), place]
        body = struct.pack(f">{len(words)}QI", *words, 2) + bytes(32)
        table += (b"LZ4A" if packed else b"ADDR") + struct.pack(">I", 8 + len(body)) + body
        data += packed or plain
    head = b"\x03SIN" + struct.pack(">I", 64)
    return head.ljust(64, b"\0") + b"MMCF" + struct.pack(">I", len(table)) + table + data


def tar(*files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(out.getvalue(), mtime=0)


def nb0(*files):
    out, at = struct.pack("<I", len(files)), 0
    for name, data in files:
        out += struct.pack("<IIII", at, len(data), 0, 0) + field(name, 48)
        at += len(data)
    return out + b"".join(data for _, data in files)


def pac(*files):
    wide = lambda text, size: text.encode("utf-16-le").ljust(size, b"\0")
    at = 2124 + 2580 * len(files)
    size = at + sum(len(data) for *_, data in files)
    out = wide("BP_R2.0.1", 44) + struct.pack("<II", 0, size) + wide("product", 512) + wide("firmware", 512)
    out += struct.pack("<II", len(files), 2124)
    out = out.ljust(2116, b"\0") + struct.pack("<IHH", 0xFFFAFFFA, 0, 0)
    for name, file, data in files:
        row = struct.pack("<I", 2580) + wide(name, 512) + wide(file, 512)
        row = row.ljust(1532, b"\0")
        row += struct.pack("<6I", 0, 0, len(data), 1 if file else 0, 1, at if file else 0)
        out += row.ljust(2580, b"\0")
        at += len(data)
    return out + b"".join(data for *_, data in files)


def rockchip(*parts):
    head, data = b"RKAF" + bytes(4) + field("MODEL", 128), b""
    rows = b""
    for name, file, content in parts:
        pos = 2048 + len(data)
        rows += field(name, 32) + field(file, 60)
        rows += struct.pack("<5I", 64, pos, 0, -(-len(content) // 2048) * 2048, len(content))
        data += content + bytes(-len(content) % 2048)
    inner = (head + struct.pack("<I", len(parts)) + rows).ljust(2048, b"\0") + data
    loader = b"LDR " * 8
    outer = b"RKFW".ljust(0x19, b"\0") + struct.pack("<IIII", 0x66, len(loader), 0x66 + len(loader), len(inner))
    return outer.ljust(0x66, b"\0") + loader + inner + b"0" * 32


def amlogic(*items):
    at = 64 + 128 * len(items)
    size = at + sum(len(data) for *_, data in items)
    out = struct.pack("<IIIQII", 0, 1, 0x27B51956, size, 4, len(items)).ljust(64, b"\0")
    for number, (kind, name, data) in enumerate(items):
        row = struct.pack("<IIQQQ", number, 0, 0, at, len(data)) + field(kind, 32) + field(name, 32)
        out += row.ljust(128, b"\0")
        at += len(data)
    return out + b"".join(data for *_, data in items)


def allwinner(*files):
    out = (b"IMAGEWTY" + struct.pack("<II", 0x300, 96)).ljust(60, b"\0") + struct.pack("<I", len(files))
    out, at, all_ = out.ljust(1024, b"\0"), 1024 * (len(files) + 1), b""
    for name, data in files:
        stored = data + bytes(-len(data) % 16)
        row = struct.pack("<II", 256, 1024) + field("RFSFAT16", 8) + field("X_FEX0000000000", 16) + bytes(4)
        row += field(name, 256) + struct.pack("<QQQ", len(stored), len(data), at)
        out += row.ljust(1024, b"\0")
        at, all_ = at + len(stored), all_ + stored
    return out + all_


def ofp():
    """The trailer of one for MediaTek."""
    clear = (bytes(60) + b"MT6771\0eMMC\0" + struct.pack("<H", 2)).ljust(108, b"\0")
    hide = lambda byte: (byte << 4 | byte >> 4) & 0xFF
    return b"\x5a" * 400 + bytes(hide(b ^ b"geyixue"[i % 7]) for i, b in enumerate(clear))


def marked():
    page = bytes(16) + struct.pack("<I", 0x7CEF)
    return b"\x5a" * 512 + page.ljust(512, b"\0")


FIRST, SECOND = halves(SYSTEM)
PACKED = halves(SYSTEM, 0xCAC5)
DZ = dz(
    ("boot", 8, 8, zlib.compress(BOOT), len(BOOT)),
    ("system", 16, 16, zlib.compress(SYSTEM[:512]), 512),
    ("system", 16, 17, frame(SYSTEM[512:]), len(SYSTEM) - 512),
)
SIN = sin((0, SYSTEM[:500], literals(SYSTEM[:500])), (500, SYSTEM[500:], None))
IMAGES = [("boot", BOOT), ("system", SYSTEM)]

CASES = {
    "update-app/super": ("Two records are one image.", update_app(("SHA256RSA", NOTE), ("SYSTEM", FIRST), ("BOOT", BOOT), ("SYSTEM", SECOND))),
    "update-app/cut": ("Ends in the middle of the second record.", update_app(("BOOT", BOOT), ("SYSTEM", SYSTEM))[:-300]),
    "kdz/dz": ("A library, and the images, which are listed in turn.", kdz(("LGUP_c.dll", NOTE), ("H99010b.dz", DZ))),
    "dz/chunks": ("An image in two chunks, one in zlib and one in zstd.", DZ),
    "dz/cut": ("The last chunk is cut.", DZ[:-100]),
    "sin/blocks": ("One block in LZ4 and one raw.", SIN),
    "sin/tar": ("A tar in gzip: the image in two parts, sparse, with Sony's own chunks in LZ4.", {"system_X-FLASH-ALL-1.sin": tar(("system.cms", NOTE), ("system.000", PACKED[0]), ("system.001", PACKED[1]))}),
    "nb0/images": ("Images, known by the ending alone; and a file that has the ending, and is none.", {"a.nb0": nb0(*((f"{name}.img", data) for name, data in IMAGES)), "notes.nb0": NOTE}),
    "pac/images": ("Images, and an order without a file.", pac(("FLASH", "", b""), ("BOOT", "boot.img", BOOT), ("System", "system.img", SYSTEM))),
    "rockchip/rkfw": ("Both headers; parameters; a place without a file.", rockchip(("parameter", "parameter.txt", b"PARM" + struct.pack("<I", len(NOTE)) + NOTE + bytes(4)), ("boot", "boot.img", BOOT), ("backup", "RESERVED", b"?"), ("system", "system.img", SYSTEM))),
    "amlogic/v1": ("Images, and the sum of one.", amlogic(("PARTITION", "boot", BOOT), ("VERIFY", "boot", b"sha1sum 0"), ("PARTITION", "system", SYSTEM))),
    "allwinner/v3": ("Images and a configuration.", allwinner(("sys_config.bin", NOTE), ("/boot.fex", BOOT), ("system.fex", SYSTEM))),
    "ozip/sealed": ("The mark, and no more.", b"OPPOENCRYPT!".ljust(16, b"\0") + b"1000".ljust(16, b"\0") + b"\x5a" * 64),
    "ofp/sealed": ("One for Qualcomm, one for MediaTek, and a text.", {"a.ofp": marked(), "b.ofp": ofp(), "notes.ofp": NOTE}),
    "ops/sealed": ("The mark, and no more.", {"a.ops": marked()}),
    "htc/sealed": ("The mark, and no more.", b"LaR@eZip" + b"\x5a" * 64),
}


def main():
    for case, (what, data) in CASES.items():
        folder = HERE / case
        files = {folder / "in.bin": data} if isinstance(data, bytes) else {folder / "in" / name: data for name, data in data.items()}
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (folder / "HOW.md").write_text(f"{what}\n\nWritten by `samples/wrapper.py` (Python 3.11, gzip, tarfile, zlib).\n")


if __name__ == "__main__":
    main()
