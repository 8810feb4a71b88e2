/* SPDX-License-Identifier: MIT */
/*
 * Who asks.  Requests are signed by sigv4_sign(), which has its own test
 * against published vectors; here it is what kmsd makes of them, again and
 * again on one thread's cache, that is looked at.
 */
#include "kmsagent/kms/auth.h"

#include <unistd.h>

#include "kmsagent/base/json.h"
#include "tests/unit/tap.h"

#define NOW	 ((int64_t)1790000000) /* 2026-09-21T14:13:20Z */
#define DAY	 ((int64_t)86400)
#define ALICE_ID "AKIAALICEALICEALICE1"
#define BOB_ID	 "AKIABOBBOBBOBBOBBOB1"
#define ARN	 "arn:aws:iam::111122223333:"

static struct kms_config config = KMS_CONFIG_INIT;
static struct kms_auth *auth;

static void add_key(const char *id, const char *secret, const char *arn)
{
	struct secret s = SECRET_INIT;

	if (secret_set(&s, secret, strlen(secret)) < 0 ||
	    kms_config_add_access_key(&config, id, &s, arn) < 0)
		exit(1);
}

/* A ListKeys signed so, and what is made of it at @seen. */
static void ask(struct kms_identity *ret, const char *id, const char *secret,
		const char *region, int64_t signed_at, int64_t seen_at,
		const char *token)
{
	_cleanup_(sigv4_signature_done) struct sigv4_signature sig =
		SIGV4_SIGNATURE_INIT;
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	struct sigv4_header headers[8] = {
		{"host", "127.0.0.1:80"},
		{"x-amz-target", "TrentService.ListKeys"}};
	const uint8_t hash[SHA256_BYTES] = {0};
	struct sigv4_request req = {.method = "POST",
				    .path = "/",
				    .headers = headers,
				    .header_count = 2,
				    .body_hash = hash};

	if (secret_set(&s, secret, strlen(secret)) < 0 ||
	    sigv4_sign(&req, &(struct sigv4_credentials){id, &s, token}, region,
		       "kms", signed_at, &sig) < 0)
		exit(1);
	headers[2] = (struct sigv4_header){"x-amz-date", sig.time};
	headers[3] = (struct sigv4_header){"authorization", sig.authorization};
	headers[4] = (struct sigv4_header){"x-amz-security-token", token};
	req.header_count = token ? 5 : 4;
	kms_auth_signature(auth, &req, seen_at, ret);
}

#define IS(w, want)    ((w).who && strcmp((w).who->arn, (want)) == 0)
#define REFUSED(w, id) (!(w).who && (w).error == kms_error_get(KMS_ERROR_##id))

static void knows_signatures(void)
{
	struct kms_identity w;

	ask(&w, ALICE_ID, "alice's", "us-east-1", NOW, NOW, NULL);
	TAP_OK(IS(w, ARN "user/alice") && !w.error, "alice_is_alice");
	TAP_EQ_STR(w.region, "us-east-1", "the_scope_gives_the_region");
	TAP_EQ_STR(w.access_key_id, ALICE_ID, "her_access_key_is_known");
	ask(&w, BOB_ID, "bob's", "us-east-1", NOW, NOW, NULL);
	TAP_OK(IS(w, ARN "user/bob"), "bob_is_bob");
	ask(&w, ALICE_ID, "alice's", "eu-west-1", NOW, NOW, NULL);
	TAP_OK(IS(w, ARN "user/alice") && strcmp(w.region, "eu-west-1") == 0,
	       "another_region_has_a_signing_key_of_its_own");
	ask(&w, ALICE_ID, "alice's", "us-east-1", NOW + DAY, NOW + DAY, NULL);
	TAP_OK(IS(w, ARN "user/alice"), "and_so_has_another_day");
	ask(&w, ALICE_ID, "alice's", "us-east-1", NOW, NOW, NULL);
	TAP_OK(IS(w, ARN "user/alice"), "and_the_first_day_again");
}

static void refuses_signatures(void)
{
	struct kms_identity w;

	ask(&w, ALICE_ID, "bob's", "us-east-1", NOW, NOW, NULL);
	TAP_OK(REFUSED(w, INVALID_SIGNATURE),
	       "a_cached_key_lets_no_other_secret_in");
	TAP_EQ_STR(w.access_key_id, ALICE_ID, "whose_it_claimed_to_be_is_kept");
	ask(&w, BOB_ID, "alice's", "us-east-1", NOW, NOW, NULL);
	TAP_OK(REFUSED(w, INVALID_SIGNATURE), "nor_another_identity");
	ask(&w, "AKIANOBODYNOBODYNOB1", "alice's", "us-east-1", NOW, NOW, NULL);
	TAP_OK(REFUSED(w, UNRECOGNIZED_CLIENT), "an_unknown_key_is_refused");
	ask(&w, ALICE_ID, "alice's", "us-east-1", NOW, NOW, "token");
	TAP_OK(REFUSED(w, UNRECOGNIZED_CLIENT),
	       "a_session_token_that_nobody_gave_is_refused");
	ask(&w, ALICE_ID, "alice's", "us-west-2", NOW, NOW, NULL);
	TAP_OK(REFUSED(w, INVALID_SIGNATURE) && w.region,
	       "a_region_not_served_is_refused");
	ask(&w, ALICE_ID, "alice's", "us-east-1", NOW - 300, NOW, NULL);
	TAP_OK(IS(w, ARN "user/alice"), "300_seconds_old_is_taken");
	ask(&w, ALICE_ID, "alice's", "us-east-1", NOW - 301, NOW, NULL);
	TAP_OK(REFUSED(w, INVALID_SIGNATURE), "301_seconds_old_is_not");
	ask(&w, ALICE_ID, "alice's", "us-east-1", NOW + 301, NOW, NULL);
	TAP_OK(REFUSED(w, INVALID_SIGNATURE), "nor_301_seconds_ahead");
}

static void refuses_no_signature(void)
{
	const struct sigv4_request bare = {.method = "POST", .path = "/"};
	struct kms_identity w;

	kms_auth_signature(auth, &bare, NOW, &w);
	TAP_OK(REFUSED(w, MISSING_AUTHENTICATION_TOKEN),
	       "no_authorization_is_refused");
	TAP_EQ_STR(w.message, "Missing Authentication Token", "in_aws_words");
}

static void knows_peers(void)
{
	const struct sigv4_header other = {"X-Kmsd-Region", "eu-west-1"};
	const struct sigv4_header wrong = {"x-kmsd-region", "mars-1"};
	struct sigv4_request req = {.method = "POST", .path = "/"};
	struct kms_identity w;

	kms_auth_peer(auth, 0, &req, &w);
	TAP_OK(IS(w, ARN "root") && !w.access_key_id, "uid_0_is_the_root");
	TAP_EQ_STR(w.region, "us-east-1", "in_the_first_region");
	kms_auth_peer(auth, 1001, &req, &w);
	TAP_OK(IS(w, ARN "user/alice"), "a_mapped_uid_is_its_principal");
	kms_auth_peer(auth, 1002, &req, &w);
	TAP_OK(REFUSED(w, ACCESS_DENIED) && strstr(w.message, "uid 1002"),
	       "another_uid_is_refused");
	req.header_count = 1;
	req.headers = &other;
	kms_auth_peer(auth, 0, &req, &w);
	TAP_EQ_STR(w.region, "eu-west-1", "a_header_names_the_region");
	req.headers = &wrong;
	kms_auth_peer(auth, 0, &req, &w);
	TAP_OK(REFUSED(w, VALIDATION) && w.region,
	       "a_region_not_served_is_not_taken");
}

int main(void)
{
	char why[256] = "";

	json_init();
	add_key(ALICE_ID, "alice's", ARN "user/alice");
	add_key(BOB_ID, "bob's", ARN "user/bob");
	if (kms_config_set(&config.account, "111122223333") < 0 ||
	    kms_config_set(&config.rootkey_path, "/nowhere") < 0 ||
	    kms_config_add_regions(&config, "us-east-1,eu-west-1") < 0 ||
	    kms_config_add_peer(&config, 1001, ARN "user/alice") < 0 ||
	    kms_config_finish(&config, why, sizeof(why)) < 0 ||
	    kms_auth_new(&config, &auth) < 0) {
		tap_diag("%s", why);
		return 1;
	}
	knows_signatures();
	refuses_signatures();
	refuses_no_signature();
	knows_peers();
	kms_auth_free(auth);
	kms_config_done(&config);
	return tap_done();
}
