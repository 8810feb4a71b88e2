/* SPDX-License-Identifier: MIT */
/*
 * What policies say.  The policies are the examples of the AWS KMS Developer
 * Guide ("Default key policy", "Condition keys for AWS KMS", "Examples of IAM
 * policies") and of the IAM User Guide ("NotPrincipal", "Condition
 * operators", "Variables"), shortened; the guides also say what is expected.
 * Many more cases: tests/sys/policy-model.sh.
 */
#include "kmsagent/kms/policy-parts.h"
#include "kmsagent/kms/policy-values.h"
#include "tests/unit/policy.h"
#include "tests/unit/tap.h"

#define A "111122223333"
#define KEY                                                                    \
	"arn:aws:kms:us-west-2:" A ":key/1234abcd-12ab-34cd-56ef-1234567890ab"
#define ROOT	"arn:aws:iam::" A ":root"
#define ALICE	"arn:aws:iam::" A ":user/alice"
#define BOB	"arn:aws:iam::" A ":user/bob"
#define APP	"arn:aws:iam::" A ":role/app"
#define SESSION "arn:aws:sts::" A ":assumed-role/app/i-1"
#define OTHER	"arn:aws:iam::444455556666:user/eve"

#define V2012(statements)                                                      \
	"{'Version':'2012-10-17','Statement':[" statements "]}"
#define ALLOW(who, action, more)                                               \
	"{'Sid':'Allow use','Effect':'Allow','Principal':{'AWS':" who          \
	"},'Action':" action ",'Resource':'*'" more "}"
#define DENY(who, action, more)                                                \
	"{'Sid':'Never','Effect':'Deny','Principal':" who ",'Action':" action  \
	",'Resource':'*'" more "}"
#define DELEGATE      ALLOW("'" ROOT "'", "'kms:*'", "")
#define IF(condition) ",'Condition':{" condition "}"
#define MAY(action, resource)                                                  \
	V2012("{'Effect':'Allow','Action':" action ",'Resource':" resource "}")

struct test_case {
	const char *name;
	const char *who;
	const char *action;
	const char *key;      /* policy, in single quotes; NULL: no key */
	const char *identity; /* NULL: none */
	const char *context;  /* NULL: nothing */
	const char *expect;
	const char *sid; /* of the statement that decided; NULL: not asked */
};

static const struct test_case cases[] = {
	{"root_by_the_default_policy", ROOT, "kms:PutKeyPolicy",
	 V2012(DELEGATE), NULL, NULL, "allowed", NULL},
	{"a_user_needs_an_identity_policy", ALICE, "kms:Encrypt",
	 V2012(DELEGATE), NULL, NULL, "not_by_identity", NULL},
	{"and_is_allowed_by_one", ALICE, "kms:Encrypt", V2012(DELEGATE),
	 MAY("['kms:Encrypt','kms:Decrypt']", "'" KEY "'"), NULL, "allowed",
	 NULL},
	{"but_for_that_key_only", ALICE, "kms:Encrypt", V2012(DELEGATE),
	 MAY("'kms:*'", "'arn:aws:kms:us-west-2:" A ":key/0987dcba-*'"), NULL,
	 "not_by_identity", NULL},
	{"without_delegation_an_identity_policy_is_nothing", ALICE,
	 "kms:Encrypt", V2012(ALLOW("'" BOB "'", "'kms:*'", "")),
	 MAY("'*'", "'*'"), NULL, "not_by_key", NULL},
	{"nor_is_being_root", ROOT, "kms:Encrypt",
	 V2012(ALLOW("'" BOB "'", "'kms:*'", "")), NULL, NULL, "not_by_key",
	 NULL},
	{"a_key_user", ALICE, "kms:ReEncryptTo",
	 V2012(DELEGATE
	       "," ALLOW("['" BOB "','" ALICE "']", "['kms:ReEncrypt*']", "")),
	 NULL, NULL, "allowed", "Allow use"},
	{"an_explicit_deny_wins", ALICE, "kms:Decrypt",
	 V2012(ALLOW("'" ALICE "'", "'kms:*'",
		     "") "," DENY("'*'", "'kms:Decrypt'", "")),
	 NULL, NULL, "denied_by_key", "Never"},
	{"that_of_an_identity_too", ALICE, "kms:Decrypt",
	 V2012(ALLOW("'" ALICE "'", "'kms:*'", "")),
	 V2012("{'Sid':'Mine','Effect':'Deny','Action':'kms:D*',"
	       "'Resource':'*'}"),
	 NULL, "denied_by_identity", "Mine"},
	{"another_account_by_the_key_policy_alone", OTHER, "kms:Decrypt",
	 V2012(ALLOW("'444455556666'", "'kms:*'", "")), NULL, NULL,
	 "not_by_identity", NULL},
	{"another_account_by_both", OTHER, "kms:Decrypt",
	 V2012(ALLOW("'444455556666'", "'kms:*'", "")),
	 MAY("'kms:Decrypt'", "'" KEY "'"), NULL, "allowed", NULL},
	{"another_account_by_its_own_policy", OTHER, "kms:Decrypt",
	 V2012(DELEGATE), MAY("'*'", "'*'"), NULL, "not_by_key", NULL},
	{"a_role_of_the_policy_is_its_sessions", SESSION, "kms:Decrypt",
	 V2012(ALLOW("'" APP "'", "'kms:*'", "")), NULL, NULL, "allowed", NULL},
	{"a_session_is_only_itself", "arn:aws:sts::" A ":assumed-role/app/i-2",
	 "kms:Decrypt", V2012(ALLOW("'" SESSION "'", "'kms:*'", "")), NULL,
	 NULL, "not_by_key", NULL},
	{"a_role_whose_name_goes_on_is_another",
	 "arn:aws:sts::" A ":assumed-role/app2/i-1", "kms:Decrypt",
	 V2012(ALLOW("'" APP "'", "'kms:*'", "")), NULL, NULL, "not_by_key",
	 NULL},
	{"NotPrincipal_spares_bob", BOB, "kms:Decrypt",
	 V2012(ALLOW("'*'", "'kms:*'", "") ",{'Effect':'Deny','NotPrincipal':"
					   "{'AWS':['" ROOT "','" BOB
					   "']},'Action':'*','Resource':'*'}"),
	 NULL, NULL, "allowed", NULL},
	{"and_nobody_else_of_the_account", ALICE, "kms:Decrypt",
	 V2012(ALLOW("'*'", "'kms:*'", "") ",{'Effect':'Deny','NotPrincipal':"
					   "{'AWS':['" ROOT "','" BOB
					   "']},'Action':'*','Resource':'*'}"),
	 NULL, NULL, "denied_by_key", NULL},
	{"a_service_of_AWS_is_nobody_here", ALICE, "kms:Decrypt",
	 "{'Statement':{'Effect':'Allow','Principal':{'Service':"
	 "'s3.amazonaws.com'},'Action':'*','Resource':'*'}}",
	 NULL, NULL, "not_by_key", NULL},
	{"without_an_action_a_statement_does_nothing", ALICE, "kms:Decrypt",
	 "{'Statement':{'Effect':'Allow','Principal':'*','Resource':'*'}}",
	 NULL, NULL, "not_by_key", NULL},
	{"NotAction_is_all_else", ALICE, "kms:Decrypt",
	 V2012("{'Effect':'Allow','Principal':'*','NotAction':"
	       "'kms:Put*','Resource':'*'}"),
	 NULL, NULL, "allowed", NULL},
	{"and_not_that", ALICE, "kms:PutKeyPolicy",
	 V2012("{'Effect':'Allow','Principal':'*','NotAction':"
	       "'KMS:put*','Resource':'*'}"),
	 NULL, NULL, "not_by_key", NULL},
	{"an_encryption_context", ALICE, "kms:Decrypt",
	 V2012(ALLOW("'" ALICE "'", "'kms:*'",
		     IF("'StringEquals':{'kms:EncryptionContext:AppName':"
			"'ExampleApp'}"))),
	 NULL, "{'kms:EncryptionContext:AppName':['ExampleApp']}", "allowed",
	 NULL},
	{"whose_value_is_in_another_case", ALICE, "kms:Decrypt",
	 V2012(ALLOW("'" ALICE "'", "'kms:*'",
		     IF("'StringEquals':{'kms:EncryptionContext:AppName':"
			"'ExampleApp'}"))),
	 NULL, "{'kms:EncryptionContext:appname':['exampleapp']}", "not_by_key",
	 NULL},
	{"a_request_without_a_context", ALICE, "kms:Decrypt",
	 V2012(ALLOW("'*'", "'kms:*'", "") "," DENY(
		 "'*'", "'kms:*'",
		 IF("'Null':{'kms:EncryptionContextKeys':'true'}"))),
	 NULL, NULL, "denied_by_key", "Never"},
	{"a_request_by_alias", ALICE, "kms:Decrypt",
	 V2012(ALLOW("'" ALICE "'", "'kms:*'",
		     IF("'StringLike':{'kms:RequestAlias':'alias/Ex*'}"))),
	 NULL, "{'kms:RequestAlias':['alias/ExampleAlias']}", "allowed", NULL},
	{"a_waiting_time_that_is_too_short", ALICE, "kms:ScheduleKeyDeletion",
	 V2012(ALLOW("'*'", "'kms:*'", "") "," DENY(
		 "'*'", "'kms:ScheduleKeyDeletion'",
		 IF("'NumericLessThan':"
		    "{'kms:ScheduleKeyDeletionPendingWindowInDays':'21'}"))),
	 NULL, "{'kms:ScheduleKeyDeletionPendingWindowInDays':['20']}",
	 "denied_by_key", NULL},
	{"all_keys_of_a_context", ALICE, "kms:Decrypt",
	 V2012(ALLOW("'*'", "'kms:*'",
		     IF("'ForAllValues:StringEquals':"
			"{'kms:EncryptionContextKeys':['AppName','FilePath']"
			"}"))),
	 NULL, "{'kms:EncryptionContextKeys':['AppName','Other']}",
	 "not_by_key", NULL},
	{"any_key_of_a_context", ALICE, "kms:Decrypt",
	 V2012(ALLOW("'*'", "'kms:*'",
		     IF("'ForAnyValue:StringEquals':"
			"{'kms:EncryptionContextKeys':['AppName','FilePath']"
			"}"))),
	 NULL, "{'kms:EncryptionContextKeys':['AppName','Other']}", "allowed",
	 NULL},
	{"two_conditions_must_both_hold", ALICE, "kms:Decrypt",
	 V2012(ALLOW("'*'", "'kms:*'",
		     IF("'StringEquals':{'kms:CallerAccount':'" A "'},"
			"'Bool':{'aws:SecureTransport':true}"))),
	 NULL,
	 "{'kms:CallerAccount':['" A "'],'aws:SecureTransport':['false']}",
	 "not_by_key", NULL},
	{"the_user_s_own_alias", ALICE, "kms:CreateAlias", NULL,
	 MAY("'kms:CreateAlias'", "'*:alias/${aws:username}'"),
	 "{'aws:username':['alice']}", "not_by_identity", NULL},
	{"a_condition_that_cannot_be_read_denies", ALICE, "kms:Decrypt",
	 V2012(ALLOW("'*'", "'kms:*'",
		     IF("'NumericEqualsIfExists':"
			"{'kms:EncryptionContext:level':'1'}"))),
	 NULL, "{'kms:EncryptionContext:level':['one']}", "error", "Allow use"},
	{"a_wildcard_in_a_variable_s_value_is_a_letter", ALICE, "kms:Decrypt",
	 V2012(ALLOW("'*'", "'kms:*'",
		     IF("'StringLike':{'kms:EncryptionContext:u':"
			"'${aws:username}'}"))),
	 NULL, "{'aws:username':['*'],'kms:EncryptionContext:u':['bob']}",
	 "not_by_key", NULL},
	{"a_variable_without_value_matches_nothing", ALICE, "kms:Decrypt",
	 V2012(ALLOW("'*'", "'kms:*'",
		     IF("'StringLike':{'kms:EncryptionContext:u':"
			"'${aws:username}*'}"))),
	 NULL, "{'kms:EncryptionContext:u':['bob']}", "not_by_key", NULL},
	{"in_a_policy_of_2008_it_is_text", ALICE, "kms:Decrypt",
	 "{'Statement':{'Effect':'Allow','Principal':'*','Action':'*',"
	 "'Resource':'*'" IF("'StringLike':{'kms:EncryptionContext:u':"
			     "'${aws:username}*'}") "}}",
	 NULL, "{'kms:EncryptionContext:u':['${aws:username}!']}", "allowed",
	 NULL},
	{"a_wildcard_for_one_letter_takes_an_umlaut", ALICE, "kms:Decrypt",
	 V2012(ALLOW("'*'", "'kms:*'",
		     IF("'StringLike':{'kms:EncryptionContext:u':'M?ller'}"))),
	 NULL, "{'kms:EncryptionContext:u':['M\xc3\xbcller']}", "allowed",
	 NULL},
	{"what_is_no_key_needs_an_identity_policy", ALICE, "kms:ListKeys", NULL,
	 NULL, NULL, "not_by_identity", NULL},
	{"and_root_none", ROOT, "kms:ListKeys", NULL, NULL, NULL, "allowed",
	 NULL},
	{"of_its_own_account", "arn:aws:iam::444455556666:root", "kms:ListKeys",
	 NULL, NULL, NULL, "not_by_identity", NULL},
};

/* The text with double quotes, parsed; NULL is "{}" without members. */
static cJSON *parse(const char *text)
{
	char *copy = strdup(text ? text : "{}");
	cJSON *j = NULL;

	if (!copy)
		exit(1);
	for (char *p = copy; (p = strchr(p, '\''));)
		*p = '"';
	if (json_parse(copy, strlen(copy), &j) < 0) {
		printf("Bail out! not JSON: %s\n", copy);
		exit(1);
	}
	free(copy);
	return j;
}

static void test_cases(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct test_case *t = &cases[i];
		char why[KMS_RULES_WHY_BYTES] = "", sid[64] = "";
		struct kms_rules *key = NULL, *identity = NULL;
		struct kms_principal who = {0};
		_json_ cJSON *context = parse(t->context);
		_json_ cJSON *key_json = parse(t->key);
		_json_ cJSON *identity_json = parse(t->identity);
		const struct kms_rules *list[1];
		struct kms_decision d;
		struct kms_policies p = {.is_of_key = t->key,
					 .identity = list,
					 .nidentity = !!t->identity};
		const struct kms_access a = {.who = &who,
					     .action = t->action,
					     .resource = t->key ? KEY : "*",
					     .owner = A,
					     .condition = policy_case_condition,
					     .userdata = context};

		if (kms_principal_parse(t->who, &who) < 0 ||
		    (t->key && policy_case_compile(key_json, KMS_RULES_OF_KEY,
						   &key, why) < 0) ||
		    (t->identity &&
		     policy_case_compile(identity_json, KMS_RULES_OF_IDENTITY,
					 &identity, why) < 0)) {
			TAP_OK(false, t->name);
			tap_diag("%s", why);
			continue;
		}
		list[0] = identity;
		p.key = key;
		kms_decide(&a, &p, &d);
		TAP_EQ_STR(policy_verdicts[d.verdict], t->expect, t->name);
		if (d.reason.sid)
			snprintf(sid, sizeof(sid), "%s", d.reason.sid);
		if (t->sid)
			TAP_EQ_STR(sid, t->sid, "and_that_statement_is_named");
		kms_rules_free(key);
		kms_rules_free(identity);
		kms_principal_done(&who);
	}
}

/* What is no policy, and the end of the sentence that says where. */
static void test_malformed(void)
{
#define OK_STATEMENT "{'Effect':'Allow','Principal':'*'}"
	static const struct {
		const char *name, *text, *end;
		enum kms_rules_kind kind;
	} bad[] = {
		{"an_effect", V2012(OK_STATEMENT ",{'Sid':'Two','Effect':'x'}"),
		 "Effect must be Allow or Deny. Statement 2 (Two).",
		 KMS_RULES_OF_KEY},
		{"a_principal",
		 V2012("{'Effect':'Deny','Principal':{'AWS':['" A "','x:y']}}"),
		 "one or more invalid principals. Statement 1: x:y.",
		 KMS_RULES_OF_KEY},
		{"an_operator",
		 V2012("{'Effect':'Deny','Principal':'*','Condition':"
		       "{'StringIs':{}}}"),
		 "an invalid condition. Statement 1: there is no operator "
		 "StringIs.",
		 KMS_RULES_OF_KEY},
		{"IfExists_of_Null",
		 V2012("{'Effect':'Deny','Principal':'*','Condition':"
		       "{'NullIfExists':{'a:b':'true'}}}"),
		 "there is no operator NullIfExists.", KMS_RULES_OF_KEY},
		{"a_value_of_its_type",
		 V2012("{'Effect':'Deny','Principal':'*','Condition':"
		       "{'IpAddress':{'aws:SourceIp':['10.0.0.0/33']}}}"),
		 "Statement 1: IpAddress of aws:SourceIp has a value that is "
		 "none of its type.",
		 KMS_RULES_OF_KEY},
		{"a_variable_that_ends",
		 V2012("{'Effect':'Deny','Principal':'*','Condition':"
		       "{'StringLike':{'aws:username':'${aws:user'}}}"),
		 "none of its type.", KMS_RULES_OF_KEY},
		{"a_name_once",
		 V2012("{'Effect':'Deny','Principal':'*','Condition':"
		       "{'Bool':{'a:b':'true','a:b':'false'}}}"),
		 "it is not one JSON object with each name once.",
		 KMS_RULES_OF_KEY},
		{"whom_an_Allow_means",
		 V2012("{'Effect':'Allow','NotPrincipal':'*','Action':'*',"
		       "'Resource':'*'}"),
		 "NotPrincipal goes with Deny only. Statement 1.",
		 KMS_RULES_OF_KEY},
		{"no_principal_of_an_identity_policy", V2012(OK_STATEMENT),
		 "an identity policy has no Principal. Statement 1.",
		 KMS_RULES_OF_IDENTITY},
		{"an_identity_policy_s_resource",
		 V2012("{'Effect':'Allow','Action':'kms:*'}"),
		 "needs Action and Resource. Statement 1.",
		 KMS_RULES_OF_IDENTITY},
		{"no_text_for_a_policy", "'*'", "with each name once.",
		 KMS_RULES_OF_KEY},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char why[KMS_RULES_WHY_BYTES] = "", name[96];
		struct kms_rules *rules = NULL;
		_json_ cJSON *j = parse(bad[i].text);
		size_t len = strlen(bad[i].end);

		snprintf(name, sizeof(name), "a_policy_needs_%s", bad[i].name);
		TAP_EQ_INT(policy_case_compile(j, bad[i].kind, &rules, why),
			   -EBADMSG, name);
		if (!TAP_OK(strlen(why) > len && strcmp(why + strlen(why) - len,
							bad[i].end) == 0,
			    "and_says_where"))
			tap_diag("%s", why);
	}
}

/* Times as date(1) of GNU coreutils converts them. */
static void test_values(void)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: none */
	} times[] = {
		{"2026-11-25T12:00:00Z", 1795608000000},
		{"2026-11-25T12:00Z", 1795608000000},
		{"2026-11-25T13:30:00.250+01:30", 1795608000250},
		{"2024-02-29", 1709164800000},
		{"2026", 1767225600000},
		{"1795608000", 1795608000000},
		{"-3600", -3600000},
		{"2026-02-29", -1},
		{"2026-13-01", -1},
		{"2026-11-25T24:00:00Z", -1},
		{"2026-11-25T12:00:00", -1},
		{"2026-11-25 12:00:00Z", -1},
		{"99999999999999999999", -1},
		{"", -1},
		{"-", -1},
	};
	static const struct {
		const char *net, *host;
		bool has;
	} nets[] = {
		{"192.0.2.0/24", "192.0.2.255", true},
		{"192.0.2.0/24", "192.0.3.0", false},
		{"192.0.2.128/25", "192.0.2.127", false},
		{"0.0.0.0/0", "203.0.113.9", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "2001:db8::1", true},
		{"2001:db8::/33", "2001:db8:8000::", false},
		{"192.0.2.1", "192.0.2.1", true},
	};
	double number;

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		int64_t ms = -1;

		if (!policy_read_time_ms(times[i].text, &ms))
			ms = -1;
		TAP_EQ_INT(ms, times[i].ms, times[i].text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(nets); i++) {
		struct policy_net net, host;

		TAP_OK(policy_read_net(nets[i].net, &net) &&
			       policy_read_net(nets[i].host, &host) &&
			       policy_net_has(&net, &host) == nets[i].has,
		       nets[i].net);
	}
	TAP_OK(policy_read_number("-2.5e1", &number) && number == -25,
	       "a_number_is_read");
	TAP_OK(!policy_read_number("0x10", &number) &&
		       !policy_read_number("1 ", &number) &&
		       !policy_read_number("", &number) &&
		       !policy_read_number("inf", &number),
	       "what_is_none_is_refused");
}

/* A value that would not fit, and one that could pass for a wildcard. */
static void test_odd_values(void)
{
	static char text[4096];
	const char *const policy =
		V2012(ALLOW("'*'", "'kms:*'",
			    IF("'StringLike':{'kms:EncryptionContext:u':"
			       "'${aws:username}'}")));
	static const struct {
		const char *name;
		int fill, len;
	} odd[] = {{"a_value_without_end_denies", 'a', 4000},
		   {"one_with_a_control_character_denies", 1, 1}};

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		_json_ cJSON *c =
			parse("{'principal':'" ALICE "',"
			      "'action':'kms:Decrypt','resource':'" KEY
			      "','owner':'" A "','is_key':true,"
			      "'context':{'kms:EncryptionContext:u':"
			      "['x']}}");
		char why[KMS_RULES_WHY_BYTES] = "";
		const char *list[] = {text};

		memset(text, odd[i].fill, (size_t)odd[i].len);
		text[odd[i].len] = '\0';
		cJSON_AddItemToObject(c, "key_policy", parse(policy));
		cJSON_AddItemToObject(cJSON_GetObjectItem(c, "context"),
				      "aws:username",
				      cJSON_CreateStringArray(list, 1));
		TAP_EQ_STR(policy_case_run(c, NULL, why), "error", odd[i].name);
	}
}

int main(void)
{
	json_init();
	test_cases();
	test_malformed();
	test_values();
	test_odd_values();
	return tap_done();
}
