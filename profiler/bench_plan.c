/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/bench_plan.h"
#include "profiler/stream_form.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int out_of_memory(struct failure *failure)
{
	return failure_set(failure, -ENOMEM, "out of memory");
}

/* The whole of @text as a number; false also when it is too large. */
static bool parse_number(const char *text, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return !*end && !errno;
}

bool bench_shard_parse(const char *text, uint64_t *index, uint64_t *count)
{
	const char *slash = strchr(text, '/');
	char first[24];

	if (!slash || (size_t)(slash - text) >= sizeof(first))
		return false;
	snprintf(first, sizeof(first), "%.*s", (int)(slash - text), text);
	if (!parse_number(first, index) || !parse_number(slash + 1, count) || !*index ||
	    *index > *count)
		return false;
	--*index;
	return true;
}

static int unknown_workload(const char *name, struct failure *failure)
{
	const char *names[64], *closest;
	size_t count = 0;

	for (; count < 64 && workloads[count]; count++)
		names[count] = workloads[count]->name;
	closest = closest_name(name, names, count);
	return failure_set(failure, -EINVAL, "no workload '%s'%s%s%s (--list shows them)", name,
			   closest ? ", did you mean '" : "", closest ? closest : "",
			   closest ? "'?" : "");
}

static int add_job(struct bench_plan *plan, const struct workload *workload,
		   enum workload_size size, struct failure *failure)
{
	struct bench_job *jobs = reallocarray(plan->jobs, plan->count + 1, sizeof(*jobs));
	struct bench_job *job;

	if (!jobs)
		return out_of_memory(failure);
	plan->jobs = jobs;
	job = &jobs[plan->count++];
	*job = (struct bench_job){.workload = workload, .variant = plan->variant};
	for (size_t i = 0; i < workload_parameter_count(workload); i++)
		job->values[i] = workload->parameters[i].values[size];
	return 0;
}

static int choose_workloads(struct bench_plan *plan, const struct bench_selection *selection,
			    struct failure *failure)
{
	int ret = 0;

	for (size_t i = 0; !selection->name_count && !ret && workloads[i]; i++)
		ret = add_job(plan, workloads[i], selection->size, failure);
	for (size_t i = 0; !ret && i < selection->name_count; i++) {
		const struct workload *workload = workload_find(selection->names[i]);

		if (!workload)
			return unknown_workload(selection->names[i], failure);
		for (size_t j = 0; j < plan->count; j++) {
			if (plan->jobs[j].workload == workload)
				return failure_set(failure, -EINVAL, "'%s' is named twice",
						   workload->name);
		}
		ret = add_job(plan, workload, selection->size, failure);
	}
	return ret;
}

/* The index of the parameter named by the first @length characters, or the count if there is none.
 */
static size_t find_parameter(const struct workload *workload, const char *name, size_t length)
{
	size_t count = workload_parameter_count(workload);

	for (size_t i = 0; i < count; i++) {
		if (strlen(workload->parameters[i].name) == length &&
		    !strncmp(workload->parameters[i].name, name, length))
			return i;
	}
	return count;
}

static bool parse_word(const char *const *words, const char *text, uint64_t *value)
{
	for (*value = 0; words[*value]; ++*value) {
		if (!strcmp(words[*value], text))
			return true;
	}
	return false;
}

static int set_value(struct bench_job *job, size_t index, const char *text, struct failure *failure)
{
	const struct workload_parameter *parameter = &job->workload->parameters[index];
	uint64_t value;

	if (parameter->words) {
		if (!parse_word(parameter->words, text, &value))
			return failure_set(failure, -EINVAL,
					   "%s of %s: have '%s' expect one of its words "
					   "(--list shows them)",
					   parameter->name, job->workload->name, text);
	} else if (!parse_number(text, &value) || value < parameter->minimum ||
		   value > parameter->maximum) {
		return failure_set(failure, -EINVAL,
				   "%s of %s: have '%s' expect a number from %" PRIu64
				   " to %" PRIu64,
				   parameter->name, job->workload->name, text, parameter->minimum,
				   parameter->maximum);
	}
	job->values[index] = value;
	return 0;
}

static int set_parameter(struct bench_plan *plan, const char *text, struct failure *failure)
{
	size_t length = strcspn(text, "=");
	bool used = false;

	if (!length || !text[length])
		return failure_set(failure, -EINVAL, "have '%s' expect NAME=VALUE", text);
	for (size_t i = 0; i < plan->count; i++) {
		struct bench_job *job = &plan->jobs[i];
		size_t index = find_parameter(job->workload, text, length);
		int ret;

		if (index == workload_parameter_count(job->workload))
			continue;
		used = true;
		ret = set_value(job, index, text + length + 1, failure);
		if (ret)
			return ret;
	}
	return used ? 0
		    : failure_set(failure, -EINVAL, "no workload has a parameter '%.*s'",
				  (int)length, text);
}

/* One job for each value, in place of the job it is made from. */
static int sweep_job(struct bench_plan *plan, const struct bench_job *job, size_t index,
		     const char *values, struct failure *failure)
{
	char *copy = strdup(values), *position, *value;
	int ret = copy ? 0 : out_of_memory(failure);

	for (value = copy ? strtok_r(copy, ",", &position) : NULL; !ret && value;
	     value = strtok_r(NULL, ",", &position)) {
		ret = add_job(plan, job->workload, WORKLOAD_TINY, failure);
		if (ret)
			break;
		plan->jobs[plan->count - 1] = *job;
		ret = set_value(&plan->jobs[plan->count - 1], index, value, failure);
	}
	free(copy);
	return ret;
}

static int sweep(struct bench_plan *plan, const char *text, struct failure *failure)
{
	size_t length = strcspn(text, "=");
	struct bench_plan single = *plan;
	int ret = 0;

	if (!length || !text[length] || !text[length + 1 + strspn(text + length + 1, ",")])
		return failure_set(failure, -EINVAL, "have '%s' expect NAME=VALUE,VALUE...", text);
	*plan = (struct bench_plan){.swept = strndup(text, length), .variant = single.variant};
	if (!plan->swept)
		ret = out_of_memory(failure);
	for (size_t i = 0; !ret && i < single.count; i++) {
		const struct bench_job *job = &single.jobs[i];
		size_t index = find_parameter(job->workload, text, length);

		if (index == workload_parameter_count(job->workload))
			ret = failure_set(failure, -EINVAL, "%s has no parameter '%s'",
					  job->workload->name, plan->swept);
		else if (job->workload->parameters[index].words)
			ret = failure_set(failure, -EINVAL, "%s of %s is no number", plan->swept,
					  job->workload->name);
		else
			ret = sweep_job(plan, job, index, text + length + 1, failure);
	}
	free(single.jobs);
	return ret;
}

static int take_shard(struct bench_plan *plan, const char *text, struct failure *failure)
{
	uint64_t index, count;
	size_t kept = 0;

	if (!bench_shard_parse(text, &index, &count))
		return failure_set(failure, -EINVAL, "have '%s' expect I/N, I from 1 to N", text);
	for (uint64_t i = 0; i < plan->count; i++) {
		if (i % count == index)
			plan->jobs[kept++] = plan->jobs[i];
	}
	plan->count = kept;
	return 0;
}

int bench_plan_make(struct bench_plan *plan, const struct bench_selection *selection,
		    struct failure *failure)
{
	int ret;

	*plan = (struct bench_plan){.variant = selection->variant};
	ret = choose_workloads(plan, selection, failure);
	for (size_t i = 0; !ret && i < selection->parameters->count; i++)
		ret = set_parameter(plan, selection->parameters->items[i], failure);
	if (!ret && selection->sweep)
		ret = sweep(plan, selection->sweep, failure);
	if (!ret && selection->shard)
		ret = take_shard(plan, selection->shard, failure);
	return ret;
}

void bench_plan_release(struct bench_plan *plan)
{
	free(plan->jobs);
	free(plan->swept);
	*plan = (struct bench_plan){0};
}

/* What of the variant is not as by default: a name and a text, or a number where that is NULL. */
struct variant_word {
	const char *name, *text;
	uint64_t number;
};
enum { VARIANT_WORDS = 5 };

static size_t variant_words(const struct bench_variant *variant,
			    struct variant_word words[VARIANT_WORDS])
{
	const struct bench_variant usual = BENCH_VARIANT_DEFAULT;
	size_t count = 0;

	if (variant->cold != usual.cold)
		words[count++] = (struct variant_word){"cache", "cold", 0};
	if (variant->sink != usual.sink)
		words[count++] = (struct variant_word){"sink", send_sink_names[variant->sink], 0};
	if (variant->finder != usual.finder)
		words[count++] = (struct variant_word){"finder",
						       stream_form_finders[1 + variant->finder], 0};
	if (variant->memory_bytes != usual.memory_bytes)
		words[count++] = (struct variant_word){"memory", NULL, variant->memory_bytes};
	if (variant->batch != usual.batch)
		words[count++] = (struct variant_word){"batch", "no", 0};
	return count;
}

json_t *bench_job_parameters(const struct bench_job *job)
{
	struct variant_word words[VARIANT_WORDS];
	size_t count = variant_words(&job->variant, words);
	json_t *parameters = json_object();
	bool failed = !parameters;

	for (size_t i = 0; !failed && i < workload_parameter_count(job->workload); i++) {
		const struct workload_parameter *parameter = &job->workload->parameters[i];
		json_t *value = parameter->words ? json_string(parameter->words[job->values[i]])
						 : json_integer((json_int_t)job->values[i]);

		failed = json_object_set_new(parameters, parameter->name, value);
	}
	for (size_t i = 0; !failed && i < count; i++)
		failed = json_object_set_new(parameters, words[i].name,
					     words[i].text
						     ? json_string(words[i].text)
						     : json_integer((json_int_t)words[i].number));
	if (!failed)
		return parameters;
	json_decref(parameters);
	return NULL;
}

static char *make_label(const struct bench_job *job, const struct variant_word *words, size_t count)
{
	char *label;
	size_t size;
	FILE *out = open_memstream(&label, &size);

	if (!out)
		return NULL;
	fputs(job->workload->name, out);
	for (size_t i = 0; i < workload_parameter_count(job->workload); i++) {
		const struct workload_parameter *parameter = &job->workload->parameters[i];

		if (parameter->words)
			fprintf(out, " %s=%s", parameter->name, parameter->words[job->values[i]]);
		else
			fprintf(out, " %s=%" PRIu64, parameter->name, job->values[i]);
	}
	for (size_t i = 0; i < count; i++) {
		if (words[i].text)
			fprintf(out, " %s=%s", words[i].name, words[i].text);
		else
			fprintf(out, " %s=%" PRIu64, words[i].name, words[i].number);
	}
	return fclose(out) ? NULL : label;
}

char *bench_job_label(const struct bench_job *job)
{
	struct variant_word words[VARIANT_WORDS];

	return make_label(job, words, variant_words(&job->variant, words));
}

char *bench_filesystem_label(const struct bench_job *job)
{
	return make_label(job, NULL, 0);
}

double bench_job_weight(const struct bench_job *job)
{
	struct workload_claims claims = {0};

	job->workload->claim(job->values, &claims);
	/* Milliseconds: 1 GiB/s, and tens of microseconds for each name and each reference. */
	return 1 + (double)claims.bytes / (1 << 20) +
	       (double)(claims.files + claims.folders) * 0.04 + (double)claims.references * 0.07 +
	       (double)claims.attributes * 0.005;
}
