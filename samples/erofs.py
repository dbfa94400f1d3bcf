"""Writes samples/erofs/*/in.bin: one tree in the layouts of erofs.

Needs mkfs.erofs of erofs-utils 1.9.4 with lz4, lzma and zstd: `MKFS=… python3 samples/erofs.py`.
"""
import os
import pathlib
import subprocess
import tempfile

HERE = pathlib.Path(__file__).parent / "erofs"
CASES = {
    "plain": [],
    "chunks": ["--chunksize=512"],
    "lz4": ["-zlz4hc"],
    "full": ["-zlz4hc", "-C2048", "-Elegacy-compress"],
    "dedupe": ["-zlz4hc", "-C2048", "-Eztailpacking,fragments,dedupe"],
    "fragments": ["-zlzma", "-C4096", "-Eall-fragments"],
    "metabox": ["-zzstd", "-C2048", "-E48bit", "-m512:lz4", "--zD=1"],
}


def tree(root):
    lines = "".join(f"line {n} https://example.com/{n * n % 97}\n" for n in range(300)).encode()
    noise, state = bytearray(), 1
    for _ in range(700):
        state = (state * 1664525 + 1013904223) % 2**32
        noise.append(state >> 24)
    files = {
        "hello.txt": b"hello\n",
        "empty.txt": b"",
        "text/lines.txt": lines,
        "text/more/end.txt": lines[-777:],
        "text/copy.txt": lines[:5000] + b"other\n" + lines[5000:8000],
        "noise.txt": bytes(noise),
    }
    for number in range(6):
        files[f"text/part{number}.txt"] = lines[number * 40 :][: 30 + number * 100]
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    with open(root / "holes.txt", "wb") as holes:
        holes.seek(2000)
        holes.write(b"a")
        holes.truncate(5000)
    os.symlink("text/lines.txt", root / "link")
    os.link(root / "hello.txt", root / "text/hello.txt")


def main():
    mkfs = os.environ.get("MKFS", "mkfs.erofs")
    with tempfile.TemporaryDirectory() as temp:
        root = pathlib.Path(temp) / "root"
        root.mkdir()
        tree(root)
        for case, options in CASES.items():
            folder = HERE / case
            folder.mkdir(parents=True, exist_ok=True)
            image = folder / "in.bin"
            image.unlink(missing_ok=True)
            fixed = ["-T0", "--all-root", "-U", "5b2c3d4e-0000-4000-8000-000000000000"]
            command = [mkfs, "--quiet", "-b512", *fixed, *options, str(image), str(root)]
            subprocess.run(command, check=True)
            print(case, image.stat().st_size)
    cut = HERE / "cut"
    cut.mkdir(exist_ok=True)
    data = (HERE / "lz4/in.bin").read_bytes()
    (cut / "in.bin").write_bytes(data[: len(data) * 3 // 5])


main()
