from django.urls import path

from retention import views

urlpatterns = [path("compte/donnees/", views.download_own_data, name="own_data")]
