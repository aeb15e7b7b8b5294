"""Controls are rendered without Django's templates, with the same result."""

from html.parser import HTMLParser

import pytest
from django import forms
from django.forms.renderers import TemplatesSetting

from config.pages.forms import Renderer

BOXES = [("x<", "y&"), ("z", "t"), ("groupe", [("q", "r")])]


class Everything(forms.Form):
    words = forms.CharField(max_length=9, widget=forms.TextInput(attrs={"title": "<\"'>", "spellcheck": False}))
    choice = forms.ChoiceField(choices=[("x<", "y&"), ('g"', [("1", "<un>"), (2, "deux")])], initial=2)
    several = forms.MultipleChoiceField(choices=[("x", "y"), ("z", "t")], initial=["x", "z"])
    ticks = forms.MultipleChoiceField(choices=BOXES, widget=forms.CheckboxSelectMultiple, initial=["z"])
    radios = forms.ChoiceField(choices=BOXES, widget=forms.RadioSelect)
    story = forms.CharField(widget=forms.Textarea, initial="\n<b>\n&")
    agrees = forms.BooleanField(required=False, initial=True)
    day = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))
    number = forms.IntegerField(initial=1234)
    rate = forms.DecimalField(localize=True, initial=1.5)
    key = forms.CharField(widget=forms.HiddenInput, initial="\"'")
    file = forms.FileField(required=False)
    moment = forms.SplitDateTimeField(required=False)


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.parsed = []

    def handle_starttag(self, tag, attrs):
        self.parsed.append((tag, attrs))

    def handle_endtag(self, tag):
        self.parsed.append(("/", tag))

    def handle_data(self, data):
        if data.strip():
            self.parsed.append(data if self.parsed[-1][0] == "textarea" else data.strip())


def parse_markup(markup):
    reader = Reader()
    reader.feed(str(markup))
    return reader.parsed


def list_controls(renderer, data):
    """Yield each control, then each of its options in a label and alone."""
    form = Everything(data, renderer=renderer)
    for name in form.fields:
        yield name, parse_markup(form[name])
    for name in ("ticks", "radios", "choice"):
        for number, option in enumerate(form[name].subwidgets):
            yield (name, number), parse_markup(option)
            yield (name, number, "alone"), parse_markup(option.tag())


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"words": "<&'\"", "choice": "1", "ticks": ["x<"], "radios": "z", "story": "\n<script>", "number": 'é"'},
    ],
    ids=["fresh", "empty", "hostile"],
)
def test_each_control_is_the_same_as_from_djangos_templates(data):
    direct, from_templates = dict(list_controls(Renderer(), data)), dict(list_controls(TemplatesSetting(), data))
    assert len(from_templates) > 25
    assert direct == from_templates
