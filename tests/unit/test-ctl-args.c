/* SPDX-License-Identifier: MIT */
/* kmsctl's command line: what is taken, what is refused and in which words. */
#include "kmsagent/ctl/agentcall.h"
#include "kmsagent/ctl/cmd.h"
#include "kmsagent/ctl/commands.h"

#include <string.h>

#include "tests/unit/tap.h"

static char why[256];
static struct cmd_args args;

/* Parse "word word ...": split at single blanks. */
static int parse(const char *line)
{
	static char buf[512];
	static char *argv[64];
	int argc = 0;

	cmd_args_done(&args);
	why[0] = '\0';
	snprintf(buf, sizeof(buf), "kmsctl %s", line);
	for (char *w = strtok(buf, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	argv[argc] = NULL;
	return cmd_args_parse(argc, argv, &args, why, sizeof(why));
}

static void commands(void)
{
	TAP_EQ_INT(parse("status"), 0, "one_word_is_a_command");
	TAP_OK(args.cmd == &cmd_status, "the_command_is_found");
	TAP_EQ_INT(parse("key list"), 0, "two_words_are_a_command");
	TAP_OK(args.cmd == &cmd_key_list, "the_two_word_command_is_found");
	TAP_EQ_INT(parse("key show n"), 0, "an_operand_follows_two_words");
	TAP_EQ_STR(args.operands[0], "n", "the_operand_is_the_third_word");
	TAP_EQ_INT(parse(""), -EINVAL, "no_command_is_refused");
	TAP_EQ_STR(why, "no command given", "no_command_is_said");
	TAP_EQ_INT(parse("frob"), -EINVAL, "an_unknown_command_is_refused");
	TAP_EQ_STR(why, "unknown command 'frob'", "the_unknown_word_is_said");
	TAP_EQ_INT(parse("key"), -EINVAL, "half_a_command_is_refused");
	TAP_EQ_STR(why, "'key' needs a command behind it",
		   "the_missing_half_is_said");
	TAP_EQ_INT(parse("key frob"), -EINVAL, "a_wrong_half_is_refused");
	TAP_EQ_STR(why, "unknown command 'key frob'", "both_words_are_said");
	TAP_EQ_INT(parse("stat"), -EINVAL, "a_command_is_not_abbreviated");
}

static void operands(void)
{
	TAP_EQ_INT(parse("key show"), -EINVAL, "a_missing_operand_is_refused");
	TAP_EQ_STR(why, "key show needs NAME", "the_missing_operand_is_said");
	TAP_EQ_INT(parse("key show a b"), -EINVAL,
		   "an_operand_too_many_is_refused");
	TAP_EQ_STR(why, "'b' is one argument too many for key show",
		   "the_operand_too_many_is_said");
	TAP_EQ_INT(parse("encrypt -- -x"), 0, "dashes_end_the_options");
	TAP_EQ_STR(args.operands[0], "-x", "what_follows_is_an_operand");
	TAP_EQ_INT(parse("call ListKeys -"), 0, "one_dash_is_an_operand");
	TAP_EQ_INT(args.noperands, 2, "the_dash_is_counted");
}

static void options(void)
{
	TAP_EQ_INT(parse("key create n --allow uid:1 --lease=8h --allow gid:2"),
		   0, "options_follow_operands");
	TAP_EQ_STR(cmd_get(&args, "lease"), "8h", "a_value_by_equals_is_read");
	TAP_EQ_STR(cmd_get_nth(&args, "allow", 0), "uid:1",
		   "the_first_of_many_is_read");
	TAP_EQ_STR(cmd_get_nth(&args, "allow", 1), "gid:2",
		   "the_second_of_many_is_read");
	TAP_OK(!cmd_get_nth(&args, "allow", 2), "there_is_no_third");
	TAP_OK(!cmd_has(&args, "exportable"), "a_flag_not_given_is_off");
	TAP_EQ_INT(parse("encrypt -kdb -c a=b -ox"), 0, "letters_are_taken");
	TAP_EQ_STR(cmd_get(&args, "key"), "db", "a_letter_s_value_may_touch");
	TAP_EQ_STR(cmd_get(&args, "context"), "a=b", "or_stand_apart");
	TAP_EQ_INT(parse("status --frob"), -EINVAL,
		   "an_unknown_option_is_refused");
	TAP_EQ_STR(why, "unknown option --frob", "the_unknown_option_is_said");
	TAP_EQ_INT(parse("status -z"), -EINVAL, "an_unknown_letter_is_refused");
	TAP_EQ_STR(why, "unknown option -z", "the_unknown_letter_is_said");
	TAP_EQ_INT(parse("key list --destroy"), -EINVAL,
		   "another_command_s_option_is_refused");
	TAP_EQ_INT(parse("encrypt -k"), -EINVAL,
		   "a_letter_without_its_value_is_refused");
	TAP_EQ_STR(why, "option --key needs NAME", "the_value_is_named");
	TAP_EQ_INT(parse("encrypt --cmk"), -EINVAL,
		   "an_option_without_its_value_is_refused");
	TAP_EQ_STR(why, "option --cmk needs ID", "its_value_is_named");
	TAP_EQ_INT(parse("key delete n --destroy=yes"), -EINVAL,
		   "a_flag_with_a_value_is_refused");
	TAP_EQ_STR(why, "option --destroy takes no value",
		   "the_flag_s_value_is_said");
	TAP_EQ_INT(parse("encrypt --cmk a --cmk b"), -EINVAL,
		   "a_single_option_twice_is_refused");
	TAP_EQ_STR(why, "--cmk is given twice", "the_double_option_is_said");
}

static void globals(void)
{
	unsetenv("KMSAGENT_SOCKET");
	TAP_EQ_INT(parse("--json --socket /s key list"), 0,
		   "global_options_come_first");
	TAP_OK(args.json, "json_is_on");
	TAP_EQ_STR(args.socket, "/s", "the_socket_is_read");
	TAP_EQ_INT(parse("key list --socket /t --json"), 0, "or_last");
	TAP_EQ_STR(args.socket, "/t", "the_socket_is_read_there_too");
	TAP_EQ_INT(parse("status"), 0, "without_options_there_are_defaults");
	TAP_EQ_STR(args.socket, CMD_AGENT_SOCKET, "the_socket_has_a_default");
	TAP_OK(!args.json, "text_is_the_default");
	setenv("KMSAGENT_SOCKET", "/env", 1);
	TAP_EQ_INT(parse("status"), 0, "the_environment_names_the_socket");
	TAP_EQ_STR(args.socket, "/env", "its_socket_is_taken");
	TAP_EQ_INT(parse("status --socket /o"), 0, "the_option_wins");
	TAP_EQ_STR(args.socket, "/o", "its_socket_is_taken_instead");
	setenv("KMSAGENT_SOCKET", "", 1);
	TAP_EQ_INT(parse("status"), 0, "an_empty_variable_is_unset");
	TAP_EQ_STR(args.socket, CMD_AGENT_SOCKET, "the_default_stays");
	TAP_EQ_INT(parse("frob --json"), -EINVAL, "a_bad_line_is_refused");
	TAP_OK(args.json, "its_error_is_json_all_the_same");
	TAP_EQ_INT(parse("encrypt -- --json"), 0, "an_operand_is_no_option");
	TAP_OK(!args.json, "json_behind_dashes_is_off");
	TAP_EQ_INT(parse("--help"), 0, "help_needs_no_command");
	TAP_EQ_INT(parse("key show --help"), 0, "help_needs_no_operand");
	TAP_OK(args.help && args.cmd == &cmd_key_show,
	       "help_knows_its_command");
	TAP_EQ_INT(parse("--version"), 0, "version_needs_no_command");
}

/* The table itself: what a new command could get wrong. */
static bool table_is_sound(void)
{
	for (const struct cmd *const *c = cmd_table; *c; c++) {
		const struct cmd *cmd = *c;

		if (!cmd->run || !cmd->summary ||
		    cmd->min_operands > cmd->max_operands ||
		    !cmd->operands != !cmd->max_operands)
			return false;
		for (const struct cmd_option *o = cmd->options; o && o->name;
		     o++)
			for (const struct cmd_option *g = cmd_global_options;
			     g->name; g++)
				if (!strcmp(o->name, g->name) ||
				    (o->letter && o->letter == g->letter))
					return false;
	}
	return true;
}

int main(void)
{
	commands();
	operands();
	options();
	globals();
	TAP_OK(table_is_sound(), "no_command_shadows_a_global_option");
	cmd_args_done(&args);
	return tap_done();
}
