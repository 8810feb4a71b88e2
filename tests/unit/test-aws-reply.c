/* SPDX-License-Identifier: MIT */
/* Taking a key out of a reply, error envelopes, the error table, endpoints. */
#include <string.h>

#include "kmsagent/aws/internal.h"
#include "tests/unit/tap.h"

static void takes(void)
{
	static const struct {
		const char *body;
		int result;
		const char *want; /* the key; NULL = "0123456789abcdef" */
		const char *name;
	} table[] = {
		{"{\"Plaintext\":\"MDEyMzQ1Njc4OWFiY2RlZg==\"}", 0, NULL,
		 "a_key_is_taken"},
		{" {\n \"KeyId\" : \"x\" ,\n \"Plaintext\" :\t"
		 "\"MDEyMzQ1Njc4OWFiY2RlZg==\" }\n",
		 0, NULL, "white_space_is_passed_over"},
		{"{\"a\":{\"Plaintext\":\"AAAA\"},\"b\":[\"Plaintext\",{"
		 "\"Plaintext\":1}],\"Plaintext\":"
		 "\"MDEyMzQ1Njc4OWFiY2RlZg==\"}",
		 0, NULL, "members_of_others_are_passed_over"},
		{"{\"a\":\"Plaintext\",\"Plaintext\":"
		 "\"MDEyMzQ1Njc4OWFiY2RlZg==\"}",
		 0, NULL, "values_are_not_taken_for_names"},
		{"{\"a\\\"Plaintext\":\"\\\\\",\"Plaintext\":"
		 "\"MDEyMzQ1Njc4OWFiY2RlZg==\"}",
		 0, NULL, "escaped_quotes_end_nothing"},
		{"{\"Plaintext\":\"MDEyMzQ1Njc4OWFiY2RlZg\\u003d\\u003D\"}", 0,
		 NULL, "escaped_padding_is_read"},
		{"{\"Plaintext\":\"\\/\\/\\/\\/\"}", 0, "\xff\xff\xff",
		 "escaped_slashes_are_read"},
		{"{\"KeyId\":\"x\"}", -ENOENT, "", "an_absent_key"},
		{"{}", -ENOENT, "", "an_empty_object"},
		{"", -EBADMSG, "", "an_empty_body"},
		{"[\"Plaintext\",\"AAAA\"]", -EBADMSG, "", "an_array"},
		{"{\"Plaintext\":null}", -EBADMSG, "", "a_null_key"},
		{"{\"Plaintext\":7}", -EBADMSG, "", "a_number"},
		{"{\"Plaintext\":\"AAAA\",\"Plaintext\":\"AAAA\"}", -EBADMSG,
		 "", "a_key_twice"},
		{"{\"Plaintext\":\"AAAA", -EBADMSG, "", "an_unclosed_key"},
		{"{\"Plaintext\":\"AAA", -EBADMSG, "", "a_body_cut_short"},
		{"{\"Plaintext\"", -EBADMSG, "", "a_name_without_value"},
		{"{\"Plaintext\":\"AA A\"}", -EBADMSG, "", "no_base64"},
		{"{\"Plaintext\":\"\\u00\"}", -EBADMSG, "", "half_an_escape"},
		{"{\"Plaintext\":\"\"}", -EBADMSG, "", "an_empty_key"},
		{"}{\"Plaintext\":\"AAAA\"", -EBADMSG, "", "no_json"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_(secret_done) struct secret key = SECRET_INIT;
		_free_ char *body = strdup(table[i].body);
		const char *want =
			table[i].want ? table[i].want : "0123456789abcdef";
		int r = awskms_secret_take((uint8_t *)body, strlen(body),
					   "Plaintext", &key);

		TAP_EQ_INT(r, table[i].result, table[i].name);
		if (r < 0)
			continue;
		TAP_OK(key.len == strlen(want) &&
			       !memcmp(key.bytes, want, key.len),
		       "the_key_is_what_was_sent");
		TAP_OK(!strstr(body, "MDEyMz") && !strstr(body, "\\/") &&
			       strstr(body, "\"***") &&
			       strlen(body) == strlen(table[i].body),
		       "it_is_blanked_where_it_stood");
	}
}

static void envelopes(void)
{
	static const struct {
		const char *body;
		const char *header;
		const char *code;
		const char *message;
	} table[] = {
		{"{\"__type\":\"NotFoundException\",\"message\":\"Key x\"}", "",
		 "NotFoundException", "Key x"},
		{"{\"__type\":\"a.b#DisabledException\",\"Message\":\"y\"}", "",
		 "DisabledException", "y"},
		{"{}", "ThrottlingException:http://x/", "ThrottlingException",
		 "ThrottlingException"},
		{"{\"__type\":\"InvalidCiphertextException\"}", "Other",
		 "InvalidCiphertextException", "InvalidCiphertextException"},
		{"{\"__type\":\"X\",\"message\":\"a\\nb\\u001b[1m\"}", "", "X",
		 "a?b?[1m"},
	};
	struct awskms_error e = AWSKMS_ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		TAP_OK(awskms_error_parse(table[i].body, strlen(table[i].body),
					  400, table[i].header, &e),
		       "an_envelope_is_read");
		TAP_EQ_STR(e.code, table[i].code, "its_code_is_bare");
		TAP_EQ_STR(e.message, table[i].message,
			   "its_message_is_one_printable_line");
	}
	TAP_OK(!awskms_error_parse("<html>", 6, 502, "", &e),
	       "a_page_of_a_proxy_is_no_envelope");
}

static void classes(void)
{
	static const struct {
		const char *code, *message;
		enum awskms_class class;
		bool may_pass;
	} table[] = {
		{"DisabledException", "k is disabled.", AWSKMS_CLASS_REVOKED,
		 false},
		{"KMSInvalidStateException", "k is pending deletion.",
		 AWSKMS_CLASS_REVOKED, false},
		{"KMSInvalidStateException", "k is pending replica deletion.",
		 AWSKMS_CLASS_REVOKED, false},
		{"KMSInvalidStateException", "k is not pending deletion.",
		 AWSKMS_CLASS_UNREACHABLE, false},
		{"KMSInvalidStateException", "k is pending import.",
		 AWSKMS_CLASS_UNREACHABLE, false},
		{"AccessDeniedException", "no", AWSKMS_CLASS_DENIED, false},
		{"NotFoundException", "no", AWSKMS_CLASS_UNREACHABLE, false},
		{"InvalidSignatureException", "no", AWSKMS_CLASS_UNREACHABLE,
		 false},
		{"ExpiredTokenException", "no", AWSKMS_CLASS_UNREACHABLE,
		 false},
		{"ThrottlingException", "no", AWSKMS_CLASS_UNREACHABLE, true},
		{"KMSInternalException", "no", AWSKMS_CLASS_UNREACHABLE, true},
		{"KeyUnavailableException", "no", AWSKMS_CLASS_UNREACHABLE,
		 true},
		{"SomethingNew", "is pending deletion",
		 AWSKMS_CLASS_UNREACHABLE, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		TAP_EQ_INT(awskms_class_of(table[i].code, table[i].message),
			   table[i].class, "an_error_has_its_class");
		TAP_EQ_INT(awskms_code_may_pass(table[i].code, 400),
			   table[i].may_pass, "an_error_passes_or_not");
	}
	TAP_OK(awskms_code_may_pass("SomethingNew", 503),
	       "any_fault_of_the_service_may_pass");
}

static void endpoints(void)
{
	static const struct {
		const char *text, *url, *host, *socket; /* no url: refused */
	} table[] = {
		{"unix:/run/kmsd/kmsd.sock", "http://localhost/", "localhost",
		 "/run/kmsd/kmsd.sock"},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080/",
		 "127.0.0.1:8080", NULL},
		{"http://[::1]:8080/", "http://[::1]:8080/", "[::1]:8080",
		 NULL},
		{"https://kms.eu-west-1.amazonaws.com",
		 "https://kms.eu-west-1.amazonaws.com/",
		 "kms.eu-west-1.amazonaws.com", NULL},
		{"https://kms.example:443", "https://kms.example:443/",
		 "kms.example", NULL},
		{"https://kms.example:8443", "https://kms.example:8443/",
		 "kms.example:8443", NULL},
		{"http://10.0.0.1:80", NULL, NULL, NULL},
		{"http://127.evil.example", NULL, NULL, NULL},
		{"http://kms.example", NULL, NULL, NULL},
		{"https://kms.example/path", NULL, NULL, NULL},
		{"https://kms.example/?q", NULL, NULL, NULL},
		{"https://user:pw@kms.example", NULL, NULL, NULL},
		{"https://", NULL, NULL, NULL},
		{"file:///etc/shadow", NULL, NULL, NULL},
		{"unix:relative", NULL, NULL, NULL},
		{"", NULL, NULL, NULL},
		{"https://kms.example:99999", NULL, NULL, NULL},
		{"https://a b/", NULL, NULL, NULL},
		{"https://a\r\nX: y/", NULL, NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_(awskms_endpoint_done) struct awskms_endpoint e = {0};
		char why[512] = "";
		int r = awskms_endpoint_parse(table[i].text, &e, why,
					      sizeof(why));

		if (!table[i].url) {
			if (!TAP_OK(r == -EINVAL && *why,
				    "a_bad_endpoint_is_refused_with_a_reason"))
				tap_diag("%s", table[i].text);
			continue;
		}
		TAP_EQ_STR(e.url, table[i].url, "an_endpoint_has_its_url");
		TAP_EQ_STR(e.host, table[i].host, "an_endpoint_has_its_host");
		TAP_EQ_STR(e.socket_path, table[i].socket,
			   "an_endpoint_has_its_socket");
	}
}

int main(void)
{
	takes();
	envelopes();
	classes();
	endpoints();
	return tap_done();
}
