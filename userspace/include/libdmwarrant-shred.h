/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libdmwarrant, shredding: carrying out what officers have approved, and the certificate of it.
 *
 * The conventions of libdmwarrant.h hold. Each step of a shred is an entry of the audit log, written
 * when the step is done and proven. So the log says at any moment what is done and what is not, and
 * whatever is interrupted is taken up again where it stopped.
 */
#ifndef LIBDMWARRANT_SHRED_H
#define LIBDMWARRANT_SHRED_H

#include "libdmwarrant-volume.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- carrying it out ---- */

#define LIBDMWARRANT_SHRED_VERSION	1

#define LIBDMWARRANT_SHRED_DRY_RUN	(1U << 0)	/* all checks, no change */
#define LIBDMWARRANT_SHRED_RESUME	(1U << 1)	/* only what has begun */
#define LIBDMWARRANT_SHRED_DISCARD	(1U << 2)	/* discard the LUNs of a whole warrant */
#define LIBDMWARRANT_SHRED_UNMEASURED	(1U << 3)	/* read nothing of what goes */

#define LIBDMWARRANT_SHRED_HOST_SECONDS	60

/**
 * struct libdmwarrant_shred_params - which request to carry out, and how
 * @version:      LIBDMWARRANT_SHRED_VERSION
 * @flags:        LIBDMWARRANT_SHRED_...
 * @host_seconds: how long to wait for other hosts that have a volume open; 0 =
 *                LIBDMWARRANT_SHRED_HOST_SECONDS
 * @pad:          zero
 * @request:      UUID text of the request
 * @keystore:     URI; NULL = as the registry has it
 * @unlock:       what unlocks the warrant's keys; NULL is enough for a whole warrant, of which then
 *                less is known afterwards
 * @person:       who carries it out, for the certificate; this and the rest: NULL = not recorded
 * @title:        that person's position
 * @location:     where
 * @contact:      telephone, mail or address
 * @property:     number that the organisation has given to the LUN
 * @category:     confidentiality of the data before
 * @reserved:     zero
 */
struct libdmwarrant_shred_params {
	uint32_t				version;
	uint32_t				flags;
	uint32_t				host_seconds;
	uint32_t				pad;
	const char				*request;
	const char				*keystore;
	const struct libdmwarrant_unlock	*unlock;
	const char				*person;
	const char				*title;
	const char				*location;
	const char				*contact;
	const char				*property;
	const char				*category;
	uint64_t				reserved[8];
};

/* Steps, in their order. */
#define LIBDMWARRANT_SHRED_BEGUN	(1U << 0)	/* from here on it cannot be cancelled */
#define LIBDMWARRANT_SHRED_MEASURED	(1U << 1)	/* what goes is known, as far as it can be */
#define LIBDMWARRANT_SHRED_HOSTS	(1U << 2)	/* keys have left the kernels */
#define LIBDMWARRANT_SHRED_DESTROYED	(1U << 3)	/* keys are destroyed in the key store */
#define LIBDMWARRANT_SHRED_PROVEN	(1U << 4)	/* the key store was asked for them in vain */
#define LIBDMWARRANT_SHRED_DONE		(1U << 5)
#define LIBDMWARRANT_SHRED_CERTIFIED	(1U << 6)

/**
 * struct libdmwarrant_shred_result - what was done, valid also after an error
 * @version:     LIBDMWARRANT_SHRED_VERSION
 * @steps:       LIBDMWARRANT_SHRED_...: those that are done, now or before
 * @keys:        destroyed
 * @hosts:       that had a volume open
 * @unreached:   of them
 * @pad:         zero
 * @certificate: UUID text; "" = none yet
 * @digest:      SHA-256 of the certificate, hex
 * @reserved:    zero
 */
struct libdmwarrant_shred_result {
	uint32_t	version;
	uint32_t	steps;
	uint32_t	keys;
	uint32_t	hosts;
	uint32_t	unreached;
	uint32_t	pad;
	char		certificate[37];
	char		digest[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	uint64_t	reserved[8];
};

/**
 * libdmwarrant_shred_execute() - carry out an approved request, or go on with it
 * @ctx:    context
 * @config: registry
 * @params: which, and how
 * @result: receives what is done
 *
 * All that stands against it is looked at once more, and "shred.begun" is written, in one
 * transaction: until then anybody who may can cancel, afterwards nobody. Then: what goes is
 * measured; the keys leave the kernel of each host that has a volume open; they are destroyed in
 * the key store; the key store is opened anew and asked for them in vain; a certificate is made and
 * signed.
 *
 * Hosts that do not answer in time do not hold it up: the order demands that the keys go. They are
 * named on the certificate.
 *
 * An error from the second step on leaves the request in execution, and says what is done and what
 * is not. The same call goes on.
 *
 * Return: 0 done, proven and certified; -EAGAIN approvals are missing or the waiting period is not
 * over; -EBUSY a hold; -EPERM retention; -ECANCELED it was cancelled; -EALREADY it was done before;
 * -ETIME the clock cannot be believed; -ENOENT no such request; -ENOKEY locked.
 */
int libdmwarrant_shred_execute(struct libdmwarrant *ctx, const struct libdmwarrant_config *config,
			       const struct libdmwarrant_shred_params *params,
			       struct libdmwarrant_shred_result *result);

/* ---- certificates ---- */

#define LIBDMWARRANT_CERTIFICATE_VERSION	1

#define LIBDMWARRANT_CERTIFICATE_NAMESPACE	"dm-warrant-certificate"

/**
 * struct libdmwarrant_certificate - a certificate in the log
 * @version:   LIBDMWARRANT_CERTIFICATE_VERSION
 * @pad:       zero
 * @seq:       entry of the log that has it
 * @time:      when it was issued, Unix seconds
 * @uuid:      UUID text
 * @request:   UUID text of the request that was carried out
 * @digest:    SHA-256 of @json, hex
 * @summary:   what was destroyed, one line
 * @json:      the certificate, canonical JSON, with a final line feed
 * @signature: SSHSIG over it, armored
 * @reserved:  zero
 */
struct libdmwarrant_certificate {
	uint32_t	version;
	uint32_t	pad;
	uint64_t	seq;
	int64_t		time;
	char		uuid[37];
	char		request[37];
	char		digest[2 * LIBDMWARRANT_DIGEST_SIZE + 1];
	char		summary[160];
	const char	*json;
	const char	*signature;
	uint64_t	reserved[4];
};

/**
 * libdmwarrant_certificates() - all certificates, oldest first; non-zero ends: -ECANCELED
 * @reg: registry
 * @key: UUID text of a certificate or of a request; NULL = all
 * @fn:  takes each; its texts are valid during the call
 * @arg: for @fn
 *
 * Return: 0; -ENOENT there is none of @key; -EUCLEAN the log was changed.
 */
int libdmwarrant_certificates(struct libdmwarrant_registry *reg, const char *key,
			      int (*fn)(void *arg, const struct libdmwarrant_certificate *c),
			      void *arg);

/**
 * enum libdmwarrant_certificate_format - forms of a certificate for people
 * @LIBDMWARRANT_CERTIFICATE_HTML: one file that loads nothing, for screen and A4
 * @LIBDMWARRANT_CERTIFICATE_PDF:  A4
 */
enum libdmwarrant_certificate_format {
	LIBDMWARRANT_CERTIFICATE_HTML	= 1,
	LIBDMWARRANT_CERTIFICATE_PDF	= 2,
};

/**
 * libdmwarrant_certificate_render() - make a form for people of a certificate
 * @ctx:    context
 * @json:   the certificate
 * @size:   bytes of it
 * @format: enum libdmwarrant_certificate_format
 * @out:    receives it; free() it
 * @length: receives its bytes
 *
 * The same certificate gives the same bytes, everywhere and always.
 *
 * Return: 0; -EINVAL it is no certificate.
 */
int libdmwarrant_certificate_render(struct libdmwarrant *ctx, const char *json, size_t size,
				    enum libdmwarrant_certificate_format format, char **out,
				    size_t *length);

/**
 * enum libdmwarrant_verdict - of one look at a certificate
 * @LIBDMWARRANT_PASS:    it is as it should be
 * @LIBDMWARRANT_FAILED:  it is not
 * @LIBDMWARRANT_UNKNOWN: there is nothing to judge it by
 */
enum libdmwarrant_verdict {
	LIBDMWARRANT_PASS	= 1,
	LIBDMWARRANT_FAILED	= 2,
	LIBDMWARRANT_UNKNOWN	= 3,
};

/**
 * struct libdmwarrant_certificate_check - a certificate and what it is to be judged by
 * @version:        LIBDMWARRANT_CERTIFICATE_VERSION
 * @pad:            zero
 * @json:           the certificate
 * @json_size:      bytes of it
 * @signature:      SSHSIG, armored; NULL = none
 * @signature_size: bytes of it
 * @key:            the installation's public key, a line as of an OpenSSH .pub file, had from
 *                  somewhere else than the certificate; NULL = none
 * @officers:       file in the format of ssh-keygen's allowed signers: "NAME KEYTYPE KEY" lines,
 *                  had from somewhere else; NULL = none
 * @officers_size:  bytes of it
 * @stamp:          RFC 3161 reply, DER; NULL = none
 * @stamp_size:     bytes of it
 * @stamp_ca:       path of a file with the time stamp authority's CA certificates, PEM; NULL = none
 * @html:           form for people, to be compared; NULL = none
 * @html_size:      bytes of it
 * @pdf:            likewise
 * @pdf_size:       bytes of it
 * @reserved:       zero
 */
struct libdmwarrant_certificate_check {
	uint32_t	version;
	uint32_t	pad;
	const char	*json;
	size_t		json_size;
	const char	*signature;
	size_t		signature_size;
	const char	*key;
	const char	*officers;
	size_t		officers_size;
	const void	*stamp;
	size_t		stamp_size;
	const char	*stamp_ca;
	const char	*html;
	size_t		html_size;
	const char	*pdf;
	size_t		pdf_size;
	uint64_t	reserved[8];
};

/**
 * libdmwarrant_certificate_verify() - judge a certificate, offline
 * @ctx:   context
 * @check: certificate, and what to judge it by
 * @fn:    takes each verdict: what was looked at, and why the verdict is so; not NULL
 * @arg:   for @fn
 *
 * Neither registry nor key store is asked. The certificate is distrusted byte by byte.
 *
 * Return: 0 nothing failed; -EUCLEAN something did; -EINVAL it is no certificate at all.
 */
int libdmwarrant_certificate_verify(struct libdmwarrant *ctx,
				    const struct libdmwarrant_certificate_check *check,
				    void (*fn)(void *arg, const char *what,
					       enum libdmwarrant_verdict verdict, const char *why),
				    void *arg);

#ifdef __cplusplus
}
#endif

#endif
