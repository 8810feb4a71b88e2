/* SPDX-License-Identifier: MIT */
/* Certificates of the TLS listeners.  They must not know HTTP. */
#include "kmsagent/kms/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kmsagent/base/clock.h"
#include "kmsagent/base/io.h"

#define PEM_MAX_BYTES ((size_t)256 << 10)
#define CHAIN_MAX     16
#define KEY_ID_BYTES  64
/* Longer than any handshake may take: by then nobody looks at it any more. */
#define RETIRED_MS 60000

struct identity {
	struct identity *next; /* those that were replaced, newest first */
	int64_t retired_ms;    /* CLOCK_BOOTTIME */
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned chain_len;
	gnutls_privkey_t key;
	gnutls_x509_trust_list_t clients; /* NULL: none is asked for */
	char *client_ca;
};

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct identity *current; /* under lock */

static int _printf_(4, 5)
	fail(char *why, size_t why_len, int err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, why_len, format, ap);
	va_end(ap);
	return err;
}

static void identity_free(struct identity *id)
{
	while (id) {
		struct identity *next = id->next;

		for (unsigned i = 0; i < id->chain_len; i++)
			gnutls_pcert_deinit(&id->chain[i]);
		if (id->key)
			gnutls_privkey_deinit(id->key);
		if (id->clients)
			gnutls_x509_trust_list_deinit(id->clients, 1);
		free(id->client_ca);
		free(id);
		id = next;
	}
}

static void identity_freep(struct identity **id)
{
	identity_free(*id);
}

/* A file, or a credential of our unit.  Source: systemd.exec(5). */
static char *full_path(const char *path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");

	return strchr(path, '/') || !folder ? strdup(path)
					    : io_format("%s/%s", folder, path);
}

static int load_chain(struct identity *id, const char *path, char *why,
		      size_t why_len)
{
	_free_ char *full = full_path(path), *pem = NULL;
	unsigned count = CHAIN_MAX;
	gnutls_datum_t datum;
	int r = full ? io_read_text(AT_FDCWD, full, PEM_MAX_BYTES, &pem)
		     : -ENOMEM;

	if (r < 0)
		return fail(why, why_len, r, "[tls] certificate %s: %s", path,
			    strerror(-r));
	datum = (gnutls_datum_t){(unsigned char *)pem, (unsigned)strlen(pem)};
	r = gnutls_pcert_list_import_x509_raw(id->chain, &count, &datum,
					      GNUTLS_X509_FMT_PEM, 0);
	if (r < 0 || count == 0)
		return fail(why, why_len, -EBADMSG,
			    "[tls] certificate %s: not a certificate in PEM "
			    "(%s); it holds the server's, then its issuers', "
			    "%d at most",
			    path, r < 0 ? gnutls_strerror(r) : "empty",
			    CHAIN_MAX);
	id->chain_len = count;
	return 0;
}

static int load_key(struct identity *id, const char *path, char *why,
		    size_t why_len)
{
	_cleanup_(secret_done) struct secret pem = SECRET_INIT;
	_free_ char *full = full_path(path);
	gnutls_datum_t datum;
	int r = full ? io_read_secret(AT_FDCWD, full, PEM_MAX_BYTES, &pem)
		     : -ENOMEM;

	if (r < 0)
		return fail(why, why_len, r,
			    "[tls] key %s: %s; it must be a regular file of "
			    "root or kmsd, mode 0600 or 0400",
			    path, strerror(-r));
	datum = (gnutls_datum_t){pem.bytes, (unsigned)pem.len};
	r = gnutls_privkey_init(&id->key);
	if (r == 0)
		r = gnutls_privkey_import_x509_raw(
			id->key, &datum, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (r < 0)
		return fail(why, why_len, -EBADMSG,
			    "[tls] key %s: not a private key in PEM without a "
			    "passphrase (%s)",
			    path, gnutls_strerror(r));
	return 0;
}

static bool is_pair(gnutls_pubkey_t certified, gnutls_privkey_t key)
{
	unsigned char a[KEY_ID_BYTES], b[KEY_ID_BYTES];
	size_t a_len = sizeof(a), b_len = sizeof(b);
	gnutls_pubkey_t public;
	bool same;

	if (gnutls_pubkey_init(&public) < 0)
		return false;
	same = gnutls_pubkey_import_privkey(public, key, 0, 0) == 0 &&
	       gnutls_pubkey_get_key_id(public, 0, a, &a_len) == 0 &&
	       gnutls_pubkey_get_key_id(certified, 0, b, &b_len) == 0 &&
	       a_len == b_len && memcmp(a, b, a_len) == 0;
	gnutls_pubkey_deinit(public);
	return same;
}

static int check_dates(const struct identity *id, const char *path, char *why,
		       size_t why_len)
{
	time_t now = (time_t)clock_epoch_s(), from, until;
	char when[CLOCK_ISO_BYTES];
	gnutls_x509_crt_t crt;
	int r = gnutls_x509_crt_init(&crt);

	if (r < 0)
		return -ENOMEM;
	r = gnutls_x509_crt_import(crt, &id->chain[0].cert,
				   GNUTLS_X509_FMT_DER);
	from = gnutls_x509_crt_get_activation_time(crt);
	until = gnutls_x509_crt_get_expiration_time(crt);
	gnutls_x509_crt_deinit(crt);
	if (r < 0 || from == (time_t)-1 || until == (time_t)-1)
		return fail(why, why_len, -EBADMSG,
			    "[tls] certificate %s: it has no dates", path);
	clock_format_iso(now < from ? from : until, when);
	if (now < from)
		return fail(why, why_len, -EKEYEXPIRED,
			    "[tls] certificate %s: not valid before %s; look "
			    "at this machine's clock",
			    path, when);
	if (now > until)
		return fail(why, why_len, -EKEYEXPIRED,
			    "[tls] certificate %s: expired at %s; renew it",
			    path, when);
	return 0;
}

static int load_clients(struct identity *id, const char *path, char *why,
			size_t why_len)
{
	_free_ char *full = full_path(path);
	gnutls_datum_t datum;
	int r = full ? io_read_text(AT_FDCWD, full, PEM_MAX_BYTES,
				    &id->client_ca)
		     : -ENOMEM;

	if (r < 0)
		return fail(why, why_len, r, "[tls] client_ca %s: %s", path,
			    strerror(-r));
	datum = (gnutls_datum_t){(unsigned char *)id->client_ca,
				 (unsigned)strlen(id->client_ca)};
	if (gnutls_x509_trust_list_init(&id->clients, 0) < 0)
		return -ENOMEM;
	r = gnutls_x509_trust_list_add_trust_mem(id->clients, &datum, NULL,
						 GNUTLS_X509_FMT_PEM, 0, 0);
	if (r <= 0)
		return fail(why, why_len, -EBADMSG,
			    "[tls] client_ca %s: no certificate in PEM (%s)",
			    path, r < 0 ? gnutls_strerror(r) : "empty");
	return 0;
}

static int load(const struct kms_tls_conf *conf, struct identity **ret,
		char *why, size_t why_len)
{
	_cleanup_(identity_freep) struct identity *id = calloc(1, sizeof(*id));
	int r;

	if (!id)
		return -ENOMEM;
	r = load_chain(id, conf->certificate, why, why_len);
	if (r == 0)
		r = load_key(id, conf->key, why, why_len);
	if (r < 0)
		return r;
	if (!is_pair(id->chain[0].pubkey, id->key))
		return fail(why, why_len, -EKEYREJECTED,
			    "[tls] key %s is not that of certificate %s; "
			    "configure the two that were made together",
			    conf->key, conf->certificate);
	r = check_dates(id, conf->certificate, why, why_len);
	if (r == 0 && conf->client_ca)
		r = load_clients(id, conf->client_ca, why, why_len);
	if (r < 0)
		return r;
	*ret = take_ptr(id);
	return 0;
}

/* Free what was replaced long ago. */
static void forget_retired(struct identity *newest, int64_t now_ms)
{
	for (struct identity *id = newest; id; id = id->next)
		if (id->next && id->next->retired_ms + RETIRED_MS < now_ms)
			identity_free(take_ptr(id->next));
}

int kms_tls_load(const struct kms_tls_conf *conf, char *why, size_t why_len)
{
	int64_t now_ms = clock_boot_ms();
	struct identity *id = NULL;
	int r;

	snprintf(why, why_len, "[tls]: out of memory");
	r = load(conf, &id, why, why_len);
	if (r < 0)
		return r;
	pthread_rwlock_wrlock(&lock);
	if (current)
		current->retired_ms = now_ms;
	id->next = current;
	current = id;
	forget_retired(current, now_ms);
	pthread_rwlock_unlock(&lock);
	return 0;
}

bool kms_tls_wants_clients(void)
{
	bool wants;

	pthread_rwlock_rdlock(&lock);
	wants = current && current->clients;
	pthread_rwlock_unlock(&lock);
	return wants;
}

const char *kms_tls_client_ca(void)
{
	return current ? current->client_ca : NULL;
}

static bool verify(gnutls_x509_trust_list_t clients, gnutls_x509_crt_t *chain,
		   unsigned count)
{
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT};
	unsigned status = 0;

	return gnutls_x509_trust_list_verify_crt2(clients, chain, count,
						  &purpose, 1, 0, &status,
						  NULL) == 0 &&
	       status == 0;
}

bool kms_tls_client_is_trusted(gnutls_session_t session)
{
	gnutls_x509_crt_t chain[CHAIN_MAX];
	unsigned given = 0, count = 0;
	const gnutls_datum_t *peers =
		gnutls_certificate_get_peers(session, &given);
	bool trusted = peers && given > 0 && given <= CHAIN_MAX;

	for (; trusted && count < given; count++) {
		if (gnutls_x509_crt_init(&chain[count]) < 0)
			break;
		if (gnutls_x509_crt_import(chain[count], &peers[count],
					   GNUTLS_X509_FMT_DER) < 0)
			trusted = false;
	}
	pthread_rwlock_rdlock(&lock);
	trusted = trusted && count == given && current && current->clients &&
		  verify(current->clients, chain, count);
	pthread_rwlock_unlock(&lock);
	while (count > 0)
		gnutls_x509_crt_deinit(chain[--count]);
	return trusted;
}

int kms_tls_retrieve(gnutls_session_t session,
		     const gnutls_datum_t *authorities, int nauthorities,
		     const gnutls_pk_algorithm_t *algorithms, int nalgorithms,
		     gnutls_pcert_st **chain, unsigned *chain_len,
		     gnutls_privkey_t *key)
{
	struct identity *id;

	(void)session;
	(void)authorities;
	(void)nauthorities;
	(void)algorithms;
	(void)nalgorithms;
	pthread_rwlock_rdlock(&lock);
	id = current;
	pthread_rwlock_unlock(&lock);
	if (!id)
		return -1;
	*chain = id->chain;
	*chain_len = id->chain_len;
	*key = id->key;
	return 0;
}

void kms_tls_unload(void)
{
	pthread_rwlock_wrlock(&lock);
	identity_free(take_ptr(current));
	pthread_rwlock_unlock(&lock);
}
