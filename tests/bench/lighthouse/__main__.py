"""Measures Lighthouse's accessibility and best practices of each page, as on a telephone. Runs as a child process.

The lower of the two scores is judged. The reason of each lost point is written to the standard error.
"""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django

django.setup()

from incidents.services.declarant.access import derive_secret  # noqa: E402
from tests.bench.figures import Figure, judge_at_least, print_figures  # noqa: E402
from tests.bench.lighthouse.install import INSTALLED  # noqa: E402
from tests.bench.visits import (  # noqa: E402
    Visit,
    begin_declaration,
    declare_as_visitor,
    get_rennes,
    make_client,
    make_visits,
    sign_in_from_demonstration,
    sign_in_without_code,
)
from tests.browser import QUIET, find_chromium  # noqa: E402

LEAST = 95
# Without /demonstration/, which would reload itself in the middle of an audit, when its codes change.
PUBLIC = [
    *["/", "/declarer/", "/declarer/reprendre/", "/suivi/", "/suivi/acces/SECRET/", "/reflexes/", "/reflexes/rancon/"],
    *["/secours/", "/secours/BODY/", "/secours/departement/35/", "/annuaire/", "/annuaire/?q=quimper"],
    *["/statistiques/", "/vos-donnees/", "/accessibilite/", "/mentions-legales/"],
    *["/connexion/", "/mot-de-passe/"],
]
WRITING = [f"/declarer/{screen}" for screen in ["qui/", "qui/?q=rennes", "services/", "donnees/", "rappel/"]]
SENT = [
    "/declarer/envoyee/",
    *(f"/suivi/REF/{page}" for page in ["", "completer/", "completer/precisions/", "dossier/", "retirer/"]),
    *["/suivi/REF/pieces/", "/suivi/REF/pieces/bordereau/"],
]
SIGNED_IN = {
    "agent": ["/mes-dossiers/", "/ma-collectivite/BODY/", "/ma-collectivite/BODY/urgence/", "/compte/"],
    "responder": [
        "/admin/incidents/incident/",
        "/admin/incidents/incident/REF/",
        "/triage/saisir/",
        "/compte/jetons/",
    ],
    "lead": ["/equipe/", "/statistiques/mon-centre/"],
    "admin": ["/admin/accounts/user/", "/admin/csirts/csirt/"],
}


def list_visits() -> list[Visit]:
    writing = make_client()
    begin_declaration(writing)
    declared, case = declare_as_visitor()
    values = {"REF": case.reference, "SECRET": derive_secret(case.accesses.get()), "BODY": get_rennes().uid}
    readers = [
        (make_client(), PUBLIC),
        (writing, WRITING),
        (declared, SENT),
        (sign_in_without_code(), ["/connexion/code/"]),
    ]
    readers += [(sign_in_from_demonstration(name), paths) for name, paths in SIGNED_IN.items()]
    return [visit for client, paths in readers for visit in make_visits(client, paths, **values)]


def audit_in_two_processes(visited: list[Visit]) -> list[dict[str, Any]]:
    """Audit half of the visits in each of two processes. No score depends on time, and nothing else is measured."""
    middle = len(visited) // 2
    with ThreadPoolExecutor(2) as processes:
        first, second = processes.map(run_lighthouse, [visited[:middle], visited[middle:]])
    return first + second


def run_lighthouse(visited: list[Visit]) -> list[dict[str, Any]]:
    requests = [{"name": visit.name, "address": visit.address, "cookies": visit.cookies} for visit in visited]
    command = ["node", "audit.mjs", find_chromium(), *QUIET]
    done = subprocess.run(
        command, cwd=INSTALLED, input=json.dumps(requests), stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout)


def judge_visit(visit: Visit, result: dict[str, Any]) -> Figure:
    for words in filter(None, [result["problem"], *result["failed"]]):
        sys.stderr.write(f"{visit.name} {result['scores']} {words}\n")
    assert result["seen"] == visit.address, f"{visit.name} led to {result['seen']}"
    return judge_at_least(f"Lighthouse of {visit.name}", min(result["scores"]), LEAST, "of 100")


def main() -> None:
    visited = list_visits()
    print_figures([judge_visit(*pair) for pair in zip(visited, audit_in_two_processes(visited), strict=True)])


if __name__ == "__main__":
    main()
