// SPDX-License-Identifier: GPL-2.0-or-later
/* A file system's free space: where it is, and having it discarded. */
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fsmap.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib_tag.h"

#define RECORDS_AT_ONCE	512

static int add_run(void *arg, u64 start, u64 length)
{
	struct lib_runs *runs = arg;

	return lib_runs_add(runs, start, length);
}

/* Free space that is not whole sectors of the volume is none that could have a tag of its own. */
static int add_record(const struct fsmap *f, const struct lib_stack *stack, struct lib_runs *runs)
{
	int ret;

	if (!(f->fmr_flags & FMR_OF_SPECIAL_OWNER) || f->fmr_owner != FMR_OWN_FREE)
		return 0;
	ret = lib_stack_map(stack, f->fmr_physical, f->fmr_length, add_run, runs);
	return ret == -ENOMEM ? ret : 0;
}

static void from_beginning(struct fsmap_head *h)
{
	memset(h, 0, sizeof(*h));
	h->fmh_count = RECORDS_AT_ONCE;
	h->fmh_keys[1].fmr_device = ~0U;
	h->fmh_keys[1].fmr_physical = ~0ULL;
	h->fmh_keys[1].fmr_owner = ~0ULL;
	h->fmh_keys[1].fmr_offset = ~0ULL;
	h->fmh_keys[1].fmr_flags = ~0U;
}

/**
 * lib_space_free() - what a file system says is free
 * @fd:    of its root
 * @dev:   its device; an external log's space is not ours
 * @stack: how that lies on the volume
 * @free_space: receives sectors of the volume, sorted
 *
 * Return: 0; -ENOMEM; or another errno: it does not say.
 */
int lib_space_free(int fd, dev_t dev, const struct lib_stack *stack, struct lib_runs *free_space)
{
	struct fsmap_head *h = malloc(fsmap_sizeof(RECORDS_AT_ONCE));
	const struct fsmap *f = NULL;
	int ret = h ? 0 : -ENOMEM;
	bool says = false;
	u32 i;

	if (h)
		from_beginning(h);
	while (!ret) {
		if (ioctl(fd, FS_IOC_GETFSMAP, h)) {
			ret = -errno;
			break;
		}
		for (i = 0; i < h->fmh_entries && !ret; i++) {
			f = &h->fmh_recs[i];
			if (f->fmr_device != dev)
				continue;
			says = true;
			ret = add_record(f, stack, free_space);
		}
		if (!h->fmh_entries || (f->fmr_flags & FMR_OF_LAST))
			break;
		fsmap_advance(h);
	}
	free(h);
	/* Nothing said of the device is not the same as nothing free on it. */
	if (!ret && !says)
		ret = -ENODATA;
	lib_runs_sort(free_space);
	return ret;
}

struct trim {
	int	fd;
};

static int trim_bytes(void *arg, u64 from, u64 length)
{
	struct fstrim_range range = { .start = from, .len = length, .minlen = 0 };
	struct trim *t = arg;

	return ioctl(t->fd, FITRIM, &range) ? -errno : 0;
}

/**
 * lib_space_discard() - have the file system discard what is free in a run of sectors
 * @fd:    of its root
 * @stack: how it lies on the volume
 * @run:   sectors; what is in use there is left alone by the file system itself
 *
 * Return: 0; -EOPNOTSUPP the volume takes no discards; errors of ioctl(2).
 */
int lib_space_discard(int fd, const struct lib_stack *stack, const struct lib_run *run)
{
	struct trim t = { .fd = fd };

	return lib_stack_unmap(stack, run->start, run->length, trim_bytes, &t);
}
