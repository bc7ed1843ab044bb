#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The function tier of tracing under Debian's kernels: its counts against workloads with known answers,
# against the engine's, against the stream, against the tracepoint tier's; what it does when the kernel
# lacks something; what it leaves behind; that what it recorded can be compared outside. Needs QEMU and
# root for the image; loading programs takes a minute, emulated.
# needs one build
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/system/system-lib.sh

needs_root 'tracing'
if ! command -v qemu-system-x86_64 >/dev/null; then
	skip 'tracing' 'needs QEMU'
	finish
fi
work_in_scratch trace
export XDG_CACHE_HOME=$build/cache

# ---- what is sent: the answers below follow from these ----

extents=12 references=6 singles=3 depth=20 small=300 big=40 encoded=5 leaves=140 limit=1024
make_image()
{
	local top=$scratch/mnt/live i j path long

	mkdir "$scratch/mnt" && truncate -s 300M "$scratch/disk" &&
		mkfs.btrfs -q "$scratch/disk" >/dev/null && mount -o loop "$scratch/disk" "$scratch/mnt" || return
	btrfs -q subvolume create "$top" || return
	for ((i = 1; i <= extents + singles; i++)); do
		head -c 65536 /dev/urandom >"$top/extent$i" || return
	done
	sync -f "$scratch/mnt"
	for ((i = 1; i <= extents; i++)); do
		for ((j = 2; j <= references; j++)); do
			cp --reflink=always "$top/extent$i" "$top/extent$i.$j" || return
		done
	done
	path=$top
	for ((i = 1; i <= depth; i++)); do
		path+=/d$i
		mkdir "$path" || return
	done
	for ((i = 1; i <= small; i++)); do echo "$i" >"$path/small$i"; done
	sync -f "$scratch/mnt"
	btrfs -q subvolume snapshot -r "$top" "$scratch/mnt/s0" || return
	make_large "$scratch/mnt/large" || return
	btrfs -q subvolume snapshot -r "$scratch/mnt/large" "$scratch/mnt/s2" || return
	btrfs -q subvolume create "$scratch/mnt/packed" &&
		btrfs property set "$scratch/mnt/packed" compression zstd || return
	for ((i = 1; i <= encoded; i++)); do
		seq 1 30000 >"$scratch/mnt/packed/long$i"
		seq 1 200 >"$scratch/mnt/packed/inline$i"
	done
	# Paths of more than 255 bytes, and of bytes that are shown otherwise.
	printf -v long '%0100d' 1
	mkdir -p "$scratch/mnt/packed/$long/$long/$long" || return
	seq 1 30000 >"$scratch/mnt/packed/$long/$long/$long/long"
	seq 1 30000 >"$scratch/mnt/packed/$long/$long/${long:0:53}" # of 255 bytes
	seq 1 200 >"$scratch/mnt/packed/a blank and ä"
	ln "$scratch/mnt/packed/long1" "$scratch/mnt/packed/linked"
	sync -f "$scratch/mnt"
	btrfs -q subvolume snapshot -r "$scratch/mnt/packed" "$scratch/mnt/s3" || return
	make_shared "$scratch/mnt/shared" && make_changes "$scratch/mnt/changing" && umount "$scratch/mnt"
}

# What is kept of a file is in a leaf of its own then.
fill_leaf()
{
	"$tools/fsop" setxattr "$1" user.fills "$(printf '%015000d' 0)"
}

# Much to read, and before and behind it two extents, whose first references are in different leaves.
make_large()
{
	local top=$1 i

	btrfs -q subvolume create "$top" || return
	for i in 1 2; do
		head -c 65536 /dev/urandom >"$top/first$i" && fill_leaf "$top/first$i" || return
	done
	sync -f "$top"
	for i in 1 2; do cp --reflink=always "$top/first$i" "$top/second$i" || return; done
	for ((i = 1; i <= big; i++)); do
		head -c 262144 /dev/urandom >"$top/big$i" || return
	done
	for i in 1 2; do cp --reflink=always "$top/first$i" "$top/third$i" || return; done
}

# Where looking for clone sources is most of the work: few files, of many extents with many references.
make_shared()
{
	local top=$1 i j

	btrfs -q subvolume create "$top" || return
	for ((i = 1; i <= 3; i++)); do
		dd if=/dev/urandom of="$top/f$i" bs=4096 count=8 oflag=sync status=none || return
		for ((j = 2; j <= 40; j++)); do cp --reflink=always "$top/f$i" "$top/f$i.$j" || return; done
	done
	sync
	for ((i = 1; i <= 2; i++)); do
		btrfs -q subvolume snapshot "$top" "$top.$i" && touch "$top.$i/f1" || return
	done
	btrfs -q subvolume snapshot -r "$top" "$scratch/mnt/s4"
}

# Not in the first subvolume: a tree of which a part was copied has more references to its extents.
make_changes()
{
	local top=$1 i

	btrfs -q subvolume create "$top" || return
	for ((i = 1; i <= 40; i++)); do
		mkdir "$top/dir$i" && head -c 40000 /dev/urandom >"$top/dir$i/data" &&
			cp --reflink=always "$top/dir$i/data" "$top/dir$i/copy" || return
	done
	sync -f "$scratch/mnt"
	btrfs -q subvolume snapshot -r "$top" "$scratch/mnt/before" || return
	for ((i = 1; i <= 20; i++)); do mv "$top/dir$i" "$top/dir40/moved$i"; done
	for ((i = 21; i <= 30; i++)); do cp --reflink=always "$top/dir$i/data" "$top/dir$i/another"; done
	rm -r "$top/dir31" && chmod 700 "$top/dir32" && mkdir "$top/spread" || return
	# More leaves refer to an extent than the cache of them holds, more references than are looked at.
	head -c 4096 /dev/urandom >"$top/spread/leaf1" && head -c 8192 /dev/urandom >"$top/many" &&
		sync -f "$top" && btrfs -q subvolume create "$scratch/mnt/references" &&
		"$tools/fsmake" reflinks "$scratch/mnt/references" r 0 "$limit" "$top/many" || return
	for ((i = 2; i <= leaves; i++)); do
		cp --reflink=always "$top/spread/leaf1" "$top/spread/leaf$i" || return
	done
	for ((i = 1; i <= leaves; i++)); do fill_leaf "$top/spread/leaf$i" || return; done
	btrfs -q subvolume snapshot -r "$top" "$scratch/mnt/after"
}

# Everything of one boot.
cat >"$scratch/inside.sh" <<'INSIDE'
say() { printf '%s %s\n' "$1" "$2" >>findings; }
check() { local name=$1; shift; if "$@" >>log 2>&1; then say ok "$name"; else say bad "$name"; fi; }
trace() { "$TOOLS/tracesend" "$@"; }
mount /dev/vda /mnt || exit 9
exec 2>>log

cat >both.sh <<'BOTH'
"$TOOLS/ksend" -f stream /mnt/s0 && "$TOOLS/ksend" --proto 2 --compressed -f packed.stream /mnt/s3 || exit
# What the thread wrote before it sends is not of the stream.
printf '%1000s' >/dev/null
exec "$TOOLS/ksend" -p /mnt/before -c /mnt/before -f changed.stream /mnt/after
BOTH
# The lines of one of these sends, the first one's with what is said of all.
of_send() { awk -v nth="$2" '/^send / { sends++ } sends == nth || (nth == 1 && !sends)' "$1"; }
trace --tier function --all --records records -- bash both.sh >both
of_send both 1 >full
of_send both 2 >packed
of_send both 3 >changed
check 'the whole stream is seen' grep '^output_bytes '"$(stat -c %s stream)"'$' full
check 'the whole compressed stream is seen' grep '^output_bytes '"$(stat -c %s packed.stream)"'$' packed
check 'the whole stream of changes is seen' grep '^output_bytes '"$(stat -c %s changed.stream)"'$' changed
check 'extents are sent encoded' grep '^command ENCODED_WRITE [1-9]' packed
dump()
{
	sendprof stream dump "$1" | awk '
		function told(path, plain) {
			if (path !~ /^path=/) return "none"
			path = plain = substr(path, 6)
			gsub(/\\[0-7][0-7][0-7]/, "?", plain)
			if (length(plain) > 255) path = substr(path, length(path) - 254)
			return length(plain) " path=" path
		}
		/^#/ || $3 == "STREAM" { next }
		name { print name, $1 - offset, offset, path }
		{ name = $3; offset = $1; path = told($4) }
		END { print name, 10, offset, path }'
}
{ dump stream; dump packed.stream; dump changed.stream; } >dumped
sed -n 's/^0 [0-9]* command \([^ ]* [0-9]*\) [0-9]* /\1 /p' records >recorded
check 'one record a command: kind, length, place in the stream, path, order' cmp dumped recorded
for kind in ENCODED_WRITE CLONE RENAME LINK; do
	check "paths of $kind are among them" grep "^$kind [0-9]* [0-9]* [1-9][0-9]* path=[a-z]" recorded
done
check 'a path of 255 bytes is whole' grep 'WRITE .* 255 path=0*1/0*1/0*$' recorded
check 'of a longer path the end is there' grep 'WRITE .* 307 path=0*1/0*1/0*1/long$' recorded
check 'of the top of the subvolume it is empty' grep '^CHOWN .* 0 path=$' recorded
check 'one without a path has none' grep '^END 10 [0-9]* none$' recorded
check 'no record is lost' grep '^records [1-9][0-9]* dropped 0$' full
check 'records add up to what is counted' awk -f records-add-up.awk records both
# A path is one inode's, where a command names the inode at work on.
whose()
{
	sed -n 's/^0 \([0-9]*\) command .*/\1/p' records | paste -d ' ' - <(sendprof stream dump stream |
		awk '!/^#/ && $3 != "STREAM" { print $3, $4 }') | awk '
		$2 !~ /^(WRITE|CLONE|CHMOD|CHOWN)$/ { next }
		!($3 in inode) { inode[$3] = $1; paths++ }
		!$1 || inode[$3] != $1 { print; wrong = 1 }
		END { exit wrong || paths != '"$(find /mnt/s0 | wc -l)"' }'
}
check 'records of commands have their inode' whose
check 'records of searches have their extent' \
	test "$(awk '$3 == "backref" && searches++ < '"$SEARCHES"' { print $4 }' records | sort -u | wc -l)" = "$EXTENTS"
check 'the work on commands and their output fit into the time' awk '
	/^times / { work += $3; output += $4 }
	/^part writing/ { writing = $NF }
	/^part (waiting|off)/ { away += $NF }
	/^duration_ns/ { all = $2 }
	END { exit !(output >= writing && output <= writing + away && work + output <= all && work + output > all / 2) }' full

trace --tier function --all --ring 4096 --records few -- "$TOOLS/ksend" -f again /mnt/s0 >dropping
check 'records that find no room are counted' grep '^records [0-9]* dropped [1-9][0-9]*$' dropping
check 'there are others' grep '^0 [0-9]* command ' few
check 'which are those of their commands' test -z "$(sed -n 's/ untimely$//; s/^0 [0-9]* command \([^ ]* [0-9]*\) [0-9]* /\1 /p' few |
	grep -v -x -F -f dumped)"
totals() { grep -E '^(command|output|cache|searches|results|candidates|prelim|leaves|roots|early|histogram_(ref|cand)|inodes|restarts)' "$1"; }
check 'totals are right when records drop' cmp <(totals full) <(totals dropping)

# The default set, which does less for each command, counts the same.
trace --tier function -- bash both.sh >both
of_send both 1 >default
of_send both 2 >default.packed
of_send both 3 >default.changed
# Before 6.2 walks from a leaf to its roots are as many as searches.
if grep -q '^missing leaf_roots: not asked for$' default; then unasked='|leaves'; fi
by_default() { totals "$1" | grep -v -E "^(histogram_)?(candidates|early|prelim|roots|inodes${unasked-})"; }
check 'the default set counts the same' cmp <(by_default full) <(by_default default)
check 'of encoded extents as well' cmp <(by_default packed) <(by_default default.packed)
check 'and of changes' cmp <(by_default changed) <(by_default default.changed)
check 'and has no times of commands' grep '^missing command_times: not asked for$' default
check 'the parts of the time add up' \
	test "$(($(sed -n 's/^part .*: //p' default | paste -s -d +)))" = "$(sed -n 's/^duration_ns //p' default)"

# Where the thread is not accounted for, a command counts when it is written.
trace --tier function --hide task_io_accounting.wchar -- bash both.sh >both
of_send both 1 >default
of_send both 2 >default.packed
of_send both 3 >default.changed
check 'without accounting the default set counts the same' cmp <(by_default full) <(by_default default)
check 'without it, of encoded extents as well' cmp <(by_default packed) <(by_default default.packed)

# Where the time on CPU went, as samples have it, beside what the steps themselves say: here twenty times
# as many samples as usual, and a send is repeated until there are enough.
share() { awk -v part="$2" '/^part / { n++ } /^part / && (n - 1) % 8 < 5 { all += $NF; if ($0 ~ "^part " part ":") it += $NF }
	END { print all ? int(100 * it / all) : 0 }' "$1"; }
near() { [ $(($1 - $2)) -le 15 ] && [ $(($2 - $1)) -le 15 ]; }
sampled_as_measured()
{
	local snapshot=$1 much=$2 sends=4 samples=0 part repeated

	while [ "$samples" -lt 300 ] && [ "$sends" -le 512 ]; do
		repeated="for ((i = 0; i < $sends; i++)); do '$TOOLS/ksend' -f again $snapshot || exit; done"
		trace --tier function --hertz 997 --stacks stacks -- bash -c "$repeated" >sampled
		samples=$(awk '{ n += $NF } END { print n + 0 }' stacks)
		sends=$((sends * 2))
	done
	# With no more programs than it takes: those that run for each reference take time there.
	trace --tier function --only time_split --only clone_searches -- bash -c "$repeated" >measured
	check "a good part of $snapshot is $much" test "$(share measured "$much")" -ge 20
	check "$snapshot is sampled often enough" test "$samples" -ge 300
	check "$snapshot: by default its time is sampled" grep -x 'parts_sampled 1' sampled
	for part in backrefs paths 'reading data' 'writing commands' 'other work'; do
		echo "$snapshot: $part: $(share measured "$part"), sampled $(share sampled "$part") of $samples" >>log
		check "$snapshot: $part: samples say the same" near "$(share measured "$part")" "$(share sampled "$part")"
	done
}
sampled_as_measured /mnt/s4 backrefs
sampled_as_measured /mnt/s2 'reading data'

# What was written is counted write by write where the thread is not accounted for.
trace --tier function --only output --hide task_io_accounting.wchar -- \
	"$TOOLS/ksend" -f again /mnt/s0 >writes
check 'bytes are counted without accounting' grep '^output_bytes '"$(stat -c %s stream)"'$' writes
trace --tier function --only output --hide task_io_accounting.wchar --hide kernel_write -- true >hidden
check 'and not without both' grep '^missing output: .*kernel_write: this kernel does not have it' hidden

sendprof run --tier function --snap /mnt/s0 --out full.out --record full.recording >full.txt
check 'full: kernel and engine count the same' grep "^  0 of $COMPARED counters differ" full.txt
sendprof run --tier function --snap /mnt/after --parent /mnt/before --out part.out \
	--record part.recording >part.txt
check 'incremental: kernel and engine count the same' grep "^  0 of $COMPARED counters differ" part.txt

# The tier below looks into no function; what it counts is the same.
trace --tier tracepoint --all -- "$TOOLS/ksend" -f again /mnt/s0 >points
check 'the tracepoint tier can be forced' grep '^tier tracepoint$' points
check 'what it does not see is named, with the reason' \
	test "$(sed -n '/: not asked for$/d; s/^missing \([a-z_]*\): ..*/\1/p' points | paste -s -d ' ')" = "$UNSEEN"
counted() { grep -E "^($COUNTED) " "$1"; }
check 'what it counts is what the function tier counts' cmp <(counted full) <(counted points)
sendprof run --tier tracepoint --repeat 1 --snap /mnt/s0 --out points.out >points.txt
check 'tracepoints, full: kernel and engine count the same' grep "^  0 of $POINTS counters differ" points.txt
sendprof run --tier tracepoint --repeat 1 --snap /mnt/after --parent /mnt/before --out points.out >points.txt
check 'tracepoints, incremental: kernel and engine count the same' \
	grep "^  0 of $POINTS counters differ" points.txt

# Wait until the innermost child of a process writes no more: its reader has stopped.
await_blocked()
{
	local process=$1 child i

	for ((i = 0; i < 600; i++)); do
		read -r child <"/proc/$process/task/$process/children" # no line: it says that it fails
		[ -z "$child" ] || process=$child
		grep -q pipe_write "/proc/$process/wchan" && return
		sleep 0.1
	done
}

# The reader stops, a chunk is moved, the reader goes on: the send finds its place again, once.
mkfifo /pipe # not on what is shared with the host
trace --tier function --only restarts --only commands --only cache_backref --records restarted -- \
	"$TOOLS/ksend" -f /pipe /mnt/s2 >moved &
exec 3</pipe
head -c 1000000 <&3 >moved.stream
await_blocked $!
btrfs -q balance start -s -f /mnt >>log || say bad 'the balance'
cat <&3 >>moved.stream
exec 3<&-
wait
check 'a relocation is one restart' grep '^restarts 1$' moved
[ "$COMPARED" = 15 ] ||
	check 'after which the leaves that were cached are of no use' \
		grep -x 'cache_backref [0-9]* [0-9]* [0-9]* 0 1 2' moved
check 'and so say the records' awk -f records-add-up.awk restarted moved
check 'the stream is whole' sendprof stream check moved.stream

# Ended while it waits for its reader: the command that it was writing is none.
cat >ended.sh <<'ENDED'
"$TOOLS/ksend" -f /pipe /mnt/s2 &
for ((i = 0; i < 600; i++)); do
	[ "$(sed -n 's/^wchar: //p' "/proc/$!/io")" -gt 1000000 ] && break
	sleep 0.1
done
kill $!
wait
ENDED
exec 3<>/pipe
trace --tier function --only restarts --only commands --only output -- bash ended.sh >ended
exec 3<&-
check 'a command that is not written does not count' awk '
	/^send / { result = $NF }
	/^command / { bytes += $4 }
	/^output_bytes / { all = $2 }
	END { exit !(result < 0 && bytes > 0 && bytes + 17 <= all) }' ended
check 'a relocation before a send is no restart' grep '^restarts 0$' ended

# A send that is under way: what the name cache before 6.4 held already was not stored since.
if [ "$COMPARED" = 15 ]; then
	"$TOOLS/ksend" -f /pipe /mnt/s2 &
	exec 3</pipe
	head -c 5000000 <&3 >begun.stream
	trace --tier function -- sh -c 'cat <&3 >rest.stream; exec sleep 1' >begun
	exec 3<&-
	wait
	check 'of a send under way the rest is seen' awk -v all="$(stat -c %s moved.stream)" '
		/^send / { result = $NF }
		/^command MKFILE/ { files = $3 }
		/^output_bytes / { bytes = $2 }
		/^cache_name / { names = $4 }
		END { exit !(result == 1 && bytes > 0 && bytes < all - 5000000 && names <= files + 1) }' begun
fi

# Each target is hidden once, half of them at a time, while the other half is there.
without()
{
	local hidden=$1 kept=$2 target metric arguments=()

	while read -r target metric; do
		# What has two ways names the first one's target, too.
		arguments+=(--only "$metric" --hide "${target#*/}" --hide "${target%/*}")
	done <<<"$hidden"
	while read -r target metric; do arguments+=(--only "$metric"); done <<<"$kept"
	trace --tier function "${arguments[@]}" -- true >hidden
	check 'tracing goes on without them' grep '^tier function$' hidden
	while read -r target metric; do
		check "without $target $metric is missing" \
			grep "^missing $metric: .*${target#*/}: this kernel does not have it" hidden
	done <<<"$hidden"
	while read -r target metric; do
		check "$metric stays" test -z "$(grep "^missing $metric:" hidden)"
	done <<<"$kept"
}
without "$SOME" "$OTHERS"
without "$OTHERS" "$SOME"

# A function of another kind: the verifier finds no sixth argument there.
trace --tier function --only restarts --only inodes --only paths --hide changed_cb=send_cmd -- true >hidden
check 'a program that is refused is named' grep '^missing inodes: .*changed_cb: this kernel refuses the program' hidden
check 'and the others are loaded' test -z "$(grep '^missing paths' hidden)"
trace --hide btrfs_ioctl_send --only restarts -- true >hidden
trace --tier function --hide btrfs_ioctl_send --only restarts -- true >>log
check 'nor another one in its place when it is forced' test $? = 3
check 'without the ioctl there is no function tier' \
	grep '^reason function tier: .*btrfs_ioctl_send: this kernel does not have it' hidden

"$TOOLS/tracesend" --tier function --only commands --only paths -- sleep 1000 >>log &
for ((i = 0; i < 600; i++)); do
	attached=$(bpftool prog list | grep -c -E 'name (send|command|path)_e')
	[ "$attached" -ge 6 ] && break
	sleep 0.2
done
check 'programs are attached' test "$attached" -ge 6
kill -9 $!
wait $!
sleep 1
check 'after kill -9 none is left' test -z "$(bpftool prog list | grep -E 'name (send|command|path)_e')"
check 'nor pinned' test -z "$(find /sys/fs/bpf -type f 2>/dev/null)"
INSIDE

# expect_line FILE SERIES NAME LINE: a line of what was traced
expect_line()
{
	check "$2: $3" grep -x -e "$4" "$scratch/work/$1"
}

expect_full()
{
	expect_line full "$@"
}

# same_outside NAME ARGUMENT...: the recording of that name, made in the guest, beside the engine here
same_outside()
{
	local name=$1

	shift
	"$sendprof" run --repeat 1 --out "$scratch/outside" --image "$scratch/disk" \
		--kernel-trace "$scratch/work/$name.recording" "$@" >"$scratch/printed" 2>&1 &&
		grep "engine as kernel $series\$" "$scratch/printed" &&
		grep "^  0 of $COMPARED counters differ" "$scratch/printed" && return
	cat "$scratch/printed"
	return 1
}

in_guest()
{
	local series=$1 line status none single over shared

	export SEARCHES=$((extents * references + singles)) EXTENTS=$((extents + singles))
	export TOOLS=$tools COMPARED=$2 POINTS=$3 COUNTED=$4 UNSEEN=$5 SOME=$6 OTHERS=$7
	rm -rf "$scratch/work"
	mkdir "$scratch/work" && cp "$scratch/inside.sh" tests/system/records-add-up.awk "$scratch/work/" && cp "$scratch/disk" "$scratch/work.disk"
	(cd "$scratch/work" && exec "$sendprof" guest --debian "$series" --timeout 800 --disk "$scratch/work.disk" \
		--with "$tools/tracesend" --with "$tools/ksend" --with bpftool -- bash inside.sh) \
		>"$scratch/printed" 2>&1
	status=$?
	if [ ! -e "$scratch/work/findings" ] && [ "$status" = 3 ]; then
		skip "$series: boots" "$(tail -n 1 "$scratch/printed")"
		return
	fi
	if [ "$status" != 0 ] || [ ! -e "$scratch/work/findings" ]; then
		fail "$series: everything was run" "$(tail -n 30 "$scratch/printed")"
		return
	fi
	while read -r line; do
		if [ "${line%% *}" = ok ]; then pass "$series: ${line#* }"; else
			fail "$series: ${line#* }" "$(tail -n 30 "$scratch/work/log")"
		fi
	done <"$scratch/work/findings"
	check "$series: what was recorded compares equal outside" same_outside full --snap s0
	check "$series: incremental, too" same_outside part --snap after --parent before
	none=$extents single=0 over="0 10 $((leaves + 1)) 0"
	if [ "$series" = 6.1 ]; then
		none=$((extents + singles))
		check "$series: a walk that never ends early is named" \
			grep '^missing early_stops: .*iterate_backrefs: ' "$scratch/work/full"
	else
		single=$singles over="1 $((10 + leaves - 1)) 1 0"
		expect_line changed "$series" 'the cache of leaves overflows' \
			'cache_backref [0-9]* [1-9][0-9]* [0-9]* [1-9][0-9]* 0 128'
		# What can be cloned whole is not looked for any further.
		expect_full "$series" 'each clone ends its search' "early_stops $((extents * (references - 1)))"
	fi
	shared=$(sed -n 's/^leaves_resolved //p' "$scratch/work/full")
	expect_full "$series" "each of $shared leaves is shared by the snapshot and its origin" \
		"roots_found $((2 * shared))"
	expect_full "$series" 'a search for each reference' "searches $((extents * references + singles))"
	expect_full "$series" 'the first reference is written, the others are cloned' \
		"results $none $((extents * (references - 1))) 0 $single"
	expect_full "$series" 'references of each extent item' \
		"histogram_references $((extents * references + singles)) $((extents * references * references + singles)) $references"
	expect_full "$series" 'how many bits they have' "bits_references 1:$singles 3:$((extents * references))"
	# Ten new references, a file in each of the leaves, and one with too many references.
	expect_line changed "$series" 'of changed files more references than are looked at are told' "results $over"
	# Directories: 20 moved, 10 with a new file, 3 others and a new one. Files: 10 new references, 3 gone
	# with their directory, one with many references, one for each leaf.
	expect_line changed "$series" 'inodes that changed' "inodes $((48 + leaves))"
	expect_full "$series" 'directories' "command MKDIR $depth .*"
	expect_full "$series" 'clones' "command CLONE $((extents * (references - 1))) .*"
	expect_full "$series" 'inodes' "inodes $((1 + depth + small + extents * references + singles))"
}

command -v bpftool >/dev/null || PATH=$PATH:/usr/sbin
if ! make_image >"$scratch/printed" 2>&1; then
	fail 'the image' "$(cat "$scratch/printed")"
	finish
fi
in_guest 6.1 15 1 'output_bytes|preliminary_references' 'commands command_times clone_searches search_times candidates '\
'early_stops extent_references leaf_roots roots_found cache_name cache_backref '\
'cache_dir_created cache_dir_utimes paths restarts inodes' 'begin_cmd/send_cmd commands
extent_from_logical clone_searches
prelim_ref_insert preliminary_references
__get_cur_name_and_parent cache_name' '__iterate_backrefs candidates
btrfs_find_all_roots_safe leaf_roots
btrfs_find_all_roots_safe roots_found
get_cur_path paths
changed_cb inodes'
in_guest 6.12 34 26 'output_bytes|cache_[a-z_]*|preliminary_references|leaves_resolved|restarts' \
	'commands command_times clone_searches search_times candidates early_stops extent_references roots_found paths '\
'inodes' 'btrfs_lru_cache_store cache_backref
iterate_extent_inodes extent_references
changed_cb inodes' 'begin_cmd/send_extent_data commands
iterate_backrefs candidates
iterate_backrefs early_stops
btrfs_find_all_roots_safe roots_found
get_cur_path paths'
finish
