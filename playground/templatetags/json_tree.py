"""A JSON tree as nested <details>, which every browser opens by mouse and keyboard and says aloud."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from playground.json_tree import Node
from playground.templatetags.figures import size, whole

register = template.Library()

_CLASSES = {"string": "s", "number": "n", "word": "k"}
_BRACKETS = {"object": ("{", "}"), "list": ("[", "]")}


@register.simple_tag
def json_tree(root: Node, part_href: str, image_href: str = "") -> SafeString:
    """Return a tree; `part_href` (with its query begun) fetches what is closed, `image_href` plus a number a picture."""
    return _Html(part_href, image_href).node(root)


@register.simple_tag
def json_tree_part(part: Node, part_href: str, image_href: str = "") -> SafeString:
    """Return what lies below one node."""
    return _Html(part_href, image_href).below(part)


class _Html:
    def __init__(self, part_href: str, image_href: str) -> None:
        self._part = part_href
        self._image = image_href

    def _href(self, **query: str | int) -> str:
        return f"{self._part}&{urlencode(query)}"

    def node(self, node: Node) -> SafeString:
        comma = "" if node.last else ","
        label = format_html('<span class="key">{}</span>: ', node.label) if node.label else SafeString("")
        if node.kind in _BRACKETS:
            return self._container(node, label, comma)
        return format_html('<div class="leaf">{}{}{}</div>', label, self._leaf(node), comma)

    def _container(self, node: Node, label: SafeString, comma: str) -> SafeString:
        first, last = _BRACKETS[node.kind]
        if not node.count:
            return format_html('<div class="leaf">{}{}{}{}</div>', label, first, last, comma)
        fetch = ""
        if node.lazy:
            fetch = format_html(
                ' hx-get="{}" hx-trigger="toggle once" hx-target="find .node__in"', self._href(at=node.at)
            )
        return format_html(
            '<details class="node" data-keep="node-{}"{}{}><summary>{}{}<span class="node__fold">'
            '<span class="fold-json">{}</span>{}{}</span></summary><div class="node__in">{}</div>'
            '<div class="node__end">{}{}</div></details>',
            *(node.at or "top", fetch, "" if node.lazy else SafeString(" open"), label, first),
            *(_held(node), last, comma, "" if node.lazy else self.below(node), last, comma),
        )

    def below(self, node: Node) -> SafeString:
        rows = format_html_join("", "{}", ((self.node(child),) for child in node.children))
        if not node.more:
            return rows
        first = len(node.children) + int(node.children[0].at.rpartition(".")[2])
        return format_html(
            '{}<div class="leaf"><button type="button" class="fold-json" hx-get="{}" hx-target="closest .leaf" '
            'hx-swap="outerHTML">{}</button></div>',
            rows,
            self._href(at=node.at, first=first),
            ngettext("%(count)s more", "%(count)s more", node.more) % {"count": whole(node.more)},
        )

    def _leaf(self, node: Node) -> SafeString:
        text = format_html('<span class="{}">{}</span>', _CLASSES[node.kind], node.text)
        if node.image is not None:
            return self._picture(node, text)
        if not node.left:
            return text
        more = ngettext("%(count)s more character", "%(count)s more characters", node.left)
        return format_html(
            '<span class="long">{}<button type="button" class="fold-json" hx-get="{}" hx-target="closest .long" '
            'hx-swap="outerHTML">{}</button></span>',
            text,
            self._href(at=node.at, whole=1),
            more % {"count": whole(node.left)},
        )

    def _picture(self, node: Node, text: SafeString) -> SafeString:
        image = node.image
        assert image is not None
        words = _("Image %(number)s, %(mime)s, %(size)s") % {
            "number": image.number,
            "mime": image.mime,
            "size": size(image.size),
        }
        return format_html(
            '{}<span class="picture"><img src="{}{}/" alt="" loading="lazy" data-picture><span>{}</span></span>',
            text,
            self._image,
            image.number,
            words,
        )


def _held(node: Node) -> str:
    if node.kind == "list":
        words = ngettext("%(count)s item", "%(count)s items", node.count)
    else:
        words = ngettext("%(count)s member", "%(count)s members", node.count)
    return words % {"count": whole(node.count)}
