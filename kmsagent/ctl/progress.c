/* SPDX-License-Identifier: MIT */
/*
 * A progress line.  The call to the agent blocks, so a thread draws it; it
 * touches nothing but the offset and the terminal.
 */
#include "kmsagent/ctl/progress.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kmsagent/base/clock.h"
#include "kmsagent/ctl/text.h"

#define REDRAW_MS     200
#define BAR_MIN_CELLS 10
#define BAR_MAX_CELLS 40

struct cmd_progress {
	int fd;
	uint64_t total_bytes;
	int64_t start_ms;
	bool stop; /* under lock */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
};

static void format_left(char *buf, size_t len, uint64_t done, uint64_t total,
			int64_t elapsed_ms)
{
	uint64_t left_s;

	if (!done || done > total) {
		snprintf(buf, len, "-:--");
		return;
	}
	left_s = (uint64_t)((double)(total - done) / (double)done *
			    (double)elapsed_ms / 1000);
	snprintf(buf, len, "%llu:%02llu", (unsigned long long)(left_s / 60),
		 (unsigned long long)(left_s % 60));
}

static void format_bar(char *buf, unsigned cells, uint64_t done, uint64_t total)
{
	unsigned full = (unsigned)((double)done / (double)total * cells);

	if (full > cells)
		full = cells;
	memset(buf, '=', full);
	memset(buf + full, ' ', cells - full);
	if (full < cells && done)
		buf[full] = '>';
	buf[cells] = '\0';
}

void cmd_progress_format(char *buf, size_t buf_len, uint64_t done_bytes,
			 uint64_t total_bytes, int64_t elapsed_ms,
			 unsigned columns)
{
	char done[TEXT_BYTES_BYTES], total[TEXT_BYTES_BYTES];
	char rate[TEXT_BYTES_BYTES], left[32], tail[128];
	char bar[BAR_MAX_CELLS + 1];
	size_t room = columns ? columns : 1;
	unsigned percent;
	size_t used;

	if (room > buf_len)
		room = buf_len;
	cmd_text_bytes(done_bytes, done);
	cmd_text_bytes(elapsed_ms > 0 ? (uint64_t)((double)done_bytes * 1000 /
						   (double)elapsed_ms)
				      : 0,
		       rate);
	if (!total_bytes) {
		snprintf(buf, room, "%s  %s/s", done, rate);
		return;
	}
	cmd_text_bytes(total_bytes, total);
	format_left(left, sizeof(left), done_bytes, total_bytes, elapsed_ms);
	/* A file may grow while it is read: never tell 120%. */
	percent = done_bytes >= total_bytes
			  ? 100
			  : (unsigned)((double)done_bytes * 100 /
				       (double)total_bytes);
	snprintf(tail, sizeof(tail), "  %s of %s  %s/s  %s", done, total, rate,
		 left);
	used = 4 + 3 + strlen(tail); /* "100%", " [", "]" */
	if (used + BAR_MIN_CELLS >= room) {
		snprintf(buf, room, "%3u%%%s", percent, tail);
		return;
	}
	used = room - 1 - used;
	format_bar(bar, used < BAR_MAX_CELLS ? (unsigned)used : BAR_MAX_CELLS,
		   done_bytes, total_bytes);
	snprintf(buf, room, "%3u%% [%s]%s", percent, bar, tail);
}

static unsigned terminal_columns(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) < 0 || !w.ws_col)
		return 80;
	return w.ws_col;
}

static void draw(const struct cmd_progress *p)
{
	off_t at = lseek(p->fd, 0, SEEK_CUR);
	char line[256];

	if (at < 0)
		return;
	cmd_progress_format(line, sizeof(line), (uint64_t)at, p->total_bytes,
			    clock_boot_ms() - p->start_ms, terminal_columns());
	fprintf(stderr, "\r%s\033[K", line);
}

static void *draw_until_stopped(void *arg)
{
	struct cmd_progress *p = arg;

	pthread_mutex_lock(&p->lock);
	while (!p->stop) {
		struct timespec until;

		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += REDRAW_MS * 1000000L;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_nsec -= 1000000000L;
			until.tv_sec++;
		}
		if (pthread_cond_timedwait(&p->wake, &p->lock, &until) ==
		    ETIMEDOUT)
			draw(p);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

int cmd_progress_start(int fd, uint64_t total_bytes, struct cmd_progress **ret)
{
	struct cmd_progress *p;
	pthread_condattr_t monotonic;
	int r;

	*ret = NULL;
	if (!isatty(STDERR_FILENO) || lseek(fd, 0, SEEK_CUR) < 0)
		return 0;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->fd = fd;
	p->total_bytes = total_bytes;
	p->start_ms = clock_boot_ms();
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&p->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	r = pthread_create(&p->thread, NULL, draw_until_stopped, p);
	if (r) {
		free(p);
		return -r;
	}
	*ret = p;
	return 0;
}

void cmd_progress_stop(struct cmd_progress *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	free(p);
	fputs("\r\033[K", stderr);
}
