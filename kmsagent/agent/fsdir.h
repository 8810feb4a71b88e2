/* SPDX-License-Identifier: MIT */
/*
 * fscrypt by ioctls on one open directory, each 0 or negative errno.  For the
 * directory child: a file system may let a call hang, and the keyholder must
 * never.  It must not know entries or callers; keys are serials.
 * Source: kernel Documentation/filesystems/fscrypt.rst.
 */
#ifndef KMSAGENT_AGENT_FSDIR_H
#define KMSAGENT_AGENT_FSDIR_H

#include <keyutils.h>
#include <stdbool.h>
#include <sys/types.h>

#include "keyring/cleanup.h"
#include "kmsagent/agent/fspolicy.h"

/* What a directory is. */
struct fsdir {
	uid_t owner;
	dev_t dev;
	ino_t ino;
	bool is_empty; /* looked at only where there is no policy */
	bool has_policy;
	bool is_v1; /* then policy is not filled in */
	struct fspolicy policy;
};

/*
 * Look at @fd.  Returns 0, -ENOTDIR, -ENOTTY (no file system with fscrypt:
 * a FUSE one may answer ioctls as it likes, so only the kernel's own are
 * asked), -EOPNOTSUPP (the feature is off), errno of ioctl and readdir.
 */
int fsdir_look(int fd, struct fsdir *ret) _must_check_;

enum fsdir_key {
	FSDIR_KEY_ABSENT = 1, /* the kernel's numbers */
	FSDIR_KEY_PRESENT = 2,
	FSDIR_KEY_LEAVING = 3, /* removed, while files of it are open */
};

struct fsdir_status {
	enum fsdir_key key;
	bool is_mine;	/* this fsuid has added it */
	unsigned users; /* that have */
};

/* Of the key @id on the file system of @fd. */
int fsdir_status(int fd, const uint8_t id[FSPOLICY_ID_BYTES],
		 struct fsdir_status *ret) _must_check_;

/*
 * Add the key in the provisioning key @key, for this fsuid.  *ret_id: as the
 * kernel derives it.  -EKEYREJECTED (@key is of another type), -EACCES (not
 * possessed), -EDQUOT (key quota of this fsuid), -ENOKEY (@key is gone),
 * -EINVAL (its length), errno of ioctl.
 */
int fsdir_add(int fd, key_serial_t key,
	      uint8_t ret_id[FSPOLICY_ID_BYTES]) _must_check_;

/*
 * Take this fsuid's claim back, or (@all_users, CAP_SYS_ADMIN) everybody's;
 * with the last one the key goes.  0 with files still open too: see
 * fsdir_status().  -ENOKEY: no claim of this fsuid, or no such key.
 */
int fsdir_remove(int fd, const uint8_t id[FSPOLICY_ID_BYTES],
		 bool all_users) _must_check_;

/*
 * Give an empty directory @p.  0 also where it has just that.  -EEXIST
 * (another), -ENOTEMPTY, -ENOKEY (this fsuid has not added the key), -EINVAL
 * (modes that this kernel or file system has not), -EPERM (the top directory
 * of a file system), -EROFS, errno of ioctl.
 */
int fsdir_set(int fd, const struct fspolicy *p) _must_check_;

/*
 * A directory above @fd on the same file system that is not encrypted by
 * @id: as long as one of its own directories is open a key does not leave.
 * -EXDEV: @fd is the top of its mount.  Errno of open.
 */
int fsdir_above(int fd, const uint8_t id[FSPOLICY_ID_BYTES],
		int *ret_fd) _must_check_;

/*
 * Any mounted directory of file system @dev that is not encrypted by @id, by
 * what this process's mount namespace shows.  -ENODEV: none.
 */
int fsdir_find(dev_t dev, const uint8_t id[FSPOLICY_ID_BYTES],
	       int *ret_fd) _must_check_;

/* The policy of any open file; as fsdir_look().  -ENODATA: none. */
int fsdir_policy(int fd, struct fspolicy *ret, bool *ret_is_v1) _must_check_;

#endif
