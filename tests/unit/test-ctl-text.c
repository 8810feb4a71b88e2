/* SPDX-License-Identifier: MIT */
/* kmsctl's words and numbers, and the causes it names. */
#include "kmsagent/base/conf.h"
#include "kmsagent/base/json.h"
#include "kmsagent/ctl/agentcall.h"
#include "kmsagent/ctl/algprobe.h"
#include "kmsagent/ctl/number.h"
#include "kmsagent/ctl/progress.h"
#include "kmsagent/ctl/text.h"

#include "tests/unit/tap.h"

static const char *put(const char *text)
{
	static char buf[256];
	_fclose_ FILE *f = fmemopen(buf, sizeof(buf), "w");

	cmd_text_put(f, text);
	return fflush(f) ? NULL : buf;
}

static void safe_text(void)
{
	TAP_EQ_STR(put("a \xc3\xa4 \xe2\x82\xac"), "a \xc3\xa4 \xe2\x82\xac",
		   "utf_8_is_shown_as_it_is");
	TAP_EQ_STR(put("\033[2Jx\n\ty\x7f"), "\\x1b[2Jx\\x0a\\x09y\\x7f",
		   "controls_are_shown_as_numbers");
	/* U+009B is an escape sequence's start in one character. */
	TAP_EQ_STR(put("\xc2\x9b"
		       "2J\xc2\xa0"),
		   "\\x9b"
		   "2J\xc2\xa0",
		   "c1_controls_are_shown_as_numbers");
}

static void durations(void)
{
	static const int64_t some[] = {1, 59, 60, 3600, 5400, 86399, 90061};
	char buf[TEXT_DURATION_BYTES];
	bool back = true;

	cmd_text_duration(5400, buf);
	TAP_EQ_STR(buf, "1h 30min", "a_duration_reads_well");
	cmd_text_duration(90061, buf);
	TAP_EQ_STR(buf, "1d 1h 1min 1s", "a_long_one_has_all_units");
	cmd_text_duration(-5, buf);
	TAP_EQ_STR(buf, "0s", "nothing_is_left_below_zero");
	for (size_t i = 0; i < ARRAY_SIZE(some); i++) {
		int64_t s;

		cmd_text_duration(some[i], buf);
		back &= conf_parse_duration_s(buf, &s) == 0 && s == some[i];
	}
	TAP_OK(back, "what_is_shown_parses_back");
}

static void bytes(void)
{
	char buf[TEXT_BYTES_BYTES];

	cmd_text_bytes(1023, buf);
	TAP_EQ_STR(buf, "1023 B", "few_bytes_are_counted");
	cmd_text_bytes(1536, buf);
	TAP_EQ_STR(buf, "1.5 KiB", "kibibytes_have_a_decimal");
	cmd_text_bytes((1 << 20) - 1, buf);
	TAP_EQ_STR(buf, "1.0 MiB", "rounding_moves_to_the_next_unit");
	cmd_text_bytes(UINT64_MAX, buf);
	TAP_EQ_STR(buf, "16.0 EiB", "the_most_there_is_fits");
}

static void progress(void)
{
	char buf[128];

	cmd_progress_format(buf, sizeof(buf), 64 << 20, 256 << 20, 2000, 80);
	TAP_EQ_STR(buf,
		   " 25% [=======>                       ]  64.0 MiB of "
		   "256.0 MiB  32.0 MiB/s  0:06",
		   "progress_has_a_bar");
	TAP_EQ_INT(strlen(buf), 79, "it_fills_all_but_the_last_column");
	cmd_progress_format(buf, sizeof(buf), 64 << 20, 256 << 20, 2000, 50);
	TAP_EQ_STR(buf, " 25%  64.0 MiB of 256.0 MiB  32.0 MiB/s  0:06",
		   "a_narrow_terminal_gets_no_bar");
	cmd_progress_format(buf, sizeof(buf), 64 << 20, 256 << 20, 2000, 20);
	TAP_EQ_INT(strlen(buf), 19, "a_tiny_terminal_is_not_overrun");
	cmd_progress_format(buf, sizeof(buf), 0, 256 << 20, 0, 80);
	TAP_OK(strstr(buf, "  0% [") && strstr(buf, "0 B/s  -:--"),
	       "nothing_done_divides_by_nothing");
	cmd_progress_format(buf, sizeof(buf), 300 << 20, 256 << 20, 1000, 80);
	TAP_OK(!strncmp(buf, "100% [", 6), "a_grown_file_is_never_over_100");
	cmd_progress_format(buf, sizeof(buf), 3 << 20, 0, 1000, 80);
	TAP_EQ_STR(buf, "3.0 MiB  3.0 MiB/s", "a_pipe_has_no_total");
	cmd_progress_format(buf, 10, 64 << 20, 256 << 20, 2000, 80);
	TAP_EQ_INT(strlen(buf), 9, "a_small_buffer_is_not_overrun");
}

static void numbers(void)
{
	uint64_t n = 7;

	TAP_OK(cmd_number_parse("32", 1, 64, &n) == 0 && n == 32,
	       "a_number_is_read");
	TAP_EQ_INT(cmd_number_parse("65", 1, 64, &n), -ERANGE,
		   "too_much_is_refused");
	TAP_EQ_INT(cmd_number_parse("99999999999999999999", 0, UINT64_MAX, &n),
		   -ERANGE, "more_than_there_is_is_refused");
	TAP_EQ_INT(cmd_number_parse("", 0, 9, &n), -EINVAL,
		   "nothing_is_no_number");
	TAP_EQ_INT(cmd_number_parse("-1", 0, 9, &n), -EINVAL,
		   "a_sign_is_no_number");
	TAP_EQ_INT(cmd_number_parse(" 1", 0, 9, &n), -EINVAL,
		   "a_blank_is_no_number");
	TAP_EQ_INT(cmd_number_parse("0x1", 0, 9, &n), -EINVAL,
		   "hexadecimal_is_no_number");
	TAP_EQ_INT(n, 32, "a_refusal_writes_nothing");
}

static const char *cause(int gcm, int ccm, int hash, int restriction)
{
	const struct cmd_alg_facts facts = {gcm, ccm, hash, restriction};

	return cmd_alg_find_cause(&facts)->name;
}

static void causes(void)
{
	TAP_EQ_STR(cause(0, 0, 0, -1), "fine", "gcm_that_binds_is_fine");
	TAP_EQ_STR(cause(0, 0, 0, 1), "fine", "also_under_a_restriction");
	TAP_EQ_STR(cause(-EAFNOSUPPORT, -EAFNOSUPPORT, -EAFNOSUPPORT, -1),
		   "absent", "no_family_is_absent");
	TAP_EQ_STR(cause(-EAFNOSUPPORT, -EAFNOSUPPORT, -EAFNOSUPPORT, 2), "off",
		   "restriction_2_is_off");
	TAP_EQ_STR(cause(-ENOENT, 0, 0, 1), "gcm-refused",
		   "restriction_1_refuses_gcm");
	TAP_EQ_STR(cause(-ENOENT, -ENOENT, 0, 1), "gcm-refused",
		   "ccm_is_refused_too_without_privilege");
	TAP_EQ_STR(cause(-ENOENT, -ENOENT, 0, -1), "aead-missing",
		   "hashes_alone_mean_no_algif_aead");
	TAP_EQ_STR(cause(-ENOENT, 0, 0, 0), "gcm-missing",
		   "another_aead_means_no_gcm");
	TAP_EQ_STR(cause(-EPERM, -EPERM, -EPERM, -1), "forbidden",
		   "a_filter_is_named");
	TAP_EQ_STR(cause(-EMFILE, -EMFILE, -EMFILE, -1), "other",
		   "what_is_not_known_is_not_guessed");
}

static void agent_errors(void)
{
	_json_ cJSON *p = cJSON_Parse("{\"name\":\"db\",\"next_step\":\"go\"}");
	_json_ cJSON *kms = cJSON_Parse(
		"{\"code\":\"DisabledException\",\"message\":\"it is off\"}");
	_json_ cJSON *sys = cJSON_Parse("{\"errno\":28,\"what\":\"entry\"}");
	struct cmd_agent_error e;

	cmd_agent_error_words("io.kmsagent.Agent.NoSuchKey", p, &e);
	TAP_EQ_STR(e.code, "NoSuchKey", "the_code_is_the_error_s_name");
	TAP_EQ_STR(e.message, "no key is called 'db'", "the_name_is_said");
	TAP_EQ_STR(e.next_step, "go", "the_agent_s_next_step_wins");
	cmd_agent_error_words("io.kmsagent.Agent.NoSuchKey", NULL, &e);
	TAP_OK(*e.next_step, "without_one_there_is_a_default");
	cmd_agent_error_words("io.kmsagent.Agent.KmsError", kms, &e);
	TAP_EQ_STR(e.code, "DisabledException", "the_service_s_code_is_passed");
	TAP_EQ_STR(e.message, "the key service refused: it is off",
		   "and_its_message");
	cmd_agent_error_words("io.kmsagent.Agent.System", sys, &e);
	TAP_EQ_STR(e.message,
		   "the agent failed: entry: No space left on device",
		   "an_errno_is_put_in_words");
	cmd_agent_error_words("org.varlink.service.MethodNotFound", NULL, &e);
	TAP_EQ_STR(e.code, "MethodNotFound", "varlink_s_own_errors_are_known");
	cmd_agent_error_words("org.example.Odd", NULL, &e);
	TAP_OK(strstr(e.message, "org.example.Odd"),
	       "an_unknown_error_is_named_whole");
}

int main(void)
{
	safe_text();
	durations();
	bytes();
	progress();
	numbers();
	causes();
	agent_errors();
	return tap_done();
}
