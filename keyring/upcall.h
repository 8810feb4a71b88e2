/* SPDX-License-Identifier: MIT */
/*
 * A request-key upcall from both sides.  The handler (short-lived, run by the
 * kernel) hands its authority over and waits; the keyholder (one thread that
 * owns all keys) settles the key under construction.  The requester is
 * hostile: it may unlink, chmod, revoke or shadow that key at any moment.
 * Sources: kernel Documentation/security/keys/request-key.rst,
 * request-key(8), keyctl_assume_authority(3), keyctl_instantiate(3).
 */
#ifndef KEYRING_UPCALL_H
#define KEYRING_UPCALL_H

#include <keyutils.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keyring/cleanup.h"
#include "keyring/keytype.h"
#include "keyring/secret.h"

/*
 * The mask of a delivered key.  Possessor: view, search, link (link, so that
 * a second request into the same ring finds it); owner, root: view, write,
 * search, setattr; nobody else anything.
 */
#define KR_DELIVERED_PERM 0x192d0000U

/* ---- the handler ---- */

/*
 * Link the authorisation key of @key into @ring, a keyring of the
 * keyholder's.  Returns 0 and its serial, -ENOKEY (@key is not under
 * construction, or this process was not called for it), -EACCES (no WRITE on
 * @ring), -EDQUOT, -ENFILE.
 */
int kr_upcall_hand_over(key_serial_t ring, key_serial_t key,
			key_serial_t *ret_auth) _must_check_;

/* ---- the keyholder ---- */

/*
 * The keyholder's rings, all inside the anonymous session ring that
 * kr_keyholder_init() joins.  Call it first thing in the one thread that
 * will make every kr_upcall_* call, before other threads exist.
 */
struct kr_keyholder {
	key_serial_t session;
	key_serial_t drop; /* handlers link authorisation keys here */
	key_serial_t desk; /* a requester's ring lies here for a moment */
};

/* Errors as kr_join_session() and kr_add_ring(). */
int kr_keyholder_init(struct kr_keyholder *ret) _must_check_;

/* Who asks for what; all of it told by the kernel. */
struct kr_requester {
	uid_t uid; /* real enough for policy: the requester's fsuid */
	gid_t gid; /* fsgid; supplementary groups cannot be learnt */
	const struct kr_keytype *type;
	char name[KR_NAME_MAX_BYTES + 1];
};

/*
 * Ask about the key under construction @key whose authorisation key @auth
 * was handed over.  Returns 0, -ENOKEY (no such authority: wrong serial, or
 * settled already), -EBADMSG (@auth is not the authorisation key of @key),
 * -ENODEV (not a type of ours), -EINVAL (not "kms:NAME"), -EKEYREVOKED.  After any error but the first two the caller
 * rejects.
 */
int kr_upcall_requester(const struct kr_keyholder *h, key_serial_t key,
			key_serial_t auth,
			struct kr_requester *ret) _must_check_;

/*
 * Turn @key into root's, locked down, with @ttl_s (> 0) seconds to live, and
 * give it its payload.  @material is encoded as @who->type wants; the kernel
 * copies it, the caller still owns it.  @who is what kr_upcall_requester()
 * told: type and description are compared with it again.
 * On any failure the key is rejected with EKEYREJECTED for 5 s, authority is
 * given up and the authorisation key unlinked; the return value then says
 * which cause: -ENOKEY (no such authority; nothing to reject), -EBADMSG
 * (@auth, or what describes now is not what was asked for), -EACCES (pulled
 * away), -EINVAL (@ttl_s 0, length of @material), -EKEYREVOKED, -EDQUOT
 * (root's own quota), -ENOMEM.
 */
int kr_upcall_deliver(const struct kr_keyholder *h, key_serial_t key,
		      key_serial_t auth, const struct kr_requester *who,
		      const struct secret *material,
		      unsigned ttl_s) _must_check_;

/*
 * End the request with errno @err (positive) that every waiter gets, and that
 * is remembered for @timeout_s seconds; ENOKEY makes it a plain negative key.
 * Unlinks @auth from the drop ring too.  Returns 0, -ENOKEY (no such
 * authority), -EBADMSG (@auth is not that of @key; nothing was done).
 * With @h NULL for a handler that still has its own authority.
 */
int kr_upcall_reject(const struct kr_keyholder *h, key_serial_t key,
		     key_serial_t auth, unsigned timeout_s,
		     int err) _must_check_;

/* ---- after a restart ---- */

/* A key that an earlier keyholder delivered. */
struct kr_delivered {
	key_serial_t serial;
	const struct kr_keytype *type;
	char name[KR_NAME_MAX_BYTES + 1];
	/*
	 * Seconds left as /proc/keys rounds them (down, to its unit), 0 = no
	 * timeout.  A hint only: descriptions may forge lines there.
	 */
	int64_t ttl_hint_s;
};

/*
 * Find our delivered keys: candidates from /proc/keys, each then asked about
 * by serial (root's, KR_DELIVERED_PERM, a type of ours, "kms:NAME").  Two or
 * more may bear one name.  The caller frees *ret (NULL when none).  Returns
 * 0, -ENOMEM, or errno of opening /proc/keys.  Source: keyrings(7).
 */
int kr_procs_scan(struct kr_delivered **ret, size_t *ret_count) _must_check_;

/* The same for root's keys with another mask, such as those on loan. */
int kr_procs_scan_perm(uint32_t perm, struct kr_delivered **ret,
		       size_t *ret_count) _must_check_;

/*
 * One line of /proc/keys.  Pure.  Returns 0, or -EBADMSG (not a whole line of
 * a live key "kms:NAME" owned by uid 0 with KR_DELIVERED_PERM).  The type is
 * cut to nine bytes there, so that ret->type stays NULL.
 */
int kr_procs_parse_line(const char *line,
			struct kr_delivered *ret) _must_check_;

#endif
