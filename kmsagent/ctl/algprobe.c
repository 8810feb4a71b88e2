/* SPDX-License-Identifier: MIT */
/*
 * Why the kernel engine is not to be had.  Sources: Linux 7.3,
 * Documentation/admin-guide/sysctl/crypto.rst (af_alg_restrict), and
 * Documentation/crypto/userspace-if.rst.
 */
#include "kmsagent/ctl/algprobe.h"

enum cause {
	CAUSE_FINE,
	CAUSE_ABSENT,
	CAUSE_OFF,
	CAUSE_FORBIDDEN,
	CAUSE_GCM_REFUSED,
	CAUSE_AEAD_MISSING,
	CAUSE_GCM_MISSING,
	CAUSE_OTHER,
};

static const struct cmd_alg_cause causes[] = {
	[CAUSE_FINE] = {"fine", true, "the kernel does AES-GCM (AF_ALG)", NULL},
	[CAUSE_ABSENT] =
		{"absent", false, "the kernel has no AF_ALG",
		 "none needed: --engine auto takes openssl; the kernel "
		 "engine needs CONFIG_CRYPTO_USER_API_AEAD"},
	[CAUSE_OFF] =
		{"off", false, "AF_ALG is switched off",
		 "none needed: --engine auto takes openssl; the switch is "
		 "sysctl crypto.af_alg_restrict"},
	[CAUSE_FORBIDDEN] =
		{"forbidden", false, "this process may not open AF_ALG sockets",
		 "none needed, if the agent may: see its finding; a "
		 "seccomp profile or RestrictAddressFamilies= "
		 "forbids it here"},
	[CAUSE_GCM_REFUSED] =
		{"gcm-refused", false,
		 "AF_ALG refuses gcm(aes) by af_alg_restrict",
		 "none needed: --engine auto takes openssl; sysctl "
		 "crypto.af_alg_restrict=0 would allow it"},
	[CAUSE_AEAD_MISSING] =
		{"aead-missing", false,
		 "AF_ALG has hashes but no AEAD: algif_aead is "
		 "not built, or blacklisted (CVE-2026-31431)",
		 "none needed: --engine auto takes openssl; look "
		 "for algif_aead in /etc/modprobe.d and on the "
		 "kernel's command line"},
	[CAUSE_GCM_MISSING] = {"gcm-missing", false,
			       "AF_ALG has AEADs but not gcm(aes)",
			       "none needed: --engine auto takes openssl; "
			       "modprobe gcm may bring it"},
	[CAUSE_OTHER] = {"other", false,
			 "AF_ALG answers in a way not known here",
			 "none needed: --engine auto takes openssl"},
};

static enum cause find(const struct cmd_alg_facts *f)
{
	if (!f->gcm)
		return CAUSE_FINE;
	if (f->restriction == 2)
		return CAUSE_OFF;
	if (f->gcm == -EAFNOSUPPORT)
		return CAUSE_ABSENT;
	if (f->gcm == -EPERM || f->gcm == -EACCES)
		return CAUSE_FORBIDDEN;
	if (f->gcm != -ENOENT)
		return CAUSE_OTHER;
	if (f->restriction == 1)
		return CAUSE_GCM_REFUSED;
	if (!f->ccm)
		return CAUSE_GCM_MISSING;
	return f->hash ? CAUSE_OTHER : CAUSE_AEAD_MISSING;
}

const struct cmd_alg_cause *cmd_alg_find_cause(const struct cmd_alg_facts *f)
{
	return &causes[find(f)];
}
