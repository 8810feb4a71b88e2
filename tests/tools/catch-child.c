/* SPDX-License-Identifier: MIT */
/*
 * catch-child ROLE SIGNAL [DELAY_US|confined [SECONDS]]: wait for a process
 * of this machine that starts as "kmsagentd --as ROLE:..." from now on, wait
 * DELAY_US more, or until it has given up its privileges, send it SIGNAL (a
 * number) and print its pid.  Exits with 1
 * if none came within SECONDS (5), with 3 if it was gone by then.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define POLL_US 100

/* The last pid that the kernel gave: the end of /proc/loadavg. */
static int last_pid(int fd)
{
	char text[128];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	const char *at;

	if (n <= 0)
		return -1;
	text[n] = '\0';
	at = strrchr(text, ' ');
	return at ? atoi(at + 1) : -1;
}

static int is_child(int pid, const char *want)
{
	char path[64], text[128];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	for (char *p = text; p < text + n; p += strlen(p) + 1)
		if (strncmp(p, want, strlen(want)) == 0)
			return 1;
	return 0;
}

/* no_new_privs comes last. */
static int is_confined(int pid)
{
	char path[64], text[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return n <= 0 || strstr(text, "NoNewPrivs:\t1");
}

/* Before the others, so that it does not run on while it is looked at. */
static void be_quick(int pid)
{
	const struct sched_param first = {.sched_priority = 10};

	(void)sched_setscheduler(0, SCHED_FIFO, &first);
	while (!is_confined(pid))
		usleep(POLL_US);
}

static void delay(int pid, const char *how)
{
	if (!how)
		return;
	if (strcmp(how, "confined") != 0)
		usleep((useconds_t)atoi(how));
	else
		be_quick(pid);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char *argv[])
{
	int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
	int first = last_pid(fd);
	char want[32];
	double end;

	if (argc < 3 || fd < 0 || first < 0) {
		fprintf(stderr, "usage: catch-child ROLE SIGNAL [DELAY_US "
				"[SECONDS]]\n");
		return 2;
	}
	end = now() + (argc > 4 ? atof(argv[4]) : 5);
	snprintf(want, sizeof(want), "%s:", argv[1]);
	puts("ready");
	fflush(stdout);
	while (now() < end) {
		for (int pid = last_pid(fd); pid > first; pid--) {
			if (!is_child(pid, want))
				continue;
			delay(pid, argc > 3 ? argv[3] : NULL);
			if (kill(pid, atoi(argv[2])) < 0)
				return errno == ESRCH ? 3 : 2;
			printf("%d\n", pid);
			return 0;
		}
		usleep(POLL_US);
	}
	return 1;
}
