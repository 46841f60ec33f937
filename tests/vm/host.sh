# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the host's side of the tests shares.  Sourced; needs $here and $repo.
# shellcheck disable=SC2154

usage() { sed -n '/^#!/d; /^# SPDX/d; /^#/!q; s/^# \{0,1\}//; p' "$0"; }

# quietly COMMAND...: its output only if it fails.
quietly() {
	local out
	out=$("$@" 2>&1) || { printf '%s\n' "$out" | tail -n 30 >&2; return 1; }
}

# furnish VERSION DIR [MODULE]: put module and tools into DIR.  Copies, so that a
# build or an edit meanwhile does not change what is being tested.
# DMW_TOOLS names a directory with warrantctl and its library to be taken instead.
furnish() {
	local version=$1 dir=$2 module=${3-} tools=${DMW_TOOLS-}
	mkdir -p "$dir/bin"
	if [[ -z $module ]]; then
		quietly "$repo/scripts/kbuild" "$version"
		module=$repo/build/$version/kmod/dm-warrant.ko
	fi
	cp "$module" "$dir/dm-warrant.ko"
	if [[ -z $tools ]]; then
		quietly make -C "$repo/userspace"
		tools=$repo/userspace/build
	fi
	cp -L "$tools/warrantctl" "$tools/libdmwarrant.so.0" "$dir/bin/"
}

# prepare VERSION DIR [MODULE]: put into DIR all that a guest's tests need.
prepare() {
	local dir=$2 p tools=${DMW_TOOLS:-$repo/userspace/build}
	furnish "$@"
	mkdir -p "$dir/logs"
	quietly make -C "$repo/tests/volumes" BUILD="$(realpath "$tools")" SANITIZE="${SANITIZE-}"
	cp "$tools/volumes/tool" "$dir/bin/volumes-tool"
	for p in synced fsx remains; do
		gcc -static -O2 -Wall -Wextra -o "$dir/bin/$p" "$here/$p.c"
	done
	quietly make -s -C "$repo/tests/replay" O="$(realpath "$dir")/bin" "$(realpath "$dir")/bin/record"
	mkdir "$dir/tests"
	cp "$repo/tests/lib.sh" "$dir/tests/"
	cp -r "$here" "$dir/tests/vm"
	cp -r "$repo/userspace/retention" "$dir/"
}
