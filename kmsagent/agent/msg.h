/* SPDX-License-Identifier: MIT */
/*
 * What the keyholder, its fetchers and its workers say to each other: typed,
 * capped messages, one a packet of a SOCK_SEQPACKET pair.  Which fields a
 * type carries is a table; key bytes come last in a packet, so that they go
 * from and into locked memory only.
 */
#ifndef KMSAGENT_AGENT_MSG_H
#define KMSAGENT_AGENT_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kcapi/esdk.h"
#include "keyring/cleanup.h"
#include "keyring/ectx.h"
#include "keyring/secret.h"

/* A message header of 64 KiB in pieces, and room for the small fields. */
#define AGENT_MSG_MAX_BYTES ((size_t)96 << 10)
#define AGENT_MSG_MAX_FDS   2

enum agent_msg_type {
	AGENT_MSG_NONE,
	/* keyholder to fetcher */
	AGENT_MSG_ENDPOINT, /* where the KMS is; key = secret access key */
	AGENT_MSG_GENERATE, /* GenerateDataKey */
	AGENT_MSG_WRAP,	    /* GenerateDataKeyWithoutPlaintext */
	AGENT_MSG_DECRYPT,
	AGENT_MSG_CHECK, /* Decrypt with DryRun */
	/* fetcher to keyholder */
	AGENT_MSG_FETCHED,
	/* keyholder to worker; the first two bring two descriptors */
	AGENT_MSG_SEAL,	  /* encrypt; key = message key */
	AGENT_MSG_UNSEAL, /* decrypt: read the header and tell it */
	AGENT_MSG_KEY,	  /* go on; key = message key */
	AGENT_MSG_PROBE,  /* which engines work here? */
	/* worker to keyholder */
	AGENT_MSG_HEADER,
	AGENT_MSG_DONE,
	AGENT_MSG_PROBED,
	/* keyholder to device child; none brings a key or a descriptor */
	AGENT_MSG_MAP,	   /* make a mapping */
	AGENT_MSG_REMAP,   /* give it another length */
	AGENT_MSG_UNMAP,   /* remove it */
	AGENT_MSG_INSPECT, /* look at it */
	AGENT_MSG_REPAIR,  /* undo what a killed child left */
	/* device child to keyholder */
	AGENT_MSG_COOKIE, /* before anything is done */
	AGENT_MSG_MAPPED, /* what the kernel has now */
	/* keyholder to directory child; the first brings the directory */
	AGENT_MSG_DIR_LOOK,   /* look at it */
	AGENT_MSG_DIR_ADD,    /* unlock it */
	AGENT_MSG_DIR_SETUP,  /* that, and give it a policy */
	AGENT_MSG_DIR_REMOVE, /* lock it */
	AGENT_MSG_DIR_FINISH, /* finish locking, by its file system */
	/* directory child to keyholder */
	AGENT_MSG_BUSY,	     /* who has a file open; any number of these */
	AGENT_MSG_DIRECTORY, /* what is so now */
	AGENT_MSG_COUNT_,
};

enum agent_map_flags {
	AGENT_MAP_READ_ONLY = 1 << 0,
	AGENT_MAP_DEFERRED = 1 << 1, /* UNMAP: when its last user goes */
	AGENT_MAP_REMOVE = 1 << 2,   /* REPAIR: with a table or without */
	/* MAPPED */
	AGENT_MAP_EXISTS = 1 << 3,
	AGENT_MAP_HAS_TABLE = 1 << 4,
	AGENT_MAP_HAS_KEY = 1 << 5, /* by the reference that was asked about */
	AGENT_MAP_SUSPENDED = 1 << 6,
	AGENT_MAP_GOING = 1 << 7, /* deferred */
};

enum agent_dir_flags {
	AGENT_DIR_ALL_USERS = 1 << 0, /* DIR_REMOVE: everybody's claims */
	/* DIRECTORY */
	AGENT_DIR_HAS_POLICY = 1 << 1,
	AGENT_DIR_IS_V1 = 1 << 2,
	AGENT_DIR_IS_EMPTY = 1 << 3,
	AGENT_DIR_KEY_IS_OWNERS = 1 << 4, /* he is one of its users */
};

#define AGENT_BUSY_MAX	  64 /* BUSY messages for one order */
#define AGENT_FSKEY_BYTES 16 /* an fscrypt key identifier */

/*
 * Strings are NULL when empty on the wire.  What a type does not carry is
 * zero after decoding and ignored when encoding.
 */
struct agent_msg {
	enum agent_msg_type type;
	char *endpoint;
	char *region;
	char *ca_file;
	char *access_key_id;
	char *session_token;
	char *cmk;	   /* id, ARN or alias to name in the call */
	char *key_arn;	   /* as the KMS answered */
	char *material_id; /* 64 hex digits */
	char *code;	   /* AWS exception name; a worker's stage */
	char *text;	   /* a sentence for people */
	char *engine;
	char *kcapi; /* "ok", or why that engine does not work */
	char *openssl;
	char *mapping;	/* name below /dev/mapper */
	char *uuid;	/* the mapping's */
	char *table;	/* behind "crypt" */
	char *key_ref;	/* the key's place in it */
	char *command;	/* what a process calls itself */
	char *path;	/* of a file; printable ASCII */
	uint32_t bytes; /* length of a data key to make */
	uint32_t timeout_ms;
	uint32_t class;	 /* enum awskms_class */
	int32_t error;	 /* 0 or negative errno */
	uint32_t ring;	 /* serial of what a key on loan lies in */
	uint32_t flags;	 /* enum agent_map_flags, or agent_dir_flags */
	uint32_t cookie; /* udev's, 0 = none */
	uint32_t open_count;
	uint32_t serial;       /* of the key on loan */
	uint32_t uid;	       /* a directory's owner; a process's */
	uint32_t pid;	       /* of a process */
	uint32_t contents;     /* FSCRYPT_MODE_* */
	uint32_t filenames;    /* the same */
	uint32_t policy_flags; /* FSCRYPT_POLICY_FLAGS_* */
	uint32_t key_status;   /* enum fsdir_key */
	uint32_t users;	       /* that have unlocked it */
	uint32_t count;	       /* of files that are open */
	uint64_t sectors;      /* of the mapping */
	uint64_t device;       /* dev_t of the mapping, or of a file system */
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint8_t message_id[ESDK_MESSAGE_ID_BYTES];
	uint8_t commitment[ESDK_COMMITMENT_BYTES];
	uint8_t identifier[AGENT_FSKEY_BYTES];
	uint8_t *blob; /* CiphertextBlob */
	size_t blob_len;
	struct ectx context;
	struct esdk_edk edks[ESDK_MAX_EDKS]; /* pointing into edk_bytes, or
						borrowed when encoding */
	size_t edk_count;
	uint8_t *edk_bytes;
	struct secret key;
};

#define AGENT_MSG_INIT ((struct agent_msg){0})

/*
 * Encode all but the key's bytes, whose length ends the packet's head; the
 * caller sends the head and then the key.  Returns 0, -EINVAL (a field over
 * its cap), -E2BIG (above AGENT_MSG_MAX_BYTES with the key), -ENOMEM.
 */
int agent_msg_encode(const struct agent_msg *m, uint8_t **ret_head,
		     size_t *ret_len) _must_check_;

/*
 * Decode a whole packet.  Pure; copies all it keeps.  Returns 0, -EBADMSG
 * (unknown type, a field over its cap, a NUL in a string, bytes left over),
 * -ENOMEM.  Release with agent_msg_done().
 */
int agent_msg_decode(const void *packet, size_t len,
		     struct agent_msg *ret) _must_check_;

void agent_msg_done(struct agent_msg *m);

/* Packets of this type end in a key (perhaps an empty one). */
bool agent_msg_has_key(enum agent_msg_type type) _must_check_;

/* One word for a type, for logs. */
const char *agent_msg_name(enum agent_msg_type type);

#endif
