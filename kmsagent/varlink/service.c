/* SPDX-License-Identifier: MIT */
/*
 * org.varlink.service: what every Varlink service tells of itself.
 * Source: varlink.org/Service.
 */
#include <string.h>

#include "kmsagent/varlink/internal.h"

static const char service_idl[] =
	"# What every Varlink service answers about itself.\n"
	"interface org.varlink.service\n"
	"\n"
	"# Who made it, and the interfaces it speaks.\n"
	"method GetInfo() -> (\n"
	"  vendor: string,\n"
	"  product: string,\n"
	"  version: string,\n"
	"  url: string,\n"
	"  interfaces: []string\n"
	")\n"
	"\n"
	"# The definition of one of them, as text.\n"
	"method GetInterfaceDescription(interface: string) -> "
	"(description: string)\n"
	"\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n"
	"error PermissionDenied ()\n"
	"error ExpectedMore ()\n";

static void get_info(struct varlink_call *call, const cJSON *params,
		     void *userdata)
{
	const struct varlink_config *config = userdata;
	const char *const fields[][2] = {
		{"vendor", config->vendor},
		{"product", config->product},
		{"version", config->version},
		{"url", config->url},
	};
	const char *const interfaces[] = {VARLINK_SERVICE, config->interface};
	cJSON *j = cJSON_CreateObject();
	cJSON *list;

	(void)params;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		cJSON_AddStringToObject(j, fields[i][0],
					fields[i][1] ? fields[i][1] : "");
	list = cJSON_CreateStringArray(interfaces, ARRAY_SIZE(interfaces));
	if (!list || !cJSON_AddItemToObject(j, "interfaces", list))
		cJSON_Delete(list);
	varlink_reply(call, j);
}

static void get_description(struct varlink_call *call, const cJSON *params,
			    void *userdata)
{
	const struct varlink_config *config = userdata;
	const char *name, *idl = NULL;
	cJSON *j;

	if (varlink_get_string(params, "interface", &name) < 0) {
		varlink_error_parameter(call, "interface");
		return;
	}
	j = cJSON_CreateObject();
	if (strcmp(name, VARLINK_SERVICE) == 0)
		idl = service_idl;
	else if (strcmp(name, config->interface) == 0)
		idl = config->idl;
	cJSON_AddStringToObject(j, idl ? "description" : "interface",
				idl ? idl : name);
	if (idl)
		varlink_reply(call, j);
	else
		varlink_error(call, VARLINK_SERVICE ".InterfaceNotFound", j);
}

const struct varlink_method varlink_service_methods[] = {
	{"GetInfo", get_info, VARLINK_NONE},
	{"GetInterfaceDescription", get_description, VARLINK_NONE},
	{NULL, NULL, VARLINK_NONE},
};
