// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <unistd.h>

#include "scene.h"

static void must(int ret, const char *what, struct scene *s)
{
	if (!ret)
		return;
	printf("not ok scene: %s: %s\n", what, libdmwarrant_error(s->ctx));
	exit(1);
}

void scene_begin(struct scene *s, const char *dir, u64 bytes)
{
	struct libdmwarrant_registry_init_result r = {
		.version = LIBDMWARRANT_REGISTRY_INIT_VERSION
	};

	memset(s, 0, sizeof(*s));
	must(libdmwarrant_new(&s->ctx), "context", s);
	lib_copy(s->dir, sizeof(s->dir), dir);
	s->config.version = LIBDMWARRANT_CONFIG_VERSION;
	snprintf(s->config.registry, sizeof(s->config.registry), "sqlite:%s/registry.db", dir);
	snprintf(s->volume, sizeof(s->volume), "%s/v", dir);
	snprintf(s->keys, sizeof(s->keys), "%s/v.keys", dir);
	snprintf(s->file, sizeof(s->file), "%s/seal", dir);
	must(libdmwarrant_registry_init(s->ctx, s->config.registry, 0, &r), "registry", s);
	s->m = image_create(s->volume, s->keys, bytes);
	image_activate(s->m);
}

/* Extents of one and of several pieces, of three tags, with neighbours and holes; 6 extents. */
void scene_tree(struct scene *s)
{
	static const struct {
		u64	first;
		u64	count;
		u32	tag;
	} runs[] = {
		{ 0, 3, 0 }, { 3, 2, IMAGE_TAG }, { 5, 1, 0 },
		{ 100, 60, 0 }, { 160, 4, IMAGE_TAG }, { 169, 1, 0 },
	};
	size_t i;
	u64 j;
	u32 tag;

	for (tag = 1; tag <= IMAGE_TAG; tag++)
		image_tag(s->m, tag, DMW_TAG_OPEN);
	for (i = 0; i < ARRAY_SIZE(runs); i++)
		for (j = 0; j < runs[i].count; j++)
			image_write(s->m, runs[i].first + j, runs[i].tag);
	image_checkpoint(s->m);
	image_checkpoint(s->m);
}

void scene_end(struct scene *s)
{
	image_close(s->m);
	libdmwarrant_free(s->ctx);
}

int scene_seal(struct scene *s, const u32 *tags, u32 count, u32 flags,
	       struct libdmwarrant_seal_result *r)
{
	struct libdmwarrant_seal_params p = {
		.version = LIBDMWARRANT_SEAL_VERSION, .flags = flags, .device = s->volume,
		.tags = tags, .tag_count = count, .file = s->file, .keyset = s->m->keys,
	};

	return libdmwarrant_evidence_seal(s->ctx, &s->config, &p, r);
}

void scene_unseal(struct scene *s)
{
	static const char *const suffixes[] = { "", ".sig", ".hashes" };
	char path[400];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(suffixes); i++) {
		snprintf(path, sizeof(path), "%s%s", s->file, suffixes[i]);
		unlink(path);
	}
}

static int take_extent(void *arg, const struct libdmwarrant_sealed_extent *e)
{
	struct seen *seen = arg;

	if (seen->count < SCENE_EXTENTS)
		seen->extent[seen->count] = *e;
	seen->count++;
	return 0;
}

void scene_verify(struct scene *s, struct libdmwarrant_verify_params *p, struct seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	p->version = LIBDMWARRANT_VERIFY_VERSION;
	if (!p->file)
		p->file = s->file;
	p->extent = take_extent;
	p->arg = seen;
	seen->ret = libdmwarrant_evidence_verify(s->ctx, p, &seen->result);
}

void scene_flip(const char *path, u64 offset, u8 mask)
{
	int fd = open(path, O_RDWR);
	u8 byte;

	if (fd < 0 || pread(fd, &byte, 1, offset) != 1)
		exit(1);
	byte ^= mask;
	if (pwrite(fd, &byte, 1, offset) != 1)
		exit(1);
	close(fd);
}

u64 scene_offset(struct scene *s, u64 sector)
{
	return dmw_layout_sector(&s->m->s.sb.layout, sector) << DMW_SECTOR_SHIFT;
}
