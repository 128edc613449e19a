"""What a person does with several columns, in the words of the page."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.browser.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Compare:
    """A conversation with columns, on a page of the workbench."""

    bench: Workbench

    @property
    def page(self) -> Page:
        return self.bench.page

    @property
    def columns(self) -> Locator:
        return self.page.get_by_role("region", name=re.compile("^Column [A-H]$"), include_hidden=True)

    @property
    def run_all(self) -> Locator:
        return self.page.get_by_role("button", name="Run all")

    @property
    def model(self) -> Locator:
        return self.page.get_by_role("combobox", name="Model")

    def column(self, letter: str) -> Locator:
        return self.page.get_by_role("region", name=f"Column {letter}", exact=True)

    def answer(self, letter: str) -> Locator:
        """The newest answer of a column."""
        return self.column(letter).get_by_role("article", name="Assistant message").last

    def questions(self, letter: str) -> Locator:
        return self.column(letter).get_by_role("article", name="User message")

    def open(self, *models: str) -> None:
        """Make a column for each of these models out of a new conversation."""
        for at, model in enumerate(models):
            if at == 1:
                self.page.get_by_role("button", name="Compare", exact=True).click()
            elif at > 1:
                self.page.get_by_role("button", name="Add column").click()
            expect(self.columns).to_have_count(at + 1 if at else 0)
            self.model.fill(model)
        letter = chr(ord("A") + len(models) - 1)
        expect(self.column(letter)).to_contain_text(models[-1])

    def choose(self, letter: str) -> None:
        """Edit the settings of a column."""
        button = self.page.get_by_role("group", name="Settings for").get_by_role(
            "button", name=f"Column {letter}"
        )
        button.click()
        expect(self.page.get_by_text(re.compile(f"^column {letter} · "))).to_be_visible()

    def say(self, text: str) -> None:
        """Run all columns with a message; each shows it, and an answer to come."""
        questions = self.columns.get_by_role("article", name="User message", include_hidden=True)
        said = questions.count()
        self.bench.message.fill(text)
        self.run_all.click()
        expect(questions).to_have_count(said + self.columns.count())

    def expect_states(self, **states: str) -> None:
        """Wait until the newest answers of these columns are in these states."""
        for letter, state in states.items():
            expect(self.answer(letter)).to_have_attribute("data-state", state)

    def act(self, letter: str, name: str) -> None:
        """Choose something from a column's menu."""
        column = self.column(letter)
        column.get_by_label(f"Column {letter} actions").click()
        column.get_by_role("button", name=name, exact=True).click()
