/* SPDX-License-Identifier: MIT */
/*
 * Nonces never come twice: not in a row, not in two threads, not on both
 * sides of a fork.  And threads may share a key.
 */
#include <pthread.h>
#include <sys/wait.h>

#include "kmsagent/crypto/aead.h"
#include "kmsagent/crypto/random.h"
#include "tests/unit/tap.h"

#define PER_THREAD 20000
#define THREADS	   3

typedef uint8_t nonce[XAES_NONCE_BYTES];

static nonce all[THREADS][PER_THREAD];
static struct xaes_key key;

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(nonce));
}

/* Fill a third of the table; each tenth nonce also seals and opens. */
static void *work(void *arg)
{
	nonce *mine = arg;
	uint8_t sealed[5 + AEAD_TAG_BYTES], plain[5];

	for (size_t i = 0; i < PER_THREAD; i++) {
		if (random_nonce(mine[i], sizeof(nonce)) < 0)
			return (void *)"no nonce";
		if (i % 10)
			continue;
		if (xaes_seal(&key, mine[i], AAD_NONE, "hello", 5, sealed) ||
		    xaes_open(&key, mine[i], AAD_NONE, sealed, sizeof(sealed),
			      plain) ||
		    memcmp(plain, "hello", 5) != 0)
			return (void *)"not what was sealed";
	}
	return NULL;
}

static void test_threads(void)
{
	_cleanup_(secret_done) struct secret bytes = SECRET_INIT;
	pthread_t threads[THREADS];
	size_t repeats = 0, failed = 0;
	nonce *flat = all[0];

	if (secret_random(&bytes, AEAD_KEY_BYTES) < 0 ||
	    xaes_key_init(&key, &bytes) < 0)
		abort();
	for (size_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, all[i]) != 0)
			abort();
	for (size_t i = 0; i < THREADS; i++) {
		void *said;

		pthread_join(threads[i], &said);
		failed += said != NULL;
		if (said)
			tap_diag("%s", (const char *)said);
	}
	TAP_EQ_INT((long long)failed, 0, "threads_share_a_key");
	qsort(flat, (size_t)THREADS * PER_THREAD, sizeof(nonce), compare);
	for (size_t i = 1; i < (size_t)THREADS * PER_THREAD; i++)
		repeats += compare(flat[i - 1], flat[i]) == 0;
	TAP_EQ_INT((long long)repeats, 0, "no_nonce_comes_twice_in_threads");
	xaes_key_done(&key);
}

/* Run before any secret exists: a child has no secret memory. */
static void test_fork(void)
{
	nonce here, there = {0};
	int fds[2], status;
	pid_t child;

	/* Something is in the pool when it forks. */
	if (random_nonce(here, sizeof(here)) < 0 || pipe(fds) < 0)
		abort();
	child = fork();
	if (child == 0) {
		if (random_nonce(there, sizeof(there)) < 0 ||
		    write(fds[1], there, sizeof(there)) != sizeof(there))
			_exit(1);
		_exit(0);
	}
	if (child < 0 || random_nonce(here, sizeof(here)) < 0 ||
	    waitpid(child, &status, 0) < 0)
		abort();
	TAP_OK(status == 0 && read(fds[0], there, sizeof(there)) ==
				      (ssize_t)sizeof(there),
	       "a_forked_child_has_nonces");
	TAP_OK(compare(here, there) != 0, "and_not_its_parents");
	close(fds[0]);
	close(fds[1]);
}

static void test_sizes(void)
{
	static uint8_t big[3][10000];
	static const uint8_t zeros[64];

	TAP_OK(random_nonce(big[0], sizeof(big[0])) == 0 &&
		       random_nonce(big[1], sizeof(big[1])) == 0 &&
		       memcmp(big[0], big[1], sizeof(big[0])) != 0 &&
		       memcmp(big[0] + sizeof(big[0]) - 64, zeros, 64) != 0,
	       "more_than_a_pool_at_once");
	TAP_OK(random_nonce(big[2], 4088) == 0 &&
		       memcmp(big[2] + 4088 - 64, zeros, 64) != 0 &&
		       memcmp(big[2], zeros, 64) != 0 && big[2][4088] == 0,
	       "a_whole_pool_at_once");
}

int main(void)
{
	test_fork();
	test_sizes();
	test_threads();
	return tap_done();
}
