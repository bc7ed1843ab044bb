#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# sendprof trace: sends of others, one after another and at a time, of a command and of all; how it
# ends, and what it leaves behind. On this machine in whatever tier it allows, and in a guest, where
# it is the function tier. Needs root, and for figures python3.
# needs one build
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/system/system-lib.sh

needs_root 'watching sends'
if ! command -v python3 >/dev/null; then
	skip 'watching sends' 'needs python3'
	finish
fi
work_in_scratch trace-command
export XDG_CACHE_HOME=$build/cache
command -v bpftool >/dev/null || PATH=$PATH:/usr/sbin

run_it()
{
	"$sendprof" trace "$@" </dev/null
}

# ---- usage, and what is said without privilege ----

expect 2 'one choice of sends at a time' '--pid and --all exclude each other' --pid 1 --all
expect 2 'a command is a choice, too' '--all and a command exclude each other' --all -- true
expect 2 'the pipe is no tier of it' "have 'pipe'" --tier pipe
expect 3 'a file that cannot be written, before anything is run' 'cannot create /nowhere/flame' \
	--flame /nowhere/flame -- touch "$scratch/flamed"
check 'and nothing was' test ! -e "$scratch/flamed"
expect 3 'a process that is not there' 'cannot watch process 4194303: No such process' --pid 4194303
nobody()
{
	cp "$sendprof" "$scratch/sendprof" && chmod 755 "$scratch" "$scratch/sendprof" &&
		setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$scratch/sendprof" trace "$@"
}
check_status 3 'without privilege it does not watch' nobody -- touch "$scratch/ran"
nobody -- true >"$printed" 2>&1
check 'and says what it needs' grep -q 'cannot watch sends: .*needs root, or CAP_BPF and CAP_PERFMON' "$printed"
check 'and names the doctor' grep -q 'sendprof doctor' "$printed"
check 'and does not run the command' test ! -e "$scratch/ran"

make_image()
{
	local top=$scratch/mnt/live i

	mkdir "$scratch/mnt" && truncate -s 150M "$scratch/disk" &&
		mkfs.btrfs -q "$scratch/disk" >/dev/null && mount -o loop "$scratch/disk" "$scratch/mnt" || return
	btrfs -q subvolume create "$top" || return
	for ((i = 1; i <= 40; i++)); do
		head -c 131072 /dev/urandom >"$top/file$i" && mkdir "$top/folder$i" || return
	done
	btrfs -q subvolume snapshot -r "$top" "$scratch/mnt/s0" || return
	cp --reflink=always "$top/file1" "$top/copy" && mv "$top/file2" "$top/folder3/" && rm "$top/file4" || return
	btrfs -q subvolume snapshot -r "$top" "$scratch/mnt/s1" || return
	sync -f "$scratch/mnt"
	umount "$scratch/mnt"
}

# ---- what is done, in $WORK, with the filesystem at $MNT; statuses go to files ----

cat >"$scratch/inside.sh" <<'INSIDE'
cd "$WORK" || exit 9
pipes=$(mktemp -d) || exit 9
attached() { bpftool prog list 2>/dev/null | awk '/ name / { print $4 }' | sort | tr '\n' ' '; }
# Wait until a line of the file matches; loading takes long where a processor is emulated.
await() { local i; for ((i = 0; i < 1500; i++)); do grep -q -e "$2" "$1" 2>/dev/null && return; sleep 0.2; done; return 1; }
"$TOOLS/ksend" -f s0.stream "$MNT/s0" && "$TOOLS/ksend" -p "$MNT/s0" -c "$MNT/s0" -f s1.stream "$MNT/s1" || exit 9
btrfs subvolume list "$MNT" | awk '{ print $NF, $2 }' >ids
attached >attached.before

# Its own sends and no others, though another goes on meanwhile.
cat >own.sh <<'OWN'
touch begun
while [ ! -e other ]; do sleep 0.1; done
"$TOOLS/ksend" -f own0.stream "$MNT/s0"
# The first one is told before the second one ends, and once.
for ((i = 0; i < 300; i++)); do grep -q '"ended": *true' own.json && break; sleep 0.1; done
sh -c '"$TOOLS/ksend" -p "$MNT/s0" -c "$MNT/s0" -f own1.stream "$MNT/s1"; exit 0'
exit 7
OWN
sendprof trace --json --details --stacks own.folded --flame own.svg -o own.json -- bash own.sh >own.out 2>own.err &
for ((i = 0; i < 1500; i++)); do [ -e begun ] && break; sleep 0.2; done
"$TOOLS/ksend" -f /dev/null "$MNT/s0"
touch other
wait $!
echo $? >own.status

# Two at a time: one ends, one waits for its reader when watching ends.
mkfifo "$pipes/first" "$pipes/second" "$pipes/third"
sendprof trace --all >all.txt 2>all.err &
watcher=$!
await all.err 'watching sends'
attached >attached.during
"$TOOLS/ksend" -f "$pipes/first" "$MNT/s0" &
first=$!
"$TOOLS/ksend" -f "$pipes/second" "$MNT/s0" &
second=$!
exec 3<"$pipes/first" 4<"$pipes/second"
await all.txt "^ *$first " && await all.txt "^ *$second " && touch both
cat <&3 >first.stream
await all.txt "^ *$first .* done"
# A third one that is killed where it waits for its reader.
"$TOOLS/ksend" -f "$pipes/third" "$MNT/s0" &
third=$!
exec 5<"$pipes/third"
await all.txt "^ *$third " && kill -TERM $third
exec 5<&-
await all.txt "^ *$third .* failed: interrupted" && touch interrupted
echo "$first $second" >processes
kill -INT $watcher
wait $watcher
echo $? >all.status
attached >attached.after
cat <&4 >second.stream
exec 3<&- 4<&-
wait

# Under way when watching begins, and read slowly.
mkfifo "$pipes/begun"
"$TOOLS/ksend" -f "$pipes/begun" "$MNT/s0" &
begun=$!
exec 5<"$pipes/begun"
head -c 1000000 <&5 >begun.stream
sendprof trace --json --pid $begun >begun.json 2>begun.err &
watcher=$!
await begun.err 'watching sends'
while [ "$(head -c 200000 <&5 | tee -a begun.stream | wc -c)" -gt 0 ]; do sleep 0.4; done
exec 5<&-
wait $watcher

# A process by its number: watching ends with it.
sh -c 'while [ ! -e watched ]; do sleep 0.1; done; "$TOOLS/ksend" -f pid.stream "$MNT/s0"' &
sendprof trace --json --pid $! >pid.json 2>pid.err &
watcher=$!
await pid.err 'watching sends'
touch watched
wait $watcher
echo $? >pid.status

# Killed while it watches.
sendprof trace >/dev/null 2>killed.err &
watcher=$!
await killed.err 'watching sends'
kill -9 $watcher
wait $watcher 2>/dev/null
sleep 1
attached >attached.killed
find /sys/fs/bpf -type f >pinned 2>/dev/null
rm -r "$pipes"
touch whole
INSIDE

# ---- what must have come of it ----

# look_at WHERE CODE: python that is given the folder; what it raises is shown.
look_at()
{
	python3 -c "
import json, os, re, sys
os.chdir('$1')
def lines(name): return [json.loads(line) for line in open(name)]
def ended(name): return [line for line in lines(name) if line.get('ended') is True]
def size(name): return os.stat(name).st_size
def knows(send, metric): return metric in send['trace']['metrics']
def same(what, have, expect): assert have == expect, f'{what}: have {have} expect {expect}'
ids = dict((line.split()[0], int(line.split()[1])) for line in open('ids'))
def stat(name):
	kinds = json.loads(os.popen('$sendprof stream stat --json ' + name).read())['kinds']
	return dict((kind, kinds[kind]['count']) for kind in kinds if kinds[kind]['count'])
$2"
}

findings()
{
	local where=$1 work=$2

	check "$where: everything was run" test -e "$work/whole"
	[ -e "$work/whole" ] || { cat "$work"/*.err | sed 's/^/# /'; return; }
	check "$where: the status is the command's" grep -qx 7 "$work/own.status"
	check "$where: two sends of the command, none of others" look_at "$work" "
same('roots', [send['root'] for send in ended('own.json')], [ids['s0'], ids['s1']])
same('commands', [send['command'] for send in ended('own.json')], ['ksend'] * 2)
summary = lines('own.json')[-1]['summary']
same('ended', summary['ended'], 2)
same('under way', summary['under_way'], 0)"
	check "$where: began before they ended, and came to a result" look_at "$work" "
for send in ended('own.json'):
	assert 0 < send['trace']['began_ns'] < send['trace']['ended_ns']
	same('result', send['trace']['result'], 0)"
	check "$where: bytes are those of the streams" look_at "$work" "
for send, stream in zip(ended('own.json'), ('own0.stream', 'own1.stream')):
	if knows(send, 'output'):
		same(stream, send['trace']['output_bytes'], size(stream))"
	check "$where: commands are those of the streams" look_at "$work" "
for send, stream in zip(ended('own.json'), ('own0.stream', 'own1.stream')):
	if knows(send, 'commands'):
		have = dict((kind, row['count']) for kind, row in send['trace']['commands'].items())
		same(stream, have, stat(stream))"
	check "$where: its lines have the keys that docs/result-json.md explains, and those only" \
		look_at "$work" "
import itertools
text = open('$PWD/docs/result-json.md').read()
def table(start, end):
	part = text[text.index(start):]
	part = part[:part.index(end)] if end else part
	firsts = [row.split('|')[1] for row in part.splitlines() if row.startswith('| \`')]
	return set(itertools.chain(*[re.findall('\`([a-z_]+)\`', first) for first in firsts]))
send, summary = ended('own.json')[0], lines('own.json')[-1]
same('line', table('## Lines of sendprof trace', 'The line of the summary'), set(send))
same('summary', table('The line of the summary', None), set(summary['summary']))
same('keys', list(summary), ['summary'])
same('trace', table('### trace', '### details'), set(send['trace']))"
	check "$where: details are of these sends" look_at "$work" "
have = [(send['thread'], send['began_ns']) for send in lines('own.json')[-1]['summary']['sends']]
same('sends', have, [(send['trace']['thread'], send['trace']['began_ns']) for send in ended('own.json')])"
	check "$where: where no costs are seen that is said" look_at "$work" "
seen = knows(ended('own.json')[0], 'inodes') or knows(ended('own.json')[0], 'clone_searches')
same('note', '--details: extents, inodes and commands are not seen' in open('own.err').read(), not seen)"
	check "$where: costly inodes are those with data, by their paths" look_at "$work" "
first = lines('own.json')[-1]['summary']['sends'][0]['details']
if knows(ended('own.json')[0], 'commands'):
	assert knows(ended('own.json')[0], 'inodes')
	large = [inode for inode in first['inodes'] if inode['bytes'] > 131072]
	assert large, first['inodes']
	for inode in large:
		assert re.fullmatch('file[0-9]+', inode['path'] or ''), inode
	assert len(set(inode['path'] for inode in large)) == len(large), large
	assert first['extents'], first
	assert all(extent['searches'] for extent in first['extents'])"
	check "$where: slow commands are those of the stream, by offset" look_at "$work" "
for number, send in enumerate(ended('own.json')):
	if not knows(send, 'command_times'):
		continue
	slow = lines('own.json')[-1]['summary']['sends'][number]['details']['commands']
	dump = os.popen(f'$sendprof stream dump --json own{number}.stream').read().splitlines()
	stream = dict((row['offset'], row) for row in map(json.loads, dump))
	same('commands', len(slow), min(20, len(stream) - 1))
	for row in slow:
		command = stream[row['offset']]
		same('command', (row['kind'], row['bytes'], row['path']),
			(command['command'], command['length'], command['attributes'].get('path')))
		assert row['work_ns'] > 0 < row['output_ns'], row
		assert row['at_ns'] + row['work_ns'] + row['output_ns'] <= send['trace']['ended_ns'] - send['trace']['began_ns'], row
	took = [row['work_ns'] + row['output_ns'] for row in slow]
	same('order', took, sorted(took, reverse=True))"
	check "$where: stacks are sampled, of the send and nothing else" look_at "$work" "
stacks = [line.rsplit(' ', 1) for line in open('own.folded')]
assert stacks and all(int(count) > 0 for stack, count in stacks)
same('each once', len(set(stack for stack, count in stacks)), len(stacks))
# What was sampled in a program's own code has no callers, or not all.
whole = [stack for stack, count in stacks if '_sys_ioctl;' in stack]
assert whole and all('btrfs_ioctl_send' in stack for stack in whole), whole[:3]"
	check "$where: and drawn" look_at "$work" "
picture = open('own.svg').read()
assert picture.startswith('<svg') and 'btrfs_ioctl_send: ' in picture, picture[:80]"
	check "$where: two at a time are told apart" test -e "$work/both"
	check "$where: Ctrl-C is no failure" grep -qx 0 "$work/all.status"
	check "$where: the summary has the one and the other" look_at "$work" "
text = open('all.txt').read()
# It stands once, whatever the number of sends.
same('list of what is not measured', text.count('\\nNot measured\\n'), 1)
same('tier', text.count('\\n  Tier '), 1)
first, second = open('processes').read().split()
assert re.search('[1-9][0-9]* sends ended, [1-9][0-9]* (is|are) under way', text), text
for who, outcome in ((first, 'done'), (second, 'still under way')):
	heading = f'process {who} (ksend), subvolume ' + str(ids['s0']) + ': ' + outcome
	assert heading in text, text
	# And a line for each, before what is told of each.
	row = re.search(f'^ *{who}  ksend +' + str(ids['s0']) + f' .* {outcome}\$', text, re.M)
	assert text.index('\\nSends\\n') < row.start() < text.index('\\nprocess '), text"
	check "$where: one that waits for its reader all the time is seen to" look_at "$work" "
second = open('processes').read().split()[1]
assert re.search(f'^ *{second} .* 0 B/s .* 100% wait.* reader ', open('all.txt').read(), re.M)"
	check "$where: their streams are whole" look_at "$work" "
same('first', size('first.stream'), size('s0.stream'))
same('second', size('second.stream'), size('s0.stream'))"
	check "$where: a send that is killed was interrupted" test -e "$work/interrupted"
	check "$where: a send under way is found, and seen to its end" look_at "$work" "
same('stream', size('begun.stream'), size('s0.stream'))
found = lines('begun.json')
send = ended('begun.json')[-1]
same('sends', (found[-1]['summary']['ended'], len(ended('begun.json'))), (1, 1))
same('root', send['root'], ids['s0'])
# A function that had been entered before it was watched is not seen to return.
same('result', send['trace']['result'], 1 if send['trace']['tier'] == 'function' else 0)
# Of the rest only: what its caches held before was not stored since.
assert 0 < send['trace']['output_bytes'] < size('s0.stream') - 900000, send
for name, cache in send['trace']['caches'].items():
	assert cache['stores'] <= cache['lookups'] - cache['hits'] + 1, (name, cache)"
	check "$where: while it waits, where it is and how far it has come are known" look_at "$work" "
under_way = [line for line in lines('begun.json') if line.get('ended') is False]
paths = set(line['path'] for line in under_way)
assert len([path for path in paths if re.fullmatch('file[0-9]+', path or '')]) > 1, paths
moving = [line['interval_bytes'] for line in under_way]
assert len([bytes for bytes in moving if bytes]) > 1, moving"
	check "$where: of what was not asked for it is said which option does" look_at "$work" "
summary = lines('begun.json')[-1]['summary']
missing = dict((row['metric'], row['reason']) for row in summary['missing'])
same('stacks', missing['stacks'], 'not asked for: --stacks or --flame')
# But of no option that would not help.
function = summary['tier'] == 'function'
for metric in ('candidates', 'command_times', 'paths'):
	same(metric, missing[metric] == 'not asked for: --full', function)
assert set(missing.values()) & {'not asked for: --full'}, missing"
	check "$where: watching ends with the process" grep -qx 0 "$work/pid.status"
	check "$where: the process had one send" look_at "$work" "
same('roots', [send['root'] for send in ended('pid.json')], [ids['s0']])"
	check "$where: nothing is pinned" test ! -s "$work/pinned"
	# Others may trace on this machine at the same time.
	[ "$where" != here ] || return
	check "$where: programs are attached while it watches" \
		test "$(cat "$work/attached.during")" != "$(cat "$work/attached.before")"
	check "$where: none is after Ctrl-C" cmp "$work/attached.before" "$work/attached.after"
	check "$where: none is after kill -9" cmp "$work/attached.before" "$work/attached.killed"
}

# More sends than the kernel keeps end before anything is to be shown, but not between two looks.
many()
{
	local repeated='for ((i = 0; i < 300; i++)); do [ $i != 150 ] || sleep 3; "$@" || exit; done'

	run_it --json --details --interval 60 -o "$scratch/many.json" -- bash -c "$repeated" bash \
		"$tools/ksend" -p "$scratch/mnt/s0" -f /dev/null "$scratch/mnt/s1" 2>"$complained"
	check 'here: of many sends none is lost, and each is told once' look_at "$scratch/here" "
sends = [(send['trace']['thread'], send['trace']['began_ns']) for send in ended('$scratch/many.json')]
summary = lines('$scratch/many.json')[-1]['summary']
same('sends', (len(sends), len(set(sends))), (300, 300))
same('summary', (summary['ended'], summary['not_watched']), (300, 0))
same('details', [(send['thread'], send['began_ns']) for send in summary['sends']], sends[-64:])"
}

here()
{
	if ! "$sendprof" trace -q -o "$printed" -- true 2>"$complained"; then
		check 'here: why not is said' grep -q 'cannot watch sends: .* tier: ' "$complained"
		skip 'here: sends are watched' "$(sed 's/.*cannot watch sends: //; s/;.*//' "$complained")"
		return
	fi
	mkdir "$scratch/here"
	mount -o loop "$scratch/disk" "$scratch/mnt" || { fail 'here: the filesystem'; return; }
	WORK=$scratch/here MNT=$scratch/mnt TOOLS=$tools PATH=$(dirname "$sendprof"):$PATH \
		bash "$scratch/inside.sh" >"$scratch/log" 2>&1
	many
	umount "$scratch/mnt"
	findings here "$scratch/here"
	check_status 3 'here: a command that is not there' "$sendprof" trace -q -- /nowhere/command
	check_status 143 'here: a command that is killed' "$sendprof" trace -q -o "$printed" -- sh -c 'kill -TERM $$'
}

in_guest()
{
	local series=$1 status

	command -v qemu-system-x86_64 >/dev/null || { skip "$series: sends are watched" 'needs QEMU'; return; }
	mkdir "$scratch/work"
	cp "$scratch/inside.sh" "$scratch/work/"
	(cd "$scratch/work" && TOOLS=$tools MNT=/mnt WORK=. exec "$sendprof" guest --debian "$series" --timeout 800 \
		--disk "$scratch/disk" --with "$tools/ksend" --with bpftool -- \
		bash -c 'mount /dev/vda /mnt && bash inside.sh') >"$scratch/log" 2>&1
	status=$?
	if [ "$status" = 3 ] && [ ! -e "$scratch/work/ids" ]; then
		skip "$series: boots" "$(tail -n 1 "$scratch/log")"
		return
	fi
	check "$series: it is the function tier" grep -q 'watching sends in the function tier' "$scratch/work/own.err"
	findings "$series" "$scratch/work"
}

if ! make_image >"$scratch/log" 2>&1; then
	fail 'the image' "$(cat "$scratch/log")"
	finish
fi
here
in_guest 6.12
finish
