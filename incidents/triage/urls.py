from django.urls import path

from incidents.triage import views

urlpatterns = [path("<str:reference>/", views.acknowledge_page, name="acknowledge_page")]
