/* SPDX-License-Identifier: MIT */
/*
 * Key pairs in files, through kmsagent/crypto/pkey.h, so that the openssl
 * program can be set against it in both directions.  Keys are DER.
 *	pkey-tool sign KIND ALGORITHM TYPE PRIVATE IN OUT
 *	pkey-tool verify KIND ALGORITHM TYPE PUBLIC IN SIGNATURE
 *	pkey-tool encrypt KIND ALGORITHM PUBLIC IN OUT
 *	pkey-tool decrypt KIND ALGORITHM PRIVATE IN OUT
 *	pkey-tool derive KIND PRIVATE PUBLIC OUT
 */
#include <stdio.h>
#include <string.h>

#include "kmsagent/crypto/pkey.h"

#define FILE_MAX_BYTES 16384

struct file {
	uint8_t bytes[FILE_MAX_BYTES];
	size_t len;
};

static void die(const char *what, int r)
{
	fprintf(stderr, "pkey-tool: %s: %s\n", what, strerror(-r));
	exit(1);
}

static void get(const char *path, struct file *ret)
{
	FILE *f = fopen(path, "rb");

	if (!f)
		die(path, -errno);
	ret->len = fread(ret->bytes, 1, sizeof(ret->bytes), f);
	fclose(f);
}

static void put(const char *path, const void *bytes, size_t len)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
		die(path, -errno);
}

static void get_private(const char *kind, const char *path, struct pkey *ret)
{
	struct secret der = SECRET_INIT;
	struct file f;
	int r;

	get(path, &f);
	r = secret_set(&der, f.bytes, f.len);
	if (r == 0)
		r = pkey_decode_private(pkey_kind_find(kind), &der, ret);
	secret_done(&der);
	if (r < 0)
		die(path, r);
}

static void get_public(const char *kind, const char *path, struct pkey *ret)
{
	struct file f;
	int r;

	get(path, &f);
	r = pkey_decode_public(pkey_kind_find(kind), f.bytes, f.len, ret);
	if (r < 0)
		die(path, r);
}

static enum pkey_message type_of(const char *name)
{
	return strcmp(name, "DIGEST") == 0 ? PKEY_MESSAGE_DIGEST
	       : strcmp(name, "RAW") == 0  ? PKEY_MESSAGE_RAW
					   : PKEY_MESSAGE_EXTERNAL_MU;
}

static int do_sign(char **arg)
{
	uint8_t sig[PKEY_SIGNATURE_MAX_BYTES];
	struct pkey key = PKEY_INIT;
	struct file in;
	size_t len = 0;
	int r;

	get_private(arg[0], arg[3], &key);
	get(arg[4], &in);
	r = pkey_sign(&key, pkey_signing_find(arg[1]), type_of(arg[2]),
		      in.bytes, in.len, sig, &len);
	if (r == 0)
		put(arg[5], sig, len);
	pkey_done(&key);
	return r;
}

static int do_verify(char **arg)
{
	struct pkey key = PKEY_INIT;
	struct file in, sig;
	int r;

	get_public(arg[0], arg[3], &key);
	get(arg[4], &in);
	get(arg[5], &sig);
	r = pkey_verify(&key, pkey_signing_find(arg[1]), type_of(arg[2]),
			in.bytes, in.len, sig.bytes, sig.len);
	pkey_done(&key);
	return r;
}

static int do_encrypt(char **arg)
{
	uint8_t sealed[PKEY_CIPHERTEXT_MAX_BYTES];
	struct pkey key = PKEY_INIT;
	struct file in;
	size_t len = 0;
	int r;

	get_public(arg[0], arg[2], &key);
	get(arg[3], &in);
	r = pkey_encrypt(&key, pkey_cipher_find(arg[1]), in.bytes, in.len,
			 sealed, &len);
	if (r == 0)
		put(arg[4], sealed, len);
	pkey_done(&key);
	return r;
}

static int do_decrypt(char **arg)
{
	struct secret plain = SECRET_INIT;
	struct pkey key = PKEY_INIT;
	struct file in;
	int r;

	get_private(arg[0], arg[2], &key);
	get(arg[3], &in);
	r = pkey_decrypt(&key, pkey_cipher_find(arg[1]), in.bytes, in.len,
			 &plain);
	if (r == 0)
		put(arg[4], plain.bytes, plain.len);
	secret_done(&plain);
	pkey_done(&key);
	return r;
}

static int do_derive(char **arg)
{
	struct pkey own = PKEY_INIT, peer = PKEY_INIT;
	struct secret shared = SECRET_INIT;
	int r;

	get_private(arg[0], arg[1], &own);
	get_public(arg[0], arg[2], &peer);
	r = pkey_derive(&own, &peer, &shared);
	if (r == 0)
		put(arg[3], shared.bytes, shared.len);
	secret_done(&shared);
	pkey_done(&own);
	pkey_done(&peer);
	return r;
}

static const struct {
	const char *name;
	int args;
	int (*run)(char **arg);
} verbs[] = {{"sign", 6, do_sign},
	     {"verify", 6, do_verify},
	     {"encrypt", 5, do_encrypt},
	     {"decrypt", 5, do_decrypt},
	     {"derive", 4, do_derive}};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < ARRAY_SIZE(verbs); i++) {
		int r;

		if (strcmp(argv[1], verbs[i].name) != 0 ||
		    argc != verbs[i].args + 2)
			continue;
		if (!pkey_kind_find(argv[2]))
			die(argv[2], -EINVAL);
		r = verbs[i].run(argv + 2);
		if (r < 0)
			die(verbs[i].name, r);
		return 0;
	}
	fprintf(stderr, "pkey-tool: see the head of its source\n");
	return 2;
}
