"""How templates become HTML: what is escaped, and the filters that they share."""

import base64
import re
import struct
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from augment.page.svg import Drawing


def environment() -> Environment:
    """A template's unknown name is an error; whatever data it is given is escaped."""
    here = resources.files(__package__)
    made = Environment(
        loader=FunctionLoader(lambda name: here.joinpath(name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "drawn": _drawn,
        "code": _code,
        "minus": _minus,
        "embedded": _embedded,
        "breakable": _breakable,
        "lines": _lines,
        "spaced": lambda name: name.replace("_", " "),
    }
    return made


def _drawn(drawing: Drawing) -> Markup:
    return Markup(drawing.svg)  # noqa: S704  # matplotlib has escaped what it was given


def _code(text: str) -> Markup:
    """Escape a sentence; set what stands between backticks as code, and minus signs as such."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", _minus(str(escape(text)))))  # noqa: S704  # escaped just now


def _minus(text: str) -> str:
    """Write a typographer's minus, which is as wide as the plus, before figures."""
    return re.sub(r"(?<![\w`])-(?=\d)", "−", text)


def _breakable(text: str) -> Markup:
    """Let the name of an arm go on in the next line after its training set."""
    return Markup(re.sub(r"(?<!<)([/_])", r"\1<wbr>", str(escape(text))))  # noqa: S704  # escaped just now


def _lines(text: str) -> Markup:
    """Set an interval or a class in brackets below its figure, and words small: many columns are wide enough."""
    figure, bracket, rest = _minus(text).partition(" [" if " [" in text else " (")
    if not bracket:
        words = " " in figure and not any(sign.isdigit() for sign in figure)
        return Markup("<small>{}</small>").format(figure) if words else escape(figure)
    return Markup("{}<small>{}</small>").format(figure, bracket.strip() + rest)


def _embedded(png: bytes) -> Markup:
    """Give the attributes of an image that holds the picture itself; its size keeps the page from jumping."""
    width, height = struct.unpack(">II", png[16:24])
    data = base64.b64encode(png).decode("ascii")
    return Markup(f'src="data:image/png;base64,{data}" width="{width}" height="{height}"')  # noqa: S704  # base64
