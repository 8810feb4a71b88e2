/* SPDX-License-Identifier: MIT */
/*
 * The keyctl wrappers against the running kernel.  Every test works inside an
 * anonymous session ring, so that nothing is left behind.
 */
#include "keyring/key.h"

#include <string.h>

#include "tests/unit/tap.h"

#define SESSION KEY_SPEC_SESSION_KEYRING

static int add(const char *type, const char *desc, const char *payload,
	       key_serial_t *ret)
{
	_cleanup_(secret_done) struct secret s = SECRET_INIT;

	*ret = 0;
	if (*payload && secret_set(&s, payload, strlen(payload)) < 0)
		return -ENOMEM;
	return kr_add(type, desc, &s, SESSION, ret);
}

static void describe_text(void)
{
	struct kr_info i;

	TAP_OK(kr_describe_parse("logon;1000;100;3d010000;kms:a;b;c", &i) ==
			       0 &&
		       strcmp(i.type, "logon") == 0 && i.uid == 1000 &&
		       i.gid == 100 && i.perm == 0x3d010000 &&
		       strcmp(i.desc, "kms:a;b;c") == 0,
	       "describe_parse_keeps_semicolons_of_the_description");
	TAP_EQ_INT(kr_describe_parse("logon;4294967295;0;0;", &i), 0,
		   "describe_parse_takes_an_empty_description");
	TAP_EQ_INT(kr_describe_parse("logon;0;0", &i), -EBADMSG,
		   "describe_parse_refuses_missing_fields");
	TAP_EQ_INT(kr_describe_parse(";0;0;0;x", &i), -EBADMSG,
		   "describe_parse_refuses_an_empty_type");
	TAP_EQ_INT(kr_describe_parse(
			   "a23456789012345678901234567890123;0;0;0;x", &i),
		   -EBADMSG, "describe_parse_refuses_an_overlong_type");
}

static void life_of_a_key(void)
{
	struct kr_info i;
	key_serial_t k, again;

	TAP_EQ_INT(add("logon", "kms:one", "0123456789abcdef", &k), 0,
		   "add_makes_a_logon_key");
	TAP_OK(kr_describe(k, &i) == 0 && strcmp(i.type, "logon") == 0 &&
		       strcmp(i.desc, "kms:one") == 0 && i.uid == geteuid() &&
		       i.perm == 0x3d010000,
	       "describe_tells_type_owner_mask_and_description");
	TAP_OK(add("logon", "kms:one", "fedcba9876543210", &again) == 0 &&
		       again == k,
	       "add_updates_in_place_and_keeps_the_serial");
	TAP_OK(kr_setperm(k, 0x092d0000) == 0 && kr_describe(k, &i) == 0 &&
		       i.perm == 0x092d0000,
	       "setperm_sets_the_mask");
	TAP_EQ_INT(kr_set_timeout(k, 600), 0, "set_timeout_is_taken");
	TAP_OK(kr_invalidate(k) == 0, "invalidate_is_taken");
	/* A racing search may still see -EKEYREVOKED: core.rst. */
	int r = kr_request("logon", "kms:one", NULL, 0, &again);
	TAP_OK(r == -ENOKEY || r == -EKEYREVOKED,
	       "an_invalidated_key_is_not_found");
}

static void errors_stay_what_the_kernel_said(void)
{
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	struct kr_info i;
	key_serial_t k = 0, ring;

	TAP_EQ_INT(add("logon", "nocolon", "x", &k), -EINVAL,
		   "logon_without_a_colon_is_einval");
	TAP_EQ_INT(add("logon", "kms:empty", "", &k), -EINVAL,
		   "logon_without_a_payload_is_einval");
	TAP_EQ_INT(add("nosuchtype", "kms:x", "x", &k), -ENODEV,
		   "an_unknown_type_is_enodev");
	TAP_EQ_INT(k, 0, "a_failed_add_leaves_the_result_alone");
	TAP_EQ_INT(kr_request("user", "kms:absent", NULL, 0, &k), -ENOKEY,
		   "an_absent_key_is_enokey");
	TAP_EQ_INT(kr_assume_authority(1, NULL), -ENOKEY,
		   "authority_over_a_foreign_key_is_enokey");

	TAP_EQ_INT(add("user", "kms:rev", "x", &k), 0, "add_makes_a_user_key");
	TAP_EQ_INT(kr_reject(k, 5, EKEYREJECTED), -EPERM,
		   "reject_without_authority_is_eperm");
	TAP_EQ_INT(secret_set(&s, "y", 1), 0, "a_payload_is_made");
	TAP_EQ_INT(kr_instantiate(k, &s, 0), -EPERM,
		   "instantiate_without_authority_is_eperm");
	TAP_EQ_INT(kr_revoke(k), 0, "revoke_is_taken");
	TAP_EQ_INT(kr_request("user", "kms:rev", NULL, 0, &k), -EKEYREVOKED,
		   "a_revoked_key_answers_ekeyrevoked");

	TAP_EQ_INT(kr_add_ring("kms.ring", SESSION, &ring), 0,
		   "add_ring_makes_a_ring");
	TAP_EQ_INT(add("user", "kms:linked", "x", &k), 0, "add_makes_another");
	TAP_EQ_INT(kr_unlink(k, ring), -ENOENT,
		   "unlink_without_link_is_enoent");
	TAP_EQ_INT(kr_link(k, ring), 0, "link_links");
	TAP_EQ_INT(kr_unlink(k, ring), 0, "unlink_unlinks");
	TAP_EQ_INT(kr_setperm(ring, 0x00010000), 0, "a_ring_gives_up_its_bits");
	TAP_EQ_INT(kr_link(k, ring), -EACCES, "link_without_write_is_eacces");
	TAP_EQ_INT(kr_describe(0x7ffffff0, &i), -ENOKEY,
		   "describe_of_no_serial_is_enokey");
	TAP_EQ_INT(kr_get_id(KEY_SPEC_REQKEY_AUTH_KEY, &k), -ENOKEY,
		   "no_authorisation_key_is_enokey");
}

static void expiry(void)
{
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	struct kr_info info;
	key_serial_t k;
	int r = 0;

	TAP_EQ_INT(secret_set(&s, "0123", 4), 0, "a_payload_is_made");
	TAP_EQ_INT(kr_add_logon(SESSION, "kms:brief", &s, 1, &k), 0,
		   "add_logon_takes_a_time_to_live");
	/* The kernel counts whole seconds; nothing announces expiry. */
	for (int i = 0; i < 50 && r == 0; i++) {
		usleep(100000);
		r = kr_describe(k, &info);
	}
	TAP_EQ_INT(r, -EKEYEXPIRED, "an_expired_key_answers_ekeyexpired");
	/* request_key(2) passes over it, so that an upcall can replace it. */
	TAP_EQ_INT(kr_request("logon", "kms:brief", NULL, 0, &k), -ENOKEY,
		   "a_request_passes_over_an_expired_key");
}

static void advice(void)
{
	static const int errs[] = {EDQUOT,	EKEYREJECTED, ENOKEY,
				   EKEYEXPIRED, EKEYREVOKED,  EACCES,
				   ENODEV,	EPERM};
	const char *none = kr_advice(0);
	bool all = true, same_sign = true, distinct = true;

	for (size_t i = 0; i < ARRAY_SIZE(errs); i++) {
		all &= strcmp(kr_advice(errs[i]), none) != 0;
		same_sign &= kr_advice(errs[i]) == kr_advice(-errs[i]);
		for (size_t j = 0; j < i; j++)
			distinct &= kr_advice(errs[i]) != kr_advice(errs[j]);
	}
	TAP_OK(all, "every_key_error_has_advice");
	TAP_OK(distinct, "no_two_key_errors_share_advice");
	TAP_OK(same_sign, "advice_takes_either_sign");
}

int main(void)
{
	key_serial_t session;
	int r;

	describe_text();
	advice();
	r = kr_join_session(&session);
	if (r < 0) {
		tap_skip("keys_against_the_kernel",
			 r == -ENOSYS ? "kernel without keyrings"
				      : "keyctl is not permitted here");
		return tap_done();
	}
	life_of_a_key();
	errors_stay_what_the_kernel_said();
	expiry();
	return tap_done();
}
