#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Recordings of Debian's kernels (tests/guest/make-recordings), compared with the engine's send of the
# same image: no root, no kernel that allows tracing.
# needs no root
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/system/system-lib.sh

golden=$PWD/tests/golden/recordings
work_in_scratch recording

if ! command -v zstd >/dev/null || ! command -v python3 >/dev/null; then
	skip 'recordings' 'needs zstd and python3'
	finish
fi
zstd -q -d --sparse "$golden/image.zst" -o "$scratch/image" || exit 1

run_it()
{
	"$sendprof" run --quiet --repeat 1 --out "$scratch/out" --image "$scratch/image" "$@"
}

# What the result says, by a condition in python on it; slow: the slowest commands of a side as the
# stream has them, by offset, beside what is told of them.
says()
{
	python3 -c "
import json, os
def slow(side):
	dump = os.popen('$sendprof stream dump --json $scratch/stream').read().splitlines()
	stream = dict((row['offset'], row) for row in map(json.loads, dump))
	for told in side['details']['commands']:
		sent = stream[told['offset']]
		path = sent['attributes'].get('path')
		yield ((told['kind'], told['bytes'], told['path'], told['path_length']),
			(sent['command'], sent['length'], path, len(path or '')))
result = json.load(open('$scratch/out/result.json'))
kernel, engine = result['sides']['kernel'], result['sides']['engine']
assert $1, json.dumps(result.get('agreement'))"
}

part=(--snap s1 --parent s0)
for series in 6.1 6.12; do
	compared=32
	# Of one cache, and of clone searches.
	[ "$series" = 6.12 ] || compared=14
	for which in full part; do
		arguments=(--snap s0) snapshots=(s0)
		[ "$which" = full ] || arguments=("${part[@]}") snapshots=(-p s0 s1)
		expect 0 "$series, $which: the streams are equal" '' \
			--kernel-trace "$golden/$series-$which.recording" "${arguments[@]}"
		check "$series, $which: the engine did as that kernel" says "result['request']['generation'] == '$series'"
		check "$series, $which: the kernel's half is recorded" says "result['kernel_recorded'] and result['tier'] == 'function'"
		check "$series, $which: the counters are equal" \
			says "result['agreement']['compared'] >= $compared and not result['agreement']['differing']"
		check "$series, $which: commands are those of the stream" says \
			"dict((k, v['count']) for k, v in kernel['trace']['commands'].items()) == dict((k, v['count']) for k, v in engine['kinds'].items())"
		check "$series, $which: its events are there" says \
			"kernel['details']['events'] == kernel['trace']['records'] > 0"
		"$sendprof" send --generation "$series" --image "$scratch/image" -f "$scratch/stream" "${snapshots[@]}"
		for side in kernel engine; do
			check "$series, $which: slow commands of the $side are those of the stream" says \
				"len(list(slow($side))) >= 15 and all(told == sent for told, sent in slow($side))"
		done
		[ "$series $which" != '6.12 full' ] || check '6.12: the backref cache has as many hits' \
			says "kernel['trace']['caches']['backref']['hits'] == engine['caches']['backref']['hits'] > 0"
	done
	check "$series: clone sources were searched for, and found" says "kernel['backrefs']['clone'] > 0"
done

# In the first version commands had neither paths nor a place in the stream.
for name in 6.1-part 6.12-full; do
	arguments=(--snap s0)
	[ "$name" = 6.12-full ] || arguments=("${part[@]}")
	expect 0 "$name, version 1: the streams are equal" '' --kernel-trace "$golden/$name-v1.recording" "${arguments[@]}"
	check "$name, version 1: all its events are there" says "kernel['details']['events'] == kernel['trace']['records'] > 0"
	check "$name, version 1: slow commands have times, and no paths" says \
		"[slow for slow in kernel['details']['commands'] if slow['work_ns'] and slow['at_ns'] and not slow['path'] and not slow['offset']]"
done

expect 1 'another generation sends otherwise, or counts are not compared' '' --kernel-trace "$golden/6.1-part.recording" \
	"${part[@]}" --generation 6.12
expect 3 'another snapshot is refused' 'the snapshot is not the one that was recorded' \
	--kernel-trace "$golden/6.12-full.recording" --snap s1
expect 3 'another parent is refused' 'the parent is not the one that was recorded' \
	--kernel-trace "$golden/6.12-part.recording" --snap s1
expect 3 'another form of the stream is refused' 'recorded without --no-data' \
	--kernel-trace "$golden/6.12-full.recording" --snap s0 --no-data
head -c 1000 "$golden/6.12-full.recording" >"$scratch/short"
expect 4 'one that is cut off is refused' 'the recording is cut off' --kernel-trace "$scratch/short" --snap s0
expect 4 'a stream is no recording' 'no recording of sendprof' --kernel-trace "$scratch/image" --snap s0
expect 2 'one or the other' 'exclude each other' --kernel-trace x --kernel-stream y --snap s0
expect 2 'an image has no kernel to record' '--record needs' --kernel-trace x --record y --snap s0
finish
