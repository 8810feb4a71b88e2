/* SPDX-License-Identifier: MIT */
/* kmsagentd's command line. */
#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "kmsagent/agent/daemon.h"
#include "kmsagent/agent/role.h"
#include "kmsagent/base/json.h"
#include "kmsagent/base/log.h"

#define EXIT_USAGE 2

static const char help[] =
	"Usage: kmsagentd [--config FILE] [--state DIR] [--socket PATH]\n"
	"The host's key agent: loads data keys into kernel keyrings under a\n"
	"lease and encrypts files, without handing out a key.\n"
	"\n"
	"  --config FILE   instead of " AGENT_CONFIG_PATH "\n"
	"  --state DIR     entries and audit, instead of /var/lib/kmsagent\n"
	"  --socket PATH   instead of /run/kmsagent/io.kmsagent.Agent\n"
	"  --help          this text\n"
	"  --version\n";

struct options {
	const char *config;
	const char *state;
	const char *socket;
};

enum option_id {
	OPTION_CONFIG = 256,
	OPTION_STATE,
	OPTION_SOCKET,
	OPTION_HELP,
	OPTION_VERSION,
};

/* Returns -1 to go on, else the exit status. */
static int parse(int argc, char *argv[], struct options *o)
{
	static const struct option table[] = {
		{"config", required_argument, NULL, OPTION_CONFIG},
		{"state", required_argument, NULL, OPTION_STATE},
		{"socket", required_argument, NULL, OPTION_SOCKET},
		{"help", no_argument, NULL, OPTION_HELP},
		{"version", no_argument, NULL, OPTION_VERSION},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (c) {
		case OPTION_CONFIG:
			o->config = optarg;
			break;
		case OPTION_STATE:
			o->state = optarg;
			break;
		case OPTION_SOCKET:
			o->socket = optarg;
			break;
		case OPTION_HELP:
			fputs(help, stdout);
			return EXIT_SUCCESS;
		case OPTION_VERSION:
			puts("kmsagentd " KMSAGENT_VERSION);
			return EXIT_SUCCESS;
		default:
			fputs("kmsagentd --help shows the options\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr,
			"kmsagentd: unexpected argument '%s'; "
			"kmsagentd --help shows the options\n",
			argv[optind]);
		return EXIT_USAGE;
	}
	return -1;
}

static int replace(char **field, const char *value)
{
	char *copy;

	if (!value)
		return 0;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

static int configure(const struct options *o, struct agent_config *c)
{
	char why[512] = "";
	int r = agent_config_init(c);

	if (r == 0)
		r = agent_config_load(c, o->config ?: AGENT_CONFIG_PATH,
				      o->config != NULL, why, sizeof(why));
	if (r == 0)
		r = replace(&c->state, o->state);
	if (r == 0)
		r = replace(&c->socket, o->socket);
	if (r < 0)
		log_err("%s", why[0] ? why : strerror(-r));
	return r;
}

int agent_main(int argc, char *argv[])
{
	struct agent_config config = {0};
	struct options o = {0};
	int status, r;

	if (argc == 3 && strcmp(argv[1], "--as") == 0)
		return agent_role_main(argv[2]);
	status = parse(argc, argv, &o);
	if (status >= 0)
		return status;
	log_init("kmsagentd", LOG_LEVEL_INFO);
	json_init();
	r = configure(&o, &config);
	if (r == 0)
		r = agent_run(&config);
	agent_config_done(&config);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
