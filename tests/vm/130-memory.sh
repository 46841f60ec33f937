#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Little memory: a node cache much smaller than the tree, caches dropped all the
# time, a memory limit on who writes: slow, but right, and no hang.

. "$(dirname "$0")/../lib.sh"

ram_lun 0 400
format v $dev
open_volume v $dev cache_mib 1 checkpoint_seconds 1
d=/dev/mapper/v

# 760 leaves, of which 256 fit. fio compares what it reads.
(while sleep 0.3; do echo 2 >/proc/sys/vm/drop_caches; done) 2>/dev/null &
dropper=$!
fio_verify $d --rw=randwrite --bs=4k --iodepth=32 --size=380m --io_size=8m --randseed=3
fio_verify $d --rw=randrw --bsrange=4k-256k --iodepth=16 --size=380m --io_size=24m
nodes=$(field v nodes)
((nodes <= 256 + 5)) || fail "$nodes nodes in memory, at most 256 were allowed"
kill $dropper
close_volume v
open_volume v $dev cache_mib 1
fio_verify $d --rw=randwrite --bs=4k --iodepth=1 --size=380m --io_size=1m
close_volume v

# The shrinker gives nodes back.
open_volume v $dev
dd if=$d of=/dev/null bs=1M iflag=direct status=none
before=$(field v nodes)
for ((i = 0; i < 30; i++)); do echo 2 >/proc/sys/vm/drop_caches; done
after=$(field v nodes)
((before > 100 && after < before)) || fail "$before nodes, $after after dropping caches"

# Writing through the page cache, with a limit on memory that is much smaller than the data.
modprobe ext4
mkfs.ext4 -q $d
mount $d /mnt/a
g=/sys/fs/cgroup/dmw
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir -p $g
echo 16M >$g/memory.max
(
	echo $BASHPID >$g/cgroup.procs
	for ((i = 0; i < 3; i++)); do
		head -c 40M /dev/urandom | tee /mnt/a/f$i | md5sum >"$work/f$i.md5" &
	done
	wait
)
echo 3 >/proc/sys/vm/drop_caches
for ((i = 0; i < 3; i++)); do
	eq "file $i" "$(md5sum </mnt/a/f$i | cut -d' ' -f1)" "$(cut -d' ' -f1 "$work/f$i.md5")"
done
umount /mnt/a
rmdir $g
eq "mode, mismatches" "$(field v mode) $(field v mismatches)" "rw 0"
close_volume v
