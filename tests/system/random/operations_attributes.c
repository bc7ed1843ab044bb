/* SPDX-License-Identifier: GPL-2.0 */
/* Operations on attributes: owners, modes, times, flags, extended attributes; nested subvolumes. */
#include "tests/system/random/operations.h"
#include "tests/system/random/settle.h"

#include <btrfsutil.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/*
 * Prefixes of one another, pairs with one hash (see odd_names), and prefixes and extensions of the
 * name that the sender treats apart.
 */
static const char *const xattr_names[] = {
	"user.a",
	"user.ab",
	"user.abc",
	"user.b",
	"user.aiyifwg",
	"user.dlpjrry",
	"user.idqaxgv",
	"user.tlcjyzi",
	"trusted.x",
	"security.cap",
	"security.capability2",
};

/* The path of a random node of @kinds, or of the top directory once in a while. */
static bool pick_path(struct world *world, unsigned int kinds, char path[PATH_MAX])
{
	int node = prng_percent(&world->prng, 4) && kinds & NODE_DIRECTORY
			   ? TREE_TOP
			   : tree_pick(&world->current->tree, &world->prng, kinds);

	return node != TREE_NONE && tree_path(&world->current->tree, node, path);
}

static const char *pick_xattr(struct world *world)
{
	return xattr_names[prng_below(&world->prng, sizeof(xattr_names) / sizeof(xattr_names[0]))];
}

int operation_set_xattr(struct world *world)
{
	size_t length = prng_below(&world->prng, prng_percent(&world->prng, 85) ? 120 : 3600);
	const char *name = pick_xattr(world);
	char path[PATH_MAX];

	if (!pick_path(world, NODE_LINKABLE | NODE_DIRECTORY, path))
		return -ENOENT;
	prng_fill(&world->prng, world->buffer, length);
	return lsetxattr(path, name, world->buffer, length, 0) ? -errno : 0;
}

int operation_remove_xattr(struct world *world)
{
	const char *wanted = pick_xattr(world), *name = wanted;
	char path[PATH_MAX], list[2048];
	ssize_t length;

	if (!pick_path(world, NODE_LINKABLE | NODE_DIRECTORY, path))
		return -ENOENT;
	length = llistxattr(path, list, sizeof(list));
	if (length <= 0)
		return -ENODATA;
	/* The wanted one if it is there, else the first, whatever it is. */
	name = list;
	for (const char *at = list; at < list + length; at += strlen(at) + 1)
		if (!strcmp(at, wanted))
			name = at;
	return lremovexattr(path, name) ? -errno : 0;
}

int operation_set_capability(struct world *world)
{
	struct vfs_cap_data data = {
		.magic_etc = htole32(VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE),
		.data[0].permitted = htole32(1u << prng_below(&world->prng, 30)),
	};
	char path[PATH_MAX];

	if (!pick_path(world, NODE_FILE, path))
		return -ENOENT;
	if (prng_percent(&world->prng, 25))
		return removexattr(path, "security.capability") ? -errno : 0;
	return setxattr(path, "security.capability", &data, XATTR_CAPS_SZ_2, 0) ? -errno : 0;
}

int operation_set_acl(struct world *world)
{
	struct {
		struct posix_acl_xattr_header header;
		struct posix_acl_xattr_entry entries[5];
	} acl = {.header.a_version = htole32(POSIX_ACL_XATTR_VERSION)};
	static const uint16_t tags[] = {ACL_USER_OBJ, ACL_USER, ACL_GROUP_OBJ, ACL_MASK, ACL_OTHER};
	bool is_default = prng_percent(&world->prng, 30);
	const char *name = is_default ? "system.posix_acl_default" : "system.posix_acl_access";
	char path[PATH_MAX];

	if (!pick_path(world, is_default ? NODE_DIRECTORY : NODE_FILE | NODE_DIRECTORY, path))
		return -ENOENT;
	if (prng_percent(&world->prng, 25))
		return removexattr(path, name) ? -errno : 0;
	for (int i = 0; i < 5; i++) {
		acl.entries[i].e_tag = htole16(tags[i]);
		acl.entries[i].e_perm = htole16(prng_below(&world->prng, 8));
		acl.entries[i].e_id =
			htole32(tags[i] == ACL_USER ? 1000 + prng_below(&world->prng, 3)
						    : ACL_UNDEFINED_ID);
	}
	return setxattr(path, name, &acl, sizeof(acl), 0) ? -errno : 0;
}

int operation_change_mode(struct world *world)
{
	char path[PATH_MAX];

	if (!pick_path(world, NODE_FILE | NODE_DIRECTORY | NODE_SPECIAL, path))
		return -ENOENT;
	return chmod(path,
		     prng_below(&world->prng, prng_percent(&world->prng, 80) ? 01000 : 010000))
		       ? -errno
		       : 0;
}

int operation_change_owner(struct world *world)
{
	char path[PATH_MAX];

	if (!pick_path(world, NODE_LINKABLE | NODE_DIRECTORY, path))
		return -ENOENT;
	return lchown(path, prng_below(&world->prng, 4) * 500, prng_below(&world->prng, 3) * 70000)
		       ? -errno
		       : 0;
}

int operation_change_times(struct world *world)
{
	struct timespec times[2];
	char path[PATH_MAX];

	for (int i = 0; i < 2; i++) {
		times[i].tv_sec = (time_t)prng_below(&world->prng, 1ull << 33) - (1ll << 31);
		times[i].tv_nsec = prng_below(&world->prng, 1000000000);
	}
	if (!pick_path(world, NODE_LINKABLE | NODE_DIRECTORY, path))
		return -ENOENT;
	return utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) ? -errno : 0;
}

/* Inode flags; a file can only change to no copy on write while it is empty. */
int operation_change_flags(struct world *world)
{
	static const int choices[] = {FS_NOCOW_FL,   FS_NOCOW_FL,  FS_COMPR_FL, FS_COMPR_FL,
				      FS_NOATIME_FL, FS_NODUMP_FL, FS_NOCOMP_FL};
	int change = choices[prng_below(&world->prng, sizeof(choices) / sizeof(choices[0]))];
	char path[PATH_MAX];
	int fd, flags, ret = 0;

	if (!pick_path(world, NODE_FILE | NODE_DIRECTORY, path))
		return -ENOENT;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		ret = -errno;
	flags ^= change;
	if (!ret && ioctl(fd, FS_IOC_SETFLAGS, &flags))
		ret = -errno;
	close(fd);
	return ret;
}

/* A subvolume below the one that is sent: new, or a snapshot of the current one. */
int operation_nest_subvolume(struct world *world)
{
	struct place place;
	enum btrfs_util_error error;

	if (!place_pick(world, &place) || place.node != TREE_NONE)
		return -EEXIST;
	settle_all(world);
	if (prng_percent(&world->prng, 70))
		error = btrfs_util_create_subvolume(place.path, 0, NULL, NULL);
	else
		error = btrfs_util_create_snapshot(".", place.path, 0, NULL, NULL);
	if (error)
		return -EIO;
	tree_add(&world->current->tree, place.directory, place.name, NODE_SUBVOLUME);
	return 0;
}
