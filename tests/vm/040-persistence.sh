#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What was written is there after closing; checkpoint numbers only grow; an
# anchor refuses the LUN's own past, and a fork of it.
# kmsg: rolled back|device-mapper: table: .*warrant|device-mapper: ioctl: error adding target

. "$(dirname "$0")/../lib.sh"

lun v 64
format v "$dev"
open_volume v "$dev"
d=/dev/mapper/v
random_file "$work/data" $((4 << 20))

last=0
grown() {
	local now
	now=$(field v checkpoint)
	((now > last)) || fail "checkpoint $now after $last"
	last=$now
}
grown
activation=$(field v activation)
for ((i = 0; i < 4; i++)); do
	put "$work/data" $d $((i * 2000))
	dmsetup message v 0 checkpoint
	grown
	dmsetup message v 0 checkpoint
	eq "checkpoint of nothing new" "$(field v checkpoint)" "$last"
	close_volume v
	echo 3 >/proc/sys/vm/drop_caches
	open_volume v "$dev"
	grown
	eq activation "$(field v activation)" $((++activation))
	for ((k = 0; k <= i; k++)); do same "$work/data" $d $((k * 2000)); done
	zeros $d $((i * 2000 + 1024)) 100
done
eq recovered "$(field v recovered) $(field v lost)" "0 0"

# The timer does it by itself.
close_volume v
open_volume v "$dev" checkpoint_seconds 1
last=$(field v checkpoint)
put "$work/data" $d 9000 1
sleep 2.5
grown
sleep 1.5
eq "idle volume's checkpoint" "$(field v checkpoint)" "$last"
eq "journal in use" "$(field v journal)" 0
close_volume v

# Anchors. The one that warrantctl prints is the LUN's state.
copy v old
open_volume v "$dev"
put "$work/data" $d 9100 16
anchor=$(warrantctl volume close v --json | jq -r .anchor)
open_volume v "$dev" anchor "$anchor"
put "$work/data" $d 9200 16
newer=$(warrantctl volume close v --json | jq -r .anchor)
((${newer%%:*} > ${anchor%%:*})) || fail "anchor $newer is not newer than $anchor"
copy v now
open_volume v "$dev" anchor "$anchor"	# an older anchor: the volume has gone on
close_volume v

losetup -d "$dev"
loop_of "$work/old.img"
digest=$(digest_of "$work/old.img")
expect_fail "rolled back" open_volume v "$dev" anchor "$newer"
expect_fail "rolled back" open_volume v "$dev" anchor "$anchor"
eq "digest of a LUN that was refused" "$(digest_of "$work/old.img")" "$digest"

# A fork: two histories that go on from the same state, and the second further than the first.
copy now fork1
copy now fork2
for f in fork1 fork2; do
	loop_of "$work/$f.img"
	open_volume v "$dev"
	put "$work/data" $d 9300 1
	if [[ $f == fork2 ]]; then
		dmsetup message v 0 checkpoint
		put "$work/data" $d 9301 1
	fi
	warrantctl volume close v --json | jq -r .anchor >"$work/$f.anchor"
done
fork1=$(<"$work/fork1.anchor") fork2=$(<"$work/fork2.anchor")
((${fork2%%:*} > ${fork1%%:*})) || fail "fork $fork2 is not further than $fork1"
expect_fail "another history" open_volume v "$dev" anchor "$fork1"
open_volume v "$dev" anchor "$fork2"
close_volume v
