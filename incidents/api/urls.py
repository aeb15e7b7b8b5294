from django.urls import path

from incidents.api.views import AcknowledgeIncidentView, IncidentDetail, IncidentList

urlpatterns = [
    path("incidents/", IncidentList.as_view(), name="api_incidents"),
    path("incidents/<str:reference>/", IncidentDetail.as_view(), name="api_incident"),
    path("incidents/<str:reference>/acknowledge/", AcknowledgeIncidentView.as_view(), name="api_acknowledge"),
]
