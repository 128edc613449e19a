"""axe-core on a page: what people with a screen reader, a keyboard or weak sight would trip over."""

from functools import cache
from pathlib import Path

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
    page.evaluate(_axe(AXE))
    page.evaluate(SETTLED)
    found = page.evaluate(
        "standards => axe.run(document, {runOnly: {type: 'tag', values: standards}}).then(r => r.violations)",
        STANDARDS,
    )
    return [
        f"{rule['id']}: {rule['help']} at {' '.join(map(str, node['target']))} ({node.get('failureSummary', '')})"
        for rule in found
        for node in rule["nodes"]
    ]
