/* SPDX-License-Identifier: MIT */
/*
 * The device mapper by libdevmapper, which knows udev's cookies, /dev/mapper
 * where there is no udevd, and old kernels.  For the device child, whose
 * rings the kernel searches when a table names a key.  Mappings go by their
 * uuid: a mapping that is not ours is never touched.
 * Source: libdevmapper.h; kernel
 * Documentation/admin-guide/device-mapper/dm-ioctl (dm-ioctl.h).
 */
#ifndef KMSAGENT_AGENT_DEVMAP_H
#define KMSAGENT_AGENT_DEVMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keyring/cleanup.h"

/* What the kernel has under a uuid. */
struct devmap {
	char name[128];
	dev_t dev;
	bool has_table;
	bool has_new_table; /* loaded, not resumed into its place */
	bool is_suspended;
	bool is_read_only;
	bool is_going; /* deferred: it goes when the last user does */
	int open_count;
	int64_t sectors;
	/* "crypt" and its parameters; NULL = another or no target. */
	char *table;
};

#define DEVMAP_INIT ((struct devmap){0})

void devmap_done(struct devmap *d);

/* Nothing goes to standard error; what libdevmapper says is kept. */
void devmap_init(void);
/* The last of its errors, "" = none. */
const char *devmap_last_words(void);

/* -ENXIO: there is none.  Of a table that holds a key's bytes nothing is
 * kept. */
int devmap_look(const char *uuid, struct devmap *ret) _must_check_;

/* A mapping of whoever has that name. */
bool devmap_has_name(const char *name) _must_check_;

/*
 * A udev cookie to give to what follows; 0 where no udevd runs.  It is a
 * System V semaphore: who dies with it leaves it to devmap_drop_cookie().
 */
int devmap_cookie(uint32_t *ret) _must_check_;
/* Wait until udev is done with all that had it; it is gone then.  Without
 * one (0): make or remove the nodes in /dev/mapper. */
void devmap_wait(uint32_t cookie);
void devmap_drop_cookie(uint32_t cookie);

/*
 * Make mapping @name with a table of one crypt target; all or nothing.
 * Returns 0, -EBUSY (the device or the name is in use), -ENOKEY (no such key
 * in this process's rings), -EINVAL (the kernel dislikes the table or the
 * key's length), -ENOENT (cipher not in this kernel), -ENOSYS (no device
 * mapper here), other errno of the ioctls.
 */
int devmap_create(const char *name, const char *uuid, int64_t sectors,
		  const char *table, bool is_read_only,
		  uint32_t cookie) _must_check_;

/* The same table with another length in its place. */
int devmap_resize(const struct devmap *d, int64_t sectors,
		  uint32_t cookie) _must_check_;

/* -EBUSY: somebody has it open and it is not @deferred. */
int devmap_remove(const struct devmap *d, bool deferred,
		  uint32_t cookie) _must_check_;

/* Where there is no udevd: what /dev/mapper has of @name is as it should be,
 * after devmap_wait(). */
void devmap_mend_node(const char *name);

/* Drop a table that was loaded and never resumed into its place. */
int devmap_clear(const struct devmap *d) _must_check_;

#endif
