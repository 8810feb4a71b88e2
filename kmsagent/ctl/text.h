/* SPDX-License-Identifier: MIT */
/*
 * Text for people: what came from elsewhere is made safe for a terminal,
 * and numbers are written the way people read them.  Pure, but for put.
 */
#ifndef KMSAGENT_CTL_TEXT_H
#define KMSAGENT_CTL_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "keyring/cleanup.h"

/*
 * Write @text with every control character (C0, DEL, C1 in UTF-8) as \xNN,
 * so that a context value or a server's message cannot drive the terminal.
 */
void cmd_text_put(FILE *out, const char *text);

/* "90s", "8h", "1h 30min", "2d": parses back by systemd.time(7). */
#define TEXT_DURATION_BYTES 48
void cmd_text_duration(int64_t seconds, char buf[TEXT_DURATION_BYTES]);

/* "0 B", "999 B", "1.5 KiB", "256.0 MiB": binary units, one decimal. */
#define TEXT_BYTES_BYTES 24
void cmd_text_bytes(uint64_t bytes, char buf[TEXT_BYTES_BYTES]);

#endif
