#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guards the commands that work on real snapshots, run, send and doctor: what they print and write,
# how they refuse, and their exit statuses. Needs root, loop devices and a kernel with btrfs.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/system/system-lib.sh

needs_root 'run, send and doctor'
work_in_scratch run
chmod 755 "$scratch" # for the tests without privilege

# make_filesystem NAME [MKFS OPTION]...: a btrfs in NAME.img, mounted at NAME.mnt
make_filesystem()
{
	local image=$scratch/$1.img

	truncate -s 256M "$image" && mkdir "$scratch/$1.mnt" &&
		mkfs.btrfs -q "${@:2}" "$image" >/dev/null &&
		mount -o loop,noatime "$image" "$scratch/$1.mnt"
}

# The report goes to the folder "report" in here unless --out says otherwise.
run_in=$scratch/work
mkdir "$run_in"
run_it()
{
	(cd "$run_in" && exec "$sendprof" "$@")
}

# as_nobody COMMAND...
as_nobody()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# json FILE EXPRESSION: of Python, with the document as "d"
json()
{
	python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
v = eval(sys.argv[2])
if v is not True:
	sys.exit("have %r in: %s" % (v, sys.argv[2]))' "$1" "$2"
}

check_json()
{
	if command -v python3 >/dev/null; then
		check "$@"
	else
		skip "$1" "no python3"
	fi
}

# Every key of a result that is no number and no name of a command.
explained()
{
	python3 - "$report/result.json" docs/result-json.md <<-'END'
		import json, sys
		text = open(sys.argv[2]).read()
		missing = set()
		def look(value):
		    if isinstance(value, dict):
		        for key, inner in value.items():
		            if not key.isupper() and "`%s`" % key not in text:
		                missing.add(key)
		            look(inner)
		    elif isinstance(value, list):
		        for inner in value:
		            look(inner)
		look(json.load(open(sys.argv[1])))
		if missing:
		    sys.exit("not explained: " + ", ".join(sorted(missing)))
	END
}

check "a filesystem with snapshots can be made" make_filesystem first
mnt=$scratch/first.mnt
live=$mnt/live
{
	btrfs -q subvolume create "$live"
	mkdir "$live/dir"
	head -c 3000000 /dev/urandom >"$live/dir/data"
	for i in $(seq 100); do echo "$i" >"$live/dir/small-$i"; done
	setfattr -n user.comment -v text "$live/dir/small-1"
	btrfs -q subvolume snapshot -r "$live" "$mnt/one"
	cp --reflink=always "$live/dir/data" "$live/dir/copy"
	mv "$live/dir/small-2" "$live/moved"
	rm "$live/dir/small-3"
	truncate -s 5000000 "$live/dir/data"
	btrfs -q subvolume snapshot -r "$live" "$mnt/two"
	sync -f "$mnt"
} >/dev/null
two_id=$(btrfs inspect-internal rootid "$mnt/two")
btrfs send -q "$mnt/one" >"$scratch/one.stream"
btrfs send -q -p "$mnt/one" "$mnt/two" >"$scratch/two.stream"

# ---- run: what it says and writes ----

expect 0 "run: a full send is identical" '^IDENTICAL ' run --snap "$mnt/one" --repeat 2
report=$run_in/sendprof-report
check "run: no progress where stderr is no terminal" test ! -s "$complained"
for file in result.json report.md report.html; do
	check "run: $file is written" test -s "$report/$file"
done
if command -v gnuplot >/dev/null; then
	check "run: plots are written" test -n "$(ls "$report"/plots/*.png)"
else
	skip "run: plots are written" "no gnuplot"
fi
# Stacks are there where the kernel lets them be sampled.
files='plots report.html report.md result.json'
! json "$report/result.json" 'bool(d["sides"]["kernel"]["folded_stacks"])' 2>/dev/null ||
	files="flame.svg $files stacks.folded"
check "run: the stacks, if there are any, are written too, and no other file is left" \
	test "$(find "$report" -mindepth 1 -maxdepth 1 -printf '%f\n' | LC_ALL=C sort | paste -s -d ' ')" = "$files"
check_json "run: the JSON says equal" json "$report/result.json" \
	'd["verdict"] == "equal" and d["schema_version"] == 1 and d["divergence"] is None'
check_json "run: the JSON has the warm-up and each repeat of both" json "$report/result.json" \
	'[[s["repeat"] for s in d["sides"][k]["samples"] if not s["traced"]] for k in ("kernel", "engine")] == [[0, 1, 2]] * 2'
check_json "run: the JSON counts the bytes of the stream" json "$report/result.json" \
	"all(s['bytes'] == $(stat -c %s "$scratch/one.stream") for k in d['sides'].values() for s in k['samples'])"
check_json "run: each command is timed or batched, in each repeat" json "$report/result.json" \
	'all(v["count"] * 2 == v["latency"]["count"] + v["latency"]["batched"] for k in d["sides"].values() for v in k["kinds"].values())'
check_json "run: kinds add up to the stream" json "$report/result.json" \
	'all(sum(v["bytes"] for v in k["kinds"].values()) + 17 == k["samples"][-1]["bytes"] for k in d["sides"].values())'

expect 0 "run: an incremental send is identical" '^IDENTICAL ' \
	run --snap "$mnt/two" --parent "$mnt/one" --repeat 1 --keep-streams --out kept
for side in kernel engine; do
	check "run: --keep-streams keeps the stream of the $side" \
		cmp "$run_in/kept/$side.stream" "$scratch/two.stream"
done
check_json "run: the JSON names snapshot and parent" json "$run_in/kept/result.json" \
	"d['request']['snapshot']['id'] == $two_id and d['request']['parent']['path'] == '$mnt/one'"
# The engine's events, taken in the warm-up, are what its own counters say.
check_json "run: the engine's events tell what its stream has" json "$run_in/kept/result.json" \
	'({k: (v["count"], v["bytes"]) for k, v in d["sides"]["engine"]["trace"]["commands"].items()} ==
	 {k: (v["count"], v["bytes"]) for k, v in d["sides"]["engine"]["kinds"].items()})'
check_json "run: the engine's events tell what its caches did" json "$run_in/kept/result.json" \
	'all(d["sides"]["engine"]["trace"]["caches"][c][k] == v
	 for c, counts in d["sides"]["engine"]["caches"].items()
	 for k, v in counts.items() if k != "clears")'
check_json "run: the engine's events tell of its searches" json "$run_in/kept/result.json" \
	'(d["sides"]["engine"]["trace"]["backrefs"] == d["sides"]["engine"]["backrefs"] and
	 d["sides"]["engine"]["trace"]["references"]["count"] ==
	 d["sides"]["engine"]["backrefs"]["searches"])'
check_json "run: the stretches of the timeline add up to the stream" json "$run_in/kept/result.json" \
	'(sum(s["commands"] for s in d["sides"]["engine"]["details"]["slots"]) ==
	 d["sides"]["engine"]["samples"][0]["commands"])'

expect 0 "run: clone sources without a parent" '^IDENTICAL ' \
	run --snap "$mnt/two" --clone-src "$mnt/one" --repeat 1
expect 0 "run: a report on the filesystem that is sent is worth a note" 'disturbs the figures' \
	run --snap "$mnt/two" --repeat 1 --out "$mnt/report"
rm -r "$mnt/report"
expect 0 "run: --no-data" '^IDENTICAL ' run --snap "$mnt/two" --no-data --repeat 1
expect 0 "run: cold caches" '^IDENTICAL ' \
	run --snap "$mnt/two" --parent "$mnt/one" --cache cold --repeat 1
check_json "run: the JSON says cold" json "$report/result.json" 'd["request"]["cache"] == "cold"'

check_json "run: the JSON has no key that docs/result-json.md does not explain" explained
expect 0 "run: --json" '"verdict": "equal"' run --snap "$mnt/one" --repeat 1 --json
check_json "run: --json prints what result.json holds" json "$printed" \
	"d == json.load(open('$report/result.json'))"
keep_output run_it run --snap "$mnt/one" --repeat 1 --quiet
check "run: --quiet prints nothing" test ! -s "$printed" -a ! -s "$complained"

if command -v script >/dev/null; then
	TERM=xterm script -qec "'$sendprof' run --snap '$mnt/one' --repeat 1 --quiet --out '$scratch/tty'" \
		/dev/null >"$printed" 2>&1
	check "run: --quiet also on a terminal" test ! -s "$printed"
	TERM=xterm script -qec "'$sendprof' run --snap '$mnt/one' --repeat 1 --out '$scratch/tty'" \
		/dev/null >"$printed" 2>&1
	check "run: a progress line on a terminal" grep -q -a 'kernel 1/1' "$printed"
else
	skip "run: a progress line on a terminal" "no script(1)"
fi

# ---- report ----

expect 0 "report: the summary again" '^IDENTICAL ' report "$run_in/kept/result.json"
expect 0 "report: everything again" '' report --out again "$run_in/kept/result.json"
for file in report.md report.html; do
	check "report: $file is the one that run wrote" cmp "$run_in/again/$file" "$run_in/kept/$file"
done
expect 0 "report: a page" '' report --html page.html "$run_in/kept/result.json"
if command -v gnuplot >/dev/null; then
	check "report: the page is the one that run wrote, plots and all" \
		cmp "$run_in/page.html" "$run_in/kept/report.html"
else
	skip "report: the page is the one that run wrote, plots and all" "no gnuplot"
fi
expect 0 "report: Markdown on standard output, from standard input" '^# IDENTICAL: ' \
	report --markdown - - <"$run_in/kept/result.json"
check "report: nothing else is printed" test "$(grep -c '^What was sent' "$printed")" = 0
expect 0 "report: --text prints the summary, too" '^What was sent' \
	report --markdown - --text "$run_in/kept/result.json"
head -c 1000 "$run_in/kept/result.json" >"$scratch/cut.json"
expect 4 "report: a file cut short" 'cut.json: line [0-9]*: no JSON' report "$scratch/cut.json"
echo '{"schema_version": 99}' >"$scratch/newer.json"
expect 3 "report: a schema of the future" 'newer.json: .*have schema_version 99 expect 1' \
	report "$scratch/newer.json"
expect 3 "report: a file that is not there" 'No such file' report "$scratch/none.json"
expect 3 "report: a place that cannot be written" 'cannot create' \
	report --html "$scratch/none/page.html" "$run_in/kept/result.json"
expect 3 "report: a full disk" 'cannot write' \
	report --markdown /dev/full "$run_in/kept/result.json"

# ---- run: recorded streams ----

recorded() # STREAM ARGUMENT...
{
	echo run --image "$scratch/first.img" --snap two --parent one --repeat 1 \
		--kernel-stream "$@"
}
# Each is a list of words without blanks.
# shellcheck disable=SC2046
{
	expect 0 "run: the engine equals a recorded stream" '^IDENTICAL ' $(recorded "$scratch/two.stream")

	# A byte in the middle of the data of some WRITE, or of a name.
	size=$(stat -c %s "$scratch/two.stream")
	cp "$scratch/two.stream" "$scratch/tampered.stream"
	printf '\377' | dd of="$scratch/tampered.stream" bs=1 seek=60 conv=notrunc status=none
	expect 1 "run: a tampered recorded stream differs" '^DIFFERENT  first at command 0 ' \
		$(recorded "$scratch/tampered.stream")
	check_json "run: the JSON says where" json "$report/result.json" \
		'd["verdict"] == "different" and d["divergence"]["byte_offset"] == 60 and d["divergence"]["command_index"] == 0'
	check_json "run: the JSON shows the commands around it" json "$report/result.json" \
		'[i for i, (k, e) in enumerate(zip(d["divergence"]["kernel_context"], d["divergence"]["engine_context"])) if k != e] == [d["divergence"]["context_first_different"]]'

	check_json "run: docs/result-json.md explains a divergence too" explained

	cp "$scratch/two.stream" "$scratch/crc.stream"
	printf '\377' | dd of="$scratch/crc.stream" bs=1 seek=24 conv=notrunc status=none
	expect 1 "run: a checksum that differs is a difference" '^DIFFERENT ' \
		$(recorded "$scratch/crc.stream")
	check_json "run: the JSON names the checksum" json "$report/result.json" \
		'd["divergence"]["attributes"] == "checksum" and d["divergence"]["command_index"] == 0'

	expect 1 "run: the stream of another snapshot differs" '^DIFFERENT ' \
		$(recorded "$scratch/one.stream" --keep-streams --out other)
	check "run: the engine's stream is kept where it differs" \
		cmp "$run_in/other/engine.stream" "$scratch/two.stream"

	head -c $((size - 100)) "$scratch/two.stream" >"$scratch/cut.stream"
	expect 4 "run: a truncated recorded stream is corrupt" 'cut.stream: offset [0-9]*:.* cut short' \
		$(recorded "$scratch/cut.stream")
	head -c $((size - 10)) "$scratch/two.stream" >"$scratch/endless.stream"
	expect 4 "run: a recorded stream without its END is corrupt" 'without an END' \
		$(recorded "$scratch/endless.stream")
	: >"$scratch/empty.stream"
	expect 4 "run: an empty recorded stream is corrupt" 'header cut short' \
		$(recorded "$scratch/empty.stream")
	expect 3 "run: a recorded stream that is not there" 'No such file' \
		$(recorded "$scratch/nothing")
}
if as_nobody test -x "$sendprof" 2>/dev/null; then
	run_in=$scratch/nobody
	mkdir -m 777 "$run_in"
	(cd "$run_in" && as_nobody "$sendprof" run --image "$scratch/first.img" --snap two \
		--parent one --kernel-stream "$scratch/two.stream") >"$printed" 2>"$complained"
	check "run: --image needs no privilege" grep -q '^IDENTICAL ' "$printed"
	(cd "$run_in" && as_nobody "$sendprof" run --snap "$mnt/one") >"$printed" 2>"$complained"
	check "run: without privilege it ends with status 3" test $? = 3
	check "run: without privilege it says what is missing" grep -q 'CAP_SYS_ADMIN' "$complained"
	as_nobody "$sendprof" send --image "$scratch/first.img" -p one two >"$printed" 2>"$complained"
	check "send: --image needs no privilege" cmp "$printed" "$scratch/two.stream"
	as_nobody "$sendprof" send "$mnt/one" >"$printed" 2>"$complained"
	check "send: without privilege a mounted snapshot is refused with status 3" test $? = 3
	check "send: without privilege it says what is needed" grep -q 'needs root' "$complained"
	as_nobody "$sendprof" doctor >"$printed" 2>"$complained"
	check "doctor: without privilege the status is 3" test $? = 3
	check "doctor: without privilege it says what to do" grep -q 'run as root' "$printed"
	run_in=$scratch/work
else
	skip "what needs no privilege" "nobody cannot reach $sendprof"
fi

# ---- the running kernel's generation ----

expect 0 "generations: what the running kernel is taken for" \
	"^Linux $(uname -r) behaves as [0-9.]*; " generations --running
generation=$(sed -n '1s/.* behaves as \([0-9.]*\).*/\1/p' "$printed")
expect 0 "doctor: so does the doctor" "generation .* $generation; " doctor
expect 0 "run: so does a run" "engine as kernel $generation\$" \
	run --snap "$mnt/one" --repeat 1 --out "$scratch/auto"
expect 0 "run: a row can be turned against it" "engine as kernel $generation but with" \
	run --snap "$mnt/one" --turn LEAF_CACHE_BY_NODE --repeat 1 --out "$scratch/auto"
expect 2 "generations: --markdown is of the whole table" 'exclude one another' \
	generations --markdown --running

# ---- refusals ----

if [ "$(cat /sys/fs/btrfs/features/send_stream_version)" -lt 3 ]; then
	expect 3 "run: a kernel without protocol 3 is called so" \
		'this kernel does not send protocol 3: .*CONFIG_BTRFS_EXPERIMENTAL' \
		run --snap "$mnt/one" --proto 3 --out "$scratch/third"
	expect 0 "send: the engine has protocol 3" '' send --proto 3 -f "$scratch/third.stream" "$mnt/one"
	expect 0 "run: a recorded stream of protocol 3" '^IDENTICAL ' \
		run --image "$scratch/first.img" --snap one --repeat 1 --proto 3 \
		--kernel-stream "$scratch/third.stream" --out "$scratch/third"
	expect 0 "run: protocol 0 is one that kernels send" '^IDENTICAL ' \
		run --snap "$mnt/one" --proto 0 --repeat 1 --out "$scratch/highest"
else
	skip "run: a kernel without protocol 3 is called so" "this one has it"
fi

mkdir "$mnt/directory"
btrfs -q subvolume snapshot "$mnt/live" "$mnt/writable" >/dev/null
check "a second filesystem can be made" make_filesystem second
btrfs -q subvolume create "$scratch/second.mnt/live" >/dev/null
btrfs -q subvolume snapshot -r "$scratch/second.mnt/live" "$scratch/second.mnt/one" >/dev/null
: >"$scratch/file"

for command in "run --snap" send; do
	word=${command%% *}
	file=$scratch/refused.stream
	into=(--out "$scratch/refused")
	[ "$word" = run ] || into=(-f "$file")
	# $command holds an option for one of the two.
	# shellcheck disable=SC2086
	{
		expect 3 "$word: a directory is no subvolume" 'is not a subvolume' \
			$command "$mnt/directory" "${into[@]}"
		expect 3 "$word: a writable snapshot, and what to do" 'property set -ts .*writable ro true' \
			$command "$mnt/writable" "${into[@]}"
		expect 3 "$word: a writable parent" 'is not read-only' \
			$command "$mnt/one" --parent "$mnt/writable" "${into[@]}"
		expect 3 "$word: a parent on another filesystem" 'different filesystems' \
			$command "$mnt/one" --parent "$scratch/second.mnt/one" "${into[@]}"
		expect 3 "$word: not on btrfs" 'not on a btrfs' $command "$scratch" "${into[@]}"
		expect 3 "$word: no such path" 'No such file' $command "$mnt/nothing" "${into[@]}"
		expect 2 "$word: unknown option" 'unknown option' $command "$mnt/one" --wrong "${into[@]}"
	}
	check "$word: a refusal leaves no output" test ! -e "$file" -a ! -e "$scratch/refused"
done
expect 2 "run: without a snapshot" '--snap' run
expect 2 "run: --image without a recorded stream" 'need each other' \
	run --image "$scratch/first.img" --snap one
expect 3 "run: a report cannot go below a file" 'file' \
	run --snap "$mnt/one" --out "$scratch/file/report"
expect 3 "run: a report cannot go into a file" 'directory' run --snap "$mnt/one" --out "$scratch/file"
expect 3 "send: an image that is none" "$scratch/one.stream" \
	send --image "$scratch/one.stream" one -f "$scratch/refused.stream"
expect 3 "send: a subvolume that is not in the image" 'nothing' \
	send --image "$scratch/first.img" nothing -f "$scratch/refused.stream"

truncate -s 256M "$scratch/third.img" "$scratch/fourth.img"
for name in third fourth; do
	loops+=("$(losetup --show -f "$scratch/$name.img")")
done
mkdir "$scratch/third.mnt"
mkfs.btrfs -q -d single -m raid1 "${loops[@]}" >/dev/null && mount "${loops[0]}" "$scratch/third.mnt"
btrfs -q subvolume create "$scratch/third.mnt/live" >/dev/null
btrfs -q property set -ts "$scratch/third.mnt/live" ro true
expect 0 "run: several devices" 'IDENTICAL' run --snap "$scratch/third.mnt/live"

# ---- send ----

expect 0 "send: a mounted snapshot to a file" '' send "$mnt/one" -f "$scratch/out.stream"
check "send: the stream is the kernel's" cmp "$scratch/out.stream" "$scratch/one.stream"
expect 0 "send: with a parent, by a pipe, with --stats" 'commands' \
	send -p "$mnt/one" "$mnt/two" --stats
check "send: the incremental stream is the kernel's" cmp "$printed" "$scratch/two.stream"
expect 0 "send: from an image, by subvolume id" '' \
	send --image "$scratch/first.img" -p one "$two_id" -f "$scratch/out.stream"
check "send: the image's stream is the kernel's" cmp "$scratch/out.stream" "$scratch/two.stream"
device=$(findmnt -n -o SOURCE "$mnt")
expect 0 "send: from a mounted device" '' send --image "$device" -p one two -f "$scratch/out.stream"
check "send: the mounted device's stream is the kernel's" cmp "$scratch/out.stream" "$scratch/two.stream"
if command -v script >/dev/null; then
	check_status 2 "send: not to a terminal" script -qec "'$sendprof' send '$mnt/one'" /dev/null
	script -qec "'$sendprof' send '$mnt/one'" /dev/null >"$printed" 2>&1
	check "send: not to a terminal, and what to do" grep -q -a 'use -f FILE' "$printed"
else
	skip "send: not to a terminal" "no script(1)"
fi
mkdir "$scratch/small.mnt"
mount -t tmpfs -o size=256k tmpfs "$scratch/small.mnt"
expect 3 "send: a full disk" 'No space left' send "$mnt/one" -f "$scratch/small.mnt/stream"
check "send: a partial file is removed" test ! -e "$scratch/small.mnt/stream"
expect 3 "run: a full disk" 'No space left' run --snap "$mnt/one" --out "$scratch/small.mnt"
expect 3 "send: a device that is full" 'No space left' send "$mnt/one" -f /dev/full
check "send: a device is not removed" test -c /dev/full

# ---- interruption, commits ----

interrupted() # SIGNAL EXPECTED-STATUS
{
	(cd "$run_in" && exec "$sendprof" run --snap "$mnt/one" --repeat 10000 --out "stopped-$1") \
		>"$printed" 2>"$complained" &
	local pid=$! status

	for _ in $(seq 200); do
		[ -s "$run_in/stopped-$1/result.json" ] && break
		sleep 0.05
	done
	kill -"$1" "$pid"
	wait "$pid"
	status=$?
	[ "$status" = "$2" ] || { echo "status: have $status expect $2"; shown; return 1; }
	[ "$(ls -A "$run_in/stopped-$1")" = result.json ] || { ls -A "$run_in/stopped-$1"; return 1; }
	json "$run_in/stopped-$1/result.json" 'd["verdict"] == "incomplete"'
}
if command -v python3 >/dev/null; then
	# bash starts jobs with SIGINT ignored unless it controls them.
	set -m
	check "run: SIGINT ends it with 130, the results so far are kept" interrupted INT 130
	check "run: SIGTERM ends it with 143, the results so far are kept" interrupted TERM 143
	set +m
else
	skip "run: interrupted" "no python3"
fi

# What the kernel sends follows the references of all subvolumes: other reflinks of the data, and a
# commit, change it between the two sends of a pair. That may not be taken for a difference.
unrest()
{
	python3 - "$live/dir/data" "$live/references" "$scratch/rest" <<-'END'
		import fcntl, os, struct, sys, time
		FICLONERANGE = 0x4020940d
		SIZE = 128 << 10
		source, target, stop = sys.argv[1:]
		shared = os.open(source, os.O_RDONLY)
		while not os.path.exists(stop):
		    # Beyond 1024 references no clone source is looked for.
		    file = os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
		    os.sync()
		    time.sleep(0.02)
		    for i in range(1100):
		        fcntl.ioctl(file, FICLONERANGE, struct.pack("qQQQ", shared, 0, SIZE, i * SIZE))
		    os.sync()
		    os.close(file)
		    time.sleep(0.02)
	END
}
if command -v python3 >/dev/null; then
	unrest &
	unrest_pid=$!
	keep_output run_it run --snap "$mnt/two" --clone-src "$mnt/one" --repeat 5
	status=$?
	: >"$scratch/rest"
	wait "$unrest_pid"
	case $status in
	0) check "run: commits in between are no difference" grep -q '^IDENTICAL ' "$printed" ;;
	3) check "run: commits in between are no difference" \
		grep -q 'would not hold still' "$complained" ;;
	*) fail "run: commits in between are no difference" "exit status: have $status expect 0 or 3
$(shown)" ;;
	esac
	rm "$live/references"
else
	skip "run: commits in between are no difference" "no python3"
fi

# ---- doctor ----

expect 0 "doctor: run works here" '^sendprof run works here' doctor
check "doctor: no line is too long for a screen" \
	test -z "$(awk 'length > 100' "$printed")" -a "$(wc -l <"$printed")" -le 50
expect 0 "doctor: --json" '"run_works": true' doctor --json
check_json "doctor: the JSON has a state for each finding" json "$printed" \
	'all(f["state"] in ("ok", "unknown", "limited", "missing") for f in d["findings"]) and len(d["findings"]) >= 15'

finish
