from django.urls import path

from incidents.evidence import download, slices, views

urlpatterns = [
    path("suivi/<str:reference>/pieces/", views.evidence, name="evidence"),
    path("suivi/<str:reference>/pieces/bordereau/", views.sealed_list, name="evidence_list"),
    path("suivi/<str:reference>/pieces/envoi/", slices.start, name="evidence_start"),
    path("suivi/<str:reference>/pieces/envoi/<uuid:uid>/", slices.upload, name="evidence_upload"),
    path("suivi/<str:reference>/pieces/envoi/<uuid:uid>/fin/", slices.finish, name="evidence_finish"),
    path("suivi/<str:reference>/pieces/envoi/<uuid:uid>/abandonner/", views.abandon, name="evidence_abandon"),
    path("suivi/<str:reference>/pieces/<uuid:uid>/reprendre/", views.take_back, name="evidence_take_back"),
    path("triage/<str:reference>/pieces/<uuid:uid>/", download.download, name="evidence_download"),
]
