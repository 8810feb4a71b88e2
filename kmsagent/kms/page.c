/* SPDX-License-Identifier: MIT */
/* Pages over an index.  What is listed is the caller's affair. */
#include "kmsagent/kms/page.h"

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

static int marker_read(struct kms_task *t, const char *list, const char *marker,
		       char *buf, const char **ret_name)
{
	_free_ char *prefix = io_format("%s:%s:", t->region->name, list);
	size_t len = 0;

	if (!prefix)
		return -ENOMEM;
	if (base64_decode(marker, strlen(marker), buf, MARKER_MAX, &len) < 0 ||
	    memchr(buf, 0, len) || len <= strlen(prefix) ||
	    memcmp(buf, prefix, strlen(prefix)) != 0)
		return kms_fail(t->reply, KMS_ERROR_INVALID_MARKER,
				"Could not deserialize marker");
	buf[len] = '\0';
	*ret_name = buf + strlen(prefix);
	return 0;
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
	size_t limit = (size_t)kms_arg_int(t, "Limit", (int64_t)fallback);
	const char *marker = kms_arg_string(t, "Marker");
	const char *after = NULL, *last = NULL;
	char buf[MARKER_MAX + 1];
	cJSON *items = cJSON_CreateArray();
	bool truncated = false;
	size_t n = 0;
	int r = kms_put_item(t->reply, list, items);

	if (r == 0 && marker)
		r = marker_read(t, list, marker, buf, &after);
	if (r)
		return r;
	for (size_t i = kms_index_after(index, after); i < index->count; i++) {
		const void *element = index->sorted[i];
		cJSON *item;

		if (hide && hide(t, element))
			continue;
		if (n++ == limit) {
			truncated = true;
			break;
		}
		item = show(element);
		if (!item || !cJSON_AddItemToArray(items, item)) {
			cJSON_Delete(item);
			return -ENOMEM;
		}
		last = name_of(element);
	}
	if (truncated) {
		_free_ char *next = marker_make(t, list, last);

		r = next ? kms_put_string(t->reply, "NextMarker", next)
			 : -ENOMEM;
	}
	return r ? r : kms_put_bool(t->reply, "Truncated", truncated);
}
