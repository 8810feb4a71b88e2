/* SPDX-License-Identifier: MIT */
/*
 * Finding delivered keys again.  /proc/keys prints descriptions as they are,
 * newlines too, so that any user can forge lines: they only name candidates,
 * and each is asked about by serial.
 */
#include "keyring/upcall.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "keyring/key.h"

/* "perm", "expd", or a number and its unit. */
static int parse_timeout(const char *text, int64_t *ret_s)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {
		{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800},
	};
	unsigned n;
	char unit, end;

	if (strcmp(text, "perm") == 0) {
		*ret_s = 0;
		return 0;
	}
	if (sscanf(text, "%9u%c%c", &n, &unit, &end) != 2)
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (units[i].unit == unit) {
			*ret_s = (int64_t)n * units[i].seconds;
			return 0;
		}
	return -EBADMSG;
}

/* "kms:NAME: 32", "kms:NAME" or "kms:NAME [..."; NAME has none of these. */
static int parse_name(const char *desc, char name[KR_NAME_MAX_BYTES + 1])
{
	const size_t prefix_len = sizeof(KR_DESC_PREFIX) - 1;
	size_t len;

	if (strncmp(desc, KR_DESC_PREFIX, prefix_len) != 0)
		return -EBADMSG;
	desc += prefix_len;
	len = strcspn(desc, ": \n");
	if (len == 0 || len > KR_NAME_MAX_BYTES)
		return -EBADMSG;
	memcpy(name, desc, len);
	name[len] = '\0';
	return kr_name_is_valid(name) ? 0 : -EBADMSG;
}

static int parse_line(const char *line, uint32_t want_perm,
		      struct kr_delivered *ret)
{
	struct kr_delivered k = {0};
	uint32_t serial, perm, uid, gid;
	char flags[8], timeout[12];
	int used = 0;

	if (sscanf(line,
		   "%8" SCNx32 " %7s %*u %11s %8" SCNx32 " %" SCNu32 " %" SCNu32
		   " %*9s %n",
		   &serial, flags, timeout, &perm, &uid, &gid, &used) != 6 ||
	    used == 0)
		return -EBADMSG;
	/* Instantiated; not revoked, dead, negative or invalidated. */
	if (flags[0] != 'I' || strpbrk(flags, "RDNi"))
		return -EBADMSG;
	if (serial == 0 || serial > INT32_MAX || uid != 0 || perm != want_perm)
		return -EBADMSG;
	if (parse_timeout(timeout, &k.ttl_hint_s) < 0 ||
	    parse_name(line + used, k.name) < 0)
		return -EBADMSG;
	k.serial = (key_serial_t)serial;
	*ret = k;
	return 0;
}

int kr_procs_parse_line(const char *line, struct kr_delivered *ret)
{
	return parse_line(line, KR_DELIVERED_PERM, ret);
}

/* What the kernel says of this serial, not what the line said. */
static bool confirm(struct kr_delivered *k, uint32_t perm)
{
	struct kr_info info;
	const char *name;

	if (kr_describe(k->serial, &info) < 0)
		return false;
	name = kr_name_of_desc(info.desc);
	k->type = kr_keytype_find(info.type);
	if (!name || !k->type || info.uid != 0 || info.gid != 0 ||
	    info.perm != perm)
		return false;
	strcpy(k->name, name);
	return true;
}

static int by_serial(const void *a, const void *b)
{
	const struct kr_delivered *x = a, *y = b;

	return (x->serial > y->serial) - (x->serial < y->serial);
}

/* A forged line may have named a real key a second time. */
static size_t drop_repeats(struct kr_delivered *keys, size_t n)
{
	size_t kept = 0;

	qsort(keys, n, sizeof(*keys), by_serial);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || keys[kept - 1].serial != keys[i].serial)
			keys[kept++] = keys[i];
	return kept;
}

int kr_procs_scan(struct kr_delivered **ret, size_t *ret_count)
{
	return kr_procs_scan_perm(KR_DELIVERED_PERM, ret, ret_count);
}

int kr_procs_scan_perm(uint32_t perm, struct kr_delivered **ret,
		       size_t *ret_count)
{
	_fclose_ FILE *f = fopen("/proc/keys", "re");
	_free_ struct kr_delivered *keys = NULL;
	_free_ char *line = NULL;
	size_t n = 0, cap = 0, line_cap = 0;

	if (!f)
		return -errno;
	while (getline(&line, &line_cap, f) > 0) {
		struct kr_delivered k;

		if (parse_line(line, perm, &k) < 0 || !confirm(&k, perm))
			continue;
		if (n == cap) {
			struct kr_delivered *more;

			cap = cap ? 2 * cap : 64;
			more = reallocarray(keys, cap, sizeof(*keys));
			if (!more)
				return -ENOMEM;
			keys = more;
		}
		keys[n++] = k;
	}
	if (ferror(f))
		return -EIO;
	*ret_count = n ? drop_repeats(keys, n) : 0;
	*ret = take_ptr(keys);
	return 0;
}
