/* SPDX-License-Identifier: MIT */
/* Framing and validation of Varlink messages. */
#include "kmsagent/varlink/message.h"

#include <string.h>

#include "tests/unit/tap.h"

static int parse(const char *text)
{
	struct varlink_message m = VARLINK_MESSAGE_INIT;
	int r = varlink_message_parse(text, strlen(text),
				      VARLINK_MAX_CALL_VALUES, &m);

	varlink_message_done(&m);
	return r;
}

static void frames(void)
{
	_free_ char *big = calloc(1, VARLINK_MAX_MESSAGE_BYTES + 2);
	size_t len = 99;

	TAP_EQ_INT(varlink_frame_find("abc", 3, &len), 0,
		   "half_a_message_wants_more");
	TAP_EQ_INT(varlink_frame_find("", 0, &len), 0, "nothing_wants_more");
	TAP_EQ_INT(len, 99, "an_unfinished_frame_leaves_the_result_alone");
	TAP_OK(varlink_frame_find("abc\0def", 7, &len) == 1 && len == 3,
	       "the_first_of_two_messages_is_found");
	if (!big)
		return;
	memset(big, 'a', VARLINK_MAX_MESSAGE_BYTES);
	TAP_EQ_INT(varlink_frame_find(big, VARLINK_MAX_MESSAGE_BYTES, &len), 0,
		   "a_longest_message_may_still_end");
	TAP_EQ_INT(varlink_frame_find(big, VARLINK_MAX_MESSAGE_BYTES + 1, &len),
		   1, "a_longest_message_is_found");
	big[VARLINK_MAX_MESSAGE_BYTES] = 'a';
	TAP_EQ_INT(varlink_frame_find(big, VARLINK_MAX_MESSAGE_BYTES + 1, &len),
		   -EMSGSIZE, "a_message_one_byte_longer_is_refused");
}

static void shapes(void)
{
	static const struct {
		const char *text;
		int result;
		const char *name;
	} table[] = {
		{"{\"method\":\"a.b.C\"}", 0, "a_bare_call_parses"},
		{"{\"method\":\"a.b.C\",\"parameters\":null}", 0,
		 "null_parameters_are_none"},
		{"{\"method\":\"a.b.C\",\"future\":[1]}", 0,
		 "unknown_members_are_let_pass"},
		{"{\"method\":\"a.b.C\",\"parameters\":{\"s\":\"}{][\\\"\"}}",
		 0, "brackets_and_quotes_inside_strings_are_text"},
		{"{\"method\":\"a.b.C\"} x", -EBADMSG, "trailing_bytes"},
		{"{\"method\":\"a.b.C\"}{}", -EBADMSG, "a_second_value"},
		{"", -EBADMSG, "an_empty_message"},
		{"[]", -EBADMSG, "an_array"},
		{"3", -EBADMSG, "a_number"},
		{"{\"method\":\"a.b.C\"", -EBADMSG, "an_unclosed_object"},
		{"{\"method\":\"a.b.C}", -EBADMSG, "an_unclosed_string"},
		{"{\"method\":\"a.b.C\\", -EBADMSG, "a_dangling_backslash"},
		{"}{", -EBADMSG, "brackets_the_wrong_way_round"},
		{"{\"method\":7}", -EBADMSG, "a_method_that_is_no_string"},
		{"{\"method\":\"ab\"}", -EBADMSG, "a_method_without_a_dot"},
		{"{\"method\":\"a.b.C\",\"parameters\":[]}", -EBADMSG,
		 "parameters_that_are_no_object"},
		{"{\"method\":\"a.b.C\",\"oneway\":1}", -EBADMSG,
		 "a_flag_that_is_no_bool"},
		{"{\"method\":\"a.b.C\",\"error\":\"a.b.C\"}", -EBADMSG,
		 "method_and_error_together"},
		{"{\"method\":\"a.b.C\",\"method\":\"a.b.D\"}", -EBADMSG,
		 "a_member_twice"},
		{"{\"method\":\"a.b.C\",\"parameters\":{\"x\":[{\"n\":1,"
		 "\"o\":2,\"n\":3}]}}",
		 -EBADMSG, "a_member_twice_deep_inside"},
		{"{\"method\":\"a.b.C\",\"parameters\":{\"n\":\"a\\u0000b\"}}",
		 -EBADMSG, "an_escaped_nul"},
		{"{\"method\":\"a.b.C\",\"parameters\":{\"n\":\"a\\\\u0000\"}}",
		 0, "an_escaped_backslash_before_u0000_is_text"},
		{"{\"method\":\"a.b.C\",\"parameters\":{\"n\":\"\xff\"}}",
		 -EILSEQ, "bytes_that_are_not_utf8"},
		{"{\"method\":\"a.b.C\",\"parameters\":{\"n\":\"\xc3\xa4\"}}",
		 0, "utf8_parses"},
		/* 16 levels with the two around them, then 17. */
		{"{\"method\":\"a.b.C\",\"parameters\":{\"a\":"
		 "[[[[[[[[[[[[[[]]]]]]]]]]]]]]}}",
		 0, "sixteen_levels_parse"},
		{"{\"method\":\"a.b.C\",\"parameters\":{\"a\":"
		 "[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}}",
		 -EBADMSG, "seventeen_levels"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		TAP_EQ_INT(parse(table[i].text), table[i].result,
			   table[i].name);
	struct varlink_message m;
	TAP_EQ_INT(varlink_message_parse("{}\0{}", 5, 99, &m), -EBADMSG,
		   "a_nul_inside");
}

/* Each value costs cJSON 64 bytes: a full message of "[0,0,..." would be 32
 * times its size. */
static void values(void)
{
	const size_t n = VARLINK_MAX_CALL_VALUES + 10;
	_free_ char *text = calloc(1, 2 * n + 64);
	char *p = text;

	if (!text)
		return;
	p = stpcpy(p, "{\"method\":\"a.b.C\",\"parameters\":{\"a\":[0");
	for (size_t i = 0; i < n; i++)
		p = stpcpy(p, ",0");
	strcpy(p, "]}}");
	TAP_EQ_INT(parse(text), -EBADMSG, "too_many_values");
	struct varlink_message m = VARLINK_MESSAGE_INIT;
	TAP_EQ_INT(varlink_message_parse(text, strlen(text),
					 VARLINK_MAX_REPLY_VALUES, &m),
		   0, "a_reply_may_hold_more_values");
	varlink_message_done(&m);
}

static void members(void)
{
	static const char *const good[] = {"a.b.C", "org.varlink.service.Get",
					   "io.kms-agent.A.B2", "a.B.C"};
	static const char *const bad[] = {
		"",	  "C",	    "a.C",    "a.b.c",	 ".a.b.C",
		"a..b.C", "a.b.",   "a.b.C ", "a b.C.D", "a.-b.C",
		"a.b-.C", "-a.b.C", "a.b.C-", "a/b.c.D", "a.b.\xc3\x84"};
	bool ok = true;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		ok &= varlink_member_is_valid(good[i]);
	TAP_OK(ok, "qualified_names_are_valid");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (varlink_member_is_valid(bad[i])) {
			ok = false;
			tap_diag("taken: '%s'", bad[i]);
		}
	TAP_OK(ok, "other_names_are_not");
}

static void numbers(void)
{
	struct varlink_message m = VARLINK_MESSAGE_INIT;
	static const char text[] =
		"{\"parameters\":{\"i\":7,\"f\":1.5,\"s\":\"7\",\"n\":null,"
		"\"e\":1e300,\"neg\":-1}}";
	int64_t v = 0;

	if (!TAP_EQ_INT(varlink_message_parse(text, strlen(text), 99, &m), 0,
			"a_reply_parses"))
		return;
	TAP_OK(varlink_get_int(m.params, "i", 0, 10, &v) == 0 && v == 7,
	       "an_int_is_read");
	TAP_EQ_INT(varlink_get_int(m.params, "i", 0, 6, &v), -EBADMSG,
		   "an_int_out_of_range_is_refused");
	TAP_EQ_INT(varlink_get_int(m.params, "f", 0, 10, &v), -EBADMSG,
		   "a_fraction_is_no_int");
	TAP_EQ_INT(varlink_get_int(m.params, "e", 0, INT64_MAX, &v), -EBADMSG,
		   "more_than_a_double_holds_is_no_int");
	TAP_EQ_INT(varlink_get_int(m.params, "s", 0, 10, &v), -EBADMSG,
		   "a_string_is_no_int");
	TAP_EQ_INT(varlink_get_int(m.params, "n", 0, 10, &v), -ENOENT,
		   "null_is_absent");
	TAP_OK(varlink_get_int(m.params, "neg", -1, 10, &v) == 0 && v == -1,
	       "a_negative_int_is_read");
	varlink_message_done(&m);
}

static void formatting(void)
{
	cJSON *params = cJSON_CreateObject();
	struct varlink_message m = VARLINK_MESSAGE_INIT;
	_free_ char *big = calloc(1, VARLINK_MAX_MESSAGE_BYTES + 1);
	char *text = NULL;
	size_t len = 0;

	cJSON_AddStringToObject(params, "name", "a\"b\nc");
	TAP_OK(varlink_message_format("a.b.C", NULL, params, true, &text,
				      &len) == 0 &&
		       text[len - 1] == '\0' && strlen(text) == len - 1,
	       "a_call_is_text_and_its_nul");
	TAP_OK(varlink_message_parse(text, len - 1, 99, &m) == 0 && m.oneway &&
		       !strcmp(m.method, "a.b.C") &&
		       cJSON_Compare(m.params, params, true),
	       "a_formatted_call_parses_to_the_same");
	varlink_message_done(&m);
	cJSON_free(text);
	if (big) {
		memset(big, 'x', VARLINK_MAX_MESSAGE_BYTES);
		cJSON_AddStringToObject(params, "big", big);
		TAP_EQ_INT(varlink_message_format("a.b.C", NULL, params, false,
						  &text, &len),
			   -EMSGSIZE, "an_overlong_message_is_not_made");
	}
	cJSON_Delete(params);
}

int main(void)
{
	frames();
	shapes();
	values();
	members();
	numbers();
	formatting();
	return tap_done();
}
