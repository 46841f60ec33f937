/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry: what is known, off the array, of warrants, of the volumes that hold their evidence,
 * of the newest checkpoints of those, and of who has them open.
 *
 * The conventions of libdmwarrant.h hold; errors are found with libdmwarrant_error() of the context
 * that the registry was opened with. Besides:
 *
 * - Every function that changes something is one transaction: it happens whole or not at all, and
 *   is durable on return.
 * - Warrants are JSON texts (UTF-8) with the names and formats of ETSI TS 103 120, see
 *   libdmwarrant_warrant_add(). Texts handed out belong to the caller, who free()s them; texts
 *   given to a callback are valid during the call.
 * - Callbacks may use the registry: nothing is locked while they run. Non-zero ends with
 *   -ECANCELED.
 * - Errors of every function, besides its own: -EBUSY locked by another process for longer than the
 *   timeout; -EROFS; -ENOSPC; -EDQUOT; -EUCLEAN damaged; -EIO; -EACCES. None leaves anything
 *   half-done.
 */
#ifndef LIBDMWARRANT_REGISTRY_H
#define LIBDMWARRANT_REGISTRY_H

#include "libdmwarrant.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LIBDMWARRANT_DIGEST_SIZE	32

/* ---- configuration ---- */

#define LIBDMWARRANT_CONFIG_FILE	"/etc/dm-warrant.conf"
#define LIBDMWARRANT_CONFIG_VERSION	1

/**
 * struct libdmwarrant_config - where registry and key store are
 * @version:  LIBDMWARRANT_CONFIG_VERSION
 * @found:    1 = there is a configuration file
 * @registry: URI
 * @keystore: URI
 * @reserved: zero
 */
struct libdmwarrant_config {
	uint32_t	version;
	uint32_t	found;
	char		registry[512];
	char		keystore[512];
	uint64_t	reserved[8];
};

/**
 * libdmwarrant_config_write() - make a configuration file where there is none
 * @ctx:    context
 * @path:   NULL = LIBDMWARRANT_CONFIG_FILE
 * @config: with the URIs
 *
 * Return: 0; -EEXIST there is one, which is left alone; errors of open(2) and write(2).
 */
int libdmwarrant_config_write(struct libdmwarrant *ctx, const char *path,
			      const struct libdmwarrant_config *config);

/**
 * libdmwarrant_config_read() - the configuration, or the defaults where it is silent
 * @ctx:    context
 * @path:   NULL = LIBDMWARRANT_CONFIG_FILE; a file that does not exist is an empty one
 * @config: receives it
 *
 * Lines are "registry = URI" and "keystore = URI"; empty ones and those that begin with # are
 * skipped. Return: 0; -EINVAL unknown key, no value or too long; errors of open(2) and read(2).
 */
int libdmwarrant_config_read(struct libdmwarrant *ctx, const char *path,
			     struct libdmwarrant_config *config);

/* ---- opening ---- */

/** struct libdmwarrant_registry - an open registry. Opaque */
struct libdmwarrant_registry;

#define LIBDMWARRANT_REGISTRY_READ_ONLY	(1U << 0)
#define LIBDMWARRANT_REGISTRY_DRY_RUN	(1U << 1)	/* of init: say what would be done */

#define LIBDMWARRANT_REGISTRY_INIT_VERSION	1

/**
 * struct libdmwarrant_registry_init_result - what init did, or would do
 * @version:     LIBDMWARRANT_REGISTRY_INIT_VERSION
 * @created:     1 = there was no registry
 * @schema_from: of the registry before; 0 = none
 * @schema_to:   now
 * @reserved:    zero
 */
struct libdmwarrant_registry_init_result {
	uint32_t	version;
	uint32_t	created;
	uint32_t	schema_from;
	uint32_t	schema_to;
	uint64_t	reserved[4];
};

/**
 * libdmwarrant_registry_init() - make a registry, or bring one up to date
 * @ctx:    context
 * @uri:    "sqlite:PATH"; the directory is made when only it is missing
 * @flags:  0 or LIBDMWARRANT_REGISTRY_DRY_RUN
 * @result: receives what was done
 *
 * A registry that is up to date is left alone. Return: 0; -EINVAL not an URI that is known, or
 * something else is there; -EPROTONOSUPPORT made by a newer dm-warrant; -EACCES others may read or
 * replace it.
 */
int libdmwarrant_registry_init(struct libdmwarrant *ctx, const char *uri, uint32_t flags,
			       struct libdmwarrant_registry_init_result *result);

/**
 * libdmwarrant_registry_open() - open a registry
 * @ctx:   context; stays in use until libdmwarrant_registry_close()
 * @uri:   as for libdmwarrant_registry_init()
 * @flags: 0 or LIBDMWARRANT_REGISTRY_READ_ONLY
 * @reg:   receives it
 *
 * Return: 0; -ENOENT there is none; -EPROTONOSUPPORT of another schema; and as
 * libdmwarrant_registry_init().
 */
int libdmwarrant_registry_open(struct libdmwarrant *ctx, const char *uri, uint32_t flags,
			       struct libdmwarrant_registry **reg);

/** libdmwarrant_registry_close() - NULL is allowed */
void libdmwarrant_registry_close(struct libdmwarrant_registry *reg);

/**
 * libdmwarrant_registry_set_timeout() - how long to wait for another process's lock
 * @ctx: context; for the registries that are opened with it from now on
 * @ms:  0 = 5000, which it is unless set
 */
void libdmwarrant_registry_set_timeout(struct libdmwarrant *ctx, uint32_t ms);

/**
 * libdmwarrant_registry_check() - verify all of it: storage, references, histories
 * @reg: registry
 * @fn:  told of each fault, one line
 * @arg: for @fn
 *
 * Return: 0; -EUCLEAN a fault was found.
 */
int libdmwarrant_registry_check(struct libdmwarrant_registry *reg,
				int (*fn)(void *arg, const char *fault), void *arg);

/* ---- warrants ---- */

/**
 * enum libdmwarrant_warrant_state - what a warrant allows at a moment
 * @LIBDMWARRANT_WARRANT_IN_FORCE:    approved, begun, not ended
 * @LIBDMWARRANT_WARRANT_EMERGENCY:   likewise, but without a judge's confirmation yet
 * @LIBDMWARRANT_WARRANT_NOT_BEGUN:   approved, begins later
 * @LIBDMWARRANT_WARRANT_EXPIRED:     its time has ended
 * @LIBDMWARRANT_WARRANT_UNCONFIRMED: of an emergency, and not confirmed within 72 hours
 * @LIBDMWARRANT_WARRANT_AWAITING:    not approved yet
 * @LIBDMWARRANT_WARRANT_SUSPENDED:   by its authority
 * @LIBDMWARRANT_WARRANT_CANCELLED:   before its time
 * @LIBDMWARRANT_WARRANT_REJECTED:    never approved
 * @LIBDMWARRANT_WARRANT_INVALID:     declared so, or of a status that is not known
 */
enum libdmwarrant_warrant_state {
	LIBDMWARRANT_WARRANT_IN_FORCE		= 1,
	LIBDMWARRANT_WARRANT_EMERGENCY		= 2,
	LIBDMWARRANT_WARRANT_NOT_BEGUN		= 3,
	LIBDMWARRANT_WARRANT_EXPIRED		= 4,
	LIBDMWARRANT_WARRANT_UNCONFIRMED	= 5,
	LIBDMWARRANT_WARRANT_AWAITING		= 6,
	LIBDMWARRANT_WARRANT_SUSPENDED		= 7,
	LIBDMWARRANT_WARRANT_CANCELLED		= 8,
	LIBDMWARRANT_WARRANT_REJECTED		= 9,
	LIBDMWARRANT_WARRANT_INVALID		= 10,
};

/** libdmwarrant_warrant_state_name() - "in force", "emergency", "not begun", ... */
const char *libdmwarrant_warrant_state_name(enum libdmwarrant_warrant_state state);

/**
 * enum libdmwarrant_use - what a volume is wanted for
 * @LIBDMWARRANT_USE_READ:    lawfully gathered evidence stays readable when its warrant has ended
 * @LIBDMWARRANT_USE_WRITE:   only while the warrant is in force
 * @LIBDMWARRANT_USE_PREPARE: to make a volume; as for writing, or before the warrant begins
 */
enum libdmwarrant_use {
	LIBDMWARRANT_USE_READ		= 0,
	LIBDMWARRANT_USE_WRITE		= 1,
	LIBDMWARRANT_USE_PREPARE	= 2,
};

/**
 * libdmwarrant_warrant_usable() - does a warrant allow a use?
 * @ctx:  context
 * @json: the warrant
 * @now:  Unix seconds
 * @use:  for what
 *
 * An EmergencyApproval counts for 72 hours from AuthorisationTimespan/StartTime, or from the first
 * approval when that was earlier (LECrim 588 ter d.3: revoked or confirmed within 72 hours of the
 * order); then nothing more may be written until it is Approved.
 *
 * Return: 0; -EKEYEXPIRED expired or not confirmed in time; -EKEYREVOKED cancelled, suspended,
 * rejected or invalid; -EPERM not begun or awaiting approval; -EINVAL not a warrant.
 */
int libdmwarrant_warrant_usable(struct libdmwarrant *ctx, const char *json, int64_t now,
				enum libdmwarrant_use use);

#define LIBDMWARRANT_WARRANT_VERSION	1

/**
 * struct libdmwarrant_warrant - a warrant in short; its members in ETSI's words, "" = not given
 * @version:      LIBDMWARRANT_WARRANT_VERSION
 * @revision:     of the record, from 1 on
 * @state:        enum libdmwarrant_warrant_state, at the time of asking
 * @volumes:      how many there are of it
 * @uuid:         ObjectIdentifier, lower case
 * @reference:    AuthorisationReference
 * @country:      CountryCode
 * @owner:        OwnerIdentifier
 * @copy:         "original" or "custodial"
 * @status:       AuthorisationStatus, its value
 * @legal_type:   likewise
 * @type_of_case: likewise
 * @start:        AuthorisationTimespan/StartTime; 0 = not given
 * @end:          AuthorisationTimespan/EndTime; 0 = not given
 * @limit:        when writing ends: @end, or an emergency's 72 hours when earlier; 0 = never
 * @changed:      when the record was changed last
 * @digest:       of this revision and of all before it
 * @json:         all of it
 * @reserved:     zero
 */
struct libdmwarrant_warrant {
	uint32_t	version;
	uint32_t	revision;
	uint32_t	state;
	uint32_t	volumes;
	const char	*uuid;
	const char	*reference;
	const char	*country;
	const char	*owner;
	const char	*copy;
	const char	*status;
	const char	*legal_type;
	const char	*type_of_case;
	int64_t		start;
	int64_t		end;
	int64_t		limit;
	int64_t		changed;
	uint8_t		digest[LIBDMWARRANT_DIGEST_SIZE];
	const char	*json;
	uint64_t	reserved[8];
};

typedef int (*libdmwarrant_warrant_fn)(void *arg, const struct libdmwarrant_warrant *w);

#define LIBDMWARRANT_CHANGE_VERSION	1

#define LIBDMWARRANT_CHANGE_DRY_RUN	(1U << 0)	/* check everything, change nothing */

/**
 * struct libdmwarrant_change - how and why a warrant is changed
 * @version:  LIBDMWARRANT_CHANGE_VERSION
 * @flags:    LIBDMWARRANT_CHANGE_...
 * @reason:   for the history: "HI-1 UPDATE of 2026-03-02 12:00", "typing error". Mandatory for
 *            libdmwarrant_warrant_edit()
 * @source:   where it comes from: "HI-1", NULL = typed in
 * @append:   of an edit: JSON object of arrays, whose elements are added to those of the record:
 *            {"AuthorisationApprovalDetails": [{...}], "Tasks": [{...}]}. NULL = nothing
 * @reserved: zero
 */
struct libdmwarrant_change {
	uint32_t	version;
	uint32_t	flags;
	const char	*reason;
	const char	*source;
	const char	*append;
	uint64_t	reserved[5];
};

/**
 * libdmwarrant_warrant_add() - record a warrant
 * @reg:     registry
 * @json:    an AuthorisationObject of ETSI TS 103 120 with, besides, "Tasks": the LITaskObjects of
 *           it, and "Copy": "original" (default) or "custodial"
 * @change:  NULL = defaults
 * @warrant: receives the record as it stands; NULL = not wanted; free() it
 *
 * AuthorisationReference is mandatory, and unique together with CountryCode and OwnerIdentifier.
 * What is added when missing: ObjectIdentifier (random) of the warrant and of its tasks, and Copy.
 * Nothing else is: without AuthorisationStatus a warrant awaits approval.
 *
 * Return: 0; -EINVAL not within ETSI's vocabulary and formats; -EEXIST it is there already.
 */
int libdmwarrant_warrant_add(struct libdmwarrant_registry *reg, const char *json,
			     const struct libdmwarrant_change *change, char **warrant);

/**
 * libdmwarrant_warrant_add_all() - record several warrants, all or none
 *
 * As libdmwarrant_warrant_add(). Records whose ObjectIdentifier is known become a new revision as
 * by libdmwarrant_warrant_edit() when @update is not zero.
 */
int libdmwarrant_warrant_add_all(struct libdmwarrant_registry *reg, const char *const *json,
				 size_t count, int update,
				 const struct libdmwarrant_change *change);

/**
 * libdmwarrant_warrant_get() - find a warrant
 * @reg:  registry
 * @key:  ObjectIdentifier, AuthorisationReference, or COUNTRY/OWNER/REFERENCE
 * @json: receives the record; free() it
 *
 * Return: 0; -ENOENT unknown; -ENOTUNIQ several have that reference, the error lists them.
 */
int libdmwarrant_warrant_get(struct libdmwarrant_registry *reg, const char *key, char **json);

/** libdmwarrant_warrant_find() - the same; @fn is called once, and its result returned */
int libdmwarrant_warrant_find(struct libdmwarrant_registry *reg, const char *key,
			      libdmwarrant_warrant_fn fn, void *arg);

#define LIBDMWARRANT_FILTER_VERSION	1

/**
 * struct libdmwarrant_filter - which warrants; zero or NULL members do not matter
 * @version:  LIBDMWARRANT_FILTER_VERSION
 * @state:    enum libdmwarrant_warrant_state
 * @status:   AuthorisationStatus, its value
 * @text:     found anywhere in reference, owner, legal entity, jurisdiction, manual information or
 *            LIIDs; upper and lower case of ASCII are the same
 * @liid:     of one of its tasks
 * @country:  CountryCode
 * @ends_before: AuthorisationTimespan/EndTime is given and earlier
 * @now:      for states; 0 = the present
 * @reserved: zero
 */
struct libdmwarrant_filter {
	uint32_t	version;
	uint32_t	state;
	const char	*status;
	const char	*text;
	const char	*liid;
	const char	*country;
	int64_t		ends_before;
	int64_t		now;
	uint64_t	reserved[6];
};

/** libdmwarrant_warrant_list() - @filter NULL = all; in order of reference */
int libdmwarrant_warrant_list(struct libdmwarrant_registry *reg,
			      const struct libdmwarrant_filter *filter,
			      libdmwarrant_warrant_fn fn, void *arg);

#define LIBDMWARRANT_RENEWAL_VERSION	1

/**
 * struct libdmwarrant_renewal - an order that prolongs a warrant
 * @version:       LIBDMWARRANT_RENEWAL_VERSION
 * @flags:         LIBDMWARRANT_CHANGE_...
 * @end:           new EndTime, QualifiedDateTime; later than the present one
 * @reference:     of the order (ApprovalReference); mandatory
 * @approver_name: who ordered it; NULL = not given
 * @approver_role: likewise
 * @approved:      when, QualifiedDateTime; NULL = now
 * @description:   NULL = not given
 * @reserved:      zero
 */
struct libdmwarrant_renewal {
	uint32_t	version;
	uint32_t	flags;
	const char	*end;
	const char	*reference;
	const char	*approver_name;
	const char	*approver_role;
	const char	*approved;
	const char	*description;
	uint64_t	reserved[6];
};

/**
 * libdmwarrant_warrant_renew() - prolong a warrant
 * @reg:     registry
 * @key:     as for libdmwarrant_warrant_get()
 * @renewal: the order
 * @warrant: receives the record as it stands then; NULL = not wanted; free() it
 *
 * The order is added to AuthorisationApprovalDetails. Entering it late is allowed, but it must have
 * been given before the warrant ended: what has lapsed needs a warrant of its own. The renewal of
 * an emergency's warrant confirms it.
 *
 * Return: 0; -EINVAL bad parameter, or the end is not later; -EKEYEXPIRED the order came too late;
 * -EKEYREVOKED or -EPERM a warrant in that state is not renewed; -ENOENT; -ENOTUNIQ.
 */
int libdmwarrant_warrant_renew(struct libdmwarrant_registry *reg, const char *key,
			       const struct libdmwarrant_renewal *renewal, char **warrant);

/**
 * libdmwarrant_warrant_edit() - change a record
 * @reg:     registry
 * @key:     as for libdmwarrant_warrant_get()
 * @patch:   JSON merge patch (RFC 7396)
 * @change:  with the reason
 * @warrant: receives the record as it stands then; NULL = not wanted; free() it
 *
 * ObjectIdentifier, AuthorisationReference, CountryCode, OwnerIdentifier and Copy cannot change:
 * volumes and keys are bound to them. Generation and LastChanged are those of the warrant's owner,
 * and stay as they are unless the patch has them. A patch that changes nothing leaves no trace.
 *
 * Return: 0; -EINVAL bad patch, no reason, or what comes out is no valid warrant; -EPERM a binding
 * member would change; -ESTALE the patch has an older Generation; -ENOENT; -ENOTUNIQ.
 */
int libdmwarrant_warrant_edit(struct libdmwarrant_registry *reg, const char *key,
			      const char *patch, const struct libdmwarrant_change *change,
			      char **warrant);

/**
 * struct libdmwarrant_revision - one revision of a warrant's record
 * @revision: from 1 on
 * @pad:      zero
 * @when:     it was made
 * @action:   "add", "renew", "edit"
 * @user:     who, on @host
 * @host:     name
 * @reason:   "" = none given
 * @source:   "" = typed in
 * @changes:  JSON: [{"Path": "/AuthorisationTimespan/EndTime", "From": ..., "To": ...}]
 * @json:     the whole record
 * @digest:   SHA-256 over all of this and the digest of the revision before
 * @reserved: zero
 */
struct libdmwarrant_revision {
	uint32_t	revision;
	uint32_t	pad;
	int64_t		when;
	const char	*action;
	const char	*user;
	const char	*host;
	const char	*reason;
	const char	*source;
	const char	*changes;
	const char	*json;
	uint8_t		digest[LIBDMWARRANT_DIGEST_SIZE];
	uint64_t	reserved[4];
};

/**
 * libdmwarrant_warrant_history() - all revisions of a warrant's record, oldest first
 *
 * Return: 0; -EUCLEAN the digests do not fit: the registry was altered or is damaged.
 */
int libdmwarrant_warrant_history(struct libdmwarrant_registry *reg, const char *key,
				 int (*fn)(void *arg, const struct libdmwarrant_revision *r),
				 void *arg);

/* ---- volumes ---- */

#define LIBDMWARRANT_RECORD_VERSION	1

#define LIBDMWARRANT_RECORD_NAME_SIZE	LIBDMWARRANT_NAME_SIZE
#define LIBDMWARRANT_RECORD_CREATING	(1U << 0)	/* not completely made yet */

/**
 * struct libdmwarrant_record - a volume as the registry knows it
 * @version:  LIBDMWARRANT_RECORD_VERSION
 * @flags:    LIBDMWARRANT_RECORD_...
 * @uuid:     of the volume
 * @digest:   binds volume, keys and warrant together; set by libdmwarrant_registry_volume_add()
 * @warrant:  its ObjectIdentifier
 * @name:     unique in the registry; also the device-mapper name: letters, digits and #+-.:=@_
 * @wwid:     of the LUN; "" = the device has none
 * @device:   path it had last, a hint
 * @keystore: URI of the key store that has the keys
 * @created:  when; set by libdmwarrant_registry_volume_add()
 * @reserved: zero
 */
struct libdmwarrant_record {
	uint32_t	version;
	uint32_t	flags;
	uint8_t		uuid[LIBDMWARRANT_UUID_SIZE];
	uint8_t		digest[LIBDMWARRANT_DIGEST_SIZE];
	char		warrant[40];
	char		name[LIBDMWARRANT_RECORD_NAME_SIZE];
	char		wwid[160];
	char		device[256];
	char		keystore[512];
	int64_t		created;
	uint64_t	reserved[8];
};

/**
 * libdmwarrant_registry_volume_add() - record a volume
 *
 * Sets @record's digest: SHA-256 over the volume's UUID and those members of the warrant that never
 * change. It stands in the superblock's sealed part and with the keyset in the key store, too.
 *
 * With LIBDMWARRANT_RECORD_CREATING it is recorded before anything is written to the LUN or the key
 * store, and libdmwarrant_registry_volume_ready() follows when all is done: whatever was
 * interrupted is then known. Return: 0; -EEXIST UUID or name is taken; -ENOENT no such warrant;
 * -EINVAL.
 */
int libdmwarrant_registry_volume_add(struct libdmwarrant_registry *reg,
				     struct libdmwarrant_record *record);

/** libdmwarrant_registry_volume_ready() - Return: 0, also when it was; -ENOENT */
int libdmwarrant_registry_volume_ready(struct libdmwarrant_registry *reg,
				       const uint8_t uuid[LIBDMWARRANT_UUID_SIZE]);

/**
 * libdmwarrant_registry_volume_remove() - forget a volume whose making was given up
 *
 * Return: 0; -EPERM it was made completely: such a volume is never forgotten; -ENOENT.
 */
int libdmwarrant_registry_volume_remove(struct libdmwarrant_registry *reg,
					const uint8_t uuid[LIBDMWARRANT_UUID_SIZE]);

/**
 * libdmwarrant_registry_volume_get() - find a volume
 * @reg:    registry
 * @key:    UUID, name, or, of a warrant with one volume, the warrant as for
 *          libdmwarrant_warrant_get()
 * @record: receives it
 *
 * Return: 0; -ENOENT; -ENOTUNIQ the warrant has several, the error lists them; -EUCLEAN the digest
 * does not fit the warrant's record.
 */
int libdmwarrant_registry_volume_get(struct libdmwarrant_registry *reg, const char *key,
				     struct libdmwarrant_record *record);

/** libdmwarrant_registry_volume_list() - @warrant as for libdmwarrant_warrant_get(), NULL = all */
int libdmwarrant_registry_volume_list(struct libdmwarrant_registry *reg, const char *warrant,
				      int (*fn)(void *arg, const struct libdmwarrant_record *r),
				      void *arg);

/**
 * libdmwarrant_registry_volume_moved() - note that a volume is on another LUN, or its device's name
 * @reg:    registry
 * @uuid:   of the volume
 * @wwid:   "" = none; NULL = as before
 * @device: NULL = as before
 *
 * Return: 0; -ENOENT; -EINVAL.
 */
int libdmwarrant_registry_volume_moved(struct libdmwarrant_registry *reg,
				       const uint8_t uuid[LIBDMWARRANT_UUID_SIZE],
				       const char *wwid, const char *device);

/* ---- anchors ---- */

/**
 * libdmwarrant_registry_anchor_set() - remember a checkpoint
 *
 * Return: 0, also when it is the one remembered; -ESTALE it is older than that, or of another
 * history (same number, other salt): the LUN was rolled back or exchanged; -ENOENT no such volume.
 */
int libdmwarrant_registry_anchor_set(struct libdmwarrant_registry *reg,
				     const uint8_t uuid[LIBDMWARRANT_UUID_SIZE],
				     const struct libdmwarrant_anchor *anchor);

/**
 * libdmwarrant_registry_anchor_get() - the newest checkpoint remembered
 * @reg:    registry
 * @uuid:   of the volume
 * @anchor: receives it; checkpoint 0 = none yet
 * @when:   receives when it was remembered; NULL = not wanted
 * @host:   receives by which host; NULL = not wanted
 *
 * Return: 0; -ENOENT no such volume.
 */
int libdmwarrant_registry_anchor_get(struct libdmwarrant_registry *reg,
				     const uint8_t uuid[LIBDMWARRANT_UUID_SIZE],
				     struct libdmwarrant_anchor *anchor, int64_t *when,
				     char host[65]);

/**
 * libdmwarrant_registry_anchor_accept() - accept that newer checkpoints are lost
 * @reg:    registry
 * @uuid:   of the volume
 * @anchor: the checkpoint to go on from
 * @reason: for the record; mandatory
 *
 * For an array that has lost data for good. What is accepted is kept for ever, with the reason.
 */
int libdmwarrant_registry_anchor_accept(struct libdmwarrant_registry *reg,
					const uint8_t uuid[LIBDMWARRANT_UUID_SIZE],
					const struct libdmwarrant_anchor *anchor,
					const char *reason);

/**
 * struct libdmwarrant_anchor_entry - a checkpoint of the past
 * @anchor:   checkpoint
 * @when:     it was remembered
 * @host:     by which host
 * @reason:   "" = it came in order; else why an older one was accepted
 * @reserved: zero
 */
struct libdmwarrant_anchor_entry {
	struct libdmwarrant_anchor	anchor;
	int64_t				when;
	const char			*host;
	const char			*reason;
	uint64_t			reserved[4];
};

#define LIBDMWARRANT_ANCHORS_KEPT	64	/* of each volume, besides those with a reason */

/** libdmwarrant_registry_anchor_history() - newest first */
int libdmwarrant_registry_anchor_history(struct libdmwarrant_registry *reg,
					 const uint8_t uuid[LIBDMWARRANT_UUID_SIZE],
					 int (*fn)(void *arg,
						   const struct libdmwarrant_anchor_entry *e),
					 void *arg);

/* ---- who has a volume open ---- */

#define LIBDMWARRANT_OPENED_VERSION	1

#define LIBDMWARRANT_OPENED_READ_ONLY	(1U << 0)
#define LIBDMWARRANT_OPENED_HERE	(1U << 1)	/* answered: by this host, since its boot */
#define LIBDMWARRANT_OPENED_REBOOTED	(1U << 2)	/* answered: by this host before that */

/**
 * struct libdmwarrant_opened - a mark: who has a volume open
 * @version:  LIBDMWARRANT_OPENED_VERSION
 * @flags:    LIBDMWARRANT_OPENED_...
 * @pid:      of the guard; 0 = none
 * @since:    when
 * @name:     device-mapper name
 * @host:     name
 * @boot_id:  of that host's kernel
 * @user:     who opened it
 * @reserved: zero
 */
struct libdmwarrant_opened {
	uint32_t	version;
	uint32_t	flags;
	int64_t		pid;
	int64_t		since;
	char		name[LIBDMWARRANT_NAME_SIZE];
	char		host[65];
	char		boot_id[37];
	char		user[65];
	uint64_t	reserved[8];
};

#define LIBDMWARRANT_OPENED_TAKE_OVER	(1U << 16)	/* asked: from whomever; only when sure */

/**
 * libdmwarrant_registry_mark_open() - this host is about to open a volume, or has a new guard
 * @reg:   registry
 * @uuid:  of the volume
 * @name:  device-mapper name
 * @pid:   of the guard; 0 = none (yet)
 * @flags: LIBDMWARRANT_OPENED_READ_ONLY, LIBDMWARRANT_OPENED_TAKE_OVER
 *
 * A mark of this host is replaced: the kernel knows whether a volume is open here. One of another
 * host is not, unless told so. Return: 0; -EBUSY open on another host, the error says which and
 * since when; -ENOENT.
 */
int libdmwarrant_registry_mark_open(struct libdmwarrant_registry *reg,
				    const uint8_t uuid[LIBDMWARRANT_UUID_SIZE], const char *name,
				    int64_t pid, uint32_t flags);

/**
 * libdmwarrant_registry_mark_closed() - this host has closed a volume
 *
 * Return: 0, also when there is no mark; -EBUSY the mark is another host's, and stays.
 */
int libdmwarrant_registry_mark_closed(struct libdmwarrant_registry *reg,
				      const uint8_t uuid[LIBDMWARRANT_UUID_SIZE]);

/** libdmwarrant_registry_opened() - Return: 0; -ENXIO nobody has it open; -ENOENT no such volume */
int libdmwarrant_registry_opened(struct libdmwarrant_registry *reg,
				 const uint8_t uuid[LIBDMWARRANT_UUID_SIZE],
				 struct libdmwarrant_opened *opened);

#ifdef __cplusplus
}
#endif

#endif
