// SPDX-License-Identifier: GPL-2.0-or-later
/* Drawing on pages, and writing them as a PDF 1.7 file. */
#include <inttypes.h>
#include <time.h>

#include "json.h"
#include "pdf.h"

static FILE *page(struct lib_pdf *pdf)
{
	return pdf->failed ? NULL : pdf->pages[pdf->now].file;
}

/** lib_pdf_page() - begin a new page, which is drawn on from then on */
void lib_pdf_page(struct lib_pdf *pdf)
{
	struct lib_pdf_page *p = &pdf->pages[pdf->count];

	if (pdf->count == PDF_PAGES) {
		pdf->failed = true;
		return;
	}
	p->file = open_memstream(&p->text, &p->size);
	if (!p->file) {
		pdf->failed = true;
		return;
	}
	pdf->now = pdf->count++;
}

/* A number as PDF has it, whatever the locale. */
static void number(FILE *f, double value)
{
	s64 n = value * 100 + (value < 0 ? -0.5 : 0.5);

	fprintf(f, "%s%" PRId64 ".%02" PRId64 " ", n < 0 ? "-" : "", (n < 0 ? -n : n) / 100,
		(n < 0 ? -n : n) % 100);
}

static void numbers(FILE *f, const double *values, size_t count)
{
	for (; count--; values++)
		number(f, *values);
}

/** lib_pdf_colour() - for all that follows on the page, 0xRRGGBB */
void lib_pdf_colour(struct lib_pdf *pdf, u32 rgb)
{
	const double c[] = { (rgb >> 16) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0 };
	FILE *f = page(pdf);

	if (!f)
		return;
	numbers(f, c, ARRAY_SIZE(c));
	fputs("rg ", f);
	numbers(f, c, ARRAY_SIZE(c));
	fputs("RG\n", f);
}

/** lib_pdf_box() - filled; @x, @y is its lower left corner, counted from the page's */
void lib_pdf_box(struct lib_pdf *pdf, double x, double y, double width, double height)
{
	const double c[] = { x, y, width, height };
	FILE *f = page(pdf);

	if (!f)
		return;
	numbers(f, c, ARRAY_SIZE(c));
	fputs("re f\n", f);
}

/** lib_pdf_frame() - the edge of a box, @line points thick */
void lib_pdf_frame(struct lib_pdf *pdf, double x, double y, double width, double height,
		   double line)
{
	const double c[] = { x, y, width, height };
	FILE *f = page(pdf);

	if (!f)
		return;
	number(f, line);
	fputs("w ", f);
	numbers(f, c, ARRAY_SIZE(c));
	fputs("re S\n", f);
}

static void put_string(struct lib_pdf *pdf, FILE *f, const char *text, size_t length)
{
	u32 c;
	u8 code;

	fputc('(', f);
	while (length) {
		size_t n = lib_utf8_next(text, length, &c);

		if (!n) {
			n = 1;
			c = 0;
		}
		code = lib_pdf_encode(c);
		pdf->lost += code == '?' && c != '?';
		if (strchr("()\\", code))
			fputc('\\', f);
		fputc(code, f);
		text += n;
		length -= n;
	}
	fputs(") ", f);
}

/** lib_pdf_text() - one line; @y is its base line; @text is UTF-8, and need not end with a NUL */
void lib_pdf_text(struct lib_pdf *pdf, enum pdf_font font, double size, double x, double y,
		  const char *text, size_t length)
{
	const double c[] = { x, y };
	FILE *f = page(pdf);

	if (!f)
		return;
	fprintf(f, "BT /F%d ", font);
	number(f, size);
	fputs("Tf ", f);
	numbers(f, c, ARRAY_SIZE(c));
	fputs("Td ", f);
	put_string(pdf, f, text, length);
	fputs("Tj ET\n", f);
}

/* ---- the file ---- */

/* Objects: fixed ones, then two for each page. */
enum {
	OBJECT_CATALOG = 1,
	OBJECT_PAGES,
	OBJECT_SANS,
	OBJECT_BOLD,
	OBJECT_MONO,
	OBJECT_INFO,
	OBJECT_SPEC,
	OBJECT_FILE,
	OBJECT_PAGE,
};

struct writer {
	struct lib_pdf			*pdf;
	const struct lib_pdf_about	*about;
	FILE				*f;
	long				at[OBJECT_PAGE + 2 * PDF_PAGES];
	unsigned int			count;
};

static void begin(struct writer *w, unsigned int object)
{
	w->at[object] = ftell(w->f);
	w->count = object + 1;
	fprintf(w->f, "%u 0 obj\n", object);
}

static void end(struct writer *w)
{
	fputs("\nendobj\n", w->f);
}

static void put_stream(struct writer *w, const char *more, const char *data, size_t size)
{
	fprintf(w->f, "<< %s/Length %zu >>\nstream\n", more, size);
	fwrite(data, 1, size, w->f);
	fputs("\nendstream", w->f);
}

static void put_tree(struct writer *w)
{
	unsigned int i;

	begin(w, OBJECT_CATALOG);
	fprintf(w->f,
		"<< /Type /Catalog /Pages %d 0 R /Names << /EmbeddedFiles << /Names [(%s) %d 0 R] >> >> >>",
		OBJECT_PAGES, w->about->name, OBJECT_SPEC);
	end(w);
	begin(w, OBJECT_PAGES);
	fprintf(w->f, "<< /Type /Pages /Count %u /MediaBox [0 0 %d %d] /Kids [", w->pdf->count,
		PDF_WIDTH, PDF_HEIGHT);
	for (i = 0; i < w->pdf->count; i++)
		fprintf(w->f, "%u 0 R ", OBJECT_PAGE + 2 * i);
	fprintf(w->f, "] /Resources << /Font << /F%d %d 0 R /F%d %d 0 R /F%d %d 0 R >> >> >>",
		PDF_SANS, OBJECT_SANS, PDF_BOLD, OBJECT_BOLD, PDF_MONO, OBJECT_MONO);
	end(w);
}

static void put_font(struct writer *w, unsigned int object, const char *name)
{
	begin(w, object);
	fprintf(w->f,
		"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>",
		name);
	end(w);
}

static void put_info(struct writer *w)
{
	char date[32] = "";
	time_t t = w->about->date;
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(date, sizeof(date), "D:%Y%m%d%H%M%SZ", &tm);
	begin(w, OBJECT_INFO);
	fputs("<< /Title ", w->f);
	put_string(w->pdf, w->f, w->about->title, strlen(w->about->title));
	fprintf(w->f, "/Producer (dm-warrant) /CreationDate (%s) >>", date);
	end(w);
}

static void put_attachment(struct writer *w)
{
	begin(w, OBJECT_SPEC);
	fprintf(w->f,
		"<< /Type /Filespec /F (%s) /UF (%s) /AFRelationship /Source /EF << /F %d 0 R >> >>",
		w->about->name, w->about->name, OBJECT_FILE);
	end(w);
	begin(w, OBJECT_FILE);
	put_stream(w, "/Type /EmbeddedFile /Subtype /application#2Fjson ", w->about->attachment,
		   w->about->attached);
	end(w);
}

static void put_page(struct writer *w, unsigned int i)
{
	begin(w, OBJECT_PAGE + 2 * i);
	fprintf(w->f, "<< /Type /Page /Parent %d 0 R /Contents %u 0 R >>", OBJECT_PAGES,
		OBJECT_PAGE + 2 * i + 1);
	end(w);
	begin(w, OBJECT_PAGE + 2 * i + 1);
	put_stream(w, "", w->pdf->pages[i].text, w->pdf->pages[i].size);
	end(w);
}

static void put_index(struct writer *w)
{
	long start = ftell(w->f);
	unsigned int i;

	fprintf(w->f, "xref\n0 %u\n0000000000 65535 f\r\n", w->count);
	for (i = 1; i < w->count; i++)
		fprintf(w->f, "%010ld 00000 n\r\n", w->at[i]);
	fprintf(w->f, "trailer\n<< /Size %u /Root %d 0 R /Info %d 0 R >>\nstartxref\n%ld\n%%%%EOF\n",
		w->count, OBJECT_CATALOG, OBJECT_INFO, start);
}

static void put_all(struct writer *w)
{
	unsigned int i;

	fputs("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", w->f);
	put_tree(w);
	put_font(w, OBJECT_SANS, "Helvetica");
	put_font(w, OBJECT_BOLD, "Helvetica-Bold");
	put_font(w, OBJECT_MONO, "Courier");
	put_info(w);
	put_attachment(w);
	for (i = 0; i < w->pdf->count; i++)
		put_page(w, i);
	put_index(w);
}

static bool close_page(struct lib_pdf_page *p)
{
	bool good = p->file && !fclose(p->file);

	p->file = NULL;
	return good;
}

/** lib_pdf_finish() - make the file; nothing can be drawn after it. Return: 0 or -ENOMEM */
int lib_pdf_finish(struct lib_pdf *pdf, const struct lib_pdf_about *about, char **out,
		   size_t *size)
{
	struct writer *w = calloc(1, sizeof(*w));
	unsigned int i;
	int ret = -ENOMEM;

	for (i = 0; i < pdf->count; i++)
		pdf->failed |= !close_page(&pdf->pages[i]);
	*out = NULL;
	if (w && !pdf->failed) {
		w->pdf = pdf;
		w->about = about;
		w->f = open_memstream(out, size);
		if (w->f) {
			put_all(w);
			ret = fclose(w->f) ? -ENOMEM : 0;
		}
	}
	free(w);
	return ret;
}

void lib_pdf_free(struct lib_pdf *pdf)
{
	unsigned int i;

	for (i = 0; i < pdf->count; i++) {
		if (pdf->pages[i].file)
			fclose(pdf->pages[i].file);
		free(pdf->pages[i].text);
	}
	memset(pdf, 0, sizeof(*pdf));
}
