/* SPDX-License-Identifier: MIT */
/*
 * Which device this is, by a sysfs of the test's own, laid out as the
 * kernel's is (Documentation/ABI): what is in /sys/dev/block are links.
 */
#include "kmsagent/agent/blockdev.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kmsagent/base/io.h"
#include "tests/unit/tap.h"

static char root[] = "/tmp/kmsagent-blockdev.XXXXXX";
static int sys_fd = -1;

static void put(const char *path, const char *text)
{
	_free_ char *whole = io_format("%s/%s", root, path);
	_free_ char *dir = strdup(whole);
	FILE *f;

	*strrchr(dir, '/') = '\0';
	if (io_mkdir_p(dir, 0755) < 0)
		abort();
	f = fopen(whole, "we");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		abort();
}

static void device(unsigned ma, unsigned mi, const char *path)
{
	char number[32];
	_free_ char *link = NULL;
	_free_ char *target = io_format("../../devices/%s", path);
	_free_ char *file = io_format("devices/%s/dev", path);

	snprintf(number, sizeof(number), "%u:%u\n", ma, mi);
	put(file, number);
	number[strlen(number) - 1] = '\0';
	link = io_format("%s/dev/block/%s", root, number);
	if (symlink(target, link) < 0)
		abort();
}

static void is(unsigned ma, unsigned mi, const char *want, const char *name)
{
	char id[128] = "";

	TAP_EQ_INT(blockdev_identify(sys_fd, makedev(ma, mi), id, sizeof(id)),
		   0, name);
	TAP_EQ_STR(id, want, "its_identity");
}

static void test_identities(void)
{
	char id[128], small[16];

	device(8, 0, "pci0/sda");
	put("devices/pci0/sda/device/wwid", "naa.5000c500a1b2c3d4\n");
	is(8, 0, "wwid:naa.5000c500a1b2c3d4", "a_scsi_disk");
	device(8, 1, "pci0/sda/sda1");
	put("devices/pci0/sda/sda1/partition", "1\n");
	is(8, 1, "wwid:naa.5000c500a1b2c3d4-part1", "its_first_partition");
	device(259, 0, "pci0/nvme0n1");
	put("devices/pci0/nvme0n1/wwid", "eui.0025385b 71b0\n");
	is(259, 0, "wwid:eui.0025385b%2071b0", "an_nvme_disk");
	device(254, 0, "virtio1/vda");
	put("devices/virtio1/vda/serial", "disk-1\n");
	is(254, 0, "serial:disk-1", "a_virtio_disk_with_a_serial_number");
	device(254, 16, "virtio2/vdb");
	put("devices/virtio2/vdb/serial", "");
	is(254, 16, "path:devices/virtio2/vdb", "one_without");
	device(253, 0, "virtual/dm-0");
	put("devices/virtual/dm-0/dm/uuid", "LVM-abc\n");
	is(253, 0, "dm-uuid:LVM-abc", "a_logical_volume");
	device(9, 0, "virtual/md0");
	put("devices/virtual/md0/md/uuid", "1-2-3\n");
	is(9, 0, "md-uuid:1-2-3", "a_raid");
	device(7, 0, "virtual/loop0");
	put("devices/virtual/loop0/loop/backing_file", "/srv/a b%.img\n");
	put("devices/virtual/loop0/loop/offset", "0\n");
	is(7, 0, "file:/srv/a%20b%25.img", "a_loop_device");
	put("devices/virtual/loop0/loop/offset", "1048576\n");
	is(7, 0, "file:/srv/a%20b%25.img@1048576", "with_an_offset");
	put("devices/virtual/loop0/loop/backing_file", "/srv/x (deleted)\n");
	TAP_EQ_INT(blockdev_identify(sys_fd, makedev(7, 0), id, sizeof(id)),
		   -ESTALE, "refuses_one_whose_file_is_deleted");
	TAP_EQ_INT(blockdev_identify(sys_fd, makedev(1, 2), id, sizeof(id)),
		   -ENODEV, "refuses_what_is_not_there");
	TAP_EQ_INT(
		blockdev_identify(sys_fd, makedev(8, 0), small, sizeof(small)),
		-ENAMETOOLONG, "never_cuts_an_identity");
}

static void test_rest(void)
{
	int64_t n = 0;
	dev_t dev = 0;
	char names[64];

	put("devices/virtual/dm-0/size", "2048\n");
	TAP_EQ_INT(blockdev_sectors(sys_fd, makedev(253, 0), &n), 0,
		   "a_length_is_read");
	TAP_EQ_INT(n, 2048, "as_sectors");
	put("devices/virtual/dm-0/slaves/sda1/dev", "8:1\n");
	TAP_EQ_INT(blockdev_slave(sys_fd, makedev(253, 0), &dev), 0,
		   "the_device_below_is_found");
	TAP_OK(dev == makedev(8, 1), "it_is_that");
	put("devices/virtual/dm-0/slaves/sdb1/dev", "8:17\n");
	TAP_EQ_INT(blockdev_slave(sys_fd, makedev(253, 0), &dev), -ENOENT,
		   "refuses_to_choose_of_two");
	put("devices/virtual/dm-0/holders/dm-1/dev", "253:1\n");
	TAP_EQ_INT(
		blockdev_holders(sys_fd, makedev(253, 0), names, sizeof(names)),
		0, "what_lies_on_it_is_read");
	TAP_EQ_STR(names, "dm-1", "by_name");
	TAP_EQ_INT(
		blockdev_holders(sys_fd, makedev(8, 1), names, sizeof(names)),
		-ENOENT, "without_a_list_it_says_so");
}

int main(void)
{
	_free_ char *block = NULL;
	_free_ char *clean = NULL;

	if (!mkdtemp(root))
		abort();
	block = io_format("%s/dev/block", root);
	if (io_mkdir_p(block, 0755) < 0 || io_open_dir(root, &sys_fd) < 0)
		abort();
	test_identities();
	test_rest();
	clean = io_format("rm -rf '%s'", root);
	if (system(clean) != 0)
		tap_diag("%s is left", root);
	return tap_done();
}
