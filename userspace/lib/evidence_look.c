// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What became of sealed extents: the LUN's blocks are hashed and compared. No key of the volume is
 * needed; with keys it can be told who wrote what is there now.
 */
#include "evidence_look.h"

#define LEAF_BYTES	(DMW_FANOUT << DMW_SECTOR_SHIFT)

const char *libdmwarrant_extent_state_name(uint32_t state)
{
	static const char *const names[] = {
		[LIBDMWARRANT_EXTENT_UNCHANGED] = "unchanged",
		[LIBDMWARRANT_EXTENT_ALTERED] = "altered",
		[LIBDMWARRANT_EXTENT_OVERWRITTEN] = "overwritten",
		[LIBDMWARRANT_EXTENT_DISCARDED] = "discarded",
		[LIBDMWARRANT_EXTENT_ZEROED] = "zeroed",
		[LIBDMWARRANT_EXTENT_ABSENT] = "absent",
		[LIBDMWARRANT_EXTENT_UNREADABLE] = "unreadable",
	};

	return state < ARRAY_SIZE(names) && names[state] ? names[state] : "unknown";
}

/* ---- a piece ---- */

/* Of two pieces of an extent, the worse one counts. */
static unsigned int rank(u32 state)
{
	static const u8 order[] = {
		0,
		LIBDMWARRANT_EXTENT_UNCHANGED,
		LIBDMWARRANT_EXTENT_DISCARDED,
		LIBDMWARRANT_EXTENT_ZEROED,
		LIBDMWARRANT_EXTENT_ABSENT,
		LIBDMWARRANT_EXTENT_OVERWRITTEN,
		LIBDMWARRANT_EXTENT_UNREADABLE,
		LIBDMWARRANT_EXTENT_ALTERED,
	};
	unsigned int i;

	for (i = 0; order[i] != state; i++)
		;
	return i;
}

/* What the volume's own tree says of a piece that is not as it was sealed. */
static u32 ask_tree(struct lib_look *k, const struct lib_evidence_piece *p, u32 state)
{
	u64 leaf = p->first >> DMW_FANOUT_SHIFT;
	const struct dmw_seal_disk *seals;
	struct dmw_node_disk node;
	u8 digest[LIB_HASH_SIZE];
	struct dmw_seal seal;
	u32 i, written = 0;

	if (lib_tree_find(&k->v, 1, leaf, &seal))
		return state;
	memset(&node, 0, sizeof(node));
	if (seal.nonce && lib_tree_node(&k->v, 0, leaf, &seal, &node))
		return state;
	seals = node.seals + (p->first & (DMW_FANOUT - 1));
	for (i = 0; i < p->count; i++)
		written += !!seals[i].nonce;
	if (!written)
		return LIBDMWARRANT_EXTENT_DISCARDED;
	lib_hash_seals(&k->m, seals, p->count, digest);
	/* The volume still vouches for what was sealed: it was not the volume that changed it. */
	return memcmp(digest, p->seals, LIB_HASH_SIZE) ? LIBDMWARRANT_EXTENT_OVERWRITTEN :
	       LIBDMWARRANT_EXTENT_ALTERED;
}

static u32 piece_state(struct lib_look *k, const struct lib_evidence_piece *p)
{
	u64 offset = dmw_layout_sector(&k->layout, p->first) << DMW_SECTOR_SHIFT;
	u32 size = p->count << DMW_SECTOR_SHIFT;
	u32 state = LIBDMWARRANT_EXTENT_ALTERED;
	u8 root[LIB_HASH_SIZE];

	if (offset + size > k->dev.device.size)
		return LIBDMWARRANT_EXTENT_ABSENT;
	if (dmw_host_read(&k->host, offset, k->data, size))
		return LIBDMWARRANT_EXTENT_UNREADABLE;
	lib_hash_sectors(&k->m, p->first, p->count, k->data, root);
	if (!memcmp(root, p->sectors, LIB_HASH_SIZE))
		return LIBDMWARRANT_EXTENT_UNCHANGED;
	if (!memchr_inv(k->data, 0, size))
		state = LIBDMWARRANT_EXTENT_ZEROED;
	return k->keys ? ask_tree(k, p, state) : state;
}

static int look_at_piece(void *arg, const struct lib_evidence_extent *x,
			 const struct lib_evidence_piece *p)
{
	struct lib_look *k = arg;
	struct libdmwarrant_sealed_extent *e = &k->extent;
	u32 state = piece_state(k, p);

	(void)x;
	if (k->m.failed)
		return -ENOMEM;
	if (rank(state) > rank(e->state))
		e->state = state;
	if (state != LIBDMWARRANT_EXTENT_UNCHANGED) {
		if (!e->changed)
			e->changed_first = p->first;
		e->changed += p->count;
	}
	k->seen += p->count;
	return lib_progress(k->ctx, "comparing ciphertext", k->seen << DMW_SECTOR_SHIFT,
			    k->total << DMW_SECTOR_SHIFT);
}

/* ---- an extent ---- */

/* Gone is not altered: who may live with it says so. */
static bool is_excused(const struct lib_look *k, const struct libdmwarrant_sealed_extent *e)
{
	if (e->state == LIBDMWARRANT_EXTENT_UNCHANGED || e->shredded)
		return true;
	return k->params->flags & LIBDMWARRANT_VERIFY_PARTIAL &&
	       (e->state == LIBDMWARRANT_EXTENT_ABSENT ||
		e->state == LIBDMWARRANT_EXTENT_ZEROED ||
		e->state == LIBDMWARRANT_EXTENT_DISCARDED ||
		e->state == LIBDMWARRANT_EXTENT_OVERWRITTEN);
}

static int end_extent(void *arg, const struct lib_evidence_extent *e)
{
	struct lib_look *k = arg;
	struct libdmwarrant_sealed_extent *x = &k->extent;
	int ret = 0;

	x->version = LIBDMWARRANT_SEALED_EXTENT_VERSION;
	x->number = e->number;
	x->first = e->first;
	x->count = e->count;
	x->tag = e->tag;
	x->shredded = lib_shredded_has(k->shredded, e->tag);
	memcpy(x->root, e->leaf, LIB_HASH_SIZE);
	k->result->extents++;
	k->result->sectors += e->count;
	k->result->states[x->state]++;
	k->result->shredded += x->shredded;
	k->excused += is_excused(k, x);
	if (k->params->extent && k->params->extent(k->params->arg, x))
		ret = lib_fail(k->ctx, -ECANCELED, "cancelled");
	memset(x, 0, sizeof(*x));
	return ret;
}

static int walk_proof(struct lib_look *k)
{
	const struct lib_proof_extent *e;
	int ret = 0;
	size_t i;
	u64 j;

	for (i = 0; i < k->proof->count && !ret; i++) {
		e = &k->proof->extents[i];
		for (j = 0; j < e->extent.pieces && !ret; j++)
			ret = look_at_piece(k, &e->extent, &e->pieces[j]);
		if (!ret)
			ret = end_extent(k, &e->extent);
	}
	return ret;
}

static int walk_seal(struct lib_look *k)
{
	const struct lib_visit v = { .piece = look_at_piece, .extent = end_extent, .arg = k };

	return lib_hashes_walk(k->ctx, k->params->file, &k->statement->root, &v);
}

/* ---- the LUN ---- */

static int load_keys(struct lib_look *k)
{
	int ret;

	if (!k->params->keyset)
		return 0;
	ret = lib_volume_load(k->ctx, k->params->device, k->params->keyset, NULL, 0, &k->v);
	k->keys = !ret;
	return ret;
}

/* With nothing unchanged, a LUN that says it is another volume's was confused with the right one. */
static int check_confusion(struct lib_look *k)
{
	char want[37], have[37];
	struct dmw_superblock sb[2];
	int error[2], i;
	u64 block[2];

	if (!k->result->extents || k->result->states[LIBDMWARRANT_EXTENT_UNCHANGED])
		return 0;
	i = lib_superblocks_find(&k->host, k->dev.device.size >> DMW_SECTOR_SHIFT, sb, error,
				 block);
	if (i < 0 || !memcmp(sb[i].uuid, k->statement->root.uuid, DMW_UUID_SIZE))
		return 0;
	libdmwarrant_uuid_format(k->statement->root.uuid, want);
	libdmwarrant_uuid_format(sb[i].uuid, have);
	return lib_fail(k->ctx, -ENODEV, "%s holds volume %s, the seal is of volume %s",
			k->params->device, have, want);
}

static int judge(struct lib_look *k)
{
	u64 bad = k->result->extents - k->excused;
	int ret = check_confusion(k);

	if (ret || !bad)
		return ret;
	return lib_fail(k->ctx, -EUCLEAN,
			"%llu of %llu extents on %s are not what was sealed",
			(unsigned long long)bad, (unsigned long long)k->result->extents,
			k->params->device);
}

static int look(struct lib_look *k)
{
	int ret;

	k->data = malloc(LEAF_BYTES);
	if (lib_merkle_init(&k->m) || !k->data)
		return lib_fail(k->ctx, -ENOMEM, "not enough memory");
	ret = lib_device_open(k->ctx, k->params->device, 0, &k->dev);
	if (ret)
		return ret;
	lib_host_init(&k->host, k->dev.fd, NULL);
	ret = load_keys(k);
	if (!ret)
		ret = k->proof ? walk_proof(k) : walk_seal(k);
	if (ret == -ENOMEM)
		return lib_fail(k->ctx, ret, "not enough memory");
	return ret ? ret : judge(k);
}

/**
 * lib_look() - compare a LUN with what was sealed
 * @k: what the caller fills in; the rest zero
 *
 * Return: 0 unchanged or excused; -EUCLEAN it is not; -ENODEV another volume's LUN.
 */
int lib_look(struct lib_look *k)
{
	int ret;

	k->dev.fd = -1;
	k->v.dev.fd = -1;
	k->layout.group_start = k->statement->root.group_start;
	ret = look(k);
	lib_volume_free(&k->v);
	lib_device_close(&k->dev);
	lib_merkle_free(&k->m);
	free(k->data);
	return ret;
}
