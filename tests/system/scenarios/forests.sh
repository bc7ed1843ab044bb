# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Directory moves by enumeration: every way to arrange three directories, and a fixed sample of the
# ways to arrange four and five, each sent against others. A state is written as reshape reads it.

# all_states N: every tree (with directories missing) of N directories named a, b, ...
all_states() {
	awk -v n="$1" '
	function rooted(i,   steps) {
		for (steps = 0; i != 0; i = parent[i])
			if (parent[i] < 0 || ++steps > n)
				return 0
		return 1
	}
	BEGIN {
		total = (n + 2) ^ n
		for (code = 0; code < total; code++) {
			rest = code
			for (i = 1; i <= n; i++) {
				parent[i] = rest % (n + 2) - 1
				rest = int(rest / (n + 2))
			}
			state = ""
			good = 1
			for (i = 1; i <= n && good; i++) {
				if (parent[i] >= 0 && !rooted(i))
					good = 0
				word = parent[i] < 0 ? "-" : parent[i] ":" substr("abcdefgh", i, 1)
				state = state (i > 1 ? "," : "") word
			}
			if (good)
				print state
		}
	}'
}

# sampled_states N COUNT SEED: some of them, with names drawn from few, so that they collide.
sampled_states() {
	awk -v n="$1" -v count="$2" -v seed="$3" '
	function draw(limit) {
		seed = (seed * 1103515245 + 12345) % 2147483648
		return int(seed / 65536) % limit
	}
	function rooted(i,   steps) {
		for (steps = 0; i != 0; i = parent[i])
			if (parent[i] < 0 || ++steps > n)
				return 0
		return 1
	}
	BEGIN {
		while (made < count) {
			split("", taken)
			good = 1
			for (i = 1; i <= n; i++) {
				parent[i] = draw(8) == 0 ? -1 : draw(n + 1)
				name[i] = substr("abcde", 1 + draw(n), 1)
				if (parent[i] >= 0 && taken[parent[i] name[i]]++)
					good = 0
			}
			state = ""
			for (i = 1; i <= n && good; i++) {
				if (parent[i] >= 0 && !rooted(i))
					good = 0
				state = state (i > 1 ? "," : "") (parent[i] < 0 ? "-" : parent[i] ":" name[i])
			}
			if (good) {
				print state
				made++
			}
		}
	}'
}

# grow N STATE...: a snapshot s0, s1, ... for each state, all from one base with N directories that hold
# a file each; grow_empty: that hold nothing but each other.
grow() {
	local n=$1 i
	subvolume base
	for ((i = 1; i <= n; i++)); do
		mkdir "dir$i"
	done
	for ((i = 1; i <= n; i++)); do
		echo "file $i" >"dir$i/f$i"
	done
	grow_states "${@:2}"
}

grow_empty() {
	local n=$1 i
	subvolume base
	for ((i = 1; i <= n; i++)); do
		mkdir "dir$i"
	done
	grow_states "${@:2}"
}

grow_states() {
	local i
	read_only base
	for ((i = 0; $#; i++)); do
		writable "s$i" base
		"$TOOLS/reshape" . "$1"
		read_only "s$i"
		shift
	done
}

scenario_every_move_of_three_directories() {
	local states i j
	mapfile -t states < <(all_states 3)
	filesystem
	grow 3 "${states[@]}"
	for ((i = 0; i < ${#states[@]}; i++)); do
		for ((j = 0; j < ${#states[@]}; j++)); do
			((i == j)) || send_incr "s$i" "s$j"
		done
	done
	((${#states[@]} == 29)) || problem "${#states[@]} states, want 29"
}

scenario_sampled_moves_of_four_directories() {
	local states i
	mapfile -t states < <(sampled_states 4 60 1)
	filesystem
	grow 4 "${states[@]}"
	send_full base
	allow_kernel_failure
	for ((i = 0; i < ${#states[@]}; i++)); do
		send_incr "s$i" "s$(((i + 1) % ${#states[@]}))"
		send_incr "s$i" "s$(((i + 7) % ${#states[@]}))"
		send_incr "s$i" "s$(((i + 31) % ${#states[@]}))"
	done
}

scenario_sampled_moves_of_five_directories() {
	local states i
	mapfile -t states < <(sampled_states 5 60 2)
	filesystem
	grow 5 "${states[@]}"
	send_full base
	allow_kernel_failure
	for ((i = 0; i < ${#states[@]}; i++)); do
		send_incr "s$i" "s$(((i + 1) % ${#states[@]}))"
		send_incr "s$i" "s$(((i + 11) % ${#states[@]}))"
		send_incr "s$i" "s$(((i + 29) % ${#states[@]}))"
	done
}

# Without files below them, directories are removed by what happens to other directories only.
scenario_sampled_moves_of_empty_directories() {
	local states i
	mapfile -t states < <(sampled_states 5 60 4)
	filesystem
	grow_empty 5 "${states[@]}"
	allow_kernel_failure
	for ((i = 0; i < ${#states[@]}; i++)); do
		send_incr "s$i" "s$(((i + 1) % ${#states[@]}))"
		send_incr "s$i" "s$(((i + 13) % ${#states[@]}))"
		send_incr "s$i" "s$(((i + 37) % ${#states[@]}))"
	done
}

# From b/b beside a to a/d/c/b, where the new d has the lowest number: the kernel gives up with ENOENT
# (seen on 6.18), and the engine with it.
scenario_send_that_fails_in_the_kernel() {
	filesystem
	grow 4 -,0:a,0:b,3:b 4:d,3:b,1:c,0:a
	allow_kernel_failure
	send_incr s1 s0
	need_kernel_failure
}

# A walk through states, each sent against the one before and received in turn.
scenario_sampled_moves_are_received() {
	local states i
	mapfile -t states < <(sampled_states 4 16 3)
	filesystem
	grow 4 "${states[@]}"
	send_full base
	send_incr s0 base
	for ((i = 1; i < ${#states[@]}; i++)); do
		send_incr "s$i" "s$((i - 1))"
	done
	receive_check --except '^[^:]*: mtime '
}
