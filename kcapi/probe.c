/* SPDX-License-Identifier: MIT */
/*
 * From socket(2) and bind(2) to a verdict on the kernel's AES-GCM.  It must
 * not know messages, and it leaves no descriptor behind.
 */
#include "kcapi/probe.h"

#include <fcntl.h>
#include <linux/if_alg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "keyring/missing.h"

#define RESTRICT_PATH "/proc/sys/crypto/af_alg_restrict"

/* Bind one algorithm on a fresh socket, as libkcapi will. */
static int try_bind(const char *type, const char *name)
{
	struct sockaddr_alg sa = {.salg_family = AF_ALG};
	_close_ int fd = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	snprintf((char *)sa.salg_type, sizeof(sa.salg_type), "%s", type);
	snprintf((char *)sa.salg_name, sizeof(sa.salg_name), "%s", name);
	if (bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
		return -errno;
	return 0;
}

static int try_socket(void)
{
	_close_ int fd = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : 0;
}

/* crypto.af_alg_restrict: 0 none, 1 a list, 2 off; -1 where there is none. */
static int af_alg_restrict(void)
{
	_close_ int fd = open(RESTRICT_PATH, O_RDONLY | O_CLOEXEC);
	char digit;

	if (fd < 0 || read(fd, &digit, 1) != 1 || digit < '0' || digit > '9')
		return -1;
	return digit - '0';
}

static void say(struct bulk_probe *p, enum bulk_verdict verdict, int error,
		const char *reason)
{
	p->verdict = verdict;
	p->error = error;
	snprintf(p->reason, sizeof(p->reason), "%s", reason);
}

static void say_error(struct bulk_probe *p, const char *what, int error)
{
	p->verdict = error == -EACCES || error == -EPERM ? BULK_VERDICT_DENIED
							 : BULK_VERDICT_ERROR;
	p->error = error;
	snprintf(p->reason, sizeof(p->reason), "%s: %s%s", what,
		 strerrordesc_np(-error),
		 p->verdict == BULK_VERDICT_DENIED
			 ? "; a seccomp filter, a container or a security "
			   "module forbids AF_ALG to this process"
			 : "");
}

static void say_no_socket(struct bulk_probe *p, int error)
{
	if (error != -EAFNOSUPPORT) {
		say_error(p, "the kernel refuses an AF_ALG socket", error);
		return;
	}
	if (af_alg_restrict() == 2)
		say(p, BULK_VERDICT_NO_AF_ALG, error,
		    "AF_ALG is switched off: crypto.af_alg_restrict is 2");
	else
		say(p, BULK_VERDICT_NO_AF_ALG, error,
		    "the kernel has no AF_ALG: it was built without "
		    "CONFIG_CRYPTO_USER_API, or the module af_alg is "
		    "blacklisted");
}

/*
 * bind gives ENOENT for a type whose module does not load and for a name
 * that is not offered alike.  Another aead that binds shows that the type is
 * there.  Under a restriction ccm(aes) takes privilege, so there the sysctl
 * has the word.
 */
static void say_no_gcm(struct bulk_probe *p, int error)
{
	bool aead = try_bind("aead", "ccm(aes)") == 0 ||
		    try_bind("aead", "rfc4106(gcm(aes))") == 0;

	if (af_alg_restrict() > 0)
		say(p, BULK_VERDICT_RESTRICTED, error,
		    "the kernel does not offer gcm(aes) to programs: "
		    "crypto.af_alg_restrict is 1, the default since Linux "
		    "7.3; 0 would open it, and all of AF_ALG with it");
	else if (aead)
		say(p, BULK_VERDICT_RESTRICTED, error,
		    "the kernel does not offer gcm(aes) to programs, though "
		    "it has other AEAD ciphers: built without "
		    "CONFIG_CRYPTO_GCM, or filtered");
	else if (try_bind("skcipher", "cbc(aes)") == 0)
		say(p, BULK_VERDICT_NO_AEAD, error,
		    "AF_ALG has ciphers but no AEAD: the module algif_aead "
		    "is blacklisted (the usual mitigation of CVE-2026-31431) "
		    "or not built");
	else
		say(p, BULK_VERDICT_NO_AEAD, error,
		    "AF_ALG has neither AEAD nor plain ciphers: algif_aead "
		    "and algif_skcipher are blacklisted or not built");
}

void bulk_probe_kernel(struct bulk_probe *ret)
{
	int r = try_socket();

	*ret = (struct bulk_probe){0};
	if (r < 0) {
		say_no_socket(ret, r);
		return;
	}
	r = try_bind("aead", BULK_ALG_NAME);
	if (r == -ENOENT) {
		say_no_gcm(ret, r);
		return;
	}
	if (r < 0) {
		say_error(ret, "the kernel refuses gcm(aes)", r);
		return;
	}
	r = bulk_engine_self_test(&bulk_engine_kcapi);
	if (r == 0)
		say(ret, BULK_VERDICT_OK, 0,
		    "the kernel's gcm(aes) passed its self-test");
	else if (r == -EBADMSG)
		say(ret, BULK_VERDICT_BROKEN, r,
		    "the kernel's gcm(aes) gives wrong results: report it to "
		    "the distribution, with the driver in /proc/crypto");
	else
		say_error(ret, "the kernel's gcm(aes) fails in use", r);
}
