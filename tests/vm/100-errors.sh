#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The LUN refuses reads or writes, or drops writes: nothing hangs, errors are
# passed on, and when the LUN is well again so is the volume.
# kmsg: close the volume and open it again|I/O error|lost async page write|LUN refused a write|not checkpointed
# kmsg: the LUN cannot be read|device-mapper: (table|ioctl): .*|device-mapper: flakey

. "$(dirname "$0")/../lib.sh"

modprobe -a dm-flakey dm-delay
lun disk 64
disk=$dev
size=$(blockdev --getsz "$disk")
well="0 $size linear $disk 0"
dead="0 $size error"
dmsetup create lun --table "$well"
lun_dev=/dev/mapper/lun
d=/dev/mapper/v

# The LUN changes its behaviour under the open volume.
becomes() {
	dmsetup reload lun --table "$1"
	dmsetup suspend --nolockfs lun
	dmsetup resume lun
}
writes_fail="0 $size flakey $disk 0 0 1000 1 error_writes"
writes_vanish="0 $size flakey $disk 0 0 1000 1 drop_writes"

format v $lun_dev
random_file "$work/data" $((2 << 20))
random_file "$work/newer" $((2 << 20))
open_volume v $lun_dev checkpoint_seconds 3600
put "$work/data" $d 0
sync $d

# Writes fail: the volume stops writing, for good, and reads go on.
becomes "$writes_fail"
mark_log
expect_fail "$eio" put "$work/newer" $d 1000 16
eq mode "$(field v mode)" failed
logged "writing has stopped"
same "$work/data" $d 0
expect_fail "$eio" put "$work/newer" $d 2000 1
expect_fail "$eio" dd if="$work/newer" of=$d bs=4k count=1 conv=fsync,notrunc status=none
expect_fail "" dmsetup message v 0 checkpoint
becomes "$well"
expect_fail "$eio" put "$work/newer" $d 2000 1
same "$work/data" $d 0
dmsetup suspend v
dmsetup resume v
eq "mode after suspend and resume" "$(field v mode)" failed
close_volume v
open_volume v $lun_dev checkpoint_seconds 3600
eq "mode, lost after reopening" "$(field v mode) $(field v lost)" "rw 0"
same "$work/data" $d 0
get $d 1000 16 >/dev/null
put "$work/newer" $d 1000 16
sync $d

# The same under load: fio's jobs all come to an end, with errors.
(cd "$work" && timeout 60 fio --name=load --filename=$d --ioengine=libaio --direct=1 --rw=randrw --bsrange=4k-64k \
	--iodepth=16 --numjobs=2 --size=16m --time_based --runtime=30 --group_reporting >fio.out 2>&1) &
load=$!
sleep 3
becomes "$writes_fail"
rc=0
wait $load || rc=$?
((rc && rc != 124)) || fail "fio: exit status $rc"
eq mode "$(field v mode)" failed
close_volume v
becomes "$well"
open_volume v $lun_dev
eq "mode, lost after reopening" "$(field v mode) $(field v lost)" "rw 0"
get $d 0 4096 >/dev/null
put "$work/data" $d 0
put "$work/newer" $d 3000
close_volume v

# Reads fail, of data and of nodes: errors, which go away with their cause.
open_volume v $lun_dev checkpoint_seconds 3600
becomes "$dead"
read_error $d 3000 "$eio"
read_error $d 0 "$eio"
expect_fail "$eio" put "$work/newer" $d 3000 1	# its leaf cannot be read
eq "mode, mismatches" "$(field v mode) $(field v mismatches)" "rw 0"
becomes "$well"
same "$work/data" $d 0
same "$work/newer" $d 3000
put "$work/data" $d 3000
same "$work/data" $d 3000
close_volume v

# No opening without a LUN, or without writes: refused, not half open.
becomes "$dead"
expect_fail "cannot be read" open_volume v $lun_dev
becomes "$writes_fail"
expect_fail "" open_volume v $lun_dev
[[ ! -e $d ]] || fail "open on a LUN that takes no writes"
becomes "$well"
open_volume v $lun_dev checkpoint_seconds 3600
same "$work/data" $d 3000

# The LUN lies: it drops what it says it has written. That cannot be seen while it is open. What is
# there afterwards is the past, whole: refused with the anchor, consistent without.
becomes "$writes_vanish"
put "$work/newer" $d 0
sync $d
mark_log
anchor=$(field v anchor)
dmsetup message v 0 checkpoint
((${anchor%%:*} < $(field v checkpoint))) || fail "no checkpoint"
anchor=$(field v anchor)
close_volume v
becomes "$well"
expect_fail "rolled back" open_volume v $lun_dev anchor "$anchor"
open_volume v $lun_dev
same "$work/data" $d 0
same "$work/data" $d 3000
eq "mismatches, lost" "$(field v mismatches) $(field v lost)" "0 0"
close_volume v

# A slow LUN: closing waits for writes that are still under way when others have failed. The journal
# takes its time, data writes fail at once.
layout "$work/disk.img"
journal_end=$(((journal_start + journal_blocks) * 8))
open_volume v $lun_dev checkpoint_seconds 3600
becomes "0 $journal_end delay $disk 0 0 $disk 0 1500
$journal_end $((size - journal_end)) flakey $disk $journal_end 0 1000 1 error_writes"
put "$work/newer" $d 4000 1 2>/dev/null &
for ((i = 0; i < 200; i++)); do
	[[ $(field v mode) == rw ]] || break
	sleep 0.1
done
eq mode "$(field v mode)" failed
close_volume v
sleep 2
wait
becomes "$well"
open_volume v $lun_dev
same "$work/data" $d 0
close_volume v
# Nodes take their time, the activation or superblock fails.
open_volume v $lun_dev checkpoint_seconds 3600
put "$work/data" $d 0
becomes "0 $journal_end flakey $disk 0 0 1000 1 error_writes
$journal_end $((size - journal_end)) delay $disk $journal_end 0 $disk $journal_end 1500"
dmsetup message v 0 checkpoint 2>/dev/null &
put "$work/newer" $d 0 1 2>/dev/null &
sleep 0.5
close_volume v || { wait; close_volume v; }
sleep 2
wait
becomes "$well"
open_volume v $lun_dev
eq lost "$(field v lost)" 0
close_volume v
