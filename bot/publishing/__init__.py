"""Figures for others: the national return, exact, and what may be published, so that nobody can be known by it."""

from bot.publishing.comparing import Benchmark, BenchmarkNotRead, read_benchmark
from bot.publishing.marking import CONFIDENTIAL, NOT_AVAILABLE, shown
from bot.publishing.national import Council, CouncilNotKnown, file_name, return_csv
from bot.publishing.packs import NotProven, Pack, PublishedTable, Shown, publish
from bot.publishing.writing import published_csv, published_json, published_xlsx

__all__ = [
    "CONFIDENTIAL",
    "NOT_AVAILABLE",
    "Benchmark",
    "BenchmarkNotRead",
    "Council",
    "CouncilNotKnown",
    "NotProven",
    "Pack",
    "PublishedTable",
    "Shown",
    "file_name",
    "publish",
    "published_csv",
    "published_json",
    "published_xlsx",
    "read_benchmark",
    "return_csv",
    "shown",
]
