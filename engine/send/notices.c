/* SPDX-License-Identifier: GPL-2.0 */
/* What the receiver gets wrong, counted and told. */
#include "engine/send/context.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
	const char *name;
	const char *sentence;
} notices[NOTICE_COUNT] = {
#define NOTICE(id, sentence) [NOTICE_##id] = {#id, sentence},
#include "engine/notices.def"
#undef NOTICE
};

const char *send_notice_name(enum send_notice_id id)
{
	return notices[id].name;
}

void send_notify(struct send_context *send, struct send_notice *notice)
{
	notice->ino = notice->id == NOTICE_LEFT_BEHIND ? 0 : send->cur.ino;
	send->notices[notice->id]++;
	if (send->request->notify)
		send->request->notify(send->request->notify_context, notice);
}

struct text {
	char *next, *end; /* room for the NUL is left at @end; behind a byte without room, none */
};

static void add_bytes(struct text *text, const char *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte >= ' ' && byte != 0x7f && byte != '\\') {
			if (text->next < text->end)
				*text->next++ = (char)byte;
		} else if (text->end - text->next >= 4) {
			*text->next++ = '\\';
			*text->next++ = 'x';
			*text->next++ = digits[byte >> 4];
			*text->next++ = digits[byte & 15];
		} else {
			text->end = text->next;
		}
	}
}

static void add_string(struct text *text, const char *string)
{
	add_bytes(text, string, strlen(string));
}

static void add_number(struct text *text, uint64_t number)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, number);
	add_string(text, digits);
}

static bool takes_word(const char **sentence, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*sentence, word, length) != 0)
		return false;
	*sentence += length;
	return true;
}

static void add_next(struct text *text, const struct send_notice *notice, const char **sentence)
{
	if (takes_word(sentence, "%command"))
		add_string(text, stream_commands[notice->command].name);
	else if (takes_word(sentence, "%path"))
		add_bytes(text, notice->path, notice->path_length);
	else if (takes_word(sentence, "%other"))
		add_bytes(text, notice->other, notice->other_length);
	else if (takes_word(sentence, "%offset"))
		add_number(text, notice->offset);
	else if (takes_word(sentence, "%length"))
		add_number(text, notice->length);
	else
		add_bytes(text, (*sentence)++, 1);
}

void send_notice_text(const struct send_notice *notice, char *buffer, size_t size)
{
	struct text text = {.next = buffer, .end = buffer + size - 1};
	const char *sentence = notices[notice->id].sentence;

	if (notice->ino) {
		add_string(&text, "inode ");
		add_number(&text, notice->ino);
		add_string(&text, ": ");
	}
	while (*sentence)
		add_next(&text, notice, &sentence);
	*text.next = 0;
}
