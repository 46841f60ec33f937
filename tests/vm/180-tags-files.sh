#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Case tags of files, with warrantctl on a real volume: assigned, checked, repaired, frozen under a
# mounted file system, restricted; written under a watch; file systems on linear mappings.
# limit: 300
# kmsg: I/O error, dev
# kmsg: critical

. "$(dirname "$0")/../lib.sh"

d=/dev/mapper/v
t() { warrantctl tag "$@"; }
# space NAME: sectors of a tag, and of these written
space() { t show --json v "$1" | jq -r '"\(.sectors) \(.written_sectors)"'; }
written() { awk '{ print $7 }' "/sys/block/$(basename "$lun_dev")/stat"; }

watch_begin() {
	warrantctl tag watch --json --ahead-mib 4 v /mnt/a >"$work/events" 2>"$work/watch.err" &
	watch=$!
	for ((i = 0; i < 200; i++)); do
		! grep -q '"ready"' "$work/events" || return 0
		sleep 0.1
	done
	fail "the watch does not begin: $(<"$work/watch.err")"
}
watch_end() {
	kill "$watch"
	wait "$watch" || fail "watch: $(<"$work/watch.err")"
	! grep '"failed"\|"lost"' "$work/events" || fail "watch"
}

# How often the LUN is written for each byte of a recording.
hurry() {
	local before
	before=$(written)
	dd if=/dev/urandom of=/mnt/a/in/fast bs=1M count=16 oflag=direct status=none
	sleep 1.5
	sync -f /mnt/a
	echo "in a hurry: $((($(written) - before) * 512 * 100 / (16 << 20))) %"
	eq "fast" "$(space one)" "9192 9192"
	mkdir /mnt/a/in/many /mnt/a/elsewhere
	echo "20 new files: $(create /mnt/a/elsewhere), under the tag: $(create /mnt/a/in/many)"
	rm -r /mnt/a/in/many /mnt/a/elsewhere
}
create() { # DIRECTORY
	local start i
	start=$(date +%s%N)
	for ((i = 0; i < 20; i++)); do : >"$1/$i"; done
	echo "$((($(date +%s%N) - start) / 1000)) us"
}
afterwards() {
	local before
	before=$(written)
	dd if=/dev/urandom of=/mnt/a/late bs=1M count=16 oflag=direct status=none
	sync -f /mnt/a
	t assign --file v two /mnt/a/late >/dev/null
	message v checkpoint
	echo "assigned afterwards: $((($(written) - before) * 512 * 100 / (16 << 20))) %"
	rm /mnt/a/late
	sync -f /mnt/a
	t check --repair v >/dev/null
}

try() { # TYPE
	local type=$1 before moved
	modprobe "$type"
	lun v 400
	lun_dev=$dev
	format v "$dev"
	open_volume v "$dev" allow_discards
	for n in one two secret; do t create --keyset "$work/v.key" v $n >/dev/null; done
	expect_fail "has the name" t create --keyset "$work/v.key" v one
	case $type in
	ext4) mkfs.ext4 -q -b 4096 $d ;;
	xfs) mkfs.xfs -q -f $d ;;
	esac
	mount $d /mnt/a

	# files
	random_file /mnt/a/a $((1000 * 4096))
	random_file /mnt/a/b $((500 * 4096))
	md5sum /mnt/a/a /mnt/a/b >"$work/sums"
	t assign --file v one /mnt/a/a >/dev/null
	t assign --file v two /mnt/a/b >/dev/null
	eq "one" "$(space one)" "1000 1000"
	eq "two" "$(space two)" "500 500"
	t check v >/dev/null
	echo 3 >/proc/sys/vm/drop_caches
	md5sum --quiet -c "$work/sums"
	cp -a --reflink=never /mnt/a/a /mnt/a/copy
	sync -f /mnt/a
	expect_fail "1 files" t check v
	t check --repair v >/dev/null
	eq "copy" "$(space one)" "2000 2000"
	rm /mnt/a/copy
	sync -f /mnt/a
	t check --repair --json v >"$work/check"
	eq "discarded" "$(jq '.free_sectors - .cleared_sectors' "$work/check") $(space one)" "0 1000 1000"

	# an ingest program that knows nothing, slower than the watcher: all written once
	mkdir /mnt/a/in /mnt/a/in/secret
	t assign --file v one /mnt/a/in >/dev/null
	t assign --file v secret /mnt/a/in/secret >/dev/null
	watch_begin
	before=$(written)
	for ((i = 0; i < 32; i++)); do
		head -c $((512 * 1024)) /dev/urandom
		sleep 0.1
	done | dd of=/mnt/a/in/call.wav bs=512k iflag=fullblock oflag=direct status=none
	sleep 1
	sync -f /mnt/a
	echo "$type: LUN bytes per byte of a recording under watch: $((($(written) - before) * 512 * 100 / (16 << 20))) %"
	moved=$(jq -s '[.[] | select(.path // "" | endswith("/call.wav")) | .moved_sectors] | add' "$work/events")
	eq "sealed anew" "$moved" 0
	eq "call" "$(space one)" "5096 5096"
	random_file /mnt/a/in/secret/x $((300 * 4096))
	sleep 1
	eq "secret" "$(space secret)" "300 300"
	if [[ $type == ext4 ]]; then hurry; fi
	# moved there
	random_file /mnt/a/m $((64 * 4096))
	mv /mnt/a/m /mnt/a/in/secret/m
	for ((i = 0; i < 50; i++)); do [[ $(space secret) != "364 364" ]] || break; sleep 0.1; done
	eq "moved" "$(space secret)" "364 364"
	watch_end
	t check v >/dev/null
	if [[ $type == ext4 ]]; then afterwards; fi

	# frozen
	t freeze v secret >/dev/null
	expect_fail "not permitted" bash -c 'echo >>/mnt/a/in/secret/x'
	expect_fail "not permitted" rm /mnt/a/in/secret/x
	cmp -s /mnt/a/in/secret/x /dev/null && fail "frozen file is empty"
	expect_fail "default tag" t restrict v 0
	# The file system goes on, until it is full and after that.
	dd if=/dev/zero of=/mnt/a/full bs=1M status=none 2>/dev/null || true
	sync -f /mnt/a
	rm /mnt/a/full
	random_file /mnt/a/after $((1 << 20))
	sync -f /mnt/a
	fstrim /mnt/a
	md5sum /mnt/a/in/secret/x >"$work/secret.sum"

	umount /mnt/a
	case $type in
	ext4) e2fsck -fn $d ;;
	xfs) xfs_repair -n $d ;;
	esac >"$work/fsck" 2>&1 || { cat "$work/fsck" >&2; fail "$type is damaged"; }
	mount $d /mnt/a

	# restricted
	t restrict v secret >/dev/null
	# The page cache makes EIO of all errors; direct I/O tells which.
	expect_fail "Input/output error" cat /mnt/a/in/secret/x
	expect_fail "Remote I/O error" dd if=/mnt/a/in/secret/x of=/dev/null bs=4k iflag=direct
	md5sum --quiet -c "$work/sums"
	t map --width 70 --rows 4 v
	umount /mnt/a
	close_volume v
	open_volume v "$lun_dev"
	eq "state after reopening" "$(t show --json v secret | jq -r .state)" restricted
	eq "secret after reopening" "$(space secret)" "364 364"
	mount $d /mnt/a
	md5sum --quiet -c "$work/sums"
	t check v >/dev/null
	umount /mnt/a
	close_volume v
	warrantctl volume check --data --keyset "$work/v.key" "$lun_dev" >/dev/null
	losetup -d "$lun_dev"
	rm "$work/v.img"
}

try ext4
try xfs

# On linear mappings, in two pieces the wrong way round; behind anything else blocks are not followed.
lun s 200
format s "$dev"
open_volume s "$dev"
t create --keyset "$work/s.key" s one >/dev/null
n=$((40 << 11))
dmsetup create l --table "0 $n linear /dev/mapper/s $((80 << 11))
$n $n linear /dev/mapper/s 2048"
mkfs.ext4 -q -b 4096 /dev/mapper/l
mount /dev/mapper/l /mnt/a
for f in 1 2 3 4 5 6; do random_file /mnt/a/$f $((8 << 20)); done
t assign --file s one /mnt/a/[1-6] >/dev/null
eq "linear" "$(t show --json s one | jq .sectors)" $((6 * 2048))
t check s >/dev/null
rm /mnt/a/[2-4]
sync -f /mnt/a
eq "linear, free" "$(t check --json s | jq .free_sectors)" $((3 * 2048))
umount /mnt/a
dmsetup remove --retry l
dmsetup create l --table "0 $n delay /dev/mapper/s 0 0"
mkfs.ext4 -q -F -b 4096 /dev/mapper/l
mount /dev/mapper/l /mnt/a
random_file /mnt/a/1 4096
expect_fail "target delay" t assign --file s one /mnt/a/1
umount /mnt/a
dmsetup remove --retry l
close_volume s
