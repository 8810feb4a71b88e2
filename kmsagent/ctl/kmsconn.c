/* SPDX-License-Identifier: MIT */
/*
 * Which key service, as who.  Source: AWS SDKs and Tools Reference Guide
 * (service-specific endpoints, region, credential files).
 */
#include "kmsagent/ctl/kmsconn.h"

#include <string.h>

#include "kmsagent/base/io.h"

static const char *from_env(const char *const *names)
{
	for (; *names; names++) {
		const char *value = getenv(*names);

		if (value && *value)
			return value;
	}
	return NULL;
}

static bool is_unix(const char *endpoint)
{
	return !strncmp(endpoint, "unix:", 5);
}

const char *cmd_kms_endpoint(const char *option)
{
	static const char *const names[] = {"AWS_ENDPOINT_URL_KMS",
					    "AWS_ENDPOINT_URL", NULL};
	const char *value = option ? option : from_env(names);

	return value ? value : CMD_KMS_ENDPOINT;
}

const char *cmd_kms_region(const char *option, const char *endpoint)
{
	static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION",
					    NULL};
	const char *value = option ? option : from_env(names);

	return value || !is_unix(endpoint) ? value : "us-east-1";
}

/* AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials. */
static int credentials_path(char **ret)
{
	const char *file = getenv("AWS_SHARED_CREDENTIALS_FILE");
	const char *home = getenv("HOME");

	if (file && *file)
		*ret = strdup(file);
	else if (home && *home)
		*ret = io_format("%s/.aws/credentials", home);
	else
		return -ENOENT;
	return *ret ? 0 : -ENOMEM;
}

static enum cmd_exit find_credentials(const struct cmd_args *args,
				      struct awskms_credentials *ret)
{
	_free_ char *path = NULL;
	int r = awskms_credentials_from_env(ret);

	if (r >= 0)
		return CMD_DONE;
	if (r == -EINVAL)
		return cmd_fail(args, "NoCredentials", "export both",
				"of AWS_ACCESS_KEY_ID and "
				"AWS_SECRET_ACCESS_KEY only one is usable");
	if (r == -ENOENT)
		r = credentials_path(&path);
	if (r >= 0)
		r = awskms_credentials_from_file(ret, path,
						 getenv("AWS_PROFILE"));
	if (r >= 0)
		return CMD_DONE;
	if (r == -EPERM)
		return cmd_fail(args, "NoCredentials", "chmod 600 it",
				"%s is open to others, or not yours", path);
	if (r == -EINVAL)
		return cmd_fail(args, "NoCredentials",
				"it needs aws_access_key_id and "
				"aws_secret_access_key in the profile",
				"%s: the profile is incomplete", path);
	if (r == -ENOENT)
		return cmd_fail(args, "NoCredentials",
				"export AWS_ACCESS_KEY_ID and "
				"AWS_SECRET_ACCESS_KEY, or name a profile of "
				"~/.aws/credentials in AWS_PROFILE",
				"this endpoint needs credentials and there are "
				"none");
	return cmd_fail_errno(args, r, NULL, "credentials");
}

enum cmd_exit cmd_kms_connect(const struct cmd_args *args, const char *endpoint,
			      const char *region, struct awskms_client **ret)
{
	_cleanup_(awskms_credentials_done) struct awskms_credentials who =
		AWSKMS_CREDENTIALS_INIT;
	struct awskms_config config = {
		.endpoint = endpoint,
		.region = region,
		.ca_file = getenv("AWS_CA_BUNDLE"),
		.credentials = &who,
	};
	char why[256] = "";
	int r = awskms_global_init();

	if (r < 0)
		return cmd_fail_errno(args, r, NULL, "libcurl");
	if (!region)
		return cmd_misuse(args,
				  "%s needs a region: --region, AWS_REGION or "
				  "AWS_DEFAULT_REGION",
				  endpoint);
	if (!is_unix(endpoint)) {
		enum cmd_exit e = find_credentials(args, &who);

		if (e)
			return e;
	}
	r = awskms_new(&config, ret, why, sizeof(why));
	if (r == -EINVAL)
		return cmd_misuse(args, "%s", why);
	if (r < 0)
		return cmd_fail_errno(args, r, NULL, endpoint);
	return CMD_DONE;
}
