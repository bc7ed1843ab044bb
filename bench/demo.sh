#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# "make demo": a btrfs on a loop device with a workload worth looking at, one "sendprof run" over it,
# and a report.
#
#	bench/demo.sh SENDPROF WORKLOAD [RUN-OPTION...]
#
# SENDPROF and WORKLOAD are the two built programs; the options go to "sendprof run". The report is
# written to ./sendprof-report. The exit status is that of "sendprof run", or 3 when the filesystem
# could not be made.
set -u

PATH=$PATH:/usr/sbin:/sbin
image_size=3G
needed_mib=1500

say()
{
	printf 'demo: %s\n' "$1"
}

fail()
{
	printf 'demo: %s\n' "$1" >&2
	exit 3
}

[ $# -ge 2 ] || { echo 'usage: bench/demo.sh SENDPROF WORKLOAD [RUN-OPTION...]' >&2; exit 2; }
[ "$(id -u)" = 0 ] || fail "the kernel's send and loop devices need root: sudo make demo"

# In a mount namespace of its own nothing can stay mounted, however this ends: the kernel unmounts
# with the last process and frees the loop device. A slave, so that what is unmounted elsewhere in
# the meantime does not stay in use here.
if [ -z "${SENDPROF_DEMO_NAMESPACE-}" ]; then
	SENDPROF_DEMO_NAMESPACE=1 exec unshare --mount --propagation slave "$0" "$@"
fi

sendprof=$(realpath -- "$1") && workload=$(realpath -- "$2") || exit 3
shift 2
out=$PWD/sendprof-report
scratch=''

clean_up()
{
	[ -n "$scratch" ] || return
	cd / || return
	if mountpoint -q "$scratch/mnt"; then
		umount "$scratch/mnt" || umount --lazy "$scratch/mnt"
	fi
	rm -rf --one-file-system "$scratch"
	scratch=''
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

if ! grep -qw btrfs /proc/filesystems && ! modprobe btrfs 2>/dev/null; then
	fail 'this kernel has no btrfs'
fi

scratch=$(mktemp -d -- "${TMPDIR:-/var/tmp}/sendprof-demo.XXXXXX") || fail 'no temporary directory'
free_mib=$(df --output=avail -BM -- "$scratch" | tail -n 1 | tr -dc 0-9)
[ "$free_mib" -ge "$needed_mib" ] ||
	fail "$scratch has $free_mib MiB free, have need of $needed_mib (TMPDIR chooses another place)"

# Run a step quietly; its output matters only when it fails.
step()
{
	"$@" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; fail "failed: $*"; }
}

began=$SECONDS
mnt=$scratch/mnt
image=$scratch/demo.img
mkdir "$mnt" || fail "cannot make $mnt"
step truncate -s "$image_size" "$image"
step mkfs.btrfs -q -L sendprof-demo "$image"
step mount -o loop,noatime "$image" "$mnt"
# The loop device keeps the image; without a name it goes away with it.
rm -f "$image"

say 'making the workload: shared extents, folder moves, renames, holes, compression, attributes'
step btrfs subvolume create "$mnt/work"
step "$workload" build "$mnt/work"
step btrfs subvolume snapshot -r "$mnt/work" "$mnt/parent"
step "$workload" change "$mnt/work"
step btrfs subvolume snapshot -r "$mnt/work" "$mnt/child"
step sync -f "$mnt"
say "$(find "$mnt/child" | wc -l) files, $(df --output=used -BM "$mnt" | tail -n 1 | tr -d ' M') MiB on disk, in $((SECONDS - began)) s"
set -- run --snap "$mnt/child" --parent "$mnt/parent" --out "$out" "$@"
say "sendprof $*"
"$sendprof" "$@"
status=$?

# The report belongs to whoever called sudo.
if [ -n "${SUDO_UID-}" ] && [ -d "$out" ]; then
	chown -R -- "$SUDO_UID:${SUDO_GID-$SUDO_UID}" "$out"
fi
case $status in
0) verdict='the streams are equal' ;;
1) verdict='the streams differ' ;;
*) verdict="sendprof run failed with status $status" ;;
esac
clean_up
say "$verdict ($((SECONDS - began)) s in all)"
if [ "$status" -le 1 ] && [ -f "$out/report.html" ]; then
	say "report: $out/report.html"
	say "        file://$out/report.html"
fi
exit "$status"
