/* SPDX-License-Identifier: MIT */
/*
 * One Varlink message: framing and validation of untrusted bytes.  Pure:
 * buffer in, struct out; no descriptors, no sockets.
 * Source: varlink.org/Method-Call (NUL-terminated JSON objects).
 */
#ifndef KMSAGENT_VARLINK_MESSAGE_H
#define KMSAGENT_VARLINK_MESSAGE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"

#define VARLINK_MAX_MESSAGE_BYTES ((size_t)1 << 20) /* without the NUL */
#define VARLINK_MAX_DEPTH	  16
#define VARLINK_MAX_FDS		  8
#define VARLINK_MAX_NAME_BYTES	  255 /* of a method or error */
/* Values in a message; each costs the parser some 64 bytes. */
#define VARLINK_MAX_CALL_VALUES	 4096
#define VARLINK_MAX_REPLY_VALUES ((size_t)1 << 17)

/*
 * Look for the end of the first message in @len received bytes.  Returns 1
 * and the message's length without its NUL, 0 (more bytes are needed), or
 * -EMSGSIZE (no end within VARLINK_MAX_MESSAGE_BYTES).
 */
int varlink_frame_find(const char *bytes, size_t len,
		       size_t *ret_message_len) _must_check_;

struct varlink_message {
	cJSON *root;	    /* owned */
	const char *method; /* of a call; in @root */
	const char *error;  /* of a failed reply; in @root */
	cJSON *params;	    /* an object in @root; NULL if absent */
	bool oneway;
	bool more;
	bool upgrade;
	bool continues;
};

#define VARLINK_MESSAGE_INIT ((struct varlink_message){0})

/*
 * Parse a frame.  Refused with -EBADMSG: not one JSON object, bytes left
 * over, nested deeper than VARLINK_MAX_DEPTH, more than @max_values, a NUL written as \u0000 (it
 * would cut a C string short), a member twice at any level, a known member
 * of the wrong type, "method" and "error" together.  -EILSEQ: not UTF-8.
 * -EMSGSIZE, -ENOMEM.  Unknown members are let pass, as the protocol wants.
 */
int varlink_message_parse(const char *bytes, size_t len, size_t max_values,
			  struct varlink_message *ret) _must_check_;

void varlink_message_done(struct varlink_message *m);

/* "io.example.Iface.Method": the last dot; a reversed domain before it, an
 * word with an upper-case initial behind.  Pure. */
bool varlink_member_is_valid(const char *name) _must_check_;

/*
 * Text and its NUL, ready to send; the caller frees by cJSON_free().  NULL @params are sent
 * as an empty object.  -EMSGSIZE, -ENOMEM.
 */
int varlink_message_format(const char *method, const char *error,
			   const cJSON *params, bool oneway, char **ret,
			   size_t *ret_len) _must_check_;

/*
 * An integer member of @params.  0, -ENOENT (absent or null), -EBADMSG (not
 * a whole number within min..max).
 */
int varlink_get_int(const cJSON *params, const char *name, int64_t min,
		    int64_t max, int64_t *ret) _must_check_;
/* A string member, borrowed.  Errors as above. */
int varlink_get_string(const cJSON *params, const char *name,
		       const char **ret) _must_check_;

#endif
