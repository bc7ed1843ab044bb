# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What an inode is apart from its names and data: type, device, mode, owner, times, attributes.

# cap_net_bind_service+ep as the kernel stores it.
CAPABILITY='\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'
# user::rw-, user:1000:rwx, group::r--, mask::rwx, other::r--
ACL='\x02\x00\x00\x00\x01\x00\x06\x00\xff\xff\xff\xff\x02\x00\x07\x00\xe8\x03\x00\x00\x04\x00\x04\x00'
ACL+='\xff\xff\xff\xff\x10\x00\x07\x00\xff\xff\xff\xff\x20\x00\x04\x00\xff\xff\xff\xff'

scenario_all_special_files() {
	filesystem
	subvolume live
	mkfifo fifo
	mknod null c 1 3
	mknod disk b 8 0
	mknod high c 259 70000
	mknod highest b 4095 1048575
	mknod zero c 0 0
	chmod 7777 zero
	fsop socket socket
	ln -s target symlink
	snapshot base
	rm fifo
	mknod fifo c 5 1
	chmod 640 null
	chown 5:6 disk socket
	mv high renamed
	rm symlink
	mkfifo symlink
	snapshot next
	send_full base
	expect mknod 5
	expect mkfifo
	expect mksock
	expect symlink
	send_incr next base
	expect_match '^mknod '
	expect mkfifo
	receive_check
}

scenario_symbolic_links() {
	local long
	long=$(printf 'dir/%.0s' {1..1023})
	filesystem
	subvolume live
	ln -s x short
	ln -s "$long" long
	ln -s 'with space' spaced
	fsop symlink '\x01\xff\x0a' bytes
	ln -s /absolute kept
	snapshot base
	ln -sf y short
	chown -h 7:8 long
	mv kept moved
	ln -s moved kept
	touch -h -d '2001-01-01 UTC' spaced
	snapshot next
	send_full base
	expect symlink 5
	expect_count '^chmod ' 1
	expect chown 5
	send_incr next base
	expect_match '^chown +\./long'
	receive_check
}

scenario_modes_and_owners() {
	local mode
	filesystem
	subvolume live
	for mode in 0000 0644 0755 1777 2755 4755 6711 7777; do
		touch "f$mode"
		mkdir "d$mode"
		chown "1$mode:2$mode" "f$mode" "d$mode"
		chmod "$mode" "f$mode" "d$mode"
	done
	touch huge-owner
	chown 4294967294:4294967293 huge-owner
	snapshot base
	chown 3:4 f4755 d2755
	chmod 0400 f7777
	chmod 2700 d1777
	chown :99 f0644
	chown 0:0 huge-owner
	chmod 700 .
	chown 1:1 .
	snapshot next
	send_full base
	expect_match '^chmod .*mode=7777' 2
	send_incr next base
	expect_match '^chown +\./ '
	expect_match '^chmod +\./ '
	receive_check
}

scenario_times() {
	filesystem
	subvolume live
	touch old ancient future ns link-target
	mkdir dir
	ln -s link-target link
	fsop batch <<-END
		utimes old 0 0 1 1
		utimes ancient -2147483648 999999999 -62135596800 500
		utimes future 4294967296 123456789 253402300799 999999999
		utimes ns 1 1 2 2
		utimes dir 1000000000 7 1000000001 8
		utimes link 3 3 4 4
	END
	snapshot base
	fsop batch <<-END
		utimes ns 1 2 2 3
		utimes dir 1000000002 7 1000000003 8
		utimes link 5 5 6 6
	END
	snapshot next
	send_full base
	send_incr next base
	expect_count '^utimes ' 3
	receive_check
}

scenario_attributes_set_changed_removed() {
	filesystem
	subvolume live
	mkdir d
	touch f g d/h
	ln -s f l
	fsop batch <<-'END'
		setxattr f user.a 1
		setxattr f user.z last
		setxattr f user.gone bye
		setxattr f trusted.t \x00\x01\x00\xff
		setxattr d user.dir yes
		setxattr l trusted.on-link z
		setxattr g user.only one
	END
	setfattr -n user.empty -v '' f
	snapshot base
	fsop batch <<-'END'
		setxattr f user.a 2
		removexattr f user.gone
		setxattr f user.b new
		setxattr f user.z last
		removexattr g user.only
		setxattr d user.dir no
		removexattr l trusted.on-link
		setxattr d/h user.\xc3\xa4\x20\x21 \x0a
	END
	snapshot next
	send_full base
	expect set_xattr 7
	expect_match '^set_xattr .*name=user.empty'
	send_incr next base
	expect remove_xattr 3
	send_incr base next
	receive_check
}

# Values up to what a leaf holds, and more attributes than one leaf holds.
scenario_large_and_many_attributes() {
	local i
	filesystem
	subvolume live
	touch f many
	setfattr -n user.large -v "$(printf 'v%.0s' {1..16000})" f
	for ((i = 0; i < 60; i++)); do
		printf 'setxattr many user.%0200d %0900d\n' "$i" "$i"
	done | fsop batch
	snapshot base
	setfattr -n user.large -v "$(printf 'w%.0s' {1..15000})" f
	for ((i = 0; i < 60; i += 7)); do
		printf 'setxattr many user.%0200d changed\n' "$i"
		printf 'removexattr many user.%0200d\n' $((i + 1))
	done | fsop batch
	snapshot next
	send_full base
	expect set_xattr 61
	send_incr next base
	expect remove_xattr 9
	receive_check
}

# Two attributes with one hash share an item, so a change of one is a change of the item.
scenario_attributes_with_equal_hash() {
	local a b
	filesystem
	subvolume live
	read -r a b < <(fsmake collisions 1)
	touch f g
	fsop setxattr f "user.$a" one
	fsop setxattr f "user.$b" two
	fsop setxattr g "user.$a" one
	snapshot base
	fsop setxattr f "user.$b" three
	fsop setxattr g "user.$b" new
	snapshot next
	fsop removexattr f "user.$a"
	fsop removexattr g "user.$a"
	snapshot last
	send_full base
	send_incr next base
	expect set_xattr 2
	send_incr last next
	expect remove_xattr 2
	receive_check
}

scenario_capabilities_follow_chown() {
	filesystem
	subvolume live
	touch f g
	fsop setxattr f user.a 1
	fsop setxattr f user.z 1
	fsop setxattr f security.capability "$CAPABILITY"
	fsop setxattr g security.capability "$CAPABILITY"
	snapshot base
	chown 11:12 f
	fsop setxattr f security.capability "$CAPABILITY"
	touch -d '2002-02-02 UTC' g
	snapshot next
	fsop removexattr f security.capability
	snapshot last
	send_full base
	expect_order '^set_xattr .*name=user.a' '^set_xattr .*name=user.z' '^chown ' '^chmod ' \
		'^set_xattr .*security.capability' '^utimes '
	send_incr next base
	expect_order '^chown +\./f' '^set_xattr +\./f +name=security.capability'
	expect_match '^set_xattr +\./g +name=security.capability'
	send_incr last next
	expect_match '^remove_xattr +\./f +name=security.capability'
	receive_check
}

# A name that is the beginning of security.capability is withheld with it, and never sent.
scenario_attribute_with_prefix_of_capability_name() {
	filesystem
	subvolume live
	touch f
	fsop setxattr f security.cap x
	fsop setxattr f security.other y
	snapshot base
	fsop setxattr f security.cap changed
	snapshot next
	send_full base
	expect_no_match 'name=security.cap '
	expect_match 'name=security.other'
	send_incr next base
	expect_none set_xattr
}

scenario_access_control_lists() {
	filesystem
	subvolume live
	mkdir d
	touch f d/g
	fsop setxattr f system.posix_acl_access "$ACL"
	fsop setxattr d system.posix_acl_default "$ACL"
	fsop setxattr d system.posix_acl_access "$ACL"
	touch d/inherits
	snapshot base
	fsop removexattr f system.posix_acl_access
	fsop removexattr d system.posix_acl_default
	chmod 600 d/inherits
	fsop setxattr d/g system.posix_acl_access "$ACL"
	snapshot next
	send_full base
	expect_match 'name=system.posix_acl_default'
	send_incr next base
	expect_match '^remove_xattr +\./f'
	receive_check
}

# An ACL of no bytes is sent as a header without entries.
scenario_access_control_list_without_bytes() {
	filesystem
	subvolume live
	mkdir d
	touch f
	setfattr -n user.sendprof_acl_empty -v '' f
	setfattr -n user.sendprof_acl_empty2 -v '' d
	snapshot base
	echo more >>f
	snapshot next
	patch_attribute user.sendprof_acl_empty2 system.posix_acl_default
	patch_attribute user.sendprof_acl_empty system.posix_acl_access
	send_full base
	expect_match '^set_xattr +\./f +name=system.posix_acl_access .*len=4'
	expect_match '^set_xattr +\./d +name=system.posix_acl_default .*len=4'
	send_incr next base
}

# Inode flags are not part of protocol 1.
scenario_inode_flags_are_not_sent() {
	filesystem
	subvolume live
	touch a b c
	chattr +A c
	snapshot base
	chattr +A a
	chattr +C b
	chattr -A c
	snapshot next
	send_full base
	send_incr next base
	expect_count '^utimes ' 3
	expect_no_match '^(truncate|write|chmod|chown) '
	receive_check
}

# Nothing but the snapshot itself.
scenario_empty_and_equal_snapshots() {
	filesystem
	subvolume live
	snapshot empty
	snapshot empty2
	mkdir d
	touch d/f
	snapshot base
	snapshot same
	send_full empty
	send_incr empty2 empty
	expect_count '^[a-z]' 1
	send_full base
	send_incr same base
	expect_count '^[a-z]' 1
	send_incr base empty
	send_incr empty base
	expect rmdir
	receive_check --except "$TOP_TIME"
}
