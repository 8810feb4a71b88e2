/* SPDX-License-Identifier: MIT */
/*
 * The insides of a compiled policy: patterns, conditions, statements.  Only
 * the policy-*.c files know them.
 */
#ifndef KMSAGENT_KMS_POLICY_PARTS_H
#define KMSAGENT_KMS_POLICY_PARTS_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "kmsagent/kms/policy-eval.h"

/* Everything of one policy lies in its blocks and goes with them. */
struct policy_block {
	struct policy_block *next;
	max_align_t bytes[];
};

/*
 * A text to compare with.  Wildcards and variables are bytes that no policy
 * can contain, so that what is meant literally stays so.
 */
struct policy_pattern {
	const char *text;
	bool has_variables;
};

#define PATTERN_ANY	     '\1' /* '*' */
#define PATTERN_ONE	     '\2' /* '?' */
#define PATTERN_VARIABLE     '\3' /* and its number, from PATTERN_MAX_SPECIAL */
#define PATTERN_MAX_SPECIAL  '\4'
#define PATTERN_MAX_EXPANDED 2048 /* bytes, with variables filled in */

struct policy_patterns {
	struct policy_pattern *list;
	size_t count;
	bool is_given; /* the element was there */
	bool is_not;   /* NotAction and the like: none may match */
};

struct policy_key {
	enum kms_condition_id id;
	const char *rest;
};

/* ${aws:username, 'nobody'} */
struct policy_variable {
	struct policy_key key;
	const char *fallback; /* NULL: none */
	struct policy_variable *next;
};

struct policy_net {
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
	unsigned bits;
};

struct policy_value {
	struct policy_pattern pattern;
	union {
		double number;
		int64_t time_ms;
		bool truth;
		struct policy_net net;
	};
};

enum policy_set {
	POLICY_SET_NONE,
	POLICY_SET_ALL, /* ForAllValues: */
	POLICY_SET_ANY, /* ForAnyValue: */
};

struct policy_operator;

struct policy_condition {
	const struct policy_operator *op;
	enum policy_set set;
	bool if_exists;
	struct policy_key key;
	struct policy_value *values;
	size_t count;
	struct policy_condition *next;
};

enum policy_principal_kind {
	POLICY_PRINCIPAL_ALL,
	POLICY_PRINCIPAL_ACCOUNT, /* text: its 12 digits */
	POLICY_PRINCIPAL_ROLE,	  /* text: the ARN; also its sessions */
	POLICY_PRINCIPAL_ARN,
	POLICY_PRINCIPAL_OTHER, /* a service of AWS: nobody who calls here */
};

struct policy_principal {
	enum policy_principal_kind kind;
	const char *text;
	char account[13];
	struct policy_principal *next;
};

struct policy_statement {
	const char *sid; /* NULL: none */
	bool is_deny;
	bool is_inert; /* without Action or Resource */
	bool is_not_principal;
	struct policy_principal *principals;
	struct policy_patterns actions;
	struct policy_patterns resources;
	struct policy_condition *conditions;
};

struct kms_rules {
	enum kms_rules_kind kind;
	bool has_variables_version; /* 2012-10-17 */
	struct policy_statement *statements;
	size_t count;
	struct policy_variable *variables;
	size_t nvariables;
	struct policy_block *blocks;
};

/* Zeroed, freed with the rules.  NULL: no memory. */
void *policy_alloc(struct kms_rules *rules, size_t count,
		   size_t size) _must_check_;
char *policy_copy(struct kms_rules *rules, const char *text) _must_check_;

/*
 * Compile @text; @wild: '*' and '?' are wildcards.  Returns 0, -EBADMSG (a
 * variable without end or of no kind, a control character), -ENOMEM.
 */
int policy_pattern_compile(struct kms_rules *rules, const char *text, bool wild,
			   struct policy_pattern *ret) _must_check_;

/*
 * The pattern's text with variables filled in: its own, or @buf.  Returns 1,
 * 0 (a variable has no value: nothing matches), -ENAMETOOLONG, -EILSEQ (a
 * value with control characters), what the condition callback gave.
 */
int policy_pattern_fill(const struct kms_rules *rules,
			const struct kms_access *access,
			const struct policy_pattern *p,
			char buf[PATTERN_MAX_EXPANDED],
			const char **ret) _must_check_;

/* Filled-in pattern [@p, @p_end) against [@s, @s_end). */
bool policy_glob(const char *p, const char *p_end, const char *s,
		 const char *s_end, bool fold_case);

/* As the two together, for a whole pattern.  1, 0, negative errno. */
int policy_pattern_match(const struct kms_rules *rules,
			 const struct kms_access *access,
			 const struct policy_pattern *p, const char *s,
			 bool fold_case) _must_check_;

/* A statement's Condition, added to *list.  0, -EBADMSG with @why, -ENOMEM. */
int policy_condition_compile(struct kms_rules *rules, const cJSON *j,
			     struct policy_condition **list, char *why,
			     size_t why_len) _must_check_;

/* 1: it holds; 0; negative errno. */
int policy_condition_holds(const struct kms_rules *rules,
			   const struct kms_access *access,
			   const struct policy_condition *c) _must_check_;

#endif
