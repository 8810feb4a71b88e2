/* SPDX-License-Identifier: MIT */
/*
 * The filter's tables.  It names what is refused, not what is let through:
 * which calls the C library, OpenSSL and libcurl make changes with their
 * versions, what the children must not do does not.
 */
#include "kmsagent/agent/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "keyring/missing.h"

static const int refused_calls[] = {
	/* other programs */
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	/* other processes */
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(process_madvise),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(kcmp),
	/* ways around the filter, and much attacked ones */
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(personality),
	/* the system as it is laid out */
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(move_mount),
	SCMP_SYS(open_tree),
	SCMP_SYS(fsopen),
	SCMP_SYS(fspick),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(fanotify_init),
	/* the machine */
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(reboot),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(sethostname),
	SCMP_SYS(acct),
	SCMP_SYS(syslog),
};

/* Kernel keys are the keyholder's alone, unless a role says otherwise. */
static const int key_calls[] = {
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(keyctl),
};

/* Address families from 0 up that a role may have sockets of. */
#define FAMILY(f)      (UINT64_C(1) << (f))
#define FAMILIES_KNOWN 64

static const struct {
	uint64_t families;
	bool may_use_keys;
} rules[AGENT_ROLE_COUNT_] = {
	/* netlink: how the resolver learns of addresses */
	[AGENT_ROLE_FETCHER] = {FAMILY(AF_UNIX) | FAMILY(AF_INET) |
					FAMILY(AF_INET6) | FAMILY(AF_NETLINK),
				false},
	/* netlink: how libkcapi asks for a cipher's sizes */
	[AGENT_ROLE_WORKER] = {FAMILY(AF_ALG) | FAMILY(AF_NETLINK), false},
	/* It links the ring that the kernel then looks a key up in. */
	[AGENT_ROLE_DEVICE] = {0, true},
	[AGENT_ROLE_DIRECTORY] = {0, true},
};

static int refuse(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i],
				     0);
	return r;
}

static int refuse_families(scmp_filter_ctx filter, uint64_t allowed)
{
	for (unsigned f = 0; f < FAMILIES_KNOWN; f++) {
		int r = 0;

		if (!(allowed & FAMILY(f)))
			r = seccomp_rule_add(
				filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket),
				1, SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, f));
		if (r < 0)
			return r;
	}
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket),
				1, SCMP_A0(SCMP_CMP_GE, FAMILIES_KNOWN, 0));
}

static void filter_release(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

int agent_sandbox_enter(enum agent_role role)
{
	_cleanup_(filter_release) scmp_filter_ctx filter =
		seccomp_init(SCMP_ACT_ALLOW);
	int r;

	if (!filter)
		return -ENOMEM;
	r = refuse(filter, refused_calls, ARRAY_SIZE(refused_calls));
	if (r == 0 && !rules[role].may_use_keys)
		r = refuse(filter, key_calls, ARRAY_SIZE(key_calls));
	if (r == 0)
		r = refuse_families(filter, rules[role].families);
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
				     SCMP_ACT_KILL_PROCESS);
	return r == 0 ? seccomp_load(filter) : r;
}
