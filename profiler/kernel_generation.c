/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/kernel_generation.h"
#include "profiler/kernel_types.h"
#include "profiler/result.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* What the presence of a sign means; see kernel_evidence.def. */
enum meaning { SHOWS, EXCLUDES, PROVES, NEEDED };

struct sign {
	enum behaviour_id row;
	const char *structure; /* NULL: a function */
	const char *name;
	enum meaning meaning;
};

static const struct sign signs[] = {
#define MEMBER(row, structure, member, meaning) {BEHAVIOUR_##row, structure, member, meaning},
#define FUNCTION(row, name, meaning)		{BEHAVIOUR_##row, NULL, name, meaning},
#include "profiler/kernel_evidence.def"
};

static const struct {
	enum behaviour_id row;
	unsigned int major, minor, sublevel;
} releases[] = {
#define RELEASE(row, major, minor, sublevel) {BEHAVIOUR_##row, major, minor, sublevel},
#include "profiler/kernel_evidence.def"
};

/* ---- the release ---- */

static bool parse_version(const char *text, struct kernel_release *release)
{
	return sscanf(text, "%u.%u.%u", &release->major, &release->minor, &release->sublevel) == 3;
}

/* Ubuntu's: "Ubuntu 6.8.0-45.45-generic 6.8.12". */
static bool parse_signature(const char *root, struct kernel_release *release)
{
	char path[PATH_MAX], line[128] = "";
	const char *last;
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/version_signature", root);
	file = fopen(path, "re");
	if (!file)
		return false;
	last = fgets(line, sizeof(line), file) ? strrchr(line, ' ') : NULL;
	fclose(file);
	return last && parse_version(last + 1, release);
}

bool kernel_release_parse(const struct kernel_identity *identity, struct kernel_release *release)
{
	struct kernel_release told = {0};
	const char *debian = strstr(identity->version, "Debian ");
	int end = 0;

	*release = (struct kernel_release){0};
	if (sscanf(identity->release, "%u.%u", &release->major, &release->minor) != 2)
		return false;
	if (((debian && parse_version(debian + strlen("Debian "), &told)) ||
	     parse_signature(identity->root, &told)) &&
	    told.major == release->major && told.minor == release->minor) {
		told.has_sublevel = true;
		*release = told;
	} else if (sscanf(identity->release, "%u.%u.%u%n", &told.major, &told.minor, &told.sublevel,
			  &end) == 3) {
		/* "6.12.0-55.el10": distributions that stay at 0 take fixes all the same. */
		told.has_sublevel = told.sublevel > 0 || identity->release[end] != '-' ||
				    !isdigit((unsigned char)identity->release[end + 1]);
		*release = told;
	}
	return true;
}

enum generation_id generation_of_release(const struct kernel_release *release)
{
	enum generation_id newest = GENERATION_6_1; /* the first called by a version */
	unsigned int i;

	for (i = GENERATION_6_1; i < GENERATION_COUNT; i++) {
		unsigned int major = 0, minor = 0;

		sscanf(generation_name((enum generation_id)i), "%u.%u", &major, &minor);
		if (release->major > major || (release->major == major && release->minor >= minor))
			newest = (enum generation_id)i;
	}
	return newest;
}

/* ---- rows ---- */

/* Is this a release of the series that the generation's column was read from? */
static bool is_own_series(const struct kernel_release *release, enum generation_id id)
{
	char series[32];

	snprintf(series, sizeof(series), "%u.%u", release->major, release->minor);
	return release->has_sublevel && strcmp(series, generation_name(id)) == 0;
}

/* What can be told without looking at the kernel. Is it certain? */
static bool expect_row(const struct kernel_generation *found, enum behaviour_id row,
		       struct row_verdict *verdict)
{
	const struct kernel_release *release = &found->release;

	verdict->behaves = behaviours[row].columns[found->generation.id];
	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
		if (releases[i].row != row || releases[i].major != release->major ||
		    releases[i].minor != release->minor || !release->has_sublevel)
			continue;
		verdict->behaves = release->sublevel >= releases[i].sublevel;
		verdict->basis = ROW_BY_RELEASE;
		snprintf(verdict->sign, sizeof(verdict->sign), "%u.%u.%u", releases[i].major,
			 releases[i].minor, releases[i].sublevel);
		return true;
	}
	return is_own_series(release, found->generation.id);
}

/* What a sign says of its row. */
static enum answer read_sign(const struct kernel_types *types, const struct sign *sign,
			     bool *is_there)
{
	enum answer found = sign->structure
				    ? kernel_types_member(types, sign->structure, sign->name)
				    : kernel_types_function(types, sign->name);

	*is_there = found == ANSWER_YES;
	if (found == ANSWER_UNKNOWN || (*is_there && sign->meaning == NEEDED) ||
	    (!*is_there && sign->meaning == PROVES))
		return ANSWER_UNKNOWN;
	return *is_there == (sign->meaning != EXCLUDES) ? ANSWER_YES : ANSWER_NO;
}

static void look_for_signs(const struct kernel_types *types, enum behaviour_id row,
			   struct row_verdict *verdict)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		bool is_there;
		enum answer answer;

		if (signs[i].row != row)
			continue;
		answer = read_sign(types, &signs[i], &is_there);
		if (answer == ANSWER_UNKNOWN)
			continue;
		verdict->behaves = answer == ANSWER_YES;
		verdict->basis = ROW_SEEN;
		verdict->is_there = is_there;
		if (signs[i].structure)
			snprintf(verdict->sign, sizeof(verdict->sign), "%s.%s", signs[i].structure,
				 signs[i].name);
		else
			snprintf(verdict->sign, sizeof(verdict->sign), "%s()", signs[i].name);
		return;
	}
}

void kernel_generation_find(const struct kernel_identity *identity, struct kernel_generation *found)
{
	struct kernel_types *types = NULL;
	enum behaviour_id row;

	*found = (struct kernel_generation){0};
	found->generation.id = GENERATION_COUNT - 1;
	if (kernel_release_parse(identity, &found->release))
		found->generation.id = generation_of_release(&found->release);
	if (kernel_types_open(identity->root, &types) == 0)
		found->seen_in = kernel_types_kind(types);
	for (row = 0; row < BEHAVIOUR_COUNT; row++) {
		struct row_verdict *verdict = &found->rows[row];
		bool is_certain = expect_row(found, row, verdict), expected = verdict->behaves;

		if (types)
			look_for_signs(types, row, verdict);
		verdict->is_unexpected = is_certain && verdict->behaves != expected;
		if (verdict->behaves != behaviours[row].columns[found->generation.id])
			found->generation.turned |= UINT64_C(1) << row;
		found->seen += verdict->basis == ROW_SEEN;
		found->unexpected += verdict->is_unexpected;
	}
	kernel_types_close(types);
}

void kernel_generation_running(struct kernel_generation *found)
{
	struct utsname name = {0}; /* as for a release that is no version */

	uname(&name);
	kernel_generation_find(&(struct kernel_identity){"", name.release, name.version}, found);
}

static void write_unexpected(const struct kernel_generation *found, FILE *file)
{
	const char *separator = "; unlike its release says: ";

	for (enum behaviour_id row = 0; row < BEHAVIOUR_COUNT; row++) {
		if (!found->rows[row].is_unexpected)
			continue;
		fprintf(file, "%s%s %s", separator, found->rows[row].behaves ? "with" : "without",
			behaviours[row].id);
		separator = ", ";
	}
}

char *kernel_generation_text(const struct kernel_generation *found)
{
	char *generation = generation_text(&found->generation), *text = NULL;
	size_t size;
	FILE *file = generation ? open_memstream(&text, &size) : NULL;

	if (!file) {
		free(generation);
		return NULL;
	}
	fputs(generation, file);
	free(generation);
	if (found->seen_in)
		fprintf(file, "; %u of %d rows seen in its %s", found->seen, BEHAVIOUR_COUNT,
			found->seen_in);
	else
		fputs("; by its release alone: it shows no btrfs", file);
	write_unexpected(found, file);
	if (fclose(file)) {
		free(text);
		return NULL;
	}
	return text;
}
