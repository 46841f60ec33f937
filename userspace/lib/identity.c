// SPDX-License-Identifier: GPL-2.0-or-later
/* Who acts, and on which host: for histories and for marks of open volumes. */
#include <fcntl.h>
#include <pwd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "registry.h"

/* The first line of a small file; "" = it cannot be read. */
static void read_line(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = 0;
	text[strcspn(text, "\n")] = 0;
}

/* The login session's user survives sudo and su; without a session it is whoever runs us. */
static uid_t acting_user(void)
{
	char text[16];
	unsigned long uid;
	char *end;

	read_line("/proc/self/loginuid", text, sizeof(text));
	uid = strtoul(text, &end, 10);
	return end == text || uid == U32_MAX ? getuid() : uid;
}

static void user_name(char *text, size_t size)
{
	uid_t uid = acting_user();
	struct passwd entry, *found = NULL;
	char buf[4096];

	if (!getpwuid_r(uid, &entry, buf, sizeof(buf), &found) && found)
		lib_copy(text, size, found->pw_name);
	else
		snprintf(text, size, "uid %u", uid);
}

/* machine-id(5) asks that it is not shown to others as it is. */
static void host_id(char *text)
{
	static const char domain[] = "dm-warrant host 1";
	char input[sizeof(domain) + 64];
	u8 digest[LIBDMWARRANT_DIGEST_SIZE];
	unsigned int size;

	memcpy(input, domain, sizeof(domain));
	read_line("/etc/machine-id", input + sizeof(domain), 64);
	text[0] = 0;
	if (input[sizeof(domain)] &&
	    EVP_Digest(input, sizeof(domain) + strlen(input + sizeof(domain)), digest, &size,
		       EVP_sha256(), NULL))
		lib_hex(text, digest, sizeof(digest));
}

void lib_identity(struct lib_identity *id)
{
	struct utsname uts;

	memset(id, 0, sizeof(*id));
	user_name(id->user, sizeof(id->user));
	if (!uname(&uts))
		lib_copy(id->host, sizeof(id->host), uts.nodename);
	host_id(id->host_id);
	read_line("/proc/sys/kernel/random/boot_id", id->boot_id, sizeof(id->boot_id));
}
