from django.urls import path

from incidents.evidence import download, slices, views

urlpatterns = [
    path("suivi/<str:reference>/pieces/", views.serve_evidence, name="evidence"),
    path("suivi/<str:reference>/pieces/bordereau/", views.show_sealed_list, name="evidence_list"),
    path("suivi/<str:reference>/pieces/envoi/", slices.start_upload_view, name="evidence_start"),
    path("suivi/<str:reference>/pieces/envoi/<uuid:uid>/", slices.receive_slice_view, name="evidence_upload"),
    path("suivi/<str:reference>/pieces/envoi/<uuid:uid>/fin/", slices.finish_upload_view, name="evidence_finish"),
    path(
        "suivi/<str:reference>/pieces/envoi/<uuid:uid>/abandonner/", views.abandon_upload_view, name="evidence_abandon"
    ),
    path("suivi/<str:reference>/pieces/<uuid:uid>/reprendre/", views.take_back_file_view, name="evidence_take_back"),
    path("triage/<str:reference>/pieces/<uuid:uid>/", download.download_evidence, name="evidence_download"),
]
