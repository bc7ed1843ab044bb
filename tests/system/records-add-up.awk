# SPDX-License-Identifier: GPL-2.0
# awk -f records-add-up.awk RECORDS TOTALS: whether the single events of sends add up to what was counted
# of them, both as tracesend prints them. Of which there is no counter is not asked for.

function differ(what, have, expect)
{
	if (have == expect)
		return
	printf "%s: records add up to %d, counted are %d\n", what, have, expect
	status = 1
}

BEGIN { split("name backref dir_created dir_utimes", caches) }

# ---- records: the type, the inode, what it is, and what there is to say of that ----

FNR == NR && $1 == 1 {
	begun = $2
	have["inodes"]++
}
FNR == NR && $1 == 2 {
	differ("the inode that ends", $2, begun)
	ends++
}
FNR == NR && $3 == "command" {
	have["command " $4]++
	have["command bytes " $4] += $5
	have["output ns " $4] += $6
}
FNR == NR && $3 == "backref" {
	have["searches"]++
	have["references"] += $5
	have["candidates"] += $6
	have["result " $7]++
	have["search ns"] += $8
}
FNR == NR && $3 == "cache" { have["cache " caches[$4 + 1] " " $5]++ }
FNR == NR && $3 == "path" {
	have["paths"]++
	have["path ns"] += $4
}
FNR == NR && $1 == 6 { have["restarts"]++ }
FNR == NR && $3 == "blocked" { have["blocked " $4] += $5 }
FNR == NR { next }

# ---- totals, of all sends ----

$1 == "command" {
	expect["command " $2] += $3
	expect["command bytes " $2] += $4
}
$1 == "times" { expect["output ns " $2] += $4 }
/^cache_/ {
	name = "cache " substr($1, 7) " "
	expect[name 0] += $3
	expect[name 1] += $2 - $3
	expect[name 2] += $4
	expect[name 3] += $5
	expect[name 4] += $6
}
$1 == "searches" { expect["searches"] += $2 }
$1 == "results" { for (i = 0; i < 4; i++) expect["result " i] += $(i + 2) }
$1 == "candidates" { expect["candidates"] += $2 }
$1 == "histogram_candidates" { histogram += $3 }
$1 == "histogram_references" { expect["references"] += $3 }
$1 == "histogram_search_ns" { expect["search ns"] += $3 }
$1 == "histogram_path_ns" {
	expect["paths"] += $2
	expect["path ns"] += $3
}
$1 == "inodes" && $2 {
	expect["inodes"] += $2
	sends++
}
$1 == "restarts" { expect["restarts"] += $2 }
/^part waiting for the reader:/ { expect["blocked 0"] += $NF }
/^part waiting for the device:/ { expect["blocked 1"] += $NF }
$1 == "returns_unseen" && $2 { unseen = 1 }
$1 == "records" && $4 { differ("dropped records", 0, $4) }

END {
	# A wait whose end was not seen has no record.
	for (i = 0; i < 2 && unseen; i++) {
		delete have["blocked " i]
		delete expect["blocked " i]
	}
	for (what in have)
		differ(what, have[what], expect[what])
	for (what in expect)
		if (!(what in have))
			differ(what, 0, expect[what])
	differ("candidates in the histogram", histogram, expect["candidates"])
	# What was begun last has no end.
	differ("inodes that end", ends, expect["inodes"] - sends)
	exit status
}
