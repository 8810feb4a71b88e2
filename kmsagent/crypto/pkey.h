/* SPDX-License-Identifier: MIT */
/*
 * Key pairs by OpenSSL 3: made, written and read as DER, and used to sign,
 * encrypt and agree.  Kinds and algorithms bear AWS KMS's names.  It must not
 * know which kind may be used for what.
 * Known copy: a struct pkey keeps its private key in OpenSSL's heap until
 * pkey_done(), which wipes it; crypto_wipe_freed() sees to what coding and
 * decoding leave behind.
 */
#ifndef KMSAGENT_CRYPTO_PKEY_H
#define KMSAGENT_CRYPTO_PKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"

#define PKEY_PUBLIC_MAX_BYTES	  8192
#define PKEY_SIGNATURE_MAX_BYTES  6144
#define PKEY_CIPHERTEXT_MAX_BYTES 6144

/* A row of the table of kinds: "RSA_2048", "ECC_NIST_P256", "ML_DSA_44". */
struct pkey_kind {
	const char *name;
	const char *type;  /* OpenSSL's */
	const char *group; /* OpenSSL's name of the curve; NULL: has none */
	unsigned bits;	   /* of the modulus; 0: has none */
};

/* NULL: no such kind. */
const struct pkey_kind *pkey_kind_find(const char *name);

/* The OpenSSL that runs here has it. */
bool pkey_kind_is_available(const struct pkey_kind *kind) _must_check_;

/* pkey_derive() is for it: not for SM2, whose keys OpenSSL only signs and
 * encrypts with. */
bool pkey_kind_can_derive(const struct pkey_kind *kind) _must_check_;

/* Read-only once made: threads may share it. */
struct pkey {
	struct evp_pkey_st *evp; /* private: OpenSSL's EVP_PKEY */
	const struct pkey_kind *kind;
};

#define PKEY_INIT ((struct pkey){0})

void pkey_done(struct pkey *p);

/*
 * Make a pair.  RSA takes from a tenth of a second to many seconds: never
 * under a lock.  Returns 0, -EOPNOTSUPP (not available), -ENOMEM, -EIO.
 */
int pkey_generate(const struct pkey_kind *kind, struct pkey *ret) _must_check_;

/*
 * The private key as DER of PKCS#8.  Reading checks that it is of @kind and
 * that nothing follows it.  Return 0, -EBADMSG (reading: anything else),
 * -EOPNOTSUPP, -ENOMEM, -EIO.  Source: RFC 5958.
 */
int pkey_encode_private(const struct pkey *p, struct secret *ret) _must_check_;
int pkey_decode_private(const struct pkey_kind *kind,
			const struct secret *pkcs8,
			struct pkey *ret) _must_check_;

/*
 * Whether the parts of a pair that came from elsewhere belong together: for
 * RSA that primes are prime, which takes a while.  Returns 0, -EBADMSG,
 * -ENOMEM.  Source: NIST SP 800-56B Rev. 2, 6.4.1.
 */
int pkey_check(const struct pkey *p) _must_check_;

/*
 * The public key as DER of SubjectPublicKeyInfo.  @ret has room for
 * PKEY_PUBLIC_MAX_BYTES.  Reading checks also that it is a key that can be
 * (a point on its curve).  Return as above.  Source: RFC 5280, 4.1.2.7.
 */
int pkey_encode_public(const struct pkey *p, uint8_t *ret,
		       size_t *ret_len) _must_check_;
int pkey_decode_public(const struct pkey_kind *kind, const void *spki,
		       size_t len, struct pkey *ret) _must_check_;

/* What the bytes to be signed are. */
enum pkey_message {
	PKEY_MESSAGE_RAW,	  /* the message */
	PKEY_MESSAGE_DIGEST,	  /* its digest by the algorithm's hash */
	PKEY_MESSAGE_EXTERNAL_MU, /* ML-DSA's mu: FIPS 204, algorithm 7 */
	PKEY_MESSAGE_COUNT,
};

/* A row of the table of signature algorithms. */
struct pkey_signing {
	const char *name;	      /* "RSASSA_PSS_SHA_256" */
	const char *digest;	      /* OpenSSL's name; NULL: its own affair */
	const char *padding;	      /* of RSA, OpenSSL's name; else NULL */
	const char *id;		      /* of the signer (SM2); else NULL */
	const char *const *for_types; /* struct pkey_kind.type */
	size_t digest_bytes; /* of what is given instead of a message */
	unsigned messages;   /* 1 << enum pkey_message: that it takes */
	bool is_unavailable; /* no OpenSSL call does it: see pkey-sign.c */
};

/* NULL: no such algorithm. */
const struct pkey_signing *pkey_signing_find(const char *name);

/* The length of what is given as @message fits; that of a message always. */
bool pkey_signing_fits(const struct pkey_signing *a, enum pkey_message message,
		       size_t len) _must_check_;

/*
 * Sign @len bytes, into PKEY_SIGNATURE_MAX_BYTES at @ret.  ECDSA and SM2 give
 * DER of (r, s), PSS takes a salt as long as its digest.  Returns 0, -EINVAL
 * (algorithm, key, message and length do not fit), -EOPNOTSUPP, -ENOMEM,
 * -EIO.  Source: RFC 8017, FIPS 186-5, RFC 8032, FIPS 204, GB/T 32918.
 */
int pkey_sign(const struct pkey *p, const struct pkey_signing *a,
	      enum pkey_message message, const void *bytes, size_t len,
	      uint8_t *ret, size_t *ret_len) _must_check_;

/* Returns 0, -EKEYREJECTED (not this key's signature of this), and as
 * pkey_sign(). */
int pkey_verify(const struct pkey *p, const struct pkey_signing *a,
		enum pkey_message message, const void *bytes, size_t len,
		const void *signature, size_t signature_len) _must_check_;

/* A row of the table of encryption algorithms. */
struct pkey_cipher {
	const char *name;   /* "RSAES_OAEP_SHA_256" */
	const char *type;   /* struct pkey_kind.type */
	const char *digest; /* of OAEP and its MGF1 */
	size_t digest_bytes;
};

/* NULL: no such algorithm. */
const struct pkey_cipher *pkey_cipher_find(const char *name);

/* The longest plaintext, in bytes. */
size_t pkey_cipher_max(const struct pkey_cipher *c,
		       const struct pkey_kind *kind) _must_check_;

/*
 * Encrypt to PKEY_CIPHERTEXT_MAX_BYTES at @ret; no label.  Returns 0, -EINVAL
 * (key or length do not fit), -EOPNOTSUPP, -ENOMEM, -EIO.
 * Source: RFC 8017 7.1; GB/T 32918.4 in DER (SM2).
 */
int pkey_encrypt(const struct pkey *p, const struct pkey_cipher *c,
		 const void *plain, size_t len, uint8_t *ret,
		 size_t *ret_len) _must_check_;

/* Returns 0, -EBADMSG (any other ciphertext: why is not told), and as
 * pkey_encrypt().  The plaintext may be empty. */
int pkey_decrypt(const struct pkey *p, const struct pkey_cipher *c,
		 const void *sealed, size_t len,
		 struct secret *ret) _must_check_;

/*
 * Elliptic curve Diffie-Hellman: the x coordinate, as long as the field.
 * @peer must be of the same kind.  Returns 0, -EINVAL (kinds), -EBADMSG (no
 * secret comes of that peer), -ENOMEM, -EIO.
 * Source: NIST SP 800-56A Rev. 3, 5.7.1.2.
 */
int pkey_derive(const struct pkey *own, const struct pkey *peer,
		struct secret *ret) _must_check_;

/*
 * From now on OpenSSL overwrites all that it frees.  Before its first use in
 * the process; returns 0, or -EBUSY: too late.
 */
int crypto_wipe_freed(void) _must_check_;

#endif
