from django.urls import path

from incidents.triage import on_behalf, views

urlpatterns = [
    path("saisir/", on_behalf.on_behalf, name="on_behalf"),
    path("<str:reference>/", views.acknowledge_page, name="acknowledge_page"),
]
