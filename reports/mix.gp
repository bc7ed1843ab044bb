# SPDX-License-Identifier: GPL-2.0
# What a stream is made of: commands and bytes of each kind. mix.dat: a block for what both sides
# sent, or one for each; place, foot and top of the bar, commands, bytes, and their labels.
set style fill solid 0.85 noborder
set border 0
unset key
unset xtics
set ytics textcolor rgb ink scale 0
set yrange [-kinds + 0.4:0.6]
# Room for the label behind the longest bar.
room = narrow ? 1.45 : 1.35
colour(i) = bars == 1 ? both : i == 0 ? kernel : engine
foot(y, low) = -y + low
left_margin = narrow ? 0.32 : 0.17

set multiplot
set lmargin at screen left_margin
set rmargin at screen narrow ? 0.98 : 0.57
if (narrow) { set tmargin at screen 0.95; set bmargin at screen 0.51 }
else { set tmargin at screen 1 - 45.0 / (60 + pitch * kinds); set bmargin at screen 0.02 }
sides = bars == 2 ? ", kernel above engine" : ""
set label 1 "commands".sides at graph 0, graph 1 offset 0, 0.8 left textcolor rgb muted
set xrange [0:most_commands * room]
plot for [i=0:bars - 1] "mix.dat" index i using \
		(0):(-$1):(0):($4):(-$1 + $2):(-$1 + $3) with boxxyerror fillcolor rgb colour(i), \
	for [i=0:bars - 1] "" index i using 4:(-$1 + ($2 + $3) / 2):6 with labels left \
		offset 0.4, 0 textcolor rgb ink

if (narrow) { set tmargin at screen 0.45; set bmargin at screen 0.01 }
else {
	set lmargin at screen 0.59
	set rmargin at screen 0.99
	unset ytics
}
set label 1 "bytes".sides
set xrange [0:most_bytes * room]
plot for [i=0:bars - 1] "mix.dat" index i using \
		(0):(-$1):(0):($5):(-$1 + $2):(-$1 + $3) with boxxyerror fillcolor rgb colour(i), \
	for [i=0:bars - 1] "" index i using 5:(-$1 + ($2 + $3) / 2):7 with labels left \
		offset 0.4, 0 textcolor rgb ink
unset multiplot
