/* SPDX-License-Identifier: MIT */
/*
 * Finding delivered keys in /proc/keys, where any user can forge lines by a
 * description with a newline in it.
 */
#include <string.h>

#include "keyring/key.h"
#include "keyring/upcall.h"
#include "tests/unit/tap.h"

static void lines(void)
{
	static const struct {
		const char *line;
		const char *why;
		int result;
	} table[] = {
		/* Seen on Linux 6.18. */
		{"276ef7fb I--Q---     1   2h 192d0000     0     0 logon     "
		 "kms:abc: 4",
		 "line_of_a_logon_key", 0},
		{"1fecf035 I--Q---     1 perm 192d0000     0     0 fscrypt-p "
		 "kms:f: 40 [2]",
		 "line_of_an_fscrypt_key", 0},
		{"276ef7fb I--Q---     1   2h 3d010000     0     0 logon     "
		 "kms:abc: 4",
		 "refused_with_another_mask", -EBADMSG},
		{"276ef7fb I--Q---     1   2h 192d0000  1000     0 logon     "
		 "kms:abc: 4",
		 "refused_with_another_owner", -EBADMSG},
		{"276ef7fb IR-Q---     1   2h 192d0000     0     0 logon     "
		 "kms:abc: 4",
		 "refused_when_revoked", -EBADMSG},
		{"276ef7fb I--Q--i     1   2h 192d0000     0     0 logon     "
		 "kms:abc: 4",
		 "refused_when_invalidated", -EBADMSG},
		{"276ef7fb I--Q-N-     1   2h 192d0000     0     0 logon     "
		 "kms:abc",
		 "refused_when_negative", -EBADMSG},
		{"276ef7fb ---QU--     1   2h 192d0000     0     0 logon     "
		 "kms:abc",
		 "refused_under_construction", -EBADMSG},
		{"276ef7fb I--Q---     1 expd 192d0000     0     0 logon     "
		 "kms:abc: 4",
		 "refused_when_expired", -EBADMSG},
		{"276ef7fb I--Q---     1   2h 192d0000     0     0 logon     "
		 "xyz:abc: 4",
		 "refused_with_a_foreign_description", -EBADMSG},
		{"f76ef7fb I--Q---     1   2h 192d0000     0     0 logon     "
		 "kms:abc: 4",
		 "refused_with_a_negative_serial", -EBADMSG},
		{"276ef7fb I--Q---     1   2h 192d0000     0     0 logon",
		 "refused_when_cut", -EBADMSG},
		{"", "refused_when_empty", -EBADMSG},
	};
	struct kr_delivered k;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		TAP_EQ_INT(kr_procs_parse_line(table[i].line, &k),
			   table[i].result, table[i].why);
	TAP_OK(kr_procs_parse_line(table[0].line, &k) == 0 &&
		       k.serial == 0x276ef7fb && k.ttl_hint_s == 7200 &&
		       strcmp(k.name, "abc") == 0,
	       "line_gives_serial_name_and_time_left");
}

static int deliver_by_hand(const char *desc, unsigned ttl_s, uint32_t perm,
			   key_serial_t *ret)
{
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	int r = secret_random(&s, 32);

	if (r == 0)
		r = kr_add_logon(KEY_SPEC_SESSION_KEYRING, desc, &s, ttl_s,
				 ret);
	return r < 0 ? r : kr_setperm(*ret, perm);
}

static const struct kr_delivered *find(const struct kr_delivered *keys,
				       size_t n, key_serial_t serial)
{
	for (size_t i = 0; i < n; i++)
		if (keys[i].serial == serial)
			return &keys[i];
	return NULL;
}

static void scan(void)
{
	_free_ struct kr_delivered *keys = NULL;
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	const struct kr_delivered *hit;
	char forged[200];
	key_serial_t real = 0, other = 0, forger;
	size_t n = 0;

	TAP_OK(deliver_by_hand("kms:scan", 3600, KR_DELIVERED_PERM, &real) ==
			       0 &&
		       deliver_by_hand("kms:scan2", 3600, 0x3d010000, &other) ==
			       0 &&
		       secret_set(&s, "x", 1) == 0,
	       "two_keys_are_made_one_of_them_like_a_delivered_one");
	/* A user's key whose description brings two lines: one names a key
	 * that is not like ours, one repeats the real one as another's. */
	snprintf(forged, sizeof(forged),
		 "x\n%08x I------ 1 1h 192d0000 0 0 logon kms:forged: 4"
		 "\n%08x I------ 1 9w 192d0000 0 0 logon kms:other: 4",
		 (unsigned)other, (unsigned)real);
	TAP_EQ_INT(
		kr_add("user", forged, &s, KEY_SPEC_SESSION_KEYRING, &forger),
		0, "the_kernel_takes_a_description_with_newlines");

	TAP_EQ_INT(kr_procs_scan(&keys, &n), 0, "scan_reads_proc_keys");
	hit = find(keys, n, real);
	TAP_OK(hit && strcmp(hit->name, "scan") == 0 &&
		       hit->type == kr_keytype_find("logon") &&
		       hit->ttl_hint_s > 0,
	       "scan_finds_a_delivered_key_under_its_true_name");
	TAP_OK(!find(keys, n, other), "scan_is_not_fooled_by_a_forged_line");
	for (size_t i = 1; i < n; i++)
		if (keys[i - 1].serial == keys[i].serial)
			hit = NULL;
	TAP_OK(hit, "scan_lists_no_serial_twice");
}

int main(void)
{
	key_serial_t session;

	lines();
	if (geteuid() != 0)
		tap_skip("scan_finds_a_delivered_key", "needs root");
	else if (access("/proc/keys", R_OK) < 0 ||
		 kr_join_session(&session) < 0)
		tap_skip("scan_finds_a_delivered_key", "no /proc/keys here");
	else
		scan();
	return tap_done();
}
