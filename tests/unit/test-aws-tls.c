/* SPDX-License-Identifier: MIT */
/*
 * The KMS client over TLS, against openssl(1) s_server: whom it trusts, and
 * that a refusal sends nothing.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "kmsagent/aws/client.h"
#include "kmsagent/base/json.h"
#include "tests/unit/tap.h"

static char dir[] = "/tmp/awskms-tls.XXXXXX";

#define BODY                                                                   \
	"{\"KeyMetadata\":{\"Arn\":\"a\",\"KeyId\":\"b\","                     \
	"\"KeyState\":\"Enabled\",\"KeySpec\":\"c\"}}"

static const char *in_dir(const char *name)
{
	static char path[4][96];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

static int certificate(const char *name)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "openssl req -x509 -newkey ec -pkeyopt "
		 "ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test "
		 "-addext subjectAltName=DNS:localhost -keyout %s.key -out "
		 "%s.crt >%s 2>&1",
		 in_dir(name), in_dir(name), in_dir("log"));
	return system(command);
}

/* One connection; its port, or 0.  What arrives goes to the file "seen". */
static unsigned server_start(const char *protocol, pid_t *ret_pid,
			     int *ret_input)
{
	int input[2];
	unsigned port = 0;
	char line[256];
	FILE *seen;

	unlink(in_dir("seen"));
	/* It says what it reads from its input, and ends with that: so that
	 * stays open until the client is done. */
	if (pipe2(input, O_CLOEXEC) < 0)
		return 0;
	*ret_input = input[1];
	dprintf(input[1], "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
		strlen(BODY), BODY);
	*ret_pid = fork();
	if (*ret_pid == 0) {
		int out = open(in_dir("seen"),
			       O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0600);

		dup2(input[0], 0);
		dup2(out, 1);
		dup2(out, 2);
		execlp("openssl", "openssl", "s_server", "-accept",
		       "127.0.0.1:0", "-naccept", "1", "-cert",
		       in_dir("us.crt"), "-key", in_dir("us.key"), protocol,
		       (char *)NULL);
		_exit(127);
	}
	close(input[0]);
	for (int i = 0; i < 250 && !port; i++) {
		usleep(20000);
		seen = fopen(in_dir("seen"), "re");
		while (seen && fgets(line, sizeof(line), seen))
			(void)!sscanf(line, "ACCEPT 127.0.0.1:%u", &port);
		if (seen)
			fclose(seen);
	}
	return port;
}

static bool was_seen(const char *text)
{
	FILE *seen = fopen(in_dir("seen"), "re");
	char line[4096];
	bool found = false;

	while (seen && fgets(line, sizeof(line), seen))
		found |= strstr(line, text) != NULL;
	if (seen)
		fclose(seen);
	return found;
}

static int describe(const char *host, const char *ca, const char *protocol,
		    struct awskms_error *err)
{
	struct awskms_credentials creds = AWSKMS_CREDENTIALS_INIT;
	_cleanup_(awskms_key_info_done) struct awskms_key_info info =
		AWSKMS_KEY_INFO_INIT;
	_cleanup_(awskms_freep) struct awskms_client *c = NULL;
	char endpoint[64], why[256];
	struct awskms_config config = {
		.endpoint = endpoint,
		.region = "eu-west-1",
		.ca_file = ca,
		.credentials = &creds,
	};
	pid_t pid = -1;
	_close_ int input = -1;
	unsigned port = server_start(protocol, &pid, &input);
	int r;

	snprintf(endpoint, sizeof(endpoint), "https://%s:%u", host, port);
	r = awskms_credentials_set(&creds, "AKID", "secret", 6, NULL);
	if (r == 0)
		r = awskms_new(&config, &c, why, sizeof(why));
	if (r == 0)
		r = awskms_describe_key(c, "k", &info, err);
	/* It ends with its one connection, and writes what it saw then. */
	awskms_free(take_ptr(c));
	for (int i = 0; i < 100; i++) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return r;
		usleep(20000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return r;
}

int main(void)
{
	struct awskms_error e = AWSKMS_ERROR_INIT;
	char ours[96], foreign[96], nothing[96], command[160];

	if (system("command -v openssl >/dev/null") != 0)
		tap_skip_all("needs the command openssl");
	json_init();
	if (!mkdtemp(dir) || awskms_global_init() < 0)
		return 1;
	TAP_OK(certificate("us") == 0 && certificate("them") == 0,
	       "two_certificates_are_made");
	snprintf(ours, sizeof(ours), "%s/us.crt", dir);
	snprintf(foreign, sizeof(foreign), "%s/them.crt", dir);
	snprintf(nothing, sizeof(nothing), "%s/nothing.crt", dir);

	if (!TAP_EQ_INT(describe("localhost", ours, "-tls1_3", &e), 0,
			"a_service_of_the_named_authority_is_trusted"))
		tap_diag("%s", e.message);
	TAP_OK(was_seen("TrentService.DescribeKey"), "and_gets_the_request");
	TAP_EQ_INT(describe("localhost", ours, "-tls1_2", &e), 0,
		   "over_tls_1_2_too");

	TAP_EQ_INT(describe("localhost", foreign, "-tls1_3", &e), -EPROTO,
		   "a_service_of_another_authority_is_not");
	TAP_OK(e.class == AWSKMS_CLASS_UNREACHABLE && e.message[0] &&
		       !e.may_pass,
	       "and_the_error_says_why");
	TAP_OK(!was_seen("TrentService"), "and_gets_nothing");
	TAP_EQ_INT(describe("localhost", NULL, "-tls1_3", &e), -EPROTO,
		   "nor_one_of_none_of_the_systems_authorities");
	TAP_EQ_INT(describe("127.0.0.1", ours, "-tls1_3", &e), -EPROTO,
		   "a_certificate_for_another_name_is_refused");
	TAP_OK(!was_seen("TrentService"), "its_owner_gets_nothing_either");
	TAP_EQ_INT(describe("localhost", nothing, "-tls1_3", &e), -EPROTO,
		   "a_missing_authority_file_is_an_error");

	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) == 0 ? tap_done() : 1;
}
