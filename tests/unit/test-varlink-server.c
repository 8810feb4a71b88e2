/* SPDX-License-Identifier: MIT */
/*
 * The Varlink server against well- and ill-behaved peers, in one thread: the
 * peers are plain sockets, the server is driven by hand between their steps.
 */
#include "kmsagent/varlink/server.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "kmsagent/varlink/client.h"
#include "tests/unit/tap.h"

static char dir[] = "/tmp/varlink.XXXXXX";
static char path[64];
static struct varlink_call *later; /* a call that waits for its answer */
static unsigned cancelled;
static const char idl[] = "interface org.example.test\n"
			  "method Echo(text: string) -> (text: string)\n";

static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static void echo(struct varlink_call *call, const cJSON *params, void *userdata)
{
	const char *text;
	cJSON *j;

	(void)userdata;
	if (varlink_get_string(params, "text", &text) < 0) {
		varlink_error_parameter(call, "text");
		return;
	}
	j = cJSON_CreateObject();
	cJSON_AddStringToObject(j, "text", text);
	varlink_reply(call, j);
}

static void on_cancel(struct varlink_call *call, void *data)
{
	(void)call;
	++*(unsigned *)data;
	later = NULL;
}

static void wait_for_it(struct varlink_call *call, const cJSON *params,
			void *userdata)
{
	(void)params;
	(void)userdata;
	varlink_call_on_cancel(call, on_cancel, &cancelled);
	later = call;
}

/* Answers what the first descriptor says, and how many there were. */
static void read_fd(struct varlink_call *call, const cJSON *params,
		    void *userdata)
{
	size_t n = varlink_call_fd_count(call);
	_close_ int fd = n ? varlink_call_take_fd(call, 0) : -1;
	char text[32] = "";
	cJSON *j = cJSON_CreateObject();

	(void)params;
	(void)userdata;
	if (fd >= 0)
		(void)!read(fd, text, sizeof(text) - 1);
	cJSON_AddNumberToObject(j, "count", (double)n);
	cJSON_AddStringToObject(j, "text", text);
	cJSON_AddBoolToObject(j, "cloexec",
			      fd >= 0 && fcntl(fd, F_GETFD) & FD_CLOEXEC);
	cJSON_AddBoolToObject(j, "twice", varlink_call_take_fd(call, 0) >= 0);
	cJSON_AddNumberToObject(j, "uid", varlink_call_peer(call)->uid);
	varlink_reply(call, j);
}

static void large(struct varlink_call *call, const cJSON *params,
		  void *userdata)
{
	cJSON *j = cJSON_CreateObject();
	char *text = malloc(1 << 20);
	int64_t n;

	(void)userdata;
	if (text &&
	    varlink_get_int(params, "bytes", 0, (1 << 20) - 1, &n) == 0) {
		memset(text, 'x', (size_t)n);
		text[n] = '\0';
		cJSON_AddStringToObject(j, "text", text);
	}
	free(text);
	varlink_reply(call, j);
}

static const struct varlink_method methods[] = {
	{"Echo", echo, VARLINK_NONE},
	{"Wait", wait_for_it, VARLINK_NONE},
	{"ReadFd", read_fd, VARLINK_TAKES_FDS},
	{"Large", large, VARLINK_NONE},
	{"Secret", echo, VARLINK_ROOT_ONLY},
	{NULL, NULL, VARLINK_NONE},
};

/* Serve on @fd; -1 = on a new socket, which is in server_socket then. */
static int server_socket;
static struct varlink_server *server_take(int fd, unsigned max,
					  unsigned per_uid, unsigned timeout_ms)
{
	struct varlink_server *s = NULL;
	struct varlink_config config = {
		.listen_fd = fd,
		.vendor = "v",
		.product = "p",
		.version = "1",
		.url = "u",
		.interface = "org.example.test",
		.idl = idl,
		.methods = methods,
		.busy_error = "org.example.test.Busy",
		.max_connections = max,
		.max_connections_per_uid = per_uid,
		.io_timeout_ms = timeout_ms,
	};

	if ((fd < 0 && varlink_listen(path, 0666, &config.listen_fd) < 0) ||
	    varlink_server_new(&config, &s) < 0) {
		perror("server");
		exit(1);
	}
	server_socket = config.listen_fd;
	return s;
}

static struct varlink_server *server_start(unsigned max, unsigned per_uid,
					   unsigned timeout_ms)
{
	return server_take(-1, max, per_uid, timeout_ms);
}

/* Let the server do what is ready, until nothing is for @ms. */
static void pump(struct varlink_server *s, int ms)
{
	struct pollfd p = {.fd = varlink_server_fd(s), .events = POLLIN};

	while (poll(&p, 1, ms) > 0)
		if (varlink_server_dispatch(s) < 0)
			exit(1);
}

static int peer_connect(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(a.sun_path, path);
	if (connect(fd, (void *)&a, sizeof(a)) < 0) {
		perror("connect");
		exit(1);
	}
	return fd;
}

static void peer_send(int fd, const char *text, size_t len)
{
	(void)!send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void peer_call(int fd, const char *text)
{
	peer_send(fd, text, strlen(text) + 1);
}

static void peer_send_fds(int fd, const char *text, size_t len, const int *fds,
			  size_t n)
{
	char room[CMSG_SPACE(sizeof(int) * 64)] = {0};
	struct iovec io = {(void *)(uintptr_t)text, len};
	struct msghdr msg = {
		.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = room,
		.msg_controllen = CMSG_SPACE(sizeof(int) * n),
	};
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int) * n);
	memcpy(CMSG_DATA(h), fds, sizeof(int) * n);
	if (sendmsg(fd, &msg, MSG_NOSIGNAL) < 0)
		perror("sendmsg");
}

/* What came so far, as one string (NULs become '|'); "" if nothing, "EOF" at
 * the end. */
static const char *peer_read(int fd)
{
	static char buf[8192];
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);

	if (n == 0)
		return "EOF";
	if (n < 0)
		return errno == EAGAIN ? "" : "EOF";
	for (ssize_t i = 0; i < n; i++)
		if (buf[i] == '\0')
			buf[i] = '|';
	buf[n] = '\0';
	return buf;
}

#define CALL_ECHO(t)                                                           \
	"{\"method\":\"org.example.test.Echo\",\"parameters\":{\"text\":\"" t  \
	"\"}}"
#define REPLY_ECHO(t) "{\"parameters\":{\"text\":\"" t "\"}}|"
#define CALL_WAIT     "{\"method\":\"org.example.test.Wait\"}"
#define CALL_FD	      "{\"method\":\"org.example.test.ReadFd\"}"

static void manners(void)
{
	struct varlink_server *s = server_start(0, 0, 0);
	int fd = peer_connect();

	peer_call(fd, CALL_ECHO("hi"));
	pump(s, 0);
	TAP_EQ_STR(peer_read(fd), REPLY_ECHO("hi"), "a_call_is_answered");

	peer_send(fd, CALL_ECHO("one") "\0" CALL_ECHO("two") "\0{\"me",
		  2 * sizeof(CALL_ECHO("one")) + 4);
	pump(s, 0);
	TAP_EQ_STR(peer_read(fd), REPLY_ECHO("one") REPLY_ECHO("two"),
		   "pipelined_calls_are_answered_in_order");
	peer_call(fd, &CALL_ECHO("three")[4]);
	pump(s, 0);
	TAP_EQ_STR(peer_read(fd), REPLY_ECHO("three"),
		   "a_message_in_two_pieces_is_put_together");

	peer_call(fd, "{\"method\":\"org.example.test.Nope\"}");
	pump(s, 0);
	TAP_EQ_STR(peer_read(fd),
		   "{\"error\":\"org.varlink.service.MethodNotFound\","
		   "\"parameters\":{\"method\":\"org.example.test.Nope\"}}|",
		   "an_unknown_method_is_named");
	peer_call(fd, "{\"method\":\"org.example.other.Nope\"}");
	pump(s, 0);
	TAP_EQ_STR(peer_read(fd),
		   "{\"error\":\"org.varlink.service.InterfaceNotFound\","
		   "\"parameters\":{\"interface\":\"org.example.other\"}}|",
		   "an_unknown_interface_is_named");
	peer_call(fd, "{\"method\":\"org.example.test.Echo\"}");
	pump(s, 0);
	TAP_EQ_STR(peer_read(fd),
		   "{\"error\":\"org.varlink.service.InvalidParameter\","
		   "\"parameters\":{\"parameter\":\"text\"}}|",
		   "a_missing_parameter_is_named");
	peer_call(fd, "{\"method\":\"org.example.test.Echo\","
		      "\"upgrade\":true}");
	pump(s, 0);
	TAP_OK(strstr(peer_read(fd), "\"upgrade\""), "upgrade_is_refused");
	peer_call(fd, "{\"method\":\"org.example.test.Echo\",\"oneway\":true,"
		      "\"parameters\":{\"text\":\"x\"}}");
	peer_call(fd, CALL_ECHO("after"));
	pump(s, 0);
	TAP_EQ_STR(peer_read(fd), REPLY_ECHO("after"),
		   "a_oneway_call_is_not_answered");
	close(fd);
	varlink_server_free(s);
}

static void service(void)
{
	struct varlink_server *s = server_start(0, 0, 0);
	int fd = peer_connect();
	const char *got;

	peer_call(fd, "{\"method\":\"org.varlink.service.GetInfo\"}");
	pump(s, 0);
	TAP_EQ_STR(peer_read(fd),
		   "{\"parameters\":{\"vendor\":\"v\",\"product\":\"p\","
		   "\"version\":\"1\",\"url\":\"u\",\"interfaces\":["
		   "\"org.varlink.service\",\"org.example.test\"]}}|",
		   "get_info_tells_who_and_what");
	peer_call(fd, "{\"method\":\"org.varlink.service."
		      "GetInterfaceDescription\",\"parameters\":"
		      "{\"interface\":\"org.example.test\"}}");
	pump(s, 0);
	TAP_OK(strstr(peer_read(fd), "method Echo(text: string)"),
	       "the_interface_describes_itself");
	peer_call(fd, "{\"method\":\"org.varlink.service."
		      "GetInterfaceDescription\",\"parameters\":"
		      "{\"interface\":\"org.varlink.service\"}}");
	pump(s, 0);
	TAP_OK(strstr(peer_read(fd), "method GetInfo()"),
	       "the_service_interface_describes_itself");
	peer_call(fd, "{\"method\":\"org.varlink.service."
		      "GetInterfaceDescription\",\"parameters\":"
		      "{\"interface\":\"a.b\"}}");
	pump(s, 0);
	got = peer_read(fd);
	TAP_OK(strstr(got, "InterfaceNotFound") && strstr(got, "\"a.b\""),
	       "an_unknown_interface_has_no_description");
	close(fd);
	varlink_server_free(s);
}

static void later_answers(void)
{
	struct varlink_server *s = server_start(0, 0, 0);
	int fd = peer_connect();

	peer_call(fd, CALL_WAIT);
	peer_call(fd, CALL_ECHO("next"));
	pump(s, 0);
	TAP_OK(later != NULL, "a_call_may_wait");
	TAP_EQ_STR(peer_read(fd), "", "nothing_is_answered_before_its_turn");
	varlink_reply(later, NULL);
	later = NULL;
	pump(s, 0);
	TAP_EQ_STR(peer_read(fd), "{\"parameters\":{}}|" REPLY_ECHO("next"),
		   "a_late_answer_comes_before_the_next");

	cancelled = 0;
	peer_call(fd, CALL_WAIT);
	pump(s, 0);
	shutdown(fd, SHUT_WR);
	pump(s, 0);
	TAP_EQ_INT(cancelled, 0, "a_half_closed_peer_still_gets_its_answer");
	varlink_error(later, "org.example.test.Sorry", NULL);
	pump(s, 0);
	TAP_EQ_STR(peer_read(fd),
		   "{\"error\":\"org.example.test.Sorry\",\"parameters\":{}}|",
		   "an_error_is_sent_by_its_name");
	TAP_EQ_STR(peer_read(fd), "EOF", "then_the_connection_ends");
	close(fd);

	fd = peer_connect();
	peer_call(fd, CALL_WAIT);
	pump(s, 0);
	close(fd);
	pump(s, 0);
	TAP_EQ_INT(cancelled, 1, "a_closed_connection_cancels_its_call");
	TAP_EQ_INT(varlink_server_connections(s), 0,
		   "a_closed_connection_is_forgotten");

	fd = peer_connect();
	peer_call(fd, CALL_WAIT);
	pump(s, 0);
	varlink_server_free(s);
	TAP_EQ_INT(cancelled, 2, "the_end_of_the_server_cancels_calls");
	TAP_EQ_STR(peer_read(fd), "EOF", "the_end_of_the_server_hangs_up");
	close(fd);
}

/* One refused message: the peer is told @what, and the connection ends. */
static void refused(const char *text, size_t len, const char *what,
		    const char *name)
{
	struct varlink_server *s = server_start(0, 0, 0);
	int fd = peer_connect();
	const char *got;
	bool told;

	while (len > 0) {
		size_t n = len < 65536 ? len : 65536;

		peer_send(fd, text, n);
		text += n;
		len -= n;
		pump(s, 0);
	}
	got = peer_read(fd);
	told = strstr(got, "org.varlink.service.InvalidParameter") &&
	       strstr(got, what);
	TAP_OK(told && strcmp(peer_read(fd), "EOF") == 0, name);
	if (!told)
		tap_diag("got %.200s", got);
	close(fd);
	pump(s, 0);
	varlink_server_free(s);
}

static void bad_manners(void)
{
	static char big[VARLINK_MAX_MESSAGE_BYTES + 4096];

	memset(big, ' ', sizeof(big));
#define REFUSED(text, what, name) refused(text, sizeof(text), what, name)
	REFUSED("{\"method\":", "not a Varlink call",
		"malformed_json_is_refused_with_a_sentence");
	REFUSED("{}", "not a Varlink call", "a_message_without_method");
	REFUSED("{\"error\":\"a.b.C\"}", "not a Varlink call",
		"a_reply_sent_to_the_server");
	REFUSED("", "not a Varlink call", "an_empty_message_is_refused");
	REFUSED("{\"method\":\"a.b.C\",\"parameters\":{\"x\":\"\xff\"}}",
		"not UTF-8", "bad_utf8_is_refused");
	refused(big, sizeof(big), "longer than",
		"an_overlong_message_is_refused");
}

static void half_a_message(void)
{
	struct varlink_server *s = server_start(0, 0, 0);
	int fd = peer_connect();

	peer_send(fd, "{\"method\"", 9);
	pump(s, 0);
	TAP_EQ_INT(varlink_server_connections(s), 1, "half_a_message_waits");
	close(fd);
	pump(s, 0);
	TAP_EQ_INT(varlink_server_connections(s), 0,
		   "half_a_message_then_close_is_forgotten");
	varlink_server_free(s);

	s = server_start(0, 0, 50);
	fd = peer_connect();
	pump(s, 200);
	TAP_EQ_INT(varlink_server_connections(s), 1,
		   "an_idle_connection_may_stay");
	peer_send(fd, "{\"method\"", 9);
	pump(s, 200);
	TAP_EQ_INT(varlink_server_connections(s), 0,
		   "half_a_message_does_not_wait_for_ever");
	TAP_EQ_STR(peer_read(fd), "EOF", "its_sender_is_hung_up_on");
	close(fd);
	varlink_server_free(s);
}

static void slow_reader(void)
{
	struct varlink_server *s = server_start(0, 0, 100);
	int fd = peer_connect(), other = peer_connect();
	int size = 4096;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	peer_call(fd, "{\"method\":\"org.example.test.Large\","
		      "\"parameters\":{\"bytes\":1000000}}");
	pump(s, 0);
	peer_call(other, CALL_ECHO("quick"));
	pump(s, 0);
	TAP_EQ_STR(peer_read(other), REPLY_ECHO("quick"),
		   "a_slow_reader_does_not_hold_up_others");
	TAP_EQ_INT(varlink_server_connections(s), 2,
		   "a_slow_reader_has_some_time");
	pump(s, 300);
	TAP_EQ_INT(varlink_server_connections(s), 1,
		   "a_slow_reader_is_hung_up_on_in_the_end");
	close(fd);
	close(other);
	varlink_server_free(s);
}

static void descriptors(void)
{
	struct varlink_server *s = server_start(0, 0, 0);
	int pipefd[2], many[64], fd = peer_connect();
	char want[160];

	if (pipe2(pipefd, O_CLOEXEC | O_NONBLOCK) < 0)
		exit(1);
	(void)!write(pipefd[1], "through", 7);
	peer_send_fds(fd, CALL_FD, sizeof(CALL_FD), pipefd, 2);
	pump(s, 0);
	snprintf(want, sizeof(want),
		 "{\"parameters\":{\"count\":2,\"text\":\"through\","
		 "\"cloexec\":true,\"twice\":false,\"uid\":%u}}|",
		 (unsigned)geteuid());
	TAP_EQ_STR(peer_read(fd), want,
		   "descriptors_arrive_close_on_exec_and_once");
	peer_call(fd, CALL_FD);
	pump(s, 0);
	TAP_OK(strstr(peer_read(fd), "\"count\":0"),
	       "a_call_without_descriptors_has_none");

	peer_send_fds(fd, CALL_ECHO("x"), sizeof(CALL_ECHO("x")), pipefd, 1);
	pump(s, 0);
	TAP_OK(strstr(peer_read(fd), "\"descriptors\""),
	       "a_method_that_takes_none_refuses_them");

	/* Eight, spread over the pieces of one message, then a ninth. */
	for (size_t i = 0; i < 64; i++)
		many[i] = pipefd[0];
	peer_send_fds(fd, CALL_FD, 4, many, 4);
	pump(s, 0);
	peer_send_fds(fd, &CALL_FD[4], sizeof(CALL_FD) - 4, many, 4);
	pump(s, 0);
	TAP_OK(strstr(peer_read(fd), "\"count\":8"), "eight_descriptors_pass");
	peer_send_fds(fd, CALL_FD, sizeof(CALL_FD), many, 9);
	pump(s, 0);
	TAP_OK(strstr(peer_read(fd), "more than 8 descriptors"),
	       "nine_descriptors_are_refused");
	TAP_EQ_STR(peer_read(fd), "EOF", "and_the_connection_ends");
	close(fd);

	fd = peer_connect();
	peer_send_fds(fd, CALL_FD, 4, many, 8);
	pump(s, 0);
	peer_send_fds(fd, &CALL_FD[4], 4, many, 64);
	pump(s, 0);
	TAP_OK(strstr(peer_read(fd), "more than 8 descriptors"),
	       "too_many_in_pieces_are_refused");
	close(fd);

	fd = peer_connect();
	peer_call(fd, CALL_ECHO("x"));
	peer_send_fds(fd, CALL_FD, sizeof(CALL_FD), many, 1);
	pump(s, 0);
	TAP_OK(strstr(peer_read(fd), "pipelined"),
	       "descriptors_behind_an_unanswered_call_are_refused");
	close(fd);

	/* Half a message with descriptors, then gone. */
	fd = peer_connect();
	peer_send_fds(fd, CALL_FD, 4, many, 8);
	pump(s, 0);
	close(fd);
	close(pipefd[0]);
	close(pipefd[1]);
	pump(s, 0);
	varlink_server_free(s);
}

/* A spawned child holds copies of all descriptors until its exec is through:
 * a close does not end what epoll watches then. */
static void copied_descriptors(void)
{
	struct varlink_server *s = server_start(0, 0, 0);
	struct pollfd p = {.fd = varlink_server_fd(s), .events = POLLIN};
	int fd = peer_connect();
	pid_t child;

	pump(s, 0);
	child = fork();
	if (child == 0) {
		close(fd);
		pause();
		_exit(0);
	}
	close(fd);
	if (poll(&p, 1, 1000) < 0 || varlink_server_dispatch(s) < 0)
		exit(1);
	TAP_EQ_INT(varlink_server_connections(s), 0,
		   "a_connection_ends_though_a_child_has_a_copy");
	TAP_EQ_INT(poll(&p, 1, 50), 0, "and_is_not_heard_of_again");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	varlink_server_free(s);
}

static void caps(void)
{
	struct varlink_server *s = server_start(3, 2, 0);
	int fds[4];
	const char *got;

	for (size_t i = 0; i < 4; i++) {
		fds[i] = peer_connect();
		pump(s, 0);
	}
	if (geteuid() == 0) {
		got = peer_read(fds[3]);
		TAP_OK(strstr(got, "org.example.test.Busy") &&
			       strstr(got, "too many connections"),
		       "one_connection_over_the_cap_is_told");
		TAP_EQ_STR(peer_read(fds[2]), "", "root_has_no_cap_per_user");
	}
	TAP_EQ_STR(peer_read(fds[3]), "EOF", "and_hung_up_on");
	for (size_t i = 0; i < 4; i++)
		close(fds[i]);
	pump(s, 0);
	fds[0] = peer_connect();
	pump(s, 0);
	TAP_EQ_INT(varlink_server_connections(s), 1,
		   "closed_ones_make_room_again");
	close(fds[0]);
	varlink_server_free(s);
}

/* In a child of another uid; what it saw is its exit status. */
static void another_user(void)
{
	struct varlink_server *s;
	pid_t pid;
	int status = -1;

	if (geteuid() != 0) {
		tap_skip("another_user_is_told_from_root", "needs root");
		return;
	}
	s = server_start(0, 2, 0);
	pid = fork();
	if (pid == 0) {
		struct varlink_client *c[3];
		cJSON *p = NULL;
		char *e = NULL;
		int bits = 0, r;

		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(99);
		for (int i = 0; i < 3; i++)
			if (varlink_client_connect(path, 2000, &c[i]) < 0)
				_exit(98);
		r = varlink_client_call(c[0], "org.example.test.Secret", NULL,
					NULL, 0, 2000, &p, &e);
		if (r == -EREMOTEIO &&
		    !strcmp(e, "org.varlink.service.PermissionDenied"))
			bits |= 1;
		r = varlink_client_call(c[1], "org.example.test.ReadFd", NULL,
					NULL, 0, 2000, &p, &e);
		if (r == 0 && cJSON_GetObjectItem(p, "uid")->valueint == 65534)
			bits |= 2;
		r = varlink_client_call(c[2], "org.example.test.ReadFd", NULL,
					NULL, 0, 2000, &p, &e);
		if (r == -EREMOTEIO && !strcmp(e, "org.example.test.Busy"))
			bits |= 4;
		_exit(bits);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		pump(s, 20);
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 99;
	TAP_OK(status & 1, "another_user_may_not_call_what_is_roots");
	TAP_OK(status & 2, "another_user_is_known_by_uid");
	TAP_OK(status & 4, "another_user_has_a_cap_of_its_own");
	varlink_server_free(s);
}

static atomic_bool stop;

static void *serve(void *s)
{
	while (!stop)
		pump(s, 10);
	return NULL;
}

static void client(void)
{
	struct varlink_server *s = server_start(0, 0, 0);
	_cleanup_(varlink_client_freep) struct varlink_client *c = NULL;
	cJSON *params = cJSON_CreateObject(), *p = NULL;
	char *e = NULL;
	pthread_t t;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), nine[9] = {0};

	cJSON_AddStringToObject(params, "text", "hello");
	pthread_create(&t, NULL, serve, s);
	TAP_EQ_INT(varlink_client_connect(path, 1000, &c), 0,
		   "a_client_connects");
	TAP_OK(varlink_client_call(c, "org.example.test.Echo", params, NULL, 0,
				   1000, &p, &e) == 0 &&
		       cJSON_Compare(p, params, true) && !e,
	       "a_client_gets_its_answer");
	cJSON_Delete(p);
	p = NULL;
	TAP_OK(varlink_client_call(c, "org.example.test.No", NULL, NULL, 0,
				   1000, &p, &e) == -EREMOTEIO &&
		       !strcmp(e, "org.varlink.service.MethodNotFound") &&
		       cJSON_HasObjectItem(p, "method"),
	       "a_client_gets_the_error_by_name_and_parameters");
	cJSON_Delete(p);
	free(e);
	p = NULL;
	e = NULL;
	TAP_OK(varlink_client_call(c, "org.example.test.ReadFd", NULL, &null, 1,
				   1000, &p, &e) == 0 &&
		       cJSON_GetObjectItem(p, "count")->valueint == 1,
	       "a_client_passes_descriptors_after_an_error");
	cJSON_Delete(p);
	TAP_EQ_INT(varlink_client_call(c, "org.example.test.ReadFd", NULL, nine,
				       9, 1000, &p, &e),
		   -EINVAL, "a_client_does_not_send_nine");
	cJSON_Delete(params);
	params = cJSON_CreateObject();
	cJSON_AddNumberToObject(params, "bytes", 1000000);
	TAP_OK(varlink_client_call(c, "org.example.test.Large", params, NULL, 0,
				   5000, &p, &e) == 0 &&
		       strlen(cJSON_GetObjectItem(p, "text")->valuestring) ==
			       1000000,
	       "a_client_gets_a_long_answer_whole");
	cJSON_Delete(p);
	TAP_EQ_INT(varlink_client_call(c, "org.example.test.Wait", NULL, NULL,
				       0, 100, &p, &e),
		   -ETIMEDOUT, "a_client_waits_no_longer_than_it_said");
	TAP_EQ_INT(varlink_client_call(c, "org.example.test.Echo", NULL, NULL,
				       0, 100, &p, &e),
		   -ENOTCONN, "a_late_answer_is_never_the_next_calls");
	stop = true;
	pthread_join(t, NULL);
	varlink_server_free(s);
	cJSON_Delete(params);
	close(null);
}

/* Services that are none: what they send, and what the client makes of it. */
static void lying_services(void)
{
	static const struct {
		const char *text;
		size_t len;
		int result;
		const char *name;
	} table[] = {
		{"", 0, -ECONNRESET, "a_service_that_hangs_up"},
		{"{\"para", 6, -ECONNRESET, "a_service_that_dies_half_way"},
		{"{]", 3, -EBADMSG, "a_service_that_sends_no_json"},
		{"{\"method\":\"a.b.C\"}", 19, -EBADMSG,
		 "a_service_that_sends_a_call"},
		{"{}\0{}", 6, -EBADMSG, "a_service_that_answers_twice"},
		{"{\"continues\":true}", 19, -EBADMSG,
		 "a_service_that_goes_on"},
		{"{}", 3, 0, "a_bare_answer_is_one"},
	};
	int lfd, fd;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct varlink_client *c = NULL;
		cJSON *p = NULL;
		char *e = NULL;

		if (varlink_listen(path, 0600, &lfd) < 0 ||
		    varlink_client_connect(path, 1000, &c) < 0)
			exit(1);
		fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC);
		/* Before the call: it lies in the socket already. */
		peer_send(fd, table[i].text, table[i].len);
		shutdown(fd, SHUT_WR);
		TAP_EQ_INT(varlink_client_call(c, "a.b.C", NULL, NULL, 0, 1000,
					       &p, &e),
			   table[i].result, table[i].name);
		cJSON_Delete(p);
		varlink_client_free(c);
		close(fd);
		close(lfd);
	}
}

static void listening(void)
{
	struct varlink_client *c = NULL;
	char file[80], longer[200];
	struct stat st;
	int fd, again;

	TAP_EQ_INT(varlink_listen(path, 0660, &fd), 0,
		   "a_dead_socket_is_replaced");
	TAP_OK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0660,
	       "the_socket_has_the_mode_asked_for");
	TAP_EQ_INT(varlink_listen(path, 0660, &again), -EADDRINUSE,
		   "a_live_socket_is_not");
	close(fd);
	TAP_EQ_INT(varlink_client_connect(path, 100, &c), -ECONNREFUSED,
		   "nobody_listening_is_econnrefused");
	snprintf(file, sizeof(file), "%s/file", dir);
	fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	TAP_EQ_INT(varlink_listen(file, 0660, &fd), -EEXIST,
		   "a_file_is_not_replaced");
	unlink(file);
	TAP_EQ_INT(varlink_client_connect(file, 100, &c), -ENOENT,
		   "no_socket_is_enoent");
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	TAP_EQ_INT(varlink_listen(longer, 0660, &fd), -ENAMETOOLONG,
		   "an_overlong_path_is_refused");
	TAP_EQ_INT(varlink_client_connect(longer, 100, &c), -ENAMETOOLONG,
		   "an_overlong_path_is_refused_by_the_client");
}

/* The socket is systemd's too: what comes after the end waits in it. */
static void ending(void)
{
	struct varlink_server *s = server_start(0, 0, 0);
	int kept = dup(server_socket), late, fd = peer_connect();

	peer_call(fd, CALL_WAIT);
	pump(s, 0);
	varlink_server_shut(s);
	late = peer_connect();
	peer_call(late, CALL_ECHO("late"));
	pump(s, 0);
	TAP_EQ_INT(varlink_server_connections(s), 1,
		   "who_connects_after_the_end_waits");
	TAP_OK(!varlink_server_is_idle(s, 0), "a_call_is_waited_for");
	peer_call(fd, CALL_ECHO("next"));
	varlink_reply(later, NULL);
	later = NULL;
	pump(s, 0);
	TAP_EQ_STR(peer_read(fd), "{\"parameters\":{}}|" REPLY_ECHO("next"),
		   "what_was_begun_is_answered");
	TAP_OK(varlink_server_is_idle(s, 0), "then_nothing_is_left_to_do");
	TAP_OK(!varlink_server_is_idle(s, 60000),
	       "but_the_client_may_have_another_call");
	varlink_server_free(s);
	close(fd);

	s = server_take(kept, 0, 0, 0);
	pump(s, 0);
	TAP_EQ_STR(peer_read(late), REPLY_ECHO("late"),
		   "the_next_server_answers_who_waited");
	close(late);
	varlink_server_free(s);
}

int main(void)
{
	int before;

	if (!mkdtemp(dir) || chmod(dir, 0755) < 0)
		return 1;
	snprintf(path, sizeof(path), "%s/socket", dir);
	before = count_fds();
	manners();
	service();
	ending();
	later_answers();
	bad_manners();
	half_a_message();
	slow_reader();
	descriptors();
	copied_descriptors();
	caps();
	another_user();
	client();
	lying_services();
	listening();
	TAP_EQ_INT(count_fds(), before, "no_descriptor_is_left_open");
	unlink(path);
	rmdir(dir);
	return tap_done();
}
