# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# How the guest tells its story: one event a line, fields separated by US
# (0x1f).  scripts/demo.d/account.sh turns them into what people read.  Sourced
# in the guest; the Python helpers write the same lines.
#
#   step N                 step N begins
#   say SIDE TEXT          a sentence; SIDE is array, host or empty
#   command SIDE TEXT      a command that a person would have typed
#   quote TEXT             a line of somebody's output
#   bar TEXT DONE TOTAL    progress, in bytes
#   busy TEXT              what is being waited for
#   check ok|bad TEXT      something was shown, or was not
#   log TEXT               for the log only
#   synced SHA256 NAME     this recording was fsynced
#   ask WHAT [ARGS...]     the array is to do something to its medium

us=$'\x1f'

# Tabs, line ends and separators in a text would be taken for structure.
event() {
	local line=@dmw field
	for field in "$@"; do line+=$us${field//[$'\n\t\r\x1f']/ }; done
	printf '%s\n' "$line"
}

say() { event say "$1" "$2"; }
ok() { event check ok "$*"; }
bad() { event check bad "$*"; failures=1; }
# shellcheck disable=SC2034 # the exit status of the script that sources this
failures=0

# each_line KIND TEXT: one event for each line of TEXT.
each_line() {
	local line
	[[ -n $2 ]] || return 0
	while IFS= read -r line; do event "$1" "$line"; done <<<"$2"
}
quote() { each_line quote "$1"; }

# run SIDE COMMAND...: tell the command and run it; its output goes to the log
# and into $output.
output=
run() {
	local side=$1 rc=0 word text=''
	shift
	for word in "$@"; do
		[[ -n $word && $word != *" "* ]] || word="'$word'"
		text+="${text:+ }$word"
	done
	event command "$side" "$text"
	output=$("$@" 2>&1) || rc=$?
	each_line log "$output"
	((rc == 0)) || event log "(exit status $rc)"
	return $rc
}

# The same without telling it: plumbing.
quietly() {
	local rc=0
	event log "# $*"
	output=$("$@" 2>&1) || rc=$?
	each_line log "$output"
	((rc == 0)) || event log "(exit status $rc)"
	return $rc
}
