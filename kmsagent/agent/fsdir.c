/* SPDX-License-Identifier: MIT */
/* fscrypt's ioctls.  It must not decide anything. */
#include "kmsagent/agent/fsdir.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fscrypt.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "keyring/missing.h"

/* Linux 4.10; in no header of user space. */
#define UBIFS_MAGIC 0x24051905

/* A path cannot be deeper: PATH_MAX / 2. */
#define DEPTH_MAX 2048

/* The file systems whose fscrypt is the kernel's own. */
static const uint32_t kernels_own[] = {
	EXT4_SUPER_MAGIC,
	F2FS_SUPER_MAGIC,
	UBIFS_MAGIC,
	CEPH_SUPER_MAGIC,
};

static int check_fs(int fd)
{
	struct statfs st;

	if (fstatfs(fd, &st) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(kernels_own); i++)
		if ((uint32_t)st.f_type == kernels_own[i])
			return 0;
	return -ENOTTY;
}

int fsdir_policy(int fd, struct fspolicy *ret, bool *ret_is_v1)
{
	struct fscrypt_get_policy_ex_arg arg = {.policy_size =
							sizeof(arg.policy)};
	int r = check_fs(fd);

	if (r < 0)
		return r;
	if (ioctl(fd, FS_IOC_GET_ENCRYPTION_POLICY_EX, &arg) < 0)
		return -errno;
	*ret_is_v1 = arg.policy.version != FSCRYPT_POLICY_V2;
	*ret = (struct fspolicy){.contents = 0};
	if (*ret_is_v1)
		return 0;
	ret->contents = arg.policy.v2.contents_encryption_mode;
	ret->filenames = arg.policy.v2.filenames_encryption_mode;
	ret->flags = arg.policy.v2.flags;
	memcpy(ret->identifier, arg.policy.v2.master_key_identifier,
	       FSPOLICY_ID_BYTES);
	return 0;
}

static int look_inside(int fd, bool *ret_is_empty)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again < 0 ? NULL : fdopendir(again);
	const struct dirent *d;
	int r;

	if (!dir) {
		r = -errno;
		close_keep_errno(again);
		return r;
	}
	*ret_is_empty = true;
	errno = 0;
	while ((d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			*ret_is_empty = false;
	r = -errno;
	closedir(dir);
	return r;
}

int fsdir_look(int fd, struct fsdir *ret)
{
	struct fsdir d = {.has_policy = true};
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	d.owner = st.st_uid;
	d.dev = st.st_dev;
	d.ino = st.st_ino;
	r = fsdir_policy(fd, &d.policy, &d.is_v1);
	if (r == -ENODATA) {
		d.has_policy = false;
		r = look_inside(fd, &d.is_empty);
	}
	if (r == 0)
		*ret = d;
	return r;
}

static struct fscrypt_key_specifier
specifier(const uint8_t id[FSPOLICY_ID_BYTES])
{
	struct fscrypt_key_specifier spec = {
		.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER};

	memcpy(spec.u.identifier, id, FSPOLICY_ID_BYTES);
	return spec;
}

int fsdir_status(int fd, const uint8_t id[FSPOLICY_ID_BYTES],
		 struct fsdir_status *ret)
{
	struct fscrypt_get_key_status_arg arg = {.key_spec = specifier(id)};

	if (ioctl(fd, FS_IOC_GET_ENCRYPTION_KEY_STATUS, &arg) < 0)
		return -errno;
	if (arg.status < FSDIR_KEY_ABSENT || arg.status > FSDIR_KEY_LEAVING)
		return -EPROTO;
	*ret = (struct fsdir_status){
		.key = arg.status,
		.is_mine = arg.status_flags &
			   FSCRYPT_KEY_STATUS_FLAG_ADDED_BY_SELF,
		.users = arg.user_count,
	};
	return 0;
}

int fsdir_add(int fd, key_serial_t key, uint8_t ret_id[FSPOLICY_ID_BYTES])
{
	struct fscrypt_add_key_arg arg = {
		.key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER,
		.key_id = (uint32_t)key,
	};

	if (ioctl(fd, FS_IOC_ADD_ENCRYPTION_KEY, &arg) < 0)
		return -errno;
	memcpy(ret_id, arg.key_spec.u.identifier, FSPOLICY_ID_BYTES);
	return 0;
}

int fsdir_remove(int fd, const uint8_t id[FSPOLICY_ID_BYTES], bool all_users)
{
	struct fscrypt_remove_key_arg arg = {.key_spec = specifier(id)};

	return ioctl(fd,
		     all_users ? FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS
			       : FS_IOC_REMOVE_ENCRYPTION_KEY,
		     &arg) < 0
		       ? -errno
		       : 0;
}

int fsdir_set(int fd, const struct fspolicy *p)
{
	struct fscrypt_policy_v2 policy = {
		.version = FSCRYPT_POLICY_V2,
		.contents_encryption_mode = (uint8_t)p->contents,
		.filenames_encryption_mode = (uint8_t)p->filenames,
		.flags = (uint8_t)p->flags,
	};

	memcpy(policy.master_key_identifier, p->identifier, FSPOLICY_ID_BYTES);
	return ioctl(fd, FS_IOC_SET_ENCRYPTION_POLICY, &policy) < 0 ? -errno
								    : 0;
}

static bool is_encrypted_by(int fd, const uint8_t id[FSPOLICY_ID_BYTES])
{
	struct fspolicy p;
	bool is_v1;

	return fsdir_policy(fd, &p, &is_v1) == 0 && !is_v1 &&
	       memcmp(p.identifier, id, FSPOLICY_ID_BYTES) == 0;
}

static bool is_on(int fd, dev_t dev, ino_t *ret_ino)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_dev != dev)
		return false;
	*ret_ino = st.st_ino;
	return true;
}

int fsdir_above(int fd, const uint8_t id[FSPOLICY_ID_BYTES], int *ret_fd)
{
	_close_ int at = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct stat st;
	ino_t below, ino;

	if (at < 0 || fstat(fd, &st) < 0)
		return -errno;
	ino = st.st_ino;
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		int up;

		if (!is_encrypted_by(at, id)) {
			*ret_fd = take_fd(at);
			return 0;
		}
		up = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (up < 0)
			return -errno;
		close(at);
		at = up;
		below = ino;
		/* The top is its own parent. */
		if (!is_on(at, st.st_dev, &ino) || ino == below)
			return -EXDEV;
	}
	return -ELOOP;
}

/* A mountinfo line's device and mount point, whose octal escapes end here. */
static bool parse_mount(char *line, dev_t *ret_dev, char **ret_path)
{
	unsigned major, minor;
	int at = -1;
	char *to, *from;

	if (sscanf(line, "%*d %*d %u:%u %*s %n", &major, &minor, &at) != 2 ||
	    at < 0)
		return false;
	from = to = *ret_path = line + at;
	for (; *from && *from != ' '; from++, to++) {
		unsigned code;

		*to = *from;
		if (*from == '\\' && sscanf(from + 1, "%3o", &code) == 1) {
			*to = (char)code;
			from += 3;
		}
	}
	*to = '\0';
	*ret_dev = makedev(major, minor);
	return true;
}

int fsdir_find(dev_t dev, const uint8_t id[FSPOLICY_ID_BYTES], int *ret_fd)
{
	_fclose_ FILE *f = fopen("/proc/self/mountinfo", "re");
	_free_ char *line = NULL;
	size_t cap = 0;

	if (!f)
		return -errno;
	while (getline(&line, &cap, f) > 0) {
		_close_ int fd = -1;
		char *path;
		dev_t of;
		ino_t ino;

		if (!parse_mount(line, &of, &path) || of != dev)
			continue;
		fd = open(path,
			  O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0 || !is_on(fd, dev, &ino) || is_encrypted_by(fd, id))
			continue;
		*ret_fd = take_fd(fd);
		return 0;
	}
	return -ENODEV;
}
