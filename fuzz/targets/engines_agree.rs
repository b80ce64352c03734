// SPDX-License-Identifier: Apache-2.0
#![no_main]
#![allow(missing_docs)]

libfuzzer_sys::fuzz_target!(|input: &[u8]| image_signature_fuzz::engines_agree(input));
