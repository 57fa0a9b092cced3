//! How long the whole check takes, against parsing the same files with the same parser.
//!
//! `VIEWLINT_BENCH=folder[:folder…] cargo bench`; without the variable the standard library of `python3`. All files are
//! read first; then, in one thread, both run in turn, three times each, and the best counts. Processor time, not time on
//! the wall: other processes do not spoil it. With `VIEWLINT_BENCH_GROWTH=1` the corpus is cut, or taken several times, to
//! 0.5, 1, 2 and 4 million lines, to see how the time grows.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::time::Duration;

use cpu_time::ProcessTime;
use viewlint::check::{Stats, check_file, project};
use viewlint::model::Model;
use viewlint::source::discovery::{DEFAULT_EXCLUDES, Options, absolute, discover, display};
use viewlint::source::globs::Globs;
use viewlint::source::{SourceFile, decode};

const ROUNDS: usize = 3;
/// To how many lines the corpus is grown with `VIEWLINT_BENCH_GROWTH=1`.
const GROWTH: [usize; 4] = [500_000, 1_000_000, 2_000_000, 4_000_000];

/// As in the program: nested code needs it.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Very many small nodes are made and dropped: the system's allocator takes a fifth of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let run = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(bench);
    match run.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        Ok(Ok(Err(message))) => {
            eprintln!("speed: {message}");
            ExitCode::FAILURE
        }
        Ok(Err(_)) | Err(_) => ExitCode::FAILURE,
    }
}

fn bench() -> Result<(), String> {
    let files = sources(&folders()?)?;
    let texts = peak_megabytes();
    if std::env::var_os("VIEWLINT_BENCH_GROWTH").is_none() {
        measure(&files.iter().enumerate().map(|(i, file)| (i, 0, file)).collect::<Vec<_>>())?;
        println!("peak memory: {:.0} MB, of which {texts:.0} MB when all texts were read", peak_megabytes());
        return Ok(());
    }
    for lines in GROWTH {
        measure(&grown(&files, lines))?;
    }
    Ok(())
}

/// A file's number, the number of the copy, the file.
type Copied<'a> = (usize, usize, &'a SourceFile);

/// The files, taken so many times (each time as a project of its own) that there are about so many lines.
fn grown(files: &[SourceFile], lines: usize) -> Vec<Copied<'_>> {
    let mut taken = Vec::new();
    let mut count = 0;
    for copy in 0.. {
        for (i, file) in files.iter().enumerate() {
            if count >= lines {
                return taken;
            }
            count += file.text.lines().count();
            taken.push((i, copy, file));
        }
        if count == 0 {
            break;
        }
    }
    taken
}

fn measure(files: &[Copied<'_>]) -> Result<(), String> {
    let bytes: usize = files.iter().map(|(_, _, file)| file.text.len()).sum();
    let lines: usize = files.iter().map(|(_, _, file)| file.text.lines().count()).sum();
    let megabytes = bytes as f64 / 1e6;
    println!("{} files, {lines} lines, {megabytes:.1} MB", files.len());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).stack_size(STACK_BYTES).build();
    let pool = pool.map_err(|error| error.to_string())?;

    let mut parse_time = Duration::MAX;
    let mut check_time = Duration::MAX;
    let mut stats = Stats::default();
    let mut findings = 0;
    for _ in 0..ROUNDS {
        parse_time = parse_time.min(timed(|| files.iter().for_each(|(_, _, file)| parse(file))));
        check_time = check_time.min(timed(|| (stats, findings) = pool.install(|| check_all(files))));
    }
    for (what, time) in [("parse", parse_time), ("check", check_time)] {
        let seconds = time.as_secs_f64();
        println!("{what}: {seconds:.3} s CPU, {:.1} MB/s", megabytes / seconds.max(1e-9));
    }
    println!("ratio check/parse: {:.2}", check_time.as_secs_f64() / parse_time.as_secs_f64().max(1e-9));
    println!(
        "{findings} findings of all confidences; {} bodies, {} opaque operations, {} bodies over budget",
        stats.bodies, stats.opaque, stats.over_budget
    );
    Ok(())
}

/// The whole check, as the program does it, but for reading the files.
fn check_all(files: &[Copied<'_>]) -> (Stats, usize) {
    let cwd = std::env::current_dir().unwrap_or_default();
    let paths: Vec<String> = files
        .iter()
        .map(|(_, copy, file)| format!("/{copy}{}", display(&absolute(&cwd, Path::new(&file.path)))))
        .collect();
    let shown = files.iter().map(|(_, _, file)| file.path.clone()).collect();
    let project = project(&paths, shown, |file| Some(&files[file].2.text));
    let total = Mutex::new((Stats::default(), 0));
    project.run(|file| {
        let checked = black_box(check_file(files[file].2, Model::bundled(), &project, file));
        if let Ok(mut total) = total.lock() {
            total.0 += checked.stats;
            total.1 += checked.findings.len();
        }
    });
    total.into_inner().unwrap_or_default()
}

/// The parser alone, through the door that the check uses.
fn parse(file: &SourceFile) {
    let _ = black_box(viewlint::syntax::parse(&file.text, file.path.ends_with(".pyi")));
}

fn timed(run: impl FnOnce()) -> Duration {
    let start = ProcessTime::now();
    run();
    start.elapsed()
}

fn folders() -> Result<Vec<PathBuf>, String> {
    if let Some(list) = std::env::var_os("VIEWLINT_BENCH") {
        return Ok(std::env::split_paths(&list).collect());
    }
    let program = "import sysconfig; print(sysconfig.get_paths()['stdlib'])";
    let found = Command::new("python3").args(["-c", program]).output();
    let found = found.map_err(|error| format!("cannot run python3: {error}; set VIEWLINT_BENCH to a folder"))?;
    let path = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    if path.is_empty() { Err("python3 names no library; set VIEWLINT_BENCH".into()) } else { Ok(vec![path.into()]) }
}

fn sources(folders: &[PathBuf]) -> Result<Vec<SourceFile>, String> {
    let excludes = DEFAULT_EXCLUDES.iter().map(|&glob| (Path::new(""), glob));
    let options = Options::new(Globs::new(excludes).map_err(|error| error.to_string())?);
    let found = discover(folders, &options);
    if let Some((path, reason)) = found.errors.first() {
        return Err(format!("{}: {reason}", path.display()));
    }
    // Libraries hold files in odd encodings, for their tests: they are left out.
    let read = |path: PathBuf| Some(SourceFile { path: display(&path), text: decode::read(&path).ok()? });
    let files: Vec<SourceFile> = found.files.into_iter().filter_map(read).collect();
    if files.is_empty() { Err("no Python files there".into()) } else { Ok(files) }
}

/// The high-water mark of resident memory; 0 where there is no `/proc`.
fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: f64 = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0.0);
    kilobytes / 1024.0
}
