/* SPDX-License-Identifier: MIT */
/*
 * The index against a plain array: thousands of random changes, and after
 * each stretch everything is found, in order, and nothing else.
 */
#include <stdint.h>

#include "kmsagent/kms/index.h"
#include "tests/unit/tap.h"

#define NAMES 700

struct thing {
	const char *name;
	char text[16];
	bool is_in;
};

static struct thing things[NAMES];

/* xorshift64: the same sequence every time. */
static uint64_t next_random(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static size_t faults(const struct kms_index *x, size_t count)
{
	size_t n = x->count != count;

	for (size_t i = 0; i < NAMES; i++)
		n += kms_index_find(x, things[i].name) !=
		     (things[i].is_in ? &things[i] : NULL);
	for (size_t i = 1; i < x->count; i++)
		n += strcmp(((struct thing *)x->sorted[i - 1])->name,
			    ((struct thing *)x->sorted[i])->name) >= 0;
	return n;
}

int main(void)
{
	struct kms_index x = KMS_INDEX_INIT;
	size_t count = 0, bad = 0;

	for (size_t i = 0; i < NAMES; i++) {
		snprintf(things[i].text, sizeof(things[i].text), "%llx",
			 (unsigned long long)next_random());
		things[i].name = things[i].text;
	}
	TAP_OK(!kms_index_find(&x, "a"), "nothing_is_in_an_empty_index");
	TAP_EQ_INT(kms_index_after(&x, "a"), 0, "nor_after_anything");
	kms_index_remove(&x, "a");
	for (int change = 0; change < 20000; change++) {
		struct thing *t = &things[next_random() % NAMES];

		if (t->is_in) {
			kms_index_remove(&x, t->name);
			count--;
		} else {
			struct kms_index_room room = KMS_INDEX_ROOM_INIT;

			if (kms_index_reserve(&x, &room) < 0)
				return 1;
			kms_index_add(&x, &room, t);
			kms_index_room_done(&room);
			count++;
		}
		t->is_in = !t->is_in;
		if (change % 97 == 0)
			bad += faults(&x, count);
	}
	TAP_EQ_INT(bad, 0, "after_any_changes_all_is_where_it_should_be");
	TAP_OK(count > 100, "and_there_is_much_of_it");
	TAP_EQ_INT(kms_index_after(&x, NULL), 0, "the_first_is_after_none");
	for (size_t i = 0; i < x.count; i++)
		bad += kms_index_after(&x,
				       ((struct thing *)x.sorted[i])->name) !=
		       i + 1;
	TAP_EQ_INT(bad, 0, "each_is_followed_by_the_next");
	TAP_EQ_INT(kms_index_after(&x, "~"), x.count, "none_after_the_last");
	kms_index_done(&x);
	return tap_done();
}
