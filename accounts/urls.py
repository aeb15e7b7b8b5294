"""The URLs of the pages of accounts. A page of allauth has a URL only if we use it. The URL then leads to our view,
and has the name by which allauth finds the page.
"""

from django.urls import path
from django.views.generic import RedirectView

from accounts.views import bodies, confirmations, factors, links, people, sessions, sign_in, team, tokens

show_account = RedirectView.as_view(pattern_name="mfa_index", http_method_names=["get"])
urlpatterns = [
    path("connexion/", sign_in.SignInView.as_view(), name="login"),
    path("connexion/", sign_in.SignInView.as_view(), name="account_login"),
    path("connexion/code/", sign_in.EnterCodeView.as_view(), name="mfa_authenticate"),
    path("connexion/cle/", sign_in.SignInByKeyView.as_view(), name="mfa_login_webauthn"),
    path("deconnexion/", sign_in.SignOutView.as_view(), name="logout"),
    path("deconnexion/", sign_in.SignOutView.as_view(), name="account_logout"),
    path("mot-de-passe/", links.LostPasswordView.as_view(), name="lost_password"),
    path("acces/<str:token>/", links.OpenLinkView.as_view(), name="open_link"),
    path("compte/", factors.AccountPage.as_view(), name="mfa_index"),
    path("compte/application/", factors.AddApplicationView.as_view(), name="mfa_activate_totp"),
    path("compte/application/retirer/", factors.RemoveApplicationView.as_view(), name="mfa_deactivate_totp"),
    path("compte/cles/", factors.AddKeyView.as_view(), name="mfa_add_webauthn"),
    path("compte/cles/<int:pk>/retirer/", factors.RemoveKeyView.as_view(), name="mfa_remove_webauthn"),
    # allauth leads here after a first factor. Our answer to its form shows the codes, and no page does it again.
    path("compte/codes-de-secours/", show_account, name="mfa_view_recovery_codes"),
    path("compte/codes-de-secours/nouveaux/", factors.RenewCodesView.as_view(), name="mfa_generate_recovery_codes"),
    path("compte/confirmer/", factors.ConfirmByPasswordView.as_view(), name="account_reauthenticate"),
    path("compte/confirmer/code/", factors.ConfirmByCodeView.as_view(), name="mfa_reauthenticate"),
    path("compte/confirmer/cle/", factors.ConfirmByKeyView.as_view(), name="mfa_reauthenticate_webauthn"),
    path("compte/mot-de-passe/", factors.ChangePasswordView.as_view(), name="account_change_password"),
    path("compte/sessions/", sessions.show_sessions, name="own_sessions"),
    path("compte/sessions/autres/terminer/", sessions.end_other_sessions_view, name="end_other_sessions"),
    path("compte/sessions/<uuid:uid>/terminer/", sessions.end_session_view, name="end_session"),
    path("compte/jetons/", tokens.show_tokens, name="api_tokens"),
    path("compte/jetons/nouveau/", tokens.NewToken.as_view(), name="new_api_token"),
    path("compte/jetons/<uuid:uid>/revoquer/", tokens.revoke_token_view, name="revoke_api_token"),
    path("equipe/", people.show_team, name="team"),
    path("equipe/inviter/", team.InviteResponderView.as_view(), name="invite_responder"),
    path("equipe/adresse/", team.EditChannelView.as_view(), name="centre_channel"),
    path("equipe/adresse/abandonner/", team.stop_channel_trial_view, name="stop_channel_trial"),
    path("equipe/adresse/retirer/", team.remove_channel_view, name="remove_channel"),
    path("equipe/adresse/confirmer/<str:token>/", team.confirm_channel_view, name="confirm_channel"),
    path(
        "equipe/invitations/<uuid:uid>/retirer/",
        team.withdraw_centre_invitations_view,
        name="withdraw_centre_invitations",
    ),
    path("equipe/roles/<int:role>/confirmer/", confirmations.confirm_role_view, name="confirm_role"),
    path("equipe/roles/<int:role>/refuser/", confirmations.refuse_role_view, name="refuse_role"),
    path("equipe/<uuid:uid>/retirer/", team.remove_responder_view, name="remove_responder"),
    path("equipe/<uuid:uid>/", people.show_person, name="person"),
    path("equipe/<uuid:uid>/second-facteur/", people.reset_second_factor, name="reset_factor"),
    path("equipe/<uuid:uid>/lien/", people.send_password_link_view, name="send_password_link"),
    path("ma-collectivite/<uuid:uid>/inviter/", bodies.InviteMemberView.as_view(), name="invite_member"),
    path(
        "ma-collectivite/<uuid:uid>/invitations/<uuid:person>/renvoyer/", bodies.invite_again_view, name="invite_again"
    ),
    path(
        "ma-collectivite/<uuid:uid>/invitations/<uuid:person>/retirer/",
        bodies.withdraw_invitation_view,
        name="withdraw_invitation",
    ),
    path("ma-collectivite/<uuid:uid>/<uuid:person>/retirer/", bodies.remove_member_view, name="remove_member"),
    path(
        "ma-collectivite/<uuid:uid>/<uuid:person>/responsable/",
        bodies.transfer_management_view,
        name="transfer_management",
    ),
    path("ma-collectivite/<uuid:uid>/urgence/", bodies.show_emergency_card, name="emergency_card"),
    path("ma-collectivite/<uuid:uid>/urgence/ecrire/", bodies.edit_emergency_card, name="write_emergency"),
]
