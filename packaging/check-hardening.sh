#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks that programs are position-independent, have full RELRO, no executable stack and no run path.
set -eu
for program; do
    headers=$(readelf --wide --file-header --program-headers --dynamic "$program")
    has() {
        echo "$headers" | grep -qE "$1" || { echo "FAILED: $program: no $2" >&2; exit 1; }
    }
    has 'Type: +DYN' 'position-independent program (ET_DYN)'
    has 'FLAGS_1.*\bPIE\b' 'flag PIE'
    has 'FLAGS_1.*\bNOW\b' 'flag NOW, so that RELRO is not full'
    has '^ +GNU_RELRO ' 'GNU_RELRO'
    has '^ +GNU_STACK .* RW +(0x)?[0-9]+$' 'stack that is not executable'
    if echo "$headers" | grep -E '\((RPATH|RUNPATH)\)'; then
        echo "FAILED: $program: a run path" >&2
        exit 1
    fi
    echo "hardened: $program"
done
