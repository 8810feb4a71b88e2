/* SPDX-License-Identifier: MIT */
/* Keys on loan, on the running kernel: who finds one, and what is left. */
#include "keyring/loan.h"

#include <string.h>
#include <sys/wait.h>

#include "keyring/key.h"
#include "tests/unit/tap.h"

#define NAME "loan-test"
#define DESC "kms:" NAME

/* In a child with a session ring of its own, as the device child has. */
static int borrow(key_serial_t ring, bool takes)
{
	key_serial_t session, found;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int r = kr_join_session(&session);

		if (r == 0 && takes)
			r = kr_loan_take(ring);
		if (r == 0)
			r = kr_request("logon", DESC, NULL, 0, &found);
		if (r == 0 && takes) {
			kr_loan_give_back(ring);
			/* The thread remembers its last find until it is back
			 * in user space, so ask for another first. */
			(void)!kr_request("logon", "kms:none", NULL, 0, &found);
			if (kr_request("logon", DESC, NULL, 0, &found) == 0)
				r = -EEXIST;
		}
		_exit(-r);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		abort();
	return -WEXITSTATUS(status);
}

static void test_loan(const struct kr_keytype *logon, key_serial_t session)
{
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	struct kr_loan l = KR_LOAN_INIT;
	struct kr_info info;
	key_serial_t serial;
	bool left = false;

	if (secret_random(&key, 64) < 0)
		abort();
	TAP_EQ_INT(kr_loan_make(&l, session, NAME, logon, &key, 0), -EINVAL,
		   "refuses_a_loan_without_an_end");
	TAP_EQ_INT(kr_loan_make(&l, session, "a b", logon, &key, 9), -EINVAL,
		   "refuses_what_is_no_name");
	if (!TAP_EQ_INT(kr_loan_make(&l, session, NAME, logon, &key, 60), 0,
			"a_loan_is_made"))
		return;
	serial = l.key;
	TAP_EQ_INT(kr_describe(serial, &info), 0, "it_can_be_described");
	TAP_EQ_STR(info.desc, DESC, "it_bears_the_name");
	TAP_EQ_INT(info.perm, KR_LOAN_PERM, "and_the_mask");
	TAP_OK(keyctl_update(serial, "x", 1) < 0, "nobody_changes_it");
	TAP_EQ_INT(borrow(l.ring, true), 0,
		   "who_takes_the_ring_finds_it_until_he_gives_it_back");
	TAP_EQ_INT(borrow(l.ring, false), -ENOKEY, "nobody_else_finds_it");
	TAP_EQ_INT(kr_loan_is_left(serial, &left), 0, "proc_keys_is_read");
	TAP_OK(left, "a_live_one_is_seen");
	kr_loan_end(&l, session);
	TAP_EQ_INT(l.ring, 0, "ending_empties_it");
	TAP_EQ_INT(kr_loan_is_left(serial, &left), 0, "it_is_read_again");
	TAP_OK(!left, "and_nothing_is_left");
	TAP_OK(kr_describe(serial, &info) < 0, "nor_can_it_be_described");
	kr_loan_end(&l, session);
	secret_truncate(&key, 0);
	TAP_EQ_INT(kr_loan_make(&l, session, NAME, logon, &key, 9), -EINVAL,
		   "refuses_an_empty_key");
	TAP_EQ_INT(l.ring, 0, "and_leaves_no_ring");
}

int main(void)
{
	key_serial_t session;
	int r = kr_join_session(&session);

	if (r < 0)
		tap_skip_all("keyctl is not permitted here");
	test_loan(kr_keytype_find("logon"), session);
	return tap_done();
}
