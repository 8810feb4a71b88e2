/* SPDX-License-Identifier: MIT */
/* Entries in memory and on disk.  It must not know the KMS or callers. */
#include "kmsagent/agent/keys.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "kmsagent/agent/renew.h"
#include "kmsagent/agent/upcall.h"
#include "kmsagent/agent/volume-job.h"
#include "kmsagent/base/io.h"
#include "kmsagent/base/log.h"

#define SUFFIX	   ".json"
#define FILE_BYTES (KR_NAME_MAX_BYTES + sizeof(SUFFIX))

static void file_of(const char *name, char buf[FILE_BYTES])
{
	snprintf(buf, FILE_BYTES, "%s%s", name, SUFFIX);
}

/* Where @name is, or belongs. */
static size_t position(const struct agent_keys *keys, const char *name,
		       bool *ret_found)
{
	size_t low = 0, high = keys->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(keys->list[mid]->entry.name, name);

		if (order == 0) {
			*ret_found = true;
			return mid;
		}
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*ret_found = false;
	return low;
}

struct agent_key *agent_key_find(const struct agent *a, const char *name)
{
	bool found;
	size_t at = position(&a->keys, name, &found);

	return found ? a->keys.list[at] : NULL;
}

/* Into the table; @e is moved out of. */
static int insert(struct agent *a, struct agent_entry *e,
		  struct agent_key **ret)
{
	struct agent_keys *keys = &a->keys;
	struct agent_key **list, *k;
	bool found;
	size_t at = position(keys, e->name, &found);

	if (found)
		return -EEXIST;
	list = reallocarray(keys->list, keys->count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	keys->list = list;
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	k->agent = a;
	k->entry = *e;
	*e = AGENT_ENTRY_INIT;
	TAILQ_INIT(&k->waiting);
	TAILQ_INIT(&k->served);
	memmove(list + at + 1, list + at, (keys->count - at) * sizeof(*list));
	list[at] = k;
	keys->count++;
	*ret = k;
	return 0;
}

static void key_stop(struct agent_key *k)
{
	agent_upcalls_forget(k);
	agent_fetch_cancel(take_ptr(k->check));
	volume_job_stop(k);
	k->timer = sd_event_source_disable_unref(k->timer);
}

static void key_free(struct agent_key *k)
{
	key_stop(k);
	volume_job_forget(k);
	agent_entry_done(&k->entry);
	free(k->serials);
	free(k);
}

static void take_out(struct agent_key *k)
{
	struct agent_keys *keys = &k->agent->keys;
	bool found;
	size_t at = position(keys, k->entry.name, &found);

	memmove(keys->list + at, keys->list + at + 1,
		(keys->count - at - 1) * sizeof(*keys->list));
	keys->count--;
	key_free(k);
}

static int note_damaged(struct agent_keys *keys, const char *file,
			const char *why)
{
	char **list = reallocarray(keys->damaged, keys->damaged_count + 1,
				   sizeof(*list));

	if (!list)
		return -ENOMEM;
	keys->damaged = list;
	list[keys->damaged_count] =
		io_format("entry file %s is left alone: %s; repair it, or move "
			  "it away and import a copy",
			  file, why);
	if (!list[keys->damaged_count])
		return -ENOMEM;
	log_err("%s", list[keys->damaged_count]);
	keys->damaged_count++;
	return 0;
}

/* An entry in its file, which must bear its name. */
static int load_file(struct agent *a, const char *file)
{
	_cleanup_(agent_entry_done) struct agent_entry e = AGENT_ENTRY_INIT;
	_free_ char *text = NULL;
	char why[256], right[FILE_BYTES];
	struct agent_key *k;
	int r;

	r = io_read_text(a->keys.dir_fd, file, AGENT_ENTRY_MAX_BYTES, &text);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return note_damaged(&a->keys, file, strerror(-r));
	r = agent_entry_parse(text, strlen(text), &e, why, sizeof(why));
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return note_damaged(&a->keys, file, why);
	file_of(e.name, right);
	if (strcmp(right, file) != 0)
		return note_damaged(&a->keys, file,
				    "it holds an entry of another name");
	return insert(a, &e, &k);
}

int agent_keys_load(struct agent *a)
{
	_free_ char *path = io_format("%s/keys", a->config.state);
	struct dirent *d;
	DIR *dir;
	int fd, r;

	if (!path)
		return -ENOMEM;
	r = io_mkdir_p(path, 0700);
	if (r == 0)
		r = io_open_dir(path, &a->keys.dir_fd);
	if (r < 0)
		return r;
	fd = fcntl(a->keys.dir_fd, F_DUPFD_CLOEXEC, 3);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		r = -errno;
		close_keep_errno(fd);
		return r;
	}
	while (r == 0 && (d = readdir(dir))) {
		size_t len = strlen(d->d_name), suffix = strlen(SUFFIX);

		/* Temporary files of a write that was cut short: no entries. */
		if (d->d_name[0] == '.' || len <= suffix ||
		    strcmp(d->d_name + len - suffix, SUFFIX) != 0)
			continue;
		r = load_file(a, d->d_name);
	}
	closedir(dir);
	return r;
}

void agent_keys_stop(struct agent *a)
{
	for (size_t i = 0; i < a->keys.count; i++)
		key_stop(a->keys.list[i]);
}

void agent_keys_free(struct agent *a)
{
	struct agent_keys *keys = &a->keys;

	for (size_t i = 0; i < keys->count; i++)
		key_free(keys->list[i]);
	for (size_t i = 0; i < keys->damaged_count; i++)
		free(keys->damaged[i]);
	free(keys->list);
	free(keys->damaged);
	close_keep_errno(keys->dir_fd);
	*keys = (struct agent_keys){.dir_fd = -1};
}

int agent_key_add(struct agent *a, struct agent_entry *e,
		  struct agent_key **ret)
{
	_free_ char *text = NULL;
	char file[FILE_BYTES];
	struct agent_key *k;
	int r;

	file_of(e->name, file);
	if (agent_key_find(a, e->name) ||
	    faccessat(a->keys.dir_fd, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	r = agent_entry_format(e, &text);
	if (r < 0)
		return r;
	r = insert(a, e, &k);
	if (r < 0)
		return r;
	r = io_write_atomic(a->keys.dir_fd, file, text, strlen(text), 0600);
	if (r < 0) {
		take_out(k);
		return r;
	}
	*ret = k;
	return 0;
}

int agent_key_save(struct agent_key *k)
{
	_free_ char *text = NULL;
	char file[FILE_BYTES];
	int r = agent_entry_format(&k->entry, &text);

	if (r < 0)
		return r;
	file_of(k->entry.name, file);
	return io_write_atomic(k->agent->keys.dir_fd, file, text, strlen(text),
			       0600);
}

int agent_key_remove(struct agent_key *k)
{
	struct agent *a = k->agent;
	char file[FILE_BYTES];

	file_of(k->entry.name, file);
	if (unlinkat(a->keys.dir_fd, file, 0) < 0 && errno != ENOENT)
		return -errno;
	take_out(k);
	return fsync(a->keys.dir_fd) < 0 ? -errno : 0;
}

int agent_key_fetch(struct agent_key *k, enum agent_msg_type type,
		    unsigned timeout_ms, agent_fetched done, void *userdata,
		    struct agent_fetch **ret)
{
	_cleanup_(agent_msg_done) struct agent_msg q = AGENT_MSG_INIT;
	const struct agent_entry *e = &k->entry;
	int r;

	q.type = type;
	q.cmk = strdup(e->cmk_arn);
	q.blob = malloc(e->blob_len);
	if (!q.cmk || !q.blob)
		return -ENOMEM;
	memcpy(q.blob, e->blob, e->blob_len);
	q.blob_len = e->blob_len;
	r = ectx_copy(&q.context, &e->context);
	if (r < 0)
		return r;
	return agent_fetch_new(k->agent->fetchers, &q, timeout_ms, done,
			       userdata, ret);
}
