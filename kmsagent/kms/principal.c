/* SPDX-License-Identifier: MIT */
/* Principals' ARNs.  It must not know where they are configured. */
#include "kmsagent/kms/principal.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "kmsagent/base/arn.h"

static const struct {
	const char *service;
	const char *prefix; /* of the resource */
	bool has_name;
	enum kms_principal_type type;
} forms[] = {
	{"iam", "root", false, KMS_PRINCIPAL_ROOT},
	{"iam", "user/", true, KMS_PRINCIPAL_USER},
	{"iam", "role/", true, KMS_PRINCIPAL_ROLE},
	{"sts", "assumed-role/", true, KMS_PRINCIPAL_ASSUMED_ROLE},
	{"sts", "federated-user/", true, KMS_PRINCIPAL_FEDERATED_USER},
};

static const char *const type_names[] = {
	[KMS_PRINCIPAL_ROOT] = "Root",
	[KMS_PRINCIPAL_USER] = "IAMUser",
	[KMS_PRINCIPAL_ROLE] = "Role",
	[KMS_PRINCIPAL_ASSUMED_ROLE] = "AssumedRole",
	[KMS_PRINCIPAL_FEDERATED_USER] = "FederatedUser",
};

/* IAM's own alphabet for names and paths. */
static bool name_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && name[len - 1] != '/' &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz"
			    "0123456789+=,.@_/-") == len;
}

static bool form_matches(size_t i, const struct arn *a)
{
	size_t len = strlen(forms[i].prefix);

	if (strcmp(a->service, forms[i].service) != 0 ||
	    strncmp(a->resource, forms[i].prefix, len) != 0)
		return false;
	return forms[i].has_name ? name_is_valid(a->resource + len)
				 : a->resource[len] == '\0';
}

/* The form that @arn has, taken apart in @ret; ARRAY_SIZE(forms): none. */
static size_t find_form(const char *arn, struct arn *ret)
{
	size_t i = 0;

	if (arn_parse(arn, ret) < 0 || !arn_account_is_valid(ret->account) ||
	    *ret->region)
		return ARRAY_SIZE(forms);
	while (i < ARRAY_SIZE(forms) && !form_matches(i, ret))
		i++;
	return i;
}

bool kms_principal_is_valid(const char *arn)
{
	struct arn a;

	return find_form(arn, &a) < ARRAY_SIZE(forms);
}

int kms_principal_parse(const char *arn, struct kms_principal *ret)
{
	struct kms_principal p = {0};
	struct arn a;
	size_t form = find_form(arn, &a);

	if (form == ARRAY_SIZE(forms))
		return -EINVAL;
	p.type = forms[form].type;
	p.arn = strdup(arn);
	p.account = strdup(a.account);
	if (!p.arn || !p.account) {
		kms_principal_done(&p);
		return -ENOMEM;
	}
	p.name = forms[form].has_name ? strrchr(p.arn, '/') + 1 : NULL;
	*ret = p;
	return 0;
}

const char *kms_principal_type_name(enum kms_principal_type type)
{
	return type_names[type];
}

void kms_principal_done(struct kms_principal *p)
{
	free((void *)(uintptr_t)p->arn);
	free((void *)(uintptr_t)p->account);
	*p = (struct kms_principal){0};
}
