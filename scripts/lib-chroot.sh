# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A Debian 13 (trixie) tree: the host tools in its kernel headers need a newer
# C library and compiler than bookworm has.  Sourced, not run (needs lib.sh
# and lib-apt.sh).

trixie=$cache/trixie

# in_trixie DIR COMMAND...: run inside the tree, with DIR and the cache shared
# (under their own names).  The mounts are private to the command and vanish with it.
in_trixie() {
	local dir=$1
	shift
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount bash -euc '
		root=$1 cache=$2 dir=$3; shift 3
		mkdir -p "$root$cache" "$root$dir"
		mount --rbind /dev "$root/dev"
		mount -t proc proc "$root/proc"
		mount --bind "$cache" "$root$cache"
		mount --bind "$dir" "$root$dir"
		touch "$root/etc/resolv.conf"
		mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
		exec chroot "$root" env -C "$dir" PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			LC_ALL=C.UTF-8 "$@"
	' in_trixie "$trixie" "$cache" "$dir" "$@"
}

make_trixie() {
	local stamp packages="gcc make sparse pahole libelf1t64 libssl3t64"
	stamp=$(digest "$packages" "$(declare -f bootstrap)")
	[[ -f $trixie/.stamp && $(<"$trixie/.stamp") == "$stamp" ]] && return
	rm -rf "$trixie"
	step "making a trixie build tree" bootstrap "$trixie" apt "${packages// /,}" \
		"$(suite_sources trixie updates security backports)"
	echo "$stamp" >"$trixie/.stamp"
}
