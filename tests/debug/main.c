// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage (in the debug kernel, the module loaded): debug [-q] [-s SEED] -d DIR COMMAND [ARG...]
 *
 * DIR has a formatted LUN (base.img), its keyset (key), its UUID and length (vol); tests/debug/run
 * makes it. Commands:
 *
 *   alloc [SCENE...]   the n-th allocation fails		nth.c
 *   lun [SCENE...]     the n-th I/O to the LUN fails		nth.c
 *   below              dm-flakey, dm-error, dm-dust		below.c
 *   scsi               errors and timeouts of a SCSI disk	below.c
 *   crash              crashes, from a recording		crash.c
 *   fuzz SECONDS       ioctls at random			fuzz.c
 *   tags [SCENE...]    case tags, while others are at work	tags.c
 *
 * -q: fewer rounds. With N=n in the environment alloc and lun try that n only.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "debug.h"

bool quick;
uint64_t seed = 1;

static const char *dir;

static uint8_t *memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fail("no memory");
	return p;
}

/* All that is there is on the LUN. */
static void settle(struct model *m)
{
	memcpy(m->after_crash, m->now, sizeof(m->now));
}

/*
 * clean: closed, with some data. dirty: what a crash would leave: the newest requests are in the
 * journal only.
 */
void make_images(struct image *clean, struct image *dirty, const char *lun)
{
	struct volume v = { .name = "v", .fd = -1,
			    .options = "3 allow_discards checkpoint_seconds 3600" };
	char path[512];
	struct stat st;
	unsigned int i;
	int fd;

	snprintf(path, sizeof(path), "%s/base.img", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || (size_t)st.st_size > LUN_MAX)
		fail("%s: %m", path);
	lun_size = st.st_size;
	clean->data = memory(lun_size);
	dirty->data = memory(lun_size);
	if (read(fd, clean->data, lun_size) != (ssize_t)lun_size)
		fail("%s: %m", path);
	close(fd);
	lun_put(lun, clean->data);

	snprintf(v.lun, sizeof(v.lun), "%s", lun);
	for (i = 0; i < sectors; i++) {
		one_version(&v.model.now[i], 0);
		one_version(&v.model.after_crash[i], 0);
	}
	if (volume_open(&v))
		fail("a new volume cannot be opened");
	volume_io(&v);
	if (io_write(&v, 20, 40, false) || io_write(&v, 122, 12, false) ||
	    io_write(&v, 300, 100, false) ||
	    dm_message(v.name, "tag_create 1 63617365 7b7d", NULL, 0) ||
	    io_assign(&v, 1, 115, 20) || volume_close(&v))
		fail("a new volume cannot be written");
	lun_get(lun, clean->data);
	clean->model = v.model;
	settle(&clean->model);

	if (volume_open(&v))
		fail("opening");
	volume_io(&v);
	for (i = 0; i < 10; i++)
		if (step(&v, i))
			fail("step %u", i);
	/* records behind the last flush, and a run of them */
	if (io_batch(&v, 301, 3, 24) || io_write(&v, 30, 20, false) || io_erase(&v, 128, 3, false))
		fail("writing");
	lun_get(lun, dirty->data);
	dirty->model = v.model;
	settle(&dirty->model);
	if (volume_close(&v))
		fail("closing");
}

int main(int argc, char **argv)
{
	static const struct {
		const char	*name;
		int		(*run)(int argc, char **argv);
	} commands[] = {
		{ "alloc", cmd_alloc },
		{ "lun", cmd_lun },
		{ "below", cmd_below },
		{ "scsi", cmd_scsi },
		{ "crash", cmd_crash },
		{ "fuzz", cmd_fuzz },
		{ "tags", cmd_tags },
	};
	unsigned int i;
	int o;

	while ((o = getopt(argc, argv, "+qs:d:")) != -1) {
		switch (o) {
		case 'q':
			quick = true;
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'd':
			dir = optarg;
			break;
		default:
			return 2;
		}
	}
	if (optind == argc || !dir)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_begin("%s", argv[optind]);
	volume_setup(dir);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[optind], commands[i].name))
			return commands[i].run(argc - optind, argv + optind);
	return 2;
}
