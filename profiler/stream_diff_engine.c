/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/stream_diff_engine.h"
#include "profiler/explain.h"
#include "profiler/folders.h"
#include "profiler/interrupt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_protocol(const struct stream_store *recorded, const char *name,
			 unsigned int *protocol, struct failure *failure)
{
	uint8_t header[STREAM_HEADER_SIZE];
	struct failure cause = {0};
	ssize_t got = pread(recorded->fd, header, sizeof(header), 0);
	int ret;

	if (got < 0)
		return failure_set(failure, -errno, "cannot read %s: %s", name, strerror(errno));
	ret = stream_parse_header(header, (size_t)got, protocol, &cause);
	if (ret == 0 && *protocol > SEND_PROTOCOL_MAX)
		ret = failure_set(&cause, -EOPNOTSUPP,
				  "have protocol %u, the engine sends up to %d", *protocol,
				  SEND_PROTOCOL_MAX);
	return ret ? failure_set(failure, ret, "%s: %s", name, cause.text) : 0;
}

static int resolve_form(struct diff_engine *engine, const struct stream_form_options *options,
			const char *recorded, struct failure *failure)
{
	struct stream_form_options form = *options;
	unsigned int protocol;
	int ret = read_protocol(&engine->recorded, recorded, &protocol, failure);

	if (ret)
		return ret;
	form.protocol = protocol;
	form.protocol_is_found = true;
	return stream_form_resolve(&form, &engine->form, failure);
}

/* What the sink needs; the failure is of storing the stream. */
struct storing {
	struct stream_comparison *comparison;
	struct failure failure;
};

/* A stream_sink_fn. */
static int store(void *context, const void *data, size_t length)
{
	struct storing *storing = context;

	if (interrupt_signal())
		return failure_set(&storing->failure, -EINTR, "interrupted");
	return stream_comparison_feed(storing->comparison, data, length, &storing->failure);
}

static int run_send(struct diff_engine *engine, struct failure *failure)
{
	struct volume *volume = engine->source.volume;
	struct send_request request = explain_send_request(&engine->source, &engine->form);
	struct storing storing = {.comparison = &engine->comparison};
	struct send_summary summary;
	struct volume_info info;
	int ret;

	volume_get_info(volume, &info);
	engine->committed = info.generation;
	request.sink = store;
	request.sink_context = &storing;
	ret = send_run(volume, &request, &summary);
	if (storing.failure.code)
		return failure_set(failure, storing.failure.code, "%s", storing.failure.text);
	if (ret)
		failure_set(&engine->send_failure, ret, "%s", volume_failure(volume)->text);
	return stream_comparison_finish(&engine->comparison, failure);
}

int diff_engine_open(struct diff_engine *engine, const struct send_names *names,
		     const struct stream_form_options *form, const char *recorded,
		     struct failure *failure)
{
	int ret;

	*engine = (struct diff_engine){
		.source = {.mounted.fd = -1},
		.recorded = STREAM_STORE_EMPTY,
		.comparison = {.own = STREAM_STORE_EMPTY},
	};
	ret = stream_store_open(recorded, &engine->recorded, failure);
	if (!ret)
		ret = resolve_form(engine, form, recorded, failure);
	if (!ret)
		ret = send_source_open(names, &engine->source, failure);
	if (!ret)
		ret = stream_comparison_begin(&engine->comparison, &engine->recorded,
					      folder_temporary(), failure);
	return ret ? ret : run_send(engine, failure);
}

void diff_engine_close(struct diff_engine *engine)
{
	stream_comparison_release(&engine->comparison);
	stream_store_close(&engine->recorded);
	send_source_close(&engine->source);
}

const struct stream_store *diff_engine_stream(const struct diff_engine *engine)
{
	return engine->comparison.differs ? &engine->comparison.own : &engine->recorded;
}

int diff_engine_explain(const struct diff_engine *engine, uint64_t limit_ns,
			struct attribution *attribution, struct failure *failure)
{
	const struct explain_request request = {
		.source = &engine->source,
		.volume = engine->source.volume,
		.form = engine->form,
		.reference = &engine->recorded,
		.committed = engine->committed,
		.limit_ns = limit_ns,
	};

	return explain(&request, attribution, failure);
}
