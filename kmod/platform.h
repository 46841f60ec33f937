/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few kernel names that the protocol core uses. In a process the same names come from
 * userspace/lib/kshim.h, so that one source serves the kernel, the tools, the simulator and the
 * fuzzers.
 */
#ifndef DMW_PLATFORM_H
#define DMW_PLATFORM_H

#ifdef __KERNEL__
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/sort.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/byteorder.h>
#else
#include "../userspace/lib/kshim.h"
#endif

#endif
