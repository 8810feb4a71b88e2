/* SPDX-License-Identifier: MIT */
/*
 * The command line by table: getopt_long(3) does the reading, this turns the
 * option tables into its form and its complaints into sentences.
 */
#include "kmsagent/ctl/cmd.h"

#include <getopt.h>
#include <string.h>

#include "kmsagent/ctl/agentcall.h"

const struct cmd_option cmd_global_options[] = {
	{0, false, "socket", "PATH", "the agent's socket"},
	{0, false, "json", NULL, "print one JSON object; errors too"},
	{'h', false, "help", NULL, "show this help"},
	{0, false, "version", NULL, "show the version"},
	{0},
};

/* getopt's view of both tables: index i + OPTION_BASE is option i. */
#define OPTION_BASE 256
#define OPTION_MAX  32

struct option_view {
	const struct cmd_option *all[OPTION_MAX];
	struct option long_form[OPTION_MAX + 1];
	char letters[2 * OPTION_MAX + 3];
	size_t count;
};

static void view_add(struct option_view *v, const struct cmd_option *o)
{
	size_t at = strlen(v->letters);

	for (; o && o->name && v->count < OPTION_MAX; o++, v->count++) {
		v->all[v->count] = o;
		v->long_form[v->count] = (struct option){
			.name = o->name,
			.has_arg = o->value ? required_argument : no_argument,
			.val = OPTION_BASE + (int)v->count,
		};
		if (!o->letter)
			continue;
		v->letters[at++] = o->letter;
		if (o->value)
			v->letters[at++] = ':';
	}
}

static const struct cmd_option *view_find(const struct option_view *v, int c)
{
	if (c >= OPTION_BASE)
		return v->all[c - OPTION_BASE];
	for (size_t i = 0; i < v->count; i++)
		if (v->all[i]->letter == c)
			return v->all[i];
	return NULL;
}

static bool is_global(const struct cmd_option *o)
{
	for (const struct cmd_option *g = cmd_global_options; g->name; g++)
		if (g == o)
			return true;
	return false;
}

static void set_global(struct cmd_args *args, const struct cmd_option *o,
		       const char *value)
{
	if (!strcmp(o->name, "socket"))
		args->socket = value;
	else if (!strcmp(o->name, "json"))
		args->json = true;
	else if (!strcmp(o->name, "help"))
		args->help = true;
	else
		args->version = true;
}

static int complain(const struct option_view *v, int c, char **argv, char *why,
		    size_t why_len)
{
	const struct cmd_option *o = optopt ? view_find(v, optopt) : NULL;

	/* For a long option, argv[optind - 1] is the word itself. */
	if (c == ':' && o)
		snprintf(why, why_len, "option --%s needs %s", o->name,
			 o->value);
	else if (o && optopt >= OPTION_BASE)
		snprintf(why, why_len, "option --%s takes no value", o->name);
	else if (optopt)
		snprintf(why, why_len, "unknown option -%c", optopt);
	else
		snprintf(why, why_len, "unknown option %s", argv[optind - 1]);
	return -EINVAL;
}

/* Options up to the first operand ("+"), or of the rest of the line (""). */
static int read_options(int argc, char **argv, bool stop_at_operand,
			struct cmd_args *args, char *why, size_t why_len)
{
	struct option_view v = {0};
	int c;

	strcpy(v.letters, stop_at_operand ? "+:" : ":");
	view_add(&v, cmd_global_options);
	if (args->cmd)
		view_add(&v, args->cmd->options);

	opterr = 0;
	optind = 0; /* glibc: start anew, with the mode in letters */
	while ((c = getopt_long(argc, argv, v.letters, v.long_form, NULL)) !=
	       -1) {
		const struct cmd_option *o = NULL;

		if (c != '?' && c != ':')
			o = view_find(&v, c);
		if (!o)
			return complain(&v, c, argv, why, why_len);
		if (is_global(o)) {
			set_global(args, o, optarg);
			continue;
		}
		if (!o->repeats && cmd_has(args, o->name)) {
			snprintf(why, why_len, "--%s is given twice", o->name);
			return -EINVAL;
		}
		args->given[args->ngiven++] = (struct cmd_given){o, optarg};
	}
	return 0;
}

/* Words of @name that argv begins with: all of them, or 0. */
static size_t words_matched(const char *name, char **words, size_t n)
{
	const char *space = strchr(name, ' ');
	size_t first = space ? (size_t)(space - name) : strlen(name);

	if (!n || strlen(words[0]) != first || strncmp(words[0], name, first))
		return 0;
	if (!space)
		return 1;
	return n > 1 && !strcmp(words[1], space + 1) ? 2 : 0;
}

static int find_command(struct cmd_args *args, char **words, size_t n,
			char *why, size_t why_len)
{
	bool is_family = false;

	for (const struct cmd *const *c = cmd_table; *c; c++) {
		size_t used = words_matched((*c)->name, words, n);
		size_t len = strlen(words[0]);

		if (used) {
			args->cmd = *c;
			return (int)used;
		}
		is_family |= !strncmp((*c)->name, words[0], len) &&
			     (*c)->name[len] == ' ';
	}
	if (is_family && n == 1)
		snprintf(why, why_len, "'%s' needs a command behind it",
			 words[0]);
	else
		snprintf(why, why_len, "unknown command '%s%s%s'", words[0],
			 is_family ? " " : "", is_family ? words[1] : "");
	return -EINVAL;
}

static int check_operands(const struct cmd_args *args, char *why,
			  size_t why_len)
{
	const struct cmd *cmd = args->cmd;

	if (args->noperands < cmd->min_operands) {
		snprintf(why, why_len, "%s needs %s", cmd->name, cmd->operands);
		return -EINVAL;
	}
	if (args->noperands > cmd->max_operands) {
		snprintf(why, why_len, "'%s' is one argument too many for %s",
			 args->operands[cmd->max_operands], cmd->name);
		return -EINVAL;
	}
	return 0;
}

/* "--json" counts even when the line does not parse. */
static bool asks_for_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--json"))
			return true;
	return false;
}

int cmd_args_parse(int argc, char **argv, struct cmd_args *ret, char *why,
		   size_t why_len)
{
	const char *socket = getenv("KMSAGENT_SOCKET");
	int used, r;

	*ret = (struct cmd_args){
		.socket = socket && *socket ? socket : CMD_AGENT_SOCKET,
		.json = asks_for_json(argc, argv),
		.given = calloc((size_t)argc + 1, sizeof(*ret->given)),
	};
	if (!ret->given)
		return -ENOMEM;

	r = read_options(argc, argv, true, ret, why, why_len);
	if (r < 0)
		return r;
	argc -= optind;
	argv += optind;
	if (!argc) {
		if (ret->help || ret->version)
			return 0;
		snprintf(why, why_len, "no command given");
		return -EINVAL;
	}
	used = find_command(ret, argv, (size_t)argc, why, why_len);
	if (used < 0)
		return used;

	/* getopt skips the first word: let it be the command's last. */
	argc -= used - 1;
	argv += used - 1;
	r = read_options(argc, argv, false, ret, why, why_len);
	if (r < 0)
		return r;
	ret->operands = argv + optind;
	ret->noperands = (size_t)(argc - optind);
	if (ret->help || ret->version)
		return 0;
	return check_operands(ret, why, why_len);
}

void cmd_args_done(struct cmd_args *args)
{
	free(args->given);
	args->given = NULL;
	args->ngiven = 0;
}

const char *cmd_get_nth(const struct cmd_args *args, const char *name,
			size_t nth)
{
	for (size_t i = 0; i < args->ngiven; i++)
		if (!strcmp(args->given[i].option->name, name) && !nth--)
			return args->given[i].value;
	return NULL;
}

const char *cmd_get(const struct cmd_args *args, const char *name)
{
	return cmd_get_nth(args, name, 0);
}

bool cmd_has(const struct cmd_args *args, const char *name)
{
	for (size_t i = 0; i < args->ngiven; i++)
		if (!strcmp(args->given[i].option->name, name))
			return true;
	return false;
}
