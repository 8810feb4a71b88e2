/* SPDX-License-Identifier: MIT */
/*
 * kmsd's configuration: kmsd.conf, then what the command line says over it,
 * then checked as a whole.  Constant once kmsd serves.
 */
#ifndef KMSAGENT_KMS_CONFIG_H
#define KMSAGENT_KMS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"
#include "kmsagent/kms/request.h"

#define KMS_CONFIG_PATH		   "/etc/kmsagent/kmsd.conf"
#define KMS_CONFIG_STATE	   "/var/lib/kmsd"
#define KMS_CONFIG_AUDIT	   "/var/log/kmsd/audit.jsonl"
#define KMS_CONFIG_SOCKET	   "unix:/run/kmsd/kmsd.sock"
#define KMS_CONFIG_MAX_LIST	   64 /* regions, listeners */
#define KMS_CONFIG_MAX_CONNECTIONS 16384
#define KMS_CONFIG_MAX_THREADS	   64
#define KMS_ACCESS_KEY_MAX	   128 /* bytes of an access key id */

/* A uid of a Unix socket's peer, and whom it speaks for. */
struct kms_peer {
	uid_t uid;
	size_t principal; /* index into principals[] */
};

struct kms_access_key {
	char *id;
	char *secret_file;    /* NULL: the secret was given directly */
	struct secret secret; /* the secret access key's characters */
	size_t principal;     /* KMS_NO_PRINCIPAL until it is named */
};

/* [service] NAME = ARN: who brings alias/aws/NAME to life. */
struct kms_service_name {
	char *name;
	size_t principal;
};

#define KMS_NO_PRINCIPAL SIZE_MAX

struct kms_config {
	char **regions;
	size_t nregions;
	char **listens; /* as kms_listen_is_valid() has them */
	size_t nlistens;
	char *account;
	char *state;
	char *rootkey_provider;
	char *rootkey_path;
	char *audit_path;
	char *tls_certificate; /* NULL: no TLS */
	char *tls_key;
	char *tls_client_ca;	  /* NULL: clients need no certificate */
	unsigned threads;	  /* 0: one a processor, at most 4 */
	unsigned max_connections; /* of all threads together */
	struct kms_principal *principals;
	size_t nprincipals;
	struct kms_peer *peers;
	size_t npeers;
	struct kms_access_key *access_keys;
	size_t naccess_keys;
	struct kms_service_name *services;
	size_t nservices;
	bool is_dev; /* the root key may lie in the state folder */
};

#define KMS_CONFIG_INIT ((struct kms_config){0})

/*
 * Read @path over what @c holds.  @why gets "file:line: cause; next step".
 * Returns 0, errno of open and read, -EINVAL.
 */
int kms_config_load(struct kms_config *c, const char *path, char *why,
		    size_t why_len) _must_check_;

/*
 * Values of the command line replace the file's: clear a list, then add.
 * Returns 0, -EINVAL (syntax), -E2BIG, -EEXIST (a region twice), -ENOMEM.
 */
void kms_config_clear_listens(struct kms_config *c);
void kms_config_clear_regions(struct kms_config *c);
int kms_config_add_listen(struct kms_config *c, const char *text) _must_check_;
int kms_config_add_regions(struct kms_config *c,
			   const char *comma_list) _must_check_;

/* Set @field (freed and replaced) to a copy of @value; 0 or -ENOMEM. */
int kms_config_set(char **field, const char *value) _must_check_;

/*
 * Adding by name; all copy their strings.  -EINVAL (@arn names no principal,
 * or the name is malformed), -EEXIST (the uid or name has one), -ENOMEM.
 */
int kms_config_add_peer(struct kms_config *c, uid_t uid,
			const char *arn) _must_check_;
int kms_config_add_service(struct kms_config *c, const char *name,
			   const char *arn) _must_check_;
/* The index of @arn in principals[], added if need be. */
int kms_config_intern(struct kms_config *c, const char *arn,
		      size_t *ret_index) _must_check_;
/* The access key @id, added without principal and secret if need be. */
int kms_config_need_access_key(struct kms_config *c, const char *id,
			       struct kms_access_key **ret) _must_check_;

/* An access key whose secret is moved out of @secret (takes). */
int kms_config_add_access_key(struct kms_config *c, const char *id,
			      struct secret *secret,
			      const char *arn) _must_check_;

/*
 * Fill in defaults, read the secrets' files, check the whole.  uid 0 becomes
 * the account's root.  Returns 0 or negative errno with a sentence in @why.
 */
int kms_config_finish(struct kms_config *c, char *why,
		      size_t why_len) _must_check_;

/* Borrowed; NULL: nobody. */
const struct kms_principal *kms_config_peer(const struct kms_config *c,
					    uid_t uid);
const struct kms_access_key *kms_config_access_key(const struct kms_config *c,
						   const char *id);
bool kms_config_has_region(const struct kms_config *c, const char *region);

void kms_config_done(struct kms_config *c);

#endif
