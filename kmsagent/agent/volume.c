/* SPDX-License-Identifier: MIT */
/* Volumes as numbers and text.  It must not touch a device. */
#include "kmsagent/agent/volume.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"

#define CHECK_LABEL    "kmsagent volume key check 1"
#define KEY_MIN_BYTES  16
#define CHECK_OF_BYTES ((VOLUME_CHECK_BYTES - 1) / 2)

bool volume_cipher_is_valid(const char *cipher)
{
	static const char extra[] = "-:()_,.+";
	size_t len = strlen(cipher);

	if (len == 0 || len > VOLUME_CIPHER_MAX_BYTES || !strchr(cipher, '-'))
		return false;
	for (; *cipher; cipher++)
		if (!(*cipher >= '0' && *cipher <= '9') &&
		    !(*cipher >= 'a' && *cipher <= 'z') &&
		    !(*cipher >= 'A' && *cipher <= 'Z') &&
		    !strchr(extra, *cipher))
			return false;
	return true;
}

/* OpenSSL's copy of the key is wiped by HMAC() itself. */
int volume_check(const struct secret *key, char ret[VOLUME_CHECK_BYTES])
{
	unsigned char mac[EVP_MAX_MD_SIZE];

	if (key->len < KEY_MIN_BYTES)
		return -EINVAL;
	if (!HMAC(EVP_sha256(), key->bytes, (int)key->len,
		  (const unsigned char *)CHECK_LABEL, strlen(CHECK_LABEL), mac,
		  NULL))
		return -ENOMEM;
	for (size_t i = 0; i < CHECK_OF_BYTES; i++)
		snprintf(ret + 2 * i, 3, "%02x", mac[i]);
	return 0;
}

/* The bound numbers, as one table for all that is done to each. */
static const struct {
	const char *name;   /* the member's */
	const char *option; /* kmsctl's */
	size_t offset;
	unsigned given;
	int64_t min;
	int64_t max;
} numbers[] = {
	{"sector_size", "--sector-size", offsetof(struct volume, sector_bytes),
	 VOLUME_GIVEN_SECTOR, 512, 4096},
	{"offset", "--offset", offsetof(struct volume, offset),
	 VOLUME_GIVEN_OFFSET, 0, VOLUME_SECTORS_MAX},
	{"skip", "--skip", offsetof(struct volume, skip), VOLUME_GIVEN_SKIP, 0,
	 VOLUME_SECTORS_MAX},
	{"size", "--size", offsetof(struct volume, size), VOLUME_GIVEN_SIZE, 0,
	 VOLUME_SECTORS_MAX},
};

static int64_t *number(struct volume *v, size_t i)
{
	return (int64_t *)((char *)v + numbers[i].offset);
}

static int64_t number_of(const struct volume *v, size_t i)
{
	return *(const int64_t *)((const char *)v + numbers[i].offset);
}

int volume_settle(struct volume *asked, unsigned given,
		  const struct volume *bound, bool rebind, char *why,
		  size_t why_len)
{
	const struct volume fresh = VOLUME_INIT;
	const struct volume *from = bound->is_bound ? bound : &fresh;
	bool compares = bound->is_bound && !rebind;

	if (compares && strcmp(asked->device, bound->device) != 0) {
		snprintf(why, why_len,
			 "the key is bound to device %.200s, and this is "
			 "%.200s",
			 bound->device, asked->device);
		return -EXDEV;
	}
	if (!(given & VOLUME_GIVEN_CIPHER)) {
		strcpy(asked->cipher, from->cipher);
	} else if (compares && strcmp(asked->cipher, bound->cipher) != 0) {
		snprintf(why, why_len,
			 "the volume was made with --cipher %s, not %s",
			 bound->cipher, asked->cipher);
		return -EXDEV;
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		int64_t was = number_of(from, i), is = number_of(asked, i);

		if (!(given & numbers[i].given)) {
			*number(asked, i) = was;
		} else if (compares && was != is) {
			snprintf(why, why_len,
				 "the volume was made with %s %lld, not %lld",
				 numbers[i].option, (long long)was,
				 (long long)is);
			return -EXDEV;
		}
	}
	return 0;
}

static bool is_sector_size(int64_t bytes)
{
	return bytes == 512 || bytes == 1024 || bytes == 2048 || bytes == 4096;
}

int volume_length(const struct volume *v, int64_t device_sectors,
		  int64_t *ret_sectors, char *why, size_t why_len)
{
	int64_t unit = v->sector_bytes / VOLUME_SECTOR_BYTES;
	int64_t room = device_sectors - v->offset;

	if (!is_sector_size(v->sector_bytes)) {
		snprintf(why, why_len,
			 "--sector-size is 512, 1024, 2048 or 4096");
		return -EINVAL;
	}
	if (v->offset % unit || v->skip % unit || v->size % unit) {
		snprintf(why, why_len,
			 "--offset, --skip and --size are multiples of %lld "
			 "with --sector-size %lld",
			 (long long)unit, (long long)v->sector_bytes);
		return -EINVAL;
	}
	room -= room % unit;
	if (room <= 0) {
		snprintf(why, why_len,
			 "the device has %lld sectors, none behind --offset "
			 "%lld",
			 (long long)device_sectors, (long long)v->offset);
		return -EINVAL;
	}
	if (v->size > room) {
		snprintf(why, why_len,
			 "the device has room for %lld sectors, not for "
			 "--size %lld",
			 (long long)room, (long long)v->size);
		return -EINVAL;
	}
	*ret_sectors = v->size ? v->size : room;
	return 0;
}

bool volume_overlaps(const struct volume *a, const struct volume *b)
{
	if (strcmp(a->device, b->device) != 0)
		return false;
	return (b->size == 0 || a->offset < b->offset + b->size) &&
	       (a->size == 0 || b->offset < a->offset + a->size);
}

char *volume_key_ref(const char *type, size_t bytes, const char *name)
{
	return io_format(":%zu:%s:kms:%s", bytes, type, name);
}

char *volume_table(const struct volume *v, unsigned flags, const char *key_ref,
		   unsigned major, unsigned minor)
{
	static const struct {
		unsigned flag;
		const char *option;
	} options[] = {
		{VOLUME_DISCARDS, " allow_discards"},
		{VOLUME_NO_READ_WORKQUEUE, " no_read_workqueue"},
		{VOLUME_NO_WRITE_WORKQUEUE, " no_write_workqueue"},
	};
	char text[128] = "", sector[32] = "", count[16] = "";
	unsigned n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (flags & options[i].flag) {
			strcat(text, options[i].option);
			n++;
		}
	if (v->sector_bytes != VOLUME_SECTOR_BYTES) {
		snprintf(sector, sizeof(sector), " sector_size:%lld",
			 (long long)v->sector_bytes);
		n++;
	}
	if (n)
		snprintf(count, sizeof(count), " %u", n);
	return io_format("%s %s %lld %u:%u %lld%s%s%s", v->cipher, key_ref,
			 (long long)v->skip, major, minor, (long long)v->offset,
			 count, text, sector);
}

/* Cipher, key, the rest: the second of the words. */
bool volume_table_has_key(const char *table, const char *key_ref)
{
	const char *key = strchr(table, ' ');
	size_t len = strlen(key_ref);

	return key && strncmp(key + 1, key_ref, len) == 0 &&
	       (key[1 + len] == ' ' || key[1 + len] == '\0');
}

static int copy_string(const cJSON *j, const char *name, char *buf, size_t size)
{
	const char *s;
	int r = json_get_string(j, name, &s);

	if (r < 0 || *s == '\0' || strlen(s) >= size)
		return -EBADMSG;
	strcpy(buf, s);
	return 0;
}

int volume_parse(const cJSON *j, struct volume *ret)
{
	struct volume v = {.is_bound = true};
	int r;

	if (!cJSON_IsObject(j) ||
	    cJSON_GetArraySize(j) != 3 + (int)ARRAY_SIZE(numbers))
		return -EBADMSG;
	r = copy_string(j, "device", v.device, sizeof(v.device));
	if (r == 0)
		r = copy_string(j, "key_check", v.check, sizeof(v.check));
	if (r == 0)
		r = copy_string(j, "cipher", v.cipher, sizeof(v.cipher));
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(numbers); i++)
		r = json_get_int(j, numbers[i].name, numbers[i].min,
				 numbers[i].max, number(&v, i));
	if (r < 0 || !is_sector_size(v.sector_bytes) ||
	    strlen(v.check) != VOLUME_CHECK_BYTES - 1 ||
	    strspn(v.check, "0123456789abcdef") != VOLUME_CHECK_BYTES - 1 ||
	    !volume_cipher_is_valid(v.cipher))
		return -EBADMSG;
	*ret = v;
	return 0;
}

cJSON *volume_format(const struct volume *v)
{
	_json_ cJSON *j = cJSON_CreateObject();
	int r = j ? 0 : -ENOMEM;

	if (r == 0)
		r = json_add_string(j, "device", v->device);
	if (r == 0)
		r = json_add_string(j, "key_check", v->check);
	if (r == 0)
		r = json_add_string(j, "cipher", v->cipher);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(numbers); i++)
		r = json_add_int(j, numbers[i].name, number_of(v, i));
	return r < 0 ? NULL : take_ptr(j);
}
