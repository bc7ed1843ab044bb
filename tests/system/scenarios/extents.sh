# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# File data: chunking, inline files, extents split and joined, compression, data written elsewhere.

scenario_file_sizes_around_every_boundary() {
	local size
	filesystem
	subvolume live
	for size in 0 1 7 8 2047 2048 2049 4095 4096 4097 49151 49152 49153 65536 98303 98304 98305 \
		131071 131072 131073 1048577; do
		fsop write "f$size" 0 "$size" "$size"
	done
	snapshot base
	for size in 1 2047 2048 4095 4096 49152 98304 131072; do
		fsop write "f$size" 0 1 9
	done
	snapshot next
	send_full base
	expect_match 'len=49152' 20
	send_incr next base
	send_nodata base
	send_nodata next base
	receive_check
}

scenario_inline_and_regular_change_places() {
	filesystem
	subvolume live
	fsop batch <<-END
		write grows 0 100 1
		write shrinks 0 10000 2
		write stays 0 2000 3
		write rewritten 0 500 4
		write truncated 0 1500 5
		write extended 0 1500 6
		write moved 0 900 7
	END
	snapshot base
	fsop truncate shrinks 0
	fsop batch <<-END
		write grows 100 10000 8
		write shrinks 0 100 9
		write rewritten 0 500 10
		truncate truncated 700
		truncate extended 3000
	END
	mv moved elsewhere
	chmod 700 stays
	snapshot next
	send_full base
	send_incr next base
	expect_no_match '^write +\./(stays|elsewhere) '
	expect_match '^write +\./rewritten '
	send_incr base next
	receive_check
}

scenario_append_and_overwrite() {
	filesystem
	subvolume live
	fsop batch <<-END
		write append 0 1M 1
		write unaligned 0 99999 2
		write middle 0 1M 3
		write whole 0 300K 4
		write ends 0 300K 5
	END
	snapshot base
	fsop batch <<-END
		write append 1M 123456 6
		write unaligned 99999 50000 7
		write middle 500K 10 8
		write middle 600001 70000 9
		write whole 0 300K 10
		write ends 0 1 11
		write ends 307199 1 12
	END
	snapshot next
	send_full base
	send_incr next base
	expect write 7
	send_incr base next
	receive_check
}

# An extent of which the middle was overwritten is referenced by two items; the old tree has it whole.
scenario_bookend_extents() {
	filesystem
	subvolume live
	fsop write f 0 1M 1
	fsop write g 0 1M 2
	snapshot whole
	fsop write f 256K 512K 3
	fsop write g 4K 4K 4
	fsop write g 1020K 4K 5
	snapshot split
	fsop write f 300K 8K 6
	fsop punch g 100K 100K
	snapshot more
	send_full whole
	send_full split
	send_incr split whole
	expect_match '^write +\./f +offset=262144'
	expect_no_match '^write +\./f +offset=0 '
	send_incr whole split
	send_incr more split
	send_incr more whole
	send_incr whole more
	receive_check
}

# One extent appears in both trees cut differently: at other ends, behind others, alone.
scenario_same_extent_cut_differently() {
	filesystem
	subvolume live
	fsop write src 0 1M 1
	fsop write junk 0 64K 2
	snapshot start
	writable left start
	fsop batch <<-END
		clone src 0 512K f 0
		clone src 256K 256K g 0
		clone junk 0 64K g 64K
		clone src 0 1M h 0
		truncate h 300K
		clone src 64K 128K i 512K
	END
	sync -f .
	read_only left
	writable right start
	fsop batch <<-END
		clone src 0 256K f 0
		clone src 256K 256K f 256K
		clone src 256K 256K g 0
		clone src 0 1M h 0
		clone junk 0 64K h 128K
		clone src 64K 64K i 512K
		clone src 128K 64K i 576K
	END
	sync -f .
	read_only right
	send_full start
	send_full left
	send_incr left start
	send_incr right left
	expect clone
	send_incr left right
	expect clone
	receive_check
}

# Compressed extents are sent decompressed in protocol 1.
compressed_data() {
	filesystem --mount "compress-force=$1"
	subvolume live
	fsop batch <<-END
		text big 0 300000 1
		text exact 0 128K 2
		text small 0 1000 3
		text page 0 4096 4
		text odd 0 131073 5
		fill ones 0 1M 1
		write noise 0 200K 6
		text islands 0 64K 7
		text islands 512K 200K 8
	END
	sync -f .
	snapshot base
	fsop batch <<-END
		text big 50000 20000 9
		text exact 4096 1 10
		text small 1000 500 11
		truncate odd 100000
		text odd 200000 100 12
		punch ones 300K 100K
		clone big 128K 64K cloned 0
		clone exact 64K 64K cloned 64K
		clone ones 0 1M ones2 0
		text islands 520K 4K 13
	END
	sync -f .
	snapshot next
	send_full base
	send_full next
	expect clone
	send_incr next base
	expect clone 2
	send_incr base next
	send_nodata next base
	receive_check
}

scenario_compressed_with_zlib() {
	compressed_data zlib
}

scenario_compressed_with_lzo() {
	compressed_data lzo
}

scenario_compressed_with_zstd() {
	compressed_data zstd
}

scenario_compressed_with_zstd_level_15() {
	compressed_data zstd:15
}

# All kinds in one tree, rewritten from one to the other between the snapshots.
scenario_compression_changes_between_snapshots() {
	local kind
	filesystem --mount compress=zlib
	subvolume live
	for kind in none zlib lzo zstd; do
		fsop text "$kind" 0 400000 1
		fsop text "small-$kind" 0 1500 2
	done
	sync -f .
	snapshot base
	for kind in lzo zstd; do
		btrfs filesystem defragment -f "-c$kind" "$kind" "small-$kind"
	done
	chattr +m none
	fsop text none 0 400000 1
	sync -f .
	snapshot next
	send_full base
	send_full next
	send_incr next base
	expect write 8
	send_incr base next
	receive_check
}

# Data without checksums, overwritten in place and not.
scenario_no_checksums_on_data() {
	filesystem
	subvolume live
	mkdir nocow
	chattr +C nocow
	fsop write nocow/f 0 300K 1
	fsop prealloc nocow/p 0 300K
	fsop write nocow/p 100K 50K 2
	fsop write cow 0 100K 3
	snapshot base
	fsop write nocow/f 100K 50K 4
	fsop write nocow/p 0 4K 5
	fsop write nocow/new 0 64K 6
	snapshot next
	send_full base
	send_incr next base
	expect write 3
	receive_check --except "$TOP_TIME"
}

scenario_mounted_without_checksums() {
	filesystem --mount nodatasum
	subvolume live
	fsop write f 0 500K 1
	fsop write g 0 1000 2
	snapshot base
	fsop write f 200K 100K 3
	fsop clone f 0 500K h 0
	snapshot next
	send_full base
	send_incr next base
	receive_check
}

# Many small extents in 4K nodes, so that a file's items fill many leaves; one changes.
scenario_file_of_many_extents() {
	filesystem -n 4096
	subvolume live
	fsmake stripes f 8192 2000 4096
	snapshot base
	fsop write f 8000K 4K 1
	fsop write f 8196K 4K 2
	fsop write f 20M 4K 3
	snapshot next
	send_full base
	expect write 2000
	send_incr next base
	expect_count '^write ' 3
	send_incr base next
	receive_check
}

scenario_extent_of_128_megabytes() {
	filesystem
	subvolume live
	fsop fill f 0 130M 7
	sync -f .
	snapshot base
	fsop write f 100M 1M 1
	snapshot next
	send_full base
	expect write 2700
	send_incr next base
	expect_count '^write ' 22
	send_nodata base
	receive_check
}

# ---- extents that changed place without the file having changed ----

scenario_balance_between_snapshots() {
	filesystem
	subvolume live
	fsop batch <<-END
		write a 0 1M 1
		write b 0 300000 2
		clone a 0 512K c 0
		write small 0 500 3
		text t 0 200K 4
	END
	mkdir d
	fsmake files d f 0 200
	snapshot base
	fsop write a 512K 4K 5
	snapshot mid
	btrfs balance start --full-balance . >/dev/null
	fsop write b 0 10 6
	snapshot next
	send_full base
	expect clone
	send_incr mid base
	expect_count '^write ' 1
	send_incr next base
	send_incr base next
	receive_check
}

scenario_defragment_between_snapshots() {
	filesystem
	subvolume live
	for ((i = 0; i < 40; i += 1)); do
		printf 'write f %dK 4K %d\nfsync f\n' $((i * 4)) "$i"
	done | fsop batch
	fsop write g 0 100K 1
	snapshot base
	btrfs filesystem defragment -f f g
	sync -f .
	snapshot next
	send_full base
	send_incr next base
	expect_match '^write +\./f '
	send_incr base next
	receive_check
}

# The same data twice, made one extent between the snapshots.
scenario_deduplicated_between_snapshots() {
	filesystem
	subvolume live
	fsop batch <<-END
		write a 0 256K 1
		write b 0 256K 1
		write c 0 64K 2
		write c 64K 256K 1
		write d 0 256K 1
	END
	sync -f .
	snapshot base
	fsop batch <<-END
		dedupe a 0 256K b 0
		dedupe a 64K 64K c 128K
	END
	snapshot next
	fsop dedupe a 0 128K d 0
	fsop write e 0 10 3
	snapshot last
	send_full base
	expect_none clone
	send_full next
	expect clone
	send_incr next base
	send_incr last next
	send_incr base next
	receive_check
}

# Deduplicated inside both snapshots, as often in each: the inode items are equal, the extents not.
scenario_deduplicated_within_snapshots() {
	local name
	filesystem
	subvolume live
	fsop batch <<-END
		write a 0 128K 1
		write b 0 128K 1
		write x 0 128K 2
		write y 0 128K 2
	END
	sync -f .
	writable base live
	writable next live
	enter base
	fsop dedupe a 0 64K b 0
	fsop dedupe x 0 128K y 0
	enter next
	fsop dedupe a 64K 64K b 64K
	fsop dedupe x 0 128K y 0
	for name in base next; do
		read_only "$name"
	done
	send_full base
	send_incr next base
	expect_none write
	send_incr base next
	receive_check
}
