/* SPDX-License-Identifier: MIT */
/*
 * What the running kernel has, found out by using it: each probe does the
 * thing once, with a key that everybody knows, and compares the result with a
 * published vector.  Exit status 0 it has, 1 it has not (stdout says why), 2
 * usage.  It must not use the project's own wrappers: it judges the ground.
 */
#include "keyring/missing.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fscrypt.h>
#include <linux/if_alg.h>
#include <linux/keyctl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* NIST SP 800-38A, F.2.1, CBC-AES128.Encrypt, block 1. */
static const uint8_t cbc_key[16] = "\x2b\x7e\x15\x16\x28\xae\xd2\xa6"
				   "\xab\xf7\x15\x88\x09\xcf\x4f\x3c";
static const uint8_t cbc_iv[16] = "\x00\x01\x02\x03\x04\x05\x06\x07"
				  "\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f";
static const uint8_t cbc_plain[16] = "\x6b\xc1\xbe\xe2\x2e\x40\x9f\x96"
				     "\xe9\x3d\x7e\x11\x73\x93\x17\x2a";
static const uint8_t cbc_cipher[16] = "\x76\x49\xab\xac\x81\x19\xb2\x46"
				      "\xce\xe9\x8e\x9b\x12\xe9\x19\x7d";

static int no(const char *what)
{
	printf("%s: %s\n", what, strerrorname_np(errno));
	return 1;
}

static int alg_bind(const char *type, const char *name, int *ret_fd)
{
	struct sockaddr_alg sa = {.salg_family = AF_ALG};
	int fd;

	snprintf((char *)sa.salg_type, sizeof(sa.salg_type), "%s", type);
	snprintf((char *)sa.salg_name, sizeof(sa.salg_name), "%s", name);
	fd = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return no("socket");
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return no("bind");
	*ret_fd = fd;
	return 0;
}

static int has_af_alg(char **args)
{
	int fd;

	return alg_bind(args[0], args[1], &fd);
}

/* One block through a keyed transform socket. */
static int alg_encrypt(int tfm, const uint8_t iv[16], const uint8_t in[16],
		       uint8_t out[16])
{
	char control[CMSG_SPACE(sizeof(uint32_t)) +
		     CMSG_SPACE(sizeof(struct af_alg_iv) + 16)] = {0};
	struct iovec iov = {(void *)(uintptr_t)in, 16};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	const uint32_t op = ALG_OP_ENCRYPT, iv_bytes = 16;
	int fd = accept4(tfm, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return no("accept");
	*c = (struct cmsghdr){CMSG_LEN(sizeof(op)), SOL_ALG, ALG_SET_OP};
	memcpy(CMSG_DATA(c), &op, sizeof(op));
	c = CMSG_NXTHDR(&msg, c);
	*c = (struct cmsghdr){CMSG_LEN(sizeof(iv_bytes) + 16), SOL_ALG,
			      ALG_SET_IV};
	memcpy(CMSG_DATA(c), &iv_bytes, sizeof(iv_bytes));
	memcpy(CMSG_DATA(c) + sizeof(iv_bytes), iv, 16);
	if (sendmsg(fd, &msg, 0) != 16)
		return no("sendmsg");
	if (read(fd, out, 16) != 16)
		return no("read");
	close(fd);
	return 0;
}

/* A "logon" key, which no process can read, as the key of a cipher. */
static int has_key_by_serial(char **args)
{
	uint8_t out[16];
	int32_t serial;
	int tfm, r;

	(void)args;
	serial = (int32_t)syscall(SYS_add_key, "logon", "kernel-has:cbc",
				  cbc_key, sizeof(cbc_key),
				  KEY_SPEC_PROCESS_KEYRING);
	if (serial < 0)
		return no("add_key");
	r = alg_bind("skcipher", "cbc(aes)", &tfm);
	if (r != 0)
		return r;
	if (setsockopt(tfm, SOL_ALG, ALG_SET_KEY_BY_KEY_SERIAL, &serial,
		       sizeof(serial)) < 0)
		return no("ALG_SET_KEY_BY_KEY_SERIAL");
	r = alg_encrypt(tfm, cbc_iv, cbc_plain, out);
	if (r != 0)
		return r;
	if (memcmp(out, cbc_cipher, sizeof(out)) != 0) {
		puts("the ciphertext is not the published one");
		return 1;
	}
	return 0;
}

static int fscrypt_write(int at, const char *name, const char *text)
{
	int fd = openat(at, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		return no("create");
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    fsync(fd) < 0)
		return no("write");
	close(fd);
	return 0;
}

/*
 * The whole of it on an empty folder of a file system with encryption: the key
 * comes from the keyring as an "fscrypt-provisioning" key of 64 bytes 00..3f,
 * and once it is removed the file cannot be opened.  Prints the identifier of
 * the key, for another program to compare.
 */
static int has_fscrypt(char **args)
{
	/* struct fscrypt_provisioning_key_payload, then the key itself. */
	uint8_t payload[8 + 64] = {0};
	const uint32_t type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
	struct fscrypt_add_key_arg add = {.key_spec.type = type};
	struct fscrypt_remove_key_arg gone = {0};
	struct fscrypt_policy_v2 policy = {
		.version = FSCRYPT_POLICY_V2,
		.contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS,
		.filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS,
		.flags = FSCRYPT_POLICY_FLAGS_PAD_32};
	int fd, r;

	memcpy(payload, &type, sizeof(type));
	for (size_t i = 0; i < 64; i++)
		payload[8 + i] = (uint8_t)i;
	add.key_id = (uint32_t)syscall(
		SYS_add_key, "fscrypt-provisioning", "kernel-has:fscrypt",
		payload, sizeof(payload), KEY_SPEC_PROCESS_KEYRING);
	if ((int32_t)add.key_id < 0)
		return no("add_key");
	fd = open(args[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return no("open");
	if (ioctl(fd, FS_IOC_ADD_ENCRYPTION_KEY, &add) < 0)
		return no("FS_IOC_ADD_ENCRYPTION_KEY");
	memcpy(policy.master_key_identifier, add.key_spec.u.identifier,
	       sizeof(policy.master_key_identifier));
	if (ioctl(fd, FS_IOC_SET_ENCRYPTION_POLICY, &policy) < 0)
		return no("FS_IOC_SET_ENCRYPTION_POLICY");
	r = fscrypt_write(fd, "file", "secret");
	if (r != 0)
		return r;
	gone.key_spec = add.key_spec;
	if (ioctl(fd, FS_IOC_REMOVE_ENCRYPTION_KEY, &gone) < 0)
		return no("FS_IOC_REMOVE_ENCRYPTION_KEY");
	if (openat(fd, "file", O_RDONLY | O_CLOEXEC) >= 0) {
		puts("the file opens without its key");
		return 1;
	}
	for (size_t i = 0; i < sizeof(policy.master_key_identifier); i++)
		printf("%02x", policy.master_key_identifier[i]);
	putchar('\n');
	return 0;
}

static const struct probe {
	const char *name, *args;
	int n_args;
	int (*run)(char **args);
} probes[] = {
	{"af_alg", "TYPE NAME", 2, has_af_alg},
	{"key_by_serial", "", 0, has_key_by_serial},
	{"fscrypt", "FOLDER", 1, has_fscrypt},
};

int main(int argc, char **argv)
{
	const size_t n = sizeof(probes) / sizeof(probes[0]);

	for (size_t i = 0; i < n; i++)
		if (argc == 2 + probes[i].n_args &&
		    strcmp(argv[1], probes[i].name) == 0)
			return probes[i].run(argv + 2);
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "kernel-has %s %s\n", probes[i].name,
			probes[i].args);
	return 2;
}
