"""axe-core on a page: what people with a screen reader, a keyboard or weak sight would trip over."""

from functools import cache
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

from tests.conftest import ROOT, missing

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


SETTLED = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  await frame();
  const passing = document.getAnimations().filter((one) => one.effect.getTiming().iterations !== Infinity);
  await Promise.allSettled(passing.map((one) => one.finished));
  await frame();
}"""
"""Colours on their way from one to another have the contrast of neither."""


@cache
def _axe(path: Path) -> str:
    if not path.exists():
        missing("axe-core is not installed (make install)")
    return path.read_text("utf-8")


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with the page as it is now, one line for each rule and element."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(_axe(AXE))
    page.evaluate(SETTLED)
    found = page.evaluate(
        """standards => axe.run(document, {
          runOnly: {type: 'tag', values: standards}, resultTypes: ['violations'], preload: false,
        }).then(result => result.violations)""",
        STANDARDS,
    )
    return [
        f"{rule['id']}: {rule['help']} at {' '.join(map(str, node['target']))} ({node.get('failureSummary', '')})"
        for rule in found
        for node in rule["nodes"]
    ]


def violations_in_both_themes(page: Page) -> list[str]:
    """Return what axe finds wrong with the page in a light and in a dark system; it stays with the light one."""
    found = []
    schemes: tuple[Literal["dark", "light"], ...] = ("dark", "light")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += [f"{scheme}: {line}" for line in violations(page)]
    return found
