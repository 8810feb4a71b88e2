/* SPDX-License-Identifier: MIT */
/* The root key in a file: made once, guarded, and never taken for another. */
#include "kmsagent/rootkey/rootkey.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kmsagent/base/io.h"
#include "tests/unit/tap.h"

static char dir[] = "/tmp/test-rootkey-XXXXXX";
static char why[ROOTKEY_WHY_BYTES];
static char path[64], path2[64];

static int open_at(const char *where, bool may_create, struct rootkey **ret)
{
	const struct rootkey_conf conf = {"file", where, may_create};

	why[0] = '\0';
	return rootkey_open(&conf, ret, why);
}

/* A refusal says which file and ends in something to do. */
static void refuses(const char *where, bool may_create, int want,
		    const char *word, const char *name)
{
	_cleanup_(rootkey_closep) struct rootkey *rk = NULL;
	int r = open_at(where, may_create, &rk);

	TAP_EQ_INT(r, want, name);
	TAP_OK(!rk && strstr(why, where) && strstr(why, word), name);
	if (!strstr(why, word))
		tap_diag("%s", why);
}

static void put_file(const char *where, const void *bytes, size_t len,
		     mode_t mode)
{
	_close_ int fd = -1;

	(void)unlink(where);
	fd = open(where, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || io_write_full(fd, bytes, len) < 0 || fchmod(fd, mode) < 0)
		abort();
}

/* How many files the folder holds; with @and_remove, and then none. */
static size_t files_in_dir(bool and_remove)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	if (!d)
		abort();
	for (struct dirent *e; (e = readdir(d));) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		n++;
		if (and_remove)
			(void)unlinkat(dirfd(d), e->d_name, 0);
	}
	closedir(d);
	return n;
}

static void test_making(void)
{
	_cleanup_(rootkey_closep) struct rootkey *rk = NULL;
	_cleanup_(rootkey_closep) struct rootkey *again = NULL;
	struct stat st;

	refuses(path, false, -ENOENT, "backup",
		"a_missing_root_key_beside_a_store_is_not_made_anew");
	TAP_EQ_INT(access(path, F_OK), -1, "and_no_file_appears");
	TAP_EQ_INT(open_at(path, true, &rk), 0, "makes_a_root_key");
	TAP_OK(rootkey_is_new(rk), "says_that_it_is_new");
	TAP_OK(stat(path, &st) == 0 && st.st_size == 32 &&
		       (st.st_mode & 07777) == 0400,
	       "as_32_bytes_that_only_the_owner_reads");
	TAP_EQ_INT((long long)files_in_dir(false), 1,
		   "and_leaves_no_other_file");
	TAP_EQ_INT(open_at(path, true, &again), 0, "opens_it_again");
	TAP_OK(!rootkey_is_new(again), "says_that_it_was_there");
	TAP_EQ_STR(rootkey_id(again), rootkey_id(rk), "it_is_the_same");
	TAP_OK(strncmp(rootkey_id(rk), "file:", 5) == 0 &&
		       strlen(rootkey_id(rk)) == 5 + 32,
	       "an_id_is_provider_and_fingerprint");
}

static void test_wrapping(void)
{
	_cleanup_(rootkey_closep) struct rootkey *rk = NULL;
	_cleanup_(rootkey_closep) struct rootkey *other = NULL;
	_cleanup_(secret_done) struct secret kek = SECRET_INIT;
	_cleanup_(secret_done) struct secret out = SECRET_INIT;
	_free_ uint8_t *w = NULL;
	size_t len = 0, opened = 0;

	if (open_at(path, false, &rk) < 0 || open_at(path2, true, &other) < 0 ||
	    secret_random(&kek, 32) < 0)
		abort();
	TAP_EQ_INT(rootkey_wrap(rk, "kek-1", &kek, &w, &len), 0, "wraps");
	TAP_OK(!memmem(w, len, kek.bytes, 8), "the_key_is_not_readable");
	TAP_OK(rootkey_unwrap(rk, "kek-1", w, len, &out, why) == 0 &&
		       secret_equal(&out, &kek),
	       "unwraps");
	secret_done(&out);
	TAP_EQ_INT(rootkey_unwrap(other, "kek-1", w, len, &out, why),
		   -EKEYREJECTED, "another_root_key_is_told_as_such");
	TAP_OK(strstr(why, rootkey_id(rk)) && strstr(why, rootkey_id(other)) &&
		       out.len == 0,
	       "both_root_keys_are_named_and_nothing_is_given");
	TAP_EQ_INT(rootkey_unwrap(rk, "kek-2", w, len, &out, why), -EBADMSG,
		   "another_record_is_refused");
	TAP_OK(strstr(why, "kek-2") && strstr(why, "damaged"),
	       "and_said_to_be_damaged");
	for (size_t bit = 0; bit < 8 * len; bit++) {
		w[bit / 8] ^= (uint8_t)(1 << bit % 8);
		opened += rootkey_unwrap(rk, "kek-1", w, len, &out, why) == 0;
		w[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t n = 0; n < len; n++)
		opened += rootkey_unwrap(rk, "kek-1", w, n, &out, why) !=
			  -EBADMSG;
	TAP_EQ_INT((long long)opened, 0,
		   "each_flipped_bit_and_shorter_record_is_refused");
	TAP_EQ_INT(rootkey_unwrap(rk, "kek-1", w, len, &out, why), 0,
		   "the_record_itself_still_opens");
	secret_truncate(&kek, 16);
	free(take_ptr(w));
	TAP_EQ_INT(rootkey_wrap(rk, "kek-1", &kek, &w, &len), -EINVAL,
		   "a_key_of_16_bytes_is_not_wrapped");
}

/* The same file again, but somebody changed it. */
static void test_changed_file(void)
{
	_cleanup_(rootkey_closep) struct rootkey *rk = NULL;
	_cleanup_(rootkey_closep) struct rootkey *changed = NULL;
	_cleanup_(secret_done) struct secret kek = SECRET_INIT;
	_cleanup_(secret_done) struct secret out = SECRET_INIT;
	_free_ uint8_t *w = NULL;
	size_t len;

	if (open_at(path, false, &rk) < 0 || secret_random(&kek, 32) < 0 ||
	    rootkey_wrap(rk, "kek", &kek, &w, &len) < 0)
		abort();
	put_file(path2, "0123456789abcdef0123456789abcdef", 32, 0400);
	TAP_EQ_INT(open_at(path2, false, &changed), 0, "other_content_opens");
	TAP_EQ_INT(rootkey_unwrap(changed, "kek", w, len, &out, why),
		   -EKEYREJECTED, "but_is_another_root_key");
}

static void test_guards(void)
{
	static const uint8_t bytes[40];
	_cleanup_(rootkey_closep) struct rootkey *rk = NULL;
	const struct rootkey_conf unknown = {"tpm9", path, false};

	TAP_EQ_INT(rootkey_open(&unknown, &rk, why), -EINVAL,
		   "an_unknown_provider_is_refused");
	TAP_OK(strstr(why, "tpm9") && strstr(why, "file"),
	       "and_the_known_ones_are_named");
	refuses("root.key", true, -EINVAL, "absolute",
		"a_relative_path_is_refused");
	refuses("/tmp/", true, -EINVAL, "absolute", "a_folder_is_refused");
	put_file(path2, bytes, 32, 0440);
	refuses(path2, true, -EPERM, "chmod 0400",
		"a_file_that_the_group_reads_is_refused");
	put_file(path2, bytes, 32, 0402);
	refuses(path2, true, -EPERM, "chmod 0400",
		"a_file_that_others_write_is_refused");
	/* systemd gives a credential by an access control list. */
	setenv("CREDENTIALS_DIRECTORY", dir, true);
	refuses(path2, true, -EPERM, "chmod 0400",
		"nor_is_a_credential_for_others_to_write");
	put_file(path2, "0123456789abcdef0123456789abcdef", 32, 0440);
	TAP_EQ_INT(open_at(path2, false, &rk), 0,
		   "a_credential_with_its_list_s_mask_is_taken");
	setenv("CREDENTIALS_DIRECTORY", "/", true);
	refuses(path2, true, -EPERM, "chmod 0400",
		"what_lies_elsewhere_is_no_credential");
	unsetenv("CREDENTIALS_DIRECTORY");
	put_file(path2, bytes, 31, 0400);
	refuses(path2, true, -EBADMSG, "31 bytes", "31_bytes_are_refused");
	put_file(path2, bytes, 33, 0400);
	refuses(path2, true, -EBADMSG, "33 bytes", "33_bytes_are_refused");
	put_file(path2, bytes, 0, 0400);
	refuses(path2, true, -EBADMSG, "0 bytes",
		"an_empty_file_is_refused_not_filled");
	(void)unlink(path2);
	if (symlink(path, path2) < 0)
		abort();
	refuses(path2, true, -EBADMSG, "symbolic link",
		"a_symbolic_link_is_refused");
	(void)unlink(path2);
	if (mkfifo(path2, 0400) < 0)
		abort();
	refuses(path2, true, -EBADMSG, "regular file",
		"a_fifo_is_refused_without_waiting");
	(void)unlink(path2);
	refuses("/nonexistent-folder/root.key", true, -ENOENT, "folder",
		"a_folder_that_is_not_there_is_not_made");
}

/* What only root can set up: owners.  The other user is a child that was
 * forked before the first secret: a child after it has no secret memory. */
static pid_t other_user = -1;
static int go_fd = -1;

static void start_other_user(void)
{
	struct rootkey *rk = NULL;
	int fds[2], own, denied;
	char c;

	if (geteuid() != 0)
		return;
	if (pipe2(fds, O_CLOEXEC) < 0)
		abort();
	other_user = fork();
	if (other_user != 0) {
		close(fds[0]);
		go_fd = fds[1];
		return;
	}
	close(fds[1]);
	if (read(fds[0], &c, 1) != 1 || setresgid(12345, 12345, 12345) < 0 ||
	    setresuid(12345, 12345, 12345) < 0)
		_exit(9);
	own = open_at(path2, false, &rk);
	rootkey_close(rk);
	denied = open_at(path, false, &rk);
	_exit((own != 0) | (denied != -EACCES) << 1);
}

static void test_owner(void)
{
	static const uint8_t bytes[32];
	int status = -1;

	if (geteuid() != 0) {
		tap_skip("a_file_of_another_user_is_refused", "needs root");
		return;
	}
	put_file(path2, bytes, 32, 0400);
	if (chown(path2, 12345, 12345) < 0 || chmod(dir, 0711) < 0)
		abort();
	refuses(path2, true, -EPERM, "uid 12345",
		"a_file_of_another_user_is_refused");
	if (write(go_fd, "", 1) != 1 || waitpid(other_user, &status, 0) < 0)
		abort();
	TAP_EQ_INT(status, 0, "that_user_opens_its_own_file_and_no_other");
}

int main(void)
{
	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof(path), "%s/root.key", dir);
	snprintf(path2, sizeof(path2), "%s/other.key", dir);
	start_other_user();
	test_making();
	test_wrapping();
	test_changed_file();
	test_guards();
	test_owner();
	(void)files_in_dir(true);
	if (rmdir(dir) < 0)
		tap_diag("could not remove %s", dir);
	return tap_done();
}
