from django.urls import path

from incidents.follow_up import acts, complete, rate, views

urlpatterns = [
    path("suivi/", views.ask_for_follow_up_code, name="follow_up_start"),
    path("suivi/acces/<str:secret>/", views.open_secret_link, name="follow_up_access"),
    path("suivi/<str:reference>/", views.show_followed_case, name="follow_up"),
    path("suivi/<str:reference>/lien/", views.renew_follow_up_code, name="renew_follow_up_code"),
    path("suivi/<str:reference>/quitter/", views.remove_case_from_device, name="remove_case_from_device"),
    path("suivi/<str:reference>/message/", acts.send_declarant_message, name="follow_up_message"),
    path("suivi/<str:reference>/messages/", views.show_declarant_thread, name="follow_up_messages"),
    path("suivi/<str:reference>/partager/", acts.share_case_sentence, name="follow_up_share"),
    path("suivi/<str:reference>/ne-plus-partager/", acts.revoke_shared_sentence, name="follow_up_unshare"),
    path("suivi/<str:reference>/retirer/", acts.withdraw_declaration, name="follow_up_withdraw"),
    path("suivi/<str:reference>/rattacher/", acts.claim_declaration, name="follow_up_claim"),
    path("suivi/<str:reference>/avis/", rate.rate_help_view, name="rate"),
    path("phrase/<str:secret>/", acts.show_shared_sentence, name="shared_sentence"),
    path("suivi/<str:reference>/completer/", complete.show_completion_sections, name="complete"),
    path("suivi/<str:reference>/completer/repris/", complete.end_interruption_view, name="complete_resumed"),
    path(
        "suivi/<str:reference>/completer/<slug:section>/", complete.serve_completion_section, name="complete_section"
    ),
    path(
        "suivi/<str:reference>/completer/<slug:section>/avant/",
        complete.show_section_versions,
        name="complete_history",
    ),
]
