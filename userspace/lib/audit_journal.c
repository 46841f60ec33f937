// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A second copy of what the audit log says, for the system's journal: whoever rewrites the log must
 * rewrite that too, and journals are often sent to another machine.
 */
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "audit_log.h"

#define JOURNAL	"/run/systemd/journal/socket"

/* systemd's native protocol: one datagram of lines NAME=VALUE. Return: false = nobody took it. */
static bool send_native(const char *text, size_t size)
{
	static const struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = JOURNAL };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool sent;

	if (fd < 0)
		return false;
	sent = sendto(fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&to,
		      sizeof(to)) == (ssize_t)size;
	close(fd);
	return sent;
}

/* The priorities of syslog(3). */
static void tell(int priority, const char *message, const char *fields)
{
	char text[2048];
	int n = snprintf(text, sizeof(text),
			 "MESSAGE=%s\nPRIORITY=%d\nSYSLOG_IDENTIFIER=dm-warrant\nSYSLOG_FACILITY=10\n%s",
			 message, priority, fields);

	if (n < (int)sizeof(text) && send_native(text, n))
		return;
	openlog("dm-warrant", LOG_NDELAY, LOG_AUTHPRIV);
	syslog(LOG_AUTHPRIV | priority, "%s", message);
	closelog();
}

/** lib_audit_tell() - tell the journal of an entry; best effort, it cannot be undone any more */
void lib_audit_tell(const struct libdmwarrant_registry *r, const struct lib_audit_news *n)
{
	char hash[2 * LIB_MERKLE_HASH + 1], message[512], fields[512];

	lib_hex(hash, n->hash, sizeof(n->hash));
	snprintf(message, sizeof(message), "audit log %s: entry %llu, %s, leaf hash %s",
		 r->log->key.name, (unsigned long long)n->seq, n->kind, hash);
	snprintf(fields, sizeof(fields),
		 "DM_WARRANT_LOG=%s\nDM_WARRANT_SEQ=%llu\nDM_WARRANT_KIND=%s\nDM_WARRANT_LEAF_HASH=%s\n",
		 r->log->key.name, (unsigned long long)n->seq, n->kind, hash);
	tell(LOG_NOTICE, message, fields);
}

/** lib_audit_tell_lost() - tell the journal of a command that the log could not be told of */
void lib_audit_tell_lost(const struct libdmwarrant_registry *r, const char *noun,
			 const char *verb, const char *error)
{
	char message[1024], *c;

	snprintf(message, sizeof(message), "registry %.200s: %s %s: %.300s; not in the audit log: %.300s",
		 r->place, noun, verb, error ? error : "done", r->ctx->error);
	/* A line end would begin a field of the journal. */
	for (c = message; *c; c++)
		if (*c == '\n')
			*c = ' ';
	tell(LOG_ERR, message, "");
}
