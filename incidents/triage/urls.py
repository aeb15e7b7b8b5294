from django.urls import path

from incidents.triage.calls import on_behalf
from incidents.triage.case.acknowledge import acknowledge_view

urlpatterns = [
    path("saisir/", on_behalf.declare_on_behalf_view, name="on_behalf"),
    path("<str:reference>/", acknowledge_view, name="acknowledge_page"),
]
