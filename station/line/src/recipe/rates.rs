//! Baud rates for flashing and time limits of a recipe.

use std::time::Duration;

use toml::Spanned;

use super::{
    RecipeError, Timeouts,
    error::Source,
    raw::{RawBaud, RawTimeouts},
};

/// Baud rates that the loader and common adapters take.
const BAUD_RANGE: std::ops::RangeInclusive<u32> = 9_600..=4_000_000;
/// Baud rate when the recipe names none.
const BAUD_DEFAULT: u32 = 921_600;
/// Rates that a link falls back to when a faster one does not hold.
const BAUD_STEPS: [u32; 2] = [460_800, 115_200];
/// Longest time limit or code lifetime that makes sense on a line, in seconds.
const SECONDS_MAX: u64 = 24 * 60 * 60;

/// The rates to try, the fastest first.
pub(super) fn bauds(source: Source<'_>, raw: Option<&Spanned<RawBaud>>) -> Result<Vec<u32>, RecipeError> {
    let Some(raw) = raw else { return Ok(with_steps(BAUD_DEFAULT)) };
    let checked = |baud: i64| check_baud(source, raw, baud);
    let bauds = match raw.get_ref() {
        RawBaud::Fastest(baud) => with_steps(checked(*baud)?),
        RawBaud::List(bauds) => bauds.iter().map(|baud| checked(*baud)).collect::<Result<Vec<_>, _>>()?,
    };
    if bauds.is_empty() || !bauds.is_sorted_by(|faster, slower| faster > slower) {
        let remedy = "List each rate once, the fastest first, such as [921600, 460800, 115200].";
        return Err(source.error(raw.span(), "recipe_value", "the rates do not fall from each to the next", remedy));
    }
    Ok(bauds)
}

fn with_steps(fastest: u32) -> Vec<u32> {
    [fastest].into_iter().chain(BAUD_STEPS.into_iter().filter(|step| *step < fastest)).collect()
}

fn check_baud(source: Source<'_>, raw: &Spanned<RawBaud>, baud: i64) -> Result<u32, RecipeError> {
    let fits = u32::try_from(baud).ok().filter(|baud| BAUD_RANGE.contains(baud));
    fits.ok_or_else(|| {
        let remedy = format!("Choose one from {} to {}, such as 921600.", BAUD_RANGE.start(), BAUD_RANGE.end());
        source.error(raw.span(), "recipe_value", format!("{baud} is no baud rate for flashing"), remedy)
    })
}

/// The time limits, by default those of a line that works.
pub(super) fn timeouts(source: Source<'_>, raw: &RawTimeouts) -> Result<Timeouts, RecipeError> {
    let or = |value: &Option<Spanned<u64>>, default_s| seconds(source, value.as_ref(), Duration::from_secs(default_s));
    Ok(Timeouts {
        identify: or(&raw.identify_s, 30)?,
        flash: or(&raw.flash_s, 180)?,
        boot: or(&raw.boot_s, 15)?,
        provision: or(&raw.provision_s, 60)?,
        connect: or(&raw.connect_s, 60)?,
        attest: or(&raw.attest_s, 60)?,
        ota: or(&raw.ota_s, 180)?,
    })
}

/// A time in whole seconds.
pub(super) fn seconds(
    source: Source<'_>,
    value: Option<&Spanned<u64>>,
    default: Duration,
) -> Result<Duration, RecipeError> {
    match value {
        None => Ok(default),
        Some(value) if (1..=SECONDS_MAX).contains(value.get_ref()) => Ok(Duration::from_secs(*value.get_ref())),
        Some(value) => {
            let what = format!("{} seconds make no sense here", value.get_ref());
            Err(source.error(value.span(), "recipe_value", what, format!("Write 1 to {SECONDS_MAX} seconds.")))
        }
    }
}
