/* SPDX-License-Identifier: MIT */
/*
 * The floor under file encryption with OpenSSL: read a chunk, AES-256-GCM,
 * write chunk and tag, one core, no format, no options, no error but "no".
 *	filegcm CHUNK-BYTES <IN >OUT
 */
#include <err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAG_BYTES 16

static void write_all(const unsigned char *p, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, p, len);

		if (n < 0)
			err(1, "write");
		p += n;
		len -= (size_t)n;
	}
}

int main(int argc, char **argv)
{
	static const unsigned char key[32] = {1};
	unsigned char iv[12] = {0}, *in, *out;
	size_t chunk = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	EVP_CIPHER *gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned long counter = 0;
	ssize_t n;
	int len;

	if (!chunk)
		errx(2, "usage: filegcm CHUNK-BYTES <IN >OUT");
	in = aligned_alloc(4096, (chunk + 8191) / 4096 * 4096);
	out = aligned_alloc(4096, (chunk + 8191) / 4096 * 4096);
	if (!in || !out || !EVP_EncryptInit_ex2(ctx, gcm, key, iv, NULL))
		errx(1, "set-up");
	while ((n = read(STDIN_FILENO, in, chunk)) > 0) {
		counter++;
		memcpy(iv, &counter, sizeof(counter));
		if (!EVP_EncryptInit_ex2(ctx, NULL, NULL, iv, NULL) ||
		    !EVP_EncryptUpdate(ctx, out, &len, in, (int)n) ||
		    !EVP_EncryptFinal_ex(ctx, out + len, &len) ||
		    !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES,
					 out + n))
			errx(1, "OpenSSL");
		write_all(out, (size_t)n + TAG_BYTES);
	}
	if (n < 0)
		err(1, "read");
	return 0;
}
