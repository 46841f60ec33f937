#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The array alters what it keeps: reads fail with EILSEQ where it did and
# nowhere else, and it is reported. (tests/sim does this exhaustively.)
# kmsg: does not fit its seal|does not verify|preresume failed|protection error|I/O error|device-mapper: table: .*warrant
# kmsg: device-mapper: ioctl: error adding target|superblock

. "$(dirname "$0")/../lib.sh"

lun v 160
format v "$dev"
lun_dev=$dev
d=/dev/mapper/v
random_file "$work/old" $((1 << 20))
random_file "$work/data" $((1 << 20))
open_volume v "$dev"
put "$work/old" $d 100
close_volume v
copy v old
open_volume v "$dev"
put "$work/data" $d 100
put "$work/data" $d 5000
put "$work/data" $d 17000	# the second group
close_volume v
copy v good
layout "$work/v.img"

# attacked COMMAND...: alter the closed LUN, open it.
attacked() {
	overwrite good v
	"$@"
	open_volume v "$lun_dev"
	mark_log
}
intact() { # FIRST COUNT, of the data at 100
	get $d "$1" "$2" | cmp - <(dd if="$work/data" bs=4k skip=$(($1 - 100)) count="$2" status=none) ||
		fail "sectors $1 (+$2) are not what they were"
}
caught() { # SECTOR
	read_error $d "$1" "$eilseq"
}

sector() { block_of_sector "$1"; }

# One bit of a sector; at its beginning, in its middle, at its end.
for byte in 0 2000 4095; do
	attacked flip "$work/v.img" "$(sector 110)" $byte
	eq mismatches "$(field v mismatches)" 0
	event=$(dmsetup info -c --noheadings -o events v)
	timeout 10 dmsetup wait v "$event" &
	waiter=$!
	caught 110
	wait $waiter || fail "no event"
	logged "sector 110 does not fit its seal"
	eq mismatches "$(field v mismatches)" 1
	intact 100 10
	intact 111 100
	# the sector can be written again, and is then good
	put "$work/old" $d 110 1
	get $d 110 | cmp -n 4096 - "$work/old"
	close_volume v
done

# A larger read that contains it fails as a whole or up to there; nothing wrong is returned.
attacked flip "$work/v.img" "$(sector 110)"
out=$(dd if=$d bs=64k skip=$((96 * 4096)) iflag=skip_bytes,direct count=1 2>/dev/null | wc -c) || true
eq "bytes read of a damaged run" "$out" 0
close_volume v

# Two sectors exchanged; another's contents; an older version of the same sector; zeros.
swap() {
	copy_block "$work/good.img" "$(sector 120)" "$work/v.img" "$(sector 130)"
	copy_block "$work/good.img" "$(sector 130)" "$work/v.img" "$(sector 120)"
}
attacked swap
caught 120
caught 130
intact 121 9
close_volume v
attacked copy_block "$work/old.img" "$(sector 140)" "$work/v.img" "$(sector 140)"
caught 140
intact 141 10
close_volume v
attacked dd if=/dev/zero of="$work/v.img" bs=4k seek="$(sector 150)" count=1 conv=notrunc status=none
caught 150
intact 151 10
close_volume v

# A leaf (both of its slots): its 128 sectors and no others.
leaf() { flip "$work/v.img" "$(block_of_leaf 0 0)" && flip "$work/v.img" "$(block_of_leaf 0 1)"; }
attacked leaf
caught 100
caught 127
caught 0	# never written, but who can tell now
logged "a node does not fit its seal"
intact 128 100
same "$work/data" $d 17000
# its sectors cannot be written either: their old seals are unknown. That is an error, not a hang.
expect_fail "" put "$work/old" $d 100 1
eq mode "$(field v mode)" rw
close_volume v
# An older leaf, with and without its sectors: rolled back a part of the volume.
old_leaf() {
	local slot
	for slot in 0 1; do
		copy_block "$work/old.img" "$(block_of_leaf 0 $slot)" "$work/v.img" "$(block_of_leaf 0 $slot)"
	done
}
old_leaf_and_data() {
	local s
	old_leaf
	for ((s = 100; s < 128; s++)); do
		copy_block "$work/old.img" "$(sector $s)" "$work/v.img" "$(sector $s)"
	done
}
for attack in old_leaf old_leaf_and_data; do
	attacked $attack
	# a slot of the older image may be the same as now: either good data or an error
	if get $d 100 >"$work/got" 2>/dev/null; then cmp -n 4096 "$work/got" "$work/data"; fi
	intact 128 100
	close_volume v
done

# A level-1 node: the whole first group and nothing else.
node() { flip "$work/v.img" "$(block_of_node "$1" "$2" 0)" && flip "$work/v.img" "$(block_of_node "$1" "$2" 1)"; }
attacked node 1 0
caught 100
caught 5000
caught 16383
same "$work/data" $d 17000
close_volume v
attacked node 1 1
caught 17000
intact 100 256
close_volume v
# Level 3: everything.
attacked node 3 0
caught 100
caught 17000
close_volume v

# A superblock: the other one takes over. It is older by a checkpoint, in which nothing
# happened but the opening or closing; only the anchor tells.
anchor=$(warrantctl volume check --json --keyset "$work/v.key" "$work/good.img" | jq -r .checkpoint)
newest=$((${anchor%%:*} % 2 ? superblock_b : 0)) older=$((${anchor%%:*} % 2 ? 0 : superblock_b))
overwrite good v
flip "$work/v.img" "$older" 1000
mark_log
open_volume v "$lun_dev"
logged "one of the two superblocks did not verify"
intact 100 256
close_volume v
overwrite good v
flip "$work/v.img" "$newest" 1000
expect_fail "rolled back" open_volume v "$lun_dev" anchor "$anchor"
overwrite good v
flip "$work/v.img" 0 1000
flip "$work/v.img" "$superblock_b" 1000
digest=$(digest_of "$work/v.img")
expect_fail "does not verify" open_volume v "$lun_dev"
eq "digest of a LUN that was refused" "$(digest_of "$work/v.img")" "$digest"
overwrite good v
flip "$work/v.img" 0 3
flip "$work/v.img" "$superblock_b" 3
expect_fail "no dm-warrant volume" open_volume v "$lun_dev"
overwrite good v
flip "$work/v.img" 1 100
flip "$work/v.img" 2 100
expect_fail "activation table" open_volume v "$lun_dev"
