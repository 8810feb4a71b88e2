/* SPDX-License-Identifier: MIT */
/*
 * Private to the SQLite store: what its two halves share.  sqlite.c works on
 * an open store, sqlite-open.c finds out whether a file is one.
 */
#ifndef KMSAGENT_STORE_SQLITE_H
#define KMSAGENT_STORE_SQLITE_H

#include <pthread.h>
#include <sqlite3.h>

#include "kmsagent/store/store.h"

enum store_query {
	STORE_QUERY_BEGIN,
	STORE_QUERY_COMMIT,
	STORE_QUERY_ROLLBACK,
	STORE_QUERY_NEXT_REVISION,
	STORE_QUERY_REVISION_OF,
	STORE_QUERY_PUT,
	STORE_QUERY_DELETE,
	STORE_QUERY_SCAN,
	STORE_QUERY_COUNT,
};

struct store_sqlite {
	struct store base;
	pthread_mutex_t lock; /* one connection: one user at a time */
	sqlite3 *db;
	sqlite3_stmt *query[STORE_QUERY_COUNT];
	store_fatal_fn fatal;
	int log_frames; /* pages in the write-ahead log, as the hook saw */
};

/* A store without a database yet; NULL when out of memory. */
struct store_sqlite *store_sqlite_new(store_fatal_fn fatal);
void store_sqlite_freep(struct store_sqlite **s);

/*
 * Make @s work on its open database: queries, the hook that counts the log's
 * frames; write once, which takes the file's lock for good.  Returns a result
 * code of SQLite's.
 */
int store_sqlite_start(struct store_sqlite *s);

/* SQLite's result code as negative errno; 0 for OK, ROW and DONE. */
int store_sqlite_errno(int code);

#endif
