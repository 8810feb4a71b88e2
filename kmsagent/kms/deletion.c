/* SPDX-License-Identifier: MIT */
/*
 * The end of a key: when its waiting period is over, its record and its
 * aliases go, and with them the only wrapped copy of its material.
 * Source: AWS KMS Developer Guide, "Deleting AWS KMS keys".
 */
#include "kmsagent/kms/jobs.h"
#include "kmsagent/kms/record.h"

int kms_job_delete(struct kms_service *svc, struct kms_key *key)
{
	int r = kms_job_tell(svc, "DeleteKey", key, NULL);

	return r < 0 ? r : kms_key_remove(svc, key);
}
