// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: disk NBD-SOCKET CONTROL-SOCKET NAME=MIB... [NAME=MIB:OTHER...]
 *
 * The untrusted array: an NBD server (newstyle, fixed) that keeps every version of every 4 KiB block
 * of its LUNs, and lies as it is told. "NAME=MIB:OTHER" is LUN OTHER seen through an export of
 * another size. QEMU attaches the exports, so that a guest has them as disks; the guest itself tells
 * what to do next, through a virtio-serial port that ends in the control socket.
 *
 * Everything that changes a LUN is an event, numbered from 1 over all LUNs; "as of event N" names a
 * state, and a LUN can be put back into any of them. Blocks are of 4096 bytes. One command a line:
 *
 *   mark				the newest event's number
 *   writes LUN				how many requests that change something the guest has sent
 *   events LUN FROM TO			of the guest: EVENT:w|f|z:OFFSET:LENGTH:DURABLE ...
 *   diff LUN E1 E2			blocks that differ in these two states
 *   read LUN OFFSET LENGTH EVENT	hexadecimal
 *   restore LUN EVENT [BLOCK COUNT]...	put back all, or these
 *   cut LUN EVENT SEED			power cut then: what was not durable by EVENT is lost (SEED 0),
 *					or some of it, as the seed says
 *   bytes LUN OFFSET LENGTH EVENT LUN2 OFFSET2	copy
 *   xor LUN OFFSET BYTE;  zero LUN OFFSET LENGTH
 *   answer LUN BLOCK COUNT E1 E2 ...	the n-th read there is answered from En, all later ones from
 *					the last; 0 = the truth; a final "loop": begin again
 *   drop LUN BLOCK COUNT N		acknowledge the next N writes there, and forget them
 *   misdirect LUN BLOCK COUNT N TO	the next N writes there go to block TO instead
 *   fail LUN read|write|flush BLOCK COUNT N
 *   stall LUN read|write|flush SECONDS N
 *   lie LUN flush|fua			acknowledge and do not do it: a later cut tells
 *   heal				no more rules; says how often they were used
 *   repeats LUN			blocks that the guest has written, and how many of them held the same
 *				before, by an earlier write to that place (zeros do not count)
 *   scan HEX...			how often each is in any version of any block, per LUN
 *
 * Each is answered with one line, "ok ..." or "error ...". Requests are served one after the other.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BLOCK		4096u
#define MAX_LUNS	16
#define MAX_RULES	64
#define MAX_REQUEST	(32u << 20)
#define FOREVER		UINT32_MAX

struct version {
	const uint8_t	*data;		/* NULL = zeros; never freed, so versions share it */
	uint32_t	event;
};

struct block {
	struct version	*v;
	uint32_t	count, space;
};

struct lun {
	char		name[32];
	uint64_t	blocks;
	struct block	*block;		/* shared with the LUN that this one is another view of */
	uint32_t	writes;
	int		lun;		/* whose events these are */
};

enum { EV_WRITE = 'w', EV_FLUSH = 'f', EV_ZERO = 'z', EV_ATTACK = 'a' };

struct event {
	uint8_t		kind, lun;
	bool		durable;	/* at once: FUA, or done by the array itself */
	bool		failing;	/* while requests fail, which the guest then repeats */
	uint32_t	length;
	uint64_t	offset;
};

enum rule_kind { ANSWER, DROP, MISDIRECT, FAIL, STALL, LIE };
enum { READS = 1, WRITES = 2, FLUSHES = 4, FUAS = 8 };

struct rule {
	enum rule_kind	kind;
	int		lun;
	uint64_t	first, count, to;
	unsigned int	what;		/* READS ... */
	uint32_t	left, used;
	uint32_t	seconds;
	uint32_t	answers[16], n;
	bool		loop;
};

static struct lun luns[MAX_LUNS];
static int lun_count;
static struct event *events;
static uint32_t event_count, event_space;
static struct rule rules[MAX_RULES];
static int rule_count;
static const uint8_t zeros[BLOCK];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void *grow(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		die("memory");
	return p;
}

/* ---- versions ---- */

static uint32_t new_event(int lun, int kind, uint64_t offset, uint32_t length, bool durable)
{
	if (event_count + 1 >= event_space) {
		event_space = event_space ? 2 * event_space : 4096;
		events = grow(events, event_space * sizeof(*events));
	}
	events[++event_count] = (struct event){ .kind = kind, .lun = lun, .durable = durable,
						.offset = offset, .length = length };
	return event_count;
}

/* The content of a block as of an event; event 0 means now. */
static const uint8_t *content(const struct lun *l, uint64_t block, uint32_t event)
{
	const struct block *b = &l->block[block];
	uint32_t low = 0, high = b->count, mid;

	if (!event)
		event = UINT32_MAX;
	while (low < high) {
		mid = (low + high) / 2;
		if (b->v[mid].event <= event)
			low = mid + 1;
		else
			high = mid;
	}
	return low && b->v[low - 1].data ? b->v[low - 1].data : zeros;
}

/* Data that stays: not copied. */
static void set_content(struct lun *l, uint64_t block, const uint8_t *data)
{
	struct block *b = &l->block[block];

	if (data == zeros)
		data = NULL;
	if (b->count && b->v[b->count - 1].event == event_count) {
		b->v[b->count - 1].data = data;
		return;
	}
	if (b->count == b->space) {
		b->space = b->space ? 2 * b->space : 2;
		b->v = grow(b->v, b->space * sizeof(*b->v));
	}
	b->v[b->count++] = (struct version){ .data = data, .event = event_count };
}

/* Change bytes, as part of the newest event. @data = NULL: zeros. */
static void change(struct lun *l, uint64_t offset, uint64_t length, const uint8_t *data)
{
	while (length) {
		uint64_t block = offset / BLOCK, at = offset % BLOCK;
		uint64_t n = length < BLOCK - at ? length : BLOCK - at;
		uint8_t *copy;

		if (!data && n == BLOCK) {
			set_content(l, block, zeros);
		} else {
			copy = grow(NULL, BLOCK);
			memcpy(copy, content(l, block, 0), BLOCK);
			if (data)
				memcpy(copy + at, data, n);
			else
				memset(copy + at, 0, n);
			set_content(l, block, copy);
		}
		offset += n;
		length -= n;
		data = data ? data + n : NULL;
	}
}

static void get(const struct lun *l, uint64_t offset, uint64_t length, uint32_t event, uint8_t *to)
{
	while (length) {
		uint64_t at = offset % BLOCK, n = length < BLOCK - at ? length : BLOCK - at;

		memcpy(to, content(l, offset / BLOCK, event) + at, n);
		offset += n;
		length -= n;
		to += n;
	}
}

static void restore(struct lun *l, uint32_t event, uint64_t first, uint64_t count)
{
	uint64_t b;

	for (b = first; b < first + count; b++) {
		const uint8_t *then = content(l, b, event);

		if (then != content(l, b, 0))
			set_content(l, b, then);
	}
}

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/*
 * What is left after a power cut at @event: all up to the last honest flush (or to where the array
 * itself put the LUN into some state), all that is durable of itself, some of the rest. Writes of
 * less than a block are replayed as such: their versions also hold what was written before.
 */
static uint32_t cut(struct lun *l, int lun, uint32_t event, uint32_t seed)
{
	uint32_t base, e, end = event_count, lost = 0;
	static uint8_t buf[MAX_REQUEST];

	for (base = event; base > 0; base--)
		if (events[base].lun == lun && events[base].durable && events[base].kind != EV_WRITE &&
		    events[base].kind != EV_ZERO)
			break;
	new_event(lun, EV_ATTACK, 0, 0, true);
	restore(l, base, 0, l->blocks);
	for (e = base + 1; e <= event && e <= end; e++) {
		if (events[e].lun != lun || events[e].kind == EV_FLUSH)
			continue;
		if (!events[e].durable && !(seed && next_random(&seed) & 1024)) {
			lost++;
			continue;
		}
		get(l, events[e].offset, events[e].length, e, buf);
		change(l, events[e].offset, events[e].length, buf);
	}
	return lost;
}

/* ---- rules ---- */

static struct rule *match(enum rule_kind kind, int lun, unsigned int what, uint64_t offset,
			  uint64_t length)
{
	struct rule *r;

	for (r = rules; r < rules + rule_count; r++) {
		if (r->kind != kind || r->lun != lun || !r->left || (what && !(r->what & what)))
			continue;
		if (what == FLUSHES || what == FUAS || kind == STALL ||
		    (offset < (r->first + r->count) * BLOCK && offset + length > r->first * BLOCK)) {
			if (r->left != FOREVER)
				r->left--;
			r->used++;
			return r;
		}
	}
	return NULL;
}

/* Which state a block is read from now. Each read of a rule's first block counts as one. */
static uint32_t answer(int lun, uint64_t block)
{
	struct rule *r;
	uint32_t i;

	for (r = rules; r < rules + rule_count; r++) {
		if (r->kind != ANSWER || r->lun != lun || block < r->first ||
		    block >= r->first + r->count)
			continue;
		i = r->loop ? r->used % r->n : r->used < r->n ? r->used : r->n - 1;
		return r->answers[i];
	}
	return 0;
}

static void answered(int lun, uint64_t offset, uint64_t length)
{
	struct rule *r;

	for (r = rules; r < rules + rule_count; r++)
		if (r->kind == ANSWER && r->lun == lun && offset < (r->first + r->count) * BLOCK &&
		    offset + length > r->first * BLOCK)
			r->used++;
}

static void maybe_stall(int lun, unsigned int what)
{
	struct rule *r = match(STALL, lun, what, 0, 0);

	if (r)
		sleep(r->seconds);
}

static bool failing(int lun)
{
	const struct rule *r;

	for (r = rules; r < rules + rule_count; r++)
		if (r->kind == FAIL && r->lun == lun)
			return true;
	return false;
}

/* ---- requests of the guest: an errno of NBD, 0 = well ---- */

static int do_read(const struct lun *l, uint64_t offset, uint32_t length, uint8_t *buf)
{
	uint32_t done, n;

	maybe_stall(l->lun, READS);
	if (match(FAIL, l->lun, READS, offset, length))
		return EIO;
	for (done = 0; done < length; done += n) {
		n = BLOCK - (offset + done) % BLOCK;
		if (n > length - done)
			n = length - done;
		get(l, offset + done, n, answer(l->lun, (offset + done) / BLOCK), buf + done);
	}
	answered(l->lun, offset, length);
	return 0;
}

static int do_write(struct lun *l, uint64_t offset, uint32_t length, const uint8_t *buf, bool fua,
		    int kind)
{
	struct rule *r;
	uint32_t event;

	luns[l->lun].writes++;
	maybe_stall(l->lun, WRITES);
	if (match(FAIL, l->lun, WRITES, offset, length))
		return EIO;
	if (match(DROP, l->lun, 0, offset, length))
		return 0;
	r = match(MISDIRECT, l->lun, 0, offset, length);
	if (r)
		offset = r->to * BLOCK;
	if (fua && match(LIE, l->lun, FUAS, 0, 0))
		fua = false;
	event = new_event(l->lun, kind, offset, length, fua);
	events[event].failing = failing(l->lun);
	change(l, offset, length, buf);
	return 0;
}

static int do_flush(const struct lun *l)
{
	maybe_stall(l->lun, FLUSHES);
	if (match(FAIL, l->lun, FLUSHES, 0, 0))
		return EIO;
	new_event(l->lun, EV_FLUSH, 0, 0, !match(LIE, l->lun, FLUSHES, 0, 0));
	return 0;
}

/* ---- NBD ---- */

static bool receive(int fd, void *buf, size_t len)
{
	while (len) {
		ssize_t n = read(fd, buf, len);

		if (n <= 0)
			return false;
		buf = (char *)buf + n;
		len -= n;
	}
	return true;
}

static bool put(int fd, const void *buf, size_t len)
{
	while (len) {
		ssize_t n = write(fd, buf, len);

		if (n <= 0)
			return false;
		buf = (const char *)buf + n;
		len -= n;
	}
	return true;
}

#define OPT_MAGIC	0x49484156454f5054ULL	/* "IHAVEOPT" */
enum { OPT_ABORT = 2, OPT_INFO = 6, OPT_GO = 7 };
#define REP_ERR_UNSUP	0x80000001U
#define REP_ERR_UNKNOWN	0x80000006U

static bool reply_option(int fd, uint32_t opt, uint32_t type, const void *data, uint32_t len)
{
	struct { uint64_t magic; uint32_t opt, type, len; } __attribute__((packed)) r = {
		htobe64(0x3e889045565a9ULL), htobe32(opt), htobe32(type), htobe32(len) };

	return put(fd, &r, sizeof(r)) && put(fd, data, len);
}

static bool reply_info(int fd, uint32_t opt, const struct lun *l)
{
	struct { uint16_t type; uint64_t size; uint16_t flags; } __attribute__((packed)) export = {
		htobe16(0), htobe64(l->blocks * BLOCK),
		/* flags, flush, FUA, trim, write zeroes */
		htobe16(1 | 4 | 8 | 32 | 64) };
	struct { uint16_t type; uint32_t min, preferred, max; } __attribute__((packed)) size = {
		htobe16(3), htobe32(512), htobe32(BLOCK), htobe32(MAX_REQUEST) };

	return reply_option(fd, opt, 3, &export, sizeof(export)) &&
	       reply_option(fd, opt, 3, &size, sizeof(size)) && reply_option(fd, opt, 1, "", 0);
}

static struct lun *find_lun(const char *name)
{
	int i;

	for (i = 0; i < lun_count; i++)
		if (!strcmp(luns[i].name, name))
			return &luns[i];
	return NULL;
}

/* Returns the LUN that the client has chosen, or NULL. */
static struct lun *negotiate(int fd)
{
	struct { uint64_t magic; uint32_t opt, len; } __attribute__((packed)) o;
	uint64_t hello[2] = { htobe64(0x4e42444d41474943ULL), htobe64(OPT_MAGIC) };
	uint16_t flags = htobe16(1 | 2);
	uint32_t client, n;
	char data[4096], name[32];
	struct lun *l;

	if (!put(fd, hello, sizeof(hello)) || !put(fd, &flags, sizeof(flags)) ||
	    !receive(fd, &client, sizeof(client)))
		return NULL;
	while (receive(fd, &o, sizeof(o))) {
		o.opt = be32toh(o.opt);
		o.len = be32toh(o.len);
		if (be64toh(o.magic) != OPT_MAGIC || o.len > sizeof(data) || !receive(fd, data, o.len))
			return NULL;
		if (o.opt != OPT_GO && o.opt != OPT_INFO) {
			if (o.opt == OPT_ABORT)
				return NULL;
			if (!reply_option(fd, o.opt, REP_ERR_UNSUP, "", 0))
				return NULL;
			continue;
		}
		memcpy(&n, data, sizeof(n));
		n = be32toh(n);
		l = NULL;
		if (n < sizeof(name) && n + 6 <= o.len) {
			snprintf(name, sizeof(name), "%.*s", (int)n, data + 4);
			l = find_lun(name);
		}
		if (!l) {
			reply_option(fd, o.opt, REP_ERR_UNKNOWN, "", 0);
			continue;
		}
		if (!reply_info(fd, o.opt, l))
			return NULL;
		if (o.opt == OPT_GO)
			return l;
	}
	return NULL;
}

static bool serve_request(int fd, struct lun *l)
{
	struct { uint32_t magic; uint16_t flags, type; uint64_t handle, offset; uint32_t len; }
		__attribute__((packed)) q;
	struct { uint32_t magic, error; uint64_t handle; } __attribute__((packed)) r;
	static uint8_t buf[MAX_REQUEST];
	uint64_t offset;
	uint32_t len;
	int type, error = 0;
	bool fua;

	if (!receive(fd, &q, sizeof(q)) || be32toh(q.magic) != 0x25609513)
		return false;
	offset = be64toh(q.offset);
	len = be32toh(q.len);
	type = be16toh(q.type);
	fua = be16toh(q.flags) & 1;
	if (type == 2 || (type <= 1 && len > MAX_REQUEST))
		return false;
	if (type == 1 && !receive(fd, buf, len))
		return false;
	if (offset > l->blocks * BLOCK || len > l->blocks * BLOCK - offset)
		error = EINVAL;
	else if (type == 0)
		error = do_read(l, offset, len, buf);
	else if (type == 1)
		error = do_write(l, offset, len, buf, fua, EV_WRITE);
	else if (type == 3)
		error = do_flush(l);
	else if (type == 4 || type == 6)	/* trim reads as zeros, too */
		error = do_write(l, offset, len, NULL, fua, EV_ZERO);
	else
		error = EINVAL;
	r.magic = htobe32(0x67446698);
	r.error = htobe32(error);
	r.handle = q.handle;
	return put(fd, &r, sizeof(r)) && (type != 0 || error || put(fd, buf, len));
}

/* ---- control ---- */

static char *out;
static size_t out_len, out_space;

__attribute__((format(printf, 1, 2)))
static void say(const char *format, ...)
{
	va_list ap;
	int n;

	if (out_space - out_len < 256) {
		out_space = out_space ? 2 * out_space : 4096;
		out = grow(out, out_space);
	}
	va_start(ap, format);
	n = vsnprintf(out + out_len, 256, format, ap);
	va_end(ap);
	out_len += n;
}

static uint8_t *unhex(const char *hex, size_t *len)
{
	uint8_t *p = grow(NULL, strlen(hex) / 2 + 1);
	unsigned int byte;

	for (*len = 0; sscanf(hex + 2 * *len, "%2x", &byte) == 1; ++*len)
		p[*len] = byte;
	return p;
}

static uint32_t count_in(const uint8_t *data, const uint8_t *needle, size_t len)
{
	const uint8_t *p = data;
	uint32_t n = 0;

	while ((p = memmem(p, data + BLOCK - p, needle, len))) {
		n++;
		p++;
	}
	return n;
}

/* Versions share contents; a content is looked at once for each version: no harm but time. */
static void scan(const char *hex)
{
	size_t len;
	uint8_t *needle = unhex(hex, &len);
	uint64_t b, looked = 0;
	uint32_t i, n;
	int l;

	for (l = 0; l < lun_count; l++) {
		if (luns[l].lun != l)
			continue;
		n = 0;
		for (b = 0; b < luns[l].blocks; b++) {
			const struct block *k = &luns[l].block[b];

			for (i = 0; i < k->count; i++) {
				/* put back, not written anew: seen already */
				if (!k->v[i].data || events[k->v[i].event].kind == EV_ATTACK)
					continue;
				looked++;
				n += count_in(k->v[i].data, needle, len);
			}
		}
		say(" %s:%u", luns[l].name, n);
	}
	say(" versions:%llu", (unsigned long long)looked);
	free(needle);
}

/* Of itself, and not for the second time because of an error. */
static bool guest_wrote(const struct version *v)
{
	return v->data && events[v->event].kind == EV_WRITE && !events[v->event].failing;
}

static void repeats(const struct lun *l)
{
	uint32_t written = 0, repeated = 0, i, j;
	uint64_t b;

	for (b = 0; b < l->blocks; b++) {
		const struct version *v = l->block[b].v;

		for (i = 0; i < l->block[b].count; i++) {
			if (!guest_wrote(&v[i]) || !memcmp(v[i].data, zeros, BLOCK))
				continue;
			written++;
			for (j = 0; j < i; j++)
				if (guest_wrote(&v[j]) && !memcmp(v[i].data, v[j].data, BLOCK))
					break;
			repeated += j < i;
		}
	}
	say(" %u %u", written, repeated);
}

static void list_events(int lun, uint32_t from, uint32_t to)
{
	uint32_t e;

	for (e = from; e <= to && e <= event_count; e++)
		if (events[e].lun == lun && events[e].kind != EV_ATTACK)
			say(" %u:%c:%llu:%u:%d", e, events[e].kind,
			    (unsigned long long)events[e].offset, events[e].length,
			    events[e].durable);
}

static bool add_rule(char **w, int n, int lun)
{
	static const char *const kinds[] = { "answer", "drop", "misdirect", "fail", "stall", "lie" };
	struct rule r = { .kind = -1, .lun = lun, .count = UINT32_MAX, .left = FOREVER, .what = 15 };
	int i;

	for (i = 0; i < 6; i++)
		if (!strcmp(w[0], kinds[i]))
			r.kind = i;
	if ((int)r.kind < 0 || rule_count == MAX_RULES)
		return false;
	if (r.kind == FAIL || r.kind == STALL || r.kind == LIE) {
		if (n < 3)
			return false;
		r.what = !strcmp(w[2], "read") ? READS : !strcmp(w[2], "write") ? WRITES :
			 !strcmp(w[2], "flush") ? FLUSHES : FUAS;
		memmove(w + 2, w + 3, (n - 3) * sizeof(*w));
		n--;
	}
	if (r.kind == STALL && n == 4) {
		r.seconds = strtoul(w[2], NULL, 10);
		r.left = strtoul(w[3], NULL, 10);
	} else if (r.kind != LIE) {
		if (n < 5)
			return false;
		r.first = strtoull(w[2], NULL, 10);
		r.count = strtoull(w[3], NULL, 10);
		if (r.kind == ANSWER) {
			r.loop = !strcmp(w[n - 1], "loop");
			for (i = 4; i < n - r.loop && r.n < 16; i++)
				r.answers[r.n++] = strtoul(w[i], NULL, 10);
			if (!r.n)
				return false;
		} else {
			r.left = strtoul(w[4], NULL, 10);
			if (r.kind == MISDIRECT)
				r.to = n > 5 ? strtoull(w[5], NULL, 10) : 0;
		}
	}
	rules[rule_count++] = r;
	return true;
}

/* Returns false when the command makes no sense. */
static bool command(char **w, int n)
{
	struct lun *l = n > 1 ? find_lun(w[1]) : NULL, *m;
	uint64_t x[8] = { 0 }, b;
	size_t len;
	uint8_t *p;
	int i;

	for (i = 2; i < n && i < 8; i++)
		x[i] = strtoull(w[i], NULL, 0);
	if (!strcmp(w[0], "mark")) {
		say(" %u", event_count);
		return true;
	}
	if (!strcmp(w[0], "heal")) {
		for (i = 0, b = 0; i < rule_count; i++)
			b += rules[i].used;
		rule_count = 0;
		say(" %llu", (unsigned long long)b);
		return true;
	}
	if (!strcmp(w[0], "scan")) {
		for (i = 1; i < n; i++) {
			say("%s", i > 1 ? " /" : "");
			scan(w[i]);
		}
		return true;
	}
	if (!l)
		return false;
	if (!strcmp(w[0], "writes")) {
		say(" %u", luns[l->lun].writes);
	} else if (!strcmp(w[0], "repeats")) {
		repeats(&luns[l->lun]);
	} else if (!strcmp(w[0], "events") && n == 4) {
		list_events(l->lun, x[2], x[3]);
	} else if (!strcmp(w[0], "diff") && n == 4) {
		for (b = 0; b < l->blocks; b++)
			if (content(l, b, x[2]) != content(l, b, x[3]) &&
			    memcmp(content(l, b, x[2]), content(l, b, x[3]), BLOCK))
				say(" %llu", (unsigned long long)b);
	} else if (!strcmp(w[0], "read") && n == 5) {
		if (x[2] + x[3] > l->blocks * BLOCK)
			return false;
		p = grow(NULL, x[3] + 1);
		get(l, x[2], x[3], x[4], p);
		say(" ");
		for (b = 0; b < x[3]; b++)
			say("%02x", p[b]);
		free(p);
	} else if (!strcmp(w[0], "restore") && n >= 3) {
		new_event(l->lun, EV_ATTACK, 0, 0, true);
		if (n == 3)
			restore(l, x[2], 0, l->blocks);
		for (i = 3; i + 1 < n; i += 2) {
			b = strtoull(w[i], NULL, 10);
			len = strtoull(w[i + 1], NULL, 10);
			if (b + len > l->blocks)
				return false;
			restore(l, x[2], b, len);
		}
	} else if (!strcmp(w[0], "cut") && n == 4) {
		say(" %u", cut(l, l->lun, x[2], x[3]));
	} else if (!strcmp(w[0], "bytes") && n == 7) {
		m = find_lun(w[5]);
		if (!m || x[2] + x[3] > l->blocks * BLOCK || x[6] + x[3] > m->blocks * BLOCK)
			return false;
		p = grow(NULL, x[3] + 1);
		get(l, x[2], x[3], x[4], p);
		new_event(m->lun, EV_ATTACK, 0, 0, true);
		change(m, x[6], x[3], p);
		free(p);
	} else if (!strcmp(w[0], "xor") && n == 4 && x[2] < l->blocks * BLOCK) {
		uint8_t byte = content(l, x[2] / BLOCK, 0)[x[2] % BLOCK] ^ x[3];

		new_event(l->lun, EV_ATTACK, 0, 0, true);
		change(l, x[2], 1, &byte);
	} else if (!strcmp(w[0], "zero") && n == 4 && x[2] + x[3] <= l->blocks * BLOCK) {
		new_event(l->lun, EV_ATTACK, 0, 0, true);
		change(l, x[2], x[3], NULL);
	} else {
		return add_rule(w, n, l->lun);
	}
	return true;
}

static void obey(int fd, char *line)
{
	static char *w[4096];
	int n = 0;
	char *s;

	out_len = 0;
	for (s = strtok(line, " \r"); s && n < 4096; s = strtok(NULL, " \r"))
		w[n++] = s;
	if (!n)
		return;
	say("ok");
	if (!command(w, n)) {
		out_len = 0;
		say("error: %s", w[0]);
	}
	say("\n");
	put(fd, out, out_len);
}

/* Commands come in pieces, as the port likes. Returns false when the connection has ended. */
static bool serve_control(int fd)
{
	static char buf[1 << 16];
	static size_t len;
	char *end;
	ssize_t n = read(fd, buf + len, sizeof(buf) - len - 1);

	if (n <= 0)
		return false;
	len += n;
	while ((end = memchr(buf, '\n', len))) {
		*end = 0;
		len -= end + 1 - buf;
		obey(fd, buf);
		memmove(buf, end + 1, len);
	}
	return len < sizeof(buf) - 1;
}

/* ---- */

static void add_lun(char *arg)
{
	struct lun *l = &luns[lun_count], *other = NULL;
	char *size = strchr(arg, '='), *of;

	if (!size || lun_count == MAX_LUNS) {
		fprintf(stderr, "bad LUN %s\n", arg);
		exit(2);
	}
	*size++ = 0;
	of = strchr(size, ':');
	if (of)
		other = find_lun(of + 1);
	snprintf(l->name, sizeof(l->name), "%s", arg);
	l->blocks = strtoull(size, NULL, 10) * 256;
	l->lun = other ? other - luns : lun_count;
	l->block = other ? other->block : calloc(l->blocks, sizeof(*l->block));
	if (!l->block)
		die("memory");
	lun_count++;
}

static int listen_on(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, MAX_LUNS))
		die(path);
	return fd;
}

int main(int argc, char **argv)
{
	struct pollfd p[2 + MAX_LUNS + 1];
	struct lun *lun_of[2 + MAX_LUNS + 1] = { NULL };	/* NULL: the control connection */
	int n = 2, i, fd;

	if (argc < 4) {
		fprintf(stderr, "usage: disk NBD-SOCKET CONTROL-SOCKET NAME=MIB...\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	for (i = 3; i < argc; i++)
		add_lun(argv[i]);
	p[0].fd = listen_on(argv[1]);
	p[1].fd = listen_on(argv[2]);
	p[0].events = p[1].events = POLLIN;
	for (;;) {
		if (poll(p, n, -1) < 0)
			die("poll");
		for (i = n - 1; i >= 2; i--) {
			if (!p[i].revents)
				continue;
			if (lun_of[i] ? serve_request(p[i].fd, lun_of[i]) : serve_control(p[i].fd))
				continue;
			close(p[i].fd);
			n--;
			p[i] = p[n];
			lun_of[i] = lun_of[n];
		}
		for (i = 0; i < 2; i++) {
			if (!(p[i].revents & POLLIN))
				continue;
			fd = accept(p[i].fd, NULL, NULL);
			if (fd < 0 || n == 2 + MAX_LUNS + 1) {
				close(fd);
				continue;
			}
			lun_of[n] = i == 0 ? negotiate(fd) : NULL;
			if (i == 0 && !lun_of[n]) {
				close(fd);
				continue;
			}
			p[n] = (struct pollfd){ .fd = fd, .events = POLLIN };
			n++;
		}
	}
}
