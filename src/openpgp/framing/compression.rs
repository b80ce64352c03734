// SPDX-License-Identifier: Apache-2.0
//! Bounded decompression of compressed data packets (RFC 9580 section 5.6).

use bzip2::Decompress as Bunzip2;
use flate2::{Decompress as Inflate, FlushDecompress, Status};

use crate::reason::{Reason, Refusal};

/// Most bytes that come out of a compressed packet: the largest payload and signature, and room for headers.
pub const MAX_DECOMPRESSED: usize =
    crate::limits::MAX_PAYLOAD_BYTES + crate::openpgp::framing::signature::MAX_SIGNATURE_PACKET + 1024;

/// Why a compressed data packet is not unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It, or the stream in it, is not all there.
    Short(&'static str),
    /// The stream is another one than its algorithm writes.
    Damaged(&'static str),
    /// More comes out than [`MAX_DECOMPRESSED`].
    TooLarge,
    /// An algorithm without a decompressor here, by its number.
    Unknown(u8),
}

impl Fault {
    fn refusal(self) -> Refusal {
        match self {
            Fault::Short(what) | Fault::Damaged(what) => {
                Refusal::new(Reason::NotASignature, format!("its compressed data {what}"))
            }
            Fault::TooLarge => Refusal::new(
                Reason::LimitExceeded,
                format!("its compressed data unpacks to more than {MAX_DECOMPRESSED} bytes"),
            ),
            Fault::Unknown(n) => Refusal::new(
                Reason::UnsupportedSignature,
                format!("it is compressed with algorithm {n}, which this build does not know"),
            ),
        }
    }
}

/// Unpacks the body of a compressed data packet: the algorithm's number, then the compressed stream.
///
/// # Errors
/// When the algorithm is unknown, the stream is damaged or not all there, something follows it, or too much comes out.
pub fn decompress(body: &[u8]) -> Result<Vec<u8>, Refusal> {
    unpack(body).map_err(Fault::refusal)
}

/// Whether the body of a compressed data packet ends before its stream does. Its packet need not say so: GnuPG writes it
/// without a length.
#[must_use]
pub(crate) fn ends_early(body: &[u8]) -> bool {
    matches!(unpack(body), Err(Fault::Short(_)))
}

fn unpack(body: &[u8]) -> Result<Vec<u8>, Fault> {
    let Some((&algorithm, stream)) = body.split_first() else {
        return Err(Fault::Short("is empty"));
    };
    match algorithm {
        0 if stream.len() > MAX_DECOMPRESSED => Err(Fault::TooLarge),
        0 => Ok(stream.to_vec()),
        1 => inflate(stream, false),
        2 => inflate(stream, true),
        3 => bunzip2(stream),
        n => Err(Fault::Unknown(n)),
    }
}

/// What one call of a decompressor did.
enum Step {
    More,
    End,
}

fn inflate(stream: &[u8], zlib: bool) -> Result<Vec<u8>, Fault> {
    let mut state = Inflate::new(zlib);
    drive(stream, |input, output| {
        let (consumed, produced) = (state.total_in(), state.total_out());
        let status = state
            .decompress(input, output, FlushDecompress::None)
            .map_err(|_| Fault::Damaged("is damaged"))?;
        let step = match status {
            Status::StreamEnd => Step::End,
            Status::Ok | Status::BufError => Step::More,
        };
        Ok((step, state.total_in() - consumed, state.total_out() - produced))
    })
}

fn bunzip2(stream: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut state = Bunzip2::new(false);
    drive(stream, |input, output| {
        let (consumed, produced) = (state.total_in(), state.total_out());
        let status = state
            .decompress(input, output)
            .map_err(|_| Fault::Damaged("is damaged"))?;
        let step = match status {
            bzip2::Status::StreamEnd => Step::End,
            _ => Step::More,
        };
        Ok((step, state.total_in() - consumed, state.total_out() - produced))
    })
}

/// Feeds a decompressor until its stream ends, which must be where the input ends.
fn drive(
    stream: &[u8],
    mut step: impl FnMut(&[u8], &mut [u8]) -> Result<(Step, u64, u64), Fault>,
) -> Result<Vec<u8>, Fault> {
    let mut input = stream;
    let mut out = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let (status, consumed, produced) = step(input, &mut buffer)?;
        // Both counts are at most the lengths of the slices just handed over.
        let consumed = usize::try_from(consumed).unwrap_or(usize::MAX).min(input.len());
        let produced = usize::try_from(produced).unwrap_or(usize::MAX).min(buffer.len());
        input = &input[consumed..];
        out.extend_from_slice(&buffer[..produced]);
        if out.len() > MAX_DECOMPRESSED {
            return Err(Fault::TooLarge);
        }
        match status {
            Step::End if input.is_empty() => return Ok(out),
            Step::End => return Err(Fault::Damaged("is followed by other data")),
            Step::More if consumed == 0 && produced == 0 => return Err(Fault::Short("ends early")),
            Step::More => {}
        }
    }
}
