/* SPDX-License-Identifier: MIT */
/*
 * The SQLite store: atomic batches, preconditions, what survives, and every
 * file that it must refuse.  A failing sync is made by a VFS of SQLite's that
 * the test puts before the real one.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kmsagent/store/store.h"
#include "tests/unit/tap.h"

static char dir[] = "/tmp/kms-store.XXXXXX";
static char why[512];

static char *at(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static struct store *must_open(const char *name)
{
	struct store *s = NULL;

	if (store_sqlite_open(at(name), NULL, &s, why, sizeof(why)) < 0) {
		printf("Bail out! %s\n", why);
		exit(1);
	}
	return s;
}

static int try_open(const char *name)
{
	struct store *s = NULL;
	int r;

	why[0] = '\0';
	r = store_sqlite_open(at(name), NULL, &s, why, sizeof(why));
	store_close(s);
	return r;
}

static int write_one(struct store *s, const char *id, const char *value,
		     uint64_t expect, uint64_t *ret)
{
	uint64_t ignored;

	return store_commit(
		s,
		&(struct store_write){.kind = "key",
				      .id = id,
				      .value = value,
				      .len = value ? strlen(value) : 0,
				      .expect = expect},
		1, ret ? ret : &ignored);
}

/* All records of a kind as "id=value;". */
static int collect(void *userdata, const char *id, const void *value,
		   size_t len, uint64_t revision)
{
	char *buf = userdata;
	size_t at_end = strlen(buf);

	(void)revision;
	snprintf(buf + at_end, 1024 - at_end, "%s=%.*s;", id, (int)len,
		 (const char *)value);
	return 0;
}

static const char *dump(struct store *s, const char *kind)
{
	static char buf[1024];

	buf[0] = '\0';
	if (store_scan(s, kind, collect, buf) < 0)
		return "(failed)";
	return buf;
}

static void test_batches(void)
{
	struct store *s = must_open("a");
	uint64_t first = 0, second = 0;
	struct store_write both[2] = {
		{"key", "b", "2", 1, STORE_ABSENT},
		{"alias", "x", "b", 1, STORE_ABSENT},
	};

	TAP_EQ_INT(write_one(s, "a", "1", STORE_ABSENT, &first), 0,
		   "a_new_record_is_taken");
	TAP_EQ_INT(write_one(s, "a", "9", STORE_ABSENT, NULL), -EEXIST,
		   "absent_refuses_a_record_that_is_there");
	TAP_EQ_INT(store_commit(s, both, 2, &second), 0, "two_at_once");
	TAP_OK(second > first, "revisions_rise");
	TAP_EQ_STR(dump(s, "key"), "a=1;b=2;", "a_scan_is_in_order_of_ids");
	TAP_EQ_STR(dump(s, "alias"), "x=b;", "kinds_are_apart");

	/* The second write of the batch fails: the first must not stay. */
	both[0] = (struct store_write){"key", "c", "3", 1, STORE_ABSENT};
	both[1] = (struct store_write){"key", "a", "4", 1, first + 100};
	TAP_EQ_INT(store_commit(s, both, 2, &second), -ESTALE,
		   "another_revision_is_stale");
	TAP_EQ_STR(dump(s, "key"), "a=1;b=2;", "a_batch_is_whole_or_nothing");
	TAP_EQ_INT(write_one(s, "zz", NULL, first, NULL), -ESTALE,
		   "what_is_gone_is_stale");
	TAP_EQ_INT(write_one(s, "a", "5", first, &second), 0,
		   "its_revision_lets_it_change");
	TAP_EQ_INT(write_one(s, "a", "6", first, NULL), -ESTALE,
		   "an_old_revision_does_not");
	TAP_EQ_INT(write_one(s, "b", NULL, STORE_ANY, NULL), 0,
		   "a_record_is_deleted");
	TAP_EQ_STR(dump(s, "key"), "a=5;", "and_gone");
	store_close(s);

	s = must_open("a");
	TAP_EQ_STR(dump(s, "key"), "a=5;", "all_is_there_after_reopening");
	TAP_EQ_INT(write_one(s, "a", "7", second, &first), 0,
		   "revisions_survive_reopening");
	TAP_OK(first > second, "and_go_on_rising");
	store_close(s);
}

static void test_names(void)
{
	struct store *s = must_open("names");
	char id[STORE_ID_MAX_BYTES + 2];

	memset(id, 'x', sizeof(id));
	id[STORE_ID_MAX_BYTES + 1] = '\0';
	TAP_EQ_INT(write_one(s, id, "1", STORE_ANY, NULL), -EINVAL,
		   "an_id_too_long_is_refused");
	id[STORE_ID_MAX_BYTES] = '\0';
	TAP_EQ_INT(write_one(s, id, "1", STORE_ANY, NULL), 0,
		   "the_longest_id_is_taken");
	store_close(s);
}

static void put_file(const char *name, const void *bytes, size_t len,
		     mode_t mode)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC, mode);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len ||
	    fchmod(fd, mode) < 0)
		exit(1);
	close(fd);
}

static void run_sql(const char *name, const char *sql)
{
	sqlite3 *db = NULL;

	if (sqlite3_open(at(name), &db) != SQLITE_OK ||
	    sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		printf("Bail out! %s\n", sqlite3_errmsg(db));
		exit(1);
	}
	sqlite3_close(db);
	chmod(at(name), 0600);
}

static void test_foreign_files(void)
{
	char page[8192];
	struct stat before, after;

	memset(page, 'x', sizeof(page));
	put_file("text", page, sizeof(page), 0600);
	TAP_EQ_INT(try_open("text"), -EMEDIUMTYPE, "refuses_a_text_file");
	TAP_OK(strstr(why, "not a key store"), "and_says_so");

	run_sql("other", "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
	stat(at("other"), &before);
	TAP_EQ_INT(try_open("other"), -EMEDIUMTYPE,
		   "refuses_a_database_of_something_else");
	stat(at("other"), &after);
	TAP_OK(before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
		       before.st_mtim.tv_nsec == after.st_mtim.tv_nsec,
	       "and_does_not_touch_it");

	store_close(must_open("newer"));
	run_sql("newer", "PRAGMA user_version = 2");
	TAP_EQ_INT(try_open("newer"), -EPROTONOSUPPORT,
		   "refuses_a_newer_version");
	TAP_OK(strstr(why, "version 2"), "and_names_it");

	put_file("open", "", 0, 0644);
	TAP_EQ_INT(try_open("open"), -EPERM, "refuses_a_file_others_can_read");
	TAP_OK(strstr(why, "chmod 600"), "and_says_what_to_do");

	mkdir(at("folder"), 0700);
	TAP_OK(try_open("folder") < 0 && *why, "refuses_a_folder");
	if (symlink("a", at("link")) < 0)
		exit(1);
	TAP_EQ_INT(try_open("link"), -ELOOP, "refuses_a_symbolic_link");
}

/* Each page in turn is overwritten: none may go unnoticed. */
static void test_damage(void)
{
	struct store *s = must_open("damaged");
	char page[4096], kept[4096];
	struct stat st;
	int fd, missed = 0;

	for (int i = 0; i < 300; i++) {
		char id[16];

		snprintf(id, sizeof(id), "%03d", i);
		if (write_one(s, id, "0123456789abcdef0123456789", STORE_ANY,
			      NULL) < 0)
			exit(1);
	}
	store_close(s);
	memset(page, 'x', sizeof(page));
	fd = open(at("damaged"), O_RDWR);
	fstat(fd, &st);
	for (off_t o = 0; o < st.st_size; o += 4096) {
		int r;

		if (pread(fd, kept, 4096, o) != 4096 ||
		    pwrite(fd, page, 4096, o) != 4096)
			exit(1);
		r = try_open("damaged");
		if (r != -EUCLEAN && r != -EMEDIUMTYPE) {
			tap_diag("page at %lld: %d", (long long)o, r);
			missed++;
		}
		if (pwrite(fd, kept, 4096, o) != 4096)
			exit(1);
	}
	close(fd);
	TAP_OK(st.st_size >= 5L * 4096, "the_store_has_some_pages");
	TAP_EQ_INT(missed, 0, "refuses_damage_in_any_page");
	TAP_EQ_INT(try_open("damaged"), 0, "and_opens_once_it_is_repaired");
}

/* In a child: a lock of the same process would not count (POSIX locks). */
static int in_child(int (*f)(void))
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(f());
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int open_held(void)
{
	return try_open("held") == -EBUSY && strstr(why, "another process has")
		       ? 0
		       : 1;
}

static void test_exclusive(void)
{
	struct store *s = must_open("held");

	TAP_EQ_INT(in_child(open_held), 0, "a_second_process_is_kept_out");
	TAP_OK(access(at("held-shm"), F_OK) < 0, "without_shared_memory");
	store_close(s);
}

/* Killed at any point, what was acknowledged is there. */
static int write_and_die(void)
{
	struct store *s = must_open("killed");

	if (write_one(s, "a", "1", STORE_ABSENT, NULL) < 0)
		return 1;
	kill(getpid(), SIGKILL);
	return 1;
}

static void test_killed(void)
{
	struct store *s;

	in_child(write_and_die);
	s = must_open("killed");
	TAP_EQ_STR(dump(s, "key"), "a=1;", "what_was_acknowledged_survives");
	store_close(s);
}

/* A VFS that is the real one until its syncs begin to fail. */
static sqlite3_vfs failing;
static sqlite3_io_methods failing_methods;
static const sqlite3_io_methods *real_methods;
static bool syncs_fail;

static int failing_sync(sqlite3_file *f, int flags)
{
	return syncs_fail ? SQLITE_IOERR_FSYNC : real_methods->xSync(f, flags);
}

static int failing_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f,
			int flags, int *ret_flags)
{
	sqlite3_vfs *real = vfs->pAppData;
	int code = real->xOpen(real, name, f, flags, ret_flags);

	if (code == SQLITE_OK) {
		real_methods = f->pMethods;
		failing_methods = *real_methods;
		failing_methods.xSync = failing_sync;
		f->pMethods = &failing_methods;
	}
	return code;
}

static void told(const char *text)
{
	_exit(strstr(text, "commit failed") ? 77 : 78);
}

static int commit_without_sync(void)
{
	sqlite3_vfs *real = sqlite3_vfs_find(NULL);
	struct store *s = NULL;

	failing = *real;
	failing.zName = "failing";
	failing.pAppData = real;
	failing.xOpen = failing_open;
	sqlite3_vfs_register(&failing, 1);
	if (store_sqlite_open(at("nosync"), told, &s, why, sizeof(why)) < 0 ||
	    write_one(s, "a", "1", STORE_ABSENT, NULL) < 0)
		return 1;
	syncs_fail = true;
	return write_one(s, "b", "2", STORE_ABSENT, NULL) == 0 ? 2 : 3;
}

static void test_failed_sync(void)
{
	TAP_EQ_INT(in_child(commit_without_sync), 77,
		   "a_failed_sync_ends_the_process");
}

/* A file system of 512 KiB: filled until it refuses, then given room. */
static void test_full_disk(void)
{
	static char value[4096];
	struct store *s;
	int r = 0, n = 0, found = 0;

	mkdir(at("small"), 0700);
	if (mount("none", at("small"), "tmpfs", 0, "size=512k") < 0) {
		tap_skip("a_full_disk_is_an_error_and_loses_nothing",
			 "cannot mount (not root)");
		return;
	}
	s = must_open("small/store");
	memset(value, 'v', sizeof(value) - 1);
	while (r == 0 && n < 1000) {
		char id[16];

		snprintf(id, sizeof(id), "%04d", n);
		r = write_one(s, id, value, STORE_ABSENT, NULL);
		n += r == 0;
	}
	TAP_EQ_INT(r, -ENOSPC, "a_full_disk_is_an_error");
	store_close(s);
	s = must_open("small/store");
	for (int i = 0; i < n; i++) {
		char id[16];

		snprintf(id, sizeof(id), "%04d", i);
		found += write_one(s, id, "w", STORE_ABSENT, NULL) == -EEXIST;
	}
	TAP_OK(n > 10, "after_some_writes");
	TAP_EQ_INT(found, n, "and_loses_nothing_acknowledged");
	store_close(s);
	umount(at("small"));
}

/* Past a thousand pages of log the store folds it into the file. */
static void test_checkpoint(void)
{
	struct store *s = must_open("long");
	static char value[8192];
	struct stat log;
	int r = 0;

	memset(value, 'v', sizeof(value) - 1);
	for (int i = 0; r == 0 && i < 1500; i++) {
		char id[16];

		snprintf(id, sizeof(id), "%d", i % 50);
		r = write_one(s, id, value, STORE_ANY, NULL);
	}
	TAP_EQ_INT(r, 0, "many_writes");
	TAP_OK(stat(at("long-wal"), &log) == 0 && log.st_size < 1200L * 4096,
	       "the_log_does_not_grow_without_end");
	store_close(s);
}

static int rm(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	test_batches();
	test_names();
	test_foreign_files();
	test_damage();
	test_exclusive();
	test_killed();
	test_failed_sync();
	test_full_disk();
	test_checkpoint();
	nftw(dir, rm, 16, FTW_DEPTH | FTW_PHYS);
	return tap_done();
}
