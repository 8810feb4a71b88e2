/* SPDX-License-Identifier: MIT */
/*
 * What the kernel starts for a hostile requester keeps root's uid, by which
 * the agent knows it, and nothing else of root.
 */
#include "kmsagent/requestkey/handler.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "keyring/missing.h"
#include "keyring/secret.h"

/* A kernel helper may start without any: the agent's socket as standard
 * error would get our messages. */
static int open_standard_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			return -errno;
	} while (fd <= STDERR_FILENO);
	close(fd);
	return 0;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

int handler_harden(void)
{
	const struct rlimit files = {16, 16};
	int r;

	clearenv();
	umask(077);
	r = open_standard_fds();
	if (r < 0)
		return r;
	/* Linux 5.9; an older kernel gave us none to close anyway. */
	(void)close_range(STDERR_FILENO + 1, ~0U, 0);
	if (chdir("/") < 0 || setrlimit(RLIMIT_NOFILE, &files) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	r = secret_harden_process();
	if (r < 0)
		return r;
	return drop_capabilities();
}
