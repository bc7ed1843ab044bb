# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Holes, preallocation, sizes: what protocol 1 says about ranges without data.

scenario_hole_punched_into_data() {
	filesystem
	subvolume live
	fsop write f 0 1M 1
	snapshot base
	fsop punch f 100K 200K
	snapshot next
	send_full base
	send_incr next base
	expect_count '^write .*len=49152' 4
	expect_count '^write .*len=8192' 1
	expect_none truncate
	send_incr base next
	send_nodata next base
	expect_count '^update_extent .*len=204800' 1
	receive_check
}

scenario_holes_at_every_position() {
	filesystem
	subvolume live
	for f in start end all unaligned many edge; do
		fsop write "$f" 0 300000 "${#f}"
	done
	snapshot base
	fsop batch <<-END
		punch start 0 64K
		punch end 200K 200K
		punch all 0 300000
		punch unaligned 5000 100001
		punch many 4K 4K
		punch many 12K 4K
		punch many 20K 100K
		punch many 290K 100
		punch edge 294912 8192
	END
	snapshot next
	send_full base
	send_full next
	send_incr next base
	expect write 8
	send_incr base next
	receive_check
}

# The hole is found between two preallocations behind the end of the file: nothing to say about it.
scenario_hole_between_preallocations_beyond_end() {
	filesystem
	subvolume live
	fsop write f 0 1M 1
	fsop prealloc-keep f 1M 1M
	snapshot base
	fsop punch f 1200K 256K
	snapshot next
	send_full base
	expect_none truncate
	send_incr next base
	expect_none write
	expect_none truncate
	send_nodata next base
	receive_check
}

# The hole reaches to a preallocation behind the end of the file: zeros go up to the end.
scenario_hole_reaches_behind_end_of_file() {
	filesystem
	subvolume live
	fsop write f 0 100000 1
	fsop write g 0 100000 2
	snapshot base
	fsop batch <<-END
		truncate f 64K
		truncate f 96K
		prealloc-keep f 1M 256K
		prealloc-keep g 1M 256K
		punch g 0 1M
	END
	snapshot next
	send_full base
	send_incr next base
	expect_count '^write +\./f +offset=65536 len=32768' 1
	expect_count '^write +\./f ' 1
	expect_match '^write +\./g +offset=98304 len=1696'
	send_incr base next
	send_nodata next base
	receive_check
}

scenario_tail_hole_then_growth() {
	filesystem
	subvolume live
	fsop write f 0 100K 1
	fsop write g 0 100K 2
	snapshot base
	fsop truncate f 52K
	fsop truncate f 200K
	fsop truncate g 30000
	fsop truncate g 90000
	snapshot next
	send_full base
	send_incr next base
	expect_order '^write +\./f +offset=53248' '^truncate +\./f +size=204800'
	send_incr base next
	receive_check
}

# When a final truncate can be left out.
scenario_truncate_left_out_when_size_is_known() {
	filesystem
	subvolume live
	fsop batch <<-END
		truncate empty 0
		write full 0 10000 1
		write leading 64K 10000 2
		write trailing 0 10000 3
		truncate trailing 50000
		truncate only-hole 70000
		write append 0 64K 4
		write grow 0 64K 5
		write shrink 0 64K 6
		write rewrite 0 64K 7
		write prealloc 0 64K 8
	END
	snapshot base
	fsop batch <<-END
		write append 64K 4000 9
		truncate grow 200000
		truncate shrink 10000
		write rewrite 8K 4K 10
		write prealloc 0 64K 11
		prealloc-keep prealloc 64K 64K
		truncate only-hole 80000
		write empty 0 5 12
	END
	snapshot next
	send_full base
	expect_no_match '^truncate +\./(empty|full|leading) '
	expect_match '^truncate +\./trailing '
	send_incr next base
	expect_match '^truncate +\./(grow|shrink) ' 2
	expect_no_match '^truncate +\./(append|rewrite|prealloc) '
	send_incr base next
	receive_check
}

scenario_file_shrinks_to_every_kind_of_end() {
	local i
	filesystem
	subvolume live
	for i in 0 1 100 2000 4095 4096 4097 49151 49152 49153 98304 131072; do
		fsop write "f$i" 0 160K "$i"
	done
	snapshot base
	for i in 0 1 100 2000 4095 4096 4097 49151 49152 49153 98304 131072; do
		fsop truncate "f$i" "$i"
	done
	snapshot next
	send_full base
	send_full next
	send_incr next base
	expect truncate 12
	send_incr base next
	receive_check
}

scenario_sparse_files() {
	filesystem
	subvolume live
	fsop batch <<-END
		truncate all-hole 1G
		write islands 1M 5000 1
		write islands 10M 5000 2
		write islands 700M 5000 3
		truncate islands 2G
		write leading 1G 1 4
	END
	snapshot base
	fsop batch <<-END
		write all-hole 512M 100 5
		write islands 300M 64K 6
		punch islands 10M 8K
		truncate leading 8K
		write leading 100K 100 7
	END
	snapshot next
	send_full base
	expect_count '^truncate ' 2
	send_incr next base
	send_nodata next base
	receive_check
}

# Ranges that were data and are holes now, as explicit items where the NO_HOLES feature is missing.
scenario_no_holes_feature_off() {
	filesystem -O ^no-holes
	subvolume live
	fsop batch <<-END
		write f 0 300000 1
		write tail 0 100K 2
		write sparse 1M 4K 3
		truncate sparse 3M
		write kept 0 8K 4
		truncate kept 100K
		write kept 200K 4K 5
		create was-empty
		create was-empty-2
	END
	snapshot base
	fsop batch <<-END
		punch f 8K 16K
		punch f 256K 64K
		truncate tail 52K
		truncate tail 200K
		write sparse 2M 4K 6
		punch sparse 1M 4K
		truncate was-empty 100K
		write was-empty-2 64K 4K 7
	END
	echo more >>kept
	snapshot next
	send_full base
	send_incr next base
	expect_match '^write +\./f +offset=8192 len=16384'
	expect_no_match '^write +\./was-empty '
	expect_no_match '^write +\./was-empty-2 +offset=0 '
	send_nodata next base
	send_incr base next
	receive_check
}

scenario_no_holes_feature_off_many_extents() {
	filesystem -O ^no-holes -n 4096
	subvolume live
	fsmake stripes f 16384 400 5000
	snapshot base
	fsop punch f 1000K 500K
	fsop write f 3000K 100 1
	fsop truncate f 6000K
	snapshot next
	send_full base
	send_incr next base
	send_incr base next
	receive_check
}

scenario_preallocated_ranges() {
	filesystem
	subvolume live
	fsop batch <<-END
		prealloc unwritten 0 256K
		prealloc partly 0 256K
		write partly 64K 32K 1
		prealloc-keep beyond 0 1M
		write beyond 0 10000 2
		write zeroed 0 256K 3
		write punched 0 64K 4
		prealloc punched 64K 192K
	END
	snapshot base
	fsop batch <<-END
		write unwritten 100K 4K 5
		write partly 0 4K 6
		write beyond 10000 30000 7
		zero zeroed 32K 64K
		punch punched 32K 64K
		prealloc new 0 128K
		write new 4K 4K 8
	END
	snapshot next
	send_full base
	expect_match '^truncate +\./unwritten '
	send_full next
	send_incr next base
	expect write 6
	send_incr base next
	send_nodata next base
	receive_check
}

# Data turns into a hole and hole into data next to each other, so that writes and zeros alternate.
scenario_data_and_holes_change_places() {
	filesystem
	subvolume live
	fsop truncate f 800K
	for ((i = 0; i < 100; i += 2)); do
		printf 'write f %dK 4K %d\n' $((i * 8)) "$i"
	done | fsop batch
	snapshot base
	for ((i = 0; i < 100; i++)); do
		if ((i % 2)); then
			printf 'write f %dK 4K %d\n' $((i * 8)) "$i"
		elif ((i % 4)); then
			printf 'punch f %dK 4K\n' $((i * 8))
		fi
	done | fsop batch
	snapshot next
	send_full base
	send_incr next base
	expect write 75
	send_incr base next
	receive_check
}

# Holes over several leaves of extent items, most of which did not change.
scenario_hole_across_unchanged_leaves() {
	filesystem -n 4096
	subvolume live
	fsmake stripes f 8192 1500 4096
	fsmake stripes g 8192 1500 4096
	snapshot base
	fsop punch f 4000K 4000K
	fsop write g 0 10 1
	fsop punch g 11000K 16K
	fsop truncate g 13M
	snapshot next
	send_full base
	send_incr next base
	expect write 80
	send_incr base next
	receive_check
}

# An inline file that becomes a sparse one: its former bytes count as data that is now a hole.
scenario_inline_file_becomes_hole() {
	filesystem
	subvolume live
	fsop write plain 0 100 1
	fsop fill zeros 0 8 0
	fsop write zeros 8 92 2
	snapshot base
	for f in plain zeros; do
		fsop truncate "$f" 0
		fsop truncate "$f" 100K
		fsop write "$f" 64K 4K 3
	done
	snapshot next
	send_full base
	send_incr next base
	expect_order '^write +\./plain +offset=65536' '^write +\./plain +offset=0' '^truncate +\./plain'
	expect_match '^write +\./zeros +offset=0'
	send_incr base next
	receive_check
}

# A hole of more than 4 GiB over a few bytes of old data; its length is cut to 32 bits.
scenario_no_data_hole_of_five_gigabytes() {
	filesystem
	subvolume live
	fsop batch <<-END
		write f 0 4K 1
		write f 5G 4K 2
		write f 6G 4K 3
	END
	snapshot base
	fsop punch f 5G 4K
	snapshot next
	send_nodata base
	send_nodata next base
	expect_match '^update_extent +\./f +offset=4096 len=2147479552'
}

scenario_unchanged_holes_say_nothing() {
	filesystem
	subvolume live
	fsop batch <<-END
		write f 0 4K 1
		write f 1M 4K 2
		prealloc p 0 1M
		write p 512K 4K 3
	END
	snapshot base
	touch f p
	fsop fsync f
	chmod 600 f p
	snapshot next
	send_full base
	send_incr next base
	expect_none write
	expect_none truncate
	receive_check
}
