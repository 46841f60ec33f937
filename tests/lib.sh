# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the tests in the guest share: LUNs, volumes, expectations.  Sourced by
# tests/vm/NNN-*.sh, each of which tests/vm/guest runs in a shell of its own.
#
# A test ends well, or with fail (or any command that fails).  Volumes and LUNs
# have short names (v, a ...); of LUN a there are
#   $work/a.img   backing file (sparse, in memory)
#   $work/a.key   keyset of the volume on it
#   $work/a.vol   its UUID and its length in 512-byte units
# and lun, format, open_volume etc. set dev, or uuid and len.

set -Eeuo pipefail
export LC_ALL=C.UTF-8 DM_DISABLE_UDEV=1

host=${DMW_HOST:-/run/host}		# what tests/vm/run gives the guest
work=$(mktemp -d /tmp/t.XXXXXX)
export LD_LIBRARY_PATH=$host/bin
PATH=$host/bin:$PATH

trap 'echo "FAIL: ${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND" >&2' ERR

fail() { echo "FAIL: $*" >&2; trap - ERR; exit 1; }
skip() { echo "SKIP: $*" >&2; exit 77; }

# eq WHAT ACTUAL EXPECTED
eq() { [[ $2 == "$3" ]] || fail "$1: $2, expected $3"; }

# ---- kernel log ----

# since_mark: the kernel's messages after the last mark_log.
mark_log() {
	log_mark=mark-$BASHPID-${RANDOM}$RANDOM
	echo "$log_mark" >/dev/kmsg
}
since_mark() { dmesg | sed "1,/$log_mark/d"; }

# logged TEXT: such a message has come since the mark (or comes in a moment).
logged() {
	local i
	for ((i = 0; i < 20; i++)); do
		since_mark | grep -qF -- "$1" && return
		sleep 0.1
	done
	fail "not in the kernel log: $1"
}

# expect_fail TEXT COMMAND...: it fails, and TEXT is in what it or the kernel said.
expect_fail() {
	local text=$1 out
	shift
	mark_log
	if out=$("$@" 2>&1); then fail "has succeeded: $*"; fi
	[[ $out == *"$text"* ]] || since_mark | grep -qF -- "$text" ||
		fail "$*: no \"$text\" in: $out; $(since_mark | tail -n 3)"
}

# ---- LUNs ----

# lun NAME MIB [LOSETUP-ARGS...]: an empty one; sets dev.
lun() {
	truncate -s "$2M" "$work/$1.img"
	dev=$(losetup -f --show "${@:3}" "$work/$1.img")
}

# ram_lun N MIB: /dev/ramN, faster than a loop device; empty the first time.
ram_lun() {
	[[ -b /dev/ram0 ]] || modprobe brd rd_nr=4 rd_size=$(($2 * 1024))
	dev=/dev/ram$1
}

# loop_of FILE: a loop device for an image that is already there; sets dev.
loop_of() { dev=$(losetup -f --show "$1"); }

# copy A B, overwrite A B: B gets A's contents; overwrite is for a B that a loop device has.
copy() { cp --sparse=always "$work/$1.img" "$work/$2.img"; }
overwrite() { cp --sparse=always "$work/$1.img" "$work/$2.img"; }

# Whether anything has changed, not whether somebody clever has changed it: a CRC is faster here.
digest_of() { cksum <"$1"; }

# ---- volumes ----

volume() { read -r uuid len <"$work/$1.vol"; }

# format NAME DEVICE [OPTIONS...]: a new keyset, a new volume; sets uuid and len.
format() {
	local name=$1 device=$2
	shift 2
	rm -f "$work/$name.key"
	warrantctl volume format --yes --force small-blocks --json "$@" \
		--new-keyset "$work/$name.key" "$device" >"$work/$name.json"
	jq -r '"\(.uuid) \(.volume_bytes / 512)"' "$work/$name.json" >"$work/$name.vol"
	volume "$name"
}

# The kernel takes the keyset while it loads the table; then it can go, as with warrantctl.
give_key() { keyctl padd logon "dm-warrant:$uuid" @us <"$work/$1.key" >/dev/null; }
take_key() { keyctl purge logon "dm-warrant:$uuid" >/dev/null; }

# add_keys NAME TAG [LAST]: random keys of epoch 1 for tags TAG to LAST into the keyset file.
add_keys() {
	python3 - "$work/$1.key" "$2" "${3:-$2}" <<-'EOF'
		import os, struct, sys
		path, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
		d = bytearray(open(path, "rb").read())
		for tag in range(first, last + 1):
		    d += struct.pack("<II", tag, 1) + os.urandom(32)
		struct.pack_into("<H", d, 6, struct.unpack_from("<H", d, 6)[0] + last + 1 - first)
		open(path, "wb").write(d)
	EOF
}

hex() { printf %s "$1" | od -An -v -t x1 | tr -d ' \n'; }
message() { dmsetup message "$1" 0 "${@:2}"; }

# new_tag NAME TAG TEXT [METADATA]: its key is in the keyset file, but not yet in the kernel.
new_tag() {
	local rc=0
	volume "$1"
	give_key "$1"
	message "$1" keys "logon:dm-warrant:$uuid" || rc=$?
	take_key
	((rc)) || message "$1" tag_create "$2" "$(hex "$3")" "$([[ ${4-} ]] && hex "$4" || echo -)"
}

# assign NAME TAG START LENGTH: and wait; sets job to what became of it.
assign() {
	local id
	id=$(message "$1" assign "${@:2}")
	until job=$(message "$1" job "$id") && [[ $job != *running ]]; do sleep 0.1; done
}

# line NAME DEVICE [OPTION...]: the table line of a volume.
line() {
	local name=$1 device=$2
	shift 2
	volume "$name"
	echo "0 $len warrant $device $uuid logon:dm-warrant:$uuid${*:+ $# $*}"
}

# open_volume NAME DEVICE [OPTION...]: as /dev/mapper/NAME, by dmsetup.
# dmsetup_args, if set, goes to dmsetup create.
open_volume() {
	local rc=0 text
	text=$(line "$@")
	volume "$1"
	give_key "$1"
	# shellcheck disable=SC2086
	dmsetup create ${dmsetup_args-} "$1" --table "$text" || rc=$?
	take_key
	return $rc
}

# reload NAME DEVICE [OPTION...]: load a table into the inactive slot.
reload() {
	local rc=0 text
	text=$(line "$@")
	give_key "$1"
	dmsetup reload "$1" --table "$text" || rc=$?
	take_key
	return $rc
}

close_volume() { dmsetup remove --retry "$1"; }

# fresh NAME MIB [OPTION...]: LUN, format, open.
fresh() {
	lun "$1" "$2"
	format "$1" "$dev"
	open_volume "$1" "$dev" "${@:3}"
}

# kernel_name NAME: dm-N.
kernel_name() { dmsetup info -c --noheadings -o blkdevname "$1"; }

# field NAME WHAT: of the status line.
field() {
	local f
	read -ra f <<<"$(dmsetup status "$1")"
	case $2 in
	mode) echo "${f[3]}" ;;
	anchor) echo "${f[4]}" ;;
	checkpoint) echo "${f[4]%%:*}" ;;
	activation) echo "${f[5]}" ;;
	journal) echo "${f[6]%%/*}" ;;
	nodes) echo "${f[7]%%/*}" ;;
	mismatches) echo "${f[8]}" ;;
	recovered) echo "${f[9]}" ;;
	lost) echo "${f[10]}" ;;
	*) fail "no field $2" ;;
	esac
}

# stat_of NAME WHAT: one of the counters of message "stats".
stat_of() {
	dmsetup message "$1" 0 stats | tr ' ' '\n' | sed -n "s/^$2=//p"
}

# ---- data ----

random_file() { head -c "$2" /dev/urandom >"$1"; }

# Direct I/O in 4 KiB sectors: put FILE DEVICE SECTOR [COUNT]; get DEVICE SECTOR [COUNT] (to stdout).
get() { dd if="$1" bs=4k skip="$2" count="${3:-1}" iflag=direct status=none; }

put() {
	dd if="$1" of="$2" bs=4k seek="$3" ${4:+count="$4"} oflag=direct conv=notrunc status=none
}

# same FILE DEVICE SECTOR: the device holds the file's contents there.
same() {
	local n=$(($(stat -c %s "$1") / 4096))
	get "$2" "$3" "$n" | cmp - "$1" || fail "$2 differs from $1 at sector $3"
}

zeros() {
	local n=${3:-1}
	get "$1" "$2" "$n" | cmp -n $((n * 4096)) - /dev/zero || fail "$1: sector $2 (+$n) is not zeros"
}

# read_error DEVICE SECTOR ERRNO-TEXT: a sector cannot be read, for that reason.
eilseq="Invalid or incomplete multibyte or wide character"
eio="Input/output error"
read_error() {
	local out
	out=$(get "$1" "$2" 2>&1 >/dev/null) && fail "$1: sector $2 can be read"
	[[ $out == *"$3"* ]] || fail "$1: sector $2: $out, expected $3"
}

# fio_verify DEVICE FIO-ARGS...: write, read back, compare.
fio_verify() {
	local device=$1
	shift
	(cd "$work" && fio --name=v --filename="$device" --ioengine=libaio --direct=1 --randrepeat=0 \
		--verify=crc32c --verify_fatal=1 --do_verify=1 --verify_state_save=0 "$@" >fio.out 2>&1) || {
		tail -n 30 "$work/fio.out" >&2
		fail "fio $*"
	}
}

# ---- where things lie on a LUN: Documentation/format.rst ----

le() { od -An -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '; }

layout() { # layout IMAGE: sets superblock_b, journal_start, journal_blocks, group_start
	superblock_b=$(le "$1" 80 8)
	# shellcheck disable=SC2034
	journal_start=$(le "$1" 112 8) journal_blocks=$(le "$1" 120 4)
	group_start=$(le "$1" 128 8)
}

group_block() { echo $((group_start + $1 * 16648)); }
block_of_sector() { echo $(($(group_block $(($1 >> 14))) + 264 + ($1 & 16383))); }
block_of_leaf() { echo $(($(group_block $(($1 >> 7))) + 8 + ($1 & 127) * 2 + $2)); }
block_of_node() { # LEVEL INDEX SLOT
	echo $(($(group_block $(($2 << (($1 - 1) * 7)))) + ($1 - 1) * 2 + $3))
}

# flip FILE BLOCK [BYTE]: one bit of a byte in a block.
flip() {
	local at=$(($2 * 4096 + ${3:-100})) byte
	byte=$(od -An -t u1 -j $at -N 1 "$1" | tr -d ' ')
	printf '%b' "\\x$(printf %x $((byte ^ 1)))" | dd of="$1" bs=1 seek=$at conv=notrunc status=none
}

# copy_block FROM BLOCK TO BLOCK
copy_block() { dd if="$1" of="$3" bs=4k skip="$2" seek="$4" count=1 conv=notrunc status=none; }
