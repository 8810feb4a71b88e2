/* SPDX-License-Identifier: MIT */
/* Grant tokens: base64 of a sealed "KEY/GRANT", bound to account, region. */
#include <string.h>

#include "kmsagent/base/io.h"
#include "kmsagent/crypto/encoding.h"
#include "kmsagent/crypto/wrap.h"
#include "kmsagent/kms/grant.h"
#include "kmsagent/kms/service.h"

#define TEXT_LEN    (ARN_KEY_ID_CHARS + 1 + KMS_GRANT_ID_LEN)
#define TOKEN_BYTES (WRAP_OVERHEAD_BYTES + TEXT_LEN)

_Static_assert(BASE64_LEN(TOKEN_BYTES) < KMS_GRANT_TOKEN_CHARS, "a token fits");

static char *bound_to(const struct kms_service *svc,
		      const struct kms_region *region)
{
	return io_format("%s/%s", svc->account, region->name);
}

int kms_grant_token_new(struct kms_service *svc, const struct kms_grant *grant,
			char ret[KMS_GRANT_TOKEN_CHARS])
{
	_cleanup_(secret_done) struct secret text = SECRET_INIT;
	_free_ char *bound = bound_to(svc, grant->key->region);
	_free_ uint8_t *sealed = NULL;
	char plain[TEXT_LEN + 1];
	size_t len = 0;
	int r = bound ? 0 : -ENOMEM;

	snprintf(plain, sizeof(plain), "%s/%s", grant->key->id, grant->id);
	if (r == 0)
		r = secret_set(&text, plain, TEXT_LEN);
	if (r == 0)
		r = wrap_seal(&svc->kek, WRAP_ROLE_GRANT_TOKEN, bound, &text,
			      &sealed, &len);
	if (r == 0)
		base64_encode(sealed, len, ret);
	return r;
}

int kms_grant_token_open(struct kms_service *svc,
			 const struct kms_region *region, const char *token,
			 int64_t now_ms, struct kms_grant **ret)
{
	_cleanup_(secret_done) struct secret text = SECRET_INIT;
	_free_ char *bound = bound_to(svc, region);
	uint8_t sealed[TOKEN_BYTES];
	char plain[TEXT_LEN + 1];
	struct kms_key *key;
	size_t len = 0;
	int r;

	*ret = NULL;
	if (!bound)
		return -ENOMEM;
	r = base64_decode(token, strlen(token), sealed, sizeof(sealed), &len);
	if (r < 0 || len != sizeof(sealed))
		return 0;
	r = wrap_open(&svc->kek, WRAP_ROLE_GRANT_TOKEN, bound, sealed, len,
		      &text);
	if (r < 0)
		return r == -EBADMSG ? 0 : r;
	memcpy(plain, text.bytes, TEXT_LEN);
	plain[TEXT_LEN] = '\0';
	plain[ARN_KEY_ID_CHARS] = '\0';
	key = kms_key_find(region, plain, now_ms);
	if (key)
		*ret = kms_index_find(&key->grants,
				      plain + ARN_KEY_ID_CHARS + 1);
	return 0;
}
