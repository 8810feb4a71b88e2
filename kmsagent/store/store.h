/* SPDX-License-Identifier: MIT */
/*
 * The key store: records (kind, id, bytes) that change in atomic batches
 * under preconditions, behind one struct of functions.  It must not know
 * what a record means.  Bytes are never secrets: whoever stores a key has
 * wrapped it.
 */
#ifndef KMSAGENT_STORE_STORE_H
#define KMSAGENT_STORE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"

/*
 * Every batch gets a revision, one higher than any before; a record bears
 * that of the batch which wrote it last.  (etcd's mod_revision.)
 */
#define STORE_ABSENT ((uint64_t)0)    /* precondition: no such record */
#define STORE_ANY    ((uint64_t)(-1)) /* no precondition */

#define STORE_KIND_MAX_BYTES  32
#define STORE_ID_MAX_BYTES    512
#define STORE_VALUE_MAX_BYTES ((size_t)1 << 20)

struct store_write {
	const char *kind;
	const char *id;
	const void *value; /* NULL deletes the record */
	size_t len;	   /* bytes */
	uint64_t expect;   /* revision it must have now, or one of the above */
};

/* One record; borrowed for the call.  A result < 0 ends the scan with it. */
typedef int (*store_visit_fn)(void *userdata, const char *id, const void *value,
			      size_t len, uint64_t revision);

/*
 * The store could not make a batch durable, and nobody can say what is on
 * the disk: the process must end and start again from there.  The function
 * must not return; if it does, the store aborts.
 */
typedef void (*store_fatal_fn)(const char *why);

struct store_ops;

/* A store begins with its operations; the rest is the back end's. */
struct store {
	const struct store_ops *ops;
};

struct store_ops {
	const char *name; /* "sqlite" */

	/*
	 * Do all @writes or none.  When it returns 0 they are durable and
	 * *ret_revision is theirs.  Returns -EEXIST (STORE_ABSENT, but the
	 * record is there), -ESTALE (another revision, or gone), -ENOSPC,
	 * -EINVAL (names or value too long), -ENOMEM.  A failed sync does not
	 * come back: see store_fatal_fn.  Safe from several threads.
	 */
	int (*commit)(struct store *s, const struct store_write *writes,
		      size_t nwrites, uint64_t *ret_revision);

	/* Every record of @kind in ascending order of ids' bytes. */
	int (*scan)(struct store *s, const char *kind, store_visit_fn visit,
		    void *userdata);

	void (*close)(struct store *s); /* accepts NULL */
};

static inline int _must_check_ store_commit(struct store *s,
					    const struct store_write *writes,
					    size_t nwrites,
					    uint64_t *ret_revision)
{
	return s->ops->commit(s, writes, nwrites, ret_revision);
}

static inline int _must_check_ store_scan(struct store *s, const char *kind,
					  store_visit_fn visit, void *userdata)
{
	return s->ops->scan(s, kind, visit, userdata);
}

static inline void store_close(struct store *s)
{
	if (s)
		s->ops->close(s);
}

static inline void store_closep(struct store **s)
{
	store_close(*s);
}

/*
 * Open, or make, the SQLite store in the file @path (0600).  NULL: a store
 * that lives as long as the process, for tests.
 * On failure @why (@why_len bytes) holds a sentence: cause and next step.
 * Returns 0, -EBUSY (another process has it open), -EUCLEAN (damaged),
 * -EMEDIUMTYPE (a file of something else), -EPROTONOSUPPORT (made by a newer
 * version), -ENOMEM, or errno of the file.
 * Source: SQLite's documentation of WAL, PRAGMA and "How to corrupt".
 */
int store_sqlite_open(const char *path, store_fatal_fn fatal,
		      struct store **ret, char *why,
		      size_t why_len) _must_check_;

#endif
