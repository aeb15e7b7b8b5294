"""The coordinates of charts, computed from numbers and written as text for SVG attributes. Templates draw the charts.

No chart library for Python is used: they write inline styles or scripts, which our CSP refuses, or need the browser to
draw. A chart here consists of rectangles, lines and texts with classes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import ceil

from core.french import format_number
from stats.disclosure.figures import BASE

CHARACTER_WIDTH = 7.6  # the width of a digit at 13 px, in units
LINE_HEIGHT = 16  # the distance between two lines of text
TICK_GAP = 8  # the gap between a tick and its label
OWN_LINE_WEIGHT = 3  # the weight of a label that covers its own line, where another line weighs 1
NUMBER_GAP = 6  # the gap between the numbers of two columns
LEVELS = 5


@dataclass(frozen=True)
class Series:
    """The values of one line of a chart. A period without a number is None and makes a gap in the line."""

    label: str
    values: tuple[int | None, ...]


@dataclass(frozen=True)
class Frame:
    """The size and the margins of a chart, in units close to the pixels of the screen for which it is made."""

    width: int
    height: int
    left: int = 44
    right: int = 44
    top: int = 24
    bottom: int = 28

    @property
    def floor(self) -> int:
        """The y coordinate of the horizontal axis."""
        return self.height - self.bottom


WIDE, NARROW = Frame(600, 300), Frame(340, 240, left=38, right=40)


@dataclass(frozen=True)
class ChartText:
    """A text and its position in a chart."""

    x: str
    y: str
    text: str


@dataclass(frozen=True)
class Tick:
    """One horizontal line of the grid, with its label. `is_base` is true for the line at zero."""

    path: str
    y: str
    text: str
    is_base: bool


@dataclass(frozen=True)
class Curve:
    """The drawing of one series. Each of `lines` is the points of one unbroken part of the line, as text.

    `numbers` are the printed values beside the points, and `end` is the label at the end of the line.
    """

    lines: list[str] = field(default_factory=list)
    dots: list[tuple[str, str]] = field(default_factory=list)
    numbers: list[ChartText] = field(default_factory=list)
    end: ChartText | None = None


@dataclass(frozen=True)
class LineChart:
    """A chart with the line of this year and the line of the year before. `names` are the labels below the axis."""

    frame: Frame
    ticks: list[Tick]
    names: list[ChartText]
    now: Curve
    before: Curve | None

    @property
    def view_box(self) -> str:
        return f"0 0 {self.frame.width} {self.frame.height}"


def make_line_charts(names: Sequence[str], now: Series, before: Series | None) -> dict[str, LineChart]:
    """Return the same chart for a wide and for a narrow screen. Its text is about 13 px high on both.

    `names` are the short labels of the axis, one for each period. Both series have one value for each name.
    """
    return {"wide": draw_line_chart(names, now, before, WIDE), "narrow": draw_line_chart(names, now, before, NARROW)}


def draw_line_chart(names: Sequence[str], now: Series, before: Series | None, frame: Frame) -> LineChart:
    """Return the chart for one size of screen."""
    values = [value for series in (now, before) if series for value in series.values if value is not None]
    every = 1 if frame is WIDE or len(names) <= 4 else 3
    plot = Plot(frame, len(names), max(values, default=1))
    axis = [
        ChartText(format_svg_number(plot.compute_x(index)), format_svg_number(frame.height - 8), name)
        for index, name in enumerate(names)
        if index % every == 0
    ]
    curve = plot.draw_curve(now)
    earlier = move_end_label(plot.draw_curve(before), curve) if before else None
    numbers = list(plot.place_numbers(now, [curve, *([earlier] if earlier else [])]))
    return LineChart(plot.frame, list(plot.list_ticks()), axis, replace(curve, numbers=numbers), earlier)


def format_svg_number(number: float) -> str:
    """Return a number as text for an SVG attribute, with one decimal after a point."""
    return f"{number:.1f}"


def move_end_label(curve: Curve, other: Curve) -> Curve:
    """Return `curve` with its end label moved away from the end label of `other`, if the two would overlap."""
    if not curve.end or not other.end or abs(float(curve.end.x) - float(other.end.x)) > LINE_HEIGHT * 3:
        return curve
    gap = float(curve.end.y) - float(other.end.y)
    if abs(gap) >= LINE_HEIGHT:
        return curve
    moved = float(other.end.y) + (LINE_HEIGHT if gap >= 0 else -LINE_HEIGHT)
    return replace(curve, end=ChartText(curve.end.x, format_svg_number(moved), curve.end.text))


class Plot:
    """The plot area: columns of equal width, and a vertical axis from zero to the highest tick.

    The left margin is wide enough for the labels of the ticks.
    """

    def __init__(self, frame: Frame, columns: int, highest: int) -> None:
        self.step = round_up(max(highest, 4) / 4)
        self.highest = self.step * max(1, -(-highest // self.step))
        words = ceil(len(format_number(self.highest)) * CHARACTER_WIDTH) + TICK_GAP
        self.frame = frame = replace(frame, left=max(frame.left, words))
        self.column = (frame.width - frame.left - frame.right) / max(1, columns)

    def compute_x(self, index: int) -> float:
        """Return the x coordinate of the middle of a column."""
        return self.frame.left + (index + 0.5) * self.column

    def compute_y(self, value: int) -> float:
        """Return the y coordinate of a value."""
        return self.frame.floor - value * (self.frame.floor - self.frame.top) / self.highest

    def list_ticks(self) -> Iterator[Tick]:
        """Yield the ticks of the vertical axis, from zero upwards."""
        for value in range(0, self.highest + 1, self.step):
            y = self.compute_y(value)
            path = f"M{self.frame.left} {format_svg_number(y)}H{self.frame.width - self.frame.right}"
            yield Tick(path, format_svg_number(y + 4), format_number(value), is_base=value == 0)

    def draw_curve(self, series: Series) -> Curve:
        """Return the line of a series with its dots and the label at its end, but without numbers."""
        points = self.list_points(series)
        if not points:
            return Curve()
        x, y, _value = points[-1]
        return Curve(
            lines=[" ".join(run) for run in self.list_line_runs(series.values)],
            dots=[(format_svg_number(x), format_svg_number(y)) for x, y, _value in points],
            end=ChartText(format_svg_number(x + 12), format_svg_number(y + 4), series.label),
        )

    def list_points(self, series: Series) -> list[tuple[float, float, int]]:
        """Return (x, y, value) for each value of a series, without the values that are None."""
        return [
            (self.compute_x(i), self.compute_y(value), value)
            for i, value in enumerate(series.values)
            if value is not None
        ]

    def place_numbers(self, series: Series, curves: Sequence[Curve]) -> Iterator[ChartText]:
        """Yield the number of each point of a series, at the position where it covers the least of the chart.

        `curves` are the curves of the chart, and the first of them is the curve of the series. If the columns are too
        narrow, only the highest and the lowest number are written.
        """
        points = self.list_points(series)
        covered_boxes = [compute_box(float(curve.end.x), curve.end, start=True) for curve in curves if curve.end]
        own, *others = [list_segments(curve) for curve in curves]
        lines = [(OWN_LINE_WEIGHT, line) for line in own] + [(1, line) for earlier in others for line in earlier]
        for x, y, value in points if self.has_room_for(points) else choose_extremes(points):
            choices = [
                ChartText(format_svg_number(x + aside), format_svg_number(y + down), format_number(value))
                for down in (-10, 20)
                for aside in (0, -10, 10)
                if y + down <= self.frame.floor - 2
            ]
            best = min(
                choices, key=lambda words: weigh_overlaps(compute_box(float(words.x), words), lines, covered_boxes)
            )
            covered_boxes.append(compute_box(float(best.x), best))
            yield best

    def has_room_for(self, points: Sequence[tuple[float, float, int]]) -> bool:
        """Tell whether the number of every point fits in its column, with a gap."""
        return (
            max((len(format_number(value)) for _x, _y, value in points), default=0) * CHARACTER_WIDTH + NUMBER_GAP
            <= self.column
        )

    def list_line_runs(self, values: Iterable[int | None]) -> Iterator[list[str]]:
        """Yield the points of each unbroken part of the line, as texts « x,y »."""
        run: list[str] = []
        for index, value in enumerate(values):
            if value is not None:
                run.append(f"{format_svg_number(self.compute_x(index))},{format_svg_number(self.compute_y(value))}")
            elif run:
                yield run
                run = []
        if run:
            yield run


type Box = tuple[float, float, float, float]  # left, top, right, bottom
type Segment = tuple[tuple[float, float], tuple[float, float]]


def choose_extremes(points: Sequence[tuple[float, float, int]]) -> list[tuple[float, float, int]]:
    """Return the first highest point and the first lowest point, or [] if all points are equally high."""
    highest, lowest = (choose(points, key=lambda point: point[2], default=None) for choose in (max, min))
    return [highest, lowest] if highest and lowest and highest[2] != lowest[2] else []


def parse_point(text: str) -> tuple[float, float]:
    """Return the coordinates in a text « x,y »."""
    x, _comma, y = text.partition(",")
    return float(x), float(y)


def compute_box(x: float, words: ChartText, *, start: bool = False) -> Box:
    """Return the box that a text covers. The text is centred on `x`, or begins at `x` if `start` is true."""
    width = len(words.text) * CHARACTER_WIDTH
    left = x if start else x - width / 2
    return left - 1, float(words.y) - 11, left + width + 1, float(words.y) + 1


def list_segments(curve: Curve) -> Iterator[Segment]:
    """Yield the segments between the points of a curve."""
    for run in curve.lines:
        yield from pairwise(parse_point(point) for point in run.split())


def weigh_overlaps(box: Box, lines: Iterable[tuple[int, Segment]], boxes: Iterable[Box]) -> int:
    """Return the sum of the weights of the lines and texts that a box covers.

    A text weighs 10. Each of `lines` comes with its weight.
    """
    over = sum(
        box[0] < text_box[2] and text_box[0] < box[2] and box[1] < text_box[3] and text_box[1] < box[3]
        for text_box in boxes
    )
    return 10 * over + sum(weight for weight, line in lines if is_crossing(line, box))


def is_crossing(line: Segment, box: Box) -> bool:
    """Tell whether a segment, given from left to right, has a point in the box."""
    (x1, y1), (x2, y2) = line
    left, right = max(x1, box[0]), min(x2, box[2])
    if left > right:
        return False
    heights = [y1 + (y2 - y1) * (x - x1) / (x2 - x1) for x in (left, right)]
    return min(heights) < box[3] and max(heights) > box[1]


# Levels


@dataclass(frozen=True)
class Scale:
    """Five levels of colour for the tiles of the map. Each level covers `step` incidents, and `LEVELS` is the highest
    level.
    """

    step: int

    def find_level(self, value: float) -> int:
        """Return the level of a value, from 1 to 5."""
        return min(LEVELS, max(1, ceil(value / self.step)))

    def list_steps(self, used: Iterable[int]) -> list[tuple[int, int, int | None]]:
        """Return (level, first value, last value) of each level in `used`. The last value of the highest level is
        None.
        """
        return [
            (level, (level - 1) * self.step + BASE, level * self.step if level < LEVELS else None)
            for level in sorted(set(used))
        ]


def choose_scale(values: Iterable[float]) -> Scale:
    """Return the scale with the smallest round step whose five levels reach the greatest of these values."""
    return Scale(round_up(max(BASE, max(values, default=0) / LEVELS)))


def round_up(value: float) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50… that is at least `value`."""
    ten = 1
    while True:
        for digit in (1, 2, 5):
            if digit * ten >= value:
                return digit * ten
        ten *= 10


# Bars


def compute_bar_lengths(values: Sequence[int | None]) -> list[str]:
    """Return the length of each bar in percent of the longest bar, as text.

    The length is "0" for None and for zero. Every other bar is long enough to be visible.
    """
    longest = max((value for value in values if value), default=0)
    return [format_svg_number(max(0.6, 100 * value / longest)) if value else "0" for value in values]


@dataclass(frozen=True)
class Bar:
    """One bar of a chart, with its label. `text` replaces the number if `value` is None. `is_other` makes the bar
    grey.
    """

    label: str
    value: int | None
    share: str
    text: str = ""
    is_other: bool = False


@dataclass(frozen=True)
class Interval:
    """An interval on a horizontal scale, and the point `at` inside it, all in percent of the scale."""

    low: str
    width: str
    at: str


def place_interval(low: float, share: float, high: float, highest: float) -> Interval:
    """Return the position of the interval from `low` to `high`, and of the point `share`, on a scale from zero to
    `highest`.
    """
    scale = 100 / highest if highest else 0
    return Interval(
        format_svg_number(low * scale),
        format_svg_number(max(0.6, (high - low) * scale)),
        format_svg_number(share * scale),
    )
