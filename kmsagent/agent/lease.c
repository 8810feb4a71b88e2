/* SPDX-License-Identifier: MIT */
/* Leases.  Pure: see the header. */
#include "kmsagent/agent/lease.h"

#define LOCAL_INTERVAL_MS 1000

static int64_t jittered(int64_t distance_ms, unsigned jitter)
{
	int64_t swing = distance_ms / 5;

	return distance_ms - swing / 2 +
	       (swing ? (int64_t)(jitter % (uint64_t)swing) : 0);
}

static void check_in(struct lease *l, int64_t distance_ms, int64_t now_ms,
		     unsigned jitter)
{
	l->check_ms = now_ms + jittered(distance_ms, jitter);
}

static void start(struct lease *l, const struct lease_terms *t, int64_t now_ms,
		  unsigned jitter)
{
	l->state = LEASE_STATE_LIVE;
	l->denied_since_ms = 0;
	l->ends_ms = now_ms + t->lease_ms - LEASE_EARLY_MS;
	check_in(l, t->interval_ms, now_ms, jitter);
}

static void stop(struct lease *l, enum lease_state state)
{
	bool checking = l->checking; /* its answer will still come */

	*l = (struct lease){.state = state, .checking = checking};
}

static bool is_running(const struct lease *l)
{
	return l->state != LEASE_STATE_UNUSED &&
	       l->state != LEASE_STATE_REVOKED;
}

static enum lease_action on_timer(struct lease *l, int64_t now_ms)
{
	if (now_ms >= l->ends_ms) {
		stop(l, LEASE_STATE_UNUSED);
		return LEASE_ACTION_RUN_OUT;
	}
	if (now_ms >= l->check_ms && !l->checking) {
		l->checking = true;
		return LEASE_ACTION_CHECK;
	}
	return LEASE_ACTION_NONE;
}

static enum lease_action on_denied(struct lease *l, const struct lease_terms *t,
				   int64_t now_ms, unsigned jitter)
{
	if (l->denied_since_ms == 0)
		l->denied_since_ms = now_ms;
	if (now_ms - l->denied_since_ms >= t->confirm_ms) {
		stop(l, LEASE_STATE_REVOKED);
		return LEASE_ACTION_TAKE_BACK;
	}
	l->state = LEASE_STATE_DENIED;
	check_in(l, t->retry_ms, now_ms, jitter);
	return LEASE_ACTION_NONE;
}

enum lease_action lease_step(struct lease *l, const struct lease_terms *t,
			     enum lease_event event, int64_t now_ms,
			     int64_t left_ms, unsigned jitter)
{
	switch (event) {
	case LEASE_EVENT_OK:
	case LEASE_EVENT_REVOKED:
	case LEASE_EVENT_DENIED:
	case LEASE_EVENT_UNREACHABLE:
		l->checking = false;
		if (!is_running(l))
			return LEASE_ACTION_NONE;
		break;
	case LEASE_EVENT_TIMER:
		if (!is_running(l))
			return LEASE_ACTION_NONE;
		break;
	case LEASE_EVENT_DELIVERED:
	case LEASE_EVENT_FOUND:
	case LEASE_EVENT_EMPTY:
		break;
	}
	switch (event) {
	case LEASE_EVENT_DELIVERED:
	case LEASE_EVENT_OK:
		start(l, t, now_ms, jitter);
		return LEASE_ACTION_RENEW;
	case LEASE_EVENT_FOUND:
		start(l, t, now_ms, jitter);
		if (left_ms > 0 && left_ms < t->lease_ms)
			l->ends_ms = now_ms + left_ms - LEASE_EARLY_MS;
		l->check_ms = now_ms;
		return LEASE_ACTION_NONE;
	case LEASE_EVENT_REVOKED:
		stop(l, LEASE_STATE_REVOKED);
		return LEASE_ACTION_TAKE_BACK;
	case LEASE_EVENT_DENIED:
		return on_denied(l, t, now_ms, jitter);
	case LEASE_EVENT_UNREACHABLE:
		l->state = LEASE_STATE_UNREACHABLE;
		check_in(l, t->retry_ms, now_ms, jitter);
		return LEASE_ACTION_NONE;
	case LEASE_EVENT_TIMER:
		return on_timer(l, now_ms);
	case LEASE_EVENT_EMPTY:
		/* That the keys were taken back is still to be told. */
		if (is_running(l))
			stop(l, LEASE_STATE_UNUSED);
		return LEASE_ACTION_NONE;
	}
	return LEASE_ACTION_NONE;
}

int64_t lease_wake_ms(const struct lease *l)
{
	if (!is_running(l))
		return 0;
	return l->checking || l->ends_ms < l->check_ms ? l->ends_ms
						       : l->check_ms;
}

int64_t lease_interval_ms(int64_t lease_ms, int64_t configured_ms,
			  bool is_local)
{
	int64_t interval = is_local ? LOCAL_INTERVAL_MS : configured_ms;

	if (interval > lease_ms / 3)
		interval = lease_ms / 3;
	return interval < 500 ? 500 : interval;
}

unsigned lease_timeout_s(int64_t left_ms)
{
	return (unsigned)((left_ms + 999) / 1000) + 1;
}

const char *lease_state_name(enum lease_state state)
{
	static const char *const names[] = {
		[LEASE_STATE_UNUSED] = "unused",
		[LEASE_STATE_LIVE] = "live",
		[LEASE_STATE_DENIED] = "unreachable",
		[LEASE_STATE_UNREACHABLE] = "unreachable",
		[LEASE_STATE_REVOKED] = "revoked",
	};

	return names[state];
}
