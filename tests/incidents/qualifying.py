"""The form with which a responder qualifies a case."""

# What most of these tests qualify a case as: the class and the type of RSIT of a ransomware.
RANSOM = {"rsit_class": "information-content-security", "rsit_type": "unauthorised-information-modification"}


def case_url(incident, *parts):
    return "/".join(["/admin/incidents/incident", incident.reference, *parts, ""])


def read_qualify_form(client, incident):
    """Return the values that the form of the page holds, once it is opened."""
    form = client.get(case_url(incident), {"ouvrir": "qualifier"}).context["qualify"]["form"]
    return {name: form[name].value() for name in form.fields}
