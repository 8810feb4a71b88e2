/* SPDX-License-Identifier: MIT */
/*
 * The two times that must never mix: wall-clock epochs for what people and
 * the protocol see, CLOCK_BOOTTIME for what is counted (it goes on while the
 * system sleeps and nobody can set it).
 */
#ifndef KMSAGENT_BASE_CLOCK_H
#define KMSAGENT_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

int64_t clock_epoch_s(void);
int64_t clock_epoch_ms(void);
int64_t clock_boot_ms(void);
int64_t clock_boot_us(void);

#define CLOCK_ISO_BYTES	  21 /* "2026-11-24T12:00:00Z" and NUL */
#define CLOCK_BASIC_BYTES 17 /* "20261124T120000Z" and NUL */

/* UTC in the two forms of ISO 8601 that AWS uses; "" for a year over 9999. */
void clock_format_iso(int64_t epoch_s, char buf[CLOCK_ISO_BYTES]);
void clock_format_basic(int64_t epoch_s, char buf[CLOCK_BASIC_BYTES]);

/* The basic form back; -EINVAL for anything else.  RFC 7231 dates too. */
int clock_parse_basic(const char *text, int64_t *ret_epoch_s);
int clock_parse_http(const char *text, int64_t *ret_epoch_s);

/* "Tue, 24 Nov 2026 12:00:00 GMT" (RFC 7231 section 7.1.1.1). */
#define CLOCK_HTTP_BYTES 30
void clock_format_http(int64_t epoch_s, char buf[CLOCK_HTTP_BYTES]);

#endif
