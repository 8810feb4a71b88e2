/* SPDX-License-Identifier: MIT */
/*
 * Upcalls.  The requester is hostile: all that is known of him comes from the
 * kernel, by serial.  It must not look anything up by description.
 */
#include "kmsagent/agent/upcall.h"

#include <string.h>
#include <time.h>

#include "keyring/key.h"
#include "kmsagent/agent/allow.h"
#include "kmsagent/agent/journal.h"
#include "kmsagent/agent/rate.h"
#include "kmsagent/agent/renew.h"
#include "kmsagent/base/clock.h"
#include "kmsagent/base/log.h"

#define DEADLINE_MS 8000 /* the handler waits a little longer */
#define DECRYPT_MS  7500

/* How a request ends without a key. */
struct refusal {
	const char *outcome; /* to the handler, and in the audit */
	unsigned negative_s; /* how long the kernel remembers */
	int err;
};

static const struct refusal refuse_unknown = {"unknown", 1, ENOKEY};
static const struct refusal refuse_denied = {"denied", 5, EKEYREJECTED};
static const struct refusal refuse_busy = {"busy", 1, EAGAIN};
static const struct refusal refuse_unreachable = {"unreachable", 5, ENOKEY};
static const struct refusal refuse_failed = {"failed", 5, EKEYREJECTED};

/* Its handler died: as for one that was never there. */
static const struct refusal refuse_abandoned = {"abandoned", 1, ENOKEY};

static const struct log_event event_delivered = {
	"3e6f0d4b9a1c4d2e8b7f5a6c0d9e1f03", "key-delivered"};
static const struct log_event event_refused = {
	"b2d7e1f0c3a94b5d9e8f6a7b1c0d2e04", "key-refused"};

struct agent_upcalls {
	struct agent_rate rate;
	unsigned waiting;
	uint64_t count;
};

struct agent_upcall {
	TAILQ_ENTRY(agent_upcall) link;
	struct agent_upcall_list *list; /* the one it is in, or NULL */
	struct agent *agent;
	struct varlink_call *call;
	key_serial_t key;
	key_serial_t auth;
	struct kr_requester who;
	struct agent_key *target;
	sd_event_source *deadline;
};

static void upcall_free(struct agent_upcall *u)
{
	if (u->list)
		TAILQ_REMOVE(u->list, u, link);
	sd_event_source_disable_unref(u->deadline);
	u->agent->upcalls->waiting--;
	free(u);
}

static void move_to(struct agent_upcall *u, struct agent_upcall_list *list)
{
	if (u->list)
		TAILQ_REMOVE(u->list, u, link);
	u->list = list;
	TAILQ_INSERT_TAIL(list, u, link);
}

/* Answer the handler; @u is gone. */
static void answer(struct agent_upcall *u, const char *outcome)
{
	cJSON *reply = cJSON_CreateObject();

	if (reply)
		cJSON_AddStringToObject(reply, "outcome", outcome);
	u->agent->upcalls->count++;
	varlink_call_on_cancel(u->call, NULL, NULL);
	varlink_reply(u->call, reply);
	upcall_free(u);
}

static void describe_event(const struct agent_upcall *u, struct agent_event *e)
{
	*e = AGENT_EVENT_INIT;
	e->uid = u->who.uid;
	e->name = u->who.name[0] ? u->who.name : NULL;
	e->cmk_arn = u->target ? u->target->entry.cmk_arn : NULL;
	e->serial = u->key;
}

static void refuse(struct agent_upcall *u, const struct refusal *how,
		   const char *reason)
{
	struct agent_event e;
	int r;

	r = kr_upcall_reject(&u->agent->holder, u->key, u->auth,
			     how->negative_s, how->err);
	describe_event(u, &e);
	e.what = "KeyRefused";
	e.error = how->outcome;
	e.reason = reason;
	agent_audit_note(u->agent, &e);
	agent_journal(LOG_LEVEL_NOTICE, &event_refused, &e,
		      "refused %s to uid %u (%s): %s%s%s", e.name ?: "a key",
		      (unsigned)u->who.uid, how->outcome, reason,
		      r < 0 ? "; it was settled already: " : "",
		      r < 0 ? strerror(-r) : "");
	answer(u, how->outcome);
}

static void deliver(struct agent_upcall *u, const struct secret *material)
{
	struct agent_key *k = u->target;
	struct agent_event e;
	int r;

	describe_event(u, &e);
	e.what = "KeyDelivered";
	if (agent_audit(u->agent, &e) < 0) {
		refuse(u, &refuse_failed, "it could not be audited");
		return;
	}
	/* The table first: a key that nobody renews or takes back must not
	 * come to be for want of memory. */
	r = agent_key_note_serial(k, u->key, u->who.uid);
	if (r == 0)
		r = kr_upcall_deliver(&u->agent->holder, u->key, u->auth,
				      &u->who, material,
				      lease_timeout_s(k->entry.lease_s * 1000));
	if (r < 0) {
		e.what = "KeyRefused";
		e.error = refuse_failed.outcome;
		e.reason = strerror(-r);
		agent_audit_note(u->agent, &e);
		agent_key_prune(k);
		agent_journal(LOG_LEVEL_WARNING, &event_refused, &e,
			      "could not deliver %s to uid %u: %s; the "
			      "requester may have pulled its key away",
			      k->entry.name, (unsigned)u->who.uid, e.reason);
		answer(u, refuse_failed.outcome);
		return;
	}
	agent_lease_event(k, LEASE_EVENT_DELIVERED, 0);
	agent_journal(LOG_LEVEL_INFO, &event_delivered, &e,
		      "delivered %s as key %d to uid %u for %lld s",
		      k->entry.name, u->key, (unsigned)u->who.uid,
		      (long long)k->entry.lease_s);
	answer(u, "delivered");
}

/*
 * Errors that say that this blob is none of this CMK and context; waiting
 * would not help, so it is a refusal and no outage.
 */
static bool is_wrong_blob(const char *code)
{
	static const char *const codes[] = {
		"InvalidCiphertextException",
		"IncorrectKeyException",
		"NotFoundException",
		"InvalidKeyUsageException",
	};

	for (size_t i = 0; code && i < ARRAY_SIZE(codes); i++)
		if (strcmp(codes[i], code) == 0)
			return true;
	return false;
}

static const struct refusal *refusal_of(const struct agent_key *k,
					const struct agent_msg *m)
{
	if (m->error == 0)
		return m->key.len == k->entry.bytes && m->key_arn &&
				       strcmp(m->key_arn, k->entry.cmk_arn) == 0
			       ? NULL
			       : &refuse_failed;
	if (m->class == AWSKMS_CLASS_REVOKED ||
	    m->class == AWSKMS_CLASS_DENIED || is_wrong_blob(m->code))
		return &refuse_denied;
	return &refuse_unreachable;
}

static void decrypt(struct agent_key *k);

static void on_decrypted(struct agent_msg *m, void *userdata)
{
	struct agent_key *k = userdata;
	const struct refusal *refusal = refusal_of(k, m);
	struct agent_upcall *u;
	char reason[1200];

	k->decrypt = NULL;
	snprintf(reason, sizeof(reason), "%s%s%s", m->code ?: "",
		 m->code ? ": " : "",
		 m->text ?: "the KMS gave another key than the entry's");
	while ((u = TAILQ_FIRST(&k->served))) {
		if (refusal)
			refuse(u, refusal, reason);
		else
			deliver(u, &m->key);
	}
	secret_done(&m->key);
	/* The KMS's word on this key counts for those delivered before. */
	if (refusal && m->class == AWSKMS_CLASS_REVOKED)
		agent_lease_event(k, LEASE_EVENT_REVOKED, 0);
	if (!TAILQ_EMPTY(&k->waiting))
		decrypt(k);
}

/* Send one Decrypt for all that wait now. */
static void decrypt(struct agent_key *k)
{
	struct agent_upcall *u;
	int r = agent_key_fetch(k, AGENT_MSG_DECRYPT, DECRYPT_MS, on_decrypted,
				k, &k->decrypt);

	while ((u = TAILQ_FIRST(&k->waiting))) {
		if (r < 0)
			refuse(u, &refuse_busy, strerror(-r));
		else
			move_to(u, &k->served);
	}
}

static int on_deadline(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct agent_upcall *u = userdata;

	(void)s;
	(void)usec;
	refuse(u, &refuse_unreachable, "the KMS did not answer in time");
	return 0;
}

/* The handler is gone, so the kernel has rejected the key. */
static void on_cancel(struct varlink_call *call, void *data)
{
	struct agent_upcall *u = data;
	struct agent_event e;
	bool settled;

	(void)call;
	/* It still has to come out of the drop ring. */
	settled = kr_upcall_reject(&u->agent->holder, u->key, u->auth,
				   refuse_abandoned.negative_s,
				   refuse_abandoned.err) < 0;
	describe_event(u, &e);
	e.what = "KeyRefused";
	e.error = refuse_abandoned.outcome;
	e.reason = settled ? "the request-key handler went away, and the "
			     "kernel rejected the key"
			   : "the request-key handler went away";
	agent_audit_note(u->agent, &e);
	upcall_free(u);
}

static const struct refusal *judge(struct agent_upcall *u, const char **reason)
{
	struct agent_caller caller = {.uid = u->who.uid, .gid = u->who.gid};
	struct agent_upcalls *all = u->agent->upcalls;
	const struct agent_entry *e;

	if (!agent_rate_take(&all->rate, u->who.uid, clock_boot_ms()) ||
	    all->waiting > u->agent->config.upcalls_waiting) {
		*reason = "too many requests; try again in a moment";
		return &refuse_busy;
	}
	u->target = agent_key_find(u->agent, u->who.name);
	if (!u->target || u->target->entry.type != u->who.type) {
		*reason = "there is no entry of this name and type";
		return &refuse_unknown;
	}
	e = &u->target->entry;
	if (e->purpose != AGENT_PURPOSE_RING) {
		*reason = "it is a volume's or a directory's key, which no "
			  "keyring gets: see kmsctl dmcrypt and fscrypt";
		return &refuse_denied;
	}
	if (!agent_allow_permits(e->allow, e->allow_count, &caller)) {
		*reason = "the entry's allow list does not have this caller";
		return &refuse_denied;
	}
	return NULL;
}

void agent_upcall_start(struct agent *a, struct varlink_call *call,
			key_serial_t key, key_serial_t auth)
{
	struct agent_upcall *u = calloc(1, sizeof(*u));
	const struct refusal *refusal;
	const char *reason = NULL;
	int r;

	if (!u) {
		/* The handler rejects what is not settled. */
		varlink_reply(call, NULL);
		return;
	}
	u->agent = a;
	u->call = call;
	u->key = key;
	u->auth = auth;
	a->upcalls->waiting++;
	r = kr_upcall_requester(&a->holder, key, auth, &u->who);
	if (r < 0) {
		refuse(u,
		       r == -ENODEV || r == -EINVAL ? &refuse_unknown
						    : &refuse_failed,
		       strerror(-r));
		return;
	}
	refusal = judge(u, &reason);
	if (refusal) {
		refuse(u, refusal, reason);
		return;
	}
	r = sd_event_add_time_relative(a->event, &u->deadline, CLOCK_BOOTTIME,
				       DEADLINE_MS * 1000ULL, 1000, on_deadline,
				       u);
	if (r < 0) {
		refuse(u, &refuse_busy, strerror(-r));
		return;
	}
	varlink_call_on_cancel(call, on_cancel, u);
	move_to(u, &u->target->waiting);
	if (!u->target->decrypt)
		decrypt(u->target);
}

void agent_upcalls_forget(struct agent_key *k)
{
	struct agent_upcall *u;

	agent_fetch_cancel(take_ptr(k->decrypt));
	while ((u = TAILQ_FIRST(&k->waiting)) || (u = TAILQ_FIRST(&k->served)))
		refuse(u, &refuse_unknown, "the entry was removed");
}

int agent_upcalls_new(struct agent *a, struct agent_upcalls **ret)
{
	struct agent_upcalls *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	u->rate.per_s = a->config.upcalls_per_second;
	u->rate.burst = a->config.upcalls_burst;
	*ret = u;
	return 0;
}

void agent_upcalls_free(struct agent_upcalls *u)
{
	free(u);
}

uint64_t agent_upcalls_count(const struct agent_upcalls *u)
{
	return u->count;
}
