/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/send_source.h"
#include "profiler/device_in_use.h"
#include "profiler/parent_choice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int out_of_memory(struct failure *failure)
{
	return failure_set(failure, -ENOMEM, "out of memory");
}

static int check_same_filesystem(const struct mounted_subvolume *subvolume, const char *path,
				 const struct send_source *source, struct failure *failure)
{
	if (!memcmp(subvolume->fsid, source->mounted.fsid, sizeof(subvolume->fsid)))
		return 0;
	return failure_set(failure, -EXDEV, "%s and %s are on different filesystems", path,
			   source->snapshot.path);
}

static int fill_fact(struct snapshot_fact *fact, const char *path, uint64_t id, uint64_t ctransid,
		     const uint8_t *uuid)
{
	fact->path = strdup(path);
	fact->id = id;
	fact->ctransid = ctransid;
	memcpy(fact->uuid, uuid, sizeof(fact->uuid));
	return fact->path ? 0 : -ENOMEM;
}

/* Resolve a mounted path; the snapshot itself stays open, for the others their facts are enough. */
static int resolve_mounted(struct send_source *source, const char *path, struct snapshot_fact *fact,
			   struct failure *failure)
{
	struct mounted_subvolume subvolume;
	int ret = mounted_subvolume_open(path, &subvolume, failure);

	if (ret)
		return ret;
	if (fill_fact(fact, path, subvolume.id, subvolume.ctransid, subvolume.uuid))
		ret = out_of_memory(failure);
	else if (!subvolume.read_only)
		ret = failure_set(failure, -EPERM,
				  "%s is not read-only; make it so with: btrfs property set -ts %s "
				  "ro true",
				  path, path);
	else if (fact != &source->snapshot)
		ret = check_same_filesystem(&subvolume, path, source, failure);

	if (!ret && fact == &source->snapshot)
		source->mounted = subvolume;
	else
		mounted_subvolume_close(&subvolume);
	return ret;
}

static int resolve_in_image(struct send_source *source, const char *name,
			    struct snapshot_fact *fact, struct failure *failure)
{
	struct subvolume_info info;
	int ret = volume_find_subvolume(source->volume, name, &info);

	if (ret)
		return failure_set(failure, ret, "%s", volume_failure(source->volume)->text);
	if (fill_fact(fact, name, info.id, info.ctransid, info.uuid))
		return out_of_memory(failure);
	if (!info.read_only)
		return failure_set(failure, -EPERM,
				   "subvolume %s of %s is not read-only; mount it and use: btrfs "
				   "property set -ts PATH ro true",
				   name, source->devices[0]);
	return 0;
}

static int resolve(struct send_source *source, const char *name, struct snapshot_fact *fact,
		   struct failure *failure)
{
	return source->volume ? resolve_in_image(source, name, fact, failure)
			      : resolve_mounted(source, name, fact, failure);
}

static int resolve_all(struct send_source *source, const struct send_names *names,
		       struct failure *failure)
{
	int ret = resolve(source, names->snapshot, &source->snapshot, failure);

	if (!ret && names->parent)
		ret = resolve(source, names->parent, &source->parent, failure);
	for (size_t i = 0; !ret && i < names->clone_sources.count; i++) {
		ret = resolve(source, names->clone_sources.items[i],
			      &source->clone_sources[source->clone_source_count++], failure);
	}
	return ret;
}

/* The parent is a clone source too, whether it was given as one or not. */
static int list_clone_ids(struct send_source *source, bool choose_parent, struct failure *failure)
{
	size_t choice;
	int ret = 0;

	if (source->parent.path)
		source->clone_ids[source->clone_count++] = source->parent.id;
	for (size_t i = 0; i < source->clone_source_count; i++)
		source->clone_ids[source->clone_count++] = source->clone_sources[i].id;
	source->parent_id = source->parent.id;
	if (choose_parent && !source->parent.path && source->clone_count) {
		ret = parent_choose(source->volume, source->snapshot.id, source->clone_ids,
				    source->clone_count, &choice, failure);
		if (!ret)
			source->parent_id = source->clone_ids[choice];
	}
	return ret;
}

int send_source_open_volume(const struct send_source *source, struct volume **out,
			    struct failure *failure)
{
	const struct volume_options options = {
		.live = source->live,
		.still = source->still,
		.devices = source->devices + 1,
		.device_count = source->device_count - 1,
	};

	return volume_open(source->devices[0], &options, out, failure);
}

static int open_volume(struct send_source *source, struct failure *failure)
{
	struct failure cause = {0};
	int ret = send_source_open_volume(source, &source->volume, &cause);

	if (ret == -EACCES && source->mounted.fd >= 0)
		return failure_set(failure, ret,
				   "%s; reading a mounted device needs root (try sudo)",
				   cause.text);
	return ret ? failure_set(failure, ret, "%s", cause.text) : 0;
}

static int open_image(struct send_source *source, const struct send_names *names,
		      struct failure *failure)
{
	int ret;

	source->devices = names->images.items;
	source->device_count = names->images.count;
	for (size_t i = 0; i < source->device_count; i++)
		source->live = source->live || device_in_use(source->devices[i]);
	source->still = !source->live;
	ret = open_volume(source, failure);
	return ret ? ret : resolve_all(source, names, failure);
}

/* The device must hold the filesystem that the paths are on: its name alone is no proof. */
static int check_fsid(const struct send_source *source, struct failure *failure)
{
	struct volume_info info;

	volume_get_info(source->volume, &info);
	if (!memcmp(info.fsid, source->mounted.fsid, sizeof(info.fsid)))
		return 0;
	return failure_set(failure, -ENODEV, "%s holds another filesystem than %s",
			   source->devices[0], source->snapshot.path);
}

static int open_mounted(struct send_source *source, const struct send_names *names,
			struct failure *failure)
{
	int ret = resolve_all(source, names, failure);

	if (!ret)
		ret = mounted_filesystem_find(&source->mounted, source->snapshot.path,
					      &source->filesystem, failure);
	if (!ret)
		ret = mounted_filesystem_sync(&source->mounted, failure);
	if (ret)
		return ret;
	source->devices = (const char *const *)source->filesystem.devices;
	source->device_count = source->filesystem.device_count;
	source->live = true;
	source->still = source->filesystem.is_read_only;
	ret = open_volume(source, failure);
	return ret ? ret : check_fsid(source, failure);
}

int send_source_open(const struct send_names *names, struct send_source *source,
		     struct failure *failure)
{
	size_t count = names->clone_sources.count;
	int ret;

	*source = (struct send_source){.mounted.fd = -1};
	source->clone_sources = calloc(count + 1, sizeof(*source->clone_sources));
	source->clone_ids = calloc(count + 1, sizeof(*source->clone_ids));
	if (!source->clone_sources || !source->clone_ids)
		ret = out_of_memory(failure);
	else if (names->images.count)
		ret = open_image(source, names, failure);
	else
		ret = open_mounted(source, names, failure);
	if (!ret)
		ret = list_clone_ids(source, names->choose_parent, failure);
	if (ret)
		send_source_close(source);
	return ret;
}

void send_source_close(struct send_source *source)
{
	volume_close(source->volume);
	free(source->snapshot.path);
	free(source->parent.path);
	for (size_t i = 0; i < source->clone_source_count; i++)
		free(source->clone_sources[i].path);
	free(source->clone_sources);
	free(source->clone_ids);
	mounted_filesystem_release(&source->filesystem);
	mounted_subvolume_close(&source->mounted);
	*source = (struct send_source){.mounted.fd = -1};
}
