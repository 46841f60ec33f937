/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Differences between kernels, as found by the compile probes in probes/ (see Kbuild). The only
 * file that knows DMW_HAVE_*.
 */
#ifndef DMW_COMPAT_H
#define DMW_COMPAT_H

#include <linux/blkdev.h>
#include <linux/shrinker.h>
#include <crypto/aes.h>
#ifdef DMW_HAVE_HEX_H
#include <linux/hex.h>
#endif

/* ---- dm_table_get_mode() ---- */

#ifdef BLK_OPEN_WRITE
#define DMW_MODE_WRITE	BLK_OPEN_WRITE
#else
#define DMW_MODE_WRITE	FMODE_WRITE
#endif

/* A 32-bit kernel would need other division and 64-bit reads. */
static_assert(sizeof(long) == 8, "dm-warrant needs a 64-bit kernel");

/* ---- queue limits ---- */

/* Write-zeroes of ours never unmap on the LUN, whatever the LUN's would do. */
static inline void dmw_limits_no_unmap(struct queue_limits *limits)
{
#ifdef DMW_HAVE_WZEROES_UNMAP
	limits->max_hw_wzeroes_unmap_sectors = 0;
#endif
}

/* ---- AES block, for the XAES key derivation ---- */

#ifdef DMW_HAVE_AES_ENCKEY
struct dmw_aes_key {
	struct aes_enckey	key;
};

static inline int dmw_aes_prepare(struct dmw_aes_key *k, const u8 *key)
{
	return aes_prepareenckey(&k->key, key, DMW_KEY_SIZE);
}
#else
struct dmw_aes_key {
	struct crypto_aes_ctx	key;
};

static inline int dmw_aes_prepare(struct dmw_aes_key *k, const u8 *key)
{
	return aes_expandkey(&k->key, key, DMW_KEY_SIZE);
}
#endif

static inline void dmw_aes_encrypt(void *k, u8 out[16], const u8 in[16])
{
	const struct dmw_aes_key *key = k;

	aes_encrypt(&key->key, out, in);
}

/* ---- shrinkers: embedded or allocated ---- */

typedef unsigned long (*dmw_shrink_fn)(struct shrinker *s, struct shrink_control *sc);

#ifdef DMW_HAVE_SHRINKER_ALLOC
struct dmw_shrinker {
	struct shrinker	*shrinker;
};

static inline int dmw_shrinker_register(struct dmw_shrinker *s, const char *name, void *private,
					dmw_shrink_fn count, dmw_shrink_fn scan)
{
	s->shrinker = shrinker_alloc(0, "%s", name);
	if (!s->shrinker)
		return -ENOMEM;
	s->shrinker->count_objects = count;
	s->shrinker->scan_objects = scan;
	s->shrinker->seeks = DEFAULT_SEEKS;
	s->shrinker->private_data = private;
	shrinker_register(s->shrinker);
	return 0;
}

static inline void dmw_shrinker_unregister(struct dmw_shrinker *s)
{
	if (s->shrinker)
		shrinker_free(s->shrinker);
	s->shrinker = NULL;
}

static inline void *dmw_shrinker_private(struct shrinker *s)
{
	return s->private_data;
}
#else
struct dmw_shrinker {
	struct shrinker	shrinker;
	void		*private;
};

static inline int dmw_shrinker_register(struct dmw_shrinker *s, const char *name, void *private,
					dmw_shrink_fn count, dmw_shrink_fn scan)
{
	int ret;

	s->shrinker.count_objects = count;
	s->shrinker.scan_objects = scan;
	s->shrinker.seeks = DEFAULT_SEEKS;
	s->private = private;
	ret = register_shrinker(&s->shrinker, "%s", name);
	if (ret)
		s->private = NULL;
	return ret;
}

static inline void dmw_shrinker_unregister(struct dmw_shrinker *s)
{
	if (s->private)
		unregister_shrinker(&s->shrinker);
	s->private = NULL;
}

static inline void *dmw_shrinker_private(struct shrinker *s)
{
	return container_of(s, struct dmw_shrinker, shrinker)->private;
}
#endif

#endif
