/* SPDX-License-Identifier: MIT */
/*
 * Kinds of CMK: what a key of a kind may be used for, by which algorithms,
 * and what its material is.  Pure: no keys, no requests.
 * Source: AWS KMS Developer Guide, "Key spec reference".
 */
#ifndef KMSAGENT_KMS_SPEC_H
#define KMSAGENT_KMS_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#include "keyring/cleanup.h"

#define KMS_SYMMETRIC_DEFAULT "SYMMETRIC_DEFAULT" /* spec and algorithm */

enum kms_usage {
	KMS_USAGE_ANY = 0, /* of an operation: it does not care */
	KMS_USAGE_ENCRYPT_DECRYPT,
	KMS_USAGE_SIGN_VERIFY,
	KMS_USAGE_GENERATE_VERIFY_MAC,
	KMS_USAGE_KEY_AGREEMENT,
	KMS_USAGE_COUNT,
};

enum kms_material_type {
	KMS_MATERIAL_SYMMETRIC, /* seals ciphertext blobs */
	KMS_MATERIAL_MAC,
	KMS_MATERIAL_PAIR, /* PKCS#8 of a private key */
};

struct kms_spec {
	const char *name;      /* "SYMMETRIC_DEFAULT" */
	size_t material_bytes; /* random ones; 0: of a pair */
	enum kms_material_type type;
	enum kms_usage default_usage; /* ANY: CreateKey must name it */
	/* For each usage that it has: algorithms, NULL-terminated. */
	const char *const *algorithms[KMS_USAGE_COUNT];
};

const struct kms_spec *kms_spec_find(const char *name);

/* The cryptographic library at hand has what the spec needs for this usage,
 * which it serves. */
bool kms_spec_is_available(const struct kms_spec *spec,
			   enum kms_usage usage) _must_check_;

/* May be used so; and by this algorithm. */
bool kms_spec_serves(const struct kms_spec *spec,
		     enum kms_usage usage) _must_check_;
bool kms_spec_has_algorithm(const struct kms_spec *spec, enum kms_usage usage,
			    const char *algorithm) _must_check_;

const char *kms_usage_name(enum kms_usage usage);
/* KMS_USAGE_ANY: no such usage. */
enum kms_usage kms_usage_find(const char *name);
/* Of KeyMetadata: "SigningAlgorithms". */
const char *kms_usage_list_name(enum kms_usage usage);

#endif
