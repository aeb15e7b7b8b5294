from django.urls import path

from incidents.triage.calls import on_behalf
from incidents.triage.case import telephone as views

urlpatterns = [
    path("saisir/", on_behalf.on_behalf, name="on_behalf"),
    path("<str:reference>/", views.acknowledge_page, name="acknowledge_page"),
]
