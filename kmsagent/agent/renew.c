/* SPDX-License-Identifier: MIT */
/* Renewal and revocation.  What is decided is lease.c's. */
#include "kmsagent/agent/renew.h"

#include <string.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>

#include "kmsagent/agent/journal.h"
#include "kmsagent/base/clock.h"
#include "kmsagent/base/log.h"

#define CHECK_TIMEOUT_MS 10000
#define RETRY_MAX_MS	 5000

static const struct log_event event_revoked = {
	"8a0d2c6e4b7f4f0f9b1c5e3d7a6b9c01", "key-revoked"};
static const struct log_event event_lease = {"5c3f1e9a7d2b4c8e8f6a0b1d2e3c4f02",
					     "lease-changed"};

static struct lease_terms terms_of(const struct agent_key *k)
{
	const struct agent_config *c = &k->agent->config;
	int64_t lease_ms = k->entry.lease_s * 1000;
	int64_t interval = lease_interval_ms(
		lease_ms, c->renew_interval_s * 1000, agent_config_is_local(c));

	return (struct lease_terms){
		.lease_ms = lease_ms,
		.interval_ms = interval,
		.retry_ms = interval < RETRY_MAX_MS ? interval : RETRY_MAX_MS,
		.confirm_ms = c->denied_confirm_s * 1000,
	};
}

static unsigned random_unsigned(void)
{
	unsigned v = 0;

	/* Jitter only: 0 will do before the pool is ready. */
	if (getrandom(&v, sizeof(v), GRND_NONBLOCK) != (ssize_t)sizeof(v))
		return 0;
	return v;
}

static int on_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
	(void)s;
	(void)usec;
	agent_lease_event(userdata, LEASE_EVENT_TIMER, 0);
	return 0;
}

static void arm(struct agent_key *k)
{
	int64_t wake_ms = lease_wake_ms(&k->lease);
	uint64_t usec = (uint64_t)wake_ms * 1000;
	int r;

	if (wake_ms == 0) {
		if (k->timer)
			sd_event_source_set_enabled(k->timer, SD_EVENT_OFF);
		return;
	}
	if (!k->timer) {
		r = sd_event_add_time(k->agent->event, &k->timer,
				      CLOCK_BOOTTIME, usec, 10000, on_timer, k);
	} else {
		r = sd_event_source_set_time(k->timer, usec);
		if (r == 0)
			r = sd_event_source_set_enabled(k->timer,
							SD_EVENT_ONESHOT);
	}
	if (r < 0)
		log_crit("cannot time the lease of %s: %s; its keys end by "
			 "the kernel's timeout",
			 k->entry.name, strerror(-r));
}

static void on_checked(struct agent_msg *answer, void *userdata)
{
	static const enum lease_event events[] = {
		[AWSKMS_CLASS_OK] = LEASE_EVENT_OK,
		[AWSKMS_CLASS_REVOKED] = LEASE_EVENT_REVOKED,
		[AWSKMS_CLASS_DENIED] = LEASE_EVENT_DENIED,
		[AWSKMS_CLASS_UNREACHABLE] = LEASE_EVENT_UNREACHABLE,
	};
	struct agent_key *k = userdata;
	enum lease_event event = events[answer->class];

	k->check = NULL;
	if (answer->error < 0 && event == LEASE_EVENT_OK)
		event = LEASE_EVENT_UNREACHABLE;
	agent_lease_event(k, event, 0);
}

static void check(struct agent_key *k)
{
	if (agent_key_fetch(k, AGENT_MSG_CHECK, CHECK_TIMEOUT_MS, on_checked, k,
			    &k->check) < 0)
		agent_lease_event(k, LEASE_EVENT_UNREACHABLE, 0);
}

/* Keys went: say which, with the reason, before their serials are lost. */
static void tell_gone(struct agent_key *k, const char *what, const char *why)
{
	struct agent_event e = AGENT_EVENT_INIT;

	e.what = what;
	e.name = k->entry.name;
	e.cmk_arn = k->entry.cmk_arn;
	e.reason = why;
	agent_journal(LOG_LEVEL_WARNING, &event_revoked, &e,
		      "took back %zu kernel key(s) of %s (%s): %s",
		      k->serial_count, k->entry.name, what, why);
	for (size_t i = 0; i < k->serial_count; i++) {
		e.uid = k->serials[i].uid;
		e.serial = k->serials[i].serial;
		agent_audit_note(k->agent, &e);
	}
}

static void take_back(struct agent_key *k, const char *what)
{
	const char *why = agent_fetchers_kms(k->agent->fetchers)->last_error;

	tell_gone(k, what, why);
	agent_key_invalidate(k, -1);
}

static void tell_change(struct agent_key *k, enum lease_state before)
{
	enum lease_state after = k->lease.state;
	const char *name = lease_state_name(after);
	struct agent_event e = AGENT_EVENT_INIT;
	bool is_better = after == LEASE_STATE_LIVE;

	if (before == after || before == LEASE_STATE_UNUSED ||
	    after == LEASE_STATE_UNUSED || after == LEASE_STATE_REVOKED)
		return;
	e.what = "LeaseChanged";
	e.name = k->entry.name;
	e.cmk_arn = k->entry.cmk_arn;
	e.reason = is_better
			   ? "renewed again"
			   : agent_fetchers_kms(k->agent->fetchers)->last_error;
	agent_audit_note(k->agent, &e);
	agent_journal(is_better ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARNING,
		      &event_lease, &e, "lease of %s is %s: %s", k->entry.name,
		      name, e.reason);
}

void agent_lease_event(struct agent_key *k, enum lease_event event,
		       int64_t left_ms)
{
	struct lease_terms terms = terms_of(k);
	enum lease_state before = k->lease.state;
	enum lease_action action =
		lease_step(&k->lease, &terms, event, clock_boot_ms(), left_ms,
			   random_unsigned());

	tell_change(k, before);
	arm(k);
	switch (action) {
	case LEASE_ACTION_NONE:
		break;
	case LEASE_ACTION_CHECK:
		check(k);
		break;
	case LEASE_ACTION_RENEW:
		agent_key_retime(k, lease_timeout_s(terms.lease_ms));
		break;
	case LEASE_ACTION_TAKE_BACK:
		take_back(k, "KeyRevoked");
		break;
	case LEASE_ACTION_RUN_OUT:
		take_back(k, "LeaseEnded");
		break;
	}
}

/* Far away: only the setting of the clock ends it. */
static int arm_clock(int fd)
{
	const struct itimerspec never = {.it_value.tv_sec = INT64_MAX};

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
			       &never, NULL) < 0
		       ? -errno
		       : 0;
}

/* The wall clock jumped: what is left of each lease is what we counted. */
static int on_clock(sd_event_source *s, int fd, uint32_t revents,
		    void *userdata)
{
	struct agent *a = userdata;
	int64_t now_ms = clock_boot_ms();
	uint64_t ticks;

	(void)s;
	(void)revents;
	if (read(fd, &ticks, sizeof(ticks)) < 0 && errno != ECANCELED)
		return 0;
	(void)arm_clock(fd);
	for (size_t i = 0; i < a->keys.count; i++) {
		struct agent_key *k = a->keys.list[i];
		int64_t left_ms = k->lease.ends_ms + LEASE_EARLY_MS - now_ms;

		if (k->serial_count && left_ms > 0)
			agent_key_retime(k, lease_timeout_s(left_ms));
	}
	return 0;
}

int agent_renew_watch_clock(struct agent *a)
{
	_close_ int fd =
		timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	sd_event_source *s = NULL;
	int r;

	if (fd < 0)
		return -errno;
	r = arm_clock(fd);
	if (r < 0)
		return r;
	r = sd_event_add_io(a->event, &s, fd, EPOLLIN, on_clock, a);
	if (r < 0)
		return r;
	(void)take_fd(fd);
	sd_event_source_set_io_fd_own(s, true);
	sd_event_source_set_floating(s, true);
	sd_event_source_unref(s);
	return 0;
}
