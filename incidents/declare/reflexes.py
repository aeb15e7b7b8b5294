"""What to do in the first hour: three acts a type, in the order that matters, and six words for the call bar.

The order is that of the public sources named with each card. Nothing here needs a login, a mail or a network.
"""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from incidents.enums import IncidentType

Text = Promise | str


class Act(NamedTuple):
    title: Text
    how: Text


class Reflexes(NamedTuple):
    words: Text
    title: Text
    acts: tuple[Act, Act, Act]
    source: Text


KEEP_A_LOG = Act(
    _("Notez tout sur papier"),
    _("L’heure, qui, quoi, la décision. Gardez les écrans, les messages, les journaux : photographiez-les."),
)
CUT_THE_NETWORK = Act(
    _("Débranchez, n’éteignez pas"),
    _(
        "Retirez le câble réseau des machines touchées et coupez le Wi-Fi. "
        "Laissez-les allumées : leur mémoire garde des traces."
    ),
)

REFLEXES: dict[str, Reflexes] = {
    IncidentType.UNKNOWN: Reflexes(
        _("Débranchez, n’éteignez pas, notez tout."),
        _("Dans le doute : les trois gestes de la première heure"),
        (
            CUT_THE_NETWORK,
            Act(
                _("Prévenez de vive voix"),
                _("Votre prestataire informatique, puis le maire ou la direction. Par téléphone, pas par mail."),
            ),
            KEEP_A_LOG,
        ),
        _("CERT-FR, fiches réflexes ; ANSSI"),
    ),
    IncidentType.RANSOMWARE: Reflexes(
        _("Débranchez, n’éteignez pas, ne payez pas."),
        _("Fichiers bloqués : les trois gestes de la première heure"),
        (
            Act(
                _("Débranchez, n’éteignez pas"),
                _(
                    "Retirez le câble réseau des machines touchées, coupez le Wi-Fi et la box. "
                    "Laissez-les allumées : leur mémoire garde des traces."
                ),
            ),
            Act(
                _("Mettez les sauvegardes à l’abri"),
                _("Débranchez le disque ou le serveur de sauvegarde. Ne lancez aucune restauration."),
            ),
            Act(
                _("Ne payez pas, n’effacez rien"),
                _("Photographiez le message de rançon. Gardez un fichier bloqué. Notez l’heure de chaque geste."),
            ),
        ),
        _("CERT-FR, fiche réflexe CERTFR-2024-RFX-001 ; cybermalveillance.gouv.fr"),
    ),
    IncidentType.OUTAGE: Reflexes(
        _("Notez l’heure, appelez votre prestataire."),
        _("Panne : les trois gestes de la première heure"),
        (
            Act(
                _("Appelez votre prestataire informatique"),
                _("Demandez-lui ce qui est touché, et s’il voit un signe de malveillance."),
            ),
            Act(
                _("Ne réinstallez rien trop vite"),
                _("Une panne peut cacher une attaque. Gardez les machines et les journaux en l’état."),
            ),
            Act(
                _("Organisez l’accueil sans informatique"),
                _("Papier, téléphone portable, affiche à la porte. Notez l’heure de chaque geste."),
            ),
        ),
        _("CERT-FR, fiches réflexes ; ANSSI"),
    ),
    IncidentType.DEVICE: Reflexes(
        _("Verrouillez à distance, changez les accès."),
        _("Appareil perdu ou volé : les trois gestes de la première heure"),
        (
            Act(
                _("Verrouillez ou effacez à distance"),
                _("Votre prestataire ou l’opérateur peut le faire. Faites couper la carte SIM."),
            ),
            Act(
                _("Fermez les accès de cet appareil"),
                _("Mots de passe, mails, connexion à distance : changez-les depuis un autre poste."),
            ),
            Act(
                _("Notez ce qu’il contenait"),
                _("Quels dossiers, quelles personnes, disque chiffré ou non. En cas de vol, déposez plainte."),
            ),
        ),
        _("cybermalveillance.gouv.fr ; CNIL"),
    ),
    IncidentType.MAILBOX: Reflexes(
        _("Changez le mot de passe, fermez tout."),
        _("Boîte mail piratée : les trois gestes de la première heure"),
        (
            Act(
                _("Changez le mot de passe depuis un autre poste"),
                _("Puis fermez toutes les sessions ouvertes, et activez la double vérification."),
            ),
            Act(
                _("Cherchez les règles de renvoi"),
                _("Photographiez-les avant de les retirer. Vérifiez aussi l’adresse et le numéro de secours."),
            ),
            Act(
                _("Prévenez vos contacts par téléphone"),
                _("Un faux RIB part souvent d’une boîte piratée. La comptabilité d’abord."),
            ),
        ),
        _("CERT-FR, fiches réflexes 2024-RFX-003 et 004 ; cybermalveillance.gouv.fr"),
    ),
    IncidentType.PHISHING: Reflexes(
        _("N’effacez rien. Qui a cliqué ?"),
        _("Message piégé : les trois gestes de la première heure"),
        (
            Act(_("N’effacez pas le message"), _("Il sert de preuve. Ne cliquez plus dessus, ne le transférez pas.")),
            Act(
                _("Cherchez qui a cliqué ou répondu"),
                _("Demandez de vive voix. Qui a donné un mot de passe le change tout de suite, d’un autre poste."),
            ),
            Act(
                _("Prévenez les collègues"),
                _("Décrivez le message : l’expéditeur, l’objet. D’autres l’ont sans doute reçu."),
            ),
        ),
        _("cybermalveillance.gouv.fr"),
    ),
    IncidentType.ADMIN_ACCOUNT: Reflexes(
        _("Désactivez le compte, coupez Internet."),
        _("Compte d’administrateur pris : les trois gestes de la première heure"),
        (
            Act(
                _("Désactivez le compte"),
                _("Fermez ses sessions. Changez les mots de passe depuis un poste sain, jamais d’un poste touché."),
            ),
            Act(
                _("Coupez Internet et les accès à distance"),
                _("Laissez les serveurs allumés : leur mémoire garde des traces."),
            ),
            Act(
                _("Mettez les sauvegardes à l’abri"),
                _("Débranchez-les. C’est ce qu’un attaquant détruit en premier."),
            ),
        ),
        _("CERT-FR, fiches réflexes 2024-RFX-005 et 2025-RFX-006"),
    ),
    IncidentType.LEAK: Reflexes(
        _("Fermez l’accès, gardez la preuve."),
        _("Données sorties : les trois gestes de la première heure"),
        (
            Act(
                _("Fermez la fuite"),
                _("Retirez le fichier, coupez le compte ou l’accès par où les données sortent."),
            ),
            Act(
                _("Gardez la preuve"),
                _(
                    "Photographiez l’annonce ou le message, avec l’adresse et l’heure. "
                    "Ne téléchargez jamais des données volées."
                ),
            ),
            Act(
                _("Vérifiez avant d’annoncer"),
                _("Plus de la moitié des fuites annoncées sont fausses ou exagérées. Prévenez votre DPO."),
            ),
        ),
        _("ANSSI, panorama 2025 ; CNIL"),
    ),
    IncidentType.MISDELIVERY: Reflexes(
        _("Retirez le fichier, rappelez le destinataire."),
        _("Envoi par erreur : les trois gestes de la première heure"),
        (
            Act(
                _("Retirez ce qui est en ligne"),
                _("Ou demandez au destinataire, par téléphone, de tout effacer et de vous l’écrire."),
            ),
            Act(_("Notez ce qui est parti"), _("Quels documents, quelles personnes, à qui, à quelle heure.")),
            Act(
                _("Prévenez votre DPO"),
                _("La CNIL doit parfois être prévenue dans les 72 heures. Il vous dira."),
            ),
        ),
        _("CNIL"),
    ),
    IncidentType.TRANSFER: Reflexes(
        _("Appelez le comptable public maintenant."),
        _("Faux virement : les trois gestes de la première heure"),
        (
            Act(
                _("Appelez le comptable public"),
                _("Il peut arrêter un paiement ou lancer son rappel. Chaque heure compte."),
            ),
            Act(
                _("Bloquez le compte frauduleux"),
                _("Dans votre logiciel de finances. Listez tous les virements vers ce compte."),
            ),
            Act(
                _("Gardez les messages"),
                _("Mails, RIB, factures, numéros. Rappelez le vrai créancier sur un numéro déjà connu."),
            ),
        ),
        _("DGFiP et DGCL"),
    ),
    IncidentType.DEFACEMENT: Reflexes(
        _("Photographiez, puis mettez hors ligne."),
        _("Site modifié : les trois gestes de la première heure"),
        (
            Act(
                _("Photographiez la page"),
                _("Avec l’adresse et l’heure. Demandez à l’hébergeur de garder les journaux."),
            ),
            Act(
                _("Mettez le site hors ligne"),
                _("Ou remplacez-le par une page simple. L’hébergeur sait le faire."),
            ),
            Act(
                _("Changez les mots de passe du site"),
                _("Administration, FTP, hébergeur : depuis un autre poste. N’effacez pas le site."),
            ),
        ),
        _("cybermalveillance.gouv.fr"),
    ),
    IncidentType.DDOS: Reflexes(
        _("Appelez l’hébergeur, ne payez pas."),
        _("Site saturé : les trois gestes de la première heure"),
        (
            Act(
                _("Appelez l’hébergeur ou l’opérateur"),
                _("Il voit d’où viennent les visites et peut les filtrer."),
            ),
            Act(
                _("Gardez les journaux"),
                _("Ceux du pare-feu et du serveur. Une saturation peut cacher un vol : faites vérifier."),
            ),
            Act(_("Ne payez pas, informez autrement"), _("Une page simple, une affiche, le téléphone.")),
        ),
        _("cybermalveillance.gouv.fr ; ANSSI"),
    ),
    IncidentType.SUPPLIER: Reflexes(
        _("Coupez ses accès, demandez l’étendue."),
        _("Prestataire attaqué : les trois gestes de la première heure"),
        (
            Act(
                _("Coupez ses accès chez vous"),
                _("Connexion à distance, télémaintenance, comptes et clés qu’il utilise."),
            ),
            Act(
                _("Demandez-lui par écrit ce qui est touché"),
                _("Depuis quelle date, quelles données de votre collectivité. Il doit vous le dire."),
            ),
            Act(
                _("Changez les mots de passe partagés avec lui"),
                _("Vous restez responsable de vos données, même chez lui. Prévenez votre DPO."),
            ),
        ),
        _("RGPD, articles 28 et 33 ; ANSSI"),
    ),
    IncidentType.FLAW: Reflexes(
        _("Fermez l’accès à distance, ne redémarrez pas."),
        _("Faille signalée : les trois gestes de la première heure"),
        (
            Act(
                _("Gardez le message reçu"),
                _("Vérifiez qui l’envoie, sur un numéro connu. N’ouvrez pas ses pièces jointes."),
            ),
            Act(
                _("Fermez l’accès à distance"),
                _("La page d’administration de l’appareil ne doit pas être visible d’Internet."),
            ),
            Act(
                _("Ne redémarrez pas l’appareil"),
                _("Gardez d’abord ses journaux. Puis appliquez ce que dit le fabricant, avec votre prestataire."),
            ),
        ),
        _("CERT-FR, fiche réflexe CERTFR-2025-RFX-001"),
    ),
}
