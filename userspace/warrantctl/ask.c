// SPDX-License-Identifier: GPL-2.0-or-later
/* Questions before what is on a LUN is lost. */
#include <string.h>
#include <unistd.h>

#include "ask.h"

static bool answer_is(const char *word)
{
	char line[64];

	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return false;
	line[strcspn(line, "\n")] = 0;
	return !strcmp(line, word);
}

static bool is_named(const char *const *erase, uint32_t count, const char *type)
{
	for (; count; count--, erase++)
		if (!strcmp(*erase, type))
			return true;
	return false;
}

/**
 * cli_ask_signatures() - on a terminal, ask for each signature that is not named yet
 * @erase: types that are named; those that the user names are added. They point into @device
 * @count: of @erase, which has room for LIBDMWARRANT_SIGNATURES
 *
 * The user names what is lost by typing it: a "yes" is typed too easily at the wrong LUN.
 */
int cli_ask_signatures(struct cli *c, const struct libdmwarrant_device *device, const char **erase,
		       uint32_t *count)
{
	const struct libdmwarrant_signature *s;
	uint32_t i;

	for (i = 0; isatty(STDIN_FILENO) && i < device->signature_count; i++) {
		s = &device->signatures[i];
		if (is_named(erase, *count, s->type) || *count == LIBDMWARRANT_SIGNATURES)
			continue;
		fprintf(stderr, "%s holds %s%s%s%s%s. Type %s to destroy it: ", device->path,
			s->type, s->label[0] ? ", label " : "", s->label,
			s->uuid[0] ? ", uuid " : "", s->uuid, s->type);
		if (!answer_is(s->type))
			return cli_usage(c, "not confirmed, nothing was changed");
		erase[(*count)++] = s->type;
	}
	return 0;
}

static int ask_yes(struct cli *c, const struct libdmwarrant_device *device, const char *before,
		   const char *after)
{
	char size[16];

	if (!isatty(STDIN_FILENO))
		return cli_usage(c, "not on a terminal: confirm with --yes");
	fprintf(stderr, "%s %s, %s%s%s%s? Type YES: ", before, device->path,
		cli_size(device->size, size), device->wwid[0] ? ", WWID " : "", device->wwid,
		after);
	return answer_is("YES") ? 0 : cli_usage(c, "not confirmed, nothing was changed");
}

/** cli_ask_format() - the last question before a LUN is formatted */
int cli_ask_format(struct cli *c, const struct libdmwarrant_device *device)
{
	return ask_yes(c, device, "Format", ", as a dm-warrant volume");
}

/** cli_ask_destroy() - the last question before a LUN is measured */
int cli_ask_destroy(struct cli *c, const struct libdmwarrant_device *device)
{
	return ask_yes(c, device, "Destroy what is on", " to measure it");
}
