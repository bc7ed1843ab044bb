#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guards bench: every workload is what it claims to be, kernel and engine send it alike, an
# interrupted bench goes on where it was, and shards come together. Needs root, loop devices and a
# kernel with btrfs.
# needs one build
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

build=${BUILD:-build}
sendprof=$(realpath -- "${SENDPROF:-$build/sendprof}") || exit 1

# Every workload and every parameter is in the document.
documented()
{
	"$sendprof" bench --list | awk -F: '/^[a-z-]+:/ { print $1 }' | (
		status=0
		while read -r name; do
			grep -qF "| \`$name\` |" docs/benchmarks.md || { echo "not there: $name"; status=1; }
		done
		exit $status
	)
}

check 'docs/benchmarks.md has every workload' documented
check_status 2 'a workload that is none' "$sendprof" bench bulc
check_status 2 'a value that cannot be' "$sendprof" bench bulk --param mib=0
# Nothing is pruned: the name of an image says which mkfs made it, and so that one has to be found.
nothing=$(mktemp -d /tmp/sendprof-bench-path.XXXXXX) || exit 1
check_status 0 'mkfs.btrfs is found without sbin in PATH' env PATH=/usr/bin:/bin "$sendprof" bench --prune \
	--cache-dir "$nothing"
rmdir "$nothing"
check_status 2 'a sweep of what is not there' "$sendprof" bench bulk --sweep refs=1,2

if [ "$(id -u)" != 0 ]; then
	skip 'workloads built and measured' 'needs root'
	finish
fi

scratch=$(mktemp -d /tmp/sendprof-bench-test.XXXXXX) || exit 1
loop=''
clean_up()
{
	[ -z "$loop" ] || losetup -d "$loop"
	rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# bench_into FOLDER OPTION...
bench_into()
{
	local folder=$1

	shift
	"$sendprof" bench --size tiny --repeat 1 --cache-dir "$scratch/cache" --out "$scratch/$folder" "$@"
}

# How many results a folder's file has; 0 while there is none.
results_in()
{
	grep -s '"verdict": "equal"' "$scratch/$1/bench.json" | wc -l
}

wait_for_results()
{
	local tries

	for ((tries = 0; tries < 600; tries++)); do
		[ "$(results_in all)" -lt 2 ] || return 0
		sleep 0.05
	done
	return 1
}

count=$("$sendprof" bench --list | grep -c '^[a-z-]*:')

# Interrupted in the middle, then the rest.
"$sendprof" bench --size tiny --repeat 1 --cache-dir "$scratch/cache" --out "$scratch/all" \
	>"$scratch/log" 2>&1 &
pid=$!
check 'results come one by one' wait_for_results
kill -TERM "$pid" 2>/dev/null
wait "$pid"
check 'an interrupted bench ends like that' test $? = 143
before=$(results_in all)
check 'it keeps what it has and has not all' test "$before" -ge 2 -a "$before" -lt "$count"
check 'it leaves no unfinished image' test -z "$(find "$scratch/cache" -name '*.img.*')"
first=$(grep -m 1 '"created"' "$scratch/all/bench.json")
check_status 0 'the same command goes on' bench_into all
check 'every workload is what it claims and is sent alike' test "$(results_in all)" = "$count"
check 'what was there was not run again' test \
	"$(grep -m 1 '"created"' "$scratch/all/bench.json")" = "$first"
# Killed while it builds, so that nothing can be tidied up: what it leaves behind is a file.
files_that_are_built()
{
	find "$scratch/killed" -name '*.img.*' 2>/dev/null
}
is_building()
{
	local tries

	for ((tries = 0; tries < 600; tries++)); do
		[ -z "$(files_that_are_built)" ] || [ -z "$(losetup -n -j "$(files_that_are_built)")" ] || return 0
		sleep 0.05
	done
	return 1
}
is_let_go()
{
	local tries

	for ((tries = 0; tries < 600; tries++)); do
		[ -n "$(losetup -n -j "$(files_that_are_built)")" ] || return 0
		sleep 0.05
	done
	return 1
}
TMPDIR=$scratch "$sendprof" bench --cache-dir "$scratch/killed" --out "$scratch/killed-out" \
	--param files=10000000 small-files >/dev/null 2>&1 &
pid=$!
check 'a bench builds' is_building
kill -KILL "$pid"
wait "$pid" 2>/dev/null
check 'when it is killed its builder goes, too' is_let_go
check_status 0 'what is left is removed' "$sendprof" bench --prune --cache-dir "$scratch/killed"
check 'all of it' test -z "$(ls "$scratch/killed")"

# While it was sent all extents of it were moved, and transactions were committed.
moved()
{
	python3 - "$scratch/all/bench.json" <<-'EOF'
		import json, sys
		for workload in json.load(open(sys.argv[1]))["workloads"]:
		    live = workload["live"]
		    assert (live is not None) == (workload["name"] == "relocation-live")
		    if live:
		        assert live["balances"] > 0 and live["transactions"] > 0, live
		        assert live["moved_extents"] == live["extents"] == 2 * 8 * 4, live
	EOF
}
if command -v python3 >/dev/null; then
	check 'relocation-live was moved while it was sent' moved
else
	skip 'relocation-live was moved while it was sent' 'needs python3'
fi
check 'no copy of its image is left' test -z "$(find "$scratch/cache" -name '*.img.*')"
for spread in within snapshots; do
	check "many-refs with references $spread" bench_into all many-refs --param "spread=$spread"
done

# Commands that were written together have no times.
timed_commands()
{
	python3 -c 'import json, sys
side = json.load(open(sys.argv[1]))["workloads"][0]["result"]["sides"][sys.argv[2]]
print(sum(kind["latency"]["count"] + kind["latency"]["batched"] for kind in side["kinds"].values()))' \
		"$scratch/all/bench.json" "$1"
}

if command -v python3 >/dev/null; then
	check 'the kernel writes each command' test "$(timed_commands kernel)" -gt 0
	check 'the engine writes them together' test "$(timed_commands engine)" = 0
else
	skip 'who writes commands together' 'no python3'
fi

# From the cache, so this is quick; another folder, so all are run again.
check_status 0 'a second bench, on cached filesystems' bench_into second
check_status 0 'compare takes the two' "$sendprof" compare "$scratch/second/bench.json" "$scratch/second/bench.json"
check 'compare sees every workload' test "$("$sendprof" compare --json "$scratch/all/bench.json" \
	"$scratch/second/bench.json" | grep -c '"workload": .*=\|"condition": "streams"')" -ge "$count"

# Built again elsewhere: the same names, sizes, data and extended attributes in the same snapshots.
# contents CACHE: of its image of the workload "random"
contents()
{
	# shellcheck disable=SC2016 # for the other shell, in which nothing stays mounted
	unshare --mount bash -c 'mkdir -p "$2" && mount -o loop,ro "$1"/random_*.img "$2" && cd "$2" &&
		find parent child -printf "%p %y %s %n\n" | sort &&
		find parent child -type f -exec sha256sum {} + | sort -k 2 &&
		find parent child -exec getfattr --dump --absolute-names {} + | grep -v "^$"' \
		- "$scratch/$1" "$scratch/mnt"
}
check 'random, built again' bench_into again --cache-dir "$scratch/cache2" random
contents cache >"$scratch/contents"
contents cache2 >"$scratch/contents2"
check 'it has files and attributes' test "$(grep -c '^user\.change' "$scratch/contents")" -gt 10 -a \
	"$(grep -c ' f ' "$scratch/contents")" -gt 100
check 'it is the same' cmp "$scratch/contents" "$scratch/contents2"
check 'another seed' bench_into again --cache-dir "$scratch/cache3" --param seed=2 random
contents cache3 >"$scratch/contents3"
check_status 1 'is another filesystem' cmp "$scratch/contents" "$scratch/contents3"

# Each way of measuring has a name, so that none is taken for another.
check 'a null sink' bench_into ways --sink null bulk many-refs
check 'cold, to a null sink, of small memory' bench_into ways --sink null --cold --memory 16M bulk
check 'not in batches, by the faithful finder' bench_into ways --no-batch --finder faithful many-refs
check 'and as usual' bench_into ways bulk
check 'all five are in the file' test "$(results_in ways)" = 5
check 'the same way again is not run' grep -q '1 of 1 workloads are in' <(bench_into ways --sink null --cold \
	--memory 16M bulk 2>&1)
# ways KEY: its values in the five results, in their order
ways()
{
	python3 - "$scratch/ways/bench.json" "$1" <<-'EOF'
		import json, sys
		for workload in json.load(open(sys.argv[1]))["workloads"]:
		    print(workload["result"]["request"][sys.argv[2]], end=" ")
	EOF
}
if command -v python3 >/dev/null; then
	check 'results say their sink' test "$(ways sink)" = 'null null null pipe pipe '
	check 'and their caches' test "$(ways cache)" = 'warm warm cold warm warm '
	check 'and finder and memory' test "$(ways finder)$(ways memory_bytes)" = \
		'indexed indexed indexed faithful indexed 268435456 268435456 16777216 268435456 268435456 '
	check 'and whether in batches' test "$(ways batch)" = 'True True True False True '
else
	skip 'what results say of how they were measured' 'needs python3'
fi

# usage: whether what sends used is plausible. Of a cold one every byte came from a device.
usage()
{
	python3 - "$scratch/ways/bench.json" <<-'EOF'
		import json, sys
		for workload in json.load(open(sys.argv[1]))["workloads"]:
		    null = workload["result"]["request"]["sink"] == "null"
		    cold = workload["result"]["request"]["cache"] == "cold"
		    for name, side in workload["result"]["sides"].items():
		        # Dropped streams of the finder that is measured were compared, too.
		        assert [s["repeat"] for s in side["samples"]] == [0, 0, 1][not (null and not (
		            "finder" in workload["parameters"])):], name
		        for sample in side["samples"]:
		            usage = sample["usage"]
		            measured = sample["repeat"] > 0
		            assert (sample["first_byte_ns"] is None) == (null and measured)
		            assert sample["bytes"] > 1000 and sample["commands"] > 10
		            assert (usage["peak_bytes"] is None) == (name == "kernel")
		            if cold and usage["device_bytes"] is not None:
		                assert usage["device_bytes"] >= 2 << 20, usage
	EOF
}
if command -v python3 >/dev/null; then
	check 'what sends used is there' usage
else
	skip 'what sends used' 'needs python3'
fi

# A divergence is told by the status, also when it was found earlier.
sed -i '0,/"verdict": "equal"/s//"verdict": "different"/' "$scratch/second/bench.json"
check_status 1 'a divergence is status 1' bench_into second

# Shards together are the whole.
check 'the first shard' bench_into shard1 --shard 1/2 bulk sparse small-files
check 'the second shard' bench_into shard2 --shard 2/2 bulk sparse small-files
check 'shards are merged' "$sendprof" report merge "$scratch"/shard[12]/bench.json --out "$scratch/merged.json"
check 'the merged file has each' test "$(grep -c '"verdict": "equal"' "$scratch/merged.json")" = 3
check_status 3 'the same shard twice is refused' "$sendprof" report merge \
	"$scratch"/shard1/bench.json "$scratch"/shard1/bench.json --out "$scratch/twice.json"
check_status 0 'compare takes the merged file' "$sendprof" compare "$scratch/merged.json" "$scratch/merged.json"

check 'a sweep' bench_into sweep many-refs --sweep refs=2,8,32
check 'has an exponent for each side' test "$(grep -c '"exponent":' "$scratch/sweep/bench.json")" = 2

check 'a sweep, one part' bench_into sweep1 --shard 1/2 many-refs --sweep refs=2,8,32,64
check 'and the other' bench_into sweep2 --shard 2/2 many-refs --sweep refs=2,8,32,64
check 'parts of a sweep are merged' "$sendprof" report merge "$scratch"/sweep[12]/bench.json \
	--out "$scratch/sweep.json"
check 'and fitted through all points' test "$(grep -c '"points": 4' "$scratch/sweep.json")" = 2

# Pages: of one bench, of several, and of compare with history.
check 'report shows a bench' "$sendprof" report "$scratch/sweep.json"
check 'and makes a page of it' "$sendprof" report --html "$scratch/page.html" "$scratch/sweep.json"
check 'with the fits of the sweep' grep -q '>x^[-0-9.]* (R² ' "$scratch/page.html"
check 'a page of the course' "$sendprof" report --html "$scratch/course.html" "$scratch/shard1/bench.json" \
	"$scratch/second/bench.json" "$scratch/all/bench.json"
check 'has a line for each workload' test "$(grep -o '<section id="course">' "$scratch/course.html" | wc -l)" = 1 -a \
	"$(grep -c '^<h3>' "$scratch/course.html")" -ge "$count"
check 'nothing in it is fetched' test -z "$(grep -o 'https\?://[^ "]*\|<script\|<link\|url(' "$scratch/course.html")"
check 'Markdown for a summary of a job' "$sendprof" report --markdown "$scratch/summary.md" "$scratch/sweep.json"
check 'tells the verdict' grep -q '^# IDENTICAL: 4 of 4 workloads sent alike' "$scratch/summary.md"
check 'and what grows' grep -q '^| .* | refs | 4 | x^' "$scratch/summary.md"
check 'all files of a bench' "$sendprof" report --out "$scratch/folder" "$scratch/sweep.json"
check 'are there' test -s "$scratch/folder/report.html" -a -s "$scratch/folder/report.md"
if command -v gnuplot >/dev/null; then
	check 'with a plot of the sweep' test -s "$scratch/folder/plots/sweep-1.png"
	check 'which is in the page, too' grep -q '<svg class="plot narrow".* aria-label="sweep-1"' "$scratch/page.html"
else
	skip 'with a plot of the sweep' 'no gnuplot'
fi
# The engine's walks are its own, the kernel's known only where it was traced.
check 'a sweep that is traced' bench_into traced --tier auto many-refs --sweep refs=4,16
if command -v python3 >/dev/null; then
	check 'of the kernel is known what tracing told' python3 - "$scratch/traced/bench.json" <<-'EOF'
		import json, sys
		for workload in json.load(open(sys.argv[1]))["workloads"]:
		    kernel, engine = (workload["result"]["sides"][side]["trace"] for side in ("kernel", "engine"))
		    if kernel and "preliminary_references" in kernel["metrics"]:
		        have, expect = (t["backrefs"]["preliminary_references"] for t in (kernel, engine))
		        assert have == expect > 0, (have, expect)
	EOF
else
	skip 'of the kernel is known what tracing told' 'no python3'
fi
check 'compare draws the course' "$sendprof" compare --quiet --html "$scratch/compare.html" \
	"$scratch/merged.json" "$scratch/merged.json" "$scratch/merged.json"
check 'for each workload' test "$(grep -o '<figure>' "$scratch/compare.html" | wc -l)" = 3

# On a device: an empty one is taken, one with something else on it is not.
truncate -s 1G "$scratch/disk.img"
loop=$(losetup -f --show "$scratch/disk.img")
check 'on an empty device' bench_into device --device "$loop" small-files bulk
check 'again on what it left there' bench_into device --again --device "$loop" small-files
mkfs.btrfs -q -f -L precious "$loop" >/dev/null 2>&1
check_status 3 'a device with another filesystem is refused' bench_into device --again --device "$loop" small-files
check 'and left as it is' test "$(blkid -p -o value -s LABEL "$loop")" = precious

# What is pruned: images of another builder, and unfinished ones of processes that ended. What has such
# a name and is no filesystem of ours, or another name, stays.
(
	cd "$scratch/cache" || exit 1
	image=$(echo small-files_*)
	cp --sparse=always "$image" "${image/builder-/builder-9}"
	cp --sparse=always "$image" "$image.$BASHPID" # which has ended soon
	cp --sparse=always "$image" "$image.$$"
	cp --sparse=always "$image" mine.img
	truncate -s 1M "${image/files=200/files=1}x" "${image/builder-/builder-8}"
	ln -s mine.img "${image/builder-/builder-7}"
)
before=$(find "$scratch/cache" -mindepth 1 | wc -l)
check 'prune removes what is old' grep -q ': 2 images removed (.*), [1-9][0-9]* kept$' <("$sendprof" bench --prune \
	--cache-dir "$scratch/cache")
check 'and nothing else' test "$(find "$scratch/cache" -mindepth 1 | wc -l)" = $((before - 2))
check 'a second time there is nothing' grep -q ': 0 images removed' <("$sendprof" bench --prune --cache-dir \
	"$scratch/cache")
check 'nor in a folder that is not there' "$sendprof" bench --prune --cache-dir "$scratch/none"

check 'nothing stays mounted' test -z "$(grep sendprof-bench /proc/self/mountinfo)"
check 'no loop device is left' test -z "$(losetup -l -n -O BACK-FILE | grep "$scratch/cache")"
finish
