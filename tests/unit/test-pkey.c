/* SPDX-License-Identifier: MIT */
/*
 * Key pairs: every kind x algorithm, right and wrong.  Ed25519 against RFC
 * 8032, 7.1; ECDH against RFC 5903, 8.  What the openssl program makes of
 * our signatures and we of its is shown in tests/sys/kmsd-openssl.sh.
 */
#include "kmsagent/crypto/pkey.h"

#include <openssl/evp.h>

#include "tests/unit/tap.h"
#include "tests/unit/vectors.h"

static const char *const kinds[] = {
	"RSA_2048",	   "RSA_3072",	    "RSA_4096",
	"ECC_NIST_P256",   "ECC_NIST_P384", "ECC_NIST_P521",
	"ECC_SECG_P256K1", "SM2",	    "ECC_NIST_EDWARDS25519",
	"ML_DSA_44",	   "ML_DSA_65",	    "ML_DSA_87"};

#define KINDS ARRAY_SIZE(kinds)

/* Which algorithm is of which family, and what it takes. */
static const struct {
	const char *name;
	const char *prefixes[2]; /* of the kinds' names */
	const char *digest;	 /* OpenSSL's; NULL: of the whole message */
	bool raw, by_digest, mu;
} algorithms[] = {
	{"RSASSA_PSS_SHA_256", {"RSA_"}, "SHA256", true, true, false},
	{"RSASSA_PSS_SHA_384", {"RSA_"}, "SHA384", true, true, false},
	{"RSASSA_PSS_SHA_512", {"RSA_"}, "SHA512", true, true, false},
	{"RSASSA_PKCS1_V1_5_SHA_256", {"RSA_"}, "SHA256", true, true, false},
	{"RSASSA_PKCS1_V1_5_SHA_384", {"RSA_"}, "SHA384", true, true, false},
	{"RSASSA_PKCS1_V1_5_SHA_512", {"RSA_"}, "SHA512", true, true, false},
	{"ECDSA_SHA_256",
	 {"ECC_NIST_P", "ECC_SECG_"},
	 "SHA256",
	 true,
	 true,
	 false},
	{"ECDSA_SHA_384",
	 {"ECC_NIST_P", "ECC_SECG_"},
	 "SHA384",
	 true,
	 true,
	 false},
	{"ECDSA_SHA_512",
	 {"ECC_NIST_P", "ECC_SECG_"},
	 "SHA512",
	 true,
	 true,
	 false},
	{"ED25519_SHA_512", {"ECC_NIST_ED"}, NULL, true, false, false},
	{"ML_DSA_SHAKE_256", {"ML_DSA_"}, NULL, true, false, true},
	/* Its digest is not one of the message alone: not compared here. */
	{"SM2DSA", {"SM2"}, NULL, true, true, false},
};

static struct pkey pairs[KINDS], others[KINDS];
static const uint8_t message[] = "the message that is signed";

static bool is_for(size_t a, const char *kind)
{
	for (size_t i = 0; i < 2; i++) {
		const char *p = algorithms[a].prefixes[i];

		if (p && strncmp(kind, p, strlen(p)) == 0)
			return true;
	}
	return false;
}

static void make_pairs(void)
{
	for (size_t i = 0; i < KINDS; i++) {
		const struct pkey_kind *kind = pkey_kind_find(kinds[i]);
		char name[96];

		snprintf(name, sizeof(name), "a_pair_of_%s", kinds[i]);
		if (!kind || !pkey_kind_is_available(kind)) {
			TAP_OK(kind && pkey_generate(kind, &pairs[i]) ==
					       -EOPNOTSUPP,
			       "what_OpenSSL_lacks_is_refused");
			tap_skip(name, "this OpenSSL does not have it");
			continue;
		}
		TAP_EQ_INT(pkey_generate(kind, &pairs[i]), 0, name);
		/* Two of the slow ones say no more than one. */
		if (kind->bits > 2048)
			continue;
		TAP_EQ_INT(pkey_generate(kind, &others[i]), 0, "and_another");
	}
}

/* Write both halves, read them again, and refuse everything else. */
static void test_der(size_t i)
{
	uint8_t spki[PKEY_PUBLIC_MAX_BYTES + 1], again[PKEY_PUBLIC_MAX_BYTES];
	struct secret der = SECRET_INIT, back = SECRET_INIT;
	struct pkey p = PKEY_INIT, public = PKEY_INIT;
	size_t len = 0, again_len = 0, taken = 0;
	char name[96];

	snprintf(name, sizeof(name), "%s_is_written", kinds[i]);
	TAP_OK(pkey_encode_private(&pairs[i], &der) == 0 &&
		       pkey_encode_public(&pairs[i], spki, &len) == 0,
	       name);
	TAP_OK(pkey_decode_private(pairs[i].kind, &der, &p) == 0 &&
		       pkey_encode_private(&p, &back) == 0 &&
		       secret_equal(&der, &back),
	       "and_read_and_written_the_same");
	TAP_OK(pkey_encode_public(&p, again, &again_len) == 0 &&
		       again_len == len && memcmp(spki, again, len) == 0,
	       "with_the_same_public_key");
	TAP_OK(pkey_decode_public(pairs[i].kind, spki, len, &public) == 0 &&
		       pkey_encode_public(&public, again, &again_len) == 0 &&
		       again_len == len && memcmp(spki, again, len) == 0,
	       "which_is_read_and_written_the_same");
	for (size_t k = 0; k < KINDS; k++) {
		const struct pkey_kind *kind = pkey_kind_find(kinds[k]);

		if (k == i)
			continue;
		pkey_done(&p);
		taken += pkey_decode_private(kind, &der, &p) == 0;
		taken += pkey_decode_public(kind, spki, len, &p) == 0;
	}
	TAP_EQ_INT(taken, 0, "but_not_as_another_kind");
	spki[len] = 0;
	TAP_EQ_INT(pkey_decode_public(pairs[i].kind, spki, len + 1, &p),
		   -EBADMSG, "nor_with_a_byte_behind_it");
	TAP_EQ_INT(pkey_decode_public(pairs[i].kind, spki, len - 1, &p),
		   -EBADMSG, "nor_without_its_last_byte");
	TAP_EQ_INT(pkey_decode_public(pairs[i].kind, der.bytes, der.len, &p),
		   -EBADMSG, "nor_a_private_key_for_a_public_one");
	secret_truncate(&der, der.len - 1);
	TAP_EQ_INT(pkey_decode_private(pairs[i].kind, &der, &p), -EBADMSG,
		   "nor_a_private_key_cut_short");
	pkey_done(&p);
	pkey_done(&public);
	secret_done(&der);
	secret_done(&back);
}

static void test_signature(size_t i, const struct pkey_signing *a,
			   enum pkey_message type, const uint8_t *bytes,
			   size_t len, const char *what)
{
	uint8_t sig[PKEY_SIGNATURE_MAX_BYTES], changed[128];
	struct pkey public = PKEY_INIT;
	uint8_t spki[PKEY_PUBLIC_MAX_BYTES];
	size_t sig_len = 0, spki_len = 0, taken = 0;
	char name[128];

	snprintf(name, sizeof(name), "%s_signs_%s_by_%s", kinds[i], what,
		 a->name);
	if (!TAP_EQ_INT(
		    pkey_sign(&pairs[i], a, type, bytes, len, sig, &sig_len), 0,
		    name))
		return;
	TAP_OK(pkey_encode_public(&pairs[i], spki, &spki_len) == 0 &&
		       pkey_decode_public(pairs[i].kind, spki, spki_len,
					  &public) == 0 &&
		       pkey_verify(&public, a, type, bytes, len, sig,
				   sig_len) == 0,
	       "which_its_public_key_verifies");
	memcpy(changed, bytes, len);
	changed[0] ^= 1; /* ECDSA may not look at the end of a digest */
	TAP_EQ_INT(pkey_verify(&pairs[i], a, type, changed, len, sig, sig_len),
		   -EKEYREJECTED, "but_not_for_another_message");
	for (size_t n = 0; n < sig_len; n += 1 + sig_len / 64) {
		sig[n] ^= 1;
		taken += pkey_verify(&public, a, type, bytes, len, sig,
				     sig_len) != -EKEYREJECTED;
		sig[n] ^= 1;
	}
	TAP_EQ_INT(taken, 0, "nor_with_a_changed_byte");
	TAP_EQ_INT(pkey_verify(&public, a, type, bytes, len, sig, sig_len - 1),
		   -EKEYREJECTED, "nor_cut_short");
	if (others[i].evp)
		TAP_EQ_INT(pkey_verify(&others[i], a, type, bytes, len, sig,
				       sig_len),
			   -EKEYREJECTED, "nor_by_another_key");
	pkey_done(&public);
}

/* A digest given is the digest computed. */
static void test_digest(size_t i, size_t n, const struct pkey_signing *a)
{
	uint8_t digest[64], sig[PKEY_SIGNATURE_MAX_BYTES];
	unsigned len = 0;
	size_t sig_len = 0;

	EVP_Digest(message, sizeof(message), digest, &len,
		   EVP_get_digestbyname(algorithms[n].digest), NULL);
	test_signature(i, a, PKEY_MESSAGE_DIGEST, digest, len, "a_digest");
	TAP_OK(pkey_sign(&pairs[i], a, PKEY_MESSAGE_RAW, message,
			 sizeof(message), sig, &sig_len) == 0 &&
		       pkey_verify(&pairs[i], a, PKEY_MESSAGE_DIGEST, digest,
				   len, sig, sig_len) == 0,
	       "which_is_that_of_the_message");
	TAP_OK(pkey_sign(&pairs[i], a, PKEY_MESSAGE_DIGEST, digest, len - 1,
			 sig, &sig_len) == -EINVAL &&
		       pkey_verify(&pairs[i], a, PKEY_MESSAGE_DIGEST, digest,
				   len - 1, sig, sig_len) == -EINVAL,
	       "and_of_no_other_length");
}

/* FIPS 204, algorithms 6 and 7: mu = H(H(pk) || 0 || 0 || message), where the
 * zeros stand for an empty context. */
static void compute_mu(const struct pkey *p, uint8_t mu[64])
{
	static const uint8_t no_context[2];
	uint8_t spki[PKEY_PUBLIC_MAX_BYTES], tr[64];
	const struct {
		const char *name;
		size_t public_bytes;
	} sets[] = {
		{"ML_DSA_44", 1312}, {"ML_DSA_65", 1952}, {"ML_DSA_87", 2592}};
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = 0, k = 0;

	while (strcmp(sets[k].name, p->kind->name) != 0)
		k++;
	if (!ctx || pkey_encode_public(p, spki, &len) < 0)
		exit(1);
	EVP_DigestInit_ex(ctx, EVP_shake256(), NULL);
	EVP_DigestUpdate(ctx, spki + len - sets[k].public_bytes,
			 sets[k].public_bytes);
	EVP_DigestFinalXOF(ctx, tr, sizeof(tr));
	EVP_DigestInit_ex(ctx, EVP_shake256(), NULL);
	EVP_DigestUpdate(ctx, tr, sizeof(tr));
	EVP_DigestUpdate(ctx, no_context, sizeof(no_context));
	EVP_DigestUpdate(ctx, message, sizeof(message));
	EVP_DigestFinalXOF(ctx, mu, 64);
	EVP_MD_CTX_free(ctx);
}

static void test_mu(size_t i, const struct pkey_signing *a)
{
	uint8_t mu[64], sig[PKEY_SIGNATURE_MAX_BYTES];
	size_t len = 0;

	compute_mu(&pairs[i], mu);
	test_signature(i, a, PKEY_MESSAGE_EXTERNAL_MU, mu, sizeof(mu), "mu");
	TAP_OK(pkey_sign(&pairs[i], a, PKEY_MESSAGE_RAW, message,
			 sizeof(message), sig, &len) == 0 &&
		       pkey_verify(&pairs[i], a, PKEY_MESSAGE_EXTERNAL_MU, mu,
				   sizeof(mu), sig, len) == 0,
	       "which_is_that_of_the_message");
}

static void test_algorithm(size_t i, size_t n)
{
	static const uint8_t ones[64] = {1, 1, 1, 1};
	const struct pkey_signing *a = pkey_signing_find(algorithms[n].name);
	const bool takes[PKEY_MESSAGE_COUNT] = {
		algorithms[n].raw, algorithms[n].by_digest, algorithms[n].mu};
	uint8_t sig[PKEY_SIGNATURE_MAX_BYTES];
	size_t len = 0, odd = 0;

	if (!a) {
		TAP_OK(false, algorithms[n].name);
		return;
	}
	for (int m = 0; m < PKEY_MESSAGE_COUNT; m++) {
		enum pkey_message type = (enum pkey_message)m;

		if (is_for(n, kinds[i]) && takes[m])
			continue;
		odd += pkey_sign(&pairs[i], a, type, ones, a->digest_bytes, sig,
				 &len) != -EINVAL;
		odd += pkey_verify(&pairs[i], a, type, ones, a->digest_bytes,
				   sig, 64) != -EINVAL;
	}
	if (odd)
		tap_diag("%s with %s", kinds[i], a->name);
	TAP_EQ_INT(odd, 0, "what_does_not_fit_is_refused");
	if (!is_for(n, kinds[i]))
		return;
	test_signature(i, a, PKEY_MESSAGE_RAW, message, sizeof(message),
		       "a_message");
	if (algorithms[n].digest)
		test_digest(i, n, a);
	else if (algorithms[n].by_digest)
		test_signature(i, a, PKEY_MESSAGE_DIGEST, ones, a->digest_bytes,
			       "a_digest");
	if (algorithms[n].mu)
		test_mu(i, a);
}

/* Lengths typed from AWS KMS's table, not computed. */
static const struct {
	const char *kind;
	const char *algorithm;
	size_t max, bytes;
} sizes[] = {
	{"RSA_2048", "RSAES_OAEP_SHA_1", 214, 256},
	{"RSA_2048", "RSAES_OAEP_SHA_256", 190, 256},
	{"RSA_3072", "RSAES_OAEP_SHA_1", 342, 384},
	{"RSA_3072", "RSAES_OAEP_SHA_256", 318, 384},
	{"RSA_4096", "RSAES_OAEP_SHA_1", 470, 512},
	{"RSA_4096", "RSAES_OAEP_SHA_256", 446, 512},
	{"SM2", "SM2PKE", 1024, 0},
};

static size_t index_of(const char *kind)
{
	size_t i = 0;

	while (strcmp(kinds[i], kind) != 0)
		i++;
	return i;
}

static void test_encryption(size_t n)
{
	static uint8_t plain[1025];
	const struct pkey_cipher *c = pkey_cipher_find(sizes[n].algorithm);
	const struct pkey *p = &pairs[index_of(sizes[n].kind)];
	uint8_t sealed[PKEY_CIPHERTEXT_MAX_BYTES];
	struct secret back = SECRET_INIT;
	size_t len = 0, taken = 0;
	char name[128];

	if (!p->evp)
		return;
	memset(plain, 'p', sizeof(plain));
	snprintf(name, sizeof(name), "%s_takes_%zu_bytes_by_%s", sizes[n].kind,
		 sizes[n].max, sizes[n].algorithm);
	TAP_EQ_INT(pkey_encrypt(p, c, plain, sizes[n].max, sealed, &len), 0,
		   name);
	if (sizes[n].bytes)
		TAP_EQ_INT(len, sizes[n].bytes, "which_fill_the_modulus");
	TAP_OK(pkey_decrypt(p, c, sealed, len, &back) == 0 &&
		       back.len == sizes[n].max &&
		       memcmp(back.bytes, plain, back.len) == 0,
	       "and_come_back");
	for (size_t i = 0; i < len; i += 1 + len / 48) {
		sealed[i] ^= 1;
		taken += pkey_decrypt(p, c, sealed, len, &back) != -EBADMSG;
		sealed[i] ^= 1;
	}
	TAP_EQ_INT(taken, 0, "no_changed_byte_is_taken");
	TAP_EQ_INT(pkey_decrypt(p, c, sealed, len - 1, &back), -EBADMSG,
		   "nor_one_byte_less");
	TAP_EQ_INT(pkey_encrypt(p, c, plain, sizes[n].max + 1, sealed, &len),
		   -EINVAL, "one_byte_more_is_refused");
	TAP_EQ_INT(pkey_encrypt(p, c, plain, 0, sealed, &len), -EINVAL,
		   "so_is_none");
	secret_done(&back);
}

static void test_encryption_across(void)
{
	const struct pkey_cipher *sha1 = pkey_cipher_find("RSAES_OAEP_SHA_1");
	const struct pkey_cipher *sha256 =
		pkey_cipher_find("RSAES_OAEP_SHA_256");
	uint8_t sealed[PKEY_CIPHERTEXT_MAX_BYTES];
	struct secret back = SECRET_INIT;
	size_t len = 0;

	if (pkey_encrypt(&pairs[0], sha1, "x", 1, sealed, &len) < 0)
		exit(1);
	TAP_EQ_INT(pkey_decrypt(&pairs[0], sha256, sealed, len, &back),
		   -EBADMSG, "another_hash_does_not_open_it");
	TAP_EQ_INT(pkey_decrypt(&others[0], sha1, sealed, len, &back), -EBADMSG,
		   "nor_does_another_key");
	TAP_EQ_INT(pkey_encrypt(&pairs[index_of("ECC_NIST_P256")], sha1, "x", 1,
				sealed, &len),
		   -EINVAL, "a_curve_encrypts_nothing");
	TAP_EQ_INT(pkey_decrypt(&pairs[index_of("ECC_NIST_P256")], sha1, sealed,
				256, &back),
		   -EINVAL, "and_decrypts_nothing");
	secret_done(&back);
}

static void test_agreement(size_t i, size_t field_bytes)
{
	struct secret a = SECRET_INIT, b = SECRET_INIT;
	char name[96];

	snprintf(name, sizeof(name), "two_of_%s_agree", kinds[i]);
	TAP_OK(pkey_derive(&pairs[i], &others[i], &a) == 0 &&
		       pkey_derive(&others[i], &pairs[i], &b) == 0 &&
		       secret_equal(&a, &b),
	       name);
	TAP_EQ_INT(a.len, field_bytes, "on_as_many_bytes_as_the_field_has");
	for (size_t k = 0; k < KINDS; k++)
		if (k != i && pairs[k].evp)
			TAP_EQ_INT(pkey_derive(&pairs[i], &pairs[k], &a),
				   -EINVAL, "not_with_another_kind");
	secret_done(&a);
	secret_done(&b);
}

static void from_hex(const char *hex, uint8_t *ret)
{
	struct vector_bytes b = vector_unhex(hex, strlen(hex));

	memcpy(ret, b.p, b.len);
	free(b.p);
}

/* RFC 8032, 7.1, TEST 3, in the envelopes of RFC 8410. */
static void test_ed25519_vector(void)
{
	static const char private[] =
		"302e020100300506032b657004220420"
		"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458"
		"f7";
	static const char public[] =
		"302a300506032b6570032100"
		"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb9115489080"
		"25";
	static const char signature[] =
		"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3"
		"ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1e"
		"c40a";
	static const uint8_t af82[] = {0xaf, 0x82};
	const struct pkey_signing *a = pkey_signing_find("ED25519_SHA_512");
	uint8_t bytes[128], want[64], got[PKEY_SIGNATURE_MAX_BYTES];
	struct secret der = SECRET_INIT;
	struct pkey p = PKEY_INIT;
	size_t len = 0;

	from_hex(private, bytes);
	if (secret_set(&der, bytes, (sizeof(private) - 1) / 2) < 0 ||
	    pkey_decode_private(pkey_kind_find("ECC_NIST_EDWARDS25519"), &der,
				&p) < 0)
		exit(1);
	from_hex(public, bytes);
	TAP_EQ_INT(pkey_encode_public(&p, got, &len), 0, "rfc_8032_public_key");
	TAP_EQ_INT(len, (sizeof(public) - 1) / 2, "is_as_long");
	TAP_EQ_MEM(got, bytes, len, "and_the_same");
	from_hex(signature, want);
	TAP_EQ_INT(pkey_sign(&p, a, PKEY_MESSAGE_RAW, af82, 2, got, &len), 0,
		   "rfc_8032_signature");
	TAP_EQ_INT(len, 64, "has_64_bytes");
	TAP_EQ_MEM(got, want, 64, "and_is_the_same");
	TAP_EQ_INT(pkey_sign(&p, pkey_signing_find("ED25519_PH_SHA_512"),
			     PKEY_MESSAGE_DIGEST, want, 64, got, &len),
		   -EOPNOTSUPP, "of_a_digest_none_is_made");
	secret_done(&der);
	pkey_done(&p);
}

/* RFC 5903, 8.1: the 256-bit random ECP group. */
#define P256_SPKI "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
#define P256_PKCS8                                                             \
	"3041020100301306072a8648ce3d020106082a8648ce3d0301070427302502010104" \
	"20"

static void test_ecdh_vector(void)
{
	static const char own[] =
		P256_PKCS8 "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049"
			   "c62a9c57862d1433";
	static const char peer[] =
		P256_SPKI "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c"
			  "736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6a"
			  "ac23f046ada30f8353e74f33039872ab";
	static const char shared[] =
		"d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442"
		"de";
	const struct pkey_kind *kind = pkey_kind_find("ECC_NIST_P256");
	uint8_t bytes[128], want[32];
	struct secret der = SECRET_INIT, got = SECRET_INIT;
	struct pkey p = PKEY_INIT, other = PKEY_INIT;

	from_hex(own, bytes);
	if (secret_set(&der, bytes, (sizeof(own) - 1) / 2) < 0)
		exit(1);
	TAP_EQ_INT(pkey_decode_private(kind, &der, &p), 0,
		   "a_private_key_without_its_public_one");
	from_hex(peer, bytes);
	TAP_EQ_INT(
		pkey_decode_public(kind, bytes, (sizeof(peer) - 1) / 2, &other),
		0, "and_a_peer_of_rfc_5903");
	from_hex(shared, want);
	TAP_EQ_INT(pkey_derive(&p, &other, &got), 0, "agree");
	TAP_OK(got.len == 32 && memcmp(got.bytes, want, 32) == 0,
	       "on_what_is_published");
	bytes[(sizeof(peer) - 1) / 2 - 1] ^= 1;
	TAP_EQ_INT(
		pkey_decode_public(kind, bytes, (sizeof(peer) - 1) / 2, &other),
		-EBADMSG, "a_point_off_the_curve_is_refused");
	secret_done(&der);
	secret_done(&got);
	pkey_done(&p);
	pkey_done(&other);
}

/* The private key of RFC 5903 beside the public one of somebody else. */
static void test_check(void)
{
	static const char mixed[] =
		"308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b"
		"0201010420"
		"c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d14"
		"33"
		"a144034200"
		"04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494"
		"bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f3303"
		"9872ab";
	uint8_t bytes[256];
	struct secret der = SECRET_INIT;
	struct pkey p = PKEY_INIT;
	size_t unsound = 0;

	for (size_t i = 0; i < KINDS; i++)
		unsound += pairs[i].evp && pkey_check(&pairs[i]) != 0;
	TAP_EQ_INT(unsound, 0, "all_pairs_are_sound");
	from_hex(mixed, bytes);
	if (secret_set(&der, bytes, (sizeof(mixed) - 1) / 2) < 0)
		exit(1);
	TAP_EQ_INT(
		pkey_decode_private(pkey_kind_find("ECC_NIST_P256"), &der, &p),
		0, "a_pair_of_two_halves_is_read");
	TAP_EQ_INT(pkey_check(&p), -EBADMSG, "but_not_sound");
	secret_done(&der);
	pkey_done(&p);
}

int main(void)
{
	/* Before anything else of OpenSSL's; all below runs on it. */
	TAP_EQ_INT(crypto_wipe_freed(), 0, "freed_memory_is_wiped_from_now");
	make_pairs();
	for (size_t i = 0; i < KINDS; i++) {
		if (!pairs[i].evp)
			continue;
		test_der(i);
		for (size_t n = 0; n < ARRAY_SIZE(algorithms); n++)
			test_algorithm(i, n);
	}
	for (size_t n = 0; n < ARRAY_SIZE(sizes); n++)
		test_encryption(n);
	test_encryption_across();
	test_agreement(index_of("ECC_NIST_P256"), 32);
	test_agreement(index_of("ECC_NIST_P384"), 48);
	test_agreement(index_of("ECC_NIST_P521"), 66);
	test_agreement(index_of("ECC_SECG_P256K1"), 32);
	test_ed25519_vector();
	test_ecdh_vector();
	test_check();
	TAP_OK(!pkey_kind_find("RSA_1024") && !pkey_signing_find("RSASSA") &&
		       !pkey_cipher_find("RSAES_PKCS1_V1_5"),
	       "what_AWS_has_not_is_unknown");
	for (size_t i = 0; i < KINDS; i++) {
		pkey_done(&pairs[i]);
		pkey_done(&others[i]);
	}
	return tap_done();
}
