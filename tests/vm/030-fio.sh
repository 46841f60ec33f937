#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fio writes, reads back and compares: patterns, sizes, depths, jobs; and once
# more after the volume was closed and opened.
# limit: 180

. "$(dirname "$0")/../lib.sh"

ram_lun 0 200
format v $dev
open_volume v $dev
d=/dev/mapper/v

again() { # the same data, after close and open: fio knows it from its seed
	close_volume v
	open_volume v $dev
	fio_verify $d "$@" --verify_only=1
}

fio_verify $d --rw=randwrite --bs=4k --iodepth=1 --size=1m
job=(--rw=randwrite --bs=4k --iodepth=32 --size=8m --randseed=5)
fio_verify $d "${job[@]}"
again "${job[@]}"
fio_verify $d --rw=randrw --bs=4k --iodepth=16 --size=4m
fio_verify $d --rw=randwrite --bs=64k --iodepth=16 --size=8m
job=(--rw=randwrite --bsrange=4k-1M --iodepth=16 --size=32m --randseed=6 --norandommap=0)
fio_verify $d "${job[@]}"
again "${job[@]}"
fio_verify $d --rw=randrw --bsrange=4k-64k --iodepth=32 --numjobs=4 --size=4m --offset_increment=24m
# writes that may overlap: fio cannot verify them, the volume must stay readable
fio_verify $d --rw=randrw --bsrange=4k-128k --iodepth=32 --size=2m --io_size=4m --norandommap=1 --do_verify=0 --verify=0
get $d 0 512 >/dev/null
fio_verify $d --rw=write --bs=1M --iodepth=4 --size=16m --fsync=8
fio_verify $d --rw=randwrite --bs=4k --iodepth=8 --size=1m --fdatasync=4
eq mismatches "$(field v mismatches)" 0
close_volume v
warrantctl volume check --data --keyset "$work/v.key" $dev >/dev/null
