#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# sendprof guest: a command under Debian's kernels. Needs QEMU; emulated, a boot takes some seconds of
# processor time. The kernels' packages are fetched by apt, once for a build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/system/system-lib.sh

ksend=$tools/ksend

hanging=''
release()
{
	[ -z "$hanging" ] || kill "$hanging" 2>/dev/null
	[ ! -s "$scratch/apart" ] || kill -- "-$(cat "$scratch/apart")" 2>/dev/null
	wait
}
work_in_scratch guests

export XDG_CACHE_HOME=$build/cache TMPDIR=$scratch/tmp
mkdir "$TMPDIR" "$scratch/work" "$scratch/other" "$scratch/empty"
cd "$scratch/work" || exit 1

run_it()
{
	PATH=${guest_path:-$PATH} "$sendprof" guest "$@"
}

# ---- what is refused before anything is booted ----

expect 2 'neither --kernel nor --debian is wrong usage' 'one of --kernel and --debian' -- true
expect 2 'both are too' 'one of --kernel and --debian' --kernel x --debian 6.1 -- true
expect 2 '--modules without --kernel is wrong usage' '--modules needs --kernel' \
	--debian 6.1 --modules . -- true
expect 2 '--load without modules is too' '--load needs --modules or --debian' --kernel x --load loop -- true
expect 2 'a series is two numbers' 'expect a series' --debian bookworm -- true
expect 2 'a command is needed' 'operand missing' --debian 6.1
expect 3 'a kernel that is missing is named' 'nowhere/bzImage: No such file' \
	--kernel nowhere/bzImage -- true
echo 'no kernel' >file
expect 3 'a file that is no kernel is refused' 'neither a bzImage nor a vmlinux' --kernel file -- true
expect 3 'an ELF file that is no vmlinux is refused' 'is no kernel, or one without an entry' \
	--kernel /bin/sh -- true
guest_path=$scratch/empty expect 3 'without QEMU the package is named' 'qemu-system-x86)' --kernel file -- true
expect 2 'memory in which no kernel boots is refused' '--memory: have 255 expect 256 to' \
	--memory 255 --kernel file -- true
cd / && expect 3 'the top folder cannot be shared' '/ cannot be shared' --kernel file -- true
cd "$scratch/work" || exit 1

# ---- kernels ----

# have_kernel SERIES: in the cache, after this test fetched it or another one did
have_kernel()
{
	[ -n "$(echo "$XDG_CACHE_HOME/sendprof/guest/linux-image-$1."*/vmlinux)" ] &&
		[ -e "$(echo "$XDG_CACHE_HOME/sendprof/guest/linux-image-$1."*/vmlinux)" ]
}

if ! command -v qemu-system-x86_64 >/dev/null; then
	skip 'guests' 'no QEMU'
	finish
fi

# A container comes without the lists of packages.
expect 3 'a series that Debian never had is not found' 'knows no kernel 1.0 of Debian' --debian 1.0 -- true
if ! apt-cache show linux-image-amd64 >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
	apt-get update -q >/dev/null 2>&1
fi

cat >inside.sh <<'END'
# In the guest, in the folder that is shared.
say() { printf '%s %s\n' "$1" "$2" >>findings; }
check() { local name=$1; shift; if "$@" >/dev/null 2>>errors; then say ok "$name"; else say bad "$name"; fi; }
uname -r >release
check 'the working directory is the one outside' test "$PWD" = "$OUTSIDE"
check 'files of the host are read' cmp in.data <(cat in.data)
check 'arguments arrive as they are' test "$#:$1:$2" = "2:two words:$(printf 'new\nline')"
check 'the environment arrives' test "$GREETING" = 'hello   world'
check 'there is no input' test -z "$(cat)"
check 'the command is root' test "$(id -u)" = 0
check 'sendprof is in the guest' sendprof --version
sendprof generations --running >generation
check 'a program given by --with runs' sh -c '"$KSEND" --help 2>&1 | grep usage:'
check 'a folder given by --share is there' cp "$OTHER/given" "$OTHER/taken"
check 'a folder given twice is mounted once' test "$(grep -c " $OTHER 9p " /proc/mounts)" = 1
check 'btrfs is loaded' grep -q btrfs /proc/filesystems
check 'a disk given by --disk is there' mount -o ro /dev/vda /mnt
check 'what is on it is read' cmp /mnt/snap/data in.data
check 'the kernel sends' "$KSEND" -f stream /mnt/snap
cp in.data out.data
ln -s out.data link
mkdir folder
chmod 750 folder
exec 3>&1
(sleep 1000 >&3) & # holds the pipe open, and must not be waited for
echo 'to stderr' >&2
cat in.data
yes 'without end' >&2 & # and must not be read to its end
exit 7
END
head -c 3000000 /dev/urandom >in.data
echo given >"$scratch/other/given"

have_disk=''
if [ "$(id -u)" = 0 ] && truncate -s 200M "$scratch/disk.img" && mkfs.btrfs -q "$scratch/disk.img" >/dev/null &&
   mkdir "$scratch/mnt" && mount -o loop "$scratch/disk.img" "$scratch/mnt"; then
	btrfs -q subvolume create "$scratch/mnt/live" && cp in.data "$scratch/mnt/live/data" &&
		btrfs -q subvolume snapshot -r "$scratch/mnt/live" "$scratch/mnt/snap" && have_disk=yes
	umount "$scratch/mnt"
fi

OUTSIDE=$PWD OTHER=$scratch/other KSEND=$ksend GREETING='hello   world'
export OUTSIDE OTHER KSEND GREETING

# in_guest SERIES: all of inside.sh in one boot
in_guest()
{
	local series=$1 status line

	rm -rf findings errors release generation out.data link folder stream "$OTHER/taken"
	if ! have_kernel "$series" && ! keep_output run_it --debian "$series" --timeout 1 -- true &&
	   ! have_kernel "$series"; then
		skip "$series: boots" "$(tail -n 1 "$complained")"
		return
	fi
	keep_output run_it -v --debian "$series" --timeout 300 --with "$KSEND" --share "$OTHER" \
		--share "$OTHER/../other" --disk "$scratch/disk.img" -- bash inside.sh 'two words' $'new\nline'
	status=$?
	sed -n 's/^sendprof: guest: \(.*ready\)/# \1/p' "$complained"
	check "$series: boots that kernel" grep -q "^${series/./\\.}\\." release
	check "$series: its generation is $series and no row is turned" \
		grep -q "behaves as $series; [1-9][0-9]* of [0-9]* rows seen in its type information\$" generation
	check "$series: fixes are told by the release" grep -q "^HOLE_PUNCHED *yes  from $series\.[0-9]* on" generation
	check "$series: the path's cache is looked for in the kernel" \
		grep -q '^CURRENT_PATH_CACHED .* send_ctx\.cur_inode_path is ' generation
	if [ "$status" = 7 ]; then pass "$series: the exit status passes through"; else
		fail "$series: the exit status passes through" "exit status: have $status expect 7
$(sed 's/^/stderr: /' "$complained")"
	fi
	check "$series: stdout is what the command wrote, to the byte" cmp "$printed" in.data
	check "$series: so is stderr" grep -q '^to stderr$' "$complained"
	check "$series: files that it made are outside" cmp in.data out.data
	check "$series: links and folders too" \
		test "$(readlink link) $(stat -c %a folder)" = 'out.data 750'
	check "$series: the other folder was written" cmp "$OTHER/given" "$OTHER/taken"
	check "$series: the stream of its kernel can be read" "$sendprof" stream check stream
	while read -r line; do
		if [ "${line%% *}" = ok ]; then pass "$series: ${line#* }"; else
			fail "$series: ${line#* }" "$(cat errors)"
		fi
	done <findings
}

# Files with verity, which takes a kernel that can enable it. The engine sends them in protocol 3, and
# what is received has their digests. btrfs-progs up to 6.2 know the command, but refuse the number of
# the protocol, so the header says 2. No file comes after one with verity in any of these streams.
cat >verity.sh <<'END'
set -e
make_filesystem() {
	truncate -s 200M "$1.img"
	mkfs.btrfs -q "$1.img" >/dev/null 2>&1
	mkdir -p "/mnt/$1"
	mount -o loop "$1.img" "/mnt/$1"
}
send() {
	sendprof send --proto 3 --image from.img "${@:2}" -f "$1"
	printf '\2' | dd of="$1" bs=1 seek=13 conv=notrunc status=none
	btrfs receive -q -f "$1" /mnt/to
	btrfs receive --dump -f "$1" | grep '^enable_verity' || true
}
digests() { # FOLDER
	fsverity measure "$1/whole" "$1/part" | sed 's,/.*/,,'
}
make_filesystem from
make_filesystem to
cd /mnt/from
btrfs -q subvolume create live
head -c 5000 /dev/urandom >live/part
head -c 3000000 /dev/urandom >live/whole
setcap cap_net_raw+ep live/whole
btrfs -q subvolume snapshot -r live s1
fsverity enable live/part
btrfs -q subvolume snapshot -r live s2
fsverity enable --salt=0102aa live/whole
btrfs -q subvolume snapshot -r live s3
digests /mnt/from/live >"$OLDPWD/digests"
cd "$OLDPWD"
umount /mnt/from
send 1.stream s1
send 2.stream -p s1 s2
send 3.stream -p s2 s3
digests /mnt/to/s3 | cmp - digests
getcap /mnt/to/s3/whole | grep -q cap_net_raw
umount /mnt/to
END

verity_received()
{
	keep_output run_it --debian 6.12 --timeout 300 --with "$(command -v fsverity)" -- bash verity.sh || {
		shown
		return 1
	}
	cat >expected <<'END'
enable_verity   ./s2/part                       algorithm=1 block_size=4096 salt_len=0 sig_len=0
enable_verity   ./s3/whole                      algorithm=1 block_size=4096 salt_len=3 sig_len=0
END
	diff expected "$printed"
}

# copy_modules FROM TO: of a folder lib/modules/RELEASE what a guest needs, but no modules.dep
copy_modules()
{
	local to
	to=$(realpath -- "$2")

	(
		cd "$1" || exit
		cp -a --parents modules.builtin modules.order kernel/{arch,crypto,lib} kernel/net/9p \
			kernel/drivers/{block,char,virtio} "$to"
		find kernel/fs -maxdepth 1 '(' -name 9p -o -name btrfs -o -name fscache -o -name netfs ')' \
			-exec cp -a --parents {} "$to" ';'
	)
}

# install_modules SERIES: $bzimage, $vmlinux and $release of that kernel of Debian, and in ./built what
# make modules_install INSTALL_MOD_PATH=built would leave of it, btrfs packed by xz, 9p by zstd
install_modules()
{
	local from folder

	from=$(echo "$XDG_CACHE_HOME/sendprof/guest/linux-image-$1."*)
	bzimage=$(echo "$from"/boot/vmlinuz-*)
	vmlinux=$from/vmlinux
	release=${bzimage##*/vmlinuz-}
	folder=built/lib/modules/$release
	rm -rf built
	mkdir -p "$folder"
	copy_modules "$from/lib/modules/$release" "$folder"
	find "$folder" -name '*.ko.xz' -exec xz -d {} +
	xz -0 "$folder/kernel/fs/btrfs/btrfs.ko"
	find "$folder" -name '9p*.ko' -exec zstd -q --rm {} +
}

# virtio packed by gzip, and what a depmod writes that can read that: not every one can.
pack_virtio()
{
	local folder=built/lib/modules/$release

	depmod -b built "$release" || return
	find "$folder" -name 'virtio*.ko' -exec gzip {} +
	sed -i 's,/virtio[^ /:]*\.ko,&.gz,g' "$folder/modules.dep"
}

# What docs/changing-send.md does with a kernel that was built.
cat >validate.sh <<'END'
mount -o ro /dev/vda /mnt
sendprof run --tier function --repeat 1 --quiet --out report --snap /mnt/snap
END

# package_below_usr NUMBER: in ./bin an apt whose only kernel is series NUMBER: that of 6.1, in a
# package like those since Debian 13, with the modules below usr
package_below_usr()
{
	local package=linux-image-$1.1+deb13-amd64 kernel modules

	kernel=$(echo "$XDG_CACHE_HOME"/sendprof/guest/linux-image-6.1.*)
	modules=$(echo "$kernel"/lib/modules/[0-9]*)
	mkdir -p bin package/DEBIAN "package/usr/lib/modules/${modules##*/}" package/boot
	cp "$kernel"/boot/vmlinuz-* package/boot
	copy_modules "$modules" "package/usr/lib/modules/${modules##*/}"
	printf '%s\n' "Package: $package" 'Version: 1' 'Architecture: amd64' \
		'Maintainer: nobody <nobody@localhost>' 'Description: kernel' >package/DEBIAN/control
	printf '#!/bin/sh\necho "%s - Linux"\n' "$package" >bin/apt-cache
	printf '#!/bin/sh\ndpkg-deb -Znone -b %s .\n' "$PWD/package" >bin/apt-get
	chmod +x bin/*
}

# What hangs costs no processor time, so it does beside the others. Its status is written down, since the
# number of its process may be another's before anybody asks.
start_hanging()
{
	local pid

	mkdir "$scratch/hanging" && cd "$scratch/hanging" || exit 1
	export TMPDIR=$scratch/hanging
	"$sendprof" guest --debian 6.1 --timeout 80 -- \
		sh -c 'echo begun; while :; do sleep 1000; done' >"$scratch/hang.out" 2>"$scratch/hang.err" &
	pid=$!
	trap 'kill "$pid"' TERM
	wait "$pid"
	echo $? >"$scratch/hang.status"
}

# QEMU processes of this test: each has paths below its folder.
machines()
{
	pgrep -f "^qemu-system-x86_64 .*$TMPDIR/sendprof-guest"
}

# stopped HOW STATUS: while its guest boots sendprof gets a signal, or its process group does
stopped()
{
	local how=$1 want=$2 pid status

	# What a script starts in the background ignores SIGINT, unless it is told not to.
	setsid env --default-signal=INT "$sendprof" guest --debian 6.1 -- sleep 1000 >/dev/null 2>"$complained" &
	pid=$!
	echo "$pid" >"$scratch/apart"
	until machines >/dev/null || ! kill -0 "$pid"; do sleep 0.1; done
	case $how in
	Ctrl-C) kill -INT -- "-$pid" ;;
	*) kill "-$how" "$pid" ;;
	esac
	wait "$pid"
	status=$?
	: >"$scratch/apart"
	[ "$status" = "$want" ] || { echo "exit status: have $status expect $want"; cat "$complained"; return 1; }
	for _ in {1..100}; do
		machines >/dev/null || return 0
		sleep 0.1 # killed, but not gone yet
	done
	echo 'QEMU goes on'
	return 1
}

if [ -z "$have_disk" ]; then
	skip 'guests' 'needs root, loop devices and btrfs for the image'
	finish
fi
in_guest 6.1
if have_kernel 6.1; then
	start_hanging &
	hanging=$!
	install_modules 6.1
	check 'modules are packed in several ways' pack_virtio
	expect 0 'they and a vmlinux boot, with a clock that counts instructions' '^6\.1\.' --timeout 300 \
		--kernel "$vmlinux" --modules "built/lib/modules/$release" --count-instructions -- uname -r
	expect 143 'a command that a signal ends has the status that a shell gives' '' \
		--debian 6.1 --timeout 300 -- bash -c 'kill -TERM $$'
	expect 5 'a panic is told, with the console' 'console| .*sysrq triggered crash' \
		--debian 6.1 --timeout 300 -- sh -c 'echo c >/proc/sysrq-trigger'
	check 'it is called one' grep -q "^sendprof: the guest's kernel panicked" "$complained"
	expect 5 'a boot that does not end is ended' 'boot of the guest did not end within 1 s' \
		--debian 6.1 --timeout 1 --keep -- true
	kept=$(sed -n 's/^sendprof: guest: kept //p' "$complained")
	check '--keep keeps initramfs and console' test -s "$kept/initrd" -a -e "$kept/console"
	rm -rf "$kept"
	check 'a signal ends the guest too, and QEMU' stopped TERM 143
	check 'so does Ctrl-C, which QEMU gets as well' stopped Ctrl-C 130
	check 'nothing is left in the temporary folder then' test -z "$(ls "$TMPDIR")"
	check 'when sendprof is killed QEMU does not stay' stopped KILL 137
	rm -rf "$TMPDIR"/sendprof-guest.*
	expect 3 'a bzImage without modules says what it lacks' \
		'^sendprof: guest: this kernel lacks virtio_pci (CONFIG_VIRTIO_PCI), .*btrfs (CONFIG_BTRFS_FS): build' \
		--kernel "$bzimage" --timeout 300 -- true
	head -c 100000 "$bzimage" >file
	expect 3 'a bzImage that is cut off is refused' 'has 100000 bytes of a bzImage of' --kernel file -- true
	expect 3 'modules of another place are not found' 'no modules of 6\.1\..* there' \
		--kernel "$bzimage" --modules "$scratch/empty" -- true
	mkdir -p wrong/lib/modules/5.99 && : >wrong/lib/modules/5.99/modules.order
	expect 3 'modules of another release are not taken' 'have those of 5\.99 expect 6\.1\.' \
		--kernel "$bzimage" --modules wrong -- true
	package_below_usr 5.99
	guest_path=$PWD/bin:$PATH XDG_CACHE_HOME=$scratch/cache expect 0 'modules of a package may be below usr' \
		'^6\.1\.' --debian 5.99 --timeout 300 -- uname -r
	check 'depmod of another system would find them too' \
		test -e "$(echo "$scratch"/cache/sendprof/guest/*/lib/modules/*/modules.dep)"
	expect 3 'a module that no kernel has is named' 'has no nonesuch' --debian 6.1 --load nonesuch -- true
	expect 3 'a program that is missing is named' 'nonesuch: no such program' --debian 6.1 -- nonesuch
fi
in_guest 6.12
if have_kernel 6.12; then
	# Nobody ran depmod, and those of an older one are there, too.
	old=$(echo "$XDG_CACHE_HOME"/sendprof/guest/linux-image-6.1.*/boot/vmlinuz-*)
	install_modules 6.12
	mkdir built/lib/modules/6.11.0 && : >built/lib/modules/6.11.0/modules.order
	expect 0 '6.12: a kernel that was built is validated, its functions watched' '' --timeout 300 \
		--kernel "$bzimage" --modules built --disk "$scratch/disk.img" -- sh -e validate.sh
	check '6.12: in the tier that was asked for' grep -q '"tier": "function"' report/result.json
	check '6.12: the result says which kernel that was' grep -q "\"$release\"" report/result.json
	check '6.12: nothing was written where the modules are' test ! -e "built/lib/modules/$release/modules.dep"
	mv "built/lib/modules/$release" "built/lib/modules/${old##*/vmlinuz-}"
	expect 3 'modules that are not what their folder says are not taken' \
		"have a module of $release expect 6\\.1\\." --kernel "$old" --modules built -- true
fi
if ! have_kernel 6.12; then
	:
elif command -v fsverity >/dev/null; then
	check '6.12: files with verity are received as they were sent' verity_received
else
	skip '6.12: files with verity are received as they were sent' 'no fsverity'
fi
if [ -n "$hanging" ]; then
	wait "$hanging"
	hanging=''
	check 'a hang is ended by the timeout' test "$(cat "$scratch/hang.status")" = 5
	check 'what the command printed before has arrived' grep -q '^begun$' "$scratch/hang.out"
	check 'the timeout is told' grep -q '^sendprof: the command did not end within 80 s' "$scratch/hang.err"
	check 'the console says what the guest was doing' grep -q 'console| .*sysrq: Show' "$scratch/hang.err"
fi
check 'nothing is left in the temporary folder' test -z "$(ls "$TMPDIR")"
finish
