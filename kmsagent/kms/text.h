/* SPDX-License-Identifier: MIT */
/*
 * JSON written straight into a buffer that is used again: for what is built
 * for every request.  Values that others built go in as cJSON.  It holds no
 * secrets, and does not check that what it writes is balanced.
 */
#ifndef KMSAGENT_KMS_TEXT_H
#define KMSAGENT_KMS_TEXT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "keyring/cleanup.h"

struct text {
	char *at; /* owned; not NUL-terminated */
	size_t len;
	size_t cap;
	bool failed; /* out of memory: everything since is lost */
};

#define TEXT_INIT ((struct text){0})

/* Copy as it is: punctuation, and text known to need no escape. */
void text_raw(struct text *t, const char *s);

/* ,"name": and the value as a JSON string, null for NULL.  The comma is left
 * out behind '{', '[' and at the start.  Bytes that are not UTF-8 come out
 * as U+FFFD.  Source: RFC 8259 section 7. */
void text_string(struct text *t, const char *name, const char *value);
void text_bool(struct text *t, const char *name, bool value);
/* @value is borrowed; NULL is written as null. */
void text_json(struct text *t, const char *name, const cJSON *value);
/* ,"name":{ */
void text_open(struct text *t, const char *name);

static inline void text_clear(struct text *t)
{
	t->len = 0;
	t->failed = false;
}

void text_done(struct text *t);

#endif
