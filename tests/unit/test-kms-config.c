/* SPDX-License-Identifier: MIT */
/* kmsd.conf: what it takes, what it refuses and what it says then. */
#include "kmsagent/kms/config.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "kmsagent/base/io.h"
#include "kmsagent/kms/listen.h"
#include "kmsagent/kms/principal.h"
#include "tests/unit/tap.h"

static char folder[] = "/tmp/kms-config.XXXXXX";
static char conf_path[64], secret_path[64];
static char why[1024];

static void write_file(const char *path, const char *text, mode_t mode)
{
	_close_ int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0 || fchmod(fd, mode) < 0 ||
	    io_write_full(fd, text, strlen(text)) < 0) {
		perror(path);
		exit(1);
	}
}

static int load(struct kms_config *c, const char *text)
{
	int r;

	*why = '\0';
	write_file(conf_path, text, 0600);
	r = kms_config_load(c, conf_path, why, sizeof(why));
	return r < 0 ? r : kms_config_finish(c, why, sizeof(why));
}

#define WHOLE                                                                  \
	"[kmsd]\naccount = 111122223333\nregion = us-east-1, eu-west-1\n"      \
	"state = /var/lib/x\n[rootkey]\npath = /etc/x/root.key\n"

static void takes_a_whole_file(void)
{
	struct kms_config c = KMS_CONFIG_INIT;
	_free_ char *text = io_format(
		WHOLE "[kmsd]\nlisten = 127.0.0.1:8080\nlisten = unix:/x\n"
		      "threads = 3\nmax_connections = 99\n"
		      "[peer]\n1001 = arn:aws:iam::111122223333:user/alice\n"
		      "1002 = arn:aws:iam::111122223333:role/agent\n"
		      "[service]\nkmsagent = arn:aws:iam::111122223333:"
		      "role/agent\n"
		      "[access-key AKIAIOSFODNN7EXAMPLE]\n"
		      "principal = arn:aws:iam::111122223333:user/alice\n"
		      "secret_file = %s\n[audit]\npath = /x/audit\n",
		secret_path);
	const struct kms_access_key *key;
	const struct kms_principal *p;

	write_file(secret_path, "wJalrXUtnFEMI/K7MDENG\n", 0400);
	if (!TAP_EQ_INT(load(&c, text), 0, "a_whole_file_is_taken"))
		tap_diag("%s", why);
	TAP_OK(c.nregions == 2 && kms_config_has_region(&c, "eu-west-1") &&
		       !kms_config_has_region(&c, "eu-west-2"),
	       "regions_are_a_list");
	TAP_OK(c.nlistens == 2 && c.threads == 3 && c.max_connections == 99,
	       "listen_may_be_repeated");
	p = kms_config_peer(&c, 1001);
	TAP_OK(p && p->type == KMS_PRINCIPAL_USER && !p->service &&
		       strcmp(p->name, "alice") == 0,
	       "a_peer_has_its_principal");
	p = kms_config_peer(&c, 1002);
	TAP_OK(p && p->service && strcmp(p->service, "kmsagent") == 0,
	       "a_service_is_known_by_its_principal");
	p = kms_config_peer(&c, 0);
	TAP_OK(p && p->type == KMS_PRINCIPAL_ROOT,
	       "uid_0_is_the_accounts_root");
	TAP_OK(!kms_config_peer(&c, 1003), "another_uid_is_nobody");
	key = kms_config_access_key(&c, "AKIAIOSFODNN7EXAMPLE");
	TAP_OK(key && key->secret.len == strlen("wJalrXUtnFEMI/K7MDENG") &&
		       memcmp(key->secret.bytes, "wJalrXUtnFEMI/K7MDENG",
			      key->secret.len) == 0,
	       "a_secret_has_no_newline");
	TAP_OK(key && &c.principals[key->principal] ==
			       kms_config_peer(&c, 1001),
	       "one_arn_is_one_principal");
	kms_config_done(&c);
}

static void fills_defaults(void)
{
	struct kms_config c = KMS_CONFIG_INIT;

	TAP_EQ_INT(load(&c, WHOLE), 0, "a_short_file_is_taken");
	TAP_EQ_STR(c.audit_path, KMS_CONFIG_AUDIT, "the_trail_has_a_default");
	TAP_OK(c.nlistens == 1 && strcmp(c.listens[0], KMS_CONFIG_SOCKET) == 0,
	       "the_socket_has_a_default");
	TAP_OK(c.threads >= 1 && c.threads <= 4, "threads_have_a_default");
	kms_config_done(&c);
}

/* What is refused, and a piece of what is said then. */
static const struct {
	const char *name;
	const char *text;
	const char *says;
} refused[] = {
	{"no_account", "[kmsd]\nregion = us-east-1\n", "--account"},
	{"short_account", "[kmsd]\naccount = 11112222333\n", "12 digits"},
	{"no_region", "[kmsd]\naccount = 111122223333\n", "no region"},
	{"bad_region", "[kmsd]\nregion = US\n", "such as us-east-1"},
	{"region_twice", "[kmsd]\nregion = us-east-1,us-east-1\n",
	 "given already"},
	{"host_name_to_listen_on", "[kmsd]\nlisten = localhost:80\n",
	 "ADDR:PORT"},
	{"port_65536", "[kmsd]\nlisten = 127.0.0.1:65536\n", "ADDR:PORT"},
	{"threads_0", "[kmsd]\nthreads = 0\n", "1 to 64"},
	{"unknown_section", "[kmds]\n", "[kmsd]"},
	{"unknown_key", "[kmsd]\nregoin = x\n", "\"region\""},
	{"unknown_provider", "[rootkey]\nprovider = tpm3\n", "file"},
	{"relative_state",
	 "[kmsd]\naccount = 111122223333\nregion = us-east-1\nstate = x\n",
	 "not an absolute path"},
	{"no_root_key", "[kmsd]\naccount = 111122223333\nregion = us-east-1\n",
	 "[rootkey] path"},
	{"root_key_in_state", WHOLE "[rootkey]\npath = /var/lib/x/root.key\n",
	 "lies in the state folder"},
	{"peer_unknown", "[peer]\nno-such-user = arn:aws:iam::1:root\n",
	 "neither a user"},
	{"peer_0", "[peer]\n0 = arn:aws:iam::111122223333:user/x\n",
	 "account's root"},
	{"peer_twice",
	 "[peer]\n7 = arn:aws:iam::111122223333:user/x\n"
	 "7 = arn:aws:iam::111122223333:user/y\n",
	 "given already"},
	{"peer_without_arn", "[peer]\n7 = alice\n", "arn:aws:iam::ACCOUNT"},
	{"service_with_a_space",
	 "[service]\na b = arn:aws:iam::111122223333:user/x\n", "letters"},
	{"tls_listener_without_a_certificate",
	 WHOLE "[kmsd]\nlisten = tls:[::1]:8443\n", "[tls] certificate"},
	{"tls_over_a_unix_socket", "[kmsd]\nlisten = tls:unix:/x\n",
	 "an address is"},
	{"tls_key_without_a_certificate", WHOLE "[tls]\nkey = /x\n",
	 "lacks certificate"},
	{"tls_client_ca_alone", WHOLE "[tls]\nclient_ca = /x\n",
	 "no certificate and key"},
	{"access_key_id_too_short", "[access-key AKIA]\nprincipal = x\n",
	 "16 to 128"},
	{"access_key_without_secret",
	 WHOLE "[access-key AKIAIOSFODNN7EXAMPLE]\n"
	       "principal = arn:aws:iam::111122223333:user/x\n",
	 "secret_file"},
	{"access_key_without_principal",
	 WHOLE "[access-key AKIAIOSFODNN7EXAMPLE]\nsecret_file = /x\n",
	 "principal"},
	{"access_key_with_a_missing_file",
	 WHOLE "[access-key AKIAIOSFODNN7EXAMPLE]\nsecret_file = /nowhere\n"
	       "principal = arn:aws:iam::111122223333:user/x\n",
	 "/nowhere: No such file"},
};

static void refuses(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct kms_config c = KMS_CONFIG_INIT;
		char name[96];
		int r = load(&c, refused[i].text);

		snprintf(name, sizeof(name), "%s_is_refused", refused[i].name);
		if (!TAP_OK(r < 0 && strstr(why, refused[i].says), name))
			tap_diag("%d: %s", r, why);
		kms_config_done(&c);
	}
}

static void refuses_an_open_secret(void)
{
	struct kms_config c = KMS_CONFIG_INIT;
	_free_ char *text = io_format(
		WHOLE "[access-key AKIAIOSFODNN7EXAMPLE]\nsecret_file = %s\n"
		      "principal = arn:aws:iam::111122223333:user/x\n",
		secret_path);

	write_file(secret_path, "secret\n", 0640);
	TAP_EQ_INT(load(&c, text), -EPERM, "a_secret_open_to_a_group_is_not");
	kms_config_done(&c);
}

static void knows_principals(void)
{
	static const char *const bad[] = {
		"",
		"arn:aws:iam::111122223333:group/x",
		"arn:aws:iam::11112222333:user/x",
		"arn:aws:iam::111122223333:user/",
		"arn:aws:iam::111122223333:user/a b",
		"arn:aws:iam::111122223333:rootx",
		"arn:aws:iam:us-east-1:111122223333:user/x",
		"arn:aws:sts::111122223333:user/x",
	};
	struct kms_principal p;

	TAP_OK(kms_principal_parse("arn:aws:sts::111122223333:assumed-role/r/s",
				   &p) == 0 &&
		       p.type == KMS_PRINCIPAL_ASSUMED_ROLE &&
		       strcmp(p.name, "s") == 0,
	       "an_assumed_role_is_known");
	kms_principal_done(&p);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!TAP_EQ_INT(kms_principal_parse(bad[i], &p), -EINVAL,
				"no_principal_is_made_of_other_text"))
			tap_diag("%s", bad[i]);
}

static void knows_addresses(void)
{
	TAP_OK(kms_listen_is_valid("[::1]:0") &&
		       kms_listen_is_valid("0.0.0.0:65535") &&
		       kms_listen_is_valid("unix:/run/x"),
	       "three_forms_of_address");
	TAP_OK(!kms_listen_is_valid("::1:80") &&
		       !kms_listen_is_valid("127.0.0.1") &&
		       !kms_listen_is_valid("127.0.0.1:") &&
		       !kms_listen_is_valid("127.0.0.1:8o") &&
		       !kms_listen_is_valid("unix:"),
	       "other_addresses_are_refused");
}

int main(void)
{
	if (!mkdtemp(folder))
		return 1;
	snprintf(conf_path, sizeof(conf_path), "%s/kmsd.conf", folder);
	snprintf(secret_path, sizeof(secret_path), "%s/secret", folder);
	takes_a_whole_file();
	fills_defaults();
	refuses();
	refuses_an_open_secret();
	knows_principals();
	knows_addresses();
	unlink(conf_path);
	unlink(secret_path);
	rmdir(folder);
	return tap_done();
}
