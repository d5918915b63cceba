# Functions over 70 lines and lines over 120 columns. usage: awk -f functions.awk waivers.txt sources...
# waivers.txt: one "file:function reason" per line, for dispatch tables only.
FNR == NR { if ($1 != "" && $1 !~ /^#/) waived[$1] = 1; next }
FNR == 1 { inside = 0 }
length($0) > 120 { print FILENAME ":" FNR ": " length($0) " columns, the limit is 120"; bad = 1 }
/^[A-Za-z_].*\(/ && !/;[ \t]*$/ && !/^#/ && !/^typedef/ { head = $0; sub(/\(.*/, "", head); n = split(head, w, /[ *]+/); name = w[n] }
/^\{/ { inside = 1; start = FNR }
/^\}/ {
    if (inside && FNR - start + 1 > 72 && !((FILENAME ":" name) in waived)) {
        print FILENAME ":" start ": function " name " has " (FNR - start + 1) " lines, the limit is 70"; bad = 1
    }
    inside = 0
}
END { exit bad }
