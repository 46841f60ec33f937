#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Discards are offered only when allowed, and then make zeros, also on the LUN;
# zeroing works always. Nothing next to what is erased changes.
# kmsg: Operation not supported

. "$(dirname "$0")/../lib.sh"

mib=96
lun v $mib
format v "$dev"
d=/dev/mapper/v
sectors=$((len / 8))
random_file "$work/part" $((8 << 20))
for ((i = 0; i < 3; i++)); do cat "$work/part"; done >"$work/model.new"

limits() { cat "/sys/block/$(kernel_name v)/queue/$1"; }
erase() { # SECTOR COUNT ARGS: on the volume and on the model
	local at=$(($1 * 4096)) n=$(($2 * 4096))
	blkdiscard -o $at -l $n "${@:3}" $d
	dd if=/dev/zero of="$work/model" bs=64k seek=$at count=$n iflag=count_bytes oflag=seek_bytes conv=notrunc status=none
}
compare() { dd if=$d bs=1M count=24 iflag=direct status=none | cmp - "$work/model" || fail "$1: differs"; }
again() { close_volume v; open_volume v "$dev" "$@"; }
used() { du -k "$work/v.img" | cut -f1; }

erase_all_kinds() { # ARGS of blkdiscard
	erase 0 1 "$@"
	erase 5 3 "$@"
	erase 127 2 "$@"		# across leaves, unaligned
	erase 200 128 "$@"		# as long as a leaf, but not aligned to one
	erase 384 128 "$@"		# one leaf
	erase 1000 1000 "$@"
	erase 2048 1024 "$@"	# whole leaves
	erase 6143 1 "$@"
}

fill() {
	cp "$work/model.new" "$work/model"
	dd if="$work/model" of=$d bs=1M oflag=direct conv=notrunc status=none
	# across the end of a group too
	put "$work/part" $d $((16384 - 100)) 200
}
group_end() { # ARGS of blkdiscard
	blkdiscard -o $(((16384 - 50) * 4096)) -l $((100 * 4096)) "$@" $d
	zeros $d $((16384 - 50)) 100
	for at in -100 50; do
		get $d $((16384 + at)) 50 | cmp - <(dd if="$work/part" bs=4k skip=$((100 + at)) count=50 status=none) ||
			fail "next to the end of the group"
	done
}

# Zeroing, with discards forbidden.
open_volume v "$dev"
eq discard_max_bytes "$(limits discard_max_bytes)" 0
expect_fail "" blkdiscard -o 0 -l 4096 $d
fill
erase_all_kinds -z
compare zeroed
group_end -z
again
compare "zeroed, reopened"
before=$(used)
fill
erase 0 6144 -z
compare "all zeroed"
((before - $(used) < 1024)) || fail "zeroing has freed $((before - $(used))) KiB of the LUN"

# Discarding.
again allow_discards
(($(limits discard_max_bytes) > 0)) || fail "no discards"
eq granularity "$(limits discard_granularity)" 4096
fill
erase_all_kinds
compare discarded
group_end
dmsetup message v 0 checkpoint
compare "discarded, checkpoint"
again allow_discards
compare "discarded, reopened"
before=$(used)
erase 2048 1024
after=$(used)
erase 3072 2048
after=$(used)
((before - after > 7000)) || fail "discarding 8 MiB has freed $((before - after)) KiB of the LUN"

# Written again: sectors that were erased are like fresh ones.
put "$work/part" $d 3000 1000
put "$work/part" "$work/model" 3000 1000 2>/dev/null ||
	dd if="$work/part" of="$work/model" bs=4k seek=3000 count=1000 conv=notrunc status=none
compare "written again"
again
compare "written again, reopened"

# Everything.
again allow_discards
blkdiscard $d
again allow_discards
zeros $d 0 6144
zeros $d 16284 300
zeros $d $((sectors - 1))
eq mismatches "$(field v mismatches)" 0

# Erasing while the same sectors are written and read: a sector is zeros or whole.
python3 - $d <<'PYTHON'
import fcntl, mmap, os, random, struct, sys, time

path, n = sys.argv[1], 300
end = time.time() + 3
children = []
for kind in range(2):
    pid = os.fork()
    if not pid:
        rng = random.Random(kind)
        fd = os.open(path, os.O_WRONLY | os.O_DIRECT)
        m = mmap.mmap(-1, n * 4096)
        m[:] = b"A" * (n * 4096)
        while time.time() < end:
            first = rng.randrange(n)
            count = 1 + rng.randrange(n - first)
            if kind:
                os.pwritev(fd, [memoryview(m)[:count * 4096]], first * 4096)
            else:	# BLKDISCARD
                fcntl.ioctl(fd, 0x1277, struct.pack("QQ", first * 4096, count * 4096))
        os._exit(0)
    children.append(pid)
fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
m = mmap.mmap(-1, n * 4096)
while time.time() < end:
    os.preadv(fd, [m], 0)
    for i in range(n):
        s = m[i * 4096:(i + 1) * 4096]
        assert s.count(s[0]) == 4096 and s[0] in b"\0A", f"sector {i} is torn"
for pid in children:
    assert os.waitpid(pid, 0)[1] == 0
PYTHON
eq mismatches "$(field v mismatches)" 0
close_volume v
warrantctl volume check --data --keyset "$work/v.key" "$dev" >/dev/null
