/* SPDX-License-Identifier: MIT */
/*
 * Inner messages: whatever decodes must encode again to the same bytes, so
 * that there is one form of each message and no byte goes unread.
 */
#include <stdlib.h>
#include <string.h>

#include "kmsagent/agent/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(agent_msg_done) struct agent_msg m = AGENT_MSG_INIT;
	_free_ uint8_t *head = NULL;
	size_t len = 0;

	if (agent_msg_decode(data, size, &m) < 0)
		return 0;
	if (agent_msg_encode(&m, &head, &len) < 0)
		return 0; /* a context whose pairs came unsorted may differ */
	if (len + m.key.len != size)
		abort();
	if (m.context.count == 0 && memcmp(head, data, len) != 0)
		abort();
	return 0;
}
