/* SPDX-License-Identifier: MIT */
/*
 * Looking through /proc.  What a process calls itself and its files is its
 * own to choose: it is made printable here and means nothing.
 */
#include "kmsagent/agent/fsbusy.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "kmsagent/agent/fsdir.h"
#include "kmsagent/base/clock.h"

#define TIME_MS	 4000 /* hosts with 10^5 open files take less */
#define SEEN_MAX 32   /* inodes of one process that are told apart */

struct scan {
	dev_t dev;
	const uint8_t *id;
	unsigned max, count;
	int64_t end_ms;
	void (*found)(const struct fsbusy *b, void *data);
	void *data;
	/* the process that is being looked at */
	struct fsbusy now;
	int pid_fd;
	ino_t seen[SEEN_MAX];
	size_t seen_count;
};

static void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static bool is_new(struct scan *s, ino_t ino)
{
	for (size_t i = 0; i < s->seen_count; i++)
		if (s->seen[i] == ino)
			return false;
	if (s->seen_count < SEEN_MAX)
		s->seen[s->seen_count++] = ino;
	return true;
}

/*
 * A file that is in use can still be opened by its link in /proc, though its
 * key is gone; nothing is opened that could do something by being opened.
 */
static bool has_key(int dir_fd, const char *name, const uint8_t *id)
{
	_close_ int fd = openat(dir_fd, name,
				O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct fspolicy p;
	bool is_v1;

	return fd >= 0 && fsdir_policy(fd, &p, &is_v1) == 0 && !is_v1 &&
	       memcmp(p.identifier, id, FSPOLICY_ID_BYTES) == 0;
}

static void look_at(struct scan *s, int dir_fd, const char *name)
{
	struct statx st;
	struct stat plain;
	ssize_t n;

	/* Cheap first: AT_STATX_DONT_SYNC asks no server. */
	if (statx(dir_fd, name, AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO,
		  &st) < 0 ||
	    !(st.stx_attributes & STATX_ATTR_ENCRYPTED) ||
	    (!S_ISREG(st.stx_mode) && !S_ISDIR(st.stx_mode)))
		return;
	if (fstatat(dir_fd, name, &plain, 0) < 0 || plain.st_dev != s->dev ||
	    !is_new(s, plain.st_ino) || !has_key(dir_fd, name, s->id))
		return;
	n = readlinkat(dir_fd, name, s->now.path, sizeof(s->now.path) - 1);
	s->now.path[n < 0 ? 0 : n] = '\0';
	make_printable(s->now.path);
	if (s->count++ < s->max)
		s->found(&s->now, s->data);
}

static bool has_time(const struct scan *s)
{
	return clock_boot_ms() < s->end_ms;
}

static void look_into(struct scan *s, const char *folder)
{
	int fd = openat(s->pid_fd, folder,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;

	if (!dir) {
		close_keep_errno(fd);
		return;
	}
	while (has_time(s) && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			look_at(s, fd, d->d_name);
	closedir(dir);
}

static void read_name(struct scan *s)
{
	_close_ int fd = openat(s->pid_fd, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t n =
		fd < 0 ? 0
		       : read(fd, s->now.command, sizeof(s->now.command) - 1);

	s->now.command[n < 0 ? 0 : n] = '\0';
	s->now.command[strcspn(s->now.command, "\n")] = '\0';
	make_printable(s->now.command);
}

static void look_at_process(struct scan *s, int proc_fd, const char *name)
{
	static const char *const links[] = {"cwd", "root", "exe"};
	_close_ int fd =
		openat(proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	s->now = (struct fsbusy){.pid = atoi(name), .uid = st.st_uid};
	s->pid_fd = fd;
	s->seen_count = 0;
	read_name(s);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		look_at(s, fd, links[i]);
	look_into(s, "fd");
	look_into(s, "map_files");
}

int fsbusy_scan(dev_t dev, const uint8_t id[FSPOLICY_ID_BYTES], unsigned max,
		void (*found)(const struct fsbusy *b, void *data), void *data)
{
	struct scan s = {
		.dev = dev,
		.id = id,
		.max = max,
		.end_ms = clock_boot_ms() + TIME_MS,
		.found = found,
		.data = data,
	};
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;
	int r;

	if (!dir) {
		r = -errno;
		close_keep_errno(fd);
		return r;
	}
	while (has_time(&s) && (d = readdir(dir)))
		if (d->d_name[0] >= '1' && d->d_name[0] <= '9')
			look_at_process(&s, fd, d->d_name);
	closedir(dir);
	return (int)s.count;
}
