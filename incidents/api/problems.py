"""Errors of the API that only incidents raise. The shared handler turns them into problem documents."""

from rest_framework.exceptions import APIException


class AcknowledgeConflict(APIException):
    status_code = 409
    default_detail = "Cet incident est déjà pris en charge par quelqu’un d’autre, ou il est clos."
    default_code = "conflict"


class KeyReused(APIException):
    status_code = 422
    default_detail = "Cette clé Idempotency-Key a déjà servi pour une déclaration différente."
    default_code = "key_reused"
