//! The time of day: unknown at the start, then told once or more. Certificates are judged by it; while it is unknown,
//! Mbed TLS finds every certificate both expired and not yet valid.
#![expect(unsafe_code, reason = "Mbed TLS takes its clock through a hook that is set before its first use")]

use core::sync::atomic::{AtomicU32, Ordering};

use mbedtls_rs::sys::hook::timer::{MbedtlsTimer, hook_timer};
use mbedtls_rs::sys::hook::wall_clock::{MbedtlsWallClock, hook_wall_clock};
use mbedtls_rs::sys::{mbedtls_ms_time_t, tm};

const DAY_S: i64 = 86_400;

/// Seconds since 1970 at the start of the unit; 0 while nobody has told. In 32 bits, which last until 2106.
static STARTED_AT_S: AtomicU32 = AtomicU32::new(0);

/// The unit's clock.
#[derive(Debug, Clone, Copy)]
pub struct WallClock;

impl WallClock {
    /// Puts the clock in the place where Mbed TLS looks for one. To be called before any use of TLS.
    pub fn install() {
        // SAFETY: nothing of Mbed TLS runs yet, and the hooks are static and never taken away.
        unsafe {
            hook_timer(Some(&WallClock));
            hook_wall_clock(Some(&WallClock));
        }
    }

    /// Sets the time of day, in seconds since 1970; a time before the start of 1970 plus the uptime is none.
    pub fn set(unix_s: u64) {
        let started = unix_s.saturating_sub(uptime_s());
        STARTED_AT_S.store(u32::try_from(started).unwrap_or(0), Ordering::Relaxed);
    }

    /// Forgets the time of day.
    pub fn forget() {
        STARTED_AT_S.store(0, Ordering::Relaxed);
    }

    /// Seconds since 1970, if known.
    pub fn now() -> Option<u64> {
        let started = STARTED_AT_S.load(Ordering::Relaxed);
        (started != 0).then(|| u64::from(started) + uptime_s())
    }
}

impl MbedtlsWallClock for WallClock {
    fn instant(&self) -> Option<tm> {
        Self::now().map(|unix_s| calendar(unix_s as i64))
    }
}

impl MbedtlsTimer for WallClock {
    fn now(&self) -> mbedtls_ms_time_t {
        embassy_time::Instant::now().as_millis() as mbedtls_ms_time_t
    }
}

fn uptime_s() -> u64 {
    embassy_time::Instant::now().as_secs()
}

/// Seconds since 1970 of a day and time in UTC.
pub(crate) fn unix_s(year: i64, month: i64, day: i64, second_of_day: i64) -> i64 {
    // Days from the civil date, with years that begin in March (H. Hinnant, "chrono-compatible low-level date algorithms").
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era - 719_468) * DAY_S + second_of_day
}

/// The calendar date of seconds since 1970, in UTC.
fn calendar(unix_s: i64) -> tm {
    let (days, second) = (unix_s.div_euclid(DAY_S), unix_s.rem_euclid(DAY_S));
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    tm {
        tm_sec: (second % 60) as i32,
        tm_min: (second / 60 % 60) as i32,
        tm_hour: (second / 3600) as i32,
        tm_mday: (day_of_year - (153 * month_from_march + 2) / 5 + 1) as i32,
        tm_mon: month as i32 - 1,
        tm_year: year as i32 - 1900,
        tm_wday: (days + 4).rem_euclid(7) as i32,
        ..tm::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_goes_into_seconds_and_back() {
        for (unix, year, month, day) in
            [(0, 1970, 1, 1), (951_782_400, 2000, 2, 29), (1_798_675_200, 2026, 12, 31), (4_102_444_800, 2100, 1, 1)]
        {
            assert_eq!(unix_s(year, month, day, 0), unix);
            let date = calendar(unix + 3_723);
            assert_eq!((date.tm_year + 1900, date.tm_mon + 1, date.tm_mday), (year as i32, month as i32, day as i32));
            assert_eq!((date.tm_hour, date.tm_min, date.tm_sec), (1, 2, 3));
        }
    }
}
