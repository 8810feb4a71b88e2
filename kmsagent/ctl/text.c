/* SPDX-License-Identifier: MIT */
/*
 * Text for people.  Knows nothing of what the text is about.
 */
#include "kmsagent/ctl/text.h"

void cmd_text_put(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	for (; *p; p++) {
		/* C1 controls are U+0080..9F: C2 80 .. C2 9F in UTF-8. */
		if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) {
			fprintf(out, "\\x%02x", p[1]);
			p++;
		} else if (*p < 0x20 || *p == 0x7f) {
			fprintf(out, "\\x%02x", *p);
		} else {
			putc(*p, out);
		}
	}
}

void cmd_text_duration(int64_t seconds, char buf[TEXT_DURATION_BYTES])
{
	static const struct {
		int64_t s;
		const char *unit;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t at = 0;

	if (seconds <= 0) {
		snprintf(buf, TEXT_DURATION_BYTES, "0s");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		int64_t n = seconds / units[i].s;

		seconds %= units[i].s;
		if (n)
			at += snprintf(buf + at, TEXT_DURATION_BYTES - at,
				       "%s%lld%s", at ? " " : "", (long long)n,
				       units[i].unit);
	}
}

void cmd_text_bytes(uint64_t bytes, char buf[TEXT_BYTES_BYTES])
{
	static const char *const units[] = {"KiB", "MiB", "GiB",
					    "TiB", "PiB", "EiB"};
	double value = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(buf, TEXT_BYTES_BYTES, "%u B", (unsigned)bytes);
		return;
	}
	/* 1023.95 would be printed as 1024.0. */
	for (; value >= 1023.95 && i + 1 < ARRAY_SIZE(units); i++)
		value /= 1024;
	snprintf(buf, TEXT_BYTES_BYTES, "%.1f %s", value, units[i]);
}
