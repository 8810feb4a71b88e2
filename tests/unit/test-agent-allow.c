/* SPDX-License-Identifier: MIT */
/*
 * Who is let in by an allow list, and how often.  The accounts are Debian's
 * base ones: root, and daemon with its group.
 */
#include <grp.h>
#include <pwd.h>

#include "kmsagent/agent/allow.h"
#include "kmsagent/agent/rate.h"
#include "tests/unit/tap.h"

static bool permits(const char *line, const struct agent_caller *who)
{
	char *lines[] = {(char *)line};

	return agent_allow_permits(lines, 1, who);
}

static void test_lines(void)
{
	const struct agent_caller who = {.uid = 4321, .gid = 4322};
	const gid_t groups[] = {7, 4400};
	const struct agent_caller member = {
		.uid = 4321, .gid = 4322, .groups = groups, .ngroups = 2};
	const struct agent_caller root = {0};

	TAP_OK(permits("uid:4321", &who), "uid_lets_its_own_in");
	TAP_OK(!permits("uid:4322", &who), "uid_lets_no_other_in");
	TAP_OK(!permits("uid:432", &who), "uid_is_no_prefix");
	TAP_OK(permits("gid:4322", &who), "gid_lets_its_own_in");
	TAP_OK(!permits("gid:4400", &who), "gid_lets_no_stranger_in");
	TAP_OK(permits("gid:4400", &member), "gid_lets_a_member_in");
	TAP_OK(!permits("gid:8", &member), "gid_lets_no_non_member_in");
	TAP_OK(!permits("user:no-such-user-here", &who),
	       "unknown_user_lets_nobody_in");
	TAP_OK(!permits("group:no-such-group-here", &who),
	       "unknown_group_lets_nobody_in");
	TAP_OK(!agent_allow_permits(NULL, 0, &who), "empty_list_refuses");
	TAP_OK(agent_allow_permits(NULL, 0, &root), "root_is_always_let_in");
}

static void test_names(void)
{
	const struct passwd *pw = getpwnam("daemon");
	struct agent_caller who = {0};

	if (!pw) {
		tap_skip("names_of_accounts", "there is no user daemon here");
		return;
	}
	who.uid = pw->pw_uid;
	who.gid = pw->pw_gid;
	TAP_OK(permits("user:daemon", &who), "user_lets_its_own_in");
	TAP_OK(!permits("user:root", &who), "user_lets_no_other_in");
	TAP_OK(permits("group:daemon", &who), "group_lets_its_own_in");
	who.gid = 54321; /* as after newgrp: the database still has it */
	TAP_OK(permits("group:daemon", &who),
	       "group_asks_the_database_when_the_kernel_does_not_tell");
	who.uid = 54321;
	TAP_OK(!permits("group:daemon", &who), "group_lets_no_stranger_in");
}

static void test_validity(void)
{
	TAP_OK(agent_allow_is_valid("uid:0"), "uid_is_valid");
	TAP_OK(agent_allow_is_valid("user:a.b-c_d"), "user_is_valid");
	TAP_OK(!agent_allow_is_valid("uid:"), "refuses_no_number");
	TAP_OK(!agent_allow_is_valid("uid:1x"), "refuses_a_tail");
	TAP_OK(!agent_allow_is_valid("uid: 1"), "refuses_a_space");
	TAP_OK(!agent_allow_is_valid("uid:4294967296"), "refuses_a_wrap");
	TAP_OK(!agent_allow_is_valid("user:"), "refuses_no_name");
	TAP_OK(!agent_allow_is_valid("user:a\nb"), "refuses_a_line_feed");
	TAP_OK(!agent_allow_is_valid("root"), "refuses_no_prefix");
}

static void test_rate(void)
{
	static struct agent_rate r = {.per_s = 10, .burst = 3};
	bool burst = true;

	for (int i = 0; i < 3; i++)
		burst = agent_rate_take(&r, 5, 1000) && burst;
	TAP_OK(burst, "burst_is_let_through");
	TAP_OK(!agent_rate_take(&r, 5, 1000), "more_than_the_burst_is_not");
	TAP_OK(agent_rate_take(&r, 6, 1000), "another_uid_has_its_own");
	TAP_OK(!agent_rate_take(&r, 5, 1099), "not_before_a_tenth_of_a_second");
	TAP_OK(agent_rate_take(&r, 5, 1100), "then_one_more");
	TAP_OK(!agent_rate_take(&r, 5, 1100), "and_only_one");
	burst = true;
	for (int i = 0; i < 3; i++)
		burst = agent_rate_take(&r, 5, 1000000) && burst;
	TAP_OK(burst && !agent_rate_take(&r, 5, 1000000),
	       "long_rest_fills_it_to_the_burst_only");
}

int main(void)
{
	test_lines();
	test_names();
	test_validity();
	test_rate();
	return tap_done();
}
