/* SPDX-License-Identifier: MIT */
/*
 * A wall clock that leaps must not end a key: what is believed, by both
 * clocks that the test sets, across restarts and boots.
 */
#include "tests/unit/kms.h"

#define MINUTE ((int64_t)60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define YEAR   (365 * DAY)

/* Look once an hour for so long, both clocks going; the news of it all. */
static enum kms_trust_news run(struct kms_trust *t, int64_t *wall,
			       int64_t *boot, int64_t hours)
{
	enum kms_trust_news news = KMS_TRUST_SAME;

	for (int64_t i = 0; i < hours; i++) {
		enum kms_trust_news now;

		*wall += HOUR;
		*boot += HOUR;
		now = kms_trust_look(t, *wall, *boot);
		if (now != KMS_TRUST_SAME)
			news = now;
	}
	return news;
}

static void test_running(void)
{
	int64_t wall = NOW_MS, boot = HOUR;
	struct kms_trust t;

	kms_trust_start(&t, NULL, "a", wall, boot);
	TAP_EQ_INT(run(&t, &wall, &boot, 100), KMS_TRUST_SAME,
		   "a_sound_clock_is_believed");
	TAP_OK(t.believed_ms == wall, "to_the_full");
	wall += 5 * MINUTE;
	TAP_EQ_INT(kms_trust_look(&t, wall, boot), KMS_TRUST_SAME,
		   "a_correction_is_none_of_our_business");
	for (int i = 0; i < 100; i++) {
		wall += 5 * MINUTE;
		(void)kms_trust_look(&t, wall, boot);
	}
	TAP_OK(t.believed_ms < NOW_MS + 101 * HOUR,
	       "but_small_steps_do_not_add_up");
	wall = NOW_MS + 100 * HOUR;
	TAP_EQ_INT(kms_trust_look(&t, wall, boot), KMS_TRUST_AGREED,
		   "set_back_it_is_believed_again");

	wall += YEAR;
	TAP_EQ_INT(kms_trust_look(&t, wall, boot), KMS_TRUST_LEAPT,
		   "a_leap_of_a_year_is_noticed");
	TAP_EQ_INT(run(&t, &wall, &boot, 23), KMS_TRUST_SAME,
		   "and_not_believed_for_a_day");
	TAP_OK(t.believed_ms < NOW_MS + 125 * HOUR,
	       "meanwhile_time_goes_on_by_the_other_clock");
	wall += HOUR;
	(void)kms_trust_look(&t, wall, boot);
	TAP_EQ_INT(run(&t, &wall, &boot, 23), KMS_TRUST_SAME,
		   "another_leap_begins_the_day_anew");
	TAP_EQ_INT(run(&t, &wall, &boot, 2), KMS_TRUST_AGREED,
		   "after_a_day_as_it_is_it_is_believed");
	TAP_OK(t.believed_ms == wall, "to_the_full_again");
	wall -= YEAR;
	TAP_EQ_INT(run(&t, &wall, &boot, 1), KMS_TRUST_SAME, "set_back");
	TAP_OK(t.believed_ms > wall + YEAR - 2 * HOUR,
	       "what_was_believed_is_not_forgotten");
}

static int64_t after_boot(const struct kms_trust *saved, int64_t wall,
			  int64_t boot, const char *id)
{
	struct kms_trust t;

	kms_trust_start(&t, saved, id, wall, boot);
	(void)kms_trust_look(&t, wall, boot);
	return t.believed_ms;
}

static void test_boots(void)
{
	struct kms_trust t, back;
	_json_text_ char *text = NULL;

	kms_trust_start(&t, NULL, "a", NOW_MS, HOUR);
	text = kms_trust_encode(&t);
	TAP_OK(text && kms_trust_decode(text, strlen(text), &back) == 0 &&
		       back.believed_ms == NOW_MS && !strcmp(back.boot_id, "a"),
	       "what_is_believed_can_be_written_down");
	TAP_EQ_INT(kms_trust_decode("{\"v\":1}", 7, &back), -EBADMSG,
		   "half_a_record_is_refused");
	TAP_OK(after_boot(&t, NOW_MS + 30 * DAY, HOUR + 30 * DAY, "a") ==
		       NOW_MS + 30 * DAY,
	       "kmsd_may_be_away_for_long_while_the_machine_runs");
	TAP_OK(after_boot(&t, NOW_MS + 30 * DAY, 2 * HOUR, "a") ==
		       NOW_MS + HOUR,
	       "but_the_clock_may_not_leap_meanwhile");
	TAP_OK(after_boot(&t, NOW_MS + DAY, MINUTE, "b") == NOW_MS + DAY,
	       "the_machine_may_be_off_for_a_day");
	TAP_OK(after_boot(&t, NOW_MS + 2 * DAY, MINUTE, "b") == NOW_MS + MINUTE,
	       "what_is_longer_has_to_prove_itself");
	TAP_OK(after_boot(&t, NOW_MS + DAY, MINUTE, "") == NOW_MS + DAY,
	       "no_boot_id_counts_as_another_boot");
	TAP_OK(after_boot(&t, NOW_MS - YEAR, MINUTE, "b") == NOW_MS + MINUTE,
	       "a_dead_battery_takes_nothing_back");
}

/* A machine that runs 8 hours a day, after a month off. */
static void test_short_days(void)
{
	int64_t wall = NOW_MS + 30 * DAY, boot = MINUTE;
	struct kms_trust t, saved;
	int days = 0;

	kms_trust_start(&saved, NULL, "0", NOW_MS, HOUR);
	for (;;) {
		char id[8];

		snprintf(id, sizeof(id), "%d", ++days);
		kms_trust_start(&t, &saved, id, wall, boot);
		(void)kms_trust_look(&t, wall, boot);
		if (run(&t, &wall, &boot, 8) == KMS_TRUST_AGREED || days > 9)
			break;
		saved = t;
		wall += 16 * HOUR;
		boot = MINUTE;
	}
	TAP_EQ_INT(days, 3, "three_days_of_8_hours_are_a_day");
}

static bool is_there(struct kms_service *svc, const char *id)
{
	return kms_index_find(&svc->regions[0].keys, id);
}

static void test_deletion(void)
{
	struct kms_service *svc = test_open("leap");
	char id[37];

	test_create_key(svc, id);
	test_callf(svc, "ScheduleKeyDeletion",
		   "{\"KeyId\":\"%s\",\"PendingWindowInDays\":7}", id);
	kms_service_tick(svc);
	test_now_ms += YEAR;
	test_boot_offset_ms -= YEAR; /* only the wall clock leapt */
	kms_service_tick(svc);
	TAP_OK(is_there(svc, id), "a_leap_of_a_year_ends_no_key");
	test_end(svc);
	svc = test_open("leap");
	kms_service_tick(svc);
	TAP_OK(is_there(svc, id), "nor_with_a_restart");
	test_end(svc);
	snprintf(test_boot, sizeof(test_boot), "2");
	test_boot_offset_ms -= HOUR - MINUTE;
	svc = test_open("leap");
	kms_service_tick(svc);
	TAP_OK(is_there(svc, id), "nor_with_a_boot");
	test_now_ms -= YEAR;
	test_boot_offset_ms += YEAR;
	TAP_EQ_STR(
		test_callf(svc, "CancelKeyDeletion", "{\"KeyId\":\"%s\"}", id),
		"", "set_right_the_key_can_be_called_back");
	test_callf(svc, "ScheduleKeyDeletion",
		   "{\"KeyId\":\"%s\",\"PendingWindowInDays\":7}", id);
	test_now_ms += 7 * DAY - 1;
	kms_service_tick(svc);
	TAP_OK(is_there(svc, id), "by_sound_clocks_not_before_its_time");
	test_now_ms += 1;
	kms_service_tick(svc);
	TAP_OK(!is_there(svc, id), "but_then");

	/* Scheduled by a clock that is late, as behind an empty battery. */
	test_create_key(svc, id);
	test_now_ms -= YEAR;
	test_boot_offset_ms += YEAR;
	test_callf(svc, "ScheduleKeyDeletion",
		   "{\"KeyId\":\"%s\",\"PendingWindowInDays\":7}", id);
	kms_service_tick(svc);
	test_now_ms += YEAR;
	test_boot_offset_ms -= YEAR;
	kms_service_tick(svc);
	TAP_OK(is_there(svc, id), "a_late_clock_makes_no_deletion_early");
	test_end(svc);
	test_now_ms = NOW_MS;
	test_boot_offset_ms = HOUR;
}

int main(void)
{
	test_begin();
	test_running();
	test_boots();
	test_short_days();
	test_deletion();
	return tap_done();
}
