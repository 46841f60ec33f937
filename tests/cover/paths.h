/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the scenes share, on the fuzz targets' LUN in memory (../fuzz/host.c, drive.c, forge.c).
 * Each scene says "ok NAME", or ends in fail().
 */
#ifndef PATHS_H
#define PATHS_H

#include "fuzz.h"

extern struct drive d;
extern struct dmw_layout l;

/* Many expect the same of the same: the line tells which one it was. */
#define expect(what, error, expected) expect_at(__FILE__, __LINE__, what, error, expected)
#define expect_read(sector, value) expect_read_at(__FILE__, __LINE__, sector, value)
void expect_at(const char *file, int line, const char *what, int error, int expected);
void expect_read_at(const char *file, int line, u64 sector, u64 value);

enum dmw_load_error opening(bool read_only);
void open_volume(u32 node_limit, bool read_only);
void crash(void);

void each_superblock(void (*change)(struct dmw_superblock_disk *sb));
void more_tags(struct dmw_superblock_disk *sb);
void more_records(void);
void submit_op(struct drive_op *o);
int change_tag(u32 tag, u32 state);
int assign(u64 sector, u32 count, u64 end, u32 tag);

/* rotation.c */
void rotation(void);

#endif
