/* SPDX-License-Identifier: MIT */
/* Children as the keyholder sees them.  It must not know what they do. */
#include "kmsagent/agent/child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "kmsagent/agent/channel.h"
#include "kmsagent/base/log.h"

struct agent_child {
	struct agent_child_spec spec;
	int fd;
	sd_event_source *io;
	sd_event_source *exit;
	bool ended; /* by agent_child_end(): its owner has let go */
};

static unsigned children;

unsigned agent_children(void)
{
	return children;
}

static int on_exit_event(sd_event_source *s, const siginfo_t *si,
			 void *userdata)
{
	struct agent_child *c = userdata;

	(void)s;
	if (!c->ended && si->si_code != CLD_EXITED)
		log_err("a %s was ended by signal %d",
			agent_role_name(c->spec.role), si->si_status);
	/* What it sent before it went is still in the channel: the I/O event
	 * tells its owner, who then lets go. */
	if (!c->ended && c->spec.on_message) {
		agent_child_message tell = c->spec.on_message;

		c->spec.on_message = NULL;
		for (;;) {
			_cleanup_(agent_msg_done) struct agent_msg m =
				AGENT_MSG_INIT;
			int r = agent_channel_recv(c->fd, c->spec.buffer, &m,
						   NULL, NULL);

			tell(c, r < 0 ? NULL : &m, c->spec.userdata);
			if (r < 0 || c->ended)
				break;
		}
	}
	if (c->spec.on_gone)
		c->spec.on_gone(c->spec.userdata);
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->exit);
	close_keep_errno(c->fd);
	free(c);
	children--;
	return 0;
}

static int on_io_event(sd_event_source *s, int fd, uint32_t revents,
		       void *userdata)
{
	struct agent_child *c = userdata;
	_cleanup_(agent_msg_done) struct agent_msg m = AGENT_MSG_INIT;
	int r;

	(void)revents;
	r = agent_channel_recv(fd, c->spec.buffer, &m, NULL, NULL);
	if (r == -EAGAIN)
		return 0;
	if (r < 0) {
		agent_child_message tell = c->spec.on_message;

		sd_event_source_set_enabled(s, SD_EVENT_OFF);
		c->spec.on_message = NULL; /* said once */
		if (tell)
			tell(c, NULL, c->spec.userdata);
		return 0;
	}
	if (c->spec.on_message)
		c->spec.on_message(c, &m, c->spec.userdata);
	return 0;
}

static int spawn(const struct agent_child_spec *spec, int channel, pid_t *ret)
{
	posix_spawnattr_t attr;
	posix_spawn_file_actions_t files;
	sigset_t none, all;
	char as[48];
	char *argv[] = {"kmsagentd", "--as", as, NULL};
	char *envp[] = {NULL};
	int r;

	snprintf(as, sizeof(as), "%s:%u:%u", agent_role_name(spec->role),
		 (unsigned)spec->uid, (unsigned)spec->gid);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_init(&files);
	r = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
						    POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = posix_spawnattr_setsigmask(&attr, &none);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(&attr, &all);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&files, STDIN_FILENO,
						     "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&files, STDOUT_FILENO,
						     "/dev/null", O_WRONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&files, channel,
						     AGENT_ROLE_FD);
	if (r == 0)
		r = posix_spawn(ret, "/proc/self/exe", &files, &attr, argv,
				envp);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return -r;
}

static int watch(struct agent_child *c, sd_event *event, pid_t pid)
{
	int r = sd_event_add_child(event, &c->exit, pid, WEXITED, on_exit_event,
				   c);

	if (r < 0)
		return r;
	/* The answer comes before the news of the death. */
	r = sd_event_source_set_priority(c->exit,
					 SD_EVENT_PRIORITY_NORMAL + 10);
	if (r < 0)
		return r;
	return sd_event_add_io(event, &c->io, c->fd, EPOLLIN, on_io_event, c);
}

int agent_child_new(sd_event *event, const struct agent_child_spec *spec,
		    struct agent_child **ret)
{
	_free_ struct agent_child *c = calloc(1, sizeof(*c));
	_close_ int ours = -1;
	_close_ int theirs = -1;
	int fds[2];
	pid_t pid;
	int r;

	if (!c)
		return -ENOMEM;
	r = agent_channel_pair(fds);
	if (r < 0)
		return r;
	ours = fds[0];
	theirs = fds[1];
	if (fcntl(ours, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	r = spawn(spec, theirs, &pid);
	if (r < 0)
		return r;
	c->spec = *spec;
	c->fd = ours;
	r = watch(c, event, pid);
	if (r < 0) {
		sd_event_source_disable_unref(c->exit);
		sd_event_source_disable_unref(c->io);
		kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return r;
	}
	children++;
	(void)take_fd(ours);
	*ret = take_ptr(c);
	return 0;
}

int agent_child_send(struct agent_child *c, const struct agent_msg *m,
		     const int *fds, size_t nfds)
{
	return agent_channel_send(c->fd, m, fds, nfds);
}

void agent_child_assign(struct agent_child *c, void *userdata)
{
	c->spec.userdata = userdata;
}

void agent_child_end(struct agent_child *c)
{
	if (!c || c->ended)
		return;
	c->ended = true;
	c->spec.on_message = NULL;
	sd_event_source_set_enabled(c->io, SD_EVENT_OFF);
	(void)sd_event_source_send_child_signal(c->exit, SIGKILL, NULL, 0);
}
