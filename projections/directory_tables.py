"""The tables of the projection `directory`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, Text

from projections.columns import BIG, METADATA, NAME

ORGANISATIONS: Final = Table(
    "directory_organisations",
    METADATA,
    Column("organisation", NAME, primary_key=True),
    Column("kind", NAME, nullable=False),
    Column("parent", NAME, nullable=True),
    Column("connection", String, nullable=False),
    Column("acknowledge_days", Integer, nullable=False),
    Column("postal_address", Text, nullable=False),
    Column("electronic_address", Text, nullable=False),
    Column("registered_position", BIG, nullable=False),
    Column("changed_position", BIG, nullable=False),
    Column("closed_position", BIG, nullable=True),
    Column("closed_at", BIG, nullable=True),
    Column("successor", NAME, nullable=True),
    Index("directory_organisations_parent", "parent"),
    Index("directory_organisations_successor", "successor"),
    comment="every organisation that was ever registered, as the directory has it now",
)

NAMES: Final = Table(
    "directory_names",
    METADATA,
    Column("organisation", NAME, primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("language", String, nullable=False),
    Column("text", Text, nullable=False),
    comment="the names of organisations by language, in the order of their entry",
)

REGIONS: Final = Table(
    "directory_regions",
    METADATA,
    Column("region", NAME, primary_key=True),
    Column("organisation", NAME, primary_key=True),
    Index("directory_regions_organisation", "organisation"),
    comment="the region codes of organisations",
)

IDENTIFIERS: Final = Table(
    "directory_identifiers",
    METADATA,
    Column("organisation", NAME, primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("scheme", String, nullable=False),
    Column("value", String, nullable=False),
    comment="under which numbers organisations are known elsewhere",
)

APPOINTMENTS: Final = Table(
    "directory_appointments",
    METADATA,
    Column("officer", NAME, primary_key=True),
    Column("organisation", NAME, primary_key=True),
    Column("is_home", Integer, nullable=False),
    Column("roles", String, nullable=False),
    Column("appointed_position", BIG, nullable=False),
    Column("appointed_at", BIG, nullable=False),
    Column("relieved_position", BIG, nullable=True),
    Column("relieved_at", BIG, nullable=True),
    Index("directory_appointments_organisation", "organisation", "officer"),
    comment="every appointment of an officer or station; the roles are separated by blanks, and gone once he is relieved",
)

OFFICER_NAMES: Final = Table(
    "directory_officer_names",
    METADATA,
    Column("officer", NAME, primary_key=True),
    Column("organisation", NAME, primary_key=True),
    Column("what", NAME, primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("language", String, nullable=False),
    Column("text", Text, nullable=False),
    comment="the name and the post of each appointment, by language",
)

KEYS: Final = Table(
    "directory_keys",
    METADATA,
    Column("key", LargeBinary, primary_key=True),
    Column("officer", NAME, nullable=False),
    Column("algorithm", String, nullable=False),
    Column("status", String, nullable=False),
    Column("status_position", BIG, nullable=False),
    Column("status_at", BIG, nullable=False),
    Column("status_reason", String, nullable=True),
    Column("enrolled_position", BIG, nullable=False),
    Column("contested_from", BIG, nullable=True),
    Index("directory_keys_officer", "officer"),
    Index("directory_keys_contested", "contested_from"),
    comment="every public key that was enrolled: whose, in force or not, and from where on its events are contested",
)

CERTIFICATES: Final = Table(
    "directory_certificates",
    METADATA,
    Column("certificate", LargeBinary, primary_key=True),
    Column("key", LargeBinary, nullable=False),
    Column("not_before", BIG, nullable=False),
    Column("not_after", BIG, nullable=False),
    Column("assurance", String, nullable=False),
    Column("position", BIG, nullable=False),
    Column("at", BIG, nullable=False),
    Index("directory_certificates_key", "key"),
    comment="every certificate that was enrolled, and of which key",
)

SETTLEMENTS: Final = Table(
    "directory_settlements",
    METADATA,
    Column("position", BIG, primary_key=True, autoincrement=False),
    Column("officer", NAME, primary_key=True),
    Column("outcome", String, nullable=False),
    Column("settled_position", BIG, nullable=False),
    Column("key", LargeBinary, nullable=False),
    comment="what officers said of events that were contested: reaffirmed or repudiated, where, and with which key",
)

GROUPS: Final = Table(
    "directory_groups",
    METADATA,
    Column("owner", NAME, primary_key=True),
    Column("group", NAME, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("parts", Integer, nullable=False),
    Column("last_part", Integer, nullable=False),
    Column("members", Integer, nullable=False),
    Column("root", LargeBinary, nullable=True),
    Column("position", BIG, nullable=False),
    Column("at", BIG, nullable=False),
    comment="every version of every group, also the one under way, whose root is null",
)

MEMBERS: Final = Table(
    "directory_members",
    METADATA,
    Column("owner", NAME, primary_key=True),
    Column("group", NAME, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("organisation", NAME, primary_key=True),
    Index("directory_members_organisation", "organisation"),
    comment="the members of every version of every group",
)

TABLES: Final = (
    ORGANISATIONS,
    NAMES,
    REGIONS,
    IDENTIFIERS,
    APPOINTMENTS,
    OFFICER_NAMES,
    KEYS,
    CERTIFICATES,
    SETTLEMENTS,
    GROUPS,
    MEMBERS,
)
