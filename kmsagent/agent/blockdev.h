/* SPDX-License-Identifier: MIT */
/*
 * Which block device is this, in words that hold over a reboot: by what the
 * kernel itself tells in sysfs, with or without udev.  A cloned disk is
 * another one.
 * Sources: kernel Documentation/ABI (sysfs-block, sysfs-block-dm,
 * sysfs-block-loop, sysfs-nvme), loop(4), scsi(4).
 */
#ifndef KMSAGENT_AGENT_BLOCKDEV_H
#define KMSAGENT_AGENT_BLOCKDEV_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keyring/cleanup.h"

/*
 * The identity, printable ASCII without spaces:
 *	dm-uuid:UUID		a device-mapper device that has one
 *	md-uuid:UUID		a RAID
 *	file:PATH[@BYTES]	a loop device, by its backing file and offset
 *	wwid:, serial:, cid:	a disk, by what its maker gave it
 *	path:DEVICES/...	a disk without any, by where it is plugged in
 * and for a partition its disk's with "-partN".  @sys_fd is /sys.  Returns
 * 0, -ENODEV (not in sysfs), -ENAMETOOLONG, -ESTALE (a loop device whose file
 * is deleted), -ENOMEM, errno of reading.
 */
int blockdev_identify(int sys_fd, dev_t dev, char *buf,
		      size_t size) _must_check_;

/* The attribute dev/@dev/@attr without its newline; the caller frees.
 * -ENOENT, errno of reading. */
int blockdev_attr(int sys_fd, dev_t dev, const char *attr,
		  char **ret) _must_check_;

/* What lies on it in the kernel's eyes: names of holders, comma-separated;
 * "" = nothing.  Errors as above. */
int blockdev_holders(int sys_fd, dev_t dev, char *buf,
		     size_t size) _must_check_;

/* Its length in sectors of 512 bytes. */
int blockdev_sectors(int sys_fd, dev_t dev, int64_t *ret) _must_check_;

/* The one device that a mapping of ours lies on.  -ENOENT: not just one. */
int blockdev_slave(int sys_fd, dev_t dev, dev_t *ret) _must_check_;

#endif
