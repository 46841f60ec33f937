// SPDX-License-Identifier: GPL-2.0-or-later
/* dm-warrant: sealed volumes on LUNs that nobody trusts. Module life. */
#include <linux/module.h>

#include "target.h"
#include "device.h"

static int __init dmw_init(void)
{
	int ret = dmw_cache_module_init();

	if (ret)
		return ret;
	ret = dm_register_target(&dmw_target);
	if (ret)
		dmw_cache_module_exit();
	return ret;
}

static void __exit dmw_exit(void)
{
	dm_unregister_target(&dmw_target);
	dmw_cache_module_exit();
}

module_init(dmw_init);
module_exit(dmw_exit);

MODULE_AUTHOR("The dm-warrant authors");
MODULE_DESCRIPTION("device-mapper target for sealed volumes of warrants");
MODULE_LICENSE("GPL");
MODULE_ALIAS("dm-target-warrant");
