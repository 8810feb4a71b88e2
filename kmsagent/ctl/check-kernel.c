/* SPDX-License-Identifier: MIT */
/*
 * Checks of what the kernel lends to bulk encryption and to key memory.
 * AF_ALG is probed by socket calls alone.
 */
#include <linux/if_alg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "keyring/missing.h"
#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "kmsagent/ctl/algprobe.h"
#include "kmsagent/ctl/doctor.h"
#include "kmsagent/ctl/entry.h"

static int bind_alg(const char *type, const char *name)
{
	struct sockaddr_alg sa = {.salg_family = AF_ALG};
	_close_ int fd = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	strncpy((char *)sa.salg_type, type, sizeof(sa.salg_type) - 1);
	strncpy((char *)sa.salg_name, name, sizeof(sa.salg_name) - 1);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return -errno;
	return 0;
}

/* -1: the kernel has no such switch (before 7.3). */
static int read_restriction(void)
{
	_free_ char *text = NULL;

	if (io_read_text(AT_FDCWD, "/proc/sys/crypto/af_alg_restrict", 16,
			 &text) < 0)
		return -1;
	return atoi(text);
}

void cmd_check_engine(struct doctor *d)
{
	const struct cmd_alg_facts facts = {
		.gcm = bind_alg("aead", "gcm(aes)"),
		.ccm = bind_alg("aead", "ccm(aes)"),
		.hash = bind_alg("hash", "sha256"),
		.restriction = read_restriction(),
	};
	const struct cmd_alg_cause *cause = cmd_alg_find_cause(&facts);
	const cJSON *engine = NULL;

	cmd_doctor_add(d, cause->is_ok ? DOCTOR_OK : DOCTOR_WARN,
		       cause->next_step, "%s", cause->says);
	if (!d->status || json_get_object(d->status, "engine", &engine) < 0)
		return;
	/* The agent's word counts: it sees the kernel with its privileges. */
	cmd_doctor_add(d, DOCTOR_OK, NULL, "the agent takes %s: %s",
		       cmd_entry_string(engine, "auto"),
		       cmd_entry_string(engine, "reason"));
}

void cmd_check_secret_memory(struct doctor *d)
{
	_close_ int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
	const char *backing =
		d->status ? cmd_entry_string(d->status, "secret_memory") : NULL;

	if (backing && !strcmp(backing, "unlocked"))
		cmd_doctor_add(d, DOCTOR_FAIL,
			       "raise LimitMEMLOCK= of kmsagentd.service",
			       "the agent's keys are not locked in memory");
	else if (fd < 0)
		cmd_doctor_add(d, DOCTOR_WARN,
			       "Linux 5.14 with CONFIG_SECRETMEM, up to 6.4 "
			       "with secretmem.enable=1 on the command line; "
			       "until then keys are locked in plain memory",
			       "no memfd_secret: %s", strerror(errno));
	else
		cmd_doctor_add(d, DOCTOR_OK, NULL, "memfd_secret is there%s%s",
			       backing ? "; the agent uses " : "",
			       backing ? backing : "");
}
