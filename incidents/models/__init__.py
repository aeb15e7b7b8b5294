"""The tables of an incident: the declaration, its facts, messages and files, the centre's work, and the history."""

from incidents.models.accesses import CaseAccess, Reading
from incidents.models.closing import Closing, Rating
from incidents.models.drafts import Draft, DraftPage
from incidents.models.evidence import CaseKey, Evidence, EvidenceUpload, Opening, StrayObject
from incidents.models.facts import DataLeak, ServiceInterruption, Story
from incidents.models.groups import CaseGroup
from incidents.models.history import MAIL_HELD, IncidentEvent, PendingEvent
from incidents.models.incident import Incident
from incidents.models.judgements import LegalHold, SeverityChoice
from incidents.models.keys import ClosedVisit, CodeGuess, FollowUpAccess, RecentCount, SharedSentence
from incidents.models.numbers import OfficialNumber
from incidents.models.papers import Paper, ReflexSheet
from incidents.models.traces import IgnoredValue, Observable, SearchDocument
from incidents.models.transfers import Advice, RoutingCheck, Transfer
from incidents.models.unsent_text import UnsentText
from incidents.models.words import AnswerSheet, Message
from incidents.models.work import BulkItem, BulkJob, MessageTemplate, Note, Playbook, Task

__all__ = [
    "MAIL_HELD",
    "Advice",
    "AnswerSheet",
    "BulkItem",
    "BulkJob",
    "CaseAccess",
    "CaseGroup",
    "CaseKey",
    "ClosedVisit",
    "Closing",
    "CodeGuess",
    "DataLeak",
    "Draft",
    "DraftPage",
    "Evidence",
    "EvidenceUpload",
    "FollowUpAccess",
    "IgnoredValue",
    "Incident",
    "IncidentEvent",
    "LegalHold",
    "Message",
    "MessageTemplate",
    "Note",
    "Observable",
    "OfficialNumber",
    "Opening",
    "Paper",
    "PendingEvent",
    "Playbook",
    "Rating",
    "Reading",
    "RecentCount",
    "ReflexSheet",
    "RoutingCheck",
    "SearchDocument",
    "ServiceInterruption",
    "SeverityChoice",
    "SharedSentence",
    "Story",
    "StrayObject",
    "Task",
    "Transfer",
    "UnsentText",
]
