// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: tool COMMAND REGISTRY [ARGUMENT...]
 *
 * What other parts of the library do with dual control. Ends with warrantctl's exit codes.
 *
 *   profile WARRANT FILE        bind a retention profile
 *   hold WARRANT NAME           release NAME
 *   executable REQUEST          may it be carried out?
 *   begin REQUEST               the same, and add shred.begun
 *   done REQUEST                add shred.done
 *   append KIND FILE            add an entry with this body, and ask no rules: what somebody would
 *                               do who has the registry and its signing key
 *   enter KIND FILE             the same, but ask the rules
 *   text FILE                   print a body of request.made, with the text that fits it
 */
#include "control_enter.h"
#include "json.h"
#include "libdmwarrant-retention.h"

static struct libdmwarrant *ctx;
static struct libdmwarrant_registry *reg;

static int usage(void)
{
	fputs("tool: see its source for how it is used\n", stderr);
	exit(99);
}

static struct json_object *read_body(const char *path)
{
	static char text[1 << 20];
	FILE *f = fopen(path, "r");
	size_t size = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	struct json_object *o;

	if (lib_json_parse(ctx, "body", text, size, sizeof(text), &o))
		usage();
	fclose(f);
	return o;
}

static int append(const char *kind, const char *path)
{
	struct json_object *body = read_body(path);
	int ret = lib_registry_begin(reg, true);

	if (!ret)
		ret = lib_registry_end(reg, lib_audit_append(reg, kind, body, NULL));
	json_object_put(body);
	return ret;
}

static int enter(const char *kind, const char *path)
{
	struct lib_attempt a = { .act = "test" };
	struct json_object *body = read_body(path);
	int ret = lib_attempt_begin(&a, reg);

	ret = lib_attempt_end(&a, ret ?: lib_control_enter(&a.c, kind, body));
	json_object_put(body);
	return ret;
}

static int text(const char *path)
{
	struct json_object *body = read_body(path);
	char *new;

	json_object_object_del(body, "Text");
	new = lib_control_request_text(body);
	lib_put_text(body, "Text", new);
	puts(json_object_to_json_string(body));
	free(new);
	json_object_put(body);
	return 0;
}

static int add(const char *kind, const char *request)
{
	struct json_object *body = json_object_new_object();
	int ret;

	lib_put_text(body, "Request", request);
	ret = lib_audit_append(reg, kind, body, NULL);
	json_object_put(body);
	return ret;
}

static int executable(const char *request, bool begin)
{
	struct lib_request q;
	int ret = lib_control_executable(reg, request, &q);

	if (ret)
		return ret;
	printf("%s %s %s %s %u %zu\n", q.id, q.requester, q.target.warrant, q.target.volume,
	       q.target.tag, json_object_array_length(q.approvals));
	lib_request_release(&q);
	return begin ? add("shred.begun", request) : 0;
}

static int hold(const char *warrant, const char *name)
{
	struct libdmwarrant_retention_entry e = {
		.version = LIBDMWARRANT_RETENTION_ENTRY_VERSION,
		.target.warrant = warrant,
		.name = name,
		.reason = "appeal",
		.authority = "court",
	};

	return warrant ? libdmwarrant_retention_hold(reg, &e) :
		libdmwarrant_retention_release(reg, &e);
}

static int run(const char *command, char **argv)
{
	int ret;

	if (!strcmp(command, "append"))
		return append(argv[0], argv[1]);
	if (!strcmp(command, "enter"))
		return enter(argv[0], argv[1]);
	if (!strcmp(command, "text"))
		return text(argv[0]);
	if (!strcmp(command, "profile"))
		return libdmwarrant_profile_bind(reg, argv[0], argv[1], NULL, 0);
	if (!strcmp(command, "hold"))
		return hold(argv[0], argv[1]);
	if (!strcmp(command, "release"))
		return hold(NULL, argv[0]);
	ret = lib_registry_begin(reg, true);
	if (ret)
		return ret;
	if (!strcmp(command, "executable"))
		ret = executable(argv[0], false);
	else if (!strcmp(command, "begin"))
		ret = executable(argv[0], true);
	else if (!strcmp(command, "done"))
		ret = add("shred.done", argv[0]);
	else
		usage();
	return lib_registry_end(reg, ret);
}

int main(int argc, char **argv)
{
	int ret;

	if (argc < 4 || libdmwarrant_new(&ctx))
		usage();
	ret = libdmwarrant_registry_open(ctx, argv[2], 0, &reg) ?: run(argv[1], argv + 3);
	if (ret)
		fprintf(stderr, "tool: %s\n", libdmwarrant_error(ctx));
	libdmwarrant_registry_close(reg);
	libdmwarrant_free(ctx);
	return libdmwarrant_exit(ret);
}
