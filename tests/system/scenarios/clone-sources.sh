# shellcheck shell=bash
# shellcheck disable=SC2154 # mnt, image and SCRATCH are of scenario-lib.sh
# SPDX-License-Identifier: GPL-2.0
#
# Extents shared with other subvolumes: the parent and further clone sources.

scenario_clone_sources_of_other_subvolumes() {
	filesystem
	subvolume one
	fsop write a 0 256K 1
	snapshot r1
	subvolume two
	fsop clone ../one/a 0 0 x 0
	fsop clone ../one/a 0 0 y 0
	fsop clone ../one/a 128K 128K z 4K
	snapshot r2
	subvolume three
	fsop clone ../one/a 0 0 q 0
	fsop clone ../one/a 0 0 w 0
	snapshot r3
	send_full r1
	send_clone r2 - r1
	send_clone r3 - r1 r2
	expect_match '^clone +\./q .*from=.*/y '
	expect_match '^clone +\./w .*from=\./q'
	send_clone r3 - r1
	expect_match '^clone +\./q .*from=.*/a '
	send_clone r3 - r2 r1
	send_full r3
	expect_match '^write +\./q '
	expect_match '^clone +\./w .*from=\./q'
	send_nodata r3 - r1 r2
	receive_check
}

scenario_clones_of_files_in_parent() {
	filesystem
	subvolume live
	fsop batch <<-END
		write a 0 300000 1
		write gone 0 256K 2
		write b 0 128K 3
	END
	snapshot base
	fsop batch <<-END
		clone a 0 0 copy 0
		clone gone 0 256K kept 0
		clone b 64K 64K a 64K
	END
	rm gone
	fsop write b 0 64K 4
	mv a renamed
	snapshot next
	send_full base
	send_incr next base
	expect_match '^clone +\./copy '
	expect_match '^clone +\./kept +offset=0 len=262144 from='
	send_incr base next
	receive_check
}

# A file deleted in the live subvolume comes back from an old snapshot that is no parent.
scenario_clone_source_beside_the_parent() {
	filesystem
	subvolume live
	fsop write a 0 200K 1
	fsop write b 0 200K 2
	snapshot first
	rm a
	snapshot second
	fsop clone ../first/a 0 200K back 0
	fsop clone b 0 200K c 0
	snapshot third
	send_full first
	send_incr second first
	send_incr third second
	expect_match '^write +\./back '
	send_clone third second first
	expect_match '^clone +\./back .*from=.*/a '
	send_clone third first second
	receive_check
}

# The largest source wins over all roots, the lowest subvolume id among equals.
scenario_largest_source_over_all_roots() {
	filesystem
	subvolume one
	fsop write a 0 512K 1
	subvolume two
	fsop clone ../one/a 0 256K part 0
	snapshot r2
	subvolume three
	fsop clone ../one/a 0 512K whole 0
	snapshot r3
	subvolume four
	fsop clone ../one/a 0 512K whole 64K
	snapshot r4
	subvolume five
	fsop clone ../one/a 0 512K f 0
	fsop clone ../one/a 128K 64K g 0
	snapshot r5
	send_full r2
	send_clone r3 - r2
	send_full r4
	send_clone r5 - r2 r3 r4
	expect_match '^clone +\./f .*from=.*/whole '
	send_clone r5 - r4 r2
	send_clone r5 - r2
	send_clone r5 r4 r2 r3
	receive_check
}

# No source has all of it; two in different subvolumes have as much as each other.
scenario_equally_small_sources() {
	filesystem
	subvolume one
	fsop write a 0 512K 1
	subvolume two
	fsop clone ../one/a 0 128K low 0
	snapshot r2
	subvolume three
	fsop clone ../one/a 0 128K high 0
	snapshot r3
	subvolume four
	fsop clone ../one/a 0 512K f 0
	snapshot r4
	send_full r2
	send_full r3
	send_clone r4 - r2 r3
	expect_match '^clone +\./f .*len=131072 from=.*/low '
	send_clone r4 - r3 r2
	send_clone r4 - r3
	expect_match '^clone +\./f .*len=131072 from=.*/high '
	receive_check
}

# One extent is shown by many items in several leaves, some of which a writable snapshot shares with
# its origin and some not: a reference by number counts only in the leaves that its own tree owns.
scenario_references_in_partly_shared_leaves() {
	local i
	filesystem -n 4096
	subvolume live
	fsop write f 0 2M 1
	sync -f .
	for ((i = 0; i < 256; i += 2)); do
		printf 'write f %dK 4K %d\n' $((i * 8)) "$i"
	done | fsop batch
	snapshot base
	writable copy base
	for ((i = 200; i < 256; i += 8)); do
		printf 'punch f %dK 4K\n' $((i * 8 + 4))
		printf 'clone f %dK 4K g %dK\n' $((i * 4 + 8)) $((i * 8))
		printf 'clone f %dK 24K h %dK\n' $((i * 4)) $((i * 24))
	done | fsop batch
	read_only copy
	writable copy2 copy
	for ((i = 3; i < 256; i += 50)); do
		printf 'write f %dK 4K %d\n' $((i * 8 + 4)) "$i"
		printf 'clone f %dK 64K k %dK\n' $((i * 7 / 8 * 8)) $((i * 64))
	done | fsop batch
	read_only copy2
	send_full base
	send_full copy
	expect clone 5
	send_incr copy base
	send_incr copy2 copy
	send_clone copy2 - base copy
	send_clone copy - base copy2
	send_incr base copy2
	receive_check
}

# 24 snapshots of one subvolume as sources: more roots reach a leaf than an entry of the cache holds.
scenario_more_sources_than_a_cache_entry_holds() {
	local i sources=()
	filesystem -n 4096
	subvolume live
	for ((i = 0; i < 120; i++)); do
		printf 'write f%03d 0 16K %d\n' "$i" "$i"
	done | fsop batch
	for ((i = 0; i < 24; i++)); do
		fsop write "f$(printf %03d $((i * 5)))" 4K 4K $((1000 + i))
		snapshot "s$i"
		sources+=("s$i")
	done
	subvolume other
	for ((i = 0; i < 120; i++)); do
		printf 'clone ../live/f%03d 0 16K g%03d 0\n' "$i" "$i"
		printf 'clone ../s3/f%03d 0 16K g%03d 32K\n' "$i" "$i"
	done | fsop batch
	snapshot r
	send_clone r - "${sources[@]}"
	expect clone 140
	send_clone r - "${sources[@]:0:17}"
	send_clone r - "${sources[@]:0:16}"
	send_clone s23 s22 "${sources[@]:0:20}"
}

# Far more leaves than the 128 whose roots the kernel remembers: which of them it forgot decides which
# source it comes across first, so the order of every look-up shows.
scenario_more_leaves_than_the_cache_remembers() {
	local i j
	filesystem -n 4096
	subvolume live
	for ((i = 0; i < 2500; i++)); do
		printf 'write f%04d 0 32K %d\n' "$i" "$i"
	done | fsop batch
	snapshot s0
	for ((j = 1; j <= 3; j++)); do
		for ((i = 0; i < 400; i++)); do
			printf 'clone f%04d 0 16K f%04d 16K\n' \
				$((i * 37 * j % 2500)) $(((i * 101 + j) % 2500))
		done | fsop batch
		snapshot "s$j"
	done
	for ((i = 0; i < 2000; i++)); do
		printf 'clone f%04d %dK 16K f%04d 32K\n' \
			$((i * 271 % 2500)) $((i % 2 * 16)) $((i * 613 % 2500))
	done | fsop batch
	snapshot r
	send_clone r s3 s0 s1 s2
	expect clone 1500
	send_clone r - s1 s3
	send_full r
}

scenario_snapshots_of_snapshots() {
	local i
	filesystem
	subvolume live
	fsop write a 0 128K 1
	mkdir d
	touch d/f
	snapshot s0
	for ((i = 1; i <= 6; i++)); do
		writable "w$i" "s$((i - 1))"
		fsop write "n$i" 0 64K "$i"
		fsop clone a 0 128K "c$i" 0
		mv d "d$i"
		mkdir d
		mv "d$i" d/
		snapshot "s$i"
	done
	send_full s0
	for ((i = 1; i <= 6; i++)); do
		send_incr "s$i" "s$((i - 1))"
		expect clone
	done
	send_incr s6 s0
	send_incr s0 s6
	send_clone s6 s2 s4 s5
	receive_check
}

# Snapshots from which two lines went different ways.
scenario_siblings_as_parent_and_source() {
	filesystem
	subvolume live
	fsop write a 0 256K 1
	fsop write b 0 100K 2
	snapshot root
	writable left root
	fsop write a 0 64K 3
	fsop clone b 0 0 l 0
	mv b moved
	read_only left
	writable right root
	fsop write a 192K 64K 4
	fsop clone a 64K 128K r 0
	rm b
	read_only right
	send_full root
	send_incr left root
	send_incr right left
	send_clone right left root
	expect clone
	send_incr left right
	receive_check
}

# The parent was received: what identifies it is the uuid that it was received under.
scenario_received_subvolume_as_parent() {
	filesystem
	subvolume live
	fsop write a 0 256K 1
	mkdir d
	touch d/f
	snapshot base
	fsop clone a 0 0 b 0
	mv d e
	snapshot next
	sync -f .
	btrfs send -q -f "$SCRATCH/base.stream" "$mnt/base"
	btrfs send -q -p "$mnt/base" -f "$SCRATCH/next.stream" "$mnt/next"
	mkdir "$mnt/received"
	btrfs receive -q -f "$SCRATCH/base.stream" "$mnt/received"
	btrfs receive -q -f "$SCRATCH/next.stream" "$mnt/received"
	writable again received/next
	fsop clone a 0 0 c 0
	echo new >e/new
	snapshot again-ro
	send_full received/base
	send_incr received/next received/base
	send_incr again-ro received/next
	expect clone
	send_clone again-ro - received/base received/next
	expect clone
	send_incr received/base again-ro
	receive_check
}

scenario_no_data_with_clones() {
	filesystem
	subvolume live
	fsop write a 0 300000 1
	fsop clone a 0 0 b 0
	fsop write c 0 5000 2
	ln c d
	snapshot base
	fsop clone a 0 128K c 0
	fsop write a 64K 4K 3
	fsop truncate b 100K
	rm d
	snapshot next
	send_nodata base
	expect update_extent 2
	send_nodata next base
	send_nodata next - base
	send_nodata base next
	send_full base
}

# Clones whose source moves to another path in the same send.
scenario_clone_source_is_renamed() {
	filesystem
	subvolume live
	mkdir -p d1/d2 d3
	fsop write d1/d2/a 0 128K 1
	fsop write d3/b 0 128K 2
	snapshot base
	mkdir new
	mv d1/d2 d3/d2
	mv d1 d3/d2/d1
	fsop clone d3/d2/a 0 0 new/x 0
	fsop clone d3/b 0 0 new/y 0
	mv d3/d2/a new/a
	ln d3/b new/b
	rm d3/b
	snapshot next
	send_full base
	send_incr next base
	expect_match '^clone +\./new/x '
	expect_match '^clone +\./new/y '
	receive_check
}
