/* SPDX-License-Identifier: MIT */
/*
 * keyctl as 0 or negative errno.  It must not know what a key is for.
 */
#include "keyring/key.h"

#include <inttypes.h>
#include <string.h>

static int result(long r)
{
	return r < 0 ? -errno : 0;
}

static int add(const char *type, const char *desc, const void *payload,
	       size_t len, key_serial_t ring, key_serial_t *ret_serial)
{
	key_serial_t serial = add_key(type, desc, payload, len, ring);

	if (serial < 0)
		return -errno;
	*ret_serial = serial;
	return 0;
}

int kr_add(const char *type, const char *desc, const struct secret *payload,
	   key_serial_t ring, key_serial_t *ret_serial)
{
	return add(type, desc, payload->bytes, payload->len, ring, ret_serial);
}

int kr_add_ring(const char *desc, key_serial_t ring, key_serial_t *ret_serial)
{
	return add("keyring", desc, NULL, 0, ring, ret_serial);
}

int kr_add_logon(key_serial_t ring, const char *desc,
		 const struct secret *payload, unsigned ttl_s,
		 key_serial_t *ret_serial)
{
	key_serial_t serial = 0;
	int r = kr_add("logon", desc, payload, ring, &serial);

	if (r < 0)
		return r;
	r = kr_set_timeout(serial, ttl_s);
	if (r < 0) {
		kr_invalidate(serial);
		return r;
	}
	*ret_serial = serial;
	return 0;
}

int kr_describe_parse(const char *text, struct kr_info *ret)
{
	const char *rest = strchr(text, ';');
	size_t type_len = rest ? (size_t)(rest - text) : 0;
	uint32_t uid, gid, perm;
	int used = 0;

	if (type_len == 0 || type_len > KR_TYPE_MAX_BYTES)
		return -EBADMSG;
	if (sscanf(rest, ";%" SCNu32 ";%" SCNu32 ";%" SCNx32 ";%n", &uid, &gid,
		   &perm, &used) != 3 ||
	    used == 0)
		return -EBADMSG;
	rest += used;
	if (strlen(rest) > KR_DESC_MAX_BYTES)
		return -EBADMSG;
	memcpy(ret->type, text, type_len);
	ret->type[type_len] = '\0';
	ret->uid = uid;
	ret->gid = gid;
	ret->perm = perm;
	strcpy(ret->desc, rest);
	return 0;
}

int kr_describe(key_serial_t key, struct kr_info *ret)
{
	/* Type, two decimal ids, eight hex digits, separators, description. */
	char text[KR_TYPE_MAX_BYTES + 2 * 11 + 9 + KR_DESC_MAX_BYTES + 8];
	long need = keyctl_describe(key, text, sizeof(text));

	if (need < 0)
		return -errno;
	if ((size_t)need > sizeof(text))
		return -EBADMSG;
	return kr_describe_parse(text, ret);
}

int kr_chown(key_serial_t key, uid_t uid, gid_t gid)
{
	return result(keyctl_chown(key, uid, gid));
}

int kr_setperm(key_serial_t key, uint32_t perm)
{
	return result(keyctl_setperm(key, perm));
}

int kr_set_timeout(key_serial_t key, unsigned ttl_s)
{
	return result(keyctl_set_timeout(key, ttl_s));
}

int kr_invalidate(key_serial_t key)
{
	return result(keyctl_invalidate(key));
}

int kr_revoke(key_serial_t key)
{
	return result(keyctl_revoke(key));
}

int kr_link(key_serial_t key, key_serial_t ring)
{
	return result(keyctl_link(key, ring));
}

int kr_unlink(key_serial_t key, key_serial_t ring)
{
	return result(keyctl_unlink(key, ring));
}

int kr_get_id(key_serial_t special, key_serial_t *ret_serial)
{
	key_serial_t serial = keyctl_get_keyring_ID(special, 0);

	if (serial < 0)
		return -errno;
	if (serial == 0)
		return -ENOKEY;
	*ret_serial = serial;
	return 0;
}

int kr_join_session(key_serial_t *ret_serial)
{
	key_serial_t serial = keyctl_join_session_keyring(NULL);

	if (serial < 0)
		return -errno;
	*ret_serial = serial;
	return 0;
}

int kr_assume_authority(key_serial_t key, key_serial_t *ret_auth)
{
	long auth = keyctl_assume_authority(key);

	if (auth < 0)
		return -errno;
	if (ret_auth)
		*ret_auth = (key_serial_t)auth;
	return 0;
}

void kr_drop_authority(void)
{
	/* Fails only for a key, and 0 is none. */
	(void)keyctl_assume_authority(0);
}

int kr_instantiate(key_serial_t key, const struct secret *payload,
		   key_serial_t ring)
{
	return result(
		keyctl_instantiate(key, payload->bytes, payload->len, ring));
}

int kr_reject(key_serial_t key, unsigned timeout_s, int err)
{
	return result(keyctl_reject(key, timeout_s, (unsigned)err, 0));
}

int kr_request(const char *type, const char *desc, const char *callout,
	       key_serial_t ring, key_serial_t *ret_serial)
{
	key_serial_t serial = request_key(type, desc, callout, ring);

	if (serial < 0)
		return -errno;
	*ret_serial = serial;
	return 0;
}

const char *kr_advice(int err)
{
	static const struct {
		int err;
		const char *text;
	} table[] = {
		{ENOKEY,
		 "no such key, or the key service did not answer; see "
		 "'kmsctl key list' and 'kmsctl status', then ask again after "
		 "5 s"},
		{EKEYREJECTED,
		 "this user may not have the key, or it was changed while it "
		 "was being delivered; see 'allow' in 'kmsctl key show NAME'"},
		{EKEYEXPIRED,
		 "the key's lease ran out and was not renewed; see "
		 "'kmsctl status' for the key service's state, then load the "
		 "key again"},
		{EKEYREVOKED,
		 "the key was revoked in the keyring; unlink it (keyctl "
		 "unlink) and load it again"},
		{EDQUOT,
		 "the user's key quota is used up; see /proc/key-users, remove "
		 "old keys, or raise kernel.keys.maxkeys and maxbytes"},
		{EACCES,
		 "the keyring or key does not grant this; keys of a user ring "
		 "need a link from the session ring: keyctl link @u @s"},
		{EPERM,
		 "not permitted; in a container the seccomp profile must allow "
		 "keyctl, add_key and request_key"},
		{ENODEV,
		 "this kernel lacks the key type; fscrypt-provisioning needs "
		 "CONFIG_FS_ENCRYPTION and Linux 5.6"},
		{ENOSYS, "this kernel has no keyrings; it needs CONFIG_KEYS"},
		{ENFILE, "the keyring is full; remove old keys from it"},
		{EINVAL,
		 "type, description or length is not valid for a kernel key"},
		{ENOMEM, "out of memory; free some and try again"},
	};

	if (err < 0)
		err = -err;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].err == err)
			return table[i].text;
	return "unexpected kernel error; see keyctl(2) and the system log";
}
