/* SPDX-License-Identifier: MIT */
/*
 * A file that appears whole or not at all.
 */
#include "kmsagent/ctl/output.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "kmsagent/base/io.h"

/* What a deadly signal must remove; unlinkat(2) is async-signal-safe. */
static volatile sig_atomic_t pending_dir = -1;
static const char *volatile pending_name;

static const int deadly[] = {SIGINT, SIGTERM, SIGHUP};

static void drop_and_die(int sig)
{
	if (pending_name)
		unlinkat(pending_dir, pending_name, 0);
	/* SA_RESETHAND has put the default action back. */
	raise(sig);
}

static void watch_signals(struct cmd_output *o)
{
	struct sigaction drop = {.sa_handler = drop_and_die,
				 .sa_flags = (int)SA_RESETHAND};

	pending_dir = o->dir_fd;
	pending_name = o->temp;
	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
		sigaction(deadly[i], &drop, NULL);
}

static int make_temp_name(const char *name, char **ret)
{
	uint64_t random;
	char *temp;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	/* Names have at most 255 bytes: the cut one still tells whose it is. */
	temp = io_format(".%.200s.%016" PRIx64 ".partial", name, random);
	if (!temp)
		return -ENOMEM;
	*ret = temp;
	return 0;
}

/* File systems without O_TMPFILE say one of these; see open(2). */
static bool lacks_tmpfile(int err)
{
	return err == EOPNOTSUPP || err == EISDIR || err == EINVAL;
}

static int open_unnamed(struct cmd_output *o)
{
	int r;

	o->fd = openat(o->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
	if (o->fd >= 0)
		return 0;
	if (!lacks_tmpfile(errno))
		return -errno;
	r = make_temp_name(o->name, &o->temp);
	if (r < 0)
		return r;
	o->fd = openat(o->dir_fd, o->temp,
		       O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
	if (o->fd < 0) {
		r = -errno;
		freep(&o->temp);
		o->temp = NULL;
		return r;
	}
	watch_signals(o);
	return 0;
}

static int check_place(const struct cmd_output *o)
{
	struct stat st;

	/* A symbolic link counts as what it is: no regular file. */
	if (fstatat(o->dir_fd, o->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!o->replace)
		return -EEXIST;
	return S_ISREG(st.st_mode) ? 0 : -ENXIO;
}

int cmd_output_open(struct cmd_output *o, const char *path, bool replace)
{
	_free_ char *dir = NULL;
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	int r;

	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	if (slash)
		dir = strndup(path, (size_t)(slash - path) + 1);
	else
		dir = strdup(".");
	o->name = strdup(name);
	if (!dir || !o->name)
		return -ENOMEM;
	o->replace = replace;
	r = io_open_dir(dir, &o->dir_fd);
	if (r >= 0)
		r = check_place(o);
	if (r >= 0)
		r = open_unnamed(o);
	return r;
}

/* An unnamed file gets @name; it must not be there. */
static int link_unnamed(const struct cmd_output *o, const char *name)
{
	char self[32];

	/* By /proc, as AT_EMPTY_PATH wants CAP_DAC_READ_SEARCH. */
	snprintf(self, sizeof(self), "/proc/self/fd/%d", o->fd);
	if (linkat(AT_FDCWD, self, o->dir_fd, name, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	return 0;
}

/* As rename, but never over anything. */
static int rename_new(const struct cmd_output *o)
{
	if (renameat2(o->dir_fd, o->temp, o->dir_fd, o->name,
		      RENAME_NOREPLACE) >= 0)
		return 0;
	/* The file system does not know the flag (NFS): link, unlink. */
	if (errno != EINVAL)
		return -errno;
	if (linkat(o->dir_fd, o->temp, o->dir_fd, o->name, 0) < 0 ||
	    unlinkat(o->dir_fd, o->temp, 0) < 0)
		return -errno;
	return 0;
}

static int rename_over(const struct cmd_output *o)
{
	if (renameat(o->dir_fd, o->temp, o->dir_fd, o->name) < 0)
		return -errno;
	return 0;
}

static int give_name(struct cmd_output *o)
{
	int r;

	if (!o->temp && !o->replace)
		return link_unnamed(o, o->name);
	if (!o->temp) {
		r = make_temp_name(o->name, &o->temp);
		if (r >= 0)
			r = link_unnamed(o, o->temp);
		if (r < 0) {
			freep(&o->temp);
			o->temp = NULL;
			return r;
		}
	}
	r = o->replace ? rename_over(o) : rename_new(o);
	if (r < 0)
		return r;
	pending_name = NULL;
	freep(&o->temp);
	o->temp = NULL;
	return 0;
}

int cmd_output_publish(struct cmd_output *o)
{
	int r;

	if (fsync(o->fd) < 0)
		return -errno;
	r = give_name(o);
	if (r < 0)
		return r;
	if (fsync(o->dir_fd) < 0)
		return -errno;
	return 0;
}

void cmd_output_done(struct cmd_output *o)
{
	if (o->temp) {
		pending_name = NULL;
		unlinkat(o->dir_fd, o->temp, 0);
	}
	closep(&o->fd);
	closep(&o->dir_fd);
	freep(&o->name);
	freep(&o->temp);
	*o = CMD_OUTPUT_INIT;
}
