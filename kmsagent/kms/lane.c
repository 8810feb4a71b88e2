/* SPDX-License-Identifier: MIT */
/* The thread for slow calls.  What a call means is kms_serve()'s affair. */
#include "kmsagent/kms/lane.h"

#include <pthread.h>
#include <sys/resource.h>

#define NICE 10 /* below the threads that others wait for */

struct kms_lane {
	struct kms_caller caller;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct kms_job *first, **last; /* under lock, as is the next */
	bool is_stopping;
};

/* NULL: to stop. */
static struct kms_job *next(struct kms_lane *l)
{
	struct kms_job *job = NULL;

	pthread_mutex_lock(&l->lock);
	while (!l->first && !l->is_stopping)
		pthread_cond_wait(&l->wake, &l->lock);
	if (!l->is_stopping) {
		job = l->first;
		l->first = job->next;
		if (!l->first)
			l->last = &l->first;
	}
	pthread_mutex_unlock(&l->lock);
	return job;
}

static void *work(void *userdata)
{
	struct kms_lane *l = userdata;
	struct kms_job *job;

	/* Linux: of this thread alone.  It need not succeed. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	while ((job = next(l))) {
		kms_serve(&l->caller, &job->in, &job->answer);
		job->done(job);
	}
	return NULL;
}

int kms_lane_start(struct kms_front *front, struct kms_lane **ret)
{
	struct kms_lane *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	l->last = &l->first;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->wake, NULL);
	r = kms_caller_init(&l->caller, front);
	if (r >= 0)
		r = -pthread_create(&l->thread, NULL, work, l);
	if (r < 0) {
		kms_lane_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void kms_lane_push(struct kms_lane *l, struct kms_job *job)
{
	bool is_late;

	job->next = NULL;
	job->answer.status = 0;
	pthread_mutex_lock(&l->lock);
	is_late = l->is_stopping;
	if (!is_late) {
		*l->last = job;
		l->last = &job->next;
		pthread_cond_signal(&l->wake);
	}
	pthread_mutex_unlock(&l->lock);
	if (is_late)
		job->done(job);
}

void kms_lane_stop(struct kms_lane *l)
{
	if (!l)
		return;
	pthread_mutex_lock(&l->lock);
	l->is_stopping = true;
	pthread_cond_signal(&l->wake);
	pthread_mutex_unlock(&l->lock);
	pthread_join(l->thread, NULL);
	/* Nobody adds any more, so no lock: done() may push again. */
	for (struct kms_job *job = l->first, *after; job; job = after) {
		after = job->next;
		job->done(job);
	}
	l->first = NULL;
}

void kms_lane_free(struct kms_lane *l)
{
	if (!l)
		return;
	kms_caller_done(&l->caller);
	pthread_cond_destroy(&l->wake);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
