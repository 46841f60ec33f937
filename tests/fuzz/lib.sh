# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What run, mutants and ../cover/run share.  Sourced, not run.
# shellcheck disable=SC2034 # these do use what is set here

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fuzz=$top/tests/fuzz
out=$top/build/fuzz
corpus=$fuzz/corpus
targets=(superblock node record journal activations tag keyset keys buffers table target message volume image
	text etsi hi1 note sshsig evidence)

usage() { sed -n '/^#!/d; /^# SPDX/d; /^#/!q; s/^# \{0,1\}//; p' "$0"; }
die() { echo "${0##*/}: $*" >&2; exit 1; }

# The compiler that has libFuzzer, with its runtime and its coverage tools.
need_clang() {
	"$top/scripts/need" clang-14 libclang-rt-14-dev llvm-14 make pkg-config libssl-dev \
		libjson-c-dev libxml2-dev
}

# Longer inputs than these only repeat themselves.
max_len() { # TARGET
	case $1 in
	record | keyset) echo 4200 ;;
	journal | tag) echo 8000 ;;
	message) echo 6400 ;;
	text) echo 600 ;;
	sshsig) echo 3000 ;;
	etsi) echo 4000 ;;
	hi1) echo 6000 ;;
	note) echo 3000 ;;
	evidence) echo 4000 ;;
	*) echo 1000 ;;
	esac
}

# What finds nothing within these is not slow but hangs: work is counted by the targets themselves.
limits=(-timeout=60 -rss_limit_mb=3000 -print_final_stats=0)
export ASAN_OPTIONS=${ASAN_OPTIONS-allocator_may_return_null=1:symbolize=1}
