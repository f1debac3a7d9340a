//! Draws the panels as SVG: time since the loss from left to right, connects per second upwards.

use std::fmt::Write;

const WIDTH: f64 = 860.0;
const PANEL_HEIGHT: f64 = 190.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 44.0;
const PLOT_HEIGHT: f64 = 110.0;
const LINES: u32 = 4;

/// One curve with its frame.
pub(crate) struct Panel {
    pub(crate) title: String,
    /// How long the service is away, in seconds; shaded.
    pub(crate) away_s: f64,
    /// Width of an interval, in seconds.
    pub(crate) width_s: f64,
    /// Connects per second in each interval.
    pub(crate) rates: Vec<f64>,
}

/// The whole drawing.
pub(crate) fn draw(panels: &[Panel]) -> String {
    let height = PANEL_HEIGHT * panels.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (number, panel) in panels.iter().enumerate() {
        panel.draw(PANEL_HEIGHT * number as f64, &mut svg);
    }
    svg.push_str("</svg>\n");
    svg
}

impl Panel {
    fn draw(&self, above: f64, svg: &mut String) {
        let (seconds, highest) = (self.seconds(), self.highest());
        let bottom = above + TOP + PLOT_HEIGHT;
        let x = |time_s: f64| LEFT + (WIDTH - LEFT - RIGHT) * time_s / seconds;
        let y = |rate: f64| bottom - PLOT_HEIGHT * rate / highest;
        let mut line = |text: String| writeln!(svg, "{text}").expect("a String takes everything");
        line(format!("<text x=\"{LEFT}\" y=\"{:.1}\" font-weight=\"bold\">{}</text>", above + 22.0, self.title));
        line(format!(
            "<rect x=\"{LEFT}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{PLOT_HEIGHT}\" fill=\"#eee\"/>",
            above + TOP,
            x(self.away_s.min(seconds)) - LEFT
        ));
        for step in 0..=LINES {
            let share = f64::from(step) / f64::from(LINES);
            let (time_s, rate) = (seconds * share, highest * share);
            line(format!(
                "<path d=\"M{LEFT} {0:.1}H{1:.1}\" stroke=\"#ccc\"/><text x=\"{2:.1}\" y=\"{3:.1}\" text-anchor=\"end\">{rate:.0}/s</text>",
                y(rate),
                WIDTH - RIGHT,
                LEFT - 6.0,
                y(rate) + 4.0
            ));
            line(format!(
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{time_s:.0} s</text>",
                x(time_s),
                bottom + 16.0
            ));
        }
        line(format!("<path d=\"{}\" fill=\"#2a6fb0\" fill-opacity=\"0.35\" stroke=\"#2a6fb0\"/>", self.outline(x, y)));
    }

    fn outline(&self, x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) -> String {
        let mut path = format!("M{:.1} {:.1}", x(0.0), y(0.0));
        for (number, rate) in self.rates.iter().enumerate() {
            let end_s = (number + 1) as f64 * self.width_s;
            write!(path, "V{:.1}H{:.1}", y(*rate), x(end_s)).expect("a String takes everything");
        }
        path + &format!("V{:.1}Z", y(0.0))
    }

    fn seconds(&self) -> f64 {
        round_up(self.rates.len() as f64 * self.width_s)
    }

    fn highest(&self) -> f64 {
        round_up(self.rates.iter().copied().fold(1.0, f64::max))
    }
}

/// The next number that divides into quarters nicely.
fn round_up(value: f64) -> f64 {
    let unit = 10_f64.powf(value.log10().floor()).max(4.0 / 10.0);
    [1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 6.0, 8.0, 10.0]
        .into_iter()
        .map(|step| step * unit)
        .find(|step| *step >= value)
        .unwrap_or(value)
}
