from django.urls import path

from csirts import views

urlpatterns = [path("annuaire/", views.show_directory, name="csirt_directory")]
