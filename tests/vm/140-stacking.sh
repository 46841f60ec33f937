#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What people put on a volume: LVM, partitions of it, dm-crypt, swap.
# limit: 180

. "$(dirname "$0")/../lib.sh"

fresh v 160
d=/dev/mapper/v
random_file "$work/data" $((2 << 20))

# LVM: two logical volumes, one grown over the other's end.
lvm() { command lvm "$@" >"$work/lvm.out" 2>&1 || { cat "$work/lvm.out" >&2; fail "lvm $*"; }; }
lvm pvcreate -y $d
lvm vgcreate dmwt $d
lvm lvcreate -y -Zn -Wn -n one -l 10 dmwt
lvm lvcreate -y -Zn -Wn -n two -l 10 dmwt
lvm lvextend -l +5 dmwt/one
one=/dev/mapper/dmwt-one two=/dev/mapper/dmwt-two
eq "logical block size" "$(blockdev --getss $one)" 4096
put "$work/data" $one 10100
put "$work/data" $two 0
same "$work/data" $one 10100
same "$work/data" $two 0
lvm vgchange -an dmwt
close_volume v
open_volume v "$dev"
lvm vgchange -ay dmwt
same "$work/data" $one 10100
same "$work/data" $two 0
lvm vgremove -y -f dmwt
lvm pvremove $d

# dm-linear across leaves and groups, not aligned to them.
dmsetup create part --table "0 80000 linear $d 56008"
fio_verify /dev/mapper/part --rw=randwrite --bsrange=4k-256k --iodepth=8 --size=39m --io_size=8m
dmsetup remove part

# dm-crypt on top; its sectors are 4 KiB too.
modprobe -a dm-crypt xts
dmsetup create c --table "0 200000 crypt aes-xts-plain64 $(printf '%0128d' 7) 0 $d 0 1 sector_size:4096"
fio_verify /dev/mapper/c --rw=randwrite --bsrange=4k-128k --iodepth=8 --size=90m --io_size=8m
dmsetup remove c
# Its sectors of 512 bytes do not fit a volume's: refused, not wrong.
dmsetup create c --table "0 200000 crypt aes-xts-plain64 $(printf '%0128d' 7) 0 $d 0" 2>/dev/null &&
	dmsetup remove c

# Swap: a process that is larger than its memory limit.
mkswap $d >/dev/null
swapon $d
g=/sys/fs/cgroup/dmw
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir -p $g
echo 20M >$g/memory.max
(
	echo $BASHPID >$g/cgroup.procs
	exec python3 - <<-'PYTHON'
		import random
		rng = random.Random(5)
		pages = 10000	# 40 MB
		m = bytearray(pages * 4096)
		for p in range(pages):
		    m[p * 4096:p * 4096 + 8] = p.to_bytes(8, "little")
		for _ in range(600):
		    p = rng.randrange(pages)
		    assert int.from_bytes(m[p * 4096:p * 4096 + 8], "little") == p, p
	PYTHON
) || fail "swapping"
(($(stat_of v writes) > 100)) || fail "nothing was swapped out"
swapoff $d
rmdir $g
eq "mode, mismatches" "$(field v mode) $(field v mismatches)" "rw 0"
close_volume v
