#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The table line: each mistake is refused with a message that names it, what
# dmsetup shows is accepted again, and no key is ever in it.
# kmsg: device-mapper: table: .*warrant
# kmsg: device-mapper: ioctl: error adding target|device-mapper: ioctl: unable to set up
# kmsg: device-mapper: warrant: .*(open already under another name)
# kmsg: table: .*(singleton|only target|alone)

. "$(dirname "$0")/../lib.sh"

lun a 64
format a "$dev"
key=logon:dm-warrant:$uuid
give_key a

# refused TEXT ARGUMENTS-OF-THE-TARGET [LENGTH]: no such device afterwards
refused() {
	expect_fail "$1" dmsetup create bad --table "0 ${3:-$len} warrant${2:+ $2}"
	[[ ! -e /dev/mapper/bad ]] || fail "a device was made for: $2"
}

refused "Arguments missing" ""
refused "Arguments missing" "$dev"
refused "Arguments missing" "$dev $uuid"
refused "LUN cannot be opened" "/dev/nowhere $uuid $key"
refused "Bad volume UUID" "$dev ${uuid%?} $key"
refused "Bad volume UUID" "$dev ${uuid/-/x} $key"
refused "Bad key" "$dev $uuid dm-warrant:$uuid"
refused "Bad key" "$dev $uuid logon:"
refused "Bad key" "$dev $uuid user:dm-warrant:$uuid"
refused "Bad key" "$dev $uuid 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
refused "Bad number of options" "$dev $uuid $key x"
refused "Bad number of options" "$dev $uuid $key 99"
refused "Number of options does not fit" "$dev $uuid $key 0 allow_discards"
refused "Bad number of options" "$dev $uuid $key 2 allow_discards"
refused "Unknown option" "$dev $uuid $key 2 sector_size 512"
refused "without its value" "$dev $uuid $key 1 cache_mib"
refused "Bad cache_mib" "$dev $uuid $key 2 cache_mib 0"
refused "Bad cache_mib" "$dev $uuid $key 2 cache_mib 65537"
refused "Bad cache_mib" "$dev $uuid $key 2 cache_mib -1"
refused "Bad checkpoint_seconds" "$dev $uuid $key 2 checkpoint_seconds 0"
refused "Bad checkpoint_seconds" "$dev $uuid $key 2 checkpoint_seconds 3601"
refused "Bad checkpoint_seconds" "$dev $uuid $key 2 checkpoint_seconds 5s"
for anchor in 5 5: :5 x:00112233445566778899aabb 0:00112233445566778899aabb \
	5:00112233445566778899aab 5:00112233445566778899aaxx; do
	refused "Bad anchor" "$dev $uuid $key 2 anchor $anchor"
done

# What dmsetup shows is what it accepts.
anchor=$(jq -r .anchor "$work/a.json")
dmsetup create v --table "0 $len warrant $dev $uuid $key 7 allow_discards cache_mib 7 checkpoint_seconds 9 anchor $anchor"
shown=$(dmsetup table v)
for part in "$uuid" "$key" allow_discards "cache_mib 7" "checkpoint_seconds 9" "anchor $anchor"; do
	[[ $shown == *"$part"* ]] || fail "not in the table: $part: $shown"
done
secret=$(xxd -p -c 0 "$work/a.key")
for table in "$shown" "$(dmsetup table --showkeys v)" "$(dmsetup status v)" "$(dmsetup info v)"; do
	# the keys of a keyset stand behind 24 bytes of header and 8 of each entry
	for ((at = 64; at < ${#secret}; at += 80)); do
		[[ ${table,,} != *"${secret:at:64}"* ]] || fail "a key is shown: $table"
	done
done

# Open already: neither another name nor another path to the LUN will do.
expect_fail "open already" dmsetup create w --table "0 $len warrant $dev $uuid $key"
loop_of "$work/a.img"
expect_fail "open already" dmsetup create w --table "0 $len warrant $dev $uuid $key"
eq "mode after that" "$(field v mode)" rw
close_volume v
dmsetup create v --table "$shown"
eq "table again" "$(dmsetup table v)" "$shown"
close_volume v

# Alone in its table, wherever it stands.
half=$((len / 16 * 8))
expect_fail "" dmsetup create bad <<<"0 $half linear /dev/loop0 0
$half $len warrant $dev $uuid $key"
expect_fail "" dmsetup create bad <<<"0 $len warrant $dev $uuid $key
$len 8 zero"
[[ ! -e /dev/mapper/bad ]] || fail "not alone"

# Lengths other than the volume's; and the message must not blame the LUN.
for wrong in $((len - 8)) $((len + 8)) $((len - 1)) 8; do
	refused "length" "$dev $uuid $key" $wrong
done

# Keys: none, of another volume, right name but other keys, not a keyset.
take_key
refused "Keyset not found" "$dev $uuid $key"
first=$uuid
lun b 64
format b "$dev"
give_key b
loop_of "$work/a.img"
refused "belongs to another volume" "$dev $first logon:dm-warrant:$uuid"
keyctl padd logon "dm-warrant:$first" @us <"$work/b.key" >/dev/null
refused "belongs to another volume" "$dev $first logon:dm-warrant:$first"
head -c 104 /dev/urandom | keyctl padd logon "dm-warrant:$first" @us >/dev/null
refused "not a keyset" "$dev $first logon:dm-warrant:$first"
head -c 40 "$work/a.key" | keyctl padd logon "dm-warrant:$first" @us >/dev/null
refused "not a keyset" "$dev $first logon:dm-warrant:$first"
# the keyset as it was, but one bit of each key
python3 - "$work/a.key" "$work/wrong.key" <<'PYTHON'
import sys
b = bytearray(open(sys.argv[1], "rb").read())
for at in range(32, len(b), 40):
    b[at] ^= 1
open(sys.argv[2], "wb").write(b)
PYTHON
keyctl padd logon "dm-warrant:$first" @us <"$work/wrong.key" >/dev/null
refused "wrong keyset" "$dev $first logon:dm-warrant:$first"

# The right keyset on the wrong LUN: of another volume, blank, ext4, cut short.
keyctl padd logon "dm-warrant:$first" @us <"$work/a.key" >/dev/null
loop_of "$work/b.img"
refused "" "$dev $first logon:dm-warrant:$first"
lun blank 64
refused "no dm-warrant volume" "$dev $first logon:dm-warrant:$first"
mkfs.ext4 -q "$dev"
refused "no dm-warrant volume" "$dev $first logon:dm-warrant:$first"
volume a
truncate -s 48M "$work/cut.img"
dd if="$work/a.img" of="$work/cut.img" bs=1M count=48 conv=notrunc status=none
loop_of "$work/cut.img"
refused "smaller than the volume" "$dev $first logon:dm-warrant:$first"
take_key
