/* SPDX-License-Identifier: MIT */
/*
 * memscan PID... : look for keys in other processes' memory (as root, by
 * /proc/PID/mem).  Keys come on stdin, one "NAME=HEX" a line: never in argv.
 * Forms looked for: raw, hex in both cases, base64 at its three alignments,
 * and for 16- and 32-byte keys the AES key schedule in both word orders.
 *
 * memscan --files FILE... : the same in files.
 *
 * memscan --control : fork a child that holds each form, scan it, and fail
 * unless every form is found there: what proves that a zero means something.
 *
 * Exit status: 0 nothing found (or, for --control, everything), 1 found,
 * 2 usage or a process that could not be read.
 */
#include <fcntl.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "keyring/cleanup.h"

#define KEYS_MAX      16
#define FORMS_MAX     10
#define KEY_BYTES_MAX 64
#define WINDOW	      ((size_t)4 << 20)
#define OVERLAP	      ((size_t)1 << 10)

struct form {
	const char *name;
	uint8_t bytes[4 * KEY_BYTES_MAX];
	size_t len;
};

struct key {
	char name[32];
	uint8_t bytes[KEY_BYTES_MAX];
	size_t len;
	struct form forms[FORMS_MAX];
	size_t nforms;
};

static struct form *form_add(struct key *k, const char *name, const void *bytes,
			     size_t len)
{
	struct form *f = &k->forms[k->nforms++];

	f->name = name;
	f->len = len;
	memcpy(f->bytes, bytes, len);
	return f;
}

static void add_hex(struct key *k, const char *name, const char *alphabet)
{
	uint8_t text[2 * KEY_BYTES_MAX];

	for (size_t i = 0; i < k->len; i++) {
		text[2 * i] = (uint8_t)alphabet[k->bytes[i] >> 4];
		text[2 * i + 1] = (uint8_t)alphabet[k->bytes[i] & 15];
	}
	form_add(k, name, text, 2 * k->len);
}

/*
 * Base64 with @shift bytes in front: the characters that depend on the key
 * alone, wherever in an encoded text it lies.
 */
static void add_base64(struct key *k, const char *name, size_t shift)
{
	uint8_t in[KEY_BYTES_MAX + 2] = {0};
	uint8_t out[4 * KEY_BYTES_MAX];
	size_t first = (shift * 8 + 5) / 6;
	size_t last = (shift + k->len) * 8 / 6;

	memcpy(in + shift, k->bytes, k->len);
	EVP_EncodeBlock(out, in, (int)(shift + k->len));
	form_add(k, name, out + first, last - first);
}

/* FIPS 197 section 5.2, straight from its pseudo code. */
static uint8_t gf_inverse(uint8_t a)
{
	for (unsigned b = 1; a && b < 256; b++) {
		unsigned product = 0, x = a;

		for (unsigned y = b; y; y >>= 1) {
			if (y & 1)
				product ^= x;
			x = x << 1 ^ (x & 0x80 ? 0x11b : 0);
		}
		if (product == 1)
			return (uint8_t)b;
	}
	return 0;
}

static uint8_t sbox(uint8_t a)
{
	unsigned b = gf_inverse(a), s = 0x63;

	for (int i = 0; i < 5; i++)
		s ^= (b << i | b >> (8 - i)) & 0xff;
	return (uint8_t)s;
}

/* The part of the schedule after the key itself: two more keys' length. */
static void add_schedule(struct key *k)
{
	uint8_t w[3 * KEY_BYTES_MAX], swapped[2 * KEY_BYTES_MAX] = {0};
	size_t nk = k->len / 4;
	uint8_t rcon = 1;

	memcpy(w, k->bytes, k->len);
	for (size_t i = nk; i < 3 * nk; i++) {
		uint8_t t[4];

		memcpy(t, w + 4 * (i - 1), 4);
		if (i % nk == 0) {
			uint8_t first = t[0];

			t[0] = sbox(t[1]) ^ rcon;
			t[1] = sbox(t[2]);
			t[2] = sbox(t[3]);
			t[3] = sbox(first);
			rcon = (uint8_t)(rcon << 1);
		} else if (nk > 6 && i % nk == 4) {
			for (int j = 0; j < 4; j++)
				t[j] = sbox(t[j]);
		}
		for (size_t j = 0; j < 4; j++)
			w[4 * i + j] = w[4 * (i - nk) + j] ^ t[j];
	}
	form_add(k, "schedule", w + k->len, k->len);
	for (size_t i = 0; i < k->len; i++)
		swapped[i] = w[k->len + (i ^ 3)];
	form_add(k, "schedule-swapped", swapped, k->len);
}

static int key_init(struct key *k, const char *line)
{
	const char *eq = strchr(line, '=');
	size_t n = eq ? (size_t)(eq - line) : 0;
	const char *p = eq ? eq + 1 : line;
	unsigned byte;

	memset(k, 0, sizeof(*k));
	if (!n || n >= sizeof(k->name))
		return -EINVAL;
	memcpy(k->name, line, n);
	for (; k->len < KEY_BYTES_MAX && sscanf(p, "%2x", &byte) == 1; p += 2)
		k->bytes[k->len++] = (uint8_t)byte;
	if (k->len < 16 || (*p && *p != '\n'))
		return -EINVAL;
	form_add(k, "raw", k->bytes, k->len);
	add_hex(k, "hex", "0123456789abcdef");
	add_hex(k, "HEX", "0123456789ABCDEF");
	add_base64(k, "base64+0", 0);
	add_base64(k, "base64+1", 1);
	add_base64(k, "base64+2", 2);
	if (k->len == 16 || k->len == 32)
		add_schedule(k);
	return 0;
}

static void count_hits(const uint8_t *buf, size_t len, const struct key *keys,
		       size_t nkeys, size_t hits[KEYS_MAX][FORMS_MAX])
{
	for (size_t i = 0; i < nkeys; i++)
		for (size_t j = 0; j < keys[i].nforms; j++) {
			const struct form *f = &keys[i].forms[j];
			const uint8_t *p = buf;

			while ((p = memmem(p, (size_t)(buf + len - p), f->bytes,
					   f->len))) {
				hits[i][j]++;
				p++;
			}
		}
}

/* One mapping, window by window; a page that nobody can read is
 * passed over. */
static size_t scan_range(int mem, uint64_t start, uint64_t end, uint8_t *buf,
			 const struct key *keys, size_t nkeys,
			 size_t hits[KEYS_MAX][FORMS_MAX])
{
	size_t seen = 0;

	for (uint64_t at = start; at < end;) {
		size_t want = end - at < WINDOW ? (size_t)(end - at) : WINDOW;
		ssize_t n = pread(mem, buf, want, (off_t)at);

		if (n <= 0) {
			at += 4096;
			continue;
		}
		count_hits(buf, (size_t)n, keys, nkeys, hits);
		seen += (size_t)n;
		if (at + (uint64_t)n >= end)
			break;
		at += (size_t)n > OVERLAP ? (size_t)n - OVERLAP : (size_t)n;
	}
	return seen;
}

static int scan_process(pid_t pid, const struct key *keys, size_t nkeys,
			size_t hits[KEYS_MAX][FORMS_MAX], size_t *ret_bytes)
{
	char path[64], line[4096];
	_fclose_ FILE *maps = NULL;
	_close_ int mem = -1;
	_free_ uint8_t *buf = malloc(WINDOW);
	uint64_t from = 0, to = 0;
	size_t bytes = 0;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	if (!buf || mem < 0 || !maps)
		return -errno;
	while (fgets(line, sizeof(line), maps)) {
		unsigned long start, end;
		char mode[5];

		if (sscanf(line, "%lx-%lx %4s", &start, &end, mode) != 3 ||
		    mode[0] != 'r')
			continue;
		/* A key may lie across two mappings that touch. */
		if (start != to) {
			bytes += scan_range(mem, from, to, buf, keys, nkeys,
					    hits);
			from = start;
		}
		to = end;
	}
	bytes += scan_range(mem, from, to, buf, keys, nkeys, hits);
	if (bytes == 0)
		return -EIO;
	*ret_bytes = bytes;
	return 0;
}

/* A child that holds every form of every key on its heap until it is killed. */
static pid_t start_control(const struct key *keys, size_t nkeys)
{
	int ready[2];
	pid_t pid;
	char c;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (size_t i = 0; i < nkeys; i++)
			for (size_t j = 0; j < keys[i].nforms; j++) {
				const struct form *f = &keys[i].forms[j];
				uint8_t *copy = malloc(f->len);

				if (!copy)
					_exit(1);
				memcpy(copy, f->bytes, f->len);
				/* Or the compiler drops a copy never read. */
				__asm__ volatile("" : : "r"(copy) : "memory");
			}
		(void)!write(ready[1], "r", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (pid > 0 && read(ready[0], &c, 1) != 1)
		pid = -1;
	close(ready[0]);
	return pid;
}

static int control(const struct key *keys, size_t nkeys)
{
	size_t hits[KEYS_MAX][FORMS_MAX] = {0};
	pid_t pid = start_control(keys, nkeys);
	size_t bytes = 0, missing = 0;
	int r;

	if (pid < 0)
		return 2;
	r = scan_process(pid, keys, nkeys, hits, &bytes);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (r < 0)
		return 2;
	for (size_t i = 0; i < nkeys; i++)
		for (size_t j = 0; j < keys[i].nforms; j++) {
			/* The key table itself is one copy; the heap another. */
			if (hits[i][j] >= 2)
				continue;
			printf("control: %s of %s not found\n",
			       keys[i].forms[j].name, keys[i].name);
			missing++;
		}
	printf("control: %zu keys in %zu bytes, %zu forms missed\n", nkeys,
	       bytes, missing);
	return missing ? 1 : 0;
}

static int scan_file(const char *path, const struct key *keys, size_t nkeys,
		     size_t hits[KEYS_MAX][FORMS_MAX], size_t *ret_bytes)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	_free_ uint8_t *buf = malloc(WINDOW);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (!buf || size < 0)
		return -errno;
	*ret_bytes = scan_range(fd, 0, (uint64_t)size, buf, keys, nkeys, hits);
	return 0;
}

/* One process or file; 0 nothing found, 1 found, 2 could not be read. */
static int scan(const char *what, bool is_file, const struct key *keys,
		size_t nkeys)
{
	size_t hits[KEYS_MAX][FORMS_MAX] = {0};
	size_t bytes = 0, found = 0;
	int r;

	if (is_file)
		r = scan_file(what, keys, nkeys, hits, &bytes);
	else
		r = scan_process((pid_t)strtol(what, NULL, 10), keys, nkeys,
				 hits, &bytes);
	if (r < 0) {
		fprintf(stderr, "memscan: %s: %s\n", what, strerror(-r));
		return 2;
	}
	for (size_t i = 0; i < nkeys; i++)
		for (size_t j = 0; j < keys[i].nforms; j++) {
			found += hits[i][j];
			if (hits[i][j])
				printf("%s: %s as %s: %zu\n", what,
				       keys[i].name, keys[i].forms[j].name,
				       hits[i][j]);
		}
	printf("%s: %zu bytes scanned, %zu hits\n", what, bytes, found);
	return found > 0;
}

int main(int argc, char **argv)
{
	static struct key keys[KEYS_MAX];
	bool is_file = argc > 1 && strcmp(argv[1], "--files") == 0;
	size_t nkeys = 0;
	char line[512];
	int status = 0;

	while (nkeys < KEYS_MAX && fgets(line, sizeof(line), stdin))
		if (key_init(&keys[nkeys++], line) < 0) {
			fprintf(stderr, "memscan: a line of stdin is not "
					"NAME=HEX with 16..64 bytes\n");
			return 2;
		}
	if (argc < 2 + is_file || nkeys == 0) {
		fprintf(stderr, "usage: memscan PID... | --files FILE... | "
				"--control  <KEYS\n");
		return 2;
	}
	if (strcmp(argv[1], "--control") == 0)
		return control(keys, nkeys);
	for (int a = 1 + is_file; a < argc; a++) {
		int r = scan(argv[a], is_file, keys, nkeys);

		status = r > status ? r : status;
	}
	return status;
}
