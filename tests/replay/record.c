// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk that remembers: an NBD server for one guest, which writes down each request and each
 * answer (log.h). Its write cache is volatile, and FUA is real: unlike QEMU's blklogwrites, where a
 * write with FUA is followed by a flush that covers everything else as well.
 *
 * usage: record IMAGE LOG SOCKET		until the guest has disconnected
 *
 * Answers to writes are held back while more requests are coming in, so that many are on their way
 * at once: a flush asked for meanwhile does not cover them.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

/* The NBD protocol, as far as it is needed here. */
#define GREETING	0x4e42444d41474943ULL	/* NBDMAGIC */
#define OPTIONS		0x49484156454f5054ULL	/* IHAVEOPT */
#define OPTION_REPLY	0x3e889045565a9ULL
#define REQUEST		0x25609513U
#define REPLY		0x67446698U

enum { OPT_EXPORT_NAME = 1, OPT_ABORT = 2, OPT_INFO = 6, OPT_GO = 7 };
enum { REP_ACK = 1, REP_INFO = 3 };
#define REP_UNSUPPORTED	0x80000001U
enum { CMD_READ, CMD_WRITE, CMD_DISCONNECT, CMD_FLUSH, CMD_TRIM, CMD_CACHE, CMD_ZEROES };
#define CMD_FUA		1
/* has flags, flush, FUA, trim, write zeroes */
#define EXPORT_FLAGS	(1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 6)

#define MOST_BYTES	(32U << 20)
#define HELD		64
#define PATIENCE_MS	1

struct request {
	uint32_t	magic;
	uint16_t	flags;
	uint16_t	type;
	uint64_t	handle;
	uint64_t	offset;
	uint32_t	length;
} __attribute__((packed));

struct held {
	uint64_t	handle;
	uint64_t	id;
};

static int sock, image;
static FILE *out;
static uint64_t size, next_id;
static struct held held[HELD];
static unsigned int held_count;

static void die(const char *what)
{
	fprintf(stderr, "record: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void get(void *buf, size_t n)
{
	ssize_t got;

	for (; n; n -= got, buf = (char *)buf + got) {
		got = read(sock, buf, n);
		if (got <= 0)
			die("the guest is gone");
	}
}

static void put(const void *buf, size_t n)
{
	ssize_t sent;

	for (; n; n -= sent, buf = (const char *)buf + sent) {
		sent = write(sock, buf, n);
		if (sent <= 0)
			die("the guest is gone");
	}
}

/* ---- before the first request ---- */

static void option_reply(uint32_t option, uint32_t type, const void *data, uint32_t length)
{
	uint32_t words[3] = { htobe32(option), htobe32(type), htobe32(length) };
	uint64_t magic = htobe64(OPTION_REPLY);

	put(&magic, 8);
	put(words, sizeof(words));
	put(data, length);
}

static void export_reply(uint32_t option)
{
	struct {
		uint16_t	type;
		uint64_t	size;
		uint16_t	flags;
	} __attribute__((packed)) export = { 0, htobe64(size), htobe16(EXPORT_FLAGS) };
	struct {
		uint16_t	type;
		uint32_t	sizes[3];
	} __attribute__((packed)) blocks = {
		htobe16(3), { htobe32(512), htobe32(4096), htobe32(MOST_BYTES) },
	};

	option_reply(option, REP_INFO, &export, sizeof(export));
	option_reply(option, REP_INFO, &blocks, sizeof(blocks));
	option_reply(option, REP_ACK, NULL, 0);
}

static void negotiate(void)
{
	static char junk[65536];
	struct {
		uint64_t	magic;
		uint32_t	option;
		uint32_t	length;
	} __attribute__((packed)) o;
	uint64_t greeting[2] = { htobe64(GREETING), htobe64(OPTIONS) };
	uint16_t flags = htobe16(3);	/* fixed newstyle, no zeroes */
	uint32_t client;

	put(greeting, sizeof(greeting));
	put(&flags, sizeof(flags));
	get(&client, sizeof(client));
	for (;;) {
		get(&o, sizeof(o));
		if (be64toh(o.magic) != OPTIONS || be32toh(o.length) > sizeof(junk))
			die("not NBD");
		get(junk, be32toh(o.length));
		switch (be32toh(o.option)) {
		case OPT_GO:
			export_reply(OPT_GO);
			return;
		case OPT_INFO:
			export_reply(OPT_INFO);
			break;
		case OPT_ABORT:
			option_reply(OPT_ABORT, REP_ACK, NULL, 0);
			exit(0);
		default:
			option_reply(be32toh(o.option), REP_UNSUPPORTED, NULL, 0);
		}
	}
}

/* ---- requests ---- */

static void note(enum log_kind kind, uint64_t id, const struct request *r, const void *data)
{
	struct log_entry e = { .kind = kind, .id = id };

	if (r) {
		e.offset = r->offset;
		e.length = r->length;
		e.flags = r->flags & CMD_FUA ? LOG_FUA : 0;
	}
	if (fwrite(&e, sizeof(e), 1, out) != 1 || (data && fwrite(data, r->length, 1, out) != 1))
		die("log");
}

static void answer(uint64_t handle)
{
	struct {
		uint32_t	magic;
		uint32_t	error;
		uint64_t	handle;
	} __attribute__((packed)) reply = { htobe32(REPLY), 0, handle };

	put(&reply, sizeof(reply));
}

/* In any order, as a disk does. */
static void answer_one(void)
{
	unsigned int i = rand() % held_count;

	note(LOG_DONE, held[i].id, NULL, NULL);
	answer(held[i].handle);
	held[i] = held[--held_count];
}

static void answer_some(void)
{
	unsigned int n = 1 + held_count / 2;

	while (n-- && held_count)
		answer_one();
}

static void hold(uint64_t handle, uint64_t id)
{
	if (held_count == HELD)
		answer_one();
	held[held_count++] = (struct held){ handle, id };
}

static uint32_t data_length(const struct request *r)
{
	if (r->length > MOST_BYTES)
		die("too much at once");
	return r->length;
}

static void serve(const struct request *r, char *buf)
{
	uint64_t id = next_id++;

	if (r->offset > size || r->length > size - r->offset)
		die("request out of bounds");
	switch (r->type) {
	case CMD_READ:
		if (pread(image, buf, data_length(r), r->offset) != r->length)
			die("read");
		answer(r->handle);
		put(buf, r->length);
		break;
	case CMD_WRITE:
		get(buf, data_length(r));
		note(LOG_WRITE, id, r, buf);
		if (pwrite(image, buf, r->length, r->offset) != r->length)
			die("write");
		hold(r->handle, id);
		break;
	case CMD_TRIM:
	case CMD_ZEROES:
		note(LOG_ZERO, id, r, NULL);
		if (fallocate(image, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, r->offset, r->length))
			die("zeros");
		hold(r->handle, id);
		break;
	case CMD_FLUSH:
		note(LOG_FLUSH, id, r, NULL);
		hold(r->handle, id);
		break;
	default:
		die("unknown request");
	}
}

static bool more(void)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };

	return poll(&p, 1, held_count ? PATIENCE_MS : -1) > 0;
}

/* The socket appears under its name when one can connect to it. */
static int wait_for_guest(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (snprintf(a.sun_path, sizeof(a.sun_path), "%s.new", path) >= (int)sizeof(a.sun_path))
		die("the socket's path is too long");
	unlink(a.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 1) ||
	    rename(a.sun_path, path))
		die(path);
	return accept(fd, NULL, NULL);
}

int main(int argc, char **argv)
{
	struct stat st;
	struct request r;
	char *buf = malloc(MOST_BYTES);

	if (argc != 4 || !buf)
		return 2;
	image = open(argv[1], O_RDWR);
	out = fopen(argv[2], "w");
	if (image < 0 || !out || fstat(image, &st))
		die(argv[1]);
	size = st.st_size;
	sock = wait_for_guest(argv[3]);
	if (sock < 0)
		die(argv[3]);
	negotiate();
	for (;;) {
		if (!more()) {
			answer_some();
			continue;
		}
		get(&r, sizeof(r));
		if (be32toh(r.magic) != REQUEST)
			die("not a request");
		r.flags = be16toh(r.flags);
		r.type = be16toh(r.type);
		r.offset = be64toh(r.offset);
		r.length = be32toh(r.length);
		if (r.type == CMD_DISCONNECT)
			break;
		serve(&r, buf);
	}
	while (held_count)
		note(LOG_DONE, held[--held_count].id, NULL, NULL);
	if (fclose(out))
		die(argv[2]);
	return 0;
}
