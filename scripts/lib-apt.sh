# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Debian suites other than the machine's own, fetched from wherever this
# machine's apt already fetches its own suite.  Sourced, not run.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# mirror_of SUITE: the repository the machine's apt is configured with for it.
mirror_of() {
	apt-get indextargets --format '$(CODENAME) $(ORIGIN) $(REPO_URI)' \
		'Created-By: Packages' |
		awk -v s="$1" '$1 == s && $2 == "Debian" { print $3; exit }'
}

# suite_sources CODENAME [POCKET...]: sources.list lines for that release with
# the pockets (updates, security, backports) asked for.
suite_sources() {
	local codename=$1 main sec uri pocket
	shift
	# Without its lists, apt cannot tell which mirror has what.
	[[ -n $(mirror_of bookworm) ]] || apt-get update -q >&2
	main=$(mirror_of bookworm)
	sec=$(mirror_of bookworm-security)
	[[ -n $main ]] || die "apt knows no Debian bookworm mirror (run scripts/setup)"
	for pocket in "" "$@"; do
		uri=$main
		[[ $pocket == security ]] && uri=$sec
		[[ -n $uri ]] || continue
		printf 'deb [signed-by=%s] %s %s main\n' \
			"$keyring" "$uri" "$codename${pocket:+-$pocket}"
	done
}

# bootstrap DIR VARIANT PACKAGES SOURCES [MMDEBSTRAP-ARGS...]: a small Debian
# tree without documentation; the machine's own way of reaching its mirror
# (proxies, clock checks) applies inside too.
bootstrap() {
	local dir=$1 variant=$2 packages=$3 sources=$4 opts
	shift 4
	opts=$(mktemp "$cache/aptconf.XXXXXX")
	apt-config dump | grep -E '^Acquire::(https?|Check)' >"$opts" || true
	echo 'Acquire::Languages "none";' >>"$opts"
	mmdebstrap --quiet --mode=root --variant="$variant" --format=directory \
		--aptopt="$opts" \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--include="$packages" "$@" '' "$dir" - <<<"$sources"
	rm -f "$opts"
}
