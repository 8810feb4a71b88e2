/* SPDX-License-Identifier: MIT */
/*
 * Opening the SQLite store: make it, recognise it, or say clearly why not.
 * A file that is not ours is not written to.
 */
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "kmsagent/store/sqlite.h"

#define APPLICATION_ID 0x6b6d7364 /* "kmsd", in the file's header */
#define SCHEMA_VERSION 1

static const char schema[] =
	"BEGIN;"
	"CREATE TABLE record (kind TEXT NOT NULL, id TEXT NOT NULL,"
	" revision INTEGER NOT NULL, value BLOB NOT NULL,"
	" PRIMARY KEY (kind, id)) WITHOUT ROWID;"
	"CREATE TABLE counter (revision INTEGER NOT NULL);"
	"INSERT INTO counter VALUES (0);"
	"PRAGMA application_id = 0x6b6d7364;" /* APPLICATION_ID */
	"PRAGMA user_version = 1;"	      /* SCHEMA_VERSION */
	"COMMIT";

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
static int explain(struct store_sqlite *s, const char *path, int code,
		   char *why, size_t why_len)
{
	int r = store_sqlite_errno(code);

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

static int pragma_int(struct store_sqlite *s, const char *sql, int *ret)
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

static int run_all(struct store_sqlite *s, const char *const *pragmas, size_t n)
{
	int code = SQLITE_OK;

	for (size_t i = 0; code == SQLITE_OK && i < n; i++)
		code = sqlite3_exec(s->db, pragmas[i], NULL, NULL, NULL);
	return code;
}

/* Before the first look, so that even that takes the file for good. */
static int prepare(struct store_sqlite *s)
{
	static const char *const pragmas[] = {
		"PRAGMA locking_mode = EXCLUSIVE",
		"PRAGMA mmap_size = 0",
		"PRAGMA trusted_schema = OFF",
		"PRAGMA cell_size_check = ON",
		"PRAGMA synchronous = FULL",
	};

	sqlite3_extended_result_codes(s->db, 1);
	return run_all(s, pragmas, ARRAY_SIZE(pragmas));
}

/* Once the file is ours.  In exclusive mode the log needs no shared memory. */
static int use_log(struct store_sqlite *s)
{
	static const char *const pragmas[] = {"PRAGMA journal_mode = WAL"};

	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return run_all(s, pragmas, ARRAY_SIZE(pragmas));
}

/* Not served from: what is damaged now loses more with every write. */
static int check_whole(struct store_sqlite *s, const char *path, char *why,
		       size_t why_len)
{
	sqlite3_stmt *q = NULL;
	int code = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &q,
				      NULL);
	const char *found;
	int r = 0;

	if (code == SQLITE_OK)
		code = sqlite3_step(q);
	found = code == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 0)
				   : NULL;
	if (!found)
		r = explain(s, path, code, why, why_len);
	else if (strcmp(found, "ok") != 0)
		r = fail(why, why_len, -EUCLEAN,
			 "%s: the key store is damaged (%s); restore it from "
			 "a backup",
			 path, found);
	sqlite3_finalize(q);
	return r;
}

/* Make the tables in an empty file; recognise ours, refuse all else. */
static int adopt(struct store_sqlite *s, const char *path, char *why,
		 size_t why_len)
{
	int app = 0, version = 0, objects = 0;
	int code = prepare(s);

	if (code == SQLITE_OK)
		code = pragma_int(s, "SELECT count(*) FROM sqlite_schema",
				  &objects);
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
	else if (code == SQLITE_OK) {
		int r = check_whole(s, path, why, why_len);

		if (r < 0)
			return r;
	}
	if (code == SQLITE_OK)
		code = use_log(s);
	if (code == SQLITE_OK)
		code = store_sqlite_start(s);
	return code == SQLITE_OK ? 0 : explain(s, path, code, why, why_len);
}

int store_sqlite_open(const char *path, store_fatal_fn fatal,
		      struct store **ret, char *why, size_t why_len)
{
	_cleanup_(store_sqlite_freep) struct store_sqlite *s = NULL;
	const char *name = path ? path : ":memory:";
	int r, code;

	if (path) {
		r = make_file(path, why, why_len);
		if (r < 0)
			return r;
	}
	s = store_sqlite_new(fatal);
	if (!s)
		return -ENOMEM;
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
