"""A card as a document, said once: sections of prose, tables and charts, which Markdown and HTML then show alike."""

from dataclasses import dataclass, field


class Code(str):
    """A name, version or hash: shown as it is, in a fixed-width face."""

    __slots__ = ()


@dataclass(frozen=True)
class Prose:
    """Paragraphs; with `is_list`, points of a list."""

    texts: list[str]
    is_list: bool = False
    title: str = ""
    kind: str = "prose"


@dataclass(frozen=True)
class Table:
    """Rows of cells; the first `names` columns name the row, the others hold numbers unless `is_text`."""

    title: str
    head: list[str]
    rows: list[list[str]]
    note: str = ""
    names: int = 1
    is_text: bool = False
    kind: str = "table"


@dataclass(frozen=True)
class Charts:
    """Drawings side by side, each an `<svg>` under a title; the tables beside them hold the same numbers."""

    drawings: list[tuple[str, str]]
    kind: str = "charts"


Block = Prose | Table | Charts


@dataclass(frozen=True)
class Section:
    """One of the card's sections."""

    title: str
    blocks: list[Block]
    level: int = 2

    @property
    def anchor(self) -> str:
        """Name of the section inside the page."""
        return self.title.lower().replace(" ", "-")


@dataclass(frozen=True)
class Document:
    """A whole card. `front` is the front matter of the Markdown, as YAML."""

    title: str
    lead: str
    front: str
    sections: list[Section] = field(default_factory=list)
