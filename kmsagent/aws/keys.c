/* SPDX-License-Identifier: MIT */
/*
 * The typed calls.  A plaintext is in the reply's locked memory or in the
 * caller's secret, never anywhere else of ours.
 */
#include <string.h>

#include "kmsagent/aws/internal.h"
#include "kmsagent/base/json.h"
#include "kmsagent/crypto/encoding.h"

/* The members that every request about a CMK has. */
static int request_new(const char *key_id, const struct ectx *context,
		       cJSON **ret)
{
	_json_ cJSON *j = cJSON_CreateObject();
	int r = j ? json_add_string(j, "KeyId", key_id) : -ENOMEM;

	if (r == 0 && context && context->count)
		r = json_add_ectx(j, "EncryptionContext", context);
	if (r < 0)
		return r;
	*ret = take_ptr(j);
	return 0;
}

static int add_blob(cJSON *j, const char *name, const void *blob, size_t len)
{
	_free_ char *text = malloc(BASE64_LEN(len) + 1);

	if (!text)
		return -ENOMEM;
	base64_encode(blob, len, text);
	return json_add_string(j, name, text);
}

static int exchange(struct awskms_client *c, const char *operation,
		    const cJSON *request, bool is_safe,
		    struct awskms_error *err)
{
	_json_text_ char *text = json_print(request);

	return text ? awskms_exchange(c, operation, text, is_safe, err)
		    : -ENOMEM;
}

/* Not a reply to what was asked: say so where the caller looks. */
static int bad_reply(struct awskms_error *err, const char *message)
{
	if (err) {
		err->class = AWSKMS_CLASS_UNREACHABLE;
		awskms_text_copy(err->message, sizeof(err->message), message);
	}
	return -EBADMSG;
}

static int get_text(const cJSON *j, const char *name, char **ret)
{
	const char *text;
	int r = json_get_string(j, name, &text);

	if (r < 0)
		return r;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int get_blob(const cJSON *j, uint8_t **ret, size_t *ret_len)
{
	_free_ uint8_t *blob = NULL;
	const char *text;
	int r = json_get_string(j, "CiphertextBlob", &text);

	if (r < 0)
		return r;
	blob = malloc(BASE64_DECODED_MAX(strlen(text)) + 1);
	if (!blob)
		return -ENOMEM;
	r = base64_decode(text, strlen(text), blob,
			  BASE64_DECODED_MAX(strlen(text)), ret_len);
	if (r < 0 || *ret_len == 0)
		return -EBADMSG;
	*ret = take_ptr(blob);
	return 0;
}

void awskms_data_key_done(struct awskms_data_key *k)
{
	secret_done(&k->plaintext);
	free(k->blob);
	free(k->key_arn);
	free(k->key_material_id);
	*k = AWSKMS_DATA_KEY_INIT;
}

static int data_key_read(struct awskms_client *c, unsigned bytes,
			 struct awskms_data_key *k)
{
	_json_ cJSON *j = NULL;
	int r = awskms_secret_take(c->room.bytes, c->got, "Plaintext",
				   &k->plaintext);

	if (r < 0 && r != -ENOENT)
		return r;
	if (k->plaintext.len != bytes)
		return -EBADMSG;
	r = json_parse_object((const char *)c->room.bytes, c->got, &j);
	if (r == 0)
		r = get_blob(j, &k->blob, &k->blob_len);
	if (r == 0)
		r = get_text(j, "KeyId", &k->key_arn);
	if (r < 0)
		return r == -ENOENT ? -EBADMSG : r;
	r = get_text(j, "KeyMaterialId", &k->key_material_id);
	return r == -ENOENT ? 0 : r;
}

/* @plain_bytes: what must come back in the clear, 0 = nothing may. */
static int generate(struct awskms_client *c, const char *operation,
		    const char *key_id, const struct ectx *context,
		    unsigned bytes, unsigned plain_bytes,
		    struct awskms_data_key *ret, struct awskms_error *err)
{
	_cleanup_(awskms_data_key_done) struct awskms_data_key k =
		AWSKMS_DATA_KEY_INIT;
	_json_ cJSON *request = NULL;
	int r = request_new(key_id, context, &request);

	if (r == 0)
		r = json_add_int(request, "NumberOfBytes", bytes);
	if (r == 0)
		r = exchange(c, operation, request, false, err);
	if (r < 0)
		return r;
	r = data_key_read(c, plain_bytes, &k);
	awskms_reply_wipe(c);
	if (r == -EBADMSG)
		return bad_reply(err, "the reply is not a data key as asked");
	if (r < 0)
		return r;
	*ret = k;
	k = AWSKMS_DATA_KEY_INIT;
	return 0;
}

int awskms_generate_data_key(struct awskms_client *c, const char *key_id,
			     const struct ectx *context, unsigned bytes,
			     struct awskms_data_key *ret,
			     struct awskms_error *err)
{
	return generate(c, "GenerateDataKey", key_id, context, bytes, bytes,
			ret, err);
}

int awskms_generate_data_key_without_plaintext(
	struct awskms_client *c, const char *key_id, const struct ectx *context,
	unsigned bytes, struct awskms_data_key *ret, struct awskms_error *err)
{
	return generate(c, "GenerateDataKeyWithoutPlaintext", key_id, context,
			bytes, 0, ret, err);
}

static int decrypt_request(const char *key_id, const struct ectx *context,
			   const void *blob, size_t blob_len, bool dry_run,
			   cJSON **ret)
{
	_json_ cJSON *j = NULL;
	int r = request_new(key_id, context, &j);

	if (r == 0)
		r = add_blob(j, "CiphertextBlob", blob, blob_len);
	if (r == 0 && dry_run)
		r = json_add_bool(j, "DryRun", true);
	if (r < 0)
		return r;
	*ret = take_ptr(j);
	return 0;
}

int awskms_decrypt(struct awskms_client *c, const char *key_id,
		   const struct ectx *context, const void *blob,
		   size_t blob_len, struct secret *ret_plaintext,
		   char **ret_key_arn, struct awskms_error *err)
{
	_cleanup_(secret_done) struct secret plaintext = SECRET_INIT;
	_json_ cJSON *request = NULL, *reply = NULL;
	int r = decrypt_request(key_id, context, blob, blob_len, false,
				&request);

	if (r == 0)
		r = exchange(c, "Decrypt", request, true, err);
	if (r < 0)
		return r;
	r = awskms_secret_take(c->room.bytes, c->got, "Plaintext", &plaintext);
	if (r == 0)
		r = json_parse_object((const char *)c->room.bytes, c->got,
				      &reply);
	awskms_reply_wipe(c);
	if (r == 0 && ret_key_arn)
		r = get_text(reply, "KeyId", ret_key_arn);
	if (r == -ENOENT || r == -EBADMSG)
		return bad_reply(err, "the reply is not a decrypted key");
	if (r < 0)
		return r;
	secret_move(ret_plaintext, &plaintext);
	return 0;
}

int awskms_decrypt_dry_run(struct awskms_client *c, const char *key_id,
			   const struct ectx *context, const void *blob,
			   size_t blob_len, struct awskms_error *err)
{
	struct awskms_error ours = AWSKMS_ERROR_INIT;
	_json_ cJSON *request = NULL;
	int r = decrypt_request(key_id, context, blob, blob_len, true,
				&request);

	if (!err)
		err = &ours;
	if (r == 0)
		r = exchange(c, "Decrypt", request, true, err);
	if (r == -EREMOTEIO &&
	    strcmp(err->code, "DryRunOperationException") == 0) {
		*err = AWSKMS_ERROR_INIT;
		return 0;
	}
	if (r < 0)
		return r;
	awskms_reply_wipe(c);
	(void)bad_reply(err, "the service does not know DryRun");
	return -EPROTO;
}

void awskms_key_info_done(struct awskms_key_info *k)
{
	free(k->key_arn);
	free(k->key_id);
	free(k->key_state);
	free(k->key_spec);
	free(k->current_key_material_id);
	*k = AWSKMS_KEY_INFO_INIT;
}

static int key_info_read(const struct awskms_client *c,
			 struct awskms_key_info *k)
{
	const struct {
		const char *name;
		char **to;
		bool optional;
	} members[] = {
		{"Arn", &k->key_arn, false},
		{"KeyId", &k->key_id, false},
		{"KeyState", &k->key_state, false},
		{"KeySpec", &k->key_spec, true},
		{"CurrentKeyMaterialId", &k->current_key_material_id, true},
	};
	_json_ cJSON *j = NULL;
	const cJSON *data;
	int r = json_parse_object((const char *)c->room.bytes, c->got, &j);

	if (r == 0)
		r = json_get_object(j, "KeyMetadata", &data);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(members); i++) {
		r = get_text(data, members[i].name, members[i].to);
		if (r == -ENOENT && members[i].optional)
			r = 0;
	}
	return r == -ENOENT ? -EBADMSG : r;
}

int awskms_describe_key(struct awskms_client *c, const char *key_id,
			struct awskms_key_info *ret, struct awskms_error *err)
{
	_cleanup_(awskms_key_info_done) struct awskms_key_info k =
		AWSKMS_KEY_INFO_INIT;
	_json_ cJSON *request = NULL;
	int r = request_new(key_id, NULL, &request);

	if (r == 0)
		r = exchange(c, "DescribeKey", request, true, err);
	if (r < 0)
		return r;
	r = key_info_read(c, &k);
	awskms_reply_wipe(c);
	if (r == -EBADMSG)
		return bad_reply(err, "the reply does not describe a key");
	if (r < 0)
		return r;
	*ret = k;
	k = AWSKMS_KEY_INFO_INIT;
	return 0;
}
