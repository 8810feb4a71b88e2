/* SPDX-License-Identifier: MIT */
/*
 * Credentials from text.  The shared file is parsed where it lies, in locked
 * memory; the secret's one copy is a struct secret.
 */
#include "kmsagent/aws/credentials.h"

#include <fcntl.h>
#include <string.h>

#include "kmsagent/base/io.h"

#define MAX_FILE_BYTES ((size_t)64 << 10)

struct text {
	const char *at;
	size_t len;
};

/* Printable, no blank: what may stand in a header or a signature. */
static bool is_clean(struct text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (t.at[i] <= ' ' || t.at[i] > '~')
			return false;
	return t.len > 0;
}

static int set(struct awskms_credentials *c, struct text id, struct text secret,
	       struct text token)
{
	_cleanup_(awskms_credentials_done) struct awskms_credentials new =
		AWSKMS_CREDENTIALS_INIT;
	int r;

	if (!is_clean(id) || !is_clean(secret) ||
	    (token.at && !is_clean(token)))
		return -EINVAL;
	new.access_key_id = strndup(id.at, id.len);
	if (token.at)
		new.session_token = strndup(token.at, token.len);
	if (!new.access_key_id || (token.at && !new.session_token))
		return -ENOMEM;
	r = secret_set(&new.secret_access_key, secret.at, secret.len);
	if (r < 0)
		return r;
	awskms_credentials_done(c);
	*c = new;
	new = AWSKMS_CREDENTIALS_INIT;
	return 0;
}

static struct text text_of(const char *s)
{
	return (struct text){s, s ? strlen(s) : 0};
}

int awskms_credentials_set(struct awskms_credentials *c,
			   const char *access_key_id, const char *secret,
			   size_t secret_len, const char *session_token)
{
	return set(c, text_of(access_key_id), (struct text){secret, secret_len},
		   text_of(session_token));
}

/* The bytes themselves, not only the name: /proc/PID/environ shows them. */
static void env_wipe(const char *name)
{
	char *value = getenv(name);

	if (value)
		secret_wipe(value, strlen(value));
	unsetenv(name);
}

int awskms_credentials_from_env(struct awskms_credentials *c)
{
	static const char *const names[] = {
		"AWS_ACCESS_KEY_ID",
		"AWS_SECRET_ACCESS_KEY",
		"AWS_SESSION_TOKEN",
	};
	struct text t[ARRAY_SIZE(names)];
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = getenv(names[i]);

		/* Set to nothing is not set. */
		t[i] = text_of(value && *value ? value : NULL);
	}
	if (!t[0].at && !t[1].at)
		return -ENOENT;
	r = t[0].at && t[1].at ? set(c, t[0], t[1], t[2]) : -EINVAL;
	if (r == 0)
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			env_wipe(names[i]);
	return r;
}

static struct text trim(struct text t)
{
	while (t.len && strchr(" \t\r", t.at[0])) {
		t.at++;
		t.len--;
	}
	while (t.len && strchr(" \t\r", t.at[t.len - 1]))
		t.len--;
	return t;
}

static bool is(struct text t, const char *word)
{
	return t.len == strlen(word) && memcmp(t.at, word, t.len) == 0;
}

static struct text next_line(struct text *rest)
{
	const char *end = memchr(rest->at, '\n', rest->len);
	struct text line = {rest->at,
			    end ? (size_t)(end - rest->at) : rest->len};
	size_t used = line.len + (end ? 1 : 0);

	rest->at += used;
	rest->len -= used;
	return line;
}

/* "[name]", or -EINVAL; a comment may follow. */
static int parse_section(struct text line, struct text *ret)
{
	const char *end = memchr(line.at, ']', line.len);

	if (!end)
		return -EINVAL;
	*ret = trim((struct text){line.at + 1, (size_t)(end - line.at) - 1});
	return 0;
}

int awskms_credentials_parse(struct awskms_credentials *c,
			     const struct secret *text, const char *profile)
{
	static const char *const names[] = {
		"aws_access_key_id",
		"aws_secret_access_key",
		"aws_session_token",
	};
	struct text found[ARRAY_SIZE(names)] = {{0}};
	struct text rest = {(const char *)text->bytes, text->len};
	bool inside = false, seen = false;

	if (!profile)
		profile = "default";
	if (memchr(rest.at, '\0', rest.len))
		return -EINVAL;
	while (rest.len) {
		struct text raw = next_line(&rest), line = trim(raw), name;
		const char *eq;

		if (!line.len || line.at[0] == '#' || line.at[0] == ';')
			continue;
		if (line.at[0] == '[') {
			if (parse_section(line, &name) < 0)
				return -EINVAL;
			inside = is(name, profile);
			seen |= inside;
			continue;
		}
		/* Indented lines belong to nested settings of other tools. */
		if (!inside || raw.at[0] == ' ' || raw.at[0] == '\t')
			continue;
		eq = memchr(line.at, '=', line.len);
		if (!eq)
			return -EINVAL;
		name = trim((struct text){line.at, (size_t)(eq - line.at)});
		line.len -= (size_t)(eq + 1 - line.at);
		line.at = eq + 1;
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (is(name, names[i]))
				found[i] = trim(line);
	}
	if (!seen)
		return -ENOENT;
	if (!found[0].at || !found[1].at)
		return -EINVAL;
	return set(c, found[0], found[1], found[2]);
}

int awskms_credentials_from_file(struct awskms_credentials *c, const char *path,
				 const char *profile)
{
	_cleanup_(secret_done) struct secret text = SECRET_INIT;
	int r = io_read_secret(AT_FDCWD, path, MAX_FILE_BYTES, &text);

	return r < 0 ? r : awskms_credentials_parse(c, &text, profile);
}

void awskms_credentials_done(struct awskms_credentials *c)
{
	free(c->access_key_id);
	secret_done(&c->secret_access_key);
	if (c->session_token)
		secret_wipe(c->session_token, strlen(c->session_token));
	free(c->session_token);
	*c = AWSKMS_CREDENTIALS_INIT;
}
