"""The rows of an incident: what was declared, what is known, what was written, what was handed over, what happened."""

from incidents.models.evidence import CaseKey, Evidence, EvidenceUpload, Opening, StrayObject
from incidents.models.facts import DataLeak, ServiceInterruption, Story
from incidents.models.history import IncidentEvent, PendingEvent
from incidents.models.incident import INSTANTS, Incident
from incidents.models.journey import Draft, DraftPage
from incidents.models.judgements import SeverityChoice
from incidents.models.keys import CodeGuess, FollowUpAccess, SharedSentence
from incidents.models.papers import Paper, ReflexSheet
from incidents.models.words import AnswerSheet, Message, Reading

__all__ = [
    "INSTANTS",
    "AnswerSheet",
    "CaseKey",
    "CodeGuess",
    "DataLeak",
    "Draft",
    "DraftPage",
    "Evidence",
    "EvidenceUpload",
    "FollowUpAccess",
    "Incident",
    "IncidentEvent",
    "Message",
    "Opening",
    "Paper",
    "PendingEvent",
    "Reading",
    "ReflexSheet",
    "ServiceInterruption",
    "SeverityChoice",
    "SharedSentence",
    "Story",
    "StrayObject",
]
