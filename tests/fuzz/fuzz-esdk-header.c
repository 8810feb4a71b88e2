/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a header.  What parses must lie inside the input, and building
 * its parts must give its bytes again (but for the context's order).
 */
#include <string.h>

#include "kcapi/esdk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		__builtin_trap();
}

static void check_edks(const struct esdk_header *h)
{
	for (size_t i = 0; i < h->edk_count; i++) {
		const struct esdk_edk *e = &h->edks[i];

		require(e->provider_id >= h->bytes && e->info >= h->bytes &&
			e->ciphertext + e->ciphertext_len <=
				h->bytes + h->body_len);
	}
}

static void check_rebuild(struct esdk_header *h)
{
	struct esdk_header built = *h;
	int r;

	built.bytes = NULL;
	if (h->content != ESDK_CONTENT_FRAMED)
		return;
	r = esdk_header_build(&built);
	require(r == 0 && built.body_len == h->body_len);
	if (h->context.count < 2)
		require(memcmp(built.bytes, h->bytes, h->body_len) == 0);
	free(built.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct esdk_header h;
	struct esdk_refusal why;
	char text[400];
	size_t used;
	int r = esdk_header_parse(data, size, &h, &used, &why);

	if (r < 0) {
		require(r == -EBADMSG && why.stage != ESDK_STAGE_NONE);
		esdk_refusal_explain(&why, text, sizeof(text));
		return 0;
	}
	require(used <= size && used == esdk_header_len(&h) &&
		memcmp(h.bytes, data, used) == 0);
	check_edks(&h);
	check_rebuild(&h);
	esdk_header_done(&h);
	return 0;
}
