/* SPDX-License-Identifier: MIT */
/* What struct secret promises: locked, undumped, uninherited, wiped. */
#include "keyring/secret.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/unit/tap.h"

/* The VmFlags line of the mapping that holds @p. */
static bool mapping_has_flag(const void *p, const char *flag)
{
	_fclose_ FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long at = (unsigned long)(uintptr_t)p, start, end;
	char line[512];
	bool inside = false;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = at >= start && at < end;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			return strstr(line, flag) != NULL;
	}
	return false;
}

static void lives_in_guarded_memory(size_t len)
{
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	_close_ int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	char byte;

	TAP_EQ_INT(secret_random(&s, len), 0, "random_fills_a_secret");
	TAP_OK(mapping_has_flag(s.bytes, " lo"), "mapping_is_locked");
	TAP_OK(mapping_has_flag(s.bytes, " dd"), "mapping_is_not_dumped");
	TAP_OK(mapping_has_flag(s.bytes, " dc"), "mapping_is_not_inherited");
	if (secret_backing() != SECRET_BACKING_MEMFD_SECRET)
		tap_skip("proc_mem_cannot_read_it", "no memfd_secret here");
	else
		TAP_OK(pread(mem, &byte, 1, (off_t)(uintptr_t)s.bytes) < 0,
		       "proc_mem_cannot_read_it");
}

static void child_faults_on_a_secret(void)
{
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	int status = 0;
	pid_t pid;

	if (secret_set(&s, "0123456789abcdef", 16) < 0)
		abort();
	pid = fork();
	if (pid == 0) {
		volatile uint8_t *p = s.bytes;

		_exit(*p == '0' ? 0 : 1);
	}
	TAP_OK(pid > 0 && waitpid(pid, &status, 0) == pid &&
		       WIFSIGNALED(status),
	       "child_that_touches_it_dies");
}

static void freed_blocks_are_wiped(void)
{
	struct secret s = SECRET_INIT, other = SECRET_INIT;
	const uint8_t *old;
	size_t nonzero = 0;

	if (secret_set(&s, "sixteen byte key", 16) < 0)
		abort();
	old = s.bytes;
	secret_done(&s);
	/* The block stays mapped in the arena; its first word is a link. */
	for (size_t i = sizeof(void *); i < 16; i++)
		nonzero += old[i] != 0;
	TAP_EQ_INT((long long)nonzero, 0, "block_is_wiped_when_freed");
	TAP_OK(!s.bytes && !s.len, "secret_is_empty_when_done");
	secret_done(&s);
	TAP_OK(secret_alloc(&other, 16) == 0 && other.bytes == old,
	       "freed_block_is_used_again");
	for (size_t i = 0; i < 16; i++)
		nonzero += other.bytes[i] != 0;
	TAP_EQ_INT((long long)nonzero, 0, "fresh_secret_is_zero");
	secret_done(&other);
}

static void limits_and_moves(void)
{
	_cleanup_(secret_done) struct secret a = SECRET_INIT, b = SECRET_INIT;

	TAP_EQ_INT(secret_alloc(&a, 0), -EINVAL, "zero_bytes_are_refused");
	TAP_EQ_INT(secret_alloc(&a, SECRET_MAX_BYTES + 1), -EINVAL,
		   "more_than_the_maximum_is_refused");
	TAP_EQ_INT(secret_set(&a, "one", 3), 0, "set_copies");
	TAP_EQ_INT(secret_set(&b, "one", 3), 0, "set_copies_again");
	TAP_OK(secret_equal(&a, &b), "equal_secrets_compare_equal");
	b.bytes[2] ^= 1;
	TAP_OK(!secret_equal(&a, &b), "last_byte_is_compared");
	secret_truncate(&b, 2);
	TAP_OK(b.len == 2 && b.bytes[2] == 0, "truncate_wipes_the_rest");
	TAP_OK(!secret_equal(&a, &b), "other_lengths_differ");
	secret_move(&b, &a);
	TAP_OK(!a.bytes && b.len == 3 && !memcmp(b.bytes, "one", 3),
	       "move_empties_the_source");
	TAP_EQ_INT(secret_set(&b, b.bytes, 2), 0, "set_from_itself_works");
	TAP_OK(b.len == 2 && !memcmp(b.bytes, "on", 2),
	       "set_from_itself_keeps_the_bytes");
}

int main(void)
{
	lives_in_guarded_memory(32);
	lives_in_guarded_memory(100000);
	child_faults_on_a_secret();
	freed_blocks_are_wiped();
	limits_and_moves();
	return tap_done();
}
