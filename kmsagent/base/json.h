/* SPDX-License-Identifier: MIT */
/*
 * cJSON with wiping hooks, strict parsing and typed getters.  json_init()
 * must run before the first cJSON call of the process: from then on every
 * block that cJSON frees is overwritten first, so that a parsed or built
 * message leaves no copy of what it carried.
 */
#ifndef KMSAGENT_BASE_JSON_H
#define KMSAGENT_BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "keyring/ectx.h"

void json_init(void);

static inline void json_freep(cJSON **j)
{
	cJSON_Delete(*j);
}
#define _json_ _cleanup_(json_freep)

/* Free text from json_print(): it is wiped. */
void json_text_free(char *text);
static inline void json_text_freep(char **t)
{
	json_text_free(*t);
}
#define _json_text_ _cleanup_(json_text_freep)

/*
 * Parse exactly one value, nothing behind it but white space.  Returns
 * -EBADMSG (not JSON, a NUL inside, trailing bytes, nested deeper than 64),
 * -ENOMEM.  The caller frees *ret with cJSON_Delete().
 */
int json_parse(const char *text, size_t len, cJSON **ret) _must_check_;

/* As json_parse(), and it must be an object of at most 512 members;
 * -EBADMSG also for a key twice. */
int json_parse_object(const char *text, size_t len, cJSON **ret) _must_check_;

/* One line, no white space.  NULL when out of memory. */
char *json_print(const cJSON *j) _must_check_;

/*
 * Members of an object.  0, -ENOENT (absent or null), -EBADMSG (another
 * type, out of range).  Strings are borrowed from @obj.
 */
int json_get_string(const cJSON *obj, const char *name,
		    const char **ret) _must_check_;
int json_get_int(const cJSON *obj, const char *name, int64_t min, int64_t max,
		 int64_t *ret) _must_check_;
int json_get_bool(const cJSON *obj, const char *name, bool *ret) _must_check_;
int json_get_object(const cJSON *obj, const char *name,
		    const cJSON **ret) _must_check_;
int json_get_array(const cJSON *obj, const char *name,
		   const cJSON **ret) _must_check_;

/* An object of strings as an encryption context: errors of ectx_add(),
 * -EBADMSG (a value that is no string), -ENOENT (absent: *ret untouched). */
int json_get_ectx(const cJSON *obj, const char *name,
		  struct ectx *ret) _must_check_;

/* Add members; -ENOMEM.  json_add_item() takes @item, also on failure. */
int json_add_string(cJSON *obj, const char *name,
		    const char *value) _must_check_;
int json_add_int(cJSON *obj, const char *name, int64_t value) _must_check_;
int json_add_bool(cJSON *obj, const char *name, bool value) _must_check_;
int json_add_item(cJSON *obj, const char *name, cJSON *item) _must_check_;
int json_add_ectx(cJSON *obj, const char *name,
		  const struct ectx *c) _must_check_;

#endif
