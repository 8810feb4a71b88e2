/* SPDX-License-Identifier: MIT */
/*
 * Every command, each defined in the file that bears its name.
 */
#ifndef KMSAGENT_CTL_COMMANDS_H
#define KMSAGENT_CTL_COMMANDS_H

#include "kmsagent/ctl/cmd.h"

extern const struct cmd cmd_key_create;
extern const struct cmd cmd_key_list;
extern const struct cmd cmd_key_show;
extern const struct cmd cmd_key_load;
extern const struct cmd cmd_key_unload;
extern const struct cmd cmd_key_export;
extern const struct cmd cmd_key_import;
extern const struct cmd cmd_key_delete;
extern const struct cmd cmd_encrypt;
extern const struct cmd cmd_decrypt;
extern const struct cmd cmd_dmcrypt_open;
extern const struct cmd cmd_dmcrypt_close;
extern const struct cmd cmd_dmcrypt_status;
extern const struct cmd cmd_dmcrypt_resize;
extern const struct cmd cmd_fscrypt_setup;
extern const struct cmd cmd_fscrypt_unlock;
extern const struct cmd cmd_fscrypt_lock;
extern const struct cmd cmd_fscrypt_status;
extern const struct cmd cmd_status;
extern const struct cmd cmd_doctor;
extern const struct cmd cmd_call;

#endif
