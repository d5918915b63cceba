#!/bin/sh
# Layers, file and function sizes, banned calls. Prints what is wrong; exit 1.
set -u
cd "$(dirname "$0")/../.." || exit 2
status=0
sources=$(git ls-files --cached --others --exclude-standard -- '*.c' '*.h' | grep -v '^tests/')
awk -f tests/lint/layers.awk tests/lint/layers.txt $sources || status=1
for f in $(git ls-files --cached --others --exclude-standard -- '*.c' '*.h'); do
    lines=$(wc -l <"$f")
    [ "$lines" -le 1500 ] || { echo "$f: $lines lines, the limit is 1,500"; status=1; }
done
awk -f tests/lint/functions.awk tests/lint/waivers.txt $sources || status=1
grep -nE '(^|[^_a-zA-Z0-9])(strcpy|strcat|sprintf|vsprintf|strtok|localtime|gmtime|rand|alloca|gets)\(' $sources && { echo "banned call"; status=1; }
grep -nE '^[ \t]*//|[;{}] *// ' $sources && { echo "use /* */ comments"; status=1; }
grep -LE 'SPDX-License-Identifier' $sources | sed 's/$/: no SPDX line/' | grep . && status=1
[ $status = 0 ] && echo "lint: 1 passed, 0 failed"
exit $status
