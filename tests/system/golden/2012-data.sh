# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # mnt and others are of scenario-lib.sh
#
# Goldens of generation 2012 about clones and holes, derived from the first send.c and the backref.c of
# 3.6, as those of 2012.sh.

# BACKREFS_COMPLETE: the two references lead to one leaf. __merge_refs() by parent drops the second one
# listed, and with it the item that it led to. So a search is sure not to come across its own reference
# for one of the two files, and find_extent_clone() ends with -EIO. Which one is a matter of the order in
# the extent item, which is that of the hashes of the references: here that of b comes first.
golden_reflinks_in_one_leaf()
{
	filesystem
	subvolume live
	fsop write a 0 64K 1
	fsop clone a 0 0 b 0
	snapshot next
	commands --only '(WRITE|CLONE|!)' next <<-'LIST'
		! fails: inode 257 offset 0: extent 13631488 has no reference to it
	LIST
}

# Where clones are found: in a tree of more than one leaf, whose leaves the live subvolume has left
# since the snapshot. They then have shared references, which find_extent_in_eb() reads from the first
# item to the last, each put in front.
high_tree()
{
	filesystem -n 4096
	subvolume live
	fsmake files . pad 0 60
}

shared_leaves()
{
	snapshot next
	chmod 600 -- *
	sync -f .
}

# CLONE_LOWEST_IN_SENT: __iterate_backrefs() keeps the last one seen in the send root, which is the
# first item in the leaf: a's at 0. CLONE_WITHIN_FILE: it takes no candidate of the inode itself, so a's
# second part is written. REFERENCES_LIMITED: 70 more references, of files that come later, are no
# hindrance.
golden_clone_from_the_sent_root()
{
	high_tree
	fsop write a 0 64K 1
	fsop clone a 0 64K a 64K
	fsop clone a 0 64K b 0
	fsop clone a 0 64K c 0
	fsmake reflinks . r 0 70 b
	shared_leaves
	commands --only '(WRITE|CLONE) path=[abc]|!' next <<-'LIST'
		WRITE path=a file_offset=0 data=49152
		WRITE path=a file_offset=49152 data=16384
		WRITE path=a file_offset=65536 data=49152
		WRITE path=a file_offset=114688 data=16384
		CLONE path=b file_offset=0 clone_len=65536 clone_uuid=next clone_ctransid=T clone_path=a clone_offset=0
		CLONE path=c file_offset=0 clone_len=65536 clone_uuid=next clone_ctransid=T clone_path=a clone_offset=0
	LIST
	receives
}

# CLONE_SENT_ROOT_FIRST: the loop over clone_roots in find_extent_clone() ends at the first that has
# anything, and they are sorted by number: base (257).
golden_clone_from_the_first_root()
{
	high_tree
	fsop write a 0 64K 1
	fsop clone a 0 64K b 0
	snapshot base
	chmod 600 -- *
	fsop clone a 0 64K c 0
	fsop clone a 0 64K d 0
	shared_leaves
	commands --only '(WRITE|CLONE) path=[abcd]|!' -p base next <<-'LIST'
		CLONE path=c file_offset=0 clone_len=65536 clone_uuid=base clone_ctransid=T clone_path=a clone_offset=0
		CLONE path=d file_offset=0 clone_len=65536 clone_uuid=base clone_ctransid=T clone_path=a clone_offset=0
	LIST
	receives
}

# CLONE_PIECEWISE: send_clone() sends one command for the extent. a shows the extent from 0 on, then
# other data from 64K on: __iterate_backrefs() looks at neither.
golden_clone_of_other_data()
{
	high_tree
	fsop write a 0 256K 1
	fsop clone a 0 0 b 0
	fsop write a 64K 4K 2
	shared_leaves
	commands --only '(WRITE|CLONE) path=b|!' next <<-'LIST'
		CLONE path=b file_offset=0 clone_len=262144 clone_uuid=next clone_ctransid=T clone_path=a clone_offset=0
		! inode 318: the source of a clone shows another extent, or another part of it, somewhere in 262144 bytes from 0 on
	LIST
}

# CLONE_SHORT_SOURCE: a's file ends at 64K, the extent of b has 128K: refused, and written.
golden_source_ends_before()
{
	high_tree
	touch a
	fsop write b 0 128K 1
	fsop clone b 0 64K a 0
	shared_leaves
	commands --only '(WRITE|CLONE) path=b|!' next <<-'LIST'
		WRITE path=b file_offset=0 data=49152
		WRITE path=b file_offset=49152 data=49152
		WRITE path=b file_offset=98304 data=32768
	LIST
	receives
}

# FIRST_SECTOR_WRITTEN: nothing about offset 0: one sector is cloned from there.
golden_clone_of_the_first_sector()
{
	high_tree
	fsop write a 0 4K 1
	fsop clone a 0 4K b 8K
	shared_leaves
	commands --only '(WRITE|CLONE) path=[abcd]|!' next <<-'LIST'
		WRITE path=a file_offset=0 data=4096
		CLONE path=b file_offset=8192 clone_len=4096 clone_uuid=next clone_ctransid=T clone_path=a clone_offset=0
	LIST
	receives
}

# CLONE_ENDS_ALIGNED (and CLONE_UNALIGNED_EOF): extent_len is cut at the end of file, and cloned with
# that length, whether or not a goes on. The receiver's clone of an unaligned length fails there.
golden_clone_ends_unaligned()
{
	high_tree
	fsop write a 0 130000 1
	fsop clone a 0 0 b 0
	fsop write a 200K 4K 2
	shared_leaves
	commands --only '(WRITE|CLONE) path=b|!' next <<-'LIST'
		CLONE path=b file_offset=0 clone_len=130000 clone_uuid=next clone_ctransid=T clone_path=a clone_offset=0
		! inode 318: a clone of 130000 bytes to 0 ends unaligned, and not where the source does: receivers refuse it
		! inode 318: the source of a clone shows another extent, or another part of it, somewhere in 130000 bytes from 0 on
	LIST
}

# CLONE_TAIL_WRITTEN: send_write_or_clone() hands the whole length of the item to send_clone(), where it
# becomes one command. All of a lies behind it, 100K, so __iterate_backrefs() takes a as a source; that
# its end is no multiple of 64K and b goes on behind it is not looked at. What b has there is its own.
golden_clone_to_the_middle_of_a_file()
{
	high_tree
	fsop write a 0 100K 1
	fsop clone a 0 0 b 0
	fsop write b 100K 4K 2
	shared_leaves
	commands --only '(WRITE|CLONE) path=b|!' next <<-'LIST'
		CLONE path=b file_offset=0 clone_len=102400 clone_uuid=next clone_ctransid=T clone_path=a clone_offset=0
		WRITE path=b file_offset=102400 data=4096
	LIST
	receives
}

# TRUNCATE_BEFORE_EOF_CLONE: nothing is cut before a clone that ends unaligned at both ends of file, against
# a parent neither. The parent's root has the lower number, so its a is the source.
golden_clone_to_the_end_of_file()
{
	high_tree
	fsop write a 0 130000 1
	snapshot base
	chmod 600 -- *
	fsop clone a 0 0 b 0
	shared_leaves
	commands --only '(WRITE|CLONE|TRUNCATE) path=b|!' -p base next <<-'LIST'
		CLONE path=b file_offset=0 clone_len=130000 clone_uuid=base clone_ctransid=T clone_path=a clone_offset=0
		TRUNCATE path=b size=130000
	LIST
	receives
}

# COMPRESSED_FROM_START: find_extent_clone() adds the item's offset in the uncompressed data, 64K, to
# the address of the compressed extent. extent_from_logical() finds no extent there, -ENOENT, which
# process_extent() takes for "no clone".
golden_part_of_a_compressed_extent()
{
	high_tree
	btrfs property set . compression zstd
	fsop fill a 0 128K 65
	fsop clone a 64K 64K b 0
	shared_leaves
	commands --only '(WRITE|CLONE) path=b|!' next <<-'LIST'
		WRITE path=b file_offset=0 data=49152
		WRITE path=b file_offset=49152 data=16384
	LIST
}

# HOLES_SKIPPED_IN_NEW: process_extent() compares with the parent or sends; what the file extent item
# is does not matter. find_extent_clone() of preallocated space finds nothing but itself, of a hole it
# says -ENOENT: both are read and written as zeros, in pieces of BTRFS_SEND_READ_SIZE.
golden_hole_in_a_new_file()
{
	filesystem -O ^no-holes
	subvolume live
	fsop truncate hole 60K
	fsop prealloc allocated 0 8K
	snapshot next
	commands --only '(WRITE|TRUNCATE|!)' next <<-'LIST'
		WRITE path=hole file_offset=0 data=49152 zeros
		WRITE path=hole file_offset=49152 data=12288 zeros
		TRUNCATE path=hole size=61440
		WRITE path=allocated file_offset=0 data=8192 zeros
		TRUNCATE path=allocated size=8192
	LIST
	receives
}

# HOLES_DETECTED: without hole items there is nothing to report: the receiver keeps the old data.
golden_hole_without_an_item()
{
	filesystem
	subvolume live
	fsop write f 0 256K 1
	snapshot base
	fsop punch f 64K 192K
	snapshot next
	commands --only '(WRITE|TRUNCATE|!)' -p base next <<-'LIST'
		TRUNCATE path=f size=262144
		! inode 257: the receiver keeps the old data where there is a hole now, at 65536, 196608 bytes
	LIST
}

# HOLE_CHECK_SEES_INLINE: the same where the parent has inline data. Of f only the new extent is sent; that
# the inline one is gone is a deleted item, which changed_extent() passes over. The receiver keeps the old
# data, but that is zeros.
golden_hole_over_inline_zeros()
{
	filesystem
	subvolume live
	fsop fill f 0 100 0
	snapshot base
	fsop truncate f 0
	fsop write f 64K 4K 1
	snapshot next
	commands --only '(WRITE|TRUNCATE|!)' -p base next <<-'LIST'
		WRITE path=f file_offset=65536 data=4096
		TRUNCATE path=f size=69632
	LIST
	receives
}

# The same where only the first bytes are zeros, which alone a later kernel that looks for holes looks at.
golden_hole_over_inline_data_that_begins_with_zeros()
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
		TRUNCATE path=f size=69632
		! inode 257: the receiver keeps the old data where there is a hole now, at 0, 65536 bytes
	LIST
}

# EXTENTS_COMPARED_WHOLE: is_extent_unchanged() compares disk_bytenr + offset. x is shown from 4096 on,
# and y's extent begins 4096 bytes behind x's, as both take one sector compressed.
golden_extents_by_sum()
{
	filesystem
	subvolume live
	btrfs property set . compression zstd
	fsop fill x 0 128K 65
	fsop fill y 0 128K 66
	sync -f .
	fsop clone x 4K 64K f 0
	snapshot base
	fsop clone y 0 64K f 0
	snapshot next
	commands --only '(WRITE|CLONE|TRUNCATE|!)' -p base next <<-'LIST'
		TRUNCATE path=f size=65536
	LIST
}

# GAP_IS_CHANGE: is_extent_unchanged() goes to the parent's next item once this one matched, and when it
# does not begin where this one ended: -EIO.
golden_gap_in_the_parent()
{
	filesystem
	subvolume live
	fsop write f 0 64K 1
	fsop write f 128K 4K 2
	snapshot base
	fsop write f 32K 4K 3
	snapshot next
	commands --only '(WRITE|CLONE|TRUNCATE|!)' -p base next <<-'LIST'
		! fails: inode 257: the parent's extents have a gap at 65536, and a send of this generation stops there
	LIST
}

# HOLE_FACING_NOTHING: the hole item at 4K: the parent's extent before it ends there, there is none
# behind: "changed", so zeros.
golden_file_got_longer()
{
	filesystem -O ^no-holes
	subvolume live
	fsop write f 0 4K 1
	snapshot base
	fsop truncate f 64K
	snapshot next
	commands --only '(WRITE|TRUNCATE|!)' -p base next <<-'LIST'
		WRITE path=f file_offset=4096 data=49152 zeros
		WRITE path=f file_offset=53248 data=12288 zeros
		TRUNCATE path=f size=65536
	LIST
	receives
}

# INLINE_ENDS_ALIGNED: of an inline extent send_write_or_clone() takes btrfs_file_extent_inline_len(), the
# 1000 bytes that there are, and cuts that at the end of file only. The file goes on to 8000: the rest
# comes by the TRUNCATE that every regular file gets.
golden_file_goes_on_behind_inline_data()
{
	filesystem
	subvolume live
	fsop write f 0 1000 1
	snapshot next
	craft size 257 8000
	commands --only '(WRITE|TRUNCATE|!)' next <<-'LIST'
		WRITE path=f file_offset=0 data=1000
		TRUNCATE path=f size=8000
	LIST
	receives
}
