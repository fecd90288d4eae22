"""What expat's events mean in the two large parts of a workbook: shared strings and worksheets.

Called a dozen times for each cell, so names are told apart by one look-up, and what is counted is counted where it can
grow. Structure per ECMA-376 part 1, §18.3 and §18.4; prefixes are dropped, because transitional and strict workbooks
differ in nothing else here.
"""

from __future__ import annotations

from array import array
from datetime import datetime
from typing import Final, Protocol

from openpyxl.utils.datetime import from_excel

from .guard import Unsafe

MAX_STRINGS = 2_000_000
MAX_CELL_TEXT = 32_767
MAX_CELLS_PER_ROW = 16_384
# Cells since the last row that held anything: a sheet of formatted nothing is not read to its end.
MAX_EMPTY_CELLS = 250_000
# Cells further right are not looked at.
MAX_COLUMNS = 64
_LETTERS = 26
_REMEMBERED = 20_000

Cells = tuple[object, ...]


class _Formula:
    """Stands in a cell that is computed: whatever result was stored with it is not taken."""

    def __repr__(self) -> str:
        return "=…"


FORMULA: Final = _Formula()


class Handler(Protocol):
    def start(self, name: str, attributes: dict[str, str]) -> None: ...

    def end(self, name: str) -> None: ...

    def text(self, data: str) -> None: ...


class StringTable:
    """Texts by position in one block of UTF-8: a Python string each would take ten times the memory."""

    def __init__(self) -> None:
        self._block = bytearray()
        self._ends = array("Q", [0])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def append(self, text: str) -> None:
        self._block += text.encode()
        self._ends.append(len(self._block))

    def __getitem__(self, place: int) -> str:
        """Raises IndexError outside the table."""
        if not 0 <= place < len(self):
            raise IndexError(place)
        return self._block[self._ends[place] : self._ends[place + 1]].decode()


class _Collector:
    """Character data of the value being read, up to a limit. `_open` says whether it is wanted."""

    def __init__(self) -> None:
        self._open = False
        self._parts: list[str] = []
        self._length = 0

    def text(self, data: str) -> None:
        if self._open:
            self._length += len(data)
            if self._length > MAX_CELL_TEXT:
                raise Unsafe("单元格内容过长 · a cell is too long")
            self._parts.append(data)


class StringsParser(_Collector):
    """sharedStrings.xml: the runs of a rich text joined, phonetic readings left out."""

    def __init__(self) -> None:
        super().__init__()
        self.strings = StringTable()
        self._phonetic = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "t":
            self._open = not self._phonetic
        elif name == "rPh":
            self._phonetic = True

    def end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if name == "t":
            self._open = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "si":
            if len(self.strings) >= MAX_STRINGS:
                raise Unsafe("共享字符串过多，请分批导入 · too many strings, import in parts")
            self.strings.append("".join(self._parts))
            self._parts, self._length = [], 0


class SheetParser(_Collector):
    """One worksheet: finished rows wait in `_ready` until they are taken."""

    def __init__(self, strings: StringTable, dates: frozenset[int], epoch: datetime) -> None:
        super().__init__()
        self._strings = strings
        self._dates = {str(style) for style in dates}
        self._epoch = epoch
        self._days: dict[str, object] = {}
        self._columns: dict[str, int] = {}
        self._ready: list[tuple[int, Cells]] = []
        self._row = 0
        self._cells: list[object] = []
        self._column = -1
        self._kind: str | None = None
        self._style: str | None = None
        self._formula = False
        self._phonetic = False
        self._in_row = 0
        self._empty = 0

    def take(self) -> list[tuple[int, Cells]]:
        ready, self._ready = self._ready, []
        return ready

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            self._begin_cell(attributes)
        elif name == "v":
            self._open = True
        elif name == "t":
            self._open = not self._phonetic
        elif name == "row":
            self._begin_row(attributes)
        elif name == "f":
            self._formula = True
        elif name == "rPh":
            self._phonetic = True

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        self._in_row += 1
        self._empty += 1
        if self._in_row > MAX_CELLS_PER_ROW or self._empty > MAX_EMPTY_CELLS:
            where = f"第{self._row}行" if self._row else ""
            raise Unsafe(
                f"{where}空白单元格过多，请删除多余的行和列 · too many empty cells, delete surplus rows and columns"
            )
        get = attributes.get
        reference = get("r")
        self._column = self._column + 1 if reference is None else self._place(reference)
        self._kind = get("t")
        self._style = get("s")
        self._formula = False
        if self._parts:
            self._parts, self._length = [], 0

    def _place(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        place = self._columns.get(letters)
        if place is None:
            place = _column(letters)
            if len(self._columns) < _REMEMBERED:
                self._columns[letters] = place
        return place

    def _begin_row(self, attributes: dict[str, str]) -> None:
        number = int(attributes.get("r", self._row + 1))
        if number <= self._row:
            raise Unsafe(f"第{self._row}行之后行号错乱 · rows are out of order")
        self._row, self._column, self._cells, self._in_row = number, -1, [], 0

    def end(self, name: str) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            self._keep()
        elif name in ("v", "t"):
            self._open = False
        elif name == "row":
            if self._cells:
                self._ready.append((self._row, tuple(self._cells)))
                self._empty = 0
        elif name == "rPh":
            self._phonetic = False

    def _keep(self) -> None:
        parts = self._parts
        if self._formula:
            value: object = FORMULA
        elif not parts:
            return
        else:
            value = self._value(parts[0] if len(parts) == 1 else "".join(parts))
        if value is None or not 0 <= self._column < MAX_COLUMNS:
            return
        cells = self._cells
        gap = self._column - len(cells)
        if gap == 0:
            cells.append(value)
        else:
            cells.extend([None] * (gap + 1))
            cells[self._column] = value

    def _value(self, text: str) -> object:
        match self._kind:
            case "inlineStr" | "str":
                return text
            case "s":
                return self._strings[int(text)] or None
            case "n" | None:
                return self._number(text)
            case "b":
                return text == "1"
            case "d":
                return datetime.fromisoformat(text)
            case _:
                return text

    def _number(self, text: str) -> object:
        if self._style not in self._dates:
            number = float(text)
            return int(number) if number.is_integer() else number
        day = self._days.get(text)
        if day is None:
            day = _moment(float(text), self._epoch)
            if len(self._days) < _REMEMBERED:
                self._days[text] = day
        return day


def _moment(serial: float, epoch: datetime) -> object:
    try:
        return from_excel(serial, epoch)
    except (OverflowError, ValueError):
        return "#VALUE!"


def _column(letters: str) -> int:
    """0-based column of the letters of a reference, `AB` of `AB12`. Raises ValueError when they are none."""
    if not letters.isascii() or not letters.isalpha() or len(letters) > 3:
        raise ValueError("no column")
    place = 0
    for sign in letters.upper():
        place = place * _LETTERS + ord(sign) - ord("A") + 1
    return place - 1
