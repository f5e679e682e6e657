"""Great Expectations on the pipeline's own DuckDB connection: suites in, findings out, counts only.

Importing this module imports Great Expectations (3 to 5 seconds, 260 MB), so `check` imports it when it runs.
"""

import logging
import os
import warnings
from dataclasses import dataclass
from typing import Any

# read by Great Expectations when it is imported; nothing leaves the building
os.environ["GX_ANALYTICS_ENABLED"] = "false"

import duckdb
import great_expectations as gx
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations.metadata_types import FailureSeverity

from dropout.contracts.dialect import URL, engine_options
from dropout.errors import ContractError

# failing values must not stand in a result, so none is asked for
COUNTS_ONLY = {"result_format": "BASIC", "partial_unexpected_count": 0}


@dataclass(frozen=True)
class Finding:
    """One expectation's verdict; `rule` is the contract's, or the expectation's name where there is none."""

    table: str
    rule: str
    column: str
    severity: str
    is_met: bool
    unexpected_count: int


class Judge:
    """Judges tables and views that `con` can see, temporary and uncommitted ones included."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        logging.getLogger("great_expectations").setLevel(logging.ERROR)
        # in memory, and without the temporary folder for HTML pages that an ephemeral context makes by default
        self._context = gx.get_context(
            mode="ephemeral",
            project_config=DataContextConfig(
                store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
                progress_bars=ProgressBarsConfig(globally=False),
                analytics_enabled=False,
            ),
        )
        sources: Any = self._context.data_sources  # its stub leaves `kwargs` out
        self._source = sources.add_sql("pipeline", connection_string=URL, create_temp_table=False, kwargs=engine_options(con))
        self._suites = 0

    def judge(self, table: str, suite: gx.ExpectationSuite) -> list[Finding]:
        """Verdicts of `suite` on `table`; raises ContractError when an expectation ends in an error."""
        self._suites += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            asset = self._source.add_table_asset(f"{table}_{self._suites}", table_name=table)
            batch = asset.add_batch_definition_whole_table("all").get_batch()
            outcome = batch.validate(suite, result_format=COUNTS_ONLY)
        return [_finding(result) for result in outcome.results]


def _finding(result: ExpectationValidationResult) -> Finding:
    config = result.expectation_config
    assert config is not None
    meta = dict(config.meta or {})
    table, rule = str(meta.get("table", "")), str(meta.get("rule", config.type))
    if _raised(result.exception_info):
        raise ContractError(
            f"Great Expectations could not judge {rule}",
            where=table,
            cause="The expectation ended in an error.",
            remedy="This is a defect of the program: report it with this message. Nothing was loaded.",
        )
    count = result.result.get("unexpected_count")
    return Finding(
        table=table,
        rule=rule,
        column=str(config.kwargs.get("column", "")),
        severity=FailureSeverity(config.severity).value,
        is_met=bool(result.success),
        unexpected_count=int(count if count is not None else not result.success),
    )


def _raised(exception_info: dict[str, object]) -> bool:
    """GX gives either one record or one per metric."""
    if "raised_exception" in exception_info:
        return bool(exception_info["raised_exception"])
    return any(isinstance(info, dict) and info.get("raised_exception") for info in exception_info.values())
