"""What becomes of a column when its provider changes: which model, which parameters, and what to tell the person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from playground.parameter_extra import EXTRA, InvalidExtra, extra_members
from upstream.catalog import Api


@dataclass(frozen=True, slots=True)
class ProviderChange:
    """The column afterwards; `model_before` is "" where the model stayed.

    `dropped` are parameters that the new API does not document, `added` those with which a column of it begins.
    """

    model: str
    model_before: str
    parameters: Mapping[str, str]
    dropped: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What changed beside the provider, in words."""
        said = []
        if self.model_before:
            names = {"new": self.model, "old": self.model_before}
            said.append(_("Model: %(new)s instead of %(old)s, which is not among this provider’s.") % names)
        if self.dropped:
            names = {"names": ", ".join(self.dropped)}
            said.append(_("Left out, because this API does not document it: %(names)s.") % names)
        return tuple(said)


def provider_change(
    *,
    old: Api,
    new: Api,
    parameters: Mapping[str, str],
    model: str,
    models: Sequence[str],
    last_model: str = "",
) -> ProviderChange:
    """Return what a column that spoke `old` keeps, loses and gains with a provider that speaks `new`.

    Parameters the old API documents and the new one does not are left out, because strict servers refuse them; what
    the person added as extra stays, in a row of its own where the new API has one. What a column of the new API begins
    with is added, unless the old one begins with it too: then it was switched off by hand. `models` are the names
    known of the provider; `last_model` is the one used with it before.
    """
    given = _apart(old, parameters)
    kept = {
        name: source
        for name, source in given.items()
        if new.parameter(name) or name == EXTRA or not old.parameter(name)
    }
    added = {
        name: source
        for name, source in new.initial.items()
        if name not in given and name not in old.initial and new.id != old.id
    }
    chosen = _model(model, models, last_model)
    return ProviderChange(
        model=chosen,
        model_before=model if model and chosen != model else "",
        parameters=kept | added,
        dropped=tuple(name for name in given if name not in kept),
        added=tuple(added),
    )


def _apart(old: Api, parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters with those in the text of Extra beside the others, as the old API reads it."""
    rest = {name: source for name, source in parameters.items() if name != EXTRA}
    text = parameters.get(EXTRA, "")
    if not text:
        return rest
    try:
        return rest | extra_members(old, text)
    except InvalidExtra:
        return rest | {EXTRA: text}


def _model(model: str, models: Sequence[str], last_model: str) -> str:
    if last_model:
        return last_model
    return models[0] if models and model not in models else model
