/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets: from an address, or inherited from systemd.  What is
 * spoken on them is not known here.
 */
#ifndef KMSAGENT_KMS_LISTEN_H
#define KMSAGENT_KMS_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "keyring/cleanup.h"

#define KMS_LISTEN_MAX	      32
#define KMS_LISTEN_ADDR_BYTES 160 /* "unix:" and a path, "tls:[v6]:port" */
#define KMS_LISTEN_TLS	      "tls:"

struct kms_listener {
	int fd;
	bool is_unix;
	bool is_tls;
	bool is_ours; /* a socket file to remove at the end */
	char addr[KMS_LISTEN_ADDR_BYTES]; /* as bound: port 0 is resolved */
};

/* "A.B.C.D:PORT" or "[V6]:PORT", with "tls:" before it for TLS, or
 * "unix:PATH"; names are not resolved. */
bool kms_listen_is_valid(const char *text) _must_check_;
bool kms_listen_is_tls(const char *text) _must_check_;

/*
 * Bind and listen, non-blocking.  A socket file that nobody listens on is
 * replaced; everybody may connect to ours, since who they are decides what
 * they may.  Returns 0, -EINVAL (syntax), -EADDRINUSE (a live one, or a file
 * that is no socket), or errno of socket, bind and listen.
 */
int kms_listen_open(const char *text, struct kms_listener *ret) _must_check_;

/*
 * Take over what systemd passed, at most @max; TLS is spoken on those that
 * are named "tls" (FileDescriptorName=).  Returns how many (0: not
 * socket-activated), -E2BIG, -EPROTOTYPE (one that is no listening stream).
 * Source: sd_listen_fds_with_names(3).
 */
int kms_listen_inherited(struct kms_listener *ret, size_t max) _must_check_;

/* Close, and remove the socket file if it is ours. */
void kms_listener_done(struct kms_listener *l);

#endif
