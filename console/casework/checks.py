"""The names of the checks, which the rules write into the register in Chinese: listed here, they have their English in
the catalogue, and a page says `_(check.label)`. Details and clauses cite Chinese papers and stay as they are."""

from __future__ import annotations

NAMES = (
    "经办人代表本单位",
    "申请材料齐全",
    "请示齐全",
    "领导班子集体研究",
    "单位登记信息",
    "未被暂停受理",
    "减员按期报送",
    "编制类别与单位性质",
    "本级权限",
    "空余编制",
    "空余领导职数",
    "无重复申请",
    "由本单位或组织、人社部门申请",
    "人员在编",
    "减员日期不早于落编日期",
    "所涉机构未撤销",
    "隶属关系",
    "调整前情况与登记一致",
    "撤并机构的人员和事项",
    "核减后不低于实有",
    "其他单位可以调出",
    "由监督检查岗立账",
    "单位未撤销",
    "问题登记完整",
    "无重复立账",
    "由监督检查岗提出",
    "单位在册",
    "无未办结的同类预警",
)
