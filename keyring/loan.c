/* SPDX-License-Identifier: MIT */
/* Keys on loan.  It must not know what the borrower does with them. */
#include "keyring/loan.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "keyring/key.h"
#include "keyring/upcall.h"

#define RING_PREFIX "kms.loan."
#define RING_BYTES  (sizeof(RING_PREFIX) + KR_NAME_MAX_BYTES)

/* The child links it as its owner, root, before it possesses it. */
#define RING_PERM (KEY_POS_ALL | KEY_USR_VIEW | KEY_USR_SEARCH | KEY_USR_LINK)

static int put_key(struct kr_loan *l, const char *name,
		   const struct kr_keytype *type, const struct secret *material,
		   unsigned ttl_s)
{
	_cleanup_(secret_done) struct secret payload = SECRET_INIT;
	char desc[KR_NAME_DESC_BYTES];
	int r = kr_desc_format(name, desc);

	if (r == 0)
		r = kr_keytype_payload(type, material, &payload);
	if (r == 0)
		r = kr_add(type->name, desc, &payload, l->ring, &l->key);
	if (r == 0)
		r = kr_set_timeout(l->key, ttl_s);
	if (r == 0)
		r = kr_setperm(l->key, KR_LOAN_PERM);
	return r;
}

int kr_loan_make(struct kr_loan *ret, key_serial_t parent, const char *name,
		 const struct kr_keytype *type, const struct secret *material,
		 unsigned ttl_s)
{
	struct kr_loan l = KR_LOAN_INIT;
	char ring[RING_BYTES];
	int r;

	if (ttl_s == 0 || !kr_name_is_valid(name))
		return -EINVAL;
	snprintf(ring, sizeof(ring), RING_PREFIX "%s", name);
	r = kr_add_ring(ring, parent, &l.ring);
	if (r < 0)
		return r;
	r = kr_setperm(l.ring, RING_PERM);
	if (r == 0)
		r = put_key(&l, name, type, material, ttl_s);
	if (r < 0) {
		kr_loan_end(&l, parent);
		return r;
	}
	*ret = l;
	return 0;
}

void kr_loan_end(struct kr_loan *l, key_serial_t parent)
{
	if (l->key)
		kr_invalidate(l->key);
	if (l->ring)
		kr_unlink(l->ring, parent);
	*l = KR_LOAN_INIT;
}

int kr_loan_take(key_serial_t ring)
{
	return kr_link(ring, KEY_SPEC_SESSION_KEYRING);
}

void kr_loan_give_back(key_serial_t ring)
{
	kr_unlink(ring, KEY_SPEC_SESSION_KEYRING);
}

int kr_loan_is_left(key_serial_t key, bool *ret)
{
	_fclose_ FILE *f = fopen("/proc/keys", "re");
	_free_ char *line = NULL;
	size_t cap = 0;
	bool found = false;

	if (!f)
		return -errno;
	while (!found && getline(&line, &cap, f) > 0) {
		uint32_t serial;
		char flags[8];

		/* Invalidated, dead or revoked ones are with the collector:
		 * their link is cut, nothing can find them. */
		found = sscanf(line, "%8" SCNx32 " %7s", &serial, flags) == 2 &&
			serial == (uint32_t)key && !strpbrk(flags, "iDR");
	}
	if (ferror(f))
		return -EIO;
	*ret = found;
	return 0;
}

int kr_loan_sweep(void)
{
	_free_ struct kr_delivered *found = NULL;
	size_t count = 0;
	int n = 0, r = kr_procs_scan_perm(KR_LOAN_PERM, &found, &count);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		if (kr_invalidate(found[i].serial) == 0)
			n++;
	return n;
}
