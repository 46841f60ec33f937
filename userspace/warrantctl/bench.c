// SPDX-License-Identifier: GPL-2.0-or-later
/* How fast is it here? */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "bench.h"

#define MIB		(1ULL << 20)
#define CELL_MS		3000
#define CIPHER_MS	1000

enum {
	OPTION_WRITE = OPTION_OWN,
	OPTION_TIME,
	OPTION_SIZE,
	OPTION_SVG,
};

static const struct cli_option options[] = {
	{ "write", NULL, OPTION_WRITE, "DESTROY what is on the LUN: measure all stacks on it" },
	{ "time", "S", OPTION_TIME, "seconds for each figure; default: 3, for ciphers 1" },
	{ "size", "SIZE", OPTION_SIZE,
	  "of the LUN's part to use, as 512M or 4G; default: all, with --write 1G" },
	CLI_ERASE,
	CLI_REGISTRY,
	CLI_CONFIG,
	{ "yes", NULL, OPTION_YES, "with --write: do not ask; signatures must still be named" },
	{ "svg", "FILE", OPTION_SVG, "draw it into a new SVG file" },
	CLI_DRY_RUN,
	CLI_PROGRESS,
	CLI_JSON,
	CLI_HELP,
	CLI_END
};

/**
 * struct request - what is asked for
 * @format: what may be erased; points into @device
 * @params: for the library
 * @svg:    --svg
 * @device: as the user is shown it
 */
struct request {
	struct cli_format			format;
	struct libdmwarrant_bench_params	params;
	const char				*svg;
	struct libdmwarrant_device		device;
};

/* ---- options ---- */

static int parse_time(struct cli *c, uint32_t *ms)
{
	double seconds;
	char *end;

	seconds = strtod(c->arg, &end);
	if (!*c->arg || c->arg[strspn(c->arg, "0123456789.")] || *end || seconds < 0.01 ||
	    seconds > 600)
		return cli_usage(c, "%s is not a time: from 0.01 to 600 seconds", c->arg);
	*ms = seconds * 1000 + 0.5;
	return 0;
}

static int parse_size(struct cli *c, uint64_t *size)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(c->arg, &end, 10);
	*size = *end == 'M' ? n * MIB : *end == 'G' ? n * 1024 * MIB : 0;
	if (errno || *c->arg < '0' || *c->arg > '9' || !n || n >> 33 || !*size || end[1])
		return cli_usage(c, "%s is not a size: as 512M or 4G", c->arg);
	return 0;
}

static int one_option(struct cli *c, struct bench *b, struct request *r, int id)
{
	switch (id) {
	case OPTION_WRITE:
		b->writing = true;
		return 0;
	case OPTION_TIME:
		return parse_time(c, &r->params.time_ms);
	case OPTION_SIZE:
		return parse_size(c, &r->params.size);
	case OPTION_SVG:
		r->svg = c->arg;
		return 0;
	default:
		return cli_format_option(c, id, &r->format);
	}
}

static int all_options(struct cli *c, struct bench *b, struct request *r)
{
	int id, ret;

	while ((id = cli_next_option(c))) {
		ret = one_option(c, b, r, id);
		if (ret)
			return ret;
	}
	b->on_lun = c->argc > 0;
	if (b->writing && !b->on_lun)
		return cli_usage(c, "--write needs the LUN");
	if (!b->writing && (r->format.erase_count || r->format.yes))
		return cli_usage(c, "--erase-signature and --yes go with --write; without, nothing is written");
	if (!b->writing && (c->registry || c->config))
		return cli_usage(c, "--registry and --config go with --write; without, nobody is asked");
	if (!b->on_lun && r->params.size)
		return cli_usage(c, "--size is of a LUN; name it");
	if (c->argc > 1)
		return cli_arguments(c, 1);
	c->changes = b->writing;
	r->params.version = LIBDMWARRANT_BENCH_VERSION;
	r->params.device = c->argv[0];
	r->params.flags = c->dry_run ? LIBDMWARRANT_BENCH_DRY_RUN : 0;
	if (!r->params.time_ms)
		r->params.time_ms = b->on_lun ? CELL_MS : CIPHER_MS;
	return 0;
}

/* ---- asking ---- */

/* What would be refused anyway is refused before the last question. */
static int try_dry(struct cli *c, const struct request *r, struct bench *b)
{
	struct libdmwarrant_bench_params p = r->params;

	p.flags |= LIBDMWARRANT_BENCH_DRY_RUN;
	p.erase = r->format.erase;
	p.erase_count = r->format.erase_count;
	b->lun.version = LIBDMWARRANT_BENCH_VERSION;
	return libdmwarrant_bench_write(c->lib, &p, &b->lun);
}

/* What is measured is what was shown, whatever its path leads to when the answer comes. */
static int look(struct cli *c, struct request *r)
{
	struct stat st;
	int ret;

	r->device.version = LIBDMWARRANT_DEVICE_VERSION;
	if (!stat(r->params.device, &st) && S_ISBLK(st.st_mode))
		r->params.rdev = st.st_rdev;
	ret = libdmwarrant_device_probe(c->lib, r->params.device, &r->device);
	r->params.wwid = r->device.wwid;
	return ret;
}

static int ask(struct cli *c, struct request *r, struct bench *b)
{
	int ret = look(c, r);

	if (!ret)
		ret = cli_ask_signatures(c, &r->device, r->format.erase, &r->format.erase_count);
	if (!ret)
		ret = try_dry(c, r, b);
	return ret || r->format.yes ? ret : cli_ask_destroy(c, &r->device);
}

/* A machine that never had a registry can be measured, too. */
static int open_registry(struct cli *c, struct request *r)
{
	int ret = cli_registry(c, LIBDMWARRANT_REGISTRY_READ_ONLY, &r->params.registry);

	return ret == -ENOENT && !c->registry ? 0 : ret;
}

/* ---- while it runs ---- */

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

/* What is mapped must be taken down again, whoever ends us. */
static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU };
	struct sigaction a = { .sa_handler = stop }, before;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(signals); i++)
		/* Who is started by nohup stays deaf. */
		if (!sigaction(signals[i], NULL, &before) && before.sa_handler != SIG_IGN)
			sigaction(signals[i], &a, NULL);
	/* Nobody reads what we say: no reason to leave something mapped. */
	signal(SIGPIPE, SIG_IGN);
}

static int progress(void *arg, const struct libdmwarrant_progress *p)
{
	struct cli *c = arg;

	if (stopped)
		return 1;
	if (p->elapsed_ms < CLI_PROGRESS_AFTER_MS)
		return 0;
	if (c->progress_json) {
		cli_progress_object(p, "done_steps", "total_steps", CLI_NO_ETA);
	} else if (isatty(STDERR_FILENO)) {
		fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 ": %s\033[K", p->done, p->total,
			p->what);
		c->progress_shown = true;
	}
	return 0;
}

static int measure(struct cli *c, struct bench *b, const struct request *r)
{
	int ret;

	b->machine.version = LIBDMWARRANT_BENCH_VERSION;
	b->ciphers.version = LIBDMWARRANT_BENCH_VERSION;
	b->lun.version = LIBDMWARRANT_BENCH_VERSION;
	catch_signals();
	libdmwarrant_set_progress(c->lib, progress, c);
	ret = libdmwarrant_bench_machine(c->lib, &b->machine);
	if (ret)
		return ret;
	if (b->writing)
		return libdmwarrant_bench_write(c->lib, &r->params, &b->lun);
	if (b->on_lun)
		return libdmwarrant_bench_read(c->lib, &r->params, &b->lun);
	return c->dry_run ? 0 : libdmwarrant_bench_ciphers(c->lib, r->params.time_ms, &b->ciphers);
}

/* ---- showing ---- */

/* The picture's file is made first: it would be a pity to find out at the end that it cannot be. */
static int open_svg(struct cli *c, const char *path, FILE **f)
{
	*f = NULL;
	if (!path || c->dry_run)
		return 0;
	*f = fopen(path, "wxe");
	if (*f)
		return 0;
	fprintf(stderr, "warrantctl: bench: cannot make %s: %s%s\n", path, strerror(errno),
		errno == EEXIST ? "; remove it, or name another" : "");
	return CLI_USAGE;
}

static int close_svg(const struct request *r, FILE *f, int ret)
{
	if (!f)
		return ret;
	if ((ferror(f) | fclose(f)) && !ret) {
		fprintf(stderr, "warrantctl: bench: cannot write %s: %s\n", r->svg,
			strerror(errno));
		ret = LIBDMWARRANT_EXIT_DEVICE;
	}
	if (ret)
		unlink(r->svg);
	return ret;
}

static void show(struct cli *c, const struct bench *b, FILE *svg)
{
	char part[16];

	cli_progress_end(c);
	cli_set_bool(c->out, "dry_run", c->dry_run);
	bench_json(b, c->out);
	if (svg)
		bench_svg(b, svg);
	if (c->json)
		return;
	if (!c->dry_run)
		bench_text(b, stdout);
	else if (b->on_lun)
		printf("would %s the first %s of %s%s\n", b->writing ? "DESTROY" : "read",
		       cli_size(b->lun.part, part), b->lun.device,
		       b->writing ? ", and what is named to be erased wherever it is" : "");
	else
		puts("would measure ciphers in memory");
}

static int run(struct cli *c)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct request r = { 0 };
	FILE *svg = NULL;
	int ret;

	if (!b)
		return cli_usage(c, "not enough memory");
	ret = all_options(c, b, &r);
	if (!ret && b->writing)
		ret = open_registry(c, &r);
	if (!ret && b->writing && !c->dry_run)
		ret = ask(c, &r, b);
	r.params.erase = r.format.erase;
	r.params.erase_count = r.format.erase_count;
	if (!ret)
		ret = open_svg(c, r.svg, &svg);
	if (!ret) {
		ret = measure(c, b, &r);
		if (!ret)
			show(c, b, svg);
		ret = close_svg(&r, svg, ret);
	}
	libdmwarrant_registry_close(r.params.registry);
	free(b);
	return ret;
}

const struct cli_command command_bench = {
	.noun = "bench",
	.verb = "",
	.arguments = "[LUN|VOLUME]",
	.summary = "measure how fast dm-warrant is here, against its peers",
	.text = "Without argument: the ciphers, in memory only. With a LUN, or an open volume's name: reads\n"
		"of the LUN, and of the volume that is open on it; nothing is written. With --write, what is\n"
		"on the LUN is LOST: on its first part the LUN itself, dm-linear, dm-crypt xts, dm-crypt gcm\n"
		"on dm-integrity, and dm-warrant are measured one after the other, under keys that nobody\n"
		"ever sees. Afterwards that part is blank, also after an interrupt. What is recognised on\n"
		"the LUN has to be named, and is erased wherever it is. Refused are LUNs that are in use,\n"
		"that the registry knows, or that have a superblock of dm-warrant, even a damaged one.\n\n"
		"Examples: warrantctl bench\n"
		"          warrantctl bench /dev/mapper/mpatha\n"
		"          warrantctl bench --write --svg bench.svg /dev/mapper/mpathb",
	.options = options,
	.reads = true,
	.run = run,
};
