/* SPDX-License-Identifier: MIT */
/*
 * Names of the stages at which a message is refused, and what the one who
 * brought it is told.  A failed check of what a key authenticates is never
 * told apart from another: the answers must not serve as an oracle.
 */
#include "kcapi/esdk.h"

#include <stdio.h>

static const char *const stage_names[ESDK_STAGE_COUNT_] = {
	[ESDK_STAGE_NONE] = "none",
	[ESDK_STAGE_BASE64] = "base64",
	[ESDK_STAGE_VERSION] = "version",
	[ESDK_STAGE_TYPE] = "type",
	[ESDK_STAGE_SUITE] = "suite",
	[ESDK_STAGE_LIMIT] = "limit",
	[ESDK_STAGE_EC] = "ec",
	[ESDK_STAGE_EDKS] = "edks",
	[ESDK_STAGE_CONTENT_TYPE] = "content-type",
	[ESDK_STAGE_FRAME_LENGTH] = "frame-length",
	[ESDK_STAGE_PARSE] = "parse",
	[ESDK_STAGE_PUBLIC_KEY] = "public-key",
	[ESDK_STAGE_EDK] = "edk",
	[ESDK_STAGE_COMMITMENT] = "commitment",
	[ESDK_STAGE_HEADER_TAG] = "header-tag",
	[ESDK_STAGE_BODY] = "body",
	[ESDK_STAGE_SEQUENCE] = "sequence",
	[ESDK_STAGE_FINAL_LENGTH] = "final-length",
	[ESDK_STAGE_FRAME_TAG] = "frame-tag",
	[ESDK_STAGE_TRAILING] = "trailing",
};

/* The suites of the specification that we do not read; names as it has them. */
static const struct suite {
	uint16_t id;
	uint8_t version;
	const char *name;
} suites[] = {
	{0x0014, 1, "ALG_AES_128_GCM_IV12_TAG16_NO_KDF"},
	{0x0046, 1, "ALG_AES_192_GCM_IV12_TAG16_NO_KDF"},
	{0x0078, 1, "ALG_AES_256_GCM_IV12_TAG16_NO_KDF"},
	{0x0114, 1, "ALG_AES_128_GCM_IV12_TAG16_HKDF_SHA256"},
	{0x0146, 1, "ALG_AES_192_GCM_IV12_TAG16_HKDF_SHA256"},
	{0x0178, 1, "ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA256"},
	{0x0214, 1, "ALG_AES_128_GCM_IV12_TAG16_HKDF_SHA256_ECDSA_P256"},
	{0x0346, 1, "ALG_AES_192_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384"},
	{0x0378, 1, "ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384"},
	{0x0578, 2, "ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384"},
};

const char *esdk_stage_name(enum esdk_stage stage)
{
	if ((unsigned)stage >= ESDK_STAGE_COUNT_)
		return "unknown";
	return stage_names[stage];
}

static const char *suite_name(uint8_t version, uint16_t id)
{
	for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
		if (suites[i].id == id && suites[i].version == version)
			return suites[i].name;
	return NULL;
}

static void explain_suite(const struct esdk_refusal *why, char *buf,
			  size_t size)
{
	const char *name = suite_name(why->version, why->suite);

	if (!name) {
		snprintf(buf, size,
			 "the message names algorithm suite 0x%04x, which "
			 "format version %u does not have: it is damaged, or "
			 "no message of the AWS Encryption SDK",
			 why->suite, why->version);
		return;
	}
	snprintf(buf, size,
		 "the message was made with suite %s (0x%04x), which is not "
		 "read here: decrypt it with an AWS Encryption SDK and encrypt "
		 "it again, or have it made with suite "
		 "ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY (0x0478)",
		 name, why->suite);
}

void esdk_refusal_explain(const struct esdk_refusal *why, char *buf,
			  size_t size)
{
	switch (why->stage) {
	case ESDK_STAGE_BASE64:
		snprintf(buf, size,
			 "the input is base64 text: decode it first, for "
			 "example with base64 -d");
		return;
	case ESDK_STAGE_VERSION:
	case ESDK_STAGE_TYPE:
		snprintf(buf, size,
			 "the input is no message of the AWS Encryption SDK "
			 "format: give the file just as encrypt wrote it");
		return;
	case ESDK_STAGE_SUITE:
		explain_suite(why, buf, size);
		return;
	case ESDK_STAGE_LIMIT:
		snprintf(buf, size,
			 "the message is beyond the limits here (header %zu "
			 "bytes, %d encrypted data keys, frames or unframed "
			 "text of %u bytes): decrypt it with an AWS "
			 "Encryption SDK",
			 ESDK_MAX_HEADER_BYTES, ESDK_MAX_EDKS,
			 ESDK_MAX_FRAME_BYTES);
		return;
	case ESDK_STAGE_NONE:
	case ESDK_STAGE_EC:
	case ESDK_STAGE_EDKS:
	case ESDK_STAGE_CONTENT_TYPE:
	case ESDK_STAGE_FRAME_LENGTH:
	case ESDK_STAGE_PARSE:
	case ESDK_STAGE_PUBLIC_KEY:
	case ESDK_STAGE_EDK:
	case ESDK_STAGE_COMMITMENT:
	case ESDK_STAGE_HEADER_TAG:
	case ESDK_STAGE_BODY:
	case ESDK_STAGE_SEQUENCE:
	case ESDK_STAGE_FINAL_LENGTH:
	case ESDK_STAGE_FRAME_TAG:
	case ESDK_STAGE_TRAILING:
	case ESDK_STAGE_COUNT_:
		break;
	}
	snprintf(buf, size,
		 "the message is incomplete, damaged or changed, or was not "
		 "made under this key and encryption context");
}
