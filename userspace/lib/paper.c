// SPDX-License-Identifier: GPL-2.0-or-later
/* Making a paper, block by block. What fails for want of memory is asked once, at the end. */
#include "paper.h"

int lib_paper_init(struct lib_paper *p, const char *title, const char *under, const char *foot,
		   s64 date)
{
	memset(p, 0, sizeof(*p));
	p->title = strdup(title);
	p->under = strdup(under);
	p->foot = strdup(foot);
	p->date = date;
	p->blocks = json_object_new_array();
	return p->title && p->under && p->foot && p->blocks ? 0 : -ENOMEM;
}

void lib_paper_free(struct lib_paper *p)
{
	free(p->title);
	free(p->under);
	free(p->foot);
	json_object_put(p->blocks);
	memset(p, 0, sizeof(*p));
}

/* Takes over @value, also when it fails. */
static void put(struct lib_paper *p, struct json_object *o, const char *name,
		struct json_object *value)
{
	if (!o || !value || json_object_object_add(o, name, value)) {
		p->failed = true;
		json_object_put(value);
	}
}

static void push(struct lib_paper *p, struct json_object *array, struct json_object *value)
{
	if (!array || !value || json_object_array_add(array, value)) {
		p->failed = true;
		json_object_put(value);
	}
}

static struct json_object *block(struct lib_paper *p, const char *is)
{
	struct json_object *o = json_object_new_object();

	put(p, o, "Is", json_object_new_string(is));
	push(p, p->blocks, o);
	return p->failed ? NULL : o;
}

void lib_paper_add(struct lib_paper *p, const char *is, const char *text)
{
	struct json_object *o = block(p, is);

	put(p, o, "Text", json_object_new_string(text));
}

static struct json_object *rows(struct lib_paper *p, struct json_object *o)
{
	struct json_object *array = json_object_new_array();

	put(p, o, "Rows", array);
	return p->failed ? NULL : array;
}

/** lib_paper_fields() - a list of names and values. Return: for lib_paper_row(), with 2 cells */
struct json_object *lib_paper_fields(struct lib_paper *p)
{
	return rows(p, block(p, PAPER_FIELDS));
}

/** lib_paper_table() - @head: titles with '|' between them; @widths: of as many columns, percent */
struct json_object *lib_paper_table(struct lib_paper *p, const char *head, const int *widths)
{
	struct json_object *o = block(p, PAPER_TABLE), *titles = json_object_new_array();
	struct json_object *numbers = json_object_new_array();
	size_t n;

	put(p, o, "Head", titles);
	put(p, o, "Widths", numbers);
	if (p->failed)
		return NULL;
	for (;; head += n + 1) {
		n = strcspn(head, "|");
		push(p, titles, json_object_new_string_len(head, n));
		push(p, numbers, json_object_new_int(*widths++));
		if (!head[n])
			break;
	}
	return rows(p, o);
}

void lib_paper_row(struct lib_paper *p, struct json_object *to, const char *const *cells,
		   size_t count)
{
	struct json_object *row = json_object_new_array();
	size_t i;

	for (i = 0; i < count; i++)
		push(p, row, json_object_new_string(cells[i] ? cells[i] : "not recorded"));
	push(p, to, row);
}

/** lib_paper_text() - a member that is a text; "" = it is absent or something else */
const char *lib_paper_text(struct json_object *o, const char *member)
{
	struct json_object *value;

	if (!o || !json_object_object_get_ex(o, member, &value) ||
	    !json_object_is_type(value, json_type_string))
		return "";
	return json_object_get_string(value);
}
