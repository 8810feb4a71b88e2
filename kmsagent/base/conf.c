/* SPDX-License-Identifier: MIT */
/* INI by table.  It must not know any section or key. */
#include "kmsagent/base/conf.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "kmsagent/base/io.h"

#define CONF_MAX_BYTES ((size_t)256 << 10)
#define NAME_MAX_BYTES 256

struct parser {
	const struct conf_key *keys;
	size_t nkeys;
	void *target;
	struct conf_place at;
	char section[NAME_MAX_BYTES];
	char *why;
	size_t why_len;
};

_printf_(2, 3) static int fail(struct parser *p, const char *format, ...)
{
	int n = snprintf(p->why, p->why_len, "%s:%u: ", p->at.file, p->at.line);
	va_list ap;

	if (n >= 0 && (size_t)n < p->why_len) {
		va_start(ap, format);
		vsnprintf(p->why + n, p->why_len - (size_t)n, format, ap);
		va_end(ap);
	}
	return -EINVAL;
}

static char *trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return s;
}

/* A table section "x *" stands for any "x NAME". */
static bool section_matches(const char *pattern, const char *section)
{
	size_t len = strlen(pattern);

	if (len >= 2 && strcmp(pattern + len - 2, " *") == 0)
		return strncmp(pattern, section, len - 1) == 0 &&
		       section[len - 1] != '\0';
	return strcmp(pattern, section) == 0;
}

/* Levenshtein distance, capped: is @b what someone meant by @a? */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_BYTES + 1];
	size_t n = strlen(b);

	if (strlen(a) >= NAME_MAX_BYTES || n >= NAME_MAX_BYTES)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			size_t best = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			if (row[j + 1] + 1 < best)
				best = row[j + 1] + 1;
			if (row[j] + 1 < best)
				best = row[j] + 1;
			row[j + 1] = best;
		}
	}
	return row[n];
}

/* The nearest valid name: a section, or a key of the current section. */
static const char *nearest(const struct parser *p, const char *name,
			   bool want_section)
{
	const char *best = NULL;
	size_t best_distance = SIZE_MAX;

	for (size_t i = 0; i < p->nkeys; i++) {
		const struct conf_key *k = &p->keys[i];
		const char *candidate = want_section ? k->section : k->key;
		size_t d;

		if (!want_section && !section_matches(k->section, p->section))
			continue;
		d = distance(name, candidate);
		if (d < best_distance) {
			best = candidate;
			best_distance = d;
		}
	}
	return best ? best : "none";
}

static int parse_section(struct parser *p, char *line)
{
	char *end = strchr(line, ']');
	char *name;

	if (!end || end[1] != '\0')
		return fail(p, "a section is written [name]");
	*end = '\0';
	name = trim(line + 1);
	if (strlen(name) >= sizeof(p->section))
		return fail(p, "the section name is too long");
	memcpy(p->section, name, strlen(name) + 1);
	for (size_t i = 0; i < p->nkeys; i++)
		if (section_matches(p->keys[i].section, name))
			return 0;
	return fail(p, "unknown section [%s]; the nearest is [%s]", name,
		    nearest(p, name, true));
}

static int parse_assignment(struct parser *p, char *line)
{
	char *eq = strchr(line, '=');
	char why[256] = "";
	char *key, *value;

	if (!eq)
		return fail(p, "expected key = value, [section] or # comment");
	*eq = '\0';
	key = trim(line);
	value = trim(eq + 1);
	if (!*p->section)
		return fail(p, "\"%s\" stands before any [section]", key);
	p->at.section = p->section;
	p->at.key = key;
	for (size_t i = 0; i < p->nkeys; i++) {
		const struct conf_key *k = &p->keys[i];
		int r;

		if (!section_matches(k->section, p->section) ||
		    (strcmp(k->key, "*") != 0 && strcmp(k->key, key) != 0))
			continue;
		r = k->set((char *)p->target + k->offset, &p->at, value, why,
			   sizeof(why));
		if (r < 0)
			(void)fail(p, "%s in [%s]: %s", key, p->section,
				   *why ? why : strerror(-r));
		return r;
	}
	return fail(p, "unknown key \"%s\" in [%s]; the nearest is \"%s\"", key,
		    p->section, nearest(p, key, false));
}

int conf_parse(const char *file, const char *text, size_t len,
	       const struct conf_key *keys, size_t nkeys, void *target,
	       char *why, size_t why_len)
{
	struct parser p = {.keys = keys,
			   .nkeys = nkeys,
			   .target = target,
			   .at.file = file,
			   .why = why,
			   .why_len = why_len};
	_free_ char *copy = strndup(text, len);
	char *rest = copy;

	if (!copy)
		return -ENOMEM;
	for (char *line = strsep(&rest, "\n"); line;
	     line = strsep(&rest, "\n")) {
		int r = 0;

		p.at.line++;
		line = trim(line);
		if (*line == '[')
			r = parse_section(&p, line);
		else if (*line && *line != '#' && *line != ';')
			r = parse_assignment(&p, line);
		if (r < 0)
			return r;
	}
	return 0;
}

int conf_load(const char *path, const struct conf_key *keys, size_t nkeys,
	      void *target, char *why, size_t why_len)
{
	_free_ char *text = NULL;
	int r = io_read_text(AT_FDCWD, path, CONF_MAX_BYTES, &text);

	if (r < 0) {
		snprintf(why, why_len, "%s: %s", path, strerror(-r));
		return r;
	}
	return conf_parse(path, text, strlen(text), keys, nkeys, target, why,
			  why_len);
}
