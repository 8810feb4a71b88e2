/* SPDX-License-Identifier: MIT */
/* Names to elements.  Does not know what the elements are. */
#include "kmsagent/kms/index.h"

#include <stdint.h>
#include <string.h>

#define MIN_SLOTS 4

static const char *name_of(const void *element)
{
	return *(const char *const *)element;
}

/* FNV-1a: names are given out by us or by administrators. */
static size_t slot_of(const struct kms_index *x, const char *name)
{
	uint64_t h = 14695981039346656037u;

	for (const char *p = name; *p; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211u;
	return (size_t)(h ^ (h >> 32)) & (x->nslots - 1);
}

/* Where @name is, or the free slot where it would go. */
static size_t probe(const struct kms_index *x, const char *name)
{
	size_t at = slot_of(x, name);

	while (x->slots[at] && strcmp(name_of(x->slots[at]), name) != 0)
		at = (at + 1) & (x->nslots - 1);
	return at;
}

int kms_index_reserve(const struct kms_index *x, struct kms_index_room *ret)
{
	struct kms_index bigger = *x;

	/* At most half full, so that probes stay short. */
	if ((x->count + 1) * 2 > x->nslots) {
		bigger.nslots = x->nslots ? x->nslots * 2 : MIN_SLOTS;
		bigger.slots = calloc(bigger.nslots, sizeof(*bigger.slots));
		if (!bigger.slots)
			return -ENOMEM;
		for (size_t i = 0; i < x->count; i++)
			bigger.slots[probe(&bigger, name_of(x->sorted[i]))] =
				x->sorted[i];
		ret->slots = bigger.slots;
		ret->nslots = bigger.nslots;
	}
	if (x->count == x->cap) {
		ret->cap = x->cap ? x->cap * 2 : MIN_SLOTS;
		ret->sorted = calloc(ret->cap, sizeof(*ret->sorted));
		if (!ret->sorted)
			return -ENOMEM;
		if (x->count)
			memcpy(ret->sorted, x->sorted,
			       x->count * sizeof(*x->sorted));
	}
	return 0;
}

void kms_index_room_done(struct kms_index_room *room)
{
	free(room->sorted);
	free(room->slots);
	*room = KMS_INDEX_ROOM_INIT;
}

/* Trade the index's arrays for the bigger ones. */
static void move_in(struct kms_index *x, struct kms_index_room *room)
{
	struct kms_index old = *x;

	if (room->sorted) {
		x->sorted = room->sorted;
		x->cap = room->cap;
		room->sorted = old.sorted;
	}
	if (room->slots) {
		x->slots = room->slots;
		x->nslots = room->nslots;
		room->slots = old.slots;
	}
}

/* The first place whose name is not below (or, with @past, above) @name. */
static size_t bound(const struct kms_index *x, const char *name, bool past)
{
	size_t low = 0, high = x->count;

	/* Loading comes in order: look at the end first. */
	if (high && strcmp(name_of(x->sorted[high - 1]), name) < 0)
		return high;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(name_of(x->sorted[mid]), name);

		if (order < 0 || (past && order == 0))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void kms_index_add(struct kms_index *x, struct kms_index_room *room,
		   void *element)
{
	size_t at = bound(x, name_of(element), false);

	move_in(x, room);
	memmove(x->sorted + at + 1, x->sorted + at,
		(x->count - at) * sizeof(*x->sorted));
	x->sorted[at] = element;
	x->count++;
	x->slots[probe(x, name_of(element))] = element;
}

int kms_index_insert(struct kms_index *x, void *element)
{
	struct kms_index_room room = KMS_INDEX_ROOM_INIT;
	int r = kms_index_reserve(x, &room);

	if (r == 0)
		kms_index_add(x, &room, element);
	kms_index_room_done(&room);
	return r;
}

void kms_index_remove(struct kms_index *x, const char *name)
{
	size_t at, mask = x->nslots - 1;

	if (!kms_index_find(x, name))
		return;
	/* Move later members of the run up, so that no probe ends early. */
	at = probe(x, name);
	for (size_t next = (at + 1) & mask; x->slots[next];
	     next = (next + 1) & mask) {
		size_t home = slot_of(x, name_of(x->slots[next]));

		if (((next - home) & mask) >= ((next - at) & mask)) {
			x->slots[at] = x->slots[next];
			at = next;
		}
	}
	x->slots[at] = NULL;
	at = bound(x, name, false);
	x->count--;
	memmove(x->sorted + at, x->sorted + at + 1,
		(x->count - at) * sizeof(*x->sorted));
}

void *kms_index_find(const struct kms_index *x, const char *name)
{
	return x->nslots ? x->slots[probe(x, name)] : NULL;
}

size_t kms_index_after(const struct kms_index *x, const char *name)
{
	return name ? bound(x, name, true) : 0;
}

void kms_index_done(struct kms_index *x)
{
	free(x->sorted);
	free(x->slots);
	*x = KMS_INDEX_INIT;
}
