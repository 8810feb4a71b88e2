/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a body under a fixed header.  The input is what is changed in
 * the body of a good message (zeros change nothing), so that the fuzzer starts
 * among valid tags.  Nothing unauthenticated may come out: always a prefix of
 * the one text that was ever sealed under this key.
 */
#include <string.h>
#include <sys/mman.h>

#include "kcapi/bulk.h"
#include "kcapi/frame.h"

#define FRAME_BYTES 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		__builtin_trap();
}

static const char text[] = "the only text that was ever sealed here";
static struct esdk_header header;
static struct secret key;
static uint8_t body[256];
static size_t body_len;
static int in, out;

static void set_up(void)
{
	struct bulk_job job = {.engine = &bulk_engine_openssl,
			       .message_key = &key};
	struct bulk_result result;

	in = memfd_create("in", MFD_CLOEXEC);
	out = memfd_create("out", MFD_CLOEXEC);
	job.in = in;
	job.out = out;
	require(secret_alloc(&key, ESDK_KEY_BYTES) == 0); /* zeros: fixed */
	header.edks[0] =
		(struct esdk_edk){(const uint8_t *)"t", 1, NULL, 0, NULL, 0};
	header.edk_count = 1;
	header.frame_bytes = FRAME_BYTES;
	require(pwrite(in, text, sizeof(text), 0) == sizeof(text));
	require(bulk_encrypt(&job, &header, &result) == 0);
	body_len = (size_t)pread(out, body, sizeof(body),
				 (off_t)esdk_header_len(&header));
	require(body_len > sizeof(text) && body_len < sizeof(body));
}

static void run_pipeline(const uint8_t *data, size_t size)
{
	struct bulk_job job = {in, out, &bulk_engine_openssl, &key};
	struct bulk_result result;
	char got[sizeof(text)];
	ssize_t n;
	int r;

	require(ftruncate(in, 0) == 0 && ftruncate(out, 0) == 0);
	require(pwrite(in, data, size, 0) == (ssize_t)size);
	lseek(in, 0, SEEK_SET);
	lseek(out, 0, SEEK_SET);
	r = bulk_decrypt_body(&job, &header, &result);
	require(r == 0 ||
		(r == -EBADMSG && result.refusal.stage != ESDK_STAGE_NONE));
	require(result.bytes_out <= sizeof(text));
	n = pread(out, got, sizeof(got), 0);
	require(n == (ssize_t)result.bytes_out &&
		memcmp(got, text, (size_t)n) == 0);
	require(r < 0 || n == sizeof(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t changed[2 * sizeof(body)];
	struct esdk_header unframed = {.content = ESDK_CONTENT_UNFRAMED};
	struct esdk_frame f;
	enum esdk_stage stage = ESDK_STAGE_NONE;

	if (!header.bytes)
		set_up();
	if (esdk_frame_parse(data, size, &unframed, 1, &f, &stage) < 0)
		require(stage == ESDK_STAGE_BODY || stage == ESDK_STAGE_LIMIT);
	else
		require(f.len <= ESDK_MAX_FRAME_BYTES && f.head_len <= size);
	if (size > sizeof(changed))
		return 0;
	for (size_t i = 0; i < size; i++)
		changed[i] = data[i] ^ (i < body_len ? body[i] : 0);
	run_pipeline(changed, size);
	return 0;
}
