/* SPDX-License-Identifier: MIT */
/* Pages over an index.  What is listed is the caller's affair. */
#include "kmsagent/kms/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kmsagent/base/io.h"
#include "kmsagent/crypto/encoding.h"

#define MARKER_MAX 1024 /* characters */

/* base64 of "REGION:LIST:NAME". */
static char *marker_make(const struct kms_task *t, const char *list,
			 const char *name)
{
	_free_ char *text = io_format("%s:%s:%s", t->region->name, list, name);
	char *marker;

	if (!text)
		return NULL;
	marker = malloc(BASE64_LEN(strlen(text)) + 1);
	if (marker)
		base64_encode(text, strlen(text), marker);
	return marker;
}

static int marker_read(struct kms_task *t, const char *marker,
		       struct kms_page *page)
{
	_free_ char *prefix = io_format("%s:%s:", t->region->name, page->list);
	size_t len = 0;

	page->buf = malloc(MARKER_MAX + 1);
	if (!prefix || !page->buf)
		return -ENOMEM;
	if (base64_decode(marker, strlen(marker), page->buf, MARKER_MAX, &len) <
		    0 ||
	    memchr(page->buf, 0, len) || len <= strlen(prefix) ||
	    memcmp(page->buf, prefix, strlen(prefix)) != 0)
		return kms_fail(t->reply, KMS_ERROR_INVALID_MARKER,
				"Could not deserialize marker");
	page->buf[len] = '\0';
	page->after = page->buf + strlen(prefix);
	return 0;
}

int kms_page_begin(struct kms_task *t, const char *list, size_t fallback,
		   struct kms_page *ret)
{
	const char *marker = kms_arg_string(t, "Marker");
	int r;

	ret->list = list;
	ret->limit = (size_t)kms_arg_int(t, "Limit", (int64_t)fallback);
	ret->items = cJSON_CreateArray();
	r = kms_put_item(t->reply, list, ret->items);
	return r || !marker ? r : marker_read(t, marker, ret);
}

int kms_page_add(struct kms_page *page, const void *element,
		 cJSON *(*show)(const void *element), const char *name, ...)
{
	char *last = NULL;
	cJSON *item;
	va_list ap;
	int n;

	if (page->limit == 0) {
		page->is_truncated = true;
		return 1;
	}
	page->limit--;
	item = show(element);
	if (!item || !cJSON_AddItemToArray(page->items, item)) {
		cJSON_Delete(item);
		return -ENOMEM;
	}
	va_start(ap, name);
	n = vasprintf(&last, name, ap);
	va_end(ap);
	if (n < 0)
		return -ENOMEM;
	free(page->last);
	page->last = last;
	return 0;
}

int kms_page_end(struct kms_task *t, const struct kms_page *page)
{
	int r = 0;

	if (page->is_truncated) {
		_free_ char *next = marker_make(t, page->list, page->last);

		r = next ? kms_put_string(t->reply, "NextMarker", next)
			 : -ENOMEM;
	}
	return r ? r : kms_put_bool(t->reply, "Truncated", page->is_truncated);
}

void kms_page_done(struct kms_page *page)
{
	free(page->buf);
	free(page->last);
}

static const char *name_of(const void *element)
{
	return *(const char *const *)element;
}

int kms_page_list(struct kms_task *t, const struct kms_index *index,
		  const char *list, size_t fallback,
		  bool (*hide)(const struct kms_task *t, const void *element),
		  cJSON *(*show)(const void *element))
{
	_cleanup_(kms_page_done) struct kms_page page = {0};
	int r = kms_page_begin(t, list, fallback, &page);

	if (r)
		return r;
	for (size_t i = kms_index_after(index, page.after);
	     r == 0 && i < index->count; i++) {
		const void *element = index->sorted[i];

		if (!hide || !hide(t, element))
			r = kms_page_add(&page, element, show, "%s",
					 name_of(element));
	}
	return r < 0 ? r : kms_page_end(t, &page);
}
