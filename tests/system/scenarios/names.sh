# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Names by the hundred and names of all kinds: extended references, names that share a hash, names of
# any bytes.

# 250 names of 200 bytes do not fit into one item: most become extended references.
scenario_extended_references() {
	local prefix
	prefix=$(printf 'n%.0s' {1..200})
	filesystem
	subvolume live
	mkdir d e
	echo data >file
	fsmake links d "$prefix" 0 250 file
	snapshot base
	fsmake remove d "$prefix" 100 200
	fsmake links e "$prefix" 0 240 file
	mv "d/${prefix}00220" e/renamed
	echo more >>file
	snapshot next
	rm -r d
	snapshot last
	send_full base
	expect link 250
	send_incr next base
	expect link 240
	expect unlink 100
	send_incr last next
	send_incr base last
	receive_check
}

# The first name of all is an extended reference, or goes away and leaves extended ones only.
scenario_only_extended_references_left() {
	local prefix
	prefix=$(printf 'x%.0s' {1..220})
	filesystem
	subvolume live
	mkdir d
	echo data >d/first
	fsmake links d "$prefix" 0 120 d/first
	snapshot base
	rm d/first
	fsmake remove d "$prefix" 0 60
	setfattr -n user.a -v b "d/${prefix}00100"
	snapshot next
	mkdir e
	for ((i = 60; i < 120; i++)); do
		printf 'rename d/%s%05d e/%d\n' "$prefix" "$i" "$i"
	done | fsop batch
	rmdir d
	snapshot last
	send_full base
	send_full next
	send_incr next base
	send_incr last next
	expect rmdir
	receive_check
}

# Inodes with lower numbers take names of one whose names are all extended references: which of them
# counts as its first decides between a temporary name and an unlink.
scenario_take_names_of_inode_with_extended_references() {
	local prefix
	prefix=$(printf 'w%.0s' {1..230})
	filesystem
	subvolume live
	touch one two three
	mkdir c d e
	echo data >c/first
	fsmake links d "$prefix" 0 60 c/first
	fsmake links e "$prefix" 0 60 c/first
	fsmake remove d "$prefix" 0 30
	fsmake remove e "$prefix" 0 30
	rm c/first
	snapshot base
	for ((i = 30; i < 60; i++)); do
		printf 'unlink d/%s%05d
link one d/%s%05d
' "$prefix" "$i" "$prefix" "$i"
	done | fsop batch
	mv two "e/${prefix}00035"
	mv three "e/${prefix}00059"
	snapshot next
	send_full base
	send_incr next base
	expect unlink 30
	send_incr base next
	receive_check
}

# Names of one inode alternate between two removed directories: each is removed once.
scenario_rmdir_once_with_extended_references() {
	local prefix
	prefix=$(printf 'y%.0s' {1..200})
	filesystem
	subvolume live
	mkdir d1 d2 keep
	echo data >keep/file
	fsmake links d1 "$prefix" 0 120 keep/file
	fsmake links d2 "$prefix" 0 120 keep/file
	snapshot base
	rm -r d1 d2
	snapshot next
	send_full base
	send_incr next base
	expect unlink 240
	expect_count '^rmdir ' 2
	send_incr base next
	receive_check
}

# Without the extref feature all names of one directory share one item.
scenario_no_extended_references_feature() {
	filesystem -O ^extref
	subvolume live
	mkdir d
	echo data >f
	fsmake links d l 0 100 f
	snapshot base
	fsmake remove d l 10 30
	mv f d/f
	snapshot next
	send_full base
	send_incr next base
	expect unlink 20
	receive_check
}

# Names with equal hashes share a directory item: look-ups must tell them apart.
scenario_names_with_equal_hash() {
	local a b c d
	filesystem
	subvolume live
	{ read -r a b && read -r c d; } < <(fsmake collisions 2)
	echo 1 >"$a"
	echo 2 >"$b"
	mkdir "$c"
	touch "$c/f"
	snapshot base
	fsop exchange "$a" "$b"
	mv "$c" "$d"
	echo 3 >"$c"
	snapshot next
	rm "$a"
	mv "$c" "$a"
	snapshot last
	send_full base
	send_incr next base
	expect_match 'dest=\./o[0-9]+-'
	send_incr last next
	send_incr base last
	receive_check
}

# One INODE_EXTREF item with two names of one hash.
scenario_extended_references_with_equal_hash() {
	local prefix a b
	prefix=$(printf 'z%.0s' {1..230})
	filesystem
	subvolume live
	read -r a b < <(fsmake collisions 1)
	mkdir d
	echo x >f
	fsmake links d "$prefix" 0 80 f
	ln f "d/$a"
	ln f "d/$b"
	snapshot base
	rm "d/$a"
	echo more >>f
	snapshot next
	rm "d/$b"
	ln f "d/$a"
	rm f
	snapshot last
	send_full base
	expect_match "^link +\./d/$b"
	send_incr next base
	expect_match "^unlink +\./d/$a"
	send_incr last next
	receive_check
}

# A name of every byte but '/' and NUL, one of 255 bytes, and changes to them.
scenario_names_of_every_byte() {
	filesystem
	subvolume live
	mkdir d
	fsmake bytes d
	snapshot base
	fsop batch <<-'END'
		rename d/n\xffm d/n\x01\xff
		rename d/n\x0am d/\x0a
		unlink d/n\x20m
		mkdir \xc3\x28\xfe
		rename d/n\x80m \xc3\x28\xfe/\x80
		link d/n\x5cm d/\x5c\x5c
	END
	snapshot next
	send_full base
	expect mkfile 254
	send_incr next base
	expect link 4
	expect unlink 4
	send_incr base next
	receive_check
}

# Names that look like something else to a careless path builder.
scenario_names_that_look_special() {
	filesystem
	subvolume live
	mkdir -- ... -p ' ' '~'
	touch -- .../..x -p/-f ' /  ' '~'/'*' '..a' './a..' 'o257-7-0x' '%s%n' $'\t' '"' "'"
	snapshot base
	mv -- ... ....
	mv -- ' ' '  '
	mv -- '%s%n' '%d'
	rm -- '~'/'*'
	ln -- '"' '""'
	snapshot next
	send_full base
	send_incr next base
	expect rename 2
	receive_check
}
