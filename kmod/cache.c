// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory of the tree's nodes, and giving it back when the system is short of it. */
#include <linux/slab.h>

#include "device.h"

static struct kmem_cache *node_slab;

/** dmw_cache_module_init() - once for all volumes. Context: may sleep */
int dmw_cache_module_init(void)
{
	node_slab = KMEM_CACHE(dmw_node, 0);
	return node_slab ? 0 : -ENOMEM;
}

void dmw_cache_module_exit(void)
{
	kmem_cache_destroy(node_slab);
}

/* Nobody waits for memory with the lock held: the core reuses clean nodes when this fails. */
struct dmw_node *dmw_host_node_alloc(struct dmw_host *h, bool sleep)
{
	gfp_t gfp = sleep ? GFP_KERNEL : GFP_NOWAIT | __GFP_NOWARN;
	struct dmw_node *n = kmem_cache_zalloc(node_slab, gfp);

	if (!n)
		return NULL;
	n->seals = (struct dmw_node_disk *)__get_free_page(gfp);
	if (!n->seals) {
		kmem_cache_free(node_slab, n);
		return NULL;
	}
	return n;
}

void dmw_host_node_free(struct dmw_host *h, struct dmw_node *n)
{
	free_page((unsigned long)n->seals);
	kmem_cache_free(node_slab, n);
}

static unsigned long count_nodes(struct shrinker *s, struct shrink_control *sc)
{
	struct dmw_device *dev = dmw_shrinker_private(s);
	u32 count = READ_ONCE(dev->volume.tree.count);
	u32 dirty = READ_ONCE(dev->volume.tree.dirty_count);

	return count > dirty ? count - dirty : 0;
}

static unsigned long free_nodes(struct shrinker *s, struct shrink_control *sc)
{
	struct dmw_device *dev = dmw_shrinker_private(s);
	u32 freed = dmw_device_shrink(dev, min(sc->nr_to_scan, 128UL));

	return freed ? freed : SHRINK_STOP;
}

/** dmw_cache_init() - a volume has been opened: its nodes may be reclaimed. Context: may sleep */
int dmw_cache_init(struct dmw_device *dev)
{
	return dmw_shrinker_register(&dev->shrinker, "dm-warrant", dev, count_nodes, free_nodes);
}

/** dmw_cache_exit() - undo dmw_cache_init(), also when it was never called. Context: may sleep */
void dmw_cache_exit(struct dmw_device *dev)
{
	dmw_shrinker_unregister(&dev->shrinker);
}
