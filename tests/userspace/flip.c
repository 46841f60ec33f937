// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: flip DIRECTORY
 *
 * Every byte of a small volume is changed in turn. In a block that check's map calls live, check
 * must report exactly that block; a change in any other block must change nothing of its result.
 *
 * Free blocks are not changed one by one but all at once, at the same offset in each: if the result
 * stays the same, none of them mattered.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "common/image.h"
#include "common/test.h"

#define IMAGE_BYTES	(1500U << 10)
#define BLOCKS		(IMAGE_BYTES / DMW_SECTOR_SIZE)

static struct libdmwarrant *ctx;
static struct libdmwarrant_keyset *keys;
static char path[512];
static u8 *image;
static bool live[BLOCKS];
static u64 newest;	/* block of the newer superblock */

/* What a check has reported. */
struct report {
	unsigned int	count;
	u64		block;
	u64		kind;
	bool		any_map;
};

static int note_damage(void *arg, const struct libdmwarrant_damage *d)
{
	struct report *r = arg;

	r->count += d->extent.count;
	r->block = d->extent.block;
	r->kind = d->extent.kind;
	return 0;
}

static int note_map(void *arg, const struct libdmwarrant_extent *e)
{
	u64 i;

	(void)arg;
	for (i = 0; i < e->count; i++)
		live[e->block + i] = true;
	return 0;
}

static int check(struct report *r, bool with_map, struct libdmwarrant_check_result *result)
{
	struct libdmwarrant_check_params p = {
		.version = LIBDMWARRANT_CHECK_VERSION, .flags = LIBDMWARRANT_CHECK_DATA,
		.damage = note_damage, .map = with_map ? note_map : NULL, .arg = r,
	};

	memset(r, 0, sizeof(*r));
	return libdmwarrant_check(ctx, path, keys, &p, result);
}

/* Copy B is newer after an odd number of checkpoints. */
static u64 find_newest(void)
{
	const struct dmw_superblock_disk *a = (const void *)image, *b;

	b = (const void *)(image + le64_to_cpu(a->superblock_b) * DMW_SECTOR_SIZE);
	return le64_to_cpu(b->checkpoint) > le64_to_cpu(a->checkpoint) ? le64_to_cpu(a->superblock_b) : 0;
}

static void make_image(const char *dir)
{
	static const u64 sectors[] = { 0, 1, 2, 5, 20 };
	struct image *m;
	char keyset[512];
	size_t i;
	int fd;

	snprintf(path, sizeof(path), "%s/flip.img", dir);
	snprintf(keyset, sizeof(keyset), "%s/flip.keys", dir);
	m = image_create(path, keyset, IMAGE_BYTES);
	image_activate(m);
	for (i = 0; i < ARRAY_SIZE(sectors); i++)
		image_write(m, sectors[i], i == 2 ? IMAGE_TAG : 0);
	image_checkpoint(m);
	image_activate(m);
	image_write(m, 1, 0);
	image_discard(m, 5);
	image_checkpoint(m);
	/* As a clean close does: else the checkpoint before the last would miss journal records. */
	image_checkpoint(m);
	image_close(m);
	libdmwarrant_keyset_read(ctx, keyset, &keys);
	fd = open(path, O_RDWR);
	image = mmap(NULL, IMAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	newest = find_newest();
}

/* Superblocks, one activation link, five levels of nodes, four sectors. */
#define LIVE_BLOCKS	(2 + 1 + 5 + 4)

/*
 * A superblock that says it is the newest, of an epoch of which there is no key, may be just that: then
 * the keyset is too old, and nothing is known of the volume.
 */
static bool is_epoch_of_newest(unsigned int at)
{
	unsigned int in_block = at % DMW_SECTOR_SIZE;

	return at / DMW_SECTOR_SIZE == newest && in_block >= offsetof(struct dmw_superblock_disk, epoch) &&
	       in_block < offsetof(struct dmw_superblock_disk, epoch) + sizeof(__le32);
}

static void flip_live(void)
{
	struct libdmwarrant_check_result result;
	unsigned int i, blocks = 0;
	struct report r;
	int ret;

	for (i = 0; i < IMAGE_BYTES; i++) {
		if (!live[i / DMW_SECTOR_SIZE])
			continue;
		blocks += i % DMW_SECTOR_SIZE == 0;
		image[i] ^= 1 << i % 8;
		ret = check(&r, false, &result);
		image[i] ^= 1 << i % 8;
		if (ret == -ENOKEY && is_epoch_of_newest(i))
			continue;
		if (ret != -EUCLEAN || r.count != 1 || r.block != i / DMW_SECTOR_SIZE) {
			test_result("flip-live", false,
				    "byte %u of block %u: returned %d, %u damaged, last block %llu",
				    i % DMW_SECTOR_SIZE, i / DMW_SECTOR_SIZE, ret, r.count,
				    (unsigned long long)r.block);
			return;
		}
	}
	test_result("flip-live", blocks == LIVE_BLOCKS, "%u live blocks, expected %u", blocks,
		    LIVE_BLOCKS);
}

static void flip_free(void)
{
	struct libdmwarrant_check_result result, expected;
	unsigned int offset, i;
	struct report r;
	int ret;

	check(&r, false, &expected);
	for (offset = 0; offset < DMW_SECTOR_SIZE; offset++) {
		for (i = 0; i < BLOCKS; i++)
			if (!live[i])
				image[i * DMW_SECTOR_SIZE + offset] ^= 1 << offset % 8;
		ret = check(&r, false, &result);
		if (ret || memcmp(&result, &expected, sizeof(result))) {
			test_result("flip-free", false, "offset %u of free blocks: returned %d",
				    offset, ret);
			return;
		}
	}
	test_result("flip-free", true, " ");
}

int main(int argc, char **argv)
{
	struct libdmwarrant_check_result result;
	struct report r;
	int ret;

	if (argc != 2 || libdmwarrant_new(&ctx))
		return 99;
	make_image(argv[1]);
	ret = check(&r, true, &result);
	test_result("flip-sound", !ret && result.written_sectors == 4 &&
		    result.verified_sectors == 4 && result.nodes == 5,
		    "returned %d, %llu sectors: %s", ret,
		    (unsigned long long)result.verified_sectors, libdmwarrant_error(ctx));
	flip_live();
	flip_free();
	libdmwarrant_keyset_free(keys);
	libdmwarrant_free(ctx);
	munmap(image, IMAGE_BYTES);
	return !!test_failures;
}
