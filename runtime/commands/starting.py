"""Commands of a first day: everything at once, and one case from its application to its end."""

from __future__ import annotations

import typer
from rich.markup import escape

from ..demo import Story, run_demo, running_api
from ..terminal import Json, console, errors, print_json, say, settings_here
from ..up import run_up

app = typer.Typer()


@app.command()
def up() -> None:
    """启动全部：Temporal、工作进程、接口；首次启动载入示例数据 · Start everything; sample data on first use."""
    run_up(settings_here(), console)


@app.command()
def demo(as_json: Json = False) -> None:
    """经 HTTP 接口走完一件用编，各部门逐一签批 · Drive one whole staffing-up through the HTTP API."""
    settings = settings_here()

    def say(text: str) -> None:
        (errors if as_json else console).print(escape(text), soft_wrap=True)

    with running_api(settings, say) as address:
        story = run_demo(settings, address, say)
    if as_json:
        print_json(story.facts())
    else:
        _show_story(story)


def _show_story(story: Story) -> None:
    say("归档文件 · filed documents:")
    for record in story.records:  # a path on a line of its own can be copied whole
        say(f"    {record['number']}  {record['title']}\n        {record['path']}")
    say(f"事项 {story.case_no} 已办结，用时 {story.seconds} 秒 · case closed in {story.seconds} s")
