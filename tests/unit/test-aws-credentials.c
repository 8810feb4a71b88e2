/* SPDX-License-Identifier: MIT */
/*
 * AWS credentials from text, environment and file.  The keys are the ones of
 * AWS's own documentation.
 */
#include "kmsagent/aws/credentials.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/tap.h"

#define ID     "AKIAIOSFODNN7EXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

static bool are(const struct awskms_credentials *c, const char *id,
		const char *secret, const char *token)
{
	return c->access_key_id && !strcmp(c->access_key_id, id) &&
	       c->secret_access_key.len == strlen(secret) &&
	       !memcmp(c->secret_access_key.bytes, secret, strlen(secret)) &&
	       (token ? c->session_token && !strcmp(c->session_token, token)
		      : !c->session_token);
}

static void texts(void)
{
	static const struct {
		const char *text, *profile;
		int result;
		const char *token;
		const char *name;
	} table[] = {
		{"[default]\naws_access_key_id=" ID
		 "\naws_secret_access_key=" SECRET "\n",
		 NULL, 0, NULL, "the_default_profile"},
		{"# x\r\n[default]\r\naws_access_key_id = " ID
		 " \r\naws_secret_access_key\t=\t" SECRET
		 "\r\naws_session_token = abc//==\r\n",
		 NULL, 0, "abc//==", "blanks_and_a_session_token"},
		{"[other]\naws_access_key_id=X\naws_secret_access_key=Y\n"
		 "[ kms ] # z\nregion=eu\ns3 =\n  aws_access_key_id = nested\n"
		 "aws_access_key_id=" ID "\naws_secret_access_key=" SECRET,
		 "kms", 0, NULL, "a_named_profile_among_others"},
		{"[default]\naws_access_key_id=" ID "\n", NULL, -EINVAL, NULL,
		 "a_profile_without_secret"},
		{"[default]\naws_access_key_id=\naws_secret_access_key=x\n",
		 NULL, -EINVAL, NULL, "an_empty_key_id"},
		{"[default]\naws_access_key_id=a b\naws_secret_access_key=x\n",
		 NULL, -EINVAL, NULL, "a_blank_in_a_key_id"},
		{"[default]\nnonsense\n", NULL, -EINVAL, NULL,
		 "a_line_that_is_none"},
		{"[default\naws_access_key_id=x\n", NULL, -EINVAL, NULL,
		 "an_unclosed_section"},
		{"[other]\naws_access_key_id=x\n", NULL, -ENOENT, NULL,
		 "a_profile_that_is_not_there"},
		{"aws_access_key_id=x\naws_secret_access_key=y\n", NULL,
		 -ENOENT, NULL, "keys_outside_of_sections"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_(awskms_credentials_done) struct awskms_credentials c =
			AWSKMS_CREDENTIALS_INIT;
		_cleanup_(secret_done) struct secret s = SECRET_INIT;

		if (secret_set(&s, table[i].text, strlen(table[i].text)) < 0)
			exit(1);
		TAP_EQ_INT(awskms_credentials_parse(&c, &s, table[i].profile),
			   table[i].result, table[i].name);
		if (table[i].result == 0)
			TAP_OK(are(&c, ID, SECRET, table[i].token),
			       "are_read_as_written");
		else
			TAP_OK(!c.access_key_id, "leaves_nothing_behind");
	}
}

static void environment(void)
{
	_cleanup_(awskms_credentials_done) struct awskms_credentials c =
		AWSKMS_CREDENTIALS_INIT;
	char *value;

	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	unsetenv("AWS_SESSION_TOKEN");
	TAP_EQ_INT(awskms_credentials_from_env(&c), -ENOENT,
		   "an_environment_without_keys");
	setenv("AWS_ACCESS_KEY_ID", ID, 1);
	TAP_EQ_INT(awskms_credentials_from_env(&c), -EINVAL,
		   "an_environment_with_half_of_them");
	setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
	setenv("AWS_SESSION_TOKEN", "", 1);
	value = getenv("AWS_SECRET_ACCESS_KEY");
	TAP_OK(awskms_credentials_from_env(&c) == 0 &&
		       are(&c, ID, SECRET, NULL),
	       "an_environment_with_keys");
	TAP_OK(!getenv("AWS_SECRET_ACCESS_KEY") && !getenv("AWS_ACCESS_KEY_ID"),
	       "which_are_gone_afterwards");
	TAP_EQ_STR(value, "", "even_their_bytes");
}

static void files(void)
{
	static const char text[] = "[default]\naws_access_key_id=" ID
				   "\naws_secret_access_key=" SECRET "\n";
	_cleanup_(awskms_credentials_done) struct awskms_credentials c =
		AWSKMS_CREDENTIALS_INIT;
	char path[] = "/tmp/credentials.XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		exit(1);
	TAP_OK(awskms_credentials_from_file(&c, path, NULL) == 0 &&
		       are(&c, ID, SECRET, NULL),
	       "a_file_closed_to_others_is_read");
	fchmod(fd, 0640);
	TAP_EQ_INT(awskms_credentials_from_file(&c, path, NULL), -EPERM,
		   "a_file_open_to_its_group_is_refused");
	TAP_OK(are(&c, ID, SECRET, NULL), "a_failure_keeps_what_was_there");
	close(fd);
	unlink(path);
	TAP_EQ_INT(awskms_credentials_from_file(&c, path, NULL), -ENOENT,
		   "a_file_that_is_not_there");
}

int main(void)
{
	texts();
	environment();
	files();
	TAP_EQ_INT(awskms_credentials_set(&(struct awskms_credentials){0}, "a",
					  "b\n", 2, NULL),
		   -EINVAL, "a_newline_in_a_secret");
	return tap_done();
}
