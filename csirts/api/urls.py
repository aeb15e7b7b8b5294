from django.urls import path

from csirts.api import views

urlpatterns = [
    path("csirts/", views.CsirtListView.as_view(), name="api_csirts"),
    path("csirts/for/<str:code>/", views.BodyRouteView.as_view(), name="api_csirt_for"),
]
