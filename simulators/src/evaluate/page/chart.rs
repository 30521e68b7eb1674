//! Axes with titles, units and round ticks, as SVG.

use std::fmt::Write as _;

/// Room around a chart's own ground for titles and ticks, in pixels.
const LEFT: f64 = 68.0;
const RIGHT: f64 = 22.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 44.0;

/// One axis: what it shows, from where to where, and where its ticks are.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    pub title: &'static str,
    pub from: f64,
    pub to: f64,
    pub ticks: Vec<(f64, String)>,
}

impl Axis {
    /// An axis from `from` to `to` with about five ticks at round values.
    pub fn round(title: &'static str, from: f64, to: f64) -> Self {
        let to = if to > from { to } else { from + 1.0 };
        let step = round_step((to - from) / 5.0);
        let digits = if step >= 1.0 {
            0
        } else if step >= 0.1 {
            1
        } else {
            2
        };
        let first = (from / step).ceil();
        let ticks = (0..12)
            .map(|k| (first + f64::from(k)) * step)
            .take_while(|value| *value <= to + step * 1e-6)
            .map(|value| (value, format!("{value:.digits$}").replace('-', "−")))
            .collect();
        Self {
            title,
            from,
            to,
            ticks,
        }
    }

    /// An axis of percent for shares from `from` to `to`.
    pub fn percent(title: &'static str, from: f64, to: f64) -> Self {
        let whole = Self::round(title, 100.0 * from, 100.0 * to);
        let ticks = whole.ticks.into_iter();
        Self {
            title,
            from: whole.from / 100.0,
            to: whole.to / 100.0,
            ticks: ticks
                .map(|(at, text)| (at / 100.0, format!("{text} %")))
                .collect(),
        }
    }
}

/// 1, 2 or 5 times a power of ten, at least `least`.
fn round_step(least: f64) -> f64 {
    let power = 10.0_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    let enough = steps.into_iter().find(|step| *step >= least * (1.0 - 1e-9));
    enough.unwrap_or(10.0 * power)
}

/// A chart that is being drawn.
#[derive(Debug)]
pub(super) struct Chart {
    width: f64,
    height: f64,
    x: Axis,
    y: Axis,
    svg: String,
}

/// Adds to the drawing. Writing to a text cannot fail.
macro_rules! draw {
    ($chart:expr, $($words:tt)*) => { let _ = write!($chart.svg, $($words)*); };
}

impl Chart {
    /// An empty one with its title and axes.
    pub fn new(title: &str, (width, height): (f64, f64), x: Axis, y: Axis) -> Self {
        let mut chart = Self {
            width,
            height,
            x,
            y,
            svg: String::new(),
        };
        let title = escaped(title);
        draw!(
            chart,
            "<svg viewBox='0 0 {width} {height}' width={width} height={height} role=img>\
             <title>{title}</title><text class=title x={LEFT} y=20>{title}</text>"
        );
        chart.axes();
        chart
    }

    fn axes(&mut self) {
        let (left, right) = (LEFT, self.width - RIGHT);
        let (top, bottom) = (TOP, self.height - BOTTOM);
        for (value, text) in self.y.ticks.clone() {
            let y = self.y_of(value);
            draw!(
                self,
                "<line class=grid x1={left} x2={right} y1={y:.1} y2={y:.1} />\
                 <text class=tick text-anchor=end x={:.1} y={:.1}>{text}</text>",
                left - 6.0,
                y + 4.0
            );
        }
        for (value, text) in self.x.ticks.clone() {
            let x = self.x_of(value);
            draw!(
                self,
                "<line class=axis x1={x:.1} x2={x:.1} y1={bottom} y2={:.1} />\
                 <text class=tick text-anchor=middle x={x:.1} y={:.1}>{text}</text>",
                bottom + 4.0,
                bottom + 17.0
            );
        }
        draw!(
            self,
            "<line class=axis x1={left} x2={right} y1={bottom} y2={bottom} />\
             <text class=name text-anchor=middle x={:.1} y={:.1}>{}</text>\
             <text class=name text-anchor=middle transform='translate(13 {:.1}) rotate(-90)'>{}</text>",
            f64::midpoint(left, right),
            self.height - 8.0,
            self.x.title,
            f64::midpoint(top, bottom),
            self.y.title
        );
    }

    fn x_of(&self, value: f64) -> f64 {
        let share = (value.clamp(self.x.from, self.x.to) - self.x.from) / (self.x.to - self.x.from);
        LEFT + share * (self.width - LEFT - RIGHT)
    }

    fn y_of(&self, value: f64) -> f64 {
        let share = (value.clamp(self.y.from, self.y.to) - self.y.from) / (self.y.to - self.y.from);
        self.height - BOTTOM - share * (self.height - TOP - BOTTOM)
    }

    fn points(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        let place = |(x, y)| format!("{:.1},{:.1}", self.x_of(x), self.y_of(y));
        points.map(place).collect::<Vec<_>>().join(" ")
    }

    /// A line through points, of a class of the page's style.
    pub fn line(&mut self, class: &str, points: impl Iterator<Item = (f64, f64)>) {
        let points = self.points(points);
        draw!(self, "<polyline class='{class}' points='{points}' />");
    }

    /// The ground between two lines.
    pub fn band(&mut self, class: &str, points: &[(f64, f64, f64)]) {
        let low = points.iter().map(|(x, low, _)| (*x, *low));
        let high = points.iter().rev().map(|(x, _, high)| (*x, *high));
        let around = self.points(low.chain(high));
        draw!(self, "<polygon class='{class}' points='{around}' />");
    }

    /// A dot of a radius in pixels, with what it says when it is pointed at.
    pub fn dot(&mut self, class: &str, (x, y): (f64, f64), radius: f64, says: &str) {
        let (x, y) = (self.x_of(x), self.y_of(y));
        draw!(
            self,
            "<circle class='{class}' cx={x:.1} cy={y:.1} r={radius:.1}><title>{says}</title></circle>"
        );
    }

    /// A column from the axis (or zero) to a value, `at` its middle and `wide` in the axis' unit.
    pub fn column(&mut self, class: &str, at: f64, wide: f64, value: f64) {
        let (left, right) = (self.x_of(at - wide / 2.0), self.x_of(at + wide / 2.0));
        let (top, bottom) = (self.y_of(value.max(0.0)), self.y_of(value.min(0.0)));
        draw!(
            self,
            "<rect class='{class}' x={left:.1} y={top:.1} width={:.1} height={:.1} />",
            right - left,
            (bottom - top).max(0.5)
        );
    }

    /// Words at a place, `dx` and `dy` pixels from it.
    pub fn words(&mut self, (x, y): (f64, f64), (dx, dy): (f64, f64), anchor: &str, text: &str) {
        let (x, y) = (self.x_of(x) + dx, self.y_of(y) + dy);
        let text = escaped(text);
        draw!(
            self,
            "<text class=tick text-anchor={anchor} x={x:.1} y={y:.1}>{text}</text>"
        );
    }

    /// The drawing.
    pub fn svg(mut self) -> String {
        self.svg.push_str("</svg>");
        self.svg
    }
}

/// A text that is none of HTML's own.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_and_lie_on_the_axis() {
        assert_eq!(
            ticks(&Axis::round("depth (m)", 0.0, 0.93)),
            ["0.0", "0.2", "0.4", "0.6", "0.8"]
        );
        assert_eq!(
            ticks(&Axis::round("minute", 0.0, 480.0)),
            ["0", "100", "200", "300", "400"]
        );
        let percent = Axis::percent("against nearest", -0.62, 0.18);
        assert_eq!(ticks(&percent), ["−60 %", "−40 %", "−20 %", "0 %"]);
    }

    #[test]
    fn what_lies_beyond_an_axis_is_drawn_at_its_end() {
        let axis = || Axis::round("x", 0.0, 10.0);
        let chart = Chart::new("a & b", (200.0, 100.0), axis(), axis());
        assert!((chart.x_of(0.0) - LEFT).abs() < 1e-9);
        assert!((chart.x_of(99.0) - (200.0 - RIGHT)).abs() < 1e-9);
        assert!(chart.y_of(10.0) < chart.y_of(0.0));
        assert!(chart.svg().contains("<title>a &amp; b</title>"));
    }
}
