/* SPDX-License-Identifier: MIT */
/*
 * The store of one machine: SQLite, WAL, synchronous=FULL, one connection
 * that holds the file exclusively, no mmap.  SQLite ignores a failed sync in
 * its automatic checkpoint; after such a failure the kernel may have dropped
 * the pages, so a second try proves nothing.  We checkpoint ourselves, and
 * any failure to write ends the process.
 */
#include "kmsagent/store/sqlite.h"

#include <stdbool.h>
#include <string.h>

#define CHECKPOINT_FRAMES 1000 /* pages in the log before it is folded in */

static const char *const query_texts[STORE_QUERY_COUNT] = {
	[STORE_QUERY_BEGIN] = "BEGIN IMMEDIATE",
	[STORE_QUERY_COMMIT] = "COMMIT",
	[STORE_QUERY_ROLLBACK] = "ROLLBACK",
	[STORE_QUERY_NEXT_REVISION] =
		"UPDATE counter SET revision = revision + 1 RETURNING revision",
	[STORE_QUERY_REVISION_OF] =
		"SELECT revision FROM record WHERE kind = ?1 AND id = ?2",
	[STORE_QUERY_PUT] =
		("INSERT INTO record (kind, id, revision, value)"
		 " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE"
		 " SET revision = excluded.revision, value = excluded.value"),
	[STORE_QUERY_DELETE] = "DELETE FROM record WHERE kind = ?1 AND id = ?2",
	[STORE_QUERY_SCAN] = ("SELECT id, value, revision FROM record"
			      " WHERE kind = ?1 ORDER BY id"),
};

static struct store_sqlite *self(struct store *s)
{
	return (struct store_sqlite *)s;
}

int store_sqlite_errno(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_CORRUPT:
		return -EUCLEAN;
	case SQLITE_NOTADB:
		return -EMEDIUMTYPE;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		return -EACCES;
	case SQLITE_TOOBIG:
		return -EINVAL;
	default:
		return -EIO;
	}
}

/* What is durable is not known any more. */
__attribute__((noreturn)) static void die(struct store_sqlite *s,
					  const char *doing)
{
	char why[256];

	snprintf(why, sizeof(why),
		 "key store: %s failed: %s; ending, to start again from what "
		 "the disk holds",
		 doing, sqlite3_errmsg(s->db));
	if (s->fatal)
		s->fatal(why);
	abort();
}

/* One step of a prepared query; resets it unless it gave a row. */
static int step(struct store_sqlite *s, enum store_query q)
{
	int code = sqlite3_step(s->query[q]);

	if (code != SQLITE_ROW)
		sqlite3_reset(s->query[q]);
	return code;
}

static int run(struct store_sqlite *s, enum store_query q)
{
	return store_sqlite_errno(step(s, q));
}

static int bind_name(struct store_sqlite *s, enum store_query q,
		     const struct store_write *w)
{
	int code =
		sqlite3_bind_text(s->query[q], 1, w->kind, -1, SQLITE_STATIC);

	if (code == SQLITE_OK)
		code = sqlite3_bind_text(s->query[q], 2, w->id, -1,
					 SQLITE_STATIC);
	return store_sqlite_errno(code);
}

static int next_revision(struct store_sqlite *s, uint64_t *ret)
{
	sqlite3_stmt *q = s->query[STORE_QUERY_NEXT_REVISION];
	int code = sqlite3_step(q);

	if (code == SQLITE_ROW) {
		*ret = (uint64_t)sqlite3_column_int64(q, 0);
		code = sqlite3_step(q);
	}
	sqlite3_reset(q);
	return store_sqlite_errno(code);
}

static int check_precondition(struct store_sqlite *s,
			      const struct store_write *w)
{
	uint64_t now = STORE_ABSENT;
	int r, code;

	if (w->expect == STORE_ANY)
		return 0;
	r = bind_name(s, STORE_QUERY_REVISION_OF, w);
	if (r < 0)
		return r;
	code = step(s, STORE_QUERY_REVISION_OF);
	if (code == SQLITE_ROW) {
		now = (uint64_t)sqlite3_column_int64(
			s->query[STORE_QUERY_REVISION_OF], 0);
		sqlite3_reset(s->query[STORE_QUERY_REVISION_OF]);
	} else if (code != SQLITE_DONE) {
		return store_sqlite_errno(code);
	}
	if (now == w->expect)
		return 0;
	return w->expect == STORE_ABSENT ? -EEXIST : -ESTALE;
}

static int write_one(struct store_sqlite *s, const struct store_write *w,
		     uint64_t revision)
{
	enum store_query q = w->value ? STORE_QUERY_PUT : STORE_QUERY_DELETE;
	int r = check_precondition(s, w);

	if (r < 0)
		return r;
	r = bind_name(s, q, w);
	if (r < 0 || !w->value)
		return r < 0 ? r : run(s, q);
	r = store_sqlite_errno(
		sqlite3_bind_int64(s->query[q], 3, (sqlite3_int64)revision));
	if (r < 0)
		return r;
	r = store_sqlite_errno(sqlite3_bind_blob64(s->query[q], 4, w->value,
						   w->len, SQLITE_STATIC));
	return r < 0 ? r : run(s, q);
}

static int write_all(struct store_sqlite *s, const struct store_write *writes,
		     size_t nwrites, uint64_t *ret_revision)
{
	int r = next_revision(s, ret_revision);

	for (size_t i = 0; r >= 0 && i < nwrites; i++)
		r = write_one(s, &writes[i], *ret_revision);
	return r;
}

static bool write_is_valid(const struct store_write *w)
{
	return strlen(w->kind) <= STORE_KIND_MAX_BYTES &&
	       strlen(w->id) <= STORE_ID_MAX_BYTES &&
	       w->len <= STORE_VALUE_MAX_BYTES;
}

/* The hook only counts: inside it a failure could not be told. */
static int count_frames(void *userdata, sqlite3 *db, const char *name,
			int frames)
{
	struct store_sqlite *s = userdata;

	(void)db;
	(void)name;
	s->log_frames = frames;
	return SQLITE_OK;
}

static void checkpoint_if_long(struct store_sqlite *s)
{
	int code;

	if (s->log_frames < CHECKPOINT_FRAMES)
		return;
	code = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
					 NULL, NULL);
	/* No room to fold the log in: it goes on growing, nothing is lost. */
	if (code != SQLITE_OK && code != SQLITE_FULL)
		die(s, "checkpoint");
	s->log_frames = 0;
}

static int commit_locked(struct store_sqlite *s,
			 const struct store_write *writes, size_t nwrites,
			 uint64_t *ret_revision)
{
	uint64_t revision = 0;
	int r, code;

	r = run(s, STORE_QUERY_BEGIN);
	if (r < 0)
		return r;
	r = write_all(s, writes, nwrites, &revision);
	if (r < 0) {
		/* A full disk rolls back by itself. */
		if (!sqlite3_get_autocommit(s->db) &&
		    step(s, STORE_QUERY_ROLLBACK) != SQLITE_DONE)
			die(s, "rollback");
		return r;
	}
	code = step(s, STORE_QUERY_COMMIT);
	if (code == SQLITE_FULL) {
		if (!sqlite3_get_autocommit(s->db) &&
		    step(s, STORE_QUERY_ROLLBACK) != SQLITE_DONE)
			die(s, "rollback");
		return -ENOSPC;
	}
	if (code != SQLITE_DONE)
		die(s, "commit");
	*ret_revision = revision;
	checkpoint_if_long(s);
	return 0;
}

static int sqlite_commit(struct store *base, const struct store_write *writes,
			 size_t nwrites, uint64_t *ret_revision)
{
	struct store_sqlite *s = self(base);
	int r;

	for (size_t i = 0; i < nwrites; i++)
		if (!write_is_valid(&writes[i]))
			return -EINVAL;
	pthread_mutex_lock(&s->lock);
	r = commit_locked(s, writes, nwrites, ret_revision);
	pthread_mutex_unlock(&s->lock);
	return r;
}

static int visit_row(sqlite3_stmt *q, store_visit_fn visit, void *userdata)
{
	const char *id = (const char *)sqlite3_column_text(q, 0);
	const void *value = sqlite3_column_blob(q, 1);

	if (!id || (!value && sqlite3_column_bytes(q, 1) > 0))
		return -ENOMEM;
	return visit(userdata, id, value, (size_t)sqlite3_column_bytes(q, 1),
		     (uint64_t)sqlite3_column_int64(q, 2));
}

static int sqlite_scan(struct store *base, const char *kind,
		       store_visit_fn visit, void *userdata)
{
	struct store_sqlite *s = self(base);
	sqlite3_stmt *q = s->query[STORE_QUERY_SCAN];
	int r;

	pthread_mutex_lock(&s->lock);
	r = store_sqlite_errno(
		sqlite3_bind_text(q, 1, kind, -1, SQLITE_STATIC));
	while (r == 0) {
		int code = sqlite3_step(q);

		if (code != SQLITE_ROW) {
			r = store_sqlite_errno(code);
			break;
		}
		r = visit_row(q, visit, userdata);
		if (r > 0)
			r = 0;
	}
	sqlite3_reset(q);
	pthread_mutex_unlock(&s->lock);
	return r;
}

static void sqlite_close(struct store *base)
{
	struct store_sqlite *s = self(base);

	if (!s)
		return;
	for (int q = 0; q < STORE_QUERY_COUNT; q++)
		sqlite3_finalize(s->query[q]);
	sqlite3_close(s->db);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void store_sqlite_freep(struct store_sqlite **s)
{
	sqlite_close(*s ? &(*s)->base : NULL);
}

static const struct store_ops sqlite_ops = {
	.name = "sqlite",
	.commit = sqlite_commit,
	.scan = sqlite_scan,
	.close = sqlite_close,
};

struct store_sqlite *store_sqlite_new(store_fatal_fn fatal)
{
	struct store_sqlite *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->base.ops = &sqlite_ops;
	s->fatal = fatal;
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

int store_sqlite_start(struct store_sqlite *s)
{
	int code = SQLITE_OK;

	sqlite3_wal_hook(s->db, count_frames, s); /* instead of automatic */
	for (int q = 0; code == SQLITE_OK && q < STORE_QUERY_COUNT; q++)
		code = sqlite3_prepare_v3(s->db, query_texts[q], -1,
					  SQLITE_PREPARE_PERSISTENT,
					  &s->query[q], NULL);
	if (code == SQLITE_OK)
		code = step(s, STORE_QUERY_BEGIN);
	if (code == SQLITE_DONE)
		code = step(s, STORE_QUERY_COMMIT);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}
