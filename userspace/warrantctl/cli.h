/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the subcommands of warrantctl share. */
#ifndef CLI_H
#define CLI_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <json-c/json.h>

#include "libdmwarrant.h"
#include "libdmwarrant-registry.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Options that several commands have; their own begin at OPTION_OWN. */
enum {
	OPTION_HELP = 1,
	OPTION_JSON,
	OPTION_DRY_RUN,
	OPTION_PROGRESS_JSON,
	OPTION_KEYSET,
	OPTION_KEYSET_FD,
	OPTION_REGISTRY,
	OPTION_CONFIG,
	OPTION_OWN,
};

/**
 * struct cli_option - a long option, for the parser and for --help alike
 * @name: without dashes; NULL ends a table
 * @arg:  name of its argument; NULL = none
 * @id:   OPTION_...
 * @help: one line
 */
struct cli_option {
	const char	*name;
	const char	*arg;
	int		id;
	const char	*help;
};

#define CLI_HELP	{ "help", NULL, OPTION_HELP, "show this text" }
#define CLI_JSON	{ "json", NULL, OPTION_JSON, "print the result, or the error, as JSON" }
#define CLI_DRY_RUN	{ "dry-run", NULL, OPTION_DRY_RUN, "check everything, change nothing" }
#define CLI_PROGRESS	{ "progress-json", NULL, OPTION_PROGRESS_JSON, \
			  "print progress as lines of JSON on stderr" }
#define CLI_KEYSET	{ "keyset", "FILE", OPTION_KEYSET, \
			  "file with the volume's keys, accessible to its owner only" }
#define CLI_KEYSET_FD	{ "keyset-fd", "N", OPTION_KEYSET_FD, \
			  "read the keys from file descriptor N" }
#define CLI_REGISTRY	{ "registry", "URI", OPTION_REGISTRY, \
			  "sqlite:PATH; default: as the configuration file says" }
#define CLI_CONFIG	{ "config", "FILE", OPTION_CONFIG, \
			  "configuration file; default: " LIBDMWARRANT_CONFIG_FILE }
#define CLI_END		{ NULL, NULL, 0, NULL }

struct cli;

/**
 * struct cli_command - a subcommand
 * @noun:      "volume"
 * @verb:      "format"; "" = the noun is the command
 * @arguments: what follows the options, for the usage line
 * @summary:   one line
 * @text:      the rest of --help
 * @options:   ends with CLI_END
 * @reads:     it changes nothing, so the audit log is told only when it was refused
 * @run:       does it. Return: 0, a negative errno of the library, or from cli_usage()
 */
struct cli_command {
	const char			*noun;
	const char			*verb;
	const char			*arguments;
	const char			*summary;
	const char			*text;
	const struct cli_option		*options;
	bool				reads;
	int				(*run)(struct cli *c);
};

/**
 * struct cli - one run of warrantctl
 * @command:     which
 * @lib:         library context
 * @argc:        arguments behind the verb
 * @argv:        likewise; after the options, the rest
 * @arg:         argument of the option that cli_next_option() returned
 * @keyset_path: --keyset
 * @keyset_fd:   --keyset-fd, -1 = none
 * @registry:    --registry, NULL = as the configuration says
 * @config:      --config, NULL = the default
 * @json:        --json
 * @dry_run:     --dry-run
 * @progress_json: --progress-json
 * @progress_shown: a progress line stands on the terminal
 * @parsed:      the options are, so @argv has nothing but arguments
 * @changes:     it changes something, or would: as its command says, unless options say otherwise
 * @streaming:   the map is printed as it is found; the rest of @out follows it
 * @out:         the result as JSON; commands fill it whether or not it is asked for
 */
struct cli {
	const struct cli_command	*command;
	struct libdmwarrant		*lib;
	int				argc;
	char				**argv;
	const char			*arg;
	const char			*keyset_path;
	int				keyset_fd;
	const char			*registry;
	const char			*config;
	bool				json;
	bool				dry_run;
	bool				progress_json;
	bool				progress_shown;
	bool				parsed;
	bool				changes;
	bool				streaming;
	struct json_object		*out;
};

/* Returned by cli_usage(): the message is printed already. */
#define CLI_USAGE	1

/* options.c */
int cli_next_option(struct cli *c);
int cli_arguments(struct cli *c, int count);
int cli_number(struct cli *c, const char *text, uint64_t from, uint64_t to, uint64_t *value);
int cli_usage(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cli_help(const struct cli_command *command);
const char *cli_title(const struct cli_command *command, char text[40]);
int cli_keyset(struct cli *c, struct libdmwarrant_keyset **keyset);

/* registry.c */
int cli_config(struct cli *c, struct libdmwarrant_config *config);
int cli_registry(struct cli *c, uint32_t flags, struct libdmwarrant_registry **reg);
int cli_read_text(struct cli *c, const char *path, char **text);

/* audit.c */
void cli_audit(const struct cli *c, int ret);

/* output.c */
void cli_say(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cli_set_u64(struct json_object *o, const char *name, uint64_t value);
void cli_set_text(struct json_object *o, const char *name, const char *value);
void cli_set_bool(struct json_object *o, const char *name, bool value);
void cli_set_uuid(struct json_object *o, const char *name, const uint8_t *uuid);
void cli_set_anchor(struct json_object *o, const char *name, const struct libdmwarrant_anchor *a);
void cli_set_time(struct json_object *o, const char *name, uint64_t seconds);
const char *cli_size(uint64_t bytes, char text[16]);
const char *cli_time(uint64_t seconds, char text[32]);
void cli_stream_begin(struct cli *c, const char *array);
void cli_stream(struct cli *c, struct json_object *element, bool first);
void cli_finish(struct cli *c);

#define CLI_PROGRESS_AFTER_MS	1000
#define CLI_NO_ETA		UINT64_MAX

void cli_progress_object(const struct libdmwarrant_progress *p, const char *done,
			 const char *total, uint64_t eta_ms);
int cli_progress(void *arg, const struct libdmwarrant_progress *p);
void cli_progress_end(struct cli *c);

/* One for each subcommand. */
extern const struct cli_command command_volume_format;
extern const struct cli_command command_volume_open;
extern const struct cli_command command_volume_close;
extern const struct cli_command command_volume_status;
extern const struct cli_command command_volume_list;
extern const struct cli_command command_volume_check;
extern const struct cli_command command_volume_dump;
extern const struct cli_command command_volume_create;
extern const struct cli_command command_volume_guard;
extern const struct cli_command command_volume_forget;
extern const struct cli_command command_tag_create;
extern const struct cli_command command_tag_edit;
extern const struct cli_command command_tag_list;
extern const struct cli_command command_tag_show;
extern const struct cli_command command_tag_assign;
extern const struct cli_command command_tag_freeze;
extern const struct cli_command command_tag_restrict;
extern const struct cli_command command_tag_check;
extern const struct cli_command command_tag_map;
extern const struct cli_command command_tag_watch;
extern const struct cli_command command_key_rotate;
extern const struct cli_command command_keyset_generate;
extern const struct cli_command command_keyset_show;
extern const struct cli_command command_keystore_init;
extern const struct cli_command command_keystore_add;
extern const struct cli_command command_keystore_list;
extern const struct cli_command command_keystore_show;
extern const struct cli_command command_keystore_rewrap;
extern const struct cli_command command_keystore_check;
extern const struct cli_command command_keystore_tombstones;
extern const struct cli_command command_registry_init;
extern const struct cli_command command_registry_check;
extern const struct cli_command command_audit_show;
extern const struct cli_command command_audit_verify;
extern const struct cli_command command_audit_prove;
extern const struct cli_command command_audit_export;
extern const struct cli_command command_audit_cosign;
extern const struct cli_command command_audit_timestamp;
extern const struct cli_command command_audit_key;
extern const struct cli_command command_warrant_add;
extern const struct cli_command command_warrant_import;
extern const struct cli_command command_warrant_show;
extern const struct cli_command command_warrant_list;
extern const struct cli_command command_warrant_renew;
extern const struct cli_command command_warrant_edit;
extern const struct cli_command command_warrant_history;
extern const struct cli_command command_shred_execute;
extern const struct cli_command command_shred_resume;
extern const struct cli_command command_certificate_list;
extern const struct cli_command command_certificate_show;
extern const struct cli_command command_certificate_render;
extern const struct cli_command command_certificate_verify;
extern const struct cli_command command_evidence_seal;
extern const struct cli_command command_evidence_verify;
extern const struct cli_command command_evidence_prove;
extern const struct cli_command command_officer_add;
extern const struct cli_command command_officer_revoke;
extern const struct cli_command command_officer_list;
extern const struct cli_command command_officer_show;
extern const struct cli_command command_policy_show;
extern const struct cli_command command_policy_set;
extern const struct cli_command command_shred_request;
extern const struct cli_command command_shred_sign;
extern const struct cli_command command_shred_approve;
extern const struct cli_command command_shred_cancel;
extern const struct cli_command command_shred_list;
extern const struct cli_command command_shred_show;
extern const struct cli_command command_request_list;
extern const struct cli_command command_request_show;
extern const struct cli_command command_request_sign;
extern const struct cli_command command_request_approve;
extern const struct cli_command command_request_cancel;
extern const struct cli_command command_request_apply;
extern const struct cli_command command_request_clock;
extern const struct cli_command command_retention_profile;
extern const struct cli_command command_retention_event;
extern const struct cli_command command_retention_due;
extern const struct cli_command command_retention_timeline;
extern const struct cli_command command_retention_hold;
extern const struct cli_command command_retention_release;
extern const struct cli_command command_retention_review;
extern const struct cli_command command_retention_restrict;
extern const struct cli_command command_retention_report;
extern const struct cli_command command_bench;

#endif
