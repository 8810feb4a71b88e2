/* SPDX-License-Identifier: MIT */
/*
 * The one list of commands.
 */
#include "kmsagent/ctl/commands.h"

#include <stddef.h>

const struct cmd *const cmd_table[] = {
	&cmd_key_create,     &cmd_key_list,
	&cmd_key_show,	     &cmd_key_load,
	&cmd_key_unload,     &cmd_key_export,
	&cmd_key_import,     &cmd_key_delete,
	&cmd_encrypt,	     &cmd_decrypt,
	&cmd_dmcrypt_open,   &cmd_dmcrypt_close,
	&cmd_dmcrypt_status, &cmd_dmcrypt_resize,
	&cmd_fscrypt_setup,  &cmd_fscrypt_unlock,
	&cmd_fscrypt_lock,   &cmd_fscrypt_status,
	&cmd_status,	     &cmd_doctor,
	&cmd_call,	     NULL,
};
