# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# One inode number, two inodes: numbers used again with another generation, unrelated subvolumes with
# the same numbers, and inodes without any name.

# rebirth: commit and mount again, so that the highest inode numbers that were freed come back.
rebirth() {
	sync -f .
	remount
}

scenario_inode_number_used_again_for_a_file() {
	filesystem
	subvolume live
	mkdir d
	echo kept >kept
	echo old >old
	fsop setxattr old user.old 1
	snapshot base
	rm old
	rebirth
	echo new contents >new
	fsop setxattr new user.new 1
	chmod 600 new
	snapshot next
	send_full base
	send_incr next base
	expect_order '^unlink +\./old' '^mkfile +\./o259-' '^rename .*dest=\./new' '^write +\./new' \
		'^set_xattr +\./new'
	receive_check
}

scenario_inode_number_used_again_under_same_name() {
	filesystem
	subvolume live
	echo old >f
	ln f f2
	snapshot base
	rm f f2
	rebirth
	echo newer >f
	ln f f3
	snapshot next
	send_full base
	send_incr next base
	expect_order '^unlink ' '^mkfile ' '^rename .*dest=\./f'
	send_incr base next
	receive_check
}

scenario_inode_number_of_directory_used_again() {
	filesystem
	subvolume live
	touch low
	mkdir d
	touch d/f
	snapshot base
	mv d/f f
	rmdir d
	mv f low2
	rm low2
	rebirth
	mkdir e
	mv low e/low
	mkdir e/sub
	snapshot next
	send_full base
	send_incr next base
	expect rmdir
	expect mkdir
	receive_check
}

scenario_directory_number_used_again_by_file() {
	filesystem
	subvolume live
	mkdir a
	mkdir a/b
	snapshot base
	rmdir a/b
	rebirth
	echo file >a/b
	snapshot next
	send_full base
	send_incr next base
	expect_order '^rmdir ' '^mkfile ' 'dest=\./a/b'
	send_incr base next
	expect_order '^unlink ' '^mkdir '
	receive_check --except "$TOP_TIME"
}

# Two subvolumes that never had anything to do with each other: every inode is another one, the top
# directory stays.
scenario_unrelated_subvolumes_same_numbers() {
	filesystem
	subvolume one
	mkdir a a/b
	echo 1 >a/f
	echo 2 >g
	ln g a/b/g
	ln -s to l
	fsop setxattr g user.x 1
	snapshot r1
	subvolume two
	sync -f .
	echo 1 >a
	mkdir b
	mkdir b/a
	echo 2 >b/a/f
	mkfifo l
	ln a b/a/h
	snapshot r2
	send_full r1
	send_incr r2 r1
	expect_match '^(unlink|rmdir) ' 5
	expect_match '^mk' 5
	send_incr r1 r2
	receive_check --except "$TOP_TIME"
}

scenario_unrelated_subvolumes_same_tree() {
	local name
	filesystem
	for name in one two; do
		subvolume "$name"
		mkdir -p d/e/f x
		touch d/1 d/e/2 d/e/f/3 x/4
		ln d/1 x/5
		sync -f .
		snapshot "r$name"
	done
	send_full rone
	send_incr rtwo rone
	expect mkdir 4
	receive_check --except "$TOP_TIME"
}

# The same inode numbers as files, directories and links in every combination.
scenario_unrelated_subvolumes_type_changes() {
	filesystem
	subvolume one
	echo f2f >f2f
	echo f2d >f2d
	echo f2l >f2l
	mkdir d2f d2d d2l
	touch d2d/in
	ln -s x l2f
	ln -s x l2d
	snapshot r1
	subvolume two
	sync -f .
	echo f2f >f2f-2
	mkdir f2d
	ln -s y f2l
	echo d2f >d2f
	mkdir d2d-2
	ln -s y d2l
	touch d2d-2/in
	echo l2f >l2f
	mkdir l2d
	mv f2f-2 l2d/
	snapshot r2
	send_full r1
	send_incr r2 r1
	send_incr r1 r2
	receive_check --except "$TOP_TIME"
}

# Enumerated directory trees with nothing in common but numbers.
scenario_unrelated_subvolumes_sampled_trees() {
	local states i j
	mapfile -t states < <(sampled_states 4 14 5)
	filesystem
	for ((i = 0; i < ${#states[@]}; i++)); do
		subvolume "s$i"
		mkdir dir1 dir2 dir3 dir4
		touch dir1/f dir2/f dir3/f dir4/f
		"$TOOLS/reshape" . "${states[i]}"
		sync -f .
		read_only "s$i"
	done
	allow_kernel_failure
	for ((i = 0; i < ${#states[@]}; i++)); do
		for ((j = 0; j < ${#states[@]}; j++)); do
			((i == j)) || send_incr "s$i" "s$j"
		done
	done
}

# Some inodes are the same, some are new ones with the old numbers.
scenario_numbers_partly_used_again() {
	filesystem
	subvolume live
	mkdir a b
	mkdir a/c b/d
	touch a/c/f b/d/g
	echo data >b/h
	snapshot base
	rm -r a/c b/d b/h
	rebirth
	echo new >a/one
	mkdir b/two
	mkdir a/c
	mv b a/c/b
	echo last >a/c/b/last
	mkdir b
	snapshot next
	send_full base
	send_incr next base
	expect rename
	expect mkfile 2
	send_incr base next
	receive_check --except "$TOP_TIME"
}

# ---- inodes without names ----

scenario_open_unlinked_file_in_sent_subvolume() {
	filesystem
	subvolume live
	echo stays >stays
	echo goes >goes
	snapshot base
	hold unlink goes
	read_only live
	send_full live
	expect_count '^mkfile ' 1
	send_incr live base
	expect_match '^unlink +\./goes'
	send_incr base live
	expect_match 'dest=\./goes'
}

# Every pair: in one tree without a name, in the other with one, without one, or absent.
scenario_unnamed_inodes_in_both_trees() {
	filesystem
	subvolume live
	mkdir d
	echo 1 >d/one
	echo 2 >two
	ln two d/two
	echo 3 >three
	snapshot base
	writable p base
	hold unlink d/one two d/two
	hold tmpfile . 2
	read_only p
	writable q base
	hold unlink three two d/two
	hold tmpfile d 1
	read_only q
	send_full p
	expect_count '^mkfile ' 1
	send_incr p base
	expect unlink 3
	send_incr base p
	expect mkfile 2
	send_incr q p
	send_incr p q
	send_incr q base
	send_incr base q
}

# Files that never had a name, with data, beside a change that renames their directory.
scenario_files_that_never_had_a_name() {
	filesystem
	subvolume live
	mkdir d
	touch d/f
	snapshot base
	mv d e
	hold tmpfile e 3
	echo new >e/new
	read_only live
	send_full live
	expect_count '^mkfile ' 2
	send_incr live base
	expect_count '^mkfile ' 1
	send_incr base live
}

# An unlinked file that shares its extents is no clone source by name.
scenario_unnamed_inode_shares_extents() {
	filesystem
	subvolume live
	fsop write a 0 256K 1
	fsop clone a 0 0 b 0
	fsop clone a 0 0 c 0
	snapshot base
	hold unlink a
	fsop clone b 0 0 d 0
	read_only live
	allow_kernel_failure
	send_full live
	send_incr live base
	send_incr base live
}
