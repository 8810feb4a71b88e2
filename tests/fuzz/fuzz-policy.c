/* SPDX-License-Identifier: MIT */
/*
 * A policy document, and behind a NUL the value that every condition key
 * has.  What compiles also decides, twice the same, allows nobody whom an
 * explicit deny for all follows, and nothing without a statement.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kmsagent/base/json.h"
#include "kmsagent/kms/policy-eval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DENY_ALL                                                               \
	"{\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"*\","                \
	"\"Resource\":\"*\"}}"

static int condition(void *userdata, enum kms_condition_id id, const char *rest,
		     size_t index, char scratch[KMS_CONDITION_SCRATCH],
		     const char **ret)
{
	(void)rest;
	(void)scratch;
	*ret = userdata;
	return index <= id % 3; /* some have several */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *value = memchr(data, 0, size);
	static struct kms_rules *deny;
	static const struct kms_principal who = {
		.type = KMS_PRINCIPAL_ASSUMED_ROLE,
		.arn = "arn:aws:sts::111122223333:assumed-role/app/i",
		.account = "111122223333",
		.name = "i"};
	_free_ char *text = strndup((const char *)data, size);
	_free_ char *have =
		value ? strndup(value + 1,
				size - (size_t)(value + 1 - (const char *)data))
		      : strdup("x");
	const struct kms_access a = {
		.who = &who,
		.action = "kms:Decrypt",
		.resource = "arn:aws:kms:us-east-1:111122223333:key/"
			    "1234abcd-12ab-34cd-56ef-1234567890ab",
		.owner = "111122223333",
		.condition = condition,
		.userdata = have};
	char why[KMS_RULES_WHY_BYTES] = "";

	json_init();
	if (!deny &&
	    kms_rules_compile(DENY_ALL, KMS_RULES_OF_IDENTITY, &deny, why) < 0)
		abort();
	for (int kind = 0; kind < 2; kind++) {
		const struct kms_rules *const identity[] = {deny};
		struct kms_rules *rules = NULL;
		struct kms_policies p = {.is_of_key = true};
		struct kms_decision d, again;
		int r = kms_rules_compile(text, (enum kms_rules_kind)kind,
					  &rules, why);

		if (r < 0) {
			if (r != -EBADMSG || !*why)
				abort();
			continue;
		}
		p.key = rules;
		kms_decide(&a, &p, &d);
		kms_decide(&a, &p, &again);
		if (d.verdict != again.verdict ||
		    (d.verdict == KMS_VERDICT_ALLOWED && !d.reason.statement))
			abort();
		p.identity = identity;
		p.nidentity = 1;
		kms_decide(&a, &p, &d);
		if (d.verdict == KMS_VERDICT_ALLOWED)
			abort();
		kms_rules_free(rules);
	}
	return 0;
}
