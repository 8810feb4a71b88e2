/* SPDX-License-Identifier: MIT */
/* The host's audit trail.  It must not decide anything. */
#include "kmsagent/agent/audit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>

#include "kmsagent/base/clock.h"
#include "kmsagent/base/json.h"

int agent_audit_open(struct agent_audit *a, const char *path)
{
	int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
		     0600);

	if (fd < 0)
		return -errno;
	*a = (struct agent_audit){.fd = fd};
	if (gethostname(a->host, sizeof(a->host) - 1) < 0)
		strcpy(a->host, "localhost");
	return 0;
}

void agent_audit_close(struct agent_audit *a)
{
	close_keep_errno(a->fd);
	a->fd = -1;
}

static int add_identity(cJSON *j, const struct agent_event *e)
{
	cJSON *who = cJSON_AddObjectToObject(j, "userIdentity");
	int r;

	if (!who)
		return -ENOMEM;
	if (e->uid < 0)
		return json_add_string(who, "type", "KmsAgent");
	r = json_add_string(who, "type", "HostUser");
	if (r == 0)
		r = json_add_int(who, "uid", e->uid);
	if (r == 0 && e->pid)
		r = json_add_int(who, "pid", e->pid);
	return r;
}

static int add_request(cJSON *j, const struct agent_event *e)
{
	cJSON *request = cJSON_AddObjectToObject(j, "requestParameters");
	int r = request ? 0 : -ENOMEM;

	if (r == 0 && e->name)
		r = json_add_string(request, "name", e->name);
	if (r == 0 && e->serial)
		r = json_add_int(request, "keySerial", e->serial);
	if (r == 0 && e->bytes >= 0)
		r = json_add_int(request, "bytes", e->bytes);
	if (r == 0 && e->device)
		r = json_add_string(request, "device", e->device);
	if (r == 0 && e->mapping)
		r = json_add_string(request, "mapping", e->mapping);
	if (r == 0 && e->directory)
		r = json_add_string(request, "directory", e->directory);
	return r;
}

static int add_resource(cJSON *j, const struct agent_event *e)
{
	cJSON *list, *key;
	int r;

	if (!e->cmk_arn)
		return 0;
	list = cJSON_AddArrayToObject(j, "resources");
	key = cJSON_CreateObject();
	if (!list || !key || !cJSON_AddItemToArray(list, key)) {
		cJSON_Delete(key);
		return -ENOMEM;
	}
	r = json_add_string(key, "ARN", e->cmk_arn);
	if (r == 0)
		r = json_add_string(key, "type", "AWS::KMS::Key");
	return r;
}

int agent_audit_format(const struct agent_event *e, const char *host,
		       const char *event_id, int64_t now_s, char **ret)
{
	_json_ cJSON *j = cJSON_CreateObject();
	_json_text_ char *text = NULL;
	char time[CLOCK_ISO_BYTES];
	int r;

	if (!j)
		return -ENOMEM;
	clock_format_iso(now_s, time);
	r = json_add_string(j, "eventVersion", "1.08");
	if (r == 0)
		r = json_add_string(j, "eventTime", time);
	if (r == 0)
		r = json_add_string(j, "eventSource", "agent.kmsagent");
	if (r == 0)
		r = json_add_string(j, "eventType", "KmsAgentEvent");
	if (r == 0)
		r = json_add_string(j, "eventName", e->what);
	if (r == 0)
		r = json_add_string(j, "host", host);
	if (r == 0)
		r = add_identity(j, e);
	if (r == 0)
		r = add_request(j, e);
	if (r == 0)
		r = add_resource(j, e);
	if (r == 0 && e->error)
		r = json_add_string(j, "errorCode", e->error);
	if (r == 0 && e->reason)
		r = json_add_string(j, "errorMessage", e->reason);
	if (r == 0)
		r = json_add_string(j, "eventID", event_id);
	if (r < 0)
		return r;
	text = json_print(j);
	if (!text || asprintf(ret, "%s\n", text) < 0)
		return -ENOMEM;
	return 0;
}

/* RFC 9562, version 4. */
static int make_id(char buf[37])
{
	uint8_t b[16];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return -EIO;
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(buf, 37,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
		 "%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9],
		 b[10], b[11], b[12], b[13], b[14], b[15]);
	return 0;
}

static int write_once(struct agent_audit *a, const char *text, size_t len)
{
	ssize_t n;

	do
		n = write(a->fd, text, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	a->is_torn = (size_t)n != len;
	return a->is_torn ? -EIO : 0;
}

int agent_audit_write(struct agent_audit *a, const struct agent_event *e)
{
	_free_ char *line = NULL;
	char id[37];
	int r = make_id(id);

	if (r == 0)
		r = agent_audit_format(e, a->host, id, clock_epoch_s(), &line);
	if (r == 0 && a->is_torn)
		r = write_once(a, "\n", 1);
	if (r == 0)
		r = write_once(a, line, strlen(line));
	return r;
}
