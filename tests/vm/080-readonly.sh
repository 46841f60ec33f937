#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Read-only: reads are right, also when a journal has to be replayed in memory;
# writes fail; nothing at all is written to the LUN.
# kmsg: read-only|I/O error|lost async page write|recovered:|error adding target

. "$(dirname "$0")/../lib.sh"

fresh v 96 checkpoint_seconds 3600
d=/dev/mapper/v
random_file "$work/data" $((6 << 20))
put "$work/data" $d 500
dmsetup message v 0 checkpoint
# After the checkpoint: overwritten and fresh sectors, an erased leaf. The copy is what a crash
# would leave: only the journal knows of these.
random_file "$work/newer" $((2 << 20))
put "$work/newer" $d 600
put "$work/newer" $d 12000
blkdiscard -z -o $((1280 * 4096)) -l $((128 * 4096)) $d
sync $d
(($(field v journal) > 0)) || fail "the journal is empty"
copy v live
close_volume v

# read_only IMAGE: open it so and look.
read_only() {
	local digest
	digest=$(digest_of "$work/$1.img")
	loop_of "$work/$1.img"
	if [[ ${2-} ]]; then blockdev --setro "$dev"; fi
	dmsetup_args=--readonly open_volume v "$dev"
	eq mode "$(field v mode)" ro
	eq "read-only flag" "$(blockdev --getro $d)" 1
	same "$work/newer" $d 600
	same "$work/newer" $d 12000
	zeros $d 1280 128
	zeros $d 0 500
	dd if=$d bs=4k skip=500 count=100 iflag=direct status=none | cmp -n 409600 - "$work/data"
	expect_fail "" put "$work/data" $d 0 1
	expect_fail "" blkdiscard -z -l 4096 $d
	dmsetup message v 0 checkpoint
	blockdev --flushbufs $d
	# a program that syncs what it has read must not be told of an I/O error
	python3 -c 'import os, sys; os.fsync(os.open(sys.argv[1], os.O_RDONLY))' $d ||
		fail "fsync of a read-only volume"
	sleep 0.5
	dmsetup suspend v
	dmsetup resume v
	same "$work/newer" $d 600
	close_volume v
	eq "digest of the LUN of a read-only volume" "$(digest_of "$work/$1.img")" "$digest"
	blockdev --setrw "$dev"	# the flag would outlive the loop
	losetup -d "$dev"
}
read_only v
read_only live
read_only live setro

# A LUN that cannot be written cannot be opened for writing.
loop_of "$work/v.img"
blockdev --setro "$dev"
digest=$(digest_of "$work/v.img")
expect_fail "" open_volume v "$dev"
dmsetup info v >/dev/null 2>&1 && fail "it is open"
eq "digest of a LUN that was refused" "$(digest_of "$work/v.img")" "$digest"
blockdev --setrw "$dev"

# Written again, all as before.
loop_of "$work/live.img"
open_volume v "$dev"
same "$work/newer" $d 600
eq lost "$(field v lost)" 0
close_volume v
