/* SPDX-License-Identifier: MIT */
/* A file that appears whole or not at all. */
#include "kmsagent/ctl/output.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kmsagent/base/io.h"
#include "tests/unit/tap.h"

static char dir[] = "/tmp/kmsagent-output.XXXXXX";

static bool is_text(const char *name, const char *want)
{
	_free_ char *text = NULL;

	return io_read_text(AT_FDCWD, name, 100, &text) == 0 &&
	       !strcmp(text, want);
}

static int entries(void)
{
	DIR *d = opendir(".");
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n - 2;
}

static int open_and_write(struct cmd_output *o, const char *path, bool replace,
			  const char *text)
{
	int r = cmd_output_open(o, path, replace);

	return r < 0 ? r : io_write_full(o->fd, text, strlen(text));
}

static int make(const char *path, bool replace, const char *text)
{
	_cleanup_(cmd_output_done) struct cmd_output o = CMD_OUTPUT_INIT;
	int r = open_and_write(&o, path, replace, text);

	return r < 0 ? r : cmd_output_publish(&o);
}

static void publishing(void)
{
	struct stat st;

	umask(027);
	TAP_EQ_INT(make("new", false, "one"), 0, "a_new_file_is_made");
	TAP_OK(is_text("new", "one"), "it_holds_what_was_written");
	TAP_OK(!stat("new", &st) && (st.st_mode & 07777) == 0640,
	       "its_mode_follows_the_umask");
	TAP_EQ_INT(make("new", false, "two"), -EEXIST,
		   "an_existing_file_is_refused");
	TAP_OK(is_text("new", "one"), "and_stays_as_it_was");
	TAP_EQ_INT(make("new", true, "three"), 0, "by_force_it_is_replaced");
	TAP_OK(is_text("new", "three"), "with_the_new_content");
	TAP_EQ_INT(make("by-force", true, "x"), 0, "force_needs_no_old_file");
	TAP_EQ_INT(entries(), 2, "nothing_else_is_left");
}

static void giving_up(void)
{
	struct cmd_output o = CMD_OUTPUT_INIT;

	TAP_EQ_INT(open_and_write(&o, "half", false, "half"), 0,
		   "a_file_is_begun");
	TAP_OK(access("half", F_OK) < 0, "it_has_no_name_yet");
	cmd_output_done(&o);
	TAP_OK(access("half", F_OK) < 0, "given_up_it_never_gets_one");
	TAP_EQ_INT(open_and_write(&o, "new", true, "half"), 0,
		   "a_replacement_is_begun");
	cmd_output_done(&o);
	TAP_OK(is_text("new", "three"), "given_up_the_old_file_stays");
	TAP_EQ_INT(entries(), 2, "nothing_is_left_of_both");
}

static void races(void)
{
	_cleanup_(cmd_output_done) struct cmd_output o = CMD_OUTPUT_INIT;
	int r = open_and_write(&o, "race", false, "slow");

	TAP_EQ_INT(r, 0, "a_slow_file_is_begun");
	TAP_EQ_INT(make("race", false, "fast"), 0, "a_fast_one_passes_it");
	TAP_EQ_INT(cmd_output_publish(&o), -EEXIST, "the_slow_one_is_refused");
	TAP_OK(is_text("race", "fast"), "the_fast_one_stays");
}

static void refusals(void)
{
	TAP_EQ_INT(make("", false, "x"), -EINVAL, "no_name_is_refused");
	TAP_EQ_INT(make("x/", false, "x"), -EINVAL, "a_bare_folder_is_refused");
	TAP_EQ_INT(make("nowhere/x", false, "x"), -ENOENT,
		   "a_missing_folder_is_refused");
	if (mkdir("d", 0700) < 0 || symlink("new", "link") < 0 ||
	    mkfifo("fifo", 0600) < 0)
		abort();
	TAP_EQ_INT(make("d", true, "x"), -EISDIR, "a_folder_is_not_replaced");
	TAP_EQ_INT(make("link", true, "x"), -ENXIO, "nor_a_link");
	TAP_EQ_INT(make("fifo", true, "x"), -ENXIO, "nor_a_pipe");
	TAP_OK(is_text("new", "three"), "what_the_link_shows_stays");
	TAP_EQ_INT(make("d/in", false, "y"), 0, "a_folder_s_inside_is_taken");
	TAP_OK(is_text("d/in", "y"), "the_file_is_there");
}

/* Killed half-way: as root on tmpfs or ext4 there is not even a name. */
static void killed(int sig, const char *name)
{
	int before = entries(), status;
	pid_t child = fork();

	if (child == 0) {
		struct cmd_output o = CMD_OUTPUT_INIT;

		if (open_and_write(&o, "killed", false, "half") < 0)
			_exit(1);
		raise(sig);
		_exit(2);
	}
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status) ||
	    WTERMSIG(status) != sig)
		abort();
	TAP_EQ_INT(entries(), before, name);
}

int main(void)
{
	_free_ char *command = NULL;

	if (!mkdtemp(dir) || chdir(dir) < 0)
		return 1;
	publishing();
	giving_up();
	races();
	refusals();
	killed(SIGTERM, "a_signal_leaves_nothing");
	killed(SIGKILL, "kill_9_leaves_nothing");
	command = io_format("rm -rf %s", dir);
	if (!command || system(command))
		return 1;
	return tap_done();
}
