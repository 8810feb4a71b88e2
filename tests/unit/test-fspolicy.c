/* SPDX-License-Identifier: MIT */
/*
 * fscrypt policies.  The identifier of the key 01..40 is xfstests' (its
 * common/encrypt: TEST_RAW_KEY, TEST_KEY_IDENTIFIER); that of 32 bytes of 7 by
 * python3-cryptography: HKDF(SHA512(), 16, None, b"fscrypt\0\1").
 */
#include <linux/fscrypt.h>

#include "kmsagent/agent/fspolicy.h"
#include "tests/unit/tap.h"

static int identify(const void *bytes, size_t len, char *text)
{
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	uint8_t id[FSPOLICY_ID_BYTES] = {0};
	int r;

	if (secret_set(&key, bytes, len) < 0)
		abort();
	r = fspolicy_identify(&key, id);
	fspolicy_id_format(id, text);
	return r;
}

static void test_identifiers(void)
{
	char text[FSPOLICY_ID_TEXT_BYTES];
	uint8_t key[80], id[FSPOLICY_ID_BYTES];

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i + 1);
	TAP_OK(identify(key, 64, text) == 0, "a_key_has_an_identifier");
	TAP_EQ_STR(text, "69b2f6edeee720cce0577937eb8a6751",
		   "that_of_xfstests_key");
	TAP_OK(fspolicy_id_parse(text, id) == 0 && id[0] == 0x69 &&
		       id[15] == 0x51,
	       "text_is_read_back");
	memset(key, 7, sizeof(key));
	TAP_OK(identify(key, 32, text) == 0, "32_bytes_are_enough");
	TAP_EQ_STR(text, "1101420d499290b005fc681527257159",
		   "and_give_another_identifier");
	TAP_OK(identify(key, 31, text) == -EINVAL, "31_are_not");
	TAP_OK(identify(key, 65, text) == -EINVAL, "65_are_too_many");
}

static void test_id_text(void)
{
	static const char *const bad[] = {
		"",
		"69b2f6edeee720cce0577937eb8a675",
		"69b2f6edeee720cce0577937eb8a67511",
		"69B2F6EDEEE720CCE0577937EB8A6751",
		"69b2f6edeee720cce0577937eb8a675g",
		" 9b2f6edeee720cce0577937eb8a6751",
	};
	uint8_t id[FSPOLICY_ID_BYTES] = {9};
	bool refused = true;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		refused &= fspolicy_id_parse(bad[i], id) == -EINVAL;
	TAP_OK(refused, "other_text_is_no_identifier");
	TAP_OK(id[0] == 9, "and_nothing_is_written_then");
}

static void test_choice(void)
{
	static const struct {
		const char *contents;
		const char *filenames;
		int64_t padding;
		uint32_t modes[2]; /* 0: refused */
		uint32_t flags;
	} cases[] = {
		{NULL, NULL, 32, {1, 4}, 3},
		{"aes-256-xts", NULL, 4, {1, 4}, 0},
		{NULL, "aes-256-hctr2", 16, {1, 10}, 2},
		{"adiantum", NULL, 8, {9, 9}, 1},
		{NULL, "adiantum", 32, {9, 9}, 3},
		{"adiantum", "aes-256-cts", 32, {0, 0}, 0},
		{"aes-256-xts", "adiantum", 32, {0, 0}, 0},
		{"aes-256-cts", NULL, 32, {0, 0}, 0},
		{"aes-128-cbc", NULL, 32, {0, 0}, 0},
		{NULL, "", 32, {0, 0}, 0},
		{NULL, NULL, 0, {0, 0}, 0},
		{NULL, NULL, 12, {0, 0}, 0},
		{NULL, NULL, 64, {0, 0}, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fspolicy p = {.contents = 0};
		char why[200] = "", name[96];
		int r = fspolicy_choose(cases[i].contents, cases[i].filenames,
					cases[i].padding, &p, why, sizeof(why));

		snprintf(name, sizeof(name), "%s_%s_padded_to_%d_is_%s",
			 cases[i].contents ?: "default",
			 cases[i].filenames ?: "default", (int)cases[i].padding,
			 cases[i].modes[0] ? "taken" : "refused");
		if (!cases[i].modes[0])
			TAP_OK(r == -EINVAL && *why && !p.contents, name);
		else
			TAP_OK(r == 0 && p.contents == cases[i].modes[0] &&
				       p.filenames == cases[i].modes[1] &&
				       p.flags == cases[i].flags &&
				       fspolicy_padding(&p) == cases[i].padding,
			       name);
	}
}

static void test_modes(void)
{
	char text[FSPOLICY_MODE_BYTES];

	fspolicy_mode_format(FSCRYPT_MODE_ADIANTUM, text);
	TAP_EQ_STR(text, "adiantum", "a_mode_has_its_name");
	fspolicy_mode_format(5, text);
	TAP_EQ_STR(text, "mode-5", "and_a_number_where_it_is_not_ours");
}

int main(void)
{
	test_identifiers();
	test_id_text();
	test_choice();
	test_modes();
	return tap_done();
}
