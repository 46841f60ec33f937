// SPDX-License-Identifier: GPL-2.0-or-later
/* warrantctl: a thin program on libdmwarrant. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "cli.h"

static const struct cli_command *const commands[] = {
	&command_volume_format,
	&command_volume_open,
	&command_volume_close,
	&command_volume_status,
	&command_volume_list,
	&command_volume_check,
	&command_volume_dump,
	&command_volume_create,
	&command_volume_guard,
	&command_volume_forget,
	&command_tag_create,
	&command_tag_edit,
	&command_tag_list,
	&command_tag_show,
	&command_tag_assign,
	&command_tag_freeze,
	&command_tag_restrict,
	&command_tag_check,
	&command_tag_map,
	&command_tag_watch,
	&command_key_rotate,
	&command_keyset_generate,
	&command_keyset_show,
	&command_keystore_init,
	&command_keystore_add,
	&command_keystore_list,
	&command_keystore_show,
	&command_keystore_rewrap,
	&command_keystore_check,
	&command_keystore_tombstones,
	&command_registry_init,
	&command_registry_check,
	&command_audit_show,
	&command_audit_verify,
	&command_audit_prove,
	&command_audit_export,
	&command_audit_cosign,
	&command_audit_timestamp,
	&command_audit_key,
	&command_warrant_add,
	&command_warrant_import,
	&command_warrant_show,
	&command_warrant_list,
	&command_warrant_renew,
	&command_warrant_edit,
	&command_warrant_history,
	&command_shred_execute,
	&command_shred_resume,
	&command_certificate_list,
	&command_certificate_show,
	&command_certificate_render,
	&command_certificate_verify,
	&command_evidence_seal,
	&command_evidence_verify,
	&command_evidence_prove,
	&command_officer_add,
	&command_officer_revoke,
	&command_officer_list,
	&command_officer_show,
	&command_policy_show,
	&command_policy_set,
	&command_shred_request,
	&command_shred_sign,
	&command_shred_approve,
	&command_shred_cancel,
	&command_shred_list,
	&command_shred_show,
	&command_request_list,
	&command_request_show,
	&command_request_sign,
	&command_request_approve,
	&command_request_cancel,
	&command_request_apply,
	&command_request_clock,
	&command_retention_profile,
	&command_retention_event,
	&command_retention_due,
	&command_retention_timeline,
	&command_retention_hold,
	&command_retention_release,
	&command_retention_review,
	&command_retention_restrict,
	&command_retention_report,
	&command_bench,
};

static void overview(FILE *f)
{
	size_t i;

	fputs("usage: warrantctl NOUN VERB [OPTION...] [ARGUMENT...]\n\n"
	      "Sealed, authenticated volumes for interception evidence on untrusted LUNs.\n\n", f);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(f, "  %-12s%-11s%s\n", commands[i]->noun, commands[i]->verb,
			commands[i]->summary);
	fputs("\nwarrantctl NOUN VERB --help explains each; warrantctl(8) has all of it.\n"
	      "Options: --help, --version.\n\n"
	      "Exit codes: 0 success; 1 wrong parameters; 2 no permission or wrong key;\n"
	      "3 out of memory; 4 wrong device; 5 exists already or busy; 6 damage found;\n"
	      "7 rolled back behind the anchor; 8 done, but the registry is yet to be told.\n", f);
}

/* Neither a core dump nor a debugger of the same user may see keys. */
static void harden(void)
{
	static const struct rlimit none = { 0, 0 };

	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__
	/* OpenSSL has derived keys on the heap. Best effort: keysets are locked anyway. */
	mlockall(MCL_CURRENT | MCL_ONFAULT);
#endif
}

static const struct cli_command *find_command(const char *noun, const char *verb)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i]->noun, noun) && !strcmp(commands[i]->verb, verb))
			return commands[i];
	return NULL;
}

static enum libdmwarrant_exit finish(struct cli *c, int ret)
{
	enum libdmwarrant_exit code;
	struct json_object *e;
	char title[40];

	cli_progress_end(c);
	code = ret == CLI_USAGE ? LIBDMWARRANT_EXIT_USAGE : libdmwarrant_exit(ret);
	if (ret < 0) {
		fprintf(stderr, "warrantctl: %s: %s\n", cli_title(c->command, title),
			libdmwarrant_error(c->lib));
		e = json_object_new_object();
		cli_set_text(e, "text", libdmwarrant_error(c->lib));
		cli_set_u64(e, "errno", -ret);
		cli_set_u64(e, "exit", code);
		json_object_object_add(c->out, "error", e);
	}
	if (c->json && ret != CLI_USAGE)
		cli_finish(c);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "warrantctl: cannot write the output: %s\n", strerror(errno));
		code = LIBDMWARRANT_EXIT_DEVICE;
	}
	return code;
}

static enum libdmwarrant_exit run(const struct cli_command *command, int argc, char **argv)
{
	struct cli c = { .command = command, .argc = argc, .argv = argv, .keyset_fd = -1,
			 .changes = !command->reads };
	enum libdmwarrant_exit code;
	char schema[64];
	int ret;

	c.out = json_object_new_object();
	if (!c.out || libdmwarrant_new(&c.lib)) {
		fputs("warrantctl: not enough memory\n", stderr);
		return LIBDMWARRANT_EXIT_MEMORY;
	}
	snprintf(schema, sizeof(schema), "dm-warrant/%s%s%s", command->noun,
		 command->verb[0] ? "-" : "", command->verb);
	cli_set_text(c.out, "schema", schema);
	cli_set_u64(c.out, "version", 1);
	libdmwarrant_set_progress(c.lib, cli_progress, &c);
	ret = command->run(&c);
	cli_audit(&c, ret);
	code = finish(&c, ret);
	json_object_put(c.out);
	libdmwarrant_free(c.lib);
	return code;
}

int main(int argc, char **argv)
{
	const struct cli_command *command;

	harden();
	if (argc >= 2 && !strcmp(argv[1], "--version")) {
		printf("warrantctl %s\n", libdmwarrant_version());
		return 0;
	}
	if (argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		overview(stdout);
		return 0;
	}
	/* The first thing that anyone does with it. */
	if (argc >= 2 && !strcmp(argv[1], "init"))
		return run(&command_registry_init, argc - 1, argv + 1);
	if (argc >= 2 && !strcmp(argv[1], command_bench.noun))
		return run(&command_bench, argc - 1, argv + 1);
	command = argc >= 3 ? find_command(argv[1], argv[2]) : NULL;
	if (!command) {
		overview(stderr);
		return LIBDMWARRANT_EXIT_USAGE;
	}
	return run(command, argc - 2, argv + 2);
}
