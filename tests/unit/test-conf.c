/* SPDX-License-Identifier: MIT */
/* INI by table: what is taken, what is refused and with which words. */
#include "kmsagent/base/conf.h"

#include <stddef.h>
#include <string.h>

#include "tests/unit/tap.h"

struct target {
	char *path;
	int64_t lease_s;
	unsigned threads;
	bool on;
	char peers[128];
};

static int set_peer(void *target, const struct conf_place *place,
		    const char *value, char *why, size_t why_len)
{
	char *peers = target;

	(void)why;
	(void)why_len;
	snprintf(peers + strlen(peers), 128 - strlen(peers), "%s/%s=%s;",
		 place->section, place->key, value);
	return 0;
}

static const struct conf_key keys[] = {
	{"agent", "path", conf_set_string, offsetof(struct target, path)},
	{"agent", "threads", conf_set_unsigned,
	 offsetof(struct target, threads)},
	{"agent", "on", conf_set_bool, offsetof(struct target, on)},
	{"lease", "default", conf_set_duration_s,
	 offsetof(struct target, lease_s)},
	{"peer", "*", set_peer, offsetof(struct target, peers)},
	{"access-key *", "secret", set_peer, offsetof(struct target, peers)},
};

static int parse(const char *text, struct target *t, char *why)
{
	return conf_parse("x.conf", text, strlen(text), keys, ARRAY_SIZE(keys),
			  t, why, 256);
}

static void taken(void)
{
	struct target t = {0};
	char why[256] = "";

	TAP_EQ_INT(parse("# c\n[agent]\n path = /a b \nthreads=3\non = yes\n"
			 "; c\n[lease]\ndefault = 1h 30min\n[peer]\n"
			 "bob = arn:x\n[access-key AK1]\nsecret = s",
			 &t, why),
		   0, "good_file_is_taken");
	TAP_EQ_STR(t.path, "/a b", "value_is_trimmed");
	TAP_EQ_INT(t.threads, 3, "number_is_read");
	TAP_OK(t.on, "flag_is_read");
	TAP_EQ_INT(t.lease_s, 5400, "span_is_read");
	TAP_EQ_STR(t.peers, "peer/bob=arn:x;access-key AK1/secret=s;",
		   "open_keys_and_sections_are_given_by_name");
	free(t.path);
}

static void refused(void)
{
	static const struct {
		const char *text, *want;
	} bad[] = {
		{"[agnt]\n", "unknown section [agnt]; the nearest is [agent]"},
		{"[agent]\npth = x",
		 "x.conf:2: unknown key \"pth\" in [agent]; the nearest is "
		 "\"path\""},
		{"path = x", "stands before any [section]"},
		{"[agent]\nwords", "expected key = value"},
		{"[agent\n", "a section is written [name]"},
		{"[agent]\nthreads = -1", "no whole number"},
		{"[agent]\non = perhaps", "neither yes nor no"},
		{"[lease]\ndefault = soon", "no time span"},
		{"[access-key ]\nsecret = x", "unknown section"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct target t = {0};
		char why[256] = "";
		int r = parse(bad[i].text, &t, why);

		if (!TAP_OK(r == -EINVAL && strstr(why, bad[i].want),
			    "bad_file_is_refused_with_the_reason"))
			tap_diag("%d '%s', want '%s'", r, why, bad[i].want);
		free(t.path);
	}
}

static void spans_and_users(void)
{
	/* Seconds as systemd-analyze timespan gives them. */
	static const struct {
		const char *text;
		int64_t want; /* -1: refused */
	} spans[] = {
		{"90", 90},
		{"90s", 90},
		{"5min", 300},
		{"5m", 300},
		{"8h", 28800},
		{"2d", 172800},
		{"1w", 604800},
		{"1h 1min", 3660},
		{"2 hours", 7200},
		{"1h30m", 5400},
		{"", -1},
		{"-5s", -1},
		{"5 parsecs", -1},
		{"1.5h", -1},
		{"99999999999999999999", -1},
		{"9223372036854775807w", -1},
	};
	uint32_t id = 7;

	for (size_t i = 0; i < ARRAY_SIZE(spans); i++) {
		int64_t s = -1;

		(void)!conf_parse_duration_s(spans[i].text, &s);
		if (!TAP_EQ_INT(s, spans[i].want,
				"span_is_as_systemd_reads_it"))
			tap_diag("'%s'", spans[i].text);
	}
	TAP_OK(conf_parse_uid("uid:65534", &id) == 0 && id == 65534,
	       "uid_by_number");
	TAP_OK(conf_parse_uid("user:root", &id) == 0 && id == 0, "uid_by_name");
	TAP_OK(conf_parse_gid("group:root", &id) == 0 && id == 0,
	       "gid_by_name");
	TAP_EQ_INT(conf_parse_uid("user:no-such-user", &id), -ENOENT,
		   "unknown_user_is_told");
	TAP_EQ_INT(conf_parse_uid("uid:4294967295", &id), -EINVAL,
		   "uid_minus_one_is_refused");
	TAP_EQ_INT(conf_parse_uid("uid:", &id), -EINVAL,
		   "empty_uid_is_refused");
}

int main(void)
{
	taken();
	refused();
	spans_and_users();
	return tap_done();
}
