#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Case tags in the kernel: created, named, assigned to what is written and what is not, inherited by
# writes, cleared by discards, frozen, restricted; all of it there after a crash and after a close.
# kmsg: Invalid exchange
# kmsg: critical
# kmsg: Remote I/O error
# kmsg: I/O error, dev
# kmsg: keys: Keyset not found
# kmsg: lost async page write

. "$(dirname "$0")/../lib.sh"

ebade="Invalid exchange" eremoteio="Remote I/O error"
d=/dev/mapper/v
lun v 300
format v "$dev"
add_keys v 1 3
open_volume v "$dev" allow_discards
size=$((len / 8))

extents() { message v extents "${1:-0}" "${2:-$size}"; }
# tags START END: their tags and states of writing, without the times
tags() { extents "$@" | cut -d' ' -f1-4; }

# ---- records ----
eq "no tags" "$(message v tag_list 1)" end
expect_fail "" message v tag_create 2 "$(hex second)" -
expect_fail "" message v tag_create 1 - -
expect_fail "" message v tag_create 1 "$(hex "$(printf %65s x)")" -
expect_fail "" message v tag_create 1 zz -
expect_fail "" message v tag_show 1
expect_fail "" message v assign 1 0 1
message v tag_create 1 "$(hex 'case one')" "$(hex '{"LIID":"L1"}')"
expect_fail "File exists" message v tag_create 1 "$(hex again)" -
message v tag_create 2 "$(hex two)" -
message v tag_create 3 "$(hex three)" -
read -ra r <<<"$(message v tag_show 1)"
eq "record of tag 1" "${r[0]} ${r[1]} ${r[4]} ${r[5]}" "1 open $(hex 'case one') $(hex '{"LIID":"L1"}')"
message v tag_edit 2 "$(hex 'two, renamed')" "$(hex "$(printf %3072s x)")"
eq "list" "$(message v tag_list 1)" $'1 open\n2 open\n3 open\nend'
expect_fail "" message v tag_edit 2 "$(hex two)" "$(hex "$(printf %3073s x)")"
# The key of the current epoch must be there first.
expect_fail "Required key not available" message v tag_create 4 "$(hex four)" -
add_keys v 4
new_tag v 4 four

# ---- assignments ----
random_file "$work/f" $((300 * 4096))
put "$work/f" $d 1000		# written before
before=$(extents 1000 1300 | cut -d' ' -f5,6)
sleep 1.1
assign v 1 900 500		# unwritten, written, unwritten
eq "job" "${job#* }" "1 900 500 500 300 0 done"
eq "tags" "$(tags 0 3000)" $'0 900 0 unwritten\n900 100 1 unwritten\n1000 300 1 written\n1300 100 1 unwritten\n1400 1600 0 unwritten\nend'
eq "time of writing" "$(extents 1000 1300 | cut -d' ' -f5,6)" "$before"
same "$work/f" $d 1000
put "$work/f" $d 1250 100	# inherits, where it was written and where not
put "$work/f" $d 1390 20
eq "inherited" "$(tags 1200 1500)" $'1200 150 1 written\n1350 40 1 unwritten\n1390 10 1 written\n1400 10 0 written\n1410 90 0 unwritten\nend'
blkdiscard -o $((1260 * 4096)) -l $((10 * 4096)) $d
blkdiscard -z -o $((1300 * 4096)) -l $((10 * 4096)) $d
eq "cleared" "$(tags 1250 1400)" $'1250 10 1 written\n1260 10 0 unwritten\n1270 30 1 written\n1300 10 0 unwritten\n1310 40 1 written\n1350 40 1 unwritten\n1390 10 1 written\nend'

# All of what is unwritten in a large volume: a few nodes, not one for each leaf.
nodes=$(field v nodes)
assign v 2 16384 32768
eq "wide job" "${job#* }" "2 16384 32768 32768 0 0 done"
(($(field v nodes) - nodes < 10)) || fail "a wide assignment has brought $(field v nodes) nodes into memory"
eq "wide" "$(tags 16000 60000)" $'16000 384 0 unwritten\n16384 32768 2 unwritten\n49152 10848 0 unwritten\nend'
expect_fail "out of range" message v assign 1 $((size - 10)) 11
expect_fail "No such file" message v assign 5 0 1

# Pages: an extent for each of many sectors, since every second one gets written.
assign v 3 60000 1400
python3 - $d <<-'EOP'
	import mmap, os, sys
	page = mmap.mmap(-1, 4096)
	fd = os.open(sys.argv[1], os.O_WRONLY | os.O_DIRECT)
	for s in range(60001, 61400, 2):
	    os.pwrite(fd, page, s * 4096)
EOP
for ((i = 0, at = 0; at < size; i++)); do
	extents $at >"$work/page"
	read -r what at <<<"$(tail -n 1 "$work/page")"
	[[ $what == end ]] && at=$size
	grep ' 3 written' "$work/page" | cut -d' ' -f1
done >"$work/starts"
eq "pages" "$(sort -un "$work/starts" | wc -l)" 700
((i > 1)) || fail "all in one page"

# ---- frozen, restricted ----
put "$work/f" $d 50000 50
assign v 3 50000 100
message v tag_state 3 frozen
message v tag_state 3 frozen
copy v crash			# as a crash now would leave it
expect_fail "" message v tag_state 3 open
expect_fail "not permitted" message v tag_edit 3 "$(hex other)" -
expect_fail "not permitted" message v assign 3 0 1
expect_fail "$ebade" put "$work/f" $d 50010 1
expect_fail "$ebade" put "$work/f" $d 50060 1
expect_fail "" blkdiscard -o $((50010 * 4096)) -l 4096 $d
expect_fail "" blkdiscard -z -o $((50010 * 4096)) -l 4096 $d
assign v 0 49990 30		# what is not frozen moves, what is does not
eq "job into frozen" "${job#* }" "0 49990 30 30 0 20 failed"
get $d 50000 50 | cmp - <(head -c $((50 * 4096)) "$work/f") || fail "frozen sectors have changed"
put "$work/f" $d 50100 1
message v tag_state 1 restricted
read_error $d 1000 "$eremoteio"
read_error $d 900 "$eremoteio"
expect_fail "$ebade" put "$work/f" $d 1000 1
expect_fail "not permitted" message v tag_state 1 frozen
zeros $d 1260 10
message v stats >/dev/null

# ---- afterwards ----
check_states() { # NAME
	eq "states" "$(message "$1" tag_list 1)" "$2"
}
close_volume v
loop_of "$work/crash.img"; crash_dev=$dev
for n in v crash; do
	[[ $n == crash ]] && { cp "$work/v.key" "$work/crash.key"; cp "$work/v.vol" "$work/crash.vol"; close_volume v; open_volume crash "$crash_dev"; }
	[[ $n == v ]] && open_volume v "$(losetup -j "$work/v.img" | cut -d: -f1)"
	expect_fail "$ebade" put "$work/f" /dev/mapper/$n 50010 1
	get /dev/mapper/$n 50000 50 | cmp - <(head -c $((50 * 4096)) "$work/f") || fail "$n: frozen sectors"
done
check_states crash $'1 open\n2 open\n3 frozen\n4 open\nend'
close_volume crash
lun_dev=$(losetup -j "$work/v.img" | cut -d: -f1)
warrantctl volume check --data --keyset "$work/v.key" --json "$lun_dev" >"$work/check.json"
eq "checked tags" "$(jq .tags "$work/check.json")" 4

# A keyset without a tag's key opens the volume; that tag's sectors cannot be read, others can.
head -c 104 "$work/v.key" >"$work/few.key"
printf '\2\0' | dd of="$work/few.key" bs=1 seek=6 conv=notrunc status=none
cp "$work/v.vol" "$work/few.vol"
open_volume few "$lun_dev"
if get /dev/mapper/few 50000 1 >/dev/null 2>&1; then fail "read without the tag's key"; fi
get /dev/mapper/few 1400 10 | cmp - <(dd if="$work/f" bs=4k skip=10 count=10 status=none) || fail "default tag"
close_volume few

# ---- a thousand ----
lun big 300
format big "$dev"
add_keys big 1 1000
python3 - "$work/big" <<-'EOP'
	import struct, sys
	d = open(sys.argv[1] + ".key", "rb").read()
	keys = [d[i:i + 40] for i in range(24, len(d), 40)]
	for n, part in enumerate((keys[:800], keys[800:]), 1):
	    with open(f"{sys.argv[1]}{n}.key", "wb") as f:
	        f.write(d[:6] + struct.pack("<H", len(part)) + d[8:24] + b"".join(part))
EOP
volume big
keyctl padd logon "dm-warrant:$uuid" @us <"$work/big1.key" >/dev/null
keyctl padd logon "dm-warrant:$uuid#2" @us <"$work/big2.key" >/dev/null
text="0 $len warrant $dev $uuid logon:dm-warrant:$uuid 2 keysets 2"
dmsetup create big --table "$text"
keyctl purge -s logon "dm-warrant:$uuid" >/dev/null
[[ $(dmsetup table big) == *" keysets 2"* ]] || fail "table: $(dmsetup table big)"
# A small LUN has room for 150 records, of which the last needs a second node of the table.
python3 - "$(hex case)" <<-'EOP' >"$work/messages"
	import sys
	for tag in range(1, 151):
	    print(f"tag_create {tag} {sys.argv[1]} -")
EOP
while read -r m; do dmsetup message big 0 "$m"; done <"$work/messages"
expect_fail "No space" message big tag_create 151 "$(hex more)" -
eq "many tags" "$(message big tag_list 1 | grep -c open)" 150
close_volume big
warrantctl volume check --keyset "$work/big.key" --json "$dev" >"$work/check.json"
eq "checked" "$(jq .tags "$work/check.json")" 150
