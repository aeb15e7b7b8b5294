from django.urls import path

from csirts import views

urlpatterns = [path("annuaire/", views.directory, name="csirt_directory")]
