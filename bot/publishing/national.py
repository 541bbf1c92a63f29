"""The national return: exact counts, for those alone who send it. It is not for publishing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from bot.figures import ALL, Period, Table
from bot.publishing.writing import as_csv, harmless

COLUMNS = (
    "GEOGRAPHY",
    "COUNCIL_TYPE",
    "REGION_CODE",
    "REGION_NAME",
    "ONS_CODE",
    "LA_CODE",
    "LA_NAME",
    "TABLE_REFERENCE",
    "ENQUIRY_TYPE",
    "CATEGORY",
    "SUBCATEGORY",
    "VALUE",
)
"""In the order of the published file (publication code of NHS England)."""

ENQUIRY_TYPE = "Concluded Section 42 Enquiries"
EVERYBODY = "Total"
"""What a subcategory is called that counts everybody. It is our own word, as is that groups are subcategories."""


@dataclass(frozen=True, slots=True)
class Council:
    """What the return says of the council, each as the national file prints it."""

    geography: str = ""
    council_type: str = ""
    region_code: str = ""
    region_name: str = ""
    ons_code: str = ""
    la_code: str = ""
    la_name: str = ""

    def missing(self) -> tuple[str, ...]:
        """List the columns that nobody has given."""
        return tuple(one.name.upper() for one in fields(self) if not getattr(self, one.name).strip())


class CouncilNotKnown(Exception):
    """The return cannot be made before names and codes of the council are given. Says which."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(f"The return needs these of the council, which nobody has given: {', '.join(missing)}.")
        self.missing = missing


def file_name(period: Period) -> str:
    """Name the file. It has room for the published columns alone, so that its name says what it is, and of when."""
    return f"own-words-return-{period.first.year}-{period.last.year}-exact-restricted.csv"


def return_csv(tables: Iterable[Table], council: Council) -> bytes:
    """Write the national tables among these, exact; a value that is not available is blank.

    Raises CouncilNotKnown.
    """
    if missing := council.missing():
        raise CouncilNotKnown(missing)
    own = [harmless(getattr(council, one.name)) for one in fields(council)]
    rows = sorted(row for table in tables if table.measure.table for row in _rows(table))
    return as_csv([COLUMNS, *((*own, *row) for row in rows)])


def _rows(table: Table) -> Iterator[tuple[str, str, str, str, str]]:
    for cell in table.measure.cells:
        for column in table.columns:
            count = table.counts.get((cell.id, column.id))
            yield (
                table.measure.table,
                ENQUIRY_TYPE,
                harmless(cell.label),
                EVERYBODY if column.id == ALL else harmless(column.label),
                "" if count is None else str(count),
            )
