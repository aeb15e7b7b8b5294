"""The HTML of form controls."""

from collections.abc import Callable, Mapping
from typing import Any

from django.forms.renderers import TemplatesSetting
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

WIDGETS = "django/forms/widgets/"
# Django's controls of one line, which include `input.html` under other names.
INPUTS = (
    "hidden",
    "text",
    "number",
    "email",
    "url",
    "tel",
    "search",
    "password",
    "date",
    "time",
    "datetime",
    "checkbox",
)
OPTIONS = ("radio_option", "checkbox_option")

type Control = Mapping[str, Any]


class Renderer(TemplatesSetting):
    """Renders {{ form.name.as_field_group }} with our label, help, error and control.

    Controls are written here with the markup of Django's templates. Django's templates include one template for each
    option and one for its attributes, which took most of the time of a page with several lists.
    """

    field_template_name = "field.html"

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> SafeString:
        write = WRITERS.get(template_name)
        return write(context["widget"]) if write else SafeString(super().render(template_name, context, request))


def escape_value(value: object) -> str:
    """Return a value as a text that is escaped for HTML."""
    return conditional_escape(str(value))


def write_attributes(attributes: Mapping[str, Any]) -> str:
    """Return the attributes of a tag, each after a space. An attribute that is True has no value. An attribute that is
    False is left out.
    """
    return "".join(
        f" {escape_value(name)}" if value is True else f' {escape_value(name)}="{escape_value(value)}"'
        for name, value in attributes.items()
        if value is not False
    )


def write_input(control: Control) -> SafeString:
    """Return the HTML of a control of one line, such as a text or a date."""
    value = control["value"]
    value_attribute = "" if value is None else f' value="{escape_value(value)}"'
    kind, name = escape_value(control["type"]), escape_value(control["name"])
    return mark_safe(f'<input type="{kind}" name="{name}"{value_attribute}{write_attributes(control["attrs"])}>')  # noqa: S308 (each part is escaped)


def write_option(control: Control) -> SafeString:
    """Return one radio button or checkbox, inside its label if `wrap_label` is set."""
    box = write_input(control)
    if not control.get("wrap_label"):
        return box
    target = control["attrs"].get("id")
    for_attribute = f' for="{escape_value(target)}"' if target else ""
    return mark_safe(f"<label{for_attribute}>{box} {escape_value(control['label'])}</label>")  # noqa: S308 (each part is escaped)


def write_textarea(control: Control) -> SafeString:
    """Return the HTML of a text area."""
    text = escape_value(control["value"]) if control["value"] else ""
    name, attributes = escape_value(control["name"]), write_attributes(control["attrs"])
    return mark_safe(f'<textarea name="{name}"{attributes}>\n{text}</textarea>')  # noqa: S308 (each part is escaped)


def write_select(control: Control) -> SafeString:
    """Return the HTML of a list of options."""
    lines = []
    for group, options, _index in control["optgroups"]:
        option_tags = [
            f'<option value="{escape_value(option["value"])}"{write_attributes(option["attrs"])}>'
            f"{escape_value(option['label'])}</option>"
            for option in options
        ]
        lines += [f'<optgroup label="{escape_value(group)}">', *option_tags, "</optgroup>"] if group else option_tags
    name, attributes, inside = escape_value(control["name"]), write_attributes(control["attrs"]), "\n".join(lines)
    return mark_safe(f'<select name="{name}"{attributes}>\n{inside}\n</select>')  # noqa: S308 (each part is escaped)


WRITERS: dict[str, Callable[[Control], SafeString]] = {
    **{f"{WIDGETS}{name}.html": write_input for name in INPUTS},
    **{f"{WIDGETS}{name}.html": write_option for name in OPTIONS},
    f"{WIDGETS}textarea.html": write_textarea,
    f"{WIDGETS}select.html": write_select,
}
