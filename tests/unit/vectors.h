/* SPDX-License-Identifier: MIT */
/*
 * Reads vector files: blocks of key=value lines, blank lines between, bytes
 * in hex.  For tests alone: a broken file ends the program.
 */
#ifndef TESTS_UNIT_VECTORS_H
#define TESTS_UNIT_VECTORS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VECTOR_FIELDS 16

struct vector_bytes {
	uint8_t *p; /* never NULL, for an empty value too */
	size_t len;
};

struct vector {
	char *text; /* the block, cut up */
	const char *key[VECTOR_FIELDS];
	const char *value[VECTOR_FIELDS];
	size_t count;
};

static inline void vector_die(const char *what)
{
	printf("Bail out! vectors: %s\n", what);
	exit(1);
}

static inline void *vector_alloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (!p)
		vector_die("out of memory");
	return p;
}

static inline FILE *vector_open(const char *path)
{
	const char *top = getenv("TOP");
	char full[4096];
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", top ? top : ".", path);
	f = fopen(full, "r");
	if (!f)
		vector_die(
			"cannot open the file; run from the top of the tree");
	return f;
}

static inline void vector_done(struct vector *v)
{
	free(v->text);
	*v = (struct vector){0};
}

/* The next block; false at the end of the file. */
static inline bool vector_next(FILE *f, struct vector *v)
{
	char *line = NULL, *block = NULL;
	size_t cap = 0, used = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, f)) > 0) {
		if (line[0] == '#')
			continue;
		if (line[0] == '\n' && used)
			break;
		if (line[0] == '\n')
			continue;
		block = realloc(block, used + (size_t)n + 1);
		if (!block)
			vector_die("out of memory");
		memcpy(block + used, line, (size_t)n + 1);
		used += (size_t)n;
	}
	free(line);
	*v = (struct vector){.text = block};
	for (char *save, *l = block ? strtok_r(block, "\n", &save) : NULL; l;
	     l = strtok_r(NULL, "\n", &save)) {
		char *eq = strchr(l, '=');

		if (!eq || v->count == VECTOR_FIELDS)
			vector_die("a line without '=', or too many lines");
		*eq = '\0';
		v->key[v->count] = l;
		v->value[v->count++] = eq + 1;
	}
	return block != NULL;
}

/* The value, or NULL. */
static inline const char *vector_find(const struct vector *v, const char *key)
{
	for (size_t i = 0; i < v->count; i++)
		if (strcmp(v->key[i], key) == 0)
			return v->value[i];
	return NULL;
}

static inline const char *vector_get(const struct vector *v, const char *key)
{
	const char *value = vector_find(v, key);

	if (!value)
		vector_die(key);
	return value;
}

static inline unsigned long vector_number(const struct vector *v,
					  const char *key)
{
	return strtoul(vector_get(v, key), NULL, 10);
}

/* Hex up to @end (or the string's end) into bytes; the caller frees .p. */
static inline struct vector_bytes vector_unhex(const char *hex, size_t digits)
{
	struct vector_bytes b = {vector_alloc(digits / 2), digits / 2};
	unsigned byte;

	for (size_t i = 0; i < b.len; i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			vector_die("not hex");
		b.p[i] = (uint8_t)byte;
	}
	return b;
}

static inline struct vector_bytes vector_bytes(const struct vector *v,
					       const char *key)
{
	const char *hex = vector_get(v, key);

	return vector_unhex(hex, strlen(hex));
}

#endif
