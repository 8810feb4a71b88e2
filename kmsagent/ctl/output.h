/* SPDX-License-Identifier: MIT */
/*
 * A file that appears whole or not at all: written without a name where the
 * file system can (then nothing is left over even after kill -9), else under
 * a temporary name beside its place.
 */
#ifndef KMSAGENT_CTL_OUTPUT_H
#define KMSAGENT_CTL_OUTPUT_H

#include <stdbool.h>

#include "keyring/cleanup.h"

struct cmd_output {
	int fd;	      /* read-write, close-on-exec; -1: none */
	int dir_fd;   /* the folder */
	char *name;   /* the file's name in it */
	char *temp;   /* temporary name; NULL: the file has none */
	bool replace; /* may take the place of an existing file */
};

#define CMD_OUTPUT_INIT ((struct cmd_output){.fd = -1, .dir_fd = -1})

/*
 * Begin the file @path with mode 0666 less the umask.  Returns 0, -EEXIST
 * (there, and not @replace), -EISDIR, -EINVAL (no name: "", "dir/"), -ENXIO
 * (there and no regular file: replacing a device is never meant), -ENOMEM,
 * errno of open(2).
 */
int cmd_output_open(struct cmd_output *o, const char *path,
		    bool replace) _must_check_;

/*
 * Make it durable and give it its name.  Returns 0, -EEXIST (somebody else
 * was faster), errno of fsync(2), linkat(2), rename(2).  After an error
 * nothing is there, unless it was the folder that could not be synced.
 */
int cmd_output_publish(struct cmd_output *o) _must_check_;

/* Drop what was not published.  Accepts CMD_OUTPUT_INIT. */
void cmd_output_done(struct cmd_output *o);

#endif
