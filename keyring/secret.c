/* SPDX-License-Identifier: MIT */
/*
 * A small slab allocator over locked memory.  It must not know what the bytes
 * are for.  Free blocks hold nothing but the link to the next free block.
 */
#include "keyring/secret.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "keyring/missing.h"

#define CHUNK_BYTES	((size_t)64 << 10)
#define CLASS_MIN_SHIFT 6  /* 64 bytes */
#define CLASS_MAX_SHIFT 13 /* 8 KiB; larger secrets get their own mapping */
#define CLASS_COUNT	(CLASS_MAX_SHIFT - CLASS_MIN_SHIFT + 1)

struct free_block {
	struct free_block *next;
};

static pthread_mutex_t arena_lock = PTHREAD_MUTEX_INITIALIZER;
static struct free_block *arena_free[CLASS_COUNT];
static atomic_int arena_backing = SECRET_BACKING_MEMFD_SECRET;

static void backing_lower(enum secret_backing b)
{
	if ((int)b > atomic_load(&arena_backing))
		atomic_store(&arena_backing, (int)b);
}

/* Linux 5.14; off on the command line before 6.5, so failure is ordinary. */
static void *map_memfd_secret(size_t len)
{
	_close_ int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
	void *p;

	if (fd < 0 || ftruncate(fd, (off_t)len) < 0)
		return MAP_FAILED;
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return p;
	/* Touch every page now: a later fault could not report ENOMEM. */
	if (madvise(p, len, MADV_POPULATE_WRITE) < 0 && errno != EINVAL) {
		munmap(p, len);
		return MAP_FAILED;
	}
	return p;
}

static void *map_locked(size_t len)
{
	void *p = map_memfd_secret(len);

	if (p == MAP_FAILED) {
		p = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			return NULL;
		backing_lower(mlock(p, len) < 0 ? SECRET_BACKING_UNLOCKED
						: SECRET_BACKING_MLOCK);
	}
	/* memfd_secret is not dumped by itself; saying it twice is harmless. */
	(void)madvise(p, len, MADV_DONTDUMP);
	if (madvise(p, len, MADV_DONTFORK) < 0) {
		munmap(p, len);
		return NULL;
	}
	return p;
}

static int class_of(size_t len)
{
	int shift = CLASS_MIN_SHIFT;

	while (((size_t)1 << shift) < len)
		shift++;
	return shift - CLASS_MIN_SHIFT;
}

static size_t class_bytes(int class)
{
	return (size_t)1 << (class + CLASS_MIN_SHIFT);
}

static size_t page_round(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (len + page - 1) & ~(page - 1);
}

static bool arena_grow(int class)
{
	size_t block = class_bytes(class);
	uint8_t *chunk = map_locked(CHUNK_BYTES);

	if (!chunk)
		return false;
	for (size_t off = 0; off < CHUNK_BYTES; off += block) {
		struct free_block *b = (void *)(chunk + off);

		b->next = arena_free[class];
		arena_free[class] = b;
	}
	return true;
}

static void *arena_take(int class)
{
	struct free_block *b = NULL;

	pthread_mutex_lock(&arena_lock);
	if (arena_free[class] || arena_grow(class)) {
		b = arena_free[class];
		arena_free[class] = b->next;
		b->next = NULL;
	}
	pthread_mutex_unlock(&arena_lock);
	return b;
}

static void arena_give(void *p, int class)
{
	struct free_block *b = p;

	pthread_mutex_lock(&arena_lock);
	b->next = arena_free[class];
	arena_free[class] = b;
	pthread_mutex_unlock(&arena_lock);
}

int secret_alloc(struct secret *s, size_t len)
{
	uint8_t *p;
	size_t cap;

	secret_done(s);
	if (len == 0 || len > SECRET_MAX_BYTES)
		return -EINVAL;
	if (len > class_bytes(CLASS_COUNT - 1)) {
		cap = page_round(len);
		p = map_locked(cap);
	} else {
		cap = class_bytes(class_of(len));
		p = arena_take(class_of(len));
	}
	if (!p)
		return -ENOMEM;
	*s = (struct secret){.bytes = p, .len = len, .cap = cap};
	return 0;
}

int secret_set(struct secret *s, const void *src, size_t len)
{
	_cleanup_(secret_done) struct secret new = SECRET_INIT;
	int r = secret_alloc(&new, len);

	if (r < 0)
		return r;
	memcpy(new.bytes, src, len);
	secret_move(s, &new);
	return 0;
}

int secret_random(struct secret *s, size_t len)
{
	int r = secret_alloc(s, len);

	if (r < 0)
		return r;
	for (size_t got = 0; got < len;) {
		ssize_t n = getrandom(s->bytes + got, len - got, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			secret_done(s);
			return -EIO;
		}
		got += (size_t)n;
	}
	return 0;
}

void secret_truncate(struct secret *s, size_t len)
{
	if (len >= s->len)
		return;
	secret_wipe(s->bytes + len, s->len - len);
	s->len = len;
}

void secret_move(struct secret *to, struct secret *from)
{
	if (to == from)
		return;
	secret_done(to);
	*to = *from;
	*from = SECRET_INIT;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	unsigned char diff = 0;

	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		diff |= a->bytes[i] ^ b->bytes[i];
	return diff == 0;
}

void secret_done(struct secret *s)
{
	if (s->cap == 0) {
		*s = SECRET_INIT;
		return;
	}
	secret_wipe(s->bytes, s->cap);
	if (s->cap > class_bytes(CLASS_COUNT - 1))
		munmap(s->bytes, s->cap);
	else
		arena_give(s->bytes, class_of(s->cap));
	*s = SECRET_INIT;
}

void secret_wipe(void *p, size_t len)
{
	if (len)
		explicit_bzero(p, len);
}

enum secret_backing secret_backing(void)
{
	return (enum secret_backing)atomic_load(&arena_backing);
}

int secret_harden_process(void)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return 0;
}
