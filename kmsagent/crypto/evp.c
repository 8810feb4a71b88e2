/* SPDX-License-Identifier: MIT */
/* Fetched algorithms and each thread's contexts.  It must not hold keys. */
#include "kmsagent/crypto/evp.h"

#include <pthread.h>

static pthread_once_t evp_once = PTHREAD_ONCE_INIT;
static pthread_key_t evp_key; /* only for its destructor at thread exit */
static bool evp_usable;
static struct evp_algorithms evp_all;
static __thread struct evp_contexts *evp_mine;

static void contexts_free(void *p)
{
	struct evp_contexts *c = p;

	if (!c)
		return;
	EVP_CIPHER_CTX_free(c->ecb);
	EVP_CIPHER_CTX_free(c->gcm);
	EVP_MD_CTX_free(c->sha256);
	free(c);
}

static void fetch_all(void)
{
	evp_all = (struct evp_algorithms){
		.aes_ecb = EVP_CIPHER_fetch(NULL, "AES-256-ECB", NULL),
		.aes_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL),
		.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL),
		.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL),
		.hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL),
	};
	evp_usable = evp_all.aes_ecb && evp_all.aes_gcm && evp_all.sha256 &&
		     evp_all.hmac && evp_all.hkdf &&
		     pthread_key_create(&evp_key, contexts_free) == 0;
}

const struct evp_algorithms *evp_algorithms(void)
{
	return pthread_once(&evp_once, fetch_all) == 0 && evp_usable ? &evp_all
								     : NULL;
}

static bool contexts_set_up(struct evp_contexts *c,
			    const struct evp_algorithms *a)
{
	c->ecb = EVP_CIPHER_CTX_new();
	c->gcm = EVP_CIPHER_CTX_new();
	c->sha256 = EVP_MD_CTX_new();
	if (!c->ecb || !c->gcm || !c->sha256)
		return false;
	/* Naming the algorithm again later would free and allocate anew. */
	return EVP_EncryptInit_ex2(c->ecb, a->aes_ecb, NULL, NULL, NULL) == 1 &&
	       EVP_CIPHER_CTX_set_padding(c->ecb, 0) == 1 &&
	       EVP_EncryptInit_ex2(c->gcm, a->aes_gcm, NULL, NULL, NULL) == 1 &&
	       EVP_DigestInit_ex2(c->sha256, a->sha256, NULL) == 1;
}

struct evp_contexts *evp_contexts(void)
{
	const struct evp_algorithms *a;
	struct evp_contexts *c;

	if (evp_mine)
		return evp_mine;
	a = evp_algorithms();
	if (!a)
		return NULL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	if (!contexts_set_up(c, a) || pthread_setspecific(evp_key, c) != 0) {
		contexts_free(c);
		return NULL;
	}
	return evp_mine = c;
}
