#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guards that a difference is explained by the behaviour that makes it: for every row of the
# generations table a filesystem whose stream shows it (attribution-rows.sh), the running kernel's stream
# of it (or the engine's, where newer behaviours hide the row or no kernel mounts what shows it), and the
# engine asked with just that row turned. Exactly that row must be named. Also what "run" reports of it,
# and what --why says. Needs root, loop devices and a kernel with btrfs.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/system/system-lib.sh

holder=
release()
{
	[ -z "$holder" ] || kill "$holder" 2>/dev/null
}

needs_root 'what explains a difference'
work_in_scratch attribution
image=$scratch/fs.img
mnt=$scratch/mnt
mkdir "$mnt"

# shellcheck source=tests/system/attribution-rows.sh
. tests/system/attribution-rows.sh

# ---- kernel and engine ----

# Inodes that are held open without a name go with the mount: keep the image as it is now.
keep_held()
{
	[ -n "$holder" ] || return 0
	fsfreeze -f "$mnt" && cp --sparse=always "$image" "$image.held"
	fsfreeze -u "$mnt"
	{ kill "$holder"; wait "$holder"; } 2>/dev/null
	holder=
}

# record FILE [PROTOCOL [OPTION]]: the kernel's stream of "next", then the filesystem is put away.
record()
{
	local parent=() option=${3-} status

	cd "$mnt" && sync -f . || return
	[ ! -d base ] || parent=(-p base -c base)
	"$tools/ksend" "${parent[@]}" --proto "${2:-1}" ${option:+"$option"} -f "$1" next
	status=$?
	cd / && keep_held && umount "$mnt" || return
	[ ! -e "$image.held" ] || mv "$image.held" "$image"
	return "$status"
}

# record_engine FILE OPTION...: in its place the engine's.
record_engine()
{
	local file=$1 parent=()

	shift
	[ "$has_parent" = no ] || parent=(-p base)
	"$sendprof" send --image "$image" "${parent[@]}" "$@" -f "$file" next
}

# How long the search may take: no limit that a machine reaches, however slow it is.
limit=(--explain-limit 3600)

# explain FILE ARGUMENT...: what "stream diff --explain" prints; sets $status.
explain()
{
	local file=$1 parent=()

	shift
	[ "$has_parent" = no ] || parent=(--parent base)
	"$sendprof" stream diff --explain --image "$image" --snap next "${parent[@]}" \
		"${limit[@]}" "$@" "$file" >"$printed" 2>"$complained"
	status=$?
}

# The rows that the explanation names, by what the kernel has and the engine was asked without, or
# the other way round; "or ..." for a second explanation.
named()
{
	sed -n -e 's/^  \([A-Z][A-Z0-9_]*\) * the kernel has it, .*/\1/p' \
		-e 's/^  \([A-Z][A-Z0-9_]*\) * the engine was asked with it, .*/\1/p' \
		-e 's/^  \(Or\) .*/\1/p' "$printed" | paste -s -d ' '
}

# The whole test of one row: build, record, turn it, read the answer.
names_row()
{
	local row=$1 asked=()

	read -r -a asked <<<"${instead[$row]-} ${form[$row]-}"
	if ! "show_$row" >"$scratch/log" 2>&1; then
		cat "$scratch/log"
		echo 'the filesystem could not be made'
		return 1
	fi
	if mountpoint -q "$mnt"; then
		has_parent=no
		[ ! -d "$mnt/base" ] || has_parent=yes
		record "$scratch/stream" "${protocol[$row]-1}" "${form[$row]-}" || return
	fi
	[ -z "${instead[$row]-}" ] || record_engine "$scratch/stream" "${asked[@]}" || return
	explain "$scratch/stream" "${asked[@]}"
	[ "$status" = 0 ] || { echo 'the engine as asked is not the kernel'; shown; return 1; }
	explain "$scratch/stream" "${asked[@]}" --turn "$row"
	[ "$status" = 1 ] || { echo "turned, status: have $status expect 1"; shown; return 1; }
	[ "$(named)" = "$row" ] || { echo "named: have '$(named)' expect '$row'"; shown; return 1; }
}

rows=$("$sendprof" generations | sed -n 's/^\([A-Z][A-Z0-9_]*\) .*/\1/p')
check "the table has rows" test -n "$rows"
for row in $rows; do
	if ! declare -F "show_$row" >/dev/null; then
		fail "$row is named" "no filesystem here shows it"
	else
		check "$row is named" names_row "$row"
	fi
	mountpoint -q "$mnt" && { cd / && umount "$mnt"; }
done

# Both finders on leaves that lie over each other, to which one entry of the cache belongs.
finders_agree_on_overlap()
{
	local finder

	show_LEAF_CACHE_BY_NODE >"$scratch/log" 2>&1 || { cat "$scratch/log"; return 1; }
	for finder in faithful indexed; do
		record_engine "$scratch/$finder" --generation 6.18 --finder "$finder" || return
	done
	cmp "$scratch/faithful" "$scratch/indexed"
}
check "both finders send leaves that overlap alike" finders_agree_on_overlap

# ---- two rows, and none ----

# In a subshell the status would be lost: the streams are made here.
filesystem >/dev/null && mkdir d && touch d/1 d/2 && fsop write a 0 130000 1 && snapshot base &&
	touch d/3 && fsop clone a 0 0 b 0 && snapshot next && has_parent=yes &&
	record "$scratch/stream"
check "a filesystem for several rows can be made" test -s "$scratch/stream"

explain "$scratch/stream" --turn DIR_UTIMES_DELAYED --turn TRUNCATE_BEFORE_EOF_CLONE
check "two rows are named together" test "$status/$(named)" = \
	"1/DIR_UTIMES_DELAYED TRUNCATE_BEFORE_EOF_CLONE"
explain "$scratch/stream" --turn DIR_UTIMES_DELAYED --turn CLONE_UNALIGNED_EOF \
	--turn TRUNCATE_BEFORE_EOF_CLONE
check "three rows are named together" test "$status/$(named)" = \
	"1/DIR_UTIMES_DELAYED CLONE_UNALIGNED_EOF TRUNCATE_BEFORE_EOF_CLONE"
explain "$scratch/stream" --generation 6.1
check "the kernel is recognised by its generation" grep -q '^  This kernel .*behaves as 6\.' "$printed"
explain "$scratch/stream" --generation 2012
check "a generation of protocol 1 only can be asked for" grep -q '^  This kernel .*behaves as 6\.' "$printed"
explain "$scratch/stream" --explain-limit 0 --turn DIR_UTIMES_DELAYED
check "--explain-limit 0 does not look" test "$status/$(grep -c 'What explains it' "$printed")" = 1/0


# ---- run ----

sendprof_run()
{
	(cd "$scratch" && "$sendprof" run --image "$image" --snap next --parent base --repeat 1 \
		--kernel-stream "$scratch/stream" --out report "${limit[@]}" "$@") \
		>"$printed" 2>"$complained"
	status=$?
}

sendprof_run --turn CLONE_UNALIGNED_EOF
check "run: names the row" test "$status/$(named)" = 1/CLONE_UNALIGNED_EOF
check "run: the verdict says how the kernel behaves" grep -q '^DIFFERENT .*this kernel behaves as ' "$printed"
for file in report.md report.html; do
	check "run: $file names the row" grep -q 'What explains it' "$scratch/report/$file"
done
check "run: result.json names the row" grep -q '"CLONE_UNALIGNED_EOF"' "$scratch/report/result.json"
sendprof_run --turn CLONE_UNALIGNED_EOF --explain-limit 0
check "run: --explain-limit 0 does not look" test "$status/$(grep -c 'What explains it' "$printed")" = 1/0
sendprof_run
check "run: equal streams need no explanation" test "$status/$(grep -c 'What explains it' "$printed")" = 0/0
sendprof_run --turn NO_SUCH_ROW
check "run: an unknown row is wrong usage" test "$status/$(grep -c NO_SUCH_ROW "$complained")" = 2/1

# On a mounted filesystem, with the kernel's send itself.
mount_image
(cd "$scratch" && "$sendprof" run --snap "$mnt/next" --parent "$mnt/base" --repeat 1 --out live \
	"${limit[@]}" --turn CLONE_UNALIGNED_EOF) >"$printed" 2>"$complained"
check "run: names the row beside the running kernel" test "$?/$(named)" = 1/CLONE_UNALIGNED_EOF
umount "$mnt"

# ---- why ----

# why ASKED: what --why prints of the send of next
why()
{
	"$sendprof" send --image "$image" -p base --why "$1" next 2>"$printed" >"$scratch/why.stream"
}

ino_b=$("$sendprof" stream dump "$scratch/stream" | sed -n 's/.* MKFILE .*path=o\([0-9]*\)-.*/\1/p' | tail -n 1)
why "$ino_b"
check "why: the stream stays the same" cmp "$scratch/why.stream" "$scratch/stream"
check "why: the inode is new" grep -q "^inode $ino_b, .*: new: " "$printed"
check "why: its name" grep -q "^  inode $ino_b is renamed to its new name in directory 256" "$printed"
check "why: the command that came of it" grep -q '^  -> RENAME .*path_to=b' "$printed"
check "why: a candidate that was refused" grep -q '^    root [0-9]* inode [0-9]* offset 0.*: refused, ' "$printed"
check "why: a candidate that was taken" grep -q '^    root [0-9]* inode [0-9]* offset 0, item of .*: taken, ' "$printed"
check "why: the extent is cloned" grep -q '^  offset 0, 130000 bytes: cloned from root ' "$printed"
why "$ino_b:129999"
check "why: of a byte, only its extent" test "$(grep -c '^  offset 0, 130000 bytes: cloned' "$printed")/$(grep -c RENAME "$printed")" = 1/0
why "$ino_b:500000"
check "why: behind the end nothing is decided" grep -q 'nothing was decided' "$printed"
why 99999
check "why: an inode that is in neither snapshot" grep -q '^inode 99999: nothing was decided' "$printed"
check_status 2 "why: not a number" "$sendprof" send --image "$image" --why x next -f "$scratch/none"

# ---- what no row explains ----

# The kernel was not given the parent as clone source: the engine, which was, clones.
filesystem >/dev/null && fsop write a 0 64K 1 && snapshot base && fsop clone a 0 0 b 0 && rm a &&
	snapshot next && sync -f . && cd "$mnt" && "$tools/ksend" -p base -f "$scratch/stream" next
cd / && umount "$mnt"
explain "$scratch/stream"
check "what no row explains is said" \
	grep -q '^  This kernel .*behaves as no generation' "$printed"
check "with it the engine's decisions on the inode" \
	grep -q "^  Engine's decisions  *inode [0-9]*, generation " "$printed"
check "with it the candidate that the engine took" \
	grep -q 'item of 65536 bytes: taken, it covers' "$printed"
explain "$scratch/stream" --json
check "it is in the JSON too" grep -q '"state": "not_found"' "$printed"

finish
