/* SPDX-License-Identifier: MIT */
/* The lease machine under a clock of our own: what it does, and when. */
#include "kmsagent/agent/lease.h"
#include "tests/unit/tap.h"

#define T0 1000000 /* any start */

static const struct lease_terms terms = {
	.lease_ms = 3600000,
	.interval_ms = 1000,
	.retry_ms = 1000,
	.confirm_ms = 60000,
};

static enum lease_action step(struct lease *l, enum lease_event e,
			      int64_t now_ms)
{
	return lease_step(l, &terms, e, now_ms, 0, 7);
}

static struct lease delivered(void)
{
	struct lease l = {0};

	step(&l, LEASE_EVENT_DELIVERED, T0);
	return l;
}

static void test_delivery(void)
{
	struct lease l = {0};

	TAP_EQ_INT(lease_wake_ms(&l), 0, "unused_lease_never_wakes");
	TAP_EQ_INT(step(&l, LEASE_EVENT_TIMER, T0), LEASE_ACTION_NONE,
		   "unused_lease_ignores_a_timer");
	TAP_EQ_INT(step(&l, LEASE_EVENT_DELIVERED, T0), LEASE_ACTION_RENEW,
		   "delivery_renews_what_was_delivered_before");
	TAP_EQ_INT(l.state, LEASE_STATE_LIVE, "delivery_makes_it_live");
	TAP_EQ_INT(l.ends_ms, T0 + terms.lease_ms - LEASE_EARLY_MS,
		   "lease_ends_a_moment_before_the_kernel_timeout");
	TAP_OK(l.check_ms >= T0 + 900 && l.check_ms <= T0 + 1100,
	       "first_check_comes_after_a_jittered_interval");
}

static void test_jitter(void)
{
	int64_t low = INT64_MAX, high = 0;
	bool within = true;

	for (unsigned j = 0; j < 5000; j++) {
		struct lease l = {0};

		lease_step(&l, &terms, LEASE_EVENT_DELIVERED, T0, 0, j);
		within = within && l.check_ms >= T0 + 900 &&
			 l.check_ms <= T0 + 1100;
		low = l.check_ms < low ? l.check_ms : low;
		high = l.check_ms > high ? l.check_ms : high;
	}
	TAP_OK(within, "jitter_stays_within_a_tenth");
	TAP_OK(high - low > 150, "jitter_spreads_the_checks");
}

static void test_checks(void)
{
	struct lease l = delivered();
	int64_t at = lease_wake_ms(&l);

	TAP_EQ_INT(step(&l, LEASE_EVENT_TIMER, at - 1), LEASE_ACTION_NONE,
		   "early_timer_does_nothing");
	TAP_EQ_INT(step(&l, LEASE_EVENT_TIMER, at), LEASE_ACTION_CHECK,
		   "timer_asks_the_kms");
	TAP_EQ_INT(step(&l, LEASE_EVENT_TIMER, at + 5000), LEASE_ACTION_NONE,
		   "one_question_at_a_time");
	TAP_EQ_INT(lease_wake_ms(&l), l.ends_ms,
		   "while_asking_only_the_end_wakes");
	TAP_EQ_INT(step(&l, LEASE_EVENT_OK, at + 6000), LEASE_ACTION_RENEW,
		   "yes_renews");
	TAP_EQ_INT(l.ends_ms, at + 6000 + terms.lease_ms - LEASE_EARLY_MS,
		   "yes_moves_the_end");
}

static void test_revoked(void)
{
	struct lease l = delivered();

	TAP_EQ_INT(step(&l, LEASE_EVENT_REVOKED, T0 + 1000),
		   LEASE_ACTION_TAKE_BACK,
		   "disabled_key_is_taken_back_at_once");
	TAP_EQ_INT(l.state, LEASE_STATE_REVOKED, "it_is_revoked_then");
	TAP_EQ_INT(lease_wake_ms(&l), 0, "revoked_lease_never_wakes");
	step(&l, LEASE_EVENT_EMPTY, T0 + 1001);
	TAP_EQ_INT(l.state, LEASE_STATE_REVOKED,
		   "it_stays_told_when_the_keys_are_gone");
	TAP_EQ_INT(step(&l, LEASE_EVENT_OK, T0 + 1002), LEASE_ACTION_NONE,
		   "late_yes_does_not_bring_it_back");
	TAP_EQ_INT(l.state, LEASE_STATE_REVOKED, "late_yes_changes_nothing");
	TAP_EQ_INT(step(&l, LEASE_EVENT_DELIVERED, T0 + 9000),
		   LEASE_ACTION_RENEW, "new_delivery_starts_anew");
}

static void test_denied(void)
{
	struct lease l = delivered();
	enum lease_action a = LEASE_ACTION_NONE;
	int64_t now = T0 + 1000;

	for (; now < T0 + 61000; now += 1000) {
		a = step(&l, LEASE_EVENT_DENIED, now);
		if (a != LEASE_ACTION_NONE)
			break;
	}
	TAP_EQ_INT(a, LEASE_ACTION_NONE, "denied_for_59_seconds_is_kept");
	TAP_EQ_INT(l.state, LEASE_STATE_DENIED, "it_is_under_suspicion");
	TAP_EQ_INT(step(&l, LEASE_EVENT_DENIED, T0 + 61000),
		   LEASE_ACTION_TAKE_BACK, "denied_for_60_seconds_is_revoked");

	l = delivered();
	step(&l, LEASE_EVENT_DENIED, T0 + 1000);
	step(&l, LEASE_EVENT_OK, T0 + 50000);
	TAP_EQ_INT(step(&l, LEASE_EVENT_DENIED, T0 + 70000), LEASE_ACTION_NONE,
		   "yes_between_starts_the_wait_again");

	l = delivered();
	step(&l, LEASE_EVENT_DENIED, T0 + 1000);
	step(&l, LEASE_EVENT_UNREACHABLE, T0 + 30000);
	TAP_EQ_INT(step(&l, LEASE_EVENT_DENIED, T0 + 61000),
		   LEASE_ACTION_TAKE_BACK, "silence_between_does_not");
}

static void test_unreachable(void)
{
	struct lease l = delivered();
	int64_t ends = l.ends_ms;

	TAP_EQ_INT(step(&l, LEASE_EVENT_UNREACHABLE, T0 + 1000),
		   LEASE_ACTION_NONE, "outage_takes_nothing_back");
	TAP_EQ_INT(l.ends_ms, ends, "outage_does_not_move_the_end");
	TAP_EQ_INT(step(&l, LEASE_EVENT_TIMER, ends - 1), LEASE_ACTION_CHECK,
		   "it_is_asked_to_the_last");
	TAP_EQ_INT(step(&l, LEASE_EVENT_TIMER, ends), LEASE_ACTION_RUN_OUT,
		   "at_the_end_the_keys_go");
	TAP_EQ_INT(step(&l, LEASE_EVENT_OK, ends + 10), LEASE_ACTION_NONE,
		   "answer_after_the_end_comes_too_late");
	TAP_EQ_INT(l.state, LEASE_STATE_UNUSED, "nothing_is_in_use_then");
}

static void test_found(void)
{
	struct lease l = {0};

	TAP_EQ_INT(lease_step(&l, &terms, LEASE_EVENT_FOUND, T0, 60000, 0),
		   LEASE_ACTION_NONE, "found_keys_are_not_retimed_unasked");
	TAP_EQ_INT(lease_wake_ms(&l), T0, "found_keys_are_asked_about_at_once");
	TAP_EQ_INT(l.ends_ms, T0 + 60000 - LEASE_EARLY_MS,
		   "found_keys_keep_what_is_left_of_their_lease");
	l = (struct lease){0};
	lease_step(&l, &terms, LEASE_EVENT_FOUND, T0, INT64_C(86400000), 0);
	TAP_EQ_INT(l.ends_ms, T0 + terms.lease_ms - LEASE_EARLY_MS,
		   "never_longer_than_the_entry_says");
}

static void test_empty(void)
{
	struct lease l = delivered();

	step(&l, LEASE_EVENT_EMPTY, T0 + 500);
	TAP_EQ_INT(l.state, LEASE_STATE_UNUSED, "no_keys_no_lease");
	TAP_EQ_INT(lease_wake_ms(&l), 0, "no_keys_no_questions");
}

static void test_interval(void)
{
	TAP_EQ_INT(lease_interval_ms(3600000, 300000, true), 1000,
		   "local_kms_is_asked_every_second");
	TAP_EQ_INT(lease_interval_ms(3600000, 300000, false), 300000,
		   "remote_kms_is_asked_as_configured");
	TAP_EQ_INT(lease_interval_ms(600000, 300000, false), 200000,
		   "a_third_of_the_lease_at_most");
	TAP_EQ_INT(lease_interval_ms(2000, 300000, true), 666,
		   "short_leases_are_asked_about_more_often");
}

/* However the start falls within a second, not before the lease's end. */
static void test_timeout(void)
{
	TAP_EQ_INT(lease_timeout_s(60000), 61, "whole_seconds_get_one_more");
	TAP_EQ_INT(lease_timeout_s(59001), 61, "parts_of_a_second_count_up");
}

int main(void)
{
	test_timeout();
	test_delivery();
	test_jitter();
	test_checks();
	test_revoked();
	test_denied();
	test_unreachable();
	test_found();
	test_empty();
	test_interval();
	return tap_done();
}
