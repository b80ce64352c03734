#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the version, which only Cargo.toml states.
set -eu
sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' "$(dirname "$0")/../Cargo.toml"
