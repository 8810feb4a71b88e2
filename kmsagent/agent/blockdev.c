/* SPDX-License-Identifier: MIT */
/* Block devices as sysfs tells them.  It must not open the device. */
#include "kmsagent/agent/blockdev.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kmsagent/base/io.h"

#define ATTR_MAX_BYTES ((size_t)8192)

/* The first that is there and not empty names the device. */
static const struct {
	const char *attr;
	const char *prefix;
} names[] = {
	{"dm/uuid", "dm-uuid:"},	{"md/uuid", "md-uuid:"},
	{"loop/backing_file", "file:"}, {"wwid", "wwid:"},
	{"device/wwid", "wwid:"},	{"serial", "serial:"},
	{"device/cid", "cid:"},
};

static char *dev_path(dev_t dev, const char *below)
{
	return io_format("dev/block/%u:%u%s%s", major(dev), minor(dev),
			 *below ? "/" : "", below);
}

/* Trimmed; sysfs ends its text with a newline, and SCSI pads with spaces. */
static int read_attr(int dir_fd, const char *path, char **ret)
{
	char *text = NULL, *start, *end;
	int r = io_read_text(dir_fd, path, ATTR_MAX_BYTES, &text);

	if (r < 0)
		return r;
	start = text + strspn(text, " \n");
	end = start + strlen(start);
	while (end > start && strchr(" \n", end[-1]))
		end--;
	memmove(text, start, (size_t)(end - start));
	text[end - start] = '\0';
	*ret = text;
	return 0;
}

int blockdev_attr(int sys_fd, dev_t dev, const char *attr, char **ret)
{
	_free_ char *path = dev_path(dev, attr);

	return path ? read_attr(sys_fd, path, ret) : -ENOMEM;
}

/* Percent signs for what is not plain: paths and serials may hold anything. */
static int append(char *buf, size_t size, const char *text)
{
	size_t len = strlen(buf);

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool is_plain = c > ' ' && c < 0x7f && c != '%';

		if (len + (is_plain ? 1 : 3) >= size)
			return -ENAMETOOLONG;
		len += (size_t)snprintf(buf + len, size - len,
					is_plain ? "%c" : "%%%02X", c);
	}
	return 0;
}

static int append_loop_offset(int dir_fd, char *buf, size_t size)
{
	_free_ char *offset = NULL;
	int r = read_attr(dir_fd, "loop/offset", &offset);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (strcmp(offset, "0") == 0)
		return 0;
	r = append(buf, size, "@");
	return r < 0 ? r : append(buf, size, offset);
}

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), n = strlen(end);

	return len >= n && strcmp(s + len - n, end) == 0;
}

/* Where a disk that has no name of its own is plugged in. */
static int identify_by_path(int sys_fd, dev_t dev, char *buf, size_t size)
{
	_free_ char *path = dev_path(dev, "");
	char target[4096];
	const char *at = target;
	ssize_t n;
	int r;

	if (!path)
		return -ENOMEM;
	n = readlinkat(sys_fd, path, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	while (strncmp(at, "../", 3) == 0)
		at += 3;
	r = append(buf, size, "path:");
	return r < 0 ? r : append(buf, size, at);
}

static int identify_disk(int sys_fd, int dir_fd, dev_t dev, char *buf,
			 size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_free_ char *text = NULL;
		int r = read_attr(dir_fd, names[i].attr, &text);

		if (r == -ENOMEM)
			return r;
		if (r < 0 || *text == '\0')
			continue;
		if (ends_with(text, " (deleted)"))
			return -ESTALE;
		r = append(buf, size, names[i].prefix);
		if (r == 0)
			r = append(buf, size, text);
		if (r == 0 && strcmp(names[i].prefix, "file:") == 0)
			r = append_loop_offset(dir_fd, buf, size);
		return r;
	}
	return identify_by_path(sys_fd, dev, buf, size);
}

static int parse_dev(const char *text, dev_t *ret)
{
	unsigned ma, mi;
	char end;

	if (sscanf(text, "%u:%u%c", &ma, &mi, &end) != 2)
		return -EBADMSG;
	*ret = makedev(ma, mi);
	return 0;
}

/* A partition is a folder in its disk's. */
static int identify_partition(int sys_fd, int dir_fd, const char *number,
			      char *buf, size_t size)
{
	_free_ char *text = NULL;
	dev_t disk;
	int r = read_attr(dir_fd, "../dev", &text);

	if (r == 0)
		r = parse_dev(text, &disk);
	if (r == 0)
		r = blockdev_identify(sys_fd, disk, buf, size);
	if (r == 0)
		r = append(buf, size, "-part");
	return r < 0 ? r : append(buf, size, number);
}

int blockdev_identify(int sys_fd, dev_t dev, char *buf, size_t size)
{
	_free_ char *path = dev_path(dev, "");
	_free_ char *partition = NULL;
	_close_ int dir_fd = -1;
	int r;

	buf[0] = '\0';
	if (!path)
		return -ENOMEM;
	dir_fd = openat(sys_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	r = read_attr(dir_fd, "partition", &partition);
	if (r == 0)
		return identify_partition(sys_fd, dir_fd, partition, buf, size);
	return r == -ENOENT ? identify_disk(sys_fd, dir_fd, dev, buf, size) : r;
}

/* Names in a folder of the device's; how many, or negative errno. */
static int list(int sys_fd, dev_t dev, const char *folder, char *buf,
		size_t size)
{
	_free_ char *path = dev_path(dev, folder);
	struct dirent *d;
	int fd, n = 0;
	DIR *dir;

	buf[0] = '\0';
	if (!path)
		return -ENOMEM;
	fd = openat(sys_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir)
		return close_keep_errno(fd), -errno;
	while ((d = readdir(dir))) {
		size_t len = strlen(buf);

		if (d->d_name[0] == '.')
			continue;
		/* What does not fit is left out of a message, not missed. */
		snprintf(buf + len, size - len, "%s%s", n ? ", " : "",
			 d->d_name);
		n++;
	}
	closedir(dir);
	return n;
}

int blockdev_holders(int sys_fd, dev_t dev, char *buf, size_t size)
{
	int n = list(sys_fd, dev, "holders", buf, size);

	return n < 0 ? n : 0;
}

int blockdev_sectors(int sys_fd, dev_t dev, int64_t *ret)
{
	_free_ char *text = NULL;
	int r = blockdev_attr(sys_fd, dev, "size", &text);
	long long n;
	char end;

	if (r < 0)
		return r;
	if (sscanf(text, "%lld%c", &n, &end) != 1 || n < 0)
		return -EBADMSG;
	*ret = n;
	return 0;
}

int blockdev_slave(int sys_fd, dev_t dev, dev_t *ret)
{
	_free_ char *path = NULL;
	_free_ char *text = NULL;
	char name[256];
	int n = list(sys_fd, dev, "slaves", name, sizeof(name)), r;

	if (n != 1)
		return n < 0 ? n : -ENOENT;
	path = io_format("slaves/%s/dev", name);
	if (!path)
		return -ENOMEM;
	r = blockdev_attr(sys_fd, dev, path, &text);
	return r < 0 ? r : parse_dev(text, ret);
}
