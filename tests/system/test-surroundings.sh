#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a program is started with and what becomes of it: standard streams that are closed, readers
# that go away, signals, names that are no text. Nothing may be damaged, nothing left behind.
# needs no root
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

build=$(realpath -- "${BUILD:-build}") || exit 1
sendprof=$(realpath -- "${SENDPROF:-$build/sendprof}") || exit 1

scratch=$(mktemp -d /tmp/sendprof-surroundings.XXXXXX) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
printed=$scratch/printed complained=$scratch/complained
export TMPDIR=$scratch/temporary
mkdir "$TMPDIR" "$scratch/bin" || exit 1

if ! command -v zstd >/dev/null; then
	skip 'surroundings' 'needs zstd'
	finish
fi
zstd -q -d --sparse tests/golden/recordings/image.zst -o "$scratch/image" || exit 1
stream=$scratch/stream result=$scratch/out/result.json

run_it()
{
	"$sendprof" "$@"
}

send()
{
	run_it send "$@" --image "$scratch/image" s0
}

nothing_left()
{
	[ -z "$(find "$TMPDIR" -mindepth 1 -print -quit)" ]
}

# What gnuplot does is up to the test; its parent is sendprof.
gnuplot_does()
{
	printf '#!/bin/sh\n%s\n' "$1" >"$scratch/bin/gnuplot"
	chmod +x "$scratch/bin/gnuplot"
}

page()
{
	PATH=$scratch/bin:$PATH "$sendprof" report --html "$scratch/page.html" "$result"
}

check 'a stream is sent' send -f "$stream"
expect 0 'it is the engine'\''s own' '' run --quiet --repeat 1 --out "$scratch/out" \
	--image "$scratch/image" --snap s0 --kernel-stream "$stream"

# ---- standard streams ----

send --stats -f "$scratch/again" 0<&- 2>&-
check 'what is said on a closed stream does not go into a file' cmp "$stream" "$scratch/again"
run_it stream stat "$stream" >&- 2>"$complained"
check 'a closed standard output is a failure' [ $? = 3 ]
run_it stream stat "$stream" 2>"$complained" >/dev/full
check 'and so is a full one' [ $? = 3 ]
check 'which says why' grep -q 'cannot write standard output: No space left on device$' "$complained"

run_it report --html - "$result" | head -c 10 >/dev/null
check 'a reader who goes away leaves no temporary files' nothing_left
check 'a result is read from a pipe' run_it report <(cat "$result")

# ---- signals ----

# shellcheck disable=SC2016 # the parent of gnuplot
gnuplot_does 'sleep 0.5; kill -INT $PPID; exec sleep 30'
SECONDS=0
page 2>/dev/null
check 'a page is interrupted' [ $? = 130 ]
check 'also while gnuplot hangs' [ "$SECONDS" -lt 20 ]
check 'and leaves no temporary files' nothing_left
# shellcheck disable=SC2016
gnuplot_does 'kill -HUP $PPID; exec cat'
(trap '' HUP && page 2>/dev/null)
check 'nohup is respected' [ $? = 0 ]
page 2>/dev/null
check 'without it the end of the terminal is the end' [ $? = 129 ]

# ---- names ----

odd=$scratch/$'\377\n.stream'
cp "$stream" "$odd"
expect 0 'a name that is no text can be in JSON' '^  "equal": true,$' stream diff --json "$odd" "$stream"
expect 3 'a folder without a name is refused' 'No such file' \
	run --quiet --repeat 1 --out '' --image "$scratch/image" --snap s0 --kernel-stream "$stream"

finish
