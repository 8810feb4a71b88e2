/* SPDX-License-Identifier: MIT */
/*
 * The two engines: found by name, tested, chosen.  Speed is no reason to
 * choose here, only whether an engine works and may be used.
 */
#include "kcapi/engine.h"

#include <stdio.h>
#include <string.h>

static const struct bulk_engine *const engines[] = {
	&bulk_engine_kcapi,
	&bulk_engine_openssl,
};

static const char *const verdict_names[] = {
	[BULK_VERDICT_OK] = "ok",
	[BULK_VERDICT_NO_AF_ALG] = "no-af-alg",
	[BULK_VERDICT_NO_AEAD] = "no-aead",
	[BULK_VERDICT_RESTRICTED] = "restricted",
	[BULK_VERDICT_DENIED] = "denied",
	[BULK_VERDICT_BROKEN] = "broken",
	[BULK_VERDICT_ERROR] = "error",
};

const char *bulk_verdict_name(enum bulk_verdict verdict)
{
	if ((unsigned)verdict >= ARRAY_SIZE(verdict_names))
		return "unknown";
	return verdict_names[verdict];
}

const struct bulk_engine *bulk_engine_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(engines); i++)
		if (strcmp(engines[i]->name, name) == 0)
			return engines[i];
	return NULL;
}

/* McGrew and Viega, appendix B, test case 16. */
static const struct vector {
	uint8_t key[BULK_KEY_BYTES];
	uint8_t iv[BULK_IV_BYTES];
	uint8_t aad[20];
	uint8_t plain[60];
	uint8_t sealed[60 + BULK_TAG_BYTES];
} vector = {
	.key = {0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c,
		0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08,
		0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c,
		0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08},
	.iv = {0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce, 0xdb, 0xad, 0xde, 0xca, 0xf8,
	       0x88},
	.aad = {0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed,
		0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2},
	.plain = {0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59,
		  0x09, 0xc5, 0xaf, 0xf5, 0x26, 0x9a, 0x86, 0xa7, 0xa9, 0x53,
		  0x15, 0x34, 0xf7, 0xda, 0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31,
		  0x8a, 0x72, 0x1c, 0x3c, 0x0c, 0x95, 0x95, 0x68, 0x09, 0x53,
		  0x2f, 0xcf, 0x0e, 0x24, 0x49, 0xa6, 0xb5, 0x25, 0xb1, 0x6a,
		  0xed, 0xf5, 0xaa, 0x0d, 0xe6, 0x57, 0xba, 0x63, 0x7b, 0x39},
	.sealed = {0x52, 0x2d, 0xc1, 0xf0, 0x99, 0x56, 0x7d, 0x07, 0xf4, 0x7f,
		   0x37, 0xa3, 0x2a, 0x84, 0x42, 0x7d, 0x64, 0x3a, 0x8c, 0xdc,
		   0xbf, 0xe5, 0xc0, 0xc9, 0x75, 0x98, 0xa2, 0xbd, 0x25, 0x55,
		   0xd1, 0xaa, 0x8c, 0xb0, 0x8e, 0x48, 0x59, 0x0d, 0xbb, 0x3d,
		   0xa7, 0xb0, 0x8b, 0x10, 0x56, 0x82, 0x88, 0x38, 0xc5, 0xf6,
		   0x1e, 0x63, 0x93, 0xba, 0x7a, 0x0a, 0xbc, 0xc9, 0xf6, 0x62,
		   /* tag */
		   0x76, 0xfc, 0x6e, 0xce, 0x0f, 0x4e, 0x17, 0x68, 0xcd, 0xdf,
		   0x88, 0x53, 0xbb, 0x2d, 0x55, 0x1b},
};

static int test_session(const struct bulk_engine *e, void *session)
{
	uint8_t buf[sizeof(vector.aad) + sizeof(vector.sealed)];
	uint8_t *text = buf + sizeof(vector.aad);
	int r;

	memcpy(buf, vector.aad, sizeof(vector.aad));
	memcpy(text, vector.plain, sizeof(vector.plain));
	r = e->seal(session, vector.iv, text, sizeof(vector.plain),
		    sizeof(vector.aad));
	if (r < 0)
		return r;
	if (memcmp(text, vector.sealed, sizeof(vector.sealed)) != 0)
		return -EBADMSG;
	r = e->unseal(session, vector.iv, text, sizeof(vector.plain),
		      sizeof(vector.aad));
	if (r < 0)
		return r;
	if (memcmp(text, vector.plain, sizeof(vector.plain)) != 0)
		return -EBADMSG;
	/* An engine that lets a changed message pass is broken too. */
	memcpy(text, vector.sealed, sizeof(vector.sealed));
	text[0] ^= 1;
	r = e->unseal(session, vector.iv, text, sizeof(vector.plain),
		      sizeof(vector.aad));
	if (r == -EBADMSG)
		return 0;
	return r < 0 ? r : -EBADMSG;
}

int bulk_engine_self_test(const struct bulk_engine *engine)
{
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	void *session;
	int r;

	r = secret_set(&key, vector.key, sizeof(vector.key));
	if (r < 0)
		return r;
	r = engine->open(&key, &session);
	if (r < 0)
		return r;
	r = test_session(engine, session);
	engine->close(session);
	return r;
}

static bool takes(const struct bulk_engine *e, uint32_t text_bytes)
{
	return text_bytes <= e->max_bytes - BULK_AAD_BYTES - BULK_TAG_BYTES;
}

static int choose_strict(const struct bulk_engine *e, uint32_t text_bytes,
			 const struct bulk_engine **ret_engine,
			 char ret_reason[BULK_REASON_BYTES])
{
	struct bulk_probe p;

	if (!takes(e, text_bytes)) {
		snprintf(ret_reason, BULK_REASON_BYTES,
			 "the message has frames of %u bytes, and engine %s "
			 "takes %zu at most: use auto or openssl",
			 text_bytes, e->name,
			 e->max_bytes - BULK_AAD_BYTES - BULK_TAG_BYTES);
		return -EMSGSIZE;
	}
	e->probe(&p);
	memcpy(ret_reason, p.reason, BULK_REASON_BYTES);
	if (p.verdict != BULK_VERDICT_OK)
		return -EOPNOTSUPP;
	*ret_engine = e;
	return 0;
}

int bulk_engine_choose(const char *name, uint32_t text_bytes,
		       const struct bulk_engine **ret_engine,
		       char ret_reason[BULK_REASON_BYTES])
{
	const struct bulk_engine *e;
	char why_not[BULK_REASON_BYTES];
	int r;

	if (name && strcmp(name, "auto") != 0) {
		e = bulk_engine_find(name);
		if (!e) {
			snprintf(ret_reason, BULK_REASON_BYTES,
				 "there is no engine \"%.32s\": give auto, "
				 "kcapi or openssl",
				 name);
			return -EINVAL;
		}
		return choose_strict(e, text_bytes, ret_engine, ret_reason);
	}
	r = choose_strict(&bulk_engine_kcapi, text_bytes, ret_engine, why_not);
	if (r == 0) {
		memcpy(ret_reason, why_not, BULK_REASON_BYTES);
		return 0;
	}
	r = choose_strict(&bulk_engine_openssl, text_bytes, ret_engine,
			  ret_reason);
	if (r == 0 && takes(&bulk_engine_kcapi, text_bytes))
		memcpy(ret_reason, why_not, BULK_REASON_BYTES);
	else if (r == 0)
		snprintf(ret_reason, BULK_REASON_BYTES,
			 "the message's frames of %u bytes are longer than "
			 "the kernel takes at once",
			 text_bytes);
	return r;
}
