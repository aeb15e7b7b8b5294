from django.urls import path

from incidents.bodies import views

urlpatterns = [path("declarer/qui/nouvelle/", views.new_body, name="declare_new_body")]
