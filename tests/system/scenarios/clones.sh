# shellcheck shell=bash
# shellcheck disable=SC2154 # mnt, image and SCRATCH are of scenario-lib.sh
# SPDX-License-Identifier: GPL-2.0
#
# Shared extents inside one snapshot: which source wins, how much is cloned, what is written instead.

# The last, partial block can be cloned only to where the file ends.
scenario_clone_of_unaligned_end() {
	filesystem
	subvolume live
	fsop batch <<-END
		write a 0 130000 1
		clone a 0 0 b 0
		clone a 0 0 c 0
		write c 130000 5000 2
		clone a 0 0 d 0
		truncate e 64K
		clone a 0 0 e 64K
	END
	snapshot base
	fsop clone a 0 0 f 0
	fsop clone a 0 0 g 0
	fsop truncate g 200000
	snapshot next
	send_full base
	expect_match '^clone +\./b .*len=130000 from=\./a clone_offset=0'
	expect_match '^clone +\./c .*len=126976 from=\./b'
	expect_match '^write +\./c +offset=126976 len=8024'
	expect_match '^clone +\./e +offset=65536 len=130000 from=\./d'
	send_incr next base
	expect_match '^clone +\./f '
	receive_check
}

# A source that has only the beginning of the extent does not end where the clone would.
scenario_unaligned_end_is_written_when_source_is_shorter() {
	filesystem
	subvolume live
	fsop create part
	fsop write whole 0 300000 1
	fsop clone whole 0 128K part 0
	snapshot base
	fsop clone part 0 0 again 0
	fsop clone whole 0 0 copy 0
	snapshot next
	send_full base
	expect_match '^write +\./whole +offset=0'
	expect_none clone
	send_full next
	send_incr next base
	expect clone 2
	receive_check
}

# A file emptied and then reflinked up to an unaligned end is cut to the extent's start first.
scenario_shrunk_file_then_cloned() {
	filesystem
	subvolume live
	fsop batch <<-END
		write x 0 130000 1
		write f 0 1M 2
		write g 0 1M 3
	END
	snapshot base
	fsop truncate f 0
	fsop clone x 0 0 f 0
	fsop truncate g 64K
	fsop clone x 0 0 g 64K
	snapshot next
	send_full base
	send_incr next base
	expect_order '^truncate +\./f +size=0' '^clone +\./f .*len=130000 from=\./x' '^truncate +\./f +size=130000'
	expect_order '^truncate +\./g +size=65536' '^clone +\./g +offset=65536 len=130000'
	send_incr base next
	receive_check
}

# The largest candidate wins, the first one visited among equals.
scenario_clone_candidate_order() {
	filesystem
	subvolume live
	fsop batch <<-END
		write A 0 256K 1
		clone A 0 0 B 0
		clone A 0 0 C 0
		clone A 0 128K D 0
		clone A 0 0 E 0
		write F 0 4K 2
		clone A 128K 128K F 128K
		clone A 0 128K F 256K
		clone A 0 0 F 1M
		clone A 0 0 F 2M
		clone A 0 0 G 0
	END
	snapshot base
	send_full base
	expect_match '^clone +\./B .*from=\./A'
	expect_match '^clone +\./C .*from=\./B'
	expect_match '^clone +\./E .*from=\./C'
	expect_match '^clone +\./F .*offset=2097152 .*from=\./F'
	receive_check
}

scenario_clones_within_one_file() {
	filesystem
	subvolume live
	fsop batch <<-END
		write f 0 256K 1
		clone f 0 256K f 1M
		clone f 0 256K f 2M
		clone f 0 256K f 3M
		write g 1M 128K 2
		clone g 1M 128K g 0
		write h 0 64K 3
		clone h 0 32K h 32K
		clone h 16K 16K h 128K
	END
	snapshot base
	fsop clone f 64K 64K f 4M
	fsop clone f 3M 100K f 512K
	snapshot next
	send_full base
	expect_match '^clone +\./f +offset=1048576 .*from=\./f clone_offset=0'
	expect_match '^clone +\./f +offset=2097152 .*from=\./f clone_offset=1048576'
	expect_match '^clone +\./f +offset=3145728 .*from=\./f clone_offset=2097152'
	expect_match '^clone +\./g .*from=\./g'
	send_incr next base
	expect clone 2
	receive_check
}

# One sector from offset 0 is written: the receiver may have it inline.
scenario_clone_of_first_sector_is_written() {
	filesystem
	subvolume live
	fsop batch <<-END
		write a 0 4096 1
		truncate b 8K
		clone a 0 4096 b 8K
		clone b 8K 4096 c 0
		clone a 0 4096 d 0
	END
	snapshot base
	send_full base
	expect_match '^write +\./b +offset=8192 len=4096'
	expect_match '^clone +\./c +offset=0 len=4096 from=\./b clone_offset=8192'
	receive_check
}

# The source got new data after it was cloned: parts are cloned, parts written.
scenario_source_overwritten_after_clone() {
	filesystem
	subvolume live
	fsop fill foo 0 100K 170
	fsop clone foo 0 0 bar 0
	fsop fill foo 50K 50K 187
	fsop batch <<-END
		write x 0 256K 1
		clone x 0 0 y 0
		clone x 0 0 z 0
		punch x 64K 64K
		write x 200K 4K 2
		punch y 0 16K
	END
	snapshot base
	send_full base
	expect clone 3
	expect_match '^write +\./bar '
	receive_check
}

# The source ends inside the range that the clone needs: aligned down to 64K, the rest is written.
scenario_clone_ends_at_end_of_source() {
	filesystem
	subvolume live
	fsop batch <<-END
		write src 0 1M 1
		clone src 0 0 a 0
		truncate src 300K
		clone a 0 0 b 0
		clone a 0 0 c 1M
		write d 0 200000 2
		clone d 0 0 e 0
		truncate d 100000
		truncate e 400000
		clone e 0 128K f 64K
	END
	snapshot base
	send_full base
	expect clone 4
	send_nodata base
	receive_check
}

# The part of an extent that the source shows starts behind what is wanted.
scenario_source_shows_other_part_of_extent() {
	filesystem
	subvolume live
	fsop batch <<-END
		write orig 0 512K 1
		clone orig 128K 128K part 0
		clone orig 0 512K whole 0
		clone orig 192K 256K tail 0
		clone orig 64K 128K overlap 4K
		clone orig 448K 64K last 256K
	END
	rm orig
	snapshot base
	fsop clone whole 64K 256K new 0
	fsop clone tail 0 192K whole 512K
	snapshot next
	send_full base
	expect clone 2
	send_incr next base
	expect clone 2
	receive_check
}

scenario_higher_inode_is_no_source() {
	filesystem
	subvolume live
	fsop create low
	fsop write high 0 128K 1
	fsop clone high 0 0 low 0
	fsop clone high 0 0 higher 0
	snapshot base
	send_full base
	expect_match '^write +\./low '
	expect_match '^clone +\./high .*from=\./low'
	expect_match '^clone +\./higher .*from=\./high'
	receive_check
}

scenario_compressed_extents_cloned_in_parts() {
	filesystem --mount compress-force=zstd
	subvolume live
	fsop text a 0 512K 1
	sync -f .
	fsop batch <<-END
		clone a 0 0 b 0
		clone a 64K 100K c 0
		clone a 192K 4K d 8K
		clone a 256K 256K a 1M
		clone c 0 0 e 128K
	END
	fsop text a 128K 4K 2
	snapshot base
	fsop clone b 4K 252K f 0
	snapshot next
	send_full base
	expect clone 4
	send_incr next base
	expect clone
	receive_check
}

scenario_preallocated_extents_cloned() {
	filesystem
	subvolume live
	fsop batch <<-END
		prealloc p 0 256K
		write p 64K 64K 1
		clone p 0 0 q 0
		clone p 128K 128K r 0
	END
	snapshot base
	fsop batch <<-END
		clone p 0 256K s 0
		truncate q 64K
		write r 0 64K 2
		clone p 0 0 q 128K
	END
	snapshot next
	send_full base
	send_full next
	send_incr next base
	expect_match '^clone '
	send_incr base next
	receive_check
}

# Small extents of one file strewn over others: a chain of clones with written gaps.
scenario_interleaved_clones() {
	filesystem
	subvolume live
	fsop write a 0 1M 1
	fsop write b 0 1M 2
	for ((i = 0; i < 64; i++)); do
		printf 'clone a %dK 8K c %dK\n' $((i * 16)) $((i * 16))
		printf 'clone b %dK 8K c %dK\n' $((i * 16 + 8)) $((i * 16 + 8))
		printf 'clone c %dK 16K d %dK\n' $((i * 16)) $((1008 - i * 16))
		((i % 5)) || printf 'write d %dK 4K %d\n' $((1008 - i * 16)) "$i"
	done | fsop batch
	snapshot base
	for ((i = 0; i < 64; i += 3)); do
		printf 'clone d %dK 16K a %dK\n' $((i * 16)) $((i * 16))
		printf 'clone c %dK 4K e %dK\n' $((i * 16)) $((i * 8))
	done | fsop batch
	snapshot next
	send_full base
	expect clone 100
	send_full next
	send_incr next base
	expect clone 20
	send_incr base next
	receive_check
}

# references COUNT: a data extent whose extent item counts so many references.
references() {
	filesystem
	subvolume live
	fsop write a 0 8K 1
	fsmake reflinks . r 1 "$1" a
}

# reference_count FILE: what the extent item of the file's first extent says.
reference_count() {
	local bytenr
	sync -f .
	bytenr=$(btrfs inspect-internal dump-tree -t "$(btrfs inspect-internal rootid .)" "$image" |
		awk -v ino="$(stat -c %i "$1")" '
			$4 == "(" ino && $5 == "EXTENT_DATA" { found = 1 }
			found && /disk byte/ { print $5; exit }')
	btrfs inspect-internal dump-tree -t extent "$image" |
		awk -v key="($bytenr" '$4 == key && $5 == "EXTENT_ITEM" { getline; print $2; exit }'
}

scenario_extent_with_1024_references_is_cloned() {
	references 1024
	[[ $(reference_count a) == 1024 ]] || problem "the extent has $(reference_count a) references"
	read_only live
	send_full live
	expect clone 1023
	receive_check
}

scenario_extent_with_1025_references_is_written() {
	references 1025
	[[ $(reference_count a) == 1025 ]] || problem "the extent has $(reference_count a) references"
	read_only live
	send_full live
	expect_none clone
	expect write 1025
	receive_check
}

# Many references by one file, by many files and from shared leaves of snapshots.
scenario_extent_with_references_from_snapshots() {
	local i
	filesystem -n 4096
	subvolume live
	fsop write a 0 64K 1
	fsmake reflinks . r 0 300 a
	for ((i = 0; i < 100; i++)); do
		printf 'clone a 0 64K b %dK\n' $((i * 128))
	done | fsop batch
	snapshot base
	for ((i = 0; i < 300; i += 2)); do
		printf 'write r%05d 0 4K %d\n' "$i" "$i"
	done | fsop batch
	snapshot next
	fsop clone a 0 64K last 0
	snapshot last
	send_full base
	expect clone 300
	send_full last
	send_incr next base
	send_incr last next
	send_incr base last
	receive_check
}

# Enough leaves with shared extents to overflow the cache of leaf to roots; snapshots differ in many
# leaves, one was deleted.
scenario_clone_sources_beyond_leaf_cache() {
	local i
	filesystem -n 4096
	subvolume live
	for ((i = 0; i < 600; i++)); do
		printf 'write f%03d 0 24K %d\n' "$i" "$i"
	done | fsop batch
	snapshot deleted
	for ((i = 0; i < 600; i += 3)); do
		printf 'clone f%03d 0 16K f%03d 8K\n' "$i" $(((i * 7 + 100) % 600))
		printf 'setxattr f%03d user.pad %0800d\n' "$i" 0
	done | fsop batch
	snapshot base
	for ((i = 0; i < 600; i += 2)); do
		printf 'clone f%03d 0 24K g%03d 0\n' $(((i * 11) % 600)) "$i"
		printf 'clone f%03d 4K 8K f%03d 16K\n' $(((i * 13 + 5) % 600)) "$i"
	done | fsop batch
	snapshot next
	delete_subvolume deleted
	send_full base
	send_full next
	expect clone 400
	send_incr next base
	expect clone 300
	send_clone next - base
	expect clone 500
	receive_check
}
