/* SPDX-License-Identifier: MIT */
/* ARNs and key identifiers as text.  No look-ups, no permissions. */
#include "kmsagent/base/arn.h"

#include <ctype.h>
#include <string.h>

#include "kmsagent/base/io.h"

int arn_parse(const char *text, struct arn *ret)
{
	size_t len = strnlen(text, ARN_MAX_BYTES + 1);
	char *part[5];
	char *p;

	if (len > ARN_MAX_BYTES || strncmp(text, "arn:", 4) != 0)
		return -EINVAL;
	memcpy(ret->buf, text, len + 1);
	p = ret->buf + 4;
	/* The resource is the last part and may hold colons of its own. */
	for (size_t i = 0; i < 4; i++) {
		part[i] = p;
		p = strchr(p, ':');
		if (!p)
			return -EINVAL;
		*p++ = '\0';
	}
	part[4] = p;
	if (!*part[0] || !*part[1] || !*part[4])
		return -EINVAL;
	ret->partition = part[0];
	ret->service = part[1];
	ret->region = part[2];
	ret->account = part[3];
	ret->resource = part[4];
	return 0;
}

static bool is_lower_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool arn_key_id_is_valid(const char *id)
{
	bool mrk = strncmp(id, "mrk-", 4) == 0;

	if (strlen(id) != ARN_KEY_ID_CHARS)
		return false;
	for (size_t i = mrk ? 4 : 0; i < ARN_KEY_ID_CHARS; i++) {
		bool dash = !mrk && (i == 8 || i == 13 || i == 18 || i == 23);

		if (dash ? id[i] != '-' : !is_lower_hex(id[i]))
			return false;
	}
	return true;
}

bool arn_account_is_valid(const char *account)
{
	return strlen(account) == ARN_ACCOUNT_DIGITS &&
	       strspn(account, "0123456789") == ARN_ACCOUNT_DIGITS;
}

/* AWS: two or three words of letters, then a number: "us-gov-west-1". */
bool arn_region_is_valid(const char *region)
{
	const char *p = region;
	int words = 0;

	while (islower((unsigned char)*p)) {
		while (islower((unsigned char)*p))
			p++;
		if (*p++ != '-')
			return false;
		words++;
	}
	return words >= 2 && words <= 3 && *p &&
	       strspn(p, "0123456789") == strlen(p) && strlen(region) <= 32;
}

bool arn_alias_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	if (strncmp(name, "alias/", 6) != 0 || len < 7 || len > 256)
		return false;
	for (const char *p = name + 6; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("/_-", *p))
			return false;
	return true;
}

void key_ref_parse(const char *text, struct key_ref *ret)
{
	ret->kind = KEY_REF_INVALID;
	ret->name = text;
	if (arn_key_id_is_valid(text)) {
		ret->kind = KEY_REF_KEY_ID;
	} else if (strncmp(text, "alias/", 6) == 0) {
		ret->kind = KEY_REF_ALIAS_NAME;
	} else if (arn_parse(text, &ret->arn) == 0 &&
		   strcmp(ret->arn.service, "kms") == 0) {
		const char *resource = ret->arn.resource;

		if (strncmp(resource, "key/", 4) == 0 &&
		    arn_key_id_is_valid(resource + 4)) {
			ret->kind = KEY_REF_KEY_ARN;
			ret->name = resource + 4;
		} else if (strncmp(resource, "alias/", 6) == 0) {
			ret->kind = KEY_REF_ALIAS_ARN;
			ret->name = resource;
		}
	}
}

char *arn_format_kms(const char *region, const char *account,
		     const char *resource)
{
	return io_format("arn:aws:kms:%s:%s:%s", region, account, resource);
}

char *arn_format_key(const char *region, const char *account, const char *id)
{
	return io_format("arn:aws:kms:%s:%s:key/%s", region, account, id);
}
