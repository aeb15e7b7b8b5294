from django.urls import path

from incidents import views

urlpatterns = [path("mes-dossiers/", views.own_cases, name="own_cases")]
