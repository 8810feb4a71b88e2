/* SPDX-License-Identifier: MIT */
/*
 * Which key service kmsctl itself talks to, as who and for which region:
 * from options, then the environment as AWS's own tools read it.
 */
#ifndef KMSAGENT_CTL_KMSCONN_H
#define KMSAGENT_CTL_KMSCONN_H

#include "kmsagent/aws/client.h"
#include "kmsagent/ctl/cmd.h"

#define CMD_KMS_ENDPOINT "unix:/run/kmsd/kmsd.sock"

/*
 * @option, else AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL, CMD_KMS_ENDPOINT.
 * Empty variables count as unset.  Borrowed.
 */
const char *cmd_kms_endpoint(const char *option);

/*
 * @option, else AWS_REGION, AWS_DEFAULT_REGION, else us-east-1 for a Unix
 * socket, whose service knows its own; NULL: none.  Borrowed.
 */
const char *cmd_kms_region(const char *option, const char *endpoint);

/*
 * A client.  CMD_DONE, or the error has been reported: CMD_USAGE for an
 * endpoint or region that is none, CMD_FAILED for credentials.
 */
enum cmd_exit cmd_kms_connect(const struct cmd_args *args, const char *endpoint,
			      const char *region,
			      struct awskms_client **ret) _must_check_;

#endif
