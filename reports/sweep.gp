# SPDX-License-Identifier: GPL-2.0
# What grows with a parameter: a panel for each figure, times first and over the whole width. SWEEP.dat:
# for each panel a block of the kernel's points and one of the engine's, then a block for each side
# with the ends of the line that fits its times, all with the value of the parameter first.
width = narrow ? 380 : 860
first_height = narrow ? 260 : 300
height = narrow ? 200 : 210
total = first_height + height * (narrow ? panels - 1 : panels / 2)

set style circle radius screen (narrow ? 0.009 : 0.004)
set style fill solid 1 noborder
set border 1 linecolor rgb rule
set logscale x
set xrange [x_low:x_high]
eval "set xtics ".x_tics." scale 0 nomirror textcolor rgb muted"
set grid ytics linetype 1 linewidth 1 linecolor rgb rule
unset key

set multiplot
do for [i=0:panels - 1] {
	row = narrow ? i : (i + 1) / 2
	top = row ? first_height + (row - 1) * height : 0
	bottom = top + (row ? height : first_height)
	left = !narrow && i && i % 2 == 0 ? 0.5 : 0
	right = narrow || i % 2 == 0 ? 1 : 0.5
	set tmargin at screen 1 - (top + 34.0) / total
	set bmargin at screen 1 - (bottom - 46.0) / total
	set lmargin at screen left + 78.0 / width
	set rmargin at screen right - 16.0 / width
	set label 1 titles[i + 1] at graph 0, graph 1 offset 0, 0.8 left textcolor rgb muted
	if (i) { unset label 2; unset label 3 } else {
		set label 2 kernel_name at graph (narrow ? 0.58 : 0.72), graph 1 offset 0, 0.8 right \
			textcolor rgb kernel
		set label 3 engine_name at graph 1, graph 1 offset 0, 0.8 right textcolor rgb engine
	}
	set xlabel parameter offset 0, 0.4 textcolor rgb muted
	if (logarithmic[i + 1]) { set logscale y } else { unset logscale y }
	eval "set ytics ".y_tics[i + 1]." scale 0 nomirror textcolor rgb muted"
	set yrange [y_low[i + 1]:y_high[i + 1]]
	# Where both are the same, the kernel's line is seen on both sides of the engine's.
	plot data index 2 * panels using 1:(i ? NaN : $2) with lines linewidth 1 dashtype 3 \
			linecolor rgb kernel, \
		"" index 2 * panels + 1 using 1:(i ? NaN : $2) with lines linewidth 1 dashtype 3 \
			linecolor rgb engine, \
		"" index 2 * i using 1:2 with lines linewidth (i ? 5 : 2.5) linecolor rgb kernel, \
		"" index 2 * i + 1 using 1:2 with lines linewidth (i ? 2 : 2.5) linecolor rgb engine, \
		"" index 2 * i using 1:2 with circles fillcolor rgb kernel, \
		"" index 2 * i + 1 using 1:2 with circles fillcolor rgb engine
}
unset multiplot
