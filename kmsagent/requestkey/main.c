/* SPDX-License-Identifier: MIT */
/*
 * kms-request-key [--socket PATH] KEY: run by /sbin/request-key, as root, for
 * a requester that may be hostile.  Of its arguments only the serial counts.
 * However it ends, the key does not stay under construction.
 */
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "keyring/key.h"
#include "keyring/upcall.h"
#include "kmsagent/requestkey/handler.h"

static volatile key_serial_t alarm_key, alarm_auth;

/* Only system calls: nothing here needs the interrupted code's state. */
static void on_alarm(int signal)
{
	(void)signal;
	(void)!kr_upcall_reject(NULL, alarm_key, alarm_auth, HANDLER_NEGATIVE_S,
				ENOKEY);
	_exit(1);
}

/* A backstop: each wait of the conversation has its own, shorter deadline. */
static void deadline_start(key_serial_t key, key_serial_t auth)
{
	struct sigaction on = {.sa_handler = on_alarm};

	alarm_key = key;
	alarm_auth = auth;
	(void)sigaction(SIGALRM, &on, NULL);
	alarm(HANDLER_DEADLINE_S);
}

static int usage(FILE *f, int status)
{
	fputs("usage: kms-request-key [--socket PATH] KEY\n"
	      "       kms-request-key --help | --version\n"
	      "Run by request-key(8); KEY is the serial of a key under "
	      "construction.\n",
	      f);
	return status;
}

static bool parse_serial(const char *text, key_serial_t *ret)
{
	char *end;
	long n;

	/* strtol would take a sign and blanks. */
	if (text[0] < '1' || text[0] > '9')
		return false;
	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || *end || n > INT_MAX)
		return false;
	*ret = (key_serial_t)n;
	return true;
}

static int settle(const char *socket, key_serial_t key)
{
	char why[256] = "the process could not be hardened";
	key_serial_t auth;
	int r = kr_assume_authority(key, &auth);

	if (r < 0) {
		syslog(LOG_ERR, "key %d is not this process's to settle: %s",
		       key, strerror(-r));
		return 1;
	}
	deadline_start(key, auth);
	r = handler_harden();
	if (r == 0)
		r = handler_run(socket, key, auth, why, sizeof(why));
	if (r < 0)
		syslog(LOG_ERR, "key %d: %s", key, why);
	/*
	 * The agent has settled the key, and this finds no authority any more.
	 * If not, the requester is told now; at our exit the kernel would
	 * remember "no such key" for a minute.
	 */
	if (kr_upcall_reject(NULL, key, auth, HANDLER_NEGATIVE_S,
			     handler_answer(r)) == 0 &&
	    r == 0) {
		syslog(LOG_ERR, "key %d: the agent left it unsettled", key);
		r = -EBADMSG;
	}
	return r < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	const char *socket = HANDLER_SOCKET;
	key_serial_t key;
	int c;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1)
		switch (c) {
		case 's':
			socket = optarg;
			break;
		case 'h':
			return usage(stdout, 0);
		case 'V':
			puts("kms-request-key " KMSAGENT_VERSION);
			return 0;
		default:
			return usage(stderr, 2);
		}
	if (argc - optind != 1 || !parse_serial(argv[optind], &key))
		return usage(stderr, 2);
	openlog("kms-request-key", LOG_PID | LOG_PERROR, LOG_AUTHPRIV);
	return settle(socket, key);
}
