/* SPDX-License-Identifier: MIT */
/*
 * The two sides of an upcall.  While authority is assumed, a search by
 * description would walk the hostile requester's rings: everything here goes
 * by serial.  It must not know policy, nor where payloads come from.
 */
#include "keyring/upcall.h"

#include <string.h>

#include "keyring/key.h"
#include "keyring/missing.h"

#define REJECT_S 5

int kr_upcall_hand_over(key_serial_t ring, key_serial_t key,
			key_serial_t *ret_auth)
{
	key_serial_t auth;
	int r = kr_assume_authority(key, &auth);

	if (r < 0)
		return r;
	r = kr_link(auth, ring);
	if (r < 0)
		return r;
	*ret_auth = auth;
	return 0;
}

int kr_keyholder_init(struct kr_keyholder *ret)
{
	struct kr_keyholder h;
	int r = kr_join_session(&h.session);

	if (r < 0)
		return r;
	r = kr_add_ring("kms.drop", h.session, &h.drop);
	if (r < 0)
		return r;
	/* A handler does not possess this ring: it links as its owner, root. */
	r = kr_setperm(h.drop, KEY_POS_ALL | KEY_USR_VIEW | KEY_USR_WRITE |
				       KEY_USR_SEARCH | KEY_USR_LINK);
	if (r < 0)
		return r;
	r = kr_add_ring("kms.desk", h.session, &h.desk);
	if (r < 0)
		return r;
	*ret = h;
	return 0;
}

/* One moment of acting for a requester. */
struct authority {
	const struct kr_keyholder *holder;
	key_serial_t guest; /* requester's ring on the desk, 0 = none */
};

/* Settling a key ends the authority by itself; saying it twice is harmless. */
static void authority_end(struct authority *a)
{
	kr_drop_authority();
	if (a->guest)
		kr_unlink(a->guest, a->holder->desk);
	a->guest = 0;
}

static int authority_begin(struct authority *a, key_serial_t key,
			   key_serial_t auth)
{
	key_serial_t real;
	int r = kr_assume_authority(key, &real);

	if (r < 0)
		return r;
	if (real != auth) {
		authority_end(a);
		return -EBADMSG;
	}
	return 0;
}

/*
 * Whoever assumed authority possesses what the requester's own thread,
 * process and session rings hold.  A destination outside those (@u without a
 * link from the session) has to be put within reach: by its special id, so
 * that it is the ring of this very request.
 */
static int reach(struct authority *a)
{
	key_serial_t guest;
	int r = kr_get_id(KEY_SPEC_REQUESTOR_KEYRING, &guest);

	if (r < 0)
		return r;
	r = kr_link(KEY_SPEC_REQUESTOR_KEYRING, a->holder->desk);
	if (r < 0)
		return r;
	a->guest = guest;
	return 0;
}

int kr_upcall_requester(const struct kr_keyholder *h, key_serial_t key,
			key_serial_t auth, struct kr_requester *ret)
{
	_cleanup_(authority_end) struct authority a = {.holder = h};
	const struct kr_keytype *type;
	struct kr_info info;
	const char *name;
	int r = authority_begin(&a, key, auth);

	if (r < 0)
		return r;
	/* The authority alone lets us look, whatever the mask says. */
	r = kr_describe(key, &info);
	if (r < 0)
		return r;
	type = kr_keytype_find(info.type);
	if (!type)
		return -ENODEV;
	name = kr_name_of_desc(info.desc);
	if (!name)
		return -EINVAL;
	*ret = (struct kr_requester){
		.uid = info.uid,
		.gid = info.gid,
		.type = type,
	};
	strcpy(ret->name, name);
	return 0;
}

/* Nothing about the key may differ from what is about to be relied on. */
static bool info_is_settled(const struct kr_info *info,
			    const struct kr_requester *who)
{
	const char *name = kr_name_of_desc(info->desc);

	return strcmp(info->type, who->type->name) == 0 && info->uid == 0 &&
	       info->gid == 0 && info->perm == KR_DELIVERED_PERM && name &&
	       strcmp(name, who->name) == 0;
}

/*
 * The order is the point.  Owner first: from then on the requester cannot set
 * permissions.  Permissions before the timeout: from then on it cannot set
 * that either.  Then look whether all of it holds, and only then instantiate,
 * which ends the authority: nothing could be changed afterwards.
 */
static int lock_down(struct authority *a, key_serial_t key,
		     const struct kr_requester *who, unsigned ttl_s)
{
	struct kr_info info;
	int r = kr_chown(key, 0, 0);

	if (r == -EACCES) {
		r = reach(a);
		if (r < 0)
			return r;
		r = kr_chown(key, 0, 0);
	}
	if (r < 0)
		return r;
	r = kr_setperm(key, KR_DELIVERED_PERM);
	if (r < 0)
		return r;
	r = kr_set_timeout(key, ttl_s);
	if (r < 0)
		return r;
	r = kr_describe(key, &info);
	if (r < 0)
		return r;
	return info_is_settled(&info, who) ? 0 : -EBADMSG;
}

int kr_upcall_deliver(const struct kr_keyholder *h, key_serial_t key,
		      key_serial_t auth, const struct kr_requester *who,
		      const struct secret *material, unsigned ttl_s)
{
	_cleanup_(secret_done) struct secret payload = SECRET_INIT;
	_cleanup_(authority_end) struct authority a = {.holder = h};
	int r = authority_begin(&a, key, auth);

	if (r < 0)
		return r;
	r = ttl_s > 0 ? kr_keytype_payload(who->type, material, &payload)
		      : -EINVAL;
	if (r >= 0)
		r = lock_down(&a, key, who, ttl_s);
	if (r >= 0)
		r = kr_instantiate(key, &payload, 0);
	if (r < 0)
		kr_reject(key, REJECT_S, EKEYREJECTED);
	kr_unlink(auth, h->drop);
	return r;
}

int kr_upcall_reject(const struct kr_keyholder *h, key_serial_t key,
		     key_serial_t auth, unsigned timeout_s, int err)
{
	_cleanup_(authority_end) struct authority a = {.holder = h};
	int r = authority_begin(&a, key, auth);

	if (r < 0)
		return r;
	r = kr_reject(key, timeout_s, err);
	if (h)
		kr_unlink(auth, h->drop);
	return r;
}
