#!/usr/bin/env python3
"""Writes the inputs of the samples of images of partitions, the same bytes each time. Python 3.11, no packages.

    python3 samples/image.py            # then: BLESS=1 cargo test --test all formats::, and read the diff
"""
import gzip
import hashlib
import pathlib
import struct
import zlib

HERE = pathlib.Path(__file__).parent
PROPS = b"ro.build.id=SAMPLE\n"


def padded(data, size):
    return data + bytes(-len(data) % size)


def cpio(*members, trailer=True):
    """Members: (name, mode, data) or (name, mode, data, inode, links)."""
    out = b""
    ends = [("TRAILER!!!", 0, b"")] if trailer else []
    for name, mode, data, *shared in [*members, *ends]:
        inode, links = shared or (0, 1)
        fields = [inode, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        out += padded(b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0", 4)
        out += padded(data, 4)
    return padded(out, 256)


RAMDISK = cpio(
    ("init.rc", 0o100644, b"service a /system/bin/a\n"),
    ("sbin", 0o040755, b""),
    ("sbin/ueventd", 0o120777, b"../init"),
    ("dev/null", 0o020666, b""),
    ("first.txt", 0o100644, b"", 7, 2),
    ("second.txt", 0o100644, b"one file, two names\n", 7, 2),
)
SYSTEM = cpio(("build.prop", 0o100644, PROPS))
SECOND = cpio(("default.prop", 0o100644, PROPS))


def sparse(blocks, total=None):
    """Blocks of 512 bytes: bytes, or a word and a count, or a count of nothing. Headers longer than usual."""
    out, count, size = b"", 0, 0
    for block in blocks:
        kind, number, data = 0xCAC3, block, b""
        if isinstance(block, bytes):
            kind, data = 0xCAC1, padded(block, 512)
            number = len(data) // 512
        elif isinstance(block, tuple):
            kind, (data, number) = 0xCAC2, block
        out += struct.pack("<HHIII", kind, 0, number, 16 + len(data), 0) + data
        count, size = count + 1, size + number
    return struct.pack("<I4H4II", 0xED26FF3A, 1, 0, 32, 16, 512, total or size, count, 0, 0) + out


def super_(partitions, slots=2):
    """Partitions: (name, data or nothing). A device of 512-byte sectors."""
    first = (12288 + 4096 * slots) // 512
    rows = extents = data = b""
    for name, content in partitions:
        rows += struct.pack("<36s4I", name.encode(), 1, len(extents) // 24, 1 if content else 0, 0)
        if content:
            content = padded(content, 512)
            extents += struct.pack("<QIQI", len(content) // 512, 0, first + len(data) // 512, 0)
            data += content
    groups = struct.pack("<36sIQ", b"default", 0, 0)
    device = struct.pack("<QIIQ36sI", first, 4096, 0, first * 512 + len(data), b"super", 0)
    tables, at = b"", 0
    for table, size in ((rows, 52), (extents, 24), (groups, 48), (device, 64)):
        tables += struct.pack("<III", at, len(table) // size, size)
        at += len(table)
    body = rows + extents + groups + device
    header = struct.pack("<IHHI32sI32s", 0x414C5030, 10, 0, 128, b"", at, hashlib.sha256(body).digest()) + tables
    header = header[:12] + hashlib.sha256(header).digest() + header[44:]
    metadata = (header + body).ljust(2048, b"\0")
    geometry = struct.pack("<II32s3I", 0x616C4467, 52, b"", 2048, slots, 4096)
    geometry = geometry[:8] + hashlib.sha256(geometry).digest() + geometry[40:]
    geometry = geometry.ljust(4096, b"\0")
    return bytes(4096) + geometry * 2 + metadata * (2 * slots) + data


def gpt(partitions):
    """Partitions: (name, data). A disk of 512-byte blocks with a table of eight entries."""
    data, entries, first = b"", b"", 4
    for name, content in partitions:
        content = padded(content, 512)
        last = first + len(content) // 512 - 1
        entries += struct.pack("<16s16sQQQ72s", b"t" * 16, b"u" * 16, first, last, 0, name.encode("utf-16-le"))
        data, first = data + content, last + 1
    entries = entries.ljust(1024, b"\0")

    def header(mine, other, table):
        fields = [b"EFI PART", 0x10000, 92, 0, 0, mine, other, 4, first - 1, b"d" * 16, table, 8, 128, zlib.crc32(entries)]
        raw = struct.pack("<8s4I4Q16sQ3I", *fields)
        fields[3] = zlib.crc32(raw)
        return struct.pack("<8s4I4Q16sQ3I", *fields).ljust(512, b"\0")

    mbr = bytes(446) + bytes([0, 0, 2, 0, 0xEE, 0, 0, 0]) + struct.pack("<II", 1, first + 2) + bytes(48) + b"\x55\xaa"
    return mbr + header(1, first + 2, 2) + entries + data + entries + header(first + 2, 1, first)


def boot(sections, words, page=2048, magic=b"ANDROID!", header=1):
    out = bytearray(magic.ljust(page * header, b"\0"))
    for at, word in words:
        if isinstance(word, bytes):
            out[at : at + len(word)] = word
        else:
            struct.pack_into("<I", out, at, word)
    return bytes(out) + b"".join(padded(section, page) for section in sections)


def boot_v2():
    kernel = struct.pack("<II", 0x58881688, 12) + b"KERNEL".ljust(32, b"\0")
    kernel = kernel.ljust(512, b"\xff") + b"Linux kernel"
    ramdisk = gzip.compress(RAMDISK, mtime=0)
    words = [(8, len(kernel)), (16, len(ramdisk)), (36, 2048), (40, 2), (64, b"console=ttyS0"), (1648, 4)]
    return boot([kernel, ramdisk, b"\xd0\x0d\xfe\xed"], words)


def vendor_boot():
    one, two = gzip.compress(RAMDISK, mtime=0), gzip.compress(SYSTEM, mtime=0)
    table = struct.pack("<III96s", len(one), 0, 1, b"") + struct.pack("<III96s", len(two), len(one), 3, b"dlkm")
    config = b"androidboot.hardware=sample\n"
    words = [(8, 4), (12, 2048), (24, len(one + two)), (28, b"loglevel=1"), (2112, len(table)), (2116, 2)]
    words += [(2120, 108), (2124, len(config))]
    return boot([one + two, table, config], words, magic=b"VNDRBOOT", header=2)


def vbmeta(flags):
    """Signed without flags: with any, the digest is wrong."""

    def descriptor(tag, body):
        body = padded(body, 8)
        return struct.pack(">QQ", tag, len(body)) + body

    key, value = b"com.android.build.boot.fingerprint", b"Sample/sample/sample:14/SAMPLE/1:user/release-keys"
    aux = descriptor(0, struct.pack(">QQ", len(key), len(value)) + key + b"\0" + value + b"\0")
    aux += descriptor(2, struct.pack(">Q32s3I64s", 4096, b"sha256", 4, 4, 32, b"") + b"bootsalt" + bytes(range(32)))
    size = len(aux)
    aux = padded(aux, 64)
    raw = b"AVB0" + struct.pack(">IIQQI11Q", 1, 0, 320, len(aux), 1, 0, 32, 32, 256, 0, 0, 0, 0, 0, size, 7)
    raw = (raw + struct.pack(">II", 0, 0) + b"avbtool 1.3.0").ljust(256, b"\0")
    digest = hashlib.sha256(raw + aux).digest()
    raw = raw[:120] + struct.pack(">I", flags) + raw[124:]
    return raw + digest + b"s" * 256 + bytes(32) + aux


IMAGE = super_([("system_a", SYSTEM), ("system_b", None), ("vendor_a", SYSTEM), ("vendor_b", SYSTEM)])
BROKEN = IMAGE[:4096] + b"?" + IMAGE[4097:12300] + b"?" + IMAGE[12301:]
WHOLE = sparse([SYSTEM, (b"fill", 2), 3, b"the end"])

CASES = {
    "sparse/chunks": ("Data, a word that is repeated, nothing; headers longer than they need to be.", WHOLE),
    "sparse/cut": ("Ends in the middle of a chunk.", WHOLE[: 48 + 200]),
    "super/slots": ("A partition in slot a alone, and one in both.", IMAGE),
    "super/copies": ("The first copies of geometry and metadata are broken, the second are not.", BROKEN),
    "super/cut": ("The last partitions are missing.", IMAGE[: len(IMAGE) - 700]),
    "gpt/disk": ("A disk of two partitions.", gpt([("boot_a", boot_v2()), ("persist", SYSTEM)])),
    "boot/v2": ("Version 2, its kernel with MediaTek's header.", boot_v2()),
    "boot/cut": ("The ramdisk ends early.", boot_v2()[: 4096 + 150]),
    "vendor-boot/v4": ("Two ramdisks and a boot configuration.", vendor_boot()),
    "cpio/ramdisk": ("Files, links of both kinds, a device; then another archive, and then a stream.", RAMDISK + bytes(256) + SECOND + gzip.compress(b"log\n", mtime=0)),
    "cpio/cut": ("The second file is cut.", cpio(("a.txt", 0o100644, b"a"), ("b.txt", 0o100644, b"b" * 90))[:280]),
    "vbmeta/signed": ("One property.", vbmeta(0)),
    "vbmeta/flags": ("Its flags were set after it was signed.", vbmeta(2)),
}


def main():
    for case, (what, data) in CASES.items():
        folder = HERE / case
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "in.bin").write_bytes(data)
        (folder / "HOW.md").write_text(f"{what}\n\nWritten by `samples/image.py` (Python 3.11, gzip, hashlib, zlib).\n")


if __name__ == "__main__":
    main()
