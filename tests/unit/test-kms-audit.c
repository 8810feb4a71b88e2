/* SPDX-License-Identifier: MIT */
/*
 * The audit record: its shape is CloudTrail's (field names of the AWS
 * CloudTrail User Guide, "record contents"), every line parses whatever a
 * client sent, and a write that fails is told.
 */
#include "kmsagent/kms/audit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "kmsagent/kms/error.h"
#include "tests/unit/tap.h"

#define KEY "arn:aws:kms:us-east-1:111122223333:key/k"

static const struct kms_principal alice = {
	.type = KMS_PRINCIPAL_USER,
	.arn = "arn:aws:iam::111122223333:user/alice",
	.account = "111122223333",
	.name = "alice"};

static cJSON *format(const struct kms_request *req,
		     const struct kms_reply *reply, const char *error)
{
	_cleanup_(text_done) struct text t = TEXT_INIT;
	const struct kms_audit_call call = {.req = req,
					    .reply = reply,
					    .error = error,
					    .message = reply->message,
					    .account = "111122223333",
					    .event_id = "e-1",
					    .time = "2026-09-21T14:13:20Z"};
	cJSON *j = NULL;

	kms_audit_format_call(&call, &t);
	TAP_OK(!t.failed && t.len > 0 && t.at[t.len - 1] == '\n' &&
		       !memchr(t.at, '\n', t.len - 1),
	       "a_record_is_one_line");
	TAP_EQ_INT(json_parse_object(t.at, t.len, &j), 0,
		   "a_record_is_one_object");
	return j;
}

static const char *text_of(const cJSON *j, const char *object, const char *name)
{
	const cJSON *in = object ? cJSON_GetObjectItem(j, object) : j;

	return cJSON_GetStringValue(cJSON_GetObjectItem(in, name));
}

static void records_a_call(void)
{
	const struct kms_request req = {.who = &alice,
					.access_key_id = "AKIAIOSFODNN7EXAMPLE",
					.region = "us-east-1",
					.operation = "ReEncrypt",
					.request_id = "r-1",
					.source_ip = "192.0.2.1",
					.user_agent = "aws-cli"};
	char parameters[] = "\"keyId\":\"k\"";
	struct kms_reply reply = {
		.read_only = true,
		.parameters = {.at = parameters, .len = strlen(parameters)},
		.key_arns = {(char[]){KEY}, (char[]){KEY}}};
	_json_ cJSON *j = format(&req, &reply, NULL);

	TAP_EQ_STR(text_of(j, NULL, "eventSource"), "kms.amazonaws.com",
		   "the_source_is_kms");
	TAP_EQ_STR(text_of(j, NULL, "eventName"), "ReEncrypt", "event_name");
	TAP_EQ_STR(text_of(j, NULL, "eventTime"), "2026-09-21T14:13:20Z",
		   "event_time");
	TAP_EQ_STR(text_of(j, NULL, "eventType"), "AwsApiCall", "event_type");
	TAP_EQ_STR(text_of(j, "userIdentity", "type"), "IAMUser", "identity");
	TAP_EQ_STR(text_of(j, "userIdentity", "arn"), alice.arn, "its_arn");
	TAP_EQ_STR(text_of(j, "userIdentity", "userName"), "alice", "its_name");
	TAP_EQ_STR(text_of(j, "userIdentity", "accessKeyId"),
		   "AKIAIOSFODNN7EXAMPLE", "its_access_key");
	TAP_EQ_STR(text_of(j, "requestParameters", "keyId"), "k", "parameters");
	TAP_OK(cJSON_IsNull(cJSON_GetObjectItem(j, "responseElements")) &&
		       cJSON_IsTrue(cJSON_GetObjectItem(j, "readOnly")),
	       "a_cryptographic_call_is_read_only_and_shows_no_response");
	TAP_EQ_INT(cJSON_GetArraySize(cJSON_GetObjectItem(j, "resources")), 2,
		   "both_keys_are_named");
	TAP_OK(!cJSON_HasObjectItem(j, "errorCode"), "success_has_no_error");
}

/*
 * Each byte at each place of a text longer than what is looked at in one go:
 * cJSON reads the same back.
 */
static void writes_strings(void)
{
	_cleanup_(text_done) struct text t = TEXT_INIT;
	unsigned wrong = 0;

	for (unsigned byte = 1; byte < 0x80; byte++)
		for (size_t at = 0; at < 20; at++) {
			char plain[21] = "abcdefghijklmnopqrst";
			_json_ cJSON *j = NULL;

			plain[at] = (char)byte;
			text_clear(&t);
			text_string(&t, plain);
			j = cJSON_ParseWithLength(t.at, t.len);
			if (!cJSON_IsString(j) ||
			    strcmp(j->valuestring, plain) != 0 ||
			    (byte < 0x20 && memchr(t.at, (int)byte, t.len)))
				wrong++;
		}
	TAP_EQ_INT(wrong, 0, "every_byte_comes_back_from_every_place");
}

static void records_a_refusal(void)
{
	/* What a client may put into its headers, and a byte that is no
	 * UTF-8: none of it may end the string or the line. */
	const struct kms_request req = {
		.region = "us-east-1",
		.operation = "",
		.request_id = "r-2",
		.source_ip = "unix:1000",
		.user_agent =
			"\",\"readOnly\":true}\r\n\t\\ \xff\xc0\xaf \xc3\xa4"};
	const struct kms_reply reply = {.message = (char[]){"no \"such\""}};
	_json_ cJSON *j = format(&req, &reply, "AccessDeniedException");

	TAP_EQ_STR(text_of(j, "userIdentity", "type"), "Unknown",
		   "nobody_is_unknown");
	TAP_EQ_STR(text_of(j, NULL, "eventName"), "Unknown",
		   "no_operation_is_unknown");
	TAP_EQ_STR(text_of(j, NULL, "errorCode"), "AccessDeniedException",
		   "the_error_is_named");
	TAP_EQ_STR(text_of(j, NULL, "errorMessage"), "no \"such\"",
		   "and_its_message");
	TAP_EQ_STR(text_of(j, NULL, "userAgent"),
		   "\",\"readOnly\":true}\r\n\t\\ "
		   "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xc3\xa4",
		   "what_a_client_sent_stays_in_its_string");
	TAP_OK(cJSON_IsFalse(cJSON_GetObjectItem(j, "readOnly")),
	       "and_changes_nothing_else");
}

static void records_an_event(void)
{
	_cleanup_(text_done) struct text t = TEXT_INIT;
	_json_ cJSON *details = cJSON_CreateObject();
	_json_ cJSON *j = NULL;
	const struct kms_event event = {"DeleteKey", "us-east-1", KEY, details};

	cJSON_AddStringToObject(details, "keyId", "k");
	kms_audit_format_event(&event, "111122223333", "e-2",
			       "2026-09-21T14:13:20Z", &t);
	TAP_EQ_INT(json_parse_object(t.at, t.len, &j), 0, "an_event_is_json");
	TAP_EQ_STR(text_of(j, NULL, "eventType"), "AwsServiceEvent",
		   "of_its_own_type");
	TAP_EQ_STR(text_of(j, "userIdentity", "invokedBy"), "AWS Internal",
		   "invoked_by_the_service");
	TAP_EQ_STR(text_of(j, "serviceEventDetails", "keyId"), "k",
		   "with_what_there_is_to_know_of_it");
}

static void writes_whole_lines(void)
{
	char path[] = "/tmp/kms-audit.XXXXXX";
	_close_ int fd = mkstemp(path);
	_cleanup_(text_done) struct text t = TEXT_INIT;
	_free_ char *got = NULL;
	const struct rlimit small = {5, RLIM_INFINITY};
	const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	struct kms_audit a;
	int piece, nothing;

	TAP_EQ_INT(kms_audit_open(&a, path), 0, "a_file_opens");
	text_literal(&t, "1234\n");
	TAP_EQ_INT(kms_audit_write(&a, &t), 0, "a_record_is_written");
	/*
	 * A file that may not grow beyond 8 bytes takes only a piece.  So may
	 * not stdout: nothing is printed meanwhile.
	 */
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){8, RLIM_INFINITY});
	piece = kms_audit_write(&a, &t);
	setrlimit(RLIMIT_FSIZE, &small);
	nothing = kms_audit_write(&a, &t);
	setrlimit(RLIMIT_FSIZE, &none);
	TAP_EQ_INT(piece, -EIO, "a_piece_is_a_failure");
	TAP_EQ_INT(nothing, -EFBIG, "nothing_is_a_failure");
	TAP_EQ_INT(kms_audit_write(&a, &t), 0, "it_is_tried_again");
	TAP_EQ_INT(kms_audit_write(&a, &t), 0, "and_again");
	TAP_EQ_INT(io_read_text(AT_FDCWD, path, 100, &got), 0, "read_back");
	TAP_EQ_STR(got, "1234\n123\n1234\n1234\n",
		   "a_piece_swallows_no_other_record");
	t.failed = true;
	TAP_EQ_INT(kms_audit_write(&a, &t), -ENOMEM,
		   "half_a_record_is_not_written");
	kms_audit_close(&a);
	unlink(path);
	TAP_EQ_INT(kms_audit_open(&a, "/nowhere/audit"), -ENOENT,
		   "no_folder_is_an_error");
}

static void follows_no_link(void)
{
	char path[] = "/tmp/kms-audit.XXXXXX";
	_close_ int fd = mkstemp(path);
	struct kms_audit a;

	unlink(path);
	TAP_OK(symlink("/dev/null", path) == 0 &&
		       kms_audit_open(&a, path) == -ELOOP,
	       "a_link_in_its_place_is_refused");
	unlink(path);
}

int main(void)
{
	json_init();
	records_a_call();
	writes_strings();
	records_a_refusal();
	records_an_event();
	writes_whole_lines();
	follows_no_link();
	return tap_done();
}
