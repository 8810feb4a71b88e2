/* SPDX-License-Identifier: MIT */
/* Pins in encryption contexts, and who may have which message opened. */
#include "kmsagent/agent/audit.h"
#include "kmsagent/agent/context.h"
#include "kmsagent/base/json.h"
#include "tests/unit/tap.h"

#define ARN   "arn:aws:kms:us-east-1:111122223333:key/1"
#define OTHER "arn:aws:kms:us-east-1:111122223333:key/2"
#define MINE  "alias/aws/kmsagent"

static struct ectx context(const char *const *pairs)
{
	struct ectx c = ECTX_INIT;

	for (; *pairs; pairs++)
		if (ectx_add_arg(&c, *pairs) < 0)
			abort();
	return c;
}
#define CONTEXT(...) context((const char *const[]){__VA_ARGS__, NULL})

static void test_making(void)
{
	struct ectx user = CONTEXT("app=x"), bad = CONTEXT("kmsagent:uid=0");
	struct ectx sdk = CONTEXT("aws-crypto-public-key=x");
	struct ectx c = ECTX_INIT;
	enum agent_purpose purpose = AGENT_PURPOSE_COUNT_;

	TAP_EQ_INT(
		agent_context_for_entry(&user, AGENT_PURPOSE_RING, "vol1", &c),
		0, "ring_context_is_made");
	TAP_EQ_INT(agent_context_purpose(&c, "vol1", &purpose), 0,
		   "it_pins_the_name");
	TAP_EQ_INT(purpose, AGENT_PURPOSE_RING, "and_the_purpose");
	TAP_EQ_INT(agent_context_purpose(&c, "vol2", &purpose), -EINVAL,
		   "it_is_no_other_names");
	TAP_EQ_STR(ectx_get(&c, "app"), "x", "it_keeps_the_callers_pairs");
	ectx_done(&c);
	TAP_EQ_INT(agent_context_for_message(&user, NULL, 1000, &c), 0,
		   "message_context_is_made");
	TAP_EQ_STR(ectx_get(&c, "kmsagent:uid"), "1000", "it_pins_the_uid");
	TAP_OK(!ectx_get(&c, "kmsagent:name"), "and_no_name");
	ectx_done(&c);
	TAP_EQ_INT(agent_context_for_message(&user, "n", 1000, &c), 0,
		   "message_context_with_a_name_is_made");
	TAP_OK(!ectx_get(&c, "kmsagent:uid"), "then_it_pins_no_uid");
	TAP_EQ_STR(ectx_get(&c, "kmsagent:name"), "n", "but_the_name");
	ectx_done(&c);
	TAP_EQ_INT(agent_context_for_message(&bad, NULL, 1, &c), -EINVAL,
		   "callers_may_not_pin");
	TAP_EQ_INT(
		agent_context_for_entry(&user, AGENT_PURPOSE_VOLUME, "v", &c),
		0, "volume_context_is_made");
	TAP_EQ_STR(ectx_get(&c, "kmsagent:purpose"), "volume",
		   "it_pins_another_purpose");
	TAP_EQ_INT(agent_context_purpose(&c, "v", &purpose), 0, "it_is_read");
	TAP_EQ_INT(purpose, AGENT_PURPOSE_VOLUME, "as_a_volumes");
	ectx_done(&c);
	c = CONTEXT("kmsagent:purpose=message", "kmsagent:name=v");
	TAP_EQ_INT(agent_context_purpose(&c, "v", &purpose), -EINVAL,
		   "a_messages_is_no_entrys");
	ectx_done(&c);
	TAP_EQ_INT(agent_context_for_entry(&sdk, AGENT_PURPOSE_RING, "a", &c),
		   -EINVAL, "callers_may_not_use_the_sdks_keys");
	ectx_done(&user);
	ectx_done(&bad);
	ectx_done(&sdk);
}

static int judge(struct ectx c, const char *arn, const struct agent_reader *who,
		 const char **ret)
{
	const char *cmk = NULL;
	int r = agent_context_judge(&c, arn, who, &cmk);

	ectx_done(&c);
	if (ret)
		*ret = cmk;
	return r;
}

static void test_uid(void)
{
	struct agent_reader who = {.uid = 1000, .default_cmk = MINE};
	const char *cmk;

	TAP_EQ_INT(
		judge(CONTEXT("kmsagent:purpose=message", "kmsagent:uid=1000"),
		      ARN, &who, &cmk),
		0, "own_message_is_opened");
	TAP_EQ_STR(cmk, MINE, "under_the_default_cmk_only");
	TAP_EQ_INT(
		judge(CONTEXT("kmsagent:purpose=message", "kmsagent:uid=1001"),
		      ARN, &who, NULL),
		-EPERM, "anothers_message_is_not");
	TAP_EQ_INT(judge(CONTEXT("kmsagent:purpose=message", "kmsagent:name=n"),
			 ARN, &who, NULL),
		   -EPERM, "message_of_a_name_is_not");
	TAP_EQ_INT(judge(CONTEXT("a=b"), ARN, &who, NULL), -EPERM,
		   "message_made_elsewhere_is_not");
	TAP_EQ_INT(judge(CONTEXT("kmsagent:uid=1000"), ARN, &who, NULL), -EPERM,
		   "pin_without_a_purpose_is_not");
	TAP_EQ_INT(judge(CONTEXT("kmsagent:purpose=ring", "kmsagent:uid=1000"),
			 ARN, &who, NULL),
		   -EPERM, "ring_key_is_not");
	who.cmk = ARN;
	TAP_EQ_INT(
		judge(CONTEXT("kmsagent:purpose=message", "kmsagent:uid=1000"),
		      ARN, &who, NULL),
		-EPERM, "naming_a_cmk_is_not_for_everybody");
}

static void test_name(void)
{
	struct agent_reader who = {
		.uid = 1000, .name = "n", .name_arn = ARN, .default_cmk = MINE};
	const char *cmk;

	TAP_EQ_INT(judge(CONTEXT("kmsagent:purpose=message", "kmsagent:name=n"),
			 ARN, &who, &cmk),
		   0, "message_of_the_name_is_opened");
	TAP_EQ_STR(cmk, ARN, "under_the_entrys_cmk");
	TAP_EQ_INT(judge(CONTEXT("kmsagent:purpose=message", "kmsagent:name=n"),
			 OTHER, &who, NULL),
		   -EXDEV, "data_key_of_another_cmk_is_passed_over");
	TAP_EQ_INT(judge(CONTEXT("kmsagent:purpose=message", "kmsagent:name=m"),
			 ARN, &who, NULL),
		   -EPERM, "message_of_another_name_is_not");
	TAP_EQ_INT(judge(CONTEXT("kmsagent:purpose=ring", "kmsagent:name=n"),
			 ARN, &who, NULL),
		   -EPERM, "the_entrys_own_blob_in_a_header_is_not");
	TAP_EQ_INT(judge(CONTEXT("kmsagent:purpose=volume", "kmsagent:name=n"),
			 ARN, &who, NULL),
		   -EPERM, "a_volumes_blob_in_a_header_is_not");
	who.uid = 0;
	TAP_EQ_INT(judge(CONTEXT("kmsagent:purpose=volume", "kmsagent:name=n"),
			 ARN, &who, NULL),
		   -EPERM, "not_even_for_root");
}

static void test_root_and_open(void)
{
	char *open[] = {ARN};
	struct agent_reader root = {.uid = 0, .default_cmk = MINE};
	struct agent_reader who = {.uid = 1000,
				   .default_cmk = MINE,
				   .open_cmks = open,
				   .open_count = 1};
	const char *cmk;

	TAP_EQ_INT(judge(CONTEXT("a=b"), OTHER, &root, &cmk), 0,
		   "root_opens_what_was_made_elsewhere");
	TAP_EQ_STR(cmk, OTHER, "under_the_cmk_that_it_names");
	TAP_EQ_INT(
		judge(CONTEXT("kmsagent:purpose=message", "kmsagent:uid=1000"),
		      ARN, &root, NULL),
		0, "root_opens_anybodys");
	TAP_EQ_INT(judge(CONTEXT("kmsagent:purpose=ring", "kmsagent:name=n"),
			 ARN, &root, NULL),
		   -EPERM, "root_opens_no_ring_key");
	TAP_EQ_INT(judge(CONTEXT("a=b"), ARN, &who, &cmk), 0,
		   "open_cmk_serves_everybody");
	TAP_EQ_STR(cmk, ARN, "and_is_named");
	TAP_EQ_INT(judge(CONTEXT("a=b"), OTHER, &who, NULL), -EPERM,
		   "another_cmk_does_not");
	TAP_EQ_INT(judge(CONTEXT("kmsagent:purpose=message", "kmsagent:uid=7"),
			 ARN, &who, NULL),
		   -EPERM, "open_cmk_does_not_open_anothers_pin");
	root.cmk = ARN;
	TAP_EQ_INT(judge(CONTEXT("a=b"), OTHER, &root, NULL), -EXDEV,
		   "named_cmk_passes_over_other_data_keys");
}

static void test_audit(void)
{
	struct agent_event e = AGENT_EVENT_INIT;
	_free_ char *line = NULL;
	_json_ cJSON *j = NULL;
	const char *text = NULL;

	e.what = "KeyDelivered";
	e.uid = 1000;
	e.name = "vol1";
	e.cmk_arn = ARN;
	e.serial = 12345;
	e.reason = "line\nfeed";
	TAP_EQ_INT(agent_audit_format(&e, "host", "id", 1700000000, &line), 0,
		   "record_is_written");
	TAP_OK(strchr(line, '\n') == line + strlen(line) - 1,
	       "it_is_one_line_whatever_is_in_it");
	TAP_EQ_INT(json_parse_object(line, strlen(line) - 1, &j), 0,
		   "it_is_json");
	TAP_EQ_INT(json_get_string(j, "eventTime", &text), 0, "it_has_a_time");
	/* date -u -d @1700000000 +%FT%TZ */
	TAP_EQ_STR(text, "2023-11-14T22:13:20Z", "the_time_is_right");
}

int main(void)
{
	json_init();
	test_making();
	test_uid();
	test_name();
	test_root_and_open();
	test_audit();
	return tap_done();
}
