#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Crashes. A recording of all writes of a busy volume gives images of the LUN as
# a crash may leave it at any moment, with part of the volatile cache lost. Each
# is opened: what was synced is there, everything can be read, nothing is lost.
# tests/vm/crash-rounds does the same with a real power cut.
# limit: 240
# kmsg: LUN refused a write|close the volume and open it again|not checkpointed|I/O error|device-mapper: ioctl: .*

. "$(dirname "$0")/../lib.sh"
rounds=20 blocks=768

modprobe nbd
mib=16 # the volume's part; behind it synced keeps its marks
lun disk 24
dmsetup create lun --table "0 $((mib * 2048)) linear $dev 0"
dd if=/dev/urandom of=/dev/mapper/lun bs=1M count=1 seek=8 oflag=direct status=none # no zeros below
format v /dev/mapper/lun
dmsetup remove lun
losetup -d "$dev"
d=/dev/mapper/v
copy disk base
record "$work/disk.img" "$work/log" "$work/nbd" &
recorder=$!
until [[ -S $work/nbd ]]; do sleep 0.05; done
nbd-client -unix "$work/nbd" /dev/nbd0 -timeout 60 >/dev/null
dmsetup create lun --table "0 $((mib * 2048)) linear /dev/nbd0 0"
open_volume v /dev/mapper/lun checkpoint_seconds 1
synced write -b $blocks -n 120 -m /dev/nbd0:$((mib << 20)) $d >"$work/told"
tail -n 1 "$work/told"
stats=$(dmsetup message v 0 stats)
echo "$stats"
close_volume v
dmsetup remove lun
nbd-client -d /dev/nbd0 >/dev/null
wait $recorder

# verify IMAGE-DEVICE ROUND-SYNCED
verify() {
	open_volume v "$1"
	synced verify -b $blocks -k "$2" $d || fail "$3"
	eq "status of $3" "$(field v mode) $(field v mismatches) $(field v lost)" "rw 0 0"
	recovered=$((recovered + $(field v recovered)))
	close_volume v
}
recovered=0 cut=0
python3 "$(dirname "$0")/replay.py" --log "$work/log" --base "$work/base.img" --out "$work/images" \
	--size $((mib << 20)) --mark $((mib << 20)) --count $rounds --seed "${SEED:-$RANDOM}" >"$work/list"
while read -r n at left_out told; do
	dev=$(losetup -f --show -o $((n * (mib << 20))) --sizelimit $((mib << 20)) "$work/images")
	verify "$dev" "$told" "image $n, cut at $at, $left_out writes lost, synced $told"
	losetup -d "$dev"
	cut=$((cut + left_out))
done <"$work/list"
# A recording in which no crash has lost anything would test nothing.
((recovered > 0 && cut > 0)) || fail "$recovered sectors recovered, $cut writes lost: not much of a crash"
echo "$rounds images: $recovered sectors recovered, $cut writes lost"
rm "$work/images" "$work/log"

# The same volume crashes again and again: the LUN goes away in the middle of it.
lun disk2 16
disk=$dev size=$(blockdev --getsz "$dev")
dmsetup create lun --table "0 $size linear $disk 0"
format v /dev/mapper/lun
for ((i = 0; i < 5; i++)); do
	open_volume v /dev/mapper/lun checkpoint_seconds 1
	synced write -b $blocks -S "$work/state" $d >"$work/told" 2>/dev/null &
	writer=$!
	sleep 1.$((RANDOM % 10))
	dmsetup reload lun --table "0 $size error"
	dmsetup suspend --nolockfs lun
	dmsetup resume lun
	wait $writer || true
	close_volume v
	dmsetup reload lun --table "0 $size linear $disk 0"
	dmsetup suspend --nolockfs lun
	dmsetup resume lun
	open_volume v /dev/mapper/lun
	told=$(sed -n 's/^synced //p' "$work/told" | tail -n 1)
	synced verify -b $blocks -k "$told" -S "$work/state" $d || fail "round $i, synced $told"
	eq "lost in round $i" "$(field v lost)" 0
	close_volume v
done
