"""监督台: figures, charts, where the cases stand, what is stuck, and the quota of every unit as of a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from anyio import to_thread
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette_admin.routing import route

from api.deps import Runtime, runtime_of
from api.permissions import RULES
from api.problems import ProblemError
from api.vitals import Vitals, room_left, vitals
from docket import overview
from ledger import overview as quotas
from models.enums import CommandKind, Department, Procedure, Resource, State, Step, UnitKind
from models.overview import Ageing, Cards, LateCase, Month, Pace, QuotaUse, StateLoad, StepLoad, Stuck, Week
from rules.deadlines import add_working_days, local_day

from .. import sheets
from ..diagram import APPLY, DRAWINGS, GATE, Mark, diagram, name_of
from ..door import Page, officer_of, reading
from ..words import _, english, label, moment
from . import charts

KEPT = timedelta(minutes=5)
"""How long the figures of the charts stand: they scan more than a page may, and a trend does not move in a minute."""
KEPT_AT_MOST = 64
PERIODS = (90, 365)
CLASSES = (quotas.HEADCOUNT, quotas.POSTS, *(each.value for each in Resource))
LONGEST = 80


@dataclass(frozen=True)
class Choice:
    """What the charts are narrowed by; it stands in the address."""

    days: int = PERIODS[0]
    wanted: str = quotas.HEADCOUNT
    kind: UnitKind | None = None


@dataclass(frozen=True)
class Trends:
    """The figures of the charts, and when they were taken."""

    at: datetime
    pace: list[Pace]
    use: list[QuotaUse]
    weeks: list[Week]
    months: list[Month]


@dataclass(frozen=True)
class Now:
    """What is read anew for each page."""

    cards: Cards
    late: list[LateCase]
    stuck: list[Stuck]
    steps: list[StepLoad]
    states: list[StateLoad]
    ageing: list[Ageing]
    vitals: Vitals
    trends: Trends


@dataclass(frozen=True)
class Heat:
    """One procedure of the heat map: its picture, and the same counts as a table of (name, cases, overdue, link)."""

    procedure: Procedure
    cases: int
    picture: str
    rows: list[tuple[str, int, int, str]]


class SupervisorsDesk(Page):
    name = "desk"
    path = "/desk"
    menu_label = "监督台"
    icon = "fa-solid fa-gauge-high"
    add_to_menu = True

    def __init__(self) -> None:
        super().__init__()
        self._kept: dict[tuple[date, Choice], Trends] = {}

    @route("", name="desk")
    async def index(self, request: Request) -> Response:
        runtime, choice = runtime_of(request), _choice(request.query_params)
        now = runtime.clock()
        found = await reading(request, lambda s, runtime: self._read(s, runtime, now, choice))
        engine, store = await runtime.temporal.healthy(), await run_in_threadpool(runtime.store.well)
        room = await run_in_threadpool(room_left, runtime)
        parts = _parts(found.vitals, now, engine=engine, store=store, room=room)
        return self.render(
            request,
            "console/desk.html",
            {
                "now": now,
                "cards": _cards(request, found.cards, now, runtime),
                "late": found.late,
                "late_more": found.cards.overdue - len(found.late),
                "stuck": [(each, _why(each)) for each in found.stuck],
                "engine_url": _engine_url(request, runtime),
                "heat": _heat(request, found.steps, found.states),
                "parts_of_system": parts,
                "charts": _charts(found),
                "choice": choice,
                "trends_at": found.trends.at,
                "periods": PERIODS,
                "classes": [(each, _class_name(each)) for each in CLASSES],
                "kinds": list(UnitKind),
                "rules": runtime.rulebook.deadlines,
            },
        )

    def _read(self, s: Session, runtime: Runtime, now: datetime, choice: Choice) -> Now:
        calendar, rules = runtime.calendar, runtime.rulebook.deadlines
        return Now(
            cards=overview.cards(s, now, calendar, rules),
            late=overview.late_cases(s, now, calendar, rules),
            stuck=overview.stuck(s, now),
            steps=overview.step_loads(s, now),
            states=overview.state_loads(s),
            ageing=overview.ageing(s, now, calendar),
            vitals=vitals(s, now),
            trends=self._trends(s, runtime, now, choice),
        )

    def _trends(self, s: Session, runtime: Runtime, now: datetime, choice: Choice) -> Trends:
        key = (local_day(now), choice)
        kept = self._kept.get(key)
        if kept is not None and kept.at <= now < kept.at + KEPT:
            return kept
        taken = Trends(
            at=now,
            pace=overview.pace(s, now, choice.days, runtime.calendar),
            use=quotas.quota_use(s, local_day(now), choice.wanted, choice.kind),
            weeks=overview.weeks(s, now),
            months=quotas.months(s, local_day(now)),
        )
        if len(self._kept) >= KEPT_AT_MOST:
            self._kept = {}
        self._kept[key] = taken
        return taken

    @route("/quota", name="desk-quota")
    async def quota(self, request: Request) -> Response:
        asked = _quota_asked(request)
        page = await reading(
            request,
            lambda s, _runtime: quotas.quota_as_of(s, asked.day, kind=asked.kind, name=asked.name, after=asked.after),
        )
        here = str(request.url_for("console:desk-quota"))
        return self.render(
            request,
            "console/desk_quota.html",
            {
                "title": _("编制核定与实有"),
                "page": page,
                "asked": asked,
                "kinds": list(UnitKind),
                "today": local_day(runtime_of(request).clock()),
                "groups": _by_holder(page.lines),
                "next": f"{here}?{urlencode(asked.query | {'after': page.following})}" if page.following else None,
                "first": f"{here}?{urlencode(asked.query)}" if asked.after else None,
                "export": f"{request.url_for('console:desk-quota-csv')}?{urlencode(asked.query)}",
            },
        )

    @route("/quota.csv", name="desk-quota-csv")
    async def quota_csv(self, request: Request) -> Response:
        """Under the limits of every export: the whole region is rebuilt from the journal."""
        asked, runtime = _quota_asked(request), runtime_of(request)
        runtime.limits.exports.take(officer_of(request).id)
        data = await to_thread.run_sync(_quota_sheet, runtime, asked, limiter=runtime.limits.exports_at_once)
        named = f"attachment; filename=quota-{asked.day:%Y%m%d}.csv"
        headers = {"Content-Disposition": named, "Cache-Control": "private, no-store"}
        return Response(data, media_type=sheets.CSV, headers=headers)


# --- what was asked for ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class QuotaAsked:
    day: date
    kind: UnitKind | None
    name: str
    after: str

    @property
    def query(self) -> dict[str, str]:
        asked = {"as_of": self.day.isoformat(), "kind": self.kind.value if self.kind else "", "q": self.name}
        return {key: value for key, value in asked.items() if value}

    @property
    def words(self) -> str:
        return _as_of_words(self.day)


def _quota_sheet(runtime: Runtime, asked: QuotaAsked) -> bytes:
    with runtime.database.read() as s:
        page = quotas.quota_as_of(s, asked.day, kind=asked.kind, name=asked.name, limit=None)
    headings = [_("单位"), _("类别"), _("核定"), _("实有"), _("在途"), _("预留"), _("空余"), _("超编")]
    lines: list[list[sheets.Value]] = [[*headings]]
    for line in page.lines:
        figures = (line.authorised, line.occupied, line.reserved, line.set_aside, line.vacancy, line.over)
        lines.append([line.name, label(line.resource), *figures])
    return sheets.comma_separated([asked.words], lines)


def _as_of_words(day: date) -> str:
    return _("截至%(day)s") % {"day": day.isoformat() if english() else f"{day.year}年{day.month}月{day.day}日"}


def _quota_asked(request: Request) -> QuotaAsked:
    asked = request.query_params
    given = asked.get("as_of", "").strip()
    try:
        day = date.fromisoformat(given) if given else local_day(runtime_of(request).clock())
    except ValueError:
        raise ProblemError("bad-request", "日期请写成 2026-03-02 · write a day as 2026-03-02") from None
    return QuotaAsked(day, _kind(asked), asked.get("q", "").strip()[:LONGEST], asked.get("after", "")[:LONGEST])


def _kind(asked: QueryParams) -> UnitKind | None:
    given = asked.get("kind")
    if not given:
        return None
    return UnitKind(_one_of(given, [kind.value for kind in UnitKind]))


def _choice(asked: QueryParams) -> Choice:
    days = _one_of(asked.get("days") or str(PERIODS[0]), [str(each) for each in PERIODS])
    return Choice(int(days), _one_of(asked.get("class") or quotas.HEADCOUNT, CLASSES), _kind(asked))


def _one_of(given: str, known: Sequence[str]) -> str:
    if given not in known:
        raise ProblemError("bad-request", "筛选条件无法识别 · filters not understood")
    return given


def _class_name(wanted: str) -> str:
    if wanted == quotas.HEADCOUNT:
        return _("全部编制")
    return _("全部领导职数") if wanted == quotas.POSTS else label(Resource(wanted))


# --- what is shown -----------------------------------------------------------------------------------------------


def _worklist(request: Request, **narrowed: str) -> str:
    return str(request.url_for("console:worklist").include_query_params(tab="all", **narrowed))


def _register(request: Request, key: str, **narrowed: str) -> str:
    return str(request.url_for("console:list", key=key).include_query_params(**narrowed))


def _cards(request: Request, cards: Cards, now: datetime, runtime: Runtime) -> list[dict[str, Any]]:
    """Each figure with its words, its colour and the list behind it."""
    today = local_day(now)
    until = add_working_days(today, overview.SLIP_WARNING_DAYS, runtime.calendar)
    slips = {"f_state": "valid", "f_until_from": today.isoformat(), "f_until_to": until.isoformat()}
    return [
        _card(_("在办"), cards.open, "blue", _worklist(request, open="1")),
        _card(_("今日到期"), cards.due_today, "yellow", _worklist(request, due_today="1")),
        _card(
            _("已超期"),
            cards.overdue,
            "red",
            _worklist(request, overdue="1"),
            _("黄牌%(yellow)d件，红牌%(red)d件") % {"yellow": cards.yellow, "red": cards.red},
        ),
        _card(
            _("正在暂停受理"),
            cards.suspensions,
            "red",
            _register(request, "suspensions", f_standing="1"),
            _("涉及%(n)d个单位") % {"n": cards.suspended_units} if cards.suspensions else "",
        ),
        _card(
            _("核定单即将到期"),
            cards.slips_expiring,
            "yellow",
            _register(request, "slips", **slips),
            _("%(n)d个工作日以内") % {"n": overview.SLIP_WARNING_DAYS},
        ),
        _card(
            _("未办结预警"),
            cards.open_warnings,
            "yellow",
            _worklist(request, procedure=Procedure.EARLY_WARNING.value, open="1"),
        ),
        _card(_("未销号问题"), cards.open_problems, "yellow", _register(request, "problems", f_open="1")),
    ]


def _card(name: str, number: int, tone: str, href: str, more: str = "") -> dict[str, Any]:
    return {"name": name, "number": number, "tone": tone if number else "secondary", "href": href, "more": more}


def _why(stuck: Stuck) -> str:
    """Why a case does not go on, in words."""
    match stuck.by:
        case "document":
            return _("文件“%(what)s”未能生成：%(why)s") % {"what": stuck.what, "why": stuck.detail}
        case "undelivered":
            return _("“%(what)s”已登记，流程引擎不可用，尚未送达") % {"what": label(CommandKind(stuck.what))}
        case "unjudged":
            return _("“%(what)s”已送达，办理进程没有回执") % {"what": label(CommandKind(stuck.what))}
        case "escalated":
            who = label(Department(stuck.detail))
            return _("%(who)s“%(what)s”逾期未办，已报监督") % {"who": who, "what": label(Step(stuck.what))}
        case "suspended":
            return _("单位被暂停受理，恢复受理后接着办")
        case "held":
            return _("编办主任暂缓办理：%(why)s") % {"why": stuck.detail}


def _engine_url(request: Request, runtime: Runtime) -> str | None:
    """Before the id of a workflow, for those who may open what the Temporal UI shows; None where nobody said where its
    pages are."""
    if not runtime.settings.ui_url or not RULES["codec_decode"].allows(officer_of(request)):
        return None
    return f"{runtime.settings.ui_url}/namespaces/{runtime.namespace}/workflows/"


def _parts(found: Vitals, now: datetime, *, engine: bool, store: bool, room: bool) -> list[tuple[str, bool, str]]:
    """The parts of the system: name, whether it is well, and what that means."""
    waits = _("没有响应，自%(at)s起有指令未办") % {"at": moment(found.waiting_since)}
    left = found.last.left if found.last else 0
    differs = _("有 %(number)s 处差异待处理") % {"number": left} if found.compared(now) else _("已停止，请查看定时任务")
    well = _("正常")
    parts = [
        (_("数据库"), True, ""),
        (_("流程引擎"), engine, _("不可用，决定照常登记，恢复后自动送达")),
        (_("办理进程"), found.worker(now), waits),
        (_("档案存储"), store, _("不可用，文件暂不能生成和下载")),
        (_("核对"), found.compared(now) and not left, differs),
        (_("存证日志"), not found.log_behind, _("没有按时追加，请查看定时任务")),
        (_("磁盘"), room, _("将满，请清理或扩容")),
        (_("时钟"), found.together, _("与数据库不一致，请校时")),
    ]
    return [(name, is_well, well if is_well else says) for name, is_well, says in parts]


def _heat(request: Request, steps: Sequence[StepLoad], states: Sequence[StateLoad]) -> list[Heat]:
    return [_heat_of(request, procedure, steps, states) for procedure in Procedure]


def _heat_of(request: Request, procedure: Procedure, steps: Sequence[StepLoad], states: Sequence[StateLoad]) -> Heat:
    known = [node.key for node in DRAWINGS[procedure].nodes]
    loads: dict[str, tuple[int, int, dict[str, str]]] = {}
    here = {load.state: load.cases for load in states if load.procedure is procedure}
    for key, state in ((APPLY, State.RETURNED), (GATE, State.SUBMITTED)):
        if here.get(state) and key in known:
            loads[key] = (here[state], 0, {"state": state.value})
    for load in steps:
        if load.procedure is procedure:
            loads[load.step] = (load.cases, load.overdue, {"step": load.step})
    links = {
        key: _worklist(request, procedure=procedure.value, open="1", **narrowed)
        for key, (_cases, _late, narrowed) in loads.items()
    }
    marks = {
        key: Mark("current", count=cases, note=_("超期%(n)d件") % {"n": late} if late else "")
        for key, (cases, late, _narrowed) in loads.items()
    }
    rows = [(_heat_name(procedure, key), *loads[key][:2], links[key]) for key in known if key in loads]
    picture = diagram(procedure, marks, heat=True, links=links)
    return Heat(procedure, sum(here.values()), picture, rows)


def _heat_name(procedure: Procedure, key: str) -> str:
    return _("退回补正") if key == APPLY else name_of(procedure, key)


def _charts(found: Now) -> list[charts.Chart]:
    trends = found.trends
    return [
        charts.ageing_chart(found.ageing),
        charts.pace_chart(trends.pace),
        charts.quota_chart(trends.use),
        charts.weeks_chart(trends.weeks),
        charts.months_chart(trends.months),
    ]


def _by_holder(lines: Sequence[Any]) -> Mapping[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for line in lines:
        groups.setdefault(line.holder, []).append(line)
    return groups
