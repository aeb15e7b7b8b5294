from django.urls import path

from incidents.declare import views

urlpatterns = [
    path("declarer/", views.declare_type, name="declare_type"),
    path("declarer/qui/", views.declare_who, name="declare_who"),
    path("declarer/details/", views.declare_details, name="declare_details"),
]
