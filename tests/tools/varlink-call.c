/* SPDX-License-Identifier: MIT */
/*
 * One Varlink call from a shell: varlink-call SOCKET METHOD [JSON [FD]...].
 * The FDs are numbers of this process's descriptors to pass.  Prints the
 * reply's parameters; after an error its name and parameters, and ends 1.
 */
#include <string.h>

#include "kmsagent/base/json.h"
#include "kmsagent/varlink/client.h"

#define TIMEOUT_MS 60000

static int call(struct varlink_client *c, const char *method, const char *json,
		const int *fds, size_t nfds)
{
	_json_ cJSON *params = NULL;
	_json_ cJSON *reply = NULL;
	_free_ char *error = NULL;
	_json_text_ char *text = NULL;
	int r;

	if (json_parse_object(json, strlen(json), &params) < 0) {
		fprintf(stderr, "varlink-call: this is no JSON object\n");
		return 2;
	}
	r = varlink_client_call(c, method, params, fds, nfds, TIMEOUT_MS,
				&reply, &error);
	if (r < 0 && r != -EREMOTEIO) {
		fprintf(stderr, "varlink-call: %s\n", strerror(-r));
		return 3;
	}
	text = json_print(reply);
	printf("%s%s%s\n", error ? error : "", error ? " " : "", text);
	return error ? 1 : 0;
}

int main(int argc, char *argv[])
{
	_cleanup_(varlink_client_freep) struct varlink_client *c = NULL;
	int fds[16];
	size_t nfds = 0;
	int r;

	if (argc < 3 || argc > 4 + (int)ARRAY_SIZE(fds)) {
		fprintf(stderr,
			"usage: varlink-call SOCKET METHOD [JSON [FD]...]\n");
		return 2;
	}
	json_init();
	for (int i = 4; i < argc; i++)
		fds[nfds++] = atoi(argv[i]);
	r = varlink_client_connect(argv[1], TIMEOUT_MS, &c);
	if (r < 0) {
		fprintf(stderr, "varlink-call: %s: %s\n", argv[1],
			strerror(-r));
		return 3;
	}
	return call(c, argv[2], argc > 3 ? argv[3] : "{}", fds, nfds);
}
