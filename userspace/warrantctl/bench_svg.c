// SPDX-License-Identifier: GPL-2.0-or-later
/* A measurement as bars: a group for each job, a bar for each stack, longer is faster. */
#include <string.h>

#include "bench.h"
#include "svg.h"

#define MIB	(1024.0 * 1024)
#define COLUMN	560
#define LEFT	196		/* of the bars, for their names */
#define BAR	200		/* the longest */
#define ROW	17
#define GAP	34		/* between groups, for their names */
#define TOP	96

/** struct bars - where to draw next */
struct bars {
	FILE	*f;
	int	x;
	int	y;
};

static const char style[] =
	"<style>text{font:12px 'DejaVu Sans',Verdana,Arial,sans-serif;fill:#26303a}\n"
	".h{font-size:19px;font-weight:bold}.s{fill:#5a6772}.e{text-anchor:end}\n"
	".j{font-weight:bold}.o{font-weight:bold;fill:#1769aa}.v{font-size:11px;fill:#5a6772}</style>\n";

static void head(const struct bench *b, FILE *f, int width, int height)
{
	char size[16];

	fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n",
		width, height, width, height);
	fputs(style, f);
	fprintf(f, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<text class=\"h\" x=\"24\" y=\"36\">",
		width, height);
	svg_text(f, b->on_lun ? b->lun.device : "Ciphers, sectors of 4096 bytes, one CPU");
	fputs("</text>\n<text class=\"s\" x=\"24\" y=\"56\">", f);
	svg_text(f, b->machine.cpu[0] ? b->machine.cpu : "CPU unknown");
	fprintf(f, ", %u CPUs, Linux ", b->machine.cpus);
	svg_text(f, b->machine.kernel);
	if (b->on_lun)
		fprintf(f, "; I/O to %s", cli_size(b->lun.area, size));
	if (b->machine.flags & LIBDMWARRANT_BENCH_EMULATED)
		fputs("; emulated CPU: not what hardware does", f);
	fputs("</text>\n", f);
}

static void title(struct bars *at, const char *text)
{
	fprintf(at->f, "<text class=\"j\" x=\"%d\" y=\"%d\">", at->x, at->y);
	svg_text(at->f, text);
	fputs("</text>\n", at->f);
	at->y += 8;
}

static void bar(struct bars *at, const char *name, double speed, double longest, const char *more)
{
	bool ours = !strcmp(name, "dm-warrant") || !strcmp(name, "gcm(aes)");
	double width = longest > 0 ? speed * BAR / longest : 0;

	fprintf(at->f, "<text class=\"%s e\" x=\"%d\" y=\"%d\">", ours ? "o" : "s", at->x + LEFT - 8,
		at->y + 11);
	svg_text(at->f, name);
	fprintf(at->f, "</text><rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\" fill=\"%s\"/>",
		at->x + LEFT, at->y, width, ROW - 4, ours ? "#1769aa" : "#b7c2cc");
	fprintf(at->f, "<text class=\"v\" x=\"%.1f\" y=\"%d\">%.*f MiB/s%s</text>\n",
		at->x + LEFT + width + 6, at->y + 11, speed < 10 * MIB ? 2 : 0, speed / MIB, more);
	at->y += ROW;
}

/* ---- ciphers ---- */

static void ciphers(const struct libdmwarrant_bench_ciphers *all, FILE *f)
{
	double longest = 0, speed[LIBDMWARRANT_BENCH_CIPHERS];
	struct bars at = { f, 24, TOP };
	uint32_t i;

	for (i = 0; i < all->count; i++) {
		speed[i] = bench_cipher_speed(all, i, all->cipher[i].encrypt_ns);
		if (longest < speed[i])
			longest = speed[i];
	}
	title(&at, "encrypting");
	for (i = 0; i < all->count; i++)
		if (all->cipher[i].through != LIBDMWARRANT_BENCH_ABSENT)
			bar(&at, all->cipher[i].name, speed[i], longest, "");
}

/* ---- a LUN ---- */

static int stacks_of(const struct bench *b, unsigned int job, double *longest)
{
	const struct libdmwarrant_bench_cell *c;
	int stack, n = 0;

	*longest = 0;
	for (stack = 0; stack < LIBDMWARRANT_BENCH_STACKS; stack++) {
		c = &b->lun.cell[stack][job];
		n += c->ios ? 1 : 0;
		if (*longest < bench_speed(c))
			*longest = bench_speed(c);
	}
	return n;
}

static void group(const struct bench *b, struct bars *at, unsigned int job)
{
	const struct libdmwarrant_bench_cell *c, *lun = &b->lun.cell[LIBDMWARRANT_BENCH_RAW][job];
	double longest;
	char more[32];
	int stack;

	if (!stacks_of(b, job, &longest))
		return;
	title(at, libdmwarrant_bench_job(job)->name);
	for (stack = 0; stack < LIBDMWARRANT_BENCH_STACKS; stack++) {
		c = &b->lun.cell[stack][job];
		if (!c->ios)
			continue;
		more[0] = 0;
		if (stack != LIBDMWARRANT_BENCH_RAW)
			snprintf(more, sizeof(more), ", %.0f %%",
				 100 * bench_speed(c) / bench_speed(lun));
		bar(at, libdmwarrant_bench_stack_name(stack), bench_speed(c), longest, more);
	}
	at->y += GAP;
}

static bool writes(unsigned int job)
{
	return libdmwarrant_bench_job(job)->flags & LIBDMWARRANT_BENCH_WRITES;
}

/* Reads on the left, writes on the right. */
static void groups(const struct bench *b, FILE *f)
{
	struct bars at[2] = { { f, 24, TOP }, { f, 24 + COLUMN, TOP } };
	unsigned int job;

	for (job = 0; libdmwarrant_bench_job(job); job++)
		group(b, &at[writes(job)], job);
}

static int height_of(const struct bench *b)
{
	int height[2] = { TOP, TOP }, n;
	unsigned int job;
	double longest;

	if (!b->on_lun)
		return TOP + 8 + ROW * b->ciphers.count + 16;
	for (job = 0; libdmwarrant_bench_job(job); job++) {
		n = stacks_of(b, job, &longest);
		height[writes(job)] += n ? 8 + n * ROW + GAP : 0;
	}
	return height[0] > height[1] ? height[0] : height[1];
}

/** bench_svg() - draw; the percentage behind a bar is that of the LUN itself */
void bench_svg(const struct bench *b, FILE *f)
{
	head(b, f, b->writing ? 2 * COLUMN : COLUMN + 40, height_of(b));
	if (b->on_lun)
		groups(b, f);
	else
		ciphers(&b->ciphers, f);
	fputs("</svg>\n", f);
}
