# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the stories of scripts/demo share in the guest: the array (LIO), the way to it
# (open-iscsi), and asking for things to happen behind the array's back.  Sourced; needs
# events.sh, $phase and $safe.
# shellcheck disable=SC2154

target=iqn.2026-01.test.array:evidence
portal=127.0.0.1:3260
config=/sys/kernel/config/target
serial=0815c0ffee0815c0ffee0815c0ffee08
lun=

# shellcheck disable=SC2317 # called by the trap
unexpected() {
	bad "unexpected: line $1: $2"
	quote "$output"
}
trap 'unexpected $LINENO "$BASH_COMMAND"' ERR

# OpenSSL 3.0's AVX code for GCM decryption is 15 times slower than its plain AES-NI
# code on an emulated processor.  Real ones never see this.
if grep -q '^model name.*QEMU TCG' /proc/cpuinfo; then
	export OPENSSL_ia32cap=~0x1000000000000000
fi

# ---- asking the host of the virtual machine ----

# ask WHAT [ARGS...]: have something done behind the array's back; the answer
# goes to $answer.
asked=0
answer=
ask() {
	local file=$safe/answer.$phase.$((++asked))
	sync
	event ask "$file" "$@"
	while [[ ! -e $file ]]; do sleep 0.1; done
	answer=$(<"$file")
}

# ---- array ----

array_up() {
	local backstore=$config/core/iblock_0/evidence tpg=$config/iscsi/$target/tpgt_1
	modprobe -a target_core_mod target_core_iblock iscsi_target_mod
	mkdir -p "$backstore"
	echo udev_path=/dev/sda >"$backstore/control"
	echo 1 >"$backstore/enable"
	echo "$serial" >"$backstore/wwn/vpd_unit_serial"
	mkdir -p "$tpg" && mkdir -p "$tpg/np/$portal"
	echo 0 >"$tpg/attrib/authentication"
	echo 1 >"$tpg/attrib/generate_node_acls"
	echo 0 >"$tpg/attrib/demo_mode_write_protect"
	echo 1 >"$tpg/attrib/cache_dynamic_acls"
	mkdir -p "$tpg/lun/lun_0"
	ln -s "$backstore" "$tpg/lun/lun_0/evidence"
	echo 1 >"$tpg/enable"
	say array "LIO serves LUN 0 of $target, $(($(blockdev --getsize64 /dev/sda) >> 20)) MiB, at $portal"
}

# ---- host: transport ----

host_up() {
	local tools=$safe/bin
	modprobe -a dm-mod iscsi_tcp aesni-intel gcm ext4
	insmod "$tools/dm-warrant.ko"
	install -m 755 "$tools/warrantctl" /usr/local/sbin/
	install -m 644 "$tools"/libdmwarrant.so.* /usr/lib/x86_64-linux-gnu/
	echo InitiatorName=iqn.2026-01.test.host:recorder >/etc/iscsi/initiatorname.iscsi
	iscsid
	mkdir -p /mnt
}

# Only the kernel's SCSI identity tells which disk is which: names change.
find_lun() {
	local i d
	for ((i = 0; i < 150; i++)); do
		for d in /sys/block/sd*; do
			[[ $(cat "$d/device/wwid" 2>/dev/null) == naa.6001405* ]] || continue
			lun=/dev/${d##*/}
			[[ -b $lun ]] && return
		done
		sleep 0.1
	done
	output="no LUN appeared"
	return 1
}

login() {
	run host iscsiadm -m node -T "$target" -p "$portal" --login
	find_lun
}

logout() {
	run host iscsiadm -m node -T "$target" -p "$portal" --logout
	while [[ -b $lun ]]; do sleep 0.1; done
}

discover() {
	local try
	for ((try = 0; try < 20; try++)); do
		quietly iscsiadm -m discovery -t sendtargets -p "$portal" && break
		sleep 0.5
	done
	run host iscsiadm -m discovery -t sendtargets -p "$portal"
	quote "$output"
}

status() { warrantctl volume status --json "$name" | jq -r ".$1"; }

drop_caches() { echo 3 >/proc/sys/vm/drop_caches; }
