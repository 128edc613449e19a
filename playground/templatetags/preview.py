"""The lines of the request preview as HTML."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from playground.preview import PreviewView
from playground.templatetags.json_text import rows_html

register = template.Library()


@register.simple_tag
def preview_rows(preview: PreviewView) -> SafeString:
    """Return the lines of the body; those of the messages are hidden behind a button that says what they are."""
    marks = dict(preview.marks)
    if not preview.summary:
        return rows_html(preview.rows, marked=marks)
    return format_html(
        '{}<span class="row">  "messages": [<button type="button" class="fold-json" aria-expanded="false" '
        "data-preview-fold>{}</button><span data-fold-end>]{}</span>\n</span><span data-folded hidden>{}</span>{}",
        rows_html(preview.before, marked=marks),
        preview.summary,
        preview.fold_comma,
        rows_html(preview.messages),
        rows_html(preview.after, marked=marks),
    )
