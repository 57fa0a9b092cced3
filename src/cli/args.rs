//! The arguments.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::finding::Confidence;
use crate::inspect;
use crate::report;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Finds the bugs that NumPy's views and copies cause.
#[derive(Debug, Parser)]
#[command(name = "viewlint", version, styles = STYLES, max_term_width = 100)]
#[command(after_help = "`viewlint PATHS` is short for `viewlint check PATHS`.\n\
    Exit status: 0 nothing found, 1 findings, 2 an error (usage, or a file that cannot be read or parsed).")]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check files and folders [default command]
    Check(Box<CheckArgs>),
    /// Explain a rule
    Rule {
        /// Code (VL101) or name (write-through-view)
        code: String,
    },
    /// List the rules
    Rules {
        /// How the list is printed
        #[arg(long, value_enum, default_value_t)]
        output_format: ListFormat,
    },
    /// Show what the analysis knows of each array, line by line
    Inspect {
        /// Files, each with `:LINE` behind it for that line only
        #[arg(required = true, value_name = "FILE[:LINE]")]
        files: Vec<PathBuf>,
        /// How the table is printed
        #[arg(long, value_enum, default_value_t)]
        output_format: ListFormat,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// List the keys of the configuration, or explain one
    Config {
        /// A key
        key: Option<String>,
    },
}

/// Where the configuration comes from.
#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    /// Take this configuration file for all files, instead of the nearest one
    #[arg(long, value_name = "FILE", help_heading = "Configuration")]
    pub(super) config: Option<PathBuf>,
    /// Ignore all configuration files
    #[arg(long, conflicts_with = "config", help_heading = "Configuration")]
    pub(super) isolated: bool,
}

/// Reads `GLOB:RULE`.
fn per_file_ignore(text: &str) -> Result<(String, String), String> {
    // A Windows path has a colon of its own.
    let split = text.rsplit_once(':').filter(|(glob, rule)| !glob.is_empty() && !rule.is_empty());
    let (glob, rule) = split.ok_or_else(|| "not of the form GLOB:RULE, such as `tests/*:VL101`".to_owned())?;
    Ok((glob.trim().to_owned(), rule.trim().to_owned()))
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Files and folders to check; `-` is the standard input
    #[arg(default_value = ".")]
    pub(super) paths: Vec<PathBuf>,

    /// Rules to check, instead of all: codes, prefixes (VL1), names, ALL
    #[arg(long, value_name = "RULES", value_delimiter = ',', help_heading = "Rules")]
    pub(super) select: Option<Vec<String>>,
    /// Rules to leave out
    #[arg(long, value_name = "RULES", value_delimiter = ',', help_heading = "Rules")]
    pub(super) ignore: Vec<String>,
    /// Rules to check in addition to the selected ones
    #[arg(long, value_name = "RULES", value_delimiter = ',', help_heading = "Rules")]
    pub(super) extend_select: Vec<String>,
    /// Rules to leave out in files whose name or path matches, instead of the configuration's
    #[arg(long, value_name = "GLOB:RULE", value_delimiter = ',', value_parser = per_file_ignore, help_heading = "Rules")]
    pub(super) per_file_ignores: Option<Vec<(String, String)>>,
    /// How sure viewlint must be for a finding to be shown [default: likely]
    #[arg(long, value_enum, help_heading = "Rules")]
    pub(super) confidence: Option<Level>,

    /// How findings are printed [default: full]
    #[arg(long, value_enum, env = "VIEWLINT_OUTPUT_FORMAT", hide_env_values = true)]
    #[arg(help_heading = "Output")]
    pub(super) output_format: Option<OutputFormat>,
    /// Write to this file instead of the standard output
    #[arg(short, long, value_name = "FILE", env = "VIEWLINT_OUTPUT_FILE", hide_env_values = true)]
    #[arg(help_heading = "Output")]
    pub(super) output_file: Option<PathBuf>,
    /// Print how many findings each rule has, and what was analysed, instead of the findings
    #[arg(long, help_heading = "Output")]
    pub(super) statistics: bool,
    /// Print findings and nothing else
    #[arg(short, long, help_heading = "Output")]
    pub(super) quiet: bool,
    /// Exit with status 0 even if there are findings or broken files
    #[arg(long, help_heading = "Output")]
    pub(super) exit_zero: bool,
    /// When to use colours (NO_COLOR and FORCE_COLOR are respected)
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", help_heading = "Output")]
    pub(super) color: When,

    /// Leave out files and folders of these names or paths, instead of the default list
    #[arg(long, value_name = "GLOB", value_delimiter = ',', help_heading = "Files")]
    pub(super) exclude: Option<Vec<String>>,
    /// Leave out these files and folders, too
    #[arg(long, value_name = "GLOB", value_delimiter = ',', help_heading = "Files")]
    pub(super) extend_exclude: Vec<String>,
    /// Leave out excluded files even if they are named
    #[arg(long, help_heading = "Files")]
    pub(super) force_exclude: bool,
    /// Check files that git ignores
    #[arg(long, help_heading = "Files")]
    pub(super) no_respect_gitignore: bool,
    /// Check the standard input, as if it were this file
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub(super) stdin_filename: Option<PathBuf>,

    /// How many threads to use [default: one for each processor]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(super) jobs: Option<u16>,
    #[command(flatten)]
    pub(super) config: ConfigArgs,
    /// Analyse everything again (nothing is cached yet)
    #[arg(short, long)]
    pub(super) no_cache: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum OutputFormat {
    /// The source with the whole story drawn into it
    Full,
    /// One line for each finding
    Concise,
    /// A JSON array
    Json,
    /// GitHub annotations
    Github,
}

impl From<OutputFormat> for report::Format {
    fn from(format: OutputFormat) -> report::Format {
        match format {
            OutputFormat::Full => report::Format::Full,
            OutputFormat::Concise => report::Format::Concise,
            OutputFormat::Json => report::Format::Json,
            OutputFormat::Github => report::Format::Github,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// A table
    #[default]
    Text,
    /// JSON
    Json,
}

impl From<ListFormat> for inspect::Format {
    fn from(format: ListFormat) -> inspect::Format {
        match format {
            ListFormat::Text => inspect::Format::Text,
            ListFormat::Json => inspect::Format::Json,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Level {
    /// Everything that is worth a look
    Possible,
    /// What probably is a bug or a hazard
    Likely,
    /// What the analysis proves
    Certain,
}

impl From<Level> for Confidence {
    fn from(level: Level) -> Confidence {
        match level {
            Level::Possible => Confidence::Possible,
            Level::Likely => Confidence::Likely,
            Level::Certain => Confidence::Certain,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// On terminals
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
