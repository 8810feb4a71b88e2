/* SPDX-License-Identifier: MIT */
/* Key types and names.  The fscrypt payload is checked by the kernel too. */
#include "keyring/keytype.h"

#include <keyutils.h>
#include <string.h>

#include "keyring/key.h"
#include "tests/unit/tap.h"

static void names(void)
{
	static const struct {
		const char *name;
		bool valid;
	} table[] = {
		{"a", true},
		{"0", true},
		{"Vol.1_x-y", true},
		{"0123456789012345678901234567890123456789012345678901234567890123",
		 true},
		{"01234567890123456789012345678901234567890123456789012345678901234",
		 false},
		{"", false},
		{".a", false},
		{"-a", false},
		{"_a", false},
		{"a b", false},
		{"a/b", false},
		{"a:b", false},
		{"a\nb", false},
		{"\xc3\xa4", false},
	};
	char buf[KR_NAME_DESC_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (!TAP_EQ_INT(kr_name_is_valid(table[i].name), table[i].valid,
				"name_validity_is_as_the_table_says"))
			tap_diag("name %zu", i);
	TAP_OK(kr_desc_format("vol1", buf) == 0 && !strcmp(buf, "kms:vol1"),
	       "desc_format_puts_the_prefix_before");
	TAP_EQ_INT(kr_desc_format("a:b", buf), -EINVAL,
		   "desc_format_refuses_a_bad_name");
	TAP_EQ_STR(kr_name_of_desc("kms:vol1"), "vol1",
		   "name_of_desc_finds_the_name");
	TAP_OK(!kr_name_of_desc("kms:") && !kr_name_of_desc("kms") &&
		       !kr_name_of_desc("xkms:a") &&
		       !kr_name_of_desc("kms:a:b"),
	       "name_of_desc_refuses_what_is_not_ours");
}

static void payloads(void)
{
	_cleanup_(secret_done) struct secret raw = SECRET_INIT;
	_cleanup_(secret_done) struct secret out = SECRET_INIT;
	const struct kr_keytype *fs = kr_keytype_find("fscrypt-provisioning");
	const struct kr_keytype *logon = kr_keytype_find("logon");
	/* __u32 type = 2, __u32 reserved = 0: fscrypt.rst, little-endian. */
	static const uint8_t head[8] = {2, 0, 0, 0, 0, 0, 0, 0};

	TAP_OK(logon && !logon->readable && fs && !fs->readable,
	       "logon_and_fscrypt_keys_are_not_readable");
	TAP_OK(kr_keytype_find("user") && kr_keytype_find("user")->readable,
	       "user_keys_are_known_to_be_readable");
	TAP_OK(!kr_keytype_find("keyring") && !kr_keytype_find(""),
	       "other_types_are_not_ours");
	if (secret_random(&raw, 64) < 0 || !fs || !logon)
		return;
	TAP_OK(kr_keytype_payload(fs, &raw, &out) == 0 && out.len == 72 &&
		       !memcmp(out.bytes, head, 8) &&
		       !memcmp(out.bytes + 8, raw.bytes, 64),
	       "fscrypt_payload_is_header_and_raw_key");
	TAP_OK(kr_keytype_payload(logon, &raw, &out) == 0 &&
		       secret_equal(&raw, &out),
	       "logon_payload_is_the_raw_key");
	secret_truncate(&raw, 15);
	TAP_EQ_INT(kr_keytype_payload(fs, &raw, &out), -EINVAL,
		   "fscrypt_refuses_15_bytes");
	if (secret_random(&raw, 65) < 0)
		return;
	TAP_EQ_INT(kr_keytype_payload(fs, &raw, &out), -EINVAL,
		   "fscrypt_refuses_65_bytes");
	if (secret_random(&raw, 1025) < 0)
		return;
	TAP_EQ_INT(kr_keytype_payload(logon, &raw, &out), -EINVAL,
		   "logon_refuses_1025_bytes");
}

/* The kernel is the judge of the encoding at both ends of the range. */
static void kernel_takes_them(void)
{
	key_serial_t session, k;

	if (kr_join_session(&session) < 0) {
		tap_skip("kernel_takes_every_type", "no keyrings here");
		return;
	}
	for (const struct kr_keytype *t = kr_keytypes; t->name; t++)
		for (int max = 0; max < 2; max++) {
			_cleanup_(secret_done) struct secret raw = SECRET_INIT;
			_cleanup_(secret_done) struct secret out = SECRET_INIT;
			int r = secret_random(&raw, max ? t->max_bytes
							: t->min_bytes);

			if (r == 0)
				r = kr_keytype_payload(t, &raw, &out);
			if (r == 0)
				r = kr_add(t->name, "kms:type", &out, session,
					   &k);
			if (r == -ENODEV)
				tap_skip("kernel_takes_every_type", t->name);
			else
				TAP_EQ_INT(r, 0, "kernel_takes_every_type");
		}
}

int main(void)
{
	names();
	payloads();
	kernel_takes_them();
	return tap_done();
}
