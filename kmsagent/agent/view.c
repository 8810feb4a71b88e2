/* SPDX-License-Identifier: MIT */
/* Read-only views.  Nothing is decided here. */
#include "kmsagent/agent/view.h"

#include "kmsagent/agent/mapping.h"
#include "kmsagent/base/clock.h"
#include "kmsagent/base/json.h"

static int add_serials(cJSON *j, const struct agent_key *k)
{
	cJSON *list = cJSON_AddArrayToObject(j, "serials");
	int64_t left_ms = k->lease.ends_ms - clock_boot_ms();

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < k->serial_count; i++) {
		cJSON *one = cJSON_CreateObject();

		if (!one || !cJSON_AddItemToArray(list, one)) {
			cJSON_Delete(one);
			return -ENOMEM;
		}
		if (json_add_int(one, "serial", k->serials[i].serial) < 0 ||
		    json_add_int(one, "uid", k->serials[i].uid) < 0 ||
		    json_add_int(one, "expires_s",
				 left_ms > 0 ? (left_ms + 999) / 1000 : 0) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int add_entry(cJSON *j, const struct agent_entry *e)
{
	_free_ char *blob = agent_base64(e->blob, e->blob_len);
	int r = agent_entry_add_allow(j, e);

	if (r == 0 && !blob)
		r = -ENOMEM;
	if (r == 0)
		r = json_add_string(j, "name", e->name);
	if (r == 0)
		r = json_add_string(j, "cmk", e->cmk);
	if (r == 0)
		r = json_add_string(j, "cmk_arn", e->cmk_arn);
	if (r == 0 && e->key_material_id)
		r = json_add_string(j, "key_material_id", e->key_material_id);
	if (r == 0)
		r = json_add_string(j, "ciphertext_blob", blob);
	if (r == 0)
		r = json_add_ectx(j, "encryption_context", &e->context);
	if (r == 0)
		r = json_add_string(j, "purpose",
				    agent_purpose_name(e->purpose));
	if (r == 0)
		r = json_add_string(j, "type", e->type->name);
	if (r == 0)
		r = json_add_int(j, "bytes", e->bytes);
	if (r == 0)
		r = json_add_int(j, "lease_s", e->lease_s);
	if (r == 0)
		r = json_add_bool(j, "exportable", e->exportable);
	if (r == 0)
		r = json_add_int(j, "created", e->created_s);
	return r;
}

static int add_volume(cJSON *j, const struct agent_key *k)
{
	int r = 0;

	if (k->entry.volume.is_bound)
		r = json_add_item(j, "volume", volume_format(&k->entry.volume));
	if (r == 0 && k->entry.has_policy_id)
		r = agent_entry_add_policy_id(j, &k->entry);
	if (r == 0 && k->mapping.name[0])
		r = json_add_string(j, "mapping", k->mapping.name);
	return r;
}

cJSON *agent_view_key(struct agent_key *k)
{
	_json_ cJSON *j = cJSON_CreateObject();

	agent_key_prune(k);
	mapping_refresh(k);
	if (!j || add_volume(j, k) < 0 || add_entry(j, &k->entry) < 0 ||
	    add_serials(j, k) < 0 ||
	    json_add_string(j, "state", lease_state_name(k->lease.state)) < 0)
		return NULL;
	return take_ptr(j);
}

cJSON *agent_view_key_reply(struct agent_key *k)
{
	_json_ cJSON *reply = cJSON_CreateObject();
	cJSON *view = agent_view_key(k);

	if (!reply || !view) {
		cJSON_Delete(view);
		return NULL;
	}
	return json_add_item(reply, "key", view) < 0 ? NULL : take_ptr(reply);
}
