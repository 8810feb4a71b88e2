/* SPDX-License-Identifier: MIT */
/*
 * A reply of a KMS that cannot be trusted: the key taken out of it, the rest
 * as an error envelope, and the shared credentials file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kmsagent/aws/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(secret_done) struct secret key = SECRET_INIT,
					     text = SECRET_INIT;
	_cleanup_(awskms_credentials_done) struct awskms_credentials c =
		AWSKMS_CREDENTIALS_INIT;
	struct awskms_error e = AWSKMS_ERROR_INIT;
	uint8_t *body = malloc(size ? size : 1);

	if (!body)
		return 0;
	memcpy(body, data, size);
	if (awskms_secret_take(body, size, "Plaintext", &key) == 0 &&
	    (key.len == 0 || memcmp(body, data, size) == 0))
		abort();
	if (awskms_error_parse(body, size, 400, "", &e) &&
	    e.class == AWSKMS_CLASS_OK)
		abort();
	free(body);
	if (size && size < 65536 && secret_set(&text, data, size) == 0 &&
	    awskms_credentials_parse(&c, &text, NULL) == 0 &&
	    (!c.access_key_id || !c.secret_access_key.len))
		abort();
	return 0;
}
