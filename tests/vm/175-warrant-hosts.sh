#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Volumes by warrant on several hosts with one registry and one key store: one has a volume open at
# a time; a crash is told apart; multipath maps; new tags get their keys from the key store.
# limit: 180

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/warrant.sh"

wwid_lun l1 64
create --warrant CASE-7 --device /dev/mapper/l1 --name v --json >"$work/out"
uuid=$(jq -r .uuid "$work/out")
random_file "$work/data" $((1 << 20))

# ---- a tag, whose key goes to the key store ----

wopen v >/dev/null
put "$work/data" $d 0
wctl tag create --key-file "$key" v call-1 >/dev/null
warrantctl tag assign --range 0:64 v call-1 >/dev/null
wctl volume close v >/dev/null
wopen v >/dev/null
same "$work/data" $d 0
eq "tags after opening again" "$(warrantctl tag list --json v | jq -r '.tags[].name')" call-1
eq "keys in the store" "$("$volumes" keyset "$keys" "$(sql 'SELECT warrant FROM volumes')" "$key" "$uuid" \
	"$work/k" && warrantctl keyset show "$work/k" | grep -c "tag  *1 ")" 1

# ---- open here, wanted there ----

put "$work/data" $d 9000
sync $d
guard=$(jq_of guard)
kill -9 "$guard"
cp "$state/registry.db" "$work/crash.db"
cp --sparse=always "$work/l1.img" "$work/crash.img"
# As the other host sees it, whose kernel knows nothing of v.
dmsetup remove --retry v
expect_fail "v is open on host $(hostname) since" other_host wctl volume open v --dry-run --key-file "$key"
other_host wctl volume open v --dry-run --take-over --key-file "$key" >/dev/null

# ---- this host has crashed ----

detach l1
attach crash l1
cp "$work/crash.db" "$state/registry.db"
sql "UPDATE opened SET boot_id = '99999999-2222-4333-8444-555555555555'"
rm -rf /run/dm-warrant
wctl volume list | grep -q "v *crashed" || fail "not told as crashed: $(wctl volume list)"
wopen v --json >"$work/out"
eq after_crash "$(jq .after_crash "$work/out")" true
same "$work/data" $d 9000
wctl volume close v >/dev/null

# ---- now the other one ----

other_host wctl volume open v --key-file "$key" --no-guard >/dev/null
same "$work/data" $d 9000
eq opened_host "$(jq_of opened_host)" other
dmsetup remove --retry v
expect_fail "v is open on host other since" wopen v
wopen v --take-over >/dev/null
eq "host after taking over" "$(jq_of opened_host)" "$(hostname)"
wctl volume close v >/dev/null
detach l1

# ---- a LUN that had two volumes, of which another host has the second open ----

wwid_lun l2 64
create --warrant CASE-7 --device /dev/mapper/l2 --name z >/dev/null
create --warrant CASE-7 --device /dev/mapper/l2 --name a --erase-signature dm-warrant >/dev/null
other_host wctl volume open a --key-file "$key" --no-guard >/dev/null
dmsetup remove --retry a
expect_fail "has volume a, which host other has open" \
	create --warrant CASE-7 --device /dev/mapper/l2 --name b --erase-signature dm-warrant
detach l2

# ---- a path and its map ----

loop_of "$work/crash.img"
dmsetup create mp --uuid mpath-36001405abc --table "0 $(blockdev --getsz "$dev") linear $dev 0"
expect_fail "but the registry has it on LUN lun-l1" wopen v
wopen v --device "$dev" --moved --json >"$work/out"
eq "device that is used" "$(jq -r .device "$work/out")" /dev/mapper/mp
eq "WWID of a map" "$(jq_of wwid)" naa.6001405abc
wctl volume close v >/dev/null
wopen v --json >"$work/out"
eq "device that is found" "$(jq -r .device "$work/out")" /dev/mapper/mp
wctl volume close v >/dev/null
dmsetup remove --retry mp
losetup -d "$dev"
