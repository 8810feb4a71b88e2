/* SPDX-License-Identifier: MIT */
/*
 * Checks of the kernel's keyrings as this user sees them: the rule that an
 * upcall follows, the session ring, the quota, the key types.
 */
#include <keyutils.h>
#include <string.h>

#include "keyring/keytype.h"
#include "kmsagent/ctl/doctor.h"
#include "kmsagent/ctl/ring.h"
#include "kmsagent/ctl/rules.h"

#define HANDLER	   "kms-request-key"
#define DISPATCHER "/sbin/request-key"
#define RULE_FILE  "/etc/request-key.d/kms.conf"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool check_rule_of(struct doctor *d, const char *type)
{
	const struct cmd_rules_ask ask = {
		{"create", type, KR_DESC_PREFIX "doctor", ""}};
	struct cmd_rules_match m;
	int r = cmd_rules_find("/etc", &ask, &m);

	if (r == -EBADMSG)
		cmd_doctor_add(d, DOCTOR_FAIL,
			       "correct the line: until then every key "
			       "request on this host fails",
			       "%s:%u is too short or too long", m.file,
			       m.line);
	else if (r < 0)
		cmd_doctor_add(d, DOCTOR_FAIL, "check who may read it",
			       "/etc/request-key.conf: %s", strerror(-r));
	else if (!m.found)
		cmd_doctor_add(d, DOCTOR_FAIL,
			       "install " RULE_FILE " again; it must be a "
			       "regular file",
			       "no rule takes %s keys kms:NAME", type);
	else if (strcmp(base_name(m.program), HANDLER))
		cmd_doctor_add(d, DOCTOR_FAIL,
			       "make that rule narrower, or remove it",
			       "%s:%u takes %s keys kms:NAME first and runs %s",
			       m.file, m.line, type, m.program);
	else if (access(m.program, X_OK) < 0)
		cmd_doctor_add(d, DOCTOR_FAIL,
			       "install it there, or correct the rule",
			       "%s:%u: %s: %s", m.file, m.line, m.program,
			       strerror(errno));
	else
		return true;
	return false;
}

void cmd_check_rule(struct doctor *d)
{
	bool all = true;

	if (access(DISPATCHER, X_OK) < 0) {
		cmd_doctor_add(d, DOCTOR_FAIL,
			       "install the package keyutils: the kernel runs "
			       "it for every key request",
			       DISPATCHER ": %s", strerror(errno));
		return;
	}
	for (const struct kr_keytype *t = kr_keytypes; all && t->name; t++)
		all = check_rule_of(d, t->name);
	if (all)
		cmd_doctor_add(d, DOCTOR_OK, NULL,
			       "key requests for kms:NAME go to " HANDLER);
}

void cmd_check_session(struct doctor *d)
{
	int r = cmd_ring_settle_session();

	if (r < 0)
		cmd_doctor_add(d, DOCTOR_FAIL,
			       "in a container the seccomp profile must allow "
			       "keyctl, add_key and request_key",
			       "no keyrings here: %s", strerror(-r));
	else if (cmd_ring_session_sees_user())
		cmd_doctor_add(d, DOCTOR_OK, NULL,
			       "the session keyring links to @u");
	else
		cmd_doctor_add(d, DOCTOR_WARN,
			       "keyctl link @u @s; in a unit: "
			       "KeyringMode=shared; or load keys into @s",
			       "the session keyring has no link to @u: keys "
			       "that lie there are not found from here");
}

/* /proc/key-users: "uid: usage nkeys/nikeys qnkeys/max qnbytes/max". */
static bool read_quota(uid_t uid, unsigned long quota[4])
{
	_fclose_ FILE *f = fopen("/proc/key-users", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		unsigned long id;

		if (sscanf(line, "%lu: %*u %*u/%*u %lu/%lu %lu/%lu", &id,
			   &quota[0], &quota[1], &quota[2], &quota[3]) == 5 &&
		    id == uid)
			return true;
	}
	return false;
}

void cmd_check_quota(struct doctor *d)
{
	unsigned long q[4];
	enum doctor_state state = DOCTOR_OK;

	if (!read_quota(getuid(), q)) {
		cmd_doctor_add(d, DOCTOR_OK, NULL, "uid %u has no keys yet",
			       getuid());
		return;
	}
	/* A request needs a key and its bytes before the upcall owns them. */
	if (q[0] >= q[1] || q[2] >= q[3])
		state = DOCTOR_FAIL;
	else if (q[0] * 5 >= q[1] * 4 || q[2] * 5 >= q[3] * 4)
		state = DOCTOR_WARN;
	cmd_doctor_add(
		d, state,
		state == DOCTOR_OK
			? NULL
			: "remove old keys, or raise kernel.keys.maxkeys "
			  "and kernel.keys.maxbytes by sysctl",
		"uid %u uses %lu of %lu keys, %lu of %lu bytes", getuid(), q[0],
		q[1], q[2], q[3]);
}

void cmd_check_keytypes(struct doctor *d)
{
	bool all = true;

	for (const struct kr_keytype *t = kr_keytypes; t->name; t++) {
		/*
		 * No key type takes an empty payload (EINVAL), and the type is
		 * looked up first: nothing is ever made.
		 */
		if (add_key(t->name, KR_DESC_PREFIX "doctor", NULL, 0,
			    KEY_SPEC_THREAD_KEYRING) >= 0 ||
		    errno == EINVAL)
			continue;
		all = false;
		cmd_doctor_add(d, errno == ENODEV ? DOCTOR_WARN : DOCTOR_FAIL,
			       errno == ENODEV
				       ? "this kernel lacks the type: "
					 "fscrypt-provisioning needs "
					 "CONFIG_FS_ENCRYPTION and Linux 5.6"
				       : "in a container the seccomp profile "
					 "must allow add_key",
			       "%s: %s", t->name, strerror(errno));
	}
	if (all)
		cmd_doctor_add(
			d, DOCTOR_OK, NULL,
			"logon, user and fscrypt-provisioning are there");
}
