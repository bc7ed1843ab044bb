#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The tracepoint tier of tracing on the running kernel: its counts against the engine's and against
# workloads with known answers; where the time goes when the reader is slow; what is read from the
# device; what it leaves behind. Needs root, loop devices, and a kernel that loads the programs.
# needs one build
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/system/system-lib.sh

needs_root 'the tracepoint tier'
work_in_scratch tracepoints
mnt=$scratch/mnt

# trace FILE OPTION... -- COMMAND: what is printed of the command's own sends
trace()
{
	local out=$1

	shift
	"$tools/tracesend" --tier tracepoint --own "$@" >"$out" 2>"$complained"
}

if ! trace "$scratch/probe" --all -- true; then
	skip 'the tracepoint tier' "needs a kernel that loads programs: $(cat "$complained")"
	finish
fi

# ---- what is sent: the answers below follow from these ----

extents=12 references=6 depth=20 small=300 big=40 names=300
make_image()
{
	local top=$mnt/live i j path=$mnt/live

	mkdir "$mnt" && truncate -s 300M "$scratch/disk" && mkfs.btrfs -q "$scratch/disk" &&
		mount -o loop,noatime "$scratch/disk" "$mnt" && btrfs -q subvolume create "$top" || return
	for ((i = 1; i <= extents; i++)); do
		head -c 65536 /dev/urandom >"$top/extent$i" || return
	done
	sync -f "$mnt"
	for ((i = 1; i <= extents; i++)); do
		for ((j = 2; j <= references; j++)); do
			cp --reflink=always "$top/extent$i" "$top/extent$i.$j" || return
		done
	done
	for ((i = 1; i <= depth; i++)); do
		path+=/d$i
		mkdir "$path" || return
	done
	for ((i = 1; i <= small; i++)); do echo "$i" >"$path/small$i"; done
	# More of everything than the caches hold.
	mkdir "$top/wide" || return
	for ((i = 1; i <= names; i++)); do mkdir "$top/wide/w$i" && echo "$i" >"$top/wide/w$i/f"; done
	sync -f "$mnt"
	btrfs -q subvolume snapshot -r "$top" "$mnt/s0" || return
	mv "$top/d1/d2" "$top/moved" && rm "$top"/extent1.* && chmod 700 "$top/d1" || return
	for ((i = 1; i <= names; i++)); do mv "$top/wide/w$i" "$top/moved/v$i" || return; done
	echo last >"$top/last"
	btrfs -q subvolume snapshot -r "$top" "$mnt/s1" || return
	# The number of the file with the highest one is used again, by another inode.
	rm "$top/last" && sync -f "$mnt" && umount "$mnt" && mount -o loop,noatime "$scratch/disk" "$mnt" || return
	mkdir "$top/again" && echo new >"$top/again/f" || return
	btrfs -q subvolume snapshot -r "$top" "$mnt/s2" || return
	btrfs -q subvolume create "$mnt/large" || return
	for ((i = 1; i <= big; i++)); do
		head -c 262144 /dev/urandom >"$mnt/large/big$i" || return
	done
	btrfs -q subvolume snapshot -r "$mnt/large" "$mnt/sl" && sync -f "$mnt"
}

# line FILE NAME REGEX: a line of what was traced
line()
{
	check "$2" grep -x -E -e "$3" "$1"
}

# Nanoseconds in a part, and of the whole send.
part() { sed -n "s/^part $2: //p" "$1"; }
duration() { sed -n 's/^duration_ns //p' "$1"; }

if ! make_image >"$scratch/printed" 2>&1; then
	fail 'the image' "$(cat "$scratch/printed")"
	finish
fi

# ---- counts ----

id() { btrfs inspect-internal rootid "$mnt/$1"; }
full=$scratch/full
trace "$full" --all --records "$scratch/records" -- "$tools/ksend" -f "$scratch/stream" "$mnt/s0"
line "$full" 'a full send is seen, with its result' "send [0-9]+ ksend root $(id s0) parent 0 result 0"
line "$full" 'all bytes written' "output_bytes $(stat -c %s "$scratch/stream")"
line "$full" 'no restart' 'restarts 0'
line "$full" 'no record is lost' 'records [1-9][0-9]* dropped 0'
check 'the parts of the time add up' \
	test "$(($(sed -n 's/^part .*: //p' "$full" | paste -s -d +)))" = "$(duration "$full")"
check 'no unknown metric without a reason' \
	test -z "$(grep '^missing [a-z_]*: *$' "$full")"

trace "$scratch/dropping" --all --ring 4096 --records "$scratch/few" -- \
	"$tools/ksend" -f "$scratch/again" "$mnt/s0"
line "$scratch/dropping" 'records that find no room are counted' 'records [0-9]* dropped [1-9][0-9]*'
totals() { grep -E '^(output|cache|prelim|leaves|restarts)' "$1"; }
check 'totals are right when records drop' cmp <(totals "$full") <(totals "$scratch/dropping")

# agree NAME ARGUMENT...: the kernel's counters, as traced, equal the engine's
agree()
{
	local name=$1

	shift
	"$sendprof" run --tier tracepoint --finder faithful -n 1 --out "$scratch/report" "$@" >"$scratch/printed" 2>&1
	check "$name: kernel and engine count the same" \
		grep '^  0 of 26 counters differ\.$' "$scratch/printed" ||
		sed 's/^/# /' "$scratch/printed"
}
agree 'full' --snap "$mnt/s0"
agree 'names that move' --snap "$mnt/s1" --parent "$mnt/s0"
agree 'an inode number used again' --snap "$mnt/s2" --parent "$mnt/s1"
agree 'and back' --snap "$mnt/s1" --parent "$mnt/s2"
agree 'another subvolume' --snap "$mnt/sl" --parent "$mnt/s2"
agree 'a clone source' --snap "$mnt/s2" --clone-src "$mnt/s0"

trace "$scratch/moves" --all -- "$tools/ksend" -p "$mnt/s0" -c "$mnt/s0" -f "$scratch/stream" "$mnt/s1"
line "$scratch/moves" 'of an incremental send the parent is known' \
	"send [0-9]+ ksend root $(id s1) parent $(id s0) result 0"
line "$scratch/moves" 'the name cache overflows' 'cache_name [0-9]+ [0-9]+ [0-9]+ [1-9][0-9]* 0 256'
line "$full" 'the cache of created directories overflows' 'cache_dir_created [0-9]+ [0-9]+ [0-9]+ [1-9][0-9]* 0 64'

# Below, as a file in a directory at some depth: one of two that differ in this only.
lookups_at() {
	local top=$mnt/depth$1 path=$mnt/depth$1 i

	btrfs -q subvolume create "$top" || return
	for ((i = 0; i < $1; i++)); do
		path+=/d
		mkdir "$path" || return
	done
	touch "$path/f" && btrfs -q subvolume snapshot -r "$top" "$top.s" >/dev/null && chmod 700 "$path" &&
		chmod 600 "$path/f" && btrfs -q subvolume snapshot -r "$top" "$top.t" >/dev/null &&
		trace "$scratch/depth$1" -- "$tools/ksend" -p "$top.s" -f "$scratch/stream" "$top.t" &&
		sed -n 's/^cache_name \([0-9]*\) .*/\1/p' "$scratch/depth$1"
}
shallow=$(lookups_at 5) deep=$(lookups_at 15) deeper=$(lookups_at 25)
check "each level of a path is one more lookup for each path ($shallow $deep $deeper)" \
	test "$((deeper - deep))" = "$((deep - shallow))" -a "$((deep - shallow))" -ge 20

# ---- time ----

mkfifo "$scratch/slow"
trace "$scratch/blocked" -- "$tools/ksend" -f "$scratch/slow" "$mnt/sl" &
exec 3<"$scratch/slow"
while [ "$(head -c 524288 <&3 | wc -c)" -gt 0 ]; do sleep 0.3; done
exec 3<&-
wait $!
blocked=$(part "$scratch/blocked" 'waiting for the reader')
check "a slow reader is more than 90 % of the time ($blocked of $(duration "$scratch/blocked") ns)" \
	test $((blocked * 10)) -gt $(($(duration "$scratch/blocked") * 9))

# The reader stops, a chunk is moved, the reader goes on: the send finds its place again, once.
trace "$scratch/moved" --only restarts -- "$tools/ksend" -f "$scratch/slow" "$mnt/sl" &
exec 3<"$scratch/slow"
head -c 1000000 <&3 >"$scratch/stream"
check 'a balance while it sends' btrfs balance start -s -f "$mnt"
cat <&3 >>"$scratch/stream"
exec 3<&-
wait $!
line "$scratch/moved" 'a relocation is one restart' 'restarts 1'
check 'and the stream is whole' "$sendprof" stream check "$scratch/stream"

# A send drops from the page cache what it read, but not the trees.
loop=$(findmnt -nro SOURCE "$mnt")
bytes_read()
{
	local sectors

	read -r _ _ sectors _ <"/sys/block/${loop#/dev/}/stat" && echo $((sectors * 512))
}
"$tools/ksend" -f "$scratch/stream" "$mnt/sl"
before=$(bytes_read)
trace "$scratch/warm" -- "$tools/ksend" -f "$scratch/stream" "$mnt/sl"
check "with the trees cached the device reads the data" \
	test $(($(bytes_read) - before)) = $((big * 262144))
line "$scratch/warm" 'and so says the trace' "disk_reads [1-9][0-9]* $((big * 262144))"
echo 3 >/proc/sys/vm/drop_caches
before=$(bytes_read)
trace "$scratch/cold" -- "$tools/ksend" -f "$scratch/stream" "$mnt/sl"
all=$(($(bytes_read) - before))
seen=$(sed -n 's/^disk_reads [0-9]* //p' "$scratch/cold")
check "with nothing cached more is read, but not more than by the device ($seen of $all bytes)" \
	test "$seen" -gt $((big * 262144)) -a "$seen" -le "$all"
check 'waiting for the device is seen' test "$(part "$scratch/cold" 'waiting for the device')" -gt 0

# Short sends are seldom sampled; the same one over and over is.
for _ in 1 2 3 4 5; do
	trace "$scratch/sampled" --hertz 9973 --stacks "$scratch/folded" -- \
		"$tools/ksend" -f "$scratch/stream" "$mnt/s0"
	grep -q 'btrfs_ioctl_send' "$scratch/folded" && break
done
check 'stacks are sampled, outermost first' \
	grep -E '^[^ ]*ioctl[^ ]*;btrfs_ioctl_send;[^ ]* [1-9][0-9]*$' "$scratch/folded"
check 'on CPU the time is split by samples' \
	test "$(part "$scratch/sampled" 'other work')" -lt "$(duration "$scratch/sampled")"

# More than there is room for in the kernel: they are taken out on the way.
trace "$scratch/often" --all --hertz 9973 --stacks "$scratch/folded" -- \
	bash -c 'end=$((SECONDS + 8)); while ((SECONDS < end)); do "$1" -f "$2" "$3"; "$1" -f "$2" "$4"; done' \
	bash "$tools/ksend" "$scratch/stream" "$mnt/s0" "$mnt/sl"
taken=$(awk '{ sum += $NF } END { print sum + 0 }' "$scratch/folded")
lost=$(awk '/^samples_lost / { sum += $2 } END { print sum + 0 }' "$scratch/often")
check "samples are not lost for want of room ($taken taken, $lost lost)" test "$taken" -gt $((lost * 5))

# ---- what a kernel may lack ----

while read -r target metric; do
	trace "$scratch/hidden" --only "$metric" --hide "$target" -- true
	check "without $target $metric is missing, with the reason" \
		grep -E "^missing $metric: .*${target##*.}" "$scratch/hidden"
done <<'END'
ma_read cache_name
ma_op cache_backref
ma_write cache_dir_created
send_ctx.backref_cache cache_dir_utimes
send_ctx.backref_cache restarts
btrfs_prelim_ref_insert preliminary_references
sched_switch time_split
block_bio_queue disk_reads
task_io_accounting.wchar output
END
# A kernel may hide where its functions are, from everybody.
hidden_symbols()
{
	sed 's/^[0-9a-f]*/0000000000000000/' /proc/kallsyms >"$scratch/symbols" &&
		unshare -m sh -c 'mount --bind "$1" /proc/kallsyms && shift && exec "$@"' sh "$scratch/symbols" "$@"
}
hidden_symbols "$tools/tracesend" --tier tracepoint --own --all --hertz 997 --stacks "$scratch/folded" -- \
	"$tools/ksend" -f "$scratch/stream" "$mnt/s0" >"$scratch/hidden"
counts() { grep -E '^(cache|prelim|leaves)' "$1"; }
check 'where symbols are hidden counts are the same' cmp <(counts "$full") <(counts "$scratch/hidden")
line "$scratch/hidden" 'stacks are missing then, with the reason' 'missing stacks: the kernel hides .*'
check 'and there are none' test ! -s "$scratch/folded"
check 'and the time on CPU is not divided' \
	test "$(sed -n 's/^part \(backrefs\|paths\|reading data\|writing commands\): //p' "$scratch/hidden" | sort -u)" = 0
check_status 3 'without the system calls there is no tracepoint tier' \
	trace "$scratch/hidden" --hide sys_enter -- true

# ---- afterwards ----

# Other tracers may be at work: what this one has is told by its descriptors.
PATH=$PATH:/usr/sbin
ids_of() { sed -n "s/^$2_id:\t*//p" "/proc/$1"/fdinfo/* 2>/dev/null; }
# left KIND ID...: those that still exist
left()
{
	local kind=$1 id

	shift
	for id; do bpftool "$kind" show id "$id" >/dev/null 2>&1 && echo "$id"; done
}
if command -v bpftool >/dev/null; then
	"$tools/tracesend" --tier tracepoint --own -- sleep 1000 >/dev/null 2>&1 &
	tracer=$!
	for _ in $(seq 300); do
		# The base is attached last, the links of all samples before it.
		sleeper=$(cat "/proc/$tracer/task/$tracer/children")
		[ "$(cat "/proc/${sleeper% }/comm" 2>/dev/null)" = sleep ] && break
		sleep 0.1
	done
	mapfile -t links < <(ids_of "$tracer" link)
	mapfile -t programs < <(ids_of "$tracer" prog)
	check "links and programs exist (${#links[@]}, ${#programs[@]})" test \
		"$(left link "${links[@]}" | wc -l)" -ge 8 -a "$(left prog "${programs[@]}" | wc -l)" -ge 7
	kill -9 "$tracer"
	wait "$tracer" 2>/dev/null
	kill "${sleeper% }"
	for _ in $(seq 100); do
		rest=$(left link "${links[@]}")$(left prog "${programs[@]}")
		[ -z "$rest" ] && break
		sleep 0.1
	done
	check 'after kill -9 none of them is left' test -z "$rest"
else
	skip 'programs after kill -9' 'no bpftool'
fi
finish
