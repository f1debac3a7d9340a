//! Gives labels out: to the printer or as a file. A label that a person wants is on record with the person before it leaves.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::http::StatusCode;
use firstpass_domain::{AuditKind, Mac, Problem};
use firstpass_store::Act;
use serde_json::json;

pub(crate) use super::shelf::Entry;
use super::{
    drawing::Drawing,
    layout::{self, Claim},
    png,
    printer::{Printer, PrinterAddress, PrinterError},
    shelf, svg,
    template::Template,
    values::LabelUnit,
    zpl::{self, Copies},
};
use crate::{
    App, Settings,
    problem::{Answer, HttpProblem},
};

/// What stands on a marked label for what the unit does not have any more.
const LOST: &str = "-";

/// What the server keeps for labels.
#[derive(Debug)]
pub(crate) struct Labels {
    printer: Option<Printer>,
    /// How the automatic labels fare.
    follow: Mutex<Following>,
}

/// How the automatic labels fare.
#[derive(Debug, Clone, Default)]
pub(crate) struct Following {
    /// Why the last one was not printed; `None` when it was.
    pub(crate) problem: Option<Problem>,
    /// How many were printed since the server started.
    pub(crate) printed: u64,
    /// Units that will get none, and why; the newest last.
    pub(crate) skipped: VecDeque<(Mac, String)>,
}

/// A form in which a label is given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For printers that speak it.
    Zpl,
    /// For people and for programs.
    Svg,
    /// One bit for each dot.
    Png,
}

impl Form {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Zpl, Self::Svg, Self::Png];

    /// Ending of its files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Zpl => "zpl",
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }

    /// By the ending.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }

    /// Its media type.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Zpl => "application/vnd.zebra-zpl; charset=utf-8",
            Self::Svg => "image/svg+xml",
            Self::Png => "image/png",
        }
    }
}

/// A label that can be given out.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    /// Of which unit.
    pub(crate) unit: LabelUnit,
    /// By which template.
    pub(crate) template: Entry,
    drawing: Drawing,
}

/// A label that a person wanted was not printed, as far as is known.
#[derive(Debug)]
pub(crate) struct NotPrinted {
    problem: HttpProblem,
    /// Whether it may come out all the same.
    pub(crate) perhaps: bool,
}

impl From<HttpProblem> for NotPrinted {
    fn from(problem: HttpProblem) -> Self {
        Self { problem, perhaps: false }
    }
}

impl From<NotPrinted> for HttpProblem {
    fn from(not: NotPrinted) -> Self {
        not.problem
    }
}

/// What is on record of a label besides the unit.
struct Note<'a> {
    form: Form,
    to: &'a str,
    copies: Copies,
    /// The audit entry of the pass that it was printed for by itself.
    pass: Option<i64>,
    /// Why it was not printed after all.
    failed: Option<&'a str>,
}

impl Labels {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self { printer: settings.label_printer.clone().map(Printer::new), follow: Mutex::default() }
    }

    /// The printer's address, when there is a printer.
    pub(crate) fn printer(&self) -> Option<&PrinterAddress> {
        self.printer.as_ref().map(Printer::address)
    }

    /// How the automatic labels fare.
    pub(crate) fn following(&self) -> Following {
        self.follow().clone()
    }

    pub(super) fn follow(&self) -> MutexGuard<'_, Following> {
        self.follow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Label {
    /// Draws a unit's label; that of a unit which has not passed is marked so.
    pub(crate) async fn draw(app: &App, mac: Mac, template: &str) -> Answer<Self> {
        let now = (app.services.clock)();
        let unit = LabelUnit::read(app.services.store.as_ref(), mac, now).await?;
        let unit = unit.ok_or_else(|| HttpProblem::not_found(format!("There is no unit {mac}.")))?;
        let (entry, template) = usable(app, template)?;
        let drawing = draw(&template, &unit)?;
        Ok(Self { unit, template: entry, drawing })
    }

    /// The label as a file.
    pub(crate) fn file(&self, form: Form) -> Vec<u8> {
        file(&self.drawing, form, Copies::ONE)
    }

    /// Refuses a label for a unit that has not passed, unless the person knows that it will say so.
    pub(crate) fn checked(self, marked: bool) -> Answer<Self> {
        match &self.unit.why_not {
            Some(why) if !marked => Err(not_passed(self.unit.mac, why)),
            Some(_) | None => Ok(self),
        }
    }

    /// Prints it for a person, with whom it is on record before it leaves.
    pub(crate) async fn print(&self, app: &App, copies: Copies, act: &Act) -> Result<(), NotPrinted> {
        let printer = app.labels.printer.as_ref().ok_or_else(no_printer)?;
        let to = printer.address().to_string();
        let note = Note { form: Form::Zpl, to: &to, copies, pass: None, failed: None };
        self.note(app, &note, act).await?;
        let Err(error) = self.send(printer, copies).await else { return Ok(()) };
        let failed = error.to_string();
        let noted = self.note(app, &Note { failed: Some(&failed), ..note }, act).await;
        let told = || HttpProblem::told(StatusCode::BAD_GATEWAY, error.problem());
        Err(NotPrinted { problem: noted.err().unwrap_or_else(told), perhaps: error.may_be_printed() })
    }

    /// Sends it for a pass. It is noted afterwards, by [`Self::note_for_pass`]: the note says which pass is done, and a
    /// printer that is out for hours is tried again and again.
    pub(super) async fn send_for_pass(&self, app: &App) -> Answer<()> {
        let printer = app.labels.printer.as_ref().ok_or_else(no_printer)?;
        let sent = self.send(printer, Copies::ONE).await;
        sent.map_err(|error| HttpProblem::told(StatusCode::BAD_GATEWAY, error.problem()))
    }

    /// Notes that it was sent for the pass in audit entry `pass`.
    pub(super) async fn note_for_pass(&self, app: &App, pass: i64, act: &Act) -> Answer<()> {
        let to = app.labels.printer().map(ToString::to_string).unwrap_or_default();
        let note = Note { form: Form::Zpl, to: &to, copies: Copies::ONE, pass: Some(pass), failed: None };
        self.note(app, &note, act).await
    }

    async fn send(&self, printer: &Printer, copies: Copies) -> Result<(), PrinterError> {
        printer.print(&file(&self.drawing, Form::Zpl, copies)).await
    }

    /// Gives it out as a file.
    pub(crate) async fn download(&self, app: &App, form: Form, act: &Act) -> Answer<Vec<u8>> {
        let note = Note { form, to: "download", copies: Copies::ONE, pass: None, failed: None };
        self.note(app, &note, act).await?;
        Ok(self.file(form))
    }

    /// Name of its file.
    pub(crate) fn file_name(&self, form: Form) -> String {
        let mac = self.unit.mac.to_string().replace(':', "");
        format!("label-{mac}-{}.{}", self.template.id, form.name())
    }

    async fn note(&self, app: &App, note: &Note<'_>, act: &Act) -> Answer<()> {
        let Note { form, to, copies, pass, failed } = note;
        let claim = match self.unit.claim {
            Claim::Passed => "passed",
            Claim::NotPassed => "not_passed",
        };
        let mut body = json!({
            "template": self.template.id, "template_sha256": self.template.hash, "form": form.name(), "to": to,
            "claim": claim, "copies": copies.count(), "run": self.unit.run.as_ref().map(|run| run.id),
        });
        if let Some(pass) = pass {
            body["pass"] = (*pass).into();
        }
        if let Some(why) = failed {
            body["failed"] = (*why).into();
        }
        let (store, now) = (&app.services.store, (app.services.clock)());
        Ok(store.note(AuditKind::LabelPrinted, &self.unit.mac.to_string(), body, act, now).await?)
    }
}

/// A unit that there is not, on a template.
pub(crate) fn sample(template: &Template, form: Form) -> Answer<Vec<u8>> {
    let drawing = layout::draw(template, &super::values::sample, Claim::Passed);
    let drawing = drawing.map_err(|error| unprocessable(error.problem()))?;
    Ok(file(&drawing, form, Copies::ONE))
}

/// A template that can be used.
pub(crate) fn usable(app: &App, id: &str) -> Answer<(Entry, Template)> {
    let found = shelf::by_id(app.settings.labels_dir.as_deref(), id).map_err(|error| unreadable(app, &error))?;
    let entry = found.ok_or_else(|| HttpProblem::not_found(format!("There is no label template {id}.")))?;
    let template = entry.result.clone().map_err(|error| unprocessable(error.problem()))?;
    Ok((entry, template))
}

/// All templates, also those that cannot be used.
pub(crate) fn templates(app: &App) -> Answer<Vec<Entry>> {
    shelf::all(app.settings.labels_dir.as_deref()).map_err(|error| unreadable(app, &error))
}

/// A unit that has not passed may have lost what a template asks for, and can be told by the rest.
fn draw(template: &Template, unit: &LabelUnit) -> Answer<Drawing> {
    let lost = || (unit.claim == Claim::NotPassed).then(|| LOST.to_owned());
    let drawing = layout::draw(template, &|placeholder| unit.value(placeholder).or_else(lost), unit.claim);
    drawing.map_err(|error| unprocessable(error.problem()))
}

fn file(drawing: &Drawing, form: Form, copies: Copies) -> Vec<u8> {
    match form {
        Form::Zpl => zpl::render(drawing, copies).into_bytes(),
        Form::Svg => svg::render(drawing).into_bytes(),
        Form::Png => png::render(drawing),
    }
}

fn unprocessable(problem: Problem) -> HttpProblem {
    HttpProblem::told(StatusCode::UNPROCESSABLE_ENTITY, problem)
}

fn not_passed(mac: Mac, why: &str) -> HttpProblem {
    let what = format!("Unit {mac} has not passed, so it gets no such label.");
    let remedy = "Let it pass first, or confirm that NOT PASSED is printed across the label.";
    HttpProblem::new(StatusCode::CONFLICT, "unit_not_passed", what, format!("On record {why}."), remedy)
}

fn no_printer() -> HttpProblem {
    let why = "The configuration names none.";
    let remedy = "Download the label, or name the printer as [server] label_printer = \"host:9100\".";
    HttpProblem::new(StatusCode::CONFLICT, "no_label_printer", "There is no label printer.", why, remedy)
}

fn unreadable(app: &App, error: &std::io::Error) -> HttpProblem {
    let folder = app.settings.labels_dir.as_ref().map(|folder| folder.display().to_string()).unwrap_or_default();
    let remedy = "Check [server] labels_dir in the configuration, and the folder's rights.";
    HttpProblem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "labels_unreadable",
        "The label templates cannot be read.",
        format!("{folder}: {error}."),
        remedy,
    )
}
