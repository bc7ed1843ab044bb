# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Names of files: renames, swaps, hard links.

scenario_swap_two_file_names() {
	filesystem
	subvolume live
	echo one >a
	echo two >b
	snapshot base
	fsop exchange a b
	snapshot next
	send_full base
	send_incr next base
	expect_order '^rename +\./b +dest=\./o258-' '^link +\./b +dest=a' '^unlink +\./a' \
		'^rename +\./o258-[0-9]+-0 +dest=\./a'
	receive_check
}

scenario_rotate_three_file_names() {
	filesystem
	subvolume live
	echo 1 >a
	echo 2 >b
	echo 3 >c
	snapshot base
	mv a t
	mv b a
	mv c b
	mv t c
	snapshot next
	send_full base
	send_incr next base
	expect_match 'dest=\./o[0-9]+-[0-9]+-0'
	send_incr base next
	receive_check
}

scenario_rename_over_existing_file() {
	filesystem
	subvolume live
	echo one >a
	echo two >b
	mkdir d
	echo three >d/c
	snapshot base
	mv b a
	mv d/c b
	snapshot next
	send_full base
	send_incr next base
	expect unlink 2
	send_incr base next
	receive_check
}

# Links added, the first name dropped, another renamed, one moved into a new directory.
scenario_links_added_dropped_renamed() {
	filesystem
	subvolume live
	mkdir d
	echo data >f
	ln f d/f2
	ln f f3
	echo other >g
	ln g g2
	snapshot base
	ln d/f2 f4
	rm f
	mv f3 d/f5
	mkdir n
	ln f4 n/f6
	mv g2 n/g3
	snapshot next
	send_full base
	send_incr next base
	expect link 3
	expect unlink 2
	send_incr base next
	receive_check
}

# Two files trade all of their names.
scenario_two_inodes_trade_their_links() {
	filesystem
	subvolume live
	mkdir d
	echo one >a
	ln a d/a
	echo two >b
	ln b d/b
	snapshot base
	fsop exchange a b
	fsop exchange d/a d/b
	snapshot next
	send_full base
	send_incr next base
	expect rename
	expect unlink 2
	send_incr base next
	receive_check
}

# Taking a name that is not the first of its inode unlinks it; taking the first gives the inode a
# temporary name.
scenario_take_first_and_other_name() {
	filesystem
	subvolume live
	echo taker >taker
	echo taker2 >taker2
	echo victim >first
	ln first second
	echo victim2 >one
	ln one two
	snapshot base
	mv taker second
	mv taker2 one
	snapshot next
	send_full base
	send_incr next base
	expect_match '^unlink +\./second'
	expect_match '^rename +\./one +dest=\./o260-'
	send_incr base next
	receive_check
}

# The only names left of a file are overwritten by a file with a lower number: the temporary name
# is unlinked in the end.
scenario_overwritten_name_never_comes_back() {
	filesystem
	subvolume live
	echo low >low
	echo high >high
	ln high other
	snapshot base
	ln low tmp
	mv tmp high
	snapshot next
	send_full base
	send_incr next base
	expect_order '^rename +\./high +dest=\./o258-' '^unlink +\./o258-'
	receive_check
}

# A name removed and made again for the same inode is no change, although other names come and go.
scenario_link_removed_and_made_again() {
	filesystem
	subvolume live
	mkdir d
	echo x >d/a
	ln d/a d/b
	ln d/a d/c
	snapshot base
	rm d/a
	ln d/b d/a
	rm d/c
	ln d/a d/e
	snapshot next
	send_full base
	send_incr next base
	expect_no_match '^(link|unlink) +\./d/a '
	expect_match '^unlink +\./d/c'
	receive_check
}

# Which name of a file with several is used for what follows the new link.
scenario_path_of_multi_link_inode() {
	filesystem
	subvolume live
	mkdir lo hi
	mkdir hi/dir
	echo data >hi/b
	snapshot base
	ln hi/b lo/a
	setfattr -n user.k -v v hi/b
	echo more >>hi/b
	snapshot next
	send_full base
	send_incr next base
	expect_order '^link +\./lo/a +dest=hi/b' '^set_xattr +\./hi/b' '^write +\./hi/b'
	receive_check
}

# The same with a name unlinked that begins with the name in use, which makes it be looked up again.
scenario_path_reset_by_unlink_of_longer_name() {
	filesystem
	subvolume live
	mkdir lo hi
	echo data >hi/b
	ln hi/b hi/bc
	snapshot base
	ln hi/b lo/a
	rm hi/bc
	setfattr -n user.k -v v hi/b
	echo more >>hi/b
	snapshot next
	send_full base
	send_incr next base
	expect_match '^set_xattr +\./lo/a'
	expect_match '^write +\./lo/a'
	receive_check
}

# And with another name unlinked, which does not.
scenario_path_kept_by_unlink_of_other_name() {
	filesystem
	subvolume live
	mkdir lo hi
	echo data >hi/b
	ln hi/b hi/zz
	snapshot base
	ln hi/b lo/a
	rm hi/zz
	setfattr -n user.k -v v hi/b
	echo more >>hi/b
	snapshot next
	send_full base
	send_incr next base
	expect_match '^set_xattr +\./hi/b'
	expect_match '^write +\./hi/b'
	receive_check
}

# The order in which parents of several names send their times.
scenario_parents_of_links_are_listed_once() {
	filesystem
	subvolume live
	mkdir A B
	echo f >A/f
	snapshot base
	ln A/f B/l
	ln A/f A/l2
	rm A/f
	snapshot next
	send_full base
	send_incr next base
	expect_order '^link +\./A/l2' '^link +\./B/l' '^unlink +\./A/f' '^utimes +\./A/l2' '^utimes +\./B ' \
		'^utimes +\./A '
	receive_check
}

# Links of special files and of symbolic links.
scenario_links_of_special_files() {
	filesystem
	subvolume live
	mkdir d
	mkfifo fifo
	mknod null c 1 3
	ln -s target symlink
	ln fifo d/fifo
	ln null d/null
	ln -P symlink d/symlink
	snapshot base
	rm fifo null
	mv symlink d/moved
	ln d/fifo fifo2
	ln -P d/symlink again
	snapshot next
	send_full base
	expect link 3
	send_incr next base
	expect link
	receive_check
}

# A link below a directory that moves, another below one that is removed.
scenario_links_below_moving_directories() {
	filesystem
	subvolume live
	mkdir -p stay move/in gone
	echo f >stay/f
	ln stay/f move/in/f
	ln stay/f gone/f
	mkdir target
	snapshot base
	mv move/in target/in
	mv move target/in/move
	rm -r gone
	ln stay/f target/in/move/new
	rm stay/f
	snapshot next
	send_full base
	send_incr next base
	expect link
	expect rmdir
	send_incr base next
	receive_check
}
