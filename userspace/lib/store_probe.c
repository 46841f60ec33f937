// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does the store answer at all? A file system on a dead server keeps whoever asks it in the
 * kernel, out of reach of signals and timers. So somebody else asks first: a thread that can be
 * left behind.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "store.h"

/**
 * struct probe - shared by the thread and who waits for it; the last one frees it
 * @lock:    for the rest
 * @changed: @done has become true
 * @done:    there was an answer
 * @users:   2, 1, 0
 * @path:    to be asked for
 */
struct probe {
	pthread_mutex_t	lock;
	pthread_cond_t	changed;
	bool		done;
	int		users;
	char		path[];
};

static void put_probe(struct probe *p)
{
	bool last;

	pthread_mutex_lock(&p->lock);
	last = !--p->users;
	pthread_mutex_unlock(&p->lock);
	if (!last)
		return;
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* An error is an answer too: it is told by who asks again. */
static void *ask(void *arg)
{
	struct probe *p = arg;
	char byte;
	int fd;

	fd = open(p->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0) {
		if (read(fd, &byte, 1) < 0)
			byte = 0;
		close(fd);
	}
	pthread_mutex_lock(&p->lock);
	p->done = true;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
	put_probe(p);
	return NULL;
}

/* The caller's signals are not for this thread. */
static int start(struct probe *p)
{
	sigset_t all, before;
	pthread_t thread;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&thread, NULL, ask, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!ret)
		pthread_detach(thread);
	return -ret;
}

static struct probe *new_probe(const char *path)
{
	struct probe *p = calloc(1, sizeof(*p) + strlen(path) + sizeof("/" STORE_FORMAT));
	pthread_condattr_t attr;

	if (!p)
		return NULL;
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->changed, &attr);
	pthread_condattr_destroy(&attr);
	p->users = 1;
	sprintf(p->path, "%s/" STORE_FORMAT, path);
	return p;
}

static bool wait_for(struct probe *p, u32 timeout_ms)
{
	struct timespec end;
	bool done;
	int ret = 0;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += timeout_ms / 1000;
	end.tv_nsec += timeout_ms % 1000 * 1000000L;
	if (end.tv_nsec >= 1000000000L) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&p->lock);
	while (!p->done && !ret)
		ret = pthread_cond_timedwait(&p->changed, &p->lock, &end);
	done = p->done;
	pthread_mutex_unlock(&p->lock);
	return done;
}

/** lib_store_probe() - wait for the first answer of the file system. Return: 0; -ETIMEDOUT; ... */
int lib_store_probe(struct libdmwarrant_keystore *ks, const char *path)
{
	struct probe *p = new_probe(path);
	int ret;

	if (!p)
		return lib_fail(ks->ctx, -ENOMEM, "not enough memory");
	p->users++;
	ret = start(p);
	if (ret) {
		p->users--;
		lib_fail(ks->ctx, ret, "cannot start a thread: %s", strerror(-ret));
	} else if (!wait_for(p, ks->timeout_ms)) {
		ret = lib_fail(ks->ctx, -ETIMEDOUT,
			       "the key store %s did not answer within %u.%u s: its file system hangs; look at the disk or server below it",
			       path, ks->timeout_ms / 1000, ks->timeout_ms % 1000 / 100);
	}
	put_probe(p);
	return ret;
}
