// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "cli.h"
#include "evidence.h"

enum {
	OPTION_EXTENT = OPTION_OWN,
	OPTION_OUTPUT,
};

static const struct cli_option options[] = {
	{ "extent", "N", OPTION_EXTENT, "number of an extent; may be given again" },
	{ "output", "FILE", OPTION_OUTPUT, "receives the proof" },
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

struct prove {
	uint64_t	*extents;
	uint32_t	count;
	const char	*output;
};

static int add_extent(struct cli *c, struct prove *p)
{
	uint64_t *more = reallocarray(p->extents, p->count + 1, sizeof(*more));

	if (!more)
		return cli_usage(c, "not enough memory");
	p->extents = more;
	if (cli_number(c, c->arg, 0, UINT64_MAX, &p->extents[p->count]))
		return CLI_USAGE;
	p->count++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The library wants them in order, and each once. */
static void sort(struct prove *p)
{
	uint32_t i, n = 1;

	qsort(p->extents, p->count, sizeof(*p->extents), compare);
	for (i = 1; i < p->count; i++)
		if (p->extents[i] != p->extents[n - 1])
			p->extents[n++] = p->extents[i];
	p->count = n;
}

static int all_options(struct cli *c, struct prove *p)
{
	int id, ret = 0;

	while (!ret && (id = cli_next_option(c))) {
		if (id == OPTION_OUTPUT)
			p->output = c->arg;
		else
			ret = add_extent(c, p);
	}
	if (!ret)
		ret = cli_arguments(c, 1);
	if (!ret && (!p->count || !p->output))
		ret = cli_usage(c, "name what is to be proven with --extent, and the proof's file with --output");
	return ret;
}

static int run(struct cli *c)
{
	struct prove p = { 0 };
	int ret = all_options(c, &p);

	if (!ret) {
		sort(&p);
		ret = libdmwarrant_evidence_prove(c->lib, c->argv[0], p.extents, p.count, p.output);
	}
	if (!ret) {
		cli_set_text(c->out, "file", p.output);
		cli_set_u64(c->out, "extents", p.count);
		cli_say(c, "%s proves %u extents; warrantctl evidence verify verifies it\n", p.output,
			p.count);
	}
	free(p.extents);
	return ret;
}

const struct cli_command command_evidence_prove = {
	.noun = "evidence",
	.verb = "prove",
	.arguments = "FILE",
	.summary = "make a proof of some extents of a seal, for who is to get no more",
	.text = "FILE is the statement of a seal, beside which FILE.sig and FILE.hashes are. The proof has\n"
		"the statement, its signature, and the hashes of the extents with their way up to the\n"
		"signed roots. Whoever gets it, with an image that need have no more than these extents,\n"
		"verifies them with warrantctl evidence verify, and learns of the rest only how much there\n"
		"is. warrantctl evidence verify --extents lists the extents with their numbers.",
	.options = options,
	.run = run,
};
