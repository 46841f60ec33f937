# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the tests of volumes by warrant share: a registry, a key store and two warrants in $state,
# LUNs that have a WWID, and another host.  Sourced after lib.sh.
# shellcheck disable=SC2034,SC2154 # d is for the tests; host, work, dev: of lib.sh

volumes=$host/bin/volumes-tool
d=/dev/mapper/v
rm -rf /run/dm-warrant

# ---- two hosts with one registry and one key store ----

mkdir -m 700 "$work/a"
state=$work/a
registry=sqlite:$state/registry.db
keys=file:$state/keys
key=$work/key
(umask 077; head -c 32 /dev/urandom >"$key")
wctl() { warrantctl "$@" --registry "$registry"; }
create() { wctl volume create --keystore "$keys" --new-random-key-file "$key" --force small-blocks --yes "$@"; }
wopen() { wctl volume open --key-file "$key" "$@"; }
jq_of() { wctl volume status v --json | jq -r ".$1"; }
sql() {
	python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for row in db.execute(sys.argv[2]): print(*row, sep="|")
db.commit()' "$state/registry.db" "$1"
}
# until WHAT COMMAND...: within some seconds
until_true() {
	local i what=$1
	shift
	for ((i = 0; i < 150; i++)); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	fail "not within 15 s: $what"
}

warrant() { # REFERENCE END
	wctl warrant add --reference "$1" --country XX --owner tests --status Approved --liid "LI$1" \
		--start 2020-01-01T00:00:00Z --end "$2" >/dev/null
}
warrantctl init --config "$work/conf" --registry "$registry" --keystore "$keys" >/dev/null
"$volumes" keystore-init "$keys"
warrant CASE-7 2999-01-01T00:00:00Z
warrant CASE-8 2999-01-01T00:00:00Z

# ---- LUNs with WWIDs: device-mapper devices that have one ----

loops=()
wwid_lun() { # NAME MIB: /dev/mapper/NAME with the WWID lun-NAME
	truncate -s "$2M" "$work/$1.img"
	attach "$1" "$1"
}
attach() { # IMAGE NAME: the image as LUN NAME
	loop_of "$work/$1.img"
	loops+=("$dev")
	dmsetup create "$2" --uuid "lun-$2" --table "0 $(blockdev --getsz "$dev") linear $dev 0"
}
detach() { dmsetup remove --retry "$1"; losetup -d "${loops[-1]}"; unset 'loops[-1]'; }

# ---- another host ----

# other_host COMMAND...: as another host that shares registry and key store
other_host() {
	mkdir -p /run/dm-warrant
	echo 11111111-2222-4333-8444-555555555555 >"$work/boot_id"
	unshare --uts --mount bash -c "hostname other
		mount --bind '$work/boot_id' /proc/sys/kernel/random/boot_id
		mount -t tmpfs -o mode=700 run /run/dm-warrant"'
		"$@"' - "$@"
}
export -f wctl
export registry
