// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel logged about us: an ioctl returns an errno, the reason is in the kernel's log. */
#include <fcntl.h>
#include <unistd.h>

#include "lib_private.h"

/** lib_kmsg_open() - remember this moment in the kernel's log. Return: descriptor, or -1 */
int lib_kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/*
 * A record is "priority,sequence,time,flags;text\n key=value...". Ours are those of the target and
 * of device-mapper's table code: "device-mapper: table: 252:0: warrant: reason".
 */
static void take_reason(char *record, char *text, size_t size)
{
	char *p = strchr(record, ';'), *reason;

	if (!p)
		return;
	p[strcspn(p, "\n")] = 0;
	if (!strstr(p, "device-mapper"))
		return;
	reason = strstr(p, "warrant: ");
	if (reason)
		lib_copy(text, size, reason + strlen("warrant: "));
}

/**
 * lib_kmsg_reason() - the last thing the target logged since lib_kmsg_open(); closes @fd
 * @fd:   from lib_kmsg_open(), may be -1
 * @text: receives it; "" = nothing found
 * @size: of @text
 */
void lib_kmsg_reason(int fd, char *text, size_t size)
{
	char record[8192];
	ssize_t n;

	text[0] = 0;
	if (fd < 0)
		return;
	for (;;) {
		n = read(fd, record, sizeof(record) - 1);
		/* EPIPE: the log has overrun us; go on with what is there. */
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (n <= 0)
			break;
		record[n] = 0;
		take_reason(record, text, size);
	}
	close(fd);
}
