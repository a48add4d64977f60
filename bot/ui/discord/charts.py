"""The chart of a preview: actions a day under the present rules and under the new ones."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.desk.settings import LEAST_COUNTED
from bot.domain import Judgement, Kind, Past
from bot.policy.replay import Comparison
from bot.ui.words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NOW, NEW, RIGHT, WRONG, OPEN = "#80848e", "#e8a33d", "#3ba55d", "#d83c3e", "#5865f2"
BACKGROUND, INK = "#2b2d31", "#dbdee1"
BINS: Final = 20


def draw(
    comparison: Comparison,
    past: Sequence[Past],
    *,
    harm: str,
    kind: Kind,
    thresholds: tuple[float | None, float | None],
    days: int,
    words: Words,
) -> bytes:
    """Draw a preview as a PNG of 640 by 720 pixels, legible on a phone.

    The upper chart compares the actions a day under the present rules and the new ones. The lower
    one shows the scores of the class by verdict, with both ``thresholds``. Returns no bytes if
    matplotlib is not installed, which is the extra ``charts``.
    """
    # Imported when a picture is asked for: most starts of the bot never draw one.
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ModuleNotFoundError:
        return b""

    figure = Figure(figsize=(6.4, 7.2), dpi=100, facecolor=BACKGROUND, layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1)
    for axes in (above, below):
        axes.set_facecolor(BACKGROUND)
        axes.tick_params(colors=INK, labelsize=16)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_color(INK)
    _days(above, comparison, kind, days, words)
    _scores(below, past, harm, thresholds, words)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def _days(axes: Axes, comparison: Comparison, kind: Kind, days: int, words: Words) -> None:
    today = datetime.now(UTC).date()
    shown = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    place = np.arange(len(shown))
    counts = [_counts(tally.days, shown, kind) for tally in (comparison.now, comparison.new)]
    labels = (words("chart.now"), words("chart.new"))
    for offset, values, colour, label in zip((-0.2, 0.2), counts, (NOW, NEW), labels, strict=True):
        axes.bar(place + offset, values, 0.4, color=colour, label=label)
    step = max(1, round(len(shown) / 5))
    axes.set_xticks(place[::step], [f"{day:%m-%d}" for day in shown[::step]])
    _finish(axes, words(f"chart.days.{kind}"))


def _counts(tallied: Mapping[date, Mapping[Kind, int]], shown: list[date], kind: Kind) -> list[int]:
    return [tallied[day][kind] if day in tallied else 0 for day in shown]


def _scores(
    axes: Axes,
    past: Sequence[Past],
    harm: str,
    thresholds: tuple[float | None, float | None],
    words: Words,
) -> None:
    groups: dict[str, list[float]] = {"open": [], "wrong": [], "right": []}
    for item in past:
        score = item.decision.scores.get(harm)
        if score is None or score < LEAST_COUNTED or item.decision.exempt:
            continue
        if item.judgement is None:
            groups["open"].append(score)
        else:
            wrong = item.judgement is Judgement.FALSE_POSITIVE
            groups["wrong" if wrong else "right"].append(score)
    axes.hist(
        list(groups.values()),
        bins=np.linspace(0, 1, BINS + 1).tolist(),
        stacked=True,
        color=(OPEN, WRONG, RIGHT),
        label=[words(f"chart.{name}") for name in groups],
    )
    for value, colour, style in zip(thresholds, (NOW, NEW), ("--", "-"), strict=True):
        if value is not None:
            axes.axvline(value, color=colour, linestyle=style, linewidth=2.5)
    axes.set_xlim(0, 1)
    _finish(axes, words("chart.scores", harm=harm))


def _finish(axes: Axes, title: str) -> None:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - see draw

    axes.set_title(title, color=INK, fontsize=19, loc="left")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(
        fontsize=15,
        labelcolor=INK,
        frameon=False,
        ncols=3,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.1),
        columnspacing=1,
        handlelength=1,
    )
