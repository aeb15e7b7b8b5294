from django.urls import path

from incidents.bodies import views

urlpatterns = [path("declarer/qui/nouvelle/", views.add_body_page, name="declare_new_body")]
