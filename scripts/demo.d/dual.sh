# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What officers do in the third story of scripts/demo: read, sign, hand in, wait.
# Sourced; needs lun.sh.  Their private keys are in $officers, which is theirs; only
# what they hand in gets to the host.
# shellcheck disable=SC2154

officers=$safe/officers
# shellcheck disable=SC2034 # for the story
declare -A roles=([ana]="judicial secretary" [bea]="head of unit" [carl]="data protection officer" [dora]="judicial secretary")
noun=shred
id=

# taken_up: what the last command has asked for is the request from now on.
taken_up() {
	id=$(grep -oE -m 1 '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}' <<<"$output" | head -n 1)
	event command host "warrantctl $noun show $id --text >request.txt"
	warrantctl "$noun" show "$id" --text >request.txt
}

# hand_in VERB OFFICER: the officer signs the text, the host gets the signature.
hand_in() {
	rm -f request.txt.sig
	run officer ssh-keygen -Y sign -n dm-warrant-request -f "$officers/$2" request.txt || return
	mv request.txt.sig "$2.sig"
	run host warrantctl "$noun" "$1" "$id" --as "$2" --signature "$2.sig"
}

# Until the waiting period is over; how long that is says the host.
waited_for() {
	local until
	until=$(warrantctl shred show "$id" --json | jq -r .not_before)
	say "" "The waiting period ends at $until."
	event busy "waiting period"
	until [[ $(date -u +%FT%TZ) > $until ]]; do sleep 0.5; done
}
