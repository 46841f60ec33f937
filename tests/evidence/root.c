// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: root DIRECTORY
 *
 * The root over ciphertext: that it depends on what it should and on nothing else, that a tree that
 * moves under the walk changes nothing, and what is refused.
 */
#include <unistd.h>

#include "scene.h"

static struct scene s;
static const u32 tag[] = { IMAGE_TAG };

static int root_of(const u32 *tags, u32 flags, struct lib_evidence_root *r)
{
	struct lib_evidence_params p = {
		.device = s.volume, .keyset = s.m->keys, .tags = tags, .tag_count = !!tags,
		.flags = flags,
	};

	return lib_evidence_root(s.ctx, &p, r);
}

static void refused(const char *name, int ret, int want, const char *part)
{
	test_result(name, ret == want && strstr(libdmwarrant_error(s.ctx), part),
		    "%d, expected %d: %s", ret, want, libdmwarrant_error(s.ctx));
}

static const struct lib_evidence_tag *find(const struct lib_evidence_root *r, u32 number)
{
	u32 i;

	for (i = 0; i < r->tag_count; i++)
		if (r->tags[i].tag == number)
			return &r->tags[i];
	return NULL;
}

static bool same_tag(const struct lib_evidence_root *a, const struct lib_evidence_root *b)
{
	const struct lib_evidence_tag *x = find(a, IMAGE_TAG), *y = find(b, IMAGE_TAG);

	return x && y && !memcmp(x, y, sizeof(*x));
}

/* ---- a closed volume ---- */

static void forget_data_keys(void)
{
	struct dmw_keyset_disk *d = s.m->keys->disk;
	u32 i, n = 0, count = le16_to_cpu(d->count);

	for (i = 0; i < count; i++)
		if (le32_to_cpu(d->keys[i].tag) == DMW_TAG_METADATA)
			d->keys[n++] = d->keys[i];
	d->count = cpu_to_le16(n);
}

static void closed(void)
{
	struct lib_evidence_root whole, part, blind;
	int ret;

	ret = root_of(NULL, LIB_EVIDENCE_VERIFY, &whole);
	test_result("root-whole", !ret && whole.tag_count == 2 && whole.verified == 71 &&
		    find(&whole, 0)->extents == 4 && find(&whole, 0)->pieces == 5 &&
		    find(&whole, IMAGE_TAG)->extents == 2 && find(&whole, IMAGE_TAG)->sectors == 6,
		    "%d: %s", ret, libdmwarrant_error(s.ctx));
	ret = root_of(tag, 0, &part);
	test_result("root-of-a-tag", !ret && part.tag_count == 1 && same_tag(&whole, &part), "%d",
		    ret);
	refused("root-no-such-tag", root_of((const u32[]){ 99 }, 0, &blind), -ENOENT, "no tag 99");
	lib_evidence_root_free(&blind);
	ret = root_of((const u32[]){ 2 }, 0, &blind);
	test_result("root-empty-tag", !ret && blind.tag_count == 1 && !blind.tags[0].sectors,
		    "%d", ret);
	lib_evidence_root_free(&blind);
	forget_data_keys();
	ret = root_of(NULL, LIB_EVIDENCE_VERIFY, &blind);
	test_result("root-without-data-keys", !ret && blind.unverified == 71 && !blind.verified &&
		    !memcmp(blind.root, whole.root, LIB_HASH_SIZE), "%d: %s", ret,
		    libdmwarrant_error(s.ctx));
	lib_evidence_root_free(&blind);
	lib_evidence_root_free(&part);
	lib_evidence_root_free(&whole);
}

/* ---- damage ---- */

static void damaged(void)
{
	struct lib_evidence_root r;
	u64 at = scene_offset(&s, 101), node;

	scene_flip(s.volume, at, 1);
	refused("root-damaged-sector", root_of(NULL, LIB_EVIDENCE_VERIFY, &r), -EUCLEAN,
		"sector 101");
	lib_evidence_root_free(&r);
	test_result("root-unverified-sector", !root_of(NULL, 0, &r), "%s",
		    libdmwarrant_error(s.ctx));
	lib_evidence_root_free(&r);
	scene_flip(s.volume, at, 1);
	for (node = 0; node < 2; node++)
		scene_flip(s.volume, dmw_layout_node(&s.m->s.sb.layout, 0, 1, node) << 12, 1);
	refused("root-damaged-node", root_of(NULL, 0, &r), -EUCLEAN, "a node above sector 128");
	lib_evidence_root_free(&r);
	image_tag(s.m, IMAGE_TAG, DMW_TAG_FROZEN);
	image_checkpoint(s.m);
	for (node = 0; node < 2; node++)
		scene_flip(s.volume, dmw_layout_node(&s.m->s.sb.layout, 0, 1, node) << 12, 1);
	refused("root-damaged-node-open", root_of(tag, LIB_EVIDENCE_OPEN, &r), -EUCLEAN,
		"a node above sector");
	lib_evidence_root_free(&r);
	image_checkpoint(s.m);
}

/* ---- an open one ---- */

static unsigned int moves;

/* The kernel goes on while it is read: other tags are written and discarded, nodes change slots. */
static int move(void *arg, const struct lib_evidence_piece *p)
{
	unsigned int i;

	(void)arg;
	(void)p;
	for (i = 0; i < 2 + moves % 2; i++) {
		image_write(s.m, 110 + i, 0);
		image_write(s.m, 150 + i, 0);
		image_discard(s.m, 140 + i);
		image_checkpoint(s.m);
	}
	moves++;
	return 0;
}

static void moving(void)
{
	struct lib_evidence_params p = {
		.device = s.volume, .keyset = s.m->keys, .tags = tag, .tag_count = 1,
		.flags = LIB_EVIDENCE_OPEN | LIB_EVIDENCE_VERIFY, .piece = move,
	};
	struct lib_evidence_root still, r;
	int ret;

	ret = root_of(tag, LIB_EVIDENCE_OPEN, &still);
	test_result("root-frozen", !ret, "%d: %s", ret, libdmwarrant_error(s.ctx));
	ret = lib_evidence_root(s.ctx, &p, &r);
	test_result("root-moving", !ret && moves == 2 && r.verified == 6 && same_tag(&still, &r),
		    "%d, %u moves: %s", ret, moves, libdmwarrant_error(s.ctx));
	lib_evidence_root_free(&r);
	lib_evidence_root_free(&still);
}

static void open_refusals(void)
{
	struct lib_evidence_root r;

	refused("root-open-not-frozen", root_of(tag, LIB_EVIDENCE_OPEN, &r), -EPERM, "freeze it");
	lib_evidence_root_free(&r);
	refused("root-open-whole", root_of(NULL, LIB_EVIDENCE_OPEN, &r), -EPERM, "name frozen tags");
	lib_evidence_root_free(&r);
	refused("root-open-default-tag", root_of((const u32[]){ 0 }, LIB_EVIDENCE_OPEN, &r), -EPERM,
		"tag 0");
	lib_evidence_root_free(&r);
}

static void rotating(void)
{
	struct dmw_epoch *old = &s.m->s.root.epochs[1];
	struct lib_evidence_root r;

	*old = s.m->s.root.epochs[0];
	old->epoch = 2;
	s.m->s.root.epochs[0].state = DMW_EPOCH_OLD;
	image_checkpoint(s.m);
	refused("root-open-rotating", root_of(tag, LIB_EVIDENCE_OPEN, &r), -EBUSY, "rotated");
	lib_evidence_root_free(&r);
	test_result("root-closed-rotating", !root_of(tag, 0, &r), "%s", libdmwarrant_error(s.ctx));
	lib_evidence_root_free(&r);
	s.m->s.root.epochs[0].state = DMW_EPOCH_CURRENT;
	memset(old, 0, sizeof(*old));
	image_checkpoint(s.m);
}

static void unclean(void)
{
	static const u64 sectors[] = { 20, 21 };
	struct lib_evidence_root r;

	image_record(s.m, sectors, 2);
	refused("root-not-closed", root_of(NULL, 0, &r), -EBUSY, "not closed cleanly");
	lib_evidence_root_free(&r);
	test_result("root-not-closed-frozen", !root_of(tag, LIB_EVIDENCE_OPEN, &r), "%s",
		    libdmwarrant_error(s.ctx));
	lib_evidence_root_free(&r);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 99;
	scene_begin(&s, argv[1], 4 << 20);
	scene_tree(&s);
	open_refusals();
	damaged();
	moving();
	rotating();
	unclean();
	scene_end(&s);
	/* A second volume, as closed() wants to lose keys. */
	unlink(s.volume);
	scene_begin(&s, argv[1], 4 << 20);
	scene_tree(&s);
	closed();
	scene_end(&s);
	return !!test_failures;
}
