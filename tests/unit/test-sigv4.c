/* SPDX-License-Identifier: MIT */
/*
 * What SigV4 verification refuses, in which words, and what clients may vary.
 * The texts are AWS's as recorded in public issue threads.
 */
#include "kmsagent/crypto/sigv4.h"

#include "tests/unit/tap.h"

#define NOW	 1541456164 /* 20181105T221604Z */
#define NOW_TEXT "20181105T221604Z"
#define SECRET	 "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define SCOPE	 "20181105/us-east-1/kms/aws4_request"
#define NAMES	 "content-type;host;x-amz-date;x-amz-target"
#define HEX64	 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *const regions[] = {"eu-central-1", "us-east-1", NULL};
static const struct sigv4_policy policy = {regions, "kms", NOW};
static const uint8_t body_hash[SHA256_BYTES] = {1, 2, 3};

/* A request in seven headers; NULL values are left out. */
struct parts {
	const char *authorization;
	const char *amz_date, *date, *host, *target, *token;
};

struct built {
	struct sigv4_header headers[8];
	struct sigv4_request req;
};

static void build(struct built *b, const struct parts *p)
{
	const struct sigv4_header all[] = {
		{"Content-Type", "application/x-amz-json-1.1"},
		{"authorization", p->authorization},
		{"x-amz-DATE", p->amz_date},
		{"date", p->date},
		{"HOST", p->host},
		{"X-Amz-Target", p->target},
		{"X-Amz-Security-Token", p->token},
	};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i].value)
			b->headers[n++] = all[i];
	b->req = (struct sigv4_request){
		.method = "POST",
		.path = "/",
		.headers = b->headers,
		.header_count = n,
		.body_hash = body_hash,
	};
}

/* Parse and check; the words go to @text. */
static enum sigv4_refusal judge(const struct parts *p,
				char text[SIGV4_EXPLAIN_BYTES])
{
	struct sigv4_auth auth;
	enum sigv4_refusal why;
	struct built b;

	build(&b, p);
	why = sigv4_parse(&b.req, &auth);
	if (!why)
		why = sigv4_check(&b.req, &auth, &policy);
	sigv4_explain(why, &auth, &policy, text);
	return why;
}

#define AUTH(credential, names)                                                \
	"AWS4-HMAC-SHA256 Credential=" credential ", SignedHeaders=" names     \
	", Signature=" HEX64
#define GOOD	   AUTH("AKIDEXAMPLE/" SCOPE, NAMES)
#define REST	   NULL, "127.0.0.1:33363", "TrentService.Encrypt", NULL
#define MISSING(x) "Authorization header requires '" x "' parameter."

static const struct refused {
	const char *name;
	struct parts parts;
	enum sigv4_refusal want;
	const char *text; /* NULL: not compared */
} refused[] = {
	{"takes_what_is_well_formed", {GOOD, NOW_TEXT, REST}, SIGV4_OK, ""},
	{"takes_commas_without_spaces",
	 {"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" SCOPE
	  ",SignedHeaders=" NAMES ",Signature=" HEX64,
	  NOW_TEXT, REST},
	 SIGV4_OK,
	 ""},
	{"takes_any_order_and_spaces",
	 {"  AWS4-HMAC-SHA256\tSignature=" HEX64 " ,  SignedHeaders=" NAMES
	  "  ,,Credential=AKIDEXAMPLE/" SCOPE ", ",
	  NOW_TEXT, REST},
	 SIGV4_OK,
	 ""},
	{"ignores_a_parameter_it_does_not_know",
	 {GOOD ", Later=1", NOW_TEXT, REST},
	 SIGV4_OK,
	 ""},
	{"takes_a_date_header_for_x_amz_date",
	 {AUTH("AKIDEXAMPLE/" SCOPE, "date;host;x-amz-target"), NULL,
	  "Mon, 05 Nov 2018 22:16:04 GMT", "h", "t", NULL},
	 SIGV4_OK,
	 ""},
	{"takes_basic_form_in_a_date_header",
	 {AUTH("AKIDEXAMPLE/" SCOPE, "date;host;x-amz-target"), NULL, NOW_TEXT,
	  "h", "t", NULL},
	 SIGV4_OK,
	 ""},
	{"refuses_no_authorization",
	 {NULL, NOW_TEXT, REST},
	 SIGV4_NO_AUTHORIZATION,
	 "Missing Authentication Token"},
	{"refuses_another_scheme",
	 {"Bearer abcdef", NOW_TEXT, REST},
	 SIGV4_NO_AUTHORIZATION,
	 "Missing Authentication Token"},
	{"refuses_a_longer_scheme",
	 {"AWS4-HMAC-SHA256x Credential=a", NOW_TEXT, REST},
	 SIGV4_NO_AUTHORIZATION,
	 NULL},
	{"refuses_the_scheme_alone",
	 {"AWS4-HMAC-SHA256", NULL, REST},
	 SIGV4_INCOMPLETE,
	 MISSING("Credential") " " MISSING("Signature") " " MISSING(
		 "SignedHeaders") " Authorization header requires existence of "
				  "either a 'X-Amz-Date' or a 'Date' header."},
	{"refuses_a_missing_credential",
	 {"AWS4-HMAC-SHA256 SignedHeaders=" NAMES ", Signature=" HEX64,
	  NOW_TEXT, REST},
	 SIGV4_INCOMPLETE,
	 MISSING("Credential")},
	{"refuses_a_missing_signature",
	 {"AWS4-HMAC-SHA256 Credential=A/" SCOPE ", SignedHeaders=" NAMES,
	  NOW_TEXT, REST},
	 SIGV4_INCOMPLETE,
	 MISSING("Signature")},
	{"refuses_an_empty_signature",
	 {"AWS4-HMAC-SHA256 Credential=A/" SCOPE ", SignedHeaders=" NAMES
	  ", Signature=",
	  NOW_TEXT, REST},
	 SIGV4_INCOMPLETE,
	 MISSING("Signature")},
	{"refuses_missing_signed_headers",
	 {"AWS4-HMAC-SHA256 Credential=A/" SCOPE ", Signature=" HEX64, NOW_TEXT,
	  REST},
	 SIGV4_INCOMPLETE,
	 MISSING("SignedHeaders")},
	{"refuses_a_missing_date",
	 {GOOD, NULL, REST},
	 SIGV4_INCOMPLETE,
	 "Authorization header requires existence of either a 'X-Amz-Date' or "
	 "a 'Date' header."},
	{"refuses_a_pair_without_equals",
	 {"AWS4-HMAC-SHA256 Credential, " HEX64, NOW_TEXT, REST},
	 SIGV4_BAD_PAIR,
	 NULL},
	{"refuses_a_parameter_given_twice",
	 {GOOD ", Signature=" HEX64, NOW_TEXT, REST},
	 SIGV4_BAD_PAIR,
	 NULL},
	{"refuses_a_credential_of_four_parts",
	 {AUTH("AKIDEXAMPLE/20181105/us-east-1/kms", NAMES), NOW_TEXT, REST},
	 SIGV4_BAD_CREDENTIAL,
	 NULL},
	{"refuses_a_credential_of_six_parts",
	 {AUTH("AKIDEXAMPLE/" SCOPE "/x", NAMES), NOW_TEXT, REST},
	 SIGV4_BAD_CREDENTIAL,
	 NULL},
	{"refuses_a_credential_with_an_empty_part",
	 {AUTH("/" SCOPE, NAMES), NOW_TEXT, REST},
	 SIGV4_BAD_CREDENTIAL,
	 NULL},
	{"refuses_an_access_key_id_over_128_characters",
	 {AUTH(HEX64 HEX64 "0/" SCOPE, NAMES), NOW_TEXT, REST},
	 SIGV4_BAD_CREDENTIAL,
	 NULL},
	{"refuses_an_access_key_id_of_other_characters",
	 {AUTH("AK\xff\"/" SCOPE, NAMES), NOW_TEXT, REST},
	 SIGV4_BAD_CREDENTIAL,
	 NULL},
	{"refuses_a_date_in_another_form",
	 {GOOD, "2018-11-05T22:16:04Z", REST},
	 SIGV4_BAD_DATE,
	 NULL},
	{"refuses_a_day_that_is_not_in_the_month",
	 {GOOD, "20181131T221604Z", REST},
	 SIGV4_BAD_DATE,
	 NULL},
	{"refuses_a_very_long_date",
	 {GOOD, HEX64 HEX64 HEX64, REST},
	 SIGV4_BAD_DATE,
	 NULL},
	{"refuses_another_region",
	 {AUTH("AKIDEXAMPLE/20181105/us-east-2/kms/aws4_request", NAMES),
	  NOW_TEXT, REST},
	 SIGV4_WRONG_REGION,
	 "Credential should be scoped to a valid region."},
	{"refuses_another_service",
	 {AUTH("AKIDEXAMPLE/20181105/us-east-1/s3/aws4_request", NAMES),
	  NOW_TEXT, REST},
	 SIGV4_WRONG_SERVICE,
	 "Credential should be scoped to correct service: 'kms'."},
	{"refuses_another_terminator_in_printable_words",
	 {AUTH("AKIDEXAMPLE/20181105/us-east-1/kms/aws\033[2J", NAMES),
	  NOW_TEXT, REST},
	 SIGV4_WRONG_TERMINATOR,
	 "Credential should be scoped with a valid terminator: "
	 "'aws4_request', not 'aws?[2J'."},
	{"refuses_a_scope_of_another_day",
	 {AUTH("AKIDEXAMPLE/20181104/us-east-1/kms/aws4_request", NAMES),
	  NOW_TEXT, REST},
	 SIGV4_WRONG_DATE,
	 "Date in Credential scope does not match YYYYMMDD from ISO-8601 "
	 "version of date from HTTP: '20181104' != '20181105', from "
	 "'20181105T221604Z'."},
	{"takes_a_clock_five_minutes_behind",
	 {GOOD, "20181105T221104Z", REST},
	 SIGV4_OK,
	 ""},
	{"refuses_a_clock_over_five_minutes_behind",
	 {GOOD, "20181105T215603Z", REST},
	 SIGV4_EXPIRED,
	 "Signature expired: 20181105T215603Z is now earlier than "
	 "20181105T221104Z (20181105T221604Z - 5 min.)"},
	{"refuses_one_second_too_old",
	 {GOOD, "20181105T221103Z", REST},
	 SIGV4_EXPIRED,
	 NULL},
	{"takes_a_clock_five_minutes_ahead",
	 {GOOD, "20181105T222104Z", REST},
	 SIGV4_OK,
	 ""},
	{"refuses_one_second_too_new",
	 {GOOD, "20181105T222105Z", REST},
	 SIGV4_NOT_YET_CURRENT,
	 "Signature not yet current: 20181105T222105Z is still later than "
	 "20181105T222104Z (20181105T221604Z + 5 min.)"},
	{"refuses_host_unsigned",
	 {AUTH("A/" SCOPE, "x-amz-date;x-amz-target"), NOW_TEXT, REST},
	 SIGV4_UNSIGNED_HEADER,
	 "'Host' must be a 'SignedHeader' in the AWS Authorization."},
	{"refuses_a_name_that_only_begins_with_host",
	 {AUTH("A/" SCOPE, "hos;host2;x-amz-date;x-amz-target"), NOW_TEXT,
	  REST},
	 SIGV4_UNSIGNED_HEADER,
	 "'Host' must be a 'SignedHeader' in the AWS Authorization."},
	{"refuses_the_date_unsigned",
	 {AUTH("A/" SCOPE, "host;x-amz-target"), NOW_TEXT, REST},
	 SIGV4_UNSIGNED_HEADER,
	 "'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization."},
	{"refuses_date_signed_while_x_amz_date_counts",
	 {AUTH("A/" SCOPE, "date;host;x-amz-target"), NOW_TEXT, NOW_TEXT, "h",
	  "t", NULL},
	 SIGV4_UNSIGNED_HEADER,
	 NULL},
	{"refuses_the_operation_unsigned",
	 {AUTH("A/" SCOPE, "host;x-amz-date"), NOW_TEXT, REST},
	 SIGV4_UNSIGNED_HEADER,
	 "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization."},
	{"refuses_a_session_token_unsigned",
	 {GOOD, NOW_TEXT, NULL, "h", "t", "token"},
	 SIGV4_UNSIGNED_HEADER,
	 NULL},
};

static void test_refusals(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		char text[SIGV4_EXPLAIN_BYTES];
		enum sigv4_refusal got = judge(&refused[i].parts, text);

		if (got != refused[i].want)
			TAP_EQ_INT(got, refused[i].want, refused[i].name);
		else if (refused[i].text)
			TAP_EQ_STR(text, refused[i].text, refused[i].name);
		else
			TAP_OK(text[0], refused[i].name);
	}
}

static void test_fields(void)
{
	const struct parts p = {GOOD, NOW_TEXT, NULL, "h", "t", "the/token="};
	struct sigv4_auth auth;
	struct built b;

	build(&b, &p);
	TAP_EQ_INT(sigv4_parse(&b.req, &auth), SIGV4_OK, "parses");
	TAP_EQ_STR(auth.access_key_id, "AKIDEXAMPLE", "tells_access_key_id");
	TAP_EQ_STR(auth.date, "20181105", "tells_date_of_scope");
	TAP_EQ_STR(auth.region, "us-east-1", "tells_region");
	TAP_EQ_STR(auth.service, "kms", "tells_service");
	TAP_EQ_STR(auth.time, NOW_TEXT, "tells_time");
	TAP_EQ_INT(auth.time_s, NOW, "tells_time_in_seconds");
	TAP_EQ_STR(auth.session_token, "the/token=", "carries_session_token");
}

/* AWS General Reference, "Deriving the signing key", its example. */
static void test_day_key(void)
{
	static const char want[] = "\xc4\xaf\xb1\xcc\x57\x71\xd8\x71"
				   "\x76\x3a\x39\x3e\x44\xb7\x03\x57"
				   "\x1b\x55\xcc\x28\x42\x4d\x1a\x5e"
				   "\x86\xda\x6e\xd3\xc1\x54\xa4\xb9";
	static const char text[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
	_cleanup_(secret_done) struct secret secret = SECRET_INIT;
	_cleanup_(secret_done) struct secret key = SECRET_INIT;

	TAP_EQ_INT(sigv4_day_key(&secret, "20150830", "us-east-1", "iam", &key),
		   -EINVAL, "day_key_refuses_an_empty_secret");
	TAP_OK(secret_set(&secret, text, strlen(text)) == 0 &&
		       sigv4_day_key(&secret, "20150830", "us-east-1", "iam",
				     &key) == 0 &&
		       key.len == SHA256_BYTES,
	       "day_key_is_made");
	TAP_EQ_MEM(key.bytes, want, SHA256_BYTES, "day_key_is_the_published");
}

/* Sign with ours, add what signing gave, and verify. */
static enum sigv4_refusal round_trip(struct built *b, struct sigv4_header extra,
				     const char *token, int64_t now_s)
{
	_cleanup_(secret_done) struct secret secret = SECRET_INIT;
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	_cleanup_(hmac_done) struct hmac day_key = HMAC_INIT;
	_cleanup_(sigv4_signature_done) struct sigv4_signature s =
		SIGV4_SIGNATURE_INIT;
	const struct sigv4_policy at = {regions, "kms", now_s};
	struct sigv4_auth auth;
	enum sigv4_refusal why;
	size_t n = b->req.header_count;

	if (secret_set(&secret, SECRET, strlen(SECRET)) < 0 ||
	    sigv4_sign(&b->req,
		       &(struct sigv4_credentials){"AKID", &secret, token},
		       "us-east-1", "kms", now_s, &s) < 0)
		return SIGV4_REFUSAL_COUNT;
	b->headers[n++] = (struct sigv4_header){"X-Amz-Date", s.time};
	b->headers[n++] =
		(struct sigv4_header){"Authorization", s.authorization};
	if (token)
		b->headers[n++] =
			(struct sigv4_header){"X-Amz-Security-Token", token};
	if (extra.name)
		b->headers[n++] = extra;
	b->req.header_count = n;
	why = sigv4_parse(&b->req, &auth);
	if (!why)
		why = sigv4_check(&b->req, &auth, &at);
	if (!why && (sigv4_day_key(&secret, auth.date, auth.region,
				   auth.service, &key) < 0 ||
		     hmac_init(&day_key, &key) < 0))
		return SIGV4_REFUSAL_COUNT;
	return why ? why : sigv4_verify(&b->req, &auth, &day_key);
}

static void test_round_trips(void)
{
	const struct sigv4_header none = {0};
	struct parts p = {.host = "kms:1", .target = "TrentService.Encrypt"};
	struct built b;

	build(&b, &p);
	TAP_EQ_INT(round_trip(&b, none, NULL, NOW), SIGV4_OK,
		   "verifies_what_we_sign");
	build(&b, &p);
	TAP_EQ_INT(round_trip(&b, none, "token", NOW), SIGV4_OK,
		   "verifies_what_we_sign_with_a_token");
	build(&b, &p);
	TAP_EQ_INT(round_trip(&b, (struct sigv4_header){"Accept", "*/*"}, NULL,
			      NOW),
		   SIGV4_OK, "a_header_that_is_not_signed_may_come_along");
	build(&b, &p);
	TAP_EQ_INT(
		round_trip(&b, (struct sigv4_header){"Host", "b"}, NULL, NOW),
		SIGV4_MISMATCH, "refuses_a_second_host");
	build(&b, &p);
	TAP_EQ_INT(
		round_trip(&b,
			   (struct sigv4_header){"x-amz-target", "T.Decrypt"},
			   NULL, NOW),
		SIGV4_MISMATCH, "refuses_a_second_operation");
}

/* Sign one set of headers, send another, with the signature's end changed. */
static enum sigv4_refusal sign_and_send(struct sigv4_header a,
					struct sigv4_header b,
					struct sigv4_header sent,
					const char *ending)
{
	_cleanup_(secret_done) struct secret secret = SECRET_INIT;
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	_cleanup_(hmac_done) struct hmac day_key = HMAC_INIT;
	_cleanup_(sigv4_signature_done) struct sigv4_signature s =
		SIGV4_SIGNATURE_INIT;
	const struct sigv4_header host = {"Host", "h"};
	const struct sigv4_header to_sign[] = {host, a, b};
	struct sigv4_header headers[] = {host, sent, {0}, {0}};
	struct sigv4_request req = {.method = "POST",
				    .path = "/",
				    .headers = to_sign,
				    .header_count = b.name ? 3 : 2,
				    .body_hash = body_hash};
	_free_ char *authorization = NULL;
	struct sigv4_auth auth;

	if (secret_set(&secret, SECRET, strlen(SECRET)) < 0 ||
	    sigv4_sign(&req, &(struct sigv4_credentials){"AKID", &secret, NULL},
		       "us-east-1", "kms", NOW, &s) < 0 ||
	    asprintf(&authorization, "%s%s", s.authorization, ending) < 0 ||
	    sigv4_day_key(&secret, "20181105", "us-east-1", "kms", &key) < 0 ||
	    hmac_init(&day_key, &key) < 0)
		abort();
	if (ending[0] == '\b') /* take one away */
		authorization[strlen(s.authorization) - 1] = '\0';
	headers[2] = (struct sigv4_header){"X-Amz-Date", s.time};
	headers[3] = (struct sigv4_header){"Authorization", authorization};
	req.headers = headers;
	req.header_count = ARRAY_SIZE(headers);
	if (sigv4_parse(&req, &auth) || sigv4_check(&req, &auth, &policy))
		return SIGV4_REFUSAL_COUNT;
	return sigv4_verify(&req, &auth, &day_key);
}

static void test_what_was_signed(void)
{
	const struct sigv4_header a = {"X-A", "1"}, more = {"x-a", " 2 "},
				  both = {"X-a", "1,2"}, run = {"X-A", "12"},
				  empty = {"X-A", ""}, other = {"X-B", ""},
				  longer = {"X-Ab", "1"}, none = {0};

	TAP_EQ_INT(sign_and_send(a, none, a, ""), SIGV4_OK,
		   "takes_the_headers_that_were_signed");
	TAP_EQ_INT(sign_and_send(a, more, both, ""), SIGV4_OK,
		   "takes_two_headers_joined_on_the_way");
	TAP_EQ_INT(sign_and_send(a, more, run, ""), SIGV4_MISMATCH,
		   "refuses_two_headers_run_together");
	TAP_EQ_INT(sign_and_send(empty, none, empty, ""), SIGV4_OK,
		   "takes_an_empty_header");
	TAP_EQ_INT(sign_and_send(empty, none, other, ""), SIGV4_MISMATCH,
		   "refuses_a_signed_header_that_is_not_there");
	TAP_EQ_INT(sign_and_send(a, none, longer, ""), SIGV4_MISMATCH,
		   "refuses_a_header_whose_name_only_begins_so");
	TAP_EQ_INT(sign_and_send(a, none, a, "\b"), SIGV4_MISMATCH,
		   "refuses_a_signature_that_is_cut");
	TAP_EQ_INT(sign_and_send(a, none, a, "0"), SIGV4_MISMATCH,
		   "refuses_a_signature_with_more_behind_it");
}

static void test_signing_refusals(void)
{
	_cleanup_(secret_done) struct secret secret = SECRET_INIT;
	_cleanup_(sigv4_signature_done) struct sigv4_signature s =
		SIGV4_SIGNATURE_INIT;
	const struct sigv4_credentials creds = {"AKID", &secret, NULL};
	struct built b;

	TAP_EQ_INT(secret_set(&secret, SECRET, strlen(SECRET)), 0, "secret");
	build(&b, &(struct parts){.target = "T"});
	TAP_EQ_INT(sigv4_sign(&b.req, &creds, "r", "kms", NOW, &s), -EINVAL,
		   "signing_refuses_no_host");
	build(&b, &(struct parts){.host = "h", .amz_date = NOW_TEXT});
	TAP_EQ_INT(sigv4_sign(&b.req, &creds, "r", "kms", NOW, &s), -EINVAL,
		   "signing_refuses_a_date_of_its_own");
	build(&b, &(struct parts){.host = "h", .authorization = "x"});
	TAP_EQ_INT(sigv4_sign(&b.req, &creds, "r", "kms", NOW, &s), -EINVAL,
		   "signing_refuses_to_sign_twice");
	build(&b, &(struct parts){.host = "h"});
	TAP_EQ_INT(sigv4_sign(&b.req, &creds, "r", "kms", -1, &s), -EINVAL,
		   "signing_refuses_time_before_1970");
	TAP_EQ_INT(sigv4_sign(&b.req, &creds, "r", "kms", 253402300800, &s),
		   -EINVAL, "signing_refuses_the_year_10000");
	TAP_OK(!s.authorization, "a_refused_signing_gives_nothing");
}

int main(void)
{
	test_refusals();
	test_fields();
	test_day_key();
	test_round_trips();
	test_what_was_signed();
	test_signing_refusals();
	return tap_done();
}
