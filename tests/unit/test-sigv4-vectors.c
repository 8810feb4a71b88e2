/* SPDX-License-Identifier: MIT */
/*
 * SigV4 against requests that other programs signed: the suite inside npm's
 * @smithy/signature-v4, botocore, curl.  tests/data/sigv4 has the records and
 * what made them.  A record is a run of "field value" lines: case, method,
 * path, query, header (name:value), body, region, service, secret,
 * authorization, "signs 1" where our own signer must write the same, and
 * "refused 1" where the other program signed what is not true.
 */
#include "kmsagent/crypto/sigv4.h"

#include "tests/unit/tap.h"

#define MAX_HEADERS 24

struct record {
	char name[64];
	char *lines; /* owned; the fields below point into it */
	const char *method, *path, *query, *body, *region, *service, *secret;
	struct sigv4_header headers[MAX_HEADERS]; /* authorization is last */
	size_t header_count;
	const char *authorization;
	bool signs, refused;
};

static void set_field(struct record *r, const char *field, char *value)
{
	const struct {
		const char *name;
		const char **to;
	} fields[] = {
		{"method", &r->method}, {"path", &r->path},
		{"query", &r->query},	{"body", &r->body},
		{"region", &r->region}, {"service", &r->service},
		{"secret", &r->secret}, {"authorization", &r->authorization},
	};

	if (strcmp(field, "signs") == 0)
		r->signs = true;
	if (strcmp(field, "refused") == 0)
		r->refused = true;
	if (strcmp(field, "header") == 0 && r->header_count < MAX_HEADERS - 1) {
		char *colon = strchr(value, ':');

		*colon = '\0';
		r->headers[r->header_count++] =
			(struct sigv4_header){value, colon + 1};
	}
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (strcmp(field, fields[i].name) == 0)
			*fields[i].to = value;
}

/* The record that starts at *@text, which moves behind it; false at the end. */
static bool next_record(char **text, struct record *ret)
{
	char *line;

	*ret = (struct record){.body = ""};
	while ((line = strsep(text, "\n"))) {
		char *space = strchr(line, ' ');

		if (line[0] == '#')
			continue;
		if (!space) { /* an empty line ends a record */
			if (ret->authorization)
				return true;
			continue;
		}
		*space = '\0';
		if (strcmp(line, "case") == 0)
			snprintf(ret->name, sizeof(ret->name), "%s", space + 1);
		else
			set_field(ret, line, space + 1);
	}
	return ret->authorization != NULL;
}

/* A request that can be changed in one place. */
struct attempt {
	struct sigv4_request req;
	struct sigv4_header headers[MAX_HEADERS];
	uint8_t body_hash[SHA256_BYTES];
};

static void attempt_init(struct attempt *a, const struct record *r)
{
	const struct iovec body = {(void *)r->body, strlen(r->body)};

	memcpy(a->headers, r->headers, sizeof(a->headers));
	a->headers[r->header_count] =
		(struct sigv4_header){"Authorization", r->authorization};
	if (sha256(&body, 1, a->body_hash) < 0)
		abort();
	a->req = (struct sigv4_request){
		.method = r->method,
		.path = r->path,
		.query = r->query,
		.headers = a->headers,
		.header_count = r->header_count + 1,
		.body_hash = a->body_hash,
	};
}

static enum sigv4_refusal judge(const struct attempt *a, const struct record *r)
{
	_cleanup_(secret_done) struct secret secret = SECRET_INIT;
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	_cleanup_(hmac_done) struct hmac day_key = HMAC_INIT;
	const char *const regions[] = {"other-region-1", r->region, NULL};
	struct sigv4_auth auth;
	enum sigv4_refusal why = sigv4_parse(&a->req, &auth);
	const struct sigv4_policy policy = {regions, r->service, auth.time_s};

	if (!why)
		why = sigv4_check(&a->req, &auth, &policy);
	if (why)
		return why;
	if (secret_set(&secret, r->secret, strlen(r->secret)) < 0 ||
	    sigv4_day_key(&secret, auth.date, auth.region, auth.service, &key) <
		    0 ||
	    hmac_init(&day_key, &key) < 0)
		abort();
	return sigv4_verify(&a->req, &auth, &day_key);
}

static void name_point(char buf[160], const char *what, const char *file,
		       const char *name)
{
	snprintf(buf, 160, "%s_%s_%s", what, file, name);
}

/* Whether SignedHeaders, all in lower case, has the name. */
static bool is_listed(const struct record *r, const char *name)
{
	const char *list = strstr(r->authorization, "SignedHeaders=");
	char element[80];
	size_t len;

	list = strchr(list, '=') + 1;
	len = strcspn(list, ",");
	for (const char *p = list; p < list + len; p += strcspn(p, ";,") + 1) {
		snprintf(element, sizeof(element), "%.*s",
			 (int)strcspn(p, ";,"), p);
		if (strcasecmp(element, name) == 0)
			return true;
	}
	return false;
}

/* Change one thing that the signature covers, each in turn. */
static bool refuses_changes(const struct record *r)
{
	struct attempt a;
	char changed[1024];
	bool all = true;

	for (size_t i = 0; i < r->header_count; i++) {
		attempt_init(&a, r);
		if (!is_listed(r, r->headers[i].name))
			continue;
		snprintf(changed, sizeof(changed), "x%s", r->headers[i].value);
		a.headers[i].value = changed;
		all = judge(&a, r) != SIGV4_OK && all;
	}
	attempt_init(&a, r);
	a.body_hash[31] ^= 1;
	all = judge(&a, r) == SIGV4_MISMATCH && all;
	attempt_init(&a, r);
	a.req.method = "PUT";
	all = judge(&a, r) == SIGV4_MISMATCH && all;
	attempt_init(&a, r);
	a.req.path = "/elsewhere";
	all = judge(&a, r) == SIGV4_MISMATCH && all;
	attempt_init(&a, r);
	a.req.query = "z=1";
	all = judge(&a, r) == SIGV4_MISMATCH && all;
	return all;
}

static bool refuses_other_signatures(const struct record *r)
{
	char authorization[1024];
	struct attempt a;
	size_t len = strlen(r->authorization);
	bool all = len < sizeof(authorization);

	for (size_t i = 1; all && i <= SIGV4_SIGNATURE_LEN; i++) {
		memcpy(authorization, r->authorization, len + 1);
		authorization[len - i] =
			authorization[len - i] == '0' ? '1' : '0';
		attempt_init(&a, r);
		a.headers[r->header_count].value = authorization;
		all = judge(&a, r) == SIGV4_MISMATCH;
	}
	return all;
}

/* Signing the same, without what signing adds, must give the same header. */
static void check_signing(const struct record *r, const char *file)
{
	_cleanup_(secret_done) struct secret secret = SECRET_INIT;
	_cleanup_(sigv4_signature_done) struct sigv4_signature s =
		SIGV4_SIGNATURE_INIT;
	struct sigv4_credentials creds = {"AKIDEXAMPLE", &secret, NULL};
	struct attempt a;
	struct sigv4_auth auth;
	char name[160];
	size_t n = 0;

	attempt_init(&a, r);
	if (sigv4_parse(&a.req, &auth) ||
	    secret_set(&secret, r->secret, strlen(r->secret)) < 0)
		abort();
	creds.session_token = auth.session_token;
	for (size_t i = 0; i < r->header_count; i++)
		if (strcasecmp(r->headers[i].name, "x-amz-date") != 0 &&
		    strcasecmp(r->headers[i].name, "x-amz-security-token") != 0)
			a.headers[n++] = r->headers[i];
	a.req.header_count = n;
	name_point(name, "signs_the_same_as", file, r->name);
	if (sigv4_sign(&a.req, &creds, r->region, r->service, auth.time_s, &s) <
	    0)
		TAP_OK(false, name);
	else
		TAP_EQ_STR(s.authorization, r->authorization, name);
}

static char *read_file(const char *name)
{
	const char *top = getenv("TOP");
	_free_ char *path = NULL;
	_fclose_ FILE *f = NULL;
	char *text = NULL;
	size_t cap = 0;

	if (asprintf(&path, "%s/tests/data/sigv4/%s.txt", top ? top : ".",
		     name) < 0)
		abort();
	f = fopen(path, "re");
	/* No file holds a NUL, so this reads it whole. */
	if (!f || getdelim(&text, &cap, '\0', f) < 0) {
		perror(path);
		abort();
	}
	return text;
}

static void check_file(const char *file, size_t want)
{
	_free_ char *text = read_file(file);
	char *rest = text, name[160];
	struct record r;
	size_t count = 0;

	while (next_record(&rest, &r)) {
		struct attempt a;

		count++;
		attempt_init(&a, &r);
		if (r.refused) {
			name_point(name, "refuses", file, r.name);
			TAP_EQ_INT(judge(&a, &r), SIGV4_MISMATCH, name);
			continue;
		}
		name_point(name, "accepts", file, r.name);
		TAP_EQ_INT(judge(&a, &r), SIGV4_OK, name);
		name_point(name, "refuses_changes_to", file, r.name);
		TAP_OK(refuses_changes(&r), name);
		name_point(name, "refuses_other_signatures_of", file, r.name);
		TAP_OK(refuses_other_signatures(&r), name);
		if (r.signs)
			check_signing(&r, file);
	}
	name_point(name, "all_records_of", file, "read");
	TAP_EQ_INT((long long)count, (long long)want, name);
}

int main(void)
{
	check_file("suite", 24);
	check_file("botocore", 9);
	check_file("curl", 2);
	return tap_done();
}
