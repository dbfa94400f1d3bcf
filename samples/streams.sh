#!/bin/sh
# Writes the inputs of the compressed streams under samples/, with xz 5.4, lz4 1.9, zstd 1.5, bzip2 1.0 and
# brotli 1.0. All but the last case of xz hold the same text, so that tests need not know more.
set -e
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
text="$work/text"
i=0
while [ $i -lt 200 ]; do
    echo "line $i of https://example.com/$((i * 7919 % 1000))"
    i=$((i + 1))
done >"$text"
head -c 3000 "$text" >"$work/a"
tail -c +3001 "$text" >"$work/b"
how() {
    mkdir -p "$1"
    printf '%s\n\nWritten by `samples/streams.sh`.\n' "$2" >"$1/HOW.md"
}

how xz/blocks "Four blocks, padding, and a second stream with another kind of check."
{
    xz -c --block-size=1000 "$work/a"
    printf '\0\0\0\0'
    xz -c --check=sha256 "$work/b"
} >xz/blocks/in.bin

how xz/arm64 "A stream with the filter for ARM64 before LZMA2: calls of one function from many places."
i=0
while [ $i -lt 600 ]; do
    # bl: 0x94000000 and the distance in words
    printf '\\%03o\\%03o\\%03o\\%03o' $(((4096 - i) % 256)) $(((4096 - i) / 256 % 256)) 0 148
    i=$((i + 1))
done >"$work/code.txt"
# shellcheck disable=SC2059
printf "$(cat "$work/code.txt")" >"$work/code"
xz -c --check=crc32 --arm64 --lzma2 "$work/code" >xz/arm64/in.bin

how lzma/alone "A stream without a container, of unknown size, with an end mark."
xz -c --format=lzma "$text" >lzma/alone/in.bin

how bzip2/streams "Two streams, and zeros behind them."
{
    bzip2 -c "$work/a"
    bzip2 -c "$work/b"
    head -c 100 /dev/zero
} >bzip2/streams/in.bin

how zstd/frames "A frame that is to be skipped, as \`pzstd\` writes it, and two with size and checksum."
{
    printf '\050\265\057\375\044\000\001\000\000\231\351\330\121'
    printf '\120\052\115\030\004\000\000\000pack'
    zstd -q -c --check "$work/a"
    zstd -q -c --check --content-size "$work/b"
} >zstd/frames/in.bin

how lz4/frames "A frame of independent blocks, a skippable one, one of linked blocks with sums, and a legacy one."
head -c 1000 "$work/b" >"$work/b1"
tail -c +1001 "$work/b" >"$work/b2"
{
    lz4 -q -c --content-size "$work/a"
    printf '\127\052\115\030\003\000\000\000abc'
    lz4 -q -c -BD -BX -B4 "$work/b1"
    lz4 -q -c -l "$work/b2"
} >lz4/frames/in.bin

how lz4/cut "The end mark is missing."
lz4 -q -c "$text" | head -c -8 >lz4/cut/in.bin

how brotli/text "A stream, known by its ending alone; one with a window that is not of the RFC; text that is no stream."
mkdir -p brotli/text/in
brotli -c "$text" >brotli/text/in/text.txt.br
brotli -c --large_window=27 "$text" >brotli/text/in/large.txt.br
printf 'not a stream' >brotli/text/in/notes.br

how gzip/members "Two members, and bytes behind them that are no member."
{
    gzip -n -c "$work/a"
    gzip -n -c "$work/b"
    printf 'trailing'
} >gzip/members/in.bin
