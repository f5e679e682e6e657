"""A document as Markdown (GitHub's tables). Drawings are left out: the tables beside them hold the same numbers."""

import re

from dropout.publish.model_card.document import Block, Code, Document, Prose, Table

_MARKS = re.compile(r"([\\`*|<\[\]])")  # what Markdown would take for its own; underscores inside words it does not


def markdown(document: Document) -> str:
    """Front matter, title, lead and sections."""
    parts = [f"---\n{document.front}---", f"# {plain(document.title)}", plain(document.lead)]
    for section in document.sections:
        parts += [f"{'#' * section.level} {plain(section.title)}", *(text for block in section.blocks if (text := _block(block)))]
    return "\n\n".join(parts) + "\n"


def plain(text: str) -> str:
    """`text` as it is read: marks of Markdown escaped, one line; names and hashes as code."""
    if isinstance(text, Code):
        return f"`{text}`".replace("|", "\\|")
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def _block(block: Block) -> str:
    if isinstance(block, Prose):
        lines = [f"- {plain(text)}" for text in block.texts] if block.is_list else [plain(t) for t in block.texts]
        return _titled(block.title, ("\n" if block.is_list else "\n\n").join(lines))
    return _table(block) if isinstance(block, Table) else ""


def _table(table: Table) -> str:
    head = table.head or ["", ""]
    rule = ["---" if table.is_text or i < table.names else "---:" for i in range(len(head))]
    rows = [head, *table.rows]
    lines = [f"| {' | '.join(plain(cell) for cell in row)} |" for row in rows]
    lines.insert(1, f"|{'|'.join(rule)}|")
    return _titled(table.title, "\n".join(lines) + (f"\n\n{plain(table.note)}" if table.note else ""))


def _titled(title: str, text: str) -> str:
    return f"**{plain(title)}**\n\n{text}" if title else text
