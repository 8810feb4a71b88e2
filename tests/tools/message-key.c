/* SPDX-License-Identifier: MIT */
/*
 * What a test must know of a message to look for its keys elsewhere.
 *
 * message-key request FILE : the Decrypt request for the message's data key,
 *	as JSON, from the header alone (FILE may end after it).
 * message-key derive FILE  : the KMS's Decrypt answer comes on stdin; prints
 *	"data=HEX" and "message=HEX", which memscan takes.
 * message-key entry -      : the Decrypt request for a named key's data key,
 *	from what "kmsctl key show NAME --json" says, on stdin.
 * message-key plain NAME   : the same for any answer: prints "NAME=HEX".
 */
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>

#include "kcapi/bulk.h"
#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"

static int put_request(const char *cmk, const char *blob,
		       const struct ectx *context)
{
	_json_ cJSON *j = cJSON_CreateObject();
	_json_text_ char *text = NULL;

	if (!j || json_add_string(j, "KeyId", cmk) < 0 ||
	    json_add_string(j, "CiphertextBlob", blob) < 0 ||
	    json_add_ectx(j, "EncryptionContext", context) < 0)
		return -ENOMEM;
	text = json_print(j);
	puts(text ? text : "");
	return 0;
}

static int print_request(const struct esdk_header *h)
{
	const struct esdk_edk *edk = &h->edks[0];
	_free_ char *blob = calloc(1, edk->ciphertext_len * 4 / 3 + 8);
	_free_ char *cmk = strndup((const char *)edk->info, edk->info_len);

	if (!blob || !cmk)
		return -ENOMEM;
	EVP_EncodeBlock((unsigned char *)blob, edk->ciphertext,
			(int)edk->ciphertext_len);
	return put_request(cmk, blob, &h->context);
}

static void print_hex(const char *name, const struct secret *s)
{
	printf("%s=", name);
	for (size_t i = 0; i < s->len; i++)
		printf("%02x", s->bytes[i]);
	putchar('\n');
}

static int read_object(cJSON **ret)
{
	char text[65536];
	ssize_t n = io_read_full(STDIN_FILENO, text, sizeof(text));

	return n < 0 ? (int)n : json_parse_object(text, (size_t)n, ret);
}

static int print_entry_request(void)
{
	_cleanup_(ectx_done) struct ectx context = ECTX_INIT;
	const char *cmk = NULL, *blob = NULL;
	_json_ cJSON *entry = NULL;
	int r = read_object(&entry);

	if (r == 0)
		r = json_get_string(entry, "cmk_arn", &cmk);
	if (r == 0)
		r = json_get_string(entry, "ciphertext_blob", &blob);
	if (r == 0)
		r = json_get_ectx(entry, "encryption_context", &context);
	return r < 0 ? r : put_request(cmk, blob, &context);
}

/* The Plaintext of the KMS's answer on stdin. */
static int read_plaintext(struct secret *ret)
{
	const char *plaintext = NULL;
	_json_ cJSON *j = NULL;
	int r = read_object(&j);
	size_t len;

	if (r == 0)
		r = json_get_string(j, "Plaintext", &plaintext);
	if (r < 0)
		return r;
	len = strlen(plaintext);
	r = secret_alloc(ret, len / 4 * 3);
	if (r < 0)
		return r;
	if (EVP_DecodeBlock(ret->bytes, (const unsigned char *)plaintext,
			    (int)len) < 0)
		return -EBADMSG;
	for (size_t pad = 0; pad < 2 && plaintext[len - 1 - pad] == '='; pad++)
		secret_truncate(ret, ret->len - 1);
	return 0;
}

static int print_keys(const struct esdk_header *h)
{
	_cleanup_(secret_done) struct secret data = SECRET_INIT,
					     key = SECRET_INIT;
	struct esdk_refusal why = {0};
	int r = read_plaintext(&data);

	if (r == 0)
		r = esdk_derive_committed(&data, h->message_id, h->commitment,
					  &key, &why);
	if (r < 0)
		return r;
	print_hex("data", &data);
	print_hex("message", &key);
	return 0;
}

static int print_plain(const char *name)
{
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	int r = read_plaintext(&s);

	if (r == 0)
		print_hex(name, &s);
	return r;
}

int main(int argc, char **argv)
{
	_cleanup_(esdk_header_done) struct esdk_header h = ESDK_HEADER_INIT;
	struct esdk_refusal why = {0};
	_close_ int fd = -1;
	int r;

	json_init();
	if (argc != 3) {
		fputs("usage: message-key request|derive FILE | entry - | plain NAME\n",
		      stderr);
		return 2;
	}
	if (strcmp(argv[1], "entry") == 0)
		return print_entry_request() < 0;
	if (strcmp(argv[1], "plain") == 0)
		return print_plain(argv[2]) < 0;
	fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : bulk_decrypt_header(fd, &h, &why);
	if (r == 0)
		r = strcmp(argv[1], "derive") == 0 ? print_keys(&h)
						   : print_request(&h);
	if (r < 0)
		fprintf(stderr, "message-key: %s: %s (%s)\n", argv[2],
			strerror(-r), esdk_stage_name(why.stage));
	return r < 0;
}
