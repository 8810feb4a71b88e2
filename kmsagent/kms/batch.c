/* SPDX-License-Identifier: MIT */
/* A growing list of writes. */
#include "kmsagent/kms/batch.h"

#include <string.h>

#include "kmsagent/base/json.h"

static int add(struct kms_batch *b, const struct store_write *w)
{
	if (b->count == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 4;
		struct store_write *more =
			reallocarray(b->writes, cap, sizeof(*more));

		if (!more)
			return -ENOMEM;
		b->writes = more;
		b->cap = cap;
	}
	b->writes[b->count++] = *w;
	return 0;
}

static void write_done(struct store_write *w)
{
	free((char *)w->id);
	json_text_free((char *)w->value);
}

int kms_batch_put(struct kms_batch *b, const char *kind, char *id, char *text,
		  uint64_t expect)
{
	struct store_write w = {.kind = kind,
				.id = id,
				.value = text,
				.len = text ? strlen(text) : 0,
				.expect = expect};
	int r = id && text ? add(b, &w) : -ENOMEM;

	if (r < 0)
		write_done(&w);
	return r;
}

int kms_batch_delete(struct kms_batch *b, const char *kind, char *id,
		     uint64_t expect)
{
	struct store_write w = {.kind = kind, .id = id, .expect = expect};
	int r = id ? add(b, &w) : -ENOMEM;

	if (r < 0)
		write_done(&w);
	return r;
}

int kms_batch_commit(const struct kms_batch *b, struct store *store,
		     uint64_t *ret_revision)
{
	if (b->count == 0)
		return 0;
	return store_commit(store, b->writes, b->count, ret_revision);
}

void kms_batch_done(struct kms_batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		write_done(&b->writes[i]);
	free(b->writes);
	*b = KMS_BATCH_INIT;
}
