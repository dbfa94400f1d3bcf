#!/bin/sh
# Writes the inputs of samples/ext4/<case>/, the same bytes each time but for the order of names in
# directories, which is that of the temporary folder. e2fsprogs 1.47.0, Python 3.11.
#
#     samples/ext4.sh            # then: BLESS=1 cargo test --test all formats::, and read the diff
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export E2FSPROGS_FAKE_TIME=1577836800 TZ=UTC

mkdir -p "$work/tree/app/Notes" "$work/tree/bin" "$work/tree/etc/init"
cd "$work/tree"
python3 - "$here" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import make
open("app/Notes/Notes.apk", "wb").write(make.apk())
open("bin/toolbox", "wb").write(b"\x7fELF" + bytes(3000) + b"https://example.com/toolbox")
holes = open("etc/holes.bin", "wb")
for block in range(0, 12, 2):
    holes.seek(block * 1024)
    holes.write(b"block %d\n" % block)
PY
printf 'ro.build.id=SAMPLE\n' >build.prop
printf 'service a /system/bin/toolbox\n' >etc/init/a.rc
ln bin/toolbox bin/ls
ln -s toolbox bin/cat
ln -s /system/etc/a/path/that/is/longer/than/sixty/bytes/so/that/it/needs/a/block etc/long

image() { # case, what it is, options of mke2fs
    case=$1 what=$2
    shift 2
    mkdir -p "$here/ext4/$case"
    rm -f "$work/image"
    truncate -s 96k "$work/image"
    mke2fs -q -F -d "$work/tree" -b 1024 -N 32 -m 0 -U 00000000-0000-4000-8000-000000000001 \
        -E hash_seed=00000000-0000-4000-8000-000000000002,root_owner=0:0 "$@" "$work/image"
    # A file's change time cannot be set in the tree.
    for inode in $(seq 11 31); do
        for field in ctime atime mtime crtime; do
            echo "set_inode_field <$inode> $field 0"
            echo "set_inode_field <$inode> ${field}_extra 0"
        done
    done | debugfs -w -f - "$work/image" >/dev/null 2>&1
    mv "$work/image" "$here/ext4/$case/in.bin"
    printf '%s\n\nWritten by `samples/ext4.sh` (mke2fs 1.47.0, %s).\n' "$what" "$*" >"$here/ext4/$case/HOW.md"
}

image ext4 "A system partition: extents, holes, a hard link, links in the inode and in a block." \
    -t ext4 -O ^has_journal,^resize_inode,^metadata_csum,^64bit
image inline "The same with small files and directories in their inodes, and with checksums." \
    -t ext4 -O ^has_journal,^resize_inode,inline_data,metadata_csum_seed
image ext2 "The same with lists of blocks." -t ext2 -O ^resize_inode

mkdir -p "$here/ext4/cut"
head -c 42000 "$here/ext4/ext4/in.bin" >"$here/ext4/cut/in.bin"
printf 'The first of them, cut.\n\nWritten by `samples/ext4.sh` (mke2fs 1.47.0).\n' >"$here/ext4/cut/HOW.md"
