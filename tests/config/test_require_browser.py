"""A browser may be missing from somebody's machine, never from CI."""

import pytest

from tests import browser


def test_chromium_is_found_on_the_path(monkeypatch):
    monkeypatch.setattr(browser.shutil, "which", {"chromium": "/usr/bin/chromium"}.get)
    assert browser.find_chromium() == "/usr/bin/chromium"


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_a_missing_browser_skips_the_test_but_fails_in_ci(monkeypatch, ci, outcome):
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="chromium"):
        browser.find_chromium()
