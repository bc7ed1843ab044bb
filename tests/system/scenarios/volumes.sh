# shellcheck shell=bash
# shellcheck disable=SC2154 # mnt, image and SCRATCH are of scenario-lib.sh
# SPDX-License-Identifier: GPL-2.0
#
# The same contents on differently made filesystems: node sizes, checksums, features, profiles, and
# the ways of giving a filesystem to the engine.

# A tree with something of everything and a change to each, sent full and incrementally.
mixed_contents() {
	local i
	subvolume live
	mkdir -p dir/sub other
	for ((i = 0; i < 150; i++)); do
		printf 'write dir/f%d 0 %d %d\n' "$i" $((i * 331)) "$i"
		printf 'setxattr dir/f%d user.n %d\n' "$i" "$i"
	done | fsop batch
	fsop batch <<-END
		write big 0 1M 1
		clone big 0 512K part 4K
		prealloc reserved 0 300K
		write sparse 10M 10000 2
		symlink dir/f1 link
	END
	mkfifo dir/sub/fifo
	ln dir/f3 other/f3
	snapshot base
	fsop batch <<-END
		write big 300K 10000 3
		punch big 600K 64K
		clone big 0 256K clone 0
		write reserved 8K 8K 4
		rename dir/sub other/sub
		rename other other2
		exchange dir/f10 dir/f11
		unlink dir/f20
		setxattr dir/f21 user.n changed
		link dir/f22 f22
		truncate dir/f149 100
	END
	fsmake files dir new 0 100
	snapshot next
	send_full base
	expect mkfile 150
	expect clone
	send_full next
	send_incr next base
	expect rename 4
	send_incr base next
}

scenario_node_size_4k() {
	filesystem -n 4096
	mixed_contents
	receive_check
}

scenario_node_size_8k() {
	filesystem -n 8192
	mixed_contents
}

scenario_node_size_16k() {
	filesystem -n 16384
	mixed_contents
	receive_check
}

scenario_node_size_32k() {
	filesystem -n 32768
	mixed_contents
}

scenario_node_size_64k() {
	filesystem -n 65536
	mixed_contents
	receive_check
}

scenario_checksum_xxhash() {
	filesystem --csum xxhash
	mixed_contents
}

scenario_checksum_sha256() {
	filesystem --csum sha256
	mixed_contents
}

scenario_checksum_blake2() {
	filesystem --csum blake2
	mixed_contents
}

scenario_non_skinny_metadata() {
	filesystem -O ^skinny-metadata -n 4096
	mixed_contents
	receive_check
}

scenario_single_metadata() {
	filesystem -m single -d single
	mixed_contents
}

scenario_duplicated_data() {
	filesystem -m dup -d dup
	mixed_contents
}

scenario_old_feature_set() {
	filesystem -O ^no-holes,^extref,^skinny-metadata -R ^free-space-tree
	mixed_contents
	receive_check
}

scenario_block_group_tree() {
	filesystem -O block-group-tree
	mixed_contents
}

scenario_classic_quota() {
	filesystem
	btrfs quota enable "$mnt"
	mixed_contents
}

# Simple quota adds an owner reference to every data extent item.
scenario_simple_quota() {
	filesystem
	fsop simple-quota "$mnt" 2>/dev/null || skip "no simple quota in this kernel"
	mixed_contents
	receive_check
}

scenario_tree_of_many_levels() {
	local i
	filesystem -n 4096
	subvolume live
	for ((i = 0; i < 40; i++)); do
		mkdir "d$i"
		fsmake files "d$i" "$(printf 'long-%.0s' {1..20})" 0 150
	done
	snapshot base
	for ((i = 0; i < 40; i += 5)); do
		fsmake files "d$i" added 0 20
		fsmake remove "d$((i + 1))" "$(printf 'long-%.0s' {1..20})" 50 100
		mv "d$((i + 2))" "d$i/moved"
	done
	snapshot next
	send_full base
	expect mkfile 6000
	send_incr next base
	expect unlink 400
	send_incr base next
	receive_check
}

# The trees compared have one level and three.
scenario_trees_of_different_height() {
	filesystem -n 4096
	subvolume live
	echo 1 >f
	snapshot small
	fsmake directories . d 0 900
	echo 2 >>f
	snapshot large
	for ((i = 0; i < 900; i++)); do
		printf 'unlink d%05d/f\nrmdir d%05d\n' "$i" "$i"
	done | fsop batch
	fsop create last
	snapshot small-again
	send_full small
	send_incr large small
	expect mkdir 900
	send_incr small-again large
	expect rmdir 900
	send_incr small-again small
	send_incr small large
	receive_check
}

scenario_nested_subvolumes() {
	filesystem
	subvolume live
	mkdir -p d/e
	touch d/f
	btrfs subvolume create nested >/dev/null
	btrfs subvolume create d/e/deep >/dev/null
	echo inside >nested/inside
	snapshot base
	rm d/f
	mv d/e moved
	btrfs subvolume delete -c nested >/dev/null
	echo now a file >nested
	btrfs subvolume create d/second >/dev/null
	snapshot next
	touch "$mnt/next-exists"
	send_full base
	expect_no_match '/nested|/deep|inside'
	send_incr next base
	expect_match 'dest=\./nested'
	receive_check
}

# A removed directory that held a subvolume, and one whose last entry is what a subvolume left behind.
scenario_directory_of_subvolume_removed() {
	filesystem
	subvolume live
	mkdir -p a/b c
	btrfs subvolume create a/b/sub >/dev/null
	btrfs subvolume create c/sub >/dev/null
	touch a/b/f c/f
	snapshot base
	btrfs subvolume delete -c a/b/sub c/sub >/dev/null
	rm -r a c/f
	mkdir c/sub
	snapshot next
	send_full base
	send_incr next base
	expect_match '^rmdir '
	expect_match 'dest=\./c/sub'
	receive_check
}

# Names of subvolumes in either tree are taken and given up by inodes; the ids of those subvolumes are
# inode numbers of others.
scenario_names_trade_places_with_subvolumes() {
	local i
	filesystem
	subvolume live
	for ((i = 0; i < 20; i++)); do
		touch "f$i"
	done
	for ((i = 0; i < 5; i++)); do
		btrfs subvolume create "sub$i" >/dev/null
	done
	snapshot base
	btrfs subvolume delete -c sub0 sub1 sub2 >/dev/null
	mv f0 sub0
	mv f1 sub1
	mkdir sub2
	rm f19
	btrfs subvolume create f19 >/dev/null
	mv f18 moved
	btrfs subvolume create f18 >/dev/null
	snapshot next
	send_full base
	send_full next
	send_incr next base
	expect_match '^link +\./sub0 +dest=f0'
	expect_count '^rename .*dest=\./o' 0
	send_incr base next
	receive_check
}

# Only the last component of a snapshot's own path is sent.
scenario_snapshots_in_other_places() {
	filesystem
	subvolume live
	echo 1 >f
	mkdir -p "$mnt/snapshots/with space"
	btrfs subvolume create "$mnt/container" >/dev/null
	snapshot "snapshots/with space/base"
	echo 2 >g
	snapshot container/next
	mv "$mnt/container/next" "$mnt/container/renamed"
	send_full "snapshots/with space/base"
	send_incr container/renamed "snapshots/with space/base"
	expect_match '^snapshot'
	receive_check
}

# Ids in place of paths; a path may look like one.
scenario_snapshots_named_by_id() {
	filesystem
	engine_from ids
	subvolume live
	echo 1 >f
	fsop write a 0 64K 1
	snapshot base
	fsop clone a 0 0 b 0
	snapshot next
	mkdir "$mnt/257"
	send_full base
	send_incr next base
	send_clone next - base
	expect clone
}

scenario_engine_reads_loop_device() {
	filesystem
	engine_from device
	mixed_contents
}

scenario_engine_reads_mounted_filesystem() {
	filesystem
	engine_from mounted
	mixed_contents
	send_clone next - base
	send_nodata next base
}

# Written to until just now: what is not committed yet must not be missing.
scenario_engine_reads_busy_mounted_filesystem() {
	filesystem
	stay_writable
	engine_from mounted
	subvolume live
	fsop write a 0 4M 1
	snapshot base
	fsop write a 1M 64K 2
	fsop clone a 0 1M b 0
	fsmake files . f 0 500
	snapshot next
	fsop write uncommitted 0 1M 3
	send_full base
	send_incr next base
	expect clone
}
