/* SPDX-License-Identifier: MIT */
/* Rules and a request: what each statement says, and what comes of it all. */
#include <string.h>

#include "kmsagent/kms/policy-parts.h"

/* The role of "arn:aws:sts::A:assumed-role/ROLE/SESSION" is the one that
 * "arn:aws:iam::A:role/PATH/ROLE" names: a role's name is its account's own,
 * whatever its path, and the session does not show that. */
static bool is_session_of(const struct kms_principal *who,
			  const struct policy_principal *p)
{
	static const char prefix[] = ":assumed-role/";
	const char *role = strstr(who->arn, prefix);
	const char *name = strrchr(p->text, '/') + 1;
	size_t len = strlen(name);

	if (!role || strcmp(who->account, p->account) != 0)
		return false;
	role += strlen(prefix);
	return strncmp(role, name, len) == 0 && role[len] == '/';
}

/* What a Principal says of the caller, if it says anything. */
static enum kms_say match_principal(const struct kms_principal *who,
				    const struct policy_principal *p)
{
	switch (p->kind) {
	case POLICY_PRINCIPAL_ALL:
		return KMS_SAY_ALLOWED;
	case POLICY_PRINCIPAL_ACCOUNT:
		if (strcmp(who->account, p->account) != 0)
			return KMS_SAY_NOTHING;
		return who->type == KMS_PRINCIPAL_ROOT ? KMS_SAY_ALLOWED
						       : KMS_SAY_DELEGATED;
	case POLICY_PRINCIPAL_ROLE:
		if (who->type == KMS_PRINCIPAL_ASSUMED_ROLE)
			return is_session_of(who, p) ? KMS_SAY_ALLOWED
						     : KMS_SAY_NOTHING;
		/* fallthrough */
	case POLICY_PRINCIPAL_ARN:
		return strcmp(who->arn, p->text) == 0 ? KMS_SAY_ALLOWED
						      : KMS_SAY_NOTHING;
	case POLICY_PRINCIPAL_OTHER:
		return KMS_SAY_NOTHING;
	}
	return KMS_SAY_NOTHING;
}

static enum kms_say match_principals(const struct kms_principal *who,
				     const struct policy_statement *s)
{
	enum kms_say say = KMS_SAY_NOTHING;

	for (const struct policy_principal *p = s->principals; p; p = p->next) {
		enum kms_say one = match_principal(who, p);

		if (one > say)
			say = one;
	}
	return say;
}

/*
 * Whom NotPrincipal spares: a caller all of whose identities it names, the
 * account, the user or role, and the session if it is one.
 */
static bool is_spared(const struct kms_principal *who,
		      const struct policy_statement *s)
{
	bool account = false, self = who->type == KMS_PRINCIPAL_ROOT;
	bool role = who->type != KMS_PRINCIPAL_ASSUMED_ROLE;

	for (const struct policy_principal *p = s->principals; p; p = p->next) {
		if (match_principal(who, p) == KMS_SAY_NOTHING)
			continue;
		if (p->kind == POLICY_PRINCIPAL_ALL)
			return true;
		if (p->kind == POLICY_PRINCIPAL_ACCOUNT)
			account = true;
		else if (p->kind == POLICY_PRINCIPAL_ROLE &&
			 who->type == KMS_PRINCIPAL_ASSUMED_ROLE)
			role = true;
		else
			self = true;
	}
	return account && self && role;
}

static int match_patterns(const struct kms_rules *rules,
			  const struct kms_access *a,
			  const struct policy_patterns *p, const char *text,
			  bool fold_case)
{
	for (size_t i = 0; i < p->count; i++) {
		int r = policy_pattern_match(rules, a, &p->list[i], text,
					     fold_case);

		if (r != 0)
			return r < 0 ? r : !p->is_not;
	}
	return p->is_not;
}

/* All of them are looked at: whether one is in error does not depend on what
 * stands before it. */
static int conditions_hold(const struct kms_rules *rules,
			   const struct kms_access *a,
			   const struct policy_statement *s)
{
	int all = 1;

	if (s->conditions && !a->condition)
		return 0;
	for (const struct policy_condition *c = s->conditions; c; c = c->next) {
		int r = policy_condition_holds(rules, a, c);

		if (r < 0)
			return r;
		if (r == 0)
			all = 0;
	}
	return all;
}

/* What the statement says, cheapest questions first. */
static enum kms_say evaluate(const struct kms_rules *rules,
			     const struct kms_access *a,
			     const struct policy_statement *s)
{
	enum kms_say say = KMS_SAY_ALLOWED;
	int r = s->is_inert ? 0
			    : match_patterns(rules, a, &s->actions, a->action,
					     true);

	if (r > 0 && rules->kind == KMS_RULES_OF_KEY) {
		say = s->is_not_principal ? is_spared(a->who, s)
						    ? KMS_SAY_NOTHING
						    : KMS_SAY_ALLOWED
					  : match_principals(a->who, s);
		r = say != KMS_SAY_NOTHING;
	}
	if (r > 0)
		r = match_patterns(rules, a, &s->resources, a->resource, false);
	if (r > 0)
		r = conditions_hold(rules, a, s);
	if (r <= 0)
		return r < 0 ? KMS_SAY_ERROR : KMS_SAY_NOTHING;
	return s->is_deny ? KMS_SAY_DENIED : say;
}

enum kms_say kms_rules_evaluate(const struct kms_rules *rules,
				const struct kms_access *access,
				struct kms_reason *ret_reason)
{
	enum kms_say say = KMS_SAY_NOTHING;

	*ret_reason = (struct kms_reason){0};
	for (size_t i = 0; i < rules->count; i++) {
		const struct policy_statement *s = &rules->statements[i];
		enum kms_say one = evaluate(rules, access, s);

		if (one <= say)
			continue;
		say = one;
		*ret_reason = (struct kms_reason){rules, i + 1, s->sid};
	}
	return say;
}

/* The strongest of the caller's own policies; an account's root needs none. */
static enum kms_say evaluate_identity(const struct kms_access *a,
				      const struct kms_policies *p,
				      struct kms_reason *ret)
{
	enum kms_say say = a->who->type == KMS_PRINCIPAL_ROOT ? KMS_SAY_ALLOWED
							      : KMS_SAY_NOTHING;

	*ret = (struct kms_reason){0};
	for (size_t i = 0; i < p->nidentity; i++) {
		struct kms_reason reason;
		enum kms_say one =
			kms_rules_evaluate(p->identity[i], a, &reason);

		if (one <= say)
			continue;
		say = one;
		*ret = reason;
	}
	return say;
}

void kms_decide(const struct kms_access *a, const struct kms_policies *p,
		struct kms_decision *ret)
{
	struct kms_reason by_key = {0}, by_identity;
	enum kms_say key = p->key ? kms_rules_evaluate(p->key, a, &by_key)
				  : KMS_SAY_NOTHING;
	enum kms_say identity = evaluate_identity(a, p, &by_identity);
	bool is_own = strcmp(a->who->account, a->owner) == 0;
	bool by_itself = key == KMS_SAY_ALLOWED || p->is_granted;
	bool by_account = p->is_of_key ? key == KMS_SAY_DELEGATED : is_own;

	*ret = (struct kms_decision){.reason = by_key};
	if (key == KMS_SAY_ERROR || identity == KMS_SAY_ERROR) {
		ret->verdict = KMS_VERDICT_ERROR;
		if (key != KMS_SAY_ERROR)
			ret->reason = by_identity;
	} else if (key == KMS_SAY_DENIED) {
		ret->verdict = KMS_VERDICT_DENIED_BY_KEY;
	} else if (identity == KMS_SAY_DENIED) {
		ret->verdict = KMS_VERDICT_DENIED_BY_IDENTITY;
		ret->reason = by_identity;
	} else if (p->is_of_key && by_itself && is_own) {
		ret->verdict = KMS_VERDICT_ALLOWED;
	} else if (p->is_of_key && !by_itself && !by_account) {
		ret->verdict = KMS_VERDICT_NOT_BY_KEY;
		ret->reason = (struct kms_reason){0};
	} else if ((by_itself || by_account) && identity == KMS_SAY_ALLOWED) {
		ret->verdict = KMS_VERDICT_ALLOWED;
		ret->reason = by_identity;
	} else {
		ret->verdict = KMS_VERDICT_NOT_BY_IDENTITY;
		ret->reason = (struct kms_reason){0};
	}
}
