"""Paper and pens: a figure without global state, one palette, one look of axes."""

import contextlib
import functools
import io
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import LogFormatter, LogFormatterMathtext
from PIL import Image

from medlab.plots import dark
from medlab.text import html_image

# Okabe and Ito's palette, told apart with any color vision; yellow is left out: too faint on white.
BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"
BLACK, GRAY = "#000000", "#666666"
COLORS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
# Lines differ in dash and marker too: color alone is lost in print and to some readers.
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
SHADES = 2000  # colors of a figure without colored images
HATCHES = ("", "////", "....", "xxxx")
# Whatever of these is installed stands in, glyph by glyph, for what the first does not have.
FALLBACK_FONTS = (
    "DejaVu Sans", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB",
    "SimHei", "Noto Sans CJK JP", "Yu Gothic", "Malgun Gothic", "Noto Sans Arabic", "Noto Sans Devanagari",
    "Arial Unicode MS",
)  # fmt: skip
WIDTH_IN = 8.0
DPI = 100
SMALL = 9


class Picture(Figure):
    """A matplotlib figure that no pyplot knows: safe in any thread, and Jupyter shows it.

    Parameters
    ----------
    width_in, height_in : float, inches
    alt : str
        What the picture shows, in a sentence, for readers who cannot see it.

    Attributes
    ----------
    few_colors : bool
        Whether its PNG has the 256 colors that suit it best even where it has thousands: it is then less than
        half as long.
    """

    few_colors = False

    def __init__(self, width_in: float = WIDTH_IN, height_in: float = 3.2, alt: str = "") -> None:
        super().__init__(figsize=(width_in, height_in), dpi=DPI, layout="constrained")
        self.alt = alt

    def draw(self, renderer: RendererBase) -> None:
        """Draw, and take what texts say literally: a class called "$<10" is no formula."""
        # Matplotlib's own labels of a logarithmic axis are formulas, which are not read here.
        for axis in (axis for axes in self.axes for axis in (axes.xaxis, axes.yaxis)):
            if isinstance(axis.get_major_formatter(), LogFormatterMathtext):
                axis.set_major_formatter(LogFormatter())
                axis.set_minor_formatter(LogFormatter())
        for text in self.findobj(Text):
            text.set(fontfamily=installed_fonts(), parse_math=False)
        with warnings.catch_warnings():
            # Of every missing glyph, at every drawing: `missing_glyphs` says it once, where it is read.
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            super().draw(renderer)

    def to_png(self) -> bytes:
        """Return the picture as PNG bytes."""
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=DPI)
        image = Image.open(file).convert("RGB")
        # Of the shades of letters and lines, 256 differ by 4 of 255 at most; a notebook is half as long.
        if self.few_colors or image.getcolors(SHADES) is not None:
            image = image.quantize(256, Image.Quantize.MAXCOVERAGE)
        image.save(file := io.BytesIO(), format="png", optimize=True)
        return file.getvalue()

    def _repr_png_(self) -> tuple[bytes, dict[str, str]]:
        with dark.on_dark(self) if dark.wanted() else contextlib.nullcontext():
            return self.to_png(), {"alt": self.alt}

    def _repr_mimebundle_(self, **_kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        png, metadata = self._repr_png_()
        return {"image/png": png, "text/html": html_image(png, self.alt)}, {"image/png": metadata}

    def __repr__(self) -> str:
        return f"<Picture: {self.alt}>"


def short(name: str, most: int = 32) -> str:
    """Return a name in one line, without its middle where it is long: axes must leave room for data."""
    name = " ".join(str(name).split())
    return name if len(name) <= most else f"{name[: most - 12]}…{name[-11:]}"


def in_legend(name: str) -> str:
    """Return a name for a legend, where what begins with an underscore would be left out."""
    return "\u200b" * name.startswith("_") + short(name, 24)


@functools.cache
def installed_fonts() -> list[str]:
    """Return those of `FALLBACK_FONTS` that are there."""
    fonts = font_manager.fontManager
    # Matplotlib keeps a list of the fonts that it found when it first ran.
    for path in sorted(set(font_manager.findSystemFonts()) - {font.fname for font in fonts.ttflist}):
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            fonts.addfont(path)
    names = {font.name for font in fonts.ttflist}
    return [name for name in FALLBACK_FONTS if name in names]


def missing_glyphs(texts: Iterable[str]) -> str:
    """Return the characters that no installed font can draw, each once; figures show boxes for them."""
    paths = [font_manager.findfont(name) for name in installed_fonts()]
    tables = [font_manager.get_font(path) for path in paths]
    letters = {letter for text in texts for letter in text if letter.isprintable()}
    return "".join(sorted(x for x in letters if not any(table.get_char_index(ord(x)) for table in tables)))


def panels(
    rows: int = 1,
    columns: int = 1,
    *,
    width_in: float = WIDTH_IN,
    height_in: float = 3.2,
    alt: str = "",
    **options: Any,
) -> tuple[Picture, Sequence[Axes]]:
    """Return a new picture and its axes, row by row, with a light grid and no box."""
    picture = Picture(width_in, height_in, alt)
    axes = picture.subplots(rows, columns, squeeze=False, **options).ravel()
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(visible=True, color="0.9", linewidth=0.8)
        axis.set_axisbelow(True)
        axis.tick_params(labelsize=SMALL)
    return picture, axes


def curve_style(number: int) -> dict[str, Any]:
    """Return color and dash of a curve, by its number."""
    return {"color": COLORS[number % 7], "linestyle": DASHES[number % 7]}


def dot_style(number: int) -> dict[str, Any]:
    """Return color and marker of points without a line, by the number of their curve."""
    return {"color": COLORS[number % 7], "marker": MARKERS[number % 7], "linestyle": ""}
