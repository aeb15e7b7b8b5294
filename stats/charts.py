"""Where the marks of a chart go: numbers in, coordinates out, as text for SVG attributes. Templates draw.

No library fits: those for Python write inline styles or scripts, which our policy refuses, or need the browser to
draw. A chart here is some rectangles, lines and words with classes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from math import ceil

from stats.published.spans import Row, Span
from stats.published.tables import Trend, round_up
from stats.words import figure

CHARACTER = 7.6  # the width of a digit at 13 px, in units
LINE = 16
BESIDE = 8  # between a tick and its words


@dataclass(frozen=True)
class Frame:
    """In units that are near to pixels on the screen that it is made for."""

    width: int
    height: int
    left: int = 44
    right: int = 44
    top: int = 24
    bottom: int = 28

    @property
    def floor(self) -> int:
        return self.height - self.bottom


WIDE, NARROW = Frame(600, 300), Frame(340, 240, left=38, right=40)


@dataclass(frozen=True)
class Words:
    x: str
    y: str
    text: str


@dataclass(frozen=True)
class Tick:
    path: str
    y: str
    text: str
    is_base: bool


@dataclass(frozen=True)
class Plateau:
    """One number over several periods: its ground, its edge, its words."""

    ground: str
    edge: str
    words: Words


@dataclass(frozen=True)
class Series:
    """`lines`: points of each unbroken run; `dots` say their number above where there is room."""

    lines: list[str] = field(default_factory=list)
    dots: list[tuple[str, str]] = field(default_factory=list)
    numbers: list[Words] = field(default_factory=list)
    plateaus: list[Plateau] = field(default_factory=list)
    grouped: list[tuple[str, str, str, str]] = field(default_factory=list)  # x, y, width, height of hatched grounds
    end: Words | None = None


@dataclass(frozen=True)
class LineChart:
    frame: Frame
    ticks: list[Tick]
    names: list[Words]
    now: Series
    before: Series | None

    @property
    def view_box(self) -> str:
        return f"0 0 {self.frame.width} {self.frame.height}"


def line_charts(trend: Trend) -> dict[str, LineChart]:
    """The same chart for a wide screen and a narrow one, so that its words stay near 13 px on both."""
    return {"wide": line_chart(trend, WIDE), "narrow": line_chart(trend, NARROW)}


def line_chart(trend: Trend, frame: Frame) -> LineChart:
    rows = [trend.now, *([trend.before] if trend.before else [])]
    every = 1 if frame is WIDE or len(trend.periods) <= 4 else 3
    plot = Plot(frame, len(trend.periods), max(heights(rows), default=1))
    frame = plot.frame
    names = [
        Words(text(plot.x(index + 0.5)), text(frame.height - 8), period.short)
        for index, period in enumerate(trend.periods)
        if index % every == 0
    ]
    now, before = plot.series(trend.now, numbered=True), None
    if trend.before:
        before = plot.series(trend.before, numbered=False)
        before = apart(before, now)
    return LineChart(frame, list(plot.ticks()), names, now, before)


def heights(rows: Iterable[Row]) -> Iterator[float]:
    return ((span.value or 0) / span.length for row in rows for span in row.spans)


def text(number: float) -> str:
    """SVG wants points, whatever the language."""
    return f"{number:.1f}"


def apart(one: Series, other: Series) -> Series:
    """The words at the end of two lines do not cover each other."""
    if not one.end or not other.end or abs(float(one.end.x) - float(other.end.x)) > LINE * 3:
        return one
    gap = float(one.end.y) - float(other.end.y)
    if abs(gap) >= LINE:
        return one
    moved = float(other.end.y) + (LINE if gap >= 0 else -LINE)
    return replace(one, end=Words(one.end.x, text(moved), one.end.text))


class Plot:
    """Columns of equal width, from zero to the highest tick, whose words fit beside."""

    def __init__(self, frame: Frame, columns: int, highest: float) -> None:
        self.step = round_up(max(highest, 4) / 4)
        self.highest = self.step * max(1, -(-highest // self.step))
        words = ceil(len(figure(int(self.highest))) * CHARACTER) + BESIDE
        self.frame = frame = replace(frame, left=max(frame.left, words))
        self.column = (frame.width - frame.left - frame.right) / columns

    def x(self, column: float) -> float:
        return self.frame.left + column * self.column

    def y(self, value: float) -> float:
        return self.frame.floor - value * (self.frame.floor - self.frame.top) / self.highest

    def ticks(self) -> Iterator[Tick]:
        for value in range(0, int(self.highest) + 1, self.step):
            path = f"M{self.frame.left} {text(self.y(value))}H{self.frame.width - self.frame.right}"
            yield Tick(path, text(self.y(value) + 4), figure(value), is_base=value == 0)

    def series(self, row: Row, *, numbered: bool) -> Series:
        series = Series(lines=[" ".join(points) for points in self.runs(row)])
        numbered = numbered and self.has_room_for(row)
        for span in row.spans:
            if span.is_merged:
                series.plateaus.append(self.plateau(span))
            elif span.value is not None:
                self.mark(span, series, numbered=numbered)
            elif span.cell.is_withheld:
                series.grouped.append(self.hatched(span))
        told = [span for span in row.spans if span.value is not None]
        if not told:
            return series
        last = told[-1]
        x = self.x(last.first + last.length) if last.is_merged else self.x(last.first + 0.5) + 10
        return replace(series, end=Words(text(x + 2), text(self.y(height_of(last)) + 4), row.label))

    def has_room_for(self, row: Row) -> bool:
        """All of the numbers are written, or none is: the table has them."""
        widest = max((len(figure(span.value or 0)) for span in row.spans if not span.is_merged), default=0)
        return widest * CHARACTER <= self.column

    def runs(self, row: Row) -> Iterator[list[str]]:
        """Points that stand side by side; a period without a number of its own breaks the line."""
        run: list[str] = []
        for span in row.spans:
            if span.value is not None and not span.is_merged:
                run.append(f"{text(self.x(span.first + 0.5))},{text(self.y(span.value))}")
            elif run:
                yield run
                run = []
        if run:
            yield run

    def mark(self, span: Span, series: Series, *, numbered: bool) -> None:
        x, y = self.x(span.first + 0.5), self.y(span.value or 0)
        series.dots.append((text(x), text(y)))
        if numbered:
            series.numbers.append(Words(text(x), text(y - 10), figure(span.value or 0)))

    def plateau(self, span: Span) -> Plateau:
        left, right, top = self.x(span.first), self.x(span.first + span.length), self.y(height_of(span))
        said = figure(span.value or 0)
        words = {"quarter": f"{said} sur 3 mois", "year": f"{said} sur l’année"}.get(span.over, f"{said} regroupés")
        if len(words) * CHARACTER > right - left:
            words = said
        return Plateau(
            ground=f"M{text(left)} {text(top)}H{text(right)}V{self.frame.floor}H{text(left)}z",
            edge=f"M{text(left)} {text(top)}H{text(right)}",
            words=Words(text((left + right) / 2), text(max(top + 18, (top + self.frame.floor) / 2)), words),
        )

    def hatched(self, span: Span) -> tuple[str, str, str, str]:
        height = (self.frame.floor - self.frame.top) / 4
        return (
            text(self.x(span.first)),
            text(self.frame.floor - height),
            text(self.column * span.length),
            text(height),
        )


def height_of(span: Span) -> float:
    """A merged number stands at its mean, so that its area is what it counts."""
    return (span.value or 0) / span.length


# Intervals


@dataclass(frozen=True)
class Interval:
    """In percent of the widest."""

    low: str
    width: str
    at: str


def interval(low: float, share: float, high: float, highest: float) -> Interval:
    scale = 100 / highest if highest else 0
    return Interval(text(low * scale), text(max(0.6, (high - low) * scale)), text(share * scale))
