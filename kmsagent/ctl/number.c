/* SPDX-License-Identifier: MIT */
/*
 * Whole numbers.  strtoull(3) takes signs and blanks; this does not.
 */
#include "kmsagent/ctl/number.h"

#include <string.h>

int cmd_number_parse(const char *text, uint64_t min, uint64_t max,
		     uint64_t *ret)
{
	uint64_t value;

	if (!*text || text[strspn(text, "0123456789")])
		return -EINVAL;
	errno = 0;
	value = strtoull(text, NULL, 10);
	if (errno || value < min || value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}
