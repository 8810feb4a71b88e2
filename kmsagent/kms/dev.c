/* SPDX-License-Identifier: MIT */
/* Development mode.  Nothing here runs in a configured kmsd. */
#include "kmsagent/kms/dev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "kmsagent/base/io.h"
#include "kmsagent/crypto/encoding.h"

#define CREDENTIALS	  "credentials"
#define CREDENTIALS_BYTES 512
#define KEY_ID_LEN	  20   /* "AKIA" and 16 of base32's alphabet */
#define SECRET_RAW_BYTES  30UL /* 40 characters of base64, as AWS has them */

/* The names of the file that AWS tools read, so that they can read ours. */
#define ID_LINE	    "aws_access_key_id = "
#define SECRET_LINE "aws_secret_access_key = "

/* $XDG_STATE_HOME/kmsd-dev, or ~/.local/state/kmsd-dev. */
static int default_state(struct kms_config *c)
{
	const char *xdg = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (xdg && *xdg == '/')
		c->state = io_format("%s/kmsd-dev", xdg);
	else if (home && *home == '/')
		c->state = io_format("%s/.local/state/kmsd-dev", home);
	else
		return -ENOENT;
	return c->state ? 0 : -ENOMEM;
}

static int fill(struct kms_config *c)
{
	int r = 0;

	if (!c->account)
		r = kms_config_set(&c->account, KMS_DEV_ACCOUNT);
	if (r >= 0 && c->nregions == 0)
		r = kms_config_add_regions(c, KMS_DEV_REGION);
	if (r >= 0 && c->nlistens == 0)
		r = kms_config_add_listen(c, KMS_DEV_LISTEN);
	if (r >= 0 && !c->rootkey_path) {
		c->rootkey_path = io_format("%s/root.key", c->state);
		r = c->rootkey_path ? 0 : -ENOMEM;
	}
	if (r >= 0 && !c->audit_path) {
		c->audit_path = io_format("%s/audit.jsonl", c->state);
		r = c->audit_path ? 0 : -ENOMEM;
	}
	return r;
}

static int write_credentials(int dir, const char id[KEY_ID_LEN + 1],
			     const struct secret *secret)
{
	_cleanup_(secret_done) struct secret text = SECRET_INIT;
	int r = secret_alloc(&text, CREDENTIALS_BYTES);
	uint8_t *at;

	if (r < 0)
		return r;
	at = text.bytes;
	at = mempcpy(at, "[default]\n" ID_LINE, strlen("[default]\n" ID_LINE));
	at = mempcpy(at, id, KEY_ID_LEN);
	at = mempcpy(at, "\n" SECRET_LINE, strlen("\n" SECRET_LINE));
	at = mempcpy(at, secret->bytes, secret->len);
	*at++ = '\n';
	return io_write_atomic(dir, CREDENTIALS, text.bytes,
			       (size_t)(at - text.bytes), 0600);
}

static int make_credentials(int dir, char id[KEY_ID_LEN + 1],
			    struct secret *secret)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	_cleanup_(secret_done) struct secret raw = SECRET_INIT;
	int r = secret_random(&raw, SECRET_RAW_BYTES);

	if (r >= 0)
		r = secret_alloc(secret, BASE64_LEN(SECRET_RAW_BYTES) + 1);
	if (r < 0)
		return r;
	base64_encode(raw.bytes, raw.len, (char *)secret->bytes);
	secret_truncate(secret, BASE64_LEN(SECRET_RAW_BYTES));
	r = secret_random(&raw, KEY_ID_LEN);
	if (r < 0)
		return r;
	memcpy(id, "AKIA", 4);
	for (size_t i = 4; i < KEY_ID_LEN; i++)
		id[i] = alphabet[raw.bytes[i] % 32];
	id[KEY_ID_LEN] = '\0';
	return write_credentials(dir, id, secret);
}

/* What follows @name up to the end of its line. */
static const uint8_t *find_line(const struct secret *text, const char *name,
				size_t *ret_len)
{
	const uint8_t *end = text->bytes + text->len, *at, *newline;

	at = memmem(text->bytes, text->len, name, strlen(name));
	if (!at)
		return NULL;
	at += strlen(name);
	newline = memchr(at, '\n', (size_t)(end - at));
	*ret_len = (size_t)((newline ? newline : end) - at);
	return at;
}

static int read_credentials(int dir, char id[KEY_ID_LEN + 1],
			    struct secret *secret)
{
	_cleanup_(secret_done) struct secret text = SECRET_INIT;
	int r = io_read_secret(dir, CREDENTIALS, CREDENTIALS_BYTES, &text);
	const uint8_t *at;
	size_t len;

	if (r < 0)
		return r;
	at = find_line(&text, ID_LINE, &len);
	if (!at || len != KEY_ID_LEN)
		return -EBADMSG;
	memcpy(id, at, len);
	id[len] = '\0';
	at = find_line(&text, SECRET_LINE, &len);
	if (!at || len == 0)
		return -EBADMSG;
	return secret_set(secret, at, len);
}

static int add_identities(struct kms_config *c, int dir)
{
	_cleanup_(secret_done) struct secret secret = SECRET_INIT;
	char id[KEY_ID_LEN + 1], root[64];
	int r = read_credentials(dir, id, &secret);

	if (r == -ENOENT)
		r = make_credentials(dir, id, &secret);
	if (r < 0)
		return r;
	snprintf(root, sizeof(root), "arn:aws:iam::%s:root", c->account);
	r = kms_config_add_access_key(c, id, &secret, root);
	if (r < 0)
		return r;
	/* Whoever runs it could read the credentials just as well. */
	r = kms_config_add_peer(c, geteuid(), root);
	return r == -EEXIST ? 0 : r;
}

int kms_dev_prepare(struct kms_config *c, char *why, size_t why_len)
{
	_close_ int dir = -1;
	int r = c->state ? 0 : default_state(c);

	if (r < 0) {
		snprintf(why, why_len, "no place for the state: give --state");
		return r;
	}
	c->is_dev = true;
	r = io_mkdir_p(c->state, 0700);
	if (r >= 0)
		r = io_open_dir(c->state, &dir);
	if (r < 0) {
		snprintf(why, why_len, "state folder %s: %s", c->state,
			 strerror(-r));
		return r;
	}
	r = fill(c);
	if (r >= 0)
		r = add_identities(c, dir);
	if (r < 0)
		snprintf(why, why_len,
			 "%s/" CREDENTIALS ": %s; it must be yours alone, "
			 "mode 0600; remove it to get new credentials",
			 c->state, strerror(-r));
	return r;
}

static const struct kms_access_key *root_key(const struct kms_config *c)
{
	for (size_t i = 0; i < c->naccess_keys; i++)
		if (c->principals[c->access_keys[i].principal].type ==
		    KMS_PRINCIPAL_ROOT)
			return &c->access_keys[i];
	return NULL; /* not after kms_dev_prepare() */
}

int kms_dev_announce(const struct kms_config *c,
		     const struct kms_listener *listeners, size_t nlisteners,
		     int fd)
{
	const struct kms_access_key *key = root_key(c);
	const char *tcp = NULL;
	int r;

	for (size_t i = 0; i < nlisteners && !tcp; i++)
		if (!listeners[i].is_unix && !listeners[i].is_tls)
			tcp = listeners[i].addr;
	if (tcp &&
	    dprintf(fd, "export AWS_ENDPOINT_URL_KMS=http://%s\n", tcp) < 0)
		return -errno;
	if (dprintf(fd,
		    "export AWS_ACCESS_KEY_ID=%s\n"
		    "export AWS_SECRET_ACCESS_KEY=",
		    key->id) < 0)
		return -errno;
	r = io_write_full(fd, key->secret.bytes, key->secret.len);
	if (r < 0)
		return r;
	if (dprintf(fd,
		    "\nexport AWS_DEFAULT_REGION=%s\n"
		    "export KMS_ACCOUNT_ID=%s\n# kmsd ready",
		    c->regions[0], c->account) < 0)
		return -errno;
	for (size_t i = 0; i < nlisteners; i++)
		if (dprintf(fd, " %s", listeners[i].addr) < 0)
			return -errno;
	return dprintf(fd, "\n") < 0 ? -errno : 0;
}
