/* SPDX-License-Identifier: MIT */
/*
 * The table of kernel key types and the form of names.  Pure.
 */
#include "keyring/keytype.h"

#include <stdint.h>
#include <string.h>

/*
 * struct fscrypt_provisioning_key_payload: a little header in host order
 * before the raw key.  Type 2 is FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER, for v2
 * policies.  Source: kernel Documentation/filesystems/fscrypt.rst.
 */
static int encode_fscrypt(const struct secret *material,
			  struct secret *ret_payload)
{
	const uint32_t header[2] = {2, 0};
	int r = secret_alloc(ret_payload, sizeof(header) + material->len);

	if (r < 0)
		return r;
	memcpy(ret_payload->bytes, header, sizeof(header));
	memcpy(ret_payload->bytes + sizeof(header), material->bytes,
	       material->len);
	return 0;
}

/*
 * The kernel takes 32767 bytes of logon and user payload; a data key has at
 * most 1024 (AWS KMS, GenerateDataKey, NumberOfBytes).
 */
const struct kr_keytype kr_keytypes[] = {
	{"logon", 1, 1024, 32, false, NULL},
	{"user", 1, 1024, 32, true, NULL},
	{"fscrypt-provisioning", 16, 64, 64, false, encode_fscrypt},
	{NULL, 0, 0, 0, false, NULL},
};

const struct kr_keytype *kr_keytype_find(const char *name)
{
	for (const struct kr_keytype *t = kr_keytypes; t->name; t++)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

int kr_keytype_payload(const struct kr_keytype *type,
		       const struct secret *material,
		       struct secret *ret_payload)
{
	if (material->len < type->min_bytes || material->len > type->max_bytes)
		return -EINVAL;
	if (type->encode)
		return type->encode(material, ret_payload);
	return secret_set(ret_payload, material->bytes, material->len);
}

/* Not isalnum(): that one follows the locale. */
static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

bool kr_name_is_valid(const char *name)
{
	size_t len = strnlen(name, KR_NAME_MAX_BYTES + 1);

	if (len == 0 || len > KR_NAME_MAX_BYTES || !is_alnum(name[0]))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!is_alnum(name[i]) && !strchr("._-", name[i]))
			return false;
	return true;
}

const char *kr_name_of_desc(const char *desc)
{
	const size_t prefix_len = sizeof(KR_DESC_PREFIX) - 1;

	if (strncmp(desc, KR_DESC_PREFIX, prefix_len) != 0)
		return NULL;
	desc += prefix_len;
	return kr_name_is_valid(desc) ? desc : NULL;
}

int kr_desc_format(const char *name, char buf[KR_NAME_DESC_BYTES])
{
	if (!kr_name_is_valid(name))
		return -EINVAL;
	strcpy(buf, KR_DESC_PREFIX);
	strcat(buf, name);
	return 0;
}
