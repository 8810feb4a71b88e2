/* SPDX-License-Identifier: MIT */
/* Grants in memory and as JSON.  No storage, no requests. */
#include "kmsagent/kms/grant.h"

#include <string.h>

#include "kmsagent/kms/key.h"
#include "kmsagent/kms/reply.h"

#define EPOCH_MS_MAX 253402300800000 /* the year 10000 */

/* Which keys can be granted an operation. */
enum {
	SYMMETRIC = 1 << 0,
	ENCRYPTS = 1 << 1, /* a pair that does */
	SIGNS = 1 << 2,
	AGREES = 1 << 3,
	MACS = 1 << 4,
	ALL = (1 << 5) - 1,
	PAIRS = ENCRYPTS | SIGNS | AGREES,
};

/* In the service model's order, which listings keep.  Source of the keys:
 * Developer Guide, "Grant operations". */
#define OPERATIONS(X)                                                          \
	X(Decrypt, SYMMETRIC | ENCRYPTS, true)                                 \
	X(Encrypt, SYMMETRIC | ENCRYPTS, true)                                 \
	X(GenerateDataKey, SYMMETRIC, true)                                    \
	X(GenerateDataKeyWithoutPlaintext, SYMMETRIC, true)                    \
	X(ReEncryptFrom, SYMMETRIC | ENCRYPTS, true)                           \
	X(ReEncryptTo, SYMMETRIC | ENCRYPTS, true)                             \
	X(Sign, SIGNS, false)                                                  \
	X(Verify, SIGNS, false)                                                \
	X(GetPublicKey, PAIRS, false)                                          \
	X(CreateGrant, ALL, false)                                             \
	X(RetireGrant, ALL, false)                                             \
	X(DescribeKey, ALL, false)                                             \
	X(GenerateDataKeyPair, SYMMETRIC, true)                                \
	X(GenerateDataKeyPairWithoutPlaintext, SYMMETRIC, true)                \
	X(GenerateMac, MACS, false)                                            \
	X(VerifyMac, MACS, false)                                              \
	X(DeriveSharedSecret, AGREES, false)

#define NAME(name, keys, has_context) #name,
const char *const kms_grant_operations[] = {OPERATIONS(NAME) NULL};

#define ROW(name, keys, has_context) {keys, has_context},
static const struct {
	unsigned keys;
	bool has_context;
} traits[] = {OPERATIONS(ROW)};

void kms_grant_free(struct kms_grant *g)
{
	if (!g)
		return;
	free(g->label);
	free(g->grantee);
	free(g->retiring);
	free(g->issuer);
	if (g->subset)
		ectx_done(g->subset);
	free(g->subset);
	if (g->equals)
		ectx_done(g->equals);
	free(g->equals);
	free(g);
}

void kms_grant_freep(struct kms_grant **g)
{
	kms_grant_free(*g);
}

uint32_t kms_grant_operation(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(traits); i++)
		if (strcmp(kms_grant_operations[i], name) == 0)
			return UINT32_C(1) << i;
	return 0;
}

static unsigned kind_of(const struct kms_spec *spec, enum kms_usage usage)
{
	if (spec->type == KMS_MATERIAL_SYMMETRIC)
		return SYMMETRIC;
	if (spec->type == KMS_MATERIAL_MAC)
		return MACS;
	return usage == KMS_USAGE_ENCRYPT_DECRYPT ? ENCRYPTS
	       : usage == KMS_USAGE_SIGN_VERIFY	  ? SIGNS
						  : AGREES;
}

uint32_t kms_grant_operations_of(const struct kms_spec *spec,
				 enum kms_usage usage)
{
	unsigned kind = kind_of(spec, usage);
	uint32_t bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(traits); i++)
		if (traits[i].keys & kind)
			bits |= UINT32_C(1) << i;
	return bits;
}

uint32_t kms_grant_operations_with_context(void)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(traits); i++)
		if (traits[i].has_context)
			bits |= UINT32_C(1) << i;
	return bits;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_context(const struct ectx *a, const struct ectx *b)
{
	return a && b ? ectx_equal(a, b) : a == b;
}

bool kms_grant_is_same(const struct kms_grant *a, const struct kms_grant *b)
{
	return same_text(a->label, b->label) &&
	       same_text(a->grantee, b->grantee) &&
	       same_text(a->retiring, b->retiring) &&
	       a->operations == b->operations &&
	       same_context(a->subset, b->subset) &&
	       same_context(a->equals, b->equals);
}

static cJSON *show_operations(uint32_t bits)
{
	_json_ cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; list && i < ARRAY_SIZE(traits); i++) {
		cJSON *item;

		if (!(bits & UINT32_C(1) << i))
			continue;
		item = cJSON_CreateString(kms_grant_operations[i]);
		if (!item || !cJSON_AddItemToArray(list, item)) {
			cJSON_Delete(item);
			return NULL;
		}
	}
	return take_ptr(list);
}

/* The members that a listing and a record have alike. */
static int put_common(const struct kms_grant *g, cJSON *obj)
{
	_json_ cJSON *constraints = cJSON_CreateObject();

	if (!constraints || json_add_string(obj, "Name", g->label) < 0 ||
	    json_add_string(obj, "GranteePrincipal", g->grantee) < 0 ||
	    (g->retiring &&
	     json_add_string(obj, "RetiringPrincipal", g->retiring) < 0) ||
	    json_add_string(obj, "IssuingAccount", g->issuer) < 0 ||
	    json_add_item(obj, "Operations", show_operations(g->operations)) <
		    0 ||
	    (g->subset && json_add_ectx(constraints, "EncryptionContextSubset",
					g->subset) < 0) ||
	    (g->equals && json_add_ectx(constraints, "EncryptionContextEquals",
					g->equals) < 0))
		return -ENOMEM;
	return constraints->child ? json_add_item(obj, "Constraints",
						  take_ptr(constraints))
				  : 0;
}

cJSON *kms_grant_show(const struct kms_grant *g)
{
	_json_ cJSON *obj = cJSON_CreateObject();

	if (!obj || json_add_string(obj, "KeyId", g->key->arn) < 0 ||
	    json_add_string(obj, "GrantId", g->id) < 0 ||
	    kms_json_time(obj, "CreationDate", g->created_ms) < 0 ||
	    put_common(g, obj) < 0)
		return NULL;
	return take_ptr(obj);
}

char *kms_grant_encode(const struct kms_grant *g)
{
	_json_ cJSON *obj = cJSON_CreateObject();

	if (!obj || json_add_int(obj, "v", 1) < 0 ||
	    json_add_int(obj, "created", g->created_ms) < 0 ||
	    put_common(g, obj) < 0)
		return NULL;
	return json_print(obj);
}

int kms_grant_get_context(const cJSON *obj, const char *name, struct ectx **ret)
{
	struct ectx *c;
	int r;

	*ret = NULL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	r = json_get_ectx(obj, name, c);
	if (r == 0)
		*ret = c;
	else
		free(c);
	return r == -ENOENT ? 0 : r;
}

static int get_text(const cJSON *obj, const char *name, char **ret)
{
	const char *text;
	int r = json_get_string(obj, name, &text);

	if (r < 0)
		return r;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int get_operations(const cJSON *obj, uint32_t *ret)
{
	const cJSON *list, *item;

	if (json_get_array(obj, "Operations", &list) < 0)
		return -EBADMSG;
	cJSON_ArrayForEach(item, list)
	{
		uint32_t bit = cJSON_IsString(item)
				       ? kms_grant_operation(item->valuestring)
				       : 0;

		if (!bit)
			return -EBADMSG;
		*ret |= bit;
	}
	return *ret ? 0 : -EBADMSG;
}

int kms_grant_decode(const cJSON *obj, struct kms_grant *g)
{
	const cJSON *constraints = NULL;
	int r = json_get_int(obj, "created", 0, EPOCH_MS_MAX, &g->created_ms);

	if (r == 0)
		r = get_text(obj, "Name", &g->label);
	if (r == 0)
		r = get_text(obj, "GranteePrincipal", &g->grantee);
	if (r == 0)
		r = get_text(obj, "IssuingAccount", &g->issuer);
	if (r == 0)
		r = get_operations(obj, &g->operations);
	if (r == 0) {
		r = get_text(obj, "RetiringPrincipal", &g->retiring);
		r = r == -ENOENT ? 0 : r;
	}
	if (r == 0)
		r = json_get_object(obj, "Constraints", &constraints);
	else
		return r == -ENOENT ? -EBADMSG : r;
	if (r == 0)
		r = kms_grant_get_context(
			constraints, "EncryptionContextSubset", &g->subset);
	if (r == 0)
		r = kms_grant_get_context(
			constraints, "EncryptionContextEquals", &g->equals);
	return r == -ENOENT ? 0 : r;
}

bool kms_grant_id_is_valid(const char *id)
{
	return strlen(id) == KMS_GRANT_ID_LEN &&
	       strspn(id, "0123456789abcdef") == KMS_GRANT_ID_LEN;
}
