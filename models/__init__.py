"""All tables: one entity family per module, columns and constraints, nothing else."""

from __future__ import annotations

from models.base import Base
from models.broadcasts import Broadcast, BroadcastSegment
from models.contents import (
    AudioContent,
    Collection,
    CollectionItem,
    Content,
    ContentTag,
    ContentVersion,
    DocumentContent,
    ImageContent,
    MediaAsset,
    QuizContent,
    ReflectionContent,
    Tag,
    TemplateContent,
    TextContent,
    VideoContent,
)
from models.conversations import Prompt, QuestionResponse, QuizAttempt, ReflectionResponse
from models.deliveries import Delivery, DeliveryEvent, InboundKey, SenderPace, SentMessage
from models.organizations import AuditEvent, Integration, Organization, Role, User, UserPreference
from models.reach import ChannelIdentity, ConsentEvent
from models.rewards import PointsEntry
from models.segments import MembershipEvent, Segment, SegmentMembership, SegmentSyncJob
from models.signed_in import SignInAttempt, UserSession
from models.workers import (
    ImportJob,
    Worker,
    WorkerContact,
    WorkerEmployment,
    WorkerEngagement,
    WorkerGamification,
    WorkerWellbeing,
)

__all__ = [
    "AudioContent", "AuditEvent", "Base", "Broadcast", "BroadcastSegment", "ChannelIdentity", "Collection",
    "CollectionItem", "ConsentEvent", "Content", "ContentTag", "ContentVersion", "Delivery", "DeliveryEvent",
    "DocumentContent", "ImageContent", "ImportJob", "InboundKey", "Integration", "MediaAsset", "MembershipEvent",
    "Organization", "PointsEntry", "Prompt", "QuestionResponse", "QuizAttempt", "QuizContent", "ReflectionContent",
    "ReflectionResponse", "Role", "Segment", "SegmentMembership", "SegmentSyncJob", "SenderPace", "SentMessage",
    "SignInAttempt", "Tag", "TemplateContent", "TextContent", "User", "UserPreference", "UserSession", "VideoContent",
    "Worker", "WorkerContact", "WorkerEmployment", "WorkerEngagement", "WorkerGamification", "WorkerWellbeing",
]  # fmt: skip
