/* SPDX-License-Identifier: MIT */
/* The handlers behind agent_methods[]; each answers its call, now or later. */
#ifndef KMSAGENT_AGENT_METHOD_H
#define KMSAGENT_AGENT_METHOD_H

#include "kmsagent/agent/agent.h"

/* The entry that @params name, if the caller may have it; else NULL and the
 * call is answered. */
struct agent_key *agent_key_wanted(struct agent *a, struct varlink_call *call,
				   const cJSON *params);

void agent_method_create_key(struct varlink_call *call, const cJSON *params,
			     void *userdata);
void agent_method_list_keys(struct varlink_call *call, const cJSON *params,
			    void *userdata);
void agent_method_show_key(struct varlink_call *call, const cJSON *params,
			   void *userdata);
void agent_method_unload_key(struct varlink_call *call, const cJSON *params,
			     void *userdata);
void agent_method_export_key(struct varlink_call *call, const cJSON *params,
			     void *userdata);
void agent_method_import_key(struct varlink_call *call, const cJSON *params,
			     void *userdata);
void agent_method_delete_key(struct varlink_call *call, const cJSON *params,
			     void *userdata);
void agent_method_encrypt(struct varlink_call *call, const cJSON *params,
			  void *userdata);
void agent_method_decrypt(struct varlink_call *call, const cJSON *params,
			  void *userdata);
void agent_method_dmcrypt_open(struct varlink_call *call, const cJSON *params,
			       void *userdata);
void agent_method_dmcrypt_close(struct varlink_call *call, const cJSON *params,
				void *userdata);
void agent_method_dmcrypt_status(struct varlink_call *call, const cJSON *params,
				 void *userdata);
void agent_method_dmcrypt_resize(struct varlink_call *call, const cJSON *params,
				 void *userdata);
void agent_method_fscrypt_setup(struct varlink_call *call, const cJSON *params,
				void *userdata);
void agent_method_fscrypt_unlock(struct varlink_call *call, const cJSON *params,
				 void *userdata);
void agent_method_fscrypt_lock(struct varlink_call *call, const cJSON *params,
			       void *userdata);
void agent_method_fscrypt_status(struct varlink_call *call, const cJSON *params,
				 void *userdata);
void agent_method_status(struct varlink_call *call, const cJSON *params,
			 void *userdata);

#endif
