#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guards what a result says about data that was written although it is shared: for each reason a small
# filesystem whose answer is known in bytes. Every byte of the stream's data stands in one class, and
# the classes add up to what "stream stat" counts. Needs root, loop devices, a kernel with btrfs and
# python3.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

build=${BUILD:-build}
top=$PWD
sendprof=$(realpath -- "${SENDPROF:-$build/sendprof}") || exit 1
tools=$(realpath -- "${TOOLS:-$build/tests/system}") || exit 1

if [ "$(id -u)" != 0 ]; then
	skip "clone loss" "needs root"
	finish
fi
if ! command -v python3 >/dev/null; then
	skip "clone loss" "no python3"
	finish
fi

scratch=$(mktemp -d /tmp/sendprof-loss.XXXXXX) || exit 1
mnt=$scratch/mnt
mkdir "$mnt"

clean_up()
{
	cd /
	mountpoint -q "$mnt" && { umount "$mnt" || umount -l "$mnt"; }
	rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fsop()
{
	"$tools/fsop" "$@" || fail "fsop $*" "cannot build the filesystem"
}

# filesystem [MOUNT OPTION]: an empty one, and a subvolume "live" to work in
filesystem()
{
	cd / || exit
	! mountpoint -q "$mnt" || umount "$mnt" || exit
	rm -f "$scratch/fs.img"
	truncate -s 1G "$scratch/fs.img"
	if ! mkfs.btrfs -q -K "$scratch/fs.img" >"$scratch/log" 2>&1 ||
		! mount -o "loop,noatime${1:+,$1}" "$scratch/fs.img" "$mnt"; then
		fail "a filesystem can be made" "$(cat "$scratch/log")"
		finish
	fi
	btrfs -q subvolume create "$mnt/live" >/dev/null
	cd "$mnt/live" || exit
}

snapshot() # NAME [SOURCE]
{
	btrfs -q subvolume snapshot -r "$mnt/${2:-live}" "$mnt/$1" >/dev/null
}

# What the classes have to be: those not named are 0.
as_expected()
{
	"$sendprof" stream stat --json "$scratch/report/engine.stream" >"$scratch/stat.json" || return
	"$sendprof" stream dump --json "$scratch/report/engine.stream" >"$scratch/dump.json" || return
	python3 - "$scratch" "$@" <<-'END'
		import json, sys
		scratch, *words = sys.argv[1:]
		loss = json.load(open(scratch + "/report/result.json"))["clone_loss"]
		stat = json.load(open(scratch + "/stat.json"))
		named = 0
		for line in open(scratch + "/dump.json"):
		    command = json.loads(line)
		    if command["command"] == "UPDATE_EXTENT":
		        named += command["attributes"]["size"]
		expected = dict.fromkeys(loss["written"], 0)
		expected["cloned"] = 0
		for word in words:
		    name, value = word.split("=")
		    if name not in expected:
		        sys.exit("no class is called " + name)
		    expected[name] = eval(value, {"K": 1024, "M": 1024 * 1024})
		have = dict(loss["written"], cloned=loss["cloned_bytes"])
		bad = ["%s: have %d expect %d" % (name, have[name], expected[name])
		       for name in expected if have[name] != expected[name]]
		written = sum(loss["written"].values())
		for what, is_so in (
		    ("written_bytes is their sum", loss["written_bytes"] == written),
		    ("the stream's WRITE, ENCODED_WRITE and UPDATE_EXTENT are the classes",
		     stat["written_bytes"] + named == written),
		    ("the stream's CLONE is what was cloned", stat["cloned_bytes"] == have["cloned"]),
		    ("lost_bytes is what is neither unshared nor a first copy",
		     loss["lost_bytes"] == sum(have[n] for n in have if n not in
		         ("unshared", "own_part", "inline", "hole", "first_copy", "cloned"))),
		    ("files have the lost bytes, as far as they are listed",
		     len(loss["files"]) == 20 or
		     sum(f["lost_bytes"] for f in loss["files"]) == loss["lost_bytes"]),
		    ("the reasons of a file are its lost bytes",
		     all(sum(f["reasons"].values()) == f["lost_bytes"] > 0 for f in loss["files"])),
		    ("files that lost more come first",
		     [f["lost_bytes"] for f in loss["files"]] ==
		     sorted((f["lost_bytes"] for f in loss["files"]), reverse=True)),
		):
		    if not is_so:
		        bad.append("wrong: " + what)
		sys.exit("\n".join(bad + [str(loss)]) if bad else 0)
	END
}

# losses NAME "CLASS=BYTES..." SNAPSHOT [RUN OPTION...]: as kernel 6.18 unless an option says otherwise.
# Kernels of other generations write other streams, which is not what is tested here.
losses()
{
	local name=$1 classes=$2 snapshot=$3 status

	shift 3
	(cd "$scratch" && exec "$sendprof" run --snap "$mnt/$snapshot" --repeat 1 --keep-streams \
		--quiet --out "$scratch/report" --generation 6.18 "$@") >"$scratch/log" 2>&1
	status=$?
	if [ "$status" -gt 1 ]; then
		fail "$name" "sendprof run: exit status $status
$(cat "$scratch/log")"
		return
	fi
	# Words: no class holds blanks.
	# shellcheck disable=SC2086
	check "$name" as_expected $classes
}

# files EXPRESSION: of Python, with the list of files as "f"
files()
{
	python3 -c 'import json, sys
f = json.load(open(sys.argv[1]))["clone_loss"]["files"]
sys.exit(0 if eval(sys.argv[2]) else "have %r" % f)' "$scratch/report/result.json" "$1"
}

# ---- not shared ----

filesystem
fsop write a 0 1M 1
fsop write small 0 100 2
snapshot one
losses "nothing is shared" "unshared=1*M inline=100" one
check "nothing is lost, so no file is listed" files "f == []"
losses "without file data the same bytes are named" "unshared=1*M inline=100" one --no-data
check "the JSON keys are explained" python3 - "$scratch/report/result.json" "$top/docs/result-json.md" <<-'END'
	import json, sys
	loss, text = json.load(open(sys.argv[1]))["clone_loss"], open(sys.argv[2]).read()
	missing = [k for k in [*loss, *loss["written"]] if "`%s`" % k not in text]
	sys.exit("not explained: " + ", ".join(missing) if missing else 0)
END

# In the changed file the parent's data went away: zeros with protocol 1, punched with 2. The small one
# gets a sector of its own.
fsop punch a 256K 100K
fsop write b 0 64K 3
fsop prealloc small 4K 60K
snapshot two
losses "an unchanged file costs nothing, a new hole is zeros, preallocated space too" \
	"unshared=68*K hole=160*K" two --parent "$mnt/one"
losses "with protocol 2 the hole is punched" \
	"unshared=68*K hole=60*K" two --parent "$mnt/one" --proto 2
losses "an empty send has no data" "" two --parent "$mnt/two" --no-data

# ---- the first copy, clones ----

filesystem
fsop write a 0 1M 1
fsop clone a 0 0 b 0
fsop clone a 0 0 c 0
snapshot one
fsop clone a 0 512K d 0
fsop write d 512K 64K 2
snapshot two
losses "the first copy, and two clones" "first_copy=1*M cloned=2*M" one
losses "a clone from the parent" "unshared=64*K cloned=512*K" two --parent "$mnt/one"

# ---- lost ----

filesystem
fsop write a 0 8K 1
"$tools/fsmake" reflinks . r 1 1025 a
btrfs -q property set -ts "$mnt/live" ro true
losses "over the limit of 1024 references" "over_limit=1025*8*K" live
check "20 files are listed, the first ones of equals" \
	files 'len(f) == 20 and f[0]["path"] == "a" and f[19]["path"] == "r00019" and f[5]["reasons"] == {"over_limit": 8192}'
losses "the limit of kernel 6.1 says so too" "over_limit=1025*8*K" live --generation 6.1

filesystem
fsop write a 0 8K 1
"$tools/fsmake" reflinks . r 1 65 a
btrfs -q property set -ts "$mnt/live" ro true
losses "65 references are cloned" "first_copy=8*K cloned=64*8*K" live
losses "but not by kernel 6.1" "over_limit=65*8*K" live --generation 6.1
losses "nor with that row turned" "over_limit=65*8*K" live --turn REFERENCES_1024
losses "by kernel 6.1 with it" "first_copy=8*K cloned=64*8*K" live --generation 6.1 --turn REFERENCES_1024

# The extents lie in a subvolume that is no clone source: an older snapshot could be one. When the
# second one is looked for, their leaf is known already.
filesystem
mkdir dir
fsop write dir/a 0 1M 1
fsop write dir/e 0 64K 2
snapshot older
btrfs -q subvolume create "$mnt/other" >/dev/null
fsop clone dir/a 0 0 "$mnt/other/b c" 0
fsop clone dir/e 0 0 "$mnt/other/b c" 1M
snapshot sent other
snapshot newer
losses "no clone source given" "no_clone_source=1088*K" sent
check "the file is named" files 'f == [{"path": "b c", "ino": 257, "lost_bytes": 1114112, "reasons": {"no_clone_source": 1114112}}]'
losses "kernel 6.1, which remembers no leaves, sees the same" "no_clone_source=1088*K" sent --generation 6.1
losses "given, it is cloned" "cloned=1088*K" sent --clone-src "$mnt/older"
losses "another one given instead" "cloned=1088*K" sent --clone-src "$mnt/newer"
btrfs -q subvolume delete -c "$mnt/older" >/dev/null
btrfs subvolume sync "$mnt" >/dev/null
losses "what only writable and newer subvolumes share is not shared" "unshared=1088*K" sent

# The same leaf is reached from an older snapshot that is not given, another one is.
filesystem
fsop write a 0 1M 1
snapshot older
snapshot sent
btrfs -q subvolume create "$mnt/other" >/dev/null
snapshot empty other
losses "an older snapshot of the same subvolume" "no_clone_source=1*M" sent --clone-src "$mnt/empty"

filesystem
fsop batch <<-END
	write t 0 128K 1
	clone t 0 64K f 0
	clone t 0 128K f 64K
	unlink t
END
snapshot one
losses "a source in the same file that does not count as sent" \
	"first_copy=64*K same_file=64*K own_part=64*K" one

# b has all of the extent but its first sector, and comes first.
filesystem
fsop batch <<-END
	write t 0 1M 1
	create b
	clone t 4K 1020K b 0
	clone t 0 0 c 0
	unlink t
END
snapshot one
losses "a source without the first byte" "first_copy=1020*K later_part=1020*K own_part=4*K" one
losses "without a cache of leaves nobody knows who that is" \
	"first_copy=1020*K unshared=1024*K" one --turn LEAF_ROOTS_CACHED

filesystem
fsop write a 0 130000 1
fsop clone a 0 0 b 0
snapshot one
losses "an unaligned end is cloned to an end of file" "first_copy=130000 cloned=130000" one
losses "but not by kernel 6.6" "first_copy=130000 unaligned_end=130000" one --generation 6.6
losses "nor with that row turned" "first_copy=130000 unaligned_end=130000" one --turn CLONE_UNALIGNED_EOF

filesystem
fsop write a 0 130000 1
fsop clone a 0 0 b 0
fsop truncate a 200000
snapshot one
losses "an unaligned end, and the source goes on with another sector" \
	"first_copy=124*K unshared=4*K unaligned_end=124*K own_part=3024" one

# The end of a file may lie inside a sector of the receiver, whose sectors may be 64K.
filesystem
fsop write a 0 1M 1
fsop clone a 0 0 b 0
fsop truncate a 300K
snapshot one
losses "the source ends before, not at a multiple of 64K" \
	"first_copy=300*K cloned=256*K unaligned_end=44*K own_part=724*K" one

filesystem
fsop batch <<-END
	write a 0 4096 1
	truncate b 8K
	clone a 0 4096 b 8K
	clone b 8K 4096 c 0
END
snapshot one
losses "one sector from offset 0" "first_copy=4096 first_sector=4096 cloned=4096" one

filesystem
fsop batch <<-END
	write x 0 256K 1
	clone x 0 0 y 0
	punch x 64K 64K
END
snapshot one
losses "what the source has no more is not shared" "first_copy=192*K cloned=192*K own_part=64*K" one

filesystem
fsop batch <<-END
	write x 0 256K 1
	clone x 0 0 y 0
	write x 64K 64K 2
	clone x 0 0 z 0
END
snapshot one
losses "nor where it was overwritten" "first_copy=256*K cloned=448*K own_part=64*K" one

# For w the largest source, s1, is chosen, which has 44K of it; s2 has 100K. What s1 has is found to be
# shared only when others are sent, since it begins before what they have.
chosen()
{
	filesystem
	fsop batch <<-END
		write t 0 1M 1
		clone t 416K 128K s1 0
		clone t 500K 100K s2 0
		clone t 500K 200K w 0
		unlink t
		${1-}
	END
	snapshot one
}
chosen
losses "the source that was chosen ends before another one" \
	"unshared=128*K first_copy=56*K cloned=88*K source_eof=56*K own_part=100*K" one
chosen "write s1 128K 128K 2"
losses "it goes on with another extent" \
	"unshared=256*K first_copy=56*K cloned=88*K source_differs=56*K own_part=100*K" one
chosen "write s1 256K 64K 2"
losses "it goes on with a hole" \
	"unshared=192*K first_copy=56*K cloned=88*K source_differs=56*K own_part=100*K" one

# Only the whole of a compressed extent is found, and only where the item shows the same part of it.
filesystem compress-force=zstd
fsop text a 0 128K 1
sync -f .
fsop clone a 0 0 b 0
fsop text a 0 4K 2
snapshot one
losses "compressed, another part at the source" \
	"first_copy=124*K unshared=4*K own_part=4*K compressed_position=120*K source_eof=4*K" one
check "two reasons of one file" \
	files 'f == [{"path": "b", "ino": 258, "lost_bytes": 124 * 1024, "reasons": {"compressed_position": 120 * 1024, "source_eof": 4096}}]'
"$sendprof" send --stats "$mnt/one" 2>"$scratch/log" >/dev/null
check "send --stats shows it" grep -q '^ *120 KiB  lost: compressed, and another part at the source$' "$scratch/log"
check "send --stats names the file" grep -q '^ *124 KiB  b$' "$scratch/log"
losses "the same with encoded writes" \
	"first_copy=124*K unshared=4*K own_part=4*K compressed_position=120*K source_eof=4*K" one \
	--proto 2 --compressed-data

# Pieces that one file has of an extent do not overlap: none of it is shared.
filesystem compress-force=zstd
fsop text a 0 128K 1
sync -f .
fsop text a 40K 4K 2
sync -f .
fsop text a 100K 4K 3
snapshot one
btrfs -q subvolume create "$mnt/other" >/dev/null
snapshot empty other
losses "pieces of one extent are not shared" "unshared=128*K" one
losses "nor with a clone source" "unshared=128*K" one --clone-src "$mnt/empty"

# A leaf with more than 1024 references leads to no source.
filesystem
"$tools/fsmake" files . x 0 300
fsop write a 0 256K 1
for ((i = 0; i < 1030; i++)); do
	snapshot "s$i"
done
losses "metadata over the limit" "metadata_over_limit=256*K" s900 --clone-src "$mnt/s899"
losses "kernel 6.1 has no limit there" "cloned=256*K" s900 --clone-src "$mnt/s899" --generation 6.1
losses "kernel 6.1 with one" "metadata_over_limit=256*K" s900 --clone-src "$mnt/s899" --generation 6.1 \
	--turn LIMIT_ON_TREE_BLOCKS --turn OWN_REF_NOT_NEEDED
finish
