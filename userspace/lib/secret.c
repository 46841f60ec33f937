// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory for keys: pages of their own that never reach swap, a core dump or a child process. */
#include <sys/mman.h>

#include "lib_private.h"

/**
 * lib_secret_alloc() - zeroed, locked memory
 *
 * Return: NULL when memory cannot be had or not be locked (RLIMIT_MEMLOCK): keys are never put into
 * memory that could be written to a disk.
 */
void *lib_secret_alloc(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (mlock(p, size) || madvise(p, size, MADV_DONTDUMP) ||
	    madvise(p, size, MADV_WIPEONFORK)) {
		munmap(p, size);
		return NULL;
	}
	return p;
}

/** lib_secret_free() - wipe and free; @size as it was allocated */
void lib_secret_free(void *p, size_t size)
{
	if (!p)
		return;
	dmw_memzero_secret(p, size);
	munmap(p, size);
}
