#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Shows how tests get on, while they do: COMMAND 2>&1 | packaging/progress.sh FILE. FILE gets the whole output; what
# passing tests print stays there, what failing ones print is shown.
set -eu
terminal=no
if [ -t 1 ]; then terminal=yes; fi
exec 3>"$1"
count=0 hidden=no
while IFS= read -r line || [ -n "$line" ]; do
    printf '%s\n' "$line" >&3
    case $line in
        "test "*" ... ok")
            count=$((count + 1))
            if [ $terminal = yes ]; then
                printf '\r%s tests' "$count"
            elif [ $((count % 50)) -eq 0 ]; then
                echo "  $count tests"
            fi
            ;;
        "successes:") hidden=yes ;;
        "") ;;
        "failures:") hidden=no; echo "$line" ;;
        "test result: "* | *" Running "*)
            hidden=no count=0
            if [ $terminal = yes ]; then printf '\r'; fi
            echo "$line"
            ;;
        *) if [ $hidden = no ]; then echo "$line"; fi ;;
    esac
done
