/* SPDX-License-Identifier: MIT */
/*
 * Tags and descriptions.  Limits are those of the API Reference (TagResource,
 * UntagResource, ListResourceTags, UpdateKeyDescription) and of the service
 * model; texts are those that AWS KMS was recorded to send.
 */
#include "tests/unit/kms.h"

#define RESERVED "Tags beginning with aws: are reserved"

static char key[37];

/* "k=v k=v " of all pages; "(...)" if a page broke the rules. */
static const char *tags(struct kms_service *svc, const char *id, int limit)
{
	static char got[8192];
	char marker[1100] = "";

	got[0] = '\0';
	for (;;) {
		char body[1300];
		const cJSON *list, *tag, *next;

		snprintf(body, sizeof(body), "{\"KeyId\":\"%s\"%s%s%s", id,
			 *marker ? ",\"Marker\":\"" : "", marker,
			 *marker ? "\"" : "");
		if (limit)
			snprintf(body + strlen(body),
				 sizeof(body) - strlen(body), ",\"Limit\":%d",
				 limit);
		strcat(body, "}");
		if (*test_call(svc, "ListResourceTags", body))
			return "(error)";
		list = cJSON_GetObjectItem(test_reply.body, "Tags");
		next = cJSON_GetObjectItem(test_reply.body, "NextMarker");
		if (cJSON_IsTrue(cJSON_GetObjectItem(test_reply.body,
						     "Truncated")) != !!next ||
		    (next && cJSON_GetArraySize(list) != (limit ? limit : 50)))
			return "(page)";
		cJSON_ArrayForEach(tag, list)
		{
			size_t n = strlen(got);

			snprintf(
				got + n, sizeof(got) - n, "%s=%s ",
				cJSON_GetObjectItem(tag, "TagKey")->valuestring,
				cJSON_GetObjectItem(tag, "TagValue")
					->valuestring);
		}
		if (!next)
			return got;
		snprintf(marker, sizeof(marker), "%s", next->valuestring);
	}
}

static const char *tag(struct kms_service *svc, const char *list)
{
	return test_callf(svc, "TagResource", "{\"KeyId\":\"%s\",\"Tags\":%s}",
			  key, list);
}

static const char *untag(struct kms_service *svc, const char *list)
{
	return test_callf(svc, "UntagResource",
			  "{\"KeyId\":\"%s\",\"TagKeys\":%s}", key, list);
}

static void test_changes(struct kms_service *svc)
{
	TAP_EQ_STR(tags(svc, key, 0), "", "a_new_key_has_no_tags");
	TAP_EQ_STR(tag(svc, "[{\"TagKey\":\"b\",\"TagValue\":\"1\"},"
			    "{\"TagKey\":\"a\",\"TagValue\":\"\"}]"),
		   "", "tags_are_put");
	TAP_OK(!test_reply.body, "with_an_empty_answer");
	TAP_EQ_STR(tags(svc, key, 0), "a= b=1 ", "and_listed");
	TAP_EQ_STR(tag(svc, "[{\"TagKey\":\"b\",\"TagValue\":\"2\"},"
			    "{\"TagKey\":\"B\",\"TagValue\":\"3\"}]"),
		   "", "the_same_key_again");
	TAP_EQ_STR(tags(svc, key, 0), "B=3 a= b=2 ",
		   "overwrites_case_sensitively");
	TAP_EQ_STR(untag(svc, "[\"a\",\"not-there\"]"), "",
		   "what_is_not_there_is_no_error");
	TAP_EQ_STR(tags(svc, key, 0), "B=3 b=2 ", "what_was_is_gone");
	TAP_EQ_STR(untag(svc, "[\"B\",\"b\"]"), "", "the_last_can_go");
	TAP_EQ_STR(tags(svc, key, 0), "", "then_there_is_none");
}

static void test_refusals(struct kms_service *svc)
{
	char many[4096] = "[", create[4200];
	size_t n = 1;

	test_says(tag(svc, "[{\"TagKey\":\"aws:x\",\"TagValue\":\"\"}]"),
		  "TagException", RESERVED, "AWSs_prefix_is_refused");
	test_says(tag(svc, "[{\"TagKey\":\"AWS:x\",\"TagValue\":\"\"}]"),
		  "TagException", RESERVED, "in_any_case");
	test_says(untag(svc, "[\"aws:x\"]"), "TagException", RESERVED,
		  "nor_can_it_be_removed");
	test_says(tag(svc, "[{\"TagKey\":\"x\",\"TagValue\":\"1\"},"
			   "{\"TagKey\":\"x\",\"TagValue\":\"1\"}]"),
		  "TagException", "Duplicate tag keys",
		  "a_key_twice_is_refused");
	test_says(tag(svc, "[{\"TagKey\":\"\",\"TagValue\":\"\"}]"),
		  "ValidationException",
		  "1 validation error detected: Value '' at "
		  "'tags.1.member.tagKey' failed to satisfy constraint: Member "
		  "must have length greater than or equal to 1",
		  "an_empty_key_is_refused");
	TAP_EQ_STR(tag(svc, "{}"), "SerializationException",
		   "what_is_no_list_is_refused");
	TAP_EQ_STR(untag(svc, "[\"\"]"), "ValidationException",
		   "an_empty_key_cannot_be_removed");
	test_says(test_callf(svc, "TagResource", "{\"KeyId\":\"%s\"}", key),
		  "ValidationException",
		  "1 validation error detected: Value null at 'tags' failed "
		  "to satisfy constraint: Member must not be null",
		  "tags_are_required");
	TAP_EQ_STR(tags(svc, key, 0), "", "what_is_refused_is_not_done");

	for (int i = 0; i < 50; i++)
		n += (size_t)snprintf(
			many + n, sizeof(many) - n,
			"%s{\"TagKey\":\"t%02d\",\"TagValue\":\"%d\"}",
			i ? "," : "", i, i);
	strcpy(many + n, "]");
	TAP_EQ_STR(tag(svc, many), "", "fifty_tags_are_taken");
	TAP_EQ_STR(tag(svc, "[{\"TagKey\":\"t49\",\"TagValue\":\"x\"}]"), "",
		   "and_one_of_them_again");
	test_says(tag(svc, "[{\"TagKey\":\"one-more\",\"TagValue\":\"\"}]"),
		  "TagException", "Too many tags", "the_51st_is_refused");
	strcpy(many + n, ",{\"TagKey\":\"x\",\"TagValue\":\"\"}]");
	snprintf(create, sizeof(create), "{\"Tags\":%s}", many);
	test_says(test_call(svc, "CreateKey", create), "TagException",
		  "Too many tags", "at_once_too");
}

/* All pages together are the same, whatever their size. */
static void test_pages(struct kms_service *svc)
{
	static const int limits[] = {1, 2, 24, 25, 49, 50};
	char *all = strdup(tags(svc, key, 0));

	TAP_OK(strncmp(all, "t00=0 t01=1 ", 12) == 0 && strstr(all, "t49=x "),
	       "fifty_tags_are_listed");
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		char name[64];

		snprintf(name, sizeof(name), "in_pages_of_%d", limits[i]);
		TAP_EQ_STR(tags(svc, key, limits[i]), all, name);
	}
	free(all);
	TAP_EQ_STR(tags(svc, key, 51), "(error)", "a_page_of_51_is_refused");
	test_says(test_callf(svc, "ListResourceTags",
			     "{\"KeyId\":\"%s\",\"Limit\":0}", key),
		  "ValidationException",
		  "1 validation error detected: Value '0' at 'limit' failed "
		  "to satisfy constraint: Member must have value greater than "
		  "or equal to 1",
		  "a_page_of_0_too");
	TAP_EQ_STR(test_callf(svc, "ListResourceTags",
			      "{\"KeyId\":\"%s\",\"Marker\":\"nonsense\"}",
			      key),
		   "InvalidMarkerException", "a_marker_of_nothing");
}

static const char *describe(struct kms_service *svc, const char *text)
{
	return test_callf(svc, "UpdateKeyDescription",
			  "{\"KeyId\":\"%s\",\"Description\":\"%s\"}", key,
			  text);
}

static void test_description(struct kms_service *svc)
{
	char longest[8194];

	TAP_EQ_STR(describe(svc, "d\xc3\xa9j\xc3\xa0"), "", "a_description");
	test_callf(svc, "DescribeKey", "{\"KeyId\":\"%s\"}", key);
	TAP_EQ_STR(test_string("KeyMetadata.Description"), "d\xc3\xa9j\xc3\xa0",
		   "is_shown");
	TAP_EQ_STR(describe(svc, ""), "", "an_empty_one");
	test_callf(svc, "DescribeKey", "{\"KeyId\":\"%s\"}", key);
	TAP_EQ_STR(test_string("KeyMetadata.Description"), "", "empties_it");
	TAP_EQ_STR(test_callf(svc, "UpdateKeyDescription", "{\"KeyId\":\"%s\"}",
			      key),
		   "ValidationException", "none_is_refused");
	memset(longest, 'x', 8193);
	longest[8193] = '\0';
	TAP_EQ_STR(describe(svc, longest), "ValidationException",
		   "8193_characters_are_refused");
	TAP_EQ_STR(describe(svc, longest + 1), "", "8192_are_not");
}

/* A managed key is not the customer's to write on; aliases are not taken. */
static void test_keys(struct kms_service *svc)
{
	static const char *const ops[] = {"TagResource", "UntagResource",
					  "UpdateKeyDescription"};
	char managed[256];

	test_call_as(svc, &test_agent, TEST_REGION, "GenerateDataKey",
		     "{\"KeyId\":\"alias/aws/kmsagent\","
		     "\"KeySpec\":\"AES_256\"}");
	snprintf(managed, sizeof(managed), "%s", test_string("KeyId"));
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		static const char rest[] = "\"Tags\":[],\"TagKeys\":[],"
					   "\"Description\":\"\"";
		char name[64];

		snprintf(name, sizeof(name), "%s_of_a_managed_key", ops[i]);
		TAP_EQ_STR(test_callf(svc, ops[i], "{\"KeyId\":\"%s\",%s}",
				      managed, rest),
			   "AccessDeniedException", name);
		snprintf(name, sizeof(name), "%s_by_an_alias", ops[i]);
		test_says(test_callf(svc, ops[i],
				     "{\"KeyId\":\"alias/aws/kmsagent\",%s}",
				     rest),
			  "NotFoundException",
			  "Invalid keyId 'alias/aws/kmsagent'", name);
	}
}

static void test_reopen(void)
{
	struct kms_service *svc = test_open("store");

	test_call(svc, "CreateKey",
		  "{\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"1\"},"
		  "{\"TagKey\":\"b\",\"TagValue\":\"2\"}]}");
	snprintf(key, sizeof(key), "%s", test_string("KeyMetadata.KeyId"));
	TAP_EQ_STR(tags(svc, key, 0), "a=1 b=2 ", "CreateKey_puts_tags");
	tag(svc, "[{\"TagKey\":\"c\",\"TagValue\":\"3\"}]");
	untag(svc, "[\"a\"]");
	describe(svc, "kept");
	test_end(svc);
	svc = test_open("store");
	TAP_EQ_STR(tags(svc, key, 0), "b=2 c=3 ", "tags_outlive_a_restart");
	test_callf(svc, "DescribeKey", "{\"KeyId\":\"%s\"}", key);
	TAP_EQ_STR(test_string("KeyMetadata.Description"), "kept",
		   "and_so_does_the_description");
	TAP_EQ_STR(tag(svc, "[{\"TagKey\":\"d\",\"TagValue\":\"4\"}]"), "",
		   "and_they_can_be_changed_again");
	test_end(svc);
}

int main(void)
{
	struct kms_service *svc;

	test_begin();
	svc = test_open(NULL);
	test_create_key(svc, key);
	test_changes(svc);
	test_refusals(svc);
	test_pages(svc);
	test_description(svc);
	test_keys(svc);
	test_end(svc);
	test_reopen();
	return tap_done();
}
