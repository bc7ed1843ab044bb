#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Recorded cases: tests/guest/oracle does their sends, here with the running kernel, and replay compares.
# What cannot be compared is no agreement: each way of that is made here.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/system/system-lib.sh

oracle=$PWD/tests/guest/oracle

needs_root 'recorded cases'
work_in_scratch replay
cd "$scratch" || exit 1

if ! truncate -s 200M image || ! mkfs.btrfs -q image >/dev/null 2>&1 || ! mkdir mnt ||
   ! mount -o loop image mnt 2>mount.log; then
	skip 'recorded cases' "needs loop devices and btrfs: $(cat mount.log)"
	finish
fi

btrfs -q subvolume create mnt/live
echo one >mnt/live/file
btrfs -q subvolume snapshot -r mnt/live mnt/plain
mkdir mnt/folder
head -c 300000 /dev/zero | tr '\0' x >mnt/live/file
spaced='folder/a name  with spaces '
btrfs -q subvolume snapshot -r mnt/live "mnt/$spaced"
plain=$(btrfs inspect-internal rootid mnt/plain)
later=$(btrfs inspect-internal rootid "mnt/$spaced")
umount mnt

# cases NAME...: a fresh case of each name, with the lines of standard input
cases()
{
	local name

	rm -f ./*.img ./*.sends ./*.kernel ./*.failed ./*.untried ./*.unmounted ./*.engine
	cat >lines
	for name; do
		cp --sparse=always image "$name.img"
		cp lines "$name.sends"
	done
}

# replay STATUS PATTERN CASE...: what it ends with, and a line of what it says
replay()
{
	local want=$1 pattern=$2 status

	shift 2
	"$tools/replay" --keep "$@" >said 2>&1
	status=$?
	cat said
	echo "exit status: have $status expect $want; a line like: $pattern"
	[ "$status" = "$want" ] && grep -q -e "$pattern" said
}

cases one two three <<-END
	0 $plain 0 1 - - plain
	1 $later $plain 1 - $plain $spaced
	2 $later $plain 2 n $plain,$later $spaced
	3 $later 0 2 -z - $spaced
END
rm two.img && truncate -s 20M two.img
check 'the oracle goes on behind an image that it cannot mount' "$oracle" "$tools/ksend" one two three
check 'a path may have spaces' cmp one.1.kernel three.1.kernel
check 'what is equal is' replay 0 'one: 4 sends, [1-9][0-9]* bytes, 0 different, 0 failed' one three
check 'streams are removed then' "$tools/replay" three
check 'with their case' test -z "$(compgen -G 'three*')"
check 'of a case that was not mounted there is nothing to compare' replay 3 'two: the kernel did not mount it: mount: .*wrong fs type' two
printf 'x' | dd of=one.1.kernel bs=1 seek=100 conv=notrunc status=none
check 'a byte that differs is found' replay 1 'at byte 100, of [0-9]* by the kernel' one
check 'and the stream of the engine is kept' test -s one.1.engine

cases one <<-END
	0 $plain 9999 1 - - plain
	1 $later $plain 1 - $plain $spaced
	2 $later $plain 1 - $plain no such path
END
check 'the oracle goes on behind a send that fails' "$oracle" "$tools/ksend" one
check 'the kernel failed one' grep -q 'send of .*: No such file' one.0.failed
check 'one was not tried: that is another thing' grep -q 'no such path: No such file' one.2.untried
check 'and is no agreement' replay 3 'no stream of send 2: .*no such path' one
sed -i '$d' one.sends
check 'the engine fails where the kernel does' replay 0 '2 sends, .* 0 different, 1 failed' one
echo 'send of it: it failed' >one.1.failed
check 'and not elsewhere' replay 1 'kernel: send of it: it failed; engine: ok' one
rm one.?.failed
check 'which is a difference either way' replay 1 'kernel: ok; engine: .*9999' one
echo "0 $plain 0 1 -" >one.sends
check 'a line that is cut is no send' replay 3 'one.sends: not a send: 0' one
finish
