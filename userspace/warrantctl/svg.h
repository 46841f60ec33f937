/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all pictures need. */
#ifndef SVG_H
#define SVG_H

#include <stdio.h>

/** svg_text() - text of others inside of an element or an attribute */
void svg_text(FILE *f, const char *text);

#endif
