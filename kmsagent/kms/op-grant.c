/* SPDX-License-Identifier: MIT */
/*
 * CreateGrant, ListGrants, ListRetirableGrants, RetireGrant, RevokeGrant.
 * Grants are kept and shown; calls are not judged by them yet, but for their
 * retirement.
 * Source: AWS KMS API Reference, pages of these names.
 */
#include <string.h>

#include "kmsagent/crypto/encoding.h"
#include "kmsagent/crypto/random.h"
#include "kmsagent/kms/attached.h"
#include "kmsagent/kms/grant.h"
#include "kmsagent/kms/page.h"
#include "kmsagent/kms/principal.h"
#include "kmsagent/kms/service.h"

#define LIST_GRANTS_DEFAULT 50

static int check_principal(struct kms_task *t, const char *name)
{
	const char *arn = kms_arg_string(t, name);

	if (!arn || kms_principal_is_valid(arn))
		return 0;
	return kms_fail(t->reply, KMS_ERROR_INVALID_ARN,
			"%s '%s' is not the ARN of an account's root, a user, "
			"a role or a session.",
			name, arn);
}

static int get_operations(struct kms_task *t, struct kms_grant *g)
{
	uint32_t can = kms_grant_operations_of(t->key->spec, t->key->usage);
	const cJSON *item;

	cJSON_ArrayForEach(item, kms_arg(t, "Operations"))
	{
		uint32_t bit = kms_grant_operation(item->valuestring);

		if (!(can & bit))
			return kms_fail(t->reply, KMS_ERROR_VALIDATION,
					"Operation %s is not valid for a grant "
					"on %s, whose key spec is %s and key "
					"usage is %s.",
					item->valuestring, t->key->arn,
					t->key->spec->name,
					kms_usage_name(t->key->usage));
		g->operations |= bit;
	}
	return 0;
}

static int get_constraint(struct kms_task *t, const char *name,
			  struct ectx **ret)
{
	int r = kms_grant_get_context(kms_arg(t, "Constraints"), name, ret);
	const struct ectx *c = *ret;

	if (r == -EEXIST || r == -EILSEQ || r == -E2BIG)
		return kms_fail(t->reply, KMS_ERROR_VALIDATION,
				"%s must map each key, once, to a short string",
				name);
	if (r < 0 || !c)
		return r;
	if (c->count > KMS_MAX_GRANT_PAIRS)
		return kms_fail(t->reply, KMS_ERROR_VALIDATION,
				"%s can have at most %d pairs.", name,
				KMS_MAX_GRANT_PAIRS);
	for (size_t i = 0; i < c->count; i++)
		if (kms_characters(c->pairs[i].value) > KMS_MAX_GRANT_CHARS)
			return kms_fail(t->reply, KMS_ERROR_VALIDATION,
					"A value of %s can have at most %d "
					"characters.",
					name, KMS_MAX_GRANT_CHARS);
	return 0;
}

static int get_constraints(struct kms_task *t, struct kms_grant *g)
{
	int r;

	if (!kms_arg(t, "Constraints"))
		return 0;
	if (t->key->spec->type != KMS_MATERIAL_SYMMETRIC)
		return kms_fail(t->reply, KMS_ERROR_VALIDATION,
				"Grants on %s cannot have encryption context "
				"constraints: its key spec is %s.",
				t->key->arn, t->key->spec->name);
	r = get_constraint(t, "EncryptionContextSubset", &g->subset);
	return r ? r : get_constraint(t, "EncryptionContextEquals", &g->equals);
}

static int copy_text(struct kms_task *t, const char *name, char **ret)
{
	const char *text = kms_arg_string(t, name);

	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? -ENOMEM : 0;
}

/* What the request asks for, without an id. */
static int make_grant(struct kms_task *t, struct kms_grant **ret)
{
	_cleanup_(kms_grant_freep) struct kms_grant *g = calloc(1, sizeof(*g));
	int r = g ? check_principal(t, "GranteePrincipal") : -ENOMEM;

	if (r == 0)
		r = check_principal(t, "RetiringPrincipal");
	if (r == 0)
		r = get_operations(t, g);
	if (r == 0)
		r = get_constraints(t, g);
	if (r == 0)
		r = copy_text(t, "GranteePrincipal", &g->grantee);
	if (r == 0)
		r = copy_text(t, "RetiringPrincipal", &g->retiring);
	if (r == 0)
		r = copy_text(t, "Name", &g->label);
	if (r)
		return r;
	if (!g->label)
		g->label = strdup("");
	if (asprintf(&g->issuer, "arn:aws:iam::%s:root", t->svc->account) < 0)
		g->issuer = NULL;
	if (!g->label || !g->issuer)
		return -ENOMEM;
	g->name = g->id;
	g->key = t->key;
	g->created_ms = t->now_ms;
	*ret = take_ptr(g);
	return 0;
}

/* With a name, asking again for the same gives the same. */
static struct kms_grant *find_same(const struct kms_grant *g)
{
	const struct kms_index *all = &g->key->grants;

	for (size_t i = 0; *g->label && i < all->count; i++)
		if (kms_grant_is_same(all->sorted[i], g))
			return all->sorted[i];
	return NULL;
}

static int put_grant(struct kms_task *t, const struct kms_grant *g)
{
	char token[KMS_GRANT_TOKEN_CHARS];
	int r = kms_grant_token_new(t->svc, g, token);

	if (r == 0)
		r = kms_put_string(t->reply, "GrantToken", token);
	return r ? r : kms_put_string(t->reply, "GrantId", g->id);
}

static int new_id(struct kms_grant *g)
{
	uint8_t bytes[KMS_GRANT_ID_LEN / 2];
	int r = random_nonce(bytes, sizeof(bytes));

	if (r == 0)
		hex_encode(bytes, sizeof(bytes), g->id);
	return r;
}

int kms_op_create_grant(struct kms_task *t)
{
	_cleanup_(kms_grant_freep) struct kms_grant *g = NULL;
	struct kms_grant *same;
	int r = make_grant(t, &g);

	if (r)
		return r;
	same = find_same(g);
	if (!same && t->key->grants.count >= t->svc->max_grants)
		return kms_fail(t->reply, KMS_ERROR_LIMIT_EXCEEDED,
				"%s has %zu grants, which is the limit.",
				t->key->arn, t->key->grants.count);
	r = kms_task_dry_run(t);
	if (r || same)
		return r ? r : put_grant(t, same);
	r = new_id(g);
	if (r == 0)
		r = put_grant(t, g);
	if (r == 0)
		r = kms_grant_add(t->svc, g);
	if (r == 0)
		take_ptr(g);
	return r;
}

static int no_such_grant(struct kms_task *t, const char *id)
{
	return kms_fail(t->reply, KMS_ERROR_NOT_FOUND, "Grant ID %s not found",
			id);
}

static int check_id(struct kms_task *t, const char *id)
{
	if (!id || kms_grant_id_is_valid(id))
		return 0;
	return kms_fail(t->reply, KMS_ERROR_INVALID_GRANT_ID,
			"Grant ID %s is not valid", id);
}

/* The grant that GrantId names, of t->key. */
static int find_grant(struct kms_task *t, struct kms_grant **ret)
{
	const char *id = kms_arg_string(t, "GrantId");
	int r = check_id(t, id);

	if (r)
		return r;
	*ret = kms_index_find(&t->key->grants, id);
	return *ret ? 0 : no_such_grant(t, id);
}

/* GrantId and GranteePrincipal say which. */
static bool is_not_asked_for(const struct kms_task *t, const void *element)
{
	const struct kms_grant *g = element;
	const char *id = kms_arg_string(t, "GrantId");
	const char *grantee = kms_arg_string(t, "GranteePrincipal");

	return (id && strcmp(id, g->id) != 0) ||
	       (grantee && strcmp(grantee, g->grantee) != 0);
}

static cJSON *show_grant(const void *element)
{
	return kms_grant_show(element);
}

int kms_op_list_grants(struct kms_task *t)
{
	int r = check_id(t, kms_arg_string(t, "GrantId"));

	if (r == 0)
		r = check_principal(t, "GranteePrincipal");
	return r ? r
		 : kms_page_list(t, &t->key->grants, "Grants",
				 LIST_GRANTS_DEFAULT, is_not_asked_for,
				 show_grant);
}

/* One key's; their names in a marker are "KEY/GRANT".  1: the page is full. */
static int list_retirable(struct kms_task *t, struct kms_page *page,
			  const struct kms_key *key, const char *after)
{
	const char *retiring = kms_arg_string(t, "RetiringPrincipal");
	const struct kms_index *all = &key->grants;

	for (size_t i = kms_index_after(all, after); i < all->count; i++) {
		const struct kms_grant *g = all->sorted[i];
		int r;

		if (!g->retiring || strcmp(g->retiring, retiring) != 0)
			continue;
		r = kms_page_add(page, g, show_grant, "%s/%s", key->id, g->id);
		if (r)
			return r;
	}
	return 0;
}

int kms_op_list_retirable_grants(struct kms_task *t)
{
	_cleanup_(kms_page_done) struct kms_page page = {0};
	const struct kms_index *keys = &t->region->keys;
	char id[ARN_KEY_ID_CHARS + 1] = "";
	const char *after = NULL;
	size_t i = 0;
	int r = check_principal(t, "RetiringPrincipal");

	if (r == 0)
		r = kms_page_begin(t, "Grants", LIST_GRANTS_DEFAULT, &page);
	if (r)
		return r;
	if (page.after && strlen(page.after) > ARN_KEY_ID_CHARS) {
		memcpy(id, page.after, ARN_KEY_ID_CHARS);
		after = page.after + ARN_KEY_ID_CHARS + 1;
		i = kms_index_after(keys, id);
		if (kms_index_find(keys, id))
			i--;
	}
	for (; r == 0 && i < keys->count; i++) {
		const struct kms_key *key = keys->sorted[i];

		if (!kms_key_is_expired(key, t->now_ms))
			r = list_retirable(t, &page, key,
					   strcmp(key->id, id) == 0 ? after
								    : NULL);
	}
	return r < 0 ? r : kms_page_end(t, &page);
}

int kms_op_revoke_grant(struct kms_task *t)
{
	struct kms_grant *g = NULL;
	int r = find_grant(t, &g);

	if (r == 0)
		r = kms_task_dry_run(t);
	return r ? r : kms_grant_remove(t->svc, g);
}

/* The grant that the request names, by a token or by its key and id. */
static int find_retiring(struct kms_task *t, struct kms_grant **ret)
{
	const char *token = kms_arg_string(t, "GrantToken");
	const char *key = kms_arg_string(t, "KeyId");
	bool by_id = key && kms_arg(t, "GrantId");
	int r;

	if (by_id == !!token || (token && (key || kms_arg(t, "GrantId"))))
		return kms_fail(t->reply, KMS_ERROR_VALIDATION,
				"Specify either GrantToken, or KeyId and "
				"GrantId.");
	if (token) {
		r = kms_task_open_token(t, token, ret);
		if (r == 0)
			t->key = (*ret)->key;
		return r ? r : kms_reply_note_key(t->reply, t->key->arn);
	}
	r = kms_task_resolve(t, key, &t->key);
	return r ? r : find_grant(t, ret);
}

/* Whom the grant itself lets retire it; everybody else needs permission. */
static bool may_retire(const struct kms_task *t, const struct kms_grant *g)
{
	const char *arn = t->req->who->arn;

	return (g->retiring && strcmp(g->retiring, arn) == 0) ||
	       ((g->operations & kms_grant_operation("RetireGrant")) &&
		strcmp(g->grantee, arn) == 0);
}

int kms_op_retire_grant(struct kms_task *t)
{
	struct kms_grant *g = NULL;
	int r = find_retiring(t, &g);

	if (r == 0 && !may_retire(t, g))
		r = kms_task_authorize(t, t->op->permission, t->key);
	if (r == 0)
		r = kms_task_dry_run(t);
	return r ? r : kms_grant_remove(t->svc, g);
}
