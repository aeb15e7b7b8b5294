"""A bare page to compare a declaration with: a form, a transaction of three rows and a page, the least that a Django
page which stores something needs.
"""

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template import engines

from tests.bench.models import Line

PAGE = """<!doctype html><title>Banc</title>{% if lines %}<ul>{% for line in lines %}<li>{{ line }}</li>{% endfor %}
</ul>{% else %}<form method="post">{% csrf_token %}{{ form }}<button>Envoyer</button></form>{% endif %}"""


class Words(forms.Form):
    text = forms.CharField(max_length=200)


def bare(request: HttpRequest) -> HttpResponse:
    form = Words(request.POST or None)
    lines = store(form.cleaned_data["text"]) if form.is_valid() else []
    page = engines["django"].from_string(PAGE) if bare.page is None else bare.page  # type: ignore[attr-defined]
    bare.page = page  # type: ignore[attr-defined]
    return HttpResponse(page.render({"form": form, "lines": lines}, request))


bare.page = None  # type: ignore[attr-defined]


@transaction.atomic
def store(text: str) -> list[Line]:
    # Only the settings of the bench install this application.
    return [Line.objects.create(text=f"{text} {number}") for number in range(3)]  # type: ignore[attr-defined]
