#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Suspending, resuming, reloading, removing; also while there is I/O, and after
# somebody else has changed the LUN meanwhile.
# kmsg: the volume changed while it was suspended|open already|device-mapper: (table|ioctl): .*

. "$(dirname "$0")/../lib.sh"

lun v 96
format v "$dev"
lun_dev=$dev
open_volume v "$dev"
d=/dev/mapper/v

# fio runs all the while and compares; the device is suspended and resumed, with and without
# flushing, and its table exchanged for the same one.
(fio_verify $d --rw=randwrite --bsrange=4k-64k --iodepth=8 --size=24m --thinktime=3ms --thinktime_blocks=8) &
load=$!
for ((i = 0; i < 6; i++)); do
	case $((i % 3)) in
	0) dmsetup suspend v; sleep 0.1; dmsetup resume v ;;
	1) dmsetup suspend --noflush --nolockfs v; dmsetup resume v ;;
	2) reload v "$lun_dev" cache_mib $((8 + i)); dmsetup suspend v; dmsetup resume v ;;
	esac
	sleep 0.2
done
wait $load || fail "fio"
eq mode "$(field v mode) $(field v mismatches) $(field v lost)" "rw 0 0"
[[ $(dmsetup table v) == *"cache_mib 13"* ]] || fail "the reloaded table is not in use"

# Suspended: all is on the LUN, nothing is under way.
random_file "$work/data" $((1 << 20))
put "$work/data" $d 9000
dmsetup suspend v
eq "journal of a suspended volume" "$(field v journal)" 0
expect_fail "" dmsetup message v 0 checkpoint
copy v snapshot
dmsetup resume v
close_volume v
copy v kept
loop_of "$work/snapshot.img"
open_volume v "$dev"
same "$work/data" $d 9000
eq "recovered from a suspended volume's LUN" "$(field v recovered)" 0
close_volume v

# Somebody else opens and writes while it is suspended: no resuming.
open_volume v "$lun_dev"
dmsetup suspend v
loop_of "$work/v.img"
dmsetup create other --table "$(give_key v; line v "$dev")"
put "$work/data" /dev/mapper/other 9500
expect_fail "open already" dmsetup resume v
close_volume other
expect_fail "changed while it was suspended" dmsetup resume v
close_volume v
take_key
open_volume v "$lun_dev"
same "$work/data" $d 9500
same "$work/data" $d 9000
close_volume v

# The LUN goes back to an older state while suspended.
open_volume v "$lun_dev"
dmsetup suspend v
overwrite kept v
expect_fail "changed while it was suspended" dmsetup resume v
close_volume v

# In use: not removed. Deferred: removed when the last user has gone.
open_volume v "$lun_dev"
exec 8<$d
expect_fail "busy" dmsetup remove v
eq "mode after that" "$(field v mode)" rw
dmsetup remove --deferred v
dmsetup info v >/dev/null || fail "removed under its user"
same "$work/data" /proc/self/fd/8 9000
exec 8<&-
for ((i = 0; i < 30; i++)); do dmsetup info v >/dev/null 2>&1 || break; sleep 0.1; done
! dmsetup info v >/dev/null 2>&1 || fail "still there"

# A table that is loaded but never resumed changes nothing.
open_volume v "$lun_dev"
number=$(field v anchor)
reload v "$lun_dev"
eq "status of the inactive table" "$(dmsetup status --inactive v | cut -d' ' -f4)" new
dmsetup clear v
eq "checkpoint" "$(field v anchor)" "$number"
close_volume v
# Created, but not resumed, then removed.
volume v
give_key v
digest=$(digest_of "$work/v.img")
dmsetup create v --notable
dmsetup reload v --table "$(line v "$lun_dev")"
dmsetup remove v
eq "LUN of a volume that was never resumed" "$(digest_of "$work/v.img")" "$digest"
# Opened with suspended creation, removed while suspended.
for ((i = 0; i < 3; i++)); do
	dmsetup create v --table "$(line v "$lun_dev")"
	dmsetup suspend --noflush v
	close_volume v
done
take_key
