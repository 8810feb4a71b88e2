# SPDX-License-Identifier: MIT
# Judge the TAP of one test.  In: status (exit status, "timeout" for one that
# was ended), limit (seconds).  Prints one "bad" or "skip" line for each thing
# to report, with what the test said of it, then "sum PASSED FAILED SKIPPED".
function bad(what) { failed++; print "bad", what; blame = 1 }

/^1\.\.[0-9]+/ {
	if (planned++)
		bad("a second plan")
	plan = substr($1, 4) + 0
	if (plan == 0 && match($0, /# *[Ss][Kk][Ii][Pp]/))
		why = substr($0, RSTART + RLENGTH + 1)
	next
}
/^(not )?ok( |$)/ {
	points++
	blame = 0
	line = $0
	sub(/^(not )?ok */, "", line)
	if (line !~ "^" points "( |$)")
		bad("point " points " is numbered otherwise: " $0)
	if (/^not ok/)
		bad($0)
	else if (match(line, /# *[Ss][Kk][Ii][Pp]/)) {
		skipped++
		print "skip", line
	} else
		passed++
	next
}
/^Bail out!/ { bad($0); bailed = 1; next }
# Explanations follow the point that they explain.
/^#/ && blame { print "why", $0 }

END {
	skip_all = planned && plan == 0 && why != "" && !points
	if (status == "timeout")
		bad("out of time after " limit " s")
	else if (status >= 126)
		bad("died: status " status (status > 128 ? \
			" (signal " status - 128 ")" : ""))
	else if (skip_all && status == 4) {
		skipped++
		print "skip", "all: " why
	} else if (status != 0 && !(status == 1 && failed))
		bad("ended with status " status " after " points + 0 " points")
	else if (!planned && !bailed)
		bad("no plan")
	else if (plan != points && !bailed)
		bad("planned " plan " points, ran " points + 0)
	else if (!points && !bailed)
		bad("no test points")
	print "sum", passed + 0, failed + 0, skipped + 0
}
