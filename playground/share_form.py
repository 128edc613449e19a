"""What an owner decides about a link, parsed and checked."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from conversations.models import Column, Share
from conversations.services.share import ShareSettings, share_settings
from conversations.sharing import Included

DAYS: Final = (1, 7, 30, 90)
MAX_VIEWS: Final = 1_000_000
PASSWORD_MIN: Final = 8
KEEP: Final = "keep"
NEVER: Final = "never"
PARTS: Final = ("system", "parameters", "raw", "images", "author")


class ShareForm(forms.Form):
    """The settings of a link: a new one, or with `share` one that there is."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=200, required=False)
    columns = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Columns"),
        coerce=int,
        error_messages={"required": gettext_lazy("Choose at least one column.")},
        widget=forms.CheckboxSelectMultiple,
    )
    system = forms.BooleanField(label=gettext_lazy("System prompt"), required=False)
    parameters = forms.BooleanField(label=gettext_lazy("Parameters"), required=False)
    images = forms.BooleanField(label=gettext_lazy("Images and files"), required=False)
    raw = forms.BooleanField(
        label=gettext_lazy("Requests, responses, events and code"),
        help_text=gettext_lazy("With every key masked. The provider’s address is in them."),
        required=False,
    )
    author = forms.BooleanField(label=gettext_lazy("Names of those who wrote"), required=False)
    audience = forms.ChoiceField(
        label=gettext_lazy("Who may read it"), choices=Share.Audience.choices, widget=forms.RadioSelect
    )
    expires = forms.ChoiceField(label=gettext_lazy("Ends"))
    max_views = forms.IntegerField(
        label=gettext_lazy("Maximum views"),
        help_text=gettext_lazy("Counted when somebody presses Open, not by link previews."),
        min_value=1,
        max_value=MAX_VIEWS,
        required=False,
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        min_length=PASSWORD_MIN,
        max_length=200,
        strip=False,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password_remove = forms.BooleanField(label=gettext_lazy("Ask for no password any more"), required=False)

    def __init__(
        self, data: Any = None, *, title: str, columns: Sequence[Column], share: Share | None = None
    ) -> None:
        """`title` and `columns` are the conversation's."""
        self._share = share
        super().__init__(data, initial=_initial(title, columns, share), auto_id="share_%s")
        letters = [(column.pk, chr(ord("A") + at)) for at, column in enumerate(columns)]
        self.fields["columns"].choices = letters  # type: ignore[attr-defined]  # a ChoiceField
        if len(columns) < 2:
            del self.fields["columns"]
        self.fields["expires"].choices = _ends(share)  # type: ignore[attr-defined]  # a ChoiceField
        if share is None or not share.password:
            del self.fields["password_remove"]
        else:
            self.fields["password"].help_text = _("There is one. Leave this empty to keep it.")

    @property
    def parts(self) -> list[forms.BoundField]:
        """The fields that say what is in it."""
        return [self[name] for name in PARTS]

    def settings(self) -> ShareSettings:
        """Return what was decided; call after `is_valid`."""
        given = self.cleaned_data
        password: str | None = given["password"] or (None if self._share else "")
        return ShareSettings(
            title=given["title"],
            included=self.included(),
            audience=given["audience"],
            columns=self.chosen_columns(),
            expires=self._expires(given["expires"]),
            max_views=given["max_views"],
            password="" if given.get("password_remove") and not given["password"] else password,
        )

    def shown(self) -> ShareSettings:
        """Return what decides about the snapshot, as far as it is filled in; call after `is_valid`, whatever it said."""
        return ShareSettings(
            title=self.cleaned_data.get("title", ""), included=self.included(), columns=self.chosen_columns()
        )

    def included(self) -> Included:
        """Return what is in it."""
        return Included(**{name: bool(self.cleaned_data.get(name)) for name in PARTS})

    def chosen_columns(self) -> tuple[int, ...]:
        """Return the ids of the chosen columns; none where all are."""
        chosen = tuple(self.cleaned_data.get("columns") or ())
        everything = {pk for pk, _letter in getattr(self.fields.get("columns"), "choices", ())}
        return () if set(chosen) == everything else chosen

    def _expires(self, choice: str) -> Any:
        if choice == KEEP and self._share is not None:
            return self._share.expires
        return None if choice == NEVER else timezone.now() + timedelta(days=int(choice))


def _initial(title: str, columns: Sequence[Column], share: Share | None) -> dict[str, Any]:
    settings = share_settings(share) if share else ShareSettings(title=title, included=Included())
    return {
        "title": settings.title,
        "audience": settings.audience,
        "columns": list(settings.columns) or [column.pk for column in columns],
        "expires": KEEP if settings.expires else NEVER,
        "max_views": settings.max_views,
        **settings.included.to_json(),
    }


def _ends(share: Share | None) -> list[tuple[str, str]]:
    kept = []
    if share is not None and share.expires is not None:
        day = date_format(timezone.localtime(share.expires), "DATE_FORMAT")
        kept = [(KEEP, _("On %(day)s, as now") % {"day": day})]
    days = [
        (str(count), _("In a day") if count == 1 else _("In %(count)s days") % {"count": count})
        for count in DAYS
    ]
    return [*kept, (NEVER, _("Never")), *days]
