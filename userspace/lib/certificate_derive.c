// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a certificate says, made from entries of the log: the fields of NIST SP 800-88 Rev. 2, section
 * 4.6, what was destroyed, what is not known, and on what conditions all this stands.
 *
 * The texts are part of version 1 of the format: changing one changes what was certified.
 */
#include "certificate.h"
#include "shred_drop.h"

struct derive {
	struct lib_maker			*m;
	const struct lib_certificate_source	*s;
	struct json_object			*doc;
};

static void copy(struct derive *d, struct json_object *to, const char *name,
		 struct json_object *from, const char *member)
{
	struct json_object *value;

	if (json_object_is_type(from, json_type_object) &&
	    json_object_object_get_ex(from, member, &value))
		lib_make_value(d->m, to, name, json_object_get(value));
}

static struct json_object *body(struct json_object *entry)
{
	return lib_source_body(entry);
}

/* ---- the order, the target ---- */

static void put_request(struct derive *d)
{
	struct json_object *o = lib_make_object(d->m, d->doc, "Request");
	struct json_object *made = body(d->s->made);

	copy(d, o, "Id", made, "Request");
	copy(d, o, "Kind", made, "Kind");
	copy(d, o, "Ground", made, "Ground");
	copy(d, o, "Text", made, "Text");
	copy(d, o, "Sha256", body(d->s->begun), "RequestSha256");
	copy(d, d->doc, "Order", made, "Order");
	copy(d, d->doc, "Target", made, "Target");
	copy(d, d->doc, "Policy", made, "Policy");
}

static void put_sanitization(struct derive *d)
{
	struct json_object *o = lib_make_object(d->m, d->doc, "Sanitization");

	lib_make_text(d->m, o, "Method", "purge");
	lib_make_text(d->m, o, "Technique", "cryptographic erase");
	lib_make_text(d->m, o, "Standard", "NIST SP 800-88 Rev. 2");
	lib_make_text(d->m, o, "Tool", "dm-warrant (warrantctl)");
	copy(d, o, "ToolVersion", body(d->s->begun), "Tool");
	lib_make_text(d->m, o, "Encryption",
		      "XAES-256-GCM, a random 256-bit key for each tag and epoch, kept in the key store only; every sector was encrypted before it was written");
	lib_make_text(d->m, o, "Verification",
		      "the key store was opened anew and asked for the keys in vain; its tombstones name each of them");
}

static void put_media(struct derive *d)
{
	struct json_object *all = lib_make_array(d->m, d->doc, "Media"), *o, *v;
	struct json_object *begun = body(d->s->begun), *measured = body(d->s->measured);
	struct json_object *volumes = lib_json_member(measured, "Volumes", json_type_array);
	size_t i;

	for (i = 0; i < lib_json_length(measured, "Volumes"); i++) {
		v = json_object_array_get_idx(volumes, i);
		o = lib_make_object(d->m, all, NULL);
		copy(d, o, "Volume", v, "Volume");
		copy(d, o, "Name", v, "Name");
		copy(d, o, "Manufacturer", v, "Manufacturer");
		copy(d, o, "Model", v, "Model");
		copy(d, o, "SerialNumber", v, "SerialNumber");
		copy(d, o, "PropertyNumber", begun, "PropertyNumber");
		copy(d, o, "Category", begun, "Category");
		lib_make_text(d->m, o, "Type", "logical unit of a storage array");
		lib_make_text(d->m, o, "Source",
			      "the host that ran this; vendor, model and number are what the array says of itself");
		lib_make_text(d->m, o, "Destination", lib_json_number(v, "Tag") ?
			      "stays in use: the rest of the volume is kept" : "not recorded");
	}
}

/* ---- what was destroyed ---- */

static void put_destroyed(struct derive *d)
{
	struct json_object *o = lib_make_object(d->m, d->doc, "Keys");
	struct json_object *measured = body(d->s->measured), *destroyed = body(d->s->destroyed);

	copy(d, d->doc, "Destroyed", measured, "Volumes");
	copy(d, o, "Count", destroyed, "Keys");
	copy(d, o, "IdsSha256", measured, "KeyIdsSha256");
	copy(d, o, "List", measured, "Keys");
	o = lib_make_object(d->m, d->doc, "KeyStore");
	copy(d, o, "Store", destroyed, "Store");
	copy(d, o, "Scope", destroyed, "Scope");
	copy(d, o, "Reference", destroyed, "Reference");
	copy(d, o, "Tombstone", destroyed, "Tombstone");
	copy(d, o, "TombstoneTime", destroyed, "TombstoneTime");
	copy(d, o, "Note", destroyed, "Note");
	copy(d, o, "HeadNumber", body(d->s->proven), "HeadNumber");
	copy(d, o, "HeadDigest", body(d->s->proven), "HeadDigest");
	copy(d, d->doc, "Hosts", body(d->s->hosts), "Hosts");
	copy(d, d->doc, "Discarded", body(d->s->discarded), "Volumes");
}

/* ---- people ---- */

/* The officer as enrolled: what signs says who, the log says what that person is. */
static struct json_object *enrolled(struct derive *d, const char *name)
{
	u32 i;

	for (i = 0; i < d->s->officer_count; i++)
		if (!strcmp(lib_json_text(d->s->officers[i], "Kind"), "officer.enrolled") &&
		    !strcmp(lib_json_text(body(d->s->officers[i]), "Officer"), name))
			return body(d->s->officers[i]);
	return NULL;
}

static void put_signer(struct derive *d, struct json_object *people, const char *part,
		       struct json_object *entry)
{
	struct json_object *o = lib_make_object(d->m, people, NULL);

	lib_make_text(d->m, o, "Part", part);
	copy(d, o, "Name", body(entry), "Officer");
	copy(d, o, "Title", enrolled(d, lib_json_text(body(entry), "Officer")), "Role");
	lib_make_text(d->m, o, "Date", lib_source_time(entry));
	copy(d, o, "Fingerprint", body(entry), "Fingerprint");
}

static void put_people(struct derive *d)
{
	struct json_object *people = lib_make_array(d->m, d->doc, "People"), *o;
	struct json_object *person = lib_json_member(body(d->s->begun), "Person", json_type_object);
	u32 i;

	put_signer(d, people, "requested", d->s->is_signed);
	for (i = 0; i < d->s->approvals; i++)
		put_signer(d, people, "approved", d->s->approved[i]);
	o = lib_make_object(d->m, people, NULL);
	lib_make_text(d->m, o, "Part", "carried out and verified");
	copy(d, o, "Name", person, "Name");
	copy(d, o, "Title", person, "Title");
	copy(d, o, "Location", person, "Location");
	copy(d, o, "Contact", person, "Contact");
	copy(d, o, "Account", d->s->begun, "User");
	copy(d, o, "Host", d->s->begun, "Host");
	lib_make_text(d->m, o, "Date", lib_source_time(d->s->done));
}

/* ---- verification ---- */

static void put_verdict(struct derive *d, struct json_object *all, const char *what,
			const char *verdict, const char *why)
{
	struct json_object *o = lib_make_object(d->m, all, NULL);

	lib_make_text(d->m, o, "What", what);
	lib_make_text(d->m, o, "Verdict", verdict);
	lib_make_text(d->m, o, "Why", why);
}

static void put_host(struct derive *d, struct json_object *all, struct json_object *host)
{
	const char *state = lib_json_text(host, "State");
	char what[160];

	if (!strcmp(state, SHRED_NOT_OPEN) && !lib_json_text(host, "Host")[0]) {
		snprintf(what, sizeof(what), "kernels, volume %s", lib_json_text(host, "Volume"));
		put_verdict(d, all, what, "PASS",
			    "the registry knows of no host that had it open");
		return;
	}
	snprintf(what, sizeof(what), "kernel of host %s, volume %s", lib_json_text(host, "Host"),
		 lib_json_text(host, "Volume"));
	if (!strcmp(state, SHRED_NOT_OPEN))
		put_verdict(d, all, what, "PASS",
			    "it had the volume open before it was started anew or the volume was closed otherwise; its kernel does not have it");
	else if (!strcmp(state, SHRED_UNREACHED))
		put_verdict(d, all, what, "UNKNOWN", lib_json_text(host, "Note"));
	else if (!strcmp(state, SHRED_CLOSED))
		put_verdict(d, all, what, "PASS",
			    "the volume was closed; the kernel wipes its keys with that");
	else if (!strcmp(state, SHRED_ATTESTED))
		put_verdict(d, all, what, "PASS", "that host says in the log that they are wiped");
	else if (!strcmp(state, SHRED_DROPPED))
		put_verdict(d, all, what, "PASS", "the kernel says that they are wiped");
	else
		put_verdict(d, all, what, "UNKNOWN", "nothing is recorded of it");
}

static void put_volume_verdict(struct derive *d, struct json_object *all, struct json_object *v)
{
	char what[128];

	if (!strcmp(lib_json_text(v, "Sectors"), "unknown")) {
		snprintf(what, sizeof(what), "extents of volume %s", lib_json_text(v, "Volume"));
		put_verdict(d, all, what, "UNKNOWN", lib_json_text(v, "SectorsWhy"));
	}
	if (!strcmp(lib_json_text(v, "CiphertextRoot"), "unknown")) {
		snprintf(what, sizeof(what), "ciphertext root of volume %s",
			 lib_json_text(v, "Volume"));
		put_verdict(d, all, what, "UNKNOWN", lib_json_text(v, "CiphertextRootWhy"));
	}
}

static void put_verification(struct derive *d)
{
	struct json_object *all = lib_make_array(d->m, d->doc, "Verification");
	struct json_object *hosts = body(d->s->hosts), *measured = body(d->s->measured), *list;
	size_t i;

	put_verdict(d, all, "keys in the key store", "PASS",
		    !strcmp(lib_json_text(body(d->s->proven), "Unlocked"), "yes") ?
		    "opened anew and unlocked, it does not have them" :
		    "opened anew, it does not have them; there is nothing left to unlock");
	put_verdict(d, all, "tombstones", "PASS",
		    "the key store has them, and refuses the keys if somebody brings them back");
	list = lib_json_member(hosts, "Hosts", json_type_array);
	for (i = 0; i < lib_json_length(hosts, "Hosts"); i++)
		put_host(d, all, json_object_array_get_idx(list, i));
	list = lib_json_member(measured, "Volumes", json_type_array);
	for (i = 0; i < lib_json_length(measured, "Volumes"); i++)
		put_volume_verdict(d, all, json_object_array_get_idx(list, i));
	put_verdict(d, all, "backups of the key store", "UNKNOWN",
		    "no program can see them; a backup of the whole store, with what unlocks it, still has the keys");
	put_verdict(d, all, "swap, crash dumps, hibernation", "UNKNOWN",
		    "keys are kept in locked memory that is left out of dumps; what a host has written by other ways cannot be seen");
	put_verdict(d, all, "copies of the ciphertext", "UNKNOWN",
		    "snapshots and replicas of the array remain; without the keys they are as the original");
}

/* ---- conditions ---- */

static void put_condition(struct derive *d, struct json_object *all, const char *section,
			  const char *text, const char *state)
{
	struct json_object *o = lib_make_object(d->m, all, NULL);

	lib_make_text(d->m, o, "Section", section);
	lib_make_text(d->m, o, "Text", text);
	lib_make_text(d->m, o, "State", state);
}

static void put_conditions(struct derive *d)
{
	struct json_object *all = lib_make_array(d->m, d->doc, "Conditions");

	put_condition(d, all, "3.2.1", "strength of the encryption: at least 128 bits",
		      "256-bit keys from the kernel's random number generator");
	put_condition(d, all, "3.2.2",
		      "no data was stored unencrypted; keys were not escrowed or backed up out of sight",
		      "the volume encrypts from its first sector on; of backups of the key store the organisation has to vouch");
	put_condition(d, all, "3.2.3",
		      "all copies of the keys can be sanitized, also those in memory",
		      "in the key store and in the kernels as listed under Verification; never on the array");
	put_condition(d, all, "3.2.4", "validated modules, or a statement of the vendor",
		      "statement in Documentation/shredding.rst; no FIPS validation is claimed");
	put_condition(d, all, "3.2.5", "traceability of the cryptographic erase",
		      "Documentation/shredding.rst, item by item; the log's entries are enclosed");
	put_condition(d, all, "4.5.2", "validation",
		      "is the decision of the organisation, for which this is the evidence");
}

void lib_certificate_derive(struct lib_maker *m, const struct lib_certificate_source *s,
			    struct json_object *document)
{
	struct derive d = { m, s, document };

	put_request(&d);
	put_sanitization(&d);
	put_media(&d);
	put_destroyed(&d);
	put_people(&d);
	put_verification(&d);
	put_conditions(&d);
}
