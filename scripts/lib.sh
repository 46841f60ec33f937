# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What every script here shares: where things are cached, how progress is
# told, and how two concurrent runs are kept apart.  Sourced, not run.

# The scripts may be called from anywhere; all paths derive from this one.
# shellcheck disable=SC2034 # used by the scripts that source this file
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
here=$repo/scripts

# Big, rebuildable things live outside the repository.
cache=${DMW_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/dm-warrant}
mkdir -p "$cache"

# Packages must never stop to ask anything.
export DEBIAN_FRONTEND=noninteractive

# All talk goes to stderr: stdout belongs to the result of a script.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "error: $*"; exit 1; }

# usage: print the comment block that heads the calling script.
usage() { sed -n '/^#!/d; /^# SPDX/d; /^#/!q; s/^# \{0,1\}//; p' "$0"; }

# step TEXT COMMAND...: run something slow.  Prints what is being done, a sign
# of life every 15 s, how long it took, and the end of its output if it failed.
step() {
	local text=$1 log start=$SECONDS beat rc=0
	shift
	log=$(mktemp "$cache/step.XXXXXX")
	say "$text ..."
	# "read" waits without a child process that would have to be killed too.
	(
		unlock
		while ! read -r -t 15 <> <(:) && kill -0 $$ 2>/dev/null; do
			say "  ... still at it ($((SECONDS - start)) s)"
		done
	) &
	beat=$!
	# In the background, because "command || ..." would switch off "set -e"
	# inside a function given as the command.
	("$@") >"$log" 2>&1 </dev/null &
	wait $! || rc=$?
	kill "$beat" 2>/dev/null && wait "$beat" 2>/dev/null || true
	if ((rc)); then
		tail -n 40 "$log" >&2
		rm -f "$log"
		die "failed ($rc): $text"
	fi
	rm -f "$log"
	say "  done in $((SECONDS - start)) s"
}

# lock NAME: hold a lock until this process ends, so that concurrent runs wait
# for each other instead of building the same thing into the same place.
held=()
lock() {
	local fd
	mkdir -p "$cache/lock"
	exec {fd}>"$cache/lock/$1"
	held+=("$fd")
	if ! flock -n "$fd"; then
		say "waiting for another run ($1) ..."
		flock "$fd"
	fi
}

# unlock: let go of all locks, for a child process that may outlive its parent.
unlock() {
	local fd
	for fd in "${held[@]}"; do exec {fd}>&-; done
}

# digest FILE|TEXT...: one short hash of everything given; names of existing
# files count by their contents.
digest() {
	local x
	for x in "$@"; do
		if [[ -f $x ]]; then cat "$x"; else printf '%s\n' "$x"; fi
	done | sha256sum | cut -c1-16
}
