/* SPDX-License-Identifier: MIT */
/* Entries: text there and back, and every way in which text is refused. */
#include "kmsagent/agent/entry.h"
#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "tests/unit/tap.h"

#define ARN                                                                    \
	"arn:aws:kms:us-east-1:111122223333:key/"                              \
	"1234abcd-12ab-34cd-56ef-1234567890ab"

/* By hand, with members in another order than we write them. */
static const char good[] =
	"{\"name\":\"vol1\",\"version\":1,\"cmk\":\"alias/a\","
	"\"cmk_arn\":\"" ARN "\",\"ciphertext_blob\":\"AQIDBA==\","
	"\"encryption_context\":{\"app\":\"x\",\"kmsagent:name\":\"vol1\","
	"\"kmsagent:purpose\":\"ring\"},\"type\":\"logon\",\"bytes\":64,"
	"\"allow\":[\"uid:1000\",\"group:wheel\"],\"lease_s\":60,"
	"\"exportable\":false,\"created\":1700000000}";

static char why[256];

static int parse(const char *text, struct agent_entry *e)
{
	return agent_entry_parse(text, strlen(text), e, why, sizeof(why));
}

static void test_good(void)
{
	_cleanup_(agent_entry_done) struct agent_entry e = AGENT_ENTRY_INIT;
	_cleanup_(agent_entry_done) struct agent_entry f = AGENT_ENTRY_INIT;
	_free_ char *text = NULL;
	_free_ char *again = NULL;

	TAP_EQ_INT(parse(good, &e), 0, "good_entry_parses");
	TAP_EQ_STR(e.name, "vol1", "its_name");
	TAP_EQ_STR(e.cmk_arn, ARN, "its_cmk");
	TAP_EQ_MEM(e.blob, "\1\2\3\4", 4, "its_blob");
	TAP_EQ_INT((long long)e.blob_len, 4, "its_blobs_length");
	TAP_EQ_INT(e.bytes, 64, "its_bytes");
	TAP_EQ_INT((long long)e.allow_count, 2, "its_allow_list");
	TAP_EQ_INT(e.lease_s, 60, "its_lease");
	TAP_EQ_STR(ectx_get(&e.context, "app"), "x", "its_context");
	TAP_EQ_INT(agent_entry_format(&e, &text), 0, "it_is_written");
	TAP_EQ_INT(parse(text, &f), 0, "what_is_written_is_read");
	TAP_EQ_INT(agent_entry_format(&f, &again), 0, "it_is_written_again");
	TAP_EQ_STR(again, text, "both_texts_are_the_same");
}

static char *replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	if (!at)
		abort();
	return io_format("%.*s%s%s", (int)(at - text), text, to,
			 at + strlen(from));
}

#define BOUND                                                                  \
	",\"volume\":{\"device\":\"serial:1\",\"key_check\":"                  \
	"\"00112233445566778899aabbccddeeff\",\"cipher\":"                     \
	"\"aes-xts-plain64\",\"sector_size\":4096,\"offset\":8,\"skip\":0,"    \
	"\"size\":0}}"

static void test_volume(void)
{
	_cleanup_(agent_entry_done) struct agent_entry e = AGENT_ENTRY_INIT;
	_cleanup_(agent_entry_done) struct agent_entry f = AGENT_ENTRY_INIT;
	_cleanup_(agent_entry_done) struct agent_entry g = AGENT_ENTRY_INIT;
	_free_ char *volume = replaced(good, "\"ring\"", "\"volume\"");
	_free_ char *bound = strdup(volume);
	_free_ char *whole = NULL;
	_free_ char *text = NULL;
	_free_ char *ring = NULL;

	TAP_EQ_INT(parse(volume, &e), 0, "a_volumes_entry_parses");
	TAP_EQ_INT(e.purpose, AGENT_PURPOSE_VOLUME, "it_is_a_volumes");
	TAP_OK(!e.volume.is_bound, "and_bound_to_nothing");
	bound[strlen(bound) - 1] = '\0';
	whole = io_format("%s%s", bound, BOUND);
	TAP_EQ_INT(parse(whole, &f), 0, "a_bound_one_parses");
	TAP_EQ_STR(f.volume.device, "serial:1", "its_device");
	TAP_EQ_INT(f.volume.sector_bytes, 4096, "its_sector_size");
	TAP_EQ_INT(agent_entry_format(&f, &text), 0, "it_is_written");
	TAP_OK(strstr(text, BOUND), "with_what_it_is_bound_to");
	ring = replaced(whole, "\"volume\"", "\"ring\"");
	TAP_EQ_INT(parse(ring, &g), -EBADMSG, "refuses_to_bind_a_ring_key");
}

static void test_nobody_allowed(void)
{
	_cleanup_(agent_entry_done) struct agent_entry e = AGENT_ENTRY_INIT;
	_free_ char *alone = replaced(good, "\"uid:1000\",\"group:wheel\"", "");
	_free_ char *text = NULL;

	TAP_EQ_INT(parse(alone, &e), 0, "an_entry_for_root_alone_parses");
	TAP_EQ_INT(agent_entry_format(&e, &text), 0, "and_is_written");
	TAP_OK(text && strstr(text, "\"allow\":[]"), "with_an_empty_list");
}

/* @from replaced by @to in the good one. */
#define ID "\"policy_identifier\":\"69b2f6edeee720cce0577937eb8a6751\""

static void test_directory(void)
{
	_cleanup_(agent_entry_done) struct agent_entry e = AGENT_ENTRY_INIT;
	_cleanup_(agent_entry_done) struct agent_entry f = AGENT_ENTRY_INIT;
	_cleanup_(agent_entry_done) struct agent_entry none = AGENT_ENTRY_INIT;
	_free_ char *logon = replaced(good, "\"ring\"", "\"directory\"");
	_free_ char *text =
		replaced(logon, "\"logon\"", "\"fscrypt-provisioning\"");
	_free_ char *whole = replaced(text, "\"version\"", ID ",\"version\"");
	_free_ char *ring = replaced(good, "\"version\"", ID ",\"version\"");
	_free_ char *upper = replaced(whole, "69b2", "69B2");
	_free_ char *again = NULL;

	TAP_EQ_INT(parse(text, &e), 0, "a_directorys_entry_parses");
	TAP_OK(e.purpose == AGENT_PURPOSE_DIRECTORY && !e.has_policy_id,
	       "it_is_a_directorys_and_bound_to_nothing");
	TAP_EQ_INT(parse(whole, &f), 0, "one_that_is_bound_parses");
	TAP_OK(f.has_policy_id && f.policy_id[0] == 0x69 &&
		       f.policy_id[15] == 0x51,
	       "to_its_identifier");
	TAP_OK(agent_entry_format(&f, &again) == 0 && strstr(again, ID),
	       "which_is_written");
	TAP_EQ_INT(parse(ring, &none), -EBADMSG, "a_rings_has_none");
	TAP_EQ_INT(parse(upper, &none), -EBADMSG, "it_has_one_form");
	TAP_EQ_INT(parse(logon, &none), -EBADMSG, "it_is_of_no_other_type");
}

static void refused(const char *from, const char *to, const char *name)
{
	struct agent_entry e = AGENT_ENTRY_INIT;
	_free_ char *text = replaced(good, from, to);

	if (!TAP_EQ_INT(parse(text, &e), -EBADMSG, name))
		agent_entry_done(&e);
	else if (why[0] == '\0')
		TAP_OK(false, "a_refusal_has_a_reason");
	why[0] = '\0';
}

static void test_refusals(void)
{
	static const struct {
		const char *from, *to, *name;
	} cases[] = {
		{"\"version\":1", "\"version\":2", "refuses_a_later_version"},
		{"\"version\":1,", "", "refuses_no_version"},
		{"\"version\":1", "\"version\":\"1\"", "refuses_text_version"},
		{"\"created\"", "\"extra\":1,\"created\"",
		 "refuses_an_unknown_member"},
		{"\"bytes\":64", "\"bytes\":64,\"bytes\":64",
		 "refuses_a_member_twice"},
		{"\"name\":\"vol1\"", "\"name\":\"../vol1\"",
		 "refuses_a_path_as_name"},
		{"\"name\":\"vol1\"", "\"name\":\"vol2\"",
		 "refuses_a_context_of_another_name"},
		{"\"ring\"", "\"message\"", "refuses_a_messages_purpose"},
		{"\"kmsagent:purpose\":\"ring\"", "\"z\":\"\"",
		 "refuses_a_context_without_purpose"},
		{ARN, "alias/a", "refuses_an_alias_for_the_arn"},
		{"\"logon\"", "\"keyring\"", "refuses_a_type_not_ours"},
		{"\"logon\"", "\"user\"",
		 "refuses_a_readable_type_not_exportable"},
		{"\"bytes\":64", "\"bytes\":0", "refuses_no_bytes"},
		{"\"bytes\":64", "\"bytes\":1e9", "refuses_too_many_bytes"},
		{"\"bytes\":64", "\"bytes\":1.5", "refuses_half_a_byte"},
		{"AQIDBA==", "", "refuses_an_empty_blob"},
		{"AQIDBA==", "AQIDBA=", "refuses_short_base64"},
		{"AQIDBA==", "AQIDBB==", "refuses_loose_bits_in_base64"},
		{"AQIDBA==", "AQ IDBA=", "refuses_a_space_in_base64"},
		{"AQIDBA==", "AQID-A==", "refuses_another_alphabet"},
		{"uid:1000", "1000", "refuses_a_bare_number_to_allow"},
		{"uid:1000", "uid:-1", "refuses_a_negative_uid"},
		{"uid:1000", "uid:4294967295", "refuses_the_uid_of_nobody"},
		{"\"lease_s\":60", "\"lease_s\":1",
		 "refuses_too_short_a_lease"},
		{"\"lease_s\":60", "\"lease_s\":99999999999",
		 "refuses_too_long_a_lease"},
		{"false", "0", "refuses_a_number_as_boolean"},
		{"}", "", "refuses_a_cut_text"},
		{"1700000000}", "1700000000} x", "refuses_text_after_the_end"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		refused(cases[i].from, cases[i].to, cases[i].name);
}

int main(void)
{
	json_init();
	test_good();
	test_volume();
	test_directory();
	test_nobody_allowed();
	test_refusals();
	return tap_done();
}
