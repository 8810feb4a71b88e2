/* SPDX-License-Identifier: MIT */
/*
 * A progress line on the terminal while another process does the work: it
 * reads the offset of a descriptor that both share.
 */
#ifndef KMSAGENT_CTL_PROGRESS_H
#define KMSAGENT_CTL_PROGRESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keyring/cleanup.h"

/*
 * "  37% [=======>            ]  94.8 MiB of 256.0 MiB  312.4 MiB/s  0:01",
 * without the bar or the rest when @columns has no room; the time is what is
 * left.  @total_bytes 0 = not known: what was done and the rate alone.
 * Never longer than @columns - 1 nor @buf_len - 1.  Pure.
 */
void cmd_progress_format(char *buf, size_t buf_len, uint64_t done_bytes,
			 uint64_t total_bytes, int64_t elapsed_ms,
			 unsigned columns);

struct cmd_progress;

/*
 * Show how far @fd (borrowed; seekable) has come of @total_bytes, on stderr,
 * until cmd_progress_stop().  *ret is NULL, which is no error, when stderr is
 * no terminal or @fd has no offset.  Returns 0, -ENOMEM, -EAGAIN (thread).
 */
int cmd_progress_start(int fd, uint64_t total_bytes,
		       struct cmd_progress **ret) _must_check_;

/* End it and clear the line.  Accepts NULL. */
void cmd_progress_stop(struct cmd_progress *p);

static inline void cmd_progress_stopp(struct cmd_progress **p)
{
	cmd_progress_stop(*p);
}

#endif
