/* SPDX-License-Identifier: MIT */
/*
 * How a child gives up its privileges.  It must not know what the child
 * then does, nor the keyholder's state.
 */
#include "kmsagent/agent/role.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "keyring/key.h"
#include "keyring/secret.h"
#include "kmsagent/agent/sandbox.h"
#include "kmsagent/base/json.h"
#include "kmsagent/base/log.h"

#define CAP(name) (UINT64_C(1) << CAP_##name)

static const struct {
	const char *name;
	int (*run)(int fd);
	rlim_t files;  /* descriptors at once */
	rlim_t cpu_s;  /* 0 = as long as the job takes */
	uint64_t caps; /* 0 = none, and a uid that is not root's */
} roles[AGENT_ROLE_COUNT_] = {
	[AGENT_ROLE_FETCHER] = {"fetcher", agent_fetcher_run, 64, 600, 0},
	[AGENT_ROLE_WORKER] = {"worker", agent_worker_run, 64, 0, 0},
	/*
	 * The ioctls; and nodes in /dev/mapper, owned by root and the disk
	 * group, where no udevd makes them.  /dev/mapper/control is root's.
	 */
	[AGENT_ROLE_DEVICE] = {"device", agent_device_run, 64, 60,
			       CAP(SYS_ADMIN) | CAP(MKNOD) | CAP(CHOWN)},
	/*
	 * It acts as the directory's owner, takes keys back for all users,
	 * and sees who has files open, through folders that are not root's.
	 */
	[AGENT_ROLE_DIRECTORY] = {"directory", agent_directory_run, 64, 60,
				  CAP(SETUID) | CAP(SYS_ADMIN) |
					  CAP(SYS_PTRACE) |
					  CAP(DAC_READ_SEARCH)},
};

const char *agent_role_name(enum agent_role role)
{
	return roles[role].name;
}

static int set_limits(enum agent_role role)
{
	struct rlimit files = {roles[role].files, roles[role].files};
	struct rlimit cpu = {roles[role].cpu_s, roles[role].cpu_s};

	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		return -errno;
	if (roles[role].cpu_s && setrlimit(RLIMIT_CPU, &cpu) < 0)
		return -errno;
	return 0;
}

/* Of @keep what this process has; it had it from its unit. */
static int keep_caps(uint64_t keep)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{0}};

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	for (unsigned i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(keep >> 32 * i);
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

static int drop_identity(uid_t uid, gid_t gid, uint64_t keep)
{
	/* EINVAL: past the last capability that this kernel knows. */
	for (unsigned long cap = 0; cap < 64; cap++)
		if (!(keep & UINT64_C(1) << cap) &&
		    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
			return -errno;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	if (setgroups(0, NULL) < 0)
		return -errno;
	if (setresgid(gid, gid, gid) < 0)
		return -errno;
	if (setresuid(uid, uid, uid) < 0)
		return -errno;
	if (keep)
		return keep_caps(keep);
	/* Leaving uid 0 cleared the capability sets; see that it did. */
	if (setresuid(0, 0, 0) == 0 || setgroups(0, NULL) == 0)
		return -EPERM;
	return 0;
}

int agent_role_confine(enum agent_role role, uid_t uid, gid_t gid)
{
	struct pollfd parent = {.fd = AGENT_ROLE_FD};
	key_serial_t session;
	int r;

	if ((uid == 0) != (roles[role].caps != 0) || (uid && gid == 0))
		return -EINVAL;
	if (close_range(AGENT_ROLE_FD + 1, ~0U, 0) < 0)
		return -errno;
	r = kr_join_session(&session);
	if (r < 0)
		return r;
	r = set_limits(role);
	if (r < 0)
		return r;
	r = drop_identity(uid, gid, roles[role].caps);
	if (r < 0)
		return r;
	r = secret_harden_process();
	if (r < 0)
		return r;
	/* Changing the uid would have cleared it; then see whether the parent
	 * went before it was set. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	if (poll(&parent, 1, 0) < 0)
		return -errno;
	if (parent.revents & POLLHUP)
		return -EPIPE;
	umask(077);
	if (chdir("/") < 0)
		return -errno;
	/* Last, as it forbids much of the above; no_new_privs comes with it. */
	return agent_sandbox_enter(role);
}

static bool parse_arg(const char *arg, enum agent_role *ret_role,
		      unsigned *ret_uid, unsigned *ret_gid)
{
	char name[16];
	int end = -1;

	if (sscanf(arg, "%15[a-z]:%u:%u%n", name, ret_uid, ret_gid, &end) !=
		    3 ||
	    end < 0 || arg[end])
		return false;
	for (enum agent_role role = 0; role < AGENT_ROLE_COUNT_; role++)
		if (strcmp(roles[role].name, name) == 0) {
			*ret_role = role;
			return true;
		}
	return false;
}

static bool is_channel(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_SEQPACKET;
}

int agent_role_main(const char *arg)
{
	enum agent_role role;
	unsigned uid, gid;
	int r;

	log_init("kmsagentd", LOG_LEVEL_INFO);
	if (!parse_arg(arg, &role, &uid, &gid) || !is_channel(AGENT_ROLE_FD)) {
		log_err("--as is for kmsagentd's own children; start "
			"kmsagentd without it");
		return EXIT_FAILURE;
	}
	signal(SIGPIPE, SIG_IGN);
	r = agent_role_confine(role, uid, gid);
	if (r < 0) {
		log_err("%s: cannot give up privileges: %s", roles[role].name,
			strerror(-r));
		return EXIT_FAILURE;
	}
	json_init();
	return roles[role].run(AGENT_ROLE_FD);
}
