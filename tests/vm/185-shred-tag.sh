#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Shredding in the kernel: a tag while the volume is in use, with a crash in between, and after a close;
# a tag whose keys were destroyed while the volume was closed; keys that come back; all keys of a volume
# that is busy.
# kmsg: critical
# kmsg: I/O error, dev
# kmsg: Remote I/O error
# kmsg: No data available
# kmsg: keys: Keyset has a key of a tag that was shredded
# kmsg: the keyset has a key of tag
# kmsg: Buffer I/O error
# kmsg: all keys were shredded
# kmsg: the keyset lacks
# kmsg: LUN refused a write|close the volume and open it again|not checkpointed|device-mapper: table: .*
# kmsg: lost async page write
# kmsg: a node does not fit

. "$(dirname "$0")/../lib.sh"

enodata="No data available"
d=/dev/mapper/v
lun v 300
format v "$dev"
lun_dev=$dev
add_keys v 1 3
open_volume v "$dev" allow_discards
volume v

# mark NAME TAG: in the keyset file, in the place of the tag's keys.
mark() {
	python3 - "$work/$1.key" "$2" <<-'EOP'
		import struct, sys
		d, tag = open(sys.argv[1], "rb").read(), int(sys.argv[2])
		keys = [d[i:i + 40] for i in range(24, len(d), 40)]
		keys = [k for k in keys if struct.unpack_from("<I", k)[0] != tag]
		keys.append(struct.pack("<II", tag, 0) + bytes(32))
		open(sys.argv[1], "wb").write(d[:6] + struct.pack("<H", len(keys)) + d[8:24] + b"".join(keys))
	EOP
}
# shredded DEVICE SECTOR: and whatever is tried ends with the same.
shredded() {
	read_error "$1" "$2" "$enodata"
	expect_fail "$enodata" put "$work/f" "$1" "$2" 1
	expect_fail "" blkdiscard -z -o $(($2 * 4096)) -l 4096 "$1"
}
# others DEVICE: what has another tag is as it was.
others() {
	get "$1" 2000 100 | cmp - <(head -c $((100 * 4096)) "$work/f") || fail "$1: sectors of tag 2"
	get "$1" 3000 100 | cmp - <(head -c $((100 * 4096)) "$work/f") || fail "$1: sectors without a tag"
}

new_tag v 1 one
new_tag v 2 two
new_tag v 3 three
random_file "$work/f" $((100 * 4096))
for s in 1000 2000 3000 4000; do put "$work/f" $d $s; done
assign v 1 1000 200
assign v 2 2000 100
assign v 3 4000 100
cp "$work/v.key" "$work/all.key"
cp "$work/v.vol" "$work/all.vol"

# ---- a tag of a volume in use ----
expect_fail "not permitted" message v tag_state 0 shredded
expect_fail "No such file" message v tag_state 9 shredded
copy v before
dd if=/dev/zero of=$d bs=4k seek=1100 count=100 oflag=direct conv=fsync status=none &
writer=$!
message v tag_state 1 shredded
copy v crash				# as a crash now would leave it
wait $writer 2>/dev/null || true	# it was too late, or not
message v tag_state 1 shredded
for s in 1000 1099 1150 1199; do shredded $d $s; done
if get $d 995 10 >/dev/null 2>&1; then fail "a read that begins before shredded sectors"; fi
others $d
eq "states" "$(message v tag_list 1)" $'1 shredded\n2 open\n3 open\nend'
eq "record" "$(message v tag_show 1 | cut -d' ' -f1,2,5)" "1 shredded $(hex one)"
expect_fail "not permitted" message v tag_state 1 restricted
expect_fail "not permitted" message v tag_edit 1 "$(hex other)" -
expect_fail "not permitted" message v assign 1 5000 1
assign v 0 995 20
eq "job out of shredded" "${job#* }" "0 995 20 20 0 15 failed"
# its keys do not come back
give_key all
expect_fail "revoked" message v keys "logon:dm-warrant:$uuid"
take_key
shredded $d 1000
(($(field v mismatches) == 0)) || fail "$(field v mismatches) mismatches"

# ---- a crash, a close; a keyset without the keys, with the mark, with the keys ----
close_volume v
cp "$work/all.key" "$work/v.key"
python3 - "$work/v.key" <<-'EOP'
	import struct, sys
	d = open(sys.argv[1], "rb").read()
	keys = [d[i:i + 40] for i in range(24, len(d), 40) if struct.unpack_from("<I", d, i)[0] != 1]
	open(sys.argv[1], "wb").write(d[:6] + struct.pack("<H", len(keys)) + d[8:24] + b"".join(keys))
EOP
cp "$work/v.key" "$work/without.key"
loop_of "$work/crash.img"
cp "$work/v.vol" "$work/crash.vol"
for kind in without all mark; do
	cp "$work/${kind/mark/without}.key" "$work/crash.key"
	[[ $kind != mark ]] || mark crash 1
	open_volume crash "$dev"
	shredded /dev/mapper/crash 1000
	others /dev/mapper/crash
	eq "states with keyset '$kind'" "$(message crash tag_list 1)" $'1 shredded\n2 open\n3 open\nend'
	give_key all
	expect_fail "revoked" message crash keys "logon:dm-warrant:$uuid"
	take_key
	close_volume crash
done
dmsetup_args=--readonly open_volume crash "$dev"
read_error /dev/mapper/crash 1000 "$enodata"
expect_fail "Read-only" message crash tag_state 2 shredded
read_error /dev/mapper/crash 2000 "$enodata"
close_volume crash
warrantctl volume check --data --json --keyset "$work/all.key" "$lun_dev" >"$work/check.json"
eq "check" "$(jq -c '[.damaged_blocks, .tags, .written_sectors - .verified_sectors - .shredded_sectors]' \
	"$work/check.json")" "[0,3,0]"
(($(jq .shredded_sectors "$work/check.json") >= 100)) || fail "check: $(<"$work/check.json")"
expect_fail "shredded" warrantctl volume dump --keyset "$work/all.key" sector 1000 "$lun_dev"

# ---- destroyed while the volume was closed, after a crash ----
cp "$work/all.key" "$work/before.key"
cp "$work/v.vol" "$work/before.vol"
mark before 3
loop_of "$work/before.img"
warrantctl volume open --keyset "$work/before.key" "$dev" before >/dev/null
eq "recorded" "$(message before tag_list 1)" $'1 open\n2 open\n3 shredded\nend'
shredded /dev/mapper/before 4050
others /dev/mapper/before
get /dev/mapper/before 1000 100 | cmp - <(head -c $((100 * 4096)) "$work/f") || fail "tag 1 before"
warrantctl tag map --exact before >"$work/map"
grep -q 'x  shredded, for ever: 1 tags' "$work/map" || fail "map: $(<"$work/map")"
close_volume before
cp "$work/without.key" "$work/before.key"
open_volume before "$dev"
eq "stays" "$(message before tag_list 1)" $'1 open\n2 open\n3 shredded\nend'
# without a key and without a mark: not shredded, and not to be had
if get /dev/mapper/before 1000 1 >/dev/null 2>"$work/err"; then fail "read without a key"; fi
! grep -q "$enodata" "$work/err" || fail "a missing key looks like a shredded tag"
close_volume before

# ---- all keys of a busy volume ----
open_volume v "$lun_dev"
others $d
while dd if=/dev/zero of=$d bs=64k seek=1000 count=16 oflag=direct,dsync conv=notrunc status=none; do :; done \
	2>"$work/busy" &
busy=$!
while dd if=$d of=/dev/null bs=64k skip=1000 count=16 iflag=direct status=none; do :; done 2>>"$work/busy" &
reader=$!
sleep 0.5
message v keys_forget
message v keys_forget
wait $busy $reader
eq "what the busy saw" "$(sed 's/.*: //' "$work/busy" | sort -u)" "$enodata"
eq "mode" "$(field v mode)" shredded
for s in 1000 2000 3000 9000; do read_error $d $s "$enodata"; done
expect_fail "$enodata" put "$work/f" $d 3000 1
expect_fail "$enodata" message v checkpoint
give_key without
expect_fail "revoked" message v keys "logon:dm-warrant:$uuid"
take_key
dmsetup suspend v
message v keys_forget
dmsetup resume v
read_error $d 3000 "$enodata"
close_volume v
# the LUN is as after a crash: with keys, all is there
open_volume v "$lun_dev"
others $d
shredded $d 1000
close_volume v

# ---- a LUN that fails: the keys go nevertheless ----
size=$(blockdev --getsz "$lun_dev")
lun_is() {
	dmsetup reload lun --table "0 $size $1"
	dmsetup suspend --nolockfs lun
	dmsetup resume lun
}
dmsetup create lun --table "0 $size linear $lun_dev 0"
open_volume v /dev/mapper/lun checkpoint_seconds 3600
others $d
lun_is error
expect_fail "Input/output error" message v tag_state 2 shredded	# its record cannot be read
lun_is "linear $lun_dev 0"
shredded $d 2000
eq "still in use" "$(field v mode)" rw
message v tag_state 2 shredded
lun_is error
expect_fail "" put "$work/f" $d 3000 1
lun_is "linear $lun_dev 0"
eq "mode" "$(field v mode)" failed
same "$work/f" $d 3000
same "$work/f" $d 4000
expect_fail "Input/output error" message v tag_state 3 shredded	# writing has stopped
read_error $d 4000 "$enodata"
same "$work/f" $d 3000
close_volume v
dmsetup remove lun
open_volume v "$lun_dev"
eq "what was recorded" "$(message v tag_list 1)" $'1 shredded\n2 shredded\n3 open\nend'

# ---- a table that was loaded and is not in use yet: its keys go, too ----
cp "$work/all.key" "$work/v.key"
reload v "$lun_dev"
message v tag_state 3 shredded
message v keys_forget
expect_fail "Required key not available" dmsetup resume v
close_volume v
