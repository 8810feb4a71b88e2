/* SPDX-License-Identifier: MIT */
/*
 * Starting on a state folder: what must be refused, with which words, and
 * that a refusal makes and changes nothing.
 */
#include <fcntl.h>
#include <sys/wait.h>

#include "tests/unit/kms.h"

static char why[1024];
static char root_path[128];

static int try_account(const char *account)
{
	static const char *const regions[] = {TEST_REGION};
	const struct kms_service_conf conf = {.state_dir = test_dir,
					      .account = account,
					      .regions = regions,
					      .nregions = 1,
					      .rootkey_provider = "file",
					      .rootkey_path = root_path};
	struct kms_service *svc = NULL;
	int r = kms_service_open(&conf, &svc, why, sizeof(why));

	kms_service_close(svc);
	return r;
}

static bool exists(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", test_dir, name);
	return access(path, F_OK) == 0;
}

static void move(const char *from, const char *to)
{
	char a[256], b[256];

	snprintf(a, sizeof(a), "%s/%s", test_dir, from);
	snprintf(b, sizeof(b), "%s/%s", test_dir, to);
	if (rename(a, b) < 0)
		exit(1);
}

/* In a child: locks of the same process would not count. */
static int while_open(void)
{
	static const char *const regions[] = {TEST_REGION};
	const struct kms_service_conf conf = {.state_dir = test_dir,
					      .account = TEST_ACCOUNT,
					      .regions = regions,
					      .nregions = 1,
					      .rootkey_provider = "file",
					      .rootkey_path = root_path};
	struct kms_service *svc = NULL;
	int status = -1;
	pid_t pid;

	if (kms_service_open(&conf, &svc, why, sizeof(why)) < 0)
		return -1;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(-try_account(TEST_ACCOUNT) & 0xff);
	waitpid(pid, &status, 0);
	kms_service_close(svc);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -1;
}

struct text_of {
	char id[64];
	char value[512];
};

static int keep(void *userdata, const char *id, const void *value, size_t len,
		uint64_t revision)
{
	struct text_of *t = userdata;

	(void)revision;
	snprintf(t->id, sizeof(t->id), "%s", id);
	snprintf(t->value, sizeof(t->value), "%.*s", (int)len,
		 (const char *)value);
	return 0;
}

static void put(struct store *store, const char *kind, const struct text_of *t)
{
	uint64_t revision;

	if (store_commit(store,
			 &(struct store_write){kind, t->id, t->value,
					       strlen(t->value), STORE_ANY},
			 1, &revision) < 0)
		exit(1);
}

/* Two stores under one root key: neither opens with the other's KEK, nor by
 * taking its name, which its own material does not know. */
static void test_traded_kek(void)
{
	struct kms_service *a, *b;
	struct store *store = NULL;
	struct text_of kek, id;
	char key[37], path[128];

	a = test_open("a");
	b = test_open("b");
	test_create_key(b, key);
	if (store_scan(a->store, "kek", keep, &kek) < 0 ||
	    store_scan(a->store, "store", keep, &id) < 0)
		exit(1);
	TAP_EQ_INT((int)strlen(id.value), 36, "a_store_has_an_id");
	put(b->store, "kek", &kek);
	test_end(b);
	TAP_OK(!test_try_open("b", why, sizeof(why)),
	       "anothers_key_encryption_key_is_refused");
	tap_diag("%s", why);
	TAP_OK(*why, "with_a_reason");
	test_end(a);
	snprintf(path, sizeof(path), "%s/b", test_dir);
	if (store_sqlite_open(path, NULL, &store, why, sizeof(why)) < 0)
		exit(1);
	put(store, "store", &id);
	store_close(store);
	b = test_open("b");
	TAP_EQ_STR(test_callf(b, "Encrypt",
			      "{\"KeyId\":\"%s\",\"Plaintext\":\"AAAA\"}", key),
		   "KMSInternalException",
		   "with_anothers_name_too_its_own_material_does_not_open");
	test_end(b);
}

int main(void)
{
	test_begin();
	test_traded_kek();
	snprintf(root_path, sizeof(root_path), "%s/root.key", test_dir);
	TAP_EQ_INT(try_account(TEST_ACCOUNT), 0, "an_empty_folder_is_founded");
	TAP_OK(exists("root.key") && exists("kms.sqlite"),
	       "with_root_key_and_store");
	TAP_EQ_INT(try_account(TEST_ACCOUNT), 0, "and_opens_again");
	TAP_EQ_INT(while_open(), -EBUSY, "but_not_twice_at_once");
	TAP_EQ_INT(try_account("999999999999"), -EINVAL,
		   "nor_for_another_account");
	TAP_OK(strstr(why, "account = " TEST_ACCOUNT), "which_it_names");

	move("root.key", "away");
	TAP_EQ_INT(try_account(TEST_ACCOUNT), -ENOKEY,
		   "nor_without_its_root_key");
	TAP_OK(strstr(why, "root.key"), "which_it_names_too");
	tap_diag("%s", why);
	TAP_OK(!exists("root.key"), "and_no_other_is_made");
	move("away", "root.key");
	TAP_EQ_INT(try_account(TEST_ACCOUNT), 0,
		   "with_it_brought_back_all_is_well");

	/* The store gone, the root key there: a new store under that key. */
	move("kms.sqlite", "gone");
	TAP_EQ_INT(try_account(TEST_ACCOUNT), 0,
		   "a_root_key_may_be_there_before_its_store");
	return tap_done();
}
