// SPDX-License-Identifier: GPL-2.0-or-later
/* DMW_HAVE_WZEROES_UNMAP: queue limits say whether write-zeroes unmaps */
#include <linux/blkdev.h>

void probe(struct queue_limits *limits);
void probe(struct queue_limits *limits)
{
	limits->max_hw_wzeroes_unmap_sectors = 0;
}
