#!/usr/bin/env python3
"""Writes the images of samples/f2fs/: tools write none below 40 MB. Python 3.11, no packages.

Fields are those of Linux `include/linux/f2fs_fs.h`, by name. The areas are as small as a reader lets them be, so the
kernel would not mount these; that images of `mkfs.f2fs` are read is tested with `mkfs.f2fs`.
"""
import pathlib
import struct
import zlib

HERE = pathlib.Path(__file__).parent
BLOCK = 4096
MAGIC = 0xF2F52010
CHECKPOINT, PACK, NAT, MAIN = 2, 8, 10, 11
DIR, FILE, LINK, FIFO = 0o40755, 0o100644, 0o120777, 0o010644
ENCRYPT, EXTRA_ATTR, INODE_CHKSUM, SB_CHKSUM, COMPRESSION = 0x1, 0x8, 0x20, 0x800, 0x2000


def crc32(seed, data):
    """As the kernel's: `zlib` inverts before and after."""
    return zlib.crc32(data, seed ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def put(block, at, form, *values):
    struct.pack_into("<" + form, block, at, *values)


class Image:
    def __init__(self, features):
        self.features = features
        self.uuid = bytes(range(16))
        self.blocks = []  # of the main area
        self.nat = {}  # nid -> (ino, address)
        self.journal = {}

    def data(self, content):
        """Adds a block, returns its address."""
        self.blocks.append(bytearray(content.ljust(BLOCK, b"\0")))
        return MAIN + len(self.blocks) - 1

    def node(self, nid, ino, block):
        put(block, 4072, "IIIQI", nid, ino, 0, 1, 0)
        (self.journal if nid in JOURNAL else self.nat)[nid] = (ino, self.data(bytes(block)))

    def inode(self, nid, mode, size, addresses=(), nids=(), inline=b"", flags=0, advise=0, compress=None, kind=0):
        block = bytearray(BLOCK)
        put(block, 0, "HBBIIIQQ", mode, advise, 0x20 | kind, 0, 0, 1, size, 1)
        put(block, 80, "I", flags)
        put(block, 360, "HH", 36, 0)
        if compress:
            put(block, 392, "BB", *compress)
        for n, address in enumerate(addresses):
            put(block, 360 + 36 + 4 * n, "I", address)
        at = 360 + 36 + 4
        block[at:at + len(inline)] = inline or block[at:at]
        for n, more in enumerate(nids):
            put(block, 4052 + 4 * n, "I", more)
        put(block, 4072, "IIIQI", nid, nid, 0, 1, 0)
        if self.features & INODE_CHKSUM:
            crc = crc32(0xFFFFFFFF, self.uuid)
            for part in (struct.pack("<I", nid), block[68:72], bytes(block[:368]), bytes(4), bytes(block[372:])):
                crc = crc32(crc, bytes(part))
            put(block, 368, "I", crc)
        self.node(nid, nid, block)

    def write(self, path):
        top = bytearray(MAIN * BLOCK)
        superblock = bytearray(3072)
        put(superblock, 0, "IHHIIIIIIIQ", MAGIC, 1, 15, 9, 3, 12, 9, 1, 1, 3068, MAIN + 512)
        put(superblock, 44, "IIIIIII", 1, 5, 1, 0, 2, 0, 1)
        put(superblock, 72, "IIIIIIIII", CHECKPOINT, CHECKPOINT, CHECKPOINT, NAT, NAT, MAIN, 3, 1, 2)
        superblock[108:124] = self.uuid
        put(superblock, 2180, "I", self.features)
        if self.features & SB_CHKSUM:
            put(superblock, 3068, "I", crc32(MAGIC, bytes(superblock[:3068])))
        for at in (1024, BLOCK + 1024):
            top[at:at + 3072] = superblock
        checkpoint = bytearray(BLOCK)
        put(checkpoint, 0, "QQQ", 7, 512, len(self.blocks))
        put(checkpoint, 132, "IIIIIIIII", 0x1, PACK, 1, 0, 0, 0, 64, 64, BLOCK - 4)
        put(checkpoint, BLOCK - 4, "I", crc32(MAGIC, bytes(checkpoint[:-4])))
        for block in (CHECKPOINT, CHECKPOINT + PACK - 1):
            top[block * BLOCK:(block + 1) * BLOCK] = checkpoint
        at = (CHECKPOINT + 1) * BLOCK + 7 * 512
        put(top, at, "H", len(self.journal))
        for n, (nid, (ino, address)) in enumerate(self.journal.items()):
            put(top, at + 2 + 13 * n, "IBII", nid, 0, ino, address)
        for nid, (ino, address) in self.nat.items():
            put(top, NAT * BLOCK + 9 * nid, "BII", 0, ino, address)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(top) + b"".join(self.blocks))


def dentries(size, entries):
    """A directory block, or the area for entries in an inode."""
    count = size * 8 // (19 * 8 + 1)
    area = bytearray(size)
    names = size - 8 * count
    table = names - 11 * count
    slot = 0
    for name, ino, kind in entries:
        put(area, table + 11 * slot, "IIHB", 0, ino, len(name), kind)
        area[names + 8 * slot:names + 8 * slot + len(name)] = name
        for _ in range((len(name) + 7) // 8):
            area[slot // 8] |= 1 << slot % 8
            slot += 1
    return bytes(area)


def lz4(unit, size):
    """An LZ4 block that decodes to `unit` (of 32 bytes), over and over."""
    assert len(unit) == 32
    match = size - 32 - 12 - 4 - 15
    tail = (unit * 2)[(size - 12) % 32:][:12]
    return b"\xff" + bytes([17]) + unit + struct.pack("<H", 32) + b"\xff" * (match // 255) + bytes([match % 255, 12 << 4]) + tail


def cluster(data):
    return struct.pack("<II", len(data), 0) + bytes(16) + data


JOURNAL = {12}
LINE = b"ro.acme.line=0123456789abcdefgh\n"


def image(features):
    fs = Image(features)
    entries = [(b".", 3, 2), (b"..", 3, 2), (b"build.prop", 4, 1), (b"text.txt", 5, 1), (b"sparse.bin", 6, 1),
               (b"packed.txt", 7, 1), (b"link", 8, 7), (b"fifo", 9, 5), (b"secret", 10, 1), (b"sub", 11, 2),
               (b"rle.txt", 13, 1), (b"a longer name for build.prop", 4, 1)]
    fs.inode(3, DIR, BLOCK, [fs.data(dentries(BLOCK, entries))])
    fs.inode(4, FILE, 32, inline=LINE, kind=0x2)
    text = [fs.data(bytes([65 + n]) * BLOCK) for n in range(3)]
    fs.inode(5, FILE, 4 * BLOCK + 100, [text[0], text[1], 0, 0xFFFFFFFF, text[2]])
    direct = bytearray(BLOCK)
    put(direct, 4, "I", fs.data(b"behind a hole"))
    fs.node(14, 6, direct)
    fs.inode(6, FILE, 915 * BLOCK + 13, nids=[14])
    packed = fs.data(cluster(lz4(LINE, 4 * BLOCK)))
    plain = fs.data(b"plain")
    fs.inode(7, FILE, 4 * BLOCK + 5, [0xFFFFFFFE, packed, 0, 0, plain], flags=4, compress=(1, 2))
    fs.inode(8, LINK, 15, inline=b"sub/../text.txt", kind=0x2)
    fs.inode(9, FIFO, 0)
    fs.inode(10, FILE, 77, [fs.data(b"?" * 77)], advise=4)
    area = 4 * (923 - 9 - 50 - 1)
    fs.inode(11, DIR, area, inline=dentries(area, [(b".", 11, 2), (b"..", 3, 2), (b"deep.txt", 12, 1)]), kind=0x4)
    fs.inode(12, FILE, 5, [fs.data(b"deep\n")])
    fs.inode(13, FILE, 4 * BLOCK, [0xFFFFFFFE, packed, 0, 0], flags=4, compress=(3, 2))
    return fs


if __name__ == "__main__":
    image(ENCRYPT | EXTRA_ATTR | COMPRESSION | INODE_CHKSUM | SB_CHKSUM).write(HERE / "f2fs/checked/in.bin")
    image(ENCRYPT | EXTRA_ATTR | COMPRESSION).write(HERE / "f2fs/plain/in.bin")
