// SPDX-License-Identifier: Apache-2.0
//! What `--report` and `-o` ask for: formats and the files that get them.

use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::audit::format::ReportFormat;
use crate::settings::UsageError;
use crate::text::{home_word, quoted, safe};

/// Which file it is, by whatever name: device and inode.
pub(super) type File = (u64, u64);

/// A report in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The format of the report.
    pub format: ReportFormat,
    /// The file that it is written to.
    pub path: PathBuf,
}

/// The reports in files that are asked for. With `--resume` that of JSON lines is the one that is gone on from.
pub(super) fn reports(wanted: &[String], resume: Option<&Path>) -> Result<Vec<Report>, UsageError> {
    let mut reports: Vec<Report> = Vec::new();
    for text in wanted {
        let wrong = |what: String| Err(UsageError::new(format!("--report {}: {what}", quoted(text))));
        let Some((format, path)) = text.split_once('=').filter(|(_, path)| !path.is_empty()) else {
            let ending = Path::new(text).extension().and_then(|ending| ending.to_str());
            let format = ending.filter(|ending| !text.contains('=') && ReportFormat::from_str(ending, false).is_ok());
            let meant = format.map(|format| format!("; write --report {format}={}", safe(text)));
            return wrong(format!("expected FORMAT=FILE{}", meant.unwrap_or_default()));
        };
        let Ok(format) = ReportFormat::from_str(format, false) else {
            let names = ReportFormat::value_variants()
                .iter()
                .filter_map(ValueEnum::to_possible_value);
            let names: Vec<String> = names.map(|value| value.get_name().to_owned()).collect();
            return wrong(format!(
                "{} is not a format; the formats are: {}",
                safe(format),
                names.join(", ")
            ));
        };
        if let Some(word) = home_word(path).filter(|_| !Path::new("~").exists()) {
            let (name, _) = text.split_once('=').unwrap_or_default();
            return wrong(format!("the shell did not replace ~: write --report {name}={word}"));
        }
        let path = PathBuf::from(path);
        if path.as_os_str() == "-" {
            return wrong("standard output is for --output".to_owned());
        }
        if format == ReportFormat::Jsonl {
            match resume {
                Some(resume) if resume != path => {
                    return wrong(format!(
                        "--resume continues the report {}; leave this one out",
                        safe(&resume.display().to_string())
                    ));
                }
                Some(_) => continue,
                None if reports.iter().any(|known| known.format == format) => {
                    return wrong("one report of JSON lines is enough: others can be copied from it".to_owned());
                }
                None => {}
            }
        }
        if reports.iter().any(|known| are_one(&known.path, &path)) {
            return wrong("this file is named for another report already".to_owned());
        }
        reports.push(Report { format, path });
    }
    Ok(reports)
}

/// Whether two names are those of one file, whether or not it is there yet.
fn are_one(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new(".")).canonicalize().ok()?;
        Some(directory.join(path.file_name()?))
    };
    let is_same = |one: Option<PathBuf>, other: Option<PathBuf>| one.is_some() && one == other;
    let is_same_file = file(one).is_some() && file(one) == file(other);
    one == other || is_same_file || is_same(place(one), place(other))
}

/// Which file has a name, through links: one that writing would change, or a pipe. Devices and terminals are not lost.
pub(super) fn file(path: &Path) -> Option<File> {
    let meta = std::fs::metadata(path).ok()?;
    let is_lost = meta.is_file() || meta.file_type().is_fifo();
    is_lost.then(|| (meta.dev(), meta.ino()))
}
