/* SPDX-License-Identifier: MIT */
/*
 * The pipeline against descriptors that misbehave: trickling and interrupted
 * pipes, non-blocking sockets, full disks, readers that go away; and how far
 * a message that was tampered with gets.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "kcapi/bulk.h"
#include "kcapi/frame.h"
#include "tap.h"

#define PLAIN_BYTES (5 * 4096 + 123)
#define FRAME_BYTES 4096

static uint8_t plain[PLAIN_BYTES];
static struct secret message_key;
static uint8_t commitment[ESDK_COMMITMENT_BYTES];

/* --- the other end: a thread that feeds or drains a descriptor ----------- */

struct peer {
	pthread_t thread;
	int fd;
	uint8_t *bytes;
	size_t len;  /* to feed, or drained */
	size_t step; /* bytes a call */
};

static void *feed(void *arg)
{
	struct peer *p = arg;

	for (size_t at = 0; at < p->len;) {
		size_t n = p->len - at < p->step ? p->len - at : p->step;
		ssize_t put = write(p->fd, p->bytes + at, n);

		if (put > 0)
			at += (size_t)put;
		else if (errno != EINTR)
			break;
	}
	close(p->fd);
	return NULL;
}

static void *drain(void *arg)
{
	struct peer *p = arg;
	ssize_t n;

	while ((n = read(p->fd, p->bytes + p->len, p->step)) != 0)
		if (n > 0)
			p->len += (size_t)n;
		else if (errno != EINTR)
			break;
	close(p->fd);
	return NULL;
}

static void start(struct peer *p, void *(*run)(void *))
{
	sigset_t all, old;

	/* Signals are for the thread under test. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&p->thread, NULL, run, p) != 0)
		exit(1);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* --- messages ------------------------------------------------------------- */

static void parts(struct esdk_header *h)
{
	*h = ESDK_HEADER_INIT;
	memset(h->message_id, 7, sizeof(h->message_id));
	memcpy(h->commitment, commitment, sizeof(commitment));
	h->edks[0] = (struct esdk_edk){(const uint8_t *)"test", 4, NULL, 0,
				       (const uint8_t *)"blob", 4};
	h->edk_count = 1;
	h->frame_bytes = FRAME_BYTES;
}

static void make_keys(void)
{
	_cleanup_(secret_done) struct secret data_key = SECRET_INIT;
	struct esdk_header h;

	parts(&h);
	if (secret_random(&data_key, ESDK_KEY_BYTES) < 0 ||
	    esdk_derive(&data_key, h.message_id, &message_key, commitment) < 0)
		exit(1);
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * 7 + i / 251);
}

static int encrypt(int in, int out, struct bulk_result *result)
{
	_cleanup_(esdk_header_done) struct esdk_header h;
	struct bulk_job job = {in, out, &bulk_engine_openssl, &message_key};

	parts(&h);
	return bulk_encrypt(&job, &h, result);
}

static int decrypt(int in, int out, struct bulk_result *result)
{
	_cleanup_(esdk_header_done) struct esdk_header h = ESDK_HEADER_INIT;
	struct bulk_job job = {in, out, &bulk_engine_openssl, &message_key};
	int r;

	*result = (struct bulk_result){0};
	r = bulk_decrypt_header(in, &h, &result->refusal);
	if (r == 0)
		r = bulk_decrypt_body(&job, &h, result);
	return r;
}

static int file_of(const void *p, size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	if (fd < 0 || (len && pwrite(fd, p, len, 0) != (ssize_t)len))
		exit(1);
	return fd;
}

static size_t message_of(const void *p, size_t len, uint8_t *to, size_t cap)
{
	_close_ int in = file_of(p, len);
	_close_ int out = file_of("", 0);
	struct bulk_result result;

	if (encrypt(in, out, &result) != 0)
		exit(1);
	return (size_t)pread(out, to, cap, 0);
}

static uint8_t message[PLAIN_BYTES + 4096], scratch[2 * PLAIN_BYTES];
static size_t message_len;

/* --- tests ----------------------------------------------------------------- */

/* Both ways through two pipes, the peers taking @step bytes at a time. */
static bool survives(int kind, size_t step, int flags, struct bulk_result *r)
{
	int a[2], b[2];
	struct peer in = {.bytes = message, .len = message_len, .step = step};
	struct peer out = {.bytes = scratch, .step = step};
	int e;

	if (kind == 0 ? pipe(a) || pipe(b)
		      : socketpair(AF_UNIX, SOCK_STREAM, 0, a) ||
				socketpair(AF_UNIX, SOCK_STREAM, 0, b))
		return false;
	/* A pipe's end to read is the first; either of a socket's will do. */
	in.fd = a[1];
	out.fd = b[0];
	fcntl(a[0], F_SETFL, flags);
	fcntl(b[1], F_SETFL, flags);
	start(&in, feed);
	start(&out, drain);
	e = decrypt(a[0], b[1], r);
	close(a[0]);
	close(b[1]);
	pthread_join(in.thread, NULL);
	pthread_join(out.thread, NULL);
	return e == 0 && out.len == sizeof(plain) &&
	       memcmp(scratch, plain, sizeof(plain)) == 0;
}

static volatile sig_atomic_t interruptions;

static void on_alarm(int sig)
{
	(void)sig;
	interruptions++;
}

static void test_descriptors(void)
{
	struct sigaction sa = {.sa_handler = on_alarm}; /* no SA_RESTART */
	struct itimerval often = {{0, 200}, {0, 200}}, off = {{0, 0}, {0, 0}};
	struct bulk_result r;

	TAP_OK(survives(0, 1 << 16, 0, &r), "pipes_carry_a_message");
	TAP_OK(r.bytes_out == sizeof(plain) && r.frames == 6 &&
		       r.bytes_in == 6 * 32 + 8 + sizeof(plain),
	       "bytes_and_frames_are_counted");
	TAP_OK(survives(0, 7, 0, &r), "seven_bytes_at_a_time_are_enough");
	TAP_OK(survives(1, 1000, 0, &r), "sockets_carry_a_message");
	TAP_OK(survives(1, 1000, O_NONBLOCK, &r),
	       "non_blocking_sockets_are_waited_for");
	TAP_OK(survives(0, 13, O_NONBLOCK, &r),
	       "non_blocking_pipes_are_waited_for");
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	TAP_OK(survives(0, 3, 0, &r), "interrupted_calls_are_repeated");
	setitimer(ITIMER_REAL, &off, NULL);
	TAP_OK(interruptions > 0, "there_were_interruptions");
}

static void test_sizes(void)
{
	static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8192, 20480};
	bool pass = true;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t n =
			message_of(plain, sizes[i], scratch, sizeof(scratch));
		_close_ int in = file_of(scratch, n);
		_close_ int out = file_of("", 0);
		struct bulk_result r;

		pass = pass && decrypt(in, out, &r) == 0 &&
		       r.bytes_out == sizes[i] &&
		       pread(out, scratch, sizeof(scratch), 0) ==
			       (ssize_t)sizes[i] &&
		       memcmp(scratch, plain, sizes[i]) == 0;
	}
	TAP_OK(pass, "sizes_around_a_frame_come_back_whole");
}

static void test_header_is_taken_exactly(void)
{
	_cleanup_(esdk_header_done) struct esdk_header h = ESDK_HEADER_INIT;
	struct esdk_refusal why;
	uint8_t next;
	int p[2];

	if (pipe(p) < 0 || write(p[1], message, 4096) != 4096)
		exit(1);
	TAP_OK(bulk_decrypt_header(p[0], &h, &why) == 0 &&
		       read(p[0], &next, 1) == 1 &&
		       next == message[esdk_header_len(&h)],
	       "header_is_read_from_a_pipe_and_not_a_byte_more");
	close(p[0]);
	close(p[1]);
}

static void test_failing_output(void)
{
	_close_ int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct bulk_result r;
	int in, p[2];

	in = file_of(plain, sizeof(plain));
	TAP_EQ_INT(encrypt(in, full, &r), -ENOSPC, "full_disk_is_reported");
	TAP_OK(r.where == BULK_WHERE_OUTPUT && r.bytes_out == 0,
	       "as_the_outputs_fault");
	close(in);
	in = file_of(message, message_len);
	TAP_EQ_INT(decrypt(in, full, &r), -ENOSPC, "on_decryption_too");
	close(in);

	if (pipe(p) < 0)
		exit(1);
	close(p[0]);
	in = file_of(message, message_len);
	TAP_EQ_INT(decrypt(in, p[1], &r), -EPIPE, "gone_reader_is_reported");
	TAP_EQ_STR(bulk_where_name(r.where), "output", "by_name");
	close(in);
	close(p[1]);
}

static void test_failing_input(void)
{
	_close_ int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_close_ int out = file_of("", 0);
	struct bulk_result r;

	TAP_EQ_INT(encrypt(dir, out, &r), -EISDIR, "directory_is_no_input");
	TAP_OK(r.where == BULK_WHERE_INPUT, "as_the_inputs_fault");
	TAP_EQ_INT(decrypt(dir, out, &r), -EISDIR, "nor_a_message");
	TAP_EQ_INT(encrypt(-1, out, &r), -EBADF, "closed_input_is_reported");
}

/* One bit at @at changed: what comes out must be whole frames before it. */
static bool stops_before(size_t at, size_t frames, enum esdk_stage stage)
{
	_close_ int in = file_of(message, message_len);
	_close_ int out = file_of("", 0);
	uint8_t changed = message[at] ^ 0x80;
	struct bulk_result r;
	ssize_t n;

	if (pwrite(in, &changed, 1, (off_t)at) != 1)
		exit(1);
	if (decrypt(in, out, &r) != -EBADMSG || r.refusal.stage != stage ||
	    r.frames != frames)
		return false;
	n = pread(out, scratch, sizeof(scratch), 0);
	return n == (ssize_t)(frames * FRAME_BYTES) &&
	       r.bytes_out == (uint64_t)n &&
	       memcmp(scratch, plain, (size_t)n) == 0;
}

static void test_tampering(void)
{
	size_t body = message_len - (6 * 32 + 8 + sizeof(plain));
	bool pass = true;

	for (size_t i = 0; i < 5; i++) {
		size_t frame = body + i * (32 + FRAME_BYTES);

		pass = pass &&
		       stops_before(frame + 16, i, ESDK_STAGE_FRAME_TAG);
		pass = pass && stops_before(frame + 16 + FRAME_BYTES + 15, i,
					    ESDK_STAGE_FRAME_TAG);
		pass = pass && stops_before(frame + 3, i, ESDK_STAGE_SEQUENCE);
	}
	TAP_OK(pass, "no_byte_of_a_changed_frame_or_after_comes_out");
	TAP_OK(stops_before(message_len - 1, 5, ESDK_STAGE_FRAME_TAG),
	       "nor_of_a_changed_last_frame");
	TAP_OK(stops_before(body - 1, 0, ESDK_STAGE_HEADER_TAG),
	       "nothing_comes_out_under_a_changed_header");
}

static void test_sequence_end(void)
{
	struct esdk_frame f;

	TAP_OK(esdk_frame_next(UINT32_MAX - 1, 16, 16, &f) == 0 &&
		       f.piece == ESDK_PIECE_FRAME,
	       "last_regular_frame_is_2_to_32_less_2");
	TAP_EQ_INT(esdk_frame_next(UINT32_MAX, 16, 16, &f), -EFBIG,
		   "no_regular_frame_looks_like_the_final_mark");
	TAP_OK(esdk_frame_next(UINT32_MAX, 15, 16, &f) == 0 &&
		       f.piece == ESDK_PIECE_FINAL,
	       "final_frame_may_have_that_number");
	TAP_EQ_INT(esdk_frame_next(0, 1, 16, &f), -EFBIG,
		   "no_frame_has_the_headers_number");
}

static void test_engine_limit(void)
{
	_cleanup_(esdk_header_done) struct esdk_header h;
	struct bulk_job job = {-1, -1, &bulk_engine_kcapi, &message_key};
	struct bulk_result r;

	parts(&h);
	h.frame_bytes = 65537;
	TAP_EQ_INT(bulk_encrypt(&job, &h, &r), -EMSGSIZE,
		   "frames_beyond_the_engine_are_refused");
	TAP_OK(r.where == BULK_WHERE_ENGINE, "as_the_engines_fault");
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	make_keys();
	message_len =
		message_of(plain, sizeof(plain), message, sizeof(message));
	test_descriptors();
	test_sizes();
	test_header_is_taken_exactly();
	test_failing_output();
	test_failing_input();
	test_tampering();
	test_sequence_end();
	test_engine_limit();
	secret_done(&message_key);
	return tap_done();
}
