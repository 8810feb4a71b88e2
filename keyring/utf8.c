/* SPDX-License-Identifier: MIT */
/* Is this text UTF-8?  Nothing is ever repaired. */
#include "keyring/utf8.h"

bool utf8_is_valid(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	while (*p) {
		unsigned lead = *p++, need, low = 0x80, high = 0xbf;

		if (lead < 0x80)
			continue;
		if (lead >= 0xc2 && lead <= 0xdf)
			need = 1;
		else if (lead >= 0xe0 && lead <= 0xef)
			need = 2;
		else if (lead >= 0xf0 && lead <= 0xf4)
			need = 3;
		else
			return false;
		if (lead == 0xe0)
			low = 0xa0;
		else if (lead == 0xed)
			high = 0x9f;
		else if (lead == 0xf0)
			low = 0x90;
		else if (lead == 0xf4)
			high = 0x8f;
		for (; need > 0; need--, p++) {
			if (*p < low || *p > high)
				return false;
			low = 0x80;
			high = 0xbf;
		}
	}
	return true;
}
