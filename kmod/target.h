/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DMW_TARGET_H
#define DMW_TARGET_H

#include <linux/device-mapper.h>

extern struct target_type dmw_target;

#endif
