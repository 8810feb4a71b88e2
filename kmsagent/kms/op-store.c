/* SPDX-License-Identifier: MIT */
/*
 * Custom key stores: there is none, so listing gives none, and what names
 * one does not find it.  None can be made: that row of the operations' table
 * has no handler.
 * Source: AWS KMS API Reference, DescribeCustomKeyStores, ConnectCustomKeyStore
 * and its siblings.
 */
#include "kmsagent/kms/page.h"
#include "kmsagent/kms/task.h"

#define LIST_STORES_DEFAULT 1000

int kms_task_find_store(struct kms_task *t, const char *member)
{
	const char *store = kms_arg_string(t, member);

	if (!store)
		return 0;
	return kms_fail(t->reply, KMS_ERROR_CUSTOM_KEY_STORE_NOT_FOUND,
			"Custom key store '%s' does not exist: this kmsd has "
			"none.",
			store);
}

int kms_op_describe_custom_key_stores(struct kms_task *t)
{
	static const struct kms_index none = KMS_INDEX_INIT;
	int r = kms_task_find_store(t, "CustomKeyStoreId");

	if (r == 0)
		r = kms_task_find_store(t, "CustomKeyStoreName");
	return r ? r
		 : kms_page_list(t, &none, "CustomKeyStores",
				 LIST_STORES_DEFAULT, NULL, NULL);
}

int kms_op_use_custom_key_store(struct kms_task *t)
{
	return kms_task_find_store(t, "CustomKeyStoreId");
}
