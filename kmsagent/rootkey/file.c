/* SPDX-License-Identifier: MIT */
/*
 * The root key as a file of 32 random bytes that only its owner reads.  It
 * protects a store that is copied or lost without the file; against whoever
 * is root on this machine, nothing on its disk does.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "kmsagent/base/io.h"
#include "kmsagent/crypto/encoding.h"
#include "kmsagent/crypto/kdf.h"
#include "kmsagent/crypto/random.h"
#include "kmsagent/crypto/wrap.h"
#include "kmsagent/rootkey/provider.h"

#define FINGERPRINT_BYTES (ROOTKEY_FINGERPRINT_LEN / 2)

static int check_file(const struct stat *st, const char *path,
		      char why[ROOTKEY_WHY_BYTES])
{
	if (!S_ISREG(st->st_mode))
		return rootkey_fail(why, -EBADMSG,
				    "root key '%s' is not a regular file; set "
				    "[rootkey] path to one",
				    path);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return rootkey_fail(
			why, -EPERM,
			"root key file '%s' belongs to uid %u, who could "
			"change it; make sure of its content, then: chown %u "
			"'%s'",
			path, st->st_uid, geteuid(), path);
	if (io_open_bits(path, st->st_mode))
		return rootkey_fail(
			why, -EPERM,
			"root key file '%s' has mode %04o, which lets others "
			"at it; if nobody has read it: chmod 0400 '%s'",
			path, st->st_mode & 07777, path);
	if (st->st_size != AEAD_KEY_BYTES)
		return rootkey_fail(
			why, -EBADMSG,
			"root key file '%s' has %lld bytes, not %d; bring it "
			"back from its backup",
			path, (long long)st->st_size, AEAD_KEY_BYTES);
	return 0;
}

static int read_key(const char *path, struct secret *ret,
		    char why[ROOTKEY_WHY_BYTES])
{
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	/* Not following links, not waiting for a FIFO's other end. */
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
					    O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t n;
	int r;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT; /* the caller knows what that means */
	if (fd < 0 && errno == ELOOP)
		return rootkey_fail(why, -EBADMSG,
				    "root key '%s' is a symbolic link; set "
				    "[rootkey] path to the file itself",
				    path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return rootkey_fail(why, -errno,
				    "cannot open root key file '%s': %s; make "
				    "it readable for uid %u",
				    path, strerrordesc_np(errno), geteuid());
	r = check_file(&st, path, why);
	if (r < 0)
		return r;
	r = secret_alloc(&key, AEAD_KEY_BYTES);
	if (r < 0)
		return rootkey_fail(why, r,
				    "no locked memory for the root "
				    "key; raise RLIMIT_MEMLOCK");
	n = io_read_full(fd, key.bytes, key.len);
	if (n != (ssize_t)key.len)
		return rootkey_fail(why, n < 0 ? (int)n : -EBADMSG,
				    "cannot read root key file '%s' whole; "
				    "look for errors of its disk",
				    path);
	secret_move(ret, &key);
	return 0;
}

static int write_key(int dirfd, const char *name)
{
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	_close_ int fd = -1;
	int r;

	r = secret_random(&key, AEAD_KEY_BYTES);
	if (r < 0)
		return r;
	fd = openat(dirfd, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	if (fd < 0)
		return -errno;
	r = io_write_full(fd, key.bytes, key.len);
	if (r < 0)
		return r;
	return fsync(fd) < 0 ? -errno : 0;
}

/*
 * Make the file under another name and link it into place when it is whole
 * and on disk: the name never holds a part, and never replaces a file that
 * came in between (-EEXIST).
 */
static int create_in(int dirfd, const char *name)
{
	char temporary[64];
	uint8_t unique[8];
	char hex[2 * sizeof(unique) + 1];
	int r;

	r = random_nonce(unique, sizeof(unique));
	if (r < 0)
		return r;
	hex_encode(unique, sizeof(unique), hex);
	snprintf(temporary, sizeof(temporary), ".root-key-%s.new", hex);
	r = write_key(dirfd, temporary);
	if (r == 0 && linkat(dirfd, temporary, dirfd, name, 0) < 0)
		r = -errno;
	(void)unlinkat(dirfd, temporary, 0);
	if (r < 0)
		return r;
	return fsync(dirfd) < 0 ? -errno : 0;
}

static int create(const char *path, char why[ROOTKEY_WHY_BYTES])
{
	const char *name = strrchr(path, '/') + 1;
	_free_ char *folder = strndup(path, (size_t)(name - path));
	_close_ int dirfd = -1;
	int r;

	if (!folder)
		return rootkey_fail(why, -ENOMEM, "out of memory");
	r = io_open_dir(folder, &dirfd);
	if (r == 0)
		r = create_in(dirfd, name);
	if (r < 0 && r != -EEXIST)
		return rootkey_fail(why, r,
				    "cannot make root key file '%s': %s; its "
				    "folder must exist and be writable for "
				    "uid %u",
				    path, strerrordesc_np(-r), geteuid());
	return r;
}

static int find_or_make(const struct rootkey_conf *conf, struct secret *ret,
			bool *ret_is_new, char why[ROOTKEY_WHY_BYTES])
{
	int r = read_key(conf->path, ret, why);

	*ret_is_new = false;
	if (r != -ENOENT)
		return r;
	if (!conf->may_create)
		return rootkey_fail(
			why, r,
			"root key file '%s' is missing, and a new one could "
			"not open the keys in the store; bring it back from "
			"its backup or correct [rootkey] path",
			conf->path);
	r = create(conf->path, why);
	if (r < 0 && r != -EEXIST)
		return r;
	*ret_is_new = r == 0;
	/* What counts is what the disk has. */
	r = read_key(conf->path, ret, why);
	if (r == -ENOENT)
		return rootkey_fail(why, r,
				    "root key file '%s' vanished while it was "
				    "made; try again",
				    conf->path);
	return r;
}

static int fingerprint(const struct secret *key,
		       char ret[ROOTKEY_FINGERPRINT_LEN + 1])
{
	static const char info[] = "kmsagent root key fingerprint 1";
	_cleanup_(secret_done) struct secret id = SECRET_INIT;
	int r = hkdf_sha256(key, NULL, 0, info, strlen(info), FINGERPRINT_BYTES,
			    &id);

	if (r == 0)
		hex_encode(id.bytes, id.len, ret);
	return r;
}

static void file_close(void *state)
{
	struct xaes_key *key = state;

	xaes_key_done(key);
	free(key);
}

static int file_open(const struct rootkey_conf *conf, void **ret_state,
		     char ret_fingerprint[ROOTKEY_FINGERPRINT_LEN + 1],
		     bool *ret_is_new, char why[ROOTKEY_WHY_BYTES])
{
	_cleanup_(secret_done) struct secret bytes = SECRET_INIT;
	_free_ struct xaes_key *key = NULL;
	int r;

	if (!conf->path || conf->path[0] != '/' ||
	    conf->path[strlen(conf->path) - 1] == '/')
		return rootkey_fail(why, -EINVAL,
				    "root key path '%s' is not the absolute "
				    "path of a file; set [rootkey] path",
				    conf->path ? conf->path : "");
	r = find_or_make(conf, &bytes, ret_is_new, why);
	if (r < 0)
		return r;
	key = calloc(1, sizeof(*key));
	if (!key)
		return rootkey_fail(why, -ENOMEM, "out of memory");
	r = fingerprint(&bytes, ret_fingerprint);
	if (r == 0)
		r = xaes_key_init(key, &bytes);
	if (r < 0)
		return rootkey_fail(why, r, "cannot use the root key: %s",
				    strerrordesc_np(-r));
	*ret_state = take_ptr(key);
	return 0;
}

static int file_wrap(void *state, const char *id, const struct secret *plain,
		     uint8_t **ret, size_t *ret_len)
{
	return wrap_seal(state, WRAP_ROLE_KEK, id, plain, ret, ret_len);
}

static int file_unwrap(void *state, const char *id, const void *wrapped,
		       size_t len, struct secret *ret)
{
	return wrap_open(state, WRAP_ROLE_KEK, id, wrapped, len, ret);
}

const struct rootkey_ops rootkey_file = {
	.name = "file",
	.open = file_open,
	.wrap = file_wrap,
	.unwrap = file_unwrap,
	.close = file_close,
};
