/* SPDX-License-Identifier: MIT */
/*
 * The typed values of conditions, from text: numbers, times, truth, networks.
 * All return whether the text is one.
 */
#ifndef KMSAGENT_KMS_POLICY_VALUES_H
#define KMSAGENT_KMS_POLICY_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "kmsagent/kms/policy-parts.h"

/* "-1", "2.5", "1e3". */
bool policy_read_number(const char *text, double *ret);

/* The W3C profile of ISO 8601, from "2026" to "2026-11-25T12:00:00.5+01:00",
 * or seconds since 1970 (five digits and more, or with a sign). */
bool policy_read_time_ms(const char *text, int64_t *ret);

/* "true" and "false", in any case. */
bool policy_read_truth(const char *text, bool *ret);

/* "192.0.2.0/24", "2001:db8::1". */
bool policy_read_net(const char *text, struct policy_net *ret);
bool policy_net_has(const struct policy_net *net,
		    const struct policy_net *host);

#endif
