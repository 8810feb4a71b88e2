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
 * Make room for one more, so that the next kms_index_add() cannot fail: what
 * is durable must be publishable.  Returns 0 or -ENOMEM.
 */
int kms_index_reserve(struct kms_index *x) _must_check_;

/* The name must not be there, and room must be. */
void kms_index_add(struct kms_index *x, void *element);
void kms_index_remove(struct kms_index *x, const char *name);

/* NULL if there is none. */
void *kms_index_find(const struct kms_index *x, const char *name);

/* The place of the first element whose name is above @name (NULL: all are). */
size_t kms_index_after(const struct kms_index *x, const char *name);

void kms_index_done(struct kms_index *x);

#endif
