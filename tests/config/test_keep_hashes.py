"""Values made with SECRET_KEY, and with keys derived from it, must not change, because rows and mails hold them."""

from types import SimpleNamespace

from accounts import tokens
from accounts.factors import FACTOR_PURPOSE
from accounts.models import User
from core import request_counter
from core.secrets import KeyUse, get_first_key, hash_value, list_boxes
from incidents.reference import derive_code, hash_code
from incidents.services.declarant.access import FOLLOW_UP_CODE
from incidents.services.declarant.share import SHARE_CODE
from incidents.services.declaring import limits
from incidents.services.declaring.draft import DRAFT_CODE
from stats.releases import seal

SEED = "ab" * 32


def test_every_derived_secret_and_hash_is_unchanged(rf):
    """The values were computed before there was one function for all, and before there was a key per use, with the
    key of the tests.
    """
    person, key = User(password="p", session_stamp="s"), get_first_key(KeyUse.FOLLOW_UP)
    assert [
        derive_code(FOLLOW_UP_CODE, SEED, key),
        hash_code(FOLLOW_UP_CODE, "ABCD-efgh-2345", key),
        derive_code(SHARE_CODE, SEED, key),
        hash_code(SHARE_CODE, "ABCD-efgh-2345", key),
        derive_code(DRAFT_CODE, SEED, key),
        hash_code(DRAFT_CODE, "ABCD-efgh", key),
        hash_value("incidents.guess", "ABC", secret=key).hex(),
        tokens.derive_form_tokens(SimpleNamespace(pk=7), "k")[0],
        tokens.list_link_tokens(SEED)[0],
        request_counter.hash_address(rf.get("/", REMOTE_ADDR="192.0.2.1")),
        limits.digest_value("address", "x"),
        person.get_session_auth_hash(),
        person._get_session_auth_hash("other"),
        bytes(list_boxes(KeyUse.FACTOR, FACTOR_PURPOSE)[0]).hex(),
        bytes(seal.derive_signing_key().verify_key).hex(),
        seal.derive_rounding_key().hex(),
    ] == [
        "UK84N554D2LQ",
        "02252028da12abbef53d8a5dd8416a44f3ab6571726acd5695747a862038459b",
        "CQ7G8KUZJ4CQM2FG",
        "64b0c589604a5b98333fdb2402076d5d09573b118ef1d8d3464fbb257d54604d",
        "SB4QCL3E",
        "5392b6e0e770f965ba719462c0465287ab2687518c2c23fa6a3abdfa9161b8e3",
        "fe55d6369022cbe16fa6b263c48454fc14cc0c07f1f424d050330e9ae5682971",
        "tocsin_ORobC6883XQ1oEC5ughtzPFeh6uG-akhwMPcobBRx2k",
        "5ef45354583a6f191ec8777860b1200a5e24455223ae514b3535d2f445623157",
        "903716190859e67b613dc552a69729a4",
        "b295b334a0f546c05e2baf640449326a",
        "b6a0fdb2dcd60b0ce86c59dc0b30bcd25caa4e86fc6bde4b195a5e3ccef85767",
        "a66aeb8d8f961d36c6e4213fc84dbfb265c0256d62f7f024e049041640e0a5f5",
        "6791154ca87e9632419ef2696fcfbc475a267d9143ff4211af49f9d2ace510d4",
        "36013e4896b48cfc994da623feba114255218746946e32665b3bd6bdeb5f56cc",
        "4d5e7b18df20bff32b75b34f2924352faea1cbfb3af927cada149873e0db1ae7",
    ]
