/* SPDX-License-Identifier: MIT */
/*
 * Start and end of the keyholder.  Delivered keys outlive it: a restart
 * finds them again, and without one the kernel ends them with their lease.
 */
#include "kmsagent/agent/daemon.h"

#include <libgen.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "keyring/missing.h"
#include "kmsagent/agent/child.h"
#include "kmsagent/agent/fs-job.h"
#include "kmsagent/agent/fs-pending.h"
#include "kmsagent/agent/job.h"
#include "kmsagent/agent/keys.h"
#include "kmsagent/agent/mapping.h"
#include "kmsagent/agent/renew.h"
#include "kmsagent/agent/upcall.h"
#include "kmsagent/base/clock.h"
#include "kmsagent/base/io.h"
#include "kmsagent/base/log.h"

#define STOP_WAIT_S   2	 /* for children that do not die */
#define DRAIN_S	      10 /* for calls that were begun */
#define DRAIN_LOOK_US 20000
#define QUIET_MS      100 /* a client that has another call has made it */

static const struct log_event event_started = {
	"f4b8c2d1e0a94e6f8d7c6b5a4f3e2d06", "started"};

/* Say what could not be done and what helps, and pass the error on. */
static int tell(int r, const char *what, const char *next_step)
{
	if (r < 0)
		log_err("%s: %s%s%s", what, strerror(-r), next_step ? "; " : "",
			next_step ?: "");
	return r < 0 ? r : 0;
}

static int prepare_process(struct agent *a)
{
	sigset_t chld;
	int r;

	if (geteuid() != 0)
		return tell(-EPERM, "kmsagentd owns kernel keys",
			    "start it as root");
	/* What we were started with is nobody's but ours. */
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return tell(-errno, "close_range", NULL);
	umask(022);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigaddset(&chld, SIGTERM);
	sigaddset(&chld, SIGINT);
	if (sigprocmask(SIG_BLOCK, &chld, NULL) < 0)
		return tell(-errno, "sigprocmask", NULL);
	r = tell(secret_harden_process(), "cannot harden the process", NULL);
	if (r == 0)
		r = tell(kr_keyholder_init(&a->holder),
			 "cannot make the agent's keyrings",
			 "the kernel needs CONFIG_KEYS, and a container's "
			 "seccomp filter must let keyctl through");
	if (r == 0)
		r = tell(secret_alloc(&a->buffer, AGENT_MSG_MAX_BYTES),
			 "no locked memory", "raise LimitMEMLOCK");
	return r;
}

/* Two agents over one state would undo each other's leases. */
static int lock_state(struct agent *a, int *ret_fd)
{
	_close_ int fd = -1;
	int r = io_mkdir_p(a->config.state, 0700);

	if (r == 0)
		r = io_open_dir(a->config.state, &fd);
	if (r < 0)
		return tell(r, a->config.state, "give another with --state");
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return tell(-errno, a->config.state,
			    "another kmsagentd works on this state");
	*ret_fd = take_fd(fd);
	return 0;
}

static int open_state(struct agent *a)
{
	_free_ char *audit = NULL;
	const char *path = a->config.audit;
	int r;

	if (!path) {
		audit = io_format("%s/audit.log", a->config.state);
		if (!audit)
			return -ENOMEM;
		path = audit;
	}
	r = tell(agent_audit_open(&a->audit, path), path,
		 "name a writable file by [agent] audit");
	if (r == 0)
		r = tell(agent_keys_load(a), "cannot read the entries", NULL);
	return r;
}

static int take_socket(struct agent *a, int *ret_fd)
{
	_free_ char *path = NULL;
	int n = sd_listen_fds(1);
	int r;

	if (n < 0)
		return tell(n, "socket activation", NULL);
	if (n > 1)
		return tell(-EINVAL, "socket activation",
			    "pass one socket, not several");
	if (n == 1) {
		*ret_fd = SD_LISTEN_FDS_START;
		return 0;
	}
	path = strdup(a->config.socket);
	if (!path)
		return -ENOMEM;
	r = io_mkdir_p(dirname(path), 0755);
	if (r == 0)
		r = varlink_listen(a->config.socket, 0666, ret_fd);
	return tell(r, a->config.socket,
		    r == -EADDRINUSE ? "another kmsagentd answers there"
				     : "give another path with --socket");
}

static int on_server(sd_event_source *s, int fd, uint32_t revents,
		     void *userdata)
{
	struct agent *a = userdata;
	int r = varlink_server_dispatch(a->server);

	(void)s;
	(void)fd;
	(void)revents;
	return tell(r, "serving the socket", NULL);
}

static int serve(struct agent *a, int listen_fd)
{
	const struct varlink_config config = {
		.listen_fd = listen_fd,
		.vendor = "kmsagent",
		.product = "kmsagentd",
		.version = KMSAGENT_VERSION,
		.url = "https://varlink.org",
		.interface = "io.kmsagent.Agent",
		.idl = agent_idl,
		.methods = agent_methods,
		.userdata = a,
	};
	int r = varlink_server_new(&config, &a->server);

	if (r == 0)
		r = sd_event_add_io(a->event, &a->server_source,
				    varlink_server_fd(a->server), EPOLLIN,
				    on_server, a);
	return tell(r, "cannot serve the socket", NULL);
}

static int on_stopped(sd_event_source *s, uint64_t usec, void *userdata)
{
	(void)usec;
	(void)userdata;
	return sd_event_exit(sd_event_source_get_event(s), 0);
}

static int on_idle_stop(sd_event_source *s, void *userdata)
{
	(void)userdata;
	return agent_children()
		       ? 0
		       : sd_event_exit(sd_event_source_get_event(s), 0);
}

/* Jobs and requests end here; keys and leases stay as they are. */
static int stop(struct agent *a)
{
	int r;

	a->server_source = sd_event_source_disable_unref(a->server_source);
	varlink_server_free(take_ptr(a->server));
	agent_keys_stop(a);
	agent_fetchers_stop(a->fetchers);
	agent_jobs_stop(a->jobs);
	fs_jobs_stop(a->fs);
	fs_pending_stop(a->fs_pending);
	r = sd_event_add_post(a->event, NULL, on_idle_stop, a);
	if (r >= 0)
		r = sd_event_add_time_relative(a->event, NULL, CLOCK_BOOTTIME,
					       STOP_WAIT_S * 1000000ULL, 0,
					       on_stopped, a);
	if (r < 0 || agent_children() == 0)
		return sd_event_exit(a->event, 0);
	return 0;
}

static int on_drain(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct agent *a = userdata;
	int r;

	(void)usec;
	if (!a->server)
		return 0; /* a second signal was faster */
	if (varlink_server_is_idle(a->server, QUIET_MS) ||
	    clock_boot_ms() >= a->drain_end_ms)
		return stop(a);
	r = sd_event_source_set_time_relative(s, DRAIN_LOOK_US);
	if (r >= 0)
		r = sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	return r < 0 ? stop(a) : 0;
}

/*
 * What was begun is still answered.  Who comes now waits in the socket, if
 * systemd has it; a second signal waits for nothing.
 */
static int on_signal(sd_event_source *s, const struct signalfd_siginfo *si,
		     void *userdata)
{
	struct agent *a = userdata;

	(void)s;
	(void)si;
	if (!a->server)
		return 0;
	if (a->drain_end_ms)
		return stop(a);
	(void)sd_notify(0, "STOPPING=1");
	varlink_server_shut(a->server);
	a->drain_end_ms = clock_boot_ms() + DRAIN_S * 1000;
	if (sd_event_add_time_relative(a->event, NULL, CLOCK_BOOTTIME,
				       DRAIN_LOOK_US, 0, on_drain, a) < 0)
		return stop(a);
	return 0;
}

static int make_parts(struct agent *a)
{
	int r = sd_event_default(&a->event);

	if (r >= 0)
		r = sd_event_add_signal(a->event, NULL, SIGTERM, on_signal, a);
	if (r >= 0)
		r = sd_event_add_signal(a->event, NULL, SIGINT, on_signal, a);
	if (r >= 0)
		r = sd_event_set_watchdog(a->event, true);
	if (r >= 0)
		r = agent_renew_watch_clock(a);
	if (r >= 0)
		r = agent_upcalls_new(a, &a->upcalls);
	if (r >= 0)
		r = fs_jobs_new(&a->fs);
	if (r >= 0)
		r = fs_pending_new(a, &a->fs_pending);
	if (r < 0)
		return tell(r, "cannot make the event loop", NULL);
	r = agent_fetchers_new(a->event, &a->config, &a->buffer, &a->fetchers);
	if (r < 0)
		return tell(r, a->config.fetcher_user,
			    "make this user (systemd-sysusers does), or name "
			    "another, not root, by [agent] fetcher_user");
	r = agent_jobs_new(a, &a->jobs);
	return tell(r, a->config.worker_user,
		    "make this user (systemd-sysusers does), or name "
		    "another, not root, by [agent] worker_user");
}

static void agent_done(struct agent *a)
{
	varlink_server_free(a->server);
	agent_keys_free(a);
	agent_jobs_free(a->jobs);
	fs_jobs_free(a->fs);
	fs_pending_free(a->fs_pending);
	agent_fetchers_free(a->fetchers);
	agent_upcalls_free(a->upcalls);
	sd_event_source_disable_unref(a->server_source);
	sd_event_unref(a->event);
	agent_audit_close(&a->audit);
	close_keep_errno(a->sys_fd);
	secret_done(&a->buffer);
	agent_config_done(&a->config);
}

static int run(struct agent *a)
{
	int listen_fd = -1;
	int r = make_parts(a);

	if (r == 0)
		r = take_socket(a, &listen_fd);
	if (r == 0)
		r = serve(a, listen_fd);
	if (r == 0)
		r = tell(agent_keys_find_delivered(a),
			 "cannot look for delivered keys", NULL);
	if (r == 0)
		r = tell(mappings_find(a), "cannot look for open volumes",
			 "mount /sys");
	if (r < 0)
		return r;
	log_event(LOG_LEVEL_NOTICE, &event_started, NULL,
		  "kmsagentd %s ready: %zu entries, KMS %s, socket %s",
		  KMSAGENT_VERSION, a->keys.count, a->config.endpoint,
		  a->config.socket);
	(void)sd_notify(0, "READY=1");
	return tell(sd_event_loop(a->event), "the event loop", NULL);
}

int agent_run(struct agent_config *config)
{
	_cleanup_(agent_done) struct agent a = {
		.config = *config,
		.since_s = clock_epoch_s(),
		.audit = AGENT_AUDIT_INIT,
		.keys = {.dir_fd = -1},
		.sys_fd = -1,
	};
	_close_ int lock = -1;
	int r;

	*config = (struct agent_config){0};
	r = prepare_process(&a);
	if (r == 0)
		r = lock_state(&a, &lock);
	if (r == 0)
		r = open_state(&a);
	if (r == 0)
		r = run(&a);
	return r;
}
