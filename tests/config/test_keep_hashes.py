"""Values made by HMAC with SECRET_KEY must not change, because rows and mails hold them."""

from types import SimpleNamespace

from accounts import adapters, tokens
from accounts.models import User
from core import request_counter
from core.secrets import hash_value
from incidents.services.declarant import access, share
from incidents.services.declaring import draft, limits

SEEDED = SimpleNamespace(nonce="ab" * 32)


def test_every_derived_secret_and_hash_is_unchanged(rf):
    """The values were computed before there was one function for all, with the key of the tests."""
    person = User(password="p", session_stamp="s")
    assert [
        access.derive_secret(SEEDED),
        access.hash_secret("ABCD-efgh-2345"),
        share.derive_sentence_secret(SEEDED),
        share.hash_sentence_secret("ABCD-efgh-2345"),
        draft.derive_draft_code(SEEDED),
        draft.hash_draft_code("ABCD-efgh"),
        hash_value("incidents.guess", "ABC").hex(),
        tokens.derive_form_token(SimpleNamespace(pk=7), "k"),
        tokens.derive_link_token(SEEDED),
        request_counter.hash_address(rf.get("/", REMOTE_ADDR="192.0.2.1")),
        limits.digest_value("address", "x"),
        person.get_session_auth_hash(),
        person._get_session_auth_hash("other"),
        bytes(next(adapters.list_secret_boxes())).hex(),
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
    ]
