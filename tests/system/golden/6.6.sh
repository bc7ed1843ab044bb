# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # mnt and others are of scenario-lib.sh
#
# Goldens of generation 6.6, derived from the send.c of 6.6: one for each row in which it differs from
# 6.1 or 6.12.

# DIR_UTIMES_DELAYED (6.1 does not): process_recorded_refs() hands the parent of a new name to
# cache_dir_utimes(), and finish_inode_if_needed() does the same with a directory whose i_size is not
# 0. Two entries are far from the limit of trim_dir_utimes_cache(), so all of it comes when the tree
# walk has ended: send_subvol() goes through the LRU list backwards, latest first. d was made the latest
# by each of its entries, then the top directory by "empty", which itself is sent at once.
golden_dir_utimes_delayed()
{
	filesystem
	subvolume live
	mkdir d
	touch d/1 d/2
	mkdir empty
	snapshot next
	commands next <<-'LIST'
		STREAM protocol=1
		SUBVOL path=next uuid=next ctransid=T
		CHOWN path= uid=0 gid=0
		CHMOD path= mode=0755
		MKDIR path=o257-G-0 ino=257
		RENAME path=o257-G-0 path_to=d
		CHOWN path=d uid=0 gid=0
		CHMOD path=d mode=0755
		MKFILE path=o258-G-0 ino=258
		RENAME path=o258-G-0 path_to=d/1
		CHOWN path=d/1 uid=0 gid=0
		CHMOD path=d/1 mode=0644
		UTIMES path=d/1
		MKFILE path=o259-G-0 ino=259
		RENAME path=o259-G-0 path_to=d/2
		CHOWN path=d/2 uid=0 gid=0
		CHMOD path=d/2 mode=0644
		UTIMES path=d/2
		MKDIR path=o260-G-0 ino=260
		RENAME path=o260-G-0 path_to=empty
		CHOWN path=empty uid=0 gid=0
		CHMOD path=empty mode=0755
		UTIMES path=empty
		UTIMES path=
		UTIMES path=d
		END
	LIST
	receives
}

# CURRENT_PATH_CACHED (6.12 does): get_cur_path() has no cur_inode_path to answer from, so after
# process_recorded_refs() has raised send_progress the path is that of the first name in the send root.
# Items of INODE_REF are ordered by the directory's number: low (257) before high (258).
golden_current_path_not_cached()
{
	filesystem
	subvolume live
	mkdir low high
	fsop write high/f 0 8K 1
	snapshot base
	ln high/f low/f
	fsop write high/f 0 4K 2
	snapshot next
	commands -p base next <<-'LIST'
		STREAM protocol=1
		SNAPSHOT path=next uuid=next ctransid=T clone_uuid=base clone_ctransid=T
		LINK path=low/f path_link=high/f
		WRITE path=low/f file_offset=0 data=4096
		UTIMES path=low/f
		UTIMES path=low
		END
	LIST
	receives
}

# LEAF_ROOTS_CACHED (6.1 has no such cache): check_extent_in_eb() asks lookup_backref_cache() about the
# leaf of each item it comes across, and iterate_backrefs() sees what is known at once, while the other
# leaves wait until all references are resolved. References are resolved from the highest root down:
# live (257), whose leaves next shares, then base (256), which is one leaf. In 4K nodes 60 files lie
# between c and the leaf of e and d.
#
#	c  neither leaf is known: that of c is first, and has c itself only; then that of base, where f
#	   covers all. Both are known now.
#	e  its leaf waits; base's is known, and s covers all: the walk ends, and e's leaf stays unknown.
#	d  the same. Without the cache the leaf of e and d were first, and e, before d in it, the source.
golden_known_leaves_come_first()
{
	filesystem -n 4096
	subvolume base
	fsop write f 0 64K 1
	fsop write s 0 64K 2
	read_only base
	subvolume live
	fsop clone ../base/f 0 0 c 0
	fsmake files . pad 0 60
	fsop clone ../base/s 0 0 e 0
	fsop clone ../base/s 0 0 d 0
	snapshot next
	commands --only '(WRITE|CLONE) path=[cde] |!' --no-parent -c base next <<-'LIST'
		CLONE path=c file_offset=0 clone_len=65536 clone_uuid=base clone_ctransid=T clone_path=f clone_offset=0
		CLONE path=e file_offset=0 clone_len=65536 clone_uuid=base clone_ctransid=T clone_path=s clone_offset=0
		CLONE path=d file_offset=0 clone_len=65536 clone_uuid=base clone_ctransid=T clone_path=s clone_offset=0
	LIST
}

# REFERENCES_1024 (6.1 stops at 64): check_extent_item() refuses above SEND_MAX_EXTENT_REFS, 1024. With
# 66 references all but the first file are cloned.
golden_references_1024()
{
	filesystem
	subvolume live
	fsop write a 0 8K 1
	fsmake reflinks . r 0 65 a
	snapshot next
	commands --only '(WRITE|CLONE) path=(a|r0000[01]|r00064)' next <<-'LIST'
		WRITE path=a file_offset=0 data=8192
		CLONE path=r00000 file_offset=0 clone_len=8192 clone_uuid=next clone_ctransid=T clone_path=a clone_offset=0
		CLONE path=r00001 file_offset=0 clone_len=8192 clone_uuid=next clone_ctransid=T clone_path=r00000 clone_offset=0
		CLONE path=r00064 file_offset=0 clone_len=8192 clone_uuid=next clone_ctransid=T clone_path=r00063 clone_offset=0
	LIST
}

# LIMIT_ON_TREE_BLOCKS (6.1 has none): find_parent_nodes() asks check_extent_item() of every block on
# the way up. 1030 snapshots refer to the node above the leaf, or to the leaf: nobody who refers to the
# extent is found, and it is written again though it has two references only.
golden_limit_on_tree_blocks()
{
	local i

	filesystem -n 4096
	subvolume live
	fsop write a 0 8K 1
	fsop clone a 0 0 b 0
	fsmake files . pad 0 100
	mkdir "$mnt/more"
	for ((i = 0; i < 1030; i++)); do
		btrfs -q subvolume snapshot -r . "$mnt/more/$i"
	done
	snapshot next
	commands --only '(WRITE|CLONE) path=[ab]' next <<-'LIST'
		WRITE path=a file_offset=0 data=8192
		WRITE path=b file_offset=0 data=8192
	LIST
}

# CLONE_LARGEST (6.1 takes the smallest inode): iterate_backrefs() keeps the candidate with the most
# num_bytes. Of what t shares low has 64K of an item, big all of 256K.
golden_clone_largest()
{
	filesystem
	subvolume live
	touch low
	fsop write big 0 256K 1
	fsop clone big 0 64K low 0
	fsop clone big 0 0 t 0
	snapshot next
	commands --only '(WRITE|CLONE)' next <<-'LIST'
		WRITE path=low file_offset=0 data=49152
		WRITE path=low file_offset=49152 data=16384
		CLONE path=big file_offset=0 clone_len=65536 clone_uuid=next clone_ctransid=T clone_path=low clone_offset=0
		WRITE path=big file_offset=65536 data=49152
		WRITE path=big file_offset=114688 data=49152
		WRITE path=big file_offset=163840 data=49152
		WRITE path=big file_offset=212992 data=49152
		CLONE path=t file_offset=0 clone_len=262144 clone_uuid=next clone_ctransid=T clone_path=big clone_offset=0
	LIST
	receives
}

# OWN_REF_NOT_NEEDED (6.1 fails without it): iterate_backrefs() ends the walk at the first source as
# large as the extent. It is met in base, whose number is higher, before next's own reference to it.
golden_own_ref_not_needed()
{
	filesystem
	subvolume live
	fsop write a 0 64K 1
	snapshot old
	fsop clone a 0 0 b 0
	snapshot next
	btrfs -q subvolume snapshot -r "$mnt/old" "$mnt/base"
	commands -p base next <<-'LIST'
		STREAM protocol=1
		SNAPSHOT path=next uuid=next ctransid=T clone_uuid=base clone_ctransid=T
		MKFILE path=o258-G-0 ino=258
		RENAME path=o258-G-0 path_to=b
		CLONE path=b file_offset=0 clone_len=65536 clone_uuid=base clone_ctransid=T clone_path=a clone_offset=0
		CHOWN path=b uid=0 gid=0
		CHMOD path=b mode=0644
		UTIMES path=b
		UTIMES path=
		END
	LIST
	receives
}

# CLONE_UNALIGNED_EOF, TRUNCATE_BEFORE_EOF_CLONE (Debian's 6.1 and 6.12 do both): send_write_or_clone()
# calls clone_range() only when the end is a multiple of the sector size. 130000 is none, and nothing is
# cut before the WRITEs, though the file is sent against a parent.
golden_unaligned_end_is_written()
{
	filesystem
	subvolume live
	fsop write a 0 130000 1
	snapshot base
	fsop clone a 0 0 b 0
	snapshot next
	commands -p base next <<-'LIST'
		STREAM protocol=1
		SNAPSHOT path=next uuid=next ctransid=T clone_uuid=base clone_ctransid=T
		MKFILE path=o258-G-0 ino=258
		RENAME path=o258-G-0 path_to=b
		WRITE path=b file_offset=0 data=49152
		WRITE path=b file_offset=49152 data=49152
		WRITE path=b file_offset=98304 data=31696
		CHOWN path=b uid=0 gid=0
		CHMOD path=b mode=0644
		UTIMES path=b
		UTIMES path=
		END
	LIST
	receives
}

# HOLE_CHECK_SEES_INLINE (6.1 and 6.12 do): range_is_hole_in_parent() reads disk_bytenr of the parent's
# extent whatever its type. Of inline data these are the first eight bytes: zeros are taken for a hole,
# and nothing is sent for it. 64K is data at the end, and a is not cut as the size is reached by it.
golden_inline_zeros_are_a_hole()
{
	filesystem
	subvolume live
	fsop fill f 0 100 0
	snapshot base
	fsop truncate f 0
	fsop write f 64K 4K 1
	snapshot next
	commands -p base next <<-'LIST'
		STREAM protocol=1
		SNAPSHOT path=next uuid=next ctransid=T clone_uuid=base clone_ctransid=T
		WRITE path=f file_offset=65536 data=4096
		UTIMES path=f
		END
	LIST
}

# The same where only those eight are zeros: then the receiver keeps the others.
golden_inline_data_that_begins_with_zeros()
{
	filesystem
	subvolume live
	fsop fill f 8 92 65
	snapshot base
	fsop truncate f 0
	fsop write f 64K 4K 1
	snapshot next
	commands --only '(WRITE|TRUNCATE|!)' -p base next <<-'LIST'
		WRITE path=f file_offset=65536 data=4096
		! inode 257: the receiver keeps the old data where there is a hole now, at 0, 65536 bytes
	LIST
}

# The same with other data: an address that is not 0, so data, and the hole is written as zeros. The
# inline extent ends at 4096 (rounded up), the hole is sent from where the last extent ended: 0.
golden_inline_data_is_data()
{
	filesystem
	subvolume live
	fsop fill f 0 100 65
	snapshot base
	fsop truncate f 0
	fsop write f 64K 4K 1
	snapshot next
	commands -p base next <<-'LIST'
		STREAM protocol=1
		SNAPSHOT path=next uuid=next ctransid=T clone_uuid=base clone_ctransid=T
		WRITE path=f file_offset=65536 data=4096
		WRITE path=f file_offset=0 data=49152 zeros
		WRITE path=f file_offset=49152 data=16384 zeros
		TRUNCATE path=f size=69632
		UTIMES path=f
		END
	LIST
	receives
}

# INLINE_ENDS_WITH_SECTOR (6.12 does): send_write_or_clone() takes btrfs_file_extent_end(), which rounds
# the data's length up to sectors: two of them, cut at the end of file. All 5000 bytes are written at
# once, and the file needs no TRUNCATE, as cur_inode_next_write_offset is its size then.
golden_inline_data_of_two_sectors()
{
	filesystem
	subvolume live
	fsop write f 0 1000 1
	snapshot next
	craft inline 257 5000
	craft size 257 5000
	commands --only '(WRITE|TRUNCATE|!)' next <<-'LIST'
		WRITE path=f file_offset=0 data=5000
	LIST
}

# HOLE_PUNCHED (6.1 and 6.12 do): send_hole() knows no FALLOCATE, so with protocol 2, too, a hole over
# old data is zeros, in pieces of what one WRITE holds.
golden_hole_is_zeros_in_protocol_2()
{
	filesystem
	subvolume live
	fsop write f 0 256K 1
	snapshot base
	fsop punch f 64K 160K
	snapshot next
	commands --proto 2 -p base next <<-'LIST'
		STREAM protocol=2
		SNAPSHOT path=next uuid=next ctransid=T clone_uuid=base clone_ctransid=T
		WRITE path=f file_offset=65536 data=131072 zeros
		WRITE path=f file_offset=196608 data=32768 zeros
		UTIMES path=f
		END
	LIST
	receives
}
