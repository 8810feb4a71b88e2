/* SPDX-License-Identifier: MIT */
/* The codec of the inner messages.  It must not touch a descriptor. */
#include "kmsagent/agent/msg.h"

#include <string.h>

#include "keyring/wire.h"

enum field_kind {
	FIELD_STRING,
	FIELD_U32,
	FIELD_U64,
	FIELD_FIXED,
	FIELD_BLOB,
	FIELD_CONTEXT,
	FIELD_EDKS,
	FIELD_KEY,
};

/* In the order of the wire; the key must stay last. */
enum field {
	F_ENDPOINT,
	F_REGION,
	F_CA_FILE,
	F_ACCESS_KEY_ID,
	F_SESSION_TOKEN,
	F_CMK,
	F_KEY_ARN,
	F_MATERIAL_ID,
	F_CODE,
	F_TEXT,
	F_ENGINE,
	F_KCAPI,
	F_OPENSSL,
	F_MAPPING,
	F_UUID,
	F_TABLE,
	F_KEY_REF,
	F_COMMAND,
	F_PATH,
	F_BYTES,
	F_TIMEOUT_MS,
	F_CLASS,
	F_ERROR,
	F_RING,
	F_FLAGS,
	F_COOKIE,
	F_OPEN_COUNT,
	F_SERIAL,
	F_UID,
	F_PID,
	F_CONTENTS,
	F_FILENAMES,
	F_POLICY_FLAGS,
	F_KEY_STATUS,
	F_USERS,
	F_COUNT,
	F_SECTORS,
	F_DEVICE,
	F_BYTES_IN,
	F_BYTES_OUT,
	F_MESSAGE_ID,
	F_COMMITMENT,
	F_IDENTIFIER,
	F_BLOB,
	F_CONTEXT,
	F_EDKS,
	F_KEY,
	F_COUNT_,
};

#define AT(member) offsetof(struct agent_msg, member)
#define STRING(member, m)                                                      \
	{                                                                      \
		FIELD_STRING, AT(member), m                                    \
	}

static const struct {
	enum field_kind kind;
	size_t offset;
	size_t max; /* bytes of a string, blob or key; exact when fixed */
} fields[F_COUNT_] = {
	[F_ENDPOINT] = STRING(endpoint, 512),
	[F_REGION] = STRING(region, 64),
	[F_CA_FILE] = STRING(ca_file, 4096),
	[F_ACCESS_KEY_ID] = STRING(access_key_id, 128),
	[F_SESSION_TOKEN] = STRING(session_token, 8192),
	[F_CMK] = STRING(cmk, 2048),
	[F_KEY_ARN] = STRING(key_arn, 2048),
	[F_MATERIAL_ID] = STRING(material_id, 64),
	[F_CODE] = STRING(code, 64),
	[F_TEXT] = STRING(text, 1024),
	[F_ENGINE] = STRING(engine, 32),
	[F_KCAPI] = STRING(kcapi, 512),
	[F_OPENSSL] = STRING(openssl, 512),
	[F_MAPPING] = STRING(mapping, 127), /* DM_NAME_LEN, DM_UUID_LEN */
	[F_UUID] = STRING(uuid, 128),
	[F_TABLE] = STRING(table, 1024),
	[F_KEY_REF] = STRING(key_ref, 128),
	[F_COMMAND] = STRING(command, 63),
	[F_PATH] = STRING(path, 1023),
	[F_BYTES] = {FIELD_U32, AT(bytes), 0},
	[F_TIMEOUT_MS] = {FIELD_U32, AT(timeout_ms), 0},
	[F_CLASS] = {FIELD_U32, AT(class), 0},
	[F_ERROR] = {FIELD_U32, AT(error), 0},
	[F_RING] = {FIELD_U32, AT(ring), 0},
	[F_FLAGS] = {FIELD_U32, AT(flags), 0},
	[F_COOKIE] = {FIELD_U32, AT(cookie), 0},
	[F_OPEN_COUNT] = {FIELD_U32, AT(open_count), 0},
	[F_SERIAL] = {FIELD_U32, AT(serial), 0},
	[F_UID] = {FIELD_U32, AT(uid), 0},
	[F_PID] = {FIELD_U32, AT(pid), 0},
	[F_CONTENTS] = {FIELD_U32, AT(contents), 0},
	[F_FILENAMES] = {FIELD_U32, AT(filenames), 0},
	[F_POLICY_FLAGS] = {FIELD_U32, AT(policy_flags), 0},
	[F_KEY_STATUS] = {FIELD_U32, AT(key_status), 0},
	[F_USERS] = {FIELD_U32, AT(users), 0},
	[F_COUNT] = {FIELD_U32, AT(count), 0},
	[F_SECTORS] = {FIELD_U64, AT(sectors), 0},
	[F_DEVICE] = {FIELD_U64, AT(device), 0},
	[F_BYTES_IN] = {FIELD_U64, AT(bytes_in), 0},
	[F_BYTES_OUT] = {FIELD_U64, AT(bytes_out), 0},
	[F_MESSAGE_ID] = {FIELD_FIXED, AT(message_id), ESDK_MESSAGE_ID_BYTES},
	[F_COMMITMENT] = {FIELD_FIXED, AT(commitment), ESDK_COMMITMENT_BYTES},
	[F_IDENTIFIER] = {FIELD_FIXED, AT(identifier), AGENT_FSKEY_BYTES},
	[F_BLOB] = {FIELD_BLOB, AT(blob), 6144}, /* AWS's own cap */
	[F_CONTEXT] = {FIELD_CONTEXT, AT(context), ECTX_MAX_ENCODED_BYTES},
	[F_EDKS] = {FIELD_EDKS, AT(edks), ESDK_MAX_HEADER_BYTES},
	[F_KEY] = {FIELD_KEY, AT(key), 1024}, /* GenerateDataKey's longest */
};

#define BIT(f) (UINT64_C(1) << (f))

static const struct {
	const char *name;
	uint64_t fields;
} types[AGENT_MSG_COUNT_] = {
	[AGENT_MSG_ENDPOINT] = {"endpoint",
				BIT(F_ENDPOINT) | BIT(F_REGION) |
					BIT(F_CA_FILE) | BIT(F_ACCESS_KEY_ID) |
					BIT(F_SESSION_TOKEN) | BIT(F_KEY)},
	[AGENT_MSG_GENERATE] = {"generate",
				BIT(F_CMK) | BIT(F_BYTES) | BIT(F_CONTEXT)},
	[AGENT_MSG_WRAP] = {"wrap", BIT(F_CMK) | BIT(F_BYTES) | BIT(F_CONTEXT)},
	[AGENT_MSG_DECRYPT] = {"decrypt",
			       BIT(F_CMK) | BIT(F_BLOB) | BIT(F_CONTEXT)},
	[AGENT_MSG_CHECK] = {"check",
			     BIT(F_CMK) | BIT(F_BLOB) | BIT(F_CONTEXT)},
	[AGENT_MSG_FETCHED] = {"fetched", BIT(F_ERROR) | BIT(F_CLASS) |
						  BIT(F_CODE) | BIT(F_TEXT) |
						  BIT(F_KEY_ARN) |
						  BIT(F_MATERIAL_ID) |
						  BIT(F_BLOB) | BIT(F_KEY)},
	[AGENT_MSG_SEAL] = {"seal", BIT(F_ENGINE) | BIT(F_MESSAGE_ID) |
					    BIT(F_COMMITMENT) | BIT(F_CONTEXT) |
					    BIT(F_EDKS) | BIT(F_KEY)},
	[AGENT_MSG_UNSEAL] = {"unseal", BIT(F_ENGINE)},
	[AGENT_MSG_KEY] = {"key", BIT(F_KEY)},
	[AGENT_MSG_PROBE] = {"probe", BIT(F_ENGINE)},
	[AGENT_MSG_PROBED] = {"probed", BIT(F_ENGINE) | BIT(F_TEXT) |
						BIT(F_KCAPI) | BIT(F_OPENSSL)},
	[AGENT_MSG_HEADER] = {"header", BIT(F_MESSAGE_ID) | BIT(F_COMMITMENT) |
						BIT(F_CONTEXT) | BIT(F_EDKS)},
	[AGENT_MSG_DONE] = {"done", BIT(F_ERROR) | BIT(F_CODE) | BIT(F_TEXT) |
					    BIT(F_ENGINE) | BIT(F_BYTES_IN) |
					    BIT(F_BYTES_OUT)},
	[AGENT_MSG_MAP] = {"map", BIT(F_MAPPING) | BIT(F_UUID) | BIT(F_TABLE) |
					  BIT(F_KEY_REF) | BIT(F_RING) |
					  BIT(F_FLAGS) | BIT(F_SECTORS)},
	[AGENT_MSG_REMAP] = {"remap", BIT(F_UUID) | BIT(F_KEY_REF) |
					      BIT(F_RING) | BIT(F_SECTORS)},
	[AGENT_MSG_UNMAP] = {"unmap", BIT(F_UUID) | BIT(F_FLAGS)},
	[AGENT_MSG_INSPECT] = {"inspect", BIT(F_UUID) | BIT(F_KEY_REF)},
	[AGENT_MSG_REPAIR] = {"repair", BIT(F_MAPPING) | BIT(F_UUID) |
						BIT(F_FLAGS) | BIT(F_COOKIE)},
	[AGENT_MSG_COOKIE] = {"cookie", BIT(F_COOKIE)},
	[AGENT_MSG_MAPPED] = {"mapped", BIT(F_ERROR) | BIT(F_CODE) |
						BIT(F_TEXT) | BIT(F_MAPPING) |
						BIT(F_TABLE) | BIT(F_FLAGS) |
						BIT(F_OPEN_COUNT) |
						BIT(F_SECTORS) | BIT(F_DEVICE)},
	[AGENT_MSG_DIR_LOOK] = {"dir-look", BIT(F_IDENTIFIER)},
	[AGENT_MSG_DIR_ADD] = {"dir-add", BIT(F_IDENTIFIER) | BIT(F_RING) |
						  BIT(F_SERIAL) | BIT(F_UID)},
	[AGENT_MSG_DIR_SETUP] = {"dir-setup",
				 BIT(F_IDENTIFIER) | BIT(F_RING) |
					 BIT(F_SERIAL) | BIT(F_UID) |
					 BIT(F_CONTENTS) | BIT(F_FILENAMES) |
					 BIT(F_POLICY_FLAGS)},
	[AGENT_MSG_DIR_REMOVE] = {"dir-remove", BIT(F_IDENTIFIER) | BIT(F_UID) |
							BIT(F_FLAGS)},
	[AGENT_MSG_DIR_FINISH] = {"dir-finish",
				  BIT(F_IDENTIFIER) | BIT(F_DEVICE)},
	[AGENT_MSG_BUSY] = {"busy", BIT(F_PID) | BIT(F_UID) | BIT(F_COMMAND) |
					    BIT(F_PATH)},
	[AGENT_MSG_DIRECTORY] = {"directory",
				 BIT(F_ERROR) | BIT(F_CODE) | BIT(F_PATH) |
					 BIT(F_UID) |
					 BIT(F_DEVICE) | BIT(F_FLAGS) |
					 BIT(F_IDENTIFIER) | BIT(F_CONTENTS) |
					 BIT(F_FILENAMES) |
					 BIT(F_POLICY_FLAGS) |
					 BIT(F_KEY_STATUS) | BIT(F_USERS) |
					 BIT(F_COUNT)},
};

const char *agent_msg_name(enum agent_msg_type type)
{
	if ((unsigned)type >= AGENT_MSG_COUNT_ || !types[type].name)
		return "none";
	return types[type].name;
}

bool agent_msg_has_key(enum agent_msg_type type)
{
	return types[type].fields & BIT(F_KEY);
}

static int put_context(struct wire_writer *w, const struct ectx *c)
{
	_free_ uint8_t *bytes = NULL;
	size_t len = 0;
	int r = ectx_encode(c, &bytes, &len);

	if (r < 0)
		return r;
	wire_put_v32(w, bytes, len);
	return 0;
}

static int put_edks(struct wire_writer *w, const struct agent_msg *m)
{
	if (m->edk_count > ESDK_MAX_EDKS)
		return -EINVAL;
	wire_put_u16(w, (uint16_t)m->edk_count);
	for (size_t i = 0; i < m->edk_count; i++) {
		const struct esdk_edk *e = &m->edks[i];

		wire_put_v16(w, e->provider_id, e->provider_id_len);
		wire_put_v16(w, e->info, e->info_len);
		wire_put_v16(w, e->ciphertext, e->ciphertext_len);
	}
	return 0;
}

static int put_field(struct wire_writer *w, const struct agent_msg *m,
		     enum field f)
{
	const void *at = (const char *)m + fields[f].offset;
	const char *text;

	switch (fields[f].kind) {
	case FIELD_STRING:
		text = *(char *const *)at ?: "";
		if (strlen(text) > fields[f].max)
			return -EINVAL;
		wire_put_v16(w, text, strlen(text));
		return 0;
	case FIELD_U32:
		wire_put_u32(w, *(const uint32_t *)at);
		return 0;
	case FIELD_U64:
		wire_put_u64(w, *(const uint64_t *)at);
		return 0;
	case FIELD_FIXED:
		wire_put_bytes(w, at, fields[f].max);
		return 0;
	case FIELD_BLOB:
		if (m->blob_len > fields[f].max)
			return -EINVAL;
		wire_put_v16(w, m->blob, m->blob_len);
		return 0;
	case FIELD_CONTEXT:
		return put_context(w, &m->context);
	case FIELD_EDKS:
		return put_edks(w, m);
	case FIELD_KEY:
		if (m->key.len > fields[f].max)
			return -EINVAL;
		wire_put_u16(w, (uint16_t)m->key.len);
		return 0;
	}
	return -EINVAL;
}

int agent_msg_encode(const struct agent_msg *m, uint8_t **ret_head,
		     size_t *ret_len)
{
	_cleanup_(wire_writer_done) struct wire_writer w = WIRE_WRITER_INIT;
	size_t key_len;

	if ((unsigned)m->type >= AGENT_MSG_COUNT_ || !types[m->type].fields)
		return -EINVAL;
	wire_put_u8(&w, (uint8_t)m->type);
	for (enum field f = 0; f < F_COUNT_; f++) {
		int r = 0;

		if (types[m->type].fields & BIT(f))
			r = put_field(&w, m, f);
		if (r < 0)
			return r;
	}
	key_len = agent_msg_has_key(m->type) ? m->key.len : 0;
	if (w.len + key_len > AGENT_MSG_MAX_BYTES)
		return -E2BIG;
	return wire_writer_take(&w, ret_head, ret_len);
}

static int get_string(struct wire_reader *r, size_t max, char **ret)
{
	size_t len = 0;
	const uint8_t *p = wire_get_v16(r, &len);

	if (!p || len > max || memchr(p, 0, len))
		return -EBADMSG;
	if (len == 0)
		return 0;
	*ret = strndup((const char *)p, len);
	return *ret ? 0 : -ENOMEM;
}

static int get_blob(struct wire_reader *r, size_t max, struct agent_msg *m)
{
	size_t len = 0;
	const uint8_t *p = wire_get_v16(r, &len);

	if (!p || len > max)
		return -EBADMSG;
	if (len == 0)
		return 0;
	m->blob = malloc(len);
	if (!m->blob)
		return -ENOMEM;
	memcpy(m->blob, p, len);
	m->blob_len = len;
	return 0;
}

static int get_context(struct wire_reader *r, struct ectx *ret)
{
	size_t len = 0;
	const uint8_t *p = wire_get_v32(r, &len);
	int err;

	if (!p || len > ECTX_MAX_ENCODED_BYTES)
		return -EBADMSG;
	err = ectx_decode(p, len, ret);
	return err == -ENOMEM || err == 0 ? err : -EBADMSG;
}

/* First count the bytes, then copy them all and point into the copy. */
static int get_edks(struct wire_reader *r, struct agent_msg *m)
{
	const uint8_t *start;
	size_t used;

	m->edk_count = wire_get_u16(r);
	start = r->at;
	if (r->failed || m->edk_count > ESDK_MAX_EDKS)
		goto bad;
	for (size_t i = 0; i < m->edk_count; i++) {
		struct esdk_edk *e = &m->edks[i];

		e->provider_id = wire_get_v16(r, &e->provider_id_len);
		e->info = wire_get_v16(r, &e->info_len);
		e->ciphertext = wire_get_v16(r, &e->ciphertext_len);
		if (r->failed)
			goto bad;
	}
	used = (size_t)(r->at - start);
	if (used == 0)
		return 0;
	m->edk_bytes = malloc(used);
	if (!m->edk_bytes) {
		m->edk_count = 0;
		return -ENOMEM;
	}
	memcpy(m->edk_bytes, start, used);
	for (size_t i = 0; i < m->edk_count; i++) {
		struct esdk_edk *e = &m->edks[i];

		e->provider_id = m->edk_bytes + (e->provider_id - start);
		e->info = m->edk_bytes + (e->info - start);
		e->ciphertext = m->edk_bytes + (e->ciphertext - start);
	}
	return 0;
bad:
	m->edk_count = 0;
	return -EBADMSG;
}

static int get_key(struct wire_reader *r, size_t max, struct secret *ret)
{
	size_t len = 0;
	const uint8_t *p = wire_get_v16(r, &len);

	if (!p || len > max)
		return -EBADMSG;
	return len ? secret_set(ret, p, len) : 0;
}

static int get_field(struct wire_reader *r, struct agent_msg *m, enum field f)
{
	void *at = (char *)m + fields[f].offset;
	const uint8_t *p;

	switch (fields[f].kind) {
	case FIELD_STRING:
		return get_string(r, fields[f].max, at);
	case FIELD_U32:
		*(uint32_t *)at = wire_get_u32(r);
		return 0;
	case FIELD_U64:
		*(uint64_t *)at = wire_get_u64(r);
		return 0;
	case FIELD_FIXED:
		p = wire_get_bytes(r, fields[f].max);
		if (!p)
			return -EBADMSG;
		memcpy(at, p, fields[f].max);
		return 0;
	case FIELD_BLOB:
		return get_blob(r, fields[f].max, m);
	case FIELD_CONTEXT:
		return get_context(r, at);
	case FIELD_EDKS:
		return get_edks(r, m);
	case FIELD_KEY:
		return get_key(r, fields[f].max, at);
	}
	return -EBADMSG;
}

int agent_msg_decode(const void *packet, size_t len, struct agent_msg *ret)
{
	_cleanup_(agent_msg_done) struct agent_msg m = AGENT_MSG_INIT;
	struct wire_reader r;
	unsigned type;

	if (len > AGENT_MSG_MAX_BYTES)
		return -EBADMSG;
	wire_reader_init(&r, packet, len);
	type = wire_get_u8(&r);
	if (type >= AGENT_MSG_COUNT_ || !types[type].fields)
		return -EBADMSG;
	m.type = type;
	for (enum field f = 0; f < F_COUNT_; f++) {
		int err = 0;

		if (types[type].fields & BIT(f))
			err = get_field(&r, &m, f);
		if (err < 0)
			return err;
	}
	if (!wire_reader_is_done(&r))
		return -EBADMSG;
	*ret = m;
	m = AGENT_MSG_INIT;
	return 0;
}

void agent_msg_done(struct agent_msg *m)
{
	for (enum field f = 0; f < F_COUNT_; f++)
		if (fields[f].kind == FIELD_STRING)
			free(*(char **)((char *)m + fields[f].offset));
	free(m->blob);
	ectx_done(&m->context);
	free(m->edk_bytes);
	secret_done(&m->key);
	*m = AGENT_MSG_INIT;
}
