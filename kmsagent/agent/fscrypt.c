/* SPDX-License-Identifier: MIT */
/*
 * The methods for encrypted directories: what may be asked and by whom, what
 * the entry says to it, and what the answer is.  How it is done is fs-job.c's.
 */
#include <string.h>

#include "kmsagent/agent/fs-job.h"
#include "kmsagent/agent/fs-pending.h"
#include "kmsagent/agent/fsdir.h"
#include "kmsagent/agent/journal.h"
#include "kmsagent/agent/method.h"
#include "kmsagent/agent/reply.h"
#include "kmsagent/base/json.h"
#include "kmsagent/base/log.h"

static const struct log_event event_unlocked = {
	"1d3b5f7a9c0e4b2d8f6a4c2e0b1d3f14", "fscrypt-unlocked"};
static const struct log_event event_locked = {
	"4f6b8d0a2c1e4a3f9b7d5c3e1f0a2b13", "fscrypt-locked"};
static const struct log_event event_busy = {"7c9e1b3d5f0a4c6e8b2d4f6a8c0e1b15",
					    "fscrypt-busy"};

/* What an errno means at a step of the child's, or of ours; what helps.  The
 * first line that fits; a step of NULL fits any. */
static const struct {
	const char *step;
	int err;
	const char *means;
	const char *next_step;
} advice[] = {
	{"look", ENOTTY, "this file system has no fscrypt",
	 "ext4, f2fs, UBIFS and Ceph have it; for any other, kmsctl dmcrypt "
	 "encrypts the device below"},
	{"look", EOPNOTSUPP, "encryption is not enabled on this file system",
	 "enable it: tune2fs -O encrypt DEVICE on ext4 (no need to unmount), "
	 "mkfs.f2fs -O encrypt on f2fs; the kernel needs CONFIG_FS_ENCRYPTION"},
	{"look", ENOTDIR, "it is no directory", "name a directory"},
	{"add", EDQUOT, "the owner's quota of kernel keys is used up",
	 "see /proc/key-users; sysctl kernel.keys.maxkeys and maxbytes raise "
	 "it"},
	{"add", EKEYREJECTED, "the kernel finds the key to be of another type",
	 "the agent's log has more"},
	{"identifier", EKEYREJECTED,
	 "the kernel derives another identifier from the key; it was removed "
	 "again",
	 "the kernel's fscrypt is not the one that this agent knows: report "
	 "it"},
	{"policy", EEXIST, "the directory has another policy",
	 "take an empty directory: mkdir, set it up, then copy files in"},
	{"policy", ENOTEMPTY, "the directory is not empty",
	 "take an empty directory: mkdir, set it up, then copy files in"},
	{"policy", EINVAL,
	 "this kernel or file system does not take these modes",
	 "leave --contents, --filenames and --padding away; dmesg says more"},
	{"policy", EPERM, "the top of a file system cannot be encrypted",
	 "make a directory below it"},
	{"policy", EROFS, "the file system is read-only", "mount it writable"},
	{"remove", ENOKEY,
	 "the directory's owner has not unlocked it, others have",
	 "they lock it, or root does with --all-users"},
	{"kms", EKEYREJECTED, "the KMS gave another key than the entry's",
	 "see the entry with kmsctl key show, and the KMS's log"},
	{"child", EPIPE,
	 "the agent's directory child ended without an answer; a key that it "
	 "had added is taken back",
	 "try again; the agent's log has more"},
	{"child", ETIMEDOUT, "the file system does not answer",
	 "look at the kernel's log (dmesg)"},
	{NULL, EPERM, "the agent may not do that",
	 "it lacks a capability: compare its unit with kmsagentd(8)"},
};

void fs_job_fail(struct fs_job *j, int error, const char *step)
{
	const char *means = step ?: "?";
	const char *next_step = "see the kernel's log (dmesg) and the agent's";

	for (size_t i = 0; i < ARRAY_SIZE(advice); i++)
		if (advice[i].err == -error &&
		    (!advice[i].step ||
		     (step && strcmp(advice[i].step, step) == 0))) {
			means = advice[i].means;
			next_step = advice[i].next_step;
			break;
		}
	fs_job_note_failure(j, "failed", means);
	if (j->call)
		agent_reply_advice(fs_job_take_call(j), error, means,
				   next_step);
}

static void refuse(struct fs_job *j, const char *reason, const char *next_step)
{
	fs_job_note_failure(j, "refused", reason);
	agent_reply_directory(fs_job_take_call(j), j->key->entry.name, reason,
			      next_step);
}

/* ---- answers ---- */

static const char *state_name(const struct agent_msg *m)
{
	if (!(m->flags & AGENT_DIR_HAS_POLICY))
		return "plain";
	switch ((enum fsdir_key)m->key_status) {
	case FSDIR_KEY_ABSENT:
		return "locked";
	case FSDIR_KEY_PRESENT:
		return "unlocked";
	case FSDIR_KEY_LEAVING:
		return "busy";
	}
	return "unknown";
}

static int add_policy(cJSON *j, const struct agent_msg *m)
{
	struct fspolicy p = {.contents = m->contents,
			     .filenames = m->filenames,
			     .flags = m->policy_flags};
	char id[FSPOLICY_ID_TEXT_BYTES];
	char mode[FSPOLICY_MODE_BYTES];
	cJSON *o = cJSON_AddObjectToObject(j, "policy");
	int r = o ? 0 : -ENOMEM;

	fspolicy_id_format(m->identifier, id);
	if (r == 0)
		r = json_add_string(o, "identifier", id);
	fspolicy_mode_format(p.contents, mode);
	if (r == 0)
		r = json_add_string(o, "contents", mode);
	fspolicy_mode_format(p.filenames, mode);
	if (r == 0)
		r = json_add_string(o, "filenames", mode);
	if (r == 0)
		r = json_add_int(o, "padding", fspolicy_padding(&p));
	return r;
}

/* The directory as it was looked at, its key as it is now. */
static void reply_directory(struct fs_job *j, const struct agent_msg *now)
{
	_json_ cJSON *reply = cJSON_CreateObject();
	cJSON *o = reply ? cJSON_AddObjectToObject(reply, "directory") : NULL;
	const struct agent_entry *e = &j->key->entry;
	char id[FSPOLICY_ID_TEXT_BYTES];
	int r = o ? 0 : -ENOMEM;

	if (!j->call)
		return;
	if (r == 0)
		r = json_add_string(o, "name", e->name);
	if (r == 0)
		r = json_add_string(o, "path", j->seen.path ?: "?");
	if (r == 0)
		r = json_add_int(o, "owner", j->seen.uid);
	if (r == 0)
		r = json_add_string(o, "state", state_name(now));
	if (r == 0)
		r = json_add_int(o, "users", now->users);
	if (r == 0)
		r = json_add_bool(o, "unlocked_by_owner",
				  now->flags & AGENT_DIR_KEY_IS_OWNERS);
	fspolicy_id_format(e->policy_id, id);
	if (r == 0 && e->has_policy_id)
		r = json_add_string(o, "key_identifier", id);
	if (r == 0 && j->seen.flags & AGENT_DIR_HAS_POLICY &&
	    !(j->seen.flags & AGENT_DIR_IS_V1))
		r = add_policy(o, &j->seen);
	if (r == 0)
		r = json_add_int(o, "busy_files", now->count);
	if (r == 0)
		r = json_add_item(o, "busy",
				  take_ptr(j->busy) ?: cJSON_CreateArray());
	agent_reply_with(fs_job_take_call(j), r == 0 ? take_ptr(reply) : NULL);
}

/* ---- what every method asks first ---- */

/* The entry, if it is a directory's and the caller may have it; else
 * answered. */
static struct agent_key *
directory_key(struct agent *a, struct varlink_call *call, const cJSON *params)
{
	struct agent_key *k = agent_key_wanted(a, call, params);

	if (!k || k->entry.purpose == AGENT_PURPOSE_DIRECTORY)
		return k;
	agent_reply_directory(call, k->entry.name,
			      "it is not a directory's key",
			      "root makes one with kmsctl key create NAME "
			      "--purpose directory");
	return NULL;
}

static void start(struct agent *a, struct varlink_call *call,
		  const cJSON *params, const struct fs_work *work)
{
	struct agent_key *k = directory_key(a, call, params);
	struct fs_job *j = k ? fs_job_new(k, call, params, work) : NULL;

	if (j)
		fs_job_look(j);
}

/* Nobody does anything to a directory of somebody else's. */
static bool is_the_callers(struct fs_job *j)
{
	if (j->uid == 0 || j->uid == j->seen.uid)
		return true;
	fs_job_note_failure(j, "denied", "the directory is not the caller's");
	agent_reply_denied(fs_job_take_call(j),
			   "the directory belongs to another user",
			   "its owner may do that, and root");
	return false;
}

/* The directory is encrypted by this entry's key. */
static bool is_the_keys(struct fs_job *j)
{
	const struct agent_entry *e = &j->key->entry;

	if (!(j->seen.flags & AGENT_DIR_HAS_POLICY))
		refuse(j, "the directory is not encrypted",
		       "root sets an empty one up with kmsctl fscrypt setup");
	else if (j->seen.flags & AGENT_DIR_IS_V1)
		refuse(j, "the directory has a policy of version 1",
		       "use the program that set it up; policies here are of "
		       "version 2");
	else if (!e->has_policy_id)
		refuse(j, "the key has not been used for any directory yet",
		       "name the key with which the directory was set up");
	else if (memcmp(j->seen.identifier, e->policy_id,
			sizeof(e->policy_id)) != 0)
		refuse(j, "the directory is encrypted with another key",
		       "compare policy and key with kmsctl fscrypt status; "
		       "name the key with which it was set up");
	else
		return true;
	return false;
}

/* ---- status ---- */

static void status_on_look(struct fs_job *j)
{
	if (is_the_callers(j))
		reply_directory(j, &j->seen);
}

static const struct fs_work work_status = {.on_look = status_on_look};

void agent_method_fscrypt_status(struct varlink_call *call, const cJSON *params,
				 void *userdata)
{
	start(userdata, call, params, &work_status);
}

/* ---- unlock ---- */

static bool unlock_on_key(struct fs_job *j)
{
	const struct agent_entry *e = &j->key->entry;

	if (memcmp(j->id, e->policy_id, sizeof(j->id)) == 0)
		return true;
	refuse(j, "the key is not the one that the directory was set up with",
	       "import the right entry (kmsctl key import)");
	return false;
}

static void unlocked(struct fs_job *j, const char *what)
{
	struct agent_event e;

	if (j->answer.error < 0) {
		fs_job_fail(j, j->answer.error, j->answer.code);
		return;
	}
	fs_job_note(j, what, NULL, NULL);
	fs_job_event(j, what, NULL, NULL, &e);
	agent_journal(LOG_LEVEL_NOTICE, &event_unlocked, &e,
		      "unlocked %s with %s for uid %u", j->seen.path ?: "?",
		      j->key->entry.name, (unsigned)j->seen.uid);
	j->answer.flags |= AGENT_DIR_HAS_POLICY;
	reply_directory(j, &j->answer);
}

static void unlock_on_done(struct fs_job *j)
{
	unlocked(j, "FscryptUnlocked");
}

static bool is_unlocked(const struct fs_job *j)
{
	return j->seen.key_status == FSDIR_KEY_PRESENT &&
	       j->seen.flags & AGENT_DIR_KEY_IS_OWNERS;
}

static void unlock_on_look(struct fs_job *j)
{
	if (!is_the_callers(j) || !is_the_keys(j))
		return;
	if (is_unlocked(j)) {
		reply_directory(j, &j->seen);
		return;
	}
	j->order.type = AGENT_MSG_DIR_ADD;
	fs_job_fetch(j);
}

static const struct fs_work work_unlock = {
	.changes = true,
	.on_look = unlock_on_look,
	.on_key = unlock_on_key,
	.on_done = unlock_on_done,
};

void agent_method_fscrypt_unlock(struct varlink_call *call, const cJSON *params,
				 void *userdata)
{
	start(userdata, call, params, &work_unlock);
}

/* ---- setup ---- */

/* Before the key is given out, so that no directory has a key unknown here. */
static bool setup_on_key(struct fs_job *j)
{
	struct agent_entry *e = &j->key->entry;
	int r;

	if (e->has_policy_id)
		return unlock_on_key(j);
	memcpy(e->policy_id, j->id, sizeof(j->id));
	e->has_policy_id = true;
	r = agent_key_save(j->key);
	if (r == 0)
		return true;
	e->has_policy_id = false;
	fs_job_note_failure(j, "failed", strerror(-r));
	agent_reply_system(fs_job_take_call(j), r, "writing the entry");
	return false;
}

static void setup_on_done(struct fs_job *j)
{
	if (j->answer.error == 0) {
		memcpy(j->seen.identifier, j->id, sizeof(j->id));
		j->seen.contents = j->order.contents;
		j->seen.filenames = j->order.filenames;
		j->seen.policy_flags = j->order.policy_flags;
		j->seen.flags |= AGENT_DIR_HAS_POLICY;
	}
	unlocked(j, "FscryptSetUp");
}

static void setup_on_look(struct fs_job *j)
{
	if (j->seen.flags & AGENT_DIR_HAS_POLICY)
		refuse(j, "the directory is encrypted already",
		       "kmsctl fscrypt status tells with which key, kmsctl "
		       "fscrypt unlock unlocks it");
	else if (!(j->seen.flags & AGENT_DIR_IS_EMPTY))
		refuse(j, "the directory is not empty",
		       "what is in it would stay as it is: take an empty one, "
		       "set it up, then copy files in");
	else
		fs_job_fetch(j);
}

static const struct fs_work work_setup = {
	.changes = true,
	.on_look = setup_on_look,
	.on_key = setup_on_key,
	.on_done = setup_on_done,
};

static bool take_policy(struct varlink_call *call, const cJSON *params,
			struct fspolicy *p)
{
	const char *contents = NULL, *filenames = NULL;
	int64_t padding = 32;
	char why[200];

	if (!agent_arg_string(call, params, "contents", false, &contents) ||
	    !agent_arg_string(call, params, "filenames", false, &filenames) ||
	    !agent_arg_int(call, params, "padding", false, 4, 32, &padding))
		return false;
	if (fspolicy_choose(contents, filenames, padding, p, why,
			    sizeof(why)) == 0)
		return true;
	agent_reply_invalid(call, "contents, filenames, padding", why);
	return false;
}

void agent_method_fscrypt_setup(struct varlink_call *call, const cJSON *params,
				void *userdata)
{
	struct agent_key *k = directory_key(userdata, call, params);
	struct fspolicy p;
	struct fs_job *j;

	if (!k || !take_policy(call, params, &p))
		return;
	j = fs_job_new(k, call, params, &work_setup);
	if (!j)
		return;
	j->order.type = AGENT_MSG_DIR_SETUP;
	j->order.contents = p.contents;
	j->order.filenames = p.filenames;
	j->order.policy_flags = p.flags;
	fs_job_look(j);
}

/* ---- lock ---- */

static void lock_on_look(struct fs_job *j)
{
	if (!is_the_callers(j) || !is_the_keys(j))
		return;
	if (j->seen.key_status == FSDIR_KEY_ABSENT) {
		reply_directory(j, &j->seen);
		return;
	}
	j->order.type = AGENT_MSG_DIR_REMOVE;
	memcpy(j->order.identifier, j->seen.identifier,
	       sizeof(j->order.identifier));
	fs_job_run(j);
}

static void tell_busy(struct fs_job *j)
{
	struct agent_event e;
	char reason[64];
	int r;

	snprintf(reason, sizeof(reason), "%u open files", j->answer.count);
	fs_job_note(j, "FscryptBusy", "busy", reason);
	fs_job_event(j, "FscryptBusy", "busy", reason, &e);
	agent_journal(LOG_LEVEL_WARNING, &event_busy, &e,
		      "%s stays readable by who has files of it open (%s), "
		      "until they are closed",
		      j->seen.path ?: "?", reason);
	r = fs_pending_add(j->agent->fs_pending, j->key->entry.name,
			   j->seen.device, j->seen.identifier);
	if (r < 0)
		log_warning("not tried again by itself: %s", strerror(-r));
}

static void lock_on_done(struct fs_job *j)
{
	struct agent_msg *m = &j->answer;
	struct agent_event e;

	if (m->error < 0) {
		fs_job_fail(j, m->error, m->code);
		return;
	}
	if (m->key_status == FSDIR_KEY_LEAVING) {
		tell_busy(j);
	} else {
		fs_job_note(j, "FscryptLocked", NULL,
			    m->users ? "others still have it unlocked" : NULL);
		fs_job_event(j, "FscryptLocked", NULL, NULL, &e);
		agent_journal(LOG_LEVEL_NOTICE, &event_locked, &e,
			      "locked %s (%s) for uid %u", j->seen.path ?: "?",
			      j->key->entry.name, (unsigned)j->seen.uid);
	}
	m->flags |= AGENT_DIR_HAS_POLICY;
	reply_directory(j, m);
}

static const struct fs_work work_lock = {
	.changes = true,
	.on_look = lock_on_look,
	.on_done = lock_on_done,
};

void agent_method_fscrypt_lock(struct varlink_call *call, const cJSON *params,
			       void *userdata)
{
	struct agent_key *k = directory_key(userdata, call, params);
	bool all_users = false;
	struct fs_job *j;

	if (!k || !agent_arg_bool(call, params, "all_users", &all_users))
		return;
	if (all_users && varlink_call_peer(call)->uid != 0) {
		agent_reply_denied(call, "all_users is for root",
				   "run it as root, or lock only your own");
		return;
	}
	j = fs_job_new(k, call, params, &work_lock);
	if (!j)
		return;
	j->order.flags = all_users ? AGENT_DIR_ALL_USERS : 0;
	fs_job_look(j);
}
