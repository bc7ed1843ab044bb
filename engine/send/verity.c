/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files with fs-verity, in protocol 3. No release kernel has that protocol switched on; this is
 * what the code in 6.1, 6.6 and 6.12 does, its error included: once a file with verity has come,
 * every later inode of the send is sent a command ENABLE_VERITY too. Whoever has no descriptor gets
 * the last one that was read.
 */
#include "engine/send/context.h"

#include <errno.h>
#include <stdlib.h>

/* MIRRORS: changed_verity() v6.12 */
void send_changed_verity(struct send_context *send, enum change change)
{
	/* The kernel asks for the change alone: of a file that was made anew it loses the verity.
	 */
	if (change == CHANGE_NEW && !send->cur.new_generation && !send->cur.is_deleted)
		send->needs_verity = true; /* nothing in the kernel ever takes it back */
}

/* MIRRORS: process_verity() v6.12 */
int send_verity(struct send_context *send)
{
	int ret;

	if (send->writer.protocol < 3 || !send->needs_verity)
		return 0;
	if (!send->verity) {
		send->verity = calloc(1, sizeof(*send->verity));
		if (!send->verity)
			return send_fail(send, -ENOMEM, "out of memory for a verity descriptor");
	}
	ret = verity_read(send->send_root, send->cur.ino, send->verity);
	if (ret == 0)
		send->has_verity = true;
	/* DIFFERS: there the kernel would send memory that was never written. */
	if (ret > 0 && !send->has_verity)
		return send_fail(send, -EUCLEAN,
				 "inode %llu: an item says that a file has fs-verity, but neither "
				 "this inode nor one before has a descriptor",
				 (unsigned long long)send->cur.ino);
	return ret < 0 ? ret : send_enable_verity(send, send->verity);
}
