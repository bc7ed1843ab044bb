# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Directories against limits: temporary names, the cache of delayed times, sizes, path lengths.

# Temporary names that exist as real names are stepped over, in either of the two trees.
scenario_temporary_name_is_taken() {
	local b c
	filesystem
	subvolume live
	touch a
	mkdir b c
	touch b/f
	b=$(fsop generation b)
	c=$(fsop generation c)
	touch "o$b-0" "o$c-1"
	snapshot base
	rm "o$b-0"
	touch "o$b-1"
	mkdir "o$c-0"
	mv b b2
	mv a b
	rmdir c
	touch c
	snapshot next
	send_full base
	send_incr next base
	expect_match "^rename +\./b +dest=\./o$b-2"
	receive_check
}

# The same collisions below the top directory do not matter: only the top's names are looked at.
scenario_temporary_name_taken_below_top() {
	local b
	filesystem
	subvolume live
	touch a
	mkdir b sub
	b=$(fsop generation b)
	touch "sub/o$b-0"
	snapshot base
	mv b b2
	mv a b
	snapshot next
	send_full base
	send_incr next base
	expect_match "^rename +\./b +dest=\./o$b-0"
	receive_check
}

# So many names that the top directory is looked through for such names only after some were looked up.
scenario_temporary_names_taken_in_large_top() {
	filesystem
	subvolume live
	fsmake files . f 0 200
	touch "o$(fsop generation f00000)-0" "o$(fsop generation f00199)-0"
	snapshot base
	rm o*
	fsop exchange f00001 f00002
	touch "o$(fsop generation f00004)-0"
	fsop exchange f00003 f00004
	snapshot next
	send_full base
	expect_count '^mkfile  *\./o[0-9]+-[0-9]+-1$' 2
	send_incr next base
	expect_count '^rename .*dest=\./o[0-9]+-[0-9]+-1$' 1
	send_incr base next
	receive_check
}

# Times of directories go out late, the latest used first; an empty one's go out at once.
scenario_directory_times_are_delayed() {
	filesystem
	subvolume live
	mkdir -p A/B/C D E
	touch A/f A/B/f A/B/C/f D/x
	snapshot base
	send_full base
	expect_order '^utimes +\./E ' '^mkfile ' '^utimes +\./D ' '^utimes +\./A/B/C ' '^utimes +\./A/B ' \
		'^utimes +\./A ' '^utimes +\./ '
	receive_check
}

# More than 64 directories: the cache of delayed times is trimmed while inodes are sent.
scenario_directory_times_cache_overflows() {
	filesystem
	subvolume live
	fsmake directories . d 1 71
	snapshot base
	fsmake directories . e 1 100
	for i in d00003 d00030 d00060 e00001 e00050 e00099; do
		touch "$i/second" "d00070/of-$i"
	done
	rm -r d00010 d00011
	mv d00020 d00021/moved
	snapshot next
	send_full base
	expect_order '^utimes +\./d00001 ' '^utimes +\./d00002 ' '^utimes +\./d00070 ' '^utimes +\./d00069 '
	send_incr next base
	send_full next
	receive_check
}

# Many removals and moves among more directories than any cache holds.
scenario_hundreds_of_directories_moved() {
	local i
	filesystem
	subvolume live
	fsmake directories . d 0 300
	snapshot base
	for ((i = 0; i < 300; i += 3)); do
		printf 'rename d%05d d%05d/m\nunlink d%05d/f\n' "$i" $((i + 1)) $((i + 2))
		printf 'rmdir d%05d\n' $((i + 2))
	done | fsop batch
	for ((i = 1; i < 150; i += 3)); do
		printf 'exchange d%05d d%05d\n' "$i" $((298 - i + 1))
	done | fsop batch
	snapshot next
	send_full base
	send_incr next base
	expect rename 100
	expect rmdir 100
	send_incr base next
	receive_check
}

scenario_directory_of_20000_entries() {
	filesystem
	subvolume live
	mkdir big
	fsmake files big f 0 20000
	snapshot base
	fsmake remove big f 0 5000
	fsmake files big g 0 1000
	mv big/f10000 big/renamed
	mv big/f15000 moved
	chmod 600 big/f19999
	snapshot next
	rm -r big
	snapshot last
	send_full base
	expect mkfile 20000
	send_incr next base
	expect unlink 5000
	send_incr last next
	expect rmdir
}

# A path of almost PATH_MAX bytes, then one of its middle directories renamed.
scenario_path_near_path_max() {
	filesystem
	subvolume live
	fsmake deep . 239 17
	snapshot base
	(
		cd "$(printf 'a%.0s' {1..239})" || exit
		mv "$(printf 'b%.0s' {1..239})" "$(printf 'B%.0s' {1..239})"
	)
	mkdir last
	snapshot next
	send_full base
	expect_match '^mkfile '
	expect_match '/leaf'
	send_incr next base
	expect rename
}

# The same tree with fewer bytes, which a receiver can follow.
scenario_path_of_three_thousand_bytes() {
	filesystem
	subvolume live
	fsmake deep . 200 15
	snapshot base
	mv "$(printf 'a%.0s' {1..200})" short
	snapshot next
	send_full base
	send_incr next base
	expect_match '^rename .*dest=\./short'
	receive_check
}
