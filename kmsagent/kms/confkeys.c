/* SPDX-License-Identifier: MIT */
/*
 * The table of kmsd.conf: section, key, setter.  It must not know what the
 * values are for, nor check them against each other (config.c does).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kmsagent/base/arn.h"
#include "kmsagent/base/conf.h"
#include "kmsagent/kms/config.h"

/* Say what is accepted, if there is something to say about @r. */
static int explain(int r, const char *accepted, char *why, size_t why_len)
{
	if (r == -EINVAL)
		snprintf(why, why_len, "%s", accepted);
	else if (r == -EEXIST)
		snprintf(why, why_len, "it was given already");
	else if (r == -E2BIG)
		snprintf(why, why_len, "at most %d are possible",
			 KMS_CONFIG_MAX_LIST);
	return r;
}

#define ARN_FORMS                                                              \
	"a principal is arn:aws:iam::ACCOUNT:root, :user/NAME or :role/NAME"

static int set_regions(void *target, const struct conf_place *place,
		       const char *value, char *why, size_t why_len)
{
	(void)place;
	return explain(kms_config_add_regions(target, value),
		       "a list of regions such as us-east-1,eu-west-1", why,
		       why_len);
}

static int set_listen(void *target, const struct conf_place *place,
		      const char *value, char *why, size_t why_len)
{
	(void)place;
	return explain(kms_config_add_listen(target, value),
		       "an address is ADDR:PORT, [ADDR]:PORT, tls:ADDR:PORT "
		       "or unix:/PATH",
		       why, why_len);
}

static int set_account(void *target, const struct conf_place *place,
		       const char *value, char *why, size_t why_len)
{
	struct kms_config *c = target;

	(void)place;
	if (!arn_account_is_valid(value))
		return explain(-EINVAL, "an account is 12 digits", why,
			       why_len);
	return kms_config_set(&c->account, value);
}

static int set_threads(void *target, const struct conf_place *place,
		       const char *value, char *why, size_t why_len)
{
	struct kms_config *c = target;
	unsigned n;
	int r = conf_set_unsigned(&n, place, value, why, why_len);

	if (r < 0)
		return r;
	if (n < 1 || n > KMS_CONFIG_MAX_THREADS)
		return explain(-EINVAL, "threads are 1 to 64", why, why_len);
	c->threads = n;
	return 0;
}

static int set_max_connections(void *target, const struct conf_place *place,
			       const char *value, char *why, size_t why_len)
{
	struct kms_config *c = target;
	unsigned n;
	int r = conf_set_unsigned(&n, place, value, why, why_len);

	if (r < 0)
		return r;
	if (n < 1 || n > 1000000)
		return explain(-EINVAL, "connections are 1 to 1000000", why,
			       why_len);
	c->max_connections = n;
	return 0;
}

static int set_provider(void *target, const struct conf_place *place,
			const char *value, char *why, size_t why_len)
{
	struct kms_config *c = target;

	(void)place;
	if (strcmp(value, "file") != 0)
		return explain(-EINVAL, "the providers are: file", why,
			       why_len);
	return kms_config_set(&c->rootkey_provider, value);
}

static int set_peer(void *target, const struct conf_place *place,
		    const char *value, char *why, size_t why_len)
{
	uint32_t uid;
	int r = conf_parse_uid(place->key, &uid);

	if (r < 0) {
		snprintf(why, why_len,
			 "\"%s\" is neither a user of this system nor a "
			 "number",
			 place->key);
		return r;
	}
	if (uid == 0) {
		snprintf(why, why_len,
			 "uid 0 is always the account's root; remove the line");
		return -EINVAL;
	}
	return explain(kms_config_add_peer(target, uid, value), ARN_FORMS, why,
		       why_len);
}

static int set_service(void *target, const struct conf_place *place,
		       const char *value, char *why, size_t why_len)
{
	_free_ char *alias = NULL;

	if (asprintf(&alias, "alias/aws/%s", place->key) < 0) {
		alias = NULL;
		return -ENOMEM;
	}
	if (!arn_alias_name_is_valid(alias))
		return explain(-EINVAL,
			       "a service's name is letters, digits, _ and -",
			       why, why_len);
	return explain(kms_config_add_service(target, place->key, value),
		       ARN_FORMS, why, why_len);
}

static int find_access_key(void *target, const struct conf_place *place,
			   struct kms_access_key **ret, char *why,
			   size_t why_len)
{
	const char *id = place->section + strlen("access-key ");

	return explain(kms_config_need_access_key(target, id, ret),
		       "an access key id is 16 to 128 of A-Z and 0-9", why,
		       why_len);
}

static int set_key_principal(void *target, const struct conf_place *place,
			     const char *value, char *why, size_t why_len)
{
	struct kms_access_key *key;
	int r = find_access_key(target, place, &key, why, why_len);

	if (r < 0)
		return r;
	if (key->principal != KMS_NO_PRINCIPAL)
		return explain(-EEXIST, NULL, why, why_len);
	return explain(kms_config_intern(target, value, &key->principal),
		       ARN_FORMS, why, why_len);
}

static int set_key_secret(void *target, const struct conf_place *place,
			  const char *value, char *why, size_t why_len)
{
	struct kms_access_key *key;
	int r = find_access_key(target, place, &key, why, why_len);

	if (r < 0)
		return r;
	if (key->secret_file)
		return explain(-EEXIST, NULL, why, why_len);
	return kms_config_set(&key->secret_file, value);
}

#define STRING(section, key, field)                                            \
	{                                                                      \
		section, key, conf_set_string,                                 \
			offsetof(struct kms_config, field)                     \
	}

static const struct conf_key conf_keys[] = {
	{"kmsd", "region", set_regions, 0},
	{"kmsd", "account", set_account, 0},
	{"kmsd", "listen", set_listen, 0},
	{"kmsd", "threads", set_threads, 0},
	{"kmsd", "max_connections", set_max_connections, 0},
	STRING("kmsd", "state", state),
	{"rootkey", "provider", set_provider, 0},
	STRING("rootkey", "path", rootkey_path),
	{"peer", "*", set_peer, 0},
	{"service", "*", set_service, 0},
	{"access-key *", "principal", set_key_principal, 0},
	{"access-key *", "secret_file", set_key_secret, 0},
	STRING("audit", "path", audit_path),
	STRING("tls", "certificate", tls_certificate),
	STRING("tls", "key", tls_key),
	STRING("tls", "client_ca", tls_client_ca),
};

int kms_config_load(struct kms_config *c, const char *path, char *why,
		    size_t why_len)
{
	return conf_load(path, conf_keys, ARRAY_SIZE(conf_keys), c, why,
			 why_len);
}
