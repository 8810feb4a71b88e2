/* SPDX-License-Identifier: MIT */
/* Listening sockets.  It must not know what is spoken on them. */
#include "kmsagent/kms/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#define UNIX_PREFIX "unix:"
#define BACKLOG	    4096

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
};

static int parse_port(const char *text, in_port_t *ret)
{
	unsigned long port = 0;

	if (!*text || strlen(text) > 5)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		port = port * 10 + (unsigned long)(*text - '0');
	}
	if (port > 65535)
		return -EINVAL;
	*ret = htons((in_port_t)port);
	return 0;
}

static int parse_unix(const char *path, union address *ret, socklen_t *ret_len)
{
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(ret->un.sun_path))
		return -EINVAL;
	ret->un.sun_family = AF_UNIX;
	memcpy(ret->un.sun_path, path, len + 1);
	*ret_len = sizeof(ret->un);
	return 0;
}

static int parse_inet(const char *text, union address *ret, socklen_t *ret_len)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	size_t len = colon ? (size_t)(colon - text) : 0;

	if (len == 0 || len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (*host == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		ret->v6.sin6_family = AF_INET6;
		*ret_len = sizeof(ret->v6);
		if (inet_pton(AF_INET6, host + 1, &ret->v6.sin6_addr) != 1)
			return -EINVAL;
		return parse_port(colon + 1, &ret->v6.sin6_port);
	}
	ret->v4.sin_family = AF_INET;
	*ret_len = sizeof(ret->v4);
	if (inet_pton(AF_INET, host, &ret->v4.sin_addr) != 1)
		return -EINVAL;
	return parse_port(colon + 1, &ret->v4.sin_port);
}

bool kms_listen_is_tls(const char *text)
{
	return strncmp(text, KMS_LISTEN_TLS, strlen(KMS_LISTEN_TLS)) == 0;
}

static int parse(const char *text, union address *ret, socklen_t *ret_len)
{
	memset(ret, 0, sizeof(*ret));
	if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		return parse_unix(text + strlen(UNIX_PREFIX), ret, ret_len);
	if (kms_listen_is_tls(text))
		text += strlen(KMS_LISTEN_TLS);
	return parse_inet(text, ret, ret_len);
}

bool kms_listen_is_valid(const char *text)
{
	union address a;
	socklen_t len;

	return parse(text, &a, &len) == 0;
}

/* A socket file left by a server that died: nobody answers there. */
static int remove_stale(const union address *a)
{
	_close_ int fd = -1;
	struct stat st;

	if (lstat(a->un.sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EADDRINUSE;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, &a->any, sizeof(a->un)) == 0 || errno != ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(a->un.sun_path) < 0 ? -errno : 0;
}

/* The address as it was bound, in the form that kms_listen_open() takes. */
static int describe(struct kms_listener *l)
{
	char host[INET6_ADDRSTRLEN] = "";
	union address a = {0};
	socklen_t len = sizeof(a);

	if (getsockname(l->fd, &a.any, &len) < 0)
		return -errno;
	switch (a.any.sa_family) {
	case AF_UNIX:
		l->is_unix = true;
		/* An abstract name begins with NUL, as "@" is customary for. */
		snprintf(l->addr, sizeof(l->addr), UNIX_PREFIX "%s%.*s",
			 a.un.sun_path[0] ? "" : "@",
			 (int)sizeof(a.un.sun_path) - 1,
			 a.un.sun_path[0] ? a.un.sun_path : a.un.sun_path + 1);
		return 0;
	case AF_INET:
		inet_ntop(AF_INET, &a.v4.sin_addr, host, sizeof(host));
		snprintf(l->addr, sizeof(l->addr), "%s%s:%u",
			 l->is_tls ? KMS_LISTEN_TLS : "", host,
			 ntohs(a.v4.sin_port));
		return 0;
	case AF_INET6:
		inet_ntop(AF_INET6, &a.v6.sin6_addr, host, sizeof(host));
		snprintf(l->addr, sizeof(l->addr), "%s[%s]:%u",
			 l->is_tls ? KMS_LISTEN_TLS : "", host,
			 ntohs(a.v6.sin6_port));
		return 0;
	}
	return -EPROTOTYPE;
}

int kms_listen_open(const char *text, struct kms_listener *ret)
{
	struct kms_listener l = {.fd = -1, .is_tls = kms_listen_is_tls(text)};
	_close_ int fd = -1;
	union address a;
	socklen_t len;
	int r = parse(text, &a, &len), one = 1;

	if (r < 0)
		return r;
	if (a.any.sa_family == AF_UNIX) {
		r = remove_stale(&a);
		if (r < 0)
			return r;
	}
	fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0);
	if (fd < 0)
		return -errno;
	if (a.any.sa_family != AF_UNIX &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		return -errno;
	if (bind(fd, &a.any, len) < 0)
		return -errno;
	l.is_ours = a.any.sa_family == AF_UNIX;
	if (l.is_ours && chmod(a.un.sun_path, 0666) < 0)
		return -errno;
	if (listen(fd, BACKLOG) < 0)
		return -errno;
	l.fd = fd;
	r = describe(&l);
	if (r < 0)
		return r;
	(void)take_fd(fd);
	*ret = l;
	return 0;
}

static void free_names(char ***names)
{
	for (char **name = *names; name && *name; name++)
		free(*name);
	free(*names);
}

int kms_listen_inherited(struct kms_listener *ret, size_t max)
{
	_cleanup_(free_names) char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names);

	if (n <= 0)
		return n;
	if ((size_t)n > max)
		return -E2BIG;
	for (int i = 0; i < n; i++) {
		struct kms_listener l = {.fd = SD_LISTEN_FDS_START + i,
					 .is_tls =
						 strcmp(names[i], "tls") == 0};
		int r = sd_is_socket(l.fd, AF_UNSPEC, SOCK_STREAM, 1);

		if (r <= 0)
			return r < 0 ? r : -EPROTOTYPE;
		/* Accepting must never block a thread that serves others. */
		r = fcntl(l.fd, F_GETFL);
		if (r < 0 || fcntl(l.fd, F_SETFL, r | O_NONBLOCK) < 0)
			return -errno;
		r = describe(&l);
		if (r < 0)
			return r;
		ret[i] = l;
	}
	return n;
}

void kms_listener_done(struct kms_listener *l)
{
	if (l->is_ours)
		(void)unlink(l->addr + strlen(UNIX_PREFIX));
	close_keep_errno(l->fd);
	*l = (struct kms_listener){.fd = -1};
}
