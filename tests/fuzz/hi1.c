// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * HI-1 messages: XML from anybody. Whatever it is, what it is told to contain can be put into the
 * registry, and a message that is refused has told nothing.
 */
#include <json-c/json.h>

#include "etsi.h"
#include "fuzz.h"
#include "json.h"
#include "libdmwarrant-etsi.h"

static struct libdmwarrant *ctx;
static unsigned int told;

static int record(void *arg, const struct libdmwarrant_hi1_record *r)
{
	bool whole = r->action == LIBDMWARRANT_HI1_CREATE || r->action == LIBDMWARRANT_HI1_STATE;
	struct json_object *o;
	char *again;

	if (!strcmp(libdmwarrant_hi1_action_name(r->action), "unknown"))
		fail("action %u", r->action);
	if (lib_json_parse(ctx, "record", r->json, strlen(r->json), LIB_ETSI_RECORD_MAX, &o) ||
	    lib_etsi_check_warrant_flags(ctx, o, whole ? 0 : LIB_ETSI_PARTIAL))
		fail("a record that is refused: %s: %s", libdmwarrant_error(ctx), r->json);
	again = lib_json_canonical(o);
	if (strcmp(again, r->json))
		fail("record %s is %s", r->json, again);
	free(again);
	json_object_put(o);
	told++;
	return 0;
}

static void check_refused(int ret)
{
	const char *e = libdmwarrant_error(ctx);
	size_t i;

	if ((ret != -EINVAL && ret != -ENOENT) || !*e)
		fail("a message is judged with %d \"%s\"", ret, e);
	for (i = 0; e[i]; i++)
		if ((u8)e[i] < ' ' || (u8)e[i] > '~')
			fail("an error with byte %02x: %s", (u8)e[i], e);
	if (told)
		fail("%u records of a message that is refused", told);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const struct libdmwarrant_hi1_params p = {
		.version = LIBDMWARRANT_HI1_VERSION, .record = record,
	};
	struct libdmwarrant_hi1_message m = { .version = LIBDMWARRANT_HI1_VERSION };
	u8 *xml = malloc(size + !size);
	int ret;

	if (!ctx && libdmwarrant_new(&ctx))
		fail("no context");
	memcpy(xml, data, size);
	told = 0;
	ret = libdmwarrant_hi1_read(ctx, xml, size, &p, &m);
	if (ret)
		check_refused(ret);
	else if (!told || told != m.records)
		fail("%u records of %u", told, m.records);
	else if (lib_utf8_length(m.sender, strlen(m.sender)) < 0)
		fail("the sender is no text");
	free(xml);
	return 0;
}
