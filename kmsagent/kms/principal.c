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
};

static const char *const type_names[] = {
	[KMS_PRINCIPAL_ROOT] = "Root",
	[KMS_PRINCIPAL_USER] = "IAMUser",
	[KMS_PRINCIPAL_ROLE] = "Role",
	[KMS_PRINCIPAL_ASSUMED_ROLE] = "AssumedRole",
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

int kms_principal_parse(const char *arn, struct kms_principal *ret)
{
	struct kms_principal p = {0};
	const char *slash;
	struct arn a;

	if (arn_parse(arn, &a) < 0 || !arn_account_is_valid(a.account) ||
	    *a.region)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (!form_matches(i, &a))
			continue;
		p.type = forms[i].type;
		p.arn = strdup(arn);
		p.account = strdup(a.account);
		if (!p.arn || !p.account) {
			kms_principal_done(&p);
			return -ENOMEM;
		}
		slash = strrchr(p.arn, '/');
		p.name = forms[i].has_name ? slash + 1 : NULL;
		*ret = p;
		return 0;
	}
	return -EINVAL;
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
