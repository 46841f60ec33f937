// SPDX-License-Identifier: GPL-2.0-or-later
/* A certificate for people: what is in the JSON, in an order in which it is read. */
#include "certificate.h"
#include "etsi.h"
#include "json.h"

#define LISTED	40	/* keys and extents on paper; the JSON has more */

/** struct page - a certificate being set */
struct page {
	struct lib_paper	*p;
	struct json_object	*doc;
};

static struct json_object *object(struct json_object *o, const char *name)
{
	return lib_json_member(o, name, json_type_object);
}

/* An element of an array that is none is NULL, and has no members. */
static struct json_object *element(struct json_object *o, const char *name, size_t i)
{
	return json_object_array_get_idx(lib_json_member(o, name, json_type_array), i);
}

/* Text or number; NULL = not recorded. @text: for a number */
static const char *value(struct json_object *o, const char *name, char text[24])
{
	if (lib_json_member(o, name, json_type_int)) {
		snprintf(text, 24, "%lld", (long long)lib_json_number(o, name));
		return text;
	}
	return lib_json_text(o, name)[0] ? lib_json_text(o, name) : NULL;
}

static void field(struct page *g, struct json_object *rows, const char *label,
		  struct json_object *o, const char *name)
{
	char text[24];

	LIB_PAPER_ROW(g->p, rows, label, value(o, name, text));
}

static void given(struct page *g, struct json_object *rows, const char *label,
		  struct json_object *o, const char *name)
{
	char text[24];

	if (value(o, name, text))
		LIB_PAPER_ROW(g->p, rows, label, value(o, name, text));
}

/* ---- the beginning ---- */

static bool all_known(struct json_object *doc)
{
	size_t i;

	for (i = 0; i < lib_json_length(doc, "Verification"); i++)
		if (strcmp(lib_json_text(element(doc, "Verification", i), "Verdict"), "PASS"))
			return false;
	return true;
}

static void put_subject(struct page *g)
{
	struct json_object *target = object(g->doc, "Target"), *order = object(g->doc, "Order");
	struct json_object *rows;
	size_t i;

	lib_paper_add(g->p, PAPER_TEXT,
		      "The keys named below have been destroyed by order, with the approvals that the rules demand. What was encrypted under them can no longer be decrypted by anybody who has none of them. What could not be verified is listed as UNKNOWN.");
	lib_paper_add(g->p, PAPER_SECTION, "What, and by whose order");
	rows = lib_paper_fields(g->p);
	field(g, rows, "Warrant", target, "Warrant");
	given(g, rows, "Warrant's identifier", target, "WarrantUUID");
	given(g, rows, "Volume", target, "Volume");
	given(g, rows, "Volume's UUID", target, "VolumeUUID");
	given(g, rows, "Case tag", target, "Tag");
	given(g, rows, "Case tag's name", target, "TagName");
	for (i = 0; i < lib_json_length(target, "Volumes"); i++) {
		given(g, rows, "Volume", element(target, "Volumes", i), "Name");
		given(g, rows, "Volume's UUID", element(target, "Volumes", i), "UUID");
	}
	field(g, rows, "Order", order, "Reference");
	field(g, rows, "Order's date", order, "Date");
	field(g, rows, "Ordered by", order, "Authority");
	given(g, rows, "Order's SHA-256", order, "SHA256");
	field(g, rows, "Ground", object(g->doc, "Request"), "Ground");
	field(g, rows, "Request", object(g->doc, "Request"), "Id");
}

static void put_sanitization(struct page *g)
{
	struct json_object *o = object(g->doc, "Sanitization"), *rows;

	lib_paper_add(g->p, PAPER_SECTION, "Sanitization");
	rows = lib_paper_fields(g->p);
	field(g, rows, "Method", o, "Method");
	field(g, rows, "Technique", o, "Technique");
	field(g, rows, "Standard", o, "Standard");
	field(g, rows, "Tool", o, "Tool");
	field(g, rows, "Tool's version", o, "ToolVersion");
	field(g, rows, "Encryption", o, "Encryption");
	field(g, rows, "Verification method", o, "Verification");
}

static void put_media(struct page *g)
{
	struct json_object *rows, *o;
	size_t i;

	for (i = 0; i < lib_json_length(g->doc, "Media"); i++) {
		o = element(g->doc, "Media", i);
		lib_paper_add(g->p, PAPER_SECTION, "Medium");
		rows = lib_paper_fields(g->p);
		field(g, rows, "Volume", o, "Name");
		field(g, rows, "Manufacturer", o, "Manufacturer");
		field(g, rows, "Model", o, "Model");
		field(g, rows, "Serial number", o, "SerialNumber");
		field(g, rows, "Property number", o, "PropertyNumber");
		field(g, rows, "Media type", o, "Type");
		field(g, rows, "Media source", o, "Source");
		field(g, rows, "Confidentiality before", o, "Category");
		field(g, rows, "Destination", o, "Destination");
	}
}

/* ---- verification, people ---- */

static void put_verification(struct page *g)
{
	static const int widths[] = { 34, 14, 52 };
	struct json_object *rows, *o;
	size_t i;

	lib_paper_add(g->p, PAPER_SECTION, "Verification");
	rows = lib_paper_table(g->p, "what|result|how, or why not", widths);
	for (i = 0; i < lib_json_length(g->doc, "Verification"); i++) {
		o = element(g->doc, "Verification", i);
		LIB_PAPER_ROW(g->p, rows, lib_json_text(o, "What"), lib_json_text(o, "Verdict"),
			      lib_json_text(o, "Why"));
	}
	if (!all_known(g->doc))
		lib_paper_add(g->p, PAPER_TEXT,
			      "UNKNOWN means that nobody has looked, or nobody can: it is for the organisation to judge.");
}

static void put_signers(struct page *g)
{
	static const int widths[] = { 12, 18, 22, 48 };
	struct json_object *rows, *o;
	char text[160];
	size_t i;

	rows = lib_paper_table(g->p, "part|name|position or title|date, and key of the signature",
			       widths);
	for (i = 0; i < lib_json_length(g->doc, "People"); i++) {
		o = element(g->doc, "People", i);
		if (!lib_json_text(o, "Fingerprint")[0])
			continue;
		snprintf(text, sizeof(text), "%.32s\n%.100s", lib_json_text(o, "Date"),
			 lib_json_text(o, "Fingerprint"));
		LIB_PAPER_ROW(g->p, rows, lib_json_text(o, "Part"), lib_json_text(o, "Name"),
			      lib_json_text(o, "Title")[0] ? lib_json_text(o, "Title") : NULL,
			      text);
	}
}

static void put_performers(struct page *g)
{
	struct json_object *rows = lib_paper_fields(g->p), *o;
	size_t i;

	for (i = 0; i < lib_json_length(g->doc, "People"); i++) {
		o = element(g->doc, "People", i);
		if (lib_json_text(o, "Fingerprint")[0])
			continue;
		field(g, rows, "Part", o, "Part");
		field(g, rows, "Name", o, "Name");
		field(g, rows, "Position or title", o, "Title");
		field(g, rows, "Date", o, "Date");
		field(g, rows, "Location", o, "Location");
		field(g, rows, "Contact", o, "Contact");
		given(g, rows, "Account", o, "Account");
		given(g, rows, "Host", o, "Host");
	}
}

/* Of the form in NIST SP 800-88 Rev. 2: by hand, by those whom no program knows. */
static void put_validation(struct page *g)
{
	static const char line[] = "____________________________________________";
	static const char *const labels[] = { "Validated by", "Position or title", "Date, place",
					      "Contact", "Signature", "Concurrence, signature" };
	struct json_object *rows;
	size_t i;

	lib_paper_add(g->p, PAPER_SECTION, "Validation by the organisation");
	rows = lib_paper_fields(g->p);
	for (i = 0; i < ARRAY_SIZE(labels); i++)
		LIB_PAPER_ROW(g->p, rows, labels[i], line);
}

static void put_people(struct page *g)
{
	lib_paper_add(g->p, PAPER_SECTION, "People");
	put_signers(g);
	put_performers(g);
	put_validation(g);
}

/* ---- what was destroyed ---- */

static void put_volume(struct page *g, struct json_object *v)
{
	struct json_object *rows;
	const char *map = lib_json_text(v, "Map");
	char text[128];

	snprintf(text, sizeof(text), "What went and what stayed: volume %.64s",
		 lib_json_text(v, "Name"));
	lib_paper_add(g->p, PAPER_SECTION, text);
	if (map[0] && strlen(map) <= PAPER_MAP_CELLS)
		lib_paper_add(g->p, PAPER_MAP, map);
	rows = lib_paper_fields(g->p);
	field(g, rows, "Sectors destroyed", v, "Sectors");
	given(g, rows, "because", v, "SectorsWhy");
	given(g, rows, "Sectors kept", v, "SectorsKept");
	given(g, rows, "Sectors of the volume", v, "VolumeSectors");
	given(g, rows, "Extents", v, "ExtentCount");
	field(g, rows, "Root over the ciphertext", v, "CiphertextRoot");
	given(g, rows, "because", v, "CiphertextRootWhy");
	given(g, rows, "Checkpoint", v, "Checkpoint");
	lib_paper_add(g->p, PAPER_TEXT,
		      "A sector has 4096 bytes. The root is over what lies on the array, and is the same before and after: with it, a seal of evidence of the whole volume can be verified further on.");
}

static void put_extents(struct page *g, struct json_object *v)
{
	static const int widths[] = { 40, 30, 30 };
	struct json_object *rows, *pair;
	char from[24], count[24];
	size_t i;

	if (!lib_json_length(v, "Extents"))
		return;
	rows = lib_paper_table(g->p, "extents of the volume|first sector|sectors", widths);
	for (i = 0; i < lib_json_length(v, "Extents") && i < LISTED; i++) {
		pair = element(v, "Extents", i);
		if (!json_object_is_type(pair, json_type_array))
			continue;
		snprintf(from, sizeof(from), "%lld",
			 (long long)json_object_get_int64(json_object_array_get_idx(pair, 0)));
		snprintf(count, sizeof(count), "%lld",
			 (long long)json_object_get_int64(json_object_array_get_idx(pair, 1)));
		LIB_PAPER_ROW(g->p, rows, lib_json_text(v, "Name"), from, count);
	}
	if (i < lib_json_length(v, "Extents"))
		lib_paper_add(g->p, PAPER_TEXT, "The JSON of this certificate lists more of them.");
}

static void put_keys(struct page *g)
{
	static const int widths[] = { 50, 14, 10, 26 };
	struct json_object *keys = object(g->doc, "Keys"), *rows, *k;
	char tag[24], epoch[24];
	size_t i;

	lib_paper_add(g->p, PAPER_SECTION, "Keys");
	rows = lib_paper_fields(g->p);
	field(g, rows, "Keys destroyed", keys, "Count");
	field(g, rows, "SHA-256 of their ids", keys, "IdsSha256");
	field(g, rows, "Key store", object(g->doc, "KeyStore"), "Store");
	field(g, rows, "Tombstone", object(g->doc, "KeyStore"), "Tombstone");
	field(g, rows, "of", object(g->doc, "KeyStore"), "TombstoneTime");
	field(g, rows, "refers to the request", object(g->doc, "KeyStore"), "Reference");
	given(g, rows, "Note", object(g->doc, "KeyStore"), "Note");
	if (!lib_json_length(keys, "List"))
		return;
	rows = lib_paper_table(g->p, "key|tag|epoch|since", widths);
	for (i = 0; i < lib_json_length(keys, "List") && i < LISTED; i++) {
		k = element(keys, "List", i);
		LIB_PAPER_ROW(g->p, rows, value(k, "Id", tag),
			      value(k, "Tag", tag) ? value(k, "Tag", tag) : "metadata",
			      value(k, "Epoch", epoch), lib_json_text(k, "Created"));
	}
	if (i < lib_json_length(keys, "List"))
		lib_paper_add(g->p, PAPER_TEXT, "The JSON of this certificate lists more of them.");
}

static void put_conditions(struct page *g)
{
	static const int widths[] = { 10, 38, 52 };
	struct json_object *rows, *o;
	size_t i;

	lib_paper_add(g->p, PAPER_SECTION, "Conditions of cryptographic erase, NIST SP 800-88 Rev. 2");
	rows = lib_paper_table(g->p, "section|condition|state", widths);
	for (i = 0; i < lib_json_length(g->doc, "Conditions"); i++) {
		o = element(g->doc, "Conditions", i);
		LIB_PAPER_ROW(g->p, rows, lib_json_text(o, "Section"), lib_json_text(o, "Text"),
			      lib_json_text(o, "State"));
	}
}

/* ---- the log ---- */

static void put_log(struct page *g)
{
	static const int widths[] = { 8, 26, 24, 22, 20 };
	struct json_object *log = object(g->doc, "Log"), *rows, *e;
	char seq[24];
	size_t i;

	lib_paper_add(g->p, PAPER_SECTION, "The request, as it was signed");
	lib_paper_add(g->p, PAPER_MONO, lib_json_text(object(g->doc, "Request"), "Text"));
	lib_paper_add(g->p, PAPER_SECTION, "Entries of the audit log");
	rows = lib_paper_table(g->p, "no.|what|when|who|host", widths);
	for (i = 0; i < lib_json_length(log, "Entries"); i++) {
		e = object(element(log, "Entries", i), "Entry");
		LIB_PAPER_ROW(g->p, rows, value(e, "Seq", seq), lib_json_text(e, "Kind"),
			      lib_json_text(e, "Time"), lib_json_text(e, "User"),
			      lib_json_text(e, "Host"));
	}
	lib_paper_add(g->p, PAPER_TEXT,
		      "The JSON has them whole, with their signatures, and proves that they stand in the log of this checkpoint:");
	lib_paper_add(g->p, PAPER_MONO, lib_json_text(log, "Checkpoint"));
	rows = lib_paper_fields(g->p);
	field(g, rows, "Key that signed", log, "SshKey");
	field(g, rows, "Certificate", g->doc, "Certificate");
	field(g, rows, "Issued", g->doc, "Issued");
}

static void put_all(struct page *g)
{
	size_t i, volumes = lib_json_length(g->doc, "Destroyed");

	put_subject(g);
	put_sanitization(g);
	put_verification(g);
	put_people(g);
	put_media(g);
	for (i = 0; i < volumes; i++) {
		put_volume(g, element(g->doc, "Destroyed", i));
		put_extents(g, element(g->doc, "Destroyed", i));
	}
	put_keys(g);
	put_conditions(g);
	put_log(g);
}

/**
 * lib_certificate_paper() - set a certificate; it may be anybody's
 * @ctx:      for the error
 * @document: from lib_certificate_parse()
 * @digest:   SHA-256 of its text, hex
 * @paper:    receives it; lib_paper_free() it, also after a failure
 */
int lib_certificate_paper(struct libdmwarrant *ctx, struct json_object *document,
			  const char *digest, struct lib_paper *paper)
{
	struct page g = { paper, document };
	char under[128], foot[128];
	s64 us = 0;

	lib_etsi_time(lib_json_text(document, "Issued"), &us);
	snprintf(under, sizeof(under), "of keys, by cryptographic erase \u00b7 No. %.36s",
		 lib_json_text(document, "Certificate"));
	snprintf(foot, sizeof(foot), "made from the JSON with SHA-256 %s", digest);
	if (lib_paper_init(paper, "Certificate of Destruction", under, foot, us / 1000000))
		return lib_fail(ctx, -ENOMEM, "not enough memory");
	put_all(&g);
	return paper->failed ? lib_fail(ctx, -ENOMEM, "not enough memory") : 0;
}
