/* SPDX-License-Identifier: MIT */
/* The handlers behind agent_methods[]; each answers its call, now or later. */
#ifndef KMSAGENT_AGENT_METHOD_H
#define KMSAGENT_AGENT_METHOD_H

#include "kmsagent/agent/agent.h"

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
void agent_method_status(struct varlink_call *call, const cJSON *params,
			 void *userdata);

#endif
