// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON of people: warrants, case metadata, and queries of it. What our parser takes json-c takes too,
 * and for the same; the canonical form is its own canonical form; and the check of case metadata is not
 * told anything else by it.
 */
#include <json-c/json.h>

#include "etsi.h"
#include "fuzz.h"
#include "json.h"
#include "libdmwarrant-etsi.h"

static struct libdmwarrant *ctx;

/* One line that any terminal may be given. */
static void check_error(int ret)
{
	const char *e = libdmwarrant_error(ctx);
	size_t i;

	if (ret != -EINVAL && ret != -ERANGE)
		fail("JSON is judged with %d", ret);
	if (!*e)
		fail("%d without an error", ret);
	for (i = 0; e[i]; i++)
		if ((u8)e[i] < ' ' || (u8)e[i] > '~')
			fail("an error with byte %02x: %s", (u8)e[i], e);
}

static void check_json_c(const char *text, size_t size, struct json_object *o)
{
	struct json_tokener *t = json_tokener_new();
	struct json_object *theirs;

	json_tokener_set_flags(t, JSON_TOKENER_STRICT);
	theirs = json_tokener_parse_ex(t, text, size + 1);
	if (json_tokener_get_error(t) != json_tokener_success)
		fail("json-c does not take what we take: %s",
		     json_tokener_error_desc(json_tokener_get_error(t)));
	if (!json_object_equal(o, theirs))
		fail("json-c takes it for %s", json_object_to_json_string(theirs));
	json_object_put(theirs);
	json_tokener_free(t);
}

static void check_canonical(struct json_object *o)
{
	char *text = lib_json_canonical(o), *again;
	struct json_object *second;

	if (lib_json_parse(ctx, "text", text, strlen(text), SIZE_MAX, &second))
		fail("canonical %s: %s", text, libdmwarrant_error(ctx));
	again = lib_json_canonical(second);
	if (strcmp(text, again) || !json_object_equal(o, second))
		fail("canonical %s, then %s", text, again);
	json_object_put(second);
	free(text);
	free(again);
}

static void check_case(const char *text, const char *query)
{
	char *canonical, *again;
	int ret = libdmwarrant_case_check(ctx, text, &canonical), match;

	if (ret) {
		check_error(ret);
		return;
	}
	if (strlen(canonical) > LIBDMWARRANT_CASE_MAX)
		fail("%zu bytes of case metadata", strlen(canonical));
	if (libdmwarrant_case_check(ctx, canonical, &again) || strcmp(canonical, again))
		fail("case metadata %s, then %s", canonical, again);
	match = libdmwarrant_case_match(ctx, text, query);
	if (match != libdmwarrant_case_match(ctx, canonical, query))
		fail("%s matches one form only", query);
	if (match < 0)
		check_error(match);
	free(canonical);
	free(again);
}

/* A query, a NUL, and JSON. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const u8 *nul = memchr(data, 0, size);
	size_t query_size = nul ? nul - data : 0, text_size = size - (nul ? query_size + 1 : 0);
	char *query = calloc(1, query_size + 1), *text = malloc(text_size + 1);
	struct json_object *o;
	int ret;

	if (!ctx && libdmwarrant_new(&ctx))
		fail("no context");
	memcpy(query, data, query_size);
	memcpy(text, data + size - text_size, text_size);
	text[text_size] = 0;
	ret = lib_json_parse(ctx, "text", text, text_size, SIZE_MAX, &o);
	if (ret) {
		check_error(ret);
	} else {
		check_json_c(text, text_size, o);
		check_canonical(o);
		ret = lib_etsi_check_warrant_flags(ctx, o, LIB_ETSI_PARTIAL);
		if (ret)
			check_error(ret);
		if (!lib_etsi_check_warrant(ctx, o) && ret)
			fail("a whole warrant is no part of one");
		json_object_put(o);
		check_case(text, query);
	}
	free(query);
	free(text);
	return 0;
}
