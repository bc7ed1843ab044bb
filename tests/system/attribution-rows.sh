# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # of test-attribution.sh, and for it
#
# For test-attribution.sh: for every row of the generations table a filesystem at $mnt in $image whose
# stream shows it. What show_ROW makes is sent, "next" with "base" as its parent, if that is there.

fsop()
{
	"$tools/fsop" "$@"
}

# However slow the machine is: some rows show in what is made within one transaction.
mount_image()
{
	mount -o loop,noatime,commit=86400 "$image" "$mnt"
}

# filesystem [MKFS OPTION]...: a new one, with a subvolume "live" to work in.
filesystem()
{
	rm -f "$image"
	truncate -s 1G "$image" && mkfs.btrfs -q "$@" "$image" >/dev/null 2>&1 && mount_image &&
		btrfs -q subvolume create "$mnt/live" && cd "$mnt/live" || return
}

snapshot()
{
	btrfs -q subvolume snapshot -r "$mnt/live" "$mnt/$1"
}

# Rows that need another protocol than 1.
declare -A protocol=([HOLE_PUNCHED]=2 [PROTOCOL_2]=2)
# Rows that newer behaviours hide, or a filesystem that no kernel mounts shows: what the engine is asked
# for, in place of the running kernel.
declare -A instead=(
	[LEAF_CACHE_BY_NODE]='--generation 6.18'
	[CLONE_LOWEST_IN_SENT]='--generation 6.1'
	[CLONE_SENT_ROOT_FIRST]='--generation 6.1'
)
# Rows that show when something is left out of the stream.
declare -A form=([FLAGS_HONOURED]=--no-data)

# craft WHAT NUMBER NUMBER: alter what is there into what no kernel of today makes.
craft()
{
	cd / && { ! mountpoint -q "$mnt" || umount "$mnt"; } && "$tools/craft" "$image" "$@"
}

show_DIR_UTIMES_DELAYED()
{
	filesystem && mkdir d && touch d/1 d/2 && snapshot next
}

# A new name in a directory with a lower number sorts first, the old one stays: which is it called by?
show_CURRENT_PATH_CACHED()
{
	filesystem && mkdir low high && fsop write high/f 0 8K 1 && snapshot base &&
		ln high/f low/f && fsop write high/f 0 4K 2 && snapshot next
}

# One inode gains a name in d, gains one in e and loses one in d: d, e, d.
show_CHECK_DIRS_ONCE()
{
	filesystem && mkdir d e && touch d/f d/stays e/stays && snapshot base &&
		ln d/f d/g && ln d/f e/g && rm d/f && snapshot next
}

# Extents shared by many items of few leaves: the source seen first depends on what is remembered.
show_LEAF_ROOTS_CACHED()
{
	local i

	filesystem && fsop write a 0 1M 1 && fsop write b 0 1M 2 || return
	for ((i = 0; i < 64; i++)); do
		printf 'clone a %dK 8K c %dK\n' $((i * 16)) $((i * 16))
		printf 'clone b %dK 8K c %dK\n' $((i * 16 + 8)) $((i * 16 + 8))
		printf 'clone c %dK 16K d %dK\n' $((i * 16)) $((1008 - i * 16))
		((i % 5)) || printf 'write d %dK 4K %d\n' $((1008 - i * 16)) "$i"
	done | fsop batch && snapshot next
}

# Two leaves that lie over each other, so that they begin in one unit of the node size. The first is
# that of "next" (258): its roots are remembered, and taken for those of the other, in which a is what
# b was cloned from; in next a has other data. A kernel whose tree checker looks for extents that
# overlap refuses this; leaves that do not overlap never begin in one unit.
show_LEAF_CACHE_BY_NODE()
{
	filesystem -m single && fsop write a 0 64K 1 && snapshot base && fsop clone a 0 0 b 0 &&
		fsop truncate a 0 && fsop write a 0 1000 2 && snapshot next && has_parent=yes &&
		craft overlap 258 257
}

# Of the extents with many references one has too many for either limit.
show_REFERENCES_1024()
{
	filesystem && fsop write a 0 8K 1 && fsop write b 0 8K 2 &&
		"$tools/fsmake" reflinks . r 1 100 a && "$tools/fsmake" reflinks . q 1 1100 b &&
		snapshot next
}

# More than 1024 snapshots refer to the leaf with the two items, two items to the extent.
show_LIMIT_ON_TREE_BLOCKS()
{
	local i

	filesystem -n 4096 && fsop write a 0 64K 1 && fsop clone a 0 0 b 0 &&
		"$tools/fsmake" files . pad 0 100 && mkdir "$mnt/more" || return
	for ((i = 0; i < 1030; i++)); do
		btrfs -q subvolume snapshot -r . "$mnt/more/$i" || return
	done
	snapshot next
}

# The lowest inode shows a part of the extent, the next one all of it.
show_CLONE_LARGEST()
{
	filesystem && touch low && fsop write big 0 256K 1 && fsop clone big 0 64K low 0 &&
		fsop clone big 0 0 t 0 && snapshot next
}

# A clone source with a higher number is visited first, shows the whole extent and ends the search:
# the extent's own reference is not come across, and the send without the row fails.
show_OWN_REF_NOT_NEEDED()
{
	filesystem && fsop write a 0 64K 1 && snapshot old && fsop clone a 0 0 b 0 &&
		snapshot next && btrfs -q subvolume snapshot -r "$mnt/old" "$mnt/base"
}

# The second source goes on behind the unaligned end.
show_CLONE_UNALIGNED_EOF()
{
	filesystem && fsop write a 0 130000 1 && fsop clone a 0 0 b 0 && fsop write c 0 130000 2 &&
		fsop clone c 0 0 d 0 && fsop truncate c 200K && snapshot next
}

show_TRUNCATE_BEFORE_EOF_CLONE()
{
	filesystem && fsop write a 0 130000 1 && snapshot base && fsop clone a 0 0 b 0 &&
		snapshot next
}

# Eight zero bytes in front: taken for an address, inline data looks like a hole.
show_HOLE_CHECK_SEES_INLINE()
{
	filesystem && fsop fill f 0 100 0 && snapshot base && fsop truncate f 0 &&
		fsop write f 64K 4K 1 && snapshot next
}

# Inline data of more than a sector, as kernels with larger ones make it.
show_INLINE_ENDS_WITH_SECTOR()
{
	filesystem && fsop write f 0 1000 1 && snapshot next && craft inline 257 5000 &&
		craft size 257 5000 && mount_image
}

show_HOLE_PUNCHED()
{
	filesystem && fsop write f 0 256K 1 && snapshot base && fsop punch f 64K 64K && snapshot next
}

# Commit and mount again: numbers of the highest inodes that were freed are then given again.
rebirth()
{
	cd "$mnt" && sync -f . && cd / && umount "$mnt" && mount_image && cd "$mnt/live" || return
}

# Without the row the send is refused before its first byte.
show_PROTOCOL_2()
{
	filesystem && fsop write f 0 4K 1 && snapshot next
}

show_FLAGS_HONOURED()
{
	filesystem && fsop write f 0 64K 1 && snapshot next
}

show_RECEIVED_UUID()
{
	filesystem && touch f && mkdir "$mnt/sent" && snapshot sent/next &&
		btrfs -q send "$mnt/sent/next" 2>/dev/null | btrfs -q receive "$mnt"
}

show_NODE_MODE()
{
	filesystem && mkfifo f && snapshot next
}

show_DEVICE_ENCODED()
{
	filesystem && mknod c c 5 3 && snapshot next
}

show_LINKLESS_IGNORED()
{
	filesystem && btrfs -q subvolume create "$mnt/next" && cd "$mnt/next" && touch f || return
	"$tools/hold" tmpfile . 1 >"$scratch/ready" &
	holder=$!
	until [ -s "$scratch/ready" ]; do
		kill -0 "$holder" && sleep 0.02 || return
	done
	btrfs property set -ts "$mnt/next" ro true
}

# Both made on their own, in other transactions: their top directories are of other generations. The
# files, which are of one, need different times: made within one tick of the clock their inode items
# would be equal, and a name that differs without its inode item is an error to the kernel.
show_TOP_DIR_STAYS()
{
	filesystem && btrfs -q subvolume create "$mnt/base" && sync -f . &&
		btrfs -q subvolume create "$mnt/next" && touch -d @1 "$mnt/base/a" &&
		touch -d @2 "$mnt/next/b" &&
		btrfs property set -ts "$mnt/base" ro true && btrfs property set -ts "$mnt/next" ro true
}

show_SYMLINK_OWNER()
{
	filesystem && ln -s target link && snapshot next
}

show_CAPABILITIES_LAST()
{
	filesystem && touch f && fsop setxattr f security.capability \
		'\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00' &&
		snapshot next
}

# More names than fit one item.
show_EXTREFS()
{
	local i name

	filesystem -n 4096 && touch f || return
	name=$(printf '%0240d' 0)
	for ((i = 0; i < 30; i++)); do
		ln f "$name$i" || return
	done
	snapshot next
}

# The subvolume's number is lower than the directory's.
show_SUBVOLUMES_IGNORED()
{
	filesystem && touch 1 2 3 4 5 6 && mkdir d && btrfs -q subvolume create d/sub && snapshot next
}

# Both numbers are used again, and the lower one takes the old name of the other.
show_PROGRESS_AFTER_NEW_REFS()
{
	filesystem && touch x y && snapshot base && rm x y && rebirth && touch y z && snapshot next
}

# Deduplicated in both, other parts of one file: the inode items are equal, the extents are not.
show_EXTENT_ITEM_ALONE_PASSED()
{
	filesystem && fsop write a 0 128K 1 && fsop write b 0 128K 1 && sync -f . &&
		btrfs -q subvolume snapshot . "$mnt/base" &&
		btrfs -q subvolume snapshot . "$mnt/next" &&
		(cd "$mnt/base" && fsop dedupe a 0 64K b 0) &&
		(cd "$mnt/next" && fsop dedupe a 64K 64K b 64K) &&
		btrfs property set -ts "$mnt/base" ro true && btrfs property set -ts "$mnt/next" ro true
}

# Two new names, both taken by others.
show_ORPHANIZE_FIRST()
{
	filesystem && touch f a b && snapshot base && mv a a2 && mv b b2 && ln f a && ln f b &&
		snapshot next
}

# A file takes the name of a directory that moves, and gets a name in that directory, too. What the
# directory was called is remembered from the file before, which lies in it.
show_REFS_REFRESHED()
{
	filesystem && touch x f && mkdir d && mv x d/x && snapshot base && chmod 600 d/x && mv d e &&
		ln f d && ln f e/g && snapshot next
}

show_ORPHANS_FORGOTTEN()
{
	show_REFS_REFRESHED
}

show_OVERWRITE_BY_CURRENT()
{
	filesystem && touch f && mkdir d && snapshot base && mv d e && ln f d && ln f e/g &&
		snapshot next
}

show_DIR_MOVES_WAIT()
{
	filesystem && mkdir -p a/b/c/d && snapshot base && mv a/b/c a/b/c2 && mv a/b/c2/d a/b/d2 &&
		mv a/b/c2 a/b/d2/cc && snapshot next
}

# A directory and what was in it are made anew with the same numbers; an old name is used again.
show_OVERWRITE_SAME_DIR()
{
	filesystem && touch low && mkdir d && touch d/x d/z d/y && snapshot base && rm -r d &&
		rebirth && mkdir d && touch d/y && snapshot next
}

# A file has names in a directory that is made anew with the same number.
show_REFS_CANCELLED()
{
	filesystem && touch f && mkdir d && ln f d/1 && snapshot base && rm -r d && rebirth && mkdir d &&
		ln f d/1 && ln f d/2 && snapshot next
}

show_REFS_OF_NEW_DIR()
{
	filesystem && touch f && mkdir d && ln f d/1 && snapshot base && rm -r d && rebirth && mkdir d &&
		ln f d/1 && snapshot next
}

# Two subvolumes on their own: the directories are of other generations, the files in them of one (but
# x and y of different times, see above). In m and n a file gains and loses names, which shows that
# directories are looked at once.
show_CHECK_DIRS_BY_GENERATION()
{
	filesystem && btrfs -q subvolume create "$mnt/base" && mkdir "$mnt/base/d" && sync -f . &&
		btrfs -q subvolume create "$mnt/next" && mkdir "$mnt/next/d" && sync -f . &&
		(cd "$mnt/base" && mkdir m n && touch -d @1 d/x m/q m/stays n/stays) &&
		(cd "$mnt/next" && mkdir m n && touch -d @2 d/y m/q m/stays n/stays &&
			ln m/q m/r && ln m/q n/r && rm m/q) &&
		btrfs property set -ts "$mnt/base" ro true && btrfs property set -ts "$mnt/next" ro true
}

show_REFERENCES_LIMITED()
{
	filesystem && fsop write a 0 8K 1 && "$tools/fsmake" reflinks . r 1 1100 a && snapshot next
}

show_CLONE_WITHIN_FILE()
{
	filesystem && fsop write f 0 64K 1 && fsop clone f 0 64K f 128K && snapshot next
}

# The source shows the first half of the extent and ends.
show_CLONE_SHORT_SOURCE()
{
	filesystem && touch a && fsop write b 0 128K 1 && fsop clone b 0 64K a 0 && snapshot next
}

# Files of which the one with the lowest number shows only a part.
low_and_large()
{
	touch low && fsop write big 0 256K 1 && fsop clone big 0 64K low 0 && fsop clone big 0 0 t 0
}

# The same file shows the extent twice: the later place is seen first, the earlier one last.
show_CLONE_LOWEST_IN_SENT()
{
	filesystem && low_and_large && fsop write a 0 64K 1 && fsop clone a 0 64K a 64K &&
		fsop clone a 0 64K b 0 && snapshot next
}

show_CLONE_SENT_ROOT_FIRST()
{
	filesystem && fsop write a 0 64K 1 && snapshot base && low_and_large &&
		fsop clone a 0 0 b 0 && fsop clone a 0 0 c 0 && snapshot next
}

# The source has other data in its middle by now.
show_CLONE_PIECEWISE()
{
	filesystem && fsop write a 0 256K 1 && fsop clone a 0 0 b 0 && fsop write a 64K 4K 2 &&
		snapshot next
}

show_FIRST_SECTOR_WRITTEN()
{
	filesystem && fsop write a 0 4K 1 && fsop clone a 0 4K b 8K && snapshot next
}

# The source ends at no multiple of 64K, where the copy goes on.
show_CLONE_TAIL_WRITTEN()
{
	filesystem && fsop write a 0 100K 1 && fsop clone a 0 0 b 0 && fsop write b 100K 4K 2 &&
		snapshot next
}

# The copy ends unaligned, the source goes on.
show_CLONE_ENDS_ALIGNED()
{
	filesystem && fsop write a 0 130000 1 && fsop clone a 0 0 b 0 && fsop truncate a 200K &&
		snapshot next
}

# Part of a compressed extent: its place there lies behind what is stored of it.
show_COMPRESSED_FROM_START()
{
	filesystem && btrfs property set . compression zstd && fsop fill a 0 128K 65 &&
		fsop clone a 64K 64K b 0 && snapshot next
}

show_BACKREFS_COMPLETE()
{
	filesystem && fsop write a 0 64K 1 && "$tools/fsmake" reflinks . r 1 8 a && snapshot next
}

show_HOLES_SKIPPED_IN_NEW()
{
	filesystem && fsop prealloc f 0 64K && snapshot next
}

show_HOLES_DETECTED()
{
	show_HOLE_PUNCHED
}

# Of two compressed extents side by side one is shown from its 4096th byte on, then the other.
show_EXTENTS_COMPARED_WHOLE()
{
	filesystem && btrfs property set . compression zstd && fsop fill x 0 128K 65 &&
		fsop fill y 0 128K 66 && sync -f . && fsop clone x 4K 64K f 0 && snapshot base &&
		fsop clone y 0 64K f 0 && snapshot next
}

show_GAP_IS_CHANGE()
{
	filesystem && fsop write f 0 64K 1 && fsop write f 128K 4K 2 && snapshot base &&
		fsop write f 32K 4K 3 && snapshot next
}

show_HOLE_FACING_NOTHING()
{
	filesystem -O ^no-holes && fsop write f 0 4K 1 && snapshot base && fsop truncate f 64K &&
		snapshot next
}

# A file that goes on behind its inline data: kernels of today make that another kind of extent then.
show_INLINE_ENDS_ALIGNED()
{
	filesystem && fsop write f 0 1000 1 && snapshot next && craft size 257 8000 && mount_image
}

show_TRUNCATE_ELIDED()
{
	filesystem && fsop write f 0 4K 1 && snapshot next
}
