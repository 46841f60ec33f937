// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: image_tool create FILE KEYSET BYTES | tree FILE KEYSET | activations FILE KEYSET COUNT |
 *        journal FILE KEYSET | feature FILE KEYSET compat|ro|incompat | pv FILE |
 *        pattern SECTOR
 *
 * Makes what the shell tests need.
 */
#include <fcntl.h>
#include <unistd.h>

#include "common/image.h"

/* Sectors in the first leaf, at its end, in other leaves; one with its own tag; a hole again. */
static void make_tree(struct image *m)
{
	static const u64 sectors[] = { 0, 1, 2, 3, 5, 127, 128, 200, 255 };
	u64 last = m->s.sb.layout.data_sectors - 1;
	size_t i;

	image_activate(m);
	for (i = 0; i < ARRAY_SIZE(sectors); i++)
		if (sectors[i] < last)
			image_write(m, sectors[i], sectors[i] == 3 ? IMAGE_TAG : 0);
	image_write(m, last, 0);
	image_checkpoint(m);
	image_activate(m);
	image_write(m, 1, 0);
	image_discard(m, 5);
	image_checkpoint(m);
	image_checkpoint(m);
}

static void set_feature(struct image *m, const char *which)
{
	u64 *mask = !strcmp(which, "compat") ? &m->s.sb.feature_compat :
		    !strcmp(which, "ro") ? &m->s.sb.feature_ro_compat : &m->s.sb.feature_incompat;

	image_activate(m);
	*mask |= 1ULL << 40;
	image_checkpoint(m);
	image_checkpoint(m);
}

static u32 crc32_lvm(const u8 *p, size_t n)
{
	u32 crc = 0xf597a6cf;
	int i;

	for (; n; n--) {
		crc ^= *p++;
		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return crc;
}

/* The label of an LVM physical volume, as pvcreate(8) writes it into sector 1. */
static int make_pv(const char *path)
{
	u8 label[512] = "LABELONE";
	__le64 sector = cpu_to_le64(1);
	__le32 value = cpu_to_le32(32);
	int fd = open(path, O_WRONLY), ok;

	memcpy(label + 8, &sector, 8);
	memcpy(label + 20, &value, 4);
	memcpy(label + 24, "LVM2 001", 8);
	memset(label + 32, 'a', 32);
	value = cpu_to_le32(crc32_lvm(label + 20, sizeof(label) - 20));
	memcpy(label + 16, &value, 4);
	ok = fd >= 0 && pwrite(fd, label, sizeof(label), 512) == sizeof(label);
	close(fd);
	return !ok;
}

static int print_pattern(u64 sector)
{
	u8 data[DMW_SECTOR_SIZE];

	image_pattern(sector, data);
	return fwrite(data, sizeof(data), 1, stdout) != 1;
}

static void add_records(struct image *m)
{
	static const u64 sectors[] = { 2, 3, 9 };

	image_record(m, sectors, 2);
	image_record(m, sectors, ARRAY_SIZE(sectors));
}

int main(int argc, char **argv)
{
	struct image *m;
	int i;

	if (argc == 3 && !strcmp(argv[1], "pv"))
		return make_pv(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "pattern"))
		return print_pattern(strtoull(argv[2], NULL, 0));
	if (argc == 5 && !strcmp(argv[1], "create")) {
		image_close(image_create(argv[2], argv[3], strtoull(argv[4], NULL, 0)));
		return 0;
	}
	if (argc < 4)
		return 1;
	m = image_open(argv[2], argv[3]);
	if (!strcmp(argv[1], "tree"))
		make_tree(m);
	else if (!strcmp(argv[1], "journal"))
		add_records(m);
	else if (argc == 5 && !strcmp(argv[1], "feature"))
		set_feature(m, argv[4]);
	else if (argc == 5 && !strcmp(argv[1], "activations"))
		for (i = 0; i < atoi(argv[4]); i++) {
			image_activate(m);
			image_checkpoint(m);
		}
	image_close(m);
	return 0;
}
