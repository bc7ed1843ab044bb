# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Directories renamed, moved and swapped. Inodes are processed by rising number, so what matters in
# each picture is which inode has the lower one: directories get their numbers in the order in which
# they are made, 257 the first.

# A directory goes below one with a higher number that used to be its child's neighbour: its own move
# waits for that of the higher one.
scenario_move_waits_for_higher_parent() {
	filesystem
	subvolume live
	mkdir -p a/b/c/d a/b/c2
	snapshot base
	mv a/b/c/d a/b/c2/d2
	mv a/b/c a/b/c2/d2/cc
	snapshot next
	send_full base
	send_incr next base
	expect_order '^rename +\./a/b/c/d +dest=\./a/b/c2/d2' '^rename +\./a/b/c +dest=\./a/b/c2/d2/cc' \
		'^utimes +\./a/b/c2 ' '^utimes +\./a/b/c2/d2/cc '
	receive_check
}

# A removed directory still holds a child whose move waits: the child leaves from the temporary name,
# and only then the directory goes.
scenario_rmdir_waits_for_child_move() {
	filesystem
	subvolume live
	mkdir -p a/b/c/x a/b/y
	echo foo >a/b/c/foo
	snapshot base
	rm a/b/c/foo
	mv a/b/y a/b/YY
	mv a/b/c/x a/b/YY/x
	rmdir a/b/c
	snapshot next
	send_full base
	send_incr next base
	expect_order '^rename +\./a/b/c +dest=\./o259-' '^rename +\./a/b/y +dest=\./a/b/YY' \
		'^rename +\./o259-[0-9]+-0/x +dest=\./a/b/YY/x' '^unlink +\./o259-' '^rmdir +\./o259-'
	receive_check --except "$TOP_TIME"
}

# The child with the waiting move is the last entry: the directory goes right behind that move.
scenario_rmdir_right_after_child_move() {
	filesystem
	subvolume live
	mkdir -p a/b/c/x a/b/y
	snapshot base
	mv a/b/y a/b/YY
	mv a/b/c/x a/b/YY/x
	rmdir a/b/c
	snapshot next
	send_full base
	send_incr next base
	expect_order '^rename +\./a/b/c +dest=\./o259-' '^rename +\./a/b/y +dest=\./a/b/YY' \
		'^rename +\./o259-[0-9]+-0/x +dest=\./a/b/YY/x' '^rmdir +\./o259-'
	expect_none unlink
	receive_check --except "$TOP_TIME"
}

# The wanted name still belongs to a directory whose own move waits for another parent: that one gets
# a temporary name, and its move then starts from there.
scenario_rename_to_name_of_waiting_directory() {
	filesystem
	subvolume live
	mkdir a b c
	echo file >a/file
	snapshot base
	mv c x
	mv a x/y
	mv b a
	snapshot next
	send_full base
	send_incr next base
	expect_order '^rename +\./a +dest=\./o257-' '^rename +\./b +dest=\./a' '^rename +\./c +dest=\./x' \
		'^rename +\./o257-[0-9]+-0 +dest=\./x/y'
	receive_check
}

# Two new names of one file collide with a directory and with that directory's child: the second
# collision has to be named through the temporary name that the first one led to.
scenario_collisions_with_directory_and_its_child() {
	filesystem
	subvolume live
	echo one >f1
	echo two >f2
	mkdir -p d1/d2
	snapshot base
	mkdir keep
	mv f1 keep/f1
	mv f2 keep/f2
	mv d1/d2 keep/d2
	mv d1 f2
	mv keep/d2 f2/f2_link
	mv keep/f1 f2/f2_link/f1
	ln keep/f2 d1
	mv keep/f2 f2/d2
	rmdir keep
	snapshot next
	send_full base
	send_incr next base
	expect_match '^rename +\./o259-[0-9]+-0/d2 +dest=\./o260-'
	receive_check
}

# A file leaves a directory and takes the directory's name: the hard link that is made next must not
# go through the directory's old name.
scenario_directory_orphaned_before_link() {
	filesystem
	subvolume live
	touch a b
	mkdir testdir
	mv a testdir/a
	snapshot base
	mv b b2
	ln testdir/a b
	mv testdir testdir_2
	mv testdir_2/a testdir
	echo new >testdir_2/a
	snapshot next
	send_full base
	send_incr next base
	expect_order '^rename +\./testdir +dest=\./o259-' '^link +\./(b|testdir) +dest=o259-[0-9]+-0/a' \
		'dest=\./testdir_2'
	receive_check
}

# A file takes a directory's name and gets a link inside that directory, which is renamed later: the
# link's path leads through the temporary name, although an inode before it was sent with a path
# through the old one.
scenario_link_below_directory_whose_name_is_taken() {
	filesystem
	subvolume live
	echo low >w
	echo data >x
	mkdir -p d/e
	snapshot base
	mv d d2
	ln w d2/w
	ln w d2/e/w
	ln x d
	ln x d2/new
	ln x d2/e/new
	snapshot next
	send_full base
	send_incr next base
	expect_order '^link +\./d/w ' '^rename +\./d +dest=\./o259-' '^link +\./d +dest=x' \
		'^link +\./o259-[0-9]+-0/'
	receive_check
}

# The same with a name that goes: it is unlinked through the temporary name.
scenario_unlink_below_directory_whose_name_is_taken() {
	filesystem
	subvolume live
	echo low >w
	echo data >x
	mkdir -p d/e
	mv x d/e/x
	ln d/e/x d/x
	snapshot base
	mv d d2
	ln w d2/w
	ln w d2/e/w
	mv d2/x d
	rm d2/e/x
	snapshot next
	send_full base
	send_incr next base
	expect_order '^link +\./d/w ' '^rename +\./d +dest=\./o259-' '^unlink +\./o259-[0-9]+-0/'
	receive_check
}

scenario_swap_two_directories() {
	filesystem
	subvolume live
	mkdir da db
	touch da/in-a db/in-b
	snapshot base
	fsop exchange da db
	snapshot next
	send_full base
	send_incr next base
	expect_order '^rename +\./db +dest=\./o258-' '^rename +\./da +dest=\./db' \
		'^rename +\./o258-[0-9]+-0 +dest=\./da'
	send_incr base next
	receive_check
}

# The parent becomes the child of its child, each under the other's name or a new one.
scenario_swap_parent_and_child() {
	filesystem
	subvolume live
	mkdir -p p/q r/s
	touch p/in-p p/q/in-q r/s/in-s
	snapshot base
	mv p/q q2
	mv p q2/p2
	mv r/s t
	mv r t/s
	mv t r
	snapshot next
	send_full base
	send_incr next base
	expect_order '^rename +\./p/q +dest=\./q2' '^rename +\./p +dest=\./q2/p2'
	send_incr base next
	receive_check
}

scenario_rotate_three_directories() {
	filesystem
	subvolume live
	mkdir a b c
	touch a/1 b/2 c/3
	snapshot base
	mv a tmp
	mv b a
	mv c b
	mv tmp c
	snapshot next
	send_full base
	send_incr next base
	expect_match 'dest=\./o[0-9]+-[0-9]+-0'
	send_incr base next
	receive_check
}

# The whole chain a/b/.../t is turned over: every directory ends below the one that was its child.
scenario_reverse_deep_chain() {
	local path=. name names=(a b c d e f g h i j k l m n o p q r s t)
	filesystem
	subvolume live
	for name in "${names[@]}"; do
		path=$path/$name
		mkdir "$path"
	done
	echo bottom >"$path/file"
	snapshot base
	# shellcheck disable=SC2012 # from the bottom up: each goes to the top, then under the last moved
	for name in $(printf '%s\n' "${names[@]}" | tac); do
		mv "$(find . -type d -name "$name")" "top-$name"
	done
	path=.
	for name in $(printf '%s\n' "${names[@]}" | tac); do
		mv "top-$name" "$path/$name"
		path=$path/$name
	done
	snapshot next
	send_full base
	send_full next
	send_incr next base
	expect rename 20
	send_incr base next
	receive_check
}

# Directories of one level trade their children, which are directories with lower and higher numbers.
scenario_exchange_children_of_renamed_parents() {
	filesystem
	subvolume live
	mkdir low
	mkdir -p x/kx y/ky
	mkdir x/last y/last
	mv low x/low
	touch x/kx/f y/ky/f x/low/f
	snapshot base
	mv x/kx y/kx
	mv y/ky x/ky
	mv x/low y/low
	mv x/last y/last/last
	mv x z
	mv y x
	mv z y
	snapshot next
	send_full base
	send_incr next base
	expect rename 6
	send_incr base next
	receive_check
}

# The wait of a move would be circular if it were decided by ancestors alone: 258 goes below 259,
# 259 below a directory that 258 used to hold.
scenario_moves_wait_in_a_loop() {
	filesystem
	subvolume live
	mkdir -p a/b
	mkdir c d
	mkdir -p a/b/e c/g d/f
	touch a/b/e/1 c/g/2 d/f/3
	snapshot base
	mv a/b/e d/f/e
	mv c/g d/f/e/g
	mv a/b d/f/e/g/b
	mv c d/f/e/g/b/c
	mv d/f f
	mv d f/e/g/b/d
	mv a f/e/g/b/d/a
	snapshot next
	send_full base
	send_incr next base
	expect rename 6
	send_incr base next
	receive_check
}

# A directory with a waiting move loses its name to another inode meanwhile.
scenario_waiting_directory_is_orphaned() {
	filesystem
	subvolume live
	mkdir -p a/b
	mkdir c d
	touch a/b/in-b
	mkdir e
	snapshot base
	mv a/b d/b
	mv a d/a
	mv d e/d
	mv c a
	mkdir c
	snapshot next
	send_full base
	send_incr next base
	expect rename 4
	send_incr base next
	receive_check
}

# Everything else about a directory changes while its move waits: it is sent under the old path.
scenario_attributes_of_waiting_directory() {
	filesystem
	subvolume live
	mkdir -p a/b/c/d a/b/c2
	touch a/b/c/file
	snapshot base
	mv a/b/c/d a/b/c2/d2
	mv a/b/c a/b/c2/d2/cc
	chmod 700 a/b/c2/d2/cc
	chown 12:34 a/b/c2/d2/cc
	setfattr -n user.note -v waiting a/b/c2/d2/cc
	echo more >>a/b/c2/d2/cc/file
	touch a/b/c2/d2/cc/new
	snapshot next
	send_full base
	send_incr next base
	expect_order '^set_xattr +\./a/b/c ' '^chown +\./a/b/c ' '^chmod +\./a/b/c ' '^rename +\./a/b/c '
	receive_check --except "$TOP_TIME"
}

scenario_chain_of_renames_through_new_directory() {
	filesystem
	subvolume live
	touch a b
	mkdir c
	snapshot base
	mv c x
	mv a x/y
	mv b a
	snapshot next
	send_full base
	send_incr next base
	expect_order '^link +\./c/y +dest=a' '^link +\./a +dest=b' '^rename +\./c +dest=\./x'
	receive_check
}
