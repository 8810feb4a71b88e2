/* SPDX-License-Identifier: MIT */
/* Device-mapper ioctls.  It must not know keys, nor what a mapping is for. */
#include "kmsagent/agent/devmap.h"

#include <libdevmapper.h>
#include <stdarg.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/sysmacros.h>

#define TARGET "crypt"
/* libdevmapper's levels: syslog's, with flags above. */
#define LEVEL_MASK  0x0f
#define LEVEL_ERROR 3

static char last_words[512];

static void task_done(struct dm_task **t)
{
	if (*t)
		dm_task_destroy(*t);
}
#define _task_ _cleanup_(task_done)

_printf_(5, 6) static void keep_words(int level, const char *file, int line,
				      int class, const char *format, ...)
{
	va_list ap;

	(void)file;
	(void)line;
	(void)class;
	if ((level & LEVEL_MASK) > LEVEL_ERROR)
		return;
	va_start(ap, format);
	vsnprintf(last_words, sizeof(last_words), format, ap);
	va_end(ap);
}

void devmap_init(void)
{
	dm_log_with_errno_init(keep_words);
	/* Names and uuids of ours hold nothing that needs it. */
	dm_set_name_mangling_mode(DM_STRING_MANGLING_NONE);
}

const char *devmap_last_words(void)
{
	return last_words;
}

void devmap_done(struct devmap *d)
{
	free(d->table);
	*d = DEVMAP_INIT;
}

static int task_error(struct dm_task *t)
{
	int err = t ? dm_task_get_errno(t) : 0;

	/* Without an ioctl that failed there was no device mapper to ask. */
	return err ? -err : -ENOSYS;
}

static int task_new(int type, const char *name, struct dm_task **ret)
{
	struct dm_task *t = dm_task_create(type);

	if (!t)
		return -ENOSYS;
	/* What it copies for the ioctl is wiped: a table may hold a key. */
	if ((name && !dm_task_set_name(t, name)) || !dm_task_secure_data(t)) {
		dm_task_destroy(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

static int task_run(struct dm_task *t)
{
	last_words[0] = '\0';
	return dm_task_run(t) ? 0 : task_error(t);
}

static int run_simple(int type, const char *name)
{
	_task_ struct dm_task *t = NULL;
	int r = task_new(type, name, &t);

	return r < 0 ? r : task_run(t);
}

/* Cipher, then the key: by reference it begins with a colon. */
static bool holds_bytes(const char *params)
{
	const char *key = strchr(params, ' ');

	return key && key[1] != ':';
}

static int keep_table(struct dm_task *t, struct devmap *d)
{
	uint64_t start, length;
	char *type = NULL, *params = NULL;
	void *next =
		dm_get_next_target(t, NULL, &start, &length, &type, &params);

	if (!type || !params)
		return 0;
	d->sectors = (int64_t)length;
	if (next || strcmp(type, TARGET) != 0 || holds_bytes(params))
		return 0;
	d->table = strdup(params);
	return d->table ? 0 : -ENOMEM;
}

int devmap_look(const char *uuid, struct devmap *ret)
{
	_cleanup_(devmap_done) struct devmap d = DEVMAP_INIT;
	_task_ struct dm_task *t = NULL;
	struct dm_info info;
	int r = task_new(DM_DEVICE_TABLE, NULL, &t);

	if (r < 0)
		return r;
	if (!dm_task_set_uuid(t, uuid))
		return -ENOMEM;
	r = task_run(t);
	if (r < 0)
		return r;
	if (!dm_task_get_info(t, &info))
		return -EIO;
	if (!info.exists)
		return -ENXIO;
	snprintf(d.name, sizeof(d.name), "%s", dm_task_get_name(t));
	d.dev = makedev(info.major, info.minor);
	d.has_table = info.live_table;
	d.has_new_table = info.inactive_table;
	d.is_suspended = info.suspended;
	d.is_read_only = info.read_only;
	d.is_going = info.deferred_remove;
	d.open_count = info.open_count;
	r = keep_table(t, &d);
	if (r < 0)
		return r;
	*ret = d;
	d = DEVMAP_INIT;
	return 0;
}

bool devmap_has_name(const char *name)
{
	_task_ struct dm_task *t = NULL;
	struct dm_info info;

	return task_new(DM_DEVICE_INFO, name, &t) == 0 && task_run(t) == 0 &&
	       dm_task_get_info(t, &info) && info.exists;
}

int devmap_cookie(uint32_t *ret)
{
	*ret = 0;
	/* Says itself whether udevd runs, and leaves 0 where it does not. */
	return dm_udev_create_cookie(ret) ? 0 : -EIO;
}

void devmap_wait(uint32_t cookie)
{
	if (cookie)
		(void)dm_udev_wait(cookie);
	/* Where there is no udevd, nodes are made and removed only now. */
	dm_task_update_nodes();
}

void devmap_drop_cookie(uint32_t cookie)
{
	int id = cookie ? semget((key_t)cookie, 1, 0) : -1;

	if (id >= 0)
		(void)semctl(id, 0, IPC_RMID);
}

/* @cookie 0: dm_task_set_cookie() would make one. */
static int set_cookie(struct dm_task *t, uint32_t cookie)
{
	return !cookie || dm_task_set_cookie(t, &cookie, 0) ? 0 : -EIO;
}

static int set_table(struct dm_task *t, int64_t sectors, const char *table,
		     bool is_read_only)
{
	if (!dm_task_add_target(t, 0, (uint64_t)sectors, TARGET, table) ||
	    (is_read_only && !dm_task_set_ro(t)))
		return -ENOMEM;
	return 0;
}

static int load(const char *name, int64_t sectors, const char *table,
		bool is_read_only)
{
	_task_ struct dm_task *t = NULL;
	int r = task_new(DM_DEVICE_RELOAD, name, &t);

	if (r == 0)
		r = set_table(t, sectors, table, is_read_only);
	return r < 0 ? r : task_run(t);
}

static int run_with_cookie(int type, const char *name, uint32_t cookie)
{
	_task_ struct dm_task *t = NULL;
	int r = task_new(type, name, &t);

	if (r == 0)
		r = set_cookie(t, cookie);
	return r < 0 ? r : task_run(t);
}

static int create(const char *name, const char *uuid)
{
	_task_ struct dm_task *t = NULL;
	int r = task_new(DM_DEVICE_CREATE, name, &t);

	if (r == 0 && !dm_task_set_uuid(t, uuid))
		r = -ENOMEM;
	return r < 0 ? r : task_run(t);
}

/* One by one: libdevmapper's own three in one lose the errno. */
int devmap_create(const char *name, const char *uuid, int64_t sectors,
		  const char *table, bool is_read_only, uint32_t cookie)
{
	char words[sizeof(last_words)];
	int r = create(name, uuid);

	if (r < 0)
		return r;
	r = load(name, sectors, table, is_read_only);
	if (r == 0)
		r = run_with_cookie(DM_DEVICE_RESUME, name, cookie);
	if (r == 0)
		return 0;
	strcpy(words, last_words);
	(void)!run_simple(DM_DEVICE_REMOVE, name);
	strcpy(last_words, words);
	return r;
}

int devmap_resize(const struct devmap *d, int64_t sectors, uint32_t cookie)
{
	int r = load(d->name, sectors, d->table, d->is_read_only);

	return r < 0 ? r : run_with_cookie(DM_DEVICE_RESUME, d->name, cookie);
}

int devmap_remove(const struct devmap *d, bool deferred, uint32_t cookie)
{
	_task_ struct dm_task *t = NULL;
	int r = task_new(DM_DEVICE_REMOVE, d->name, &t);

	if (r == 0 && deferred && !dm_task_deferred_remove(t))
		r = -ENOMEM;
	if (r == 0)
		r = set_cookie(t, cookie);
	return r < 0 ? r : task_run(t);
}

void devmap_mend_node(const char *name)
{
	if (!dm_udev_get_sync_support())
		(void)dm_mknodes(name);
}

int devmap_clear(const struct devmap *d)
{
	return run_simple(DM_DEVICE_CLEAR, d->name);
}
