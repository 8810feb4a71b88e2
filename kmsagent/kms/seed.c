/* SPDX-License-Identifier: MIT */
/*
 * Keys from a file.  First everything is read and compared with what is
 * there, then what is missing is added.  It must not know any operation.
 */
#include "kmsagent/kms/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kmsagent/base/arn.h"
#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "kmsagent/kms/record.h"
#include "kmsagent/kms/service.h"

#define FILE_MAX_BYTES (SECRET_MAX_BYTES / 2)
#define MANAGED_PREFIX "alias/aws/"

/* One key of the file.  Borrows from the parsed text. */
struct seed {
	const char *id;
	struct kms_region *region;
	const struct kms_spec *spec;
	enum kms_usage usage;
	const char *description;
	const cJSON *aliases; /* NULL: none */
	struct secret material;
	struct kms_key *key; /* that is there already, or was added */
};

struct seeding {
	struct kms_service *svc;
	const char *path;
	char *why;
	size_t why_len;
	struct seed *seeds;
	size_t count;
	int added;
};

static void seeding_done(struct seeding *s)
{
	for (size_t i = 0; i < s->count; i++)
		secret_done(&s->seeds[i].material);
	free(s->seeds);
}

static int _printf_(4, 5) fail(struct seeding *s, const struct seed *seed,
			       int err, const char *format, ...)
{
	int n = snprintf(s->why, s->why_len, "seed %s: %s%s", s->path,
			 seed && seed->id ? seed->id : "",
			 seed && seed->id ? ": " : "");
	va_list ap;

	va_start(ap, format);
	if (n >= 0 && (size_t)n < s->why_len)
		vsnprintf(s->why + n, s->why_len - (size_t)n, format, ap);
	va_end(ap);
	return err;
}

/* An absent member is @fallback. */
static int get_string(struct seeding *s, const struct seed *seed,
		      const cJSON *obj, const char *name, const char *fallback,
		      const char **ret)
{
	int r = json_get_string(obj, name, ret);

	if (r == -ENOENT) {
		*ret = fallback;
		return 0;
	}
	return r < 0 ? fail(s, seed, -EBADMSG, "%s is no string", name) : 0;
}

static int check_names(struct seeding *s, const struct seed *seed,
		       const cJSON *obj)
{
	static const char *const known[] = {
		"KeyId",       "Region",      "KeySpec", "KeyUsage",
		"Description", "KeyMaterial", "Aliases"};
	const cJSON *member;

	cJSON_ArrayForEach(member, obj)
	{
		size_t i = 0;

		while (i < ARRAY_SIZE(known) &&
		       strcmp(known[i], member->string) != 0)
			i++;
		if (i == ARRAY_SIZE(known))
			return fail(s, seed, -EBADMSG,
				    "a key has no member \"%s\"; see kmsd(8)",
				    member->string);
	}
	return 0;
}

/* Where the key would be, and of which kind. */
static int read_kind(struct seeding *s, struct seed *seed, const cJSON *obj)
{
	const char *region, *spec, *usage;
	int r = get_string(s, seed, obj, "Region", s->svc->regions[0].name,
			   &region);

	if (r == 0)
		r = get_string(s, seed, obj, "KeySpec", KMS_SYMMETRIC_DEFAULT,
			       &spec);
	if (r == 0)
		r = get_string(s, seed, obj, "KeyUsage", NULL, &usage);
	if (r == 0)
		r = get_string(s, seed, obj, "Description", "",
			       &seed->description);
	if (r < 0)
		return r;
	seed->region = kms_service_region(s->svc, region);
	if (!seed->region)
		return fail(s, seed, -EBADMSG,
			    "region %s is not served; add it to [kmsd] region "
			    "or --region",
			    region);
	seed->spec = kms_spec_find(spec);
	if (!seed->spec)
		return fail(s, seed, -EBADMSG, "no KeySpec is called %s", spec);
	seed->usage = usage ? kms_usage_find(usage) : seed->spec->default_usage;
	if (seed->usage == KMS_USAGE_ANY ||
	    !kms_spec_serves(seed->spec, seed->usage))
		return fail(s, seed, -EBADMSG,
			    "KeySpec %s wants a KeyUsage that it serves", spec);
	if (!kms_spec_is_available(seed->spec, seed->usage))
		return fail(s, seed, -EOPNOTSUPP,
			    "OpenSSL here does not know %s", spec);
	return 0;
}

/* Of a pair in the one form in which material is kept. */
static int canonical_pair(const struct kms_spec *spec, struct secret *bytes)
{
	struct pkey pair = PKEY_INIT;
	int r = pkey_decode_private(pkey_kind_find(spec->name), bytes, &pair);

	if (r == 0)
		r = pkey_check(&pair);
	if (r == 0)
		r = pkey_encode_private(&pair, bytes);
	pkey_done(&pair);
	return r;
}

static int read_material(struct seeding *s, struct seed *seed, const cJSON *obj)
{
	const char *text;
	int r = get_string(s, seed, obj, "KeyMaterial", NULL, &text);

	if (r < 0 || !text)
		return r;
	r = base64_decode_secret(text, strlen(text), &seed->material);
	if (r == -EINVAL)
		return fail(s, seed, -EBADMSG, "KeyMaterial is no base64");
	if (r < 0)
		return r;
	if (seed->spec->type == KMS_MATERIAL_PAIR) {
		r = canonical_pair(seed->spec, &seed->material);
		return r == -EBADMSG
			       ? fail(s, seed, r,
				      "KeyMaterial is not a private key of %s "
				      "as DER of PKCS #8",
				      seed->spec->name)
			       : r;
	}
	if (seed->material.len != seed->spec->material_bytes)
		return fail(s, seed, -EBADMSG,
			    "KeyMaterial of %s is %zu bytes long, not %zu",
			    seed->spec->name, seed->spec->material_bytes,
			    seed->material.len);
	return 0;
}

static int check_existing(struct seeding *s, const struct seed *seed)
{
	char id[BLOB_MATERIAL_ID_LEN + 1];
	int r;

	if (seed->key->spec != seed->spec || seed->key->usage != seed->usage)
		return fail(s, seed, -EEXIST,
			    "a key of this id is there, of KeySpec %s for %s; "
			    "choose another id",
			    seed->key->spec->name,
			    kms_usage_name(seed->key->usage));
	if (seed->material.len == 0)
		return 0;
	r = blob_material_id(&seed->material, seed->id, id);
	if (r < 0)
		return r;
	if (!kms_key_material(seed->key, id, NULL))
		return fail(s, seed, -EEXIST,
			    "a key of this id is there, with other material, "
			    "which is never replaced; choose another id, or "
			    "begin with an empty state folder");
	return 0;
}

static int check_aliases(struct seeding *s, const struct seed *seed)
{
	const cJSON *name;

	cJSON_ArrayForEach(name, seed->aliases)
	{
		const struct kms_alias *there;

		if (!cJSON_IsString(name) ||
		    !arn_alias_name_is_valid(name->valuestring) ||
		    strncmp(name->valuestring, MANAGED_PREFIX,
			    strlen(MANAGED_PREFIX)) == 0)
			return fail(s, seed, -EBADMSG,
				    "an alias is \"alias/NAME\", and not of "
				    "alias/aws/");
		there = kms_index_find(&seed->region->aliases,
				       name->valuestring);
		if (there && there->key != seed->key)
			return fail(s, seed, -EEXIST,
				    "%s is there, and of key %s; delete it, "
				    "or choose another name",
				    name->valuestring, there->key->id);
	}
	return 0;
}

/* Neither a key nor an alias stands in the file twice. */
static int check_once(struct seeding *s, const struct seed *seed)
{
	const cJSON *a, *b;

	for (const struct seed *other = s->seeds; other < seed; other++) {
		if (other->region != seed->region)
			continue;
		if (strcmp(other->id, seed->id) == 0)
			return fail(s, seed, -EBADMSG, "it is there twice");
		cJSON_ArrayForEach(a, seed->aliases)
		{
			cJSON_ArrayForEach(b, other->aliases)
			{
				if (strcmp(a->valuestring, b->valuestring) == 0)
					return fail(s, seed, -EBADMSG,
						    "%s is there twice",
						    a->valuestring);
			}
		}
	}
	return 0;
}

static int read_seed(struct seeding *s, struct seed *seed, const cJSON *obj)
{
	int r;

	if (!cJSON_IsObject(obj))
		return fail(s, NULL, -EBADMSG, "Keys holds no objects");
	r = get_string(s, seed, obj, "KeyId", "", &seed->id);
	if (r < 0)
		return r;
	if (!uuid_is_valid(seed->id) || strlen(seed->id) != UUID_LEN)
		return fail(s, seed, -EBADMSG,
			    "a KeyId is a UUID with dashes and small letters");
	r = check_names(s, seed, obj);
	if (r == 0)
		r = read_kind(s, seed, obj);
	if (r == 0)
		r = read_material(s, seed, obj);
	if (r == 0)
		r = json_get_array(obj, "Aliases", &seed->aliases);
	if (r < 0 && r != -ENOENT)
		return *s->why ? r : fail(s, seed, r, "Aliases is no list");
	seed->key = kms_index_find(&seed->region->keys, seed->id);
	r = seed->key ? check_existing(s, seed) : 0;
	if (r == 0)
		r = check_aliases(s, seed);
	return r < 0 ? r : check_once(s, seed);
}

static int read_all(struct seeding *s, const cJSON *file)
{
	const cJSON *keys, *obj;

	if (json_get_array(file, "Keys", &keys) < 0 ||
	    cJSON_GetArraySize(file) != 1)
		return fail(s, NULL, -EBADMSG,
			    "it is not {\"Keys\":[...]}; see kmsd(8)");
	s->seeds =
		calloc((size_t)cJSON_GetArraySize(keys) + 1, sizeof(*s->seeds));
	if (!s->seeds)
		return -ENOMEM;
	cJSON_ArrayForEach(obj, keys)
	{
		int r = read_seed(s, &s->seeds[s->count++], obj);

		if (r < 0)
			return r;
	}
	return 0;
}

static int audit(const struct seeding *s, const struct kms_key *key,
		 const char *alias)
{
	_json_ cJSON *details = cJSON_CreateObject();
	const struct kms_event event = {alias ? "SeedAlias" : "SeedKey",
					key->region->name, key->arn, details};

	if (!details ||
	    (alias && json_add_string(details, "aliasName", alias) < 0))
		return -ENOMEM;
	return s->svc->event ? s->svc->event(s->svc->event_userdata, &event)
			     : 0;
}

static int make_pair(struct seed *seed)
{
	struct pkey pair = PKEY_INIT;
	int r = pkey_generate(pkey_kind_find(seed->spec->name), &pair);

	if (r == 0)
		r = pkey_encode_private(&pair, &seed->material);
	pkey_done(&pair);
	return r;
}

/* Made without material first, since that is bound to the key's name. */
static int make_key(struct seeding *s, struct seed *seed, int64_t now_ms,
		    struct kms_key **ret)
{
	_cleanup_(kms_key_freep) struct kms_key *key = NULL;
	char *arn =
		arn_format_key(seed->region->name, s->svc->account, seed->id);
	int r = kms_service_new_key(s->svc, seed->region, seed->spec,
				    seed->usage, KMS_MANAGER_CUSTOMER,
				    KMS_ORIGIN_EXTERNAL, false,
				    seed->description, NULL, now_ms, &key);

	if (r < 0 || !arn) {
		free(arn);
		return r < 0 ? r : -ENOMEM;
	}
	memcpy(key->id, seed->id, UUID_LEN + 1);
	free(key->arn);
	key->arn = arn;
	key->origin = KMS_ORIGIN_KMS;
	key->meta.state = KMS_STATE_ENABLED;
	if (seed->spec->type == KMS_MATERIAL_PAIR && seed->material.len == 0)
		r = make_pair(seed);
	if (r == 0)
		r = kms_material_new(s->svc, key,
				     seed->material.len > 0 ? &seed->material
							    : NULL,
				     now_ms);
	if (r < 0)
		return r;
	*ret = take_ptr(key);
	return 0;
}

static int add_key(struct seeding *s, struct seed *seed, int64_t now_ms)
{
	_cleanup_(kms_key_freep) struct kms_key *key = NULL;
	int r = make_key(s, seed, now_ms, &key);

	if (r == 0)
		r = audit(s, key, NULL);
	if (r == 0)
		r = kms_key_add(s->svc, key, NULL);
	if (r < 0)
		return r;
	seed->key = take_ptr(key);
	s->added++;
	return 0;
}

static int add_alias(struct seeding *s, const struct seed *seed,
		     const char *name, int64_t now_ms)
{
	_cleanup_(kms_alias_freep) struct kms_alias *alias = NULL;
	int r;

	if (kms_index_find(&seed->region->aliases, name))
		return 0;
	r = kms_service_new_alias(s->svc, seed->key, name, now_ms, &alias);
	if (r == 0)
		r = audit(s, seed->key, name);
	if (r == 0)
		r = kms_alias_add(s->svc, alias);
	if (r < 0)
		return r;
	take_ptr(alias);
	s->added++;
	return 0;
}

static int add_missing(struct seeding *s)
{
	int64_t now_ms = s->svc->clock.now_ms();
	const cJSON *name;
	int r = 0;

	for (struct seed *seed = s->seeds; seed < s->seeds + s->count; seed++) {
		if (!seed->key)
			r = add_key(s, seed, now_ms);
		if (r < 0)
			return fail(s, seed, r, "%s", strerror(-r));
		cJSON_ArrayForEach(name, seed->aliases)
		{
			r = add_alias(s, seed, name->valuestring, now_ms);
			if (r < 0)
				return fail(s, seed, r, "%s: %s",
					    name->valuestring, strerror(-r));
		}
	}
	return s->added;
}

int kms_seed(struct kms_service *svc, const char *path, char *why,
	     size_t why_len)
{
	_cleanup_(seeding_done) struct seeding s = {
		.svc = svc, .path = path, .why = why, .why_len = why_len};
	_cleanup_(secret_done) struct secret text = SECRET_INIT;
	_json_ cJSON *file = NULL;
	int r = io_read_secret(AT_FDCWD, path, FILE_MAX_BYTES, &text);

	*why = '\0';
	if (r < 0)
		return fail(&s, NULL, r,
			    "%s; it must be a regular file of yours or root's, "
			    "mode 0600 or 0400",
			    strerror(-r));
	if (json_parse_object((const char *)text.bytes, text.len, &file) < 0)
		return fail(&s, NULL, -EBADMSG,
			    "it is not one JSON object with each member once");
	pthread_mutex_lock(&svc->mutate);
	r = read_all(&s, file);
	if (r == 0)
		r = add_missing(&s);
	pthread_mutex_unlock(&svc->mutate);
	if (r < 0 && !*why)
		return fail(&s, NULL, r, "%s", strerror(-r));
	return r;
}
