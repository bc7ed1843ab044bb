// SPDX-License-Identifier: GPL-2.0
#include "bpf/send_maps.h"

char LICENSE[] SEC("license") = "GPL";

struct ended_map ended SEC(".maps");
struct zeros_map zeros SEC(".maps");
struct records_map records SEC(".maps");
struct samples_map samples SEC(".maps");
struct stacks_map stacks SEC(".maps");
const volatile struct trace_settings settings = {0};
struct send_state sends[STATE_SLOTS] = {0};
uint32_t senders_at[STATE_SLOTS] = {0};
uint64_t sends_unseen = 0;
