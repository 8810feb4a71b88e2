/* SPDX-License-Identifier: MIT */
/*
 * Every vector through the whole pipeline: the good ones decrypt, the bad
 * ones are refused at the stage, the frame and after the bytes that an
 * independent program names, and encrypting the parts of a message of the
 * SDK again gives its very bytes.  KMSAGENT_TEST_ENGINE chooses the engine.
 */
#include <sys/mman.h>

#include "kcapi/bulk.h"
#include "tap.h"
#include "vectors.h"

static const struct bulk_engine *engine;

struct outcome {
	int r;
	struct esdk_refusal why;
	struct vector_bytes out;
};

static int file_of(const void *p, size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	if (fd < 0 || (len && write(fd, p, len) != (ssize_t)len) ||
	    lseek(fd, 0, SEEK_SET) != 0)
		vector_die("memfd");
	return fd;
}

static struct vector_bytes content_of(int fd)
{
	struct vector_bytes b = {NULL, (size_t)lseek(fd, 0, SEEK_END)};

	b.p = vector_alloc(b.len);
	if (pread(fd, b.p, b.len, 0) != (ssize_t)b.len)
		vector_die("pread");
	return b;
}

static struct outcome decrypt(const struct vector_bytes *m,
			      const struct vector_bytes *key_bytes)
{
	_close_ int in = file_of(m->p, m->len);
	_close_ int out = file_of("", 0);
	_cleanup_(esdk_header_done) struct esdk_header h = ESDK_HEADER_INIT;
	_cleanup_(secret_done) struct secret data_key = SECRET_INIT;
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	struct bulk_job job = {in, out, engine, &key};
	struct bulk_result result;
	struct outcome o = {0};

	if (secret_set(&data_key, key_bytes->p, key_bytes->len) < 0)
		vector_die("secret");
	o.r = bulk_decrypt_header(in, &h, &o.why);
	if (o.r == 0 && lseek(in, 0, SEEK_CUR) != (off_t)esdk_header_len(&h))
		vector_die("more than the header was read");
	if (o.r == 0)
		o.r = esdk_derive_committed(&data_key, h.message_id,
					    h.commitment, &key, &o.why);
	if (o.r == 0) {
		o.r = bulk_decrypt_body(&job, &h, &result);
		o.why = result.refusal;
	}
	o.out = content_of(out);
	return o;
}

static struct vector_bytes encrypt_again(const struct vector *v,
					 const struct vector_bytes *m)
{
	_close_ int in = -1;
	_close_ int out = file_of("", 0);
	_cleanup_(esdk_header_done) struct esdk_header h = ESDK_HEADER_INIT;
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	struct vector_bytes p = vector_bytes(v, "plaintext");
	struct vector_bytes k = vector_bytes(v, "message_key");
	struct bulk_job job = {
		.out = out, .engine = engine, .message_key = &key};
	struct esdk_header parts;
	struct esdk_refusal why;
	struct bulk_result result;
	size_t used;

	in = file_of(p.p, p.len);
	job.in = in;
	if (esdk_header_parse(m->p, m->len, &h, &used, &why) != 0 ||
	    secret_set(&key, k.p, k.len) != 0)
		vector_die("parts");
	parts = h;
	parts.bytes = NULL;
	TAP_EQ_INT(bulk_encrypt(&job, &parts, &result), 0, "encrypts_again");
	free(parts.bytes);
	free(p.p);
	free(k.p);
	return content_of(out);
}

static void check_good(const struct vector *v)
{
	struct vector_bytes m = vector_bytes(v, "message");
	struct vector_bytes k = vector_bytes(v, "data_key");
	struct vector_bytes p = vector_bytes(v, "plaintext");
	struct outcome o = decrypt(&m, &k);

	TAP_OK(o.r == 0 && o.out.len == p.len &&
		       memcmp(o.out.p, p.p, p.len) == 0,
	       vector_get(v, "name"));
	if (strcmp(vector_get(v, "origin"), "sdk-js") == 0) {
		struct vector_bytes again = encrypt_again(v, &m);

		TAP_OK(again.len == m.len && memcmp(again.p, m.p, m.len) == 0,
		       "gives_the_very_bytes_of_the_sdk");
		free(again.p);
	}
	free(o.out.p);
	free(m.p);
	free(k.p);
	free(p.p);
}

/* The kernel takes no text as long as an unframed message may have. */
static bool fits(const struct vector *v)
{
	unsigned long longest = vector_number(v, "frame_length");

	if (vector_number(v, "content") == ESDK_CONTENT_UNFRAMED)
		longest = ESDK_MAX_FRAME_BYTES;
	return longest <= engine->max_bytes - BULK_AAD_BYTES - BULK_TAG_BYTES;
}

static void check_too_long(const struct vector *v)
{
	struct vector_bytes m = vector_bytes(v, "message");
	struct vector_bytes k = vector_bytes(v, "data_key");
	struct outcome o = decrypt(&m, &k);

	TAP_OK(o.r == -EMSGSIZE && o.out.len == 0,
	       "too_long_for_this_engine_is_refused");
	free(o.out.p);
	free(m.p);
	free(k.p);
}

/* A copy of the block by that name, from the file's beginning. */
static void find_base(const char *name, struct vector *ret)
{
	FILE *f = vector_open("tests/data/esdk-vectors.txt");

	while (vector_next(f, ret)) {
		const char *n = vector_find(ret, "name");

		if (n && strcmp(n, name) == 0)
			break;
		vector_done(ret);
	}
	fclose(f);
	if (!ret->text)
		vector_die(name);
}

/* flip AT XOR | cut TO | append BYTES | message BYTES */
static struct vector_bytes apply(const char *op, struct vector_bytes m)
{
	const char *arg = strchr(op, ' ') + 1;
	struct vector_bytes more;
	char *end;
	unsigned long at;

	switch (op[0]) {
	case 'f':
		at = strtoul(arg, &end, 10);
		m.p[at] ^= (uint8_t)strtoul(end, NULL, 16);
		return m;
	case 'c':
		m.len = strtoul(arg, NULL, 10);
		return m;
	}
	more = vector_unhex(arg, strlen(arg));
	if (op[0] == 'a') {
		m.p = realloc(m.p, m.len + more.len + 1);
		memcpy(m.p + m.len, more.p, more.len);
		m.len += more.len;
		free(more.p);
		return m;
	}
	free(m.p);
	return more;
}

static void check_bad(const struct vector *v)
{
	struct vector base = {0};
	struct vector_bytes m, k, p;
	struct outcome o;
	size_t released = vector_number(v, "released");
	bool pass;

	find_base(vector_get(v, "base"), &base);
	m = apply(vector_get(v, "op"), vector_bytes(&base, "message"));
	k = vector_bytes(vector_find(v, "data_key") ? v : &base, "data_key");
	p = vector_bytes(&base, "plaintext");
	o = decrypt(&m, &k);
	if (o.r == -EMSGSIZE && !fits(&base)) {
		pass = o.out.len == 0;
		goto out;
	}
	pass = o.r == -EBADMSG &&
	       strcmp(esdk_stage_name(o.why.stage), vector_get(v, "refuse")) ==
		       0 &&
	       o.why.frame == vector_number(v, "frame") &&
	       o.out.len == released;
	/* A forged message has a text of its own, of which we know nothing. */
	if (!vector_find(v, "data_key"))
		pass = pass && memcmp(o.out.p, p.p, released) == 0;
out:
	if (!TAP_OK(pass, vector_get(v, "neg")))
		tap_diag("got %d %s frame %u, %zu bytes; want %s, %s, %zu", o.r,
			 esdk_stage_name(o.why.stage), o.why.frame, o.out.len,
			 vector_get(v, "refuse"), vector_get(v, "frame"),
			 released);
	free(m.p);
	free(k.p);
	free(p.p);
	free(o.out.p);
	vector_done(&base);
}

int main(void)
{
	const char *name = getenv("KMSAGENT_TEST_ENGINE");
	FILE *f = vector_open("tests/data/esdk-vectors.txt");
	unsigned good = 0, bad = 0;
	struct vector v;

	engine = bulk_engine_find(name ? name : "openssl");
	if (!engine)
		vector_die("no such engine");
	for (; vector_next(f, &v); vector_done(&v)) {
		if (!vector_find(&v, "name")) {
			check_bad(&v);
			bad++;
		} else if (fits(&v)) {
			check_good(&v);
			good++;
		} else {
			check_too_long(&v);
		}
	}
	fclose(f);
	TAP_OK(good >= 16 && bad >= 200, "the_file_holds_what_it_should");
	return tap_done();
}
