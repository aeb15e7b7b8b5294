"""Lighthouse's accessibility and best practices on each page, as on a telephone. A child process.

The lower of the two scores is judged. What costs a page a point is told on the way.
"""

import json
import subprocess
import sys

import django

django.setup()

from incidents.services.follow_up import secret_of  # noqa: E402
from tests.bench.figures import at_least, hand_over  # noqa: E402
from tests.bench.lighthouse.install import INSTALLED  # noqa: E402
from tests.bench.visits import (  # noqa: E402
    begin_declaration,
    declarant,
    nobody,
    of_the_demonstration,
    rennes,
    visits,
    who_must_show_a_code,
)
from tests.browser import QUIET, chromium_path  # noqa: E402

LEAST = 95
# Not /demonstration/: it asks for itself again when its codes change, in the middle of whatever looks at it.
PUBLIC = [
    *["/", "/declarer/", "/declarer/reprendre/", "/suivi/", "/secours/", "/secours/departement/35/"],
    *["/reflexes/", "/reflexes/rancon/", "/annuaire/", "/annuaire/?q=quimper", "/statistiques/"],
    *["/connexion/", "/mot-de-passe/", "/vos-donnees/", "/accessibilite/", "/mentions-legales/"],
]
SCREENS = [
    "/declarer/qui/",
    "/declarer/qui/?q=rennes",
    "/declarer/services/",
    "/declarer/donnees/",
    "/declarer/rappel/",
]
OF_A_CASE = ["", "completer/", "completer/precisions/", "pieces/", "dossier/", "retirer/"]
ACCOUNTS = {
    "agent": ["/mes-dossiers/", "/compte/"],
    "responder": ["/admin/incidents/incident/", "/triage/saisir/"],
    "lead": ["/equipe/", "/statistiques/mon-centre/"],
    "admin": ["/admin/accounts/user/", "/admin/csirts/csirt/"],
}


def pages():
    writing = nobody()
    begin_declaration(writing)
    sent, case = declarant()
    named = {f"/suivi/REF/{page}": f"/suivi/{case.reference}/{page}" for page in OF_A_CASE}
    link = {"/suivi/acces/SECRET/": f"/suivi/acces/{secret_of(case.accesses.get())}/"}
    card = {"/secours/BODY/": f"/secours/{rennes().uid}/"}
    queue = {"/admin/incidents/incident/REF/": f"/admin/incidents/incident/{case.reference}/"}
    return [
        *visits(nobody(), dict(zip(PUBLIC, PUBLIC, strict=True)) | card | link),
        *visits(writing, SCREENS),
        *visits(sent, {"/declarer/envoyee/": "/declarer/envoyee/"} | named),
        *visits(who_must_show_a_code(), ["/connexion/code/"]),
        *[visit for name, paths in ACCOUNTS.items() for visit in visits(of_the_demonstration(name), paths)],
        *visits(of_the_demonstration("responder"), queue),
    ]


def audited(visited):
    asked = [{"name": one.name, "address": one.address, "cookies": one.cookies} for one in visited]
    command = ["node", "audit.mjs", chromium_path(), *QUIET]
    done = subprocess.run(
        command, cwd=INSTALLED, input=json.dumps(asked), stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout)


def judge(visit, found):
    for words in filter(None, [found["problem"], *found["failed"]]):
        sys.stderr.write(f"{visit.name} {found['scores']} {words}\n")
    assert found["seen"] == visit.address, f"{visit.name} led to {found['seen']}"
    return at_least(f"Lighthouse of {visit.name}", min(found["scores"]), LEAST, "of 100")


def main():
    visited = pages()
    hand_over([judge(*both) for both in zip(visited, audited(visited), strict=True)])


if __name__ == "__main__":
    main()
