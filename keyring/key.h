/* SPDX-License-Identifier: MIT */
/*
 * Kernel keys by serial: one thin call a keyctl operation, each 0 or negative
 * errno.  Nothing here knows of upcalls, leases or names of ours.
 * What takes something back may be called without looking at the result.
 * Sources: keyctl(2), add_key(2), request_key(2); the kernel's
 * Documentation/security/keys/core.rst.
 */
#ifndef KEYRING_KEY_H
#define KEYRING_KEY_H

#include <keyutils.h>
#include <stdint.h>
#include <sys/types.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"

#define KR_TYPE_MAX_BYTES 31   /* without the NUL */
#define KR_DESC_MAX_BYTES 4095 /* without the NUL */

/* What KEYCTL_DESCRIBE tells of a key. */
struct kr_info {
	char type[KR_TYPE_MAX_BYTES + 1];
	uid_t uid;
	gid_t gid;
	uint32_t perm; /* possessor, user, group, other: one byte each */
	char desc[KR_DESC_MAX_BYTES + 1];
};

/*
 * Add a key of @type to @ring, or update the one of the same type and
 * description there (it keeps its serial).  The kernel copies the payload;
 * the caller still owns it.  Returns 0, -EINVAL (description, payload size),
 * -EDQUOT (key quota of the uid), -EKEYREVOKED / -EKEYEXPIRED (the ring),
 * -EACCES (no WRITE on the ring), -ENODEV (type not in this kernel), -ENOMEM.
 */
int kr_add(const char *type, const char *desc, const struct secret *payload,
	   key_serial_t ring, key_serial_t *ret_serial) _must_check_;

/*
 * A new logon key that lives @ttl_s seconds (0 = until removed).  @desc is
 * "service:name", the colon is required.  Returns as kr_add(); when the
 * timeout cannot be set the key is invalidated again.
 */
int kr_add_logon(key_serial_t ring, const char *desc,
		 const struct secret *payload, unsigned ttl_s,
		 key_serial_t *ret_serial) _must_check_;

/* A new empty keyring inside @ring.  Errors as kr_add(). */
int kr_add_ring(const char *desc, key_serial_t ring,
		key_serial_t *ret_serial) _must_check_;

/*
 * Type, owner, mask and description.  Works on a key under construction.
 * Returns 0, -ENOKEY (no such serial), -EACCES (no VIEW and not possessed),
 * -EKEYEXPIRED, -EKEYREVOKED, -EBADMSG (the kernel's text did not parse).
 */
int kr_describe(key_serial_t key, struct kr_info *ret) _must_check_;

/* The parser of kr_describe(): "type;uid;gid;perm;description".  Pure. */
int kr_describe_parse(const char *text, struct kr_info *ret) _must_check_;

/* Hand the key (and its quota) to another owner.  -EACCES, -EDQUOT, -EPERM. */
int kr_chown(key_serial_t key, uid_t uid, gid_t gid) _must_check_;
int kr_setperm(key_serial_t key, uint32_t perm) _must_check_;

/* Seconds from now on the realtime clock; 0 clears.  -EACCES: no SETATTR. */
int kr_set_timeout(key_serial_t key, unsigned ttl_s) _must_check_;

/* Gone at once; the next request asks anew.  Needs SEARCH. */
int kr_invalidate(key_serial_t key);

/*
 * Dead, but its link answers -EKEYREVOKED for 300 s (kernel.keys.gc_delay)
 * without an upcall: to take a key back, use kr_invalidate().
 */
int kr_revoke(key_serial_t key);

/* Needs LINK on @key and WRITE on @ring.  -EDQUOT, -ENFILE (ring full). */
int kr_link(key_serial_t key, key_serial_t ring) _must_check_;
/* -ENOENT: no such link. */
int kr_unlink(key_serial_t key, key_serial_t ring);

/* The serial behind a special id (KEY_SPEC_*); never creates.  -ENOKEY. */
int kr_get_id(key_serial_t special, key_serial_t *ret_serial) _must_check_;

/*
 * Join a fresh, anonymous session keyring: what other processes of this uid
 * linked into theirs is no longer in reach.  For the calling thread only.
 */
int kr_join_session(key_serial_t *ret_serial) _must_check_;

/*
 * Act for the requester of @key, a key under construction whose
 * authorisation key this process possesses.  *ret_auth (may be
 * NULL) gets the authorisation key's serial.  -ENOKEY: no such authority.
 */
int kr_assume_authority(key_serial_t key, key_serial_t *ret_auth) _must_check_;
void kr_drop_authority(void);

/*
 * Give the key under construction its payload; ends the authority.
 * @ring: also link it there, 0 = no.  -EPERM (no authority assumed),
 * -EDQUOT, -EINVAL (payload).
 */
int kr_instantiate(key_serial_t key, const struct secret *payload,
		   key_serial_t ring) _must_check_;

/* Answer every waiter with errno @err (positive) for @timeout_s seconds. */
int kr_reject(key_serial_t key, unsigned timeout_s, int err);

/*
 * Find @type @desc in the caller's rings and link it into @ring (0 = not).
 * @callout NULL never runs an upcall; "" does.  Blocks while the upcall runs.
 * Returns what the upcall answered, else -ENOKEY.
 */
int kr_request(const char *type, const char *desc, const char *callout,
	       key_serial_t ring, key_serial_t *ret_serial) _must_check_;

/*
 * What a key error means here and what to do next, for a message: never
 * NULL.  @err positive or negative.
 */
const char *kr_advice(int err);

#endif
