/* SPDX-License-Identifier: MIT */
/*
 * kmsd: the key service.  Reads options and configuration, brings the parts
 * up in order, waits for signals, takes them down again.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "kmsagent/base/arn.h"
#include "kmsagent/base/clock.h"
#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "kmsagent/base/log.h"
#include "kmsagent/crypto/pkey.h"
#include "kmsagent/kms/config.h"
#include "kmsagent/kms/dev.h"
#include "kmsagent/kms/http.h"
#include "kmsagent/kms/seed.h"
#include "kmsagent/kms/tls.h"

#define EXIT_USAGE     2
#define WHY_BYTES      1024
#define TICK_S	       1
#define SPARE_FDS      128 /* store, log, listeners, epoll sets */
#define MAX_CLI_LISTEN KMS_LISTEN_MAX

static const struct log_event event_started = {
	"b0250f1768d74aec8546bc74468d895e", "started"};
static const struct log_event event_no_start = {
	"3e6476486be044f39ec5236339a6b993", "cannot-start"};

static const char usage_text[] =
	"Usage: kmsd [OPTION]...\n"
	"The key service: AWS KMS's protocol over Unix sockets and TCP.\n"
	"\n"
	"  --config FILE      read FILE, not " KMS_CONFIG_PATH "\n"
	"  --listen ADDR      listen on ADDR:PORT, [ADDR]:PORT, tls:ADDR:PORT or\n"
	"                     unix:PATH; may be repeated; replaces the file's\n"
	"  --state DIR        keep keys in DIR\n"
	"  --region R[,R...]  serve these regions; the first is the default\n"
	"  --account ID       12 digits: whose keys these are\n"
	"  --seed FILE        add the keys and aliases of FILE that are missing\n"
	"  --dev              development: no root, no configuration needed;\n"
	"                     prints shell exports, then \"# kmsd ready ADDR\"\n"
	"  --help             print this\n"
	"  --version          print the version\n"
	"\n"
	"SIGTERM ends it once what was begun is answered; SIGHUP opens the\n"
	"audit trail anew and reads certificates again.  Exit status: 0 ended when asked, 1 failed, 2 usage.\n";

struct options {
	const char *config; /* NULL: the default, if not --dev */
	const char *listens[MAX_CLI_LISTEN];
	size_t nlistens;
	const char *state;
	const char *regions;
	const char *account;
	const char *seed;
	bool is_dev;
};

/* All parts, in the order in which they come up. */
struct daemon {
	struct kms_config config;
	struct kms_listener listeners[KMS_LISTEN_MAX];
	size_t nlisteners;
	struct kms_audit audit;
	struct kms_service *svc;
	struct kms_front front;
	struct kms_http *http;
};

static int usage_error(const char *what, const char *value)
{
	fprintf(stderr, "kmsd: %s%s%s\nTry \"kmsd --help\".\n", what,
		value ? ": " : "", value ? value : "");
	return EXIT_USAGE;
}

/* Returns -1 to go on, or the status to exit with. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"listen", required_argument, NULL, 'l'},
		{"state", required_argument, NULL, 's'},
		{"region", required_argument, NULL, 'r'},
		{"account", required_argument, NULL, 'a'},
		{"seed", required_argument, NULL, 'S'},
		{"dev", no_argument, NULL, 'd'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (opt) {
		case 'c':
			o->config = optarg;
			break;
		case 'l':
			if (!kms_listen_is_valid(optarg))
				return usage_error("--listen wants ADDR:PORT, "
						   "[ADDR]:PORT, tls:ADDR:PORT "
						   "or unix:PATH",
						   optarg);
			if (o->nlistens == MAX_CLI_LISTEN)
				return usage_error("too many --listen", NULL);
			o->listens[o->nlistens++] = optarg;
			break;
		case 's':
			o->state = optarg;
			break;
		case 'r':
			o->regions = optarg;
			break;
		case 'a':
			o->account = optarg;
			break;
		case 'S':
			o->seed = optarg;
			break;
		case 'd':
			o->is_dev = true;
			break;
		case 'h':
			fputs(usage_text, stdout);
			return 0;
		case 'V':
			puts("kmsd " KMSAGENT_VERSION);
			return 0;
		default: /* getopt has said what */
			fputs("Try \"kmsd --help\".\n", stderr);
			return EXIT_USAGE;
		}
	}
	return optind < argc ? usage_error("unexpected argument", argv[optind])
			     : -1;
}

static int set_state(struct kms_config *c, const char *state)
{
	_free_ char *cwd = NULL;
	char *absolute;

	if (*state == '/')
		return kms_config_set(&c->state, state);
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return -errno;
	absolute = io_format("%s/%s", cwd, state);
	if (!absolute)
		return -ENOMEM;
	free(c->state);
	c->state = absolute;
	return 0;
}

/* The command line over the file. */
static int apply_options(struct kms_config *c, const struct options *o,
			 char *why, size_t why_len)
{
	int r = 0;

	if (o->nlistens > 0)
		kms_config_clear_listens(c);
	for (size_t i = 0; r >= 0 && i < o->nlistens; i++)
		r = kms_config_add_listen(c, o->listens[i]);
	if (r >= 0 && o->regions) {
		kms_config_clear_regions(c);
		r = kms_config_add_regions(c, o->regions);
		if (r < 0)
			snprintf(why, why_len,
				 "--region %s: %s; regions look like "
				 "us-east-1,eu-west-1",
				 o->regions, strerror(-r));
	}
	if (r >= 0 && o->account && !arn_account_is_valid(o->account)) {
		snprintf(why, why_len, "--account %s: an account is 12 digits",
			 o->account);
		return -EINVAL;
	}
	if (r >= 0 && o->account)
		r = kms_config_set(&c->account, o->account);
	if (r >= 0 && o->state)
		r = set_state(c, o->state);
	return r;
}

static int load_config(struct kms_config *c, const struct options *o, char *why,
		       size_t why_len)
{
	const char *path = o->config;
	int r = 0;

	if (!path && !o->is_dev)
		path = KMS_CONFIG_PATH;
	if (path)
		r = kms_config_load(c, path, why, why_len);
	if (r >= 0)
		r = apply_options(c, o, why, why_len);
	if (r >= 0 && o->is_dev)
		r = kms_dev_prepare(c, why, why_len);
	if (r >= 0)
		r = kms_config_finish(c, why, why_len);
	return r;
}

/* A descriptor a connection: as many as we may have, and no more promised. */
static void fit_connections(struct kms_config *c)
{
	rlim_t want = (rlim_t)c->max_connections + SPARE_FDS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (limit.rlim_cur < want) {
		limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
		if (limit.rlim_cur < want && geteuid() == 0) {
			limit = (struct rlimit){want, want};
			if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
				return;
			(void)getrlimit(RLIMIT_NOFILE, &limit);
		}
	}
	if (limit.rlim_cur >= want)
		return;
	c->max_connections = limit.rlim_cur > 2UL * SPARE_FDS
				     ? (unsigned)limit.rlim_cur - SPARE_FDS
				     : SPARE_FDS;
	log_notice("RLIMIT_NOFILE allows %u connections at once",
		   c->max_connections);
}

static int open_listeners(struct daemon *d, char *why, size_t why_len)
{
	int r = kms_listen_inherited(d->listeners, KMS_LISTEN_MAX);

	if (r < 0) {
		snprintf(why, why_len, "the sockets passed by systemd: %s",
			 strerror(-r));
		return r;
	}
	d->nlisteners = (size_t)r;
	if (r > 0)
		return 0;
	for (size_t i = 0; i < d->config.nlistens; i++) {
		const char *addr = d->config.listens[i];

		if (d->nlisteners == KMS_LISTEN_MAX)
			r = -E2BIG;
		else
			r = kms_listen_open(addr, &d->listeners[d->nlisteners]);
		if (r < 0) {
			snprintf(why, why_len, "listening on %s: %s", addr,
				 strerror(-r));
			return r;
		}
		d->nlisteners++;
	}
	return 0;
}

/* What the core does of itself, into the same trail. */
static int audit_event(void *userdata, const struct kms_event *event)
{
	_cleanup_(text_done) struct text line = TEXT_INIT;
	struct daemon *d = userdata;
	char event_id[UUID_LEN + 1], time[CLOCK_ISO_BYTES];
	int r = uuid_new(event_id);

	if (r < 0)
		return r;
	clock_format_iso(clock_epoch_s(), time);
	kms_audit_format_event(event, d->config.account, event_id, time, &line);
	return kms_audit_write(&d->audit, &line);
}

static int open_service(struct daemon *d, char *why, size_t why_len)
{
	const struct kms_service_conf conf = {
		.state_dir = d->config.state,
		.account = d->config.account,
		.regions = (const char *const *)d->config.regions,
		.nregions = d->config.nregions,
		.rootkey_provider = d->config.rootkey_provider,
		.rootkey_path = d->config.rootkey_path,
		.event = audit_event,
		.event_userdata = d};

	return kms_service_open(&conf, &d->svc, why, why_len);
}

static int load_tls(const struct kms_config *c, char *why, size_t why_len)
{
	const struct kms_tls_conf conf = {.certificate = c->tls_certificate,
					  .key = c->tls_key,
					  .client_ca = c->tls_client_ca};

	return c->tls_key ? kms_tls_load(&conf, why, why_len) : 0;
}

static int bring_up(struct daemon *d, const struct options *o, char *why,
		    size_t why_len)
{
	int r = load_config(&d->config, o, why, why_len);

	if (r < 0)
		return r;
	fit_connections(&d->config);
	r = kms_audit_open(&d->audit, d->config.audit_path);
	if (r < 0) {
		snprintf(why, why_len,
			 "audit trail %s: %s; nothing is served without one",
			 d->config.audit_path, strerror(-r));
		return r;
	}
	r = load_tls(&d->config, why, why_len);
	if (r < 0)
		return r;
	r = open_service(d, why, why_len);
	if (r < 0)
		return r;
	if (o->seed) {
		r = kms_seed(d->svc, o->seed, why, why_len);
		if (r < 0)
			return r;
		log_info("seed %s: %d keys and aliases added", o->seed, r);
	}
	r = open_listeners(d, why, why_len);
	if (r < 0)
		return r;
	d->front = (struct kms_front){
		.config = &d->config, .svc = d->svc, .audit = &d->audit};
	r = kms_http_start(&d->front, d->listeners, d->nlisteners, &d->http);
	if (r < 0)
		snprintf(why, why_len, "the serving threads: %s", strerror(-r));
	return r;
}

static void take_down(struct daemon *d)
{
	kms_http_stop(d->http);
	kms_tls_unload();
	kms_service_close(d->svc);
	for (size_t i = 0; i < d->nlisteners; i++)
		kms_listener_done(&d->listeners[i]);
	kms_audit_close(&d->audit);
	kms_config_done(&d->config);
}

static int announce(const struct daemon *d)
{
	for (size_t i = 0; i < d->nlisteners; i++)
		log_event(LOG_LEVEL_INFO, &event_started, NULL,
			  "kmsd %s serves account %s on %s", KMSAGENT_VERSION,
			  d->config.account, d->listeners[i].addr);
	(void)sd_notify(0, "READY=1");
	if (!d->config.is_dev)
		return 0;
	log_notice("development mode: root key and credentials lie in %s",
		   d->config.state);
	return kms_dev_announce(&d->config, d->listeners, d->nlisteners,
				STDOUT_FILENO);
}

static void reopen_audit(struct daemon *d)
{
	int r = kms_audit_reopen(&d->audit);

	if (r < 0)
		log_err("audit trail %s: %s; the old file is written on",
			d->audit.path, strerror(-r));
	else
		log_info("audit trail %s opened anew", d->audit.path);
}

static void reload_tls(const struct daemon *d)
{
	char why[WHY_BYTES] = "";
	int r = load_tls(&d->config, why, sizeof(why));

	if (r < 0)
		log_err("%s; what was in use is used on", why);
	else if (d->config.tls_key)
		log_info("certificate %s read again",
			 d->config.tls_certificate);
}

/* Once a second, until a signal ends it. */
static void run(struct daemon *d, const sigset_t *signals)
{
	const struct timespec tick = {.tv_sec = TICK_S};
	uint64_t watchdog_us = 0;
	int sig;

	(void)sd_watchdog_enabled(0, &watchdog_us);
	for (;;) {
		sig = sigtimedwait(signals, NULL, &tick);
		if (sig == SIGTERM || sig == SIGINT)
			return;
		if (sig == SIGHUP) {
			reopen_audit(d);
			reload_tls(d);
		}
		kms_service_tick(d->svc);
		/* A thread that hangs must not be hidden by one that ticks. */
		if (watchdog_us &&
		    !kms_http_is_stuck(d->http, (int64_t)(watchdog_us / 2000)))
			(void)sd_notify(0, "WATCHDOG=1");
	}
}

static void block_signals(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGHUP);
	/* Before any thread: they inherit it. */
	(void)pthread_sigmask(SIG_BLOCK, ret, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	struct daemon d = {.config = KMS_CONFIG_INIT, .audit.fd = -1};
	char why[WHY_BYTES] = "";
	struct options o = {0};
	sigset_t signals;
	int r = parse_options(argc, argv, &o);

	if (r >= 0)
		return r;
	log_init("kmsd", LOG_LEVEL_INFO);
	json_init();
	if (crypto_wipe_freed() < 0)
		log_warning("OpenSSL's memory is not wiped when it is freed");
	umask(077);
	block_signals(&signals);
	r = secret_harden_process();
	if (r < 0)
		log_warning("this process can be dumped: %s", strerror(-r));
	r = bring_up(&d, &o, why, sizeof(why));
	if (r < 0)
		log_event(LOG_LEVEL_CRIT, &event_no_start, NULL, "%s",
			  *why ? why : strerror(-r));
	else
		r = announce(&d);
	if (r >= 0) {
		run(&d, &signals);
		(void)sd_notify(0, "STOPPING=1");
		log_info("stopping");
	}
	take_down(&d);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
