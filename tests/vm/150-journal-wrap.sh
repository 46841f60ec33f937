#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A tiny LUN, whose journal is used up and begun again all the time: no hang, and
# recovery from any place in the ring.
# limit: 180

. "$(dirname "$0")/../lib.sh"

lun v 16
format v "$dev"
lun_dev=$dev
open_volume v "$dev" checkpoint_seconds 1
d=/dev/mapper/v
units=$(dmsetup status v | cut -d' ' -f7 | cut -d/ -f2)

# One small synchronous write at a time, then many at once.
(cd "$work" && fio --name=w --filename=$d --ioengine=psync --direct=1 --sync=1 --rw=randwrite --bs=4k \
	--size=4m --io_size=6m >/dev/null)
fio_verify $d --rw=randwrite --bs=4k --iodepth=32 --size=6m
fio_verify $d --rw=randwrite --bsrange=4k-512k --iodepth=32 --size=12m --io_size=24m
records=$(stat_of v records)
((records > 10 * units / 8)) || fail "$records records, $units units: the journal has not wrapped"
wraps=$((records / units))
echo "$records records, ring of $units units: $wraps wraps or more"

# Stop the writer anywhere and take the LUN as it is: all that was synced can be recovered.
close_volume v
format v "$lun_dev" --erase-signature dm-warrant
cp "$work/v.vol" "$work/c.vol"
cp "$work/v.key" "$work/c.key"
open_volume v "$lun_dev" checkpoint_seconds 1
synced write -b 512 -q 8 $d >"$work/told" &
writer=$!
lost=0
for ((i = 0; i < 8; i++)); do
	sleep 0.7
	kill -STOP $writer
	told=$(sed -n 's/^synced //p' "$work/told" | tail -n 1)
	copy v c
	kill -CONT $writer
	rm -f "$work/copy-$i.img"
	mv "$work/c.img" "$work/copy-$i.img"
	echo "$told" >"$work/copy-$i.told"
done
kill $writer
wait $writer 2>/dev/null || true
close_volume v
for ((i = 0; i < 8; i++)); do
	loop_of "$work/copy-$i.img"
	open_volume c "$dev"
	synced verify -b 512 -q 8 -k "$(<"$work/copy-$i.told")" /dev/mapper/c || fail "copy $i"
	lost=$((lost + $(field c lost)))
	close_volume c
done
eq lost $lost 0
