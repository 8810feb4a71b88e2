/* SPDX-License-Identifier: MIT */
/*
 * Fetchers and their queue.  It must not know what a request is for.
 *
 * Two lanes: "keys" has up to config->fetchers requests under way, each on a
 * child of its own, and one more child warm; "checks" has one child that
 * serves one dry run after the other.
 */
#include "kmsagent/agent/fetch.h"

#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "kmsagent/agent/child.h"
#include "kmsagent/aws/credentials.h"
#include "kmsagent/base/clock.h"
#include "kmsagent/base/log.h"

#define QUEUE_MAX	   4096
#define CHECKS_PER_FETCHER 1000 /* then a fresh process */

TAILQ_HEAD(fetch_list, agent_fetch);

struct lane {
	struct fetch_list waiting;
	struct fetch_list running;
	struct agent_child *ready; /* has its endpoint, serves nobody */
	unsigned max;		   /* requests at once */
	unsigned count_waiting;
	unsigned count_running;
	unsigned served; /* by the one that is kept */
};

struct agent_fetchers {
	sd_event *event; /* borrowed */
	const struct agent_config *config;
	struct secret *buffer;
	uid_t uid;
	gid_t gid;
	struct lane keys;
	struct lane checks;
	sd_event_source *kick;	 /* pump() from the loop */
	sd_event_source *rewarm; /* after what is urgent */
	unsigned children;
	bool is_stopped;
	struct agent_kms_state kms;
};

struct agent_fetch {
	TAILQ_ENTRY(agent_fetch) link;
	struct agent_fetchers *owner;
	struct lane *lane;
	struct agent_msg request;
	struct agent_child *child; /* NULL while it waits */
	sd_event_source *deadline;
	agent_fetched done;
	void *userdata;
};

static void fetch_free(struct agent_fetch *fetch)
{
	struct lane *lane = fetch->lane;

	if (fetch->child) {
		TAILQ_REMOVE(&lane->running, fetch, link);
		lane->count_running--;
	} else {
		TAILQ_REMOVE(&lane->waiting, fetch, link);
		lane->count_waiting--;
	}
	sd_event_source_disable_unref(fetch->deadline);
	agent_msg_done(&fetch->request);
	free(fetch);
}

static void note_kms(struct agent_kms_state *k, const struct agent_msg *a)
{
	k->is_known = true;
	k->class = a->class;
	if (a->error == 0) {
		k->last_ok_s = clock_epoch_s();
		return;
	}
	snprintf(k->last_error, sizeof(k->last_error), "%s%s%s", a->code ?: "",
		 a->code ? ": " : "", a->text ?: strerror(-a->error));
}

/* Answer and forget; the next one's turn comes after the callback. */
static void finish(struct agent_fetch *fetch, struct agent_msg *answer)
{
	struct agent_fetchers *f = fetch->owner;
	agent_fetched done = fetch->done;
	void *userdata = fetch->userdata;

	note_kms(&f->kms, answer);
	fetch_free(fetch);
	sd_event_source_set_enabled(f->kick, SD_EVENT_ONESHOT);
	done(answer, userdata);
}

static void fail(struct agent_fetch *fetch, int error, const char *text)
{
	_cleanup_(agent_msg_done) struct agent_msg a = AGENT_MSG_INIT;

	a.type = AGENT_MSG_FETCHED;
	a.error = error;
	a.class = AWSKMS_CLASS_UNREACHABLE;
	a.text = strdup(text);
	/* Ended, not cleared: fetch_free() asks whether there was one. */
	agent_child_end(fetch->child);
	finish(fetch, &a);
}

static bool is_answer(const struct agent_msg *m)
{
	return m && m->type == AGENT_MSG_FETCHED && m->error <= 0 &&
	       m->class <= AWSKMS_CLASS_UNREACHABLE;
}

static struct agent_fetch *find_by_child(struct lane *lane,
					 const struct agent_child *c)
{
	struct agent_fetch *fetch;

	TAILQ_FOREACH(fetch, &lane->running, link)
	if (fetch->child == c)
		return fetch;
	return NULL;
}

static void on_message(struct lane *lane, struct agent_child *c,
		       struct agent_msg *m)
{
	struct agent_fetch *fetch = find_by_child(lane, c);
	bool keep = false;

	if (!fetch) {
		/* It served nobody: it died, or talks out of turn. */
		if (lane->ready == c)
			lane->ready = NULL;
		agent_child_end(c);
		return;
	}
	if (!is_answer(m)) {
		fail(fetch, -EPIPE, "the fetcher ended without an answer");
		return;
	}
	keep = lane == &fetch->owner->checks && !lane->ready &&
	       ++lane->served < CHECKS_PER_FETCHER;
	if (keep) {
		lane->ready = c;
	} else {
		lane->served = 0;
		agent_child_end(c);
	}
	finish(fetch, m);
}

static void on_key_message(struct agent_child *c, struct agent_msg *m,
			   void *userdata)
{
	struct agent_fetchers *f = userdata;

	on_message(&f->keys, c, m);
}

static void on_check_message(struct agent_child *c, struct agent_msg *m,
			     void *userdata)
{
	struct agent_fetchers *f = userdata;

	on_message(&f->checks, c, m);
}

static void on_gone(void *userdata)
{
	struct agent_fetchers *f = userdata;

	f->children--;
}

/* Tell a new child where the KMS is, and as whom to speak to it. */
static int introduce(struct agent_fetchers *f, struct agent_child *c)
{
	_cleanup_(awskms_credentials_done) struct awskms_credentials creds =
		AWSKMS_CREDENTIALS_INIT;
	struct agent_msg m = {
		.type = AGENT_MSG_ENDPOINT,
		.endpoint = f->config->endpoint,
		.region = f->config->region,
		.ca_file = f->config->ca_file,
	};

	if (f->config->credentials_file) {
		int r = awskms_credentials_from_file(
			&creds, f->config->credentials_file,
			f->config->profile);

		if (r < 0) {
			log_err("cannot read the credentials in %s: %s",
				f->config->credentials_file, strerror(-r));
			return r;
		}
		m.access_key_id = creds.access_key_id;
		m.session_token = creds.session_token;
		m.key = creds.secret_access_key;
	}
	return agent_child_send(c, &m, NULL, 0);
}

static int make_ready(struct agent_fetchers *f, struct lane *lane)
{
	struct agent_child_spec spec = {
		.role = AGENT_ROLE_FETCHER,
		.uid = f->uid,
		.gid = f->gid,
		.on_message =
			lane == &f->keys ? on_key_message : on_check_message,
		.on_gone = on_gone,
		.userdata = f,
		.buffer = f->buffer,
	};
	struct agent_child *c;
	int r;

	if (lane->ready)
		return 0;
	r = agent_child_new(f->event, &spec, &c);
	if (r < 0)
		return r;
	f->children++;
	lane->ready = c;
	/* Credentials may be new ones by the time they are needed. */
	return f->config->credentials_file ? 0 : introduce(f, c);
}

static int on_rewarm(sd_event_source *s, void *userdata)
{
	struct agent_fetchers *f = userdata;
	int r = make_ready(f, &f->keys);

	(void)s;
	if (r < 0)
		log_warning("cannot start a fetcher ahead: %s", strerror(-r));
	return 0;
}

/* Give @fetch to the warm child, or to a new one should that have died. */
static int dispatch(struct agent_fetchers *f, struct lane *lane,
		    struct agent_fetch *fetch)
{
	for (bool again = lane->ready;; again = false) {
		int r = make_ready(f, lane);

		if (r < 0)
			return r;
		if (f->config->credentials_file)
			r = introduce(f, lane->ready);
		if (r == 0)
			r = agent_child_send(lane->ready, &fetch->request, NULL,
					     0);
		if (r == 0)
			break;
		agent_child_end(take_ptr(lane->ready));
		if (!again)
			return r;
	}
	TAILQ_REMOVE(&lane->waiting, fetch, link);
	lane->count_waiting--;
	fetch->child = take_ptr(lane->ready);
	TAILQ_INSERT_TAIL(&lane->running, fetch, link);
	lane->count_running++;
	return 0;
}

static void pump(struct agent_fetchers *f, struct lane *lane)
{
	struct agent_fetch *fetch;

	while (lane->count_running < lane->max &&
	       (fetch = TAILQ_FIRST(&lane->waiting))) {
		int r = dispatch(f, lane, fetch);

		if (r < 0)
			fail(fetch, r, "no fetcher could be started");
	}
}

static int on_kick(sd_event_source *s, void *userdata)
{
	struct agent_fetchers *f = userdata;

	(void)s;
	pump(f, &f->checks);
	pump(f, &f->keys);
	if (!f->keys.ready)
		sd_event_source_set_enabled(f->rewarm, SD_EVENT_ONESHOT);
	return 0;
}

static int on_deadline(sd_event_source *s, uint64_t usec, void *userdata)
{
	(void)s;
	(void)usec;
	fail(userdata, -ETIMEDOUT, "the KMS did not answer in time");
	return 0;
}

int agent_fetch_new(struct agent_fetchers *f, struct agent_msg *request,
		    unsigned timeout_ms, agent_fetched done, void *userdata,
		    struct agent_fetch **ret)
{
	struct lane *lane =
		request->type == AGENT_MSG_CHECK ? &f->checks : &f->keys;
	_free_ struct agent_fetch *fetch = NULL;
	int r;

	if (f->is_stopped)
		return -ESHUTDOWN;
	if (lane->count_waiting >= QUEUE_MAX)
		return -EAGAIN;
	fetch = calloc(1, sizeof(*fetch));
	if (!fetch)
		return -ENOMEM;
	r = sd_event_add_time_relative(f->event, &fetch->deadline,
				       CLOCK_BOOTTIME, timeout_ms * 1000ULL,
				       1000, on_deadline, fetch);
	if (r < 0)
		return r;
	fetch->owner = f;
	fetch->lane = lane;
	fetch->request = *request;
	*request = AGENT_MSG_INIT;
	fetch->done = done;
	fetch->userdata = userdata;
	TAILQ_INSERT_TAIL(&lane->waiting, fetch, link);
	lane->count_waiting++;
	*ret = take_ptr(fetch);
	/* From the loop: the caller expects no answer before this returns. */
	sd_event_source_set_enabled(f->kick, SD_EVENT_ONESHOT);
	return 0;
}

void agent_fetch_cancel(struct agent_fetch *fetch)
{
	struct agent_fetchers *f;

	if (!fetch)
		return;
	f = fetch->owner;
	agent_child_end(fetch->child);
	fetch_free(fetch);
	sd_event_source_set_enabled(f->kick, SD_EVENT_ONESHOT);
}

static void lane_init(struct lane *lane, unsigned max)
{
	TAILQ_INIT(&lane->waiting);
	TAILQ_INIT(&lane->running);
	lane->max = max;
}

int agent_fetchers_new(sd_event *event, const struct agent_config *config,
		       struct secret *buffer, struct agent_fetchers **ret)
{
	_free_ struct agent_fetchers *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	f->event = event;
	f->config = config;
	f->buffer = buffer;
	lane_init(&f->keys, config->fetchers);
	lane_init(&f->checks, 1);
	r = agent_config_user(config->fetcher_user, &f->uid, &f->gid);
	if (r < 0)
		return r;
	r = sd_event_add_defer(event, &f->kick, on_kick, f);
	if (r == 0)
		r = sd_event_add_defer(event, &f->rewarm, on_rewarm, f);
	if (r == 0)
		r = sd_event_source_set_priority(f->rewarm,
						 SD_EVENT_PRIORITY_IDLE);
	if (r < 0) {
		sd_event_source_disable_unref(f->kick);
		sd_event_source_disable_unref(f->rewarm);
		return r;
	}
	*ret = take_ptr(f);
	return 0;
}

static void lane_done(struct lane *lane)
{
	struct agent_fetch *fetch;

	while ((fetch = TAILQ_FIRST(&lane->waiting)) ||
	       (fetch = TAILQ_FIRST(&lane->running))) {
		agent_child_end(fetch->child);
		fetch_free(fetch);
	}
	agent_child_end(take_ptr(lane->ready));
}

void agent_fetchers_stop(struct agent_fetchers *f)
{
	if (!f)
		return;
	f->is_stopped = true;
	lane_done(&f->keys);
	lane_done(&f->checks);
	f->kick = sd_event_source_disable_unref(f->kick);
	f->rewarm = sd_event_source_disable_unref(f->rewarm);
}

void agent_fetchers_free(struct agent_fetchers *f)
{
	agent_fetchers_stop(f);
	free(f);
}

const struct agent_kms_state *agent_fetchers_kms(const struct agent_fetchers *f)
{
	return &f->kms;
}

unsigned agent_fetchers_count(const struct agent_fetchers *f)
{
	return f->children;
}
