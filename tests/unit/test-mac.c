/* SPDX-License-Identifier: MIT */
/*
 * HMAC against RFC 4231's test cases 1 to 4, 6 and 7 (5 is truncated), which
 * tests/data/hmac-rfc4231.txt holds, and what verification refuses.
 */
#include "kmsagent/crypto/mac.h"
#include "kmsagent/crypto/pkey.h"
#include "tests/unit/tap.h"
#include "tests/unit/vectors.h"

static const char *const names[] = {"HMAC_SHA_224", "HMAC_SHA_256",
				    "HMAC_SHA_384", "HMAC_SHA_512"};

static void test_refusals(const struct mac_algorithm *a,
			  const struct secret *key,
			  const struct vector_bytes *data,
			  const struct vector_bytes *mac, const char *where)
{
	uint8_t wrong[MAC_MAX_BYTES + 1] = {0};
	size_t accepted = 0, odd = 0;
	char name[96];

	memcpy(wrong, mac->p, mac->len);
	for (size_t bit = 0; bit < mac->len * 8; bit++) {
		int r;

		wrong[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		r = mac_verify(a, key, data->p, data->len, wrong, mac->len);
		accepted += r == 0;
		odd += r != -EBADMSG;
		wrong[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	snprintf(name, sizeof(name), "no_changed_bit_passes_%s", where);
	TAP_EQ_INT(accepted + odd, 0, name);
	snprintf(name, sizeof(name), "nor_one_byte_less_or_more_%s", where);
	TAP_OK(mac_verify(a, key, data->p, data->len, wrong, mac->len - 1) ==
			       -EBADMSG &&
		       mac_verify(a, key, data->p, data->len, wrong,
				  mac->len + 1) == -EBADMSG,
	       name);
	snprintf(name, sizeof(name), "nor_a_shorter_message_%s", where);
	TAP_EQ_INT(mac_verify(a, key, data->p, data->len - 1, wrong, mac->len),
		   -EBADMSG, name);
}

static void test_case(const struct vector *v)
{
	struct vector_bytes key = vector_bytes(v, "key");
	struct vector_bytes data = vector_bytes(v, "data");
	struct secret secret = SECRET_INIT;

	if (secret_set(&secret, key.p, key.len) < 0)
		vector_die("out of memory");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct mac_algorithm *a = mac_find(names[i]);
		struct vector_bytes want = vector_bytes(v, names[i]);
		uint8_t got[MAC_MAX_BYTES];
		char where[64], name[96];

		snprintf(where, sizeof(where), "%s_of_case_%s", names[i],
			 vector_get(v, "case"));
		TAP_EQ_INT(a ? a->bytes : 0, want.len, where);
		TAP_EQ_INT(mac_compute(a, &secret, data.p, data.len, got), 0,
			   "is_computed");
		TAP_EQ_MEM(got, want.p, want.len, "as_published");
		snprintf(name, sizeof(name), "verifies_%s", where);
		TAP_EQ_INT(mac_verify(a, &secret, data.p, data.len, want.p,
				      want.len),
			   0, name);
		test_refusals(a, &secret, &data, &want, where);
		free(want.p);
	}
	secret_done(&secret);
	free(key.p);
	free(data.p);
}

int main(void)
{
	FILE *f = vector_open("tests/data/hmac-rfc4231.txt");
	struct secret none = SECRET_INIT;
	uint8_t mac[MAC_MAX_BYTES];
	struct vector v;

	for (; vector_next(f, &v); vector_done(&v))
		test_case(&v);
	fclose(f);
	TAP_OK(!mac_find("HMAC_SHA_1") && !mac_find(""),
	       "what_AWS_has_not_is_unknown");
	TAP_EQ_INT(mac_compute(mac_find("HMAC_SHA_256"), &none, "", 0, mac),
		   -EINVAL, "an_empty_key_is_refused");
	TAP_EQ_INT(crypto_wipe_freed(), -EBUSY,
		   "memory_in_use_is_not_handed_over");
	return tap_done();
}
