from django.urls import path

from incidents.bodies import views

urlpatterns = [path("declarer/qui/nouvelle/", views.serve_new_body_form, name="declare_new_body")]
