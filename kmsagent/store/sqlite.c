/* SPDX-License-Identifier: MIT */
/*
 * The store of one machine: SQLite, WAL, synchronous=FULL, one connection
 * that holds the file exclusively, no mmap.  SQLite ignores a failed sync in
 * its automatic checkpoint; after such a failure the kernel may have dropped
 * the pages, so a second try proves nothing.  We checkpoint ourselves, and
 * any failure to write ends the process.
 */
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "kmsagent/store/store.h"

#define APPLICATION_ID	  0x6b6d7364 /* "kmsd", in the file's header */
#define SCHEMA_VERSION	  1
#define CHECKPOINT_FRAMES 1000 /* pages in the log before it is folded in */

enum query {
	QUERY_BEGIN,
	QUERY_COMMIT,
	QUERY_ROLLBACK,
	QUERY_NEXT_REVISION,
	QUERY_REVISION_OF,
	QUERY_PUT,
	QUERY_DELETE,
	QUERY_SCAN,
	QUERY_COUNT,
};

static const char *const query_texts[QUERY_COUNT] = {
	[QUERY_BEGIN] = "BEGIN IMMEDIATE",
	[QUERY_COMMIT] = "COMMIT",
	[QUERY_ROLLBACK] = "ROLLBACK",
	[QUERY_NEXT_REVISION] =
		"UPDATE counter SET revision = revision + 1 RETURNING revision",
	[QUERY_REVISION_OF] =
		"SELECT revision FROM record WHERE kind = ?1 AND id = ?2",
	[QUERY_PUT] = "INSERT INTO record (kind, id, revision, value)"
		      " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE"
		      " SET revision = excluded.revision,"
		      " value = excluded.value",
	[QUERY_DELETE] = "DELETE FROM record WHERE kind = ?1 AND id = ?2",
	[QUERY_SCAN] = "SELECT id, value, revision FROM record"
		       " WHERE kind = ?1 ORDER BY id",
};

static const char schema[] =
	"BEGIN;"
	"CREATE TABLE record (kind TEXT NOT NULL, id TEXT NOT NULL,"
	" revision INTEGER NOT NULL, value BLOB NOT NULL,"
	" PRIMARY KEY (kind, id)) WITHOUT ROWID;"
	"CREATE TABLE counter (revision INTEGER NOT NULL);"
	"INSERT INTO counter VALUES (0);"
	"PRAGMA application_id = 1802334052;" /* APPLICATION_ID */
	"PRAGMA user_version = 1;"	      /* SCHEMA_VERSION */
	"COMMIT";

struct sqlite_store {
	struct store base;
	pthread_mutex_t lock; /* one connection: one user at a time */
	sqlite3 *db;
	sqlite3_stmt *query[QUERY_COUNT];
	store_fatal_fn fatal;
	int log_frames; /* pages in the write-ahead log, as the hook saw */
};

static struct sqlite_store *self(struct store *s)
{
	return (struct sqlite_store *)s;
}

static int to_errno(int code)
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
__attribute__((noreturn)) static void die(struct sqlite_store *s,
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
static int step(struct sqlite_store *s, enum query q)
{
	int code = sqlite3_step(s->query[q]);

	if (code != SQLITE_ROW)
		sqlite3_reset(s->query[q]);
	return code;
}

static int run(struct sqlite_store *s, enum query q)
{
	return to_errno(step(s, q));
}

static int bind_name(struct sqlite_store *s, enum query q,
		     const struct store_write *w)
{
	int code =
		sqlite3_bind_text(s->query[q], 1, w->kind, -1, SQLITE_STATIC);

	if (code == SQLITE_OK)
		code = sqlite3_bind_text(s->query[q], 2, w->id, -1,
					 SQLITE_STATIC);
	return to_errno(code);
}

static int next_revision(struct sqlite_store *s, uint64_t *ret)
{
	sqlite3_stmt *q = s->query[QUERY_NEXT_REVISION];
	int code = sqlite3_step(q);

	if (code == SQLITE_ROW) {
		*ret = (uint64_t)sqlite3_column_int64(q, 0);
		code = sqlite3_step(q);
	}
	sqlite3_reset(q);
	return to_errno(code);
}

static int check_precondition(struct sqlite_store *s,
			      const struct store_write *w)
{
	uint64_t now = STORE_ABSENT;
	int r, code;

	if (w->expect == STORE_ANY)
		return 0;
	r = bind_name(s, QUERY_REVISION_OF, w);
	if (r < 0)
		return r;
	code = step(s, QUERY_REVISION_OF);
	if (code == SQLITE_ROW) {
		now = (uint64_t)sqlite3_column_int64(
			s->query[QUERY_REVISION_OF], 0);
		sqlite3_reset(s->query[QUERY_REVISION_OF]);
	} else if (code != SQLITE_DONE) {
		return to_errno(code);
	}
	if (now == w->expect)
		return 0;
	return w->expect == STORE_ABSENT ? -EEXIST : -ESTALE;
}

static int write_one(struct sqlite_store *s, const struct store_write *w,
		     uint64_t revision)
{
	enum query q = w->value ? QUERY_PUT : QUERY_DELETE;
	int r = check_precondition(s, w);

	if (r < 0)
		return r;
	r = bind_name(s, q, w);
	if (r < 0 || !w->value)
		return r < 0 ? r : run(s, q);
	r = to_errno(
		sqlite3_bind_int64(s->query[q], 3, (sqlite3_int64)revision));
	if (r < 0)
		return r;
	r = to_errno(sqlite3_bind_blob64(s->query[q], 4, w->value, w->len,
					 SQLITE_STATIC));
	return r < 0 ? r : run(s, q);
}

static int write_all(struct sqlite_store *s, const struct store_write *writes,
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
	struct sqlite_store *s = userdata;

	(void)db;
	(void)name;
	s->log_frames = frames;
	return SQLITE_OK;
}

static void checkpoint_if_long(struct sqlite_store *s)
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

static int commit_locked(struct sqlite_store *s,
			 const struct store_write *writes, size_t nwrites,
			 uint64_t *ret_revision)
{
	uint64_t revision = 0;
	int r, code;

	r = run(s, QUERY_BEGIN);
	if (r < 0)
		return r;
	r = write_all(s, writes, nwrites, &revision);
	if (r < 0) {
		/* A full disk rolls back by itself. */
		if (!sqlite3_get_autocommit(s->db) &&
		    step(s, QUERY_ROLLBACK) != SQLITE_DONE)
			die(s, "rollback");
		return r;
	}
	code = step(s, QUERY_COMMIT);
	if (code == SQLITE_FULL) {
		if (!sqlite3_get_autocommit(s->db) &&
		    step(s, QUERY_ROLLBACK) != SQLITE_DONE)
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
	struct sqlite_store *s = self(base);
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
	struct sqlite_store *s = self(base);
	sqlite3_stmt *q = s->query[QUERY_SCAN];
	int r;

	pthread_mutex_lock(&s->lock);
	r = to_errno(sqlite3_bind_text(q, 1, kind, -1, SQLITE_STATIC));
	while (r == 0) {
		int code = sqlite3_step(q);

		if (code != SQLITE_ROW) {
			r = to_errno(code);
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
	struct sqlite_store *s = self(base);

	if (!s)
		return;
	for (int q = 0; q < QUERY_COUNT; q++)
		sqlite3_finalize(s->query[q]);
	sqlite3_close(s->db);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void sqlite_closep(struct sqlite_store **s)
{
	sqlite_close(*s ? &(*s)->base : NULL);
}

static const struct store_ops sqlite_ops = {
	.name = "sqlite",
	.commit = sqlite_commit,
	.scan = sqlite_scan,
	.close = sqlite_close,
};

static int _printf_(4, 5)
	fail(char *why, size_t why_len, int err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, why_len, format, ap);
	va_end(ap);
	return err;
}

/* What an operator reads when SQLite says no at opening. */
static int explain(struct sqlite_store *s, const char *path, int code,
		   char *why, size_t why_len)
{
	int r = to_errno(code);

	switch (r) {
	case -EBUSY:
		return fail(why, why_len, r,
			    "%s: another process has the key store open; stop "
			    "the other kmsd, or give this one its own --state",
			    path);
	case -EUCLEAN:
		return fail(why, why_len, r,
			    "%s: the key store is damaged (%s); restore it "
			    "from a backup",
			    path, sqlite3_errmsg(s->db));
	case -EMEDIUMTYPE:
		return fail(why, why_len, r,
			    "%s: not a key store; move the file away or name "
			    "another --state",
			    path);
	default:
		return fail(why, why_len, r, "%s: %s", path,
			    sqlite3_errmsg(s->db));
	}
}

static int pragma_int(struct sqlite_store *s, const char *sql, int *ret)
{
	sqlite3_stmt *q = NULL;
	int code = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(q);
	if (code == SQLITE_ROW) {
		*ret = sqlite3_column_int(q, 0);
		code = SQLITE_OK;
	}
	sqlite3_finalize(q);
	return code;
}

/*
 * SQLite would create the file with the umask's mode, and its name would not
 * be on the disk before the first sync of the folder.
 */
static int make_file(const char *path, char *why, size_t why_len)
{
	_close_ int fd =
		open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	_close_ int dir = -1;
	_free_ char *copy = strdup(path);
	struct stat st;

	if (!copy)
		return -ENOMEM;
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(why, why_len, -errno, "%s: cannot open: %s", path,
			    strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(why, why_len, -EMEDIUMTYPE,
			    "%s: not a file; name another --state", path);
	if (st.st_mode & 077)
		return fail(why, why_len, -EPERM,
			    "%s: open to other users (mode %04o); chmod 600",
			    path, (unsigned)(st.st_mode & 07777));
	dir = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fsync(dir) < 0)
		return fail(why, why_len, -errno,
			    "%s: cannot sync its folder: "
			    "%s",
			    path, strerror(errno));
	return 0;
}

static int configure(struct sqlite_store *s)
{
	static const char *const pragmas[] = {
		"PRAGMA locking_mode = EXCLUSIVE",
		"PRAGMA mmap_size = 0",
		"PRAGMA trusted_schema = OFF",
		"PRAGMA cell_size_check = ON",
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = FULL",
	};
	int code = SQLITE_OK;

	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_extended_result_codes(s->db, 1);
	for (size_t i = 0; code == SQLITE_OK && i < ARRAY_SIZE(pragmas); i++)
		code = sqlite3_exec(s->db, pragmas[i], NULL, NULL, NULL);
	sqlite3_wal_hook(s->db, count_frames, s); /* instead of automatic */
	return code;
}

/* Make the tables in an empty file; recognise ours, refuse all else. */
static int adopt(struct sqlite_store *s, const char *path, char *why,
		 size_t why_len)
{
	int app = 0, version = 0, objects = 0;
	int code =
		pragma_int(s, "SELECT count(*) FROM sqlite_schema", &objects);

	if (code == SQLITE_OK)
		code = pragma_int(s, "PRAGMA application_id", &app);
	if (code == SQLITE_OK)
		code = pragma_int(s, "PRAGMA user_version", &version);
	if (code == SQLITE_OK && objects == 0 && app == 0)
		code = sqlite3_exec(s->db, schema, NULL, NULL, NULL);
	else if (code == SQLITE_OK && app != APPLICATION_ID)
		return explain(s, path, SQLITE_NOTADB, why, why_len);
	else if (code == SQLITE_OK && version != SCHEMA_VERSION)
		return fail(why, why_len, -EPROTONOSUPPORT,
			    "%s: store version %d, this kmsd knows %d; run "
			    "the kmsd that made it",
			    path, version, SCHEMA_VERSION);
	if (code == SQLITE_OK)
		code = configure(s);
	for (int q = 0; code == SQLITE_OK && q < QUERY_COUNT; q++)
		code = sqlite3_prepare_v3(s->db, query_texts[q], -1,
					  SQLITE_PREPARE_PERSISTENT,
					  &s->query[q], NULL);
	/* The first write lock is kept: from here on the file is ours. */
	if (code == SQLITE_OK)
		code = step(s, QUERY_BEGIN);
	if (code == SQLITE_DONE)
		code = step(s, QUERY_COMMIT);
	if (code != SQLITE_DONE)
		return explain(s, path, code, why, why_len);
	return 0;
}

int store_sqlite_open(const char *path, store_fatal_fn fatal,
		      struct store **ret, char *why, size_t why_len)
{
	_cleanup_(sqlite_closep) struct sqlite_store *s = NULL;
	const char *name = path ? path : ":memory:";
	int r, code;

	if (path) {
		r = make_file(path, why, why_len);
		if (r < 0)
			return r;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->base.ops = &sqlite_ops;
	s->fatal = fatal;
	pthread_mutex_init(&s->lock, NULL);
	code = sqlite3_open_v2(name, &s->db,
			       SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
				       SQLITE_OPEN_PRIVATECACHE |
				       SQLITE_OPEN_NOFOLLOW,
			       NULL);
	if (code != SQLITE_OK)
		return explain(s, name, code, why, why_len);
	r = adopt(s, name, why, why_len);
	if (r < 0)
		return r;
	*ret = &take_ptr(s)->base;
	return 0;
}
