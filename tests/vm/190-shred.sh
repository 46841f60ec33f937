#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A shred that officers have approved, carried out on a volume in use: of a tag, of which all the rest
# stays readable; of one that was stopped before the key store; of the whole warrant, while somebody
# holds the volume open and another host has taken it over. Officers sign with
# certificates here (CMS); with OpenSSH's keys in tests/shred.
# limit: 240
# kmsg: No data available
# kmsg: I/O error, dev
# kmsg: lost async page write
# kmsg: all keys were shredded
# kmsg: critical

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/warrant.sh"

enodata="No data available"
officers=(ana bruno clara)
for o in "${officers[@]}"; do
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/$o.key" \
		-out "$work/$o.pem" -subj "/CN=$o" -days 30 2>/dev/null
done

# sign REQUEST OFFICER VERB
sign() {
	wctl shred show "$1" --text >"$work/text"
	openssl cms -sign -binary -in "$work/text" -signer "$work/$2.pem" -inkey "$work/$2.key" \
		-outform PEM -out "$work/text.sig"
	wctl shred "$3" "$1" --as "$2" --signature "$work/text.sig" >/dev/null
}
# ask WHAT...: a request that is approved; sets id
ask() {
	id=$(wctl shred request "$@" --ground court-order --order "DP 1/2026" --as ana --json | jq -r .request)
	sign "$id" ana sign
	sign "$id" bruno approve
	sign "$id" clara approve
}
certificate() {
	rm -f "$work/c.json" "$work/c.json.sig"
	wctl certificate show "$id" --output "$work/c.json" >/dev/null
	wctl audit key >"$work/log.key"
	warrantctl certificate verify --key "$work/log.key" --json "$work/c.json" >"$work/verified" ||
		fail "certificate: $(jq -c '.checks[] | select(.verdict == "FAILED")' "$work/verified")"
}

wctl policy set --approvals 2 --waiting 0 >/dev/null
for o in "${officers[@]}"; do wctl officer add "$o" --certificate "$work/$o.pem" >/dev/null; done
wctl retention profile set CASE-7 "$host/retention/es.json" >/dev/null

# ---- a tag of a volume in use ----

wwid_lun l1 64
create --warrant CASE-7 --device /dev/mapper/l1 --name v >/dev/null
wopen v >/dev/null
for t in one two; do
	warrantctl tag create --registry "$registry" --key-file "$key" v $t >/dev/null
done
random_file "$work/data" $((100 * 4096))
for s in 1000 2000 3000; do put "$work/data" $d $s; done
warrantctl tag assign --range 1000:100 v 1 >/dev/null
warrantctl tag assign --range 2000:100 v 2 >/dev/null
ask --volume v --tag 1
expect_fail "must be unlocked" wctl shred execute "$id"
get $d 1000 100 | cmp - "$work/data"
wctl shred execute --key-file "$key" --json "$id" >"$work/out"
eq "keys" "$(jq .keys "$work/out")" 1
read_error $d 1000 "$enodata"
read_error $d 1099 "$enodata"
expect_fail "$enodata" put "$work/data" $d 1000
for s in 2000 3000; do get $d $s 100 | cmp - "$work/data" || fail "sector $s"; done
certificate
eq "destroyed" "$(jq -c '.Destroyed[0] | [.Tag, .Sectors, .SectorsKept, .Extents]' "$work/c.json")" \
	'[1,100,200,[[1000,100]]]'
eq "root" "$(jq -r '.Destroyed[0].CiphertextRoot | length' "$work/c.json")" 64
eq "hosts" "$(jq -r '.Hosts[0].State' "$work/c.json")" "keys dropped"
wctl volume close v >/dev/null
wopen v >/dev/null
read_error $d 1000 "$enodata"
get $d 2000 100 | cmp - "$work/data"
wctl volume close v >/dev/null
warrantctl volume check --data --registry "$registry" --key-file "$key" --json /dev/mapper/l1 >"$work/check"
eq "check" "$(jq -c '[.shredded_sectors, .damaged_blocks]' "$work/check")" "[100,0]"

# ---- begun, and stopped before the key store: nothing brings the keys back into a kernel ----

ask --volume v --tag 2
mount --bind "$state/keys" "$state/keys"
mount -o remount,ro,bind "$state/keys"
expect_fail "still in the key store" wctl shred execute --key-file "$key" "$id"
umount "$state/keys"
expect_fail "has begun to shred its tag 2" wopen v
wctl shred resume --key-file "$key" "$id" >/dev/null
certificate
wopen v >/dev/null
read_error $d 2000 "$enodata"
get $d 3000 100 | cmp - "$work/data"

# ---- the warrant, while somebody holds its volume, which another host has taken over ----

exec 9<$d
sql "UPDATE opened SET by_host = 'other', host_id = 'x', boot_id = '99999999-2222-4333-8444-555555555555'"
ask --warrant CASE-7
wctl shred execute --key-file "$key" --host-timeout 1 --json "$id" >"$work/out"
eq "hosts of the warrant" "$(jq -c '[.hosts, .unreached_hosts]' "$work/out")" "[2,1]"
read_error $d 3000 "$enodata"
certificate
eq "state of the hosts" "$(jq -c '[.Hosts[].State]' "$work/c.json")" '["keys dropped","not reached"]'
exec 9<&-
wctl volume close v >/dev/null 2>&1 || true
sql "DELETE FROM opened"
expect_fail "destroyed" wopen v
