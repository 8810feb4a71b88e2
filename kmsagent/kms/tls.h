/* SPDX-License-Identifier: MIT */
/*
 * TLS for listeners: certificate, private key and the authorities of clients,
 * read from files and read again while kmsd serves.  It must not know HTTP;
 * the HTTP library does the handshakes and asks here for the certificate.
 * One a process, since GnuTLS's callback has no context of the caller's.
 * Known copies in GnuTLS's heap: the private key, records as they come and go.
 */
#ifndef KMSAGENT_KMS_TLS_H
#define KMSAGENT_KMS_TLS_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>

#include "keyring/cleanup.h"

/* Nothing older than TLS 1.2 (RFC 8996). */
#define KMS_TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* Paths of PEM files; borrowed for the call.  One without a slash is the name
 * of a credential that systemd passed. */
struct kms_tls_conf {
	const char *certificate; /* the server's, then its issuers' */
	const char *key;	 /* its private key, not encrypted */
	const char *client_ca;	 /* NULL: clients need no certificate */
};

/*
 * Read the files; what was in use before stays when one is not as it must be.
 * Connections that stand keep what they began with.  @why gets cause and next
 * step.  Returns 0, errno of the files, -EPERM (the key is open to others),
 * -EBADMSG (not PEM), -EKEYREJECTED (the key is another certificate's),
 * -EKEYEXPIRED (the certificate's time is over, or has not come), -ENOMEM.
 */
int kms_tls_load(const struct kms_tls_conf *conf, char *why,
		 size_t why_len) _must_check_;

/* Clients must show a certificate. */
bool kms_tls_wants_clients(void);

/* The authorities as PEM, for the list that clients are sent; borrowed until
 * the next kms_tls_load().  NULL: none. */
const char *kms_tls_client_ca(void);

/* The client at the other end of @session has shown a certificate that one of
 * the authorities made for clients. */
bool kms_tls_client_is_trusted(gnutls_session_t session) _must_check_;

/* What GnuTLS asks in each handshake: gnutls_certificate_set_retrieve_function2
 * (3). */
int kms_tls_retrieve(gnutls_session_t session,
		     const gnutls_datum_t *authorities, int nauthorities,
		     const gnutls_pk_algorithm_t *algorithms, int nalgorithms,
		     gnutls_pcert_st **chain, unsigned *chain_len,
		     gnutls_privkey_t *key);

/* No connection may be left. */
void kms_tls_unload(void);

#endif
