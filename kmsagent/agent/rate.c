/* SPDX-License-Identifier: MIT */
/* Token buckets. */
#include "kmsagent/agent/rate.h"

bool agent_rate_take(struct agent_rate *r, uid_t uid, int64_t now_ms)
{
	__typeof__(&r->slots[0]) s = &r->slots[uid % AGENT_RATE_SLOTS];
	int64_t full = (int64_t)r->burst * 1000;
	int64_t passed_ms = now_ms - s->used_ms;

	if (!s->is_known || passed_ms > full)
		s->milli = full;
	else
		s->milli += passed_ms * r->per_s;
	if (s->milli > full)
		s->milli = full;
	s->is_known = true;
	s->used_ms = now_ms;
	if (s->milli < 1000)
		return false;
	s->milli -= 1000;
	return true;
}
