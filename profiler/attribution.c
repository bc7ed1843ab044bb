/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/attribution.h"
#include "profiler/sender.h"
#include "profiler/stream_follow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EQUAL = 1 };

/* How an attempt's stream ended, where it left the reference. */
struct ending {
	uint64_t position;
	int failed;	  /* negative errno of the send itself */
	uint8_t *command; /* the one that differs; NULL: none came */
	size_t length;
};

struct attempt {
	struct generation generation;
	uint64_t behaves;  /* all its rows, 1 << enum behaviour_id: what makes it the same */
	uint64_t position; /* offset of the first command that differs; UINT64_MAX: none does */
	unsigned int size; /* rows turned, plus one for another generation */
	bool touches;	   /* it is not what was asked, up to where that differs */
	bool gains;	   /* it agrees further than the one it was made from */
};

struct search {
	const struct attribution_request *request;
	struct attribution *attribution;
	struct stream_follow follow;
	struct attempt *attempts; /* the first one is what was asked */
	size_t count;
	struct ending asked;
	bool is_alone_done; /* each row was tried alone */
};

/* A row to be turned in an attempt of the size before. */
struct step {
	size_t parent;
	size_t order;
	uint64_t position; /* of the parent */
	unsigned int row;
	unsigned int promise; /* 0 is tried first */
};

static uint64_t all_rows(const struct generation *generation)
{
	uint64_t rows = 0;

	for (unsigned int row = 0; row < BEHAVIOUR_COUNT; row++)
		rows |= (uint64_t)generation_behaves(generation, row) << row;
	return rows;
}

static bool is_known(const struct search *search, uint64_t behaves)
{
	for (size_t i = 0; i < search->count; i++) {
		if (search->attempts[i].behaves == behaves)
			return true;
	}
	return false;
}

static bool same_ending(const struct ending *left, const struct ending *right)
{
	return left->position == right->position && left->failed == right->failed &&
	       !left->command == !right->command && left->length == right->length &&
	       (!left->command || memcmp(left->command, right->command, left->length) == 0);
}

/*
 * Send and see how far the stream is the reference's. EQUAL, 0 with *@ending, or what ends the
 * search.
 */
static int send_once(struct search *search, const struct generation *generation,
		     struct ending *ending)
{
	const struct attribution_request *request = search->request;
	struct stream_follow *follow = &search->follow;
	int ret;

	if (monotonic_ns() > follow->deadline_ns)
		return -ETIMEDOUT;
	stream_follow_rewind(follow);
	search->attribution->sends++;
	ret = request->send(request->context, generation, stream_follow_sink, follow);
	if (follow->failure.code)
		return follow->failure.code;
	if (ret == -EINTR || ret == -ETIMEDOUT || ret == -EAGAIN || ret == -ENOMEM)
		return ret;
	if (ret == 0 && stream_follow_is_whole(follow))
		return EQUAL;
	*ending = (struct ending){.position = follow->position,
				  .failed = follow->differs ? 0 : ret,
				  .command = follow->differs ? follow->last : NULL,
				  .length = follow->differs ? follow->last_length : 0};
	return 0;
}

static int add_attempt(struct search *search, const struct attempt *attempt)
{
	struct attempt *grown =
		reallocarray(search->attempts, search->count + 1, sizeof(*search->attempts));

	if (!grown)
		return -ENOMEM;
	search->attempts = grown;
	search->attempts[search->count++] = *attempt;
	return 0;
}

/* A generation that is equal as a whole is told elsewhere; it is the answer if no row is. */
static void add_found(struct search *search, const struct generation *generation)
{
	struct attribution *attribution = search->attribution;
	bool is_whole = search->is_alone_done;

	if (attribution->found_count < (is_whole ? 1 : ATTRIBUTION_FOUND_MAX))
		attribution->found[attribution->found_count++] = *generation;
}

/* Try @generation, made from @parent; nothing is tried twice. 0 or what ends the search. */
static int try(struct search *search, const struct generation *generation, size_t parent)
{
	struct attempt attempt = {.generation = *generation,
				  .behaves = all_rows(generation),
				  .position = UINT64_MAX,
				  .size = search->attempts[parent].size + 1,
				  .touches = true};
	struct ending ending;
	int ret;

	if (is_known(search, attempt.behaves))
		return 0;
	ret = send_once(search, generation, &ending);
	if (ret < 0)
		return ret;
	if (ret == EQUAL) {
		add_found(search, generation);
	} else {
		attempt.position = ending.position;
		attempt.touches = ending.position != search->asked.position ||
				  !same_ending(&ending, &search->asked);
	}
	attempt.gains = attempt.position > search->attempts[parent].position;
	return add_attempt(search, &attempt);
}

/* What was asked: 0 when it differs, EQUAL, or what ends the search. */
static int try_asked(struct search *search)
{
	const struct generation *asked = &search->request->asked;
	struct attempt attempt = {
		.generation = *asked, .behaves = all_rows(asked), .position = UINT64_MAX};
	int ret = send_once(search, asked, &search->asked);

	if (ret < 0)
		return ret;
	if (ret == EQUAL) {
		add_found(search, asked);
	} else {
		attempt.position = search->asked.position;
		search->attribution->differs_at = attempt.position;
		/* It is what the others are compared with. */
		if (search->asked.command)
			search->follow.last = NULL;
	}
	return add_attempt(search, &attempt) ? -ENOMEM : ret;
}

static int distance(const struct generation *from, enum generation_id id)
{
	return __builtin_popcountll(generation_difference(from, &(struct generation){id, 0}));
}

/* The generations, those with the fewest rows that differ from @asked first. */
static void order_by_distance(const struct generation *asked, enum generation_id *ids)
{
	for (unsigned int id = 0; id < GENERATION_COUNT; id++) {
		unsigned int place = id;

		for (; place && distance(asked, ids[place - 1]) > distance(asked, id); place--)
			ids[place] = ids[place - 1];
		ids[place] = (enum generation_id)id;
	}
}

/* Each row turned, then the generations as they are. */
static int try_alone(struct search *search)
{
	const struct generation *asked = &search->request->asked;
	enum generation_id ids[GENERATION_COUNT];
	int ret = 0;

	for (unsigned int row = 0; ret == 0 && row < BEHAVIOUR_COUNT; row++) {
		const struct generation turned = {asked->id, asked->turned ^ UINT64_C(1) << row};

		ret = try(search, &turned, 0);
		if (ret == 0 && search->attempts[search->count - 1].touches)
			search->attribution->relevant |= UINT64_C(1) << row;
	}
	search->is_alone_done = true;
	order_by_distance(asked, ids);
	for (unsigned int i = 0; ret == 0 && i < GENERATION_COUNT; i++)
		ret = try(search, &(struct generation){ids[i], 0}, 0);
	return ret;
}

/* Rows turned by the search, not by what was asked. */
static uint64_t turned_rows(const struct search *search, const struct attempt *attempt)
{
	const struct generation *asked = &search->request->asked;

	if (attempt->generation.id == asked->id)
		return attempt->generation.turned ^ asked->turned;
	return attempt->generation.turned;
}

/* Whether turning @row in @parent may help, and how soon it is tried. */
static bool promises(const struct search *search, const struct attempt *parent, unsigned int row,
		     unsigned int *promise)
{
	bool relevant = search->attribution->relevant >> row & 1;

	if (turned_rows(search, parent) >> row & 1)
		return false;
	*promise = parent->gains ? 0 : relevant ? 1 : 2;
	return parent->gains || (parent->size == 1 && parent->touches);
}

static int compare_steps(const void *a, const void *b)
{
	const struct step *left = a, *right = b;

	if (left->promise != right->promise)
		return left->promise < right->promise ? -1 : 1;
	if (left->position != right->position)
		return left->position > right->position ? -1 : 1;
	return left->order < right->order ? -1 : left->order > right->order;
}

/* All steps from the attempts [@begin, @end); the caller frees them. NULL without memory. */
static struct step *plan_steps(const struct search *search, size_t begin, size_t end, size_t *count)
{
	struct step *steps = calloc((end - begin) * BEHAVIOUR_COUNT + 1, sizeof(*steps));

	*count = 0;
	for (size_t i = begin; steps && i < end; i++) {
		const struct attempt *parent = &search->attempts[i];

		for (unsigned int row = 0; row < BEHAVIOUR_COUNT; row++) {
			struct step step = {.parent = i,
					    .order = *count,
					    .position = parent->position,
					    .row = row};

			if (promises(search, parent, row, &step.promise))
				steps[(*count)++] = step;
		}
	}
	if (steps)
		qsort(steps, *count, sizeof(*steps), compare_steps);
	return steps;
}

/* One row more than in the attempts [@begin, @end), until one explains all. */
static int try_one_more(struct search *search, size_t begin, size_t end)
{
	size_t count;
	struct step *steps = plan_steps(search, begin, end, &count);
	int ret = steps ? 0 : -ENOMEM;

	for (size_t i = 0; ret == 0 && i < count && !search->attribution->found_count; i++) {
		struct generation generation = search->attempts[steps[i].parent].generation;

		generation.turned ^= UINT64_C(1) << steps[i].row;
		ret = try(search, &generation, steps[i].parent);
	}
	free(steps);
	return ret;
}

/*
 * Of the rows by which what was found differs from what was asked, leave out what makes no
 * difference in this stream: first all that do not touch the difference, then one by one.
 */
static int leave_out_rows(struct search *search)
{
	struct attribution *attribution = search->attribution;
	const struct generation *asked = &search->request->asked;
	uint64_t *rows = &attribution->rows;
	struct ending ending;
	int ret;

	if (__builtin_popcountll(*rows) < 2)
		return 0;
	for (int row = -1; row < BEHAVIOUR_COUNT; row++) {
		uint64_t fewer = *rows & (row < 0 ? attribution->relevant : ~(UINT64_C(1) << row));
		const struct generation with = {asked->id, asked->turned ^ fewer};

		if (fewer == *rows || fewer == 0)
			continue;
		ret = send_once(search, &with, &ending);
		if (ret < 0)
			return ret;
		if (ret == EQUAL)
			*rows = fewer;
	}
	return 0;
}

static int look(struct search *search)
{
	struct attribution *attribution = search->attribution;
	size_t begin = 1, end;
	int ret = try_asked(search);

	if (ret)
		return ret < 0 ? ret : 0;
	ret = try_alone(search);
	while (ret == 0 && !attribution->found_count && search->count > begin) {
		end = search->count;
		ret = try_one_more(search, begin, end);
		begin = end;
	}
	if (!attribution->found_count)
		return ret;
	attribution->rows = generation_difference(&search->request->asked, &attribution->found[0]);
	return ret ? ret : leave_out_rows(search);
}

/* Best first. */
static void note_further(const struct search *search)
{
	struct attribution *attribution = search->attribution;

	for (size_t i = 1; i < search->count; i++) {
		const struct attempt *attempt = &search->attempts[i];
		size_t place = attribution->further_count;

		if (!attempt->gains || attempt->position <= attribution->differs_at)
			continue;
		while (place && attribution->further[place - 1].agrees_until < attempt->position)
			place--;
		if (place == ATTRIBUTION_FURTHER_MAX)
			continue;
		if (attribution->further_count < ATTRIBUTION_FURTHER_MAX)
			attribution->further_count++;
		for (size_t last = attribution->further_count - 1; last > place; last--)
			attribution->further[last] = attribution->further[last - 1];
		attribution->further[place] =
			(struct tried_generation){attempt->generation, attempt->position};
	}
}

static void note_whole(const struct search *search)
{
	for (unsigned int id = 0; id < GENERATION_COUNT; id++) {
		uint64_t rows = all_rows(&(struct generation){id, 0});

		for (size_t i = 0; i < search->count; i++) {
			if (search->attempts[i].behaves == rows &&
			    search->attempts[i].position == UINT64_MAX)
				search->attribution->whole |= UINT64_C(1) << id;
		}
	}
}

/* What ended the search; the fatal is handed on. */
static int conclude(const struct search *search, int ret, struct failure *failure)
{
	struct attribution *attribution = search->attribution;

	if (ret == -ETIMEDOUT)
		snprintf(attribution->stopped, sizeof(attribution->stopped),
			 "the limit of %g s was reached", (double)attribution->limit_ns / 1e9);
	else if (ret == -EAGAIN)
		snprintf(attribution->stopped, sizeof(attribution->stopped),
			 "a commit changed the state that the kernel's stream was made from");
	else if (search->follow.failure.code)
		return failure_set(failure, ret, "%s", search->follow.failure.text);
	else if (ret)
		return failure_set(failure, ret, "%s",
				   ret == -EINTR ? "interrupted" : "out of memory");
	if (attribution->found_count)
		attribution->state = ATTRIBUTION_FOUND;
	else
		attribution->state = ret ? ATTRIBUTION_STOPPED : ATTRIBUTION_NOT_FOUND;
	note_whole(search);
	if (!attribution->found_count)
		note_further(search);
	return 0;
}

int attribution_find(const struct attribution_request *request, struct attribution *attribution,
		     struct failure *failure)
{
	struct search search = {.request = request, .attribution = attribution};
	uint64_t began = monotonic_ns();
	int ret;

	*attribution = (struct attribution){.asked = request->asked, .limit_ns = request->limit_ns};
	ret = stream_follow_init(&search.follow, request->reference);
	search.follow.keep_last = true;
	search.follow.deadline_ns = began + request->limit_ns;
	if (ret == 0)
		ret = look(&search);
	ret = conclude(&search, ret, failure);
	attribution->duration_ns = monotonic_ns() - began;
	free(search.asked.command);
	free(search.attempts);
	stream_follow_release(&search.follow);
	return ret;
}
