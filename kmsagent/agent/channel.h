/* SPDX-License-Identifier: MIT */
/*
 * One inner message over a SOCK_SEQPACKET pair, with its descriptors.  A
 * packet is received into locked memory, as it may hold a key.
 */
#ifndef KMSAGENT_AGENT_CHANNEL_H
#define KMSAGENT_AGENT_CHANNEL_H

#include "keyring/cleanup.h"
#include "keyring/secret.h"
#include "kmsagent/agent/msg.h"

/* A connected pair, close-on-exec, both blocking. */
int agent_channel_pair(int ret_fds[2]) _must_check_;

/*
 * Send @m and @nfds descriptors (copies of them travel).  Never raises
 * SIGPIPE.  Returns 0, as agent_msg_encode(), -EAGAIN (a non-blocking peer
 * that does not read), -EPIPE, other errno of sendmsg.
 */
int agent_channel_send(int fd, const struct agent_msg *m, const int *fds,
		       size_t nfds) _must_check_;

/*
 * Receive one message.  @buffer: AGENT_MSG_MAX_BYTES of locked memory, wiped
 * before this returns.  @fds has room for AGENT_MSG_MAX_FDS, what came is
 * close-on-exec and the caller's; NULL: a message with descriptors is
 * refused.  Returns 0, -EPIPE (the other side is gone), -EBADMSG (as
 * agent_msg_decode(), an over-long packet, wrong descriptors), -EAGAIN.
 */
int agent_channel_recv(int fd, struct secret *buffer, struct agent_msg *ret,
		       int *fds, size_t *ret_nfds) _must_check_;

#endif
