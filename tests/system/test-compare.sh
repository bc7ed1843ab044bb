#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guards compare on results of real runs: its exit statuses, its files, and that the jobs of docs/ci.md
# do what they say. Needs root, loop devices and a kernel with btrfs.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

build=${BUILD:-build}
sendprof=$(realpath -- "${SENDPROF:-$build/sendprof}") || exit 1
top=$PWD

# Every key of the list is in the document, in one of its rows.
keys_explained()
{
	"$sendprof" compare --fail-on list | awk 'NR > 1 && !NF { exit } NR > 1 { print $1 }' |
		sed -E 's/^(kernel|engine)\.(duration|first_byte|cpu|faults|device_bytes|stream|caches|backrefs)/SIDE.\2/
			s/caches\.[a-z_]*\./caches.NAME./; s/.*\.latency\.COMMAND.*/SIDE.latency.COMMAND.p50/' |
		sort -u | (
		status=0
		while read -r key; do
			grep -qF "\`$key\`" docs/comparing.md || { echo "not explained: $key"; status=1; }
		done
		exit $status
	)
}

check 'docs/comparing.md has every key' keys_explained
check_status 2 'one result is not enough' "$sendprof" compare /dev/null
check_status 3 'a file that is not there' "$sendprof" compare /nonexistent /nonexistent
check_status 4 'an empty file is no result' "$sendprof" compare /dev/null /dev/null
check_status 2 'a condition that cannot be' "$sendprof" compare --fail-on 'ratio>ten' /dev/null /dev/null

if [ "$(id -u)" != 0 ]; then
	skip "compare on results of real runs" "needs root"
	finish
fi

scratch=$(mktemp -d /tmp/sendprof-compare.XXXXXX) || exit 1
clean_up()
{
	local mount

	for mount in "$scratch"/*/mnt; do
		mountpoint -q "$mount" && umount -l "$mount"
	done
	rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The jobs call sendprof by its name, and sudo, which a container may lack.
mkdir "$scratch/bin"
ln -s "$sendprof" "$scratch/bin/sendprof"
printf '#!/bin/sh\nexec "$@"\n' >"$scratch/bin/sudo"
chmod +x "$scratch/bin/sudo"

# commands_of HEADING OPENING FROM: the shell code of a job, the blocks behind "run: |" or "- |" of a
# section, from the command FROM on. There are no others after it, except lists of paths, which are
# no "run:".
commands_of()
{
	awk -v heading="$1" -v opening="$2" '
		/^##/ { inside = $0 ~ "^##* " heading "$" }
		!inside { next }
		{ match($0, /^ */); indent = RLENGTH }
		block && NF && indent <= base { block = 0 }
		block { print substr($0, base + 3); next }
		$0 ~ "^ *" opening "$" { block = 1; base = indent }' docs/ci.md |
		sed -n "/^ *$3 /,\$p" | sed 's/^  *\(truncate\|sudo\|sendprof\|mkfs\|mkdir\|btrfs\|mount\)/\1/'
}

# run_job FOLDER [VARIABLE=VALUE]...: as CI does it, each line's failure ends the job
run_job()
{
	local folder=$1

	shift
	(cd "$folder" && env PATH="$scratch/bin:$PATH" GITHUB_STEP_SUMMARY="$folder/summary.md" "$@" \
		bash -e ./job)
	local status=$?

	mountpoint -q "$folder/mnt" && umount "$folder/mnt"
	[ ! -e "$folder/mnt" ] || { rmdir "$folder/mnt" && rm -f "$folder/disk.img"; }
	return $status
}

github=$scratch/github gitlab=$scratch/gitlab
mkdir "$github" "$gitlab"
commands_of 'GitHub Actions' 'run: \\|' truncate >"$github/job"
commands_of 'GitLab' '- \\|' truncate >"$gitlab/job"

check 'the job for GitHub has all its steps' test "$(grep -c -E 'mkfs|sendprof (run|compare)' "$github/job")" = 3
check 'the job for GitHub passes' run_job "$github"
check 'it leaves all files' test -s "$github/summary.md" -a -s "$github/junit.xml" -a \
	-s "$github/compare.html" -a -s "$github/base/result.json"
check 'the job for GitHub passes with a base' run_job "$github"
check 'the summary says so' grep -q '^# PASSED' "$github/summary.md"
check 'the summary shows the gates' grep -q -F 'kernel.stream.bytes\>0%' "$github/summary.md"

check 'the job for GitLab has all its steps' test "$(grep -c -E 'mkfs|sendprof (run|compare)' "$gitlab/job")" = 3
check 'the job for GitLab passes' run_job "$gitlab" CI_COMMIT_BRANCH=main CI_DEFAULT_BRANCH=main
check 'it leaves all files' test -s "$gitlab/junit.xml" -a -s "$gitlab/compare.html"

# The job that measures workloads: what it has of its own, then the comparison with the other name, in
# steps, as each has a summary to itself.
workloads=$scratch/workloads
mkdir "$workloads"
# As quick as can be: what the sizes are does not matter here.
commands_of 'Workloads instead of your own files' 'run: \\|' 'sudo sendprof bench' |
	sed 's/sendprof bench /&--size tiny --repeat 2 /' >"$workloads/job"
check 'the step with workloads has all its commands' test \
	"$(grep -c -E 'sendprof (bench|report)' "$workloads/job")" = 2
check 'it passes' run_job "$workloads" XDG_CACHE_HOME="$workloads"
check 'its summary is that of the bench' grep -q '^# IDENTICAL: 3 of 3' "$workloads/summary.md"
sed -n '/base\/result\.json/,$p' "$github/job" | sed 's/result\.json/bench.json/g' >"$workloads/job"
check 'the comparison takes it' run_job "$workloads"
check 'and says so' grep -q '^# PASSED' "$workloads/summary.md"
check 'for each workload' test "$(grep -c 'streams' "$workloads/summary.md")" = 3

base=$github/base/result.json
for name in regressed differs bench; do
	cp "$base" "$scratch/$name.json"
done
if command -v xmllint >/dev/null; then
	check 'the XML is well-formed' xmllint --noout "$github/junit.xml" "$gitlab/junit.xml"
	check 'the XML has a case for each gate' test \
		"$(xmllint --xpath 'count(//testcase)' "$github/junit.xml")" = 4
else
	skip 'the XML is well-formed' 'xmllint is not installed'
fi

# The same run, with a stream that is larger, or of which one differs.
sed -i -E 's/^( *"bytes": )([0-9]+)/\11\2/' "$scratch/regressed.json"
sed -i 's/"verdict": "equal"/"verdict": "different"/' "$scratch/differs.json"
check_status 0 'a result is as good as itself' "$sendprof" compare --fail-on '*!=' "$base" "$base"
check_status 1 'a larger stream is a regression' \
	"$sendprof" compare --fail-on 'kernel.stream.bytes>0%' "$base" "$scratch/regressed.json"
check_status 0 'without the gate it is not' "$sendprof" compare "$base" "$scratch/regressed.json"
check_status 1 'streams that differ always fail' "$sendprof" compare "$base" "$scratch/differs.json"
check_status 0 'but not those of the base' "$sendprof" compare "$scratch/differs.json" "$base"
check_status 1 'a gate without its key fails' \
	"$sendprof" compare --fail-on 'engine.latency.SET_XATTR.p50>10%' "$base" "$base"
check_status 0 'or is skipped' \
	"$sendprof" compare --missing skip --fail-on 'engine.latency.SET_XATTR.p50>10%' "$base" "$base"
check_status 2 'a gate on a workload that is not there' \
	"$sendprof" compare --fail-on 'bulk:ratio<1' "$base" "$base"
check_status 3 'a file that cannot be written' \
	"$sendprof" compare --html /nonexistent/page.html "$base" "$base"
check_status 3 'a full disk' "$sendprof" compare --junit /dev/full "$base" "$base"
check_status 2 'standard output is for one' "$sendprof" compare --json --junit - "$base" "$base"

{
	printf '{"schema_version": 1, "kind": "bench", "workloads": [{"name": "w", "parameters": {"n": 1}, "result": '
	cat "$base"
	printf '}]}'
} >"$scratch/bench.json"
check_status 0 'a bench with a bench' \
	"$sendprof" compare --fail-on 'w:kernel.stream.bytes>0%' "$scratch/bench.json" "$scratch/bench.json"
check_status 1 'a workload that is gone' "$sendprof" compare "$scratch/bench.json" "$base"

results=$scratch/results
mkdir "$results"
for day in 1 2 3; do
	cp "$base" "$results/$day.json"
done
# As in docs/ci.md, "A page of the last days".
last_days()
{
	local command

	command=$(sed -n 's/^\(sendprof compare .*results.*\)/\1/p' docs/ci.md)
	(cd "$scratch" && PATH="$scratch/bin:$PATH" bash -ec "$command")
}
check 'a page of several results' last_days
check 'it has the course of a figure' grep -q '<polyline' "$scratch/course.html"

# On standard output instead of the text, and only that.
alone()
{
	local output

	output=$("$sendprof" compare "$1" - "$base" "$base") || return 1
	[ "$(printf '%s' "$output" | head -n 1)" = "$2" ]
}
check 'Markdown on standard output' alone --markdown '# PASSED: 1 gate; 0 figures better, 0 worse, 0 within noise'
check 'XML on standard output' alone --junit '<?xml version="1.0" encoding="UTF-8"?>'

if command -v python3 >/dev/null; then
	documented()
	{
		"$sendprof" compare --json --fail-on 'ratio>10%' "$base" "$scratch/regressed.json" |
			python3 -c 'import json, sys
text = open(sys.argv[1]).read()
missing = set()
def look(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            if "`%s`" % key not in text:
                missing.add(key)
            look(inner)
    elif isinstance(value, list):
        for inner in value:
            look(inner)
look(json.load(sys.stdin))
sys.exit("not explained: " + ", ".join(sorted(missing)) if missing else 0)' "$top/docs/comparing.md"
	}
	check 'docs/comparing.md has every key of the JSON' documented
else
	skip 'docs/comparing.md has every key of the JSON' 'no python3'
fi
finish
