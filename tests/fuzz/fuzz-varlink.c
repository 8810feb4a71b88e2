/* SPDX-License-Identifier: MIT */
/*
 * Varlink framing and parsing.  What parses must format and parse again to
 * the same thing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kmsagent/varlink/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one(const char *bytes, size_t len)
{
	struct varlink_message m = VARLINK_MESSAGE_INIT, again;
	char *text;
	size_t text_len;

	if (varlink_message_parse(bytes, len, VARLINK_MAX_CALL_VALUES, &m) < 0)
		return;
	if (m.method && !varlink_member_is_valid(m.method))
		abort();
	if (varlink_message_format(m.method, m.error, m.params, m.oneway, &text,
				   &text_len) == 0) {
		if (varlink_message_parse(text, text_len - 1,
					  VARLINK_MAX_REPLY_VALUES, &again) < 0)
			abort();
		if (m.method && strcmp(m.method, again.method) != 0)
			abort();
		if (m.oneway != again.oneway)
			abort();
		varlink_message_done(&again);
		cJSON_free(text);
	}
	varlink_message_done(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	size_t len;

	while (varlink_frame_find(bytes, size, &len) == 1) {
		one(bytes, len);
		bytes += len + 1;
		size -= len + 1;
	}
	one(bytes, size);
	return 0;
}
