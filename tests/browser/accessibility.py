"""axe-core on a page: what people with a screen reader, a keyboard or weak sight would trip over."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.conftest import ROOT, missing

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules that a theme can break: the document is the same in each."""

SETTLED = """async () => {
  const frame = () => new Promise((done) => { requestAnimationFrame(done); setTimeout(done, 250); });
  for (let round = 0; round < 20; round += 1) {
    await frame();
    const passing = document.getAnimations().filter(
      (one) => one.playState === "running" && one.effect.getTiming().iterations !== Infinity
    );
    if (!passing.length) return;
    for (const one of passing) one.finish();
  }
}"""
"""Colours on their way from one to another have the contrast of neither: let them arrive at once."""


@cache
def _axe(path: Path) -> str:
    if not path.exists():
        missing("axe-core is not installed (make install)")
    return path.read_text("utf-8")


def violations(page: Page, *rules: str) -> list[str]:
    """Return what axe finds wrong with the page as it is now, a line for each rule and element; by these rules, or all."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(_axe(AXE))
    page.evaluate(SETTLED)
    found = page.evaluate(
        """runOnly => axe.run(document, {runOnly, resultTypes: ['violations'], preload: false})
          .then(result => result.violations)""",
        {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": STANDARDS},
    )
    return [
        f"{rule['id']}: {rule['help']} at {' '.join(map(str, node['target']))} ({node.get('failureSummary', '')})"
        for rule in found
        for node in rule["nodes"]
    ]


def violations_in_both_themes(page: Page) -> list[str]:
    """Return what axe finds wrong with the page on a dark and on a light system; it stays with the light one."""
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    dark = violations(page, *OF_COLOURS)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return [f"dark: {line}" for line in dark] + violations(page)


def unreadable(page: Page, role: str) -> tuple[int, int]:
    """Return how many elements of a role a screen reader is told of, and how many of them are told without any text."""
    session = page.context.new_cdp_session(page)
    nodes = {node["nodeId"]: node for node in session.send("Accessibility.getFullAXTree")["nodes"]}
    session.detach()

    def is_read(node: dict[str, Any]) -> bool:
        below = [nodes[child] for child in node.get("childIds", ()) if child in nodes]
        return node.get("role", {}).get("value") == "StaticText" or any(map(is_read, below))

    of_role = [node for node in nodes.values() if node.get("role", {}).get("value") == role]
    return len(of_role), sum(not is_read(node) for node in of_role)
