// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages about tags and their keys. Texts pass in hex, since dm splits messages at blanks; "-" is
 * an empty text. Context of all: may sleep; the message lock is held, but for keys_forget, which waits
 * for nobody.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "device.h"

static int parse_tag(const char *arg, u32 *tag)
{
	return kstrtou32(arg, 10, tag) ? -EINVAL : 0;
}

/** dmw_message_keys() - "keys logon:<description>": more keys from the keyring */
int dmw_message_keys(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen)
{
	char *error;
	int ret;

	if (strncmp(argv[0], "logon:", strlen("logon:")))
		return -EINVAL;
	ret = dmw_keys_add(dev->keys, argv[0] + strlen("logon:"), dev->table.uuid,
			   &dev->volume.tags, &error);
	if (ret)
		DMERR("keys: %s", error);
	return ret;
}

/** dmw_message_keys_forget() - "keys_forget": the whole warrant was shredded */
int dmw_message_keys_forget(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen)
{
	dmw_device_forget(dev);
	dmw_keys_forget(dev->keys);
	dmw_buffers_wipe(dev);
	return 0;
}

/* ---- changes ---- */

/* What a change of a tag needs; too large for a stack. */
struct change {
	struct dmw_bio		bio;
	struct dmw_tag_change	change;
	struct dmw_tag		tag;
	u8			metadata[DMW_TAG_METADATA_SIZE];
};

static void free_change(struct change *c)
{
	if (!c)
		return;
	kfree(c->change.record);
	kfree(c->change.node);
	kvfree(c);
}

static struct change *new_change(struct dmw_device *dev)
{
	struct change *c = kvzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return NULL;
	c->change.record = kzalloc(sizeof(*c->change.record), GFP_KERNEL);
	/* The core may keep it, and gives it back with dmw_host_free(). */
	c->change.node = kzalloc(sizeof(*c->change.node), GFP_KERNEL);
	if (c->change.record && c->change.node) {
		c->bio.dev = dev;
		c->bio.op.kind = DMW_OP_TAG;
		c->bio.op.change = &c->change;
		return c;
	}
	free_change(c);
	return NULL;
}

static int run_change(struct change *c)
{
	c->change.tag = c->tag.tag;
	c->change.state = c->tag.state;
	dmw_tag_encode(c->change.record, &c->tag);
	return dmw_device_run(&c->bio);
}

static int parse_hex(const char *arg, void *to, size_t room, u32 *length)
{
	size_t n = strlen(arg);

	if (!strcmp(arg, "-"))
		n = 0;
	if (n % 2 || n / 2 > room)
		return -EINVAL;
	*length = n / 2;
	return hex2bin(to, arg, n / 2);
}

static int parse_texts(struct change *c, char **argv)
{
	u32 length;
	int ret = parse_hex(argv[0], c->tag.name, DMW_TAG_NAME_SIZE, &length);

	if (ret || !length || memchr(c->tag.name, '\0', length))
		return -EINVAL;
	memset(c->tag.name + length, 0, sizeof(c->tag.name) - length);
	memset(c->metadata, 0, sizeof(c->metadata));
	c->tag.metadata = c->metadata;
	return parse_hex(argv[1], c->metadata, sizeof(c->metadata), &c->tag.length);
}

/** dmw_message_tag_create() - "tag_create <tag> <name> <metadata>"; the next number only */
int dmw_message_tag_create(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen)
{
	struct change *c = new_change(dev);
	u32 next = READ_ONCE(dev->volume.tags.count) + 1;
	int ret;

	if (!c)
		return -ENOMEM;
	ret = parse_tag(argv[0], &c->tag.tag);
	if (!ret)
		ret = parse_texts(c, argv + 1);
	if (!ret && c->tag.tag != next)
		ret = c->tag.tag && c->tag.tag < next ? -EEXIST : -EINVAL;
	/* Nothing may get a tag that it cannot be read with. */
	if (!ret && !dmw_keys_has(dev->keys, c->tag.tag, dmw_root_epoch(&dev->volume.state.root)))
		ret = -ENOKEY;
	if (!ret) {
		c->tag.state = DMW_TAG_OPEN;
		c->tag.created = ktime_get_real_seconds();
		c->tag.changed = c->tag.created;
		ret = run_change(c);
	}
	free_change(c);
	return ret;
}

/* The record of a tag that there is, as it stands on the LUN. */
static int read_tag(struct dmw_device *dev, u32 tag, struct change *c)
{
	struct dmw_seal seal;
	unsigned long flags;
	int ret;

	if (!tag || tag > READ_ONCE(dev->volume.tags.count))
		return -ENOENT;
	spin_lock_irqsave(&dev->lock, flags);
	dmw_tag_seal(&dev->volume.tags, tag, &seal);
	spin_unlock_irqrestore(&dev->lock, flags);
	ret = dmw_tag_read(&dev->message_host, &dev->volume.state, tag, &seal, c->change.record,
			   &c->tag);
	/* The last one is what the block layer makes of a medium error, unless the keys are gone. */
	if (ret == -EBADMSG || ret == -EUCLEAN || (ret == -ENODATA && !dev->volume.forgotten)) {
		DMERR("the record of tag %u does not verify", tag);
		return -EILSEQ;
	}
	if (ret)
		return ret;
	/* It points into the record, which is about to be written anew. */
	memcpy(c->metadata, c->tag.metadata, c->tag.length);
	c->tag.metadata = c->metadata;
	return 0;
}

/** dmw_message_tag_edit() - "tag_edit <tag> <name> <metadata>", of an open tag */
int dmw_message_tag_edit(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen)
{
	struct change *c = new_change(dev);
	u32 tag;
	int ret;

	if (!c)
		return -ENOMEM;
	ret = parse_tag(argv[0], &tag);
	if (!ret)
		ret = read_tag(dev, tag, c);
	/* What is said about evidence does not change once that is final. */
	if (!ret && c->tag.state != DMW_TAG_OPEN)
		ret = -EPERM;
	if (!ret)
		ret = parse_texts(c, argv + 1);
	if (!ret) {
		c->tag.changed = ktime_get_real_seconds();
		ret = run_change(c);
	}
	free_change(c);
	return ret;
}

static const char *const state_names[] = {
	[DMW_TAG_OPEN] = "open",
	[DMW_TAG_FROZEN] = "frozen",
	[DMW_TAG_RESTRICTED] = "restricted",
	[DMW_TAG_SHREDDED] = "shredded",
};

static int parse_state(const char *arg, enum dmw_tag_state *state)
{
	int i = match_string(state_names + DMW_TAG_OPEN,
			     ARRAY_SIZE(state_names) - DMW_TAG_OPEN, arg);

	*state = i + DMW_TAG_OPEN;
	return i < 0 ? -EINVAL : 0;
}

/*
 * The array must not keep a tag from being shredded by damaging its record: then another one takes its
 * place. What it said is lost anyway.
 */
static int read_for_shredding(struct dmw_device *dev, u32 tag, struct change *c)
{
	int ret = read_tag(dev, tag, c);

	if (ret != -EILSEQ)
		return ret;
	memset(&c->tag, 0, sizeof(c->tag));
	c->tag.tag = tag;
	c->tag.state = DMW_TAG_OPEN;
	c->tag.metadata = c->metadata;
	strscpy(c->tag.name, "the record was damaged when the tag was shredded", sizeof(c->tag.name));
	return 0;
}

static int shred_record(struct dmw_device *dev, u32 tag, struct change *c)
{
	int ret;

	if (dev->volume.options.lun.read_only)
		return -EROFS;
	ret = read_for_shredding(dev, tag, c);
	if (ret || c->tag.state == DMW_TAG_SHREDDED)
		return ret;
	c->tag.state = DMW_TAG_SHREDDED;
	c->tag.changed = ktime_get_real_seconds();
	return run_change(c);
}

/*
 * The sectors are closed and the keys go even when the record cannot be had or written: nobody who has the
 * LUN in his hands, and no failure of it, keeps a key alive.
 */
static int shred(struct dmw_device *dev, u32 tag, struct change *c)
{
	unsigned long flags;
	int ret;

	/* To shred what has no case is to shred the volume. */
	if (!tag || tag == dev->volume.tags.default_tag)
		return -EPERM;
	if (tag > READ_ONCE(dev->volume.tags.count))
		return -ENOENT;
	ret = shred_record(dev, tag, c);
	spin_lock_irqsave(&dev->lock, flags);
	dmw_tags_shred(&dev->volume.tags, tag);
	spin_unlock_irqrestore(&dev->lock, flags);
	dmw_keys_shred(dev->keys, tag);
	dmw_buffers_wipe(dev);
	return ret;
}

static int close_tag(struct dmw_device *dev, u32 tag, enum dmw_tag_state state, struct change *c)
{
	int ret = read_tag(dev, tag, c);

	if (ret || state == c->tag.state)
		return ret;
	if (state < c->tag.state)
		return -EPERM;
	c->tag.state = state;
	c->tag.changed = ktime_get_real_seconds();
	return run_change(c);
}

/** dmw_message_tag_state() - "tag_state <tag> <state>", a stricter one; durable on return */
int dmw_message_tag_state(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen)
{
	struct change *c = new_change(dev);
	enum dmw_tag_state state;
	u32 tag;
	int ret;

	if (!c)
		return -ENOMEM;
	ret = parse_tag(argv[0], &tag);
	if (!ret)
		ret = parse_state(argv[1], &state);
	if (!ret)
		ret = state == DMW_TAG_SHREDDED ? shred(dev, tag, c) : close_tag(dev, tag, state, c);
	free_change(c);
	return ret;
}

/**
 * dmw_tag_reseal() - write a tag's record anew if it is under an old epoch's key; it says the same
 * @dev: volume
 * @tag: number
 *
 * Return: 0; -EILSEQ it does not verify; -EIO the volume has failed; -ENOMEM; -ENOKEY.
 */
int dmw_tag_reseal(struct dmw_device *dev, u32 tag)
{
	enum dmw_tag_state state;
	struct dmw_seal seal;
	struct change *c;
	unsigned long flags;
	bool old;
	int ret;

	spin_lock_irqsave(&dev->lock, flags);
	dmw_tag_seal(&dev->volume.tags, tag, &seal);
	old = dmw_seal_is_old(&dev->volume, seal.nonce);
	state = dmw_tag_state(&dev->volume.tags, tag);
	spin_unlock_irqrestore(&dev->lock, flags);
	if (!old)
		return 0;
	c = new_change(dev);
	if (!c)
		return -ENOMEM;
	if (state == DMW_TAG_SHREDDED) {
		ret = read_for_shredding(dev, tag, c);
		/* The keyset may have said so, and not the record. */
		c->tag.state = state;
	} else {
		ret = read_tag(dev, tag, c);
	}
	if (!ret)
		ret = run_change(c);
	free_change(c);
	return ret;
}

/* ---- questions ---- */

static const char *hex_or_dash(const void *text, u32 length, char *hex)
{
	if (!length)
		return "-";
	*bin2hex(hex, text, length) = '\0';
	return hex;
}

/** dmw_message_tag_show() - "tag_show <tag>": state, times, name, metadata */
int dmw_message_tag_show(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen)
{
	struct change *c = new_change(dev);
	char *hex = kmalloc(2 * DMW_TAG_METADATA_SIZE + 1, GFP_KERNEL);
	enum dmw_tag_state state;
	unsigned int sz = 0;
	u32 tag;
	int ret = -ENOMEM;

	if (c && hex)
		ret = parse_tag(argv[0], &tag);
	if (!ret)
		ret = read_tag(dev, tag, c);
	if (!ret) {
		/* The record may not say yet that its tag is shredded. */
		state = dmw_tag_state(&dev->volume.tags, tag);
		DMEMIT("%u %s %llu %llu ", tag, state_names[state], c->tag.created,
		       c->tag.changed);
		DMEMIT("%s ", hex_or_dash(c->tag.name, strlen(c->tag.name), hex));
		DMEMIT("%s", hex_or_dash(c->metadata, c->tag.length, hex));
		ret = 1;
	}
	kfree(hex);
	free_change(c);
	return ret;
}

/* "4294967295 restricted\n" and the last line */
#define LIST_ROOM	64

/** dmw_message_tag_list() - "tag_list <first>": states, a page at a time */
int dmw_message_tag_list(struct dmw_device *dev, char **argv, char *result, unsigned int maxlen)
{
	unsigned int sz = 0;
	u32 tag, count = READ_ONCE(dev->volume.tags.count);

	if (parse_tag(argv[0], &tag))
		return -EINVAL;
	for (tag = max(tag, 1U); tag <= count && sz + LIST_ROOM < maxlen; tag++)
		DMEMIT("%u %s\n", tag, state_names[READ_ONCE(dev->volume.tags.states[tag])]);
	if (tag <= count)
		DMEMIT("next %u", tag);
	else
		DMEMIT("end");
	return 1;
}
