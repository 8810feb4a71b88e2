/* SPDX-License-Identifier: MIT */
/*
 * One key on loan to one short-lived process, for the moment in which the
 * kernel copies it into a table of its own: in a private ring of the
 * keyholder's that only a child which is told its serial links and searches.
 * The keyholder ends the loan and looks whether anything of it is left: since
 * Linux 6.9 what a device-mapper table was loaded with may pin the loader's
 * rings (CVE-2026-72103).
 * Source: kernel Documentation/admin-guide/device-mapper/dm-crypt.rst,
 * add_key(2), keyrings(7).
 */
#ifndef KEYRING_LOAN_H
#define KEYRING_LOAN_H

#include <keyutils.h>
#include <stdbool.h>
#include <stddef.h>

#include "keyring/cleanup.h"
#include "keyring/keytype.h"
#include "keyring/secret.h"

/*
 * The mask of a key on loan.  Possessor: view and search, which is all that
 * the kernel's users of keys need; root: view, search (so that a keyholder
 * that comes after can invalidate it) and setattr.  No link, no write.
 */
#define KR_LOAN_PERM 0x09290000U

struct kr_loan {
	key_serial_t ring; /* 0 = none */
	key_serial_t key;
};

#define KR_LOAN_INIT ((struct kr_loan){0})

/*
 * Make a ring in @parent (possessed by the caller) and in it the key
 * "kms:@name" of @type that dies by itself after @ttl_s seconds (> 0).  Names
 * of loans under way at once differ.  The kernel copies @material.  Returns
 * as kr_add() and kr_keytype_payload(); nothing is left after an error.
 */
int kr_loan_make(struct kr_loan *ret, key_serial_t parent, const char *name,
		 const struct kr_keytype *type, const struct secret *material,
		 unsigned ttl_s) _must_check_;

/* End it: the key is invalidated, the ring let go.  Does nothing to none. */
void kr_loan_end(struct kr_loan *l, key_serial_t parent);

/*
 * The borrower's side, in a process whose session ring is its own: what is
 * in @ring is found by the kernel on behalf of this process from now on.
 * Errors as kr_link().
 */
int kr_loan_take(key_serial_t ring) _must_check_;
/* And no longer: the session ring may outlive this process. */
void kr_loan_give_back(key_serial_t ring);

/*
 * Is a key with this serial still alive, in whoever's ring?  By /proc/keys,
 * which shows it to root by its mask.  Returns 0, errno of reading.
 */
int kr_loan_is_left(key_serial_t key, bool *ret) _must_check_;

/*
 * Invalidate what a keyholder that was killed left on loan.  Returns how
 * many, or errno of reading /proc/keys, -ENOMEM.
 */
int kr_loan_sweep(void) _must_check_;

#endif
