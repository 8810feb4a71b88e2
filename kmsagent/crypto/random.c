/* SPDX-License-Identifier: MIT */
/*
 * A pool over getrandom(2), since a system call or RAND_bytes() for every
 * nonce costs more than sealing a small message.  A nonce that came twice
 * would be fatal, so the pool cannot be shared: not by threads (each has its
 * own) and not by a forked child (the kernel gives it the page zeroed, count
 * and all, which reads as an empty pool).
 */
#include "kmsagent/crypto/random.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#define POOL_BYTES 4096

struct pool {
	size_t left; /* bytes at the start of @bytes not given out yet */
	uint8_t bytes[POOL_BYTES - sizeof(size_t)];
};

static pthread_once_t pool_once = PTHREAD_ONCE_INIT;
static pthread_key_t pool_key; /* only for its destructor at thread exit */
static bool pool_key_made;
static __thread struct pool *pool_mine;

static void pool_free(void *p)
{
	munmap(p, sizeof(struct pool));
}

static void make_key(void)
{
	pool_key_made = pthread_key_create(&pool_key, pool_free) == 0;
}

static struct pool *pool_new(void)
{
	struct pool *p;

	if (pthread_once(&pool_once, make_key) != 0 || !pool_key_made)
		return NULL;
	p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	/* Linux 4.14.  Without it a fork would repeat nonces: do without. */
	if (madvise(p, sizeof(*p), MADV_WIPEONFORK) < 0 ||
	    pthread_setspecific(pool_key, p) != 0) {
		pool_free(p);
		return NULL;
	}
	return p;
}

static int fill(uint8_t *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = getrandom(buf, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EIO;
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

int random_nonce(void *buf, size_t len)
{
	struct pool *p = pool_mine;
	int r;

	if (!p)
		p = pool_mine = pool_new();
	if (!p)
		return -ENOMEM;
	if (len > sizeof(p->bytes))
		return fill(buf, len);
	if (p->left < len) {
		p->left = 0; /* a fill cut short leaves nothing behind */
		r = fill(p->bytes, sizeof(p->bytes));
		if (r < 0)
			return r;
		p->left = sizeof(p->bytes);
	}
	p->left -= len;
	memcpy(buf, p->bytes + p->left, len);
	return 0;
}
