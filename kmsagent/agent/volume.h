/* SPDX-License-Identifier: MIT */
/*
 * A dm-crypt volume in plain mode: what its entry is bound to since its first
 * open, and the table that goes to the kernel.  Plain mode has no header on
 * the device to compare with, so a wrong key, device or parameter would show
 * as garbage, and the next mkfs would write over the data: the record says no
 * instead.  Pure: no device, no kernel, no file.
 * Sources: kernel Documentation/admin-guide/device-mapper/dm-crypt.rst,
 * cryptsetup(8) (plain mode's offset, skip and size).
 */
#ifndef KMSAGENT_AGENT_VOLUME_H
#define KMSAGENT_AGENT_VOLUME_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"

#define VOLUME_CIPHER_DEFAULT	"aes-xts-plain64"
#define VOLUME_CIPHER_MAX_BYTES 127
#define VOLUME_DEVICE_MAX_BYTES 512
#define VOLUME_CHECK_BYTES	33 /* hexadecimal, and a NUL */
#define VOLUME_SECTOR_BYTES	512
#define VOLUME_SECTORS_MAX	((int64_t)1 << 52) /* JSON's exact numbers */
#define VOLUME_MAPPING_MAX	64
/* "CRYPT-": lsblk and udev's rules know by it what the mapping is. */
#define VOLUME_UUID_PREFIX "CRYPT-PLAIN-kms:"
#define VOLUME_UUID_BYTES  (sizeof(VOLUME_UUID_PREFIX) + VOLUME_MAPPING_MAX)

/* Sectors are of 512 bytes, whatever sector_bytes is. */
struct volume {
	bool is_bound;
	char device[VOLUME_DEVICE_MAX_BYTES + 1]; /* blockdev.h's identity */
	char check[VOLUME_CHECK_BYTES];		  /* of the key */
	char cipher[VOLUME_CIPHER_MAX_BYTES + 1];
	int64_t sector_bytes; /* 512, 1024, 2048, 4096 */
	int64_t offset;	      /* where it begins on the device */
	int64_t skip;	      /* what the first sector's IV counts from */
	int64_t size;	      /* 0 = to the end of the device */
};

#define VOLUME_INIT                                                            \
	((struct volume){.cipher = VOLUME_CIPHER_DEFAULT,                      \
			 .sector_bytes = VOLUME_SECTOR_BYTES})

/* Not bound: they may differ from one open to the next. */
enum volume_flags {
	VOLUME_READ_ONLY = 1 << 0,
	VOLUME_DISCARDS = 1 << 1,
	VOLUME_NO_READ_WORKQUEUE = 1 << 2,
	VOLUME_NO_WRITE_WORKQUEUE = 1 << 3,
};

/* Which of a request's fields the caller gave; the others are as bound. */
enum volume_given {
	VOLUME_GIVEN_CIPHER = 1 << 0,
	VOLUME_GIVEN_SECTOR = 1 << 1,
	VOLUME_GIVEN_OFFSET = 1 << 2,
	VOLUME_GIVEN_SKIP = 1 << 3,
	VOLUME_GIVEN_SIZE = 1 << 4,
};

/* "aes-xts-plain64", "capi:xts(aes)-plain64": no white space, no NUL. */
bool volume_cipher_is_valid(const char *cipher) _must_check_;

/*
 * A number by which a key is known again, not secret: the first 16 bytes of
 * HMAC-SHA256 under it, of a text of ours, as hexadecimal digits.  -EINVAL
 * (under 16 bytes), -ENOMEM.
 */
int volume_check(const struct secret *key,
		 char ret[VOLUME_CHECK_BYTES]) _must_check_;

/*
 * Fill what @asked leaves open from @bound (from the defaults where nothing
 * is bound), and compare what it gives with it.  @asked->device is always
 * given; its check is not looked at.  Returns 0, or -EXDEV with a sentence in
 * @why (@rebind: nothing is compared).
 */
int volume_settle(struct volume *asked, unsigned given,
		  const struct volume *bound, bool rebind, char *why,
		  size_t why_len) _must_check_;

/*
 * How long the mapping is, in sectors, on a device of @device_sectors.
 * Returns 0, or -EINVAL (parameters that do not fit it or each other) with a
 * sentence in @why.
 */
int volume_length(const struct volume *v, int64_t device_sectors,
		  int64_t *ret_sectors, char *why, size_t why_len) _must_check_;

/* Both lie on one device and share sectors. */
bool volume_overlaps(const struct volume *a,
		     const struct volume *b) _must_check_;

/* ":64:logon:kms:NAME": what the table has in the key's place. */
char *volume_key_ref(const char *type, size_t bytes,
		     const char *name) _must_check_;

/*
 * The table's part behind "crypt".  NULL = no memory.
 */
char *volume_table(const struct volume *v, unsigned flags, const char *key_ref,
		   unsigned major, unsigned minor) _must_check_;

/* Bytes of the table that the kernel shows hold this key by reference. */
bool volume_table_has_key(const char *table, const char *key_ref) _must_check_;

/* A member "volume" of an entry, and back.  -EBADMSG, -ENOMEM. */
int volume_parse(const cJSON *j, struct volume *ret) _must_check_;
cJSON *volume_format(const struct volume *v) _must_check_;

#endif
