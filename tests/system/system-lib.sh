# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For system tests, on top of tests/tap.sh: the programs that are tested, and a folder to work in that
# goes in the end with what is mounted there. Source it from the top of the tree.

# shellcheck disable=SC2034 # what is set here is for the scripts
. tests/tap.sh

build=$(realpath -- "${BUILD:-build}") || exit 1
sendprof=$(realpath -- "${SENDPROF:-$build/sendprof}") || exit 1
tools=$(realpath -- "${TOOLS:-$build/tests/system}") || exit 1

# needs_root NAME: without, the test of that name is skipped, and nothing else is there to do.
needs_root()
{
	[ "$(id -u)" = 0 ] || { skip "$1" 'needs root'; finish; }
}

scratch=
loops=() # devices, to be detached when nothing is mounted

# work_in_scratch NAME: make $scratch. What else has to end is ended by the script's release(), before
# anything is unmounted.
work_in_scratch()
{
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/sendprof-$1.XXXXXX") || exit 1
	printed=$scratch/printed
	complained=$scratch/complained
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

release()
{
	:
}

clean_up()
{
	local mounted

	cd /
	release
	while read -r mounted; do
		umount "$mounted" 2>/dev/null || umount -l "$mounted"
	done < <(findmnt -rno TARGET | grep -F "$scratch/" | tac)
	[ ${#loops[@]} = 0 ] || losetup -d "${loops[@]}" 2>/dev/null
	rm -rf --one-file-system "$scratch"
}
