/* SPDX-License-Identifier: MIT */
/*
 * Ciphertext blobs and wrapped keys: every relabelling must be refused.  The
 * blob in fixed_blob was made by tests/data/blob/make-blob, with Python's
 * cryptography.
 */
#include "kmsagent/crypto/blob.h"

#include "kmsagent/crypto/encoding.h"
#include "kmsagent/crypto/wrap.h"
#include "tests/unit/tap.h"

#define ACCOUNT	 "111122223333"
#define KEY_ID	 "1234abcd-12ab-34cd-56ef-1234567890ab"
#define OTHER_ID "1234abcd-12ab-34cd-56ef-1234567890ac"
#define MRK_ID	 "mrk-1234abcd12ab34cd56ef1234567890ab"

static struct xaes_key material;
static char material_id[BLOB_MATERIAL_ID_LEN + 1];
static struct blob_key the_key;

/* 32 bytes 00 01 02 .. 1f */
static void count_up(struct secret *s)
{
	if (secret_alloc(s, 32) < 0)
		abort();
	for (uint8_t i = 0; i < 32; i++)
		s->bytes[i] = i;
}

static void set_up(void)
{
	_cleanup_(secret_done) struct secret bytes = SECRET_INIT;

	count_up(&bytes);
	if (xaes_key_init(&material, &bytes) < 0 ||
	    blob_material_id(&bytes, KEY_ID, material_id) < 0)
		abort();
	the_key = (struct blob_key){ACCOUNT, "us-east-1", KEY_ID, material_id,
				    &material};
}

static void add(struct ectx *c, const char *k, const char *v)
{
	if (ectx_add(c, k, v) < 0)
		abort();
}

/* Open @len bytes at @buf under @key and @context; 0 or the first error. */
static int try_open(const struct blob_key *key, const struct ectx *context,
		    const uint8_t *buf, size_t len)
{
	_cleanup_(secret_done) struct secret plain = SECRET_INIT;
	struct blob b;
	int r = blob_parse(buf, len, &b);

	if (r == 0)
		r = blob_open(key, context, &b, &plain);
	if (r == 0 && (plain.len != len - BLOB_OVERHEAD_BYTES ||
		       memcmp(plain.bytes, "plaintext", 9) != 0))
		r = -EPROTO;
	return r;
}

#define LEN (9 + BLOB_OVERHEAD_BYTES)

static void seal(const struct blob_key *key, const struct ectx *context,
		 uint8_t buf[LEN])
{
	if (blob_seal(key, context, "plaintext", 9, buf) < 0)
		abort();
}

static void test_round_trip(void)
{
	_cleanup_(ectx_done) struct ectx c = ECTX_INIT;
	_cleanup_(ectx_done) struct ectx same = ECTX_INIT;
	uint8_t buf[LEN], again[LEN];
	char text[BASE64_LEN(LEN) + 1];
	struct blob b;

	add(&c, "a", "1");
	add(&c, "b", "2");
	add(&same, "b", "2");
	add(&same, "a", "1");
	seal(&the_key, &c, buf);
	TAP_EQ_INT(try_open(&the_key, &c, buf, LEN), 0, "opens_what_it_sealed");
	TAP_EQ_INT(try_open(&the_key, &same, buf, LEN), 0,
		   "the_order_of_the_context_is_all_one");
	TAP_OK(blob_parse(buf, LEN, &b) == 0 && !strcmp(b.key_id, KEY_ID) &&
		       !strcmp(b.material_id, material_id),
	       "a_blob_names_its_key_and_material");
	seal(&the_key, &c, again);
	TAP_OK(memcmp(buf, again, LEN) != 0, "the_same_seals_differently");
	base64_encode(buf, LEN, text);
	TAP_OK(strncmp(text, "AQIC", 4) == 0,
	       "base64_begins_as_aws_kms_has_it");
}

static void test_sizes(void)
{
	static uint8_t plain[BLOB_PLAIN_MAX_BYTES + 1];
	uint8_t buf[BLOB_MAX_BYTES + 1];
	_cleanup_(secret_done) struct secret out = SECRET_INIT;
	const struct ectx none = ECTX_INIT;
	struct blob b;

	plain[4095] = 7;
	TAP_OK(BLOB_MAX_BYTES <= 6144, "4096_bytes_make_at_most_6144");
	TAP_OK(blob_seal(&the_key, &none, plain, 4096, buf) == 0 &&
		       blob_parse(buf, BLOB_MAX_BYTES, &b) == 0 &&
		       blob_open(&the_key, &none, &b, &out) == 0 &&
		       out.len == 4096 && memcmp(out.bytes, plain, 4096) == 0,
	       "seals_4096_bytes");
	TAP_EQ_INT(blob_seal(&the_key, &none, plain, 4097, buf), -EINVAL,
		   "refuses_to_seal_4097_bytes");
	TAP_EQ_INT(blob_seal(&the_key, &none, plain, 0, buf), -EINVAL,
		   "refuses_to_seal_nothing");
	TAP_EQ_INT(blob_parse(buf, BLOB_MAX_BYTES + 1, &b), -EBADMSG,
		   "refuses_a_blob_that_is_too_long");
	TAP_EQ_INT(blob_parse("", 0, &b), -EBADMSG, "refuses_no_blob");
	TAP_OK(blob_seal(&the_key, &none, plain, 1, buf) == 0 &&
		       blob_parse(buf, BLOB_OVERHEAD_BYTES + 1, &b) == 0 &&
		       blob_open(&the_key, &none, &b, &out) == 0 &&
		       out.len == 1,
	       "seals_one_byte");
	TAP_EQ_INT(blob_parse(buf, BLOB_OVERHEAD_BYTES, &b), -EBADMSG,
		   "refuses_a_blob_without_content");
}

static void test_damage(void)
{
	const struct ectx none = ECTX_INIT;
	uint8_t buf[LEN + 1] = {0};
	size_t opened = 0;

	seal(&the_key, &none, buf);
	for (size_t bit = 0; bit < 8 * (size_t)LEN; bit++) {
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
		opened += try_open(&the_key, &none, buf, LEN) != -EBADMSG;
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	TAP_EQ_INT((long long)opened, 0, "refuses_each_flipped_bit");
	for (size_t len = 0; len < LEN; len++)
		opened += try_open(&the_key, &none, buf, len) != -EBADMSG;
	TAP_EQ_INT((long long)opened, 0, "refuses_each_shorter_blob");
	TAP_EQ_INT(try_open(&the_key, &none, buf, LEN + 1), -EBADMSG,
		   "refuses_a_byte_more");
	TAP_EQ_INT(try_open(&the_key, &none, buf, LEN), 0, "opens_it_whole");
}

static void test_context(void)
{
	static const char *const others[][2] = {
		{"ab", "d"}, {"abc", ""}, {"a", "bc"}, {"AB", "c"}, {"ab", "C"},
	};
	_cleanup_(ectx_done) struct ectx c = ECTX_INIT;
	const struct ectx none = ECTX_INIT;
	uint8_t buf[LEN];
	size_t opened = 0;

	add(&c, "ab", "c");
	seal(&the_key, &c, buf);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		_cleanup_(ectx_done) struct ectx o = ECTX_INIT;

		add(&o, others[i][0], others[i][1]);
		opened += try_open(&the_key, &o, buf, LEN) != -EBADMSG;
	}
	TAP_EQ_INT((long long)opened, 0, "refuses_each_other_context");
	TAP_EQ_INT(try_open(&the_key, &none, buf, LEN), -EBADMSG,
		   "refuses_no_context");
	add(&c, "more", "x");
	TAP_EQ_INT(try_open(&the_key, &c, buf, LEN), -EBADMSG,
		   "refuses_a_larger_context");
	seal(&the_key, &none, buf);
	TAP_EQ_INT(try_open(&the_key, &c, buf, LEN), -EBADMSG,
		   "refuses_a_context_where_there_was_none");
}

/* The key's bytes are the right ones each time: only a label differs. */
static void test_relabelling(void)
{
	const struct ectx none = ECTX_INIT;
	struct blob_key k;
	uint8_t buf[LEN], forged[LEN];

	seal(&the_key, &none, buf);
	k = the_key;
	k.key_id = OTHER_ID;
	TAP_EQ_INT(try_open(&k, &none, buf, LEN), -EBADMSG,
		   "refuses_under_another_key_id");
	memcpy(forged, buf, LEN);
	forged[3 + BLOB_KEY_ID_LEN - 1] = 'c'; /* where OTHER_ID differs */
	TAP_EQ_INT(try_open(&k, &none, forged, LEN), -EBADMSG,
		   "refuses_a_blob_relabelled_with_another_key_id");
	k = the_key;
	k.material_id = "00000000000000000000000000000000"
			"00000000000000000000000000000000";
	TAP_EQ_INT(try_open(&k, &none, buf, LEN), -EBADMSG,
		   "refuses_under_another_material_id");
	memcpy(forged, buf, LEN);
	memset(forged + 39, 0, 32);
	TAP_EQ_INT(try_open(&k, &none, forged, LEN), -EBADMSG,
		   "refuses_a_blob_relabelled_with_another_material_id");
	k = the_key;
	k.account = "111122223334";
	TAP_EQ_INT(try_open(&k, &none, buf, LEN), -EBADMSG,
		   "refuses_in_another_account");
	k = the_key;
	k.region = "us-east-2";
	TAP_EQ_INT(try_open(&k, &none, buf, LEN), -EBADMSG,
		   "refuses_in_another_region");
	k.account = ACCOUNT "u";
	k.region = "s-east-1";
	TAP_EQ_INT(try_open(&k, &none, buf, LEN), -EBADMSG,
		   "refuses_a_letter_moved_from_region_to_account");
	k = the_key;
	k.region = "";
	TAP_EQ_INT(try_open(&k, &none, buf, LEN), -EINVAL, "refuses_no_region");
}

static void test_multi_region(void)
{
	const struct ectx none = ECTX_INIT;
	struct blob_key k = the_key;
	uint8_t buf[LEN];

	k.key_id = MRK_ID;
	seal(&k, &none, buf);
	k.region = "eu-west-1";
	TAP_EQ_INT(try_open(&k, &none, buf, LEN), 0,
		   "a_replica_opens_what_the_primary_sealed");
	k.account = "111122223334";
	TAP_EQ_INT(try_open(&k, &none, buf, LEN), -EBADMSG,
		   "a_replica_of_another_account_does_not");
}

static void test_ids(void)
{
	_cleanup_(secret_done) struct secret bytes = SECRET_INIT;
	char a[BLOB_MATERIAL_ID_LEN + 1], b[BLOB_MATERIAL_ID_LEN + 1];

	TAP_OK(blob_key_id_is_valid(KEY_ID), "a_uuid_is_a_key_id");
	TAP_OK(blob_key_id_is_valid(MRK_ID), "an_mrk_id_is_a_key_id");
	TAP_OK(!blob_key_id_is_valid("mrk-" KEY_ID), "mrk_uuid_is_none");
	TAP_OK(!blob_key_id_is_valid("alias/a"), "an_alias_is_none");
	TAP_OK(!blob_key_id_is_valid(""), "nothing_is_none");
	count_up(&bytes);
	TAP_OK(blob_material_id(&bytes, KEY_ID, a) == 0 &&
		       !strcmp(a, material_id),
	       "the_same_material_has_the_same_id");
	TAP_OK(blob_material_id(&bytes, OTHER_ID, b) == 0 && strcmp(a, b) != 0,
	       "under_another_key_it_has_another");
	bytes.bytes[31] ^= 1;
	TAP_OK(blob_material_id(&bytes, KEY_ID, b) == 0 && strcmp(a, b) != 0,
	       "other_material_has_another");
	TAP_EQ_INT(blob_material_id(&bytes, "alias/a", b), -EINVAL,
		   "an_alias_has_no_material");
}

/* Made by another program: the layout and the AAD are what blob.h says. */
static void test_fixed(void)
{
	static const char fixed_material_id[] =
		"06562b1582678507cefa22114578fd5373785ec0558fbf905e0b2b4dfcc4"
		"7289";
	static const char fixed_blob[] =
		"AQICMTIzNGFiY2QtMTJhYi0zNGNkLTU2ZWYtMTIzNDU2Nzg5MGFiBlYrFYJn"
		"hQfO+iIRRXj9U3N4XsBVj7+QXgsrTfzEcolkZWZnaGlqa2xtbm9wcXJzdHV2"
		"d3h5enuyqb/11fLWVUCij/zm2n6J/4T3u/p/jkQ4";
	_cleanup_(ectx_done) struct ectx c = ECTX_INIT;
	uint8_t buf[BLOB_MAX_BYTES];
	size_t len = 0;

	TAP_EQ_STR(material_id, fixed_material_id,
		   "the_material_id_is_what_python_computes");
	TAP_EQ_INT(base64_decode(fixed_blob, strlen(fixed_blob), buf,
				 sizeof(buf), &len),
		   0, "the_fixed_blob_decodes");
	add(&c, "purpose", "test");
	add(&c, "a", "ä");
	TAP_EQ_INT(try_open(&the_key, &c, buf, len), 0,
		   "opens_a_blob_that_python_sealed");
}

static int unwrap(enum wrap_role role, const char *id, const uint8_t *buf,
		  size_t len)
{
	_cleanup_(secret_done) struct secret out = SECRET_INIT;
	_cleanup_(secret_done) struct secret want = SECRET_INIT;
	int r = wrap_open(&material, role, id, buf, len, &out);

	count_up(&want);
	return r == 0 && !secret_equal(&out, &want) ? -EPROTO : r;
}

static void test_wrap(void)
{
	static const char id[] = "arn:aws:kms:us-east-1:1:key/k#m";
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	_cleanup_(secret_done) struct secret none = SECRET_INIT;
	_cleanup_(xaes_key_done) struct xaes_key other = XAES_KEY_INIT;
	_free_ uint8_t *w = NULL;
	size_t len = 0, opened = 0;

	count_up(&key);
	TAP_EQ_INT(wrap_seal(&material, WRAP_ROLE_MATERIAL, id, &key, &w, &len),
		   0, "wraps");
	TAP_EQ_INT((long long)len, 32 + WRAP_OVERHEAD_BYTES, "at_its_length");
	TAP_EQ_INT(unwrap(WRAP_ROLE_MATERIAL, id, w, len), 0, "unwraps");
	TAP_EQ_INT(unwrap(WRAP_ROLE_KEK, id, w, len), -EBADMSG,
		   "unwrap_refuses_another_role");
	w[1] = WRAP_ROLE_KEK;
	TAP_EQ_INT(unwrap(WRAP_ROLE_KEK, id, w, len), -EBADMSG,
		   "unwrap_refuses_a_forged_role");
	w[1] = WRAP_ROLE_MATERIAL;
	TAP_EQ_INT(unwrap(WRAP_ROLE_MATERIAL, "other", w, len), -EBADMSG,
		   "unwrap_refuses_another_record");
	for (size_t bit = 0; bit < 8 * len; bit++) {
		w[bit / 8] ^= (uint8_t)(1 << bit % 8);
		opened += unwrap(WRAP_ROLE_MATERIAL, id, w, len) != -EBADMSG;
		w[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t n = 0; n < len; n++)
		opened += unwrap(WRAP_ROLE_MATERIAL, id, w, n) != -EBADMSG;
	TAP_EQ_INT((long long)opened, 0,
		   "unwrap_refuses_each_flipped_bit_and_shorter_record");
	key.bytes[0] ^= 1;
	if (xaes_key_init(&other, &key) < 0)
		abort();
	TAP_EQ_INT(wrap_open(&other, WRAP_ROLE_MATERIAL, id, w, len, &none),
		   -EBADMSG, "unwrap_refuses_another_key");
	TAP_OK(none.len == 0, "a_refused_unwrap_gives_nothing");
	free(take_ptr(w));
	TAP_EQ_INT(wrap_seal(&material, WRAP_ROLE_KEK, "", &key, &w, &len),
		   -EINVAL, "wrap_refuses_no_id");
	TAP_EQ_INT(wrap_seal(&material, WRAP_ROLE_KEK, "k", &none, &w, &len),
		   -EINVAL, "wrap_refuses_no_key");
}

int main(void)
{
	set_up();
	test_round_trip();
	test_sizes();
	test_damage();
	test_context();
	test_relabelling();
	test_multi_region();
	test_ids();
	test_fixed();
	test_wrap();
	xaes_key_done(&material);
	return tap_done();
}
