/* SPDX-License-Identifier: MIT */
/*
 * Headers: what parsing finds in the vectors' messages, what building makes
 * of the same parts, what keys come of it, and what is refused.  Expected
 * values: tests/data/esdk-vectors.txt, whose makers it names.
 */
#include <fcntl.h>

#include "kcapi/bulk.h"
#include "kcapi/esdk.h"
#include "tap.h"
#include "vectors.h"

static bool same(const struct vector *v, const char *key, const void *p,
		 size_t len)
{
	struct vector_bytes want = vector_bytes(v, key);
	bool r = want.len == len && memcmp(want.p, p, len) == 0;

	free(want.p);
	if (!r)
		tap_diag("%s differs", key);
	return r;
}

static bool is_hex_of(const char *hex, size_t digits, const void *p, size_t len)
{
	struct vector_bytes want = vector_unhex(hex, digits);
	bool r = want.len == len && memcmp(want.p, p, len) == 0;

	free(want.p);
	return r;
}

/* "k:v,k:v" in sorted order against the parsed context. */
static bool same_context(const struct vector *v, const struct ectx *c)
{
	const char *at = vector_get(v, "context");

	for (size_t i = 0; i < c->count; i++) {
		size_t key = strcspn(at, ":"),
		       value = strcspn(at + key + 1, ",");

		if (!is_hex_of(at, key, c->pairs[i].key,
			       strlen(c->pairs[i].key)) ||
		    !is_hex_of(at + key + 1, value, c->pairs[i].value,
			       strlen(c->pairs[i].value)))
			return false;
		at += key + 1 + value;
		at += *at == ',';
	}
	return *at == '\0';
}

static bool same_edks(const struct vector *v, const struct esdk_header *h)
{
	const char *at = vector_get(v, "edks");

	for (size_t i = 0; i < h->edk_count; i++) {
		const struct esdk_edk *e = &h->edks[i];
		const uint8_t *field[] = {e->provider_id, e->info,
					  e->ciphertext};
		size_t len[] = {e->provider_id_len, e->info_len,
				e->ciphertext_len};

		for (size_t k = 0; k < ARRAY_SIZE(field); k++) {
			size_t n = strcspn(at, ":,");

			if (!is_hex_of(at, n, field[k], len[k]))
				return false;
			at += n;
			at += *at != '\0';
		}
	}
	return *at == '\0';
}

static bool parses(const struct vector *v, const struct vector_bytes *m)
{
	_cleanup_(esdk_header_done) struct esdk_header h = ESDK_HEADER_INIT;
	struct esdk_refusal why;
	size_t used;

	return esdk_header_parse(m->p, m->len, &h, &used, &why) == 0 &&
	       why.stage == ESDK_STAGE_NONE &&
	       used == vector_number(v, "header_len") &&
	       esdk_header_len(&h) == used &&
	       memcmp(h.bytes, m->p, used) == 0 &&
	       h.content == vector_number(v, "content") &&
	       h.frame_bytes == vector_number(v, "frame_length") &&
	       same(v, "message_id", h.message_id, sizeof(h.message_id)) &&
	       same(v, "commitment", h.commitment, sizeof(h.commitment)) &&
	       same_context(v, &h.context) && same_edks(v, &h);
}

static bool derives(const struct vector *v)
{
	_cleanup_(secret_done) struct secret data_key = SECRET_INIT;
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	uint8_t commitment[ESDK_COMMITMENT_BYTES];
	struct vector_bytes dk = vector_bytes(v, "data_key");
	struct vector_bytes id = vector_bytes(v, "message_id");
	bool r = secret_set(&data_key, dk.p, dk.len) == 0 &&
		 esdk_derive(&data_key, id.p, &key, commitment) == 0 &&
		 same(v, "message_key", key.bytes, key.len) &&
		 same(v, "commitment", commitment, sizeof(commitment));

	free(dk.p);
	free(id.p);
	return r;
}

/* Parse, take the parts, build: the bytes up to the tag must be the same. */
static bool rebuilds(const struct vector_bytes *m)
{
	_cleanup_(esdk_header_done) struct esdk_header h = ESDK_HEADER_INIT;
	_cleanup_(esdk_header_done) struct esdk_header b = ESDK_HEADER_INIT;
	struct esdk_refusal why;
	size_t used;

	if (esdk_header_parse(m->p, m->len, &h, &used, &why) != 0 ||
	    ectx_copy(&b.context, &h.context) != 0)
		return false;
	memcpy(b.message_id, h.message_id, sizeof(b.message_id));
	memcpy(b.commitment, h.commitment, sizeof(b.commitment));
	memcpy(b.edks, h.edks, sizeof(b.edks));
	b.edk_count = h.edk_count;
	b.frame_bytes = h.frame_bytes;
	return esdk_header_build(&b) == 0 && b.body_len == h.body_len &&
	       memcmp(b.bytes, m->p, b.body_len) == 0;
}

static bool is_canonical(const struct vector *v)
{
	return vector_number(v, "content") == ESDK_CONTENT_FRAMED &&
	       strcmp(vector_get(v, "name"), "unsorted-context") != 0;
}

static void test_vectors(void)
{
	FILE *f = vector_open("tests/data/esdk-vectors.txt");
	unsigned good = 0, built = 0;
	struct vector v;

	for (; vector_next(f, &v); vector_done(&v)) {
		struct vector_bytes m;

		if (!vector_find(&v, "name"))
			continue;
		m = vector_bytes(&v, "message");
		good++;
		if (!parses(&v, &m) || !derives(&v))
			TAP_OK(false, vector_get(&v, "name"));
		if (is_canonical(&v) && ++built && !rebuilds(&m))
			TAP_OK(false, vector_get(&v, "name"));
		free(m.p);
	}
	fclose(f);
	TAP_EQ_INT(good, 19, "all_good_headers_parse_and_derive_their_keys");
	TAP_EQ_INT(built, 16, "built_headers_equal_the_written_ones");
}

static const uint8_t blob[UINT16_MAX + 1];

static void fill(struct esdk_header *h)
{
	*h = ESDK_HEADER_INIT;
	h->edks[0] = (struct esdk_edk){(const uint8_t *)"aws-kms",
				       7,
				       (const uint8_t *)"arn",
				       3,
				       blob,
				       100};
	h->edk_count = 1;
	h->frame_bytes = BULK_FRAME_BYTES;
}

static void test_build_refusals(void)
{
	struct esdk_header h;

	fill(&h);
	TAP_EQ_INT(esdk_header_build(&h), 0, "header_of_one_edk_is_built");
	esdk_header_done(&h);

	fill(&h);
	h.edk_count = 0;
	TAP_EQ_INT(esdk_header_build(&h), -EINVAL, "build_refuses_no_edk");

	fill(&h);
	h.edk_count = ESDK_MAX_EDKS + 1;
	TAP_EQ_INT(esdk_header_build(&h), -EINVAL, "build_refuses_17_edks");

	fill(&h);
	h.frame_bytes = 0;
	TAP_EQ_INT(esdk_header_build(&h), -EINVAL, "build_refuses_frames_of_0");
	h.frame_bytes = ESDK_MAX_FRAME_BYTES + 1;
	TAP_EQ_INT(esdk_header_build(&h), -EINVAL,
		   "build_refuses_frames_above_1_mib");

	fill(&h);
	h.edks[0].ciphertext_len = sizeof(blob);
	TAP_EQ_INT(esdk_header_build(&h), -E2BIG,
		   "build_refuses_an_edk_over_its_length_field");
	h.edks[0].ciphertext_len = 33000;
	h.edks[1] = h.edks[0];
	h.edk_count = 2;
	TAP_EQ_INT(esdk_header_build(&h), -E2BIG,
		   "build_refuses_a_header_above_64_kib");

	fill(&h);
	TAP_EQ_INT(ectx_add(&h.context, ESDK_PUBLIC_KEY_CONTEXT, "x"), 0,
		   "signer_key_enters_a_context");
	TAP_EQ_INT(esdk_header_build(&h), -EINVAL,
		   "build_refuses_a_signer_key");
	esdk_header_done(&h);
}

/* What the cap is for: lengths that promise more than is read. */
static void test_long_header(void)
{
	uint8_t *m = vector_alloc(200000);
	struct esdk_header h;
	struct esdk_refusal why;
	size_t used;

	memset(m, 0, 200000);
	memcpy(m, "\x02\x04\x78", 3);
	m[37] = 0; /* no context */
	m[38] = 2; /* two EDKs, each field 0x9000 bytes long */
	for (size_t at = 39; at + 0x9002 < 200000; at += 0x9002)
		m[at] = 0x90;
	TAP_EQ_INT(esdk_header_parse(m, 200000, &h, &used, &why), -EBADMSG,
		   "parse_refuses_a_header_above_64_kib");
	TAP_EQ_STR(esdk_stage_name(why.stage), "limit",
		   "and_says_that_a_limit_was_passed");
	free(m);
}

static void explain(const char *m, size_t len, char *buf, size_t size)
{
	struct esdk_header h;
	struct esdk_refusal why;
	size_t used;

	if (esdk_header_parse(m, len, &h, &used, &why) != -EBADMSG)
		vector_die("not refused");
	esdk_refusal_explain(&why, buf, size);
}

static void test_explanations(void)
{
	char buf[400], vague[400];
	struct esdk_refusal why = {.stage = ESDK_STAGE_COMMITMENT};
	bool equal = true;

	explain("AgR4u2Fs", 8, buf, sizeof(buf));
	TAP_OK(strstr(buf, "base64 -d"), "pasted_base64_is_recognised");
	explain("AYADeJ00", 8, buf, sizeof(buf));
	TAP_OK(strstr(buf, "base64 -d"), "base64_of_version_1_too");
	explain("PK\3\4abcd", 8, buf, sizeof(buf));
	TAP_OK(strstr(buf, "no message"), "foreign_files_are_told_apart");
	explain("\x01\x80\x03\x78", 4, buf, sizeof(buf));
	TAP_OK(strstr(buf, "HKDF_SHA384_ECDSA_P384 (0x0378)") &&
		       strstr(buf, "encrypt it again"),
	       "version_1_is_named_with_a_next_step");
	explain("\x02\x05\x78\x00", 4, buf, sizeof(buf));
	TAP_OK(strstr(buf, "COMMIT_KEY_ECDSA_P384 (0x0578)"),
	       "signing_suite_is_named");
	explain("\x02\x03\x78\x00", 4, buf, sizeof(buf));
	TAP_OK(strstr(buf, "0x0378") && strstr(buf, "does not have"),
	       "suite_of_the_other_version_is_no_suite");

	esdk_refusal_explain(&why, vague, sizeof(vague));
	for (int s = ESDK_STAGE_EC; s < ESDK_STAGE_COUNT_; s++) {
		why.stage = (enum esdk_stage)s;
		esdk_refusal_explain(&why, buf, sizeof(buf));
		equal = equal && strcmp(buf, vague) == 0;
	}
	TAP_OK(equal, "failed_checks_are_not_told_apart");
	esdk_refusal_explain(&why, buf, 8);
	TAP_EQ_INT(strlen(buf), 7, "explanation_fits_a_short_buffer");
}

static void test_commitment(void)
{
	_cleanup_(secret_done) struct secret data_key = SECRET_INIT;
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	_cleanup_(secret_done) struct secret got = SECRET_INIT;
	uint8_t id[ESDK_MESSAGE_ID_BYTES] = {1}, c[ESDK_COMMITMENT_BYTES];
	struct esdk_refusal why;

	TAP_EQ_INT(secret_random(&data_key, 32), 0, "a_data_key");
	TAP_EQ_INT(esdk_derive(&data_key, id, &key, c), 0, "is_derived_from");
	TAP_EQ_INT(esdk_derive_committed(&data_key, id, c, &got, &why), 0,
		   "right_commitment_gives_the_key");
	TAP_OK(secret_equal(&key, &got), "the_same_key");
	secret_done(&got);
	c[31] ^= 1;
	TAP_EQ_INT(esdk_derive_committed(&data_key, id, c, &got, &why),
		   -EBADMSG, "wrong_commitment_is_refused");
	TAP_OK(why.stage == ESDK_STAGE_COMMITMENT && got.len == 0,
	       "and_gives_no_key");
	secret_truncate(&data_key, 31);
	TAP_EQ_INT(esdk_derive_committed(&data_key, id, c, &got, &why),
		   -EBADMSG, "short_data_key_is_refused");
	TAP_EQ_STR(esdk_stage_name(why.stage), "edk", "as_a_wrong_data_key");
	TAP_EQ_INT(esdk_derive(&data_key, id, &got, c), -EINVAL,
		   "nothing_is_derived_from_a_short_key");
}

int main(void)
{
	test_vectors();
	test_build_refusals();
	test_long_header();
	test_explanations();
	test_commitment();
	return tap_done();
}
