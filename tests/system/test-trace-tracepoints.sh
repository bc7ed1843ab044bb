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

extents=12 references=6 depth=20 small=300 big=40 names=300 leaves=140 sources=20
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
	btrfs -q subvolume create "$mnt/little" && mkdir "$mnt/little/d" &&
		btrfs -q subvolume snapshot -r "$mnt/little" "$mnt/sd" || return
	btrfs -q subvolume create "$mnt/large" && make_big "$mnt/large" 1 "$big" &&
		btrfs -q subvolume snapshot -r "$mnt/large" "$mnt/sl" &&
		make_clones "$mnt/clones" && btrfs -q subvolume snapshot -r "$mnt/clones" "$mnt/sc" &&
		make_leaves "$mnt/spread" && btrfs -q subvolume snapshot -r "$mnt/spread" "$mnt/ss" || return
	for ((i = 1; i <= sources; i++)); do
		btrfs -q subvolume snapshot -r "$top" "$mnt/source$i" || return
	done
	sync -f "$mnt"
}

make_big()
{
	local i

	for ((i = $2; i <= $3; i++)); do
		head -c 262144 /dev/urandom >"$1/big$i" || return
	done
}

# What is kept of a file is in a leaf of its own then.
fill_leaf()
{
	"$tools/fsop" setxattr "$1" user.fills "$(printf '%015000d' 0)"
}

# Clones of an extent, much to read, one more of them, others of an extent in another leaf, much to
# read, one more of these.
make_clones()
{
	local top=$1 i

	btrfs -q subvolume create "$top" && head -c 65536 /dev/urandom >"$top/one1" && fill_leaf "$top/one1" &&
		sync -f "$top" || return
	for i in 2 3; do cp --reflink=always "$top/one1" "$top/one$i" || return; done
	make_big "$top" 1 $((big / 2)) && cp --reflink=always "$top/one1" "$top/one4" &&
		head -c 65536 /dev/urandom >"$top/two1" && fill_leaf "$top/two1" && sync -f "$top" &&
		cp --reflink=always "$top/two1" "$top/two2" && make_big "$top" $((big / 2 + 1)) "$big" &&
		cp --reflink=always "$top/two1" "$top/two3"
}

# More leaves with references to one extent than the cache of them holds: each file fills one.
make_leaves()
{
	local top=$1 i

	btrfs -q subvolume create "$top" && head -c 4096 /dev/urandom >"$top/leaf0" && sync -f "$top" || return
	for ((i = 1; i < leaves; i++)); do
		cp --reflink=always "$top/leaf0" "$top/leaf$i" || return
	done
	for ((i = 0; i < leaves; i++)); do fill_leaf "$top/leaf$i" || return; done
}

# line FILE NAME REGEX: a line of what was traced
line()
{
	# Else it shows those that are like it.
	grep -q -x -E -e "$3" "$1" && pass "$2" || fail "$2" "$(grep "^${3%% *}" "$1")"
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
# What the thread wrote before it sends is not of the stream.
trace "$full" --all --records "$scratch/records" -- bash -c 'printf "%1000s" >/dev/null; exec "$@"' bash \
	"$tools/ksend" -f "$scratch/stream" "$mnt/s0"
line "$full" 'a full send is seen, with its result' "send [0-9]+ ksend root $(id s0) parent 0 result 0"
line "$full" 'all bytes written' "output_bytes $(stat -c %s "$scratch/stream")"
line "$full" 'no restart' 'restarts 0'
line "$full" 'no record is lost' 'records [1-9][0-9]* dropped 0'
add_up() { check "$1" awk -f tests/system/records-add-up.awk "$2" "$3"; }
add_up 'records add up to what is counted' "$scratch/records" "$full"
inodes=$(find "$mnt/s0" | wc -l)
check "records say of which of the $inodes inodes they are" \
	test "$(awk '$3 == "cache" { print $2 }' "$scratch/records" | sort -u | wc -l)" = "$inodes"
check 'the parts of the time add up' \
	test "$(($(sed -n 's/^part .*: //p' "$full" | paste -s -d +)))" = "$(duration "$full")"
check 'no unknown metric without a reason' \
	test -z "$(grep '^missing [a-z_]*: *$' "$full")"

trace "$scratch/dropping" --all --ring 4096 --records "$scratch/few" -- \
	"$tools/ksend" -f "$scratch/again" "$mnt/s0"
line "$scratch/dropping" 'records that find no room are counted' 'records [0-9]* dropped [1-9][0-9]*'
totals() { grep -E '^(output|cache|prelim|leaves|restarts)' "$1"; }
check 'totals are right when records drop' cmp <(totals "$full") <(totals "$scratch/dropping")

# Of the sends of a snapshot all that is counted, a line each.
each_of()
{
	awk -v root="$(id "$2")" '/^send / { mine = $5 == root; if (mine && n++) print "" }
		mine && /^(output|cache|prelim|leaves|restarts)/ { printf "%s ", $0 }' "$1"
}

# More at a time than are watched: all of them wait for the reader, and are ended there.
mkfifo "$scratch/many"
cat >"$scratch/many.sh" <<'MANY'
exec 3<>"$1"
shift
for ((i = 0; i < 70; i++)); do "$@" & done
for process in $(jobs -p); do
	for ((i = 0; i < 600; i++)); do
		grep -q '^wchar: [1-9]' "/proc/$process/io" && break
		sleep 0.1
	done
done
kill $(jobs -p)
wait
MANY
trace "$scratch/sends" -- bash "$scratch/many.sh" "$scratch/many" "$tools/ksend" -f "$scratch/many" "$mnt/sc"
sends_in() { grep -c "^send .* $2" "$1"; }
unseen_in() { sed -n 's/^unseen //p' "$1"; }
check 'of 70 sends at a time those not watched are counted' \
	test $(($(sends_in "$scratch/sends" 'result -') + $(unseen_in "$scratch/sends"))) = 70
check 'and there are not more than there is room for' \
	test "$(sends_in "$scratch/sends" 'result -')" -gt 32 -a "$(sends_in "$scratch/sends" 'result -')" -le 64
# Nobody takes them out of the kernel.
trace "$scratch/sends" -- bash -c 'for ((i = 0; i < 300; i++)); do "$@" || exit; done' bash \
	"$tools/ksend" -f /dev/null "$mnt/sd"
check 'of 300 ended sends those without room are counted' \
	test "$(sends_in "$scratch/sends" 'result 0') $(unseen_in "$scratch/sends")" = '256 44'
check 'and the later ones begin with nothing of the earlier ones' \
	test "$(each_of "$scratch/sends" sd | sort -u | wc -l)" = 1

# Different ones at a time.
trace "$scratch/sends" --all -- bash -c 'for ((i = 0; i < 5; i++)); do "$1" -f /dev/null "$2" & "$1" -f /dev/null "$3" & done
	wait' bash "$tools/ksend" "$mnt/s0" "$mnt/ss"
trace "$scratch/spread" --all -- "$tools/ksend" -f "$scratch/stream" "$mnt/ss"
five() { for _ in 1 2 3 4; do echo "$1"; done; printf '%s' "$1"; }
check 'sends at a time are told apart' cmp <(each_of "$scratch/sends" s0) <(five "$(each_of "$full" s0)")
check 'of either snapshot' cmp <(each_of "$scratch/sends" ss) <(five "$(each_of "$scratch/spread" ss)")
line "$scratch/spread" 'the cache of leaves overflows' \
	'cache_backref [0-9]+ [1-9][0-9]* [0-9]+ [1-9][0-9]* 0 128'

# agree NAME ARGUMENT...: the kernel's counters, as traced, equal the engine's
counters=26
same_counts()
{
	"$sendprof" run --tier tracepoint --finder faithful -n 1 --out "$scratch/report" "$@" >"$scratch/printed" 2>&1
	grep "^  0 of $counters counters differ\.\$" "$scratch/printed" && return
	sed -n '/^Kernel against engine/,$p' "$scratch/printed"
	return 1
}

agree()
{
	local name=$1

	shift
	check "$name: kernel and engine count the same" same_counts "$@"
}
# Another process sends something else meanwhile.
touch "$scratch/others"
while [ -e "$scratch/others" ]; do "$tools/ksend" -f /dev/null "$mnt/sd"; done &
agree 'full' --snap "$mnt/s0"
rm "$scratch/others"
wait
agree 'names that move' --snap "$mnt/s1" --parent "$mnt/s0"
agree 'an inode number used again' --snap "$mnt/s2" --parent "$mnt/s1"
agree 'and back' --snap "$mnt/s1" --parent "$mnt/s2"
agree 'another subvolume' --snap "$mnt/sl" --parent "$mnt/s2"
agree 'a clone source' --snap "$mnt/s2" --clone-src "$mnt/s0"
agree 'more leaves than the cache holds' --snap "$mnt/ss"
# What has so many roots is not cached; then nobody sees how many leaves were resolved.
counters=25
given=()
for ((i = 1; i <= sources; i++)); do given+=(--clone-src "$mnt/source$i"); done
agree 'many clone sources' --snap "$mnt/s2" "${given[@]}"

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
trace "$scratch/blocked" --records "$scratch/waits" -- "$tools/ksend" -f "$scratch/slow" "$mnt/sl" &
exec 3<"$scratch/slow"
while [ "$(head -c 524288 <&3 | wc -c)" -gt 0 ]; do sleep 0.3; done
exec 3<&-
wait $!
blocked=$(part "$scratch/blocked" 'waiting for the reader')
check "a slow reader is more than 90 % of the time ($blocked of $(duration "$scratch/blocked") ns)" \
	test $((blocked * 10)) -gt $(($(duration "$scratch/blocked") * 9))

add_up 'records of waits add up to it' "$scratch/waits" "$scratch/blocked"
check 'without a read nobody waits for the device' \
	test "$(part "$scratch/depth5" 'waiting for the device')$(sed -n 's/^disk_reads//p' "$scratch/depth5")" = '0 0 0'

# Wait until the innermost child of a process writes no more: its reader has stopped.
await_blocked()
{
	local process=$1 child _

	while child=$(pgrep -P "$process"); do process=$child; done
	for _ in $(seq 600); do
		grep -q pipe_write "/proc/$process/wchan" && return
		sleep 0.1
	done
}

# The reader stops, a chunk is moved, the reader goes on: the send finds its place again, once. The
# first time one leaf is cached, and was looked up last; the second time there are two.
trace "$scratch/moved" --only restarts --only cache_backref --records "$scratch/records" -- \
	"$tools/ksend" -f "$scratch/slow" "$mnt/sc" &
exec 3<"$scratch/slow"
head -c 1000000 <&3 >"$scratch/stream"
await_blocked $!
check 'a balance while it sends' btrfs balance start -s -f "$mnt"
head -c 5500000 <&3 >>"$scratch/stream"
await_blocked $!
check 'and another one' btrfs balance start -s -f "$mnt"
cat <&3 >>"$scratch/stream"
exec 3<&-
wait $!
line "$scratch/moved" 'each relocation is one restart' 'restarts 2'
line "$scratch/moved" 'after which the leaves that were cached are of no use' 'cache_backref [0-9]+ [0-9]+ [0-9]+ 0 2 3'
add_up 'and so say the records' "$scratch/records" "$scratch/moved"
check 'and the stream is whole' "$sendprof" stream check "$scratch/stream"

# A send drops from the page cache what it read, but not the trees.
data=$((big * 262144))
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
	test $(($(bytes_read) - before)) = $data
line "$scratch/warm" 'and so says the trace' "disk_reads [1-9][0-9]* $data"
line "$scratch/warm" 'a relocation before it is no restart' 'restarts 0'
echo 3 >/proc/sys/vm/drop_caches
before=$(bytes_read)
trace "$scratch/cold" --records "$scratch/waits" -- "$tools/ksend" -f "$scratch/stream" "$mnt/sl"
all=$(($(bytes_read) - before))
seen=$(sed -n 's/^disk_reads [0-9]* //p' "$scratch/cold")
check "with nothing cached more is read, but not more than by the device ($seen of $all bytes)" \
	test "$seen" -gt $data -a "$seen" -le "$all"
add_up 'records of waits for the device add up' "$scratch/waits" "$scratch/cold"
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
