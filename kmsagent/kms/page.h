/* SPDX-License-Identifier: MIT */
/*
 * Listings page by page.  A marker holds the name of the last element given,
 * so that what comes and goes between pages moves nothing; it is opaque to
 * callers and good for one kind of listing in one region only.
 */
#ifndef KMSAGENT_KMS_PAGE_H
#define KMSAGENT_KMS_PAGE_H

#include "kmsagent/kms/index.h"
#include "kmsagent/kms/task.h"

/*
 * Fill the body: @list (name of the array) with what @show makes of elements
 * of @index, Truncated, NextMarker.  Members Limit (@fallback if absent) and
 * Marker say which.  @hide (or NULL) leaves elements out.
 * InvalidMarkerException.
 */
int kms_page_list(struct kms_task *t, const struct kms_index *index,
		  const char *list, size_t fallback,
		  bool (*hide)(const struct kms_task *t, const void *element),
		  cJSON *(*show)(const void *element)) _must_check_;

#endif
