// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The exported log: a directory that is verified without a registry, by this program or with public
 * tools. It appears whole, by a rename, or not at all. It names cases and people: who else may read
 * it is for whoever exports it to say.
 */
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "audit_copy.h"

#define ENTRIES		"entries.jsonl"
#define CHECKPOINT	"checkpoint"
#define OLDER		"checkpoints"

/* ---- writing ---- */

static int put(struct libdmwarrant *ctx, const char *dir, const char *name, const void *data,
	       size_t size)
{
	char *path;
	int ret;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return lib_fail(ctx, -ENOMEM, "not enough memory to export");
	ret = lib_write_once(path, 0644, data, size);
	if (ret)
		lib_fail(ctx, ret, "cannot write %s: %s", path, strerror(-ret));
	free(path);
	return ret;
}

static int put_line(struct libdmwarrant *ctx, const char *dir, const char *name, const char *text)
{
	char line[512];

	snprintf(line, sizeof(line), "%s\n", text);
	return put(ctx, dir, name, line, strlen(line));
}

/** lib_audit_pem() - a public key for openssl(1). Return: 0 or -ENOMEM */
int lib_audit_pem(const u8 public_key[LIB_KEY_SIZE], char *text, size_t size)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key,
						    LIB_KEY_SIZE);
	BIO *bio = BIO_new(BIO_s_mem());
	int ret = -ENOMEM, n;

	if (key && bio && PEM_write_bio_PUBKEY(bio, key)) {
		n = BIO_read(bio, text, size - 1);
		if (n > 0) {
			text[n] = 0;
			ret = 0;
		}
	}
	BIO_free(bio);
	EVP_PKEY_free(key);
	return ret;
}

static int put_keys(struct libdmwarrant *ctx, const char *dir, const struct lib_verifier *key)
{
	char verifier[LIB_VERIFIER_SIZE], ssh[LIB_SSH_KEY_SIZE], pem[160];

	lib_verifier_format(key, verifier);
	lib_ssh_key_format(key->public_key, ssh);
	if (lib_audit_pem(key->public_key, pem, sizeof(pem)))
		return lib_fail(ctx, -ENOMEM, "not enough memory to export");
	return put_line(ctx, dir, "key.vkey", verifier) ?: put_line(ctx, dir, "key.ssh", ssh) ?:
		put(ctx, dir, "key.pem", pem, strlen(pem));
}

static int put_entry(void *arg, const struct lib_value *row)
{
	return fprintf(arg, "%s\n", lib_text(row[0].text).text) < 0 ? -EIO : 0;
}

static int put_entries(struct libdmwarrant_registry *r, const char *dir)
{
	char *path;
	FILE *f;
	int ret;

	if (asprintf(&path, "%s/" ENTRIES, dir) < 0)
		return lib_fail(r->ctx, -ENOMEM, "not enough memory to export");
	f = fopen(path, "wxe");
	ret = f ? lib_sql(r, put_entry, f, "SELECT entry FROM audit_entries ORDER BY seq") : -errno;
	if (f && !ret && (fflush(f) || fsync(fileno(f))))
		ret = -errno;
	if (f && fclose(f) && !ret)
		ret = -errno;
	if (ret)
		lib_fail(r->ctx, ret, "cannot write %s: %s", path, strerror(-ret));
	free(path);
	return ret;
}

/* A checkpoint as others saw it, and time stamps of just that: for openssl ts -verify. */
static int put_older(struct lib_audit_copy *c, const char *dir)
{
	const struct lib_checkpoint *cp;
	char name[64];
	size_t i;
	int ret = 0;

	/* The newest one has a place of its own. */
	for (i = 0; !ret && i + 1 < c->note_count; i++) {
		cp = &c->notes[i].cp;
		snprintf(name, sizeof(name), OLDER "/%llu.note", (unsigned long long)cp->size);
		ret = put(c->ctx, dir, name, cp->text, strlen(cp->text));
		snprintf(name, sizeof(name), OLDER "/%llu.own", (unsigned long long)cp->size);
		if (!ret)
			ret = put(c->ctx, dir, name, cp->text, lib_audit_own_note(cp));
	}
	return ret;
}

static int put_stamps(struct lib_audit_copy *c, const char *dir)
{
	const struct lib_audit_stamp *s;
	char name[160];
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < c->stamp_count; i++) {
		s = &c->stamps[i];
		snprintf(name, sizeof(name), OLDER "/%llu %s.tsr", (unsigned long long)s->size,
			 s->name);
		ret = put(c->ctx, dir, name, s->der, s->bytes);
	}
	return ret;
}

static int fill(struct libdmwarrant_registry *r, struct lib_audit_copy *c, const char *dir)
{
	const char *newest = c->notes[c->note_count - 1].note;
	char *older;
	int ret;

	if (asprintf(&older, "%s/" OLDER, dir) < 0)
		return lib_fail(r->ctx, -ENOMEM, "not enough memory to export");
	ret = mkdir(older, 0755) ? lib_fail(r->ctx, -errno, "cannot make %s: %s", older,
					    strerror(errno)) : 0;
	free(older);
	return ret ?: put_entries(r, dir) ?: put_older(c, dir) ?: put_stamps(c, dir) ?:
		put_keys(r->ctx, dir, &c->key) ?: put(r->ctx, dir, CHECKPOINT, newest,
						      strlen(newest));
}

static int export(struct libdmwarrant_registry *r, const char *dir)
{
	struct lib_audit_copy c = { 0 };
	u64 size;
	int ret = lib_audit_copy_read(r, &c) ?: fill(r, &c, dir);

	lib_audit_copy_free(&c);
	return ret ?: lib_audit_show_checkpoint(r, "bundle", &size);
}

static int rename_into_place(struct libdmwarrant *ctx, const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return lib_fail(ctx, -errno, "cannot make %s: %s; name another directory", to,
				strerror(errno));
	return lib_sync_parent(to) ?
		lib_fail(ctx, -EIO, "cannot write the directory of %s", to) : 0;
}

/* What a failed export has made; a kill leaves it behind. */
static void remove_directory(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char *inside;

	while (d && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    asprintf(&inside, "%s/%s", path, e->d_name) < 0)
			continue;
		if (unlink(inside) && errno == EISDIR)
			remove_directory(inside);
		free(inside);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

static int export_to(struct libdmwarrant_registry *r, const char *temporary, const char *dir)
{
	int ret = lib_registry_begin(r, true);

	if (!ret)
		ret = lib_registry_end(r, export(r, temporary));
	return ret ?: rename_into_place(r->ctx, temporary, dir);
}

int libdmwarrant_audit_export(struct libdmwarrant_registry *r, const char *dir)
{
	char *temporary;
	int ret;

	if (!access(dir, F_OK))
		return lib_fail(r->ctx, -EEXIST, "there is a %s already; name another directory",
				dir);
	if (asprintf(&temporary, "%s.XXXXXX", dir) < 0)
		return lib_fail(r->ctx, -ENOMEM, "not enough memory to export");
	if (!mkdtemp(temporary)) {
		ret = lib_fail(r->ctx, -errno, "cannot make a directory beside %s: %s", dir,
			       strerror(errno));
	} else {
		ret = export_to(r, temporary, dir);
		if (ret)
			remove_directory(temporary);
	}
	free(temporary);
	return ret;
}

/* ---- reading ---- */

static int no_bundle(struct libdmwarrant *ctx, const char *path, const char *why)
{
	return lib_fail(ctx, -EUCLEAN, "%s: %s; it is no exported audit log, or was altered", path,
			why);
}

/* A line that is too long, or has a NUL in it, does not end where it should. */
static int read_entries(struct lib_audit_copy *c, const char *path, FILE *f)
{
	char *line = malloc(LIB_AUDIT_ENTRY_MAX + 2);
	size_t n;
	int ret = line ? 0 : lib_fail(c->ctx, -ENOMEM, "not enough memory for the audit log");

	while (!ret && fgets(line, LIB_AUDIT_ENTRY_MAX + 2, f)) {
		n = strlen(line);
		if (!n || line[n - 1] != '\n') {
			ret = no_bundle(c->ctx, path, "a line is no entry");
			break;
		}
		line[n - 1] = 0;
		ret = lib_audit_copy_entry(c, line) ?:
			lib_progress(c->ctx, "reading entries", c->count, 0);
	}
	if (!ret && ferror(f))
		ret = lib_fail(c->ctx, -EIO, "cannot read %s", path);
	free(line);
	return ret;
}

static int read_note(struct lib_audit_copy *c, const char *path)
{
	char *note;
	size_t size;
	int ret = lib_read_file(c->ctx, path, LIB_NOTE_MAX, &note, &size);

	if (ret)
		return ret;
	if (memchr(note, 0, size)) {
		free(note);
		return no_bundle(c->ctx, path, "it is not text");
	}
	return lib_audit_copy_note(c, note);
}

static int read_stamp(struct lib_audit_copy *c, const char *path, const char *file)
{
	const char *space = strchr(file, ' ');
	char name[80], *der;
	size_t bytes;
	int ret;

	if (!space || strlen(space) >= sizeof(name) + 4)
		return no_bundle(c->ctx, path, "its name is none of a time stamp");
	lib_copy(name, sizeof(name), space + 1);
	name[strlen(space + 1) - 4] = 0;
	ret = lib_read_file(c->ctx, path, LIB_STAMP_MAX, &der, &bytes);
	return ret ?: lib_audit_copy_stamp(c, strtoull(file, NULL, 10), name, (u8 *)der, bytes);
}

static bool ends_with(const char *name, const char *end)
{
	return strlen(name) > strlen(end) && !strcmp(name + strlen(name) - strlen(end), end);
}

static int read_older(struct lib_audit_copy *c, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char *path;
	int ret = 0;

	if (!d)
		return no_bundle(c->ctx, dir, strerror(errno));
	while (!ret && (e = readdir(d))) {
		if (asprintf(&path, "%s/%s", dir, e->d_name) < 0) {
			ret = lib_fail(c->ctx, -ENOMEM, "not enough memory for the audit log");
			break;
		}
		if (ends_with(e->d_name, ".note"))
			ret = read_note(c, path);
		else if (ends_with(e->d_name, ".tsr"))
			ret = read_stamp(c, path, e->d_name);
		free(path);
	}
	closedir(d);
	return ret;
}

static int by_size(const void *a, const void *b)
{
	const struct lib_audit_stored *x = a, *y = b;

	return x->cp.size < y->cp.size ? -1 : x->cp.size > y->cp.size;
}

/* Never a pipe that nobody writes to. */
static FILE *open_entries(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	FILE *f = NULL;

	if (fd >= 0 && !fstat(fd, &st)) {
		errno = EINVAL;
		f = S_ISREG(st.st_mode) ? fdopen(fd, "r") : NULL;
	}
	if (fd >= 0 && !f)
		close(fd);
	return f;
}

static int read_parts(struct lib_audit_copy *c, const char *entries, const char *older,
		      const char *newest)
{
	FILE *f = open_entries(entries);
	int ret;

	if (!f)
		return no_bundle(c->ctx, entries, strerror(errno));
	ret = read_entries(c, entries, f);
	fclose(f);
	ret = ret ?: read_older(c, older) ?: read_note(c, newest);
	if (!ret)
		qsort(c->notes, c->note_count, sizeof(*c->notes), by_size);
	return ret;
}

int lib_audit_bundle_read(struct libdmwarrant *ctx, const char *dir, struct lib_audit_copy *c)
{
	char *entries = NULL, *older = NULL, *newest = NULL;
	int ret = lib_audit_copy_init(ctx, c);

	if (ret)
		return ret;
	if (asprintf(&entries, "%s/" ENTRIES, dir) < 0 ||
	    asprintf(&older, "%s/" OLDER, dir) < 0 ||
	    asprintf(&newest, "%s/" CHECKPOINT, dir) < 0)
		ret = lib_fail(ctx, -ENOMEM, "not enough memory for the audit log");
	else
		ret = read_parts(c, entries, older, newest);
	free(entries);
	free(older);
	free(newest);
	return ret;
}
