#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guards the generations that no kernel here can be asked about, 2012 and 6.6: each file of
# tests/system/golden (GENERATION.sh or GENERATION-PART.sh) has filesystems and the commands that a
# kernel of that generation sends of them, derived from the text of its send, with the reason in a
# comment. One for each row of the generations table in which the generation differs from its
# neighbours. Needs root, loop devices and btrfs.
#
# needs one build
#
# A golden is a function golden_NAME that builds (see scenario-lib.sh) and then says
#
#	commands [--only REGEX] [OPTION]... SNAPSHOT <<-LIST   what is sent, a command a line
#	receives                                               that a receiver has the same tree
#
# where the options are those of sendprof send, and only lines that match REGEX are compared.
#
# In the list uuids are written as the subvolume's name, times are left out, generations in orphan
# names are G, data is its length, with "zeros" behind it where that is what it is. Lines with "!" in
# front are what the engine says that receivers get wrong, or why the send fails.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

BUILD=${BUILD:-build}
SENDPROF=$(realpath -- "${SENDPROF:-$BUILD/sendprof}") || exit 1
TOOLS=$(realpath -- "${TOOLS:-$BUILD/tests/system}") || exit 1
here=$PWD/tests/system

if [ "$(id -u)" != 0 ]; then
	skip "golden command lists" "needs root"
	finish
fi

work=$(mktemp -d /tmp/sendprof-golden.XXXXXX) || exit 1
clean_up()
{
	cd /
	for mounted in "$work"/*/mnt "$work"/*/to; do
		mountpoint -q "$mounted" && umount -l "$mounted"
	done
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# subvolume_names: a sed script that writes the names of subvolumes for their uuids.
subvolume_names()
{
	local name
	# shellcheck disable=SC2154 # of scenario-lib.sh

	for name in "$mnt"/*/; do
		name=$(basename "$name")
		btrfs subvolume show "$mnt/$name" 2>/dev/null | sed -n \
			-e "s,^.*Received UUID:[[:space:]]*\([0-9a-f-]\{36\}\)$,s/=\1/=received($name)/g,p" \
			-e "s,^[[:space:]]*UUID:[[:space:]]*\([0-9a-f-]\{36\}\)$,s/=\1/=$name/g,p"
	done
}

# as_list FILE: the list form of a stream.
as_list()
{
	"$SENDPROF" stream dump "$1" | sed -E \
		-e '/^#/d' -e 's/^ *[0-9]+ +(ok|-|BAD) +//' \
		-e 's/data=([0-9]+):\\000\\000.*/data=\1 zeros/' \
		-e 's/data=([0-9]+):.*/data=\1/' -e 's/0{200,}/0.../' \
		-e 's/ +(atime|mtime|ctime|otime)=[^ ]+//g' -e 's/ctransid=[0-9]+/ctransid=T/g' \
		-e 's/o([0-9]+)-[0-9]+-([0-9]+)/o\1-G-\2/g' -e 's/ +/ /g' -e 's/ $//' |
		sed -f "$SCRATCH/names"
}

commands()
{
	local parent=- only=.
	local -a options=()

	if [ "$1" = --only ]; then
		only=$2
		shift 2
	fi

	sync -f "$mnt"
	subvolume_names >"$SCRATCH/names"
	cd /
	while (($# > 1)); do
		[ "$1" != -p ] || parent=$2
		options+=("$1")
		shift
	done
	cat >"$SCRATCH/want"
	"$SENDPROF" send --image "$image" --generation "$generation" "${options[@]}" "$1" \
		>"$SCRATCH/stream" 2>"$SCRATCH/said" || true
	{
		as_list "$SCRATCH/stream" 2>/dev/null || true
		sed -E -e 's/^generation [0-9.]+: /! /' -e 's/^sendprof: /! fails: /' \
			-e 's/o([0-9]+)-[0-9]+-([0-9]+)/o\1-G-\2/g' "$SCRATCH/said"
	} | grep -aE -e "$only" >"$SCRATCH/have" || true
	sent=$1
	sent_parent=$parent
	if [ -n "${GOLDEN_SHOW-}" ]; then
		echo '<<<'
		cat "$SCRATCH/have"
		echo '>>>'
	elif ! diff -u "$SCRATCH/want" "$SCRATCH/have"; then
		problem "the commands (+) are not those derived (-)"
	fi
}

# What was sent last, received behind its parent (as the running kernel would send that).
receives()
{
	truncate -s 512M "$SCRATCH/to.img"
	mkfs.btrfs -q "$SCRATCH/to.img" >/dev/null 2>&1
	mkdir "$SCRATCH/to"
	mount -o loop,noatime "$SCRATCH/to.img" "$SCRATCH/to"
	if [ "$sent_parent" != - ]; then
		"$SENDPROF" send --image "$image" --generation 6.18 "$sent_parent" |
			btrfs -q receive "$SCRATCH/to" || problem "the parent cannot be received"
	fi
	btrfs -q receive -f "$SCRATCH/stream" "$SCRATCH/to" || problem "the stream cannot be received"
	"$TOOLS/treecmp" "$mnt/$sent" "$SCRATCH/to/$sent" | grep -v '^\(top\): mtime' &&
		problem "what was received (right) is another tree"
	umount "$SCRATCH/to"
}

# run_golden FILE FUNCTION: in a subshell; prints what is wrong.
run_golden()
(
	set -eu
	export TOOLS SENDPROF
	local file
	file=$(basename "$1" .sh)
	generation=${file%%-*}
	SCRATCH=$work/$file-$2
	# shellcheck disable=SC2034 # for scenario-lib.sh
	RECEIVE='' KERNEL_ONLY='' RECORD=''
	mkdir "$SCRATCH"
	. "$here/scenario-lib.sh"
	# shellcheck disable=SC1090
	. "$1"
	trap release EXIT
	"$2"
	[ "$problems" = 0 ]
)

only=${GOLDEN_ONLY:-.}
for file in "$here"/golden/*.sh; do
	for golden in $(sed -n 's/^\(golden_[a-z0-9_]*\)()$/\1/p' "$file"); do
		[[ $golden =~ $only ]] || continue
		output=$(run_golden "$file" "$golden" 2>&1)
		status=$?
		name="$(basename "$file" .sh): ${golden#golden_}"
		name=${name//_/ }
		if [ -n "${GOLDEN_SHOW-}" ]; then
			printf '== %s (%s)\n%s\n' "$name" "$status" "$output"
		elif [ "$status" = 77 ]; then
			skip "$name" "$(cat "$work/$(basename "$file" .sh)-$golden/skip")"
		elif [ "$status" = 0 ]; then
			pass "$name"
		else
			fail "$name" "$output"
		fi
		rm -rf "$work/$(basename "$file" .sh)-$golden"
	done
done
finish
