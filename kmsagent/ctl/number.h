/* SPDX-License-Identifier: MIT */
/*
 * Whole numbers from a command line or a /proc file.  Pure.
 */
#ifndef KMSAGENT_CTL_NUMBER_H
#define KMSAGENT_CTL_NUMBER_H

#include <stdint.h>

#include "keyring/cleanup.h"

/*
 * Decimal digits and nothing else, within min..max.  Returns 0, -EINVAL (not
 * a number), -ERANGE.
 */
int cmd_number_parse(const char *text, uint64_t min, uint64_t max,
		     uint64_t *ret) _must_check_;

#endif
