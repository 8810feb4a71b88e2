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

/* Copy @len bytes as they are: punctuation, names, text that needs no escape. */
void text_put(struct text *t, const char *s, size_t len);
#define text_literal(t, literal) text_put((t), "" literal, sizeof(literal) - 1)

/* A JSON string, null for NULL.  Bytes that are not UTF-8 come out as U+FFFD.
 * Source: RFC 8259 section 7. */
void text_string(struct text *t, const char *value);
void text_bool(struct text *t, bool value);
/* @value is borrowed; NULL is written as null. */
void text_json(struct text *t, const cJSON *value);

static inline void text_clear(struct text *t)
{
	t->len = 0;
	t->failed = false;
}

void text_done(struct text *t);

#endif
