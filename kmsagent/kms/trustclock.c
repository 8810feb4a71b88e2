/* SPDX-License-Identifier: MIT */
/* Belief in the wall clock.  It reads no clock and keeps no record itself. */
#include "kmsagent/kms/trustclock.h"

#include <string.h>

#include "kmsagent/base/json.h"

#define DRIFT	 1000 /* a clock that is off by 1/1000 is a sound one */
#define TIME_MAX ((int64_t)1 << 52)
#define VERSION	 1

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t distance(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

static void anchor(struct kms_trust *t, int64_t wall_ms, int64_t boot_ms)
{
	t->anchor_ms = wall_ms;
	t->anchor_boot_ms = boot_ms;
	t->is_in_doubt = false;
	t->steady_ms = 0;
}

void kms_trust_start(struct kms_trust *t, const struct kms_trust *saved,
		     const char *boot_id, int64_t wall_ms, int64_t boot_ms)
{
	*t = saved ? *saved : (struct kms_trust){.believed_ms = wall_ms};
	snprintf(t->boot_id, sizeof(t->boot_id), "%s", boot_id);
	if (!saved)
		anchor(t, wall_ms, boot_ms);
	if (!saved || (*boot_id && strcmp(boot_id, saved->boot_id) == 0)) {
		t->seen_ms = wall_ms;
		t->seen_boot_ms = boot_ms;
		return;
	}
	/* At least the time since this boot has passed; how long the machine
	 * was off, only the wall clock says. */
	t->anchor_ms = t->believed_ms + boot_ms;
	t->anchor_boot_ms = boot_ms;
	if (wall_ms > t->anchor_ms &&
	    wall_ms - t->anchor_ms <= KMS_TRUST_OFF_MS)
		anchor(t, wall_ms, boot_ms);
	/* A leap that outlasts a boot goes on proving itself. */
	if (wall_ms < t->seen_ms)
		t->steady_ms = 0;
	t->offset_ms = wall_ms - boot_ms;
	t->seen_ms = wall_ms;
	t->seen_boot_ms = boot_ms;
}

static enum kms_trust_news doubt(struct kms_trust *t, int64_t wall_ms,
				 int64_t boot_ms)
{
	int64_t offset = wall_ms - boot_ms;
	bool is_new = !t->is_in_doubt;

	if (is_new || distance(offset, t->offset_ms) > KMS_TRUST_SLACK_MS) {
		t->is_in_doubt = true;
		t->offset_ms = offset;
		t->steady_ms = 0;
	} else {
		t->steady_ms += later(boot_ms - t->seen_boot_ms, 0);
	}
	if (t->steady_ms < KMS_TRUST_PROBATION_MS)
		return is_new ? KMS_TRUST_LEAPT : KMS_TRUST_SAME;
	anchor(t, wall_ms, boot_ms);
	t->believed_ms = later(t->believed_ms, wall_ms);
	return KMS_TRUST_AGREED;
}

enum kms_trust_news kms_trust_look(struct kms_trust *t, int64_t wall_ms,
				   int64_t boot_ms)
{
	int64_t elapsed = boot_ms - t->anchor_boot_ms;
	enum kms_trust_news news = KMS_TRUST_SAME;

	/* So much time has passed, whatever the wall clock says. */
	t->believed_ms = later(t->believed_ms, t->anchor_ms + elapsed);
	if (wall_ms >
	    t->anchor_ms + elapsed + elapsed / DRIFT + KMS_TRUST_SLACK_MS) {
		news = doubt(t, wall_ms, boot_ms);
	} else {
		t->believed_ms = later(t->believed_ms, wall_ms);
		if (t->is_in_doubt)
			news = KMS_TRUST_AGREED;
		t->is_in_doubt = false;
		t->steady_ms = 0;
	}
	t->seen_ms = wall_ms;
	t->seen_boot_ms = boot_ms;
	return news;
}

/* The numbers of the record. */
#define NUMBERS(t)                                                             \
	{                                                                      \
		{"anchor", &(t)->anchor_ms},                                   \
			{"anchor_boot", &(t)->anchor_boot_ms},                 \
			{"believed", &(t)->believed_ms},                       \
			{"offset", &(t)->offset_ms},                           \
			{"steady", &(t)->steady_ms}, {"seen", &(t)->seen_ms},  \
		{                                                              \
			"seen_boot", &(t)->seen_boot_ms                        \
		}                                                              \
	}

char *kms_trust_encode(const struct kms_trust *t)
{
	const struct {
		const char *name;
		const int64_t *value;
	} numbers[] = NUMBERS(t);
	_json_ cJSON *obj = cJSON_CreateObject();

	if (!obj || json_add_int(obj, "v", VERSION) < 0 ||
	    json_add_string(obj, "boot", t->boot_id) < 0 ||
	    json_add_bool(obj, "doubt", t->is_in_doubt) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (json_add_int(obj, numbers[i].name, *numbers[i].value) < 0)
			return NULL;
	return json_print(obj);
}

int kms_trust_decode(const void *text, size_t len, struct kms_trust *ret)
{
	struct kms_trust t = {0};
	const struct {
		const char *name;
		int64_t *value;
	} numbers[] = NUMBERS(&t);
	_json_ cJSON *obj = NULL;
	const char *boot;
	int64_t version;
	int r = json_parse_object(text, len, &obj);

	if (r < 0)
		return r;
	if (json_get_int(obj, "v", VERSION, VERSION, &version) < 0 ||
	    json_get_string(obj, "boot", &boot) < 0 ||
	    strlen(boot) >= sizeof(t.boot_id) ||
	    json_get_bool(obj, "doubt", &t.is_in_doubt) < 0)
		return -EBADMSG;
	memcpy(t.boot_id, boot, strlen(boot) + 1);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (json_get_int(obj, numbers[i].name, -TIME_MAX, TIME_MAX,
				 numbers[i].value) < 0)
			return -EBADMSG;
	*ret = t;
	return 0;
}
