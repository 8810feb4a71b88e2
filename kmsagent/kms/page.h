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

/*
 * The same by hand, for what no index holds in order: begin, add in ascending
 * order of names from behind page.after (NULL: all) until it gives 1, end.
 */
struct kms_page {
	const char *list;
	const char *after;
	char *buf;
	char *last;   /* name */
	cJSON *items; /* in the body */
	size_t limit;
	bool is_truncated;
};

int kms_page_begin(struct kms_task *t, const char *list, size_t fallback,
		   struct kms_page *ret) _must_check_;
/* 1: the page was full already, nothing was added; else 0 or -ENOMEM. */
int kms_page_add(struct kms_page *page, const void *element,
		 cJSON *(*show)(const void *element), const char *name, ...)
	_printf_(4, 5) _must_check_;
int kms_page_end(struct kms_task *t, const struct kms_page *page) _must_check_;
void kms_page_done(struct kms_page *page);

#endif
