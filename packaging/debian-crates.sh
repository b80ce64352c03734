#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints a stanza of Debian's copyright format for each crate in vendor/, out of its manifest.
set -eu
vendor=$1

# A member of [package], a string or a list of strings, one a line.
member() {
    awk -v name="$2" '
        { sub(/\r$/, "") }
        /^\[/ { package = ($0 == "[package]") }
        package && $1 == name { inside = 1; list = /= *\[/ }
        inside {
            line = $0
            while (match(line, /"[^"]*"/)) {
                print substr(line, RSTART + 1, RLENGTH - 2)
                line = substr(line, RSTART + RLENGTH)
            }
            if (!list || line ~ /\]/) inside = 0
        }' "$1"
}

# The licence that we take it under, in the words of the format. Its text stands in debian/copyright.
licence() {
    case $(echo "$1" | sed 's:/: OR :g') in
        "(MIT OR Apache-2.0) AND Unicode-3.0") echo "Expat or Apache-2.0, and Unicode-3.0" ;;
        *" AND "*) return 1 ;;
        *Apache-2.0*" OR MIT"* | *MIT*" OR Apache-2.0"*) echo "Expat or Apache-2.0" ;;
        "Apache-2.0 OR BSL-1.0") echo Apache-2.0 ;;
        "Unlicense OR MIT") echo "Unlicense or Expat" ;;
        MIT) echo Expat ;;
        LGPL-2.1 | LGPL-2.1-only) echo LGPL-2.1 ;;
        "Apache-2.0 WITH LLVM-exception") echo "Apache-2.0 with LLVM exception" ;;
        Apache-2.0 | Unlicense | Zlib | bzip2-1.0.6) echo "$1" ;;
        *) return 1 ;;
    esac
}

for manifest in "$vendor"/*/Cargo.toml; do
    crate=${manifest%/Cargo.toml}
    crate=${crate##*/}
    declared=$(member "$manifest" license)
    if ! licence=$(licence "$declared"); then
        echo "$0: $crate is under '$declared': add it here, and the text to packaging/debian/copyright" >&2
        exit 1
    fi
    # The notices in its own licence files; else the authors as the manifest names them.
    notices=$(find "${manifest%/*}" -maxdepth 2 -type f \( -iname '*licen[sc]e*' -o -iname 'copying*' -o -iname 'copyright*' \
        -o -iname 'notice*' \) ! -name '*.rs' -exec \
        sed -n 's/^[[:space:]]*Copyright *\((c)\|©\)\{0,1\}[ :]*\([0-9A-Z].*[^[:space:]]\)[[:space:]]*$/\2/Ip' {} + |
        grep -viE 'license|notice|\[|<?year>|holder|^(and|the owner|owner)' | LC_ALL=C sort -u || true)
    authors=${notices:-$(member "$manifest" authors)}
    [ -n "$authors" ] || authors="the authors of the crate ${crate%-*}, $(member "$manifest" repository)"
    printf '\nFiles: vendor/%s/*\nCopyright: %s\nLicense: %s\n' "$crate" \
        "$(echo "$authors" | sed '2,$s/^/ /')" "$licence"
done
