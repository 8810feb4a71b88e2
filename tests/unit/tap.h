/* SPDX-License-Identifier: MIT */
/*
 * TAP for C unit tests: results on stdout, the plan computed at the end, so
 * that a test which dies has none.  Names are sentences of lower-case words
 * joined by underscores.  Usage:
 *	TAP_OK(x_is_y(&x), "x_is_y_after_z");
 *	return tap_done();
 */
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned tap_points_, tap_failed_;

/* A line of explanation, best after the point that it explains. */
static inline void __attribute__((format(printf, 1, 2)))
tap_diag(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("# ", stdout);
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
	fflush(stdout);
}

static inline bool tap_point_(bool pass, const char *name, const char *what,
			      const char *file, int line)
{
	printf("%s %u %s\n", pass ? "ok" : "not ok", ++tap_points_, name);
	if (!pass) {
		tap_failed_++;
		printf("# %s:%d: %s\n", file, line, what);
	}
	/* A test that dies later must not take this line with it. */
	fflush(stdout);
	return pass;
}

static inline bool tap_eq_int_(long long got, long long want, const char *name,
			       const char *what, const char *file, int line)
{
	if (!tap_point_(got == want, name, what, file, line))
		tap_diag("got %lld, want %lld", got, want);
	return got == want;
}

static inline bool tap_eq_str_(const char *got, const char *want,
			       const char *name, const char *what,
			       const char *file, int line)
{
	bool same = got && want ? strcmp(got, want) == 0 : got == want;

	if (!tap_point_(same, name, what, file, line)) {
		tap_diag("got  '%s'", got ? got : "(null)");
		tap_diag("want '%s'", want ? want : "(null)");
	}
	return same;
}

static inline bool tap_eq_mem_(const void *got, const void *want, size_t n,
			       const char *name, const char *what,
			       const char *file, int line)
{
	const unsigned char *g = got, *w = want;
	bool same = n == 0 || memcmp(g, w, n) == 0;

	if (!tap_point_(same, name, what, file, line))
		for (size_t i = 0; i < n; i++)
			if (g[i] != w[i]) {
				tap_diag("first differs at byte %zu of %zu: "
					 "got %02x, want %02x",
					 i, n, g[i], w[i]);
				break;
			}
	return same;
}

/*
 * One test point each; each returns whether it passed.  The _EQ_ ones show
 * both values when they differ; MEM takes the length in bytes.
 */
#define TAP_OK(cond, name)                                                     \
	tap_point_(!!(cond), (name), #cond, __FILE__, __LINE__)
#define TAP_EQ_INT(got, want, name)                                            \
	tap_eq_int_((got), (want), (name), #got " == " #want, __FILE__,        \
		    __LINE__)
#define TAP_EQ_STR(got, want, name)                                            \
	tap_eq_str_((got), (want), (name), #got " == " #want, __FILE__,        \
		    __LINE__)
#define TAP_EQ_MEM(got, want, n, name)                                         \
	tap_eq_mem_((got), (want), (n), (name), #got " == " #want, __FILE__,   \
		    __LINE__)

/* One point that cannot run here, and why. */
static inline void tap_skip(const char *name, const char *why)
{
	printf("ok %u %s # SKIP %s\n", ++tap_points_, name, why);
	fflush(stdout);
}

/* Nothing of this test can run here: says why and ends the program. */
static inline void __attribute__((noreturn)) tap_skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	fflush(stdout);
	exit(4);
}

/* Print the plan; returns what main() returns, as kselftest has it. */
static inline int tap_done(void)
{
	printf("1..%u\n", tap_points_);
	fflush(stdout);
	return tap_failed_ || tap_points_ == 0 ? 1 : 0;
}

#endif
