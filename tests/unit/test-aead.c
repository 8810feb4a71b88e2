/* SPDX-License-Identifier: MIT */
/*
 * AES-256-GCM: test cases 13 to 16 of McGrew and Viega, "The Galois/Counter
 * Mode of Operation (GCM)".  XAES-256-GCM: the vectors of the C2SP document;
 * all were recomputed with Python's cryptography (CMAC and AESGCM).
 */
#include "kmsagent/crypto/aead.h"

#include <openssl/evp.h>

#include "kmsagent/crypto/encoding.h"
#include "kmsagent/crypto/kdf.h"
#include "tests/unit/tap.h"

#define NONCE ((const uint8_t *)"ABCDEFGHIJKLMNOPQRSTUVWX")

static size_t unhex(const char *text, uint8_t *out)
{
	size_t len = strlen(text) / 2;

	if (hex_decode(text, out, len) < 0)
		abort();
	return len;
}

static void set_hex(struct secret *s, const char *text)
{
	uint8_t b[64];
	size_t len = unhex(text, b);

	if (secret_set(s, b, len) < 0)
		abort();
}

#define KEY15 "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
#define PLAIN                                                                  \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c" \
	"0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
#define CIPHER                                                                 \
	"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb0" \
	"8e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"

static const struct {
	const char *name, *key, *iv, *aad, *plain, *cipher, *tag;
} gcm_cases[] = {
	{"gcm_case_13",
	 "0000000000000000000000000000000000000000000000000000000000000000",
	 "000000000000000000000000", "", "", "",
	 "530f8afbc74536b9a963b4f1c4cb738b"},
	{"gcm_case_14",
	 "0000000000000000000000000000000000000000000000000000000000000000",
	 "000000000000000000000000", "", "00000000000000000000000000000000",
	 "cea7403d4d606b6e074ec5d3baf39d18",
	 "d0d1c8a799996bf0265b98b5d48ab919"},
	{"gcm_case_15", KEY15, "cafebabefacedbaddecaf888", "", PLAIN, CIPHER,
	 "b094dac5d93471bdec1a502270e3cc6c"},
	{"gcm_case_16", KEY15, "cafebabefacedbaddecaf888",
	 "feedfacedeadbeeffeedfacedeadbeefabaddad2", NULL, NULL,
	 "76fc6ece0f4e1768cddf8853bb2d551b"},
};

static void test_gcm_vectors(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(gcm_cases); i++) {
		_cleanup_(secret_done) struct secret key = SECRET_INIT;
		uint8_t iv[12], aad[32], plain[64], want[80], got[80], back[64];
		size_t alen, plen, half;
		struct iovec parts[2];

		set_hex(&key, gcm_cases[i].key);
		unhex(gcm_cases[i].iv, iv);
		alen = unhex(gcm_cases[i].aad, aad);
		/* Case 16 is case 15 without its last four bytes. */
		plen = unhex(gcm_cases[i].plain ? gcm_cases[i].plain : PLAIN,
			     plain);
		unhex(gcm_cases[i].cipher ? gcm_cases[i].cipher : CIPHER, want);
		plen -= gcm_cases[i].plain ? 0 : 4;
		unhex(gcm_cases[i].tag, want + plen);
		half = alen / 3;
		parts[0] = (struct iovec){aad, half};
		parts[1] = (struct iovec){aad + half, alen - half};
		TAP_OK(gcm_seal(&key, iv, (struct aad){parts, 2}, plain, plen,
				got) == 0 &&
			       memcmp(got, want, plen + 16) == 0 &&
			       gcm_open(&key, iv, (struct aad){parts, 2}, got,
					plen + 16, back) == 0 &&
			       memcmp(back, plain, plen) == 0,
		       gcm_cases[i].name);
	}
}

static void fill_key(struct xaes_key *k, uint8_t with)
{
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	uint8_t b[AEAD_KEY_BYTES];

	memset(b, with, sizeof(b));
	if (secret_set(&s, b, sizeof(b)) < 0 || xaes_key_init(k, &s) < 0)
		abort();
}

static void test_xaes_vectors(void)
{
	static const char text[] = "c2sp.org/XAES-256-GCM";
	const struct iovec aad = {(void *)text, strlen(text)};
	_cleanup_(xaes_key_done) struct xaes_key k = XAES_KEY_INIT;
	uint8_t want[28], got[28];

	fill_key(&k, 1);
	unhex("ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271", want);
	TAP_OK(xaes_seal(&k, NONCE, AAD_NONE, "XAES-256-GCM", 12, got) == 0,
	       "xaes_seals");
	TAP_EQ_MEM(got, want, 28, "xaes_vector_with_msb_of_l_clear");
	fill_key(&k, 3);
	unhex("986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d", want);
	TAP_OK(xaes_seal(&k, NONCE, (struct aad){&aad, 1}, "XAES-256-GCM", 12,
			 got) == 0,
	       "xaes_seals_with_aad");
	TAP_EQ_MEM(got, want, 28, "xaes_vector_with_msb_of_l_set_and_aad");
}

/* The document's accumulated vector: 10,000 random cases, one digest. */
static void test_xaes_accumulated(void)
{
	enum { ROUNDS = 10000, MOST = 32 + 24 + 1 + 255 + 1 + 255 };
	_cleanup_(xaes_key_done) struct xaes_key k = XAES_KEY_INIT;
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	_free_ uint8_t *stream = malloc((size_t)ROUNDS * MOST);
	EVP_MD_CTX *in = EVP_MD_CTX_new(), *out = EVP_MD_CTX_new();
	uint8_t got[32], want[32], sealed[271], back[255];
	const uint8_t *p = stream;
	bool opened = true;

	if (!stream || EVP_DigestInit_ex(in, EVP_shake128(), NULL) != 1 ||
	    EVP_DigestFinalXOF(in, stream, (size_t)ROUNDS * MOST) != 1 ||
	    EVP_DigestInit_ex(out, EVP_shake128(), NULL) != 1)
		abort();
	for (int i = 0; i < ROUNDS; i++) {
		const uint8_t *nonce, *plain;
		size_t plain_len;
		struct iovec aad;

		if (secret_set(&key, p, 32) < 0 || xaes_key_init(&k, &key) < 0)
			abort();
		nonce = p + 32;
		plain_len = p[56];
		plain = p + 57;
		p = plain + plain_len;
		aad = (struct iovec){(void *)(p + 1), *p};
		p += 1 + *p;
		opened &= xaes_seal(&k, nonce, (struct aad){&aad, 1}, plain,
				    plain_len, sealed) == 0 &&
			  xaes_open(&k, nonce, (struct aad){&aad, 1}, sealed,
				    plain_len + 16, back) == 0 &&
			  memcmp(back, plain, plain_len) == 0;
		EVP_DigestUpdate(out, sealed, plain_len + 16);
	}
	if (EVP_DigestFinalXOF(out, got, sizeof(got)) != 1)
		abort();
	EVP_MD_CTX_free(in);
	EVP_MD_CTX_free(out);
	unhex("e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939",
	      want);
	TAP_OK(opened, "xaes_opens_what_it_sealed_10000_times");
	TAP_EQ_MEM(got, want, 32, "xaes_accumulated_vector_of_10000");
}

static void test_refusals(void)
{
	const struct iovec aad = {(void *)"aad", 3}, other = {(void *)"aae", 3};
	_cleanup_(secret_done) struct secret short_key = SECRET_INIT;
	_cleanup_(xaes_key_done) struct xaes_key k = XAES_KEY_INIT;
	_cleanup_(xaes_key_done) struct xaes_key unset = XAES_KEY_INIT;
	uint8_t sealed[28], out[12], nonce[24];
	size_t taken = 0;

	fill_key(&k, 7);
	memcpy(nonce, NONCE, 24);
	if (xaes_seal(&k, nonce, (struct aad){&aad, 1}, "hello, world", 12,
		      sealed) < 0)
		abort();
	for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		taken += xaes_open(&k, nonce, (struct aad){&aad, 1}, sealed, 28,
				   out) != -EBADMSG;
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	TAP_EQ_INT((long long)taken, 0, "refuses_each_flipped_bit");
	for (size_t bit = 0; bit < 8 * sizeof(nonce); bit++) {
		nonce[bit / 8] ^= (uint8_t)(1 << bit % 8);
		taken += xaes_open(&k, nonce, (struct aad){&aad, 1}, sealed, 28,
				   out) != -EBADMSG;
		nonce[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	TAP_EQ_INT((long long)taken, 0, "refuses_each_other_nonce");
	for (size_t len = 0; len < 28; len++)
		taken += xaes_open(&k, nonce, (struct aad){&aad, 1}, sealed,
				   len, out) != -EBADMSG;
	TAP_EQ_INT((long long)taken, 0, "refuses_each_shorter_message");
	memset(out, 0xaa, sizeof(out));
	TAP_OK(xaes_open(&k, nonce, (struct aad){&other, 1}, sealed, 28, out) ==
			       -EBADMSG &&
		       out[0] == 0 && out[11] == 0,
	       "refuses_other_aad_and_wipes_the_output");
	TAP_EQ_INT(xaes_open(&k, nonce, AAD_NONE, sealed, 28, out), -EBADMSG,
		   "refuses_missing_aad");
	TAP_EQ_INT(xaes_open(&k, nonce, (struct aad){&aad, 1}, sealed, 28, out),
		   0, "a_refusal_leaves_the_next_call_sound");
	TAP_OK(memcmp(out, "hello, world", 12) == 0, "and_its_result_right");
	if (secret_set(&short_key, "0123456789abcdef", 16) < 0)
		abort();
	TAP_EQ_INT(xaes_key_init(&k, &short_key), -EINVAL,
		   "refuses_a_key_of_128_bits");
	TAP_EQ_INT(gcm_seal(&short_key, nonce, AAD_NONE, "x", 1, out), -EINVAL,
		   "gcm_refuses_a_key_of_128_bits");
	TAP_EQ_INT(xaes_seal(&unset, nonce, AAD_NONE, "x", 1, out), -EINVAL,
		   "refuses_a_key_never_set");
}

/* Both are written here under a mask, so that only a leak is the pattern. */
#define MASK 0x5a
static const uint8_t masked_key[32] = {
	0x89, 0xf2, 0x77, 0xd2, 0x9f, 0x16, 0xa2, 0xc5, 0x6a, 0x1d, 0x7f,
	0x5f, 0x85, 0x01, 0x8a, 0x4a, 0x8a, 0x3f, 0xfb, 0x01, 0xff, 0x13,
	0xff, 0x92, 0x8e, 0xb6, 0xb8, 0x97, 0xd9, 0x90, 0x5a, 0x4f};
/* The subkey that nonce "ABCDEFGHIJKL..." gives under that key. */
static const uint8_t masked_subkey[32] = {
	0x5d, 0x63, 0x87, 0x0a, 0x61, 0x98, 0xf7, 0x59, 0x62, 0x43, 0x13,
	0x50, 0xf2, 0x69, 0x43, 0xd6, 0xa1, 0xc1, 0xd2, 0x37, 0x13, 0x98,
	0x87, 0xf9, 0xc0, 0x97, 0x21, 0x16, 0xa1, 0xf1, 0xc3, 0x09};

static void unmask(uint8_t *to, const uint8_t *from)
{
	for (size_t i = 0; i < 32; i++)
		to[i] = from[i] ^ MASK;
}

/* How often a half of the pattern lies in readable, writable memory. */
static size_t scan(const uint8_t *masked, const void *skip)
{
	_fclose_ FILE *maps = fopen("/proc/self/maps", "re");
	char line[512], perm[5];
	unsigned long from, to;
	size_t hits = 0;

	if (!maps)
		abort();
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %4s", &from, &to, perm) != 3 ||
		    strncmp(perm, "rw", 2) != 0 ||
		    ((unsigned long)skip >= from && (unsigned long)skip < to))
			continue;
		for (const uint8_t *p = (void *)from;
		     p + 16 <= (const uint8_t *)to; p++) {
			size_t i = 0, j = 0;

			while (i < 16 && (p[i] ^ MASK) == masked[i])
				i++;
			while (j < 16 && (p[j] ^ MASK) == masked[16 + j])
				j++;
			hits += (i == 16) + (j == 16);
		}
	}
	return hits;
}

static void use_key(struct secret *key)
{
	_cleanup_(xaes_key_done) struct xaes_key k = XAES_KEY_INIT;
	_cleanup_(secret_done) struct secret derived = SECRET_INIT;
	_cleanup_(hmac_done) struct hmac h = HMAC_INIT;
	uint8_t sealed[28], plain[12], mac[SHA256_BYTES];

	if (secret_alloc(key, 32) < 0)
		abort();
	unmask(key->bytes, masked_key);
	if (xaes_key_init(&k, key) < 0 ||
	    xaes_seal(&k, NONCE, AAD_NONE, "XAES-256-GCM", 12, sealed) < 0 ||
	    xaes_open(&k, NONCE, AAD_NONE, sealed, 28, plain) < 0 ||
	    gcm_seal(key, NONCE, AAD_NONE, "XAES-256-GCM", 12, sealed) < 0 ||
	    gcm_open(key, NONCE, AAD_NONE, sealed, 28, plain) < 0)
		abort();
	sealed[0] ^= 1;
	if (gcm_open(key, NONCE, AAD_NONE, sealed, 28, plain) != -EBADMSG)
		abort();
	if (hkdf_sha256(key, NULL, 0, "info", 4, 32, &derived) < 0 ||
	    hmac_init(&h, key) < 0 || hmac_sign(&h, NULL, 0, mac) < 0)
		abort();
}

static void test_no_key_stays_behind(void)
{
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	uint8_t *control = malloc(32);

	if (!control)
		abort();
#ifdef __SANITIZE_ADDRESS__
	/* Its shadow mappings are terabytes, and freed memory is kept. */
	tap_skip("no_key_is_left_in_memory", "address sanitizer");
	free(control);
	return;
#endif
	use_key(&key);
	TAP_EQ_INT((long long)scan(masked_key, key.bytes), 0,
		   "no_key_is_left_in_memory");
	TAP_EQ_INT((long long)scan(masked_subkey, key.bytes), 0,
		   "no_subkey_is_left_in_memory");
	unmask(control, masked_key);
	TAP_OK(scan(masked_key, key.bytes) >= 1, "the_scan_finds_a_key");
	unmask(control, masked_subkey);
	TAP_OK(scan(masked_subkey, key.bytes) >= 1, "the_scan_finds_a_subkey");
	free(control);
}

int main(void)
{
	test_gcm_vectors();
	test_xaes_vectors();
	test_xaes_accumulated();
	test_refusals();
	test_no_key_stays_behind();
	return tap_done();
}
