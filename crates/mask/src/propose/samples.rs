//! What sampled values say: how many of them are what. Knows no names.

use super::{
    ColumnEvidence, Kind, crowd::Crowd, faint::Faint, forms, frame::Frame, numbers, recognise,
};
use crate::{checksum, scan};
use model::Label;

/// Samples that are looked at; more do not change a share that matters.
const MAX_SAMPLES: usize = 1_000;
/// Characters of a sample that are looked at.
const MAX_SAMPLE: usize = 4_096;
/// A share below this says nothing about a column.
const LEAST_SHARE: f32 = 0.6;

/// Digits of an account that were hardly counted up.
const LONG_ACCOUNT: usize = 8;

/// What samples speak for.
pub(super) struct Verdict {
    pub(super) label: Label,
    pub(super) share: f32,
    /// The evidence in words.
    pub(super) why: String,
    /// Each value by itself says nothing.
    pub(super) faint: bool,
}

/// Counts over the samples.
#[derive(Debug, Default)]
pub(super) struct Survey {
    total: usize,
    kind: Option<Kind>,
    counts: Vec<(Label, usize)>,
    prose: usize,
    prose_with_names: usize,
    /// Prose that names somebody by its first word alone, which may be another word.
    prose_opened: usize,
    digits_only: usize,
    short_codes: usize,
    /// Shaped like a full name, and of these the ones with a given name that many bear.
    name_shaped: usize,
    given_names: usize,
    eastern_names: usize,
    companies: usize,
    streets: usize,
    housed: usize,
    phone_shaped: usize,
    phone_sure: usize,
    distinct: usize,
    vectors: usize,
    /// By kind: national numbers whose check many others pass too.
    national: [usize; numbers::KINDS],
    chinese_mobiles: usize,
    /// Numbers of banks; digits that may be an account's, and which they begin with, as bits.
    banks: usize,
    accounts: usize,
    long_accounts: usize,
    account_heads: u16,
    /// Fingerprints of keys; digits so few that no bank has such accounts.
    digests: usize,
    ledger: usize,
    crowd: Crowd,
    faint: Faint,
    /// What the values are judged by beside themselves.
    pub(super) frame: Frame,
}

impl Survey {
    /// What stands beside the column is not known yet.
    pub(super) fn of(evidence: &ColumnEvidence<'_>) -> Self {
        let (samples, kind) = (evidence.samples, Kind::of(evidence));
        let frame = Frame::of(evidence, &[]);
        let mut survey = Self { kind: Some(kind), frame, ..Self::default() };
        let mut seen = std::collections::HashSet::new();
        for sample in samples.iter().take(MAX_SAMPLES) {
            let value: String = sample.trim().chars().take(MAX_SAMPLE).collect();
            if value.is_empty() {
                continue;
            }
            survey.total += 1;
            survey.add(&value, kind);
            seen.insert(value);
        }
        survey.distinct = seen.len();
        survey
    }

    fn add(&mut self, value: &str, kind: Kind) {
        self.faint.add(value, kind);
        match kind {
            Kind::Text => self.add_text(value),
            Kind::Integer | Kind::Decimal => {
                self.add_account(value);
                let digits: Vec<u8> = value.bytes().map(|b| b.wrapping_sub(b'0')).collect();
                if digits.iter().all(|digit| *digit < 10) && checksum::card(&digits) {
                    self.count(Label::PAYMENT_CARD);
                }
            }
            Kind::Float
            | Kind::Date
            | Kind::Timestamp
            | Kind::Boolean
            | Kind::Network
            | Kind::Bytes
            | Kind::Json
            | Kind::Point
            | Kind::Uuid
            | Kind::Vector
            | Kind::FloatArray
            | Kind::Other => {}
        }
    }

    fn add_text(&mut self, value: &str) {
        let label = recognise(value).or_else(|| forms::by_form(value));
        let shaped = forms::is_phone_shaped(value);
        self.phone_shaped += usize::from(shaped || label == Some(Label::PHONE));
        let sure = label == Some(Label::PHONE) || value.starts_with('+') || value.contains('(');
        self.phone_sure += usize::from(shaped && sure);
        if let Some(label) = label {
            self.count(label);
        }
        numbers::count(value, &mut self.national);
        self.digests += usize::from(forms::is_digest(value));
        self.add_account(value);
        self.chinese_mobiles += usize::from(forms::is_chinese_mobile(value));
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        self.digits_only += usize::from(digits == value.len());
        self.short_codes += usize::from(value.len() <= 3);
        self.streets += usize::from(forms::is_street(value));
        self.housed += usize::from(forms::is_housed(value));
        self.companies += usize::from(forms::is_company(value));
        let shaped = forms::is_name_shaped(value);
        self.name_shaped += usize::from(shaped);
        let known = forms::has_given_name(value) || forms::has_slavic_name(value);
        self.given_names += usize::from(shaped && known);
        self.eastern_names += usize::from(forms::is_eastern_name(value));
        self.crowd.add(value);
        self.vectors += usize::from(value.starts_with('[') && value.len() > 100 && digits > 50);
        if forms::is_prose(value) {
            self.prose += 1;
            let named = scan::holds_names(value) || forms::has_given_name_inside(value);
            self.prose_with_names += usize::from(named);
            self.prose_opened += usize::from(!named && forms::has_given_name(value));
        }
    }

    fn add_account(&mut self, value: &str) {
        self.banks += usize::from(numbers::american_bank(value));
        let digits = (6..=17).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
        self.accounts += usize::from(digits);
        self.ledger += usize::from(forms::is_ledger_account(value));
        self.long_accounts += usize::from(digits && value.len() >= LONG_ACCOUNT);
        if let Some(first) = value.bytes().next().filter(|_| digits) {
            self.account_heads |= 1 << (first - b'0');
        }
    }

    /// True if the samples are numbers of banks: one number in ten passes their check by chance.
    pub(super) fn are_banks(&self) -> bool {
        self.total >= 10 && self.distinct >= 3 && self.share(self.banks) >= 0.95
    }

    /// True if the samples are fingerprints of keys or certificates.
    pub(super) fn are_digests(&self) -> bool {
        self.total > 0 && self.share(self.digests) >= 0.9
    }

    /// True if all samples are as short as the accounts of a ledger.
    pub(super) fn are_ledger_accounts(&self) -> bool {
        self.total >= 3 && self.ledger == self.total
    }

    /// Digits of an account, told by the number of its bank beside it, or long ones by what else
    /// stands in a payroll: they differ and were not counted up.
    fn accounts(&self) -> Option<(Label, usize)> {
        let drawn = self.account_heads.count_ones() >= 4 && self.distinct * 10 >= self.total * 8;
        let count = match (self.frame.banks, self.frame.payroll && self.frame.people) {
            (true, _) => self.accounts,
            (false, true) => self.long_accounts,
            (false, false) => return None,
        };
        let told = self.frame.nameless && self.total >= 10 && drawn;
        (told && self.share(count) >= 0.95).then_some((Label::BANK_ACCOUNT, count))
    }

    fn count(&mut self, label: Label) {
        match self.counts.iter_mut().find(|(known, _)| *known == label) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((label, 1)),
        }
    }

    fn share(&self, count: usize) -> f32 {
        if self.total == 0 { 0.0 } else { count as f32 / self.total as f32 }
    }

    fn of_label(&self, label: &Label) -> usize {
        self.counts.iter().find(|(known, _)| known == label).map_or(0, |(_, count)| *count)
    }

    /// True if at least half of the samples are what the label says.
    pub(super) fn supports(&self, label: &Label) -> bool {
        self.total > 0 && self.share(self.of_label(label)) >= 0.5
    }

    /// Why the samples cannot be what a name promised: a `phone` of three letters, a name of
    /// digits. Needs a handful of samples; a doubt is no contradiction.
    pub(super) fn contradicts(&self, label: &Label) -> Option<String> {
        if self.total < 5 || self.kind != Some(Kind::Text) {
            return None;
        }
        let of_few = [Label::CREDENTIAL, Label::POSTAL_ADDRESS].contains(label);
        let numbers = [Label::PHONE, Label::PAYMENT_CARD].contains(label);
        if numbers && self.of_label(label) == 0 && self.share(self.short_codes) > 0.5 {
            return Some(format!("most of {} samples are too short", self.total));
        }
        if of_few && self.distinct <= 3 && self.total >= 20 {
            return Some(format!("{} samples have {} values", self.total, self.distinct));
        }
        let digits = *label == Label::PERSON_NAME && self.share(self.digits_only) > 0.9;
        digits.then(|| format!("nearly all of {} samples are digits", self.total))
    }

    /// True if there are values and they are not what names of persons look like: neither two to
    /// five capitalised words nor given names that many bear.
    pub(super) fn unlike_names(&self) -> bool {
        self.total >= 3 && self.share(self.name_shaped) < 0.5 && self.given_names == 0
    }

    /// What was looked at, in words.
    pub(super) fn extent(&self) -> String {
        match self.total {
            0 => "there were no values to sample".to_owned(),
            total => format!("{total} values were sampled, {} of them different", self.distinct),
        }
    }

    /// The label that most samples are.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        if self.total < 3 {
            return None;
        }
        let found = self.counts.iter().max_by_key(|(_, count)| *count);
        let found = found.map(|(label, count)| (label.clone(), *count));
        // Fewer have a word that only addresses have than have the shape of one.
        let streets = (self.share(self.streets) >= 0.3 && !self.frame.otherwise)
            .then_some((Label::POSTAL_ADDRESS, self.housed.max(self.streets)));
        // Local numbers are sure to be telephone numbers where some beside them are.
        let sure = if self.frame.people { 0.01 } else { 0.15 };
        let phones = (self.share(self.phone_sure) >= sure && self.share(self.phone_shaped) >= 0.9)
            .then_some((Label::PHONE, self.phone_shaped));
        let mobiles = (self.total >= 10 && self.share(self.chinese_mobiles) >= 0.95)
            .then_some((Label::PHONE, self.chinese_mobiles));
        let most = self.national.iter().max().copied().unwrap_or(0);
        let national = (self.total >= 10 && self.distinct > 5 && self.share(most) >= 0.85)
            .then_some((Label::NATIONAL_ID, most));
        let names = self.names().map(|count| (Label::PERSON_NAME, count));
        let vectors = (self.vectors > 0).then_some((Label::EMBEDDING, self.vectors));
        let verdict = |(label, count): (Label, usize)| Verdict {
            why: format!("{count} of {} samples are {label}", self.total),
            share: self.share(count),
            label,
            faint: false,
        };
        let banks = self.are_banks().then_some((Label::BANK_ACCOUNT, self.banks));
        [banks, found, national, phones, mobiles, streets, names, vectors]
            .into_iter()
            .flatten()
            .find(|(_, count)| self.share(*count) >= LEAST_SHARE)
            .map(verdict)
            .or_else(|| self.faintly())
    }

    /// What the samples are by forms that tell something only where all have them.
    fn faintly(&self) -> Option<Verdict> {
        let faint = || self.faint.verdict(self.total, self.distinct, self.frame);
        let (label, count) = self.accounts().or_else(faint)?;
        let why = format!("{count} of {} samples have the form of {label}", self.total);
        let nameless =
            if self.frame.nameless { ", and the column's name says nothing" } else { "" };
        let beside = if self.frame.people { ", beside columns about persons" } else { "" };
        let beside = match label == Label::BANK_ACCOUNT {
            true if self.frame.banks => ", beside numbers of banks",
            true => ", beside an income and a national id of persons",
            false => beside,
        };
        let why = format!("{why}{nameless}{beside}");
        Some(Verdict { label, share: self.share(count), why, faint: true })
    }

    /// Samples that are names of persons, if enough are. Many languages have more given names than
    /// any list: some known ones are enough where nearly all values have the shape of a name and
    /// differ, and few end as companies do.
    fn names(&self) -> Option<usize> {
        let vary = self.distinct * 10 >= self.total * 3 && self.share(self.companies) < 0.05;
        let full = self.given_names > 2
            && self.share(self.given_names) >= 0.15
            && self.share(self.name_shaped) >= 0.8;
        // Any two signs may begin like a family name: nearly all have to, and differ.
        if self.total >= 5 && self.share(self.eastern_names) >= 0.75 && vary {
            return Some(self.eastern_names);
        }
        let full = (vary && full && !self.frame.otherwise).then_some(self.name_shaped);
        full.or_else(|| self.crowd.names(self.total, self.distinct, self.frame))
    }

    /// Samples of prose that name people, and samples of prose; none where prose is an exception.
    pub(super) fn prose_with_names(&self) -> (usize, usize) {
        // `Rizzo, Bianchi e figli` is no prose either.
        if self.share(self.prose) < 0.05 || self.share(self.companies) > 0.2 {
            return (0, 0);
        }
        let opened = if self.prose_opened * 10 >= self.prose { self.prose_opened } else { 0 };
        (self.prose_with_names + opened, self.prose)
    }
}
