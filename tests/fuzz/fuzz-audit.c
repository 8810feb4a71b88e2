/* SPDX-License-Identifier: MIT */
/*
 * Whatever a client puts into its headers, an audit record stays one line
 * and one JSON object that says what it must.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kmsagent/base/json.h"
#include "kmsagent/kms/audit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct text t = TEXT_INIT;
	_free_ char *sent = strndup((const char *)data, size);
	struct kms_request req = {.access_key_id = sent,
				  .region = "us-east-1",
				  .operation = "Encrypt",
				  .request_id = "r",
				  .source_ip = "unix:0",
				  .user_agent = sent};
	struct kms_reply reply = {.message = sent};
	const struct kms_audit_call call = {.req = &req,
					    .reply = &reply,
					    .error = "AccessDeniedException",
					    .message = sent,
					    .account = "111122223333",
					    .event_id = "e",
					    .time = "2026-01-01T00:00:00Z"};
	cJSON *j = NULL;

	json_init();
	text_clear(&t);
	kms_audit_format_call(&call, &t);
	if (t.failed || memchr(t.at, '\n', t.len) != t.at + t.len - 1 ||
	    json_parse_object(t.at, t.len, &j) < 0 ||
	    strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(j, "eventName")),
		   "Encrypt") != 0)
		abort();
	cJSON_Delete(j);
	return 0;
}
