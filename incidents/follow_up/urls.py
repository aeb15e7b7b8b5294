from django.urls import path

from incidents.follow_up import acts, complete, rate, views

urlpatterns = [
    path("suivi/", views.follow_up_start, name="follow_up_start"),
    path("suivi/acces/<str:secret>/", views.follow_up_access, name="follow_up_access"),
    path("suivi/<str:reference>/", views.case_page, name="follow_up"),
    path("suivi/<str:reference>/lien/", views.follow_up_rotate, name="follow_up_rotate"),
    path("suivi/<str:reference>/quitter/", views.follow_up_leave, name="follow_up_leave"),
    path("suivi/<str:reference>/message/", acts.follow_up_message, name="follow_up_message"),
    path("suivi/<str:reference>/messages/", views.follow_up_messages, name="follow_up_messages"),
    path("suivi/<str:reference>/partager/", acts.follow_up_share, name="follow_up_share"),
    path("suivi/<str:reference>/ne-plus-partager/", acts.follow_up_unshare, name="follow_up_unshare"),
    path("suivi/<str:reference>/retirer/", acts.follow_up_withdraw, name="follow_up_withdraw"),
    path("suivi/<str:reference>/rattacher/", acts.follow_up_claim, name="follow_up_claim"),
    path("suivi/<str:reference>/avis/", rate.rate_view, name="rate"),
    path("phrase/<str:secret>/", acts.shared_sentence_page, name="shared_sentence"),
    path("suivi/<str:reference>/completer/", complete.completion_page, name="complete"),
    path("suivi/<str:reference>/completer/repris/", complete.end_interruption_view, name="complete_resumed"),
    path("suivi/<str:reference>/completer/<slug:section>/", complete.completion_section_page, name="complete_section"),
    path(
        "suivi/<str:reference>/completer/<slug:section>/avant/",
        complete.completion_history_page,
        name="complete_history",
    ),
]
