/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PDF, as much of it as a certificate needs. Fonts are the 14 that every reader has, nothing is
 * compressed, and nothing depends on the machine or the moment: the same calls give the same bytes.
 */
#ifndef LIB_PDF_H
#define LIB_PDF_H

#include <stdio.h>

#include "lib_private.h"

/* Points; A4. */
#define PDF_WIDTH	595
#define PDF_HEIGHT	842

#define PDF_PAGES	200

enum pdf_font {
	PDF_SANS	= 1,
	PDF_BOLD	= 2,
	PDF_MONO	= 3,
};

/**
 * struct lib_pdf_page - a page that is being drawn
 * @file: stream into @text
 * @text: what is on it
 * @size: bytes
 */
struct lib_pdf_page {
	FILE	*file;
	char	*text;
	size_t	size;
};

/**
 * struct lib_pdf - a document that is being made
 * @pages:  so far
 * @count:  of them
 * @now:    the one that is drawn on; it can be an earlier one again
 * @lost:   characters that these fonts do not have
 * @failed: no memory, or too many pages
 */
struct lib_pdf {
	struct lib_pdf_page	pages[PDF_PAGES];
	unsigned int		count;
	unsigned int		now;
	unsigned int		lost;
	bool			failed;
};

/**
 * struct lib_pdf_about - what a document says of itself
 * @title:      of it
 * @date:       of it, Unix seconds
 * @name:       of a file that goes with it
 * @attachment: that file
 * @attached:   bytes
 */
struct lib_pdf_about {
	const char	*title;
	s64		date;
	const char	*name;
	const char	*attachment;
	size_t		attached;
};

void lib_pdf_page(struct lib_pdf *pdf);
void lib_pdf_colour(struct lib_pdf *pdf, u32 rgb);
void lib_pdf_box(struct lib_pdf *pdf, double x, double y, double width, double height);
void lib_pdf_frame(struct lib_pdf *pdf, double x, double y, double width, double height,
		   double line);
void lib_pdf_text(struct lib_pdf *pdf, enum pdf_font font, double size, double x, double y,
		  const char *text, size_t length);
int lib_pdf_finish(struct lib_pdf *pdf, const struct lib_pdf_about *about, char **out,
		   size_t *size);
void lib_pdf_free(struct lib_pdf *pdf);

/* pdf_font.c */

u8 lib_pdf_encode(u32 character);
double lib_pdf_width(enum pdf_font font, double size, const char *text, size_t length);

#endif
