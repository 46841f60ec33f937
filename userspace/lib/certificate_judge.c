// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Judging a certificate offline. It is anybody's until its signature is that of a key which came on
 * another way; all that it says is compared with the entries that it encloses, and these with the
 * signed checkpoint of the log.
 */
#include <stdarg.h>

#include "certificate_judge.h"

/* What a certificate says must not be able to look like another verdict: each is one line. */
static void flatten(char *text)
{
	for (; *text; text++)
		if ((u8)*text < ' ')
			*text = ' ';
}

void lib_judge_say(struct lib_judge *j, const char *what, enum libdmwarrant_verdict verdict,
		   const char *fmt, ...)
{
	char subject[160], why[1100];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	flatten(why);
	lib_copy(subject, sizeof(subject), what);
	flatten(subject);
	j->failed += verdict == LIBDMWARRANT_FAILED;
	j->fn(j->arg, subject, verdict, why);
}

/** lib_judge_result() - @ret: 0 = passed, for the reason @why; else the reason is the context's */
bool lib_judge_result(struct lib_judge *j, const char *what, int ret, const char *why)
{
	if (ret)
		lib_judge_say(j, what, LIBDMWARRANT_FAILED, "%s", libdmwarrant_error(j->ctx));
	else
		lib_judge_say(j, what, LIBDMWARRANT_PASS, "%s", why);
	return !ret;
}

/* ---- steps ---- */

static void judge_steps(struct lib_judge *j)
{
	const struct lib_certificate_source *s = &j->source;
	struct json_object *const steps[] = {
		s->made, s->is_signed, s->begun, s->hosts, s->measured, s->destroyed, s->proven,
		s->done,
	};
	s64 last = -1, seq;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		seq = lib_json_number(steps[i], "Seq");
		if (!steps[i] || seq <= last) {
			lib_judge_say(j, "steps", LIBDMWARRANT_FAILED,
				      "a step is missing or out of order: the destruction is not proven");
			return;
		}
		last = seq;
	}
	lib_judge_say(j, "steps", LIBDMWARRANT_PASS,
		      "requested, begun, destroyed and proven, in this order");
}

/* ---- what it says ---- */

/* Members that do not follow from entries. */
static bool is_own(const char *name)
{
	return !strcmp(name, "schema") || !strcmp(name, "version") ||
	       !strcmp(name, "Certificate") || !strcmp(name, "Issued") || !strcmp(name, "Log");
}

static bool same_members(struct json_object *document, struct json_object *made, const char **name)
{
	struct json_object *value;

	json_object_object_foreach(document, key, has) {
		*name = key;
		if (!is_own(key) && (!json_object_object_get_ex(made, key, &value) ||
				     !json_object_equal(has, value)))
			return false;
	}
	json_object_object_foreach(made, wanted, unused) {
		(void)unused;
		*name = wanted;
		if (!json_object_object_get_ex(document, wanted, &value))
			return false;
	}
	return true;
}

static void judge_content(struct lib_judge *j)
{
	struct json_object *made = json_object_new_object();
	struct lib_maker m = { .failed = !made };
	const char *name = "";

	lib_certificate_derive(&m, &j->source, made);
	if (m.failed)
		lib_judge_say(j, "content", LIBDMWARRANT_UNKNOWN, "not enough memory");
	else if (!same_members(j->document, made, &name))
		lib_judge_say(j, "content", LIBDMWARRANT_FAILED,
			      "\"%.64s\" is not what follows from the enclosed entries of the log",
			      name);
	else
		lib_judge_say(j, "content", LIBDMWARRANT_PASS,
			      "all of it follows from the enclosed entries of the log");
	json_object_put(made);
}

/* What the certificate itself does not claim. */
static void pass_on(struct lib_judge *j)
{
	struct json_object *all = lib_json_member(j->document, "Verification", json_type_array), *o;
	size_t i;

	for (i = 0; i < lib_json_length(j->document, "Verification"); i++) {
		o = json_object_array_get_idx(all, i);
		if (strcmp(lib_json_text(o, "Verdict"), "PASS"))
			lib_judge_say(j, lib_json_text(o, "What"), LIBDMWARRANT_UNKNOWN,
				      "says the certificate: %s", lib_json_text(o, "Why"));
	}
}

/* ---- forms ---- */

static void judge_form(struct lib_judge *j, const char *what,
		       enum libdmwarrant_certificate_format format, const char *form, size_t size)
{
	size_t length;
	char *made;
	int ret;

	if (!form)
		return;
	ret = libdmwarrant_certificate_render(j->ctx, j->check->json, j->check->json_size, format,
					      &made, &length);
	if (!ret && (length != size || memcmp(made, form, size)))
		ret = lib_fail(j->ctx, -EUCLEAN,
			       "it was not made from this certificate, by this version of dm-warrant, or it was changed");
	else if (ret)
		made = NULL;
	lib_judge_result(j, what, ret, "made from this certificate, byte for byte");
	free(made);
}

/* ---- all ---- */

static int judge(struct lib_judge *j)
{
	lib_judge_say(j, "form", LIBDMWARRANT_PASS, "certificate %.36s",
		      lib_json_text(j->document, "Certificate"));
	lib_judge_signature(j);
	if (lib_judge_log(j)) {
		judge_steps(j);
		lib_judge_request(j);
		lib_judge_people(j);
		judge_content(j);
	}
	lib_judge_stamp(j);
	judge_form(j, "HTML", LIBDMWARRANT_CERTIFICATE_HTML, j->check->html, j->check->html_size);
	judge_form(j, "PDF", LIBDMWARRANT_CERTIFICATE_PDF, j->check->pdf, j->check->pdf_size);
	pass_on(j);
	if (!j->failed)
		return 0;
	return lib_fail(j->ctx, -EUCLEAN, "%u of these failed: do not trust this certificate",
			j->failed);
}

int libdmwarrant_certificate_verify(struct libdmwarrant *ctx,
				    const struct libdmwarrant_certificate_check *check,
				    void (*fn)(void *arg, const char *what,
					       enum libdmwarrant_verdict verdict, const char *why),
				    void *arg)
{
	struct lib_judge j = { .ctx = ctx, .check = check, .fn = fn, .arg = arg };
	int ret;

	if (check->version != LIBDMWARRANT_CERTIFICATE_VERSION)
		return lib_fail_version(ctx, check->version, LIBDMWARRANT_CERTIFICATE_VERSION);
	ret = lib_certificate_parse(ctx, check->json, check->json_size, &j.document);
	if (ret) {
		fn(arg, "form", LIBDMWARRANT_FAILED, libdmwarrant_error(ctx));
		return ret;
	}
	ret = judge(&j);
	json_object_put(j.document);
	return ret;
}
