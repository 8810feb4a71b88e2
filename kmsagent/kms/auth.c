/* SPDX-License-Identifier: MIT */
/*
 * Peers and signatures to principals.  It must not know HTTP's framing nor
 * any operation.
 */
#include "kmsagent/kms/auth.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/*
 * Signing keys that are ready: one an access key, day and region.  A few
 * clients use the same one for a whole day; each has its slot by hash, and
 * two that share a slot only cost each other the derivation again.
 */
#define DAY_KEY_SLOTS 64

struct day_key {
	const struct kms_access_key *key; /* NULL: the slot is empty */
	const char *region;		  /* of the configuration */
	char date[SIGV4_DATE_LEN + 1];
	struct hmac hmac;
};

struct kms_auth {
	const struct kms_config *config;
	const char **regions; /* NULL-terminated, for sigv4_check() */
	struct day_key slots[DAY_KEY_SLOTS];
};

int kms_auth_new(const struct kms_config *config, struct kms_auth **ret)
{
	struct kms_auth *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->config = config;
	a->regions = calloc(config->nregions + 1, sizeof(*a->regions));
	if (!a->regions) {
		free(a);
		return -ENOMEM;
	}
	for (size_t i = 0; i < config->nregions; i++)
		a->regions[i] = config->regions[i];
	*ret = a;
	return 0;
}

void kms_auth_free(struct kms_auth *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < DAY_KEY_SLOTS; i++)
		hmac_done(&a->slots[i].hmac);
	free(a->regions);
	free(a);
}

_printf_(3, 4) static void refuse(struct kms_identity *id,
				  enum kms_error_id error, const char *format,
				  ...)
{
	va_list ap;

	id->who = NULL;
	id->error = kms_error_get(error);
	va_start(ap, format);
	vsnprintf(id->message, sizeof(id->message), format, ap);
	va_end(ap);
}

/* The configuration's own copy of @region, so that pointers compare. */
static const char *known_region(const struct kms_auth *a, const char *region)
{
	for (size_t i = 0; a->regions[i]; i++)
		if (strcmp(a->regions[i], region) == 0)
			return a->regions[i];
	return NULL;
}

static const char *find_header(const struct sigv4_request *req,
			       const char *name)
{
	for (size_t i = 0; i < req->header_count; i++)
		if (strcasecmp(req->headers[i].name, name) == 0)
			return req->headers[i].value;
	return NULL;
}

void kms_auth_peer(struct kms_auth *a, uid_t uid,
		   const struct sigv4_request *req, struct kms_identity *ret)
{
	const char *wanted = find_header(req, "x-kmsd-region");

	ret->access_key_id = NULL;
	ret->error = NULL;
	ret->region = wanted ? known_region(a, wanted) : a->regions[0];
	ret->who = kms_config_peer(a->config, uid);
	if (!ret->who)
		refuse(ret, KMS_ERROR_ACCESS_DENIED,
		       "uid %u is not mapped to a principal; an administrator "
		       "can add it to [peer] in kmsd.conf",
		       (unsigned)uid);
	else if (!ret->region)
		refuse(ret, KMS_ERROR_VALIDATION,
		       "X-Kmsd-Region must be a region that kmsd serves, such "
		       "as %s",
		       a->regions[0]);
	if (!ret->region)
		ret->region = a->regions[0];
}

static size_t slot_of(const struct kms_access_key *key, const char *region)
{
	uintptr_t h =
		(uintptr_t)key / sizeof(*key) * 31 + (uintptr_t)region / 8;

	return h % DAY_KEY_SLOTS;
}

static int make_day_key(struct day_key *slot, const struct kms_access_key *key,
			const char *region, const char *date)
{
	_cleanup_(secret_done) struct secret bytes = SECRET_INIT;
	int r;

	hmac_done(&slot->hmac);
	slot->hmac = HMAC_INIT;
	slot->key = NULL;
	r = sigv4_day_key(&key->secret, date, region, "kms", &bytes);
	if (r >= 0)
		r = hmac_init(&slot->hmac, &bytes);
	if (r < 0)
		return r;
	slot->key = key;
	slot->region = region;
	memcpy(slot->date, date, sizeof(slot->date));
	return 0;
}

static int get_day_key(struct kms_auth *a, const struct kms_access_key *key,
		       const char *region, const char *date, struct hmac **ret)
{
	struct day_key *slot = &a->slots[slot_of(key, region)];
	int r;

	if (slot->key != key || slot->region != region ||
	    strcmp(slot->date, date) != 0) {
		r = make_day_key(slot, key, region, date);
		if (r < 0)
			return r;
	}
	*ret = &slot->hmac;
	return 0;
}

static const struct kms_error *error_of(enum sigv4_refusal why)
{
	static const enum kms_error_id errors[SIGV4_REFUSAL_COUNT] = {
		[SIGV4_NO_AUTHORIZATION] =
			KMS_ERROR_MISSING_AUTHENTICATION_TOKEN,
		[SIGV4_INCOMPLETE] = KMS_ERROR_INCOMPLETE_SIGNATURE,
		[SIGV4_BAD_PAIR] = KMS_ERROR_INCOMPLETE_SIGNATURE,
		[SIGV4_BAD_CREDENTIAL] = KMS_ERROR_INCOMPLETE_SIGNATURE,
		[SIGV4_BAD_DATE] = KMS_ERROR_INCOMPLETE_SIGNATURE,
		[SIGV4_WRONG_REGION] = KMS_ERROR_INVALID_SIGNATURE,
		[SIGV4_WRONG_SERVICE] = KMS_ERROR_INVALID_SIGNATURE,
		[SIGV4_WRONG_TERMINATOR] = KMS_ERROR_INVALID_SIGNATURE,
		[SIGV4_WRONG_DATE] = KMS_ERROR_INVALID_SIGNATURE,
		[SIGV4_EXPIRED] = KMS_ERROR_INVALID_SIGNATURE,
		[SIGV4_NOT_YET_CURRENT] = KMS_ERROR_INVALID_SIGNATURE,
		[SIGV4_UNSIGNED_HEADER] = KMS_ERROR_INVALID_SIGNATURE,
		[SIGV4_MISMATCH] = KMS_ERROR_INVALID_SIGNATURE,
	};

	return kms_error_get(errors[why]);
}

static enum sigv4_refusal verify(struct kms_auth *a,
				 const struct sigv4_request *req,
				 const struct sigv4_auth *auth,
				 struct kms_identity *id)
{
	const struct kms_access_key *key;
	struct hmac *day_key;

	key = kms_config_access_key(a->config, auth->access_key_id);
	/* Session tokens belong to temporary keys, of which we make none. */
	if (!key || auth->session_token) {
		refuse(id, KMS_ERROR_UNRECOGNIZED_CLIENT,
		       "The security token included in the request is "
		       "invalid.");
		return SIGV4_OK;
	}
	if (get_day_key(a, key, id->region, auth->date, &day_key) < 0) {
		refuse(id, KMS_ERROR_INTERNAL, "out of memory");
		return SIGV4_OK;
	}
	id->who = &a->config->principals[key->principal];
	return sigv4_verify(req, auth, day_key);
}

void kms_auth_signature(struct kms_auth *a, const struct sigv4_request *req,
			int64_t now_s, struct kms_identity *ret)
{
	const struct sigv4_policy policy = {
		.regions = a->regions, .service = "kms", .now_s = now_s};
	enum sigv4_refusal why;
	struct sigv4_auth auth;

	ret->who = NULL;
	ret->error = NULL;
	ret->region = NULL;
	ret->access_key_id = NULL;
	why = sigv4_parse(req, &auth);
	if (*auth.access_key_id) {
		memcpy(ret->given_key_id, auth.access_key_id,
		       sizeof(ret->given_key_id));
		ret->access_key_id = ret->given_key_id;
	}
	ret->region = known_region(a, auth.region);
	if (!why)
		why = sigv4_check(req, &auth, &policy);
	if (!why)
		why = verify(a, req, &auth, ret);
	if (!ret->region)
		ret->region = a->regions[0];
	if (why) {
		ret->who = NULL;
		ret->error = error_of(why);
		sigv4_explain(why, &auth, &policy, ret->message);
	}
}
