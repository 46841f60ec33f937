// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: flip DIRECTORY
 *
 * A byte in every block of a small sealed volume is changed in turn: exactly the extent that has
 * the block must be called altered, and none for any other block. Then every byte of the seal's
 * files and of a proof is changed, and they are cut off at every length: nothing may then be said
 * of the volume.
 */
#include <fcntl.h>
#include <unistd.h>

#include "scene.h"

#define IMAGE_BYTES	(2U << 20)
#define BLOCKS		(IMAGE_BYTES / DMW_SECTOR_SIZE)

static struct scene s;
static struct seen whole;

/* ---- the volume ---- */

/* Number of the extent that has the block; -1 = none. */
static int extent_of(u64 block, u64 *sector)
{
	unsigned int i;
	u64 j;

	for (i = 0; i < whole.count; i++)
		for (j = 0; j < whole.extent[i].count; j++) {
			*sector = whole.extent[i].first + j;
			if (scene_offset(&s, *sector) == block << DMW_SECTOR_SHIFT)
				return i;
		}
	return -1;
}

static bool only_altered(const struct seen *seen, int which, u64 sector)
{
	const struct libdmwarrant_sealed_extent *e = &seen->extent[which];
	unsigned int i, altered = 0;

	for (i = 0; i < seen->count; i++)
		altered += seen->extent[i].state != LIBDMWARRANT_EXTENT_UNCHANGED;
	return altered == 1 && e->state == LIBDMWARRANT_EXTENT_ALTERED &&
	       e->changed_first <= sector && sector < e->changed_first + e->changed &&
	       e->changed_first >> DMW_FANOUT_SHIFT == sector >> DMW_FANOUT_SHIFT &&
	       seen->ret == -EUCLEAN;
}

static void flip_blocks(void)
{
	struct libdmwarrant_verify_params p = { .device = s.volume };
	unsigned int bad = 0, sealed = 0;
	struct seen seen;
	u64 block, sector, at;
	int which;

	for (block = 0; block < BLOCKS; block++) {
		at = (block << DMW_SECTOR_SHIFT) + block * 37 % DMW_SECTOR_SIZE;
		which = extent_of(block, &sector);
		scene_flip(s.volume, at, 1 << block % 8);
		scene_verify(&s, &p, &seen);
		scene_flip(s.volume, at, 1 << block % 8);
		sealed += which >= 0;
		if (seen.count == whole.count &&
		    (which < 0 ? !seen.ret : only_altered(&seen, which, sector)))
			continue;
		if (!bad++)
			printf("# block %llu, extent %d: %d, %u extents\n",
			       (unsigned long long)block, which, seen.ret, seen.count);
	}
	test_result("flip-blocks", !bad && sealed == whole.result.sectors,
		    "%u of %u blocks wrong, %u of %llu sectors met", bad, BLOCKS, sealed,
		    (unsigned long long)whole.result.sectors);
}

/* ---- the files ---- */

static bool said_something(const char *file)
{
	struct libdmwarrant_verify_params p = { .device = s.volume, .file = file };
	struct seen seen;

	scene_verify(&s, &p, &seen);
	return !seen.ret || seen.count || seen.ret == -EUCLEAN;
}

static void flip_file(const char *name, const char *path, const char *file)
{
	static const u8 masks[] = { 0x01, 0x20, 0x80 };
	unsigned int bad = 0, i;
	char *text;
	size_t size, at;

	if (lib_read_file(s.ctx, path, 1 << 20, &text, &size))
		exit(1);
	free(text);
	for (at = 0; at < size; at++)
		for (i = 0; i < ARRAY_SIZE(masks); i++) {
			scene_flip(path, at, masks[i]);
			if (said_something(file) && !bad++)
				printf("# %s: byte %zu, mask %02x\n", name, at, masks[i]);
			scene_flip(path, at, masks[i]);
		}
	test_result(name, !bad && said_something(file), "%u changes unnoticed", bad);
}

/* @spare: bytes at the end that say nothing: a line feed behind a signature */
static void cut_file(const char *name, const char *path, const char *file, size_t spare)
{
	unsigned int bad = 0;
	size_t size, at;
	char *text;
	int fd = open(path, O_RDWR);

	if (fd < 0 || lib_read_file(s.ctx, path, 1 << 20, &text, &size))
		exit(1);
	for (at = 0; at < size - spare; at++) {
		if (ftruncate(fd, at))
			exit(1);
		if (said_something(file) && !bad++)
			printf("# %s: cut at %zu\n", name, at);
		if (pwrite(fd, text, size, 0) != (ssize_t)size)
			exit(1);
	}
	if (pwrite(fd, text, 1, size) != 1)
		exit(1);
	bad += said_something(file);
	if (ftruncate(fd, size))
		exit(1);
	close(fd);
	free(text);
	test_result(name, !bad && said_something(file), "%u lengths unnoticed", bad);
}

static void files(void)
{
	static const u64 extents[] = { 1, 3 };
	char path[400], proof[400];

	flip_file("flip-statement", s.file, s.file);
	snprintf(path, sizeof(path), "%s.sig", s.file);
	flip_file("flip-signature", path, s.file);
	cut_file("cut-signature", path, s.file, 1);
	snprintf(path, sizeof(path), "%s.hashes", s.file);
	flip_file("flip-hashes", path, s.file);
	cut_file("cut-hashes", path, s.file, 0);
	cut_file("cut-statement", s.file, s.file, 0);
	snprintf(proof, sizeof(proof), "%s/proof", s.dir);
	if (libdmwarrant_evidence_prove(s.ctx, s.file, extents, 2, proof))
		exit(1);
	flip_file("flip-proof", proof, proof);
	cut_file("cut-proof", proof, proof, 1);
}

int main(int argc, char **argv)
{
	struct libdmwarrant_verify_params p = { .device = s.volume };
	struct libdmwarrant_seal_result r;

	if (argc != 2)
		return 99;
	scene_begin(&s, argv[1], IMAGE_BYTES);
	scene_tree(&s);
	test_result("flip-seal", !scene_seal(&s, NULL, 0, 0, &r), "%s", libdmwarrant_error(s.ctx));
	scene_verify(&s, &p, &whole);
	test_result("flip-unchanged", !whole.ret && whole.count == 6 && whole.result.states[1] == 6,
		    "%d, %u extents: %s", whole.ret, whole.count, libdmwarrant_error(s.ctx));
	flip_blocks();
	files();
	scene_end(&s);
	return !!test_failures;
}
