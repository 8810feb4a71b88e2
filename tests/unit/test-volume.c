/* SPDX-License-Identifier: MIT */
/*
 * Volumes as numbers and text.  The key check was made by another program:
 *	printf 'kmsagent volume key check 1' | openssl dgst -sha256 \
 *		-mac HMAC -macopt hexkey:000102...3f
 * Tables are those of the kernel's documentation (dm-crypt.rst) and of
 * cryptsetup's plain mode.
 */
#include "kmsagent/agent/volume.h"

#include <string.h>

#include "kmsagent/base/json.h"
#include "tests/unit/tap.h"

#define CHECK_OF_COUNTING "fba58496aebdf9e2a17b2f0cb8ead0d4"
#define DISK		  "wwid:naa.5000c500a1b2c3d4"

static char why[600];

static struct volume bound(void)
{
	struct volume v = VOLUME_INIT;

	v.is_bound = true;
	strcpy(v.device, DISK);
	strcpy(v.check, "00112233445566778899aabbccddeeff");
	return v;
}

static void test_check(void)
{
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	char check[VOLUME_CHECK_BYTES] = "";

	if (secret_alloc(&key, 64) < 0)
		abort();
	for (size_t i = 0; i < key.len; i++)
		key.bytes[i] = (uint8_t)i;
	TAP_EQ_INT(volume_check(&key, check), 0, "a_key_has_a_check");
	TAP_EQ_STR(check, CHECK_OF_COUNTING, "openssl_agrees");
	key.bytes[63] ^= 1;
	TAP_EQ_INT(volume_check(&key, check), 0, "so_has_another");
	TAP_OK(strcmp(check, CHECK_OF_COUNTING) != 0, "it_is_another");
	secret_truncate(&key, 15);
	TAP_EQ_INT(volume_check(&key, check), -EINVAL,
		   "refuses_a_key_that_could_be_guessed_from_it");
}

static void test_ciphers(void)
{
	static const char *const good[] = {
		"aes-xts-plain64",
		"aes-cbc-essiv:sha256",
		"capi:xts(aes)-plain64",
		"capi:authenc(hmac(sha256),xts(aes))-random",
		"serpent-xts-plain64",
	};
	static const char *const bad[] = {
		"",	      "aes",	"aes-xts plain64",
		"a-b\n",      "a-b\tc", "aes-xts-plain64 :64:logon:x 0 7:0 0",
		"a-\xc3\xa4", "a-'b'",
	};
	char longest[VOLUME_CIPHER_MAX_BYTES + 2];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		TAP_OK(volume_cipher_is_valid(good[i]), good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		TAP_OK(!volume_cipher_is_valid(bad[i]), "refuses_a_cipher");
	memset(longest, '-', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	TAP_OK(!volume_cipher_is_valid(longest), "refuses_a_long_cipher");
}

static void test_fresh(void)
{
	struct volume none = {0}, v = {0};

	strcpy(v.device, DISK);
	v.offset = 2048;
	TAP_EQ_INT(volume_settle(&v, VOLUME_GIVEN_OFFSET, &none, false, why,
				 sizeof(why)),
		   0, "an_unbound_entry_takes_what_is_given");
	TAP_EQ_STR(v.cipher, "aes-xts-plain64", "and_the_default_cipher");
	TAP_EQ_INT(v.sector_bytes, 512, "and_sector_size");
	TAP_EQ_INT(v.offset, 2048, "and_the_given_offset");
}

static int settle(struct volume *v, unsigned given, bool rebind)
{
	struct volume b = bound();

	b.sector_bytes = 4096;
	b.size = 8000;
	strcpy(b.cipher, "aes-cbc-essiv:sha256");
	why[0] = '\0';
	return volume_settle(v, given, &b, rebind, why, sizeof(why));
}

static void test_bound(void)
{
	struct volume v = {0};

	strcpy(v.device, DISK);
	TAP_EQ_INT(settle(&v, 0, false), 0, "nothing_given_is_as_bound");
	TAP_EQ_STR(v.cipher, "aes-cbc-essiv:sha256", "its_cipher");
	TAP_EQ_INT(v.sector_bytes, 4096, "its_sector_size");
	TAP_EQ_INT(v.size, 8000, "its_size");
	TAP_EQ_INT(settle(&v, ~0U, false), 0, "the_same_given_is_fine");
	v.skip = 8;
	TAP_EQ_INT(settle(&v, VOLUME_GIVEN_SKIP, false), -EXDEV,
		   "refuses_another_skip");
	TAP_OK(strstr(why, "--skip"), "and_says_so");
	v.offset = 8;
	TAP_EQ_INT(settle(&v, VOLUME_GIVEN_OFFSET, false), -EXDEV,
		   "refuses_another_offset");
	v.sector_bytes = 512;
	TAP_EQ_INT(settle(&v, VOLUME_GIVEN_SECTOR, false), -EXDEV,
		   "refuses_another_sector_size");
	v.size = 0;
	TAP_EQ_INT(settle(&v, VOLUME_GIVEN_SIZE, false), -EXDEV,
		   "refuses_another_size");
	strcpy(v.cipher, "aes-xts-plain64");
	TAP_EQ_INT(settle(&v, VOLUME_GIVEN_CIPHER, false), -EXDEV,
		   "refuses_another_cipher");
	strcpy(v.device, DISK "-part1");
	TAP_EQ_INT(settle(&v, 0, false), -EXDEV, "refuses_another_device");
	TAP_OK(strstr(why, DISK "-part1"), "and_names_it");
	TAP_EQ_INT(settle(&v, VOLUME_GIVEN_CIPHER, true), 0,
		   "rebinding_takes_another_device_and_cipher");
	TAP_EQ_STR(v.cipher, "aes-xts-plain64", "the_given_cipher");
	TAP_EQ_INT(v.sector_bytes, 4096, "and_the_bound_rest");
}

static void test_length(void)
{
	struct volume v = bound();
	int64_t n = 0;
	static const struct {
		int64_t sector_bytes, offset, skip, size, device;
		int result;
		int64_t sectors;
		const char *name;
	} cases[] = {
		{512, 0, 0, 0, 1000, 0, 1000, "the_whole_device"},
		{512, 8, 0, 0, 1000, 0, 992, "from_an_offset_on"},
		{512, 8, 3, 16, 1000, 0, 16, "a_piece"},
		{4096, 0, 0, 0, 1007, 0, 1000, "whole_sectors_only"},
		{4096, 8, 8, 992, 1007, 0, 992, "a_piece_in_large_sectors"},
		{4096, 4, 0, 0, 1000, -EINVAL, 0, "refuses_a_crooked_offset"},
		{4096, 0, 1, 0, 1000, -EINVAL, 0, "refuses_a_crooked_skip"},
		{4096, 0, 0, 4, 1000, -EINVAL, 0, "refuses_a_crooked_size"},
		{768, 0, 0, 0, 1000, -EINVAL, 0, "refuses_odd_sectors"},
		{512, 1000, 0, 0, 1000, -EINVAL, 0, "refuses_an_empty_rest"},
		{512, 1001, 0, 0, 1000, -EINVAL, 0, "refuses_less_than_none"},
		{512, 8, 0, 993, 1000, -EINVAL, 0, "refuses_more_than_is"},
		{512, 0, 0, 0, 0, -EINVAL, 0, "refuses_an_empty_device"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		v.sector_bytes = cases[i].sector_bytes;
		v.offset = cases[i].offset;
		v.skip = cases[i].skip;
		v.size = cases[i].size;
		n = 0;
		TAP_EQ_INT(volume_length(&v, cases[i].device, &n, why,
					 sizeof(why)),
			   cases[i].result, cases[i].name);
		TAP_EQ_INT(n, cases[i].sectors, "its_length");
	}
}

static void test_overlap(void)
{
	struct volume a = bound(), b = bound();

	TAP_OK(volume_overlaps(&a, &b), "two_whole_devices_overlap");
	a.size = 100;
	b.offset = 100;
	TAP_OK(!volume_overlaps(&a, &b), "neighbours_do_not");
	TAP_OK(!volume_overlaps(&b, &a), "nor_the_other_way_round");
	b.offset = 99;
	TAP_OK(volume_overlaps(&a, &b), "one_sector_is_enough");
	TAP_OK(volume_overlaps(&b, &a), "also_the_other_way_round");
	strcat(b.device, "-part1");
	TAP_OK(!volume_overlaps(&a, &b), "other_devices_do_not");
}

static void table_is(const struct volume *v, unsigned flags, const char *want,
		     const char *name)
{
	_free_ char *ref = volume_key_ref("logon", 64, "vol1");
	_free_ char *table = volume_table(v, flags, ref, 7, 3);

	TAP_EQ_STR(table, want, name);
	TAP_OK(volume_table_has_key(table, ref), "it_has_the_key");
}

static void test_table(void)
{
	struct volume v = bound();

	table_is(&v, 0, "aes-xts-plain64 :64:logon:kms:vol1 0 7:3 0",
		 "the_plainest_table");
	table_is(&v, VOLUME_READ_ONLY,
		 "aes-xts-plain64 :64:logon:kms:vol1 0 7:3 0",
		 "read_only_is_none_of_the_tables");
	v.skip = 16;
	v.offset = 2048;
	table_is(&v, VOLUME_DISCARDS,
		 "aes-xts-plain64 :64:logon:kms:vol1 16 7:3 2048 1 "
		 "allow_discards",
		 "numbers_and_an_option");
	v.sector_bytes = 4096;
	strcpy(v.cipher, "capi:xts(aes)-plain64");
	table_is(&v, ~0U,
		 "capi:xts(aes)-plain64 :64:logon:kms:vol1 16 7:3 2048 4 "
		 "allow_discards no_read_workqueue no_write_workqueue "
		 "sector_size:4096",
		 "all_of_it");
	TAP_OK(!volume_table_has_key("aes-xts-plain64 :64:logon:kms:vol1 0",
				     ":64:logon:kms:vol"),
	       "a_longer_name_is_another_key");
	TAP_OK(!volume_table_has_key("aes-xts-plain64 00112233 0 7:3 0",
				     ":64:logon:kms:vol1"),
	       "bytes_are_no_reference");
	TAP_OK(!volume_table_has_key("aes", ":64:logon:kms:vol1"),
	       "a_cut_table_has_no_key");
}

static int parse(const char *text, struct volume *v)
{
	_json_ cJSON *j = NULL;

	if (json_parse_object(text, strlen(text), &j) < 0)
		abort();
	return volume_parse(j, v);
}

static void test_text(void)
{
	static const char good[] =
		"{\"device\":\"" DISK "\",\"key_check\":"
		"\"00112233445566778899aabbccddeeff\",\"cipher\":"
		"\"aes-xts-plain64\",\"sector_size\":512,\"offset\":8,"
		"\"skip\":0,\"size\":4503599627370496}";
	static const struct {
		const char *from, *to, *name;
	} bad[] = {
		{DISK, "", "refuses_no_device"},
		{"00112233", "0011223", "refuses_a_short_check"},
		{"00112233", "0011223G", "refuses_a_check_of_other_letters"},
		{"aes-xts", "aes xts", "refuses_a_cipher_with_a_space"},
		{"512", "513", "refuses_an_odd_sector_size"},
		{":8", ":-8", "refuses_a_negative_offset"},
		{":4503599627370496", ":4503599627370497",
		 "refuses_what_no_number_holds"},
		{"\"skip\"", "\"skap\"", "refuses_another_member"},
		{"\"offset\":8,", "\"offset\":8,\"more\":1,",
		 "refuses_one_member_more"},
		{"\"offset\":8", "\"offset\":\"8\"", "refuses_text_for_8"},
	};
	_cleanup_(json_text_freep) char *again = NULL;
	_json_ cJSON *j = NULL;
	struct volume v = {0};

	TAP_EQ_INT(parse(good, &v), 0, "a_record_is_read");
	TAP_OK(v.is_bound, "it_is_bound");
	TAP_EQ_INT(v.size, (int64_t)1 << 52, "its_size_is_exact");
	j = volume_format(&v);
	again = j ? json_print(j) : NULL;
	TAP_EQ_STR(again, good, "it_is_written_as_it_was");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char text[sizeof(good) + 32];
		const char *at = strstr(good, bad[i].from);

		if (!at)
			abort();
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good,
			 bad[i].to, at + strlen(bad[i].from));
		TAP_EQ_INT(parse(text, &v), -EBADMSG, bad[i].name);
	}
}

int main(void)
{
	json_init();
	test_check();
	test_ciphers();
	test_fresh();
	test_bound();
	test_length();
	test_overlap();
	test_table();
	test_text();
	return tap_done();
}
