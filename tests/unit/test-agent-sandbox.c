/* SPDX-License-Identifier: MIT */
/* What the agent's children can no longer do, each tried in one. */
#include <linux/keyctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "keyring/missing.h"
#include "keyring/secret.h"
#include "kmsagent/agent/sandbox.h"
#include "tests/unit/tap.h"

static enum agent_role role;

static int tell(long r)
{
	return r < 0 ? errno : 0;
}

/* Each is the exit status of a child in the sandbox. */
static int exec_other(void)
{
	char *argv[] = {"true", NULL};

	return tell(execv("/bin/true", argv));
}

static int use_keys(void)
{
	return tell(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID,
			    KEY_SPEC_SESSION_KEYRING, 0));
}

static int trace_parent(void)
{
	return tell(ptrace(PTRACE_SEIZE, getppid(), 0, 0));
}

static int new_namespace(void)
{
	return tell(syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */));
}

static int socket_inet(void)
{
	return tell(socket(AF_INET, SOCK_STREAM, 0));
}

static int socket_unix(void)
{
	return tell(socket(AF_UNIX, SOCK_STREAM, 0));
}

/* vsock reaches a hypervisor; packet the wire. */
static int socket_vsock(void)
{
	return tell(socket(AF_VSOCK, SOCK_STREAM, 0));
}

/* The upper half of the register is no way to another family. */
static int socket_wide(void)
{
	return tell(syscall(SYS_socket, AF_INET | 1L << 32, SOCK_STREAM, 0));
}

static int allocate_secret(void)
{
	_cleanup_(secret_done) struct secret s = SECRET_INIT;

	return secret_alloc(&s, 100000) < 0 ? 1 : 0;
}

static int privileges(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 1;
}

static int in_sandbox(int (*what)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(agent_sandbox_enter(role) < 0 ? 255 : what());
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

int main(void)
{
	role = AGENT_ROLE_WORKER;
	if (in_sandbox(privileges) == 255)
		tap_skip_all("this kernel, or its container, has no seccomp "
			     "filters");
	TAP_EQ_INT(in_sandbox(privileges), 0, "no_new_privileges");
	TAP_EQ_INT(in_sandbox(exec_other), EPERM, "no_other_program");
	TAP_EQ_INT(in_sandbox(use_keys), EPERM, "no_kernel_keys");
	TAP_EQ_INT(in_sandbox(trace_parent), EPERM, "no_tracing");
	TAP_EQ_INT(in_sandbox(new_namespace), EPERM, "no_namespaces");
	TAP_EQ_INT(in_sandbox(allocate_secret), 0, "secrets_still_work");
	TAP_EQ_INT(in_sandbox(socket_inet), EPERM, "worker_has_no_network");
	TAP_EQ_INT(in_sandbox(socket_wide), EPERM,
		   "nor_by_a_wide_family_number");
	TAP_EQ_INT(in_sandbox(socket_unix), EPERM, "worker_has_no_sockets");
	role = AGENT_ROLE_FETCHER;
	TAP_EQ_INT(in_sandbox(socket_inet), 0, "fetcher_has_the_network");
	TAP_EQ_INT(in_sandbox(socket_unix), 0, "fetcher_has_unix_sockets");
	TAP_EQ_INT(in_sandbox(socket_vsock), EPERM, "fetcher_has_no_others");
	TAP_EQ_INT(in_sandbox(exec_other), EPERM,
		   "fetcher_runs_no_other_program");
	return tap_done();
}
