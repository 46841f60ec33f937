/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An instruction that does nothing and that no compiler makes: nopl 0x21574d44(%rax,%rax,1). */
#define MARK_BYTES 0x0f, 0x1f, 0x84, 0x00, 0x44, 0x4d, 0x57, 0x21
