# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # mnt and others are of scenario-lib.sh
#
# Goldens of generation 2012, derived from the first send.c (between 3.6 and 3.7). One for each row in
# which it differs from all later ones; those about clones and holes are in 2012-data.sh.

# Commit and mount again: numbers of the highest inodes that were freed are then given again.
rebirth()
{
	sync -f .
	remount
}

# TRUNCATE_ELIDED, and times at once (DIR_UTIMES_DELAYED): finish_inode_if_needed() truncates every
# regular file to its size, then owner and mode (new inodes: always), then times, with nothing asked
# before. process_recorded_refs() sends the times of the directory behind each new name. The empty
# file is truncated, too.
golden_full_send()
{
	filesystem
	subvolume live
	mkdir d
	fsop write d/f 0 50000 1
	touch empty
	snapshot next
	commands next <<-'LIST'
		STREAM protocol=1
		SUBVOL path=next uuid=next ctransid=T
		CHOWN path= uid=0 gid=0
		CHMOD path= mode=0755
		UTIMES path=
		MKDIR path=o257-G-0 ino=257
		RENAME path=o257-G-0 path_to=d
		UTIMES path=
		CHOWN path=d uid=0 gid=0
		CHMOD path=d mode=0755
		UTIMES path=d
		MKFILE path=o258-G-0 ino=258
		RENAME path=o258-G-0 path_to=d/f
		UTIMES path=d
		WRITE path=d/f file_offset=0 data=49152
		WRITE path=d/f file_offset=49152 data=848
		TRUNCATE path=d/f size=50000
		CHOWN path=d/f uid=0 gid=0
		CHMOD path=d/f mode=0644
		UTIMES path=d/f
		MKFILE path=o259-G-0 ino=259
		RENAME path=o259-G-0 path_to=empty
		UTIMES path=
		TRUNCATE path=empty size=0
		CHOWN path=empty uid=0 gid=0
		CHMOD path=empty mode=0644
		UTIMES path=empty
		END
	LIST
	receives
}

# PROTOCOL_2: the version in the stream header is a constant, and the ioctl takes no other. So there is no
# command either for what HOLE_PUNCHED does from protocol 2 on.
golden_protocol_2_is_refused()
{
	filesystem
	subvolume live
	snapshot next
	commands --proto 2 next <<-'LIST'
		! fails: send: --proto 2: kernels of generation 2012 know protocol 1 only; see 'sendprof send --help'
	LIST
}

# FLAGS_HONOURED: btrfs_ioctl_send() never reads arg->flags: data is sent though none was asked for.
golden_flags_are_not_read()
{
	filesystem
	subvolume live
	fsop write f 0 4K 1
	snapshot next
	commands --only '(WRITE|UPDATE|!)' --no-data next <<-'LIST'
		WRITE path=f file_offset=0 data=4096
		! what to leave out was asked for, and this generation does not look at it
	LIST
}

# RECEIVED_UUID: send_subvol_begin() takes root_item.uuid of both.
golden_own_uuid()
{
	filesystem
	subvolume live
	touch f
	mkdir "$mnt/sent"
	snapshot sent/next
	btrfs -q send "$mnt/sent/next" 2>/dev/null | btrfs -q receive "$mnt"
	commands --only '(SUBVOL|!)' next <<-'LIST'
		SUBVOL path=next uuid=next ctransid=T
		! subvolume 258 is named by its own uuid, receivers know it by the one it was received with
	LIST
}

# NODE_MODE, DEVICE_ENCODED: send_create_inode() puts RDEV as it lies in the inode item, which is
# major << 20 | minor, and no MODE. For a fifo it is 0.
golden_nodes()
{
	filesystem
	subvolume live
	mkfifo fifo
	mknod c c 5 3
	snapshot next
	commands --only '(MK|RENAME|!)' next <<-'LIST'
		MKFIFO path=o257-G-0 ino=257 rdev=0x0(0:0)
		RENAME path=o257-G-0 path_to=fifo
		MKNOD path=o258-G-0 ino=258 rdev=0x500003(0:1283)
		RENAME path=o258-G-0 path_to=c
		! inode 257: MKFIFO 'o257-G-0' without a mode, and the receiver needs one
		! inode 258: the device number is sent as 5242883, the receiver expects 1283
		! inode 258: MKNOD 'o258-G-0' without a mode, and the receiver needs one
	LIST
}

# SYMLINK_OWNER: finish_inode_if_needed() leaves symlinks out of both CHOWN and CHMOD.
golden_symlink()
{
	filesystem
	subvolume live
	ln -s target link
	chown -h 5:6 link
	snapshot next
	commands next <<-'LIST'
		STREAM protocol=1
		SUBVOL path=next uuid=next ctransid=T
		CHOWN path= uid=0 gid=0
		CHMOD path= mode=0755
		UTIMES path=
		SYMLINK path=o257-G-0 ino=257 path_link=target
		RENAME path=o257-G-0 path_to=link
		UTIMES path=
		UTIMES path=link
		END
	LIST
}

# CAPABILITIES_LAST: __process_new_xattr() knows no name that has to wait. Attributes come before the
# data, so that WRITE (and TRUNCATE, and CHOWN) take the capability away again.
golden_capability()
{
	filesystem
	subvolume live
	fsop write f 0 4K 1
	fsop setxattr f security.capability \
		'\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'
	snapshot next
	commands --only '( path=f|! )' next <<-'LIST'
		SET_XATTR path=f xattr_name=security.capability xattr_data=20
		WRITE path=f file_offset=0 data=4096
		TRUNCATE path=f size=4096
		CHOWN path=f uid=0 gid=0
		CHMOD path=f mode=0644
		UTIMES path=f
		! inode 257: WRITE 'f' takes away the security.capability that was set before
	LIST
}

# LINKLESS_IGNORED: changed_inode() creates what it finds. Without names process_recorded_refs() never
# runs, so send_progress stays and get_cur_inode_state() goes on saying will_create: every path is the
# orphan name, which nobody removes.
golden_inode_without_a_name()
{
	filesystem
	subvolume next
	touch f
	hold tmpfile . 1
	read_only next
	seal
	# shellcheck disable=SC2034 # for the runner
	image=$engine_input
	commands --only '(o258|! )' next <<-'LIST'
		MKFILE path=o258-G-0 ino=258
		WRITE path=o258-G-0 file_offset=0 data=22
		TRUNCATE path=o258-G-0 size=22
		CHOWN path=o258-G-0 uid=0 gid=0
		CHMOD path=o258-G-0 mode=0644
		UTIMES path=o258-G-0
		TRUNCATE path=o258-G-0 size=22
		CHOWN path=o258-G-0 uid=0 gid=0
		CHMOD path=o258-G-0 mode=0644
		UTIMES path=o258-G-0
		! 'o258-G-0' is there in the end, the snapshot has no such name
	LIST
}

# TOP_DIR_STAYS: changed_inode() takes the top directory of another generation for a deleted and a new
# one. Its only name is ".." in itself: process_all_refs() of the old one finds it not empty, so
# orphanize_inode() renames "" away; the new one is made under its orphan name and renamed to "..".
# All in it are other inodes, too. When the old a loses its name its directory, the old top one, is
# looked at: did_delete, and nothing in it is above 257, so send_rmdir() of its path, which is "".
golden_top_directory_of_another_generation()
{
	filesystem
	subvolume base
	touch a
	read_only base
	sync -f .
	subvolume next
	touch a b
	read_only next
	commands -p base next <<-'LIST'
		STREAM protocol=1
		SNAPSHOT path=next uuid=next ctransid=T clone_uuid=base clone_ctransid=T
		RENAME path= path_to=o256-G-0
		MKDIR path=o256-G-0 ino=256
		RENAME path=o256-G-0 path_to=..
		UTIMES path=
		CHOWN path= uid=0 gid=0
		CHMOD path= mode=0755
		UTIMES path=
		UNLINK path=a
		RMDIR path=
		MKFILE path=o257-G-0 ino=257
		RENAME path=o257-G-0 path_to=a
		UTIMES path=
		TRUNCATE path=a size=0
		CHOWN path=a uid=0 gid=0
		CHMOD path=a mode=0644
		UTIMES path=a
		MKFILE path=o258-G-0 ino=258
		RENAME path=o258-G-0 path_to=b
		UTIMES path=
		TRUNCATE path=b size=0
		CHOWN path=b uid=0 gid=0
		CHMOD path=b mode=0644
		UTIMES path=b
		END
		! inode 256: RENAME '' to 'o256-G-0', which lies below it at that point
		! inode 256: RENAME 'o256-G-0': '..' is there already at that point
		! inode 257: RMDIR '': '' is of another type at that point
		! 'o256-G-0' is there in the end, the snapshot has no such name
	LIST
}

# EXTREFS: changed_cb() has no branch for INODE_EXTREF. The names that fit the INODE_REF item are sent,
# the others are not.
golden_extended_references()
{
	local i name

	filesystem -n 4096
	subvolume live
	touch f
	name=$(printf '%0240d' 0)
	for ((i = 0; i < 20; i++)); do
		ln f "$name$i"
	done
	snapshot next
	commands --only '(path=0[.]{3}1[3-6]( |$)|!)' next <<-'LIST'
		LINK path=0...13 path_link=f
		LINK path=0...14 path_link=f
		! inode 257: names in extended references are not sent
		! inode 257: names in extended references are not sent
		! inode 257: names in extended references are not sent
		! inode 257: names in extended references are not sent
		! inode 257: names in extended references are not sent
	LIST
}

# SUBVOLUMES_IGNORED: did_create_dir() looks at the number of each entry of d only. That of the
# subvolume, 257, is below send_progress, so d counts as made by an earlier inode and MKDIR is left
# out; what follows is about a directory that was never made.
golden_subvolume_in_a_directory()
{
	filesystem
	subvolume live
	touch 1 2
	mkdir d
	btrfs -q subvolume create d/sub
	snapshot next
	commands --only '(o259|path=d|path_to=d|! )' next <<-'LIST'
		RENAME path=o259-G-0 path_to=d
		CHOWN path=d uid=0 gid=0
		CHMOD path=d mode=0755
		UTIMES path=d
		! inode 259: RENAME 'o259-G-0': 'o259-G-0' does not exist at that point
		! inode 259: CHOWN 'd': 'd' does not exist at that point
		! inode 259: CHMOD 'd': 'd' does not exist at that point
		! inode 259: UTIMES 'd': 'd' does not exist at that point
	LIST
}

# PROGRESS_AFTER_NEW_REFS: process_all_refs() of the old inode 257 ends with send_progress at 258, so
# when the new one takes the name y, will_overwrite_ref() finds inode 258 not above send_progress: it
# counts as processed, y is not cleared, and the RENAME takes y from it. Its turn: did_overwrite_ref()
# says that its name was taken (257 < 258), so that the name to remove is the orphan name.
golden_numbers_used_again()
{
	filesystem
	subvolume live
	touch x y
	snapshot base
	rm x y
	rebirth
	touch y z
	snapshot next
	commands --only '(RENAME|UNLINK|MKFILE|! )' -p base next <<-'LIST'
		UNLINK path=x
		MKFILE path=o257-G-0 ino=257
		RENAME path=o257-G-0 path_to=y
		UNLINK path=o258-G-0
		MKFILE path=o258-G-0 ino=258
		RENAME path=o258-G-0 path_to=z
		! inode 257: RENAME 'o257-G-0': 'y' is there already at that point
		! inode 258: UNLINK 'o258-G-0': 'o258-G-0' does not exist at that point
	LIST
}

# EXTENT_ITEM_ALONE_PASSED: changed_extent() has a BUG_ON() of an item whose inode did not pass. That of b
# does not only if both snapshots got it in one transaction: no commit may fall between.
golden_extent_item_alone()
{
	filesystem --mount commit=86400
	subvolume live
	fsop write a 0 128K 1
	fsop write b 0 128K 1
	sync -f .
	writable base live
	writable next live
	(cd "$mnt/base" && fsop dedupe a 0 64K b 0)
	fsop dedupe a 64K 64K b 64K
	read_only base
	read_only next
	commands -p base next <<-'LIST'
		STREAM protocol=1
		SNAPSHOT path=next uuid=next ctransid=T clone_uuid=base clone_ctransid=T
		! fails: inode 258: an extent differs between root 258 and root 257, its inode item does not
	LIST
}

# ORPHANIZE_FIRST: process_recorded_refs() has one loop: for each new name first who stands there has
# to leave, then it is given. f has two, both taken: orphan, LINK, orphan, LINK.
golden_one_name_after_the_other()
{
	filesystem
	subvolume live
	touch f a b
	snapshot base
	mv a a2
	mv b b2
	ln f a
	ln f b
	snapshot next
	commands --only '(RENAME|UNLINK|LINK|! )' -p base next <<-'LIST'
		RENAME path=a path_to=o258-G-0
		LINK path=a path_link=f
		RENAME path=b path_to=o259-G-0
		LINK path=b path_link=f
		RENAME path=o258-G-0 path_to=a2
		RENAME path=o259-G-0 path_to=b2
	LIST
	receives
}

# REFS_REFRESHED, ORPHANS_FORGOTTEN, OVERWRITE_BY_CURRENT: the paths of f's new names were made by
# __record_new_ref() before anything was done. When d then gets its orphan name (its own is taken),
# the LINK in it goes on saying "d", which by then is f itself.
golden_path_of_an_orphan()
{
	filesystem
	subvolume live
	touch f
	mkdir d
	snapshot base
	mv d e
	ln f d
	ln f e/g
	snapshot next
	commands --only '(RENAME|LINK|! )' -p base next <<-'LIST'
		RENAME path=d path_to=o258-G-0
		LINK path=d path_link=f
		LINK path=d/g path_link=f
		RENAME path=o258-G-0 path_to=e
		! inode 257: LINK 'd/g': 'd' is of another type at that point
	LIST
}

# DIR_MOVES_WAIT: a/b/c (259) goes below d (260), which moves later. __record_new_ref() makes the path
# with d where it still is, below c: a directory is to be moved below itself. With send_progress behind
# c its path leads to d, d's (not processed) to c, and get_cur_path() never ends.
golden_directory_below_one_that_moves_later()
{
	filesystem
	subvolume live
	mkdir -p a/b/c/d
	snapshot base
	mv a/b/c/d a/b/d2
	mv a/b/c a/b/d2/cc
	snapshot next
	commands --only '(RENAME|! )' -p base next <<-'LIST'
		RENAME path=a/b/c path_to=a/b/c/d/cc
		! inode 259: RENAME 'a/b/c' to 'a/b/c/d/cc', which lies below it at that point
		! fails: inode 259: its path leads through itself, and a send of generation 2012 never ends there
	LIST
}

# OVERWRITE_SAME_DIR: will_overwrite_ref() looks up the name in the parent root by the directory's
# number only. The new d/y (259) goes to the new directory, the old one of that number had y (261):
# that is renamed away by a name it does not have.
golden_names_of_an_old_directory()
{
	filesystem
	subvolume live
	touch low
	mkdir d
	touch d/x d/z d/y
	snapshot base
	rm -r d
	rebirth
	mkdir d
	touch d/y
	snapshot next
	commands --only '(RENAME|UNLINK|RMDIR|MK|! )' -p base next <<-'LIST'
		RENAME path=d path_to=o258-G-0
		MKDIR path=o258-G-0 ino=258
		RENAME path=o258-G-0 path_to=d
		UNLINK path=o258-G-0/x
		MKFILE path=o259-G-0 ino=259
		RENAME path=d/y path_to=o261-G-0
		RENAME path=o259-G-0 path_to=d/y
		UNLINK path=o258-G-0/z
		UNLINK path=o258-G-0/y
		RMDIR path=o258-G-0
		! inode 259: RENAME 'd/y': 'd/y' does not exist at that point
	LIST
}

# REFS_CANCELLED: record_changed_ref() compares the two versions of the INODE_REF item by name: d/1 is
# in both, so it stays, though its directory is another one now. Only d/2 is sent, into the new d, made
# early. When that one's turn comes, can_rmdir() finds no inode above 258 in the old d and takes it for
# empty, while 1 is still there; so the receiver cannot remove it, and the new one not have its name.
golden_same_name_in_a_new_directory()
{
	filesystem
	subvolume live
	touch f
	mkdir d
	ln f d/1
	snapshot base
	rm -r d
	rebirth
	mkdir d
	ln f d/1
	ln f d/2
	snapshot next
	commands --only '(RENAME|LINK|RMDIR|MK|! )' -p base next <<-'LIST'
		MKDIR path=o258-G-0 ino=258
		LINK path=o258-G-0/2 path_link=f
		RMDIR path=d
		RENAME path=o258-G-0 path_to=d
		! inode 258: RMDIR 'd', which is not empty at that point
		! inode 258: RENAME 'o258-G-0': 'd' is there already at that point
		! 'o258-G-0' is there in the end, the snapshot has no such name
	LIST
}

# REFS_OF_NEW_DIR: btrfs_compare_trees() of that time does not report items that are equal, so nobody
# sees that d/1 is in another directory. The old d is taken for empty as above; and did_create_dir()
# finds f, which passed before, in the new one: it counts as made, and MKDIR is left out.
golden_equal_name_in_a_new_directory()
{
	filesystem
	subvolume live
	touch f
	mkdir d
	ln f d/1
	snapshot base
	rm -r d
	rebirth
	mkdir d
	ln f d/1
	snapshot next
	commands --only '(RENAME|LINK|RMDIR|MK|! )' -p base next <<-'LIST'
		RMDIR path=d
		RENAME path=o258-G-0 path_to=d
		! inode 258: RMDIR 'd', which is not empty at that point
		! inode 258: RENAME 'o258-G-0': 'o258-G-0' does not exist at that point
	LIST
}

# CHECK_DIRS_BY_GENERATION (CHECK_DIRS_ONCE it has): check_dirs is a ulist by directory number. The
# file's new name is in the new d, which is added first; the old d, of the same number, is then not
# added, and never removed.
golden_old_directory_with_the_same_number()
{
	filesystem
	subvolume base
	mkdir d
	sync -f .
	subvolume next
	mkdir d
	sync -f .
	touch -d @1 "$mnt/base/d/x"
	touch -d @2 "$mnt/next/d/y"
	read_only base
	read_only next
	commands --only '(d|o257)' -p base next <<-'LIST'
		SNAPSHOT path=next uuid=next ctransid=T clone_uuid=base clone_ctransid=T
		CHOWN path= uid=0 gid=0
		CHMOD path= mode=0755
		RENAME path=d path_to=o257-G-0
		MKDIR path=o257-G-0 ino=257
		RENAME path=o257-G-0 path_to=d
		CHOWN path=d uid=0 gid=0
		CHMOD path=d mode=0755
		UTIMES path=d
		LINK path=d/y path_link=o257-G-0/x
		UNLINK path=o257-G-0/x
		UTIMES path=d
		TRUNCATE path=d/y size=0
		UTIMES path=d/y
		! inode 256: RENAME '' to 'o256-G-0', which lies below it at that point
		! inode 256: RENAME 'o256-G-0': '..' is there already at that point
		! inode 257: RMDIR '': '' is of another type at that point
		! 'o256-G-0' is there in the end, the snapshot has no such name
		! 'o257-G-0' is there in the end, the snapshot has no such name
	LIST
}
