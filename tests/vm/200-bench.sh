#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# warrantctl bench: the kernel's ciphers; all stacks on a SCSI disk, which is
# blank afterwards, also after an interrupt, with nothing mapped (but for moments
# that SIGKILL must meet, see bench_stack.c); volumes are refused; a LUN and the
# volume that is open on it side by side, of which nothing is written.
# limit: 180
# kmsg: device-mapper: multipath round-robin: version

. "$(dirname "$0")/../lib.sh"

modprobe -a sd_mod algif_skcipher algif_aead dm-crypt dm-integrity
modprobe scsi_debug dev_size_mb=64 physblk_exp=3 delay=0 lbpu=1 lbpws=1 lbprz=1
for ((i = 0; i < 50; i++)); do
	name=$(echo /sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/block/sd*)
	[[ -e $name ]] && break
	sleep 0.1
done
dev=/dev/${name##*/}

bench() { warrantctl bench --time 0.01 --json "$@" >"$work/out"; }
json() { jq -e "$@" "$work/out" >/dev/null || fail "bench: not so: $*: $(head -c 2000 "$work/out")"; }
unmapped() { [[ $(dmsetup ls) == "No devices found" ]] || fail "left mapped: $(dmsetup ls)"; }

# ---- ciphers, which the guest's kernel has ----

bench
json '.ciphers | length == 3 and all(.through == "kernel" and .encrypt_ns > 0 and .decrypt_ns > 0)'
json '.ciphers[0] | .cipher == "gcm(aes)" and (.implementation | test("gcm")) and .call_ns > 0'
grep -q QEMU /proc/cpuinfo && json '.machine.emulated'

# ---- all stacks ----

# Each stack has run each job. Nothing is on the part afterwards, and beyond it all is as it was.
random_file "$work/beyond" $((16 << 20))
put "$work/beyond" $dev $((16 << 8))
bench --write --yes --size 16M --svg "$work/bench.svg" $dev
json '.absent == [] and .write and .part_bytes == 16777216 and .area_bytes == 14680064'
json '[.cells[].stack] | unique == ["LUN", "dm-crypt gcm + dm-integrity", "dm-crypt xts",
	"dm-linear", "dm-warrant"]'
json '[.cells[].job] | unique | length == 13'
json '.cells | length == 65 and all(.ios > 0 and .p50_ns > 0 and .p99_ns >= .p50_ns and
	.max_ns >= .p99_9_ns and .bytes == .ios * .block_bytes)'
# Of the disk itself, a byte is a byte; dm-integrity writes all twice, dm-warrant does not.
json '.cells | map(select(.stack == "LUN" and .writes)) | all(.lun_written_bytes == .bytes)'
json '.cells | map(select(.stack == "dm-crypt xts" and .writes)) | all(.lun_written_bytes == .bytes)'
json '.cells[] | select(.job == "1 MiB sequential write, depth 8" and (.stack | test("integrity"))) |
	.lun_written_bytes > 1.9 * .bytes'
json '.cells[] | select(.job == "1 MiB sequential write, depth 8" and .stack == "dm-warrant") |
	.lun_written_bytes > .bytes and .lun_written_bytes < 1.5 * .bytes'
# Every sync is a flush of the disk.
json '.cells | map(select(.syncs and (.stack | test("integrity") | not))) | all(.lun_flushes >= .ios)'
json '.cells | map(select(.stack == "dm-linear")) | all(.of_lun > 0 and .of_xts > 0)'
python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$work/bench.svg"
zeros $dev 0 $((16 << 8))
same "$work/beyond" $dev $((16 << 8))
unmapped

# ---- refused ----

refused() { # TEXT OPTION...
	local before
	before=$(digest_of $dev)
	expect_fail "$1" warrantctl bench --write --yes --time 0.01 "${@:2}" $dev
	eq "$dev after a refusal" "$(digest_of $dev)" "$before"
	unmapped
}

mkfs.ext4 -q $dev
refused "holds ext4"
refused "holds no xfs" --erase-signature ext4 --erase-signature xfs
mount -o ro $dev /mnt/a
refused "mounted on /mnt/a" --erase-signature ext4
umount /mnt/a
refused "fewer than --size" --erase-signature ext4 --size 1G

# ---- interrupted ----

# interrupted SIGNAL STACK OPTION...: while that is measured, as soon as it would go with its last
# user; sets rc.
interrupted() {
	local i pid
	# A shell has those it puts into the background ignore some.
	env --default-signal=INT,QUIT warrantctl bench --write --yes --time 0.01 --size 16M "${@:3}" \
		$dev >"$work/out" 2>"$work/err" &
	pid=$!
	for ((i = 0; i < 1000; i++)); do
		dmsetup info "warrant-bench-$pid-$2" 2>&1 | grep -q "DEFERRED REMOVE" && break
		sleep 0.02
	done
	kill -"$1" $pid
	rc=0
	wait $pid || rc=$?
}

# Nothing mapped, blank, and said.
cancelled() { # SIGNAL STACK OPTION...
	interrupted "$@"
	eq "exit status after SIG$1" $rc 1
	grep -q cancelled "$work/err" || fail "not said: $(<"$work/err")"
	unmapped
	zeros $dev 0 $((16 << 8))
}

cancelled INT warrant --erase-signature ext4

# Who cannot clean up leaves something on the LUN, which the next has to name, but nothing mapped.
interrupted KILL gcm
eq "exit status after SIGKILL" $rc 137
for ((i = 0; i < 50; i++)); do
	[[ $(dmsetup ls) == "No devices found" ]] && break
	sleep 0.1
done
unmapped
refused "holds DM_integrity"

# ---- a stack that cannot be had is absent ----

modprobe -r dm-integrity
echo "install dm-integrity /bin/false" >/etc/modprobe.d/no-integrity.conf
bench --write --yes --erase-signature DM_integrity --size 16M $dev
rm /etc/modprobe.d/no-integrity.conf
json '.absent | length == 1 and (.[0].stack | test("integrity")) and
	.[0].why == "this kernel has no module dm-integrity"'
json '.cells | length == 52'
zeros $dev 0 $((16 << 8))
unmapped

# ---- reading only ----

format v $dev
refused "superblock of dm-warrant" --erase-signature dm-warrant
open_volume v $dev
random_file "$work/data" $((8 << 20))
put "$work/data" /dev/mapper/v 0
blockdev --flushbufs /dev/mapper/v
before=$(digest_of $dev)
checkpoint=$(field v checkpoint)
for what in v /dev/mapper/v $dev; do
	bench --size 8M $what
	json --arg dev $dev '.device == $dev and .volume == "v" and (.write | not)'
	json '[.cells[] | "\(.stack) \(.writes)"] | unique == ["LUN false", "dm-warrant false"]'
	json '.cells | length == 12 and all(.lun_written_bytes == 0 and .of_lun > 0)'
	# What was read of the volume came from the LUN.
	json '.cells | map(select(.stack == "dm-warrant")) | all(.lun_read_bytes >= .bytes)'
done
warrantctl bench --time 0.01 v | grep -q "never written"
same "$work/data" /dev/mapper/v 0
((checkpoint == $(field v checkpoint))) && eq "$dev after reading" "$(digest_of $dev)" "$before"
expect_fail "held by the device-mapper device v" warrantctl bench --write --yes $dev
close_volume v
expect_fail "w is not open" warrantctl bench w

modprobe -a dm-multipath dm-round-robin
dmsetup create mp --uuid mpath-bench --table \
	"0 $(blockdev --getsz $dev) multipath 0 0 1 1 round-robin 0 1 1 $dev 1"
expect_fail "one path of several to its LUN; name /dev/mapper/mp" warrantctl bench $dev
bench --size 8M /dev/mapper/mp
json '.volume == "" and (.cells | length == 6)'
dmsetup remove mp
