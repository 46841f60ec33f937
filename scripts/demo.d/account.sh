# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The account that scripts/demo prints, and its log.  Sourced.  The log's
# descriptor is $log_fd; on a terminal there are colours and moving bars, else
# one line per quarter.

if [[ -t 1 && -z ${NO_COLOR-} ]]; then
	bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' cyan=$'\e[36m' magenta=$'\e[35m' plain=$'\e[0m'
else
	bold='' dim='' red='' green='' yellow='' cyan='' magenta='' plain=''
fi
terminal=
[[ -t 1 ]] && terminal=1
width=$(tput cols 2>/dev/null || echo 80)
case $(locale charmap 2>/dev/null) in
UTF-8) tick='✓' cross='✗' full='█' empty='░' ;;
*) tick='ok' cross='FAILED' full='#' empty='.' ;;
esac

titles=("" "Set up" "The array offers a LUN, the host logs in"
	"A volume, a file system, recordings" "What the array sees"
	"Closed, logged out, logged in, opened again"
	"The plug is pulled in mid-write" "The array flips one bit"
	"The array returns an old state of the whole LUN" "Everything is verified once more"
	"Another LUN, and a warrant from the authority" "Its volume: three cases are recorded"
	"One call is privileged; who has what" "Evidence is frozen, the call restricted"
	"What leaks" "A second host, same registry and key store"
	"It is shown an old state of the LUN"
	"Another warrant, and a call with counsel" "New keys, while a recording is written"
	"The evidence is sealed" "Four officers, and what is due"
	"An order: the privileged call must go" "It is carried out"
	"What is left" "The array offers its old snapshots"
	"The court, on a machine of its own" "The end: the whole warrant")
results=() times=() skipped=()
step=0 step_start=$SECONDS
transient=''

# shellcheck disable=SC2154 # log_fd is the caller's
record() { printf '%(%T)T %s\n' -1 "$*" >&"$log_fd"; }

# Text that stays for the moment only; empty wipes it.
flash() {
	[[ -n $terminal && $transient != "$*" ]] || return 0
	transient=$*
	printf '\r\e[K%s' "${transient:0:width-1}"
}

line() {
	flash ''
	printf '%s\n' "$*"
	record "$*"
}

side_mark() {
	case $1 in
	array) printf '%s' "${yellow}array${plain}  " ;;
	host) printf '%s' "${cyan}host${plain}   " ;;
	officer | court) printf '%s' "${magenta}$(printf %-7s "$1")${plain}" ;;
	*) printf '%7s' '' ;;
	esac
}

finish_step() { ((step == 0)) || times[step]=$((SECONDS - step_start)); }

begin_step() {
	finish_step
	step=$1 step_start=$SECONDS
	line ""
	line "${bold}$step. ${titles[step]}${plain}"
}

tell() { line "   $(side_mark "$1")$2"; }
tell_command() { line "   $(side_mark "$1")${dim}\$ $2${plain}"; }
tell_quote() { line "          ${dim}| $1${plain}"; }

tell_check() {
	if [[ $1 == ok ]]; then
		line "   ${green}$tick${plain} $2"
		[[ -n ${results[step]-} ]] || results[step]=pass
	else
		line "   ${red}$cross $2${plain}"
		results[step]=FAIL
	fi
}

# bar TEXT DONE TOTAL: progress, in bytes.  Whatever else is told ends the bar.
quarter=0 bar_of=''
bar() {
	local text=$1 percent=$((${3:-0} > 0 ? $2 * 100 / $3 : 0)) n drawn
	[[ $bar_of == "$text" ]] || quarter=0
	bar_of=$text
	if [[ -n $terminal ]]; then
		n=$((percent * 30 / 100))
		printf -v drawn '%*s' $n ''
		printf -v text '%*s' $((30 - n)) ''
		flash "          ${drawn// /$full}${text// /$empty} $1 $percent %, $(($2 >> 20)) of $(($3 >> 20)) MiB"
	elif ((percent / 25 > quarter)); then
		line "          ... $text $percent %, $(($2 >> 20)) of $(($3 >> 20)) MiB"
	fi
	quarter=$((percent / 25))
}

# What people see while nothing is told; without a terminal every 15 s.
waiting() {
	local seconds=$2
	if [[ -n $terminal ]]; then
		flash "          $1 ... $seconds s"
	elif ((seconds && seconds % 15 == 0)); then
		line "          ... $1, $seconds s"
	fi
}

summary() {
	local i failed=0 result colour
	finish_step
	line ""
	line "${bold}Summary${plain}"
	for ((i = 1; i < ${#titles[@]}; i++)); do
		[[ " ${skipped[*]} " != *" $i "* ]] || continue
		result=${results[i]-not reached} colour=$red
		if [[ $result == pass ]]; then colour=$green; else failed=1; fi
		line "$(printf '   %d. %-50s %s%-11s%s %4s' "$i" "${titles[i]}" "$colour" "$result" "$plain" \
			"${times[i]:+${times[i]} s}")"
	done
	line ""
	return $failed
}
