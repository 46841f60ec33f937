// SPDX-License-Identifier: GPL-2.0-or-later
/* How a file system's device lies on a volume: itself, a partition, or linear mappings of it. */
#include <sys/sysmacros.h>

#include "lib_tag.h"

/* Partition on logical volume on partition on ...: more is a loop or a joke. */
#define DEPTH_MAX	8

struct descent {
	struct libdmwarrant		*ctx;
	const struct lib_tag_volume	*v;
	struct lib_stack		*stack;
	dev_t				dev;	/* being looked at */
	u64				from;	/* on the top device, in bytes */
	u64				at;	/* where that is on @dev */
	u64				length;
	unsigned int			depth;
};

static int descend(struct descent *d);

static int add_segment(struct descent *d)
{
	struct lib_stack *s = d->stack;
	struct lib_segment *more = reallocarray(s->segments, s->count + 1, sizeof(*more));

	if (!more)
		return lib_fail(d->ctx, -ENOMEM, "out of memory");
	s->segments = more;
	s->segments[s->count].from = d->from;
	s->segments[s->count].length = d->length;
	s->segments[s->count++].to = d->at;
	return 0;
}

/* Reads one number, or two with a colon, from sysfs. Return: how many. */
static int sysfs_numbers(dev_t dev, const char *name, unsigned long long n[2])
{
	char text[64];
	int count;

	if (lib_sysfs_read(dev, name, text, sizeof(text)) <= 0)
		return 0;
	count = sscanf(text, "%llu:%llu", &n[0], &n[1]);
	return count < 0 ? 0 : count;
}

static int descend_partition(struct descent *d)
{
	unsigned long long disk[2], start[2];

	if (sysfs_numbers(d->dev, "../dev", disk) != 2 ||
	    sysfs_numbers(d->dev, "start", start) != 1)
		return -ENODEV;
	d->dev = makedev(disk[0], disk[1]);
	d->at += start[0] << 9;
	return descend(d);
}

static int other_target(struct descent *d, const char *target)
{
	return lib_fail(d->ctx, -EOPNOTSUPP,
			"the file system lies on a device-mapper target %s, behind which blocks cannot be followed; put it directly on the volume, or on partitions or linear logical volumes",
			target);
}

/* One line of a device-mapper table, as far as the range that is being followed is in it. */
static int descend_line(void *arg, u64 start, u64 length, const char *target, const char *params)
{
	struct descent *d = arg, below = *d;
	u64 first = start << 9, end = (start + length) << 9;
	unsigned long long offset;
	unsigned int maj, min;

	if (d->at >= end || d->at + d->length <= first)
		return 0;
	if (strcmp(target, "linear"))
		return other_target(d, target);
	if (sscanf(params, "%u:%u %llu", &maj, &min, &offset) != 3)
		return -EPROTO;
	if (d->at < first) {
		below.from += first - d->at;
		below.length -= first - d->at;
		below.at = first;
	}
	below.length = min(below.length, end - below.at);
	below.at = below.at - first + (offset << 9);
	below.dev = makedev(maj, min);
	return descend(&below);
}

static int descend(struct descent *d)
{
	unsigned long long n[2];
	struct descent here;

	if (d->dev == d->v->dev)
		return add_segment(d);
	if (!d->depth--)
		return -EXDEV;
	if (sysfs_numbers(d->dev, "partition", n))
		return descend_partition(d);
	if (sysfs_numbers(d->dev, "dm/suspended", n) != 1)
		return -EXDEV;
	here = *d;
	return lib_dm_table(d->dev, descend_line, &here);
}

static int by_from(const void *a, const void *b)
{
	const struct lib_segment *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

/**
 * lib_stack_find() - find out how a device lies on a volume
 * @ctx:   context
 * @dev:   device
 * @v:     volume
 * @stack: receives it; lib_stack_free() it
 *
 * Return: 0; -EXDEV not on it, or only partly; -EOPNOTSUPP something between cannot be followed;
 * -ENODEV not a block device.
 */
int lib_stack_find(struct libdmwarrant *ctx, dev_t dev, const struct lib_tag_volume *v,
		   struct lib_stack *stack)
{
	struct descent d = { .ctx = ctx, .v = v, .stack = stack, .dev = dev, .depth = DEPTH_MAX };
	unsigned long long size[2];
	int ret;

	memset(stack, 0, sizeof(*stack));
	stack->dev = dev;
	if (sysfs_numbers(dev, "size", size) != 1)
		return lib_fail(ctx, -ENODEV,
				"the file system is not on a block device of its own (btrfs, overlay, network); use ext4 or xfs on the volume");
	d.length = size[0] << 9;
	ret = descend(&d);
	if (ret == -EXDEV)
		lib_fail(ctx, ret, "the file system does not lie, or only partly, on volume %s",
			 v->name);
	if (ret)
		lib_stack_free(stack);
	else
		qsort(stack->segments, stack->count, sizeof(*stack->segments), by_from);
	return ret;
}

void lib_stack_free(struct lib_stack *stack)
{
	free(stack->segments);
	memset(stack, 0, sizeof(*stack));
}

/**
 * lib_stack_map() - from bytes of the device to sectors of the volume
 * @stack:  how the device lies on the volume
 * @from:   first byte
 * @length: bytes
 * @fn:     called for each piece, in sectors
 * @arg:    for @fn
 *
 * Return: 0; -EXDEV beyond the device; -EINVAL not whole sectors; or what @fn returned.
 */
int lib_stack_map(const struct lib_stack *stack, u64 from, u64 length,
		  int (*fn)(void *arg, u64 to, u64 length), void *arg)
{
	const struct lib_segment *s = stack->segments;
	u64 to, n;
	int ret;

	for (; s < stack->segments + stack->count && length; s++) {
		if (from < s->from || from >= s->from + s->length)
			continue;
		to = s->to + (from - s->from);
		n = min(length, s->from + s->length - from);
		if ((to | n) & (DMW_SECTOR_SIZE - 1))
			return -EINVAL;
		ret = fn(arg, to >> DMW_SECTOR_SHIFT, n >> DMW_SECTOR_SHIFT);
		if (ret)
			return ret;
		from += n;
		length -= n;
	}
	return length ? -EXDEV : 0;
}

/** lib_stack_unmap() - the way back: from sectors of the volume to bytes of the device */
int lib_stack_unmap(const struct lib_stack *stack, u64 to, u64 length,
		    int (*fn)(void *arg, u64 from, u64 length), void *arg)
{
	u64 first, end, begin = to << DMW_SECTOR_SHIFT, stop = (to + length) << DMW_SECTOR_SHIFT;
	const struct lib_segment *s = stack->segments;
	int ret = 0;

	for (; s < stack->segments + stack->count && !ret; s++) {
		first = max(begin, s->to);
		end = min(stop, s->to + s->length);
		if (first < end)
			ret = fn(arg, s->from + (first - s->to), end - first);
	}
	return ret;
}

/* ---- which volume? ---- */

struct volume_search {
	struct libdmwarrant	*ctx;
	dev_t			dev;
	struct lib_tag_volume	*v;
	struct lib_stack	*stack;
};

static int try_volume(void *arg, const struct lib_mapping *m)
{
	struct volume_search *s = arg;

	lib_tag_from_mapping(m, s->v);
	return !lib_stack_find(s->ctx, s->dev, s->v, s->stack);
}

/**
 * lib_stack_volume() - the open volume that a device lies on
 * @ctx:   context
 * @dev:   device
 * @path:  of what is on it, for the error
 * @v:     receives the volume
 * @stack: receives how
 *
 * Return: 0; -EXDEV on none; errors of device-mapper.
 */
int lib_stack_volume(struct libdmwarrant *ctx, dev_t dev, const char *path,
		     struct lib_tag_volume *v, struct lib_stack *stack)
{
	struct volume_search s = { .ctx = ctx, .dev = dev, .v = v, .stack = stack };
	int ret = lib_dm_begin(ctx);

	if (!ret)
		ret = lib_dm_each(ctx, try_volume, &s);
	if (ret < 0)
		return ret;
	return ret ? 0 : lib_fail(ctx, -EXDEV,
				  "%s lies on no open volume, or not so that its blocks can be followed; warrantctl volume list shows what is open",
				  path);
}
