/* SPDX-License-Identifier: MIT */
/*
 * Private to this folder: OpenSSL's algorithms, fetched once a process, and
 * contexts, made once a thread.  A fetch per call would cost as much as the
 * cryptography itself.
 */
#ifndef KMSAGENT_CRYPTO_EVP_H
#define KMSAGENT_CRYPTO_EVP_H

#include <stdbool.h>

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "keyring/cleanup.h"

/* Process-wide and read-only once made. */
struct evp_algorithms {
	EVP_CIPHER *aes_ecb; /* 256 bits */
	EVP_CIPHER *aes_gcm; /* 256 bits */
	EVP_MD *sha256;
	EVP_MAC *hmac;
	EVP_KDF *hkdf;
};

/* Of the calling thread, which need not free it. */
struct evp_contexts {
	EVP_CIPHER_CTX *ecb; /* has its algorithm, waits for a key */
	EVP_CIPHER_CTX *gcm; /* the same */
	EVP_MD_CTX *sha256;
};

/* Borrowed; NULL if OpenSSL has no such algorithms or no memory. */
const struct evp_algorithms *evp_algorithms(void);
struct evp_contexts *evp_contexts(void);

#endif
