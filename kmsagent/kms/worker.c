/* SPDX-License-Identifier: MIT */
/*
 * The serving threads: accept, wait, deadlines, draining.  It must not know
 * what is said on the connections.
 */
#include "kmsagent/kms/worker.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "kmsagent/base/clock.h"
#include "kmsagent/base/log.h"
#include "kmsagent/kms/http.h"

#define EVENTS	      16
#define ACCEPT_BATCH  64
#define SWEEP_MS      500
#define TOKEN_LIBRARY ((uint32_t)-2)
#define TOKEN_STOP    ((uint32_t)-3)

struct kms_http {
	struct worker *workers;
	size_t nworkers;
	struct kms_lane *lane;
	atomic_uint nconns;
	int stop_fd;
};

struct conn *worker_attach(struct worker *w)
{
	struct conn *c = take_ptr(w->arriving);

	c->next = w->conns;
	if (c->next)
		c->next->prev = c;
	w->conns = c;
	atomic_fetch_add(w->nconns, 1);
	return c;
}

void worker_detach(struct worker *w, struct conn *c)
{
	if (!c)
		return;
	if (c->prev)
		c->prev->next = c->next;
	else
		w->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	conn_free(c);
	atomic_fetch_sub(w->nconns, 1);
}

static int watch(struct worker *w, int fd, uint32_t token, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.u32 = token};

	return epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

static int start_accepting(struct worker *w)
{
	for (size_t i = 0; i < w->nlisteners; i++) {
		/* One new connection wakes one thread. */
		int r = watch(w, w->listeners[i].fd, (uint32_t)i,
			      EPOLLIN | EPOLLEXCLUSIVE);

		if (r < 0 && r != -EEXIST)
			return r;
	}
	w->is_accepting = true;
	return 0;
}

static void stop_accepting(struct worker *w)
{
	for (size_t i = 0; i < w->nlisteners; i++)
		(void)epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, w->listeners[i].fd,
				NULL);
	w->is_accepting = false;
}

/* Takes @fd. */
static void take_connection(struct worker *w, int fd,
			    const struct kms_listener *l,
			    const struct sockaddr_storage *peer, socklen_t len)
{
	if (atomic_load(w->nconns) >= w->front->config->max_connections) {
		close(fd);
		return;
	}
	w->arriving = conn_new(fd, l->is_unix, peer);
	if (!w->arriving) {
		close(fd);
		return;
	}
	w->arriving->is_tls = l->is_tls;
	w->arriving->deadline_ms = w->now_ms + KMS_HTTP_REQUEST_MS;
	/* Closes @fd if it fails. */
	(void)MHD_add_connection(l->is_tls ? w->tls_daemon : w->daemon, fd,
				 (const void *)peer, len);
	conn_free(take_ptr(w->arriving));
}

static void accept_some(struct worker *w, const struct kms_listener *l)
{
	for (unsigned i = 0; i < ACCEPT_BATCH; i++) {
		struct sockaddr_storage peer = {0};
		socklen_t len = sizeof(peer);
		int fd = accept4(l->fd, (struct sockaddr *)&peer, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			take_connection(w, fd, l, &peer, len);
			continue;
		}
		/* Out of descriptors or memory: the connection stays in the
		 * backlog and the socket readable; ask again at a sweep. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			stop_accepting(w);
		if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

/*
 * The library sees the end of the stream and closes: it has no call to do so
 * from outside.
 */
static void hang_up(struct conn *c)
{
	(void)shutdown(c->fd, SHUT_RDWR);
}

static void sweep(struct worker *w)
{
	if (w->now_ms < w->sweep_ms)
		return;
	w->sweep_ms = w->now_ms + SWEEP_MS;
	for (struct conn *c = w->conns; c; c = c->next)
		if (c->deadline_ms <= w->now_ms ||
		    (w->is_draining && c->phase == CONN_IDLE))
			hang_up(c);
	if (!w->is_accepting && !w->is_draining)
		(void)start_accepting(w);
}

static void start_draining(struct worker *w)
{
	w->is_draining = true;
	stop_accepting(w);
	(void)epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, w->stop_fd, NULL);
	w->drain_end_ms = w->now_ms + KMS_HTTP_DRAIN_MS;
	w->sweep_ms = 0;
}

/* The library has something to do that no descriptor will tell of. */
static bool is_due(struct MHD_Daemon *daemon)
{
	MHD_UNSIGNED_LONG_LONG left;

	return daemon && MHD_get_timeout(daemon, &left) == MHD_YES && left == 0;
}

/* How long to wait: not at all while the library has work left over. */
static int timeout_ms(struct worker *w)
{
	if (is_due(w->daemon) || is_due(w->tls_daemon))
		return 0;
	return w->conns || !w->is_accepting ? SWEEP_MS : -1;
}

static void *serve(void *userdata)
{
	struct epoll_event events[EVENTS];
	struct worker *w = userdata;

	while (!w->is_draining || (w->conns && w->now_ms < w->drain_end_ms)) {
		int n = epoll_wait(w->epoll_fd, events, EVENTS, timeout_ms(w));

		w->now_ms = clock_boot_ms();
		atomic_store_explicit(&w->busy_ms, w->now_ms,
				      memory_order_relaxed);
		for (int i = 0; i < n; i++) {
			uint32_t token = events[i].data.u32;

			if (token == TOKEN_STOP)
				start_draining(w);
			else if (token != TOKEN_LIBRARY && w->is_accepting)
				accept_some(w, &w->listeners[token]);
		}
		if (MHD_run(w->daemon) == MHD_NO ||
		    (w->tls_daemon && MHD_run(w->tls_daemon) == MHD_NO)) {
			log_crit("the HTTP library's loop failed");
			abort();
		}
		sweep(w);
		atomic_store_explicit(&w->busy_ms, 0, memory_order_relaxed);
	}
	return NULL;
}

static bool speaks_tls(const struct worker *w)
{
	for (size_t i = 0; i < w->nlisteners; i++)
		if (w->listeners[i].is_tls)
			return true;
	return false;
}

static int start_library(struct worker *w, bool is_tls, struct MHD_Daemon **ret)
{
	const union MHD_DaemonInfo *info;
	int r = http_daemon_new(w, is_tls, ret);

	if (r < 0)
		return r;
	info = MHD_get_daemon_info(*ret, MHD_DAEMON_INFO_EPOLL_FD);
	return info ? watch(w, info->epoll_fd, TOKEN_LIBRARY, EPOLLIN) : -EIO;
}

static int worker_start(struct worker *w)
{
	int r = kms_caller_init(&w->caller, w->front);

	if (r < 0)
		return r;
	w->now_ms = clock_boot_ms();
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll_fd < 0)
		return -errno;
	r = start_library(w, false, &w->daemon);
	if (r >= 0 && speaks_tls(w))
		r = start_library(w, true, &w->tls_daemon);
	if (r >= 0)
		r = watch(w, w->stop_fd, TOKEN_STOP, EPOLLIN);
	if (r >= 0)
		r = start_accepting(w);
	if (r >= 0)
		r = -pthread_create(&w->thread, NULL, serve, w);
	if (r < 0)
		return r;
	w->is_running = true;
	return 0;
}

static void worker_done(struct worker *w)
{
	if (w->is_running)
		pthread_join(w->thread, NULL);
	if (w->daemon)
		MHD_stop_daemon(w->daemon);
	if (w->tls_daemon)
		MHD_stop_daemon(w->tls_daemon);
	kms_caller_done(&w->caller);
	close_keep_errno(w->epoll_fd);
}

int kms_http_start(struct kms_front *front,
		   const struct kms_listener *listeners, size_t nlisteners,
		   struct kms_http **ret)
{
	struct kms_http *h = calloc(1, sizeof(*h));
	int r = 0;

	if (!h)
		return -ENOMEM;
	h->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	h->workers = calloc(front->config->threads, sizeof(*h->workers));
	if (h->stop_fd < 0)
		r = -errno;
	else if (!h->workers)
		r = -ENOMEM;
	else
		r = kms_lane_start(front, &h->lane);
	for (size_t i = 0; r >= 0 && i < front->config->threads; i++) {
		struct worker *w = &h->workers[h->nworkers++];

		*w = (struct worker){.front = front,
				     .listeners = listeners,
				     .nlisteners = nlisteners,
				     .nconns = &h->nconns,
				     .lane = h->lane,
				     .epoll_fd = -1,
				     .stop_fd = h->stop_fd};
		r = worker_start(w);
	}
	if (r < 0) {
		kms_http_stop(h);
		return r;
	}
	*ret = h;
	return 0;
}

bool kms_http_is_stuck(struct kms_http *h, int64_t limit_ms)
{
	int64_t now_ms = clock_boot_ms();

	for (size_t i = 0; i < h->nworkers; i++) {
		int64_t since = atomic_load_explicit(&h->workers[i].busy_ms,
						     memory_order_relaxed);

		if (since && now_ms - since > limit_ms)
			return true;
	}
	return false;
}

void kms_http_stop(struct kms_http *h)
{
	if (!h)
		return;
	if (h->stop_fd >= 0)
		(void)eventfd_write(h->stop_fd, 1);
	/* The library cannot stop while it has connections put aside. */
	kms_lane_stop(h->lane);
	for (size_t i = 0; i < h->nworkers; i++)
		worker_done(&h->workers[i]);
	kms_lane_free(h->lane);
	close_keep_errno(h->stop_fd);
	free(h->workers);
	free(h);
}
