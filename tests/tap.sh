# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For test scripts: one line a test, and the totals as the last line. Source it, call pass, fail,
# skip or check for each test, and end with finish.

tap_passed=0
tap_failed=0
tap_skipped=0

tap_line()
{
	printf '%s %d - %s\n' "$1" $((tap_passed + tap_failed + tap_skipped)) "$2"
}

pass()
{
	tap_passed=$((tap_passed + 1))
	tap_line ok "$1"
}

# fail NAME [DETAIL]: the detail is shown below the line, each line of it behind "# ".
fail()
{
	tap_failed=$((tap_failed + 1))
	tap_line 'not ok' "$1"
	[ -z "${2-}" ] || printf '%s\n' "$2" | head -n 60 | sed 's/^/# /'
}

skip()
{
	tap_skipped=$((tap_skipped + 1))
	tap_line ok "$1 # SKIP $2"
}

# check NAME COMMAND...: passes when the command succeeds; its output is shown when it does not.
check()
{
	local name=$1 output

	shift
	if output=$("$@" 2>&1); then
		pass "$name"
	else
		fail "$name" "$output"
	fi
}

# check_status STATUS NAME COMMAND...: the same, for a command that must end with this status.
check_status()
{
	local want=$1 name=$2 output status

	shift 2
	output=$("$@" 2>&1)
	status=$?
	if [ "$status" = "$want" ]; then
		pass "$name"
	else
		fail "$name" "exit status: have $status expect $want
$output"
	fi
}

# What the last command of keep_output printed; the script sets both to files of its own.
printed=''
complained=''

# keep_output COMMAND...: its status, with what it prints kept in $printed and $complained
keep_output()
{
	"$@" >"$printed" 2>"$complained"
}

shown()
{
	sed 's/^/stdout: /' "$printed"
	sed 's/^/stderr: /' "$complained"
}

# expect STATUS NAME PATTERN ARGUMENT...: the script's function run_it, given the arguments, ends with
# this status, and a line of its output matches, unless PATTERN is empty.
expect()
{
	local want=$1 name=$2 pattern=$3 status

	shift 3
	keep_output run_it "$@"
	status=$?
	if [ "$status" != "$want" ]; then
		fail "$name" "exit status: have $status expect $want
$(shown)"
	elif [ -n "$pattern" ] && ! cat "$printed" "$complained" | grep -q -e "$pattern"; then
		fail "$name" "no line matches: $pattern
$(shown)"
	else
		pass "$name"
	fi
}

# The totals; ends the script, with status 1 if a test failed or none ran.
finish()
{
	printf '%d passed, %d failed, %d skipped\n' "$tap_passed" "$tap_failed" "$tap_skipped"
	[ "$tap_failed" = 0 ] && [ $((tap_passed + tap_skipped)) -gt 0 ]
	exit
}
