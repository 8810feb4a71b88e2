/* SPDX-License-Identifier: MIT */
/*
 * Cases of tests/unit/policy.h on stdin, one a line; on stdout what the
 * policy engine makes of each.
 *	policy-decide			the verdict, a line each
 *	policy-decide --time COUNT	nanoseconds a decision of the first
 *					case's key policy alone
 */
#include <err.h>
#include <time.h>

#include "tests/unit/policy.h"

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * (int64_t)1000000000 + t.tv_nsec;
}

static void measure(const cJSON *c, long count)
{
	char why[KMS_RULES_WHY_BYTES] = "";
	struct kms_principal who = {0};
	struct kms_rules *rules = NULL;
	struct kms_access a = {.who = &who, .condition = policy_case_condition};
	struct kms_reason reason;
	const char *arn = "";
	int64_t start;
	unsigned sum = 0;

	a.userdata = cJSON_GetObjectItem(c, "context");
	if (json_get_string(c, "principal", &arn) < 0 ||
	    json_get_string(c, "action", &a.action) < 0 ||
	    json_get_string(c, "resource", &a.resource) < 0 ||
	    kms_principal_parse(arn, &who) < 0 ||
	    policy_case_compile(cJSON_GetObjectItem(c, "key_policy"),
				KMS_RULES_OF_KEY, &rules, why) < 0)
		errx(1, "no case: %s", why);
	start = now_ns();
	for (long i = 0; i < count; i++)
		sum += kms_rules_evaluate(rules, &a, &reason);
	printf("%ld ns a decision (says %u)\n",
	       (long)((now_ns() - start) / count), sum / (unsigned)count);
	kms_rules_free(rules);
	kms_principal_done(&who);
}

int main(int argc, char **argv)
{
	_free_ char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	json_init();
	while ((len = getline(&line, &cap, stdin)) > 0) {
		char why[KMS_RULES_WHY_BYTES] = "";
		_json_ cJSON *c = NULL;

		if (json_parse_object(line, (size_t)len, &c) < 0)
			errx(1, "not JSON: %s", line);
		if (argc == 3 && strcmp(argv[1], "--time") == 0) {
			measure(c, atol(argv[2]));
			return 0;
		}
		printf("%s\n", policy_case_run(c, NULL, why));
	}
	return 0;
}
