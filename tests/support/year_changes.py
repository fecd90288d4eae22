"""The year's establishment changes: what was asked for, what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from models.applications import EstablishmentChangeApplication, Justification
from models.decisions import Officer, Withdrawal
from models.enums import CommandKind, Department
from sample_data.training import RESEARCH_BUREAU, SERVICE_CENTRE
from tests.support.year_city import (
    AGRICULTURE,
    APPLICANTS,
    ARTS_CENTRE,
    COMMISSION,
    CONTACTS,
    CULTURE,
    DATA_CENTRE,
    EDUCATION,
    EXAMINER,
    EXAMINER_TWO,
    EXTENSION,
    FINANCE,
    HEAD,
    HERITAGE,
    INSPECTION_LAB,
    ISSUER,
    JUSTICE,
    LIBRARY,
    MARKET,
    ORGANISATION,
    PERSONNEL,
    REGISTRAR,
    SCHOOL,
    UPPER,
    YEAR,
    City,
    Story,
)
from tests.support.year_hands import Json, examined, resubmitted

SESSIONS = [date(YEAR, 3, 27), date(YEAR, 6, 26), date(YEAR, 9, 25), date(YEAR, 12, 18)]
"""When the commission meets in session; what cannot wait comes before a meeting of its own."""

COUNTERSIGNERS = (
    ("consult-organisation", ORGANISATION),
    ("consult-personnel", PERSONNEL),
    ("consult-finance", FINANCE),
)
POINTS = tuple(Justification.model_fields)


def stories(y: City) -> Iterator[Story]:
    yield safety_section(y)
    yield merger(y)
    yield data_centre(y)
    yield online_trade(y)
    yield school_quota(y)
    yield extension_centre(y)
    yield service_centre_renamed(y)
    yield one_more_deputy(y)
    yield quota_moved(y)
    yield second_name(y)
    yield fewer_workers(y)
    yield higher_rank(y)
    yield beyond_the_city(y)
    yield left_for_next_year(y)


def asked(
    y: City, unit: str, title: str, changes: list[Json], points: tuple[str, ...], **more: Any
) -> EstablishmentChangeApplication:
    said = {
        "unit": unit,
        "kind": changes[0]["kind"],
        "title": title,
        "request_no": y.request_no(unit),
        "justification": dict(zip(POINTS, points, strict=True)),
        "changes": changes,
        "basis": y.meeting(unit, 6),
        "contact": CONTACTS[unit],
    }
    return EstablishmentChangeApplication.model_validate(said | more)


def countersigned(y: City, case: str, by: Officer = EXAMINER, opinion: str = "", **against: str) -> Story:
    """Examined, then countersigned by all three; `against` holds the words of who objects."""
    yield from examined(y, case, 4, by=by, **({"opinion": opinion} if opinion else {}))
    for days, (step, officer) in zip((3, 1, 2), COUNTERSIGNERS, strict=True):
        yield y.after(days)
        words = against.get(officer.id)
        if words:
            y.decide(case, step, officer, "reject", opinion=words)
        else:
            y.decide(case, step, officer)


def session(y: City) -> datetime:
    """The next meeting of the commission, in the afternoon."""
    day = next(day for day in SESSIONS if day > y.ahead(0))
    return y.on(day.month, day.day, 16)


def decided(y: City, case: str, **more: Any) -> Story:
    yield session(y)
    y.decide(case, "decide", COMMISSION, minutes_no=y.minutes(), **more)


def signed(y: City, case: str) -> Story:
    """Signed, and the duties after the reply done."""
    yield y.after(3)
    y.decide(case, "sign", ISSUER)
    unit = next(code for code, each in APPLICANTS.items() if each.unit == y.docket(case).unit)
    for step in [each for each in y.docket(case).steps if each.state.value == "current"]:
        yield y.after(3)
        by = APPLICANTS[unit] if step.department is Department.UNIT else REGISTRAR
        filed = {"reference_no": y.letter("示编备")} if step.step == "obligation-filing" else {}
        y.decide(case, step.step, by, "acknowledge", **filed)


def safety_section(y: City) -> Story:
    """内设机构更名, by the office itself."""
    yield y.on(3, 5)
    before: Json = {"name": "学校安全科", "rank": None, "chief_posts": 1, "deputy_posts": 1}
    points = (
        "有利于压实学校党组织安全稳定主体责任，推动党建与校园治理同部署。",
        "依据中小学幼儿园安全管理办法和市委平安建设工作要求，不新设机构。",
        "不增加编制职数和经费，机构名称与现行职责相一致。",
        "原名称不能涵盖校车、食堂和周边治理职责，更名后职责边界清晰。",
        "风险较低，更名后同步修订职责清单，做好印章和文书衔接。",
    )
    change: Json = {
        "kind": "internal-bodies",
        "unit": EDUCATION,
        "before": before,
        "after": before | {"name": "校园安全管理科"},
    }
    case = y.presented(asked(y, EDUCATION, "关于学校安全科更名的请示", [change], points))
    yield from countersigned(y, case, EXAMINER_TWO, "职责与名称相符，不涉及编制职数，同意提请审议。")
    yield y.after(4)
    y.decide(case, "decide", HEAD, minutes_no=f"示编办纪〔{YEAR}〕5号", opinion="经主任办公会议研究，同意更名。")
    yield from signed(y, case)


def merger(y: City) -> Story:
    yield y.on(2, 20)
    points = (
        "有利于加强党对意识形态阵地和群众文化工作的统一领导。",
        "符合深化事业单位改革“撤一建一、整合同类”的要求。",
        "整合后编制总量不增，财政供养人员不增。",
        "两单位职责相近、人员交叉，合并后便于统筹文化服务与非遗传承。",
        "人员连同编制整体划转，妥善安排原中心负责人，合同和资产由文化馆承继。",
    )
    changes: list[Json] = [
        {"kind": "merge", "units": [HERITAGE], "into": ARTS_CENTRE},
        {"kind": "extra-name", "unit": ARTS_CENTRE, "before": "", "after": "示范市非物质文化遗产保护中心"},
    ]
    title = "关于整合市文化馆和市非物质文化遗产保护中心的请示"
    case = y.presented(asked(y, CULTURE, title, changes, points))
    yield from countersigned(y, case, opinion="两单位均为公益一类，整合后编制15名加8名共23名，同意提请审议。")
    yield from decided(y, case)
    yield from signed(y, case)


def data_centre(y: City) -> Story:
    """缓议 in spring, decided in summer."""
    yield y.on(3, 3)
    points = (
        "有利于党委和政府对公共数据资源的统一管理。",
        "依据公共数据资源开发利用的部署和省有关实施意见提出。",
        "所需编制从全市事业编制总量中调剂解决，不突破总量。",
        "现由三个单位分散承担，职责交叉；整合后由一个机构承担数据归集和授权运营管理。",
        "数据安全风险突出，拟同步建立分级授权和审计制度。",
    )
    quotas = [
        {"resource": "headcount:institution-full", "number": 10},
        {"resource": "post:unit-chief", "number": 1},
        {"resource": "post:unit-deputy", "number": 1},
    ]
    change: Json = {"kind": "establish", "code": DATA_CENTRE, "name": "示范市数据资源中心", "unit_kind": "institution"}
    change |= {"rank": "正科级", "nature": "所属事业单位", "parent": RESEARCH_BUREAU, "quotas": quotas}
    case = y.presented(asked(y, RESEARCH_BUREAU, "关于设立示范市数据资源中心的请示", [change], points))
    words = "数据资源目录尚未理清，建议先行核定归集范围，再研究机构设置和经费保障。"
    yield from countersigned(y, case, finance=words)
    yield session(y)
    y.decide(case, "decide", COMMISSION, "defer", opinion="请市发展研究局会同财政部门理清数据归集范围后再议。")
    yield session(y)
    y.decide(case, "decide", COMMISSION, subject="2", minutes_no=y.minutes())
    yield from signed(y, case)


def online_trade(y: City) -> Story:
    """A new section with its head."""
    yield y.on(5, 8)
    points = (
        "有利于落实党中央关于促进平台经济规范健康发展的决策部署。",
        "依据电子商务法和网络交易监督管理办法，属法定监管职责。",
        "不增加行政编制，核增科级领导职数1名，由内部调剂人员。",
        "网络交易主体三年增长近两倍，现由价格监督检查科兼管，力量不足。",
        "做好新旧科室业务交接，监管空档期由原科室继续负责。",
    )
    body: Json = {"name": "网络交易监督管理科", "rank": "正科级", "chief_posts": 1, "deputy_posts": 0}
    changes: list[Json] = [
        {"kind": "internal-bodies", "unit": MARKET, "after": body},
        {"kind": "posts", "unit": MARKET, "resource": "post:internal-chief", "before": 6, "after": 7},
    ]
    case = y.presented(asked(y, MARKET, "关于增设网络交易监督管理科的请示", changes, points))
    yield from countersigned(y, case, EXAMINER_TWO, "设置依据充分，建议核增内设机构正职1名。")
    yield from decided(y, case)
    yield from signed(y, case)


def school_quota(y: City) -> Story:
    """Six asked for, four approved; finance had objected."""
    yield y.on(5, 6)
    points = (
        "有利于全面贯彻党的教育方针，办好人民满意的教育。",
        "按照中小学教职工编制标准和在校生规模测算。",
        "所需经费列入教育经费预算，财政可以保障。",
        "在校生增至1620人，按师生比1∶13.5应配120名，另因选课走班需增加专任教师；已先行校际交流轮岗挖潜。",
        "生源高峰过后编制有富余风险，拟实行动态调整，周期为三年。",
    )
    quota: Json = {"kind": "headcount", "unit": SCHOOL, "resource": "headcount:institution-full", "before": 120}
    case = y.presented(asked(y, EDUCATION, "关于增加市实验中学教职工编制的请示", [quota | {"after": 126}], points))
    words = "近三年财政供养人员增幅已达控制目标上限，建议从严控制新增，优先区域内调剂。"
    yield from countersigned(y, case, opinion="按标准测算缺口4名至6名，建议从紧核增。", finance=words)
    yield from decided(y, case, changes=[quota | {"after": 124}], opinion="同意核增4名，其余通过校际交流解决。")
    yield from signed(y, case)


def extension_centre(y: City) -> Story:
    yield y.on(4, 24)
    points = (
        "有利于落实党管农业农村工作要求，健全基层农技推广体系。",
        "符合农业技术推广法关于公益性推广机构的规定。",
        "不涉及编制职数增减。",
        "推广范围已由粮油作物扩展到设施农业和社会化服务，原名称不能反映职能。",
        "更名后对外服务合同和专用账户需变更，已制定过渡安排。",
    )
    change: Json = {
        "kind": "rename",
        "unit": EXTENSION,
        "before": "示范市农业技术推广站",
        "after": "示范市农业技术推广中心",
    }
    case = y.presented(asked(y, AGRICULTURE, "关于市农业技术推广站更名的请示", [change], points))
    yield from countersigned(y, case)
    yield from decided(y, case)
    yield from signed(y, case)


def service_centre_renamed(y: City) -> Story:
    """A body of 副处级: the province decides."""
    yield y.on(8, 28)
    points = (
        "有利于坚持以人民为中心，把党的领导贯穿政务服务全过程。",
        "与国务院关于加快推进政务服务标准化规范化便利化的要求相一致。",
        "编制职数和经费渠道不变。",
        "全省同级机构已统一名称，统一后便于群众识别和业务对接。",
        "对外标识更换费用由单位公用经费列支，公告期内新旧名称并用。",
    )
    change: Json = {
        "kind": "rename",
        "unit": SERVICE_CENTRE,
        "before": "示范市公共服务中心",
        "after": "示范市政务服务中心",
    }
    case = y.presented(asked(y, RESEARCH_BUREAU, "关于市公共服务中心更名的请示", [change], points))
    yield from countersigned(y, case, EXAMINER_TWO, "该中心为副处级，按权限报省委编办审批，同意上报。")
    yield y.on(11, 6)
    y.decide(case, "decide", UPPER, minutes_no=f"省编办复〔{YEAR}〕87号")
    yield from signed(y, case)


def one_more_deputy(y: City) -> Story:
    """Corrected at the gate, refused by the commission."""
    yield y.on(7, 8)
    points = (
        "有利于加强党对食品安全工作的领导，落实党政同责。",
        "内设机构领导职数按不超过编制规模的有关比例控制，增加后仍在限额内。",
        "不增加编制，仅增加科级领导职数1名。",
        "食品生产企业分布较散，科长一人难以兼顾日常检查和专项整治。",
        "存在领导职数结构偏高的可能，拟在下一轮核定时统筹消化。",
    )
    change: Json = {"kind": "posts", "unit": MARKET, "resource": "post:internal-deputy", "before": 7, "after": 8}
    title = "关于增加食品生产监管科副科长职数的请示"
    case = y.presented(asked(y, MARKET, title, [change], points))
    yield y.after(4)
    resubmitted(y, case, asked(y, MARKET, title, [change | {"before": 8, "after": 9}], points))
    yield from countersigned(y, case, opinion="现有副职职数8名、实配5名，尚有空余，请审议时一并考虑。")
    yield session(y)
    words = "该局内设机构副职核定8名、实配5名，空余职数足以保障工作需要，不同意增加。"
    y.decide(case, "decide", COMMISSION, "reject", opinion=words)


def quota_moved(y: City) -> Story:
    """编制调剂 between two bodies of one bureau."""
    yield y.on(10, 17)
    points = (
        "有利于巩固公共文化阵地，推动党的创新理论进基层。",
        "在主管部门所属事业单位之间调剂，符合挖潜创新、动态调整的要求。",
        "总量不变，经费渠道相同。",
        "图书馆新馆开放后服务面积增加一倍，文化馆整合后有富余编制。",
        "调剂后文化馆仍有空余，不影响现有人员。",
    )
    change: Json = {"kind": "reallocate", "resource": "headcount:institution-full", "number": 2}
    change |= {"from_unit": ARTS_CENTRE, "to_unit": LIBRARY}
    case = y.presented(asked(y, CULTURE, "关于在所属事业单位之间调剂编制的请示", [change], points))
    yield from countersigned(y, case, EXAMINER_TWO, "符合动态调整要求，同意提请审议。")
    yield from decided(y, case)
    yield from signed(y, case)


def second_name(y: City) -> Story:
    yield y.on(4, 16)
    points = (
        "有利于落实市委关于食品安全党政同责的部署。",
        "拟依托现有机构加挂牌子，不单独设置机构。",
        "不增加编制、领导职数和经费。",
        "食品检验业务量占比已过半，加挂牌子便于承接省级委托任务。",
        "牌子过多易造成职责混淆，将在门户网站公布职责清单。",
    )
    change: Json = {"kind": "extra-name", "unit": INSPECTION_LAB, "before": "", "after": "示范市食品检验所"}
    case = y.presented(asked(y, MARKET, "关于市检验检测中心加挂市食品检验所牌子的请示", [change], points))
    yield from examined(y, case, 5)
    yield y.after(3)
    said = "省级委托任务改由省食品检验研究院统一承担，加挂牌子的依据已不存在。"
    y.order(case, CommandKind.WITHDRAW, Withdrawal(reason=said), APPLICANTS[MARKET])


def fewer_workers(y: City) -> Story:
    yield y.on(8, 11)
    points = (
        "有利于坚持党对机构编制工作的集中统一领导，严格控制机关后勤用编。",
        "落实机关工勤编制只减不增的规定。",
        "核减后相应减少人员经费。",
        "驾驶和文印服务已改为购买服务，空余编制不再使用。",
        "不涉及现有人员安置，没有稳定风险。",
    )
    change: Json = {"kind": "headcount", "unit": JUSTICE, "resource": "headcount:worker", "before": 3, "after": 2}
    case = y.presented(asked(y, JUSTICE, "关于核减机关工勤编制的请示", [change], points))
    yield from countersigned(y, case, opinion="核减后与实有人数相符，同意提请审议。")
    yield from decided(y, case)
    yield from signed(y, case)


def higher_rank(y: City) -> Story:
    yield y.on(4, 3)
    points = (
        "有利于加强党对乡村振兴人才工作的领导。",
        "参照省内部分地市同类机构规格提出。",
        "提高规格后相应增加领导职数2名。",
        "现有规格与承担的跨县（区）协调任务不相称。",
        "可能引起同类单位攀比，需统筹考虑。",
    )
    change: Json = {"kind": "rerank", "unit": EXTENSION, "before": "正科级", "after": "副处级"}
    case = y.presented(asked(y, AGRICULTURE, "关于提高市农业技术推广站机构规格的请示", [change], points))
    words = "提高规格没有法律法规和上级文件依据，仅参照外地做法提出，不符合机构规格从严控制的要求。"
    yield from examined(y, case, 4, "reject", opinion=words)


def beyond_the_city(y: City) -> Story:
    yield y.on(9, 17)
    points = (
        "有利于落实市委教育工作领导小组的统一部署。",
        "因学区管理体制调整提出。",
        "市、县两级行政编制总量合计不变。",
        "学区管理职责上收后，市级力量不足。",
        "县级教育部门可能反映力量被削弱，需做好沟通。",
    )
    change: Json = {"kind": "reallocate", "resource": "headcount:administrative", "number": 3}
    change |= {"from_level": "county", "to_unit": EDUCATION}
    y.presented(asked(y, EDUCATION, "关于从县（区）上划行政编制的请示", [change], points))


def left_for_next_year(y: City) -> Story:
    """Asked too late for the last session of the year."""
    yield y.on(12, 3)
    points = (
        "有利于加强党支部对新馆建设和意识形态阵地的领导。",
        "新馆面积和服务人口已达到大型图书馆标准。",
        "增加领导职数1名，不增加编制。",
        "新馆、老馆两处办馆，现有2名副馆长难以分管。",
        "职数增加后结构比例仍在控制范围内。",
    )
    change: Json = {"kind": "posts", "unit": LIBRARY, "resource": "post:unit-deputy", "before": 2, "after": 3}
    case = y.presented(asked(y, CULTURE, "关于增加市图书馆副馆长职数的请示", [change], points))
    yield from countersigned(y, case, EXAMINER, "服务规模增长属实，建议提请审议。")
