/* SPDX-License-Identifier: MIT */
/*
 * Messages without agent and KMS, for tests against other programs: the data
 * key is wrapped as the SDKs' raw AES keyrings do it (namespace
 * "kmsagent-test", key name "wrapping-key-1"), under a key read from a file.
 * A test's tool, not for secrets.
 */
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kcapi/bulk.h"
#include "keyring/wire.h"

#define NAMESPACE  "kmsagent-test"
#define KEY_NAME   "wrapping-key-1"
#define INFO_BYTES (sizeof(KEY_NAME) - 1 + 4 + 4 + ESDK_IV_BYTES)
#define WRAP_BYTES (ESDK_KEY_BYTES + ESDK_TAG_BYTES)

static void usage(void)
{
	fputs("usage: bulk-tool probe\n"
	      "       bulk-tool encrypt|decrypt [-e ENGINE] [-f FRAME-BYTES]\n"
	      "                 [-c K=V]... WRAPPING-KEY-FILE <IN >OUT\n",
	      stderr);
	exit(2);
}

static int probe(void)
{
	static const char *const names[] = {"kcapi", "openssl"};
	const struct bulk_engine *e;
	char reason[BULK_REASON_BYTES];
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct bulk_probe p;

		bulk_engine_find(names[i])->probe(&p);
		printf("%s: %s: %s\n", names[i], bulk_verdict_name(p.verdict),
		       p.reason);
	}
	r = bulk_engine_choose("auto", BULK_FRAME_BYTES, &e, reason);
	printf("auto: %s: %s\n", r == 0 ? e->name : "none", reason);
	return r == 0 ? 0 : 1;
}

static void read_key(const char *path, struct secret *ret)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	if (secret_alloc(ret, ESDK_KEY_BYTES) < 0 ||
	    read(fd, ret->bytes, ret->len) != (ssize_t)ret->len)
		errx(1, "%s: want %d bytes", path, ESDK_KEY_BYTES);
}

/* What a wrapped data key is bound to lies before it in the buffer. */
static uint8_t *wrap_buffer(const struct ectx *context, size_t *ret_aad_len)
{
	_free_ uint8_t *aad = NULL;
	uint8_t *buf;

	if (ectx_encode(context, &aad, ret_aad_len) < 0)
		errx(1, "context");
	buf = calloc(1, *ret_aad_len + WRAP_BYTES);
	if (!buf)
		err(1, NULL);
	if (*ret_aad_len)
		memcpy(buf, aad, *ret_aad_len);
	return buf;
}

static void wrap(const struct secret *wrapping_key, struct esdk_header *h,
		 const struct secret *data_key)
{
	const struct bulk_engine *e = &bulk_engine_openssl;
	struct wire_writer w = WIRE_WRITER_INIT;
	uint8_t iv[ESDK_IV_BYTES], *info, *buf, *text;
	size_t aad_len, info_len;
	void *session;

	buf = wrap_buffer(&h->context, &aad_len);
	text = buf + aad_len;
	memcpy(text, data_key->bytes, data_key->len);
	memcpy(iv, h->message_id, sizeof(iv)); /* random, used once */
	if (e->open(wrapping_key, &session) < 0 ||
	    e->seal(session, iv, text, data_key->len, aad_len) < 0)
		errx(1, "cannot wrap");
	e->close(session);
	wire_put_bytes(&w, KEY_NAME, sizeof(KEY_NAME) - 1);
	wire_put_u32(&w, ESDK_TAG_BYTES * 8);
	wire_put_u32(&w, ESDK_IV_BYTES);
	wire_put_bytes(&w, iv, sizeof(iv));
	if (wire_writer_take(&w, &info, &info_len) < 0)
		errx(1, "out of memory");
	h->edks[0] = (struct esdk_edk){(const uint8_t *)NAMESPACE,
				       sizeof(NAMESPACE) - 1,
				       info,
				       info_len,
				       text,
				       WRAP_BYTES};
	h->edk_count = 1;
}

static bool is_ours(const struct esdk_edk *e)
{
	return e->provider_id_len == sizeof(NAMESPACE) - 1 &&
	       memcmp(e->provider_id, NAMESPACE, e->provider_id_len) == 0 &&
	       e->info_len == INFO_BYTES &&
	       memcmp(e->info, KEY_NAME, sizeof(KEY_NAME) - 1) == 0 &&
	       e->ciphertext_len == WRAP_BYTES;
}

static int unwrap(const struct secret *wrapping_key,
		  const struct esdk_header *h, struct secret *ret)
{
	const struct bulk_engine *e = &bulk_engine_openssl;
	size_t aad_len;
	_free_ uint8_t *buf = wrap_buffer(&h->context, &aad_len);
	void *session;
	int r = -ENOKEY;

	if (e->open(wrapping_key, &session) < 0)
		errx(1, "wrapping key");
	for (size_t i = 0; r < 0 && i < h->edk_count; i++) {
		const struct esdk_edk *k = &h->edks[i];

		if (!is_ours(k))
			continue;
		memcpy(buf + aad_len, k->ciphertext, WRAP_BYTES);
		r = e->unseal(session, k->info + k->info_len - ESDK_IV_BYTES,
			      buf + aad_len, ESDK_KEY_BYTES, aad_len);
		if (r == 0)
			r = secret_set(ret, buf + aad_len, ESDK_KEY_BYTES);
	}
	e->close(session);
	return r;
}

static const struct bulk_engine *choose(const char *name, uint32_t text_bytes)
{
	const struct bulk_engine *e;
	char reason[BULK_REASON_BYTES];
	int r = bulk_engine_choose(name, text_bytes, &e, reason);

	if (r < 0)
		errx(1, "no engine: %s", reason);
	warnx("engine %s: %s", e->name, reason);
	return e;
}

static void report(int r, const struct bulk_result *result)
{
	char text[400];

	if (r == 0)
		return;
	if (r != -EBADMSG)
		errx(1, "%s: %s", bulk_where_name(result->where),
		     strerrordesc_np(-r));
	esdk_refusal_explain(&result->refusal, text, sizeof(text));
	errx(1, "refused (%s, frame %u): %s",
	     esdk_stage_name(result->refusal.stage), result->refusal.frame,
	     text);
}

static void encrypt(const char *engine, uint32_t frame_bytes,
		    const struct secret *wrapping_key, struct esdk_header *h)
{
	_cleanup_(secret_done) struct secret data_key = SECRET_INIT;
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	_cleanup_(secret_done) struct secret id = SECRET_INIT;
	struct bulk_job job = {STDIN_FILENO, STDOUT_FILENO, NULL, &key};
	struct bulk_result result = {0};

	h->frame_bytes = frame_bytes;
	job.engine = choose(engine, frame_bytes);
	if (secret_random(&data_key, ESDK_KEY_BYTES) < 0 ||
	    secret_random(&id, ESDK_MESSAGE_ID_BYTES) < 0)
		errx(1, "no random bytes");
	memcpy(h->message_id, id.bytes, id.len);
	if (esdk_derive(&data_key, h->message_id, &key, h->commitment) < 0)
		errx(1, "cannot derive");
	wrap(wrapping_key, h, &data_key);
	report(bulk_encrypt(&job, h, &result), &result);
}

static void decrypt(const char *engine, const struct secret *wrapping_key,
		    const struct ectx *want)
{
	_cleanup_(secret_done) struct secret data_key = SECRET_INIT;
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	_cleanup_(esdk_header_done) struct esdk_header h = ESDK_HEADER_INIT;
	struct bulk_job job = {STDIN_FILENO, STDOUT_FILENO, NULL, &key};
	struct bulk_result result = {0};

	report(bulk_decrypt_header(job.in, &h, &result.refusal), &result);
	if (!ectx_is_subset(want, &h.context))
		errx(1, "the message has another context");
	job.engine = choose(engine, esdk_header_text_bytes(&h));
	if (unwrap(wrapping_key, &h, &data_key) < 0)
		errx(1, "no data key of this message opens");
	report(esdk_derive_committed(&data_key, h.message_id, h.commitment,
				     &key, &result.refusal),
	       &result);
	report(bulk_decrypt_body(&job, &h, &result), &result);
}

int main(int argc, char **argv)
{
	_cleanup_(secret_done) struct secret wrapping_key = SECRET_INIT;
	_cleanup_(esdk_header_done) struct esdk_header h = ESDK_HEADER_INIT;
	const char *engine = "auto";
	uint32_t frame_bytes = BULK_FRAME_BYTES;
	int c;

	while ((c = getopt(argc, argv, "e:f:c:")) != -1) {
		if (c == 'e')
			engine = optarg;
		else if (c == 'f')
			frame_bytes = (uint32_t)strtoul(optarg, NULL, 10);
		else if (c != 'c' || ectx_add_arg(&h.context, optarg) < 0)
			usage();
	}
	argc -= optind;
	argv += optind;
	signal(SIGPIPE, SIG_IGN);
	if (argc == 1 && strcmp(argv[0], "probe") == 0)
		return probe();
	if (argc != 2)
		usage();
	read_key(argv[1], &wrapping_key);
	if (strcmp(argv[0], "encrypt") == 0)
		encrypt(engine, frame_bytes, &wrapping_key, &h);
	else if (strcmp(argv[0], "decrypt") == 0)
		decrypt(engine, &wrapping_key, &h.context);
	else
		usage();
	return 0;
}
