/* SPDX-License-Identifier: MIT */
/*
 * Which request-key rule wins.  Expected values come from request-key itself
 * (keyutils): every case is also put to it in its debugging mode, which runs
 * nothing.  A '*' inside a pattern is the exception: the manual allows it and
 * keyutils 1.6.3 never matches it, so those cases follow the manual alone.
 */
#include "kmsagent/ctl/rules.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "kmsagent/base/io.h"
#include "tests/unit/tap.h"

#define REQUEST_KEY "/sbin/request-key"

static char dir[] = "/tmp/kmsagent-rules.XXXXXX";

static void write_file(const char *name, const char *text)
{
	_free_ char *path = io_format("%s/%s", dir, name);
	_fclose_ FILE *f = path ? fopen(path, "we") : NULL;

	if (!f || fputs(text, f) == EOF)
		abort();
}

static void clear(void)
{
	_free_ char *command =
		io_format("rm -rf %s/* && mkdir %s/request-key.d", dir, dir);

	if (!command || system(command))
		abort();
}

/* "file:line program", "file:line error", "none": what ours says. */
static void ours(const struct cmd_rules_ask *ask, char *ret, size_t len)
{
	struct cmd_rules_match m;
	int r = cmd_rules_find(dir, ask, &m);
	const char *file =
		strrchr(m.file, '/') ? strrchr(m.file, '/') + 1 : m.file;

	if (r == -EBADMSG)
		snprintf(ret, len, "%s:%u error", file, m.line);
	else if (r < 0)
		snprintf(ret, len, "errno %d", -r);
	else if (m.found)
		snprintf(ret, len, "%s:%u %s", file, m.line, m.program);
	else
		snprintf(ret, len, "none");
}

/* The same from request-key's own words. */
static void theirs(const struct cmd_rules_ask *ask, char *ret, size_t len)
{
	_free_ char *command = io_format(
		"cd %s && exec %s -l -n -d -v -D '%s;0;0;1f0000;%s' %s 1 0 0 0 "
		"0 0 '%s' 2>&1",
		dir, REQUEST_KEY, ask->field[RULES_TYPE],
		ask->field[RULES_DESCRIPTION], ask->field[RULES_OP],
		ask->field[RULES_CALLOUT]);
	FILE *f = command ? popen(command, "re") : NULL;
	char line[8192], place[300] = "", program[300] = "";

	snprintf(ret, len, "none");
	while (f && fgets(line, sizeof(line), f)) {
		char *says = strstr(line, ": ");

		line[strcspn(line, "\n")] = '\0';
		if (says && !strncmp(says, ": Prefer command", 16))
			snprintf(place, sizeof(place), "%.*s",
				 (int)(says - line), line);
		else if (says && (!strcmp(says, ": Syntax error") ||
				  !strcmp(says, ": Line too long")))
			snprintf(ret, len, "%.*s error", (int)(says - line),
				 line);
		else if (!strncmp(line, "Run ", 4))
			snprintf(program, sizeof(program), "%.200s", line + 4);
		else if (!strncmp(line, "PipeThru ", 9))
			snprintf(program, sizeof(program), "|%.200s", line + 9);
	}
	if (*program)
		snprintf(ret, len, "%s %s", place, program);
	if (f)
		pclose(f);
}

static void check(const char *name, const char *want, const char *callout)
{
	const struct cmd_rules_ask ask = {
		{"create", "logon", "kms:demo", callout}};
	char got[600], oracle[600];

	ours(&ask, got, sizeof(got));
	TAP_EQ_STR(got, want, name);
	if (access(REQUEST_KEY, X_OK) < 0) {
		tap_skip("request_key_agrees", "no " REQUEST_KEY);
		return;
	}
	theirs(&ask, oracle, sizeof(oracle));
	TAP_EQ_STR(oracle, want, "request_key_agrees");
}

/* One file, one case. */
static const struct {
	const char *name;
	const char *text;
	const char *want;
	const char *callout;
} cases[] = {
	{"a_plain_rule_is_found", "create logon kms:* * /bin/a %k\n",
	 "request-key.conf:1 /bin/a", ""},
	{"tabs_and_blanks_part_fields", "create\tlogon \t kms:*  *\t/bin/a\n",
	 "request-key.conf:1 /bin/a", ""},
	{"comments_and_empty_lines_are_skipped",
	 "# x\n\n#y\ncreate logon kms:* * /bin/a\n",
	 "request-key.conf:4 /bin/a", ""},
	{"another_type_is_not_found", "create user kms:* * /bin/a\n", "none",
	 ""},
	{"another_operation_is_not_found", "negate logon kms:* * /bin/a\n",
	 "none", ""},
	{"a_callout_must_match", "create logon kms:* x /bin/a\n", "none", ""},
	{"a_callout_that_matches_is_found", "create logon kms:* x /bin/a\n",
	 "request-key.conf:1 /bin/a", "x"},
	{"fewer_skipped_characters_win",
	 "create logon kms:* * /bin/a\ncreate logon kms:d* * /bin/b\n",
	 "request-key.conf:2 /bin/b", ""},
	{"the_first_of_equals_wins",
	 "create logon kms:* * /bin/a\ncreate logon kms:* * /bin/b\n",
	 "request-key.conf:1 /bin/a", ""},
	{"a_leading_asterisk_counts_alike",
	 "create logon *:demo * /bin/a\ncreate logon kms:* * /bin/b\n",
	 "request-key.conf:1 /bin/a", ""},
	{"columns_to_the_left_weigh_more",
	 "create * kms:demo * /bin/a\ncreate logon kms:* * /bin/b\n",
	 "request-key.conf:2 /bin/b", ""},
	{"an_operation_may_have_an_asterisk",
	 "c* logon kms:demo * /bin/a\ncreate * * * /bin/b\n",
	 "request-key.conf:2 /bin/b", ""},
	{"a_pipe_is_part_of_the_program", "create logon kms:* * |/bin/a %k\n",
	 "request-key.conf:1 |/bin/a", ""},
	{"an_asterisk_covers_nothing_too", "create logon kms:demo* * /bin/a\n",
	 "request-key.conf:1 /bin/a", ""},
	{"an_indented_rule_is_not_found", " create logon kms:* * /bin/a\n",
	 "none", ""},
	{"a_line_that_ends_too_early_stops_all",
	 "create logon kms:* *\ncreate logon kms:* * /bin/a\n",
	 "request-key.conf:1 error", ""},
	{"a_line_without_a_program_stops_all",
	 "create logon kms:* * \ncreate logon kms:* * /bin/a\n",
	 "request-key.conf:1 error", ""},
	{"one_word_stops_all", "create logon kms:* * /bin/a\ngarbage\n",
	 "request-key.conf:2 error", ""},
	{"a_short_line_of_another_operation_is_passed_over",
	 "negate user\ncreate logon kms:* * /bin/a\n",
	 "request-key.conf:2 /bin/a", ""},
	{"a_last_line_without_newline_loses_a_character",
	 "create logon kms:* * /bin/ab", "request-key.conf:1 /bin/a", ""},
	{"no_rules_at_all_find_nothing", "", "none", ""},
};

static void single_files(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		clear();
		write_file("request-key.conf", cases[i].text);
		check(cases[i].name, cases[i].want, cases[i].callout);
	}
}

static void long_lines(void)
{
	char text[4200];

	for (int n = 4094; n <= 4095; n++) {
		clear();
		memset(text, 'x', sizeof(text));
		text[0] = '#';
		strcpy(text + n, "\ncreate logon kms:* * /bin/a\n");
		write_file("request-key.conf", text);
		check(n == 4094 ? "a_line_of_4094_bytes_is_taken"
				: "a_line_of_4095_bytes_stops_all",
		      n == 4094 ? "request-key.conf:2 /bin/a"
				: "request-key.conf:1 error",
		      "");
	}
}

static void folders(void)
{
	_free_ char *link = io_format("%s/request-key.d/link.conf", dir);

	clear();
	write_file("request-key.conf", "create logon kms:* * /bin/late\n");
	check("a_missing_folder_s_worth_of_rules_is_none",
	      "request-key.conf:1 /bin/late", "");
	write_file("request-key.d/kms.conf", "create logon kms:* * /bin/kms\n");
	check("the_folder_comes_first", "kms.conf:1 /bin/kms", "");
	write_file("request-key.conf", "create logon kms:d* * /bin/late\n");
	check("a_better_rule_wins_from_behind", "request-key.conf:1 /bin/late",
	      "");
	clear();
	write_file("request-key.d/.hid.conf", "create logon kms:* * /bin/a\n");
	write_file("request-key.d/kms.bak", "create logon kms:* * /bin/a\n");
	write_file("target", "create logon kms:* * /bin/a\n");
	if (!link || symlink("../target", link) < 0)
		abort();
	check("hidden_other_and_linked_files_do_not_count", "none", "");
}

static void inner_asterisks(void)
{
	size_t n;

	TAP_OK(cmd_rules_covers("k*o", "kms:demo", &n) && n == 6,
	       "an_inner_asterisk_covers_what_is_between");
	TAP_OK(!cmd_rules_covers("kms:demo*demo", "kms:demo", &n),
	       "its_two_sides_do_not_overlap");
	TAP_OK(!cmd_rules_covers("*a*", "banana", &n),
	       "a_second_asterisk_is_a_character");
}

int main(void)
{
	_free_ char *command = NULL;

	if (!mkdtemp(dir))
		return 1;
	single_files();
	long_lines();
	folders();
	inner_asterisks();
	command = io_format("rm -rf %s", dir);
	if (!command || system(command))
		return 1;
	return tap_done();
}
