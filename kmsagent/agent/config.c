/* SPDX-License-Identifier: MIT */
/* The table of kmsagent.conf.  It must not act on any setting. */
#include "kmsagent/agent/config.h"

#include <pwd.h>
#include <string.h>

#include "kmsagent/agent/entry.h"
#include "kmsagent/base/conf.h"

#define OPEN_CMKS_MAX 64

static int set_lease(void *target, const struct conf_place *place,
		     const char *value, char *why, size_t why_len)
{
	int64_t s;
	int r = conf_set_duration_s(&s, place, value, why, why_len);

	if (r < 0)
		return r;
	if (s < AGENT_LEASE_MIN_S || s > AGENT_LEASE_MAX_S) {
		snprintf(why, why_len, "a lease is 2s to 366d long");
		return -ERANGE;
	}
	*(int64_t *)target = s;
	return 0;
}

static int set_count(void *target, const struct conf_place *place,
		     const char *value, char *why, size_t why_len)
{
	unsigned n;
	int r = conf_set_unsigned(&n, place, value, why, why_len);

	if (r < 0)
		return r;
	if (n < 1 || n > 10000) {
		snprintf(why, why_len, "it takes 1 to 10000");
		return -ERANGE;
	}
	*(unsigned *)target = n;
	return 0;
}

static int set_endpoint(void *target, const struct conf_place *place,
			const char *value, char *why, size_t why_len)
{
	if (strncmp(value, "unix:/", 6) != 0 &&
	    strncmp(value, "http://", 7) != 0 &&
	    strncmp(value, "https://", 8) != 0) {
		snprintf(why, why_len,
			 "an endpoint is unix:/PATH, http://HOST[:PORT] or "
			 "https://HOST[:PORT]");
		return -EINVAL;
	}
	return conf_set_string(target, place, value, why, why_len);
}

/* A list, or the key repeated: each word is one more. */
static int add_open_cmks(void *target, const struct conf_place *place,
			 const char *value, char *why, size_t why_len)
{
	struct agent_config *c = target;
	_free_ char *copy = strdup(value);
	char *save = NULL;

	(void)place;
	if (!copy)
		return -ENOMEM;
	for (char *word = strtok_r(copy, ", \t", &save); word;
	     word = strtok_r(NULL, ", \t", &save)) {
		char **list;

		if (c->open_count == OPEN_CMKS_MAX) {
			snprintf(why, why_len, "it takes %d keys at most",
				 OPEN_CMKS_MAX);
			return -E2BIG;
		}
		list = reallocarray(c->open_cmks, c->open_count + 1,
				    sizeof(*list));
		if (!list)
			return -ENOMEM;
		c->open_cmks = list;
		list[c->open_count] = strdup(word);
		if (!list[c->open_count])
			return -ENOMEM;
		c->open_count++;
	}
	return 0;
}

#define AT(member) offsetof(struct agent_config, member)

static const struct conf_key keys[] = {
	{"agent", "state", conf_set_string, AT(state)},
	{"agent", "socket", conf_set_string, AT(socket)},
	{"agent", "fetcher_user", conf_set_string, AT(fetcher_user)},
	{"agent", "worker_user", conf_set_string, AT(worker_user)},
	{"agent", "default_cmk", conf_set_string, AT(default_cmk)},
	{"agent", "audit", conf_set_string, AT(audit)},
	{"kms", "endpoint", set_endpoint, AT(endpoint)},
	{"kms", "region", conf_set_string, AT(region)},
	{"kms", "credentials_file", conf_set_string, AT(credentials_file)},
	{"kms", "profile", conf_set_string, AT(profile)},
	{"kms", "ca_file", conf_set_string, AT(ca_file)},
	{"lease", "default", set_lease, AT(lease_s)},
	{"lease", "renew_interval", conf_set_duration_s, AT(renew_interval_s)},
	{"lease", "denied_confirm", conf_set_duration_s, AT(denied_confirm_s)},
	{"message", "open_cmks", add_open_cmks, 0},
	{"message", "engine", conf_set_string, AT(engine)},
	{"limits", "fetchers", set_count, AT(fetchers)},
	{"limits", "jobs", set_count, AT(jobs)},
	{"limits", "jobs_per_uid", set_count, AT(jobs_per_uid)},
	{"limits", "upcalls_per_second", set_count, AT(upcalls_per_second)},
	{"limits", "upcalls_burst", set_count, AT(upcalls_burst)},
	{"limits", "upcalls_waiting", set_count, AT(upcalls_waiting)},
};

static const struct {
	size_t offset;
	const char *value;
} defaults[] = {
	{AT(state), "/var/lib/kmsagent"},
	{AT(socket), "/run/kmsagent/io.kmsagent.Agent"},
	{AT(fetcher_user), "kmsagent-fetch"},
	{AT(worker_user), "kmsagent-work"},
	{AT(default_cmk), "alias/aws/kmsagent"},
	{AT(endpoint), "unix:/run/kmsd/kmsd.sock"},
	{AT(region), "us-east-1"},
	{AT(engine), "auto"},
};

int agent_config_init(struct agent_config *c)
{
	*c = (struct agent_config){
		.lease_s = 3600,
		.renew_interval_s = 300,
		.denied_confirm_s = 60,
		.fetchers = 8,
		.jobs = 64,
		.jobs_per_uid = 16,
		.upcalls_per_second = 50,
		.upcalls_burst = 300,
		.upcalls_waiting = 1000,
	};
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		char **to = (char **)((char *)c + defaults[i].offset);

		*to = strdup(defaults[i].value);
		if (!*to) {
			agent_config_done(c);
			return -ENOMEM;
		}
	}
	return 0;
}

int agent_config_load(struct agent_config *c, const char *path, bool is_wanted,
		      char *why, size_t why_len)
{
	int r;

	if (!is_wanted && access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	r = conf_load(path, keys, ARRAY_SIZE(keys), c, why, why_len);
	return r;
}

void agent_config_done(struct agent_config *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].set == conf_set_string ||
		    keys[i].set == set_endpoint)
			free(*(char **)((char *)c + keys[i].offset));
	for (size_t i = 0; i < c->open_count; i++)
		free(c->open_cmks[i]);
	free(c->open_cmks);
	*c = (struct agent_config){0};
}

bool agent_config_is_local(const struct agent_config *c)
{
	return strncmp(c->endpoint, "unix:", 5) == 0;
}

int agent_config_user(const char *user, uid_t *ret_uid, gid_t *ret_gid)
{
	bool is_number = user[strspn(user, "0123456789")] == '\0';
	struct passwd *pw;
	uint32_t uid;
	int r = conf_parse_uid(user, &uid);

	if (r < 0)
		return r;
	if (uid == 0)
		return -EINVAL;
	pw = is_number ? getpwuid(uid) : getpwnam(user);
	if (!pw && !is_number)
		return -ENOENT;
	*ret_uid = uid;
	*ret_gid = pw ? pw->pw_gid : uid;
	return *ret_gid == 0 ? -EINVAL : 0;
}
