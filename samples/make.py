#!/usr/bin/env python3
"""Writes the inputs of samples/<format>/<case>/, the same bytes each time. Python 3.11, no packages.

    python3 samples/make.py            # then: BLESS=1 cargo test --test all formats::, and read the diff
"""
import bz2
import gzip
import hashlib
import io
import lzma
import pathlib
import struct
import tarfile
import zipfile

HERE = pathlib.Path(__file__).parent
DEX = b"dex\n035\0" + bytes(104)
AXML = b"\x03\0\x08\0" + struct.pack("<I", 8)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)


def zipped(entries, comment=b""):
    """entries: (name, data) or (name, data, method)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data, *method in entries:
            info = zipfile.ZipInfo(name, (2014, 6, 1, 0, 0, 0))
            info.compress_type = method[0] if method else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
        archive.comment = comment
    return out.getvalue()


def apk(*more):
    return zipped([("AndroidManifest.xml", AXML), ("classes.dex", DEX), *more])


def central(data, name):
    """Offset of the directory record of `name`."""
    at = -1
    while True:
        at = data.index(b"PK\1\2", at + 1)
        length = struct.unpack_from("<H", data, at + 28)[0]
        if data[at + 46 : at + 46 + length] == name.encode():
            return at


def patched(data, at, fmt, value):
    data = bytearray(data)
    struct.pack_into(fmt, data, at, value)
    return bytes(data)


def tarred(entries):
    """entries: (name, data) or (name, target, tarfile type)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data, *kind in entries:
            info = tarfile.TarInfo(name)
            if kind:
                info.type, info.linkname = kind[0], data
                archive.addfile(info)
            else:
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


SCRIPT = b"""package_extract_dir("system", "/system");
symlink("toolbox", "/system/bin/cat", "/system/bin/ls");
set_perm(0, 0, 0644, "/system/build.prop");
"""


def rom():
    return zipped([
        ("META-INF/com/google/android/updater-script", SCRIPT),
        ("system/app/Notes.apk", apk()),
        ("system/app/Notes.odex", b"dey\n036\0" + bytes(32)),
        ("system/framework/core.jar", zipped([("classes.dex", DEX)])),
        ("system/bin/toolbox", b"\x7fELF" + bytes(60)),
        ("system/lib/libnotes.so", b"\x7fELF" + bytes(60)),
        ("system/media/ring.ogg", b"OggS" + bytes(60)),
        ("system/build.prop", b"ro.build.id=SAMPLE\n"),
        ("system/etc/hosts", b"127.0.0.1 localhost\n"),
    ])


def nested():
    inner = zipped([("classes.dex", DEX), ("deep.zip", zipped([("a.txt", b"a")]))])
    return apk(
        ("assets/plugin.jar", inner),
        ("assets/same.bin", inner, zipfile.ZIP_STORED),
        ("assets/log.txt.gz", gzip.compress(b"log\n", mtime=0)),
        ("res/drawable/icon.png", PNG, zipfile.ZIP_STORED),
        ("assets/not.png", b"https://example.com/", zipfile.ZIP_STORED),
        ("classes2.dex", DEX),
        ("classes10.dex", DEX),
    )


def odd():
    data = apk(("../../outside", b"x"), ("res/a.bin", b"plain", zipfile.ZIP_STORED))
    data = patched(data, central(data, "AndroidManifest.xml") + 8, "<H", 1)
    return patched(data, central(data, "res/a.bin") + 10, "<H", 99)


def refused():
    import warnings

    warnings.simplefilter("ignore")
    data = apk(("classes.dex", DEX[::-1]))
    return b"MZ in front" + data + b"behind"


BLOCK = 4096


def field(number, value):
    """A field of Protocol Buffers: an integer or bytes."""

    def varint(n):
        out = bytearray()
        while n > 0x7F:
            out.append(n & 0x7F | 0x80)
            n >>= 7
        return bytes(out) + bytes([n])

    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def payload(*partitions, cut=0, old=None):
    """partitions: (name, image, operations); an operation: (type, data, extents to write, extents to read)."""
    data, manifest = b"", field(3, BLOCK) + field(12, 0 if old is None else 6)
    for name, image, operations in partitions:
        info = field(1, len(image)) + field(2, hashlib.sha256(image).digest())
        partition = field(1, name.encode()) + field(7, info)
        if old is not None:
            partition += field(6, field(1, len(old)) + field(2, hashlib.sha256(old).digest()))
        for kind, raw, write, *read in operations:
            op = field(1, kind)
            if raw:
                op += field(2, len(data)) + field(3, len(raw)) + field(8, hashlib.sha256(raw).digest())
                data += raw
            for number, extents in ((6, write), (4, sum(read, []))):
                for start, count in extents:
                    op += field(number, field(1, start) + field(2, count))
            if read:
                source = b"".join(old[s * BLOCK : (s + n) * BLOCK] for s, n in read[0])
                op += field(9, hashlib.sha256(source).digest())
            partition += field(8, op)
        manifest += field(13, partition)
    head = b"CrAU" + struct.pack(">QQI", 2, len(manifest), 0)
    return (head + manifest + data)[: -cut or None]


def image(*files):
    """A partition's image; tar stands for the file system."""
    data = tarred([("build.prop", b"ro.build.id=SAMPLE\n"), *files])
    return data + bytes(-len(data) % BLOCK)


def block(data, start, count=1):
    return data[start * BLOCK : (start + count) * BLOCK]


def xz(data):
    return lzma.compress(data, check=lzma.CHECK_CRC32)


def full(cut=0):
    system, vendor = image(("app/Notes.apk", apk())), image(("etc/hosts", b"127.0.0.1 localhost\n"))
    return payload(
        ("system", system, [(8, xz(block(system, 1) + block(system, 0)), [(1, 1), (0, 1)]), (6, b"", [(2, 1)])]),
        ("vendor", vendor, [(1, bz2.compress(block(vendor, 0, 2)), [(0, 2)]), (7, b"", [(2, 1)])]),
        ("odm", system, [(0, system, [(0, 3)])]),
        cut=cut,
    )


def delta():
    old, new = image(("etc/a.conf", b"old\n")), image(("etc/a.conf", b"new\n"), ("etc/b.conf", b"new\n"))
    return payload(
        ("system", new, [(4, b"", [(1, 2)], [(1, 2)]), (8, xz(block(new, 0)), [(0, 1)])]),
        ("vendor", new, [(8, xz(new), [(0, 3)])]),
        old=old,
    )


def payload_odd():
    system = image()
    return payload(
        ("../../outside", system, [(0, system, [(0, 3)])]),
        ("system", system, [(0, bytes(BLOCK), [(0, 1)]), (0, system, [(0, 3)]), (6, b"", [(3, 1)])]),
        ("system", system, [(8, xz(block(system, 0)), [(0, 1)]), (77, b"x", [(1, 1)])]),
    )


def tarred_blocks(*entries):
    """A tar of whole blocks, and how many."""
    data = tarred(entries)
    data += bytes(-len(data) % BLOCK)
    return data, len(data) // BLOCK


def ota_full():
    """Block-based OTA: deflated, packed in parts, cut before it was packed, and one that is not there."""
    system, blocks = tarred_blocks(("app/Notes.apk", apk()), ("build.prop", b"ro.build.id=SAMPLE\n"))
    vendor, more = tarred_blocks(("etc/init/a.rc", b"service a /vendor/bin/a\n"))
    odm, last = tarred_blocks(("etc/a.txt", b"a\n" * 2500))
    lists = {
        "system": f"3\n{blocks}\n0\n0\nerase 2,{blocks},{blocks + 9}\nnew 2,0,{blocks}\n",
        # The last block first: new data comes in the order of the commands.
        "vendor": f"4\n{more}\n0\n0\nnew 2,{more - 1},{more}\nnew 2,0,{more - 1}\n",
        "odm": f"1\n{last}\nnew 2,0,{last}\n",
    }
    packed = gzip.compress(vendor[-4096:] + vendor[:-4096], mtime=0)
    ops = "remove_all_groups\nadd_group main 99999\nadd product main\nresize product 8192\nresize system 65536\n"
    return zipped([
        *((f"{name}.transfer.list", text.encode()) for name, text in lists.items()),
        ("system.new.dat", system),
        ("system.patch.dat", b"", zipfile.ZIP_STORED),
        ("vendor.new.dat.gz.0", packed[:99], zipfile.ZIP_STORED),
        ("vendor.new.dat.gz.1", packed[99:], zipfile.ZIP_STORED),
        ("odm.new.dat.1.gz", gzip.compress(odm[:5000], mtime=0), zipfile.ZIP_STORED),
        ("odm.new.dat.2.gz", gzip.compress(odm[5000:], mtime=0), zipfile.ZIP_STORED),
        ("dynamic_partitions_op_list", ops.encode()),
    ])


def ota_changes():
    system, blocks = tarred_blocks(("build.prop", b"ro.build.id=SAMPLE\n"))
    text = (
        f"3\n{blocks + 2}\n1\n1\nstash 00 2,1,2\nmove 00 2,{blocks},{blocks + 1} 1 2,1,2\nnew 2,0,{blocks}\n"
        f"bsdiff 0 7 00 00 2,{blocks + 4},{blocks + 5} 1 - 00:2,0,1\nfree 00\n"
    )
    return zipped([
        ("system.transfer.list", text.encode()),
        ("system.new.dat", system),
        ("system.patch.dat", b"BSDIFF4", zipfile.ZIP_STORED),
    ])


def ota_parts():
    """Images that were cut, one of them with a part missing, and an archive."""
    system, _ = tarred_blocks(("app/Notes.apk", apk()), ("build.prop", b"ro.build.id=SAMPLE\n"))
    whole = zipped([("vendor/etc/init/a.rc", b"service a /vendor/bin/a\n")])
    return tarred([
        ("images/system.img.10", system[5000:]),
        ("images/system.img.9", system[4000:5000]),
        *((f"images/system.img.{n}", system[n * 500 : n * 500 + 500]) for n in range(8)),
        ("images/system.img.8", b""),
        ("images/odm.img.0", system[:6000]),
        ("images/odm.img.2", system[8000:]),
        ("vendor.zip.001", whole[:100]),
        ("vendor.zip.002", whole[100:]),
    ])


CASES = {
    "block-ota/full": (
        "Three partitions: deflated; packed, then cut; cut, then packed. One more is said to be there.",
        ota_full(),
    ),
    "block-ota/changes": ("Changes of a build that is not there, and one file that is new.", ota_changes()),
    "block-ota/cut": ("New data that ends early.", zipped([
        ("system.transfer.list", b"1\n4\nnew 2,0,4\n"),
        ("system.new.dat", tarred_blocks(("build.prop", b"ro.build.id=SAMPLE\n"))[0][:6000]),
    ])),
    "block-ota/parts": ("Images and an archive that were cut into numbered parts.", ota_parts()),
    "zip/rom": ("A ROM of the file-based kind: partition, links, odex, media.", rom()),
    "zip/nested": ("An APK with packages in it: by name, by content, twice the same, compressed.", nested()),
    "zip/odd": ("Loads on Android: a false encryption flag, an unknown method, a name that leads out.", odd()),
    "zip/refused": ("Android refuses it: bytes in front and behind, a name twice. Salvaged.", refused()),
    "zip/cut": ("The first 60 % of the ROM: local headers only.", rom()[: len(rom()) * 6 // 10]),
    "tar/links": (
        "Files, a link, a device, a name that leads out, a name over 100 bytes.",
        tarred([
            ("system/app/Notes.apk", apk()),
            ("system/etc/link", "../app/Notes.apk", tarfile.SYMTYPE),
            ("dev/null", "", tarfile.CHRTYPE),
            ("../outside.txt", b"x"),
            ("long/" * 30 + "name.txt", b"y"),
        ]),
    ),
    "tar/cut": ("The last member is cut.", tarred([("a.txt", b"a" * 600), ("b.txt", b"b" * 600)])[:2248]),
    "gzip/tgz": ("A tar in gzip.", gzip.compress(tarred([("system/app/Notes.apk", apk())]), mtime=0)),
    "gzip/cut": ("A stream that ends early.", gzip.compress(bytes(range(256)) * 4, mtime=0)[:-40]),
    "payload/full": ("Three partitions: xz with two extents, bzip2, plain, zeros; tar instead of file systems.", full()),
    "payload/cut": ("The same, cut within the data of the last partition.", full(cut=5000)),
    "payload/delta": ("One partition made of old blocks, which are not there, and new ones; one all new.", delta()),
    "payload/odd": ("A name that leads out, a name twice, blocks written twice, outside, never, by what is unknown.", payload_odd()),
}

# Bytes in front of an archive hide it, unless its name tells.
NAMES = {"zip/refused": "in.apk"}

FOLDER = {
    "system/app/Notes/Notes.apk": apk(),
    "system/app/Notes/oat/arm64/Notes.odex": b"\x7fELF" + bytes(60),
    "system/build.prop": b"ro.build.id=SAMPLE\n",
    "vendor/etc/init/a.rc": b"service a /vendor/bin/a\n",
    "vendor/lib64/liba.so": b"\x7fELF" + bytes(60),
}


def main():
    for case, (what, data) in CASES.items():
        folder = HERE / case
        folder.mkdir(parents=True, exist_ok=True)
        (folder / NAMES.get(case, "in.bin")).write_bytes(data)
        (folder / "HOW.md").write_text(f"{what}\n\nWritten by `samples/make.py` (Python 3.11, zipfile, tarfile, gzip).\n")
    folder = HERE / "folder/dump"
    for name, data in FOLDER.items():
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "HOW.md").write_text("A dump of two partitions.\n\nWritten by `samples/make.py` (Python 3.11, zipfile).\n")


if __name__ == "__main__":
    main()
