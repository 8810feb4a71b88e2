/* SPDX-License-Identifier: MIT */
/*
 * The floor under file encryption by the kernel: read a chunk, one request
 * to a bare AF_ALG socket, write what it answers.
 *	filealg CHUNK-BYTES <IN >OUT
 */
#include <err.h>
#include <linux/if_alg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SOL_ALG
#define SOL_ALG 279
#endif
#define TAG_BYTES 16
#define IV_BYTES  12
#define AAD_BYTES 72 /* as long as a frame's */

static int open_gcm(void)
{
	static const unsigned char key[32] = {1};
	struct sockaddr_alg sa = {.salg_family = AF_ALG,
				  .salg_type = "aead",
				  .salg_name = "gcm(aes)"};
	int tfm = socket(AF_ALG, SOCK_SEQPACKET, 0), op;

	if (tfm < 0 || bind(tfm, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		err(1, "AF_ALG gcm(aes)");
	if (setsockopt(tfm, SOL_ALG, ALG_SET_KEY, key, sizeof(key)) < 0 ||
	    setsockopt(tfm, SOL_ALG, ALG_SET_AEAD_AUTHSIZE, NULL, TAG_BYTES) <
		    0)
		err(1, "setsockopt");
	op = accept(tfm, NULL, NULL);
	if (op < 0)
		err(1, "accept");
	return op;
}

static void put_u32(struct cmsghdr *c, int type, unsigned v)
{
	c->cmsg_level = SOL_ALG;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(sizeof(v));
	memcpy(CMSG_DATA(c), &v, sizeof(v));
}

static void seal(int op, unsigned long counter, unsigned char *buf, size_t len)
{
	char control[CMSG_SPACE(4) * 2 + CMSG_SPACE(4 + IV_BYTES)] = {0};
	struct iovec iov = {buf, AAD_BYTES + len};
	struct msghdr m = {.msg_control = control,
			   .msg_controllen = sizeof(control),
			   .msg_iov = &iov,
			   .msg_iovlen = 1};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	struct af_alg_iv *iv;

	put_u32(c, ALG_SET_OP, ALG_OP_ENCRYPT);
	c = CMSG_NXTHDR(&m, c);
	put_u32(c, ALG_SET_AEAD_ASSOCLEN, AAD_BYTES);
	c = CMSG_NXTHDR(&m, c);
	c->cmsg_level = SOL_ALG;
	c->cmsg_type = ALG_SET_IV;
	c->cmsg_len = CMSG_LEN(4 + IV_BYTES);
	iv = (void *)CMSG_DATA(c);
	iv->ivlen = IV_BYTES;
	memcpy(iv->iv, &counter, sizeof(counter));
	if (sendmsg(op, &m, 0) != (ssize_t)(AAD_BYTES + len))
		err(1, "sendmsg");
	if (read(op, buf, AAD_BYTES + len + TAG_BYTES) !=
	    (ssize_t)(AAD_BYTES + len + TAG_BYTES))
		err(1, "read from AF_ALG");
}

int main(int argc, char **argv)
{
	size_t chunk = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned long counter = 0;
	unsigned char *buf;
	ssize_t n;
	int op;

	if (!chunk)
		errx(2, "usage: filealg CHUNK-BYTES <IN >OUT");
	buf = aligned_alloc(4096, (chunk + 8191) / 4096 * 4096);
	op = open_gcm();
	if (!buf)
		err(1, NULL);
	memset(buf, 0, AAD_BYTES);
	while ((n = read(STDIN_FILENO, buf + AAD_BYTES, chunk)) > 0) {
		seal(op, ++counter, buf, (size_t)n);
		if (write(STDOUT_FILENO, buf + AAD_BYTES,
			  (size_t)n + TAG_BYTES) != n + TAG_BYTES)
			err(1, "write");
	}
	if (n < 0)
		err(1, "read");
	return 0;
}
