from django.urls import path

from incidents.follow_up import views

urlpatterns = [
    path("suivi/", views.follow_up_start, name="follow_up_start"),
    path("suivi/acces/<str:secret>/", views.follow_up_access, name="follow_up_access"),
    path("suivi/<str:reference>/", views.follow_up, name="follow_up"),
    path("suivi/<str:reference>/lien/", views.follow_up_rotate, name="follow_up_rotate"),
    path("suivi/<str:reference>/quitter/", views.follow_up_leave, name="follow_up_leave"),
]
