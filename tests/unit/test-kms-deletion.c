/* SPDX-License-Identifier: MIT */
/*
 * The end of a key, by a clock that the test sets: recorded first, then gone
 * from memory and from the store, with its aliases and nothing else.
 */
#include "tests/unit/kms.h"

#define DAY_MS ((int64_t)86400000)

static char told[256];
static int told_times;
static int tell_result;

static int tell(void *userdata, const struct kms_event *event)
{
	(void)userdata;
	snprintf(told, sizeof(told), "%s %s %s", event->name, event->region,
		 event->key_arn);
	told_times++;
	return tell_result;
}

static int count(void *userdata, const char *name, const void *value,
		 size_t len, uint64_t revision)
{
	(void)value;
	(void)len;
	(void)revision;
	if (!strstr(name, (const char *)userdata))
		return 0;
	return -EEXIST;
}

/* Whether the store holds a record whose id holds @part. */
static bool is_stored(struct kms_service *svc, const char *kind, char *part)
{
	return store_scan(svc->store, kind, count, part) == -EEXIST;
}

static void schedule(struct kms_service *svc, const char *id, int days)
{
	if (*test_callf(svc, "ScheduleKeyDeletion",
			"{\"KeyId\":\"%s\",\"PendingWindowInDays\":%d}", id,
			days)) {
		printf("Bail out! %s\n", test_message());
		exit(1);
	}
}

int main(void)
{
	struct kms_service *svc;
	char soon[37], later[37], kept[37], want[256];

	test_begin();
	svc = test_open("store");
	test_create_key(svc, soon);
	test_create_key(svc, later);
	test_create_key(svc, kept);
	test_callf(svc, "CreateAlias",
		   "{\"AliasName\":\"alias/soon\",\"TargetKeyId\":\"%s\"}",
		   soon);
	test_callf(svc, "CreateAlias",
		   "{\"AliasName\":\"alias/soon2\",\"TargetKeyId\":\"%s\"}",
		   soon);
	test_callf(svc, "CreateAlias",
		   "{\"AliasName\":\"alias/kept\",\"TargetKeyId\":\"%s\"}",
		   kept);
	schedule(svc, soon, 7);
	schedule(svc, later, 8);
	/* What is due is known again after a restart. */
	test_end(svc);
	svc = test_open("store");
	svc->event = tell;

	test_now_ms = NOW_MS + 7 * DAY_MS - 1;
	kms_service_tick(svc);
	TAP_EQ_INT(told_times, 0, "nothing_goes_before_its_time");
	test_now_ms++;
	tell_result = -EIO;
	kms_service_tick(svc);
	TAP_EQ_INT(told_times, 1, "its_end_is_recorded_first");
	TAP_OK(is_stored(svc, "key", soon), "unrecorded_it_does_not_happen");
	TAP_EQ_STR(test_callf(svc, "DescribeKey", "{\"KeyId\":\"%s\"}", soon),
		   "NotFoundException", "though_the_key_is_not_usable");
	TAP_EQ_STR(test_callf(svc, "CreateAlias",
			      "{\"AliasName\":\"alias/soon\","
			      "\"TargetKeyId\":\"%s\"}",
			      kept),
		   "AlreadyExistsException", "and_its_alias_is_not_free");
	kms_service_tick(svc);
	TAP_EQ_INT(told_times, 1, "it_is_not_tried_all_the_time");
	test_now_ms += 60000;
	tell_result = 0;
	kms_service_tick(svc);
	TAP_EQ_INT(told_times, 2, "but_again_in_a_minute");
	snprintf(want, sizeof(want),
		 "DeleteKey " TEST_REGION " arn:aws:kms:" TEST_REGION
		 ":" TEST_ACCOUNT ":key/%s",
		 soon);
	TAP_EQ_STR(told, want, "the_event_names_the_key");
	TAP_OK(!is_stored(svc, "key", soon), "then_the_key_leaves_the_store");
	TAP_OK(!is_stored(svc, "alias", (char[]){"alias/soon"}),
	       "and_its_aliases_too");
	TAP_OK(is_stored(svc, "key", later) && is_stored(svc, "key", kept) &&
		       is_stored(svc, "alias", (char[]){"alias/kept"}),
	       "others_stay");
	TAP_EQ_INT(svc->regions[0].keys.count, 2, "in_memory_too");
	TAP_EQ_STR(test_callf(svc, "CreateAlias",
			      "{\"AliasName\":\"alias/soon\","
			      "\"TargetKeyId\":\"%s\"}",
			      kept),
		   "", "its_alias_is_free");
	TAP_EQ_STR(test_callf(svc, "CancelKeyDeletion", "{\"KeyId\":\"%s\"}",
			      later),
		   "", "who_is_called_back");
	test_now_ms = NOW_MS + 100 * DAY_MS;
	kms_service_tick(svc);
	TAP_EQ_INT(told_times, 2, "stays");
	test_end(svc);
	svc = test_open("store");
	TAP_EQ_INT(svc->regions[0].keys.count, 2, "after_a_restart_too");
	test_end(svc);
	return tap_done();
}
