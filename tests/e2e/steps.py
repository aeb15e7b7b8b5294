"""What people do in the browser, one function a screen."""

from tests.cast import PASSWORD


def choose_type(page, kind="rancon"):
    page.locator("label.choice", has=page.locator(f"#quoi-{kind}")).click()
    page.get_by_role("button", name="Continuer").click()


def search_body(page, query):
    page.get_by_role("searchbox").fill(query)
    page.get_by_role("button", name="Chercher").click()


def choose_body(page, query, name):
    search_body(page, query)
    page.locator("a.choice", has_text=name).first.click()


def describe(page):
    """A stopped service and data, as a person would say them."""
    page.get_by_label("Décrivez").or_(page.locator("#id_description")).first.fill(
        "Les fichiers de l’accueil ne s’ouvrent plus et un message demande de l’argent."
    )
    page.check("#id_service_stopped_0")
    page.check("#service-civil")
    page.check("#id_civil-extent_0")
    page.check("#id_data_concerned_0")
    page.check("#id_leak_status_0")
    page.check("#id_categories_0")


def say_who_to_call(page):
    page.get_by_label("Téléphone", exact=True).fill("02 99 00 00 00")
    page.locator("#id_contact_email").fill("mairie@plouexemple.example")
    page.locator("#id_contact_name").fill("Dominique Exemple")


def send(page):
    """Send the form and wait for the page that answers it, which may have the same address."""
    with page.expect_navigation():
        page.locator("main form[method=post] button[type=submit]").last.click()


def declare(page, site, *, kind="rancon", query="29998", name="Plouexemple"):
    """From the home page to the answer. Gives (reference, secret code), as they are said."""
    page.goto(site)
    page.get_by_role("link", name="Déclarer un incident").first.click()
    choose_type(page, kind)
    choose_body(page, query, name)
    describe(page)
    say_who_to_call(page)
    send(page)
    reference, secret = page.locator("dd.code").all_inner_texts()
    return reference, secret


def sign_in(page, user):
    """On the sign-in page that one was sent to."""
    page.get_by_label("Adresse mail").fill(user.email)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    with page.expect_navigation():
        page.locator("form", has=page.get_by_label("Mot de passe")).locator("button, [type=submit]").last.click()


def look_again(page):
    """The same address once more. Chromium refuses to reload while it is still changing pages; this it takes."""
    page.goto(page.url.partition("#")[0])


def open_admin(page, site, user):
    page.goto(site + "/admin/")
    sign_in(page, user)
