"""What each role may do in the admin, as permission names of Django. The querysets then limit the rows."""

from accounts.enums import Role

ACTIONS = ("view", "add", "change", "delete")


def make_all_permissions(*models: str) -> frozenset[str]:
    """Return the names of the four permissions (view, add, change, delete) of each model. A model is written
    `app.model`.
    """
    pairs = (model.split(".") for model in models)
    return frozenset(f"{app}.{action}_{name}" for app, name in pairs for action in ACTIONS)


PERMISSIONS: dict[str, frozenset[str]] = {
    Role.RESPONDER: frozenset({"incidents.view_incident", "incidents.change_incident", "notifications.view_delivery"}),
    Role.LEAD: frozenset(
        {
            "incidents.view_incident",
            "incidents.change_incident",
            "incidents.view_reflexsheet",
            "incidents.change_reflexsheet",
            "csirts.view_csirt",
            "csirts.change_csirt",
            "notifications.view_delivery",
        }
    ),
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
            "collectivities.view_collectivity",
            "collectivities.change_collectivity",
            "stats.view_exactreading",
            "stats.view_figurecheck",
            "stats.view_attempt",
            "stats.view_report",
        }
    ),
}
