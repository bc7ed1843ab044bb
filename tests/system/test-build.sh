#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The build itself: what make does, installs and leaves alone, and that what is made from the option
# tables works. On a copy of the sources, outside any git checkout.
# needs no root
# needs one build
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
source=$scratch/source
build=$scratch/out
root=$scratch/root
log=$scratch/log

mkdir "$source"
find . \( -path ./.git -o -path ./build -o -path ./sendprof-report \) -prune -o -type f -print0 |
	tar -cf - --null -T - | tar -xf - -C "$source"
cd "$source" || exit 1

# Not the make that may run this script: its options must not reach this one. Unoptimised, for speed.
run_make()
{
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make --no-print-directory -j2 BUILD="$build" CFLAGS=-O0 "$@"
}

contains()
{
	local text=$1 pattern

	shift
	for pattern; do
		grep -q -e "$pattern" <<<"$text" || { printf 'expect %s in:\n%s\n' "$pattern" "$text"; return 1; }
	done
}

# The objects that make compiles, one a line.
compiled()
{
	awk '$1 == "CC" { print $2 }' "$log" | sort
}

rebuilds_exactly()
{
	local expected=$1

	run_make >"$log" 2>&1 || { cat "$log"; return 1; }
	diff <(printf '%s' "${expected:+$expected$'\n'}") <(compiled)
}

same_sources()
{
	diff "$scratch/sources" <(find . -type f | sort)
}

check 'make help lists the targets' contains "$(make help)" \
	' all ' ' check ' ' check-style ' ' clean ' ' demo ' ' deps ' ' install ' ' man ' ' unit '

find . -type f | sort >"$scratch/sources"
if run_make all man >"$log" 2>&1; then
	pass 'make builds the command and the man pages'
else
	fail 'make builds the command and the man pages' "$(tail -n 30 "$log")"
	finish
fi
sendprof=$build/sendprof
check 'the build writes only below its folder' same_sources
check 'a second make compiles nothing' rebuilds_exactly ''

header=engine/stream/stream_format.h
dependents=$(find "$build" -name '*.d' -exec grep -l -e " $header" {} + | sed "s,^$build/,,; s,\.d\$,.c," | sort)
touch "$header"
check "a touched header rebuilds what includes it ($(wc -l <<<"$dependents") files), and only that" \
	rebuilds_exactly "$dependents"

# That they are right there nobody has run yet; that they build is less.
programs_for_arm64()
{
	local linked=$scratch/arm64/bpf/send_programs.linked

	run_make BUILD="$scratch/arm64" BPF_MACHINE=arm64 BPF_INCLUDE="$arm64" WERROR=1 "$linked" >"$log" 2>&1 ||
		{ cat "$log"; return 1; }
	# What tells of a call there is not in the interface.
	grep -q pt_regs___arm64_call "$linked"
}
arm64=/usr/aarch64-linux-gnu/include
if [ -e "$arm64/asm/ptrace.h" ]; then
	check 'the programs for the kernel build for arm64' programs_for_arm64
else
	skip 'the programs for the kernel build for arm64' 'linux-libc-dev-arm64-cross is not installed'
fi

names=$("$sendprof" help --names)
check 'the commands are named' contains "$names" '^run$' '^send$' '^stream$' '^stream dump$' '^doctor$'
# shellcheck disable=SC2086 # a name is words
while read -r name; do
	check "sendprof $name --help says how it is used" contains \
		"$("$sendprof" $name --help 2>&1 && echo 'exit status 0')" "^Usage: sendprof $name" '^exit status 0$'
done <<<"$names"
check 'docs/generations.md is what sendprof generations prints' \
	diff docs/generations.md <("$sendprof" generations --markdown)
check 'sendprof --version is the newest of the changelog' \
	contains "$("$sendprof" --version)" "^sendprof $(sed -n 's/^## \([0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)\$"

installs_everything()
{
	local name page

	run_make install DESTDIR="$root" PREFIX=/usr >"$log" 2>&1 || { cat "$log"; return 1; }
	cmp "$sendprof" "$root/usr/bin/sendprof" || return 1
	[ -x "$root/usr/bin/sendprof" ] || { echo 'usr/bin/sendprof may not be executed'; return 1; }
	while read -r name; do
		page=$root/usr/share/man/man1/sendprof${name:+-${name// /-}}.1
		[ -s "$page" ] || { echo "no $page"; return 1; }
	done < <(echo; echo "$names")
	for name in README.md LICENSE CHANGELOG.md docs/*.md; do
		cmp "$name" "$root/usr/share/doc/sendprof/$name" || return 1
	done
	[ -s "$root/usr/share/bash-completion/completions/sendprof" ] || { echo 'no completion'; return 1; }
	if [ -n "$(find "$root" -mindepth 1 -maxdepth 1 ! -name usr)" ]; then
		echo 'something was installed outside PREFIX'
		return 1
	fi
}
check 'make install puts command, man pages, completion and documents below DESTDIR and PREFIX' installs_everything

clean_pages()
{
	local page output

	for page in "$build"/man/*.1; do
		output=$(groff -ww -man -Tutf8 -z "$page" 2>&1)
		[ -z "$output" ] || { printf '%s\n' "$output"; return 1; }
	done
}
if command -v groff >/dev/null; then
	check 'groff has no warning about the man pages' clean_pages
else
	skip 'groff has no warning about the man pages' 'groff is not installed'
fi

# What the completion offers for a command line, of which the last word is being typed.
offers()
{
	(
		. "$build/man/sendprof.bash"
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		COMPREPLY=()
		_sendprof
		echo "${COMPREPLY[*]}"
	)
}
check 'completion knows the commands' contains "$(offers sendprof '')" '\brun\b' '\bsend\b' '\bstream\b'
check 'completion knows the commands of a group' contains "$(offers sendprof stream d)" '\bdump\b' '\bdiff\b'
check 'completion knows the options of a command' contains "$(offers sendprof run --)" '--snap' '--parent' '--cache'
check 'completion knows the words an option takes' contains "$(offers sendprof run --cache '')" '\bwarm\b' '\bcold\b'

check_status 2 'deps refuses an unknown group' .ci/deps no-such-group
check 'deps finds what this build needed' .ci/deps --check build
check 'deps names what is missing and what it is for' contains \
	"$(CPPFLAGS=-nostdinc .ci/deps --check build 2>&1 || echo "exit status $?")" \
	'deps: missing' 'libisal-dev  *isa-l\.h  *crc32c' '^exit status 1$'
check 'without a compiler make says what is missing' contains \
	"$(run_make BUILD="$scratch/none" CC=no-such-compiler 2>&1 || echo 'make failed')" \
	'gcc .*the C compiler' '^make failed$'

removes_only_its_folder()
{
	run_make clean >"$log" 2>&1 || return 1
	[ ! -e "$build" ] || { echo "$build is still there"; return 1; }
	same_sources
}
check 'make clean removes the build folder and nothing else' removes_only_its_folder
finish
