"""Who may import whom: no import runs upward, and there are no circles (docs/design.md)."""

import ast
from pathlib import Path

import dropout

PACKAGE = Path(dropout.__file__).parent
# from the ground up; rooms of one row may not import each other unless named below
ROWS = [
    {"durable", "errors", "resources", "strict", "country", "settings", "logs", "quiet"},
    {"warehouse"},
    {"privacy"},
    {"contracts"},
    {"extracts"},
    {"features"},
    {"labels"},
    {"model"},
    {"explain", "fairness", "monitor"},
    {"publish"},
    {"deploy", "status", "access", "rekey", "doctor"},
    {"erasure"},
    {"trial", "canary", "backtest", "research"},
    {
        "cli",
        "cli_source",
        "cli_proof",
        "cli_backtest",
        "cli_forget",
        "cli_keys",
        "cli_oversight",
        "cli_privacy",
        "cli_research",
        "__main__",
    },
]
LEVEL = {room: level for level, row in enumerate(ROWS) for room in row}
ALONE = {"simulate"}  # imports nothing of the pipeline, and only the command line imports it


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        names += [a.name for a in node.names] if isinstance(node, ast.Import) else []
        found |= {n for n in names if n.split(".")[0] in ("dropout", "flows")}
    return found


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def test_no_import_runs_upward() -> None:
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        here = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for module in imports(path):
            there = room(module) if module.startswith("dropout") else "flows"
            if here in {*ROWS[-1], "__init__"} or there in (here, "__init__"):
                continue
            if here in ALONE:
                if there != "errors":
                    wrong.append(f"{path.name} imports {module}")
            elif there in ALONE or there == "flows" or LEVEL[there] > LEVEL[here]:
                wrong.append(f"{path.relative_to(PACKAGE)} imports {module}")
    assert wrong == []


def test_rooms_of_one_row_do_not_go_in_circles() -> None:
    edges = {
        (path.relative_to(PACKAGE).parts[0].removesuffix(".py"), room(module))
        for path in PACKAGE.rglob("*.py")
        for module in imports(path)
        if module.startswith("dropout")
    }
    circles = {(a, b) for a, b in edges if a != b and (b, a) in edges and "__init__" not in (a, b)}
    assert circles == set()


def test_files_and_functions_stay_small() -> None:
    long = []
    for path in [*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "flows").rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > 400:
            long.append(path.name)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno > 60:
                long.append(f"{path.name}:{node.name}")
    assert long == []
