/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dual control: officers with their keys, requests that they sign, and the policy that says how
 * many of them must agree and how long to wait.
 *
 * The conventions of libdmwarrant.h and libdmwarrant-registry.h hold. What is refused is recorded
 * in the audit log as well: the functions that take a signature write an entry also when they
 * fail with -EPERM, -EKEYREJECTED, -EALREADY, -EEXIST, -EBUSY, -ECANCELED or -EINVAL.
 */
#ifndef LIBDMWARRANT_CONTROL_H
#define LIBDMWARRANT_CONTROL_H

#include "libdmwarrant-registry.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LIBDMWARRANT_CONTROL_DRY_RUN	(1U << 0)	/* check everything, change nothing */

/* ---- policy ---- */

#define LIBDMWARRANT_POLICY_VERSION	1

#define LIBDMWARRANT_POLICY_APPROVALS	2		/* unless set */
#define LIBDMWARRANT_POLICY_WAITING	(7 * 86400)	/* seconds, unless set */

/**
 * struct libdmwarrant_policy - what a request needs
 * @version:   LIBDMWARRANT_POLICY_VERSION
 * @approvals: of officers other than the requester: 1 to 20
 * @waiting:   seconds between the last approval needed and execution: 0 to 366 days
 * @sealed:    answered: 1 = officers and policy change by request only
 * @officers:  answered: enrolled and not revoked
 * @reserved:  zero
 */
struct libdmwarrant_policy {
	uint32_t	version;
	uint32_t	approvals;
	int64_t		waiting;
	uint32_t	sealed;
	uint32_t	officers;
	uint64_t	reserved[4];
};

/** libdmwarrant_policy_get() - the policy in force */
int libdmwarrant_policy_get(struct libdmwarrant_registry *reg, struct libdmwarrant_policy *policy);

/* ---- officers ---- */

#define LIBDMWARRANT_OFFICER_VERSION	1
#define LIBDMWARRANT_OFFICER_NAME_MAX	64	/* bytes */

/**
 * struct libdmwarrant_officer - an officer
 * @version:     LIBDMWARRANT_OFFICER_VERSION
 * @revoked:     1 = no longer one
 * @name:        unique for ever, also when revoked
 * @role:        "" = not given
 * @key:         public key of OpenSSH, one line; "" = there is a certificate
 * @certificate: X.509, PEM; "" = there is a key
 * @fingerprint: of the key ("SHA256:...") or the SHA-256 of the certificate, hex
 * @enrolled:    when
 * @revoked_at:  when; 0 = not
 * @reason:      of the revocation; "" = not revoked
 * @request:     by which it was enrolled; "" = before the registry was sealed
 * @reserved:    zero
 */
struct libdmwarrant_officer {
	uint32_t	version;
	uint32_t	revoked;
	const char	*name;
	const char	*role;
	const char	*key;
	const char	*certificate;
	const char	*fingerprint;
	int64_t		enrolled;
	int64_t		revoked_at;
	const char	*reason;
	const char	*request;
	uint64_t	reserved[8];
};

/** libdmwarrant_officer_list() - all, those revoked too, in order of enrolment */
int libdmwarrant_officer_list(struct libdmwarrant_registry *reg,
			      int (*fn)(void *arg, const struct libdmwarrant_officer *o),
			      void *arg);

/* ---- requests ---- */

/**
 * enum libdmwarrant_request_kind - what is asked for
 * @LIBDMWARRANT_REQUEST_SHRED_TAG:      destroy the keys of one case tag of a volume
 * @LIBDMWARRANT_REQUEST_SHRED_VOLUME:   of a volume
 * @LIBDMWARRANT_REQUEST_SHRED_WARRANT:  of all volumes of a warrant
 * @LIBDMWARRANT_REQUEST_OFFICER_ADD:    enrol an officer
 * @LIBDMWARRANT_REQUEST_OFFICER_REVOKE: revoke one
 * @LIBDMWARRANT_REQUEST_POLICY:         change the policy
 * @LIBDMWARRANT_REQUEST_CLOCK:          accept the clock as it is
 */
enum libdmwarrant_request_kind {
	LIBDMWARRANT_REQUEST_SHRED_TAG		= 1,
	LIBDMWARRANT_REQUEST_SHRED_VOLUME	= 2,
	LIBDMWARRANT_REQUEST_SHRED_WARRANT	= 3,
	LIBDMWARRANT_REQUEST_OFFICER_ADD	= 4,
	LIBDMWARRANT_REQUEST_OFFICER_REVOKE	= 5,
	LIBDMWARRANT_REQUEST_POLICY		= 6,
	LIBDMWARRANT_REQUEST_CLOCK		= 7,
};

/** libdmwarrant_request_kind_name() - "shred-tag", "officer-add", ...; "unknown" */
const char *libdmwarrant_request_kind_name(enum libdmwarrant_request_kind kind);

/**
 * enum libdmwarrant_request_state - how far a request is
 * @LIBDMWARRANT_REQUEST_DRAFT:      its requester has yet to sign it
 * @LIBDMWARRANT_REQUEST_AWAITING:   approvals are missing
 * @LIBDMWARRANT_REQUEST_WAITING:    approved; the waiting period is not over
 * @LIBDMWARRANT_REQUEST_EXECUTABLE: it may be executed
 * @LIBDMWARRANT_REQUEST_HELD:       it might, but for a hold or a floor
 * @LIBDMWARRANT_REQUEST_CANCELLED:  by an officer
 * @LIBDMWARRANT_REQUEST_VOID:       its requester was revoked, or what it asks for is no more
 * @LIBDMWARRANT_REQUEST_EXECUTING:  begun; it cannot be cancelled any more
 * @LIBDMWARRANT_REQUEST_DONE:       done
 */
enum libdmwarrant_request_state {
	LIBDMWARRANT_REQUEST_DRAFT	= 1,
	LIBDMWARRANT_REQUEST_AWAITING	= 2,
	LIBDMWARRANT_REQUEST_WAITING	= 3,
	LIBDMWARRANT_REQUEST_EXECUTABLE	= 4,
	LIBDMWARRANT_REQUEST_HELD	= 5,
	LIBDMWARRANT_REQUEST_CANCELLED	= 6,
	LIBDMWARRANT_REQUEST_VOID	= 7,
	LIBDMWARRANT_REQUEST_EXECUTING	= 8,
	LIBDMWARRANT_REQUEST_DONE	= 9,
};

/** libdmwarrant_request_state_name() - "draft", "awaiting approvals", ...; "unknown" */
const char *libdmwarrant_request_state_name(enum libdmwarrant_request_state state);

#define LIBDMWARRANT_ASK_VERSION	1

/**
 * struct libdmwarrant_ask - what to ask for; members that a kind does not use are zero or NULL
 * @version:         LIBDMWARRANT_ASK_VERSION
 * @flags:           LIBDMWARRANT_CONTROL_DRY_RUN
 * @kind:            enum libdmwarrant_request_kind
 * @tag:             of a shred: case tag, from 1 on
 * @requester:       officer who asks; NULL = nobody, while the registry is not sealed
 * @warrant:         of a shred: as for libdmwarrant_warrant_get()
 * @volume:          of a shred: as for libdmwarrant_registry_volume_get()
 * @ground:          of a shred: "retention" (default), "court-order" or "privileged"
 * @order:           of a shred: reference of the order; mandatory
 * @order_date:      "2026-03-01"; NULL = not given
 * @order_authority: who gave it; NULL = not given
 * @order_file:      the order itself: its SHA-256 is recorded. NULL = not given
 * @officer:         name of the officer to be enrolled or revoked
 * @role:            of an officer to be enrolled; NULL = not given
 * @key:             public key of OpenSSH, one line; NULL = @certificate
 * @certificate:     X.509, PEM; NULL = @key
 * @authority:       PEM: @certificate must have been issued by one of these; NULL = not looked at
 * @reason:          of a revocation; mandatory
 * @approvals:       of a policy
 * @waiting:         of a policy
 * @reserved:        zero
 */
struct libdmwarrant_ask {
	uint32_t	version;
	uint32_t	flags;
	uint32_t	kind;
	uint32_t	tag;
	const char	*requester;
	const char	*warrant;
	const char	*volume;
	const char	*ground;
	const char	*order;
	const char	*order_date;
	const char	*order_authority;
	const char	*order_file;
	const char	*officer;
	const char	*role;
	const char	*key;
	const char	*certificate;
	const char	*authority;
	const char	*reason;
	uint32_t	approvals;
	uint32_t	pad;
	int64_t		waiting;
	uint64_t	reserved[8];
};

/**
 * libdmwarrant_request_ask() - make a request
 * @reg:     registry
 * @ask:     what for
 * @request: receives its id; "" = done at once: officers and policy, while the registry is not
 *           sealed
 *
 * The request stands in the log as a draft, until its requester has signed its text.
 *
 * Return: 0; -EINVAL; -ENOENT no such officer, warrant, volume or tag; -EPERM the requester is
 * revoked; -EEXIST there is such an officer or such a key, or such a request already; -EALREADY it
 * is shredded; -EBUSY held.
 */
int libdmwarrant_request_ask(struct libdmwarrant_registry *reg, const struct libdmwarrant_ask *ask,
			     char request[37]);

/**
 * enum libdmwarrant_request_act - what an officer does by signing
 * @LIBDMWARRANT_ACT_SIGN:    asks for it, as its requester
 * @LIBDMWARRANT_ACT_APPROVE: agrees
 * @LIBDMWARRANT_ACT_CANCEL:  stops it; one officer is enough, until it is begun
 */
enum libdmwarrant_request_act {
	LIBDMWARRANT_ACT_SIGN		= 1,
	LIBDMWARRANT_ACT_APPROVE	= 2,
	LIBDMWARRANT_ACT_CANCEL		= 3,
};

/**
 * libdmwarrant_request_text() - the text that is to be signed
 * @reg:     registry
 * @request: id
 * @act:     enum libdmwarrant_request_act; signing and approving have one text
 * @text:    receives it; free() it
 *
 * It is signed with ssh-keygen -Y sign -n dm-warrant-request, or as a detached CMS.
 */
int libdmwarrant_request_text(struct libdmwarrant_registry *reg, const char *request, uint32_t act,
			      char **text);

/**
 * libdmwarrant_request_act() - hand in a signature
 * @reg:       registry
 * @request:   id
 * @act:       enum libdmwarrant_request_act
 * @officer:   who has signed
 * @signature: SSHSIG, armoured, or CMS, PEM or DER
 * @size:      bytes of it
 * @flags:     0 or LIBDMWARRANT_CONTROL_DRY_RUN
 *
 * A request on officers or the clock is carried out together with the last approval that it needs.
 *
 * Return: 0; -ENOENT no such request or officer; -EINVAL it is no signature; -EKEYREJECTED it is
 * another one than needed; -EPERM the officer is revoked, or is the requester, or is not;
 * -EALREADY the officer has done so before; -ECANCELED the request is cancelled, void, executed or
 * a draft; -EEXIST another request has the same target.
 */
int libdmwarrant_request_act(struct libdmwarrant_registry *reg, const char *request, uint32_t act,
			     const char *officer, const void *signature, size_t size,
			     uint32_t flags);

/**
 * libdmwarrant_request_apply() - carry out a request on the policy, when its waiting period is over
 * @reg:     registry
 * @request: id
 * @flags:   0 or LIBDMWARRANT_CONTROL_DRY_RUN
 *
 * Shreds are carried out elsewhere: libdmwarrant-shred.h.
 */
int libdmwarrant_request_apply(struct libdmwarrant_registry *reg, const char *request,
			       uint32_t flags);

/**
 * libdmwarrant_officer_revocation_text() - what an officer signs who gives up the own key
 * @reg:     registry
 * @officer: name
 * @reason:  mandatory
 * @text:    receives it; free() it
 */
int libdmwarrant_officer_revocation_text(struct libdmwarrant_registry *reg, const char *officer,
					 const char *reason, char **text);

/**
 * libdmwarrant_officer_resign() - revoke an officer by the own signature, at once
 * @reg:       registry
 * @officer:   name
 * @reason:    as in the text
 * @signature: over libdmwarrant_officer_revocation_text()
 * @size:      bytes of it
 * @flags:     0 or LIBDMWARRANT_CONTROL_DRY_RUN
 */
int libdmwarrant_officer_resign(struct libdmwarrant_registry *reg, const char *officer,
				const char *reason, const void *signature, size_t size,
				uint32_t flags);

#define LIBDMWARRANT_REQUEST_VERSION	1

/**
 * struct libdmwarrant_request - a request
 * @version:    LIBDMWARRANT_REQUEST_VERSION
 * @kind:       enum libdmwarrant_request_kind
 * @state:      enum libdmwarrant_request_state
 * @needed:     approvals
 * @approvals:  that count
 * @tag:        of a shred; 0 = none
 * @id:         UUID
 * @requester:  name
 * @warrant:    UUID, of a shred; "" = none
 * @volume:     UUID, of a shred; "" = none
 * @target:     what it is about, in words
 * @order:      reference; "" = none
 * @made:       when
 * @not_before: when it may be executed; 0 = not known yet
 * @why:        held or void: why, one sentence; "" = neither
 * @text:       that is signed
 * @digest:     SHA-256 of @text
 * @json:       all the log says: the request's entry, the signatures
 * @reserved:   zero
 */
struct libdmwarrant_request {
	uint32_t	version;
	uint32_t	kind;
	uint32_t	state;
	uint32_t	needed;
	uint32_t	approvals;
	uint32_t	tag;
	const char	*id;
	const char	*requester;
	const char	*warrant;
	const char	*volume;
	const char	*target;
	const char	*order;
	int64_t		made;
	int64_t		not_before;
	const char	*why;
	const char	*text;
	uint8_t		digest[LIBDMWARRANT_DIGEST_SIZE];
	const char	*json;
	uint64_t	reserved[8];
};

typedef int (*libdmwarrant_request_fn)(void *arg, const struct libdmwarrant_request *q);

/** libdmwarrant_request_find() - @fn is called once, and its result returned; -ENOENT */
int libdmwarrant_request_find(struct libdmwarrant_registry *reg, const char *request,
			      libdmwarrant_request_fn fn, void *arg);

/** libdmwarrant_request_list() - all, oldest first; non-zero ends with -ECANCELED */
int libdmwarrant_request_list(struct libdmwarrant_registry *reg, libdmwarrant_request_fn fn,
			      void *arg);

#ifdef __cplusplus
}
#endif

#endif
