#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Reads and writes of all shapes: what was never written reads as zeros, what
# was written reads back, and nothing next to it changes.

. "$(dirname "$0")/../lib.sh"

fresh v 96
d=/dev/mapper/v
sectors=$((len / 8))

eq "logical block size" "$(blockdev --getss $d)" 4096
eq "size" "$(blockdev --getsz $d)" "$len"
zeros $d 0 256
zeros $d $((sectors - 1))

# Sizes and places around the ends of sectors, leaves (128 sectors) and groups (16384),
# compared with an image that takes the same writes.
truncate -s $((sectors * 4096)) "$work/model"
random_file "$work/data" $((3 << 20))
while read -r at n; do
	put "$work/data" $d "$at" "$n"
	dd if="$work/data" of="$work/model" bs=4k seek="$at" count="$n" conv=notrunc status=none
done <<-END
	0 1
	3 5
	120 16
	127 1
	128 128
	255 2
	300 256
	1000 700
	16380 8
	16383 1
	16384 300
	$((sectors - 1)) 1
	$((sectors - 200)) 130
END
# Buffered, in bytes: read-modify-write of pages.
for at in 1 4095 4097 524287 1000001; do
	for n in 1 511 5000 70000; do
		dd if="$work/data" of=$d bs=64k iflag=count_bytes oflag=seek_bytes seek=$at count=$n conv=notrunc status=none
		dd if="$work/data" of="$work/model" bs=64k iflag=count_bytes oflag=seek_bytes seek=$at count=$n conv=notrunc status=none
	done
done
sync $d
compare() { dd if=$d bs="$1" ${2:+iflag=$2} status=none | cmp - "$work/model" || fail "differs: bs $1 $2"; }
compare 1M direct
compare 12k direct
echo 3 >/proc/sys/vm/drop_caches
compare 1M ""
close_volume v
open_volume v "$dev"
compare 256k direct

# Beyond the end: nothing is written, and the error is told.
head -c 8192 "$work/data" >"$work/two"
expect_fail "No space" dd if="$work/two" of=$d bs=8k oflag=seek_bytes,direct seek=$((sectors * 4096)) status=none
eq "bytes read past the end" "$(dd if=$d bs=4k skip=$sectors iflag=direct status=none | wc -c)" 0
compare 1M direct

# Direct I/O with memory at odd addresses, in one piece and in several; and requests that are not
# whole sectors.
python3 - $d "$work/data" <<'PYTHON'
import mmap, os, sys

data = open(sys.argv[2], "rb").read()
fd = os.open(sys.argv[1], os.O_RDWR | os.O_DIRECT)
m = mmap.mmap(-1, 1 << 20)
view = memoryview(m)
at = 5000 * 4096
for shift in (0, 512, 1024, 3584):
    for n in (4096, 8192, 65536, 524288):
        m[shift:shift + n] = data[shift:shift + n]
        assert os.pwritev(fd, [view[shift:shift + n]], at) == n
        m[shift:shift + n] = bytes(n)
        assert os.preadv(fd, [view[shift:shift + n]], at) == n
        assert m[shift:shift + n] == data[shift:shift + n], (shift, n)
# one request in several pieces, each at an odd address
parts = [view[512:4608], view[8704:16896], view[20992:25088]]
for p in parts:
    p[:] = data[:len(p)]
assert os.pwritev(fd, parts, at) == 16384
whole = view[65536:65536 + 16384]
assert os.preadv(fd, [whole], at) == 16384
assert whole == data[:4096] + data[:8192] + data[:4096]
for p in parts:
    p[:] = bytes(len(p))
assert os.preadv(fd, parts, at) == 16384
assert b"".join(parts) == whole
for n, where in ((512, at), (4096, at + 512), (6144, at)):
    try:
        os.pwritev(fd, [view[:n]], where)
    except OSError as e:
        assert e.errno == 22, e
    else:
        raise AssertionError(f"{n} bytes at {where} were accepted")
PYTHON

# Two jobs that write the same sectors all the time: each sector is of one of them, whole, and
# can be read throughout.
python3 - $d <<'PYTHON'
import mmap, os, random, sys, time

path, at, n = sys.argv[1], 8000 * 4096, 16
end = time.time() + 4
children = []
for letter in b"ABC":
    pid = os.fork()
    if not pid:
        rng = random.Random(letter)
        fd = os.open(path, os.O_WRONLY | os.O_DIRECT)
        m = mmap.mmap(-1, n * 4096)
        m[:] = bytes([letter]) * (n * 4096)
        view = memoryview(m)
        while time.time() < end:
            first = rng.randrange(n)
            count = 1 + rng.randrange(n - first)
            os.pwritev(fd, [view[:count * 4096]], at + first * 4096)
        os._exit(0)
    children.append(pid)
fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
m = mmap.mmap(-1, n * 4096)
rounds = 0
while time.time() < end or not rounds:
    os.preadv(fd, [m], at)
    for i in range(n):
        s = m[i * 4096:(i + 1) * 4096]
        assert s.count(s[0]) == 4096 and s[0] in b"\0ABC", f"sector {i} is torn"
    rounds += 1
for pid in children:
    assert os.waitpid(pid, 0)[1] == 0
print(rounds, "reads")
PYTHON
eq mismatches "$(field v mismatches)" 0
close_volume v
