# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Directories created, removed and replaced, and the names that collide with them.

# rm -r: each directory goes to a temporary name until its last entry was handled.
scenario_remove_tree_parents_first() {
	filesystem
	subvolume live
	mkdir -p p/q/r
	touch p/q/r/f p/g
	snapshot base
	rm -r p
	snapshot next
	send_full base
	send_incr next base
	expect_order '^rename +\./p +dest=\./o257-' '^rename +\./o257-[0-9]+-0/q +dest=\./o258-' \
		'^rename +\./o258-[0-9]+-0/r +dest=\./o259-' '^rmdir +\./o258-' '^unlink +\./o259-' \
		'^rmdir +\./o259-' '^unlink +\./o257-[0-9]+-0/g' '^rmdir +\./o257-'
	send_incr base next
	receive_check
}

# rm -r where the inner ones have the lower numbers: nothing needs a temporary name.
scenario_remove_tree_children_first() {
	filesystem
	subvolume live
	touch f
	mkdir r q p
	mv f r/f
	mv r q/r
	mv q p/q
	snapshot base
	rm -r p
	snapshot next
	send_full base
	send_incr next base
	expect_order '^unlink +\./p/q/r/f' '^rmdir +\./p/q/r' '^rmdir +\./p/q' '^rmdir +\./p'
	expect_none rename
	send_incr base next
	receive_check
}

# A new directory with a higher number than what moves into it is made ahead of its turn.
scenario_parent_created_out_of_order() {
	filesystem
	subvolume live
	echo low >file
	mkdir inner
	snapshot base
	mkdir -p new1/new2
	mv file new1/new2/file
	mv inner new1/inner
	snapshot next
	send_full base
	send_full next
	expect_order '^mkdir +\./o260-' '^mkdir +\./o259-'
	send_incr next base
	expect_order '^mkdir +\./o260-' '^link +\./o260-[0-9]+-0/file' '^mkdir +\./o259-' 'dest=\./new1/new2'
	receive_check
}

# Links of one new file in three new directories, all with higher numbers, one of them twice.
scenario_parents_created_by_several_links() {
	filesystem
	subvolume live
	echo data >file
	snapshot base
	echo other >first
	mkdir d1 d2 d3
	ln first d3/a
	ln first d1/b
	ln first d1/c
	ln first d2/d
	ln file d2/e
	rm first
	snapshot next
	send_full base
	send_full next
	send_incr next base
	expect mkdir 3
	expect link 4
	receive_check
}

# Directory numbers fall with depth: every parent is made ahead of its turn.
scenario_new_tree_numbered_upside_down() {
	filesystem
	subvolume live
	touch top-file
	snapshot base
	echo deepest >f
	mkdir d5 d4 d3 d2 d1
	mv f d5/f
	mv d5 d4/
	mv d4 d3/
	mv d3 d2/
	mv d2 d1/
	snapshot next
	send_full base
	send_full next
	expect_order '^mkdir +\./o262-|^mkdir +\./o259-' '^rename .*dest=\./d1'
	send_incr next base
	receive_check
}

scenario_directory_replaced_by_file_of_same_name() {
	filesystem
	subvolume live
	mkdir -p name/sub
	touch name/sub/f
	echo text >other
	ln -s other link
	snapshot base
	rm -r name
	mv other name
	rm link
	mkdir link
	touch link/inside
	snapshot next
	send_full base
	send_incr next base
	expect rmdir
	send_incr base next
	expect mkdir
	receive_check
}

scenario_swap_file_and_directory() {
	filesystem
	subvolume live
	echo file >a
	mkdir b
	touch b/inside
	snapshot base
	fsop exchange a b
	snapshot next
	send_full base
	send_incr next base
	expect_match 'dest=\./o[0-9]+-[0-9]+-0'
	send_incr base next
	receive_check
}

# Removed and made again under the old name, the contents carried over.
scenario_directory_recreated_with_old_contents() {
	filesystem
	subvolume live
	mkdir -p d/sub
	echo one >d/one
	echo two >d/sub/two
	snapshot base
	mv d old
	mkdir d
	mv old/one d/one
	mv old/sub d/sub
	rmdir old
	snapshot next
	send_full base
	send_incr next base
	expect mkdir
	expect rmdir
	send_incr base next
	receive_check
}

# The renamed directory's old name goes to a new directory that takes over its children.
scenario_new_directory_takes_name_and_children() {
	filesystem
	subvolume live
	mkdir -p d/x d/y
	touch d/x/1 d/y/2 d/3
	snapshot base
	mv d e
	mkdir d
	mv e/x d/x
	mv e/3 d/3
	mkdir d/y
	mv e/y/2 d/y/2
	snapshot next
	send_full base
	send_incr next base
	expect mkdir 2
	send_incr base next
	receive_check
}

# A removed directory's child waits for a move two levels away; another removed directory holds the
# first one.
scenario_nested_rmdir_waits_for_moves() {
	filesystem
	subvolume live
	mkdir -p r1/r2/m1 k1/k2
	mkdir r1/r2/m1/m2
	touch r1/r2/f r1/r2/m1/m2/g
	snapshot base
	mv k1/k2 k3
	mv k1 k3/k1
	mv r1/r2/m1 k3/k1/m1
	mv k3/k1/m1/m2 k3/m2
	rm -r r1
	snapshot next
	send_full base
	send_incr next base
	expect rmdir 2
	expect_order '^rename +\./r1 +dest=\./o257-' '^rmdir '
	send_incr base next
	receive_check
}

# Names are removed from below a directory that got a temporary name because its own was taken.
scenario_unlink_below_orphaned_ancestor() {
	filesystem
	subvolume live
	touch f g
	mkdir d
	mkdir d/e
	mv f d/e/f
	ln d/e/f d/e/f2
	ln d/e/f top-f
	snapshot base
	mv d/e e2
	rm e2/f
	mv d moved
	mv g d
	mv e2 moved/e
	ln top-f moved/f3
	snapshot next
	send_full base
	send_incr next base
	expect_match '^unlink +'
	send_incr base next
	receive_check
}

# A file takes its parent directory's name while keeping another name below it.
scenario_file_takes_name_of_its_directory() {
	filesystem
	subvolume live
	touch f
	mkdir d
	mv f d/f
	touch d/g
	snapshot base
	mv d d2
	ln d2/f d
	rm d2/g
	snapshot next
	send_full base
	send_incr next base
	expect_order '^rename +\./d +dest=\./o258-' '^link +\./d '
	send_incr base next
	receive_check
}

# Renamed to the name of the removed grandparent.
scenario_take_name_of_removed_grandparent() {
	filesystem
	subvolume live
	mkdir -p g/p/c
	touch g/p/c/f g/p/h g/i
	snapshot base
	mv g/p/c c
	rm -r g
	mv c g
	snapshot next
	send_full base
	send_incr next base
	expect rmdir 2
	expect_match 'dest=\./g$'
	send_incr base next
	receive_check
}
