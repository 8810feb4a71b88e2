/* SPDX-License-Identifier: MIT */
/*
 * Engines: what the probe makes of kernels that refuse in each known way,
 * what "auto" and a strict choice make of the probe, and that an engine with
 * wrong results does not pass.  This program has socket, bind and open of its
 * own, which the code under test meets instead of the C library's; the real
 * kernels are in tests/sys/bulk-engines.sh.
 */
#include <fcntl.h>
#include <linux/if_alg.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "kcapi/engine.h"
#include "kcapi/probe.h"
#include "keyring/missing.h"
#include "tap.h"

/* A kernel as a program sees it: 0, or the errno that it answers. */
static struct kernel {
	const char *name;
	int socket;
	int gcm, ccm, cbc; /* of bind */
	char restricted;   /* what the sysctl reads, 0 = there is none */
	enum bulk_verdict verdict;
	const char *says;
} kernels[] = {
	{"kernel_without_af_alg_is_recognised", EAFNOSUPPORT, 0, 0, 0, 0,
	 BULK_VERDICT_NO_AF_ALG, "CONFIG_CRYPTO_USER_API"},
	{"af_alg_switched_off_is_recognised", EAFNOSUPPORT, 0, 0, 0, '2',
	 BULK_VERDICT_NO_AF_ALG, "af_alg_restrict is 2"},
	{"blacklisted_algif_aead_is_recognised", 0, ENOENT, ENOENT, 0, 0,
	 BULK_VERDICT_NO_AEAD, "CVE-2026-31431"},
	{"blacklisted_ciphers_are_recognised", 0, ENOENT, ENOENT, ENOENT, 0,
	 BULK_VERDICT_NO_AEAD, "algif_skcipher"},
	{"restricted_kernel_is_recognised", 0, ENOENT, 0, 0, '1',
	 BULK_VERDICT_RESTRICTED, "default since Linux 7.3"},
	{"restriction_shows_without_privilege_too", 0, ENOENT, ENOENT, ENOENT,
	 '1', BULK_VERDICT_RESTRICTED, "default since Linux 7.3"},
	{"kernel_without_gcm_is_recognised", 0, ENOENT, 0, 0, '0',
	 BULK_VERDICT_RESTRICTED, "CONFIG_CRYPTO_GCM"},
	{"filtered_socket_is_recognised", EPERM, 0, 0, 0, 0,
	 BULK_VERDICT_DENIED, "seccomp"},
	{"filtered_bind_is_recognised", 0, EACCES, 0, 0, 0, BULK_VERDICT_DENIED,
	 "security module"},
	{"other_errors_are_told_as_they_are", 0, ENOMEM, 0, 0, 0,
	 BULK_VERDICT_ERROR, "allocate memory"},
	{"missing_descriptors_are_no_missing_kernel", EMFILE, 0, 0, 0, 0,
	 BULK_VERDICT_ERROR, "Too many open files"},
};
static const struct kernel *kernel;
static int sockets_open; /* by the code under test */

int fake_socket(int family, int type, int protocol) __asm__("socket");
int fake_bind(int fd, const struct sockaddr *sa, socklen_t len) __asm__("bind");
int fake_open(const char *path, int flags, ...) __asm__("open");

static int answer(int error)
{
	errno = error;
	return error ? -1 : 0;
}

/* Any descriptor will do: only bind looks at it. */
int fake_socket(int family, int type, int protocol)
{
	if (!kernel || family != AF_ALG)
		return (int)syscall(SYS_socket, family, type, protocol);
	if (kernel->socket)
		return answer(kernel->socket);
	sockets_open++;
	return (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_CLOEXEC);
}

int fake_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	const struct sockaddr_alg *alg = (const void *)sa;

	if (!kernel || sa->sa_family != AF_ALG)
		return (int)syscall(SYS_bind, fd, sa, len);
	if (strcmp((const char *)alg->salg_type, "skcipher") == 0)
		return answer(kernel->cbc);
	if (strcmp((const char *)alg->salg_name, BULK_ALG_NAME) == 0)
		return answer(kernel->gcm);
	return answer(kernel->ccm);
}

int fake_open(const char *path, int flags, ...)
{
	int p[2];

	if (!kernel || strcmp(path, "/proc/sys/crypto/af_alg_restrict") != 0)
		return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0);
	if (!kernel->restricted)
		return answer(ENOENT);
	if (pipe2(p, O_CLOEXEC) < 0 || write(p[1], &kernel->restricted, 1) != 1)
		return -1;
	close(p[1]);
	return p[0];
}

static int lowest_free_fd(void)
{
	int fd = dup(STDOUT_FILENO);

	close(fd);
	return fd;
}

static void test_kernels(void)
{
	const struct bulk_engine *e = NULL;
	char reason[BULK_REASON_BYTES];
	struct bulk_probe p;
	int before = lowest_free_fd();

	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		kernel = &kernels[i];
		bulk_engine_kcapi.probe(&p);
		if (!TAP_OK(p.verdict == kernel->verdict && p.error < 0 &&
				    strstr(p.reason, kernel->says),
			    kernel->name))
			tap_diag("%s (%d): %s", bulk_verdict_name(p.verdict),
				 p.error, p.reason);
		TAP_OK(bulk_engine_choose("auto", 65536, &e, reason) == 0 &&
			       e == &bulk_engine_openssl &&
			       strcmp(reason, p.reason) == 0,
		       "auto_takes_openssl_and_tells_that_reason");
		TAP_OK(bulk_engine_choose("kcapi", 65536, &e, reason) ==
				       -EOPNOTSUPP &&
			       strcmp(reason, p.reason) == 0,
		       "kcapi_asked_for_fails_with_that_reason");
	}
	kernel = NULL;
	TAP_OK(sockets_open > 0, "the_code_under_test_met_these_kernels");
	TAP_EQ_INT(lowest_free_fd(), before, "probing_leaves_no_descriptor");
}

static void test_choice(void)
{
	const struct bulk_engine *e = NULL;
	char reason[BULK_REASON_BYTES];

	TAP_EQ_INT(bulk_engine_choose("openssl", 1 << 20, &e, reason), 0,
		   "openssl_takes_frames_of_1_mib");
	TAP_OK(e == &bulk_engine_openssl && strstr(reason, "self-test"),
	       "and_passed_its_self_test");
	TAP_EQ_INT(bulk_engine_choose("kcapi", 65537, &e, reason), -EMSGSIZE,
		   "kcapi_refuses_frames_above_64_kib");
	TAP_OK(strstr(reason, "use auto or openssl"), "and_says_what_to_use");
	TAP_OK(bulk_engine_choose("auto", 65537, &e, reason) == 0 &&
		       e == &bulk_engine_openssl && strstr(reason, "65537"),
	       "auto_takes_openssl_for_long_frames_and_says_so");
	TAP_OK(bulk_engine_choose(NULL, 65536, &e, reason) == 0,
	       "no_name_is_auto");
	TAP_EQ_INT(bulk_engine_choose("gpu", 1, &e, reason), -EINVAL,
		   "unknown_engine_is_refused");
	TAP_OK(strstr(reason, "\"gpu\"") && strstr(reason, "auto"),
	       "and_the_known_ones_are_named");
	TAP_OK(!bulk_engine_find("auto"), "auto_is_no_engine");
}

static int works(void *session, const uint8_t *iv, uint8_t *text, size_t len,
		 size_t aad_len)
{
	return bulk_engine_openssl.seal(session, iv, text, len, aad_len);
}

static int seals_wrong(void *session, const uint8_t *iv, uint8_t *text,
		       size_t len, size_t aad_len)
{
	int r = works(session, iv, text, len, aad_len);

	text[len] ^= 1;
	return r;
}

/* Counter mode with the tag not looked at: sealing undoes sealing. */
static int accepts_all(void *session, const uint8_t *iv, uint8_t *text,
		       size_t len, size_t aad_len)
{
	return works(session, iv, text, len, aad_len);
}

static int fails(void *session, const uint8_t *iv, uint8_t *text, size_t len,
		 size_t aad_len)
{
	(void)session, (void)iv, (void)text, (void)len, (void)aad_len;
	return -EIO;
}

static void test_self_test(void)
{
	struct bulk_engine e = bulk_engine_openssl;

	TAP_EQ_INT(bulk_engine_self_test(&e), 0, "openssl_is_right");
	e.seal = seals_wrong;
	TAP_EQ_INT(bulk_engine_self_test(&e), -EBADMSG,
		   "wrong_tag_fails_the_self_test");
	e.seal = works;
	e.unseal = accepts_all;
	TAP_EQ_INT(bulk_engine_self_test(&e), -EBADMSG,
		   "unchecked_tag_fails_the_self_test");
	e.seal = fails;
	TAP_EQ_INT(bulk_engine_self_test(&e), -EIO,
		   "failing_engine_keeps_its_errno");
}

static void test_limits(void)
{
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	uint8_t iv[BULK_IV_BYTES] = {0}, text[32] = {0};
	size_t max = bulk_engine_openssl.max_bytes;
	void *s;

	TAP_EQ_INT(secret_random(&key, 16), 0, "key_of_128_bits");
	TAP_EQ_INT(bulk_engine_openssl.open(&key, &s), -EINVAL,
		   "openssl_refuses_a_short_key");
	TAP_EQ_INT(bulk_engine_kcapi.open(&key, &s), -EINVAL,
		   "kcapi_refuses_a_short_key");
	TAP_EQ_INT(secret_random(&key, BULK_KEY_BYTES), 0, "key_of_256_bits");
	TAP_EQ_INT(bulk_engine_openssl.open(&key, &s), 0, "opens");
	TAP_EQ_INT(bulk_engine_openssl.seal(s, iv, text, max, 0), -EMSGSIZE,
		   "text_beyond_the_limit_is_refused");
	TAP_EQ_INT(bulk_engine_openssl.unseal(s, iv, text, 16, max - 31),
		   -EMSGSIZE, "aad_beyond_the_limit_is_refused");
	TAP_EQ_INT(bulk_engine_openssl.seal(s, iv, text, SIZE_MAX, SIZE_MAX),
		   -EMSGSIZE, "lengths_that_wrap_are_refused");
	bulk_engine_openssl.close(s);
	bulk_engine_openssl.close(NULL);
	bulk_engine_kcapi.close(NULL);
}

int main(void)
{
	test_kernels();
	test_choice();
	test_self_test();
	test_limits();
	return tap_done();
}
