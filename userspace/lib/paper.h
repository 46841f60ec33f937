/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A paper: what is to be read by people, as a list of blocks, before it becomes HTML or PDF. Both
 * come from the same blocks, so they say the same.
 */
#ifndef LIB_PAPER_H
#define LIB_PAPER_H

#include <json-c/json.h>

#include "lib_private.h"

/* Kinds of blocks: member "Is". */
#define PAPER_SECTION	"section"	/* "Text" */
#define PAPER_TEXT	"text"		/* "Text" */
#define PAPER_FIELDS	"fields"	/* "Rows": name, value */
#define PAPER_TABLE	"table"		/* "Widths" in percent, "Head", "Rows" */
#define PAPER_MONO	"mono"		/* "Text": to be compared, so every character counts */
#define PAPER_MAP	"map"		/* "Text": a character for each part of a volume */

/* Parts of a volume on a map. */
#define PAPER_EMPTY	'.'
#define PAPER_KEPT	'k'
#define PAPER_GONE	'x'
#define PAPER_BOTH	'b'

#define PAPER_MAP_COLUMNS	48
#define PAPER_MAP_CELLS		(PAPER_MAP_COLUMNS * 8)

/**
 * struct lib_paper - a paper
 * @title:  large
 * @under:  below it
 * @foot:   on each page
 * @date:   of it, Unix seconds
 * @blocks: array
 * @failed: no memory at some time
 */
struct lib_paper {
	char			*title;
	char			*under;
	char			*foot;
	s64			date;
	struct json_object	*blocks;
	bool			failed;
};

int lib_paper_init(struct lib_paper *p, const char *title, const char *under, const char *foot,
		   s64 date);
void lib_paper_free(struct lib_paper *p);
void lib_paper_add(struct lib_paper *p, const char *is, const char *text);
struct json_object *lib_paper_fields(struct lib_paper *p);
struct json_object *lib_paper_table(struct lib_paper *p, const char *head, const int *widths);
void lib_paper_row(struct lib_paper *p, struct json_object *rows, const char *const *cells,
		   size_t count);
#define LIB_PAPER_ROW(p, rows, ...)						\
({										\
	const char *const _cells[] = { __VA_ARGS__ };				\
										\
	lib_paper_row(p, rows, _cells, ARRAY_SIZE(_cells));			\
})

const char *lib_paper_text(struct json_object *o, const char *member);

/**
 * lib_paper_html() - one page that loads nothing
 * @p:    paper
 * @out:  receives it; free() it
 * @size: bytes
 *
 * Return: 0 or -ENOMEM.
 */
int lib_paper_html(const struct lib_paper *p, char **out, size_t *size);

/** lib_paper_pdf() - A4; @attachment, @attached bytes of it, goes with it as a file @name */
int lib_paper_pdf(const struct lib_paper *p, const char *name, const char *attachment,
		  size_t attached, char **out, size_t *size);

#endif
