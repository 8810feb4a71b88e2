/* SPDX-License-Identifier: MIT */
/*
 * Which request-key rule a request would go to.  Runs nothing.
 */
#include "kmsagent/ctl/rules.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "kmsagent/base/io.h"

#define LINE_MAX_BYTES 4094 /* above, request-key says "Line too long" */
#define FILE_MAX_BYTES ((size_t)1 << 20)
#define BLANKS	       " \t\r\f\v"

bool cmd_rules_covers(const char *pattern, const char *text,
		      size_t *ret_skipped)
{
	const char *star = strchr(pattern, '*');
	size_t before, after, len = strlen(text);

	*ret_skipped = 0;
	if (!star)
		return !strcmp(pattern, text);
	before = (size_t)(star - pattern);
	after = strlen(star + 1);
	if (before + after > len || strncmp(pattern, text, before) ||
	    strcmp(star + 1, text + len - after))
		return false;
	*ret_skipped = len - before - after;
	return true;
}

static bool is_better(const size_t *a, const struct cmd_rules_match *than)
{
	if (!than->found)
		return true;
	for (size_t i = 0; i < RULES_FIELDS; i++)
		if (a[i] != than->skipped[i])
			return a[i] < than->skipped[i];
	return false;
}

/* The command behind the fields, split at the first blank. */
static void take_program(const char *command, struct cmd_rules_match *m)
{
	size_t len = strcspn(command, BLANKS);
	const char *rest = command + len + strspn(command + len, BLANKS);

	snprintf(m->program, sizeof(m->program), "%.*s", (int)len, command);
	snprintf(m->arguments, sizeof(m->arguments), "%s", rest);
}

/* One line, without its newline; it is cut into pieces. */
static int scan_line(char *line, const struct cmd_rules_ask *ask,
		     struct cmd_rules_match *best, bool *ret_taken)
{
	size_t skipped[RULES_FIELDS];

	*ret_taken = false;
	if (!*line || *line == '#')
		return 0;
	for (size_t i = 0; i < RULES_FIELDS; i++) {
		char *end = line + strcspn(line, BLANKS);

		if (!*end)
			return -EBADMSG;
		*end++ = '\0';
		if (!cmd_rules_covers(line, ask->field[i], &skipped[i]))
			return 0;
		line = end + strspn(end, BLANKS);
	}
	if (!*line)
		return -EBADMSG;
	if (!is_better(skipped, best))
		return 0;
	take_program(line, best);
	memcpy(best->skipped, skipped, sizeof(skipped));
	*ret_taken = true;
	return 0;
}

static int stop_at(struct cmd_rules_match *best, const char *file,
		   unsigned line)
{
	*best = (struct cmd_rules_match){.line = line};
	snprintf(best->file, sizeof(best->file), "%s", file);
	return -EBADMSG;
}

int cmd_rules_scan(const char *file, const char *text,
		   const struct cmd_rules_ask *ask,
		   struct cmd_rules_match *best)
{
	char line[LINE_MAX_BYTES + 1];

	for (unsigned number = 1; *text; number++) {
		const char *end = strchr(text, '\n');
		size_t len = end ? (size_t)(end - text) : strlen(text);
		bool taken;

		if (len > LINE_MAX_BYTES)
			return stop_at(best, file, number);
		memcpy(line, text, len);
		/* A last line without a newline loses its last character. */
		line[end ? len : len - 1] = '\0';
		if (scan_line(line, ask, best, &taken) < 0)
			return stop_at(best, file, number);
		if (taken) {
			best->found = true;
			best->line = number;
			snprintf(best->file, sizeof(best->file), "%s", file);
		}
		text += len + !!end;
	}
	return 0;
}

static int scan_file(int dir_fd, const char *name, const char *shown,
		     const struct cmd_rules_ask *ask,
		     struct cmd_rules_match *best)
{
	_free_ char *text = NULL;
	int r = io_read_text(dir_fd, name, FILE_MAX_BYTES, &text);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	return cmd_rules_scan(shown, text, ask, best);
}

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* In the folder's own order, as request-key reads it: unsorted. */
static int scan_folder(const char *path, const struct cmd_rules_ask *ask,
		       struct cmd_rules_match *best)
{
	_cleanup_(closedirp) DIR *folder = opendir(path);
	const struct dirent *e;
	int r;

	if (!folder)
		return errno == ENOENT ? 0 : -errno;
	while ((e = readdir(folder))) {
		size_t len = strlen(e->d_name);
		_free_ char *shown = NULL;

		if (e->d_name[0] == '.' || len < 6 ||
		    strcmp(e->d_name + len - 5, ".conf") ||
		    (e->d_type != DT_REG && e->d_type != DT_UNKNOWN))
			continue;
		shown = io_format("%s/%s", path, e->d_name);
		if (!shown)
			return -ENOMEM;
		r = scan_file(dirfd(folder), e->d_name, shown, ask, best);
		if (r < 0)
			return r;
	}
	return 0;
}

int cmd_rules_find(const char *dir, const struct cmd_rules_ask *ask,
		   struct cmd_rules_match *ret)
{
	_free_ char *folder = io_format("%s/request-key.d", dir);
	_free_ char *file = io_format("%s/request-key.conf", dir);
	int r;

	*ret = (struct cmd_rules_match){0};
	if (!folder || !file)
		return -ENOMEM;
	r = scan_folder(folder, ask, ret);
	if (r >= 0)
		r = scan_file(AT_FDCWD, file, file, ask, ret);
	return r;
}
