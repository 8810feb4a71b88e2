/* SPDX-License-Identifier: MIT */
/* UTF-8 as the wire formats here want it. */
#ifndef KEYRING_UTF8_H
#define KEYRING_UTF8_H

#include <stdbool.h>

#include "keyring/cleanup.h"

/*
 * RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF, no
 * sequence cut short by the NUL.
 */
bool utf8_is_valid(const char *s) _must_check_;

#endif
