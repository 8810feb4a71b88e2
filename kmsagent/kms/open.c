/* SPDX-License-Identifier: MIT */
/*
 * The core on a real machine: the store's file and the configured root key.
 * Tests build their service by kms_service_new() instead.
 */
#include <string.h>

#include "kmsagent/base/io.h"
#include "kmsagent/base/log.h"
#include "kmsagent/kms/service.h"

#define STORE_FILE "kms.sqlite"

static const struct log_event event_store_died = {
	"557a4c3b88764059a5942b4deff99ab3", "store-failed"};

__attribute__((noreturn)) static void store_died(const char *why)
{
	log_event(LOG_LEVEL_CRIT, &event_store_died, NULL, "%s", why);
	_exit(EXIT_FAILURE);
}

static int count(void *userdata, const char *id, const void *value, size_t len,
		 uint64_t revision)
{
	(void)id;
	(void)value;
	(void)len;
	(void)revision;
	++*(size_t *)userdata;
	return 0;
}

int kms_service_open(const struct kms_service_conf *conf,
		     struct kms_service **ret, char *why, size_t why_len)
{
	_cleanup_(store_closep) struct store *store = NULL;
	_cleanup_(rootkey_closep) struct rootkey *rootkey = NULL;
	_free_ char *path = io_format("%s/%s", conf->state_dir, STORE_FILE);
	struct rootkey_conf root = {.provider = conf->rootkey_provider,
				    .path = conf->rootkey_path};
	char rootkey_why[ROOTKEY_WHY_BYTES] = "";
	size_t keks = 0;
	int r;

	why[0] = '\0';
	if (!path)
		return -ENOMEM;
	r = store_sqlite_open(path, store_died, &store, why, why_len);
	if (r == 0)
		r = store_scan(store, "kek", count, &keks);
	if (r < 0) {
		if (!why[0])
			snprintf(why, why_len, "%s: %s", path, strerror(-r));
		return r;
	}
	/* A new root key beside old keys would be a lock without its key. */
	root.may_create = keks == 0;
	r = rootkey_open(&root, &rootkey, rootkey_why);
	if (r < 0) {
		snprintf(why, why_len, "%s", rootkey_why);
		return r == -ENOENT ? -ENOKEY : r;
	}
	r = kms_service_new(conf, store, rootkey, NULL, ret, why, why_len);
	if (r < 0)
		return r;
	take_ptr(store);
	take_ptr(rootkey);
	return 0;
}
