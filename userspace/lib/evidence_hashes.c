// SPDX-License-Identifier: GPL-2.0-or-later
/* FILE.hashes: a hash for each piece, written and read in one pass. */
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include "evidence_file.h"

#define HEAD_SIZE	16
static const char head[HEAD_SIZE] = "dmw-hashes 1\n";

/* ---- writing ---- */

/** lib_hashes_create() - begin; lib_hashes_close() it, also after a failure */
int lib_hashes_create(struct libdmwarrant *ctx, const char *file, struct lib_hashes *h)
{
	int fd, ret;

	memset(h, 0, sizeof(*h));
	h->ctx = ctx;
	ret = lib_beside(ctx, file, ".hashes", h->path);
	if (ret)
		return ret;
	fd = open(h->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd >= 0)
		h->f = fdopen(fd, "w");
	if (!h->f)
		return lib_fail(ctx, -errno, "cannot create %s: %s", h->path, strerror(errno));
	if (fwrite(head, sizeof(head), 1, h->f) != 1)
		return lib_fail(ctx, -errno, "cannot write %s: %s", h->path, strerror(errno));
	return 0;
}

int lib_hashes_write(struct lib_hashes *h, const struct lib_evidence_piece *p)
{
	struct lib_piece_disk d = {
		.first = cpu_to_le64(p->first), .count = cpu_to_le32(p->count),
		.tag = cpu_to_le32(p->tag),
	};

	memcpy(d.sectors, p->sectors, LIB_HASH_SIZE);
	memcpy(d.seals, p->seals, LIB_HASH_SIZE);
	if (fwrite(&d, sizeof(d), 1, h->f) != 1)
		return lib_fail(h->ctx, -errno, "cannot write %s: %s", h->path, strerror(errno));
	return 0;
}

/** lib_hashes_finish() - make it durable. @bytes: receives its length */
int lib_hashes_finish(struct lib_hashes *h, u64 *bytes)
{
	if (fflush(h->f) || fsync(fileno(h->f)))
		return lib_fail(h->ctx, -errno, "cannot write %s: %s", h->path, strerror(errno));
	*bytes = ftello(h->f);
	return 0;
}

void lib_hashes_close(struct lib_hashes *h)
{
	if (h->f)
		fclose(h->f);
	h->f = NULL;
}

/* ---- reading ---- */

/** lib_hashes_open() - begin to read; lib_hashes_close() it, also after a failure */
int lib_hashes_open(struct libdmwarrant *ctx, const char *file, u64 data_sectors,
		    struct lib_hashes *h)
{
	char found[HEAD_SIZE];
	int ret;

	memset(h, 0, sizeof(*h));
	h->ctx = ctx;
	h->end = data_sectors;
	ret = lib_beside(ctx, file, ".hashes", h->path);
	if (ret)
		return ret;
	h->f = fopen(h->path, "re");
	if (!h->f)
		return lib_fail(ctx, -errno, "cannot open %s: %s", h->path, strerror(errno));
	if (fread(found, sizeof(found), 1, h->f) != 1 || memcmp(found, head, sizeof(head)))
		return lib_fail(ctx, -EBADMSG, "%s: these are not the hashes of an evidence seal",
				h->path);
	return 0;
}

/**
 * lib_piece_check() - can this piece follow that one?
 * @p:            piece
 * @last:         the one before; count 0 = none
 * @data_sectors: size of the volume
 *
 * There must be one way only to write down the same: neighbours of one tag are one piece, up to the
 * end of their leaf node.
 */
int lib_piece_check(const struct lib_evidence_piece *p, const struct lib_evidence_piece *last,
		    u64 data_sectors)
{
	u64 in_leaf = p->first & (DMW_FANOUT - 1);

	if (!p->count || p->count > DMW_FANOUT - in_leaf || p->tag > DMW_MAX_TAG_RECORDS ||
	    p->first >= data_sectors || p->count > data_sectors - p->first)
		return -EBADMSG;
	if (!last->count)
		return 0;
	if (p->first < last->first + last->count)
		return -EBADMSG;
	if (p->first == last->first + last->count && p->tag == last->tag && in_leaf)
		return -EBADMSG;
	return 0;
}

/** lib_hashes_read() - the next piece; count 0 = there is none. Return: 0; -EBADMSG; -errno */
int lib_hashes_read(struct lib_hashes *h, struct lib_evidence_piece *p)
{
	struct lib_piece_disk d;
	size_t n = fread(&d, 1, sizeof(d), h->f);

	memset(p, 0, sizeof(*p));
	if (ferror(h->f))
		return lib_fail(h->ctx, -errno, "cannot read %s: %s", h->path, strerror(errno));
	if (!n)
		return 0;
	p->first = le64_to_cpu(d.first);
	p->count = le32_to_cpu(d.count);
	p->tag = le32_to_cpu(d.tag);
	memcpy(p->sectors, d.sectors, LIB_HASH_SIZE);
	memcpy(p->seals, d.seals, LIB_HASH_SIZE);
	if (n != sizeof(d) || lib_piece_check(p, &h->last, h->end))
		return lib_fail(h->ctx, -EBADMSG, "%s was cut off or changed; get it again",
				h->path);
	h->last = *p;
	return 0;
}
