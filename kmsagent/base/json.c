/* SPDX-License-Identifier: MIT */
/* JSON by cJSON, whose blocks are wiped when freed.  No schema here. */
#include "kmsagent/base/json.h"

#include <malloc.h>
#include <math.h>
#include <string.h>

#include "keyring/secret.h"

#define DEPTH_MAX   64
#define PRINT_BYTES 768
#define MEMBERS_MAX 512

static void wiping_free(void *p)
{
	if (!p)
		return;
	secret_wipe(p, malloc_usable_size(p));
	free(p);
}

void json_init(void)
{
	/*
	 * With hooks of its own cJSON never calls realloc(), which could
	 * leave an unwiped copy behind.
	 */
	cJSON_Hooks hooks = {.malloc_fn = malloc, .free_fn = wiping_free};

	cJSON_InitHooks(&hooks);
}

void json_text_free(char *text)
{
	wiping_free(text);
}

/*
 * What cJSON would take but we must not: nesting deep enough to hurt a small
 * stack, and an escaped NUL, which would cut a C string short unseen.
 */
static bool is_acceptable(const char *text, size_t len)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (in_string) {
			if (c == '"')
				in_string = false;
			if (c != '\\')
				continue;
			i++;
			if (len - i >= 5 && memcmp(text + i, "u0000", 5) == 0)
				return false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > DEPTH_MAX)
				return false;
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int json_parse(const char *text, size_t len, cJSON **ret)
{
	_json_ cJSON *j = NULL;
	const char *end = NULL;

	if (memchr(text, 0, len) || !is_acceptable(text, len))
		return -EBADMSG;
	j = cJSON_ParseWithLengthOpts(text, len, &end, false);
	if (!j)
		return -EBADMSG;
	while (end < text + len && is_space(*end))
		end++;
	if (end != text + len)
		return -EBADMSG;
	*ret = take_ptr(j);
	return 0;
}

/*
 * Two values for one name: parsers differ on which counts, so neither does.
 * The look is quadratic, hence the cap on members.
 */
static bool has_odd_names(const cJSON *obj)
{
	const cJSON *a;

	if (cJSON_GetArraySize(obj) > MEMBERS_MAX)
		return true;
	cJSON_ArrayForEach(
		a, obj) for (const cJSON *b = a->next; b;
			     b = b->next) if (strcmp(a->string, b->string) ==
					      0) return true;
	return false;
}

int json_parse_object(const char *text, size_t len, cJSON **ret)
{
	_json_ cJSON *j = NULL;
	int r = json_parse(text, len, &j);

	if (r < 0)
		return r;
	if (!cJSON_IsObject(j) || has_odd_names(j))
		return -EBADMSG;
	*ret = take_ptr(j);
	return 0;
}

char *json_print(const cJSON *j)
{
	/* In one block, mostly: growing it costs a copy and a wipe. */
	return cJSON_PrintBuffered(j, PRINT_BYTES, false);
}

static int get(const cJSON *obj, const char *name, const cJSON **ret)
{
	const cJSON *j = cJSON_GetObjectItemCaseSensitive(obj, name);

	if (!j || cJSON_IsNull(j))
		return -ENOENT;
	*ret = j;
	return 0;
}

int json_get_string(const cJSON *obj, const char *name, const char **ret)
{
	const cJSON *j;
	int r = get(obj, name, &j);

	if (r < 0)
		return r;
	if (!cJSON_IsString(j))
		return -EBADMSG;
	*ret = j->valuestring;
	return 0;
}

int json_get_int(const cJSON *obj, const char *name, int64_t min, int64_t max,
		 int64_t *ret)
{
	const cJSON *j;
	int r = get(obj, name, &j);

	if (r < 0)
		return r;
	/* Doubles are exact up to 2^53; nothing here is larger. */
	if (!cJSON_IsNumber(j) || j->valuedouble != floor(j->valuedouble) ||
	    j->valuedouble < (double)min || j->valuedouble > (double)max ||
	    fabs(j->valuedouble) > 9007199254740992.0)
		return -EBADMSG;
	*ret = (int64_t)j->valuedouble;
	return 0;
}

int json_get_bool(const cJSON *obj, const char *name, bool *ret)
{
	const cJSON *j;
	int r = get(obj, name, &j);

	if (r < 0)
		return r;
	if (!cJSON_IsBool(j))
		return -EBADMSG;
	*ret = cJSON_IsTrue(j);
	return 0;
}

int json_get_object(const cJSON *obj, const char *name, const cJSON **ret)
{
	const cJSON *j;
	int r = get(obj, name, &j);

	if (r < 0)
		return r;
	if (!cJSON_IsObject(j))
		return -EBADMSG;
	*ret = j;
	return 0;
}

int json_get_array(const cJSON *obj, const char *name, const cJSON **ret)
{
	const cJSON *j;
	int r = get(obj, name, &j);

	if (r < 0)
		return r;
	if (!cJSON_IsArray(j))
		return -EBADMSG;
	*ret = j;
	return 0;
}

int json_get_ectx(const cJSON *obj, const char *name, struct ectx *ret)
{
	_cleanup_(ectx_done) struct ectx c = ECTX_INIT;
	const cJSON *map, *pair;
	int r = json_get_object(obj, name, &map);

	if (r < 0)
		return r;
	cJSON_ArrayForEach(pair, map)
	{
		if (!cJSON_IsString(pair))
			return -EBADMSG;
		r = ectx_add(&c, pair->string, pair->valuestring);
		if (r < 0)
			return r;
	}
	ectx_done(ret);
	*ret = c;
	c = ECTX_INIT;
	return 0;
}

int json_add_item(cJSON *obj, const char *name, cJSON *item)
{
	if (!item)
		return -ENOMEM;
	if (!cJSON_AddItemToObject(obj, name, item)) {
		cJSON_Delete(item);
		return -ENOMEM;
	}
	return 0;
}

int json_add_string(cJSON *obj, const char *name, const char *value)
{
	return json_add_item(obj, name, cJSON_CreateString(value));
}

int json_add_int(cJSON *obj, const char *name, int64_t value)
{
	return json_add_item(obj, name, cJSON_CreateNumber((double)value));
}

int json_add_bool(cJSON *obj, const char *name, bool value)
{
	return json_add_item(obj, name, cJSON_CreateBool(value));
}

int json_add_ectx(cJSON *obj, const char *name, const struct ectx *c)
{
	_json_ cJSON *map = cJSON_CreateObject();

	if (!map)
		return -ENOMEM;
	for (size_t i = 0; i < c->count; i++) {
		int r = json_add_string(map, c->pairs[i].key,
					c->pairs[i].value);

		if (r < 0)
			return r;
	}
	return json_add_item(obj, name, take_ptr(map));
}
