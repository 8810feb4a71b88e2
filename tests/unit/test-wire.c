/* SPDX-License-Identifier: MIT */
/* Bounded cursors and the encryption context's serialisation. */
#include "keyring/ectx.h"
#include "keyring/wire.h"

#include <string.h>

#include "tests/unit/tap.h"

static void cursors(void)
{
	_cleanup_(wire_writer_done) struct wire_writer w = WIRE_WRITER_INIT;
	static const uint8_t want[] = {
		0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0, 0, 0, 0, 0,
		0,    0,    8,	  0,	2,    'h',  'i',  0, 0, 0, 1, '!'};
	_free_ uint8_t *bytes = NULL;
	struct wire_reader r;
	size_t len = 0, n = 0;

	wire_put_u8(&w, 0x01);
	wire_put_u16(&w, 0x0203);
	wire_put_u32(&w, 0x04050607);
	wire_put_u64(&w, 8);
	wire_put_v16(&w, "hi", 2);
	wire_put_v32(&w, "!", 1);
	TAP_EQ_INT(wire_writer_take(&w, &bytes, &len), 0, "writer_gives_bytes");
	TAP_OK(len == sizeof(want) && !memcmp(bytes, want, len),
	       "integers_are_big_endian");
	wire_reader_init(&r, want, sizeof(want));
	TAP_OK(wire_get_u8(&r) == 1 && wire_get_u16(&r) == 0x0203 &&
		       wire_get_u32(&r) == 0x04050607 && wire_get_u64(&r) == 8,
	       "reader_reads_what_was_written");
	TAP_OK(!memcmp(wire_get_v16(&r, &n), "hi", 2) && n == 2,
	       "counted_bytes_come_back");
	TAP_OK(!wire_reader_is_done(&r), "reader_knows_what_is_left");
	TAP_OK(wire_get_v32(&r, &n) && n == 1 && wire_reader_is_done(&r),
	       "reader_ends_exactly");
	TAP_OK(wire_get_u8(&r) == 0 && r.failed, "past_the_end_fails");
	TAP_OK(!wire_reader_is_done(&r), "failure_sticks");
	wire_reader_init(&r, "\xff\xff\xff\xff", 4);
	TAP_OK(!wire_get_v32(&r, &n) && n == 1, "length_past_the_end_fails");
	wire_put_v16(&w, want, 65536);
	TAP_EQ_INT(wire_writer_take(&w, &bytes, &len), -ENOMEM,
		   "length_over_its_field_fails");
}

static void context_is_sorted_and_injective(void)
{
	_cleanup_(ectx_done) struct ectx a = ECTX_INIT, b = ECTX_INIT;
	_free_ uint8_t *bytes = NULL;
	size_t len = 0;
	/* The sheet's own example order: U+FF5E before U+1F600. */
	static const char *const tilde = "\xef\xbd\x9e",
				 *const smile = "\xf0\x9f\x98\x80";
	static const uint8_t want[] = {0,   2, 0, 1,   'a', 0, 1,
				       'b', 0, 2, 'b', 'c', 0, 0};

	TAP_EQ_INT(ectx_encode(&a, &bytes, &len), 0, "empty_context_encodes");
	TAP_EQ_INT((long long)len, 0, "empty_context_is_zero_bytes");
	TAP_OK(ectx_add(&a, "bc", "") == 0 && ectx_add(&a, "a", "b") == 0,
	       "pairs_are_added");
	TAP_OK(ectx_encode(&a, &bytes, &len) == 0 && len == sizeof(want) &&
		       !memcmp(bytes, want, len),
	       "pairs_are_sorted_and_counted");
	TAP_EQ_INT(ectx_decode(bytes, len, &b), 0, "context_decodes");
	TAP_OK(ectx_equal(&a, &b) && a.encoded_len == b.encoded_len,
	       "decoded_context_is_equal");
	TAP_EQ_INT(ectx_add(&a, "a", "b"), -EEXIST, "key_twice_is_refused");
	TAP_EQ_INT(ectx_add(&a, "x", "\xc0\xaf"), -EILSEQ,
		   "overlong_utf8_is_refused");
	TAP_EQ_INT(ectx_add(&a, "\xed\xa0\x80", "v"), -EILSEQ,
		   "surrogate_is_refused");
	TAP_EQ_INT(ectx_add_arg(&a, "novalue"), -EINVAL,
		   "argument_without_equals_is_refused");
	TAP_OK(ectx_add_arg(&a, "k=v=w") == 0 &&
		       !strcmp(ectx_get(&a, "k"), "v=w"),
	       "argument_splits_at_the_first_equals");
	TAP_OK(ectx_is_subset(&b, &a) && !ectx_is_subset(&a, &b) &&
		       !ectx_equal(&a, &b),
	       "subset_is_one_way");
	ectx_done(&b);
	TAP_OK(ectx_add(&b, smile, "1") == 0 && ectx_add(&b, tilde, "2") == 0 &&
		       !strcmp(b.pairs[0].key, tilde),
	       "order_is_of_utf8_bytes");
}

static void bad_contexts_are_refused(void)
{
	static const struct {
		const char *name, *bytes;
		size_t len;
	} bad[] = {
		{"zero_count_is_refused", "\0\0", 2},
		{"half_a_count_is_refused", "\0", 1},
		{"missing_pair_is_refused", "\0\1", 2},
		{"pair_past_the_end_is_refused", "\0\1\0\5a", 5},
		{"left_over_byte_is_refused", "\0\1\0\1a\0\1b!", 9},
		{"duplicate_key_is_refused", "\0\2\0\1a\0\1b\0\1a\0\1c", 14},
		{"nul_in_a_key_is_refused", "\0\1\0\2a\0\0\1b", 9},
	};
	_cleanup_(ectx_done) struct ectx c = ECTX_INIT;
	_free_ char *huge = malloc(65536);

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		TAP_EQ_INT(ectx_decode(bad[i].bytes, bad[i].len, &c), -EBADMSG,
			   bad[i].name);
	memset(huge, 'v', 65535);
	huge[65529] = '\0';
	TAP_EQ_INT(ectx_add(&c, "k", huge), -E2BIG,
		   "more_than_65535_bytes_are_refused");
	huge[65528] = '\0';
	TAP_EQ_INT(ectx_add(&c, "k", huge), 0, "exactly_65535_bytes_fit");
	TAP_EQ_INT(ectx_add(&c, "", ""), -E2BIG, "full_context_takes_no_more");
}

int main(void)
{
	cursors();
	context_is_sorted_and_injective();
	bad_contexts_are_refused();
	return tap_done();
}
