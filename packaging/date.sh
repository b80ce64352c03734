#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the date that everything built here carries, in seconds: the caller's, else that of the commit, else that of
# the newest entry in the Debian changelog. https://reproducible-builds.org/specs/source-date-epoch/
set -eu
cd "$(dirname "$0")/.."
if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then
    echo "$SOURCE_DATE_EPOCH"
elif ! git log -1 --format=%ct 2>/dev/null; then
    date --date "$(sed -n 's/^ -- .*>  //p' packaging/debian/changelog | head -n 1)" +%s
fi
