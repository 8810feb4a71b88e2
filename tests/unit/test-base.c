/* SPDX-License-Identifier: MIT */
/* Clocks, ARNs, JSON and files.  Dates come from date(1). */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "kmsagent/base/arn.h"
#include "kmsagent/base/clock.h"
#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "tests/unit/tap.h"

#define ID  "1234abcd-12ab-34cd-56ef-1234567890ab"
#define MRK "mrk-1234abcd12ab34cd56ef1234567890ab"

static void dates(void)
{
	/* date -u -d @1582979696: Sat, 29 Feb 2020 12:34:56 */
	const int64_t leap = 1582979696;
	char iso[CLOCK_ISO_BYTES], basic[CLOCK_BASIC_BYTES];
	char http[CLOCK_HTTP_BYTES];
	int64_t t = 0;

	clock_format_iso(leap, iso);
	clock_format_basic(leap, basic);
	clock_format_http(leap, http);
	TAP_EQ_STR(iso, "2020-02-29T12:34:56Z", "iso_form");
	TAP_EQ_STR(basic, "20200229T123456Z", "basic_form");
	TAP_EQ_STR(http, "Sat, 29 Feb 2020 12:34:56 GMT", "http_form");
	clock_format_basic(INT64_C(253402300800), iso);
	TAP_EQ_STR(iso, "", "year_10000_has_no_form");
	TAP_OK(clock_parse_basic(basic, &t) == 0 && t == leap,
	       "basic_form_parses_back");
	t = 0;
	TAP_OK(clock_parse_http(http, &t) == 0 && t == leap,
	       "http_form_parses_back");
	TAP_EQ_INT(clock_parse_basic("20210229T123456Z", &t), -EINVAL,
		   "february_29_of_2021_is_refused");
	TAP_EQ_INT(clock_parse_basic("20200229T123456", &t), -EINVAL,
		   "missing_zone_is_refused");
	TAP_EQ_INT(clock_parse_basic("20200229T243456Z", &t), -EINVAL,
		   "hour_24_is_refused");
	TAP_EQ_INT(clock_parse_http("yesterday", &t), -EINVAL,
		   "words_are_no_date");
}

static void key_references(void)
{
	static const struct {
		const char *text;
		enum key_ref_kind kind;
	} refs[] = {
		{ID, KEY_REF_KEY_ID},
		{MRK, KEY_REF_KEY_ID},
		{"arn:aws:kms:eu-central-1:111122223333:key/" ID,
		 KEY_REF_KEY_ARN},
		{"alias/x", KEY_REF_ALIAS_NAME},
		{"arn:aws:kms:eu-central-1:111122223333:alias/a/b",
		 KEY_REF_ALIAS_ARN},
		{"1234abcd12ab34cd56ef1234567890ab", KEY_REF_INVALID},
		{"1234ABCD-12ab-34cd-56ef-1234567890ab", KEY_REF_INVALID},
		{"arn:aws:iam::111122223333:user/x", KEY_REF_INVALID},
		{"arn:aws:kms:eu-central-1:111122223333:key/none",
		 KEY_REF_INVALID},
		{"arn:aws:kms", KEY_REF_INVALID},
		{"", KEY_REF_INVALID},
	};
	struct key_ref ref;

	for (size_t i = 0; i < ARRAY_SIZE(refs); i++) {
		key_ref_parse(refs[i].text, &ref);
		if (!TAP_EQ_INT(ref.kind, refs[i].kind,
				"reference_is_of_its_kind"))
			tap_diag("'%s'", refs[i].text);
	}
	key_ref_parse("arn:aws:kms:r-x-1:111122223333:key/" ID, &ref);
	TAP_EQ_STR(ref.name, ID, "arn_gives_the_key_id");
	TAP_EQ_STR(ref.arn.account, "111122223333", "arn_gives_the_account");
	TAP_OK(arn_region_is_valid("us-gov-west-1") &&
		       arn_region_is_valid("eu-central-1") &&
		       !arn_region_is_valid("eu-1") &&
		       !arn_region_is_valid("EU-central-1") &&
		       !arn_region_is_valid("eu-central-") &&
		       !arn_region_is_valid("../etc"),
	       "regions_are_checked");
	TAP_OK(arn_alias_name_is_valid("alias/a_b/c-1") &&
		       !arn_alias_name_is_valid("alias/") &&
		       !arn_alias_name_is_valid("alias/a b") &&
		       !arn_alias_name_is_valid("x"),
	       "alias_names_are_checked");
}

static void json_is_strict(void)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{"{\"a\":1}", 0},
		{" {} \n", 0},
		{"{\"a\":\"\\\\u0000\"}", 0},
		{"{\"a\":\"\\u0000\"}", -EBADMSG},
		{"{} x", -EBADMSG},
		{"{}{}", -EBADMSG},
		{"[]", -EBADMSG},
		{"", -EBADMSG},
		{"{\"a\":1,\"a\":2}", -EBADMSG},
		{"{\"a\":}", -EBADMSG},
	};
	char deep[160];
	_json_ cJSON *j = NULL;
	_cleanup_(ectx_done) struct ectx c = ECTX_INIT;
	const char *s = NULL;
	int64_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_json_ cJSON *k = NULL;

		if (!TAP_EQ_INT(json_parse_object(cases[i].text,
						  strlen(cases[i].text), &k),
				cases[i].want, "json_is_taken_or_refused"))
			tap_diag("'%s'", cases[i].text);
	}
	memset(deep, '[', 65);
	memset(deep + 65, ']', 65);
	TAP_EQ_INT(json_parse(deep, 130, &j), -EBADMSG,
		   "nesting_deeper_than_64_is_refused");
	TAP_EQ_INT(json_parse(deep + 1, 128, &j), 0, "nesting_of_64_is_taken");
	cJSON_Delete(take_ptr(j));
	s = "{\"s\":\"x\",\"n\":1.5,\"i\":7,\"z\":null,\"c\":{\"k\":\"v\"},"
	    "\"d\":{\"k\":1}}";
	if (json_parse_object(s, strlen(s), &j) < 0)
		abort();
	TAP_OK(json_get_string(j, "s", &s) == 0 && !strcmp(s, "x"),
	       "string_is_read");
	TAP_EQ_INT(json_get_string(j, "i", &s), -EBADMSG,
		   "number_is_no_string");
	TAP_EQ_INT(json_get_string(j, "z", &s), -ENOENT, "null_is_absent");
	TAP_EQ_INT(json_get_int(j, "n", 0, 9, &n), -EBADMSG,
		   "fraction_is_no_integer");
	TAP_EQ_INT(json_get_int(j, "i", 0, 6, &n), -EBADMSG,
		   "integer_over_its_range_is_refused");
	TAP_OK(json_get_int(j, "i", 7, 7, &n) == 0 && n == 7,
	       "integer_is_read");
	TAP_OK(json_get_ectx(j, "c", &c) == 0 && ectx_get(&c, "k"),
	       "context_is_read");
	TAP_EQ_INT(json_get_ectx(j, "d", &c), -EBADMSG,
		   "context_value_must_be_a_string");
}

static void files(void)
{
	char dir[] = "/tmp/test-base.XXXXXX";
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	_free_ char *text = NULL, *again = NULL;
	_close_ int fd = -1;

	if (!mkdtemp(dir) || io_open_dir(dir, &fd) < 0)
		abort();
	TAP_EQ_INT(io_write_atomic(fd, "f", "one\n", 4, 0600), 0,
		   "file_is_written");
	TAP_EQ_INT(io_write_atomic(fd, "f", "two\n", 4, 0600), 0,
		   "file_is_replaced");
	TAP_OK(io_read_text(fd, "f", 4, &text) == 0 && !strcmp(text, "two\n"),
	       "file_reads_back");
	TAP_EQ_INT(io_read_text(fd, "f", 3, &text), -EFBIG,
		   "file_over_the_cap_is_refused");
	TAP_EQ_INT(io_read_secret(fd, "f", 64, &s), 0,
		   "private_file_becomes_a_secret");
	TAP_EQ_INT((long long)s.len, 4, "secret_has_the_length_of_the_file");
	TAP_EQ_INT(fchmodat(fd, "f", 0640, 0), 0,
		   "file_is_opened_to_the_group");
	TAP_EQ_INT(io_read_secret(fd, "f", 64, &s), -EPERM,
		   "file_open_to_the_group_is_refused");
	TAP_EQ_INT(io_write_atomic(fd, "no/where", "x", 1, 0600), -ENOENT,
		   "missing_folder_is_an_error");
	TAP_EQ_INT(io_read_text(fd, "f", 4, &again), 0,
		   "failed_write_leaves_the_old_content");
	(void)unlinkat(fd, "f", 0);
	TAP_EQ_INT(rmdir(dir), 0, "no_temporary_file_is_left");
}

int main(void)
{
	json_init();
	dates();
	key_references();
	json_is_strict();
	files();
	return tap_done();
}
