/* SPDX-License-Identifier: MIT */
/*
 * What kmsd's configuration holds, and whether it makes sense as a whole.
 * It must not know the file's syntax (confkeys.c does) nor open sockets.
 */
#include "kmsagent/kms/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "kmsagent/base/arn.h"
#include "kmsagent/base/io.h"
#include "kmsagent/kms/listen.h"
#include "kmsagent/kms/principal.h"

#define SECRET_FILE_MAX_BYTES 1024
#define DEFAULT_MAX_THREADS   4

/* Make room for one more element; the new one is zeroed. */
static void *grow(void *items, size_t *count, size_t size)
{
	char *grown = reallocarray(items, *count + 1, size);

	if (grown)
		memset(grown + (*count)++ * size, 0, size);
	return grown;
}

int kms_config_set(char **field, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

static int add_string(char ***items, size_t *count, const char *value)
{
	char *copy;
	char **grown;

	if (*count >= KMS_CONFIG_MAX_LIST)
		return -E2BIG;
	copy = strdup(value);
	grown = copy ? grow(*items, count, sizeof(*grown)) : NULL;
	if (!grown) {
		free(copy);
		return -ENOMEM;
	}
	*items = grown;
	grown[*count - 1] = copy;
	return 0;
}

static void clear_strings(char ***items, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		free((*items)[i]);
	free(*items);
	*items = NULL;
	*count = 0;
}

void kms_config_clear_listens(struct kms_config *c)
{
	clear_strings(&c->listens, &c->nlistens);
}

void kms_config_clear_regions(struct kms_config *c)
{
	clear_strings(&c->regions, &c->nregions);
}

int kms_config_add_listen(struct kms_config *c, const char *text)
{
	if (!kms_listen_is_valid(text))
		return -EINVAL;
	return add_string(&c->listens, &c->nlistens, text);
}

bool kms_config_has_region(const struct kms_config *c, const char *region)
{
	for (size_t i = 0; i < c->nregions; i++)
		if (strcmp(c->regions[i], region) == 0)
			return true;
	return false;
}

int kms_config_add_regions(struct kms_config *c, const char *comma_list)
{
	_free_ char *copy = strdup(comma_list);
	char *rest = copy, *one;

	if (!copy)
		return -ENOMEM;
	while ((one = strsep(&rest, ","))) {
		int r;

		one += strspn(one, " \t");
		one[strcspn(one, " \t")] = '\0';
		if (!arn_region_is_valid(one))
			return -EINVAL;
		if (kms_config_has_region(c, one))
			return -EEXIST;
		r = add_string(&c->regions, &c->nregions, one);
		if (r < 0)
			return r;
	}
	return 0;
}

/* One principal an ARN, so that a pointer to it identifies it. */
int kms_config_intern(struct kms_config *c, const char *arn, size_t *ret_index)
{
	struct kms_principal *grown, p;
	int r;

	for (size_t i = 0; i < c->nprincipals; i++)
		if (strcmp(c->principals[i].arn, arn) == 0) {
			*ret_index = i;
			return 0;
		}
	r = kms_principal_parse(arn, &p);
	if (r < 0)
		return r;
	grown = grow(c->principals, &c->nprincipals, sizeof(*grown));
	if (!grown) {
		kms_principal_done(&p);
		return -ENOMEM;
	}
	c->principals = grown;
	*ret_index = c->nprincipals - 1;
	grown[*ret_index] = p;
	return 0;
}

int kms_config_add_peer(struct kms_config *c, uid_t uid, const char *arn)
{
	struct kms_peer *grown;
	size_t principal;
	int r;

	if (kms_config_peer(c, uid))
		return -EEXIST;
	r = kms_config_intern(c, arn, &principal);
	if (r < 0)
		return r;
	grown = grow(c->peers, &c->npeers, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	c->peers = grown;
	grown[c->npeers - 1] = (struct kms_peer){uid, principal};
	return 0;
}

static struct kms_access_key *find_key(const struct kms_config *c,
				       const char *id)
{
	for (size_t i = 0; i < c->naccess_keys; i++)
		if (strcmp(c->access_keys[i].id, id) == 0)
			return &c->access_keys[i];
	return NULL;
}

int kms_config_need_access_key(struct kms_config *c, const char *id,
			       struct kms_access_key **ret)
{
	struct kms_access_key *grown = find_key(c, id);
	size_t len = strlen(id);
	char *copy;

	if (grown) {
		*ret = grown;
		return 0;
	}
	if (len < 16 || len > KMS_ACCESS_KEY_MAX ||
	    strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != len)
		return -EINVAL;
	copy = strdup(id);
	grown = copy ? grow(c->access_keys, &c->naccess_keys, sizeof(*grown))
		     : NULL;
	if (!grown) {
		free(copy);
		return -ENOMEM;
	}
	c->access_keys = grown;
	*ret = &grown[c->naccess_keys - 1];
	(*ret)->id = copy;
	(*ret)->principal = KMS_NO_PRINCIPAL;
	return 0;
}

int kms_config_add_access_key(struct kms_config *c, const char *id,
			      struct secret *secret, const char *arn)
{
	struct kms_access_key *key;
	size_t principal;
	int r = kms_config_intern(c, arn, &principal);

	if (r >= 0)
		r = kms_config_need_access_key(c, id, &key);
	if (r < 0)
		return r;
	key->principal = principal;
	secret_move(&key->secret, secret);
	return 0;
}

int kms_config_add_service(struct kms_config *c, const char *name,
			   const char *arn)
{
	struct kms_service_name *grown;
	size_t principal;
	char *copy;
	int r = kms_config_intern(c, arn, &principal);

	if (r < 0)
		return r;
	for (size_t i = 0; i < c->nservices; i++)
		if (strcmp(c->services[i].name, name) == 0 ||
		    c->services[i].principal == principal)
			return -EEXIST;
	copy = strdup(name);
	grown = copy ? grow(c->services, &c->nservices, sizeof(*grown)) : NULL;
	if (!grown) {
		free(copy);
		return -ENOMEM;
	}
	c->services = grown;
	grown[c->nservices - 1] = (struct kms_service_name){copy, principal};
	return 0;
}

/* The secret access key's characters, without the newline of an editor. */
static int read_secret_file(struct kms_access_key *key)
{
	int r = io_read_secret(AT_FDCWD, key->secret_file,
			       SECRET_FILE_MAX_BYTES, &key->secret);
	size_t len;

	if (r < 0)
		return r;
	for (len = key->secret.len; len > 0; len--)
		if (key->secret.bytes[len - 1] > ' ')
			break;
	if (len == 0)
		return -ENODATA;
	secret_truncate(&key->secret, len);
	return 0;
}

static int finish_access_key(struct kms_access_key *key, char *why,
			     size_t why_len)
{
	int r;

	if (key->principal == KMS_NO_PRINCIPAL) {
		snprintf(why, why_len, "[access-key %s] lacks principal = ARN",
			 key->id);
		return -EINVAL;
	}
	if (key->secret.len > 0)
		return 0;
	if (!key->secret_file) {
		snprintf(why, why_len,
			 "[access-key %s] lacks secret_file = PATH", key->id);
		return -EINVAL;
	}
	r = read_secret_file(key);
	if (r < 0)
		snprintf(why, why_len,
			 "[access-key %s] secret_file %s: %s; it must be a "
			 "regular file of root or kmsd, mode 0600 or 0400",
			 key->id, key->secret_file, strerror(-r));
	return r;
}

/* A folder that holds the store must not also hold what unwraps it. */
static bool path_is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	while (len > 1 && folder[len - 1] == '/')
		len--;
	return strncmp(path, folder, len) == 0 &&
	       (path[len] == '/' || path[len] == '\0');
}

static int check_whole(const struct kms_config *c, char *why, size_t why_len)
{
	if (!c->account || !arn_account_is_valid(c->account)) {
		snprintf(why, why_len,
			 "the account is missing: give [kmsd] account = or "
			 "--account, 12 digits");
		return -EINVAL;
	}
	if (c->nregions == 0) {
		snprintf(why, why_len,
			 "no region: give [kmsd] region = or --region, such "
			 "as us-east-1");
		return -EINVAL;
	}
	if (*c->state != '/') {
		snprintf(why, why_len,
			 "the state folder \"%s\" is not an "
			 "absolute path",
			 c->state);
		return -EINVAL;
	}
	return 0;
}

static int check_rootkey(const struct kms_config *c, char *why, size_t why_len)
{
	if (!c->rootkey_path) {
		snprintf(why, why_len,
			 "no root key: give [rootkey] path = FILE, outside %s",
			 c->state);
		return -EINVAL;
	}
	if (!c->is_dev && path_is_below(c->rootkey_path, c->state)) {
		snprintf(why, why_len,
			 "[rootkey] path %s lies in the state folder %s, so "
			 "that whoever copies one copies both; choose another",
			 c->rootkey_path, c->state);
		return -EINVAL;
	}
	return 0;
}

static int check_tls(const struct kms_config *c, char *why, size_t why_len)
{
	if (!c->tls_certificate != !c->tls_key) {
		snprintf(why, why_len,
			 "[tls] lacks %s = FILE: certificate and key are given "
			 "together",
			 c->tls_key ? "certificate" : "key");
		return -EINVAL;
	}
	if (c->tls_client_ca && !c->tls_key) {
		snprintf(why, why_len,
			 "[tls] client_ca is given, but no certificate and "
			 "key");
		return -EINVAL;
	}
	for (size_t i = 0; i < c->nlistens && !c->tls_key; i++) {
		if (!kms_listen_is_tls(c->listens[i]))
			continue;
		snprintf(why, why_len,
			 "to listen on %s, give [tls] certificate = FILE and "
			 "key = FILE",
			 c->listens[i]);
		return -EINVAL;
	}
	return 0;
}

static int set_default(char **field, const char *value)
{
	return *field ? 0 : kms_config_set(field, value);
}

static int fill_defaults(struct kms_config *c)
{
	int processors = get_nprocs();
	int r = set_default(&c->state, KMS_CONFIG_STATE);

	if (r >= 0)
		r = set_default(&c->rootkey_provider, "file");
	if (r >= 0)
		r = set_default(&c->audit_path, KMS_CONFIG_AUDIT);
	if (r >= 0 && c->nlistens == 0)
		r = kms_config_add_listen(c, KMS_CONFIG_SOCKET);
	if (c->max_connections == 0)
		c->max_connections = KMS_CONFIG_MAX_CONNECTIONS;
	if (c->threads == 0)
		c->threads = processors > DEFAULT_MAX_THREADS
				     ? DEFAULT_MAX_THREADS
				     : (unsigned)processors;
	return r;
}

/* uid 0 is the account's root, whatever the file says of it. */
static int add_root_peer(struct kms_config *c)
{
	char arn[64];
	int r;

	snprintf(arn, sizeof(arn), "arn:aws:iam::%s:root", c->account);
	r = kms_config_add_peer(c, 0, arn);
	return r == -EEXIST ? 0 : r;
}

int kms_config_finish(struct kms_config *c, char *why, size_t why_len)
{
	int r;

	snprintf(why, why_len, "out of memory");
	r = fill_defaults(c);
	if (r >= 0)
		r = check_whole(c, why, why_len);
	if (r >= 0)
		r = check_rootkey(c, why, why_len);
	if (r >= 0)
		r = check_tls(c, why, why_len);
	if (r >= 0)
		r = add_root_peer(c);
	for (size_t i = 0; r >= 0 && i < c->naccess_keys; i++)
		r = finish_access_key(&c->access_keys[i], why, why_len);
	if (r < 0)
		return r;
	for (size_t i = 0; i < c->nservices; i++)
		c->principals[c->services[i].principal].service =
			c->services[i].name;
	return 0;
}

const struct kms_principal *kms_config_peer(const struct kms_config *c,
					    uid_t uid)
{
	for (size_t i = 0; i < c->npeers; i++)
		if (c->peers[i].uid == uid)
			return &c->principals[c->peers[i].principal];
	return NULL;
}

const struct kms_access_key *kms_config_access_key(const struct kms_config *c,
						   const char *id)
{
	return find_key(c, id);
}

void kms_config_done(struct kms_config *c)
{
	kms_config_clear_listens(c);
	kms_config_clear_regions(c);
	for (size_t i = 0; i < c->nprincipals; i++)
		kms_principal_done(&c->principals[i]);
	for (size_t i = 0; i < c->naccess_keys; i++) {
		free(c->access_keys[i].id);
		free(c->access_keys[i].secret_file);
		secret_done(&c->access_keys[i].secret);
	}
	for (size_t i = 0; i < c->nservices; i++)
		free(c->services[i].name);
	free(c->principals);
	free(c->access_keys);
	free(c->services);
	free(c->peers);
	free(c->account);
	free(c->state);
	free(c->rootkey_provider);
	free(c->rootkey_path);
	free(c->audit_path);
	free(c->tls_certificate);
	free(c->tls_key);
	free(c->tls_client_ca);
	*c = KMS_CONFIG_INIT;
}
