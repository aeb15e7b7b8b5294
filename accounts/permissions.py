"""What each role may do in the admin, as permission names of Django. The querysets then limit the rows."""

from accounts.enums import CENTRE_ABILITIES, CentreAbility, Role

ACTIONS = ("view", "add", "change", "delete")


def make_all_permissions(*models: str) -> frozenset[str]:
    """Return the names of the four permissions (view, add, change, delete) of each model. A model is written
    `app.model`.
    """
    pairs = (model.split(".") for model in models)
    return frozenset(f"{app}.{action}_{name}" for app, name in pairs for action in ACTIONS)


# The requests of people about their data. Leads answer those about a case, the administrator those about an account.
REQUEST_PERMISSIONS = (
    "retention.view_datarequest",
    "retention.add_datarequest",
    "retention.change_datarequest",
)
# What each ability in a CSIRT permits. Keyed by role, it would be a second line for each new role of a CSIRT.
ABILITY_PERMISSIONS: dict[CentreAbility, frozenset[str]] = {
    CentreAbility.READ: frozenset({"incidents.view_incident", "notifications.view_delivery"}),
    CentreAbility.WORK: frozenset({"incidents.change_incident"}),
    CentreAbility.LEAD: frozenset(
        {
            "incidents.view_reflexsheet",
            "incidents.change_reflexsheet",
            "csirts.view_csirt",
            "csirts.change_csirt",
            *REQUEST_PERMISSIONS,
        }
    ),
}
# What each role outside the CSIRTs may do. A role without a line does nothing in the admin.
PERMISSIONS: dict[str, frozenset[str]] = {
    # The administrator manages people and directories, and sees no incident.
    Role.ADMINISTRATOR: make_all_permissions(
        "accounts.user",
        "accounts.membership",
        "csirts.csirt",
        "csirts.contact",
        "csirts.coverage",
        "csirts.backupcentre",
    )
    | frozenset(
        {
            "accounts.view_securityevent",
            "accounts.view_sitenotice",
            "accounts.change_sitenotice",
            "collectivities.view_collectivity",
            "collectivities.change_collectivity",
            "stats.view_exactreading",
            "stats.view_figurecheck",
            "stats.view_attempt",
            "stats.view_report",
            "retention.view_retentionchoice",
            "retention.add_retentionchoice",
            "retention.view_destruction",
            *REQUEST_PERMISSIONS,
        }
    ),
}


def list_permissions(role: str) -> frozenset[str]:
    """Return the permissions of a role: those of its abilities in a CSIRT, or its own line of PERMISSIONS."""
    by_ability = (ABILITY_PERMISSIONS[ability] for ability in CENTRE_ABILITIES.get(role, ()))
    return PERMISSIONS.get(role, frozenset()).union(*by_ability)
