# SPDX-License-Identifier: GPL-2.0
# How the latencies of each command kind are distributed: the kernel's above the line, the engine's
# below, the median as a stroke. latency.dat: a block for each kind and side with the outline
# (nanoseconds, height), then a block with the medians (nanoseconds, foot, height of the stroke) of
# the kernel, then one of the engine.
set logscale x 10
set xrange [x_low:x_high]
set yrange [-kinds + 0.4:0.6]
if (narrow) set xtics ("10 ns" 1e1, "" 1e2, "1 µs" 1e3, "" 1e4, "100 µs" 1e5, "" 1e6, "10 ms" 1e7, \
	"" 1e8, "1 s" 1e9, "" 1e10, "100 s" 1e11) scale 0 nomirror
if (!narrow) set xtics ("10 ns" 1e1, "100 ns" 1e2, "1 µs" 1e3, "10 µs" 1e4, "100 µs" 1e5, \
	"1 ms" 1e6, "10 ms" 1e7, "100 ms" 1e8, "1 s" 1e9, "10 s" 1e10, "100 s" 1e11) \
	scale 0 nomirror
set grid xtics linetype 1 linewidth 1 linecolor rgb rule
set border 0
set key outside top left horizontal Left reverse samplen 1 width 1 textcolor rgb ink
set tics textcolor rgb muted
set ytics textcolor rgb ink scale 0
set style fill solid 0.75 noborder
if (narrow) set lmargin 13.5; set rmargin 2
plot for [i=0:kinds - 1] "latency.dat" index 2*i using 1:2 with filledcurves closed \
		fillcolor rgb kernel notitle, \
	for [i=0:kinds - 1] "" index 2*i + 1 using 1:2 with filledcurves closed \
		fillcolor rgb engine notitle, \
	"" index 2*kinds using 1:2:(0):3 with vectors nohead linewidth 2 linecolor rgb ink \
		notitle, \
	"" index 2*kinds + 1 using 1:2:(0):3 with vectors nohead linewidth 2 linecolor rgb ink \
		notitle, \
	NaN with boxes fillcolor rgb kernel title has_kernel ? "kernel" : "", \
	NaN with boxes fillcolor rgb engine title has_engine ? "engine" : ""
