// SPDX-License-Identifier: GPL-2.0-or-later
/* DMW_HAVE_SHRINKER_ALLOC: shrinkers are allocated, with private_data */
#include <linux/shrinker.h>

struct shrinker *probe(void *private);
struct shrinker *probe(void *private)
{
	struct shrinker *s = shrinker_alloc(0, "probe");

	s->private_data = private;
	return s;
}
