#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Rotation in the kernel, by its messages: a new epoch under I/O, a sweep that is throttled, paused,
# suspended, cut off by a dead LUN and started again; the old epoch's end, after which its keys are not
# needed for anything.
# limit: 240
# kmsg: LUN refused a write|close the volume and open it again|not checkpointed|I/O error|device-mapper: ioctl: .*
# kmsg: which is shredded: destroy that copy|preresume failed|the sweep has stopped|epoch .*: .* missing|does not fit its seal|keys: Keyset|lacks a key|Invalid exchange|critical

. "$(dirname "$0")/../lib.sh"
d=/dev/mapper/v

# keyset OUT IN EPOCH...: of IN's keys those of some epochs; new ones for epochs it has none of.
keyset() {
	python3 - "$work/$1.key" "$work/$2.key" "${@:3}" <<-'EOP'
		import os, struct, sys
		out, old, epochs = sys.argv[1], open(sys.argv[2], "rb").read(), [int(e) for e in sys.argv[3:]]
		keys = {struct.unpack_from("<II", old, i): old[i + 8:i + 40] for i in range(24, len(old), 40)}
		tags = sorted({t for t, e in keys})
		new = {(t, e): keys.get((t, e)) or os.urandom(32) for t in tags for e in epochs}
		with open(out, "wb") as f:
		    f.write(old[:6] + struct.pack("<H", len(new)) + old[8:24])
		    for (t, e), k in sorted(new.items()):
		        f.write(struct.pack("<II", t, e) + k)
	EOP
}
load_keys() {
	give_key "$1"
	message v keys "logon:dm-warrant:$uuid"
	take_key
}
sweep() { read -ra s <<<"$(message v sweep status)"; }
wait_sweep() { # STATE
	for ((i = 0; i < 600; i++)); do
		sweep
		[[ ${s[0]} != running ]] && break
		sleep 0.1
	done
	eq "state of the sweep (${s[*]})" "${s[0]}" "$1"
}

lun v 72
lun_dev=$dev size=$(blockdev --getsz "$dev")
dmsetup create lun --table "0 $size linear $lun_dev 0"
lun_table() {
	dmsetup reload lun --table "0 $size $*"
	dmsetup suspend --nolockfs lun
	dmsetup resume lun
}
format v /dev/mapper/lun
add_keys v 1 2
cp "$work/v.key" "$work/one.key"
open_volume v /dev/mapper/lun
message v tag_create 1 "$(hex one)" -
message v tag_create 2 "$(hex two)" -
random_file "$work/f" $((2000 * 4096))
put "$work/f" $d 0
put "$work/f" $d 15000
assign v 1 100 50
assign v 2 15100 50
message v tag_state 2 restricted
times() { { message v extents 0 5000; message v extents 15000 15100; } | cut -d' ' -f1,2,3,5,6; }
before=$(times)

# ---- a new epoch needs all of its keys ----
eq "epochs" "$(message v epochs | cut -d' ' -f1,2)" "1 current"
read -ra s <<<"$(message v sweep status)"
eq "no sweep" "${s[0]} ${s[1]}" "done 1"
expect_fail "metadata key is missing" message v epoch 2
expect_fail "" message v epoch 0
expect_fail "" message v retire 2
expect_fail "busy" message v retire 1
expect_fail "busy" message v forget epoch 1
keyset two v 1 2
python3 - "$work/two.key" "$work/part.key" <<-'EOP'
	import struct, sys
	d = open(sys.argv[1], "rb").read()
	keys = [d[i:i + 40] for i in range(24, len(d), 40)]
	keys = [k for k in keys if struct.unpack_from("<II", k) != (2, 2)]
	open(sys.argv[2], "wb").write(d[:6] + struct.pack("<H", len(keys)) + d[8:24] + b"".join(keys))
EOP
load_keys part
expect_fail "key of tag 2 is missing" message v epoch 2
load_keys two
message v epoch 2
message v epoch 2
expect_fail "" message v epoch 1
eq "epochs" "$(message v epochs | cut -d' ' -f1,2)" $'1 old\n2 current'
sweep
eq "not begun" "${s[0]} ${s[1]} ${s[2]}" "idle 2 0"
expect_fail "busy" message v retire 1

# ---- under I/O; the LUN dies in the middle of it ----
had=$(stat_of v writes)
fio --name=v --filename=$d --ioengine=libaio --direct=1 --rw=randrw --bs=4k --iodepth=4 --offset=20m --size=8m \
	--time_based --runtime=60 --output="$work/fio.out" >/dev/null 2>&1 &
writer=$!
for ((i = 0; i < 100 && $(stat_of v writes) < had + 500; i++)); do sleep 0.1; done
expect_fail "" message v sweep start 0
expect_fail "" message v sweep start 101
message v sweep start 5
sleep 0.5
message v sweep pause
sweep
eq "paused" "${s[0]}" paused
paused=${s[2]}
((paused < size / 8)) || fail "a sweep that takes 5 % is through at once"
sleep 0.3
sweep
eq "paused means" "${s[2]}" "$paused"
message v sweep start 5
dmsetup suspend v
dmsetup resume v
for ((i = 0; i < 200; i++)); do sweep; ((s[2] <= paused)) || break; sleep 0.1; done
((s[2] > paused)) || fail "the sweep does not go on after a suspension: ${s[*]}"
lun_table error
wait $writer || true
wait_sweep "failed"
close_volume v
lun_table linear "$lun_dev" 0

# ---- another opening: not without the old keys, not without the new ones ----
keyset old two 1
keyset new two 2
cp "$work/v.vol" "$work/old.vol"
for k in old new; do
	cp "$work/$k.key" "$work/v.key"
	expect_fail "" open_volume v /dev/mapper/lun
done
cp "$work/two.key" "$work/v.key"
open_volume v /dev/mapper/lun
eq "lost" "$(field v lost)" 0
sweep
eq "after a crash" "${s[0]} ${s[1]}" "idle 2"
expect_fail "busy" message v retire 1
message v sweep start 100
wait_sweep "done"
eq "through" "${s[2]} ${s[5]} ${s[6]}" "${s[3]} 0 0"
same "$work/f" $d 0
eq "times and tags" "$(times)" "$before"
message v retire 1
expect_fail "No such file" message v retire 1
eq "epochs" "$(message v epochs | cut -d' ' -f1,2)" "2 current"
message v forget epoch 1
expect_fail "busy" message v forget epoch 2
message v tag_show 1 >/dev/null
same "$work/f" $d 0
close_volume v

# ---- the old keys are not needed; nothing of the LUN opens under them ----
cp "$work/old.key" "$work/v.key"
expect_fail "" open_volume v /dev/mapper/lun
cp "$work/new.key" "$work/v.key"
open_volume v /dev/mapper/lun
same "$work/f" $d 0
get $d 15000 100 | cmp - <(head -c $((100 * 4096)) "$work/f") || fail "data before the restricted tag"
read_error $d 15120 "Remote I/O error"
eq "mismatches and lost" "$(field v mismatches) $(field v lost)" "0 0"
close_volume v

# ---- what is damaged keeps its epoch; what is shredded does not ----
open_volume v /dev/mapper/lun
message v tag_state 2 shredded
close_volume v
layout "$work/v.img"
flip "$work/v.img" "$(block_of_sector 500)"
echo 3 >/proc/sys/vm/drop_caches
keyset both new 2 3
cp "$work/both.key" "$work/v.key"
open_volume v /dev/mapper/lun
message v epoch 3
message v sweep start 100
wait_sweep "failed"
eq "damaged, shredded" "${s[5]} ${s[6]}" "1 50"
expect_fail "busy" message v retire 2
put "$work/f" $d 500 1
message v sweep start 100
wait_sweep "done"
eq "damaged, shredded" "${s[5]} ${s[6]}" "0 50"
message v retire 2
message v forget epoch 2
read_error $d 15120 "No data available"
get $d 0 500 | cmp - <(head -c $((500 * 4096)) "$work/f") || fail "data after the second rotation"
close_volume v
dmsetup remove lun
