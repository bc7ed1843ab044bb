#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# `sendprof send` takes btrfs send's options in btrfs send's meaning: its output is compared, byte for
# byte, with that of the real command. Needs root. Output is TAP; the last line is
# "N passed, N failed, N skipped".
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SENDPROF=${SENDPROF:-$here/../../build/sendprof}
passed=0 failed=0 number=0

if ((EUID != 0)); then
	echo "ok 1 - send-options # SKIP needs root for loop devices"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/sendprof-options.XXXXXX")
cleanup() {
	cd /
	umount "$work/mnt" 2>/dev/null || true
	rm -rf --one-file-system "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

check() { # NAME COMMAND...
	local name=$1
	shift
	number=$((number + 1))
	if "$@" >"$work/log" 2>&1; then
		echo "ok $number - $name"
		passed=$((passed + 1))
	else
		echo "not ok $number - $name"
		sed 's/^/# /' "$work/log" | head -20
		failed=$((failed + 1))
	fi
}

truncate -s 512M "$work/image"
mkfs.btrfs -q -n 4096 "$work/image" >/dev/null
mkdir "$work/mnt"
mount -o loop,noatime,compress-force=zstd "$work/image" "$work/mnt"
cd "$work/mnt"
btrfs -q subvolume create v
head -c 300000 /dev/urandom >v/a
head -c 300000 < <(yes text) >v/packed
echo small >v/inline
btrfs -q subvolume snapshot -r v s1
cp --reflink v/a v/b
mv v/inline v/moved
chattr +A v/packed
btrfs -q subvolume snapshot -r v s2
cp --reflink v/a v/c
xfs_io -c "fpunch 65536 65536" -c "truncate 400000" v/a
btrfs -q subvolume snapshot -r v s3
btrfs -q subvolume create other
echo other >other/file
btrfs -q subvolume snapshot -r other o1
sync

same() { # ARGUMENT...: of both commands
	btrfs -q send -f "$work/theirs" "$@"
	"$SENDPROF" send -f "$work/ours" "$@"
	cmp "$work/theirs" "$work/ours"
}

refused() { # STATUS TEXT ARGUMENT...
	local expect=$1 text=$2 status=0
	shift 2
	"$SENDPROF" send -f "$work/ours" "$@" 2>"$work/error" || status=$?
	cat "$work/error"
	((status == expect)) && grep -qF -- "$text" "$work/error" && [ ! -e "$work/ours" ]
}

both_fail() { # ARGUMENT...
	rm -f "$work/ours"
	! btrfs -q send -f "$work/theirs" "$@" && refused 3 "none of the clone sources" "$@"
}

for proto in 1 2 0; do
	check "full-protocol-$proto" same --proto $proto s3
	check "parent-protocol-$proto" same --proto $proto -p s1 s3
	check "no-data-protocol-$proto" same --proto $proto --no-data -p s1 s3
done
check compressed-full same --proto 2 --compressed-data s3
check compressed-parent same --proto 2 --compressed-data -p s2 s3
check compressed-clone-source same --proto 2 --compressed-data -p s1 -c s2 s3
check parent-and-clone-sources same -p s2 -c s1 -c o1 s3
check clone-source-chooses-parent same -c s1 s2
check clone-sources-choose-the-nearest same -c s1 -c s2 s3
check clone-source-newer-than-snapshot same -c s3 s1
check unrelated-clone-source-besides same -c o1 -c s2 s3
check unrelated-clone-source-alone both_fail -c o1 s3
check several-streams same s1 s2 s3
check several-streams-with-parent same -p s1 s2 s3
check several-streams-with-clone-source same -c s1 s2 s3
check one-stream same -e s1 s2 s3
check one-stream-with-parent same -e -p s1 s2 s3
check one-stream-with-clone-source same -e -c s1 s2 s3
check one-stream-of-one-snapshot same -e s1
rm -f "$work/ours"
check compressed-needs-protocol-2 refused 2 "needs --proto 2" --compressed-data s1
check protocol-too-high refused 2 "--proto" --proto 3 s1
check unknown-generation refused 2 "--generation" --generation 5.4 s1

echo "$passed passed, $failed failed, 0 skipped"
((failed == 0))
