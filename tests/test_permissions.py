"""Who may call what: one line a method and route, one code a role. Every route of the URL conf stands here.

What is not yours and what is not there are the same 404. A new route is a new line; the last test names a missing one.
"""

import json
import re
from uuid import uuid4

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.test import Client

from accounts.enums import Role
from accounts.tokens import issue_token
from csirts.models import Coverage, Csirt
from incidents.enums import BulkAct
from incidents.models import CaseGroup, Incident, IncidentEvent, MessageTemplate, Task
from incidents.services.bulk import start_bulk
from tests.cast import a_person, a_piece, an_agent, an_upload, breizh_cyber, declare, half_signed_in, plouexemple
from tests.incidents.observing import an_observable
from tests.routes import routes

ROLES = [
    *["nobody", "agent", "agent of another body", "responder", "responder of another centre"],
    *["lead", "lead of another centre", "analyst", "national", "administrator"],
]
ENROL = "enrol first"  # a redirection to the page of one's account
IN = "sign in first"  # a redirection to a sign-in page; 302 is a redirection to anywhere else

# One code alone is the same for everybody.
# fmt: off
MATRIX = [
    # nobody; agent, of another body; responder, of another centre; lead, of another; analyst; national; administrator
    ("get", "",                                                      200),
    ("get", "vos-donnees/",                                          200),
    ("get", "accessibilite/",                                        200),
    ("get", "mentions-legales/",                                     200),
    ("get", "mails/",                                                404),
    ("get", "mails/{key}/",                                          404),
    ("get", "sante/",                                                200),
    ("get", "sante/vivant/",                                         200),
    ("get", "declarer/",                                             200),
    ("get", "declarer/qui/",                                         400),
    ("get", "declarer/qui/nouvelle/",                                200),
    ("post", "declarer/qui/nouvelle/",                               422),
    ("post", "declarer/",                                            400),
    ("post", "declarer/qui/",                                        303),
    ("get", "declarer/services/",                                    400),
    ("post", "declarer/services/",                                   303),
    ("get", "declarer/donnees/",                                     400),
    ("post", "declarer/donnees/",                                    303),
    ("get", "declarer/rappel/",                                      400),
    ("post", "declarer/rappel/",                                     303),
    ("get", "declarer/envoyee/",                                     303),
    ("get", "declarer/autre/",                                       405),
    ("post", "declarer/autre/",                                      303),
    ("get", "declarer/garder/{section}/",                            405),
    ("post", "declarer/garder/{section}/",                           404),
    ("get", "declarer/reprendre/",                                   200),
    ("post", "declarer/reprendre/",                                  422),
    ("get", "suivi/",                                                200),
    ("post", "suivi/",                                               422),
    ("get", "suivi/acces/{secret}/",                                 404),
    ("get", "suivi/{reference}/",                                    404, 200, 404, 200, 404, 200, 404, 404, 404, 404),
    ("get", "suivi/{reference}/lien/",                               405),
    ("post", "suivi/{reference}/lien/",                              404),
    ("get", "suivi/{reference}/quitter/",                            405),
    ("post", "suivi/{reference}/quitter/",                           302),
    ("get", "suivi/{reference}/avis/",                               405),
    ("post", "suivi/{reference}/avis/",                              404, 422, 404, 403, 404, 403, 404, 404, 404, 404),
    ("get", "suivi/{reference}/completer/",                          404, 200, 404, 403, 404, 403, 404, 404, 404, 404),
    ("get", "suivi/{reference}/completer/repris/",                   405),
    ("post", "suivi/{reference}/completer/repris/",                  404, 302, 404, 403, 404, 403, 404, 404, 404, 404),
    ("get", "suivi/{reference}/completer/{section}/",                404, 200, 404, 403, 404, 403, 404, 404, 404, 404),
    ("post", "suivi/{reference}/completer/{section}/",               404, 422, 404, 403, 404, 403, 404, 404, 404, 404),
    ("get", "suivi/{reference}/completer/{section}/avant/",          404, 200, 404, 403, 404, 403, 404, 404, 404, 404),
    ("get", "suivi/{reference}/dossier/",                            404, 200, 404, 200, 404, 200, 404, 404, 404, 404),
    ("post", "suivi/{reference}/dossier/",                           404, 302, 404, 302, 404, 302, 404, 404, 404, 404),
    ("get", "suivi/{reference}/dossier/{uid}/",                      404),
    ("get", "secours/",                                              200),
    ("get", "secours/departement/{number}/",                           200),
    ("post", "secours/departement/{number}/",                          302),
    ("get", "secours/departement/{number}/pdf/",                       404),
    ("get", "secours/{body_uid}/",                                        200),
    ("get", "secours/{body_uid}/pdf/",                                    200),
    ("get", "reflexes/",                                             200),
    ("get", "reflexes/{kind}/",                                      200),
    ("get", "suivi/{reference}/message/",                            405),
    ("post", "suivi/{reference}/message/",                           404, 302, 404, 403, 404, 403, 404, 404, 404, 404),
    ("get", "suivi/{reference}/messages/",                           404, 200, 404, 200, 404, 200, 404, 404, 404, 404),
    ("get", "suivi/{reference}/partager/",                           405),
    ("post", "suivi/{reference}/partager/",                          404, 302, 404, 403, 404, 403, 404, 404, 404, 404),
    ("get", "suivi/{reference}/ne-plus-partager/",                   405),
    ("post", "suivi/{reference}/ne-plus-partager/",                  404, 302, 404, 403, 404, 403, 404, 404, 404, 404),
    ("get", "suivi/{reference}/retirer/",                            404, 200, 404, 403, 404, 403, 404, 404, 404, 404),
    ("post", "suivi/{reference}/retirer/",                           404, 302, 404, 403, 404, 403, 404, 404, 404, 404),
    ("get", "suivi/{reference}/rattacher/",                          405),
    ("post", "suivi/{reference}/rattacher/",                         404),
    ("get", "phrase/{secret}/",                                      404),
    ("get", "suivi/{reference}/pieces/",                             404, 200, 404, 200, 404, 200, 404, 404, 404, 404),
    ("post", "suivi/{reference}/pieces/",                            404, 422, 404, 403, 404, 403, 404, 404, 404, 404),
    ("get", "suivi/{reference}/pieces/bordereau/",                   404, 200, 404, 200, 404, 200, 404, 404, 404, 404),
    ("get", "suivi/{reference}/pieces/envoi/",                       405),
    ("post", "suivi/{reference}/pieces/envoi/",                      404, 201, 404, 403, 404, 403, 404, 404, 404, 404),
    ("get", "suivi/{reference}/pieces/envoi/{uid}/",                 404, 200, 404, 403, 404, 403, 404, 404, 404, 404),
    ("post", "suivi/{reference}/pieces/envoi/{uid}/",                404, 422, 404, 403, 404, 403, 404, 404, 404, 404),
    ("post", "suivi/{reference}/pieces/envoi/{uid}/fin/",            404, 409, 404, 403, 404, 403, 404, 404, 404, 404),
    ("get", "suivi/{reference}/pieces/envoi/{uid}/abandonner/",      405),
    ("post", "suivi/{reference}/pieces/envoi/{uid}/abandonner/",     404, 302, 404, 403, 404, 403, 404, 404, 404, 404),
    ("get", "triage/{reference}/pieces/{uid}/",                       IN, 403, 404, 200, 404, 200, 404, 404, 404, 404),
    ("get", "api/v1/collectivities/",                                200),
    ("get", "api/v1/incidents/",                                     401, 200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("post", "api/v1/incidents/",                                    401, 201, 403, 201, 201, 201, 201, 403, 403, 403),
    ("get", "api/v1/incidents/{reference}/",                         401, 200, 404, 200, 404, 200, 404, 404, 404, 404),
    ("get", "api/v1/incidents/{reference}/acknowledge/",             401, 405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("post", "api/v1/incidents/{reference}/acknowledge/",            401, 403, 404, 200, 404, 200, 404, 404, 404, 404),
    ("get", "api/v1/csirts/",                                        200),
    ("get", "api/v1/csirts/for/{code}/",                             200),
    ("get", "api/schema/",                                           200),
    ("get", "annuaire/",                                             200),
    ("get", "statistiques/",                                         200),
    ("get", "statistiques/mon-centre/",                               IN, 404, 404, 404, 404, 200, 200, 404, 404, 404),
    ("get", "connexion/",                                            200, 302, 302, 302, 302, 302, 302, 302, 302, 302),
    ("post", "connexion/",                                           422, 302, 302, 302, 302, 302, 302, 302, 302, 302),
    ("get", "demonstration/",                                       404),
    ("get", "connexion/code/",                                       IN, 302, 302, 302, 302, 302, 302, 302, 302, 302),
    ("post", "connexion/code/",                                      IN, 302, 302, 302, 302, 302, 302, 302, 302, 302),
    ("get", "connexion/cle/",                                        IN, 302, 302, 302, 302, 302, 302, 302, 302, 302),
    ("post", "connexion/cle/",                                       IN, 302, 302, 302, 302, 302, 302, 302, 302, 302),
    ("get", "mot-de-passe/",                                        200),
    ("post", "mot-de-passe/",                                       422),
    ("get", "acces/{token}/",                                       404),
    ("post", "acces/{token}/",                                      404),
    ("get", "compte/",                                               IN, 200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("get", "compte/application/",                                   IN, 200, 200, 302, 302, 302, 302, 302, 302, 302),
    ("post", "compte/application/",                                  IN, 422, 422, 302, 302, 302, 302, 302, 302, 302),
    ("get", "compte/application/retirer/",                           IN, 404, 404, 200, 200, 200, 200, 200, 200, 200),
    ("post", "compte/application/retirer/",                          IN, 404, 404, 422, 422, 422, 422, 422, 422, 422),
    ("get", "compte/cles/",                                          IN, 200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("post", "compte/cles/",                                         IN, 422, 422, 422, 422, 422, 422, 422, 422, 422),
    ("get", "compte/cles/{pk}/retirer/",                             IN, 404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("post", "compte/cles/{pk}/retirer/",                            IN, 404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("get", "compte/codes-de-secours/",                              IN, 404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("get", "compte/codes-de-secours/nouveaux/",                     IN, 200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("post", "compte/codes-de-secours/nouveaux/",                    IN, 302, 302, 302, 302, 302, 302, 302, 302, 302),
    ("get", "compte/confirmer/",                                     IN, 200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("post", "compte/confirmer/",                                    IN, 422, 422, 422, 422, 422, 422, 422, 422, 422),
    ("get", "compte/confirmer/code/",                                IN, 302, 302, 200, 200, 200, 200, 200, 200, 200),
    ("post", "compte/confirmer/code/",                               IN, 302, 302, 422, 422, 422, 422, 422, 422, 422),
    ("get", "compte/confirmer/cle/",                                 IN, 302, 302, 302, 302, 302, 302, 302, 302, 302),
    ("get", "compte/mot-de-passe/",                                  IN, 200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("post", "compte/mot-de-passe/",                                 IN, 422, 422, 422, 422, 422, 422, 422, 422, 422),
    ("get", "compte/jetons/",                                        IN, 200, 200, 200, 200, 200, 200, 404, 404, 404),
    ("get", "compte/jetons/nouveau/",                                IN, 200, 200, 200, 200, 200, 200, 404, 404, 404),
    ("post", "compte/jetons/nouveau/",                               IN, 422, 422, 422, 422, 422, 422, 404, 404, 404),
    ("get", "compte/jetons/{uid}/revoquer/",                         IN, 404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("post", "compte/jetons/{uid}/revoquer/",                        IN, 404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("get", "equipe/",                                               IN, 404, 404, 404, 404, 200, 200, 404, 404, 404),
    ("get", "equipe/{uid}/",                                         IN, 404, 404, 404, 404, 200, 404, 404, 404, 200),
    ("get", "equipe/{uid}/second-facteur/",                          IN, 405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("post", "equipe/{uid}/second-facteur/",                         IN, 404, 404, 404, 404, 302, 404, 404, 404, 302),
    ("get", "equipe/{uid}/lien/",                                    IN, 405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("post", "equipe/{uid}/lien/",                                   IN, 404, 404, 404, 404, 302, 404, 404, 404, 302),
    ("get", "deconnexion/",                                          405),
    ("post", "deconnexion/",                                         302),
    ("get", "mes-dossiers/",                                          IN, 200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("get", "triage/saisir/",                                         IN, 404, 404, 200, 200, 200, 200, 404, 404, 404),
    ("post", "triage/saisir/",                                        IN, 404, 404, 422, 422, 422, 422, 404, 404, 404),
    ("get", "ma-collectivite/",                                     IN, 302, 302, 404, 404, 404, 404, 404, 404, 404),
    ("get", "ma-collectivite/{uid}/",                               IN, 200, 404, 404, 404, 404, 404, 404, 404, 404),
    ("get", "ma-collectivite/{uid}/inviter/",                       IN, 403, 404, 404, 404, 404, 404, 404, 404, 404),
    ("post", "ma-collectivite/{uid}/inviter/",                      IN, 403, 404, 404, 404, 404, 404, 404, 404, 404),
    ("get", "ma-collectivite/{uid}/invitations/{person}/renvoyer/", IN, 405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("post", "ma-collectivite/{uid}/invitations/{person}/renvoyer/", IN, 403, 404, 404, 404, 404, 404, 404, 404, 404),
    ("get", "ma-collectivite/{uid}/invitations/{person}/retirer/",  IN, 405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("post", "ma-collectivite/{uid}/invitations/{person}/retirer/", IN, 403, 404, 404, 404, 404, 404, 404, 404, 404),
    ("get", "ma-collectivite/{uid}/{person}/retirer/",              IN, 200, 404, 404, 404, 404, 404, 404, 404, 404),
    ("post", "ma-collectivite/{uid}/{person}/retirer/",             IN, 302, 404, 404, 404, 404, 404, 404, 404, 404),
    ("get", "ma-collectivite/{uid}/{person}/responsable/",          IN, 403, 404, 404, 404, 404, 404, 404, 404, 404),
    ("post", "ma-collectivite/{uid}/{person}/responsable/",         IN, 403, 404, 404, 404, 404, 404, 404, 404, 404),
    ("get", "ma-collectivite/{uid}/urgence/",                       IN, 200, 404, 404, 404, 404, 404, 404, 404, 404),
    ("get", "ma-collectivite/{uid}/urgence/ecrire/",                IN, 200, 404, 404, 404, 404, 404, 404, 404, 404),
    ("post", "ma-collectivite/{uid}/urgence/ecrire/",               IN, 302, 404, 404, 404, 404, 404, 404, 404, 404),
    ("get", "triage/{reference}/",                                    IN, 403, 404, 200, 404, 200, 404, 404, 404, 404),
    ("post", "triage/{reference}/",                                   IN, 403, 404, 302, 404, 302, 404, 404, 404, 404),
    ("get", "admin/",                                                 IN,  IN,  IN, 302, 302, 302, 302,  IN,  IN, 200),
    ("get", "admin/login/",                                           IN, 403, 403, 302, 302, 302, 302, 403, 403, 302),
    ("get", "admin/logout/",                                          IN, 302, 302, 405, 405, 405, 405, 302, 302, 405),
    ("post", "admin/logout/",                                         IN, 302, 302, 302, 302, 302, 302, 302, 302, 302),
    ("get", "admin/password_change/",                                 IN,  IN,  IN, 302, 302, 302, 302,  IN,  IN, 302),
    ("post", "admin/password_change/",                                IN,  IN,  IN, 302, 302, 302, 302,  IN,  IN, 302),
    ("get", "admin/autocomplete/",                                    IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 200),
    ("get", "admin/jsi18n/",                                          IN,  IN,  IN, 200, 200, 200, 200,  IN,  IN, 200),
    ("get", "admin/collectivities/collectivity/",                     IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 200),
    ("get", "admin/collectivities/collectivity/add/",                 IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 403),
    ("get", "admin/collectivities/collectivity/{object_id}/history/", IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 200),
    ("get", "admin/collectivities/collectivity/{object_id}/delete/",  IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 403),
    ("get", "admin/collectivities/collectivity/{object_id}/change/",  IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 200),
    ("post", "admin/collectivities/collectivity/{object_id}/change/", IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 302),
    ("get", "admin/collectivities/collectivity/{object_id}/",         IN,  IN,  IN, 302, 302, 302, 302,  IN,  IN, 302),
    ("get", "admin/csirts/csirt/",                                    IN,  IN,  IN, 403, 403, 200, 200,  IN,  IN, 200),
    ("get", "admin/csirts/csirt/add/",                                IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 200),
    ("get", "admin/csirts/csirt/{object_id}/history/",                IN,  IN,  IN, 404, 404, 200, 404,  IN,  IN, 200),
    ("get", "admin/csirts/csirt/{object_id}/delete/",                 IN,  IN,  IN, 404, 404, 403, 404,  IN,  IN, 200),
    ("post", "admin/csirts/csirt/{object_id}/delete/",                IN,  IN,  IN, 404, 404, 403, 404,  IN,  IN, 200),
    ("get", "admin/csirts/csirt/{object_id}/change/",                 IN,  IN,  IN, 404, 404, 200, 404,  IN,  IN, 200),
    ("post", "admin/csirts/csirt/{object_id}/change/",                IN,  IN,  IN, 404, 404, 200, 404,  IN,  IN, 200),
    ("get", "admin/csirts/csirt/{object_id}/",                        IN,  IN,  IN, 302, 302, 302, 302,  IN,  IN, 302),
    ("get", "admin/csirts/coverage/",                                 IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 200),
    ("get", "admin/csirts/coverage/add/",                             IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 200),
    ("get", "admin/csirts/coverage/{object_id}/history/",             IN,  IN,  IN, 404, 404, 404, 404,  IN,  IN, 200),
    ("get", "admin/csirts/coverage/{object_id}/delete/",              IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 200),
    ("get", "admin/csirts/coverage/{object_id}/change/",              IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 200),
    ("post", "admin/csirts/coverage/{object_id}/change/",             IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 200),
    ("get", "admin/csirts/coverage/{object_id}/",                     IN,  IN,  IN, 302, 302, 302, 302,  IN,  IN, 302),
    ("get", "admin/accounts/user/",                                   IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 200),
    ("get", "admin/accounts/user/add/",                               IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 200),
    ("post", "admin/accounts/user/add/",                              IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 200),
    ("get", "admin/accounts/user/{object_id}/history/",               IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 200),
    ("get", "admin/accounts/user/{object_id}/delete/",                IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 403),
    ("get", "admin/accounts/user/{object_id}/change/",                IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 200),
    ("post", "admin/accounts/user/{object_id}/change/",               IN,  IN,  IN, 403, 403, 403, 403,  IN,  IN, 200),
    ("get", "admin/accounts/user/{object_id}/",                       IN,  IN,  IN, 302, 302, 302, 302,  IN,  IN, 302),
    ("get", "admin/incidents/incident/",                              IN,  IN,  IN, 200, 200, 200, 200,  IN,  IN, 403),
    ("post", "admin/incidents/incident/",                             IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("get", "admin/incidents/incident/{reference}/",                  IN,  IN,  IN, 200, 404, 200, 404,  IN,  IN, 404),
    ("post", "admin/incidents/incident/{reference}/",                 IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("get", "admin/incidents/incident/{reference}/effacer/demande/",  IN,  IN,  IN, 403, 404, 200, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/message/",          IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/{reference}/message/",         IN,  IN,  IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/gravite/",          IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/{reference}/gravite/",         IN,  IN,  IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/code/",             IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/{reference}/code/",            IN,  IN,  IN, 200, 404, 200, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/corriger/",         IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/{reference}/corriger/",        IN,  IN,  IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/histoire/",         IN,  IN,  IN, 200, 404, 200, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/qualifier/",        IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/{reference}/qualifier/",       IN,  IN,  IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/cloture/",          IN,  IN,  IN, 200, 404, 200, 404,  IN,  IN, 404),
    ("post", "admin/incidents/incident/{reference}/cloture/",         IN,  IN,  IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/rouvrir/",          IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/{reference}/rouvrir/",         IN,  IN,  IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/note/",             IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/{reference}/note/",            IN,  IN,  IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/attribuer/",        IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/{reference}/attribuer/",       IN,  IN,  IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/presence/",         IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/{reference}/presence/",        IN,  IN,  IN, 200, 404, 200, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/taches/",           IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/{reference}/taches/",          IN,  IN,  IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/taches/{uid}/",     IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/{reference}/taches/{uid}/",    IN,  IN,  IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/relais/",                       IN,  IN,  IN, 200, 200, 200, 200,  IN,  IN, 404),
    ("post", "admin/incidents/incident/relais/",                      IN,  IN,  IN, 422, 422, 422, 422,  IN,  IN, 404),
    ("get", "admin/incidents/incident/guides/",                       IN,  IN,  IN, 200, 200, 200, 200,  IN,  IN, 404),
    ("get", "admin/incidents/incident/guides/{slug}/{kind}/",         IN,  IN,  IN, 200, 404, 200, 404,  IN,  IN, 404),
    ("post", "admin/incidents/incident/guides/{slug}/{kind}/",        IN,  IN,  IN, 404, 404, 422, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/messages-types/",               IN,  IN,  IN, 200, 200, 200, 200,  IN,  IN, 404),
    ("get", "admin/incidents/incident/messages-types/{slug}/nouveau/", IN, IN,  IN, 404, 404, 200, 404,  IN,  IN, 404),
    ("post", "admin/incidents/incident/messages-types/{slug}/nouveau/", IN, IN, IN, 404, 404, 422, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/messages-types/{slug}/{uid}/",  IN,  IN,  IN, 404, 404, 200, 404,  IN,  IN, 404),
    ("post", "admin/incidents/incident/messages-types/{slug}/{uid}/", IN,  IN,  IN, 404, 404, 422, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/transferts/",                   IN,  IN,  IN, 200, 200, 200, 200,  IN,  IN, 404),
    ("get", "admin/incidents/incident/transferts/{uid}/",             IN,  IN,  IN, 404, 404, 404, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/transferts/{uid}/accepter/",    IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/transferts/{uid}/accepter/",   IN,  IN,  IN, 404, 404, 404, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/transferts/{uid}/refuser/",     IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/transferts/{uid}/refuser/",    IN,  IN,  IN, 404, 404, 404, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/transferts/{uid}/dossier/",     IN,  IN,  IN, 404, 404, 404, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/transfert/",        IN,  IN,  IN, 200, 404, 200, 404,  IN,  IN, 404),
    ("post", "admin/incidents/incident/{reference}/transfert/",       IN,  IN,  IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/transfert/retirer/", IN, IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/{reference}/transfert/retirer/", IN, IN, IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/avis/",             IN,  IN,  IN, 200, 404, 200, 404,  IN,  IN, 404),
    ("post", "admin/incidents/incident/{reference}/avis/",            IN,  IN,  IN, 422, 404, 422, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/indicateurs/",                  IN,  IN,  IN, 200, 200, 200, 200,  IN,  IN, 404),
    ("post", "admin/incidents/incident/indicateurs/",                 IN,  IN,  IN, 200, 200, 200, 200,  IN,  IN, 404),
    ("get", "admin/incidents/incident/valeurs-connues/",              IN,  IN,  IN, 200, 200, 200, 200,  IN,  IN, 404),
    ("post", "admin/incidents/incident/valeurs-connues/",             IN,  IN,  IN, 302, 302, 302, 302,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/indicateurs/",      IN,  IN,  IN, 200, 404, 200, 404,  IN,  IN, 404),
    ("post", "admin/incidents/incident/{reference}/indicateurs/",     IN,  IN,  IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/indicateurs/{uid}/",
                                                                      IN,  IN,  IN, 200, 404, 200, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/recherche/",                    IN,  IN,  IN, 200, 200, 200, 200,  IN,  IN, 404),
    ("post", "admin/incidents/incident/recherche/",                   IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("get", "admin/incidents/incident/{reference}/fusionner/",        IN,  IN,  IN, 200, 404, 200, 404,  IN,  IN, 404),
    ("post", "admin/incidents/incident/{reference}/fusionner/",       IN,  IN,  IN, 200, 404, 200, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/messages/",         IN,  IN,  IN, 200, 404, 200, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/groupes/",                      IN,  IN,  IN, 200, 200, 200, 200,  IN,  IN, 404),
    ("get", "admin/incidents/incident/groupes/nouveau/",              IN,  IN,  IN, 200, 200, 200, 200,  IN,  IN, 404),
    ("post", "admin/incidents/incident/groupes/nouveau/",             IN,  IN,  IN, 422, 422, 422, 422,  IN,  IN, 404),
    ("get", "admin/incidents/incident/groupes/prestataire/",          IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/groupes/prestataire/",         IN,  IN,  IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/groupes/{uid}/",                IN,  IN,  IN, 200, 404, 200, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/groupes/{uid}/fiche/",          IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/groupes/{uid}/fiche/",         IN,  IN,  IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/groupes/{uid}/ajouter/",        IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/groupes/{uid}/ajouter/",       IN,  IN,  IN, 422, 404, 422, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/groupes/{uid}/reste/",          IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/groupes/{uid}/reste/",         IN,  IN,  IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/groupes/{uid}/etat/",           IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/groupes/{uid}/etat/",          IN,  IN,  IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/groupes/{uid}/message/",        IN,  IN,  IN, 200, 404, 200, 404,  IN,  IN, 404),
    ("post", "admin/incidents/incident/groupes/{uid}/message/",       IN,  IN,  IN, 200, 404, 200, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/etat/",                         IN,  IN,  IN, 200, 200, 200, 200,  IN,  IN, 404),
    ("get", "admin/incidents/incident/actes/",                        IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/actes/",                       IN,  IN,  IN, 422, 422, 422, 422,  IN,  IN, 404),
    ("get", "admin/incidents/incident/actes/{uid}/",                  IN,  IN,  IN, 200, 404, 200, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/actes/{uid}/arreter/",          IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/actes/{uid}/arreter/",         IN,  IN,  IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/incident/{reference}/{act}/",            IN,  IN,  IN, 405, 405, 405, 405,  IN,  IN, 405),
    ("post", "admin/incidents/incident/{reference}/{act}/",           IN,  IN,  IN, 302, 404, 302, 404,  IN,  IN, 404),
    ("get", "admin/incidents/reflexsheet/",                           IN,  IN,  IN, 404, 404, 200, 200,  IN,  IN, 404),
    ("get", "admin/incidents/reflexsheet/{slug}/{kind}/",             IN,  IN,  IN, 404, 404, 200, 404,  IN,  IN, 404),
    ("post", "admin/incidents/reflexsheet/{slug}/{kind}/",            IN,  IN,  IN, 404, 404, 422, 404,  IN,  IN, 404),
    ("get", "admin/notifications/delivery/",                          IN,  IN,  IN, 200, 200, 200, 200,  IN,  IN, 403),
    ("get", "admin/{app_label}/",                                     IN,  IN,  IN, 200, 200, 200, 200,  IN,  IN, 404),
    ("get", "admin/{url}",                                            IN,  IN,  IN, 404, 404, 404, 404,  IN,  IN, 404),
]
# fmt: on

SENT = {
    "suivi/{reference}/pieces/envoi/": {"nom": "photo.jpg", "taille": "9"},
    "api/v1/collectivities/": {"q": "Plouexemple"},
    "admin/incidents/incident/{reference}/{act}/": {"raison": "resolved"},
    "admin/incidents/incident/{reference}/message/": {"text": "Bonjour"},
    "admin/incidents/incident/{reference}/gravite/": {"severity": "2", "motive": "Sauvegardes intactes"},
    "admin/incidents/incident/{reference}/qualifier/": {
        "nature": "incident",
        "type": "rancon",
        "rsit": "availability/sabotage",
        "tlp": "amber",
        "pap": "green",
    },
    "admin/incidents/incident/{reference}/cloture/": {"reason": "not_an_incident"},
    "admin/incidents/incident/{reference}/rouvrir/": {"motive": "Cela recommence"},
    "suivi/{reference}/avis/": {"level": "4"},
    "admin/incidents/incident/{reference}/note/": {"kind": "note", "text": "Vu avec le maire"},
    "admin/incidents/incident/{reference}/attribuer/": {"assignee": "personne"},
    "admin/incidents/incident/{reference}/taches/": {"title": "Rappeler"},
    "admin/incidents/incident/{reference}/taches/{uid}/": {"etat": "done"},
    "admin/incidents/incident/{reference}/transfert/": {"taker": "ailleurs", "motive": "Leur territoire"},
    "admin/incidents/incident/indicateurs/": {"text": "evil.example"},
    "admin/incidents/incident/valeurs-connues/": {"kind": "domain", "value": "evil.example", "motive": "Le nôtre"},
    "admin/incidents/incident/{reference}/indicateurs/": {
        "acte": "ajouter",
        "kind": "domain",
        "value": "evil.example",
    },
    "admin/incidents/incident/groupes/prestataire/": {"prestataire": "exemple sas"},
    "admin/incidents/incident/groupes/{uid}/fiche/": {"sheet": "Coupez l’accès", "seen": "1"},
    "admin/incidents/incident/groupes/{uid}/message/": {"text": "Bonjour"},
    "suivi/{reference}/message/": {"text": "Bonjour"},
    "admin/autocomplete/": {
        "app_label": "accounts",
        "model_name": "membership",
        "field_name": "collectivity",
        "term": "Plouexemple",
    },
}


@pytest.fixture
def incident(db):
    breizh_cyber()
    return declare(supplier="Exemple SAS")


@pytest.fixture
def cast(incident):
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    neighbour = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    people = [
        *[None, an_agent(incident.collectivity), an_agent(neighbour)],
        *[a_person(Role.RESPONDER, csirt=incident.csirt), a_person(Role.RESPONDER, csirt=elsewhere)],
        *[a_person(Role.LEAD, csirt=incident.csirt), a_person(Role.LEAD, csirt=elsewhere)],
        *[a_person(Role.ANALYST, region=incident.region), a_person(Role.NATIONAL), a_person(Role.ADMINISTRATOR)],
    ]
    return dict(zip(ROLES, people, strict=True))


@pytest.mark.parametrize(("method", "route", "codes"), [(method, route, codes) for method, route, *codes in MATRIX])
def test_it_works(incident, cast, method, route, codes):
    expected = dict(zip(ROLES, codes * len(ROLES) if len(codes) == 1 else codes, strict=True))
    url = "/" + route.format(**places(route, incident, cast))

    assert {role: answer(method, route, url, user, incident) for role, user in cast.items()} == expected


# Pages to sign in on, which send back whoever has given no password yet; and one that leads everybody to the account.
FOR_NOBODY = ("connexion/code/", "connexion/cle/")
LEADS_TO_ACCOUNT = ("compte/codes-de-secours/nouveaux/",)
# Enrolling, and leaving, is all that a password alone opens to those whose role asks for a second factor.
ENROLMENT = {
    ("get", "compte/"): 200,
    ("get", "compte/application/"): 200,
    ("post", "compte/application/"): 422,
    ("get", "compte/cles/"): 200,
    ("post", "compte/cles/"): 422,
    ("get", "compte/confirmer/"): 200,
    ("post", "compte/confirmer/"): 422,
    ("get", "compte/codes-de-secours/nouveaux/"): 302,
    ("post", "compte/codes-de-secours/nouveaux/"): 302,
    ("get", "connexion/"): ENROL,
    ("post", "connexion/"): ENROL,
}


def test_without_second_factor(incident, monkeypatch):
    """On every route a responder, a lead and the administrator are then nobody, or led to enrol."""
    monkeypatch.setattr(Client, "force_login", half_signed_in)
    cast = {
        "agent": an_agent(incident.collectivity),
        "responder": a_person(Role.RESPONDER, csirt=incident.csirt, enrolled=False),
        "lead": a_person(Role.LEAD, csirt=incident.csirt, enrolled=False),
        "administrator": a_person(Role.ADMINISTRATOR, enrolled=False),
    }
    for method, route, nobody, *_others in MATRIX:
        if route.startswith("api/"):
            continue  # takes no session
        leads_away = nobody == IN and route not in FOR_NOBODY
        expected = ENROLMENT.get((method, route), ENROL if leads_away else nobody)
        with transaction.atomic():
            url = "/" + route.format(**places(route, incident, cast))
            for role in ("responder", "lead", "administrator"):
                assert answer(method, route, url, cast[role], incident) == expected, (role, method, route)
            transaction.set_rollback(True)


def answer(method, route, url, user, incident):
    """The code, or IN. What was written is undone; what was refused wrote nothing."""
    with transaction.atomic():
        response = call(method, route, url, user, incident)
        signs_in = response.headers.get("Location", "").startswith(("/connexion/", "/admin/login/"))
        if signs_in or response.status_code >= 400:
            assert IncidentEvent.objects.count() == 1
        transaction.set_rollback(True)
    if response.headers.get("Location") == "/compte/" and route not in LEADS_TO_ACCOUNT:
        return ENROL
    return IN if signs_in else response.status_code


def call(method, route, url, user, incident):
    client = Client(raise_request_exception=False)
    if route.startswith("api/"):
        token = {"Authorization": f"Bearer {issue_token(user, name='essai')}"} if user else {}
        if method == "get":
            return client.get(url, SENT.get(route, {}), headers=token)
        declaration = {"collectivity": str(incident.collectivity.uid), "contact": {"phone": "06 39 98 00 12"}}
        return client.post(url, json.dumps(declaration | {"type": "rancon"}), "application/json", headers=token)
    if user:
        client.force_login(user)
    return getattr(client, method)(url, SENT.get(route, {}))


def places(route, incident, cast):
    """What stands in the brackets of an address: the case, the agent of its body, or what the page is about."""
    objects = {
        "admin/accounts/user/": cast["agent"].pk,
        "admin/collectivities/collectivity/": incident.collectivity_id,
        "admin/csirts/csirt/": incident.csirt_id,
        "admin/csirts/coverage/": Coverage.objects.filter(csirt=incident.csirt).first().pk,
    }
    return {
        "reference": incident.reference,
        "secret": "2222-2222-2222",
        "code": "29999",
        "number": "29",
        "body_uid": incident.collectivity.uid,
        "key": uuid4(),
        "token": "0" * 64,
        "pk": 1,
        "person": cast["agent"].uid,
        "slug": "breizh-cyber",
        "kind": "rancon",
        "act": "clore",
        "section": "rappel",
        "id": cast["agent"].pk,
        "object_id": next((pk for start, pk in objects.items() if route.startswith(start)), incident.pk),
        "content_type_id": ContentType.objects.get_for_model(Incident).pk,
        "app_label": "incidents",
        "url": "inconnu",
        "uid": uid_in(route, incident, cast),
    }


# What the public identifier of an address names, by a part of the address.
NAMED = {
    "ma-collectivite/": lambda incident, cast: incident.collectivity,
    "equipe/": lambda incident, cast: cast["responder"],
    "/taches/": lambda incident, cast: Task.objects.create(incident=incident, title="Rappeler", author=cast["lead"]),
    "/messages-types/": lambda incident, cast: MessageTemplate.objects.create(
        csirt=incident.csirt, title=str(uuid4()), text="Bonjour", author=cast["lead"]
    ),
    "/indicateurs/": lambda incident, cast: an_observable(incident, actor=cast["responder"]),
    "/groupes/": lambda incident, cast: CaseGroup.objects.create(
        csirt=incident.csirt, kind="other", title="Panne", author=cast["responder"]
    ),
    "/actes/": lambda incident, cast: an_act_on_many(incident, cast["responder"]),
    "triage/{": lambda incident, cast: a_piece(incident),
    "": lambda incident, cast: an_upload(incident),
}


def uid_in(route, incident, cast):
    return next(make(incident, cast).uid for part, make in NAMED.items() if part in route)


def an_act_on_many(incident, actor):
    asked = {"act": BulkAct.TAKE, "references": [incident.reference], "choices": {}, "key": "essai"}
    return start_bulk(actor=actor, **asked)


def test_every_route_is_in_the_matrix():
    assert {plain(route) for route in routes()} == {route for _, route, *_ in MATRIX}


def plain(route):
    """With {name} where an address varies."""
    named = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", route)
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", named).replace("^", "").replace("$", "")
