/* SPDX-License-Identifier: MIT */
/*
 * The listening socket, the epoll set and the one timer.  What happens on a
 * connection is conn.c's.
 */
#include "kmsagent/varlink/server.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>

#include "kmsagent/varlink/internal.h"

#define DEFAULT_CONNECTIONS	    1024
#define DEFAULT_CONNECTIONS_PER_UID 64
#define DEFAULT_IO_TIMEOUT_MS	    10000
#define ACCEPT_PAUSE_MS		    100
#define BATCH			    64

int64_t varlink_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void varlink_server_wake_at(struct varlink_server *s, int64_t deadline_ms)
{
	struct itimerspec at = {
		.it_value.tv_sec = deadline_ms / 1000,
		.it_value.tv_nsec = deadline_ms % 1000 * 1000000,
	};

	if (s->timer_ms && s->timer_ms <= deadline_ms)
		return;
	if (timerfd_settime(s->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) == 0)
		s->timer_ms = deadline_ms;
}

static int watch(struct varlink_server *s, int fd, void *who)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = who};

	return epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

int varlink_server_new(const struct varlink_config *config,
		       struct varlink_server **ret)
{
	_cleanup_(varlink_server_freep) struct varlink_server *s = NULL;
	int listen_fd = config->listen_fd, flags, r;

	s = calloc(1, sizeof(*s));
	if (!s) {
		close_keep_errno(listen_fd);
		return -ENOMEM;
	}
	s->config = *config;
	s->epoll_fd = s->timer_fd = -1;
	if (!config->interface || !config->idl || !config->methods)
		return -EINVAL;
	if (!s->config.max_connections)
		s->config.max_connections = DEFAULT_CONNECTIONS;
	if (!s->config.max_connections_per_uid)
		s->config.max_connections_per_uid = DEFAULT_CONNECTIONS_PER_UID;
	if (!s->config.io_timeout_ms)
		s->config.io_timeout_ms = DEFAULT_IO_TIMEOUT_MS;

	flags = fcntl(listen_fd, F_GETFL);
	if (flags < 0 || fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll_fd < 0)
		return -errno;
	s->timer_fd =
		timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->timer_fd < 0)
		return -errno;
	r = watch(s, s->timer_fd, &s->timer_fd);
	if (r < 0)
		return r;
	r = watch(s, listen_fd, s);
	if (r < 0)
		return r;
	s->accepting = true;
	*ret = take_ptr(s);
	return 0;
}

void varlink_server_free(struct varlink_server *s)
{
	if (!s)
		return;
	while (s->conns)
		varlink_conn_free(s->conns);
	close_keep_errno(s->config.listen_fd);
	close_keep_errno(s->timer_fd);
	close_keep_errno(s->epoll_fd);
	free(s);
}

void varlink_server_shut(struct varlink_server *s)
{
	/* What its end tells epoll is not enough: others may have it open. */
	if (s->accepting && s->config.listen_fd >= 0)
		(void)epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, s->config.listen_fd,
				NULL);
	s->config.listen_fd = close_keep_errno(s->config.listen_fd);
	s->accepting = true; /* nothing to take up again */
	s->busy_ms = varlink_now_ms();
}

bool varlink_server_is_idle(const struct varlink_server *s, unsigned quiet_ms)
{
	for (const struct varlink_conn *c = s->conns; c; c = c->next)
		if (c->call || c->in_len || c->out)
			return false;
	return varlink_now_ms() - s->busy_ms >= quiet_ms;
}

int varlink_server_fd(const struct varlink_server *s)
{
	return s->epoll_fd;
}

unsigned varlink_server_connections(const struct varlink_server *s)
{
	return s->count;
}

/* NULL, or why one more connection of this peer is too many. */
static const char *over_cap(const struct varlink_server *s,
			    const struct ucred *peer)
{
	unsigned same = 0;

	if (s->count >= s->config.max_connections)
		return "too many connections; try again later";
	if (peer->uid == 0)
		return NULL;
	for (const struct varlink_conn *c = s->conns; c; c = c->next)
		same += c->peer.uid == peer->uid;
	return same < s->config.max_connections_per_uid
		       ? NULL
		       : "too many connections of this user; close some";
}

static void turn_away(const struct varlink_server *s, int fd,
		      const char *reason)
{
	cJSON *params = cJSON_CreateObject();
	char *text = NULL;
	size_t len;

	if (s->config.busy_error && params &&
	    cJSON_AddStringToObject(params, "reason", reason) &&
	    varlink_message_format(NULL, s->config.busy_error, params, false,
				   &text, &len) == 0)
		(void)!send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	cJSON_free(text);
	cJSON_Delete(params);
}

/* One connection; false when there is nothing more to accept now. */
static bool accept_one(struct varlink_server *s)
{
	_close_ int fd = accept4(s->config.listen_fd, NULL, NULL,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred peer;
	socklen_t len = sizeof(peer);
	const char *reason;

	if (fd < 0) {
		/* The peer gave up meanwhile. */
		if (errno == EINTR || errno == ECONNABORTED)
			return true;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return false;
		/* EMFILE, ENFILE, ENOMEM: level-triggered, it would spin. */
		if (epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, s->config.listen_fd,
			      NULL) == 0)
			s->accepting = false;
		varlink_server_wake_at(s, varlink_now_ms() + ACCEPT_PAUSE_MS);
		return false;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return true;
	reason = over_cap(s, &peer);
	if (reason)
		turn_away(s, fd, reason);
	else
		(void)!varlink_conn_new(s, take_fd(fd), &peer);
	return true;
}

static void on_timer(struct varlink_server *s)
{
	int64_t now = varlink_now_ms(), first = 0;
	struct varlink_conn *next;
	uint64_t ticks;

	(void)!read(s->timer_fd, &ticks, sizeof(ticks));
	s->timer_ms = 0;
	if (!s->accepting && watch(s, s->config.listen_fd, s) == 0)
		s->accepting = true;
	if (!s->accepting)
		first = now + ACCEPT_PAUSE_MS;
	for (struct varlink_conn *c = s->conns; c; c = next) {
		next = c->next;
		if (!c->deadline_ms)
			continue;
		if (c->deadline_ms <= now)
			varlink_conn_free(c);
		else if (!first || c->deadline_ms < first)
			first = c->deadline_ms;
	}
	if (first)
		varlink_server_wake_at(s, first);
}

int varlink_server_dispatch(struct varlink_server *s)
{
	struct epoll_event events[BATCH];
	bool timer = false;
	int n = epoll_wait(s->epoll_fd, events, BATCH, 0);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n > 0)
		s->busy_ms = varlink_now_ms();
	for (int i = 0; i < n; i++) {
		void *who = events[i].data.ptr;

		if (who == &s->timer_fd)
			timer = true;
		else if (who == s)
			for (int k = 0; k < BATCH && accept_one(s); k++)
				;
		else
			varlink_conn_ready(who, events[i].events);
	}
	/* Last: it may free connections that this batch still named. */
	if (timer)
		on_timer(s);
	return 0;
}

/* Is somebody still listening behind this address? */
static bool is_answered(const struct sockaddr_un *addr)
{
	_close_ int fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return true;
	/* EAGAIN: a full backlog is an answer too. */
	return connect(fd, (const void *)addr, sizeof(*addr)) == 0 ||
	       errno == EAGAIN;
}

int varlink_listen(const char *path, mode_t mode, int *ret_fd)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	_close_ int fd = -1;
	struct stat st;
	mode_t old;
	int r;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	if (lstat(path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode))
			return -EEXIST;
		if (is_answered(&addr))
			return -EADDRINUSE;
		if (unlink(path) < 0 && errno != ENOENT)
			return -errno;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* Closed to all until chmod(2) says whom it is for. */
	old = umask(0777);
	r = bind(fd, (const void *)&addr, sizeof(addr)) < 0 ? -errno : 0;
	umask(old);
	if (r < 0)
		return r;
	if (chmod(path, mode) < 0 || listen(fd, SOMAXCONN) < 0) {
		r = -errno;
		unlink(path);
		return r;
	}
	*ret_fd = take_fd(fd);
	return 0;
}
