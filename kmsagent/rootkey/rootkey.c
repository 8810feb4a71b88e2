/* SPDX-License-Identifier: MIT */
/*
 * The table of providers, and the frame around what they wrap:
 *
 *	u8 version, 1 | u16 length, provider | u16 length, fingerprint of the
 *	root key | u32 length, the provider's bytes
 *
 * The frame is there to tell a wrong root key from a damaged record, before
 * cryptography says no to both alike.
 */
#include "kmsagent/rootkey/rootkey.h"

#include <stdarg.h>
#include <string.h>

#include "keyring/wire.h"
#include "kmsagent/rootkey/provider.h"

#define FRAME_VERSION 1
#define KEK_BYTES     32

static const struct rootkey_ops *const providers[] = {&rootkey_file};

struct rootkey {
	const struct rootkey_ops *ops;
	void *state;
	bool is_new;
	char fingerprint[ROOTKEY_FINGERPRINT_LEN + 1];
	char id[ROOTKEY_ID_MAX + 1];
};

int rootkey_fail(char why[ROOTKEY_WHY_BYTES], int err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, ROOTKEY_WHY_BYTES, format, ap);
	va_end(ap);
	return err;
}

const char *rootkey_providers(void)
{
	return "file";
}

static const struct rootkey_ops *find_provider(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(providers); i++)
		if (strcmp(providers[i]->name, name) == 0)
			return providers[i];
	return NULL;
}

int rootkey_open(const struct rootkey_conf *conf, struct rootkey **ret,
		 char why[ROOTKEY_WHY_BYTES])
{
	_cleanup_(rootkey_closep) struct rootkey *rk = NULL;
	const struct rootkey_ops *ops = find_provider(conf->provider);
	int r;

	if (!ops)
		return rootkey_fail(why, -EINVAL,
				    "no root key provider is called '%s'; set "
				    "[rootkey] provider to one of: %s",
				    conf->provider ? conf->provider : "",
				    rootkey_providers());
	rk = calloc(1, sizeof(*rk));
	if (!rk)
		return rootkey_fail(why, -ENOMEM, "out of memory");
	r = ops->open(conf, &rk->state, rk->fingerprint, &rk->is_new, why);
	if (r < 0)
		return r;
	rk->ops = ops;
	snprintf(rk->id, sizeof(rk->id), "%s:%s", ops->name, rk->fingerprint);
	*ret = take_ptr(rk);
	return 0;
}

const char *rootkey_id(const struct rootkey *rk)
{
	return rk->id;
}

bool rootkey_is_new(const struct rootkey *rk)
{
	return rk->is_new;
}

int rootkey_wrap(struct rootkey *rk, const char *kek_id,
		 const struct secret *kek, uint8_t **ret, size_t *ret_len)
{
	_cleanup_(wire_writer_done) struct wire_writer w = WIRE_WRITER_INIT;
	_free_ uint8_t *inner = NULL;
	size_t len;
	int r;

	if (!*kek_id || kek->len != KEK_BYTES)
		return -EINVAL;
	r = rk->ops->wrap(rk->state, kek_id, kek, &inner, &len);
	if (r < 0)
		return r;
	wire_put_u8(&w, FRAME_VERSION);
	wire_put_v16(&w, rk->ops->name, strlen(rk->ops->name));
	wire_put_v16(&w, rk->fingerprint, strlen(rk->fingerprint));
	wire_put_v32(&w, inner, len);
	return wire_writer_take(&w, ret, ret_len);
}

struct frame {
	const uint8_t *provider, *fingerprint, *inner;
	size_t provider_len, fingerprint_len, inner_len;
};

/* Short, and printable: it is shown to an operator. */
static bool is_name(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] <= ' ' || bytes[i] > '~')
			return false;
	return len > 0 && len <= ROOTKEY_ID_MAX;
}

static bool frame_parse(const void *buf, size_t len, struct frame *ret)
{
	struct wire_reader r;
	unsigned version;

	*ret = (struct frame){0};
	wire_reader_init(&r, buf, len);
	version = wire_get_u8(&r);
	ret->provider = wire_get_v16(&r, &ret->provider_len);
	ret->fingerprint = wire_get_v16(&r, &ret->fingerprint_len);
	ret->inner = wire_get_v32(&r, &ret->inner_len);
	return version == FRAME_VERSION && wire_reader_is_done(&r) &&
	       is_name(ret->provider, ret->provider_len) &&
	       is_name(ret->fingerprint, ret->fingerprint_len);
}

static bool is_text(const uint8_t *bytes, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(bytes, text, len) == 0;
}

int rootkey_unwrap(struct rootkey *rk, const char *kek_id, const void *wrapped,
		   size_t len, struct secret *ret, char why[ROOTKEY_WHY_BYTES])
{
	_cleanup_(secret_done) struct secret kek = SECRET_INIT;
	struct frame f;
	int r;

	if (!frame_parse(wrapped, len, &f))
		return rootkey_fail(
			why, -EBADMSG,
			"the record of key-encryption key %s is damaged; "
			"restore the store from its backup",
			kek_id);
	if (!is_text(f.provider, f.provider_len, rk->ops->name) ||
	    !is_text(f.fingerprint, f.fingerprint_len, rk->fingerprint))
		return rootkey_fail(
			why, -EKEYREJECTED,
			"the store was closed with root key %.*s:%.*s, but "
			"this is root key %s; configure the store's own root "
			"key ([rootkey]) or bring it back from its backup",
			(int)f.provider_len, (const char *)f.provider,
			(int)f.fingerprint_len, (const char *)f.fingerprint,
			rk->id);
	r = rk->ops->unwrap(rk->state, kek_id, f.inner, f.inner_len, &kek);
	if (r == 0 && kek.len != KEK_BYTES)
		r = -EBADMSG;
	if (r == -EBADMSG)
		return rootkey_fail(
			why, r,
			"key-encryption key %s does not open although root "
			"key %s is the right one: its record is damaged or is "
			"another's; restore the store from its backup",
			kek_id, rk->id);
	if (r < 0)
		return rootkey_fail(why, r,
				    "root key %s could not open "
				    "key-encryption key %s: %s; try again",
				    rk->id, kek_id, strerrordesc_np(-r));
	secret_move(ret, &kek);
	return 0;
}

void rootkey_close(struct rootkey *rk)
{
	if (!rk)
		return;
	if (rk->ops)
		rk->ops->close(rk->state);
	free(rk);
}

void rootkey_closep(struct rootkey **rk)
{
	rootkey_close(*rk);
}
