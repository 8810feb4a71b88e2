/* SPDX-License-Identifier: MIT */
/*
 * Framing and validation.  Everything is bounded before cJSON sees it: depth
 * (it recurses), values (it allocates 64 bytes for each), NULs (it cuts).
 */
#include "kmsagent/varlink/message.h"

#include <math.h>
#include <string.h>

#include "keyring/utf8.h"

int varlink_frame_find(const char *bytes, size_t len, size_t *ret_message_len)
{
	size_t window = len;
	const char *end;

	if (window > VARLINK_MAX_MESSAGE_BYTES + 1)
		window = VARLINK_MAX_MESSAGE_BYTES + 1;
	end = window ? memchr(bytes, '\0', window) : NULL;
	if (!end)
		return window > VARLINK_MAX_MESSAGE_BYTES ? -EMSGSIZE : 0;
	*ret_message_len = (size_t)(end - bytes);
	return 1;
}

/* The length of the string literal at @s, both quotes included; 0 = broken. */
static size_t literal_len(const char *s)
{
	size_t i = 1;

	while (s[i] != '"') {
		if (s[i] == '\\') {
			if (strncmp(s + i, "\\u0000", 6) == 0)
				return 0;
			i++;
		}
		if (s[i++] == '\0')
			return 0;
	}
	return i + 1;
}

/* Depth and number of values, without believing that it is JSON at all. */
static int check_shape(const char *s, size_t max_values)
{
	size_t depth = 0, values = 1;

	while (*s) {
		switch (*s) {
		case '"': {
			size_t n = literal_len(s);

			if (n == 0)
				return -EBADMSG;
			s += n;
			continue;
		}
		case '{':
		case '[':
			values++;
			if (++depth > VARLINK_MAX_DEPTH)
				return -EBADMSG;
			break;
		case '}':
		case ']':
			if (depth-- == 0)
				return -EBADMSG;
			break;
		case ',':
			values++;
			break;
		}
		if (values > max_values)
			return -EBADMSG;
		s++;
	}
	return depth == 0 ? 0 : -EBADMSG;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_names_once(const cJSON *object)
{
	size_t n = (size_t)cJSON_GetArraySize(object), i = 0;
	_free_ const char **names = NULL;
	const cJSON *member;

	if (n < 2)
		return 0;
	names = calloc(n, sizeof(*names));
	if (!names)
		return -ENOMEM;
	cJSON_ArrayForEach(member, object) names[i++] = member->string;
	qsort(names, n, sizeof(*names), by_name);
	for (i = 1; i < n; i++)
		if (strcmp(names[i - 1], names[i]) == 0)
			return -EBADMSG;
	return 0;
}

/* Two readers of one message must not see two messages. */
static int check_members(const cJSON *value)
{
	const cJSON *child;
	int r = cJSON_IsObject(value) ? check_names_once(value) : 0;

	if (r < 0)
		return r;
	cJSON_ArrayForEach(child, value)
	{
		r = check_members(child);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_json(const char *bytes, size_t len, size_t max_values,
		      cJSON **ret)
{
	_free_ char *text = NULL;
	const char *end;
	cJSON *root;
	int r;

	if (len > VARLINK_MAX_MESSAGE_BYTES)
		return -EMSGSIZE;
	if (len == 0 || memchr(bytes, '\0', len))
		return -EBADMSG;
	text = strndup(bytes, len);
	if (!text)
		return -ENOMEM;
	if (!utf8_is_valid(text))
		return -EILSEQ;
	r = check_shape(text, max_values);
	if (r < 0)
		return r;
	root = cJSON_ParseWithLengthOpts(text, len + 1, &end, true);
	if (!root)
		return -EBADMSG;
	r = cJSON_IsObject(root) ? check_members(root) : -EBADMSG;
	if (r < 0) {
		cJSON_Delete(root);
		return r;
	}
	*ret = root;
	return 0;
}

static int take_text(const cJSON *root, const char *name, const char **ret)
{
	const cJSON *j = cJSON_GetObjectItemCaseSensitive(root, name);

	if (!j)
		return 0;
	if (!cJSON_IsString(j) || !varlink_member_is_valid(j->valuestring))
		return -EBADMSG;
	*ret = j->valuestring;
	return 0;
}

static int take_flag(const cJSON *root, const char *name, bool *ret)
{
	const cJSON *j = cJSON_GetObjectItemCaseSensitive(root, name);

	if (!j)
		return 0;
	if (!cJSON_IsBool(j))
		return -EBADMSG;
	*ret = cJSON_IsTrue(j);
	return 0;
}

static int take_params(const cJSON *root, cJSON **ret)
{
	cJSON *j = cJSON_GetObjectItemCaseSensitive(root, "parameters");

	if (!j || cJSON_IsNull(j))
		return 0;
	if (!cJSON_IsObject(j))
		return -EBADMSG;
	*ret = j;
	return 0;
}

int varlink_message_parse(const char *bytes, size_t len, size_t max_values,
			  struct varlink_message *ret)
{
	_cleanup_(varlink_message_done) struct varlink_message m =
		VARLINK_MESSAGE_INIT;
	int r = parse_json(bytes, len, max_values, &m.root);

	if (r < 0)
		return r;
	if (take_text(m.root, "method", &m.method) < 0 ||
	    take_text(m.root, "error", &m.error) < 0 ||
	    take_params(m.root, &m.params) < 0 ||
	    take_flag(m.root, "oneway", &m.oneway) < 0 ||
	    take_flag(m.root, "more", &m.more) < 0 ||
	    take_flag(m.root, "upgrade", &m.upgrade) < 0 ||
	    take_flag(m.root, "continues", &m.continues) < 0)
		return -EBADMSG;
	if (m.method && m.error)
		return -EBADMSG;
	*ret = m;
	m = VARLINK_MESSAGE_INIT;
	return 0;
}

void varlink_message_done(struct varlink_message *m)
{
	cJSON_Delete(m->root);
	*m = VARLINK_MESSAGE_INIT;
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_word(char c)
{
	return is_upper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool varlink_member_is_valid(const char *name)
{
	size_t len = strnlen(name, VARLINK_MAX_NAME_BYTES + 1);
	const char *member = strrchr(name, '.');
	char before = '.';

	if (len > VARLINK_MAX_NAME_BYTES || !member || !is_upper(member[1]))
		return false;
	for (const char *p = member + 1; *p; p++)
		if (!is_word(*p))
			return false;
	/* Words of letters, digits and inner dashes, one dot between. */
	for (const char *p = name; p <= member; before = *p++) {
		if (*p == '.' || *p == '-') {
			if (before == '.' || (before == '-' && *p == '.'))
				return false;
		} else if (!is_word(*p)) {
			return false;
		}
	}
	/* An interface has a dot of its own: "org.example.Method" at least. */
	return memchr(name, '.', (size_t)(member - name)) != NULL;
}

int varlink_message_format(const char *method, const char *error,
			   const cJSON *params, bool oneway, char **ret,
			   size_t *ret_len)
{
	cJSON *root = cJSON_CreateObject();
	char *text = NULL;
	bool ok = root != NULL;

	if (ok && method)
		ok = cJSON_AddStringToObject(root, "method", method);
	if (ok && error)
		ok = cJSON_AddStringToObject(root, "error", error);
	if (ok && params)
		/* By reference: the caller keeps its own. */
		ok = cJSON_AddItemReferenceToObject(root, "parameters",
						    (cJSON *)(uintptr_t)params);
	else if (ok)
		ok = cJSON_AddObjectToObject(root, "parameters");
	if (ok && oneway)
		ok = cJSON_AddTrueToObject(root, "oneway");
	if (ok)
		text = cJSON_PrintUnformatted(root);
	cJSON_Delete(root);
	if (!text)
		return -ENOMEM;
	if (strlen(text) > VARLINK_MAX_MESSAGE_BYTES) {
		cJSON_free(text);
		return -EMSGSIZE;
	}
	*ret = text;
	*ret_len = strlen(text) + 1;
	return 0;
}

int varlink_get_int(const cJSON *params, const char *name, int64_t min,
		    int64_t max, int64_t *ret)
{
	const cJSON *j = cJSON_GetObjectItemCaseSensitive(params, name);
	/* What a double holds exactly; the wire has no more. */
	const double exact = 9007199254740992.0;

	if (!j || cJSON_IsNull(j))
		return -ENOENT;
	if (!cJSON_IsNumber(j) || floor(j->valuedouble) != j->valuedouble ||
	    fabs(j->valuedouble) > exact)
		return -EBADMSG;
	if ((int64_t)j->valuedouble < min || (int64_t)j->valuedouble > max)
		return -EBADMSG;
	*ret = (int64_t)j->valuedouble;
	return 0;
}

int varlink_get_string(const cJSON *params, const char *name, const char **ret)
{
	const cJSON *j = cJSON_GetObjectItemCaseSensitive(params, name);

	if (!j || cJSON_IsNull(j))
		return -ENOENT;
	if (!cJSON_IsString(j))
		return -EBADMSG;
	*ret = j->valuestring;
	return 0;
}
