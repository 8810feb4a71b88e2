/* SPDX-License-Identifier: MIT */
/*
 * Things by name: a hash table for finding one, a sorted array for listing
 * them page by page.  An element's first member is `const char *name`, which
 * stays as it is while the element is in the index.  Owns no element.
 */
#ifndef KMSAGENT_KMS_INDEX_H
#define KMSAGENT_KMS_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "keyring/cleanup.h"

struct kms_index {
	void **sorted; /* ascending by the name's bytes */
	size_t count;
	size_t cap;
	void **slots; /* private: open addressing, NULL = free */
	size_t nslots;
};

#define KMS_INDEX_INIT ((struct kms_index){0})

/*
 * Room for one more element, made beforehand: what is durable must be
 * publishable, so adding cannot fail; and the copying that growth needs is
 * done while readers still use the index as it is.
 */
struct kms_index_room {
	void **sorted;
	size_t cap;
	void **slots;
	size_t nslots;
};

#define KMS_INDEX_ROOM_INIT ((struct kms_index_room){0})

/* Returns 0 or -ENOMEM.  No change of the index may come before the add. */
int kms_index_reserve(const struct kms_index *x,
		      struct kms_index_room *ret) _must_check_;

/* The name must not be there.  What @room holds afterwards is to be freed. */
void kms_index_add(struct kms_index *x, struct kms_index_room *room,
		   void *element);
void kms_index_room_done(struct kms_index_room *room);
void kms_index_remove(struct kms_index *x, const char *name);

/* Reserve and add at once, where failing is fine.  Returns 0 or -ENOMEM. */
int kms_index_insert(struct kms_index *x, void *element) _must_check_;

/* NULL if there is none. */
void *kms_index_find(const struct kms_index *x, const char *name);

/* The place of the first element whose name is above @name (NULL: all are). */
size_t kms_index_after(const struct kms_index *x, const char *name);

void kms_index_done(struct kms_index *x);

#endif
