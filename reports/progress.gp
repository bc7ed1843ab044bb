# SPDX-License-Identifier: GPL-2.0
# How far the stream had come after how long. progress.dat: one block for each side, nanoseconds and
# bytes.
set xrange [0:*] noextend
set yrange [0:*]
set xlabel "time since the send began, ".time_unit textcolor rgb muted
set ylabel "stream, ".size_unit textcolor rgb muted
set xtics scale 0 nomirror textcolor rgb muted
set ytics scale 0 nomirror textcolor rgb muted
set border 1 linecolor rgb rule
set grid ytics linetype 1 linewidth 1 linecolor rgb rule
set key outside top left horizontal Left reverse samplen 2 width 1 textcolor rgb ink
plot "progress.dat" index 0 using ($1/time_scale):($2/size_scale) with lines linewidth 2.5 \
		linecolor rgb kernel title has_kernel ? "kernel" : "", \
	"" index 1 using ($1/time_scale):($2/size_scale) with lines linewidth 2.5 \
		linecolor rgb engine title has_engine ? "engine" : ""
