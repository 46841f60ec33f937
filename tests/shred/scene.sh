# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# What the tests of shredding share: a registry with three officers, a warrant with a volume and a
# tagged recording on it, and a request that is approved.  Sourced by tests/shred/run, which sets
# dir, tool, warrantctl, profiles.

registry=sqlite:$dir/r/registry.db
keys=file:$dir/k
W1=0ca4cf0b-3ee1-4b4a-9ef8-1f4c9e1c0a11
officers=(ana bruno clara)
# wctl NOUN VERB [ARGUMENT...]
wctl() { "$warrantctl" "$@" --registry "$registry" </dev/null; }
at() { date -u -d "$1 days" +%Y-%m-%dT00:00:00Z; }

officer_keys() {
	local o
	mkdir -p o
	for o in "${officers[@]}"; do
		[[ -e o/$o ]] || ssh-keygen -q -t ed25519 -N '' -C "$o" -f "o/$o"
	done
	[[ -e key ]] || head -c 32 /dev/urandom >key
}

# A registry in which two must agree, and nobody has to wait.
begin() { # [APPROVALS [WAITING]]
	local o
	rm -rf r k lun kset
	"$warrantctl" init --config "$dir/conf" --registry "$registry" --keystore "$keys" >/dev/null
	"$tool" keystore-init "$keys"
	cat >w.json <<-END
	{"ObjectIdentifier": "$W1", "AuthorisationReference": "W/1", "CountryCode": "ES",
	 "AuthorisationStatus": {"Owner": "ETSI", "Name": "AuthorisationStatus", "Value": "Approved"},
	 "AuthorisationTimespan": {"StartTime": "$(at -900)", "EndTime": "$(at +200)"}}
	END
	wctl warrant add --json-file w.json >/dev/null
	wctl policy set --approvals "${1-2}" --waiting "${2-0}" >/dev/null
	officer_keys
	for o in "${officers[@]}"; do
		wctl officer add "$o" --key "o/$o.pub" --role "officer of the court" >/dev/null
	done
	wctl retention profile set W/1 "$profiles/es.json" >/dev/null
}

# A volume of which tag 7 has two extents.
furnish() {
	truncate -s 2M lun
	wctl volume create --keystore "$keys" --new-random-key-file "$dir/key" --yes \
		--warrant W/1 --device lun --name v1 >/dev/null
	uuid=$(wctl volume status v1 --json | jq -r .uuid)
	"$tool" tag-key "$keys" $W1 key "$uuid" 7
	"$tool" keyset "$keys" $W1 key "$uuid" kset
	"$tool" fill lun kset
}

# ask WHAT...: a request, approved; sets id
ask() {
	id=$(wctl shred request "$@" --ground court-order --order "DP 5563/2013, auto 12" \
		--order-date 2026-03-01 --order-authority "Juzgado de Instrucción nº 32" \
		--as ana --sign-key o/ana --json | jq -r .request)
	wctl shred approve "$id" --as bruno --sign-key o/bruno >/dev/null
	wctl shred approve "$id" --as clara --sign-key o/clara >/dev/null
}
execute() { wctl shred execute --key-file key "$id" "$@"; }
resume() { wctl shred resume --key-file key "$id" "$@"; }
