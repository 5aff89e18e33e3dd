//! The arguments of reports. Knows not how they are made.

use super::answers::Place;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `weir report …`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  weir report soc2 --since 2026-04-01 --until 2026-06-30 --out soc2.html
  weir report pci --key ledger.pub --format json --out pci.json
  weir report hipaa --format pdf --out hipaa.pdf
  weir report person alice --out alice.html          what she did, and what is recorded of her
  weir report access customers.email --out email.html
  weir report subject ann@example.org 4711 --out ann.html
  weir report job churn-v3 --out churn.html          which data fed it, on whose authority

Each figure stands beside the query that gave it, and some of the records behind it with proofs
that need no Weir to be checked. What a record alone cannot show is said. A report is a reading of
the record, and is recorded itself. See docs/reports.md.")]
pub(crate) enum ReportCommand {
    /// SOC 2: CC6 (access) and CC7 (operations).
    Soc2(ReportArgs),
    /// ISO/IEC 27001:2022, Annex A: access, identities, masking, logging.
    Iso27001(ReportArgs),
    /// HIPAA Security Rule: technical safeguards, review of activity.
    Hipaa(ReportArgs),
    /// GDPR: principles, records of processing, security of processing.
    Gdpr(ReportArgs),
    /// PCI DSS v4: masking of card numbers, need to know, identification, logging.
    Pci(ReportArgs),
    /// One identity, with agents that act for it: what it did, and what is recorded of it.
    Person {
        /// Its name.
        name: String,
        #[command(flatten)]
        args: ReportArgs,
    },
    /// One column or label: who was given its values, raw or masked.
    Access {
        /// `customers.email`, `public.customers.email`, or a label: `email`.
        target: String,
        #[command(flatten)]
        args: ReportArgs,
    },
    /// One data subject: which statements named a value of it, who was given rows by them, what
    /// they changed and erased. The value stands neither in the report nor in the record.
    Subject {
        /// An address, a number, …, as clients send it; several of the same person.
        #[arg(value_name = "VALUE", required = true)]
        values: Vec<String>,
        #[command(flatten)]
        args: ReportArgs,
    },
    /// A model or a job: which data fed it, with which labels, raw or masked, on whose authority.
    Job {
        /// An identity; if the record knows none of that name, what sessions called themselves
        /// (`application_name`).
        name: String,
        /// The name is what sessions called themselves, whoever's they were.
        #[arg(long)]
        application: bool,
        #[command(flatten)]
        args: ReportArgs,
    },
}

/// What all reports take.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The first day (UTC), YYYY-MM-DD; the record's first unless given.
    #[arg(long, value_name = "DAY")]
    pub(crate) since: Option<String>,
    /// The last day, itself included; today unless given.
    #[arg(long, value_name = "DAY")]
    pub(crate) until: Option<String>,
    /// In which form.
    #[arg(long, value_enum, default_value_t = ReportFormat::Html)]
    pub(crate) format: ReportFormat,
    /// The file to write, readable by you alone; standard output unless given.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// How many records with their proofs stand behind each figure.
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    pub(crate) samples: usize,
    /// The public keys of the ledger, kept elsewhere, to verify it by; those that lie in it unless
    /// given.
    #[arg(long, value_name = "FILE", conflicts_with = "no_verify")]
    pub(crate) key: Option<PathBuf>,
    /// Do not verify the whole ledger first; the report says so.
    #[arg(long)]
    pub(crate) no_verify: bool,
    /// How many seconds one question may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) timeout: u64,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// One page that needs nothing else: for a browser, and for print.
    Html,
    /// Plain pages with the same content, for whoever files them.
    Pdf,
    /// Everything that the page has, for machines.
    Json,
}
