// SPDX-License-Identifier: GPL-2.0-or-later
/* What all pictures need. */
#include <string.h>

#include "svg.h"

/* Characters that XML gives a meaning, or forbids (U+FFFE and U+FFFF). */
void svg_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (!strncmp(text, "\xef\xbf\xbe", 3) || !strncmp(text, "\xef\xbf\xbf", 3)) {
			fputc('?', f);
			text += 2;
		} else if (strchr("<>&\"'", *text)) {
			fprintf(f, "&#%d;", *text);
		} else {
			fputc(*text, f);
		}
	}
}
