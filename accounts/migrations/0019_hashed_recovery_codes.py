import hmac
from hashlib import sha1

from allauth.mfa.utils import decrypt, encrypt
from django.db import migrations
from nacl import pwhash
from nacl.exceptions import CryptoError


def hash_codes(apps, schema_editor):
    """Replace each seed by the hashes of the codes that are left: half a second for each account. A seed whose key was
    removed opens nothing, and stays.
    """
    rows = apps.get_model("mfa", "Authenticator").objects.filter(type="recovery_codes")
    for row in rows.exclude(data__has_key="hashes").select_for_update():
        try:
            codes = list_codes(row.data)
        except CryptoError:
            continue
        row.data = {"hashes": [encrypt(hash_code(code)) for code in codes], "migrated_codes": []}
        row.save(update_fields=["data"])


def hash_code(code):
    return pwhash.argon2id.str(code.encode(), opslimit=2, memlimit=19 * 1024 * 1024).decode()


def list_codes(data):
    """Return the codes that are left, as django-allauth 65 computes them."""
    if "migrated_codes" in data:
        return [decrypt(code) for code in data["migrated_codes"]]
    digest = hmac.new(decrypt(data["seed"]).encode("ascii"), digestmod=sha1)
    codes = []
    for place in range(10):
        digest.update(f"{place:3},".encode())
        code = int.from_bytes(digest.digest()[:4], byteorder="big") % 10**8
        if not data["used_mask"] & (1 << place):
            codes.append(f"{code:08}")
    return codes


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0018_mails_on_new_places"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [
        # The code from before finds no code left, and makes new ones.
        migrations.RunPython(hash_codes, migrations.RunPython.noop),
    ]
