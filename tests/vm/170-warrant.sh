#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Volumes by warrant, from registry, key store and LUN: what is opened is the right
# volume on the right LUN, on one host only, not rolled back, under its own
# warrant; the guard keeps the anchor new.
# limit: 240
# kmsg: rolled back|bound to another warrant|device-mapper: table: .*warrant|error adding target

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/warrant.sh"

# ---- create, open, use, close, open again ----

wwid_lun l1 64
create --warrant CASE-7 --device /dev/mapper/l1 --name v --json >"$work/out"
uuid=$(jq -r .uuid "$work/out")
eq wwid "$(jq -r .wwid "$work/out")" lun-l1
expect_fail "registry has volume v" create --warrant CASE-8 --device /dev/mapper/l1
random_file "$work/data" $((4 << 20))
# something that must not show up on the LUN
head -c 4000 /dev/zero | tr '\0' 'C' >"$work/canary"
truncate -s 4096 "$work/canary"

wopen CASE-7 --json >"$work/out"
eq guarded "$(jq .guarded "$work/out")" true
eq anchored "$(jq -r .required_anchor "$work/out" | cut -d: -f1)" 2
guard=$(jq_of guard)
[[ $(tr '\0' ' ' <"/proc/$guard/cmdline") == *"volume guard --registry $registry"* ]] ||
	fail "the guard is $(tr '\0' ' ' <"/proc/$guard/cmdline")"
eq "descriptors of the guard on files of keys or LUN" "$(find "/proc/$guard/fd" -printf '%l\n' |
	grep -v control | grep -c "keys\|mapper\|loop" || true)" 0
grep -q -F "$key" "/proc/$guard/cmdline" && fail "the guard knows of keys"
put "$work/data" $d 0
put "$work/canary" $d 2000
expect_fail "is open already, as v" wopen v
wctl volume list | grep -q "^v *open *CASE-7 *$(hostname)" || fail "list: $(wctl volume list)"
wctl volume close CASE-7 --json >"$work/out"
eq registered "$(jq .registered "$work/out")" true
eq authenticated "$(jq .anchor_authenticated "$work/out")" true
closed=$(jq -r .anchor "$work/out")
eq "anchor of the close" "$(jq_of registry_anchor)" "$closed"
eq "mark after close" "$(sql 'SELECT COUNT(*) FROM opened')" 0
until_true "the guard ends" test ! -e "/proc/$guard"
grep -q -a -F -e CCCCCCCC -e CASE-7 -e "$(xxd -p -c 64 "$key")" "$work/l1.img" && fail "a canary is on the LUN"
cp --sparse=always "$work/l1.img" "$work/old.img"
wopen "$uuid" >/dev/null
same "$work/data" $d 0

# ---- the guard ----

guard=$(jq_of guard)
before=$(jq_of registry_anchor)
put "$work/data" $d 3000
dmsetup message v 0 checkpoint
anchored() { [[ $(jq_of registry_anchor) == "$(jq_of anchor)" ]]; }
until_true "the guard anchors" anchored
[[ $(jq_of registry_anchor) != "$before" ]] || fail "the anchor has not moved"
expect_fail "has a guard: process $guard" wctl volume guard v
# It survives whoever started it, and it can be replaced.
kill -9 "$guard"
until_true "the guard is gone" test "$(jq_of guard)" = 0
wctl volume list | grep -q "v *unguarded" || fail "not told that there is no guard: $(wctl volume list)"
wctl volume guard --background --seconds 1 v >/dev/null
guard=$(jq_of guard)
((guard)) || fail "no new guard"

# An outage of the registry: what is new waits in a file, then is delivered.
mv "$state/registry.db" "$state/gone.db"
put "$work/data" $d 5000
dmsetup message v 0 checkpoint
anchor=$(field v anchor)
pending=$state/pending-anchors/$uuid
until_true "an anchor waits" grep -q "$anchor" "$pending"
mv "$state/gone.db" "$state/registry.db"
until_true "the anchor is delivered" test ! -e "$pending"
eq "anchor after the outage" "$(jq_of registry_anchor)" "$anchor"

# Closed while the registry is locked: nothing is lost, and other hosts do not open it.
kill -9 "$guard"
python3 -c 'import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
open(sys.argv[2], "w")
time.sleep(100)' "$state/registry.db" "$work/locked" &
locker=$!
until_true locked test -e "$work/locked"
rc=0
wctl volume close "$uuid" >"$work/out" 2>"$work/err" || rc=$?
eq "exit code of a close that the registry has not noted" "$rc" 8
grep -q "waits in $pending" "$work/err" || fail "close says $(<"$work/err")"
dmsetup info v >/dev/null 2>&1 && fail "it is not closed"
kill $locker
wait $locker 2>/dev/null || true
closed=$(<"$pending")
eq "mark that is still there" "$(sql 'SELECT COUNT(*) FROM opened')" 1
wctl volume list | grep -q "v *crashed" || fail "list: $(wctl volume list)"
wctl volume close v --json >"$work/out"
eq closed_before "$(jq .closed_before "$work/out")" true
eq "anchor delivered late" "$(jq_of registry_anchor)" "$closed"
eq "mark after the second close" "$(sql 'SELECT COUNT(*) FROM opened')" 0

# With a guard that is alive, nobody has to do anything.
wopen v >/dev/null
guard=$(jq_of guard)
mv "$state/registry.db" "$state/gone.db"
rc=0
wctl volume close "$uuid" >"$work/out" 2>"$work/err" || rc=$?
eq "exit code of a close without registry" "$rc" 8
closed=$(<"$pending")
mv "$state/gone.db" "$state/registry.db"
until_true "the guard has told the registry, and ended" test ! -e "/proc/$guard"
eq "anchor delivered by the guard" "$(jq_of registry_anchor)" "$closed"
eq "mark after that" "$(sql 'SELECT COUNT(*) FROM opened')" 0

# ---- somebody else closes it ----

wopen v >/dev/null
put "$work/data" $d 7000
dmsetup message v 0 checkpoint
sleep 1.5
anchor=$(field v anchor)
dmsetup remove --retry v
unmarked() { [[ $(sql 'SELECT COUNT(*) FROM opened') == 0 ]]; }
until_true "the guard has noticed" unmarked
until_true "what it had seen is anchored" test "$(jq_of registry_anchor)" = "$anchor"

# ---- a rollback ----

newest=$(jq_of registry_anchor)
cp --sparse=always "$work/l1.img" "$work/new.img"
detach l1
attach old l1
digest=$(digest_of "$work/old.img")
rc=0
wopen v >"$work/out" 2>"$work/err" || rc=$?
eq "exit code of a rollback" "$rc" 7
grep -q "registry has checkpoint $newest remembered at .* shows checkpoint .* written at .*behind it.*restore the newest replica" \
	"$work/err" || fail "a rollback says $(<"$work/err")"
eq "LUN after a refusal" "$(digest_of "$work/old.img")" "$digest"
eq "mark after a refusal" "$(sql 'SELECT COUNT(*) FROM opened')" 0
# Nothing newer is left: with a reason, which is kept.
wopen v --accept-rollback "array lost a shelf" >/dev/null
same "$work/data" $d 0
wctl volume close v >/dev/null
eq "reason kept" "$(sql "SELECT COUNT(*) FROM anchors WHERE reason = 'array lost a shelf'")" 1
# Then the newer state turns up: it is of another history now.
detach l1
attach new l1
expect_fail "of another history" wopen v
detach l1
attach old l1

# ---- another LUN in its place ----

wwid_lun l2 64
create --warrant CASE-8 --device /dev/mapper/l2 --name w >/dev/null
expect_fail "holds volume" wopen v --device /dev/mapper/l2
detach l2
detach l1
# l1's name and WWID, but w's contents: swapped on the array.
attach l2 l1
expect_fail "LUN lun-l1 (/dev/mapper/l1) holds volume" wopen v
detach l1
# v on a LUN of another WWID: a replica that somebody has mapped.
attach old l3
expect_fail "is on /dev/mapper/l3, LUN lun-l3, but the registry has it on LUN lun-l1" wopen v
wopen v --device /dev/mapper/l3 --moved >/dev/null
wctl volume close v >/dev/null
eq "LUN after a move" "$(jq_of wwid)" lun-l3
wopen v >/dev/null
wctl volume close v >/dev/null

# ---- another warrant ----

detach l3
attach old l3
v8=$(wctl warrant show CASE-8 --json | jq -r '.. | .ObjectIdentifier? // empty' | head -n 1)
w7=$(sql "SELECT warrant FROM volumes WHERE name = 'v'")
d8=$("$volumes" digest "$registry" CASE-8 "$uuid")
d7=$(sql "SELECT digest FROM volumes WHERE name = 'v'")
sql "UPDATE volumes SET warrant = '$v8' WHERE name = 'v'"
expect_fail "bound to another warrant" wopen v
sql "UPDATE volumes SET warrant = '$v8', digest = '$d8' WHERE name = 'v'"
expect_fail "has no keys of volume v" wopen v
"$volumes" keystore-init "file:$state/keys2"
"$volumes" move "$keys" "$w7" "$uuid" "file:$state/keys2" "$v8" "$d8" "$key"
expect_fail "bound to another warrant" wopen v --keystore "file:$state/keys2"
# ... and the kernel knows it too.
"$volumes" keyset "$keys" "$w7" "$key" "$uuid" "$work/v.key"
warrantctl volume dump superblock --json /dev/mapper/l3 >"$work/sb"
echo "$uuid $(($(jq -r '[.structures[0].fields[] | select(.name == "data_sectors")][0].value' "$work/sb") * 8))" >"$work/v.vol"
expect_fail "bound to another warrant" open_volume v /dev/mapper/l3 warrant "$d8"
dmsetup info v >/dev/null 2>&1 && fail "it is open"
sql "UPDATE volumes SET warrant = '$w7', digest = '$d7' WHERE name = 'v'"

# An expired one: to read only.
wctl warrant edit CASE-7 --reason test --end 2021-01-01T00:00:00Z >/dev/null
expect_fail "expired" wopen v
wopen v --read-only --json >"$work/out"
eq "read-only flag" "$(blockdev --getro $d)" 1
same "$work/data" $d 0
eq "mark of a read-only opening" "$(sql 'SELECT read_only FROM opened')" 1
wctl volume close v >/dev/null
wctl warrant edit CASE-7 --reason test --end 2999-01-01T00:00:00Z >/dev/null
detach l3
