"""示范市 of the year that is played: units, people, officers, and a clock that goes from one act to the next.

Everything is fictional. Acts go through the outbox and the real activities, as in service; only Temporal is left out,
and in its place the clock wakes each case when its desk asks for it.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Generator
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlmodel import Session

from activities.calendar import office_calendar
from activities.cases import CaseActivities
from activities.deps import Deps
from activities.monitoring import MONITOR, MonitoringActivities
from docket import commands
from ledger import log
from ledger.intake.entries import BodyEntry, Opening, UnitEntry
from ledger.intake.register import write_opening
from ledger.occupancy import standing
from models.applications import AnyApplication
from models.decisions import Handle, Moment, Officer, Receipt
from models.docket import Desk
from models.enums import CommandKind, Department, Resource, Role, Sex, UnitKind
from models.ledger import Basis, Cause, OpeningAccount, OpeningPerson, PersonEntry
from models.monitoring import Sweep
from models.register import OfficerRow
from records.render import Renderer
from rules.deadlines import SHANGHAI, add_working_days, is_working_day, local_day
from runtime.assembly import Parts
from sample_data.codes import IdentityNumbers, unit_code
from sample_data.published import Registered
from sample_data.roster import roster
from sample_data.training import INFORMATION_CENTRE, RESEARCH_BUREAU, SERVICE_CENTRE, training_units
from tests.support.office import Office

YEAR = 2025
OPENED = datetime(YEAR, 1, 2, 8, 30, tzinfo=SHANGHAI)
"""The register is opened on the first working day."""

Story = Generator[datetime, None, None]
"""What happens to one case: each value is the moment of the next act."""

JUSTICE = unit_code(201, UnitKind.ORGAN)
CULTURE = unit_code(202, UnitKind.ORGAN)
LIBRARY = unit_code(203, UnitKind.INSTITUTION)
ARTS_CENTRE = unit_code(204, UnitKind.INSTITUTION)
HERITAGE = unit_code(205, UnitKind.INSTITUTION)
AGRICULTURE = unit_code(206, UnitKind.ORGAN)
ENFORCEMENT = unit_code(207, UnitKind.CIVIL_SERVICE_LIKE)
EXTENSION = unit_code(208, UnitKind.INSTITUTION)
EDUCATION = unit_code(209, UnitKind.ORGAN)
SCHOOL = unit_code(210, UnitKind.INSTITUTION)
MARKET = unit_code(211, UnitKind.ORGAN)
INSPECTION_LAB = unit_code(212, UnitKind.INSTITUTION)
DATA_CENTRE = unit_code(213, UnitKind.INSTITUTION)
"""Set up in the course of the year."""

_R = Resource
_ORGAN, _LIKE, _INSTITUTION = UnitKind.ORGAN, UnitKind.CIVIL_SERVICE_LIKE, UnitKind.INSTITUTION
# code, name, kind, rank, nature, parent, {resource: (authorised, occupied)}, bodies (name, chiefs, deputies)
_UNITS: list[
    tuple[str, str, UnitKind, str, str, str | None, dict[Resource, tuple[int, int]], list[tuple[str, int, int]]]
]
_UNITS = [
    (JUSTICE, "示范市司法局", _ORGAN, "正处级", "政府工作部门", None,
     {_R.POLITICAL_LEGAL: (42, 37), _R.WORKER: (3, 2), _R.UNIT_CHIEF: (1, 1), _R.UNIT_DEPUTY: (3, 3),
      _R.INTERNAL_CHIEF: (5, 5), _R.INTERNAL_DEPUTY: (6, 3)},
     [("办公室", 1, 1), ("行政复议与应诉科", 1, 2), ("社区矫正管理科", 1, 1), ("公共法律服务管理科", 1, 1),
      ("普法与依法治理科", 1, 1)]),
    (CULTURE, "示范市文化和旅游局", _ORGAN, "正处级", "政府工作部门", None,
     {_R.ADMINISTRATIVE: (24, 20), _R.WORKER: (2, 2), _R.UNIT_CHIEF: (1, 1), _R.UNIT_DEPUTY: (3, 2),
      _R.INTERNAL_CHIEF: (4, 4), _R.INTERNAL_DEPUTY: (4, 2)},
     [("办公室", 1, 1), ("公共服务科", 1, 1), ("市场管理科", 1, 1), ("资源开发科", 1, 1)]),
    (LIBRARY, "示范市图书馆", _INSTITUTION, "正科级", "所属事业单位", CULTURE,
     {_R.INSTITUTION_FULL: (24, 20), _R.UNIT_CHIEF: (1, 1), _R.UNIT_DEPUTY: (2, 1)},
     [("综合部", 1, 0), ("读者服务部", 1, 0), ("古籍特藏部", 1, 0)]),
    (ARTS_CENTRE, "示范市文化馆", _INSTITUTION, "正科级", "所属事业单位", CULTURE,
     {_R.INSTITUTION_FULL: (15, 12), _R.UNIT_CHIEF: (1, 1), _R.UNIT_DEPUTY: (2, 1)},
     [("办公室", 1, 0), ("群众文艺部", 1, 0)]),
    (HERITAGE, "示范市非物质文化遗产保护中心", _INSTITUTION, "正科级", "所属事业单位", CULTURE,
     {_R.INSTITUTION_FULL: (8, 6)}, [("项目保护部", 1, 0)]),
    (AGRICULTURE, "示范市农业农村局", _ORGAN, "正处级", "政府工作部门", None,
     {_R.ADMINISTRATIVE: (30, 27), _R.WORKER: (3, 3), _R.UNIT_CHIEF: (1, 1), _R.UNIT_DEPUTY: (3, 2),
      _R.INTERNAL_CHIEF: (5, 5), _R.INTERNAL_DEPUTY: (5, 3)},
     [("办公室", 1, 1), ("种植业管理科", 1, 1), ("畜牧兽医科", 1, 1), ("农产品质量安全监管科", 1, 1),
      ("乡村产业发展科", 1, 1)]),
    (ENFORCEMENT, "示范市农业综合行政执法支队", _LIKE, "副处级", "参照公务员法管理事业单位", AGRICULTURE,
     {_R.CIVIL_SERVICE_LIKE: (30, 26), _R.UNIT_CHIEF: (1, 1), _R.UNIT_DEPUTY: (2, 2), _R.INTERNAL_CHIEF: (3, 3),
      _R.INTERNAL_DEPUTY: (3, 1)},
     [("综合大队", 1, 1), ("农资执法大队", 1, 1), ("渔政执法大队", 1, 1)]),
    (EXTENSION, "示范市农业技术推广站", _INSTITUTION, "正科级", "所属事业单位", AGRICULTURE,
     {_R.INSTITUTION_FULL: (18, 15), _R.UNIT_CHIEF: (1, 1), _R.UNIT_DEPUTY: (1, 1)},
     [("粮油作物室", 1, 0), ("土肥与植保室", 1, 0)]),
    (EDUCATION, "示范市教育局", _ORGAN, "正处级", "政府工作部门", None,
     {_R.ADMINISTRATIVE: (28, 24), _R.WORKER: (2, 2), _R.UNIT_CHIEF: (1, 1), _R.UNIT_DEPUTY: (3, 3),
      _R.INTERNAL_CHIEF: (4, 3), _R.INTERNAL_DEPUTY: (4, 2)},
     [("办公室", 1, 1), ("基础教育科", 1, 1), ("教师工作科", 1, 1), ("学校安全科", 1, 1)]),
    (SCHOOL, "示范市实验中学", _INSTITUTION, "正科级", "所属事业单位", EDUCATION,
     {_R.INSTITUTION_FULL: (120, 112), _R.UNIT_CHIEF: (1, 1), _R.UNIT_DEPUTY: (3, 2)},
     [("教务处", 1, 0), ("德育处", 1, 0), ("总务处", 1, 0)]),
    (MARKET, "示范市市场监督管理局", _ORGAN, "正处级", "政府工作部门", None,
     {_R.ADMINISTRATIVE: (60, 54), _R.WORKER: (5, 5), _R.UNIT_CHIEF: (1, 1), _R.UNIT_DEPUTY: (4, 3),
      _R.INTERNAL_CHIEF: (6, 6), _R.INTERNAL_DEPUTY: (8, 5)},
     [("办公室", 1, 1), ("登记注册科", 1, 1), ("食品生产监管科", 1, 2), ("特种设备安全监察科", 1, 2),
      ("价格监督检查科", 1, 1), ("知识产权科", 1, 1)]),
    (INSPECTION_LAB, "示范市检验检测中心", _INSTITUTION, "正科级", "所属事业单位", MARKET,
     {_R.INSTITUTION_FULL: (22, 18), _R.INSTITUTION_PARTIAL: (6, 5), _R.UNIT_CHIEF: (1, 1), _R.UNIT_DEPUTY: (2, 2)},
     [("业务管理室", 1, 0), ("食品检验室", 1, 0), ("计量检定室", 1, 0)]),
]  # fmt: skip

VETERANS: dict[tuple[str, int], tuple[date, Sex]] = {
    (RESEARCH_BUREAU, 12): (date(1964, 12, 20), Sex.MALE),
    (RESEARCH_BUREAU, 18): (date(1965, 9, 8), Sex.MALE),
    (SCHOOL, 40): (date(1965, 6, 3), Sex.MALE),
    (SCHOOL, 61): (date(1970, 5, 17), Sex.FEMALE),
    (SCHOOL, 77): (date(1970, 6, 25), Sex.FEMALE),
    (MARKET, 30): (date(1965, 2, 11), Sex.MALE),
    (MARKET, 41): (date(1970, 1, 19), Sex.FEMALE),
    (INFORMATION_CENTRE, 9): (date(1970, 4, 6), Sex.FEMALE),
    (ENFORCEMENT, 15): (date(1965, 11, 2), Sex.MALE),
    (LIBRARY, 8): (date(1970, 2, 27), Sex.FEMALE),
}
"""(unit, place in its roster) → birth and sex of who retires in the year, by the gradually raised retirement age."""

_LAST_OPENING = date(YEAR - 1, 9, 1)


def _officer(login: str, name: str, department: Department, *roles: Role, unit: str | None = None) -> Officer:
    return Officer(id=login, name=name, department=department, unit=unit, roles=frozenset(roles))


_OFFICE = Department.ESTABLISHMENT
EXAMINER = _officer("examiner", "程远航", _OFFICE, Role.EXAMINER)
EXAMINER_TWO = _officer("examiner-two", "陆婉清", _OFFICE, Role.EXAMINER)
ISSUER = _officer("issuer", "郑立言", _OFFICE, Role.ISSUER)
REGISTRAR = _officer("registrar", "沈知夏", _OFFICE, Role.REGISTRAR)
INSPECTOR = _officer("inspector", "顾明哲", _OFFICE, Role.INSPECTOR)
INSPECTOR_TWO = _officer("inspector-two", "秦若兰", _OFFICE, Role.INSPECTOR)
HEAD = _officer("head", "方敬之", _OFFICE, Role.HEAD)
DEPUTY_HEAD = _officer("deputy-head", "韩松年", _OFFICE, Role.HEAD)
ORGANISATION = _officer("organisation", "许承志", Department.ORGANISATION, Role.APPROVER)
PERSONNEL = _officer("personnel", "唐雨薇", Department.PERSONNEL, Role.APPROVER)
FINANCE = _officer("finance", "邵文斌", Department.FINANCE, Role.APPROVER)
INSURANCE = _officer("insurance", "潘静怡", Department.SOCIAL_INSURANCE, Role.APPROVER)
COMMISSION = _officer("commission", "魏长青", Department.COMMISSION, Role.APPROVER)
UPPER = _officer("upper", "乔建业", Department.UPPER, Role.APPROVER)
OFFICERS = (
    EXAMINER, EXAMINER_TWO, ISSUER, REGISTRAR, INSPECTOR, INSPECTOR_TWO, HEAD, DEPUTY_HEAD, ORGANISATION, PERSONNEL,
    FINANCE, INSURANCE, COMMISSION, UPPER,
)  # fmt: skip

# unit → (who applies for it, phone, its 代字, the meeting that decides)
_SIDES: dict[str, tuple[str, str, str, str]] = {
    RESEARCH_BUREAU: ("孟晓东", "0000-8001101", "示发研", "局党组会议"),
    SERVICE_CENTRE: ("龚丽萍", "0000-8001202", "示公服", "中心党总支会议"),
    INFORMATION_CENTRE: ("雷宏伟", "0000-8001303", "示信服", "中心党支部会议"),
    JUSTICE: ("尹若溪", "0000-8002101", "示司", "局党组会议"),
    CULTURE: ("常思远", "0000-8002201", "示文旅", "局党组会议"),
    LIBRARY: ("汤书宁", "0000-8002305", "示图", "馆党支部会议"),
    ARTS_CENTRE: ("乔亦舟", "0000-8002406", "示文馆", "馆党支部会议"),
    AGRICULTURE: ("武稼轩", "0000-8002601", "示农", "局党组会议"),
    ENFORCEMENT: ("贺志刚", "0000-8002702", "示农执", "支队党委会议"),
    EXTENSION: ("邱穗生", "0000-8002803", "示农推", "站党支部会议"),
    EDUCATION: ("钱慧中", "0000-8002901", "示教", "局党组会议"),
    SCHOOL: ("史春晖", "0000-8003002", "示实中", "校党委会议"),
    MARKET: ("段正平", "0000-8003101", "示市监", "局党组会议"),
    INSPECTION_LAB: ("白雪峰", "0000-8003202", "示检", "中心党支部会议"),
}
APPLICANTS = {
    code: _officer(f"applicant-{place}", name, Department.UNIT, Role.APPLICANT, unit=code)
    for place, (code, (name, *_)) in enumerate(_SIDES.items(), 1)
}
CONTACTS = {code: f"{name} {phone}" for code, (name, phone, *_) in _SIDES.items()}

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋谢唐冯于董萧曹袁邓傅曾彭吕苏卢蒋蔡贾丁薛叶阎余杜戴夏钟汪田任姜范"
)
_GIVEN = {
    Sex.MALE: ("嘉子志云俊文浩启泽思景家明承", "豪轩远帆杰博然宇成行栋铭泽辰"),
    Sex.FEMALE: ("雨梦诗晓佳欣雅若思静语心可婉", "桐洁涵雯怡妍琴琳琪姝彤悦宁如"),
}
"""First and second sign of a given name."""


def city() -> Registered:
    """The training units of the sample data, and the others of the city in the same manner."""
    found = training_units()
    found.units = [_numbered(unit, place) for place, unit in enumerate(found.units, 1)]
    found.accounts = [account.model_copy(update={"note": "", "basis": BASIS}) for account in found.accounts]
    for place, (code, name, kind, rank, nature, parent, quotas, bodies) in enumerate(_UNITS, len(found.units) + 1):
        entry = UnitEntry(code, name, kind.value, code, "", rank=rank, nature=nature, parent=parent, place="示范市")
        found.units.append(_numbered(entry, place))
        found.bodies += [BodyEntry(code, body, None, None, chief, deputy) for body, chief, deputy in bodies]
        for resource, (authorised, occupied) in quotas.items():
            found.accounts.append(OpeningAccount(unit=code, resource=resource, authorised=authorised, basis=BASIS))
            found.occupied[code, resource] = occupied
    return found


BASIS = Basis(number="示编〔2021〕1号", body="示范市机构编制委员会", date=date(2021, 3, 1))
"""The last time that all quotas were fixed; before the years that an evaluation looks back on."""


def _numbered(unit: UnitEntry, place: int) -> UnitEntry:
    fields = {name: getattr(unit, name) for name in UnitEntry.__slots__}
    named = {
        "certificate_no": f"示编证第{place:04d}号",
        "remark": None,
        "basis_no": BASIS.number,
        "basis_date": BASIS.date,
    }
    return UnitEntry(**fields | named)


def people_of(registered: Registered) -> list[OpeningPerson]:
    """The roster of the sample data as it stood at the beginning of the year, with those who are due to retire."""
    identities = IdentityNumbers()
    places: dict[str, int] = defaultdict(int)
    found = []
    for person in roster(registered, identities):
        place = places[person.unit]
        places[person.unit] += 1
        entered = min(person.entered_on, _LAST_OPENING)
        entry = person.person
        veteran = VETERANS.get((person.unit, place))
        if veteran is not None:
            entry, entered = _aged(entry, *veteran, identities), date(veteran[0].year + 23, 7, 15)
        civil = person.headcount in (_R.ADMINISTRATIVE, _R.POLITICAL_LEGAL, _R.CIVIL_SERVICE_LIKE)
        paper = "示组干" if civil or person.post else "示人社"
        basis_no = f"{paper}〔{entered.year}〕{entered.timetuple().tm_yday // 4 + place % 7 + 1}号"
        found.append(person.model_copy(update={"person": entry, "entered_on": entered, "basis_no": basis_no}))
    return found


def _aged(entry: PersonEntry, born: date, sex: Sex, identities: IdentityNumbers) -> PersonEntry:
    name = entry.name
    if sex is not entry.sex:
        name = entry.name[0] + ("秀珍" if sex is Sex.FEMALE else "国庆")
    position = "专业技术七级" if (entry.position or "").startswith(("专业", "管理")) else "二级调研员"
    said = {"birth_date": born, "sex": sex, "identity_no": identities.take(born, sex), "name": name}
    said["position"] = position
    return entry.model_copy(update=said)


class City(Office):
    """The office of the year over a data folder that any command of the product can open afterwards."""

    def __init__(self, parts: Parts, seed: int = 20_250_102) -> None:
        self.rulebook, self.database = parts.rulebook, parts.database
        self.deps = Deps(
            database=parts.database,
            store=parts.store,
            renderer=Renderer(),
            rulebook=parts.rulebook,
            calendar=office_calendar(parts.rulebook),
            public_url="https://bianban.shifan.example",
        )
        self.activities = CaseActivities(self.deps)
        self.now = OPENED
        self.chance = random.Random(seed)
        self.told: Callable[[City, str], Story] | None = None
        """The story of a warning that the monitors raise."""
        self.acts = 0
        self._keys = itertools.count(1)
        self._order = itertools.count()
        self._diary: list[tuple[datetime, int, Story | str]] = []
        self._wakes: dict[str, datetime] = {}
        self._letters: dict[str, int] = defaultdict(int)
        self._names: set[str] = set()
        self._meetings: dict[date, int] = {}
        self._identities = IdentityNumbers(first=300)
        self.secrets: list[str] = []
        """Every identity number of the year: none of them may leave the register in clear."""
        with self.database.write() as s:
            self.people = self._furnish(s)
        self.secrets += [person.person.identity_no for person in self.people]

    def _furnish(self, s: Session) -> list[OpeningPerson]:
        registered = city()
        people = people_of(registered)
        cause = Cause(case_id="opening", step="opening", round=1, effective_on=local_day(OPENED), recorded_at=OPENED)
        write_opening(s, Opening(registered.units, registered.bodies, registered.accounts, people, len(people)), cause)
        for each in (*OFFICERS, *APPLICANTS.values()):
            roles = ",".join(sorted(each.roles))
            row: dict[str, Any] = {
                "name": each.name,
                "department": each.department.value,
                "unit": each.unit,
                "roles": roles,
            }
            s.add(OfficerRow(id=each.id, login=each.id, **row))
        return people

    # --- time ----------------------------------------------------------------------------------------------------

    def begin(self, story: Story) -> None:
        """A story begins: its first moment goes into the diary."""
        first = next(story, None)
        if first is not None:
            self._note(first, story)

    def run(self, until: datetime) -> None:
        """Live through the diary, moment by moment."""
        while self._diary and self._diary[0][0] <= until:
            moment, _, item = heapq.heappop(self._diary)
            if isinstance(item, str) and self._wakes.get(item) != moment:
                continue  # the case has another moment now
            self.now = max(self.now, moment)
            if isinstance(item, str):
                self._woken(self.activities.ring(Moment(case_id=item, at=self.now)))
            else:
                self.begin(item)
            self._relay()

    def _note(self, moment: datetime, item: Story | str) -> None:
        heapq.heappush(self._diary, (moment, next(self._order), item))

    def _woken(self, desk: Desk) -> Desk:
        self._wakes.pop(desk.case_id, None)
        if desk.wake_at is not None and not desk.state.final:
            at = max(desk.wake_at, self.now + timedelta(seconds=1)).astimezone(SHANGHAI)
            self._wakes[desk.case_id] = at
            self._note(at, desk.case_id)
        return desk

    def on(self, month: int, day: int, hour: int | None = None, year: int = YEAR) -> datetime:
        """Some minute of a working day."""
        found = date(year, month, day)
        assert is_working_day(found, self.deps.calendar), f"{found} is no working day"
        return self._at(found, hour)

    def after(self, days: int, hour: int | None = None) -> datetime:
        """Some minute of the day that is so many working days ahead; 0 is later today, or the next morning."""
        today = local_day(self.now)
        if days > 0:
            return self._at(add_working_days(today, days, self.deps.calendar), hour)
        later = self.now.astimezone(SHANGHAI) + timedelta(minutes=self.chance.randrange(25, 110))
        if is_working_day(today, self.deps.calendar) and later.time() < time(17, 20):
            return later
        return self._at(add_working_days(today, 1, self.deps.calendar), 8)

    def _at(self, day: date, hour: int | None) -> datetime:
        at = hour if hour is not None else self.chance.choice((8, 9, 9, 10, 10, 11, 14, 14, 15, 15, 16))
        return datetime.combine(
            day, time(at, self.chance.randrange(35, 60) if at == 8 else self.chance.randrange(60)), SHANGHAI
        )

    def day(self, month: int, day: int, year: int = YEAR) -> str:
        return date(year, month, day).isoformat()

    def ahead(self, days: int) -> date:
        """The day so many working days ahead; a negative number counts back."""
        today = local_day(self.now)
        if days >= 0:
            return add_working_days(today, days, self.deps.calendar)
        found = today
        while days < 0:
            found -= timedelta(days=1)
            days += is_working_day(found, self.deps.calendar)
        return found

    # --- acting --------------------------------------------------------------------------------------------------

    def presented(self, body: AnyApplication, by: Officer | None = None) -> str:
        """Commit an application and let it be judged; the case id."""
        case_id = self.apply(body, by or APPLICANTS[body.unit])
        self.acts += 1
        self._relay()
        return case_id

    def order(self, case_id: str, kind: CommandKind, body: Any, by: Officer) -> Receipt:
        receipt = self.attempt(case_id, kind, body, by)
        assert receipt.status == "accepted", f"{self.docket(case_id).title}：{kind.label} {receipt.message}"
        return receipt

    def attempt(self, case_id: str, kind: CommandKind, body: Any, by: Officer) -> Receipt:
        """One command and its receipt, accepted or refused; a few minutes pass."""
        command_id = self.commit(case_id, kind, body, by)
        self._relay()
        self.acts += 1
        self.now += timedelta(minutes=self.chance.randrange(1, 6))
        with self.database.read() as s:
            row = commands.opened(s, command_id)
        assert row is not None
        assert row.receipt is not None
        return row.receipt

    def _relay(self) -> None:
        """Deliver what waits, as the relay does; every desk says when its case wants to be woken."""
        while True:
            with self.database.read() as s:
                waiting = commands.undelivered(s)
                officers = {d.command_id: self._who(s, d.command_id) for d in waiting}
            if not waiting:
                return
            for delivery in waiting:
                if delivery.kind is CommandKind.START:
                    self._woken(self.activities.open_case(Moment(case_id=delivery.case_id, at=self.now)))
                    if officers[delivery.command_id] == MONITOR.id and self.told is not None:
                        self.begin(self.told(self, delivery.case_id))
                else:
                    self._woken(self._handled(delivery.command_id, delivery.case_id))
                with self.database.write() as s:
                    commands.delivered(s, delivery.command_id, self.now)

    def _who(self, s: Session, command_id: str) -> str:
        row = commands.opened(s, command_id)
        return row.officer.id if row is not None else ""

    def _handled(self, command_id: str, case_id: str) -> Desk:
        with self.database.read() as s:
            row = commands.opened(s, command_id)
        assert row is not None
        order = Handle(case_id=case_id, name=row.kind.value, decision_id=row.id, body=row.body, at=self.now)
        return self.activities.handle_command(order)

    def nights(self, days: list[date]) -> Story:
        """The monitors of the night, at two."""
        for day in days:
            yield datetime.combine(day, time(2), SHANGHAI)
            MonitoringActivities(self.deps).run_monitors(Sweep(at=self.now))
            self._relay()

    def logged(self, first: date, last: date) -> Story:
        """The log, every night at three."""
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            yield datetime.combine(day, time(3), SHANGHAI)
            with self.database.write() as s:
                log.append(s, self.now)

    # --- papers and people of the unit's side --------------------------------------------------------------------

    def letter(self, series: str) -> str:
        """The next number of somebody else's series: it grows with the days, and none comes twice."""
        today = local_day(self.now)
        at_least = today.timetuple().tm_yday // 4 + 1
        self._letters[f"{series}{today.year}"] = max(self._letters[f"{series}{today.year}"] + 1, at_least)
        return f"{series}〔{today.year}〕{self._letters[f'{series}{today.year}']}号"

    def request_no(self, unit: str) -> str:
        return self.letter(_SIDES[unit][2])

    def meeting(self, unit: str, back: int = 4) -> dict[str, str]:
        """The unit's own collective decision, some working days ago."""
        on = self.ahead(-back)
        times = on.timetuple().tm_yday // 12 + 1
        return {"meeting": f"{_SIDES[unit][3]}〔{on.year}〕第{times}次", "date": on.isoformat()}

    def minutes(self) -> str:
        """The number of the commission's minutes of today: one for each meeting, in the order of time."""
        today = local_day(self.now)
        held = sum(day.year == today.year for day in self._meetings)
        return f"示编委纪〔{today.year}〕{self._meetings.setdefault(today, held + 1)}号"

    def member(self, unit: str, place: int) -> tuple[OpeningPerson, str]:
        """Who stands at a place of the unit's roster, and the register's reference to that person."""
        person = [each for each in self.people if each.unit == unit][place]
        with self.database.read() as s:
            found = standing(s, person.person.identity_no)
        assert found is not None, f"{person.person.name} has left"
        return person, found.person_ref

    def newcomer(self, slot: str, born: tuple[int, int], **more: Any) -> dict[str, Any]:
        """A person who enters, as the decision names him or her."""
        sex = self.chance.choice((Sex.MALE, Sex.FEMALE))
        given = self._given(sex)
        name = self.chance.choice(_SURNAMES) + given
        birth = date(
            self.chance.randrange(born[0], born[1] + 1), self.chance.randrange(1, 13), self.chance.randrange(1, 28)
        )
        identity = self._identities.take(birth, sex)
        self.secrets.append(identity)
        said = {"slot": slot, "name": name, "sex": sex.value, "birth_date": birth.isoformat(), "identity_no": identity}
        return said | more

    def _given(self, sex: Sex) -> str:
        """A given name that nobody else who came in this year has."""
        first, second = _GIVEN[sex]
        while (given := self.chance.choice(first) + self.chance.choice(second)) in self._names:
            pass
        self._names.add(given)
        return given

    def known(self, slot: str, person: OpeningPerson, **more: Any) -> dict[str, Any]:
        """Somebody of the register, as the decision names him or her."""
        entry = person.person
        said = {"slot": slot, "name": entry.name, "sex": entry.sex.value, "birth_date": entry.birth_date.isoformat()}
        return said | {"identity_no": entry.identity_no} | more
