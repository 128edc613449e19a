"""Rate limits of a response as sentences."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from playground.inspector_models import LimitView
from playground.templatetags.figures import seconds, whole
from upstream.wire.rate_limits import RateLimit


def limit_view(limit: RateLimit) -> LimitView:
    """Return one budget read out."""
    share = None
    if limit.limit and limit.remaining is not None:
        share = round(1000 * min(1.0, limit.remaining / limit.limit))
    return LimitView(_label(limit.what), _sentence(limit), share)


def _label(what: str) -> str:
    known = {
        "": _("Rate limit"),
        "requests": _("Requests"),
        "tokens": _("Tokens"),
        "input-tokens": _("Input tokens"),
        "output-tokens": _("Output tokens"),
        "requests-day": _("Requests a day"),
        "tokens-minute": _("Tokens a minute"),
    }
    return known.get(what, what)


def _sentence(limit: RateLimit) -> str:
    figures = {
        "left": whole(limit.remaining),
        "most": whole(limit.limit),
        "time": _time(limit.reset_s),
    }
    match (limit.remaining is None, limit.limit is None, limit.reset_s is None):
        case (True, _known, _reset):
            return _("%(most)s at most") % figures
        case (False, False, False) if limit.what == "requests":
            return _("%(left)s of %(most)s requests left, resets in %(time)s") % figures
        case (False, False, False):
            return _("%(left)s of %(most)s left, resets in %(time)s") % figures
        case (False, False, True) if limit.what == "requests":
            return _("%(left)s of %(most)s requests left") % figures
        case (False, False, True):
            return _("%(left)s of %(most)s left") % figures
        case (False, True, False):
            return _("%(left)s left, resets in %(time)s") % figures
    return _("%(left)s left") % figures


def _time(reset: float | None) -> str:
    """Return a time to wait as people say it: "0.12 s", "12 s", "3 min", "2 h"."""
    if reset is None:
        return ""
    if reset < 10 and reset != int(reset):
        return seconds(reset * 1000)
    if reset < 120:
        return pgettext("seconds", "%(seconds)s s") % {"seconds": whole(round(reset))}
    if reset < 7200:
        return _("%(minutes)s min") % {"minutes": whole(round(reset / 60))}
    return ngettext("%(hours)s hour", "%(hours)s hours", round(reset / 3600)) % {
        "hours": whole(round(reset / 3600))
    }
