/* SPDX-License-Identifier: MIT */
/*
 * Listings: every element once, in pages of any size, also while elements
 * come and go; markers of something else are refused.
 */
#include "tests/unit/kms.h"

#define KEYS	123
#define ALIASES 103

static char ids[KEYS][37];

static int position(const char *id)
{
	for (int i = 0; i < KEYS; i++)
		if (strcmp(ids[i], id) == 0)
			return i;
	return -1;
}

/*
 * Walk all pages of @op; the number of elements, -1 if one came twice, was
 * unknown, or a page broke the rules.  @limit 0: not given.
 */
static int walk(struct kms_service *svc, const char *op, const char *list,
		int limit, int fallback, int *ret_pages)
{
	char marker[1100] = "", last[256] = "";
	int total = 0;

	for (*ret_pages = 1;; ++*ret_pages) {
		char body[1300], text[32] = "";
		const cJSON *items, *item, *truncated, *next;
		int n;

		if (limit)
			snprintf(text, sizeof(text), "\"Limit\":%d", limit);
		snprintf(body, sizeof(body), "{%s%s%s%s%s}", text,
			 limit && *marker ? "," : "",
			 *marker ? "\"Marker\":\"" : "", marker,
			 *marker ? "\"" : "");
		if (*test_call(svc, op, body))
			return -1;
		items = cJSON_GetObjectItem(test_reply.body, list);
		truncated = cJSON_GetObjectItem(test_reply.body, "Truncated");
		next = cJSON_GetObjectItem(test_reply.body, "NextMarker");
		n = cJSON_GetArraySize(items);
		if (!cJSON_IsBool(truncated) ||
		    cJSON_IsTrue(truncated) != (next != NULL) ||
		    n > (limit ? limit : fallback) ||
		    (next && n != (limit ? limit : fallback)))
			return -1;
		cJSON_ArrayForEach(item, items)
		{
			const char *name = item->child->valuestring;

			/* In order, so none comes twice. */
			if (strcmp(name, last) <= 0)
				return -1;
			snprintf(last, sizeof(last), "%s", name);
			total++;
		}
		if (!next)
			return total;
		snprintf(marker, sizeof(marker), "%s", next->valuestring);
	}
}

static void test_keys(struct kms_service *svc)
{
	static const int limits[] = {0, 1, 2, 61, 122, 123, 124, 1000};
	static const int pages[] = {2, 123, 62, 3, 2, 1, 1, 1};
	int n, found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		char name[64];

		snprintf(name, sizeof(name), "all_keys_in_pages_of_%d",
			 limits[i]);
		TAP_EQ_INT(walk(svc, "ListKeys", "Keys", limits[i], 100, &n),
			   KEYS, name);
		TAP_EQ_INT(n, pages[i], "in_so_many_pages");
	}
	{
		const cJSON *item;

		test_call(svc, "ListKeys", "{\"Limit\":1000}");
		cJSON_ArrayForEach(item,
				   cJSON_GetObjectItem(test_reply.body, "Keys"))
		{
			const char *id =
				cJSON_GetObjectItem(item, "KeyId")->valuestring;
			const char *arn = cJSON_GetObjectItem(item, "KeyArn")
						  ->valuestring;

			found += position(id) >= 0 && strstr(arn, id);
		}
	}
	TAP_EQ_INT(found, KEYS, "each_key_with_its_arn");
}

static void test_aliases(struct kms_service *svc)
{
	static const int limits[] = {0, 1, 50, 51, 100};
	static const int pages[] = {3, 103, 3, 3, 2};
	int n;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		char name[64];

		snprintf(name, sizeof(name), "all_aliases_in_pages_of_%d",
			 limits[i]);
		TAP_EQ_INT(
			walk(svc, "ListAliases", "Aliases", limits[i], 50, &n),
			ALIASES, name);
		TAP_EQ_INT(n, pages[i], "in_so_many_pages");
	}
}

/* The element that the marker names goes away before the next page. */
static void test_change_between_pages(struct kms_service *svc)
{
	char marker[1100], gone[300], first[300];
	const cJSON *items;

	test_call(svc, "ListAliases", "{\"Limit\":10}");
	items = cJSON_GetObjectItem(test_reply.body, "Aliases");
	snprintf(gone, sizeof(gone), "%s",
		 cJSON_GetArrayItem(items, 9)->child->valuestring);
	snprintf(marker, sizeof(marker), "%s", test_string("NextMarker"));
	test_callf(svc, "ListAliases", "{\"Limit\":1,\"Marker\":\"%s\"}",
		   marker);
	items = cJSON_GetObjectItem(test_reply.body, "Aliases");
	snprintf(first, sizeof(first), "%s",
		 cJSON_GetArrayItem(items, 0)->child->valuestring);
	test_callf(svc, "DeleteAlias", "{\"AliasName\":\"%s\"}", gone);
	test_callf(svc, "ListAliases", "{\"Limit\":1,\"Marker\":\"%s\"}",
		   marker);
	items = cJSON_GetObjectItem(test_reply.body, "Aliases");
	TAP_EQ_STR(cJSON_GetArrayItem(items, 0)->child->valuestring, first,
		   "a_marker_outlives_its_element");
}

static void test_markers(struct kms_service *svc)
{
	char marker[1100], body[1200];

	test_call(svc, "ListAliases", "{\"Limit\":1}");
	snprintf(marker, sizeof(marker), "%s", test_string("NextMarker"));
	TAP_EQ_STR(test_callf(svc, "ListKeys", "{\"Marker\":\"%s\"}", marker),
		   "InvalidMarkerException", "a_marker_of_another_listing");
	snprintf(body, sizeof(body), "{\"Marker\":\"%s\"}", marker);
	TAP_EQ_STR(test_call_as(svc, &test_root, OTHER_REGION, "ListAliases",
				body),
		   "InvalidMarkerException", "a_marker_of_another_region");
	TAP_EQ_STR(test_call(svc, "ListKeys", "{\"Marker\":\"nonsense\"}"),
		   "InvalidMarkerException", "no_marker_at_all");
	TAP_EQ_STR(test_call(svc, "ListKeys", "{\"Marker\":\"AAAA\"}"),
		   "InvalidMarkerException", "bytes_of_nothing");
	memset(marker, 'A', 1024);
	marker[1024] = '\0';
	TAP_EQ_STR(test_callf(svc, "ListKeys", "{\"Marker\":\"%s\"}", marker),
		   "InvalidMarkerException", "the_longest_marker");
}

int main(void)
{
	struct kms_service *svc;

	test_begin();
	svc = test_open(NULL);
	for (int i = 0; i < KEYS; i++)
		test_create_key(svc, ids[i]);
	for (int i = 0; i < ALIASES; i++)
		test_callf(svc, "CreateAlias",
			   "{\"AliasName\":\"alias/a%d\",\"TargetKeyId\":"
			   "\"%s\"}",
			   i, ids[i]);
	TAP_EQ_STR(
		test_call_as(svc, &test_root, OTHER_REGION, "ListKeys", "{}"),
		"", "another_region_lists_its_own");
	TAP_EQ_INT(cJSON_GetArraySize(
			   cJSON_GetObjectItem(test_reply.body, "Keys")),
		   0, "which_are_none");
	test_keys(svc);
	test_aliases(svc);
	test_change_between_pages(svc);
	test_markers(svc);
	test_end(svc);
	return tap_done();
}
