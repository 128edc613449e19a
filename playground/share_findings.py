"""What a scan of a snapshot found, in sentences."""

from django.utils.translation import gettext as _

from conversations.sharing import Finding, Snapshot, findings_of


def warnings_of(snapshot: Snapshot) -> list[str]:
    """Return a sentence for each thing that its author should look at before anybody else does."""
    sentences = [_sentence(finding) for finding in findings_of(snapshot.document, snapshot.exchanges)]
    return [*map(_quoting, snapshot.quoting), *sentences]


def _quoting(number: int) -> str:
    return _("Message %(number)s repeats something that you leave out.") % {"number": number}


def _sentence(finding: Finding) -> str:
    return _("%(what)s in %(where)s: %(excerpt)s") % {
        "what": _kinds()[finding.kind],
        "where": _place(finding),
        "excerpt": finding.excerpt,
    }


def _kinds() -> dict[str, str]:
    return {
        "private_key": _("A private key"),
        "key": _("An API key"),
        "token": _("A token"),
        "password": _("A password or secret"),
        "email": _("An email address"),
        "card": _("A card number"),
        "identity": _("An identity number"),
        "account": _("A bank account number"),
        "phone": _("A phone number"),
        "inside": _("An address of an internal network"),
    }


def _place(finding: Finding) -> str:
    places = {
        "title": _("the title"),
        "system": _("the system prompt"),
        "parameters": _("the parameters"),
        "message": _("message %(number)s"),
        "request": _("request %(number)s"),
        "response": _("response %(number)s"),
    }
    return places[finding.place] % {"number": finding.number}
