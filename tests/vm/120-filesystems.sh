#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# File systems on a volume: load, check, remount, compare, fill.
# limit: 240
# kmsg: EXT4-fs.*(delayed block allocation|This should not happen)

. "$(dirname "$0")/../lib.sh"

ram_lun 0 400
d=/dev/mapper/v

try() { # TYPE
	local type=$1
	modprobe "$type"
	format v $dev --erase-signature dm-warrant 2>/dev/null || format v $dev
	open_volume v $dev
	case $type in
	ext4) mkfs.ext4 -q $d ;;
	xfs) mkfs.xfs -q -f $d ;;
	esac
	mount $d /mnt/a
	for seed in 1 2; do fsx $((seed + RANDOM)) 1500 /mnt/a/fsx.$seed & done
	cp -r /etc /mnt/a/etc
	cp -r /usr/lib/python3.11/[a-f]* /mnt/a/ 2>/dev/null || true
	wait
	[[ -f /mnt/a/fsx.2 ]] || fail "fsx"
	rm -r /mnt/a/etc/[a-l]*
	sync -f /mnt/a
	(cd /mnt/a && find . -type f -exec md5sum {} + | sort >"$work/sums")
	umount /mnt/a
	close_volume v
	open_volume v $dev
	check "$type"
	mount $d /mnt/a
	(cd /mnt/a && find . -type f -exec md5sum {} + | sort) | cmp - "$work/sums" || fail "$type: files differ"

	# until it is full
	expect_fail "No space" dd if=/dev/zero of=/mnt/a/full bs=1M status=none
	sync -f /mnt/a
	rm /mnt/a/full
	if [[ $type == ext4 ]]; then fstrim /mnt/a 2>/dev/null && fail "trimmed without allow_discards"; fi
	umount /mnt/a
	check "$type"
	eq "mismatches" "$(field v mismatches)" 0
	close_volume v

	# Discards by the file system.
	open_volume v $dev allow_discards
	mount $d /mnt/a
	fstrim /mnt/a
	(cd /mnt/a && md5sum --quiet -c "$work/sums") || fail "$type: files differ after fstrim"
	umount /mnt/a
	check "$type"
	close_volume v
}
check() {
	case $1 in
	ext4) e2fsck -fn $d ;;
	xfs) xfs_repair -n $d ;;
	esac >"$work/fsck" 2>&1 || { cat "$work/fsck" >&2; fail "$1 is damaged"; }
}

(fsx() { "$host/bin/fsx" "$@" || touch "$work/fsx-failed"; }; try ext4)
try xfs
