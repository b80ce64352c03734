// SPDX-License-Identifier: Apache-2.0
//! What the tests notice when a line of the program is wrong.
//!
//! ```text
//! image-signature-mutants SOURCES PLACE SECONDS MODULE... -- TESTS...
//! ```
//! SOURCES are copied to PLACE with every mutant of the modules in them, each behind a switch, so that all are built at once.
//! TESTS are `PROGRAM` or `PROGRAM=BEGIN,BEGIN`, a test program and how the names of its tests begin (`lib` for unit tests).
//! Each is run once without a mutant, to see which of them it reaches; then every mutant is tried by the tests that reach it,
//! the quickest first, for at most SECONDS (0: nothing is run). Those that no test notices are printed. With `MUTANTS_ONLY` in
//! the environment nothing but `mends` or `mutants` is run; with `MUTANTS_ATTACK` the mends of rows that begin so.

mod mends;
mod sites;
mod tests;
mod tree;

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use mends::Mend;
use sites::Mutant;
use tests::{Selected, Test};
use tree::Tree;

/// How many tests run at once, where `MUTANTS_JOBS` does not say it.
const JOBS: usize = 2;

fn jobs() -> usize {
    let asked = std::env::var("MUTANTS_JOBS").ok().and_then(|jobs| jobs.parse().ok());
    asked.unwrap_or(JOBS)
}

fn main() -> ExitCode {
    match all() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What became of a mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// A test fails, this one.
    Killed(String),
    /// So many tests pass.
    Survived(usize),
    Unreached,
    /// No test fails, and `mutants/survivors` says why.
    Named,
}

fn all() -> io::Result<bool> {
    let mut arguments = std::env::args().skip(1);
    let usage = || io::Error::other("usage: image-signature-mutants SOURCES PLACE SECONDS MODULE... -- TESTS...");
    let (from, place) = (arguments.next().ok_or_else(usage)?, arguments.next().ok_or_else(usage)?);
    let seconds: u64 = arguments.next().and_then(|word| word.parse().ok()).ok_or_else(usage)?;
    let modules: Vec<String> = arguments.by_ref().take_while(|word| word != "--").collect();
    let selected: Vec<Selected> = arguments.map(|word| Selected::parse(&word)).collect();
    let programs: Vec<String> = selected
        .iter()
        .map(|s| s.program.clone())
        .filter(|name| name != "lib")
        .collect();

    fs::create_dir_all(&place)?;
    let place = fs::canonicalize(place)?;
    let mut tree = Tree::copy(Path::new(&from), &place.join("tree"), &place.join("target"))?;
    let mends = mends::read(&tree.read("mutants/mends")?)?;
    tree.take_out(&mends)?;
    let files = tree.files(&modules)?;
    let (mutants, without) = tree.mutate(&files)?;
    let built = tree.programs(&programs)?;

    if seconds == 0 {
        return Ok(true);
    }
    let only = std::env::var("MUTANTS_ONLY").unwrap_or_default();
    let mut is_well = true;
    if only != "mutants" {
        let all: Vec<Selected> = built.iter().map(|(name, _)| Selected::parse(name)).collect();
        is_well = without_mends(&tree, &mends, &tests::found(&tree.root, &built, &all)?)?;
    }
    if only == "mends" {
        return Ok(is_well);
    }

    let tests = tests::found(&tree.root, &built, &selected)?;
    eprintln!(
        "{} mutants, {without} more that do not compile; {} tests",
        mutants.len(),
        tests.len()
    );
    let reach = reach(&tree, &tests)?;
    let named = tree.read("mutants/survivors")?;
    let named: Vec<&str> = named.lines().filter(|line| line.starts_with("src/")).collect();
    let fates = fates(&tree, &mutants, &reach, Duration::from_secs(seconds), &named);
    report(&mutants, &fates, without);
    Ok(is_well)
}

/// Takes each mend out and runs the tests of its rows: whether one of each row fails then, and passes otherwise; and
/// whether every test of the table does so for one of the mends.
fn without_mends(tree: &Tree, mends: &[Mend], all: &[Test]) -> io::Result<bool> {
    let rows = mends::rows(&tree.read("SECURITY.md")?);
    let mut left: BTreeSet<&String> = rows.iter().flat_map(|(_, tests)| tests).collect();
    let mut usually: HashMap<&String, Option<Duration>> = HashMap::new();
    let mut is_well = true;
    let begin = std::env::var("MUTANTS_ATTACK").unwrap_or_default();
    for mend in mends {
        for attack in mend.attacks.iter().filter(|attack| attack.starts_with(&begin)) {
            let row = rows.iter().find(|(own, _)| own.starts_with(attack.as_str()));
            let (_, names) =
                row.ok_or_else(|| io::Error::other(format!("no row of SECURITY.md begins with {attack}")))?;
            let (mut fail, mut pass) = (Vec::new(), Vec::new());
            for name in names {
                // Of the tests of that name: those of its file.
                let end = format!("::{name}");
                let found = all.iter().find(|test| test.name.ends_with(&end) || test.name == *name);
                let test = found.ok_or_else(|| io::Error::other(format!("no test {name}")))?;
                let took = usually
                    .entry(name)
                    .or_insert_with(|| test.reach(tree, 0).map(|(_, took)| took));
                match *took {
                    None => println!("left out, since it fails with all mends: {name}"),
                    Some(took) if test.passes(tree, mend.number, took) => pass.push(name.as_str()),
                    Some(_) => {
                        fail.push(name.as_str());
                        left.remove(name);
                    }
                }
            }
            let end = if fail.is_empty() { "NO TEST FAILS" } else { "fails" };
            println!(
                "without {} ({attack}): {end}: {}; passes: {}",
                mend.changes[0].file,
                fail.join(", "),
                pass.join(", ")
            );
            is_well &= !fail.is_empty();
        }
    }
    for name in left {
        println!("no mend was taken out that {name} notices");
    }
    Ok(is_well)
}

/// Runs each test without a mutant: the tests that reach each mutant, the quickest first.
fn reach(tree: &Tree, tests: &[Test]) -> io::Result<HashMap<usize, Vec<(Test, Duration)>>> {
    let found = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for job in 0..jobs() {
            let (found, next) = (&found, &next);
            scope.spawn(move || {
                while let Some(test) = tests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match test.reach(tree, job) {
                        Some((numbers, took)) => lock(found).push((test.clone(), numbers, took)),
                        None => eprintln!("left out, since it fails without a mutant: {}", test.name),
                    }
                }
            });
        }
    });
    let mut reach: HashMap<usize, Vec<(Test, Duration)>> = HashMap::new();
    for (test, numbers, took) in found.into_inner().unwrap_or_default() {
        for number in numbers {
            reach.entry(number).or_default().push((test.clone(), took));
        }
    }
    for tests in reach.values_mut() {
        tests.sort_by_key(|(_, took)| *took);
    }
    Ok(reach)
}

/// Tries each mutant with the tests that reach it, and tells what became of it.
fn fates(
    tree: &Tree,
    mutants: &[Mutant],
    reach: &HashMap<usize, Vec<(Test, Duration)>>,
    limit: Duration,
    named: &[&str],
) -> HashMap<usize, Fate> {
    let fates = Mutex::new(HashMap::new());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..jobs() {
            let (fates, next) = (&fates, &next);
            scope.spawn(move || {
                while let Some(mutant) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let fate = match reach.get(&mutant.number) {
                        None => Fate::Unreached,
                        Some(tests) => fate(tree, mutant, tests, limit),
                    };
                    let begin = format!("{}: {}: {}: ", mutant.file, mutant.function, mutant.what);
                    let fate = match fate {
                        Fate::Survived(_) | Fate::Unreached if named.iter().any(|line| line.starts_with(&begin)) => {
                            Fate::Named
                        }
                        fate => fate,
                    };
                    if matches!(fate, Fate::Survived(_) | Fate::Unreached) {
                        println!("{}", line(mutant, &fate));
                    }
                    let mut fates = lock(fates);
                    fates.insert(mutant.number, fate);
                    if fates.len() % 100 == 0 {
                        eprintln!("{} of {}", fates.len(), mutants.len());
                    }
                }
            });
        }
    });
    fates.into_inner().unwrap_or_default()
}

fn fate(tree: &Tree, mutant: &Mutant, tests: &[(Test, Duration)], limit: Duration) -> Fate {
    let mut spent = Duration::ZERO;
    let mut tried = 0;
    for (test, took) in tests {
        if spent + *took > limit && tried > 0 {
            break;
        }
        spent += *took;
        tried += 1;
        if !test.passes(tree, mutant.number, *took) {
            return Fate::Killed(test.name.clone());
        }
    }
    Fate::Survived(tried)
}

fn line(mutant: &Mutant, fate: &Fate) -> String {
    let end = match fate {
        Fate::Killed(by) => format!("killed by {by}"),
        Fate::Survived(tried) => format!("SURVIVED {tried} tests"),
        Fate::Unreached => "SURVIVED, no test reaches it".into(),
        Fate::Named => "named among the survivors".into(),
    };
    let Mutant {
        file,
        line,
        function,
        what,
        ..
    } = mutant;
    format!("{file}:{line}: {function}: {what}: {end}")
}

/// A table by files.
fn report(mutants: &[Mutant], fates: &HashMap<usize, Fate>, without: usize) {
    let mut files: Vec<&str> = mutants.iter().map(|mutant| mutant.file.as_str()).collect();
    files.dedup();
    let count = |file: Option<&str>, is: &dyn Fn(&Fate) -> bool| {
        let of = mutants
            .iter()
            .filter(|mutant| file.is_none_or(|file| mutant.file == file));
        of.filter(|mutant| fates.get(&mutant.number).is_some_and(is)).count()
    };
    for file in files.iter().map(|file| Some(*file)).chain([None]) {
        println!(
            "{:5} tried, {:5} killed, {:4} survived, {:4} reached by no test, {:4} named  {}",
            count(file, &|_| true),
            count(file, &|fate| matches!(fate, Fate::Killed(_))),
            count(file, &|fate| matches!(fate, Fate::Survived(_))),
            count(file, &|fate| *fate == Fate::Unreached),
            count(file, &|fate| *fate == Fate::Named),
            file.unwrap_or("in all"),
        );
    }
    println!("{without} more do not compile");
}

/// What other threads have put there, also those that panicked.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
